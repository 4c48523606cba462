"""Tests of simulate/explain.py: what its sentences say to somebody who knows no key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cachesim.cache.key import CacheKey, KeyPart, PartKind, changed_parts
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of
from cachesim.engines.base import MissReason
from cachesim.graph.model import StepId
from cachesim.graph.options import BaseImage, EngineKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.explain import carried, causes_of, invalidators, running_without
from cachesim.simulate.report import SimulationReport

FILES = ContextSnapshot.of({"a": b"1", "b": b"1"})


@pytest.mark.parametrize(("first", "second", "cause"), [
    ("COPY a /x/", "COPY b /x/", "It copies b, not a"), ("COPY a /x/", "COPY a b /x/", "It copies b, too")])
def test_another_source_is_called_by_its_name(first: str, second: str, cause: str) -> None:
    _, store = simulate(ProjectState(f"FROM busybox:1\n{first}\n", FILES).request("1"), EMPTY_STORE)
    report, _ = simulate(ProjectState(f"FROM busybox:1\n{second}\n", FILES).request("2"), store)
    step = report.steps[1]
    assert cause in step.cause and "ource 1" not in step.cause
    labels = [threat.label for threat in invalidators(report, step.id) if threat.kind == "text"]
    assert "destination" in labels and all(not label.startswith("source") for label in labels)


SITE = """\
FROM busybox:1 AS build
COPY {source} /out/a
FROM busybox:1
COPY b /conf
COPY --from=build /out/ /www/
"""


def _builds(*projects: tuple[str, ContextSnapshot]) -> SimulationReport:
    """The report on the last of some builds, one after the other."""
    store = EMPTY_STORE
    for text, files in projects:
        report, store = simulate(ProjectState(text, files).request(), store)
    return report


def _with(**data: bytes) -> ContextSnapshot:
    return ContextSnapshot.of({"a": b"1", "b": b"1", **data})


def test_content_that_nobody_looked_at_in_the_build_before_is_no_change() -> None:
    """The build before found COPY --from by its definition; now the step above it runs, and the stage holds what it held."""
    text = SITE.format(source="a")
    report = _builds((text, FILES), (text, FILES), (text, _with(b=b"22")))
    conf, copy = report.step(StepId(1, 1)), report.step(StepId(1, 2))
    assert (conf.reason, copy.reason, copy.cause_step) == (MissReason.PART, MissReason.PARENT, conf.id)
    assert "line 4" in copy.cause and not [c for c in copy.changes if c.kind is not PartKind.PARENT]


def test_content_that_differs_is_said_though_the_build_before_did_not_look_at_it() -> None:
    text = SITE.format(source="a")
    report = _builds((text, FILES), (text, FILES), (text, _with(a=b"22")))
    copy = report.step(StepId(1, 2))
    assert copy.reason is MissReason.PART and [c.kind for c in copy.changes] == [PartKind.STAGE_CONTENT]
    assert copy.changes[0].old and copy.changes[0].new and copy.changes[0].old != copy.changes[0].new


def test_a_stage_s_content_in_one_key_alone_is_no_change_but_another_source_is() -> None:
    def part(kind: PartKind, label: str, value: str) -> KeyPart:
        return KeyPart(kind, label, value, digest_of(value))
    name, content = part(PartKind.SOURCE, "source 1", "out"), part(PartKind.STAGE_CONTENT, "out", "x")
    unasked, other = CacheKey((name,)), CacheKey((name, part(PartKind.CONTENT, "out", "x")))
    assert changed_parts(unasked, CacheKey((name, content))) == changed_parts(CacheKey((name, content)), unasked) == ()
    assert {c.kind for c in changed_parts(other, CacheKey((name, content)))} == {PartKind.CONTENT, PartKind.STAGE_CONTENT}


BASE = """\
FROM python:3.12-slim
WORKDIR /app
COPY a .
RUN one
RUN two
"""
FROM_, WORKDIR, COPY, RUN_ONE, RUN_TWO = (StepId(0, index) for index in range(5))


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
    report = _after(lambda state: _moved(replace(state, context=_with(a=b"22"))))
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
    report = _builds((text, FILES), (new, _with(b=b"22")))
    copy = report.step(StepId(1, 2))
    assert report.step(StepId(0, 2)).runs and copy.blamed == (StepId(1, 1),) and copy.cause_step == StepId(1, 1)


def test_each_stage_on_a_shared_base_image_names_its_own_from() -> None:
    text = BASE.replace("slim\n", "slim AS one\n") + BASE + "COPY --from=one /app /one\n"
    state = ProjectState(text, FILES)
    _, store = simulate(state.request(), EMPTY_STORE)
    report, _ = simulate(_moved(state).request(), store)
    assert report.step(StepId(0, 1)).cause_step == StepId(0, 0) and report.step(StepId(1, 1)).cause_step == StepId(1, 0)
