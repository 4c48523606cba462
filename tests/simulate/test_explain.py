"""Tests of simulate/explain.py: what its sentences say to somebody who knows no key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cachesim.cache.key import CacheKey, KeyPart, PartKind, changed_parts
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport
from cachesim.simulate.threats import invalidators

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


CLASSIC = "FROM busybox:1\nLABEL v=1\nENV A=1\nCOPY a b /x/\nRUN y\n"


def _classic(text: str = CLASSIC, files: ContextSnapshot = FILES, **args: str) -> SimulationReport:
    state = ProjectState(CLASSIC, FILES, engine=EngineKind.CLASSIC)
    _, store = simulate(state.request(), EMPTY_STORE)
    options = BuildOptions(args=tuple(args.items()))
    return simulate(ProjectState(text, files, options, engine=EngineKind.CLASSIC).request(), store)[0]


def test_what_only_repeats_the_instruction_is_not_counted_as_more() -> None:
    label = _classic(CLASSIC.replace("v=1", "v=2")).steps[1]
    env = _classic(CLASSIC.replace("A=1", "A=2")).steps[2]
    assert len(label.changes) > 1 and label.cause == "LABEL changed: LABEL v=1 → LABEL v=2"
    assert env.cause == "ENV changed: ENV A=1 → ENV A=2"


def test_another_base_image_has_a_name_and_not_two_digests() -> None:
    """The classic builder has it in the key of the first step that stands on it."""
    assert _classic(CLASSIC.replace("busybox:1", "busybox:2")).steps[1].cause == "The base image is busybox:2 now"
    ref = "docker.io/library/busybox:1"
    state = ProjectState(CLASSIC, FILES, engine=EngineKind.CLASSIC)
    _, store = simulate(state.request(), EMPTY_STORE)
    moved, _ = simulate(replace(state, bases={ref: BaseImage(ref, "other", "other", None)}).request(), store)
    assert moved.steps[1].cause == "busybox:1 now names another image"


def test_bytes_that_nobody_knows_are_not_told_as_others() -> None:
    text = "FROM busybox:1 AS build\nCOPY a /a\nRUN make\nFROM busybox:1\nCOPY --from=build /out /www\n"
    copy = _builds((text, FILES), (text, _with(a=b"22"))).step(StepId(1, 1))
    assert copy.outcome is Outcome.UNDETERMINED and copy.likely is Outcome.MISS
    assert copy.cause == ("Depends on bytes that nobody knows before the build; most likely those in out are others, and it runs "
                          "again")


def test_other_changes_are_named() -> None:
    copy = _classic(CLASSIC.replace("/x/", "/y/"), _with(b=b"22")).steps[3]
    assert copy.cause == "Destination changed: /x/ → /y/ (b changed, too)"


def test_a_proxy_on_the_command_line_is_told_in_words() -> None:
    run = _classic(HTTP_PROXY="http://p").steps[4]
    assert run.cause == "The build is given a proxy now: each RUN has in its key that there is one, not which"


@pytest.mark.parametrize("engine", EngineKind)
def test_what_is_assumed_of_a_base_image_that_nobody_knows(engine: EngineKind) -> None:
    state = ProjectState("FROM python:3\nRUN x\n", FILES, engine=engine)
    report, store = simulate(state.request(), EMPTY_STORE)
    who = "No engine could be asked about python:3: it is taken "
    assert report.assumed == (who + "for the same image as before, with no variable but PATH",)
    ref = "docker.io/library/python:3"
    moved = replace(state, bases={ref: BaseImage(ref, "other", "other", None, source="what if")})
    report, _ = simulate(moved.request(), store)
    assert report.assumed == (who + "to be another image with no variable but PATH",)
