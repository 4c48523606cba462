"""How does slow work leave the UI thread, and why can an old answer never win?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.errors import CachesimError, Cancelled
from cachesim.progress import Progress

__all__ = ["LatestJob", "Paced"]

_REPORT_EVERY = 0.05
_PACE_MS = 60


class Paced(QObject):
    """Says on the UI thread that something moved, at most every 60 ms; `note` may be called from any thread."""

    moved = Signal()
    _noted = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pause = QTimer(self, singleShot=True, interval=_PACE_MS)
        self._pause.timeout.connect(self.moved)
        self._noted.connect(self._start)

    def note(self) -> None:
        """Something moved."""
        self._noted.emit()

    def stop(self) -> None:
        """Say nothing of what was noted so far."""
        self._pause.stop()

    @Slot()
    def _start(self) -> None:
        if not self._pause.isActive():
            self._pause.start()


class LatestJob(QObject):
    """One worker thread whose newest submission is the only one that is answered.

    Lives on the UI thread. `finished` carries the result, `failed` a CachesimError, `crashed` any other exception (a
    bug); `progressed` (done, total) comes at most 20 times a second. Call `shutdown` before the owner goes.
    """

    finished, failed, crashed = Signal(object), Signal(object), Signal(object)
    progressed = Signal(int, int)
    idle_changed = Signal(bool)
    _done = Signal(int, object, object)     # emitted by the worker, delivered by Qt on the UI thread
    _step = Signal(int, int, int)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._progress, self._ticket, self._waiting, self._ended = Progress(), 0, False, False
        self._done.connect(self._deliver)
        self._step.connect(self._report)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._waiting

    def submit(self, work: Callable[[Progress], object]) -> None:
        """Run `work` on the worker; whatever was asked before is cancelled and never answered."""
        if self._ended:
            return
        self._progress.cancel()
        self._ticket += 1
        ticket = self._ticket
        self._progress = Progress(self._reporter(ticket))
        self._pool.submit(self._run, ticket, self._progress, work)
        self._set_waiting(True)

    def cancel(self) -> None:
        """Drop what is running; nothing is emitted for it."""
        self._progress.cancel()
        self._ticket += 1
        self._set_waiting(False)

    def wait(self) -> None:
        """Block until what is running has ended (its answer still comes by signal)."""
        if not self._ended:
            self._pool.submit(int).result()

    def shutdown(self) -> None:
        """Cancel, and wait until the worker has ended."""
        self.cancel()
        self._ended = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _reporter(self, ticket: int) -> Callable[[int, int], None]:
        last = 0.0

        def report(done: int, total: int) -> None:
            nonlocal last
            now = monotonic()
            if now - last >= _REPORT_EVERY:
                last = now
                self._step.emit(ticket, done, total)
        return report

    def _run(self, ticket: int, progress: Progress, work: Callable[[Progress], object]) -> None:
        result, error = None, None
        try:
            progress.step(0, 0)
            result = work(progress)
        except Exception as caught:     # the job boundary: every error becomes a signal
            error = caught
        self._done.emit(ticket, result, error)

    @Slot(int, int, int)
    def _report(self, ticket: int, done: int, total: int) -> None:
        if ticket == self._ticket:
            self.progressed.emit(done, total)

    @Slot(int, object, object)
    def _deliver(self, ticket: int, result: object, error: Exception | None) -> None:
        if ticket != self._ticket:
            return
        self._set_waiting(False)
        if error is None:
            self.finished.emit(result)
        elif isinstance(error, Cancelled):
            return
        elif isinstance(error, CachesimError):
            self.failed.emit(error)
        else:
            self.crashed.emit(error)

    def _set_waiting(self, waiting: bool) -> None:
        if waiting != self._waiting:
            self._waiting = waiting
            self.idle_changed.emit(not waiting)
