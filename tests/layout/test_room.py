"""Tests of layout/room.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from cachesim.graph.model import BuildGraph, Source, SourceKind
from cachesim.layout.layered import Metrics, layered_positions
from cachesim.layout.room import lanes_put_aside, node_width

Build = Callable[..., BuildGraph]
IMAGE = Source(SourceKind.IMAGE, "docker.io/library/alpine:3.20")
PLAIN = Metrics()


@pytest.fixture
def three(build: Build) -> BuildGraph:
    """Three lanes in a row, all needed: 2 x 20 margin, 2 x 44 gaps, nodes of 190."""
    return build([(IMAGE, [("RUN a", [])]), (0, [("RUN b", [])]), (1, [("RUN c", [])])])


@pytest.mark.parametrize(("room", "wanted"), [
    (128 + 3 * 152, set()),             # nodes may be narrower by a fifth
    (128 + 3 * 152 - 1, {0}),
    (128 + 44 + 2 * 152 - 1, {0, 1}),
    (10, {0, 1})])                      # the last one stays open
def test_lanes_fold_from_the_left_and_only_as_many_as_it_takes(three: BuildGraph, room: float, wanted: set[int]) -> None:
    assert lanes_put_aside(three, PLAIN, room, set(), set()) == wanted


def test_a_lane_that_is_kept_stays_open(three: BuildGraph) -> None:
    assert lanes_put_aside(three, PLAIN, 10, set(), {0}) == {1, 2}


@pytest.mark.parametrize(("room", "most", "wanted"), [
    (698.0, 698.0, 190.0),              # as wide as the room
    (698.0 + 3 * 25, 900.0, 210.0),     # grown in steps of ten
    (10_000.0, 10_000.0, 380.0),        # never more than twice as wide
    (600.0, 668.0, 180.0),              # a little less, and all are seen
    (100.0, 120.0, 190.0),              # it would take too much: rather scroll
    (math.inf, math.inf, 190.0)])
def test_nodes_follow_the_room(three: BuildGraph, room: float, most: float, wanted: float) -> None:
    for drawn in (190.0, 250.0):        # whatever they are now
        layout = layered_positions(three, replace(PLAIN, node_width=drawn))
        assert node_width(layout, 190.0, room, most) == wanted
