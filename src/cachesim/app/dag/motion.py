"""What moves in the graph: changed verdicts one after the other, and a bar where a step runs?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractAnimation, QObject, QTimer, Slot

from cachesim.app.dag.scene import DagScene
from cachesim.graph.model import StepId

__all__ = ["GLOW", "INTERVAL", "LONGEST", "Cascade", "RunningBars"]

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


class RunningBars(QObject):
    """Moves the bars of running steps; repaints nothing else."""

    def __init__(self, scene: DagScene, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._still = False
        self._timer = QTimer(self, interval=33)
        self._timer.timeout.connect(self.advance)

    @property
    def moving(self) -> bool:
        return self._timer.isActive()

    def set_still(self, still: bool) -> None:
        """Show bars that stand still (reduced motion)."""
        self._still = still
        self._scene.canvas.phase = -1.0 if still else 0.0
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Start or stop, as steps run or not."""
        if self._scene.running and not self._still:
            self._timer.start()
        else:
            self._timer.stop()
        self._repaint()

    @Slot()
    def advance(self) -> None:
        """One frame."""
        self._scene.canvas.phase = (self._scene.canvas.phase + 0.028) % 1.0
        self._repaint()

    def _repaint(self) -> None:
        for step in self._scene.running:
            item = self._scene.steps.get(step)
            if item is not None:
                item.update(item.bar_rect)
