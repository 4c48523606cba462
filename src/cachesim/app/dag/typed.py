"""Is the report that comes next the answer to typing? Then nothing may move."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from cachesim.app.workbench import Workbench
from cachesim.project.state import ProjectState

__all__ = ["TypingWatch"]


class TypingWatch(QObject):
    """Tells text that a person types from text that is set (advice, a drop, the timeline, another file)."""

    def __init__(self, workbench: Workbench, parent: QObject) -> None:
        super().__init__(parent)
        self._typed = False
        self._given: str | None = None
        self._last = workbench.state.text
        workbench.state_changed.connect(self._take_state)
        workbench.text_edited.connect(self._take_edit)
        workbench.text_replaced.connect(self._take_text)

    def take(self) -> bool:
        """Whether there was typing since the last call."""
        typed, self._typed = self._typed, False
        return typed

    @Slot(object)
    def _take_state(self, state: ProjectState) -> None:
        if state.text != self._last:
            self._last = state.text
            self._typed = state.text != self._given
            self._given = None

    @Slot(object)
    def _take_edit(self, edit: tuple[str, str]) -> None:
        self._given = edit[0]

    @Slot(object)
    def _take_text(self, text: str) -> None:
        self._typed, self._last = False, text
