"""Which items does the graph of a report consist of, and what changes from one report to the next?

The same structure keeps all items and their places: only texts and verdicts change. Another one adds, moves and removes
items; those that stay are the same objects.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsSceneHelpEvent

from cachesim.app.dag.canvas import Canvas, Level
from cachesim.app.dag.edge_item import EdgeItem
from cachesim.app.dag.lane_item import LaneItem, LaneText, SourceItem
from cachesim.app.dag.step_item import Badge, StepItem
from cachesim.app.dag.verdicts import Verdict, Verdicts
from cachesim.app.dag.words import stage_name
from cachesim.app.theme import Theme
from cachesim.engines.base import Outcome
from cachesim.graph.model import BuildGraph, Edge, EdgeKind, Source, SourceKind, Step, StepId
from cachesim.layout.layered import Layout, layered_positions
from cachesim.layout.room import lanes_put_aside, node_width
from cachesim.layout.route import chain_lines, edge_paths
from cachesim.simulate.report import SimulationReport

__all__ = ["DagScene"]

_EMPTY = BuildGraph((), (), -1, (), (), {}, None, ())
_FIRST, _FIRST_PRESENTING = 0.85, 0.9
_QUIET = frozenset({Outcome.HIT, Outcome.CONFIG_ONLY, Outcome.NOT_NEEDED, Outcome.UNREACHED})
_Net = tuple[StepId | Source, EdgeKind]
_Key = TypeVar("_Key")
_Item = TypeVar("_Item", bound=QGraphicsItem)


class DagScene(QGraphicsScene):
    """The picture of one report; knows nothing of zoom, keys and workbench."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.canvas = Canvas(theme)
        self.steps: dict[StepId, StepItem] = {}
        self.lanes: dict[int, LaneItem] = {}
        self.edges: dict[_Net, EdgeItem] = {}
        self.sources: dict[tuple[StepId, Source], SourceItem] = {}
        self.report: SimulationReport | None = None
        self.verdicts = Verdicts()
        self.unfolded: frozenset[int] = frozenset()
        self._aside: frozenset[int] = frozenset()       # lanes folded for want of room, see `_put_aside`
        self._opened: frozenset[int] = frozenset()      # those of them that somebody opened again
        self.current: StepId | None = None
        self._marked: tuple[StepId | None, ...] = ()    # the current one and its cause, as the nodes show it
        self._stronger: tuple[StepId | None, ...] | None = None     # the steps whose edges are; None: edges are new
        self._hovered: StepId | None = None
        self._shape: object = None
        self._room = 0.0
        self._outcomes: dict[StepId, Outcome] = {}
        self._pending: dict[StepId, Verdict] = {}
        self._running: frozenset[StepId] = frozenset()
        self._badges: Mapping[StepId, Badge] = {}
        self._incoming: dict[StepId, list[Edge]] = {}
        self._outgoing: dict[StepId, list[Edge]] = {}
        self.layout = layered_positions(_EMPTY, self.canvas.metrics)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.BspTreeIndex)

    # -- the report ---------------------------------------------------------------------------------------------

    def show_report(self, report: SimulationReport, *, settle: bool = True) -> bool:
        """Show another report; its verdicts wait in `pending` until switched. True if items came, went or moved.

        Args:
            settle: Let lanes fold and unfold for it; not while something hangs over them.
        """
        self.report = report
        shape = _shape_of(report.graph)
        moved = shape != self._shape or (settle and self._put_aside() != self._aside)
        if moved:
            self._shape = shape
            self._arrange()
        else:
            for said in report.steps:       # what they read from outside follows from the edges, which are the same
                node = self.steps.get(said.id)
                if node is not None and node.step is not said.step:
                    node.show_step(said.step, node.mark)
        self._outcomes = {step.id: step.outcome for step in report.steps}
        self._pending = {}
        for step, verdict in self.verdicts.of(report, self.steps, self.canvas.theme):
            item = self.steps[step]
            item.tell = verdict.sentence
            if item.look is not verdict.look or item.said != verdict.said or item.outcome is not verdict.outcome:
                self._pending[step] = verdict
        return moved

    @property
    def pending(self) -> tuple[StepId, ...]:
        """Steps whose verdict changed and is not shown yet, in the order in which their keys are computed."""
        return tuple(step for step in self.order if step in self._pending)

    def changed_looks(self) -> tuple[StepId, ...]:
        """Those of `pending` that will look different and already looked like something."""
        return tuple(step for step in self.pending
                     if (was := self.steps[step].look) is not None and was is not self._pending[step].look)

    def switch(self, steps: Iterable[StepId] | None = None) -> None:
        """Show the pending verdicts of these steps (default: all)."""
        for step in self.pending if steps is None else tuple(steps):
            verdict = self._pending.pop(step, None)
            item = self.steps.get(step)
            if verdict is not None and item is not None:
                item.outcome = verdict.outcome
                item.show_verdict(verdict.look, verdict.said, verdict.words)

    def outcome(self, step: StepId) -> Outcome | None:
        """The verdict of the shown report (also of a step whose lane is folded)."""
        return self._outcomes.get(step)

    def helpEvent(self, event: QGraphicsSceneHelpEvent) -> None:
        """Have the tip ready when Qt asks for it: at each key the sentences of most steps are others, and nobody reads them."""
        for item in self.items(event.scenePos()):
            if isinstance(item, StepItem):
                item.setToolTip(item.tip)
        super().helpEvent(event)

    # -- order and edges ----------------------------------------------------------------------------------------

    @property
    def order(self) -> tuple[StepId, ...]:
        """All steps, lane by lane from left to right, top to bottom."""
        return tuple(step for lane in self.layout.lanes for step in lane.steps)

    def inputs(self, step: StepId) -> list[Edge]:
        """Edges from other stages into a step."""
        return self._incoming.get(step, [])

    def readers(self, step: StepId) -> list[Edge]:
        """Edges from a step into other stages."""
        return self._outgoing.get(step, [])

    # -- what else is shown -------------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take other colours or sizes."""
        plain = self.canvas.plain
        self.canvas.set_theme(theme)
        if self.report is not None:
            if not theme.sizes.presenting:
                self._opened = frozenset()
            if plain != self.canvas.plain or self._put_aside() != self._aside:
                self._arrange()
            for item in self.steps.values():
                item.refresh()
            self._pending = dict(self.verdicts.of(self.report, self.steps, theme))
            self.switch()
        self.update()

    def set_room(self, room: float) -> bool:
        """Let nodes grow into that width (px at 100 %), so that fewer words are cut off. True if anything moved."""
        self._room = room
        if self.report is not None and self._put_aside() != self._aside:
            self._rearrange()
            return True
        moved = self.report is not None and self._node_width() != self.canvas.metrics.node_width
        if moved:
            self._arrange()
        return moved

    def set_zoom(self, zoom: float, ratio: float) -> None:
        """Say how large the picture is on screen."""
        self.canvas.set_zoom(zoom, ratio)

    def set_unfolded(self, stages: frozenset[int]) -> None:
        """Show these stages in full although the target does not need them."""
        if stages != self.unfolded:
            self.unfolded = stages
            self._rearrange()

    def open_lane(self, stage: int) -> None:
        """Show a lane in full that was folded for want of room."""
        self._opened |= {stage}
        self._rearrange()

    def _rearrange(self) -> None:
        if self.report is not None:
            self._arrange()
            self.show_report(self.report)
            self.switch()

    def set_current(self, step: StepId | None, *, settle: bool = True) -> bool:
        """Put the focus ring there; its edges are stronger, its cause is marked. True if a lane unfolded for it."""
        self.current = step
        moved = settle and self.report is not None and self._put_aside() != self._aside
        if moved:
            self._rearrange()
        self._show_current()
        return moved

    def set_hovered(self, step: StepId | None) -> None:
        """The pointer is over a step: its edges are stronger too."""
        if step != self._hovered:
            self._hovered = step
            self._emphasise()

    def set_running(self, steps: frozenset[StepId]) -> None:
        """Show a running bar on these."""
        for step in steps ^ self._running:
            if step in self.steps:
                self.steps[step].show_state(running=step in steps)
        self._running = steps

    @property
    def running(self) -> frozenset[StepId]:
        return self._running

    def set_badges(self, badges: Mapping[StepId, Badge]) -> None:
        """Show what the real engine did; steps that are not named have no badge."""
        self._badges = dict(badges)
        for step, item in self.steps.items():
            item.show_badge(self._badges.get(step))

    def badge(self, step: StepId) -> Badge | None:
        """What the real engine did of a step."""
        return self._badges.get(step)

    def set_glow(self, step: StepId, share: float) -> None:
        """Let a step glow, 0 to 1."""
        if step in self.steps:
            self.steps[step].show_state(glow=share)

    def lane_at(self, where: QPointF) -> LaneItem | None:
        """The lane that a click there folds or unfolds."""
        return next((lane for lane in self.lanes.values() if lane.folds_at(where)), None)

    def rect_of(self, step: StepId) -> QRectF | None:
        """Where a step is seen: its node, or the strip of its folded lane."""
        if step in self.steps:
            return self.steps[step].rect
        lane = self.layout.lane(step.stage)
        return None if lane is None else QRectF(*lane.rect)

    @contextmanager
    def as_drawing(self) -> Iterator[None]:
        """While this lasts all is drawn in full, from outlines, at its own width, and without what belongs to the window."""
        canvas, current, hovered = self.canvas, self.current, self._hovered
        level, glowing = canvas.level, {s: item.glow for s, item in self.steps.items() if item.glow}
        self._hovered = None
        self.set_current(None, settle=False)
        for step in glowing:
            self.set_glow(step, 0.0)
        canvas.vector, canvas.level = True, Level.FULL
        room = self._room
        self.set_room(math.inf)         # a file does not depend on how wide the window is
        try:
            yield
        finally:
            canvas.vector, canvas.level = False, level
            self.set_room(room)
            self._hovered = hovered
            self.set_current(current, settle=False)
            for step, glow in glowing.items():
                self.set_glow(step, glow)

    def describe(self) -> str:
        """The picture as text: per node id, rounded rectangle and outcome; folded lanes by name."""
        lines = []
        for lane in self.layout.lanes:
            if lane.folded:
                lines.append(f"lane {lane.stage} folded {_rounded(QRectF(*lane.rect))}")
            for step in lane.steps if not lane.folded else ():
                item = self.steps[step]
                marks = ["current"] * item.current + ["running"] * item.running
                marks += [item.badge.name.lower()] if item.badge is not None else []
                lines.append(" ".join([f"{step.stage}.{step.index}", _rounded(item.rect), item.outcome.value, *marks]))
        return "\n".join(lines)

    # -- items --------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Make items and places fit the report's structure."""
        assert self.report is not None
        graph = self.report.graph
        self._aside = self._put_aside()
        self.layout = layered_positions(graph, self.canvas.metrics, self.unfolded, self._aside)
        if (width := self._node_width()) != self.canvas.metrics.node_width:
            self.canvas.widen(width)
            self.layout = layered_positions(graph, self.canvas.metrics, self.unfolded, self._aside)
        self._link(graph)
        self._arrange_lanes(graph)
        self._arrange_steps(graph)
        self._arrange_sources()
        self._arrange_edges(graph)
        self.setSceneRect(0.0, 0.0, self.layout.width, self.layout.height)
        self._show_current()

    def _put_aside(self) -> frozenset[int]:
        """Lanes that fold to strips in a presentation, where not all have room: those in which all is cached; not where the
        selected step is."""
        if self.report is None or not self.canvas.theme.sizes.presenting or not 0 < self._room < math.inf:
            return frozenset()
        kept = self._opened | {step.id.stage for step in self.report.steps if step.outcome not in _QUIET}
        if self.current is not None:
            kept |= {self.current.stage}
        return lanes_put_aside(self.report.graph, self.canvas.plain, self._room / self.smallest, self.unfolded, kept)

    def _node_width(self) -> float:
        """How wide the nodes of the present lanes can be, seen at a zoom of no less than the smallest."""
        return node_width(self.layout, self.canvas.plain.node_width, self._room, self._room / self.smallest)

    @property
    def smallest(self) -> float:
        """The smallest zoom of a first look: below it, scrolling is better than squinting."""
        return _FIRST_PRESENTING if self.canvas.theme.sizes.presenting else _FIRST

    def _link(self, graph: BuildGraph) -> None:
        self._incoming, self._outgoing = {}, {}
        for edge in graph.edges:
            if isinstance(edge.origin, StepId) and edge.origin.stage != edge.target.stage:
                self._incoming.setdefault(edge.target, []).append(edge)
                self._outgoing.setdefault(edge.origin, []).append(edge)

    def _arrange_lanes(self, graph: BuildGraph) -> None:
        assert self.report is not None
        lines = chain_lines(self.layout)
        wanted = {lane.stage: lane for lane in self.layout.lanes}
        self._drop(self.lanes, wanted)
        for stage, lane in wanted.items():
            text = _lane_text(self.report, self.layout, stage)
            if stage not in self.lanes:
                self.lanes[stage] = LaneItem(self.canvas, lane, text)
                self.addItem(self.lanes[stage])
            self.lanes[stage].show_lane(lane, text, lines.get(stage, ()))

    def _arrange_steps(self, graph: BuildGraph) -> None:
        steps = {step.id: step for step in _steps_of(graph)}
        marks = _marks_of(graph)
        self._drop(self.steps, self.layout.steps)
        for step_id, rect in self.layout.steps.items():
            item = self.steps.get(step_id)
            if item is None:
                item = self.steps[step_id] = StepItem(self.canvas, steps[step_id], self.set_hovered)
                item.show_badge(self._badges.get(step_id))
                item.show_state(running=step_id in self._running)
                self.addItem(item)
            item.show_step(steps[step_id], marks.get(step_id, ""))
            item.place(rect)

    def _arrange_sources(self) -> None:
        wanted = {(node.step, node.source): node for node in self.layout.sources}
        self._drop(self.sources, wanted)
        for key, node in wanted.items():
            if key not in self.sources:
                self.sources[key] = SourceItem(self.canvas, node.source)
                self.addItem(self.sources[key])
            self.sources[key].place(node.rect)

    def _arrange_edges(self, graph: BuildGraph) -> None:
        self._stronger = None
        nets: dict[_Net, list[int]] = {}
        paths = edge_paths(graph, self.layout)
        for index, path in enumerate(paths):
            nets.setdefault((path.edge.origin, path.edge.kind), []).append(index)
        self._drop(self.edges, nets)
        for net, members in nets.items():
            if net not in self.edges:
                self.edges[net] = EdgeItem(self.canvas, net[1])
                self.addItem(self.edges[net])
            self.edges[net].show_paths(paths[i] for i in members)

    def _drop(self, items: dict[_Key, _Item], wanted: Iterable[_Key]) -> None:
        """Remove the items that nobody wants any more."""
        for key in items.keys() - set(wanted):
            self.removeItem(items.pop(key))

    def _show_current(self) -> None:
        cause = None
        if self.current is not None and self.report is not None:
            cause = next((s.cause_step for s in self.report.steps if s.id == self.current), None)
        for step in {*self._marked, self.current, cause}:
            item = self.steps.get(step) if step is not None else None
            if item is not None:
                item.show_state(current=step == self.current, is_cause=step == cause and step != self.current)
        self._marked = (self.current, cause)
        for stage, lane in self.lanes.items():
            lane.show_current(self.current is not None and self.current.stage == stage and lane.lane.folded)
        self._emphasise()

    def _emphasise(self) -> None:
        """Draw the edges of the selected step and of the one under the pointer stronger."""
        if self._stronger == (self.current, self._hovered):
            return
        self._stronger = (self.current, self._hovered)
        mine = frozenset(e for step in self._stronger if step is not None and self.report is not None
                         for e in self.report.graph.edges if step in (e.origin, e.target))
        for edges in self.edges.values():
            edges.emphasise(mine)


