"""Where does each step of a build graph stand on the canvas?

One lane per stage, left to right in order of first use by the target; rows packed from the top. What the target does
not need stands right of it, folded to a narrow strip until somebody unfolds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cachesim.graph.model import BuildGraph, EdgeKind, Source, SourceKind, StepId

__all__ = ["META", "Lane", "Layout", "Metrics", "Point", "Rect", "SourceNode", "lane_order", "layered_positions"]

META = -1       # "stage" of the ARGs before the first FROM
_CHIPS = (SourceKind.IMAGE, SourceKind.NAMED_CONTEXT)


class Point(NamedTuple):
    """Scene units (px at zoom 1), y down."""

    x: float
    y: float


class Rect(NamedTuple):
    """Top-left corner and size, in scene units."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def center(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)


@dataclass(frozen=True, slots=True)
class Metrics:
    """All distances of the graph, in scene units.

    Attributes:
        header: Height of a lane's name, above its first node.
        pad: How far a lane's ground reaches beyond its nodes.
        icon_x: Centre of the icon column, from the node's left; parent lines run there.
        chip: Height of the small node of an outside image.
        folded_height: Of a folded lane, its name written upright.
    """

    node_width: float = 190.0
    node_height: float = 40.0
    row_gap: float = 12.0
    lane_gap: float = 44.0
    folded_width: float = 44.0
    folded_height: float = 174.0
    header: float = 30.0
    pad: float = 8.0
    icon_x: float = 21.0
    chip: float = 22.0
    margin: float = 20.0

    @classmethod
    def of_node(cls, width: float, height: float) -> Metrics:
        """The distances that fit nodes of that size: they follow its height, those between lanes less so, for large nodes
        need the width for themselves."""
        k = height / 40.0
        less = k ** 0.5
        return cls(width, height, 12.0 * k, 44.0 * less, 44.0 * less, 174.0 * k, 30.0 * k, 8.0 * k, 21.0 * k, 22.0 * k,
                   20.0 * less)


@dataclass(frozen=True, slots=True)
class Lane:
    """The column of one stage. `rect` spans its name and all its nodes (no padding); a folded lane places no steps."""

    stage: int
    rect: Rect
    steps: tuple[StepId, ...]
    folded: bool
    needed: bool

    @property
    def foldable(self) -> bool:
        return self.folded or not self.needed


