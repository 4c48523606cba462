"""When is text that nobody saved put aside, and how does it come back after a crash?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from cachesim.app import recovery
from cachesim.app.notify import Message, MessageAction, Tone

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["Rescue"]

_KEEP_MS = 1000         # unsaved text is put aside after so long without typing


class Rescue(QObject):
    """Keeps the text of one Dockerfile while it is open; `recovery` knows where."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._dockerfile: Path | None = None
        self._pause = QTimer(self, singleShot=True, interval=_KEEP_MS)
        self._pause.timeout.connect(self.now)

    def open(self, dockerfile: Path, text: str) -> None:
        """Keep that one from now on; offer what was kept of it, if it is not the text on disk."""
        self._dockerfile = dockerfile
        kept = recovery.rescued(dockerfile)
        if kept is None:
            return
        if kept.text == text:
            recovery.answer(dockerfile)
            return
        restore = MessageAction("Restore", partial(self._restore, dockerfile, kept.text))
        discard = MessageAction("Discard", partial(recovery.answer, dockerfile))
        self._bench.post(Message(f"{dockerfile.name}: text from {kept.when:%d %B, %H:%M} was not saved when the "
                                 "window ended.", Tone.WARNING, (restore, discard), key="rescued"))

    def _restore(self, dockerfile: Path, text: str) -> None:
        if self._dockerfile == dockerfile:
            self._bench.replace_text(text, "restore unsaved text")
            self.now()
            recovery.answer(dockerfile)

    def soon(self) -> None:
        """Put unsaved text aside when the typing pauses."""
        self._pause.start()

    @Slot()
    def now(self) -> None:
        """Put unsaved text aside now."""
        if self._dockerfile is None:
            return
        try:
            if self._bench.saved:
                recovery.drop(self._dockerfile)
            else:
                recovery.keep(self._dockerfile, self._bench.work.text)
        except OSError as error:
            self._bench.post(Message(f"Unsaved text cannot be kept for a crash: {error}", Tone.WARNING, key="keep"))

    def forget(self) -> None:
        """The text was saved."""
        self._pause.stop()
        if self._dockerfile is not None:
            recovery.drop(self._dockerfile)

    def let_go(self) -> None:
        """The Dockerfile is left: its text was saved or let go, or nobody would leave it."""
        self.forget()
        self._dockerfile = None

    def shutdown(self) -> None:
        """Keep nothing more."""
        self._pause.stop()
