"""Tests of app/stepmemo.py."""

from __future__ import annotations

import pytest

from cachesim.app.stepmemo import StepMemo
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from cachesim.pipeline import simulate
from cachesim.project.measured import Cost, Knowledge
from cachesim.project.state import ProjectState
from cachesim.simulate.report import StepReport

TEXT = "FROM alpine\nRUN one\nRUN two\n"


def steps_of(text: str) -> tuple[StepReport, ...]:
    state = ProjectState(text, ContextSnapshot.of({"Dockerfile": text.encode()}))
    return simulate(state.request(), EMPTY_STORE)[0].steps


@pytest.fixture
def memo() -> StepMemo[list[str]]:
    return StepMemo(lambda step, cost: [step.name, cost.words if cost is not None else ""])


def test_another_report_that_says_the_same_makes_nothing_anew(memo: StepMemo[list[str]]) -> None:
    made = [memo.of(step, None) for step in steps_of(TEXT)]
    assert all(memo.of(step, None) is was for step, was in zip(steps_of(TEXT), made, strict=True))


def test_a_key_in_one_line_makes_only_that_one_anew(memo: StepMemo[list[str]]) -> None:
    made = [memo.of(step, None) for step in steps_of(TEXT)]
    after = [memo.of(step, None) for step in steps_of(TEXT.replace("one", "ones"))]
    assert [a is b for a, b in zip(made, after, strict=True)] == [True, False, True]
    assert after[1][0].endswith("RUN ones")


@pytest.mark.parametrize("change", [
    {"outcome": Outcome.FAILED}, {"likely": Outcome.HIT}, {"reason": MissReason.PARENT}, {"cause": "something else"},
    {"cause_step": StepId(0, 0)}, {"error": "exit code 1"}, {"name": "[2/3] RUN other"}])
def test_whatever_words_rest_on_makes_it_anew(memo: StepMemo[list[str]], change: dict[str, object]) -> None:
    step = steps_of(TEXT)[1]
    made = memo.of(step, None)
    assert memo.of(step._replace(**change), None) is not made  # type: ignore[arg-type]


def test_cost_and_what_stands_beside_count_too(memo: StepMemo[list[str]]) -> None:
    step = steps_of(TEXT)[1]
    made = memo.of(step, None, "Light")
    assert memo.of(step, None, "Dark") is not made
    assert memo.of(step, Cost(3.0, Knowledge.MEASURED, 1.0), "Dark")[1] == "3.0 s"
