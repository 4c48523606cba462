"""Tests of simulate/threats.py: what could make a step run again."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.model import StepId
from cachesim.graph.options import EngineKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport
from cachesim.simulate.threats import files_read, invalidators

FILES = ContextSnapshot.of({"a": b"1", "b": b"1"})
SITE = """\
FROM busybox:1 AS build
COPY a /out/a
FROM busybox:1
ENV X=1
COPY b /conf
COPY --from=build /out/ /www/
"""
BASE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY a .\nRUN one\nRUN two\n"
WORKDIR, COPY, RUN_ONE, RUN_TWO = (StepId(0, index) for index in range(1, 5))


def _report(text: str, engine: EngineKind = EngineKind.BUILDKIT) -> SimulationReport:
    return simulate(ProjectState(text, FILES, engine=engine).request(), EMPTY_STORE)[0]


def test_what_could_invalidate_a_step_begins_with_what_is_above_it() -> None:
    text = SITE
    report = _report(text)
    found = invalidators(report, StepId(1, 3))
    assert [(t.kind, t.label) for t in found][:2] == [("step", "line 3"), ("step", "line 5")]      # ENV is no step
    stage = next(t for t in found if t.kind == "stage")
    assert stage.label.startswith("line 2, COPY a") and "made with a" in stage.detail
    assert files_read(report.steps) == ("a", "b")
    assert files_read(_report("FROM busybox:1\nCOPY a b /x/\nCOPY . /y\n").steps) == ("all of the build context",)


@pytest.mark.parametrize(("engine", "expected"), [
    (EngineKind.BUILDKIT, {COPY, RUN_ONE, RUN_TWO}), (EngineKind.CLASSIC, {WORKDIR, COPY, RUN_ONE, RUN_TWO})])
def test_no_cache_is_named_only_where_it_does_something(engine: EngineKind, expected: set[StepId]) -> None:
    report = _report(BASE, engine)
    assert {s.id for s in report.steps if any(t.label == "--no-cache" for t in invalidators(report, s.id))} == expected