def _shape_of(graph: BuildGraph) -> object:
    """What positions and edges depend on."""
    return (graph.target, len(graph.meta), graph.edges,
            tuple((stage.index, stage.name, stage.reachable, len(stage.steps)) for stage in graph.stages))


def _steps_of(graph: BuildGraph) -> Iterable[Step]:
    yield from graph.meta
    for stage in graph.stages:
        yield from stage.steps


def _marks_of(graph: BuildGraph) -> dict[StepId, str]:
    """Icon per step that reads the build context or fetches from outside."""
    marks: dict[StepId, str] = {}
    for edge in graph.edges:
        if edge.kind is EdgeKind.CONTEXT and isinstance(edge.origin, Source):
            remote = edge.origin.kind in (SourceKind.URL, SourceKind.GIT)
            marks[edge.target] = "network" if remote and marks.get(edge.target) != "folder" else "folder"
    return marks


def _lane_text(report: SimulationReport, layout: Layout, stage: int) -> LaneText:
    graph, lane = report.graph, layout.lane(stage)
    assert lane is not None
    target = stage == graph.target
    note = "target" if target else "" if lane.needed or stage < 0 else "not in target"
    cached = sum(step.id.stage == stage and step.outcome in (Outcome.HIT, Outcome.NOT_NEEDED) for step in report.steps)
    count = f"{cached} cached" if lane.needed and cached else str(len(lane.steps))
    return LaneText(stage_name(graph, stage), note, len(lane.steps), target, count)


def _rounded(rect: QRectF) -> str:
    return f"{round(rect.x())},{round(rect.y())} {round(rect.width())}x{round(rect.height())}"


