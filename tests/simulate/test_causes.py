"""Tests of simulate/causes.py: which steps run because of which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import MissReason
from cachesim.graph.model import StepId
from cachesim.graph.options import BaseImage, EngineKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.causes import carried, causes_of, running_without
from cachesim.simulate.report import SimulationReport

FILES = ContextSnapshot.of({"a": b"1", "b": b"1"})


BASE = """\
FROM python:3.12-slim
WORKDIR /app
COPY a .
RUN one
RUN two
"""
FROM_, WORKDIR, COPY, RUN_ONE, RUN_TWO = (StepId(0, index) for index in range(5))


def _files(**data: bytes) -> ContextSnapshot:
    return ContextSnapshot.of({"a": b"1", "b": b"1", **data})


def _after(change: Callable[[ProjectState], ProjectState], engine: EngineKind = EngineKind.BUILDKIT) -> SimulationReport:
    state = ProjectState(BASE, FILES, engine=engine)
    _, store = simulate(state.request(), EMPTY_STORE)
    return simulate(change(state).request(), store)[0]


def _moved(state: ProjectState) -> ProjectState:
    ref = "docker.io/library/python:3.12-slim"
    return replace(state, bases={ref: BaseImage(ref, "other", "other", None)})


def test_another_base_image_is_the_cause_of_all_that_stands_on_it() -> None:
    report = _after(_moved)
    assert report.step(FROM_).cause == "python:3.12-slim now names another image"
    assert [s.reason for s in report.steps] == [MissReason.PART] + [MissReason.PARENT] * 4
    assert {s.cause_step for s in report.steps} == {FROM_}
    assert [s.id for s in carried(report, FROM_)] == [WORKDIR, COPY, RUN_ONE, RUN_TWO] and not running_without(report, FROM_)


def test_of_two_causes_the_topmost_is_named_and_each_alone_would_do() -> None:
    """The base image was published anew, and a file changed: neither runs the steps at the end alone."""
    report = _after(lambda state: _moved(replace(state, context=_files(a=b"22"))))
    assert report.step(COPY).cause_step == COPY and report.step(RUN_TWO).cause_step == FROM_
    assert [s.id for s in causes_of(report, RUN_TWO)] == [s.id for s in causes_of(report, COPY)] == [FROM_, COPY]
    assert running_without(report, FROM_) == dict.fromkeys((COPY, RUN_ONE, RUN_TWO), COPY)
    assert running_without(report, COPY) == dict.fromkeys((FROM_, WORKDIR, COPY, RUN_ONE, RUN_TWO), FROM_)
    assert [s.id for s in carried(report, COPY)] == [RUN_ONE, RUN_TWO]


def test_the_classic_builder_sees_another_base_image_in_the_first_step_on_it() -> None:
    report = _after(_moved, EngineKind.CLASSIC)
    assert {s.cause_step for s in report.steps if s.runs} == {WORKDIR}


def test_another_name_of_the_base_image_is_a_cause_too() -> None:
    report = _after(lambda state: state.with_text(BASE.replace("3.12", "3.13"), 1))
    assert report.step(WORKDIR).reason is MissReason.PARENT and report.step(WORKDIR).cause_step == FROM_


def test_a_stage_that_ran_is_no_cause_where_it_brings_what_it_brought() -> None:
    """Both stages begin anew, but the first one's files are known to be the same: the other's own base is the cause."""
    text = "FROM a:1 AS build\nWORKDIR /x\nCOPY a /out/a\nFROM b:1\nCOPY b /conf\nCOPY --from=build /out/ /www/\n"
    new = text.replace("WORKDIR /x", "WORKDIR /y")
    _, store = simulate(ProjectState(text, FILES).request(), EMPTY_STORE)
    report, _ = simulate(ProjectState(new, _files(b=b"22")).request(), store)
    copy = report.step(StepId(1, 2))
    assert report.step(StepId(0, 2)).runs and copy.blamed == (StepId(1, 1),) and copy.cause_step == StepId(1, 1)


def test_each_stage_on_a_shared_base_image_names_its_own_from() -> None:
    text = BASE.replace("slim\n", "slim AS one\n") + BASE + "COPY --from=one /app /one\n"
    state = ProjectState(text, FILES)
    _, store = simulate(state.request(), EMPTY_STORE)
    report, _ = simulate(_moved(state).request(), store)
    assert report.step(StepId(0, 1)).cause_step == StepId(0, 0) and report.step(StepId(1, 1)).cause_step == StepId(1, 0)
