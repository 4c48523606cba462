"""How does work that nobody waits for stay out of the way of typing?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.progress import Progress

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["IdleJob"]

_CALM_MS = 400


class IdleJob(QObject):
    """A worker that starts when nothing changed for a moment, and stops at the next change.

    `finished` and `failed` are those of a LatestJob. Whoever wants an answer for the new state asks again.
    """

    finished, failed = Signal(object), Signal(object)
    progressed = Signal(int, int)
    busy_changed = Signal(bool)     # whether an answer is on its way (waiting for a calm moment counts)

    def __init__(self, workbench: Workbench, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._job = workbench.new_job(name)
        self._make: Callable[[], Callable[[Progress], object]] | None = None
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self._start)
        self._busy = False
        self._job.finished.connect(self._finish)
        self._job.failed.connect(self._fail)
        self._job.progressed.connect(self.progressed)
        self._job.crashed.connect(self._crash)
        for signal in (workbench.state_changed, workbench.project_opened):
            signal.connect(self.cancel)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._busy

    def ask(self, make: Callable[[], Callable[[Progress], object]], now: bool = False) -> None:
        """Want an answer; `make` gives the work when it is time to start it. `now`: do not wait for a calm moment."""
        self._job.cancel()
        self._make = make
        self._set_busy(True)
        self._calm.start(0 if now else _CALM_MS)

    @Slot()
    def cancel(self, _: object = None) -> None:
        """Want no answer any more."""
        self._calm.stop()
        self._job.cancel()
        self._set_busy(False)

    @Slot()
    def _start(self) -> None:
        if self._make is not None:
            self._job.submit(self._make())

    @Slot(object)
    def _finish(self, result: object) -> None:
        self._set_busy(False)
        self.finished.emit(result)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._set_busy(False)
        self.failed.emit(error)

    @Slot(object)
    def _crash(self, _: object) -> None:
        self._set_busy(False)

    def _set_busy(self, busy: bool) -> None:
        if busy != self._busy:
            self._busy = busy
            self.busy_changed.emit(busy)
