"""Tests of app/context/arguments.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cachesim.app.context.arguments import arg_rows, options_in_force
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.options import GIVEN_SECRET, BuildOptions, EngineKind, ImageStore, NetworkMode
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState


@pytest.mark.parametrize("engine", EngineKind)
def test_the_steps_told_for_an_argument_are_those_that_run_with_another_value(engine: EngineKind) -> None:
    text = ("ARG TAG=1\nFROM busybox:$TAG\nARG V=1\nARG W=1\nCOPY a a\nRUN one\nCOPY a $V\nLABEL w=$W\nRUN two\n")
    state = ProjectState(text, ContextSnapshot.of({"a": b"1"}), engine=engine, store=ImageStore.GRAPHDRIVER)
    first, store = simulate(state.request(), EMPTY_STORE)
    for row in arg_rows(first, state.options):
        other = replace(state, options=BuildOptions(args=((row.name, "other"),)))
        runs = {s.id for s in simulate(other.request(), store)[0].misses()}
        steps = [s for s in row.steps if s.index > 0]       # whether naming another base is work, each engine says for itself
        assert row.steps and set(steps) <= runs, row
        counted = [s for s in runs if s.index > 0 and first.step(s).outcome not in (Outcome.CONFIG_ONLY, Outcome.UNREACHED)]
        assert len(steps) + row.below == len(counted), row


def test_every_option_of_a_build_is_told() -> None:
    given = BuildOptions(target="t", no_cache=True, no_cache_filter=("a", "b"), pull=True, platform="linux/arm64",
                         contexts=(("c", "d"),), secrets=(("k", GIVEN_SECRET),), ssh=("default",), labels=(("l", "1"),),
                         add_hosts=(("h", "10.0.0.1"),), network=NetworkMode.HOST, shm_size=64, ulimits=("nofile=9",),
                         cgroup_parent="g")
    assert options_in_force(given) == (
        "--target t", "--no-cache", "--no-cache-filter a,b", "--pull", "--platform linux/arm64", "--build-context c=d",
        "--secret id=k", "--ssh default", "--label l=1", "--add-host h:10.0.0.1", "--network host", "--shm-size 64",
        "--ulimit nofile=9", "--cgroup-parent g")
    assert options_in_force(BuildOptions(args=(("V", "1"),))) == ()
