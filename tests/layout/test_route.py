"""Ways of edges: no line through a node, shared trunks, ports, determinism."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cachesim.graph.model import BuildGraph, EdgeKind, Source, SourceKind, StepId
from cachesim.layout.layered import Layout, Metrics, Point, Rect, layered_positions
from cachesim.layout.route import EdgePath, chain_lines, edge_paths, flattened, rounded

Build = Callable[..., BuildGraph]
IMAGE = Source(SourceKind.IMAGE, "docker.io/library/alpine:3.20")
TOOL = Source(SourceKind.IMAGE, "ghcr.io/astral-sh/uv:0.4")
COPY, MOUNT, PARENT = EdgeKind.COPY_FROM, EdgeKind.MOUNT, EdgeKind.PARENT
RADIUS = 9.0


def hits(a: Point, b: Point, box: Rect) -> bool:
    """Whether the open inside of the box meets the piece a-b (Liang and Barsky)."""
    low, high = 0.0, 1.0
    for at, move, near, far in ((a.x, b.x - a.x, box.x, box.right), (a.y, b.y - a.y, box.y, box.bottom)):
        near, far = near + 1e-6, far - 1e-6
        if abs(move) < 1e-12:
            if not near < at < far:
                return False
            continue
        first, last = sorted(((near - at) / move, (far - at) / move))
        low, high = max(low, first), min(high, last)
        if low >= high:
            return False
    return True


def nodes_hit(layout: Layout, paths: Iterable[EdgePath]) -> list[tuple[EdgePath, Rect]]:
    boxes = [*layout.steps.values(), *(s.rect for s in layout.sources),
             *(lane.rect for lane in layout.lanes if lane.folded)]
    return [(path, box) for path in paths for box in boxes
            if any(hits(a, b, box) for a, b in pairwise(flattened(path.points, RADIUS)))]


def path_to(paths: Iterable[EdgePath], step: StepId, kind: EdgeKind = COPY) -> EdgePath:
    return next(p for p in paths if p.edge.target == step and p.edge.kind is kind)


def test_the_hit_test_of_this_file_sees_a_line_through_a_node() -> None:
    box = Rect(10.0, 10.0, 20.0, 20.0)
    assert hits(Point(0.0, 15.0), Point(50.0, 15.0), box)
    assert hits(Point(0.0, 0.0), Point(40.0, 40.0), box)
    assert not hits(Point(0.0, 5.0), Point(50.0, 5.0), box)
    assert not hits(Point(30.0, 0.0), Point(30.0, 50.0), box)       # along its side
    assert not hits(Point(0.0, 15.0), Point(10.0, 15.0), box)       # ends at its side


def test_parent_lines_are_short_and_stand_in_the_icon_column(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, [("RUN a", []), ("RUN b", [])])]))
    lines = chain_lines(layout)[0]
    assert lines == ((Point(41.0, 90.0), Point(41.0, 102.0)), (Point(41.0, 142.0), Point(41.0, 154.0)))


def test_a_parent_line_passes_beside_a_source_node(build: Build) -> None:
    layout = layered_positions(build([(IMAGE, [("COPY", [(COPY, TOOL)])])]))
    [(a, b)] = chain_lines(layout)[0]
    assert b.y - a.y > layout.metrics.chip
    assert not any(hits(a, b, s.rect) for s in layout.sources)


def test_from_a_stage_starts_at_the_right_of_its_last_step_and_ends_at_the_left_of_from(build: Build) -> None:
    graph = build([(IMAGE, [("RUN a", [])]), (0, [])])
    layout = layered_positions(graph)
    [path] = edge_paths(graph, layout)
    last, first = layout.steps[StepId(0, 1)], layout.steps[StepId(1, 0)]
    assert path.edge.kind is PARENT
    assert path.points[0] == Point(last.right, last.y + 20.0)
    assert path.points[-1] == Point(first.x, first.y + 20.0)


def test_edges_begin_at_the_strip_of_a_needed_lane_that_is_folded(build: Build) -> None:
    graph = build([(IMAGE, [("RUN a", [])]), (0, [("RUN b", [])]), (IMAGE, [("COPY c", [(COPY, 0)])]), (0, [])], target=2)
    layout = layered_positions(graph, aside=frozenset({0}))
    strip = layout.lane(0)
    assert strip is not None and strip.folded
    ways = [path for path in edge_paths(graph, layout) if isinstance(path.edge.origin, StepId)]
    assert [(path.edge.origin, path.edge.target) for path in ways] == [(StepId(0, 1), StepId(2, 1))]
    start, end = ways[0].points[0], ways[0].points[-1]
    assert start.x == strip.rect.right and strip.rect.y < start.y < strip.rect.bottom
    assert end.x == layout.steps[StepId(2, 1)].x


def test_neighbours_at_one_height_are_joined_by_one_straight_line(build: Build) -> None:
    graph = build([(IMAGE, [("RUN a", [])]), (IMAGE, [("COPY", [(COPY, 0)])])])
    [path] = edge_paths(graph, layered_positions(graph))
    assert len(path.points) == 2


def test_a_long_edge_passes_the_lanes_between_without_touching_a_node(build: Build) -> None:
    body = [("RUN", []) for _ in range(6)]
    graph = build([(IMAGE, body), (IMAGE, [*body, ("COPY", [(COPY, 0)])]), (1, [*body[:3], ("COPY", [(COPY, 0)])])])
    layout = layered_positions(graph)
    paths = edge_paths(graph, layout)
    assert nodes_hit(layout, paths) == []
    long = path_to(paths, StepId(2, 4))
    assert long.points[-1].x == layout.steps[StepId(2, 4)].x


def test_edges_run_below_a_short_lane_rather_than_through_it(build: Build) -> None:
    body = [("RUN", []) for _ in range(6)]
    graph = build([(IMAGE, body), (0, []), (1, [*body, ("COPY", [(COPY, 0)])])])
    layout = layered_positions(graph)
    lane = layout.lane(1)
    assert lane is not None
    path = path_to(edge_paths(graph, layout), StepId(2, 7))
    passing = [p.y for p in path.points if lane.rect.x - 40 <= p.x <= lane.rect.right + 40]
    assert all(y > lane.rect.bottom for y in passing)


def test_edges_of_one_origin_share_their_vertical_line(build: Build) -> None:
    graph = build([(IMAGE, [("RUN", [])]), (IMAGE, [("RUN", []), ("RUN", []), ("COPY", [(COPY, 0)]),
                                                    ("COPY", [(COPY, 0)])])])
    one, other = edge_paths(graph, layered_positions(graph))
    assert one.points[1].x == other.points[1].x


def test_edges_of_different_origins_keep_apart(build: Build) -> None:
    body = [("RUN", []) for _ in range(5)]
    graph = build([(IMAGE, []), (IMAGE, body), (IMAGE, [*body, ("COPY", [(COPY, 0)]), ("COPY", [(COPY, 1)])])])
    layout = layered_positions(graph)
    last = layout.lane(2)
    assert last is not None
    verticals = {path.edge.origin: {a.x for a, b in pairwise(path.points) if a.x == b.x and a.x > last.rect.x - 44}
                 for path in edge_paths(graph, layout)}
    (first,), (second,) = verticals.values()
    assert abs(first - second) >= 4.0


def test_two_edges_into_one_step_arrive_at_two_ports(build: Build) -> None:
    graph = build([(IMAGE, []), (IMAGE, []), (IMAGE, [("RUN", [(MOUNT, 0), (MOUNT, 1)])])])
    ends = [path.points[-1].y for path in edge_paths(graph, layered_positions(graph))]
    assert len(ends) == 2 and abs(ends[0] - ends[1]) >= 6.0


def test_a_source_node_points_straight_down_at_its_step(build: Build) -> None:
    graph = build([(IMAGE, [("COPY", [(COPY, TOOL)])])])
    layout = layered_positions(graph)
    [path] = edge_paths(graph, layout)
    a, b = path.points
    assert a.x == b.x and b.y == layout.steps[StepId(0, 1)].y and a.y == layout.sources[0].rect.bottom


def test_edges_of_a_folded_lane_are_not_drawn(build: Build) -> None:
    graph = build([(IMAGE, []), (0, [("COPY", [(COPY, 0)])]), (0, [])])
    assert {p.edge.target.stage for p in edge_paths(graph, layered_positions(graph))} == {2}
    unfolded = layered_positions(graph, unfolded=frozenset({1}))
    assert {p.edge.target.stage for p in edge_paths(graph, unfolded)} == {1, 2}


def test_a_cycle_is_drawn_around_the_nodes(build: Build) -> None:
    graph = build([(IMAGE, [("COPY", [(COPY, 1)])]), (IMAGE, [("COPY", [(COPY, 0)])])])
    layout = layered_positions(graph)
    paths = edge_paths(graph, layout)
    assert len(paths) == 2
    assert nodes_hit(layout, paths) == []


def test_rounding_keeps_the_ends_and_takes_at_most_half_of_a_piece() -> None:
    points = (Point(0, 0), Point(10, 0), Point(10, 4), Point(30, 4))
    pieces = rounded(points, 9.0)
    assert pieces[0][0] == points[0] and pieces[-1][-1] == points[-1]
    assert next(p for p in pieces if len(p) == 3) == (Point(5, 0), Point(10, 0), Point(10, 2))
    assert all(a[-1] == b[0] for a, b in pairwise(pieces))


@st.composite
def graphs(draw: st.DrawFn, build: Build) -> tuple[BuildGraph, frozenset[int]]:
    count = draw(st.integers(2, 8))
    stages = []
    for number in range(count):
        others: list[int | Source] = [*range(number), IMAGE]
        if draw(st.integers(0, 9)) == 0:
            others += [s for s in range(count) if s != number]      # a later stage: maybe a cycle
        reads = st.lists(st.tuples(st.sampled_from([COPY, MOUNT]), st.sampled_from([*others, TOOL])), max_size=3)
        stages.append((draw(st.sampled_from([*range(number), IMAGE])),
                       [(f"RUN {i}", draw(reads)) for i in range(draw(st.integers(0, 8)))]))
    graph = build(stages, draw(st.integers(0, count - 1)), draw(st.integers(0, 2)))
    return graph, draw(st.frozensets(st.integers(-1, count - 1)))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), big=st.booleans())
def test_no_line_ever_runs_through_a_node(build: Build, data: st.DataObject, big: bool) -> None:
    graph, unfolded = data.draw(graphs(build))
    layout = layered_positions(graph, Metrics.of_node(300.0, 60.0) if big else Metrics(), unfolded)
    paths = edge_paths(graph, layout)
    assert nodes_hit(layout, paths) == []
    for path in paths:
        assert all(a.x == b.x or a.y == b.y for a, b in pairwise(path.points))
        assert path.points[-1].y <= layout.steps[path.edge.target].bottom
    for lines in chain_lines(layout).values():
        assert not any(hits(a, b, box) for a, b in lines for box in layout.steps.values())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 99))
def test_the_same_graph_gives_the_same_ways(build: Build, data: st.DataObject, seed: int) -> None:
    graph, unfolded = data.draw(graphs(build))
    edges = list(graph.edges)
    random.Random(seed).shuffle(edges)
    layout = layered_positions(graph, unfolded=unfolded)
    assert edge_paths(graph, layout) == edge_paths(replace(graph, edges=tuple(edges)), layout)
