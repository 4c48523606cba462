"""Reports and plans as JSON and Markdown."""

from __future__ import annotations

import json

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, Outcome
from cachesim.export.plan import Plan, plan_markdown, plan_object
from cachesim.export.report_json import report_object, step_objects
from cachesim.pipeline import simulate
from cachesim.project.measured import Knowledge, Measured, Measurement, costs_of, text_of
from cachesim.simulate.report import SimulationReport, StepReport

TEXT = "FROM base:1\nENV A=1\nWORKDIR /w\nCOPY a.txt /x\nRUN make | tee log\n"


def report(text: str = TEXT, old: str | None = None) -> SimulationReport:
    store = EMPTY_STORE
    if old is not None:
        before = BuildRequest(parse(text), ContextSnapshot.of({"a.txt": old.encode()}), label="before")
        _, store = simulate(before, store)
    found, _ = simulate(BuildRequest(parse(text), ContextSnapshot.of({"a.txt": b"new bytes"})), store)
    return found


def plan(found: SimulationReport, *seconds: tuple[float, bool] | None) -> Plan:
    known = {step.key.digest if said[1] else f"in another state {step.name}":
             Measurement(said[0], None, 1.0, text_of(step.name))
             for step, said in zip(found.steps, seconds, strict=False) if said is not None and step.key is not None}
    costs = costs_of(found, Measured(known), ContextSnapshot.of({"a.txt": b"new bytes"}))
    return Plan("shop", "a build of HEAD", found, costs, "buildkit", "containerd")


def word(step: StepReport) -> str:
    return step.outcome.value


def test_every_instruction_is_in_the_object_and_only_printed_ones_are_compared() -> None:
    steps = step_objects(report())
    assert [(s["line"], s["status"]) for s in steps] == [
        (1, "run"), (2, "config only"), (3, "run"), (4, "run"), (5, "run")]
    assert json.loads(json.dumps(report_object(report())))["error"] is None


def test_a_link_copy_has_two_lines() -> None:
    steps = [s for s in step_objects(report("FROM base:1\nCOPY --link a.txt /x\n")) if s["line"] == 2]
    assert len(steps) == 2 and steps[0]["name"] != steps[1]["name"]


def test_a_failing_build_says_why() -> None:
    found = report_object(report("FROM base:1\nCOPY nope /x\n"))
    assert "nope" in found["error"]


def test_seconds_are_told_apart_by_how_they_are_known() -> None:
    found = plan(report(old="old"), None, None, None, None, (12.0, True))
    known = [c.known if c is not None else "" for c in found.costs]
    assert known == ["", "", "", Knowledge.ESTIMATED, Knowledge.MEASURED]
    assert (found.total.measured, found.total.unknown_steps) == (12.0, 0)
    assert found.total.estimated == pytest.approx(0.1, abs=1e-4)
    assert found.total.words == "12 s measured, ~0.1 s estimated"
    assert plan(report(old="old")).total.unknown_steps == 1
    assert plan(report(old="old"), *[(3.0, False)] * 5).total.words == "~6.0 s estimated"


def test_the_first_cause_is_the_step_that_changed_itself() -> None:
    found = plan(report(old="old"))
    assert found.reruns == 2 and found.first_cause is not None and found.first_cause.step.line == 4
    assert plan(report(old="new bytes")).first_cause is None and plan(report(old="new bytes")).reruns == 0


def test_a_plan_as_json() -> None:
    value = json.loads(json.dumps(plan_object(plan(report(old="old"), None, None, None, None, (12.0, True)))))
    assert value["totals"] == {"hit": 2, "config only": 1, "miss": 2}
    assert [s.get("seconds") for s in value["steps"]][3:] == [
        {"value": 0.1, "known": "estimated"}, {"value": 12.0, "known": "measured"}]


def test_a_plan_as_markdown() -> None:
    text = plan_markdown(plan(report(old="old")), word, ("**More**",))
    lines = text.splitlines()
    assert lines[0] == "### shop" and lines[2].startswith("**2 steps would run again** (")
    assert "**More**" in lines and r"make \| tee log" in text
    assert "ENV" not in text                                    # config only: not in a comment
    assert "**Nothing would run again.**" in plan_markdown(plan(report(old="new bytes")), word)
    assert "**The build fails:** " in plan_markdown(plan(report("FROM base:1\nCOPY n /\n")), word)


def test_outcomes_of_a_report_are_what_was_asked_for() -> None:
    assert report(old="new bytes").counts() == {Outcome.HIT: 4, Outcome.CONFIG_ONLY: 1}