@dataclass(frozen=True, slots=True)
class SourceNode:
    """A small node for bytes from outside (COPY --from=IMAGE), just above the step that reads them."""

    source: Source
    step: StepId
    kind: EdgeKind
    rect: Rect


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that has a place. `steps` lacks those of folded lanes."""

    metrics: Metrics
    lanes: tuple[Lane, ...]
    steps: Mapping[StepId, Rect]
    sources: tuple[SourceNode, ...]
    width: float
    height: float

    def lane(self, stage: int) -> Lane | None:
        """The lane of a stage, or None."""
        return next((lane for lane in self.lanes if lane.stage == stage), None)


def layered_positions(graph: BuildGraph, metrics: Metrics | None = None,
                      unfolded: frozenset[int] = frozenset(), aside: frozenset[int] = frozenset()) -> Layout:
    """Place the steps in lanes, parents above children.

    Args:
        unfolded: Stages (META too) that are shown in full although the target does not need them.
        aside: Stages that are folded although the target needs them.
    Returns:
        The same for the same input, whatever the hash seed.
    """
    m = metrics or Metrics()
    chips = _chips(graph)
    lanes: list[Lane] = []
    steps: dict[StepId, Rect] = {}
    sources: list[SourceNode] = []
    x, height = m.margin, 0.0
    members = {stage.index: tuple(step.id for step in stage.steps) for stage in graph.stages}
    members[META] = tuple(step.id for step in graph.meta)
    for number, (stage, needed) in enumerate(lane_order(graph)):
        x += m.lane_gap if number else 0.0
        folded = stage in aside or (not needed and stage not in unfolded)
        width = m.folded_width if folded else m.node_width
        y = m.margin + m.header
        if folded:
            bottom = m.margin + m.folded_height
        else:
            for step in members[stage]:
                if step in chips:
                    sources += _chip_row(chips[step], step, x, y, m)
                    y += m.chip + m.row_gap
                steps[step] = Rect(x, y, m.node_width, m.node_height)
                y += m.node_height + m.row_gap
            bottom = max(y - m.row_gap, m.margin + m.header)
        lanes.append(Lane(stage, Rect(x, m.margin, width, bottom - m.margin), members[stage], folded, needed))
        x, height = x + width, max(height, bottom)
    return Layout(m, tuple(lanes), steps, tuple(sources), x + m.margin, height + m.margin)


def lane_order(graph: BuildGraph) -> list[tuple[int, bool]]:
    """Stages from left to right and whether the target needs them.

    ARGs before the first FROM come first, then the needed stages in order of first use (a stage always stands right of
    what it reads), then the others in file order as far as that rule allows.
    """
    inputs = _stage_inputs(graph)
    needed = [s.index for s in graph.stages if s.reachable]
    roots = ([graph.target] if graph.target in needed else []) + needed
    order = _first_use(roots, {s: [i for i in inputs[s] if i in set(needed)] for s in needed})
    rest = _first_use([s.index for s in graph.stages if not s.reachable], inputs, seen=set(order))
    return [(META, False)] * bool(graph.meta) + [(s, True) for s in order] + [(s, False) for s in rest]


def _stage_inputs(graph: BuildGraph) -> dict[int, list[int]]:
    """Per stage the other stages it reads, in order of its steps."""
    found: dict[int, list[tuple[StepId, int]]] = {stage.index: [] for stage in graph.stages}
    for edge in graph.edges:
        if isinstance(edge.origin, StepId) and edge.origin.stage != edge.target.stage and edge.target.stage in found:
            found[edge.target.stage].append((edge.target, edge.origin.stage))
    return {stage: list(dict.fromkeys(origin for _, origin in sorted(reads) if origin in found))
            for stage, reads in found.items()}


def _first_use(roots: list[int], inputs: Mapping[int, list[int]], seen: set[int] | None = None) -> list[int]:
    """Depth-first, inputs before their reader; a cycle (which the engine refuses) is cut at its first stage."""
    done, order = set(seen or ()), []
    for root in roots:
        stack = [(root, iter(inputs[root]))] if root not in done else []
        done.add(root)
        while stack:
            stage, rest = stack[-1]
            following = next((i for i in rest if i not in done), None)
            if following is None:
                order.append(stage)
                stack.pop()
            else:
                done.add(following)
                stack.append((following, iter(inputs[following])))
    return order


def _chips(graph: BuildGraph) -> dict[StepId, list[tuple[Source, EdgeKind]]]:
    """Images and named contexts that single steps read; the base of a FROM needs no node of its own."""
    found: dict[StepId, list[tuple[Source, EdgeKind]]] = {}
    for edge in graph.edges:
        if (isinstance(edge.origin, Source) and edge.origin.kind in _CHIPS
                and edge.kind in (EdgeKind.COPY_FROM, EdgeKind.MOUNT)):
            row = found.setdefault(edge.target, [])
            if all(source != edge.origin for source, _ in row):
                row.append((edge.origin, edge.kind))
    return found


def _chip_row(chips: list[tuple[Source, EdgeKind]], step: StepId, x: float, y: float, m: Metrics) -> list[SourceNode]:
    """Side by side, right of the icon column so that the parent line passes."""
    left, gap = x + 2 * m.icon_x - m.pad, m.pad / 2
    width = (x + m.node_width - left - gap * (len(chips) - 1)) / len(chips)
    return [SourceNode(source, step, kind, Rect(left + i * (width + gap), y, width, m.chip))
            for i, (source, kind) in enumerate(chips)]
