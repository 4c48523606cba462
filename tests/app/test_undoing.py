"""Tests of app/undoing.py."""

from __future__ import annotations

from dataclasses import replace

from cachesim.app.undoing import Before, Doings
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

STATE = ProjectState("FROM a\n", ContextSnapshot(EMPTY_DIR))


def before(label: str, *, built: bool = False, builder: bool = False) -> Before:
    entry = Timeline().with_build(label, STATE, *simulate(STATE.request(label), EMPTY_STORE)).entries[-1] if built else None
    return Before(label, STATE, None, entry, builder)


def test_what_is_taken_back_can_be_done_again_until_something_else_is_done() -> None:
    both = Doings().then(before("a")).then(before("b"))
    back = both.taken_back(replace(both.done[-1], entry=7))
    assert [b.label for b in back.done] == ["a"]
    assert [(b.label, b.entry) for b in back.undone] == [("b", 7)]
    assert back.done_again(both.done[-1]) == both
    assert back.then(before("c")).undone == ()


def test_changes_count_from_the_last_build_and_another_builder_is_none() -> None:
    done = Doings().then(before("old")).then(before("build", built=True)).then(before("builder", builder=True)).then(before("a"))
    assert done.since_build == ("a",)
    assert Doings().then(before("a")).since_build == ("a",)
