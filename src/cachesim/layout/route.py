"""Which way does an edge take from step to step, without a line through a node?

Edges leave a node at its right side, run up or down in the corridors between lanes, pass a lane in a gap between two
rows or below its last one, and arrive at the left side. Edges of one origin share their way as far as it goes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cachesim.graph.model import BuildGraph, Edge, EdgeKind, StepId
from cachesim.layout.layered import Lane, Layout, Point, Rect

__all__ = ["EdgePath", "chain_lines", "edge_paths", "flattened", "rounded"]

_Net = tuple[StepId, EdgeKind]
_THROUGH = 40.0     # what passing between two rows of a lane costs, in scene units of detour
_BEND = 12.0        # what a change of height costs
_SHARED = 24.0      # what staying with an edge of the same origin earns
_ORDER = {EdgeKind.PARENT: 0, EdgeKind.COPY_FROM: 1, EdgeKind.MOUNT: 2, EdgeKind.CONTEXT: 3}


@dataclass(frozen=True, slots=True)
class EdgePath:
    """The way of an edge, horizontal and vertical pieces only; the arrow is at the last point."""

    edge: Edge
    points: tuple[Point, ...]


@dataclass(slots=True)
class _Plan:
    """One edge while it is being routed.

    Attributes:
        corridors: Numbers of the corridors it runs in, in order; corridor k is right of lane k.
        heights: Its height when it leaves each of them (the last: its height at the target).
    """

    edge: Edge
    start: Point
    end: Point
    corridors: list[int]
    heights: list[float] = field(default_factory=list)

    @property
    def net(self) -> _Net:
        assert isinstance(self.edge.origin, StepId)
        return (self.edge.origin, self.edge.kind)

    def runs(self) -> Iterable[tuple[int, float, float]]:
        """Per corridor: its number, the height on entering it and the height on leaving it."""
        y = self.start.y
        for corridor, leave in zip(self.corridors, self.heights, strict=True):
            yield corridor, y, leave
            y = leave


class _Gaps:
    """At which heights may an edge pass a lane?"""

    def __init__(self, lane: Lane, layout: Layout, obstacles: Sequence[Rect]) -> None:
        half = layout.metrics.row_gap / 2
        tops = sorted((r.y, r.bottom) for r in obstacles) or [(lane.rect.y, lane.rect.bottom)]
        self.middles = [tops[0][0] - half] + [(a + b) / 2 for (_, a), (b, _) in pairwise(tops) if b > a]
        self.below = max(bottom for _, bottom in tops) + half

    def nearest(self, y: float) -> float:
        """The free height closest to `y`; below the last row everything is free."""
        if y >= self.below:
            return y
        at = bisect_left(self.middles, y)
        around = [*self.middles[max(at - 1, 0):at + 1], self.below]
        return min(around, key=lambda middle: (abs(middle - y), middle))


def chain_lines(layout: Layout) -> dict[int, tuple[tuple[Point, Point], ...]]:
    """Per lane the short vertical lines between consecutive steps, in the icon column."""
    result: dict[int, tuple[tuple[Point, Point], ...]] = {}
    for lane in layout.lanes:
        rects = [layout.steps[s] for s in lane.steps if s in layout.steps]
        x = lane.rect.x + layout.metrics.icon_x
        if lane.stage >= 0:     # ARGs before the first FROM are no chain
            result[lane.stage] = tuple((Point(x, a.bottom), Point(x, b.y)) for a, b in pairwise(rects))
    return result


def edge_paths(graph: BuildGraph, layout: Layout) -> tuple[EdgePath, ...]:
    """Route all edges that are drawn as lines of their own: between lanes, and from small source nodes down to a step.

    Edges inside a lane are `chain_lines`; those of lanes that the target does not need, while folded, and of the build context
    are not drawn.
    """
    plans = _plans(graph, layout)
    _choose_heights(plans, layout)
    _spread_heights(plans, layout)
    tracks = _tracks(plans, layout)
    return (*(EdgePath(plan.edge, _points(plan, tracks)) for plan in plans), *_chip_edges(layout))


def rounded(points: Sequence[Point], radius: float) -> list[tuple[Point, ...]]:
    """The way as drawn: pieces of 2 points (a line) or 3 (a quadratic curve: from, corner, to)."""
    pieces: list[tuple[Point, ...]] = []
    at = points[0]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        pieces += [(at, enter), (enter, corner, leave)]
        at = leave
    return [*pieces, (at, points[-1])]


def flattened(points: Sequence[Point], radius: float, steps: int = 6) -> list[Point]:
    """The way as drawn, as short straight lines."""
    result = [points[0]]
    for piece in rounded(points, radius):
        if len(piece) == 3:
            a, b, c = piece
            for i in range(1, steps):
                t = i / steps
                u = 1 - t
                result.append(Point(u * u * a.x + 2 * u * t * b.x + t * t * c.x,
                                    u * u * a.y + 2 * u * t * b.y + t * t * c.y))
        result.append(piece[-1])
    return result


def _toward(corner: Point, other: Point, radius: float) -> Point:
    """From the corner towards the other end of its piece, at most half of the way."""
    length = abs(other.x - corner.x) + abs(other.y - corner.y)
    if length == 0:
        return corner
    share = min(radius, length / 2) / length
    return Point(corner.x + (other.x - corner.x) * share, corner.y + (other.y - corner.y) * share)


def _plans(graph: BuildGraph, layout: Layout) -> list[_Plan]:
    """The edges between lanes with their ports: several at one node spread over its side."""
    number = {lane.stage: i for i, lane in enumerate(layout.lanes)}
    places = dict(layout.steps)
    places |= {step: lane.rect for lane in layout.lanes if lane.folded and lane.needed for step in lane.steps}

    def between_lanes(edge: Edge) -> bool:
        return (isinstance(edge.origin, StepId) and edge.origin.stage != edge.target.stage
                and edge.origin in places and edge.target in places and edge.kind is not EdgeKind.CONTEXT)

    def key(edge: Edge) -> tuple[int, StepId, int, StepId, int]:
        assert isinstance(edge.origin, StepId)
        return (number[edge.target.stage], edge.target, number[edge.origin.stage], edge.origin, _ORDER[edge.kind])
    edges = sorted({e for e in graph.edges if between_lanes(e)}, key=key)
    out: dict[StepId, list[EdgeKind]] = {}
    into: dict[StepId, list[Edge]] = {}
    for edge in edges:
        assert isinstance(edge.origin, StepId)
        kinds = out.setdefault(edge.origin, [])
        if edge.kind not in kinds:
            kinds.append(edge.kind)
        into.setdefault(edge.target, []).append(edge)
    plans = []
    for edge in edges:
        assert isinstance(edge.origin, StepId)
        here, there = places[edge.origin], places[edge.target]
        kinds, ins = sorted(out[edge.origin], key=_ORDER.__getitem__), into[edge.target]
        first, last = number[edge.origin.stage], number[edge.target.stage] - 1
        corridors = list(range(first, last + 1)) if last >= first else list(range(first, last - 1, -1))
        plans.append(_Plan(edge, Point(here.right, _port(here, kinds.index(edge.kind), len(kinds))),
                           Point(there.x, _port(there, ins.index(edge), len(ins))), corridors))
    return plans


def _port(rect: Rect, index: int, count: int) -> float:
    step = min(8.0, (rect.height - 12.0) / max(count - 1, 1))
    return rect.y + rect.height / 2 + (index - (count - 1) / 2) * step


def _obstacles(layout: Layout) -> list[list[Rect]]:
    """Per lane everything an edge must not touch."""
    rects = {lane.stage: [layout.steps[s] for s in lane.steps if s in layout.steps] for lane in layout.lanes}
    for node in layout.sources:
        rects[node.step.stage].append(node.rect)
    return [_rows(rects[lane.stage]) or [lane.rect] for lane in layout.lanes]


def _rows(rects: list[Rect]) -> list[Rect]:
    """One rectangle per row (small source nodes stand side by side)."""
    by_top = {r.y: r for r in rects}
    return [by_top[y] for y in sorted(by_top)]


def _choose_heights(plans: list[_Plan], layout: Layout) -> None:
    """Decide where each edge passes the lanes between its ends: little detour, rather below a lane than through it."""
    obstacles = _obstacles(layout)
    gaps = [_Gaps(lane, layout, rects) for lane, rects in zip(layout.lanes, obstacles, strict=True)]
    half = (layout.metrics.node_height + layout.metrics.row_gap) / 2
    used: dict[_Net, list[float]] = {}
    for plan in plans:
        forward = plan.corridors[-1] >= plan.corridors[0]
        passed = plan.corridors[1:] if forward else plan.corridors[:-1]   # lane k is left of corridor k
        if not passed:
            plan.heights = [plan.end.y]
            continue
        shared = used.setdefault(plan.net, [])
        wishes = [plan.start.y + half, plan.start.y - half, plan.end.y - half, plan.end.y + half, *shared[-8:],
                  max(gaps[lane].below for lane in passed)]
        best: tuple[float, list[float]] | None = None
        for wish in wishes:
            heights = _walk(wish, [gaps[lane] for lane in passed])
            cost = _cost(plan, heights, [gaps[lane] for lane in passed])
            cost -= _SHARED * sum(y in shared for y in heights)
            if best is None or cost < best[0]:
                best = (cost, heights)
        assert best is not None
        plan.heights = [*best[1], plan.end.y]
        shared += [y for y in best[1] if y not in shared]


def _walk(wish: float, gaps: list[_Gaps]) -> list[float]:
    heights = []
    for gap in gaps:
        wish = gap.nearest(wish)
        heights.append(wish)
    return heights


def _cost(plan: _Plan, heights: list[float], gaps: list[_Gaps]) -> float:
    way = [plan.start.y, *heights, plan.end.y]
    return (sum(abs(b - a) + (_BEND if a != b else 0.0) for a, b in pairwise(way))
            + _THROUGH * sum(y < gap.below for y, gap in zip(heights, gaps, strict=True)))


def _spread_heights(plans: list[_Plan], layout: Layout) -> None:
    """Edges of different origins that pass at one height get lines of their own beside each other."""
    users: dict[float, list[_Net]] = {}
    for plan in plans:
        for y in plan.heights[:-1]:
            nets = users.setdefault(y, [])
            if plan.net not in nets:
                nets.append(plan.net)
    room = layout.metrics.row_gap - 4.0
    for plan in plans:
        for i, y in enumerate(plan.heights[:-1]):
            nets = users[y]
            step = min(3.5, room / max(len(nets) - 1, 1))
            plan.heights[i] = y + (nets.index(plan.net) - (len(nets) - 1) / 2) * step


def _tracks(plans: list[_Plan], layout: Layout) -> dict[tuple[int, _Net], float]:
    """The x of each origin's vertical line in each corridor."""
    found: dict[int, dict[_Net, list[tuple[float, float]]]] = {}
    for plan in plans:
        for corridor, enter, leave in plan.runs():
            found.setdefault(corridor, {}).setdefault(plan.net, []).append((enter, leave))
    result: dict[tuple[int, _Net], float] = {}
    for corridor, nets in found.items():
        columns = _columns(nets)
        left, right = _corridor(corridor, layout)
        count = max(columns.values(), default=0) + 1
        step = min(8.0, (right - left) / max(count - 1, 1))
        first = (left + right - step * (count - 1)) / 2
        for net, column in columns.items():
            result[corridor, net] = first + column * step
    return result


