"""What was done last, to the text or to the world around it, and how is it taken back in that order?

The text keeps its own undo steps, the workbench its changes that are not text. This remembers at which undo step of the text
each of those changes was made: undo takes the younger of both, redo the one that was undone last. Something new forgets what
could be done again, on both sides. To look back at a build is nothing that was done: undo comes back to now, and its texts
leave no undo steps.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QPlainTextEdit

from cachesim.app.workbench import Workbench

__all__ = ["Acts"]


class Acts(QObject):
    """Undo and redo across one text and the changes of its workbench."""

    undo_available = Signal(bool)
    redo_available = Signal(bool)

    def __init__(self, text: QPlainTextEdit, workbench: Workbench) -> None:
        super().__init__(text)
        self._text, self._workbench = text, workbench
        self._depths: list[int] = [self._depth] * len(workbench.done)       # undo steps of the text before each change
        self._undone: list[int] = [self._depth] * len(workbench.undone)
        self._before_look: int | None = None
        self._walking = False
        text.undoAvailable.connect(self._tell)
        text.redoAvailable.connect(self._tell)
        workbench.changes_changed.connect(self._take_changes)
        workbench.seen_changed.connect(self._tell)

    @property
    def _depth(self) -> int:
        return self._text.document().availableUndoSteps()

    @property
    def can_undo(self) -> bool:
        return self._text.document().isUndoAvailable() or bool(self._depths) or self._workbench.seen is not None

    @property
    def can_redo(self) -> bool:
        return self._text.document().isRedoAvailable() or bool(self._undone)

    def undo(self) -> None:
        """Take back what was done last."""
        if self._workbench.seen is not None:
            self._workbench.to_now()
        elif self._depths and self._depths[-1] >= self._depth:
            self._workbench.take_back()
        else:
            self._walk(self._text.undo)
        self._tell()

    def redo(self) -> None:
        """Do again what was taken back last."""
        if self._undone and (self._undone[-1] == self._depth or not self._text.document().isRedoAvailable()):
            self._workbench.do_again()
        else:
            self._walk(self._text.redo)
        self._tell()

    def _walk(self, step: Callable[[], object]) -> None:
        self._walking = True
        try:
            step()
        finally:
            self._walking = False

    def note_edit(self) -> None:
        """The text became another one by hand; unless that was undo or redo, nothing can be done again."""
        self._before_look = None
        if not self._walking:
            self._workbench.forget_undone()

    def note_look(self) -> None:
        """The text of a build that is looked back at is about to be shown."""
        if self._before_look is None:
            self._before_look = self._depth

    def drop_look(self) -> None:
        """Take the texts that were looked at out of what can be undone; now comes back."""
        before, self._before_look = self._before_look, None
        if before is not None:
            document = self._text.document()
            while self._depth > before and document.isUndoAvailable():
                document.undo()
            document.clearUndoRedoStacks(QTextDocument.Stacks.RedoStack)

    @Slot(object)
    def _take_changes(self, changes: tuple[str, ...]) -> None:
        """Remember where a new change stands; a change that went leaves the others where they are."""
        undone = self._workbench.undone
        if len(changes) > len(self._depths):
            again = len(undone) < len(self._undone) and len(changes) == len(self._depths) + 1 and bool(self._undone)
            self._depths += [self._depth] * (len(changes) - len(self._depths))
            document = self._text.document()
            if not again and not undone and not self._workbench.seen:
                document.clearUndoRedoStacks(QTextDocument.Stacks.RedoStack)
            document.setModified(False)         # or what is typed next would join the undo step before the change
        del self._depths[len(changes):]
        if len(undone) > len(self._undone):
            self._undone += [self._depth] * (len(undone) - len(self._undone))
        del self._undone[len(undone):]
        self._tell()

    @Slot()
    def _tell(self, _: object = None) -> None:
        self.undo_available.emit(self.can_undo)
        self.redo_available.emit(self.can_redo)
