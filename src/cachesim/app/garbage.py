"""On which thread, and when, are reference cycles collected? On the UI thread, because they may hold Qt objects; in a pause."""

from __future__ import annotations

import gc
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Slot

__all__ = ["UiGarbage"]

_EVERY_MS = 500
_AT_LATEST = 5.0        # seconds without a pause of the person at work


class UiGarbage(QObject):
    """Python's collector runs on whichever thread allocates. A QObject that a worker destroys leaves its timers behind,
    and the next one that fires ends the process. So the collector is off, and its generations are collected from here.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._last = monotonic()

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
        if self._timer.isActive() and monotonic() - self._last < _AT_LATEST:
            self._timer.start()

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        self._last = monotonic()
        counts, limits = gc.get_count(), gc.get_threshold()
        due = [generation for generation in range(3) if counts[generation] > limits[generation] > 0]
        if due:
            gc.collect(max(due))
