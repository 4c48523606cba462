"""Which step does a key of the graph lead to?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt

from cachesim.app.dag.scene import DagScene
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.layout.walk import Direction, walk

__all__ = ["WAYS", "next_miss", "start"]


def start(dag: DagScene) -> StepId | None:
    """Where one begins: at the first miss, else at the first step."""
    first = dag.report.first_miss if dag.report is not None else None
    return first.id if first is not None else _first(dag)


def next_miss(dag: DagScene, back: bool = False) -> StepId | None:
    """The next (or previous) step that runs or fails, around the end; None if there is none."""
    place = {step: i for i, step in enumerate(dag.order)}
    steps = dag.report.steps if dag.report is not None else ()
    found = sorted((s.id for s in steps if s.id in place and (s.runs or s.outcome is Outcome.FAILED)), key=place.__getitem__)
    here = place.get(dag.current, -1) if dag.current is not None else -1
    if back:
        return next((s for s in reversed(found) if place[s] < here), found[-1] if found else None)
    return next((s for s in found if place[s] > here), found[0] if found else None)


def _along(dag: DagScene, direction: Direction) -> StepId | None:
    """The neighbour along an edge; the first step where one is nowhere yet."""
    if dag.report is None or dag.current is None or dag.layout.lane(dag.current.stage) is None:
        return _first(dag)
    return walk(dag.report.graph, dag.layout, dag.current, direction)


def _first(dag: DagScene) -> StepId | None:
    return dag.order[0] if dag.order else None


def _last(dag: DagScene) -> StepId | None:
    """The end of the build: the last step of the target, where there is one."""
    target = dag.report.graph.target if dag.report is not None else -1
    mine = [s for s in dag.order if s.stage == target >= 0] or dag.order
    return mine[-1] if mine else None


WAYS: dict[Qt.Key, Callable[[DagScene], StepId | None]] = {
    Qt.Key.Key_Up: partial(_along, direction=Direction.UP), Qt.Key.Key_Down: partial(_along, direction=Direction.DOWN),
    Qt.Key.Key_Left: partial(_along, direction=Direction.LEFT), Qt.Key.Key_Right: partial(_along, direction=Direction.RIGHT),
    Qt.Key.Key_Home: _first, Qt.Key.Key_End: _last}
