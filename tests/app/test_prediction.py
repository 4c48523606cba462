"""Tests of app/prediction.py."""

from __future__ import annotations

import itertools
import threading

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from cachesim.app import prediction
from cachesim.app.prediction import Prediction, by_pipeline
from cachesim.cache.store import CacheStore
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.engines.base import BuildRequest
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport


class Asked(QObject):
    """A prediction of one line after the other, and on which threads they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []
        self.text = "FROM scratch\n"
        self.prediction = Prediction(self.simulate, self.question, self)

    def simulate(self, request: BuildRequest, store: CacheStore,
                 progress: Progress) -> tuple[SimulationReport, CacheStore]:
        self.threads.append(threading.get_ident())
        return by_pipeline(request, store, progress)

    def question(self) -> tuple[ProjectState, CacheStore]:
        return ProjectState(self.text, ContextSnapshot(EMPTY_DIR)), CacheStore()

    def ask(self, qtbot: QtBot) -> None:
        self.text += "ENV A=b\n"
        with qtbot.waitSignal(self.prediction.report_changed, timeout=10_000):
            self.prediction.ask()


@pytest.mark.parametrize(("wall", "work", "here"), [(1.0, 0.001, True), (1.0, 0.1, False), (0.1, 0.011, True)])
def test_the_work_decides_who_answers_not_how_busy_the_machine_is(
        qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, wall: float, work: float, here: bool) -> None:
    monkeypatch.setattr(prediction, "perf_counter", itertools.count(0.0, wall).__next__)
    monkeypatch.setattr(prediction, "thread_time", itertools.count(0.0, work).__next__)
    asked = Asked()
    for _ in range(3):
        asked.ask(qtbot)
    me = threading.get_ident()
    assert [thread == me for thread in asked.threads] == [False, here, here]
    assert asked.prediction.seconds == pytest.approx(wall)
    asked.prediction.forget()
    asked.ask(qtbot)
    assert asked.threads[-1] != me          # nobody knows how large another project is
    asked.prediction.shutdown()


def test_a_step_that_says_the_same_is_the_same_object(qtbot: QtBot) -> None:
    asked = Asked()
    asked.ask(qtbot)
    before = asked.prediction.report
    asked.text = asked.text.replace("A=b", "A=c")
    with qtbot.waitSignal(asked.prediction.report_changed, timeout=10_000):
        asked.prediction.ask()
    after = asked.prediction.report
    assert before is not None and after is not None
    assert [a is b for a, b in zip(before.steps, after.steps, strict=True)] == [True, False]
    asked.prediction.shutdown()
