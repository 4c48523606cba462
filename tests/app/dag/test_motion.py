"""Times of the cascade, without waiting for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QAbstractAnimation

from cachesim.app.dag.motion import GLOW, INTERVAL, LONGEST, Cascade
from cachesim.graph.model import StepId


class Watcher:
    def __init__(self) -> None:
        self.switched: list[StepId] = []
        self.glow: dict[StepId, float] = {}

    def set_glow(self, step: StepId, share: float) -> None:
        self.glow[step] = share


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def cascade(qapp: object, watcher: Watcher) -> Iterator[Cascade]:
    cascade = Cascade(watcher.switched.append, watcher.set_glow)
    yield cascade
    cascade.finish()


STEPS = [StepId(0, i) for i in range(5)]


def begin(cascade: Cascade, steps: list[StepId]) -> None:
    cascade.begin(steps)
    cascade.pause()


def test_steps_switch_60_ms_apart_in_their_order(cascade: Cascade, watcher: Watcher) -> None:
    begin(cascade, STEPS)
    counts = []
    for now in (0, 59, 60, 125, 240):
        cascade.setCurrentTime(now)
        counts.append(len(watcher.switched))
    assert counts == [1, 1, 2, 3, 5]
    assert watcher.switched == STEPS


def test_each_glows_380_ms_and_then_is_still(cascade: Cascade, watcher: Watcher) -> None:
    begin(cascade, STEPS)
    cascade.setCurrentTime(190)
    assert watcher.glow[STEPS[0]] == pytest.approx(0.5)
    cascade.setCurrentTime(GLOW)
    assert watcher.glow[STEPS[0]] == 0
    assert watcher.glow[STEPS[1]] > 0
    cascade.setCurrentTime(cascade.duration())
    assert set(watcher.glow.values()) == {0.0}
    assert cascade.duration() == 4 * INTERVAL + GLOW


def test_a_long_cascade_is_capped(cascade: Cascade, watcher: Watcher) -> None:
    begin(cascade, [StepId(0, i) for i in range(200)])
    assert cascade.duration() <= LONGEST
    cascade.setCurrentTime(LONGEST)
    assert len(watcher.switched) == 200
    assert set(watcher.glow.values()) == {0.0}


def test_a_jump_over_the_whole_time_misses_nobody(cascade: Cascade, watcher: Watcher) -> None:
    begin(cascade, STEPS)
    cascade.setCurrentTime(5000)
    assert watcher.switched == STEPS


def test_finish_shows_the_end_at_once(cascade: Cascade, watcher: Watcher) -> None:
    begin(cascade, STEPS)
    cascade.finish()
    assert watcher.switched == STEPS
    assert set(watcher.glow.values()) == {0.0}
    assert cascade.state() is QAbstractAnimation.State.Stopped


def test_the_next_cascade_finishes_the_one_before(cascade: Cascade, watcher: Watcher) -> None:
    begin(cascade, STEPS[:3])
    begin(cascade, STEPS[3:])
    assert watcher.switched[:3] == STEPS[:3]


def test_no_change_is_no_cascade(cascade: Cascade) -> None:
    cascade.begin([])
    assert cascade.state() is QAbstractAnimation.State.Stopped
