"""Positions of steps: lanes, rows, folding, determinism."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachesim.graph.model import BuildGraph, EdgeKind, Source, SourceKind, StepId
from cachesim.layout.layered import META, Metrics, Rect, lane_order, layered_positions

Build = Callable[..., BuildGraph]
IMAGE = Source(SourceKind.IMAGE, "docker.io/library/alpine:3.20")
TOOL = Source(SourceKind.IMAGE, "ghcr.io/astral-sh/uv:0.4")
COPY, MOUNT = EdgeKind.COPY_FROM, EdgeKind.MOUNT


def overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def test_one_stage_is_one_column_packed_from_the_top(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, [("RUN a", []), ("RUN b", [])])]))
    rects = [layout.steps[StepId(0, i)] for i in range(3)]
    assert {r.x for r in rects} == {20.0}
    assert [r.y for r in rects] == [50.0, 102.0, 154.0]
    assert {(r.width, r.height) for r in rects} == {(190.0, 40.0)}


def test_lanes_are_44_apart_and_all_start_at_the_same_height(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, [("RUN a", [])]), (0, [("RUN b", [])])]))
    a, b = layout.steps[StepId(0, 0)], layout.steps[StepId(1, 0)]
    assert b.x - a.right == 44.0
    assert a.y == b.y


def test_lanes_stand_in_order_of_first_use_by_the_target(build: Build) -> None:
    graph = build([(IMAGE, []), (IMAGE, []), (IMAGE, [("COPY x", [(COPY, 1)]), ("COPY y", [(COPY, 0)])])])
    assert lane_order(graph) == [(1, True), (0, True), (2, True)]


def test_a_stage_stands_right_of_everything_it_reads(build: Build) -> None:
    graph = build([(IMAGE, []), (0, []), (IMAGE, [("RUN", [(MOUNT, 0)])]), (2, [("COPY", [(COPY, 1)])])])
    order = [stage for stage, _ in lane_order(graph)]
    assert order.index(0) < order.index(1) < order.index(3)
    assert order.index(0) < order.index(2) < order.index(3)


def test_a_stage_outside_the_target_folds_to_a_strip_on_the_right(build: Build) -> None:
    graph = build([(IMAGE, []), (0, [("RUN docs", [])]), (0, [])])
    layout = layered_positions(graph)
    assert [(lane.stage, lane.folded, lane.rect.width) for lane in layout.lanes] == [
        (0, False, 190.0), (2, False, 190.0), (1, True, 44.0)]
    assert StepId(1, 0) not in layout.steps


def test_an_unfolded_stage_shows_its_steps_and_can_be_folded_again(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, []), (0, [("RUN docs", [])]), (0, [])]), unfolded=frozenset({1}))
    lane = layout.lane(1)
    assert lane is not None
    assert not lane.folded and lane.foldable
    assert StepId(1, 1) in layout.steps


def test_args_before_the_first_from_are_a_folded_lane_on_the_left(build: Build) -> None:
    graph = build([(IMAGE, [])], meta=2)
    assert [(lane.stage, lane.folded) for lane in layered_positions(graph).lanes] == [(META, True), (0, False)]
    assert StepId(META, 1) in layered_positions(graph, unfolded=frozenset({META})).steps


def test_an_outside_image_stands_above_the_step_that_copies_from_it_clear_of_the_icon_column(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, [("COPY --from=uv", [(COPY, TOOL)]), ("RUN x", [])])]))
    [node] = layout.sources
    above, reader = layout.steps[StepId(0, 0)], layout.steps[StepId(0, 1)]
    assert above.bottom < node.rect.y and node.rect.bottom < reader.y
    assert node.rect.x > reader.x + layout.metrics.icon_x
    assert node.rect.right == pytest.approx(reader.right)


def test_two_outside_images_of_one_step_stand_side_by_side(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, [("RUN", [(MOUNT, TOOL), (MOUNT, IMAGE)])])]))
    first, second = layout.sources
    assert first.rect.y == second.rect.y
    assert not overlap(first.rect, second.rect)


def test_the_base_image_gets_no_node_of_its_own(build: Build) -> None:
    assert layered_positions(build([(IMAGE, [])])).sources == ()


def test_a_cycle_still_has_a_layout(build: Build) -> None:
    graph = build([(IMAGE, [("COPY", [(COPY, 1)])]), (0, [])])
    assert sorted(stage for stage, _ in lane_order(graph)) == [0, 1]


def test_a_needed_lane_can_be_folded_in_its_place(build: Build) -> None:
    graph = build([(IMAGE, [("RUN a", [])]), (0, [("RUN b", [])])])
    layout = layered_positions(graph, aside=frozenset({0}))
    assert [(lane.stage, lane.folded, lane.needed, lane.foldable) for lane in layout.lanes] == [
        (0, True, True, True), (1, False, True, False)]
    assert set(layout.steps) == {StepId(1, 0), StepId(1, 1)} and layout.steps[StepId(1, 0)].x == 20 + 44 + 44


def test_nothing_to_build_is_an_empty_canvas() -> None:
    layout = layered_positions(BuildGraph((), (), -1, (), (), {}, None, ()))
    assert layout.lanes == () and dict(layout.steps) == {}
    assert layout.width > 0 and layout.height > 0


def test_presentation_grows_every_distance_with_the_node() -> None:
    big = Metrics.of_node(300.0, 60.0)
    assert (big.node_width, big.node_height, big.row_gap) == (300.0, 60.0, 18.0)
    assert 44.0 < big.lane_gap == big.folded_width < 66.0       # large nodes need the width for themselves
    assert Metrics.of_node(190.0, 40.0) == Metrics()


@st.composite
def shapes(draw: st.DrawFn) -> tuple[list[tuple[int | Source, list[tuple[str, list[tuple[EdgeKind, int | Source]]]]]],
                                     int, int]:
    count = draw(st.integers(1, 7))
    stages = []
    for number in range(count):
        earlier: list[int | Source] = [*range(number), IMAGE]
        base = draw(st.sampled_from(earlier))
        reads = st.lists(st.tuples(st.sampled_from([COPY, MOUNT]), st.sampled_from([*earlier, TOOL])), max_size=2)
        stages.append((base, [(f"RUN {i}", draw(reads)) for i in range(draw(st.integers(0, 6)))]))
    return stages, draw(st.integers(0, count - 1)), draw(st.integers(0, 2))


@settings(max_examples=150, deadline=None)
@given(shape=shapes(), all_unfolded=st.booleans())
def test_nothing_overlaps_and_everything_is_inside(build: Build, shape, all_unfolded: bool) -> None:
    stages, target, meta = shape
    graph = build(stages, target, meta)
    layout = layered_positions(graph, unfolded=frozenset(range(-1, 9)) if all_unfolded else frozenset())
    nodes = [*layout.steps.values(), *(s.rect for s in layout.sources),
             *(lane.rect for lane in layout.lanes if lane.folded)]
    assert not any(overlap(a, b) for i, a in enumerate(nodes) for b in nodes[:i])
    assert all(r.x >= 0 and r.y >= 0 and r.right <= layout.width and r.bottom <= layout.height for r in nodes)
    assert all(a.rect.right < b.rect.x for a, b in pairwise(layout.lanes))


@settings(max_examples=80, deadline=None)
@given(shape=shapes(), seed=st.integers(0, 99))
def test_the_order_in_which_edges_are_listed_changes_nothing(build: Build, shape, seed: int) -> None:
    stages, target, meta = shape
    graph = build(stages, target, meta)
    edges = list(graph.edges)
    random.Random(seed).shuffle(edges)
    one, other = layered_positions(graph), layered_positions(replace(graph, edges=tuple(edges)))
    assert one.lanes == other.lanes
    assert one.steps == other.steps
