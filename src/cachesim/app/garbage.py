"""When, and on which thread, is memory let go? In a pause, on the UI thread: what is in cycles may hold Qt objects."""

from __future__ import annotations

import ctypes
import gc
import sys
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Slot

__all__ = ["UiGarbage", "give_back"]

_EVERY_MS = 500
_AT_LATEST = 5.0        # seconds without a pause of the person at work
_AWAY = 20.0            # seconds without work before free memory is given back: the next key has to take pages again (5 ms)


def give_back() -> bool:
    """Return to the system what the C library holds free; False where it cannot be asked to.

    Pictures and texts that came and went leave holes in the heap: 10 to 45 MB after thousands of edits, a fifth of the
    process. To find them takes 1 to 5 ms. Only glibc has the call.
    """
    if sys.platform != "linux":
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(ctypes.c_size_t(0))
    return True


class UiGarbage(QObject):
    """Python's collector runs on whichever thread allocates. A QObject that a worker destroys leaves its timers behind,
    and the next one that fires ends the process. So the collector is off, and its generations are collected from here.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._last = self._worked = monotonic()
        self._given = False         # since the last work

    def start(self) -> None:
        """Take over from Python's own collector."""
        gc.collect()
        gc.freeze()         # what the start made stays; looking at it again and again costs 30 ms each time
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Give the work back."""
        self._timer.stop()
        gc.enable()

    @Slot()
    def wait(self, _: object = None) -> None:
        """Somebody is at work, so wait for a pause: a key that comes while garbage is collected is answered late."""
        self._worked, self._given = monotonic(), False
        if self._timer.isActive() and monotonic() - self._last < _AT_LATEST:
            self._timer.start()

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation that is due; if nobody has worked for a while, give memory back."""
        self._last = monotonic()
        counts, limits = gc.get_count(), gc.get_threshold()
        due = [generation for generation in range(3) if counts[generation] > limits[generation] > 0]
        if due:
            gc.collect(max(due))
            self._worked, self._given = self._last, False
        elif not self._given and self._last - self._worked >= _AWAY:
            give_back()
            self._given = True
