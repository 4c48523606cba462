"""Tests of app/report/lessons.py: what is told to somebody who sees it for the first time."""

from __future__ import annotations

from dataclasses import replace

from cachesim.app.report.lessons import of_the_build, of_the_step
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

FILES = ContextSnapshot.of({"a": b"1", "b": b"1"})
TEXT = """\
FROM busybox:1 AS check
COPY a /a
RUN test -s /a

FROM busybox:1
WORKDIR /w
ENV X=1
COPY a /a
RUN echo $X
"""
CHECK_COPY, FROM_, WORKDIR, COPY = StepId(0, 1), StepId(1, 0), StepId(1, 1), StepId(1, 3)


def _builds(*states: ProjectState) -> SimulationReport:
    store = EMPTY_STORE
    for state in states:
        report, store = simulate(state.request(), store)
    return report


def _said(report: SimulationReport, step: StepId | None = None) -> str:
    found = of_the_build(report) if step is None else of_the_step(report, report.step(step))
    return " ".join(line.text for line in found)


def test_what_no_cache_does_not_reach() -> None:
    state = ProjectState(TEXT, FILES)
    report = _builds(state, replace(state, options=BuildOptions(no_cache=True)))
    assert [s.step.line for s in report.steps if s.outcome is Outcome.HIT] == [5, 6]
    assert "FROM and WORKDIR come from the cache all the same" in _said(report)
    assert "--no-cache counts for RUN, COPY and ADD alone" in _said(report, WORKDIR) and not _said(report, COPY)
    assert not _said(_builds(state, state)) and not _said(_builds(state, state), WORKDIR)


def test_a_copy_below_another_value_of_a_variable_says_why_it_stays() -> None:
    state = ProjectState(TEXT, FILES)
    report = _builds(state, state.with_text(TEXT.replace("X=1", "X=2"), 1))
    assert report.step(COPY).outcome is Outcome.HIT
    said = _said(report, COPY)
    assert "A COPY has no variables in its key" in said and "line 7 changed, and runs no COPY" in said
    assert not _said(report, WORKDIR)       # above it


def test_the_classic_builder_makes_a_stage_that_nobody_needs_and_from_is_no_work() -> None:
    state = ProjectState(TEXT, FILES, engine=EngineKind.CLASSIC)
    first = _builds(state)
    assert "The classic builder builds all stages up to the target, also check (lines 1 to 3)" in _said(first)
    assert "BuildKit would leave it out" in _said(first, CHECK_COPY) and "leave it out" not in _said(first, COPY)
    assert first.step(FROM_).cause == "Where the stage begins: the image is there"
    assert "in a first build either" in _said(first, FROM_)
    assert "check" not in _said(_builds(state, state))                         # it comes from the cache: no work
    needed = ProjectState(TEXT + "COPY --from=check /a /b\n", FILES, engine=EngineKind.CLASSIC)
    assert "check" not in _said(_builds(needed))


def test_a_stage_that_was_never_built_says_whose_layer_it_shares() -> None:
    text = "FROM busybox:1 AS one\nRUN x\nCOPY a /a\nFROM busybox:1 AS two\nRUN x\nCOPY a /a\nRUN y\n"
    state = ProjectState(text, FILES, BuildOptions(target="two"))
    report = _builds(state, replace(state, options=BuildOptions(target="one")))
    assert "shares the layer of line 6, which says the same on top of the same steps" in _said(report, StepId(0, 2))
    assert "line 6" not in _said(_builds(state, state), StepId(1, 2))


def test_bytes_of_an_older_build_are_told_as_that() -> None:
    state = ProjectState(TEXT, FILES)
    other = replace(state, context=ContextSnapshot.of({"a": b"22", "b": b"1"}))
    report = _builds(state, other, state)
    assert "Compared with the last build it differs in the files that it takes, but an earlier build" in _said(report, COPY)


def test_a_stage_made_anew_with_the_same_bytes() -> None:
    text = "FROM busybox:1 AS one\nWORKDIR /x\nCOPY a /out/a\nFROM busybox:1\nCOPY --from=one /out/ /www/\n"
    state = ProjectState(text, FILES)
    report = _builds(state, state.with_text(text.replace("/x", "/y"), 1))
    assert report.step(StepId(0, 2)).runs and "was made anew, and holds the same bytes" in _said(report, StepId(1, 1))