def _corridor(number: int, layout: Layout) -> tuple[float, float]:
    """Where vertical lines may run right of a lane: clear of its nodes, with room for the arrow on the other side."""
    gap, lanes = layout.metrics.lane_gap, layout.lanes
    left = lanes[number].rect.right if number >= 0 else lanes[0].rect.x - gap
    return left + 0.22 * gap, left + 0.66 * gap


def _columns(nets: Mapping[_Net, list[tuple[float, float]]]) -> dict[_Net, int]:
    """Number the vertical lines of a corridor from the left so that few of them cross; too many share columns."""
    moving = {net: runs for net, runs in nets.items() if any(a != b for a, b in runs)}
    order = sorted(moving, key=lambda net: (min(a for a, _ in moving[net]), net[0], _ORDER[net[1]]))
    for _ in range(len(order) if len(order) <= 24 else 0):
        swapped = False
        for i in range(len(order) - 1):
            a, b = order[i], order[i + 1]
            if _crossings(moving[b], moving[a]) < _crossings(moving[a], moving[b]):
                order[i], order[i + 1], swapped = b, a, True
        if not swapped:
            break
    if len(order) <= 6:
        return {net: i for i, net in enumerate(order)}
    ends: list[list[tuple[float, float]]] = []
    columns: dict[_Net, int] = {}
    for net in order:
        low, high = _span(moving[net])
        column = next((i for i, taken in enumerate(ends) if all(high < a or b < low for a, b in taken)), len(ends))
        if column == len(ends):
            ends.append([])
        ends[column].append((low, high))
        columns[net] = column
    return columns


