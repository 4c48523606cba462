"""Why a change runs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cachesim.app.report.quiet import why_nothing_runs
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState

TEXT = "FROM busybox AS aside\nCOPY b /\nFROM busybox\nARG V=1\nCOPY a /\nRUN <<E\none\nE\nARG W=1\nLABEL x=1\nCMD a\n"
FILES = {"Dockerfile": TEXT.encode(), "a": b"1", "b": b"1", "c": b"1", "d": b"1", ".dockerignore": b"x\nc\nDockerfile\n"}
FIRST = ProjectState(TEXT, ContextSnapshot.of(FILES))


def told(after: ProjectState, before: ProjectState = FIRST) -> tuple[str, ...]:
    was, store = simulate(before.request(), EMPTY_STORE)
    return why_nothing_runs(before, was, after, simulate(after.request(), store)[0])


@pytest.mark.parametrize(("path", "words"), [
    ("b", "b changed, but no step of the target reads it."), ("d", "d changed, but no step of the target reads it."),
    ("c", "c changed, but line 2 of .dockerignore keeps it out of the build."), ("a", "")])
def test_a_file_that_nothing_takes(path: str, words: str) -> None:
    after = replace(FIRST, context=FIRST.context.with_bytes(path, b"22", mtime_ns=9))
    assert told(after) == ((words,) if words else ())       # what a step takes does run


def test_a_time_is_in_no_key() -> None:
    assert told(replace(FIRST, context=FIRST.context.touch("a", 9))) == (
        "a was saved again with the same content: only its time differs, and times are in no key.",)


def test_an_instruction_that_only_describes_the_image() -> None:
    assert told(FIRST.with_text(TEXT.replace("x=1", "x=2"), 9)) == (
        "Line 10, LABEL, changed, but only in the image's configuration: the new image has it, no step has it in its key.",)
    assert told(FIRST.with_text(TEXT.replace("COPY b /", "COPY d /"), 9)) == (
        "Line 2, COPY, changed, but the target does not need its stage.",)


def test_an_argument_below_every_run() -> None:
    assert told(replace(FIRST, options=BuildOptions(args=(("W", "2"),)))) == (
        "The build argument W has another value, but no step has it in its key.",)
    assert told(replace(FIRST, options=BuildOptions(args=(("V", "2"),)))) == ()


def test_the_classic_builder_drops_a_heredoc() -> None:
    before = replace(FIRST, engine=EngineKind.CLASSIC, store=ImageStore.GRAPHDRIVER)
    assert "drops the lines after <<" in told(before.with_text(TEXT.replace("one", "two"), 9), before)[0]


def test_what_was_built_before_comes_back() -> None:
    other = replace(FIRST, context=FIRST.context.with_bytes("a", b"22", mtime_ns=9))
    _, store = simulate(FIRST.request(), EMPTY_STORE)
    was, store = simulate(other.request(), store)
    assert why_nothing_runs(other, was, FIRST, simulate(FIRST.request(), store)[0]) == (
        "a changed, and the cache still has a build with exactly these files.",)
