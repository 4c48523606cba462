"""Measured durations."""

from __future__ import annotations

import json

from cachesim.cache.store import EMPTY_STORE
from cachesim.confirm.durations import DurationBook, Estimate, text_of
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, StepComparison, Verdict
from cachesim.confirm.observed import ObservedBuild
from cachesim.context.snapshot import ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import StepReport

DAY = 86400.0


def steps_of(text: str) -> tuple[StepReport, ...]:
    return simulate(ProjectState(text, ContextSnapshot.of({})).request(), EMPTY_STORE)[0].steps


def measured(step: StepReport, seconds: float, at: float = 1000.0, mode: Mode = Mode.ISOLATED,
             observed: str = "run") -> Confirmation:
    assert step.key is not None
    row = StepComparison(step.id, 2, step.name, "run", True, observed, Verdict.RIGHT, seconds, key=step.key.digest)
    return Confirmation(mode, "e", at, (BuildComparison("x", (row,), ObservedBuild()),))


def test_the_same_step_is_measured_another_state_is_estimated() -> None:
    slow = steps_of("FROM a\nRUN make\n")[1]
    book = DurationBook().after(measured(slow, 41.2))
    assert book.estimate(slow) == Estimate(41.2, 1000.0, True)
    moved = steps_of("FROM a\nRUN true\nRUN make\n")[2]
    assert book.estimate(moved) == Estimate(41.2, 1000.0, False)
    assert book.estimate(steps_of("FROM a\nRUN other\n")[1]) is None


def test_sentences() -> None:
    assert Estimate(41.2, 0.0, True).sentence(DAY * 1.5) == "about 41 s, measured yesterday"
    assert Estimate(0.52, 0.0, True).sentence(100.0) == "about 0.5 s, measured today"
    assert Estimate(3.0, 0.0, False).sentence(DAY * 5) == "about 3.0 s, estimated from a build 5 days ago"


def test_only_what_ran_is_measured_and_never_in_a_rehearsal() -> None:
    step = steps_of("FROM a\nRUN make\n")[1]
    assert DurationBook().after(measured(step, 1.0, observed="cached")) == DurationBook()
    assert DurationBook().after(measured(step, 1.0, mode=Mode.REHEARSAL)) == DurationBook()


def test_the_newest_measurement_counts() -> None:
    step = steps_of("FROM a\nRUN make\n")[1]
    book = DurationBook().after(measured(step, 1.0)).after(measured(step, 2.0, at=2000.0))
    assert book.estimate(step) == Estimate(2.0, 2000.0, True)


def test_json() -> None:
    book = DurationBook().after(measured(steps_of("FROM a\nRUN make\n")[1], 1.5))
    assert DurationBook.from_json(json.loads(json.dumps(book.to_json()))) == book
    for bad in (None, [], {"format": 2}, {"format": 1, "steps": {"a": [1]}}):
        assert DurationBook.from_json(bad) == DurationBook()


def test_names_without_stage() -> None:
    assert text_of("[build 2/4] RUN x [1]") == "RUN x [1]"
    assert text_of("RUN x") == "RUN x"


def test_a_step_without_a_key_has_no_estimate_of_its_own() -> None:
    step = steps_of("FROM a\nENV A=1\n")[1]._replace(key=None)
    assert DurationBook().estimate(step) is None