def _span(runs: list[tuple[float, float]]) -> tuple[float, float]:
    heights = [y for run in runs for y in run]
    return min(heights), max(heights)


def _crossings(left: list[tuple[float, float]], right: list[tuple[float, float]]) -> float:
    """How many crossings there are with `left` standing left of `right`; lines on top of each other count tenfold."""
    (low, high), (low2, high2) = _span(left), _span(right)
    total = 0.0
    total += sum(low2 <= y <= high2 for y in {leave for _, leave in left})
    total += sum(low <= y <= high for y in {enter for enter, _ in right})
    total += 10.0 * len({leave for _, leave in left} & {enter for enter, _ in right})
    return total


def _points(plan: _Plan, tracks: Mapping[tuple[int, _Net], float]) -> tuple[Point, ...]:
    points = [plan.start]
    for corridor, enter, leave in plan.runs():
        if enter != leave:
            x = tracks[corridor, plan.net]
            points += [Point(x, enter), Point(x, leave)]
    return (*points, plan.end)


def _chip_edges(layout: Layout) -> list[EdgePath]:
    """Straight down from a small source node to its step."""
    return [EdgePath(Edge(node.kind, node.source, node.step),
                     (Point(node.rect.center.x, node.rect.bottom),
                      Point(node.rect.center.x, layout.steps[node.step].y))) for node in layout.sources]
