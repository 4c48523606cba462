"""What steps took and brought, by step."""

from __future__ import annotations

import json

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.measured import (
    Cost,
    Knowledge,
    Measured,
    Measurement,
    Size,
    Total,
    costs_of,
    seconds_text,
    takes,
    text_of,
    total_of,
)
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport, StepReport

DAY = 86400.0
FILES = {"big": b"x" * 5000, "src/a.py": b"a" * 100, "src/b.py": b"b" * 200}
CONTEXT = ContextSnapshot.of(FILES)


def report_of(text: str) -> SimulationReport:
    return simulate(ProjectState(text, CONTEXT).request(), EMPTY_STORE)[0]


def step_of(text: str) -> StepReport:
    return report_of(text).steps[-1]


def key_of(step: StepReport) -> str:
    assert step.key is not None
    return step.key.digest


def book_of(step: StepReport, seconds: float | None = 41.2, size: int | None = 1_507_000, when: float = 1000.0) -> Measured:
    return Measured().adding({key_of(step): Measurement(seconds, size, when, text_of(step.name))})


def test_the_same_step_is_measured_another_state_is_estimated() -> None:
    slow = step_of("FROM a\nRUN make\n")
    book = book_of(slow)
    assert book.cost(slow, CONTEXT) == Cost(41.2, Knowledge.MEASURED, 1000.0)
    assert book.size(slow) == Size(1_507_000, 1000.0, True)
    moved = step_of("FROM a\nRUN true\nRUN make\n")
    assert book.cost(moved, CONTEXT) == Cost(41.2, Knowledge.ESTIMATED, 1000.0) and book.seconds(moved) == 41.2
    assert book.size(moved) == Size(1_507_000, 1000.0, False)
    other = step_of("FROM a\nRUN other\n")
    assert book.cost(other, CONTEXT) == Cost(0.0, Knowledge.UNKNOWN) and book.size(other) is None


def test_a_copy_that_was_never_measured_is_estimated_from_its_files() -> None:
    for source, size in (("big", 5000), ("src", 300), (".", 5300), ("src/*.py", 300)):
        cost = Measured().cost(step_of(f"FROM a\nCOPY {source} /x/\n"), CONTEXT)
        assert cost is not None and cost.known is Knowledge.ESTIMATED and not cost.measured
        assert cost.seconds == pytest.approx(0.1 + size / 100e6)


@pytest.mark.parametrize("text", ["FROM a\n", "FROM a\nENV A=1\n", "FROM a\nCMD x\n"])
def test_what_does_not_run_costs_nothing(text: str) -> None:
    assert Measured().cost(step_of(text), CONTEXT) is None


def test_sentences() -> None:
    measured, estimated = Cost(41.2, Knowledge.MEASURED, 1.0), Cost(3.0, Knowledge.ESTIMATED, 1.0)
    assert measured.sentence(DAY * 1.5) == "about 41 s, measured yesterday"
    assert Cost(0.52, Knowledge.MEASURED, 1.0).sentence(100.0) == "about 0.5 s, measured today"
    assert estimated.sentence(DAY * 5.5) == ("about 3.0 s, estimated: the same instruction was measured in another state "
                                             "5 days ago")
    assert Cost(0.11, Knowledge.ESTIMATED).sentence() == "about 0.1 s, estimated from the size of its files"
    assert "never measured" in Cost(0.0, Knowledge.UNKNOWN).sentence()
    assert Size(1_507_000, 1.0, True).sentence(DAY * 1.5) == "1.51 MB, measured yesterday"
    assert Size(20, 1.0, False).words == "~20 B" and "estimated" in Size(20, 1.0, False).sentence()
    step = step_of("FROM a\nRUN make\n")
    assert takes(step, measured, DAY * 1.5) == "Takes about 41 s, measured yesterday."
    assert takes(step, Cost(0.0, Knowledge.UNKNOWN)) == "How long it takes was never measured in a real build."


@pytest.mark.parametrize(("cost", "words"), [
    (Cost(1.25, Knowledge.MEASURED, 1.0), "1.2 s"), (Cost(40.0, Knowledge.ESTIMATED), "~40 s"),
    (Cost(600.0, Knowledge.MEASURED, 1.0), "10 min"), (Cost(0.0, Knowledge.UNKNOWN), "?")])
def test_a_cost_in_a_table(cost: Cost, words: str) -> None:
    assert cost.words == words


def test_totals_are_kept_apart() -> None:
    found = report_of("FROM a\nRUN make\nCOPY big /b\nRUN other\nENV A=1\n")
    total = total_of(costs_of(found, book_of(found.steps[1]), CONTEXT))
    assert total == Total(41.2, pytest.approx(0.10005), 1)
    assert total.words == "41 s measured, ~0.1 s estimated, 1 step not measured"
    assert Total(0, 0, 0).words == "no time" and seconds_text(130) == "2 min"


def test_the_newest_measurement_counts_and_takes_nothing_away() -> None:
    step = step_of("FROM a\nRUN make\n")
    new = Measurement(2.0, None, 2000.0, "RUN make")
    book = book_of(step, 1.0, 77).adding({key_of(step): new})
    assert book.cost(step, CONTEXT) == Cost(2.0, Knowledge.MEASURED, 2000.0) and book.size(step) == Size(77, 2000.0, True)


def test_json() -> None:
    book = book_of(step_of("FROM a\nRUN make\n"), 1.5, None)
    assert Measured.from_json(json.loads(json.dumps(book.to_json()))) == book
    for bad in (None, [], {"format": 2}, {"format": 1, "steps": {"a": [1]}}, {"format": 1, "steps": 3}):
        assert Measured.from_json(bad) == Measured()


def test_names_without_stage() -> None:
    assert text_of("[build 2/4] RUN x [1]") == "RUN x [1]"
    assert text_of("RUN x") == "RUN x"
