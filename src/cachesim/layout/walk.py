"""Which step does an arrow key lead to?

Up and down follow a stage and its base, left and right the edges between stages; where there is no edge, the nearest
step of the next lane, so that every step can be reached.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from cachesim.graph.model import BuildGraph, Edge, EdgeKind, StepId
from cachesim.layout.layered import Lane, Layout

__all__ = ["Direction", "walk"]


class Direction(enum.Enum):
    """An arrow key."""

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"


def walk(graph: BuildGraph, layout: Layout, step: StepId, direction: Direction) -> StepId | None:
    """The step that lies that way, or None at the edge of the graph."""
    lane = layout.lane(step.stage)
    if lane is None:
        return None
    if direction in (Direction.UP, Direction.DOWN):
        return _along(graph, layout, lane, step, direction)
    number = layout.lanes.index(lane)
    if direction is Direction.LEFT:
        inputs = [e.origin for e in _crossing(graph.edges) if e.target == step and isinstance(e.origin, StepId)]
        return inputs[0] if inputs else _nearest(layout, number - 1, step)
    readers = [e.target for e in _crossing(graph.edges) if e.origin == step]
    place = {lane.stage: i for i, lane in enumerate(layout.lanes)}
    readers.sort(key=lambda other: (place.get(other.stage, 0), other))
    return readers[0] if readers else _nearest(layout, number + 1, step)


def _along(graph: BuildGraph, layout: Layout, lane: Lane, step: StepId, direction: Direction) -> StepId | None:
    at = lane.steps.index(step) + (1 if direction is Direction.DOWN else -1)
    if 0 <= at < len(lane.steps) and not lane.folded:
        return lane.steps[at]
    bases = [e for e in _crossing(graph.edges) if e.kind is EdgeKind.PARENT]
    if direction is Direction.UP:
        return next((e.origin for e in bases if e.target.stage == step.stage and isinstance(e.origin, StepId)), None)
    return next((e.target for e in bases if e.origin == lane.steps[-1]), None)


def _crossing(edges: Iterable[Edge]) -> list[Edge]:
    """Edges from stage to stage."""
    return [e for e in edges if isinstance(e.origin, StepId) and e.origin.stage != e.target.stage]


def _nearest(layout: Layout, number: int, step: StepId) -> StepId | None:
    if not 0 <= number < len(layout.lanes):
        return None
    lane = layout.lanes[number]
    here = layout.steps.get(step)
    if lane.folded or here is None:
        return lane.steps[0] if lane.steps else None
    return min(lane.steps, key=lambda s: (abs(layout.steps[s].y - here.y), s), default=None)
