"""What is looked at, shown in passing and said in one window, whichever project lies on it?

Selection, preview, remarks, messages, what is busy, look and preferences: values that widgets share, told on a real change.
Nothing here knows how a build is predicted or where a project lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.notify import Message
from cachesim.app.settings import Settings
from cachesim.app.theme import LIGHT, Theme
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

if TYPE_CHECKING:
    from cachesim.app.proof.prover import ProofQuestion

__all__ = ["Desk"]

_REMARK_MS = 15_000     # how long it is said that something was not done


class Desk(QObject):
    """What the widgets of one window share beside the project."""

    selection_changed = Signal(object)      # StepId | None
    activated = Signal(object)              # StepId
    line_activated = Signal(int)            # line to jump to, where there is no step
    message_posted = Signal(object)         # Message
    confirmation_changed = Signal(object)   # state of a real build
    busy_changed = Signal(object)           # str | None
    preview_changed = Signal(object)        # SimulationReport | None
    remark_changed = Signal(object)         # str
    proof_asked = Signal(object)            # ProofQuestion
    look_changed = Signal(object)           # Theme
    settings_changed = Signal(object)       # Settings

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._selected: StepId | None = None
        self._busy: str | None = None
        self._building = False
        self._preview: SimulationReport | None = None
        self._preview_words = ""
        self._placed: SimulationReport | None = None
        self._remark = ""
        self._fade = QTimer(self, singleShot=True, interval=_REMARK_MS)
        self._fade.timeout.connect(self._forget_remark)
        self._confirmation: object | None = None
        self._look, self._settings = LIGHT, Settings()

    # -- selection ----------------------------------------------------------------------------------------------

    @property
    def selected(self) -> StepId | None:
        return self._selected

    def select(self, step_id: StepId | None) -> None:
        """Highlight a step in all views."""
        if step_id != self._selected:
            self._selected = step_id
            self.selection_changed.emit(step_id)

    def activate(self, step_id: StepId) -> None:
        """Open a step: select it and jump to its source line."""
        self.select(step_id)
        self.activated.emit(step_id)

    def activate_line(self, line: int) -> None:
        """Jump to a source line."""
        self.line_activated.emit(line)

    # -- what hangs in the air, and remarks -----------------------------------------------------------------------

    @property
    def preview(self) -> SimulationReport | None:
        return self._preview

    def show_preview(self, preview: SimulationReport | None, words: str = "", placed: SimulationReport | None = None) -> None:
        """Show a build that hangs in the air in the place of the prediction; `words` say what it is. None ends it, and then
        `words` say why there is none.

        Args:
            placed: Its verdicts on the steps of now, in their order of now: for what must not move under the hand.
        """
        if (preview, words) != (self._preview, self._preview_words):
            self._preview, self._preview_words, self._placed = preview, words, placed
            self.preview_changed.emit(preview)

    @property
    def preview_words(self) -> str:
        """What the preview is, if whoever shows it said so."""
        return self._preview_words

    @property
    def preview_placed(self) -> SimulationReport | None:
        """The verdicts of the preview at the places of now, where it is one of a move."""
        return self._placed

    def remark(self, words: str, *, passing: bool = False) -> None:
        """Say what the last edit did, where the verdict stands; it holds until the state is another one.

        Args:
            passing: It was no edit after all: gone by itself after a while.
        """
        if passing:
            self._fade.start()
        else:
            self._fade.stop()
        if words != self._remark:
            self._remark = words
            self.remark_changed.emit(words)

    @Slot()
    def _forget_remark(self) -> None:
        self.remark("")

    @property
    def remark_words(self) -> str:
        """What was said of the last edit, if nothing changed since."""
        return self._remark

    # -- talk ---------------------------------------------------------------------------------------------------

    def post(self, message: Message) -> None:
        """Show a message bar."""
        self.message_posted.emit(message)

    @property
    def busy(self) -> str | None:
        return self._busy

    @property
    def reading(self) -> bool:
        """Whether files are read, so that what is shown is of before."""
        return self._busy is not None and not self._building

    def set_busy(self, what: str | None, *, building: bool = False) -> None:
        """Say what is being done; None when it is over. While an engine builds, what is shown stands."""
        if what != self._busy:
            self._busy, self._building = what, building
            self.busy_changed.emit(what)

    @property
    def confirmation(self) -> object | None:
        return self._confirmation

    def set_confirmation(self, confirmation: object | None) -> None:
        """Show the state of a real build."""
        if confirmation != self._confirmation:
            self._confirmation = confirmation
            self.confirmation_changed.emit(confirmation)

    def ask_proof(self, question: ProofQuestion) -> None:
        """Want two orders proven: the pane says what would run, and asks."""
        self.proof_asked.emit(question)

    # -- look and preferences -------------------------------------------------------------------------------------

    @property
    def look(self) -> Theme:
        return self._look

    def set_look(self, look: Theme) -> None:
        """Take another theme or other sizes."""
        if look != self._look:
            self._look = look
            self.look_changed.emit(look)

    @property
    def settings(self) -> Settings:
        return self._settings

    def set_settings(self, settings: Settings) -> None:
        """Take other preferences."""
        if settings != self._settings:
            self._settings = settings
            self.settings_changed.emit(settings)
