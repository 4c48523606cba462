"""In which order and how fast do changed verdicts appear?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractAnimation, QObject

from cachesim.graph.model import StepId

__all__ = ["GLOW", "INTERVAL", "LONGEST", "Cascade"]

INTERVAL = 60       # ms between two steps
GLOW = 380          # ms a step glows after its change
LONGEST = 1200      # ms for everything


class Cascade(QAbstractAnimation):
    """Switches steps one after the other; each glows and fades. What is left is switched at once by `finish`."""

    def __init__(self, switch: Callable[[StepId], None], glow: Callable[[StepId, float], None],
                 parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._switch, self._glow = switch, glow
        self._steps: tuple[StepId, ...] = ()
        self._switched = 0
        self._faded = 0
        self._interval = float(INTERVAL)

    @property
    def steps(self) -> tuple[StepId, ...]:
        """Those of the running (or last) cascade, in their order."""
        return self._steps

    def begin(self, steps: Sequence[StepId]) -> None:
        """Switch these, in this order; a cascade that still runs is finished first."""
        self.finish()
        self._steps = tuple(steps)
        self._switched = self._faded = 0
        self._interval = min(float(INTERVAL), (LONGEST - GLOW) / max(len(steps) - 1, 1))
        if steps:
            self.start()

    def finish(self) -> None:
        """Show the end of it now."""
        if self.state() is not QAbstractAnimation.State.Stopped:
            self.stop()
        self._advance(float("inf"))

    def duration(self) -> int:
        return math.ceil(self._interval * max(len(self._steps) - 1, 0)) + GLOW if self._steps else 0

    def updateCurrentTime(self, currentTime: int) -> None:
        self._advance(float(currentTime))

    def _advance(self, now: float) -> None:
        while self._switched < len(self._steps) and self._switched * self._interval <= now:
            self._switch(self._steps[self._switched])
            self._switched += 1
        for index in range(self._faded, self._switched):
            share = 1.0 - (now - index * self._interval) / GLOW
            self._glow(self._steps[index], max(0.0, share))
            if share <= 0:
                self._faded = index + 1
