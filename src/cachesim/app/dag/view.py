"""How do the graph and the workbench meet: what is shown, selected, walked along, folded and moved?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSizeF, Qt, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QStyle, QWidget

from cachesim.app.dag.cover import Cover
from cachesim.app.dag.drag import NodeDrag
from cachesim.app.dag.motion import Cascade, RunningBars
from cachesim.app.dag.overlay import ZoomBar
from cachesim.app.dag.pan_zoom import PanZoomView, Place
from cachesim.app.dag.render import render_png, render_svg
from cachesim.app.dag.scene import DagScene
from cachesim.app.dag.step_item import Badge, StepItem
from cachesim.app.dag.steps_list import StepsList
from cachesim.app.dag.typed import TypingWatch
from cachesim.app.dag.words import Beyond, beyond, sentence_of, stage_name, stale_caption
from cachesim.app.settings import Settings
from cachesim.app.theme import Theme
from cachesim.app.workbench import Workbench
from cachesim.diagnostics import Severity
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.layout.walk import Direction, walk
from cachesim.project.measured import Cost
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["DagView"]

_CUT = 0.1                  # of a lane's width: with more of it out of sight its nodes cannot be read
_MANY = 300                 # steps above which only visible ones are animated
_ARROWS = {Qt.Key.Key_Up: Direction.UP, Qt.Key.Key_Down: Direction.DOWN, Qt.Key.Key_Left: Direction.LEFT,
           Qt.Key.Key_Right: Direction.RIGHT}


class DagView(PanZoomView):
    """The layer graph of a workbench."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._dag = DagScene(workbench.look, self)
        self._dag.cost = self._cost
        self._arrived = False           # whether the first report was brought into view
        self._place_before: Place | None = None
        self._reduce_motion = False
        self._follow = True
        self._pressed: tuple[StepId, QPoint] | None = None
        self._by_hand = False
        self._list: StepsList | None = None
        self.setScene(self._dag)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Build graph")
        self.viewport().setAccessibleName("Build graph")
        self._typing = TypingWatch(workbench, self)
        self._drag = NodeDrag(self._dag, workbench)
        self._hand = 0              # height at which a node is carried
        self._veiled = False        # whether the picture is dimmed, as of the last text that parses
        self._cascade = Cascade(self._switch, self._dag.set_glow, self)
        self._bars = RunningBars(self._dag, self)
        self._cover = Cover(self._dag.canvas, self)
        self._cover.selected = self._selected_rect
        self._connect(workbench, self._cover.zoom_bar)
        self._take_look(workbench.look)
        self._take_settings(workbench.settings)
        if workbench.report is not None:
            self._take_report(workbench.report)
        self._take_stale()

    def _connect(self, workbench: Workbench, buttons: ZoomBar) -> None:
        workbench.report_changed.connect(self._take_report)
        workbench.report_stale_changed.connect(self._take_stale)
        workbench.diagnostics_changed.connect(self._take_stale)
        workbench.selection_changed.connect(self._take_selection)
        workbench.preview_changed.connect(self._take_preview)
        workbench.look_changed.connect(self._take_look)
        workbench.busy_changed.connect(self._take_busy)
        workbench.settings_changed.connect(self._take_settings)
        workbench.project_opened.connect(self._take_project)
        workbench.confirmation_changed.connect(self._take_confirmation)
        workbench.keeper.measured_changed.connect(self._take_measured)
        buttons.zoom_in_asked.connect(self.zoom_in)
        buttons.zoom_out_asked.connect(self.zoom_out)
        buttons.reset_asked.connect(self.zoom_reset)
        buttons.fit_asked.connect(self.fit)
        buttons.follow_changed.connect(self.set_follow)
        self._cover.state.pressed.connect(self._go_to_error)
        self._cover.empty.pressed.connect(workbench.begin)
        for hint in (self._cover.more_left, self._cover.more_right):
            hint.asked.connect(self._show_lane)
        self.zoom_changed.connect(buttons.show_zoom)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._scrolled)

    # -- for others ---------------------------------------------------------------------------------------------

    @property
    def dag(self) -> DagScene:
        """The scene, in its own type."""
        return self._dag

    @property
    def cascade(self) -> Cascade:
        return self._cascade

    @property
    def bars(self) -> RunningBars:
        return self._bars

    @property
    def cover(self) -> Cover:
        return self._cover

    @property
    def steps_list(self) -> StepsList | None:
        """The list, once it was shown."""
        return self._list

    @property
    def caption(self) -> str:
        """What is said of a state that is not the current text's own, or ""."""
        return self._cover.state.text

    @Slot()
    def fit(self) -> None:
        """Show the whole graph."""
        layout, size = self._dag.layout, self.viewport().size()
        self.moved_by_hand()
        self._auto = False
        self.set_zoom(min(size.width() / layout.width, (size.height() - self._cover.foot) / layout.height, 1.0))

    @Slot(bool)
    def set_follow(self, follow: bool) -> None:
        """Whether to scroll to what is selected elsewhere, or runs."""
        self._follow = follow
        if follow and self._dag.current is not None:
            self.show_step(self._dag.current)

    def set_reduce_motion(self, reduce: bool) -> None:
        """Switch at once instead of one after the other."""
        self._reduce_motion = reduce
        if reduce:
            self._cascade.finish()
        self._bars.set_still(reduce)

    def set_running(self, steps: frozenset[StepId] | set[StepId]) -> None:
        """These run now on a real engine: a moving bar at their foot."""
        started = frozenset(steps) - self._dag.running
        self._dag.set_running(frozenset(steps))
        if self._follow and started:
            self.show_step(min(started))
        self._bars.refresh()

    def set_badges(self, badges: Mapping[StepId, Badge]) -> None:
        """What a real engine did, per step; empty takes all badges away."""
        self._dag.set_badges(badges)
        self._say_current()

    def show_list(self, shown: bool) -> None:
        """Show the steps as a list instead of the picture."""
        had_focus = self.hasFocus() or (self._list is not None and self._list.hasFocus())
        if shown and self._list is None:
            self._list = StepsList(self._workbench, self)
        if self._list is not None:
            self._list.setVisible(shown)
        self._cover.show_for_list(shown)
        self._place_cover()
        if had_focus:
            (self._list if shown and self._list is not None else self).setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def list_shown(self) -> bool:
        return self._list is not None and self._list.isVisibleTo(self)

    def show_step(self, step: StepId) -> None:
        """Scroll so that a step is seen; while presenting, with much free room around it."""
        rect = self._dag.rect_of(step)
        if rect is not None:
            height, foot = self.viewport().height(), self._cover.foot
            if not self._workbench.look.sizes.presenting:
                self.ensureVisible(rect, 30, min(foot + 8, round(height / 3)))
                return
            free = max(0.0, height - foot - rect.height() * self.zoom)      # the caption is no room to be seen in
            room = min(0.3 * height, free / 2)
            self.ensureVisible(rect.adjusted(0, -room / self.zoom, 0, max(room, foot) / self.zoom), 30, 0)

    def render_svg(self, path: Path) -> None:
        """Write the whole graph as SVG, at scene size; InputError if that fails."""
        render_svg(self._dag, path)

    def render_png(self, path: Path, scale: float = 2.0) -> None:
        """Write the whole graph as a picture; InputError if that fails."""
        render_png(self._dag, path, scale)

    def next_miss(self, back: bool = False) -> StepId | None:
        """Select the next (or previous) step that runs or fails, around the end; None if there is none."""
        report, order = self._dag.report, self._dag.order
        if report is None:
            return None
        place = {step: i for i, step in enumerate(order)}
        found = sorted((s.id for s in report.steps if s.id in place and (s.runs or s.outcome is Outcome.FAILED)),
                       key=place.__getitem__)
        if not found:
            return None
        here = place.get(self._dag.current, -1) if self._dag.current is not None else -1
        if back:
            there = next((s for s in reversed(found) if place[s] < here), found[-1])
        else:
            there = next((s for s in found if place[s] > here), found[0])
        self._go(there)
        return there

    def toggle_fold(self, stage: int) -> None:
        """Fold or unfold a stage that the target does not need."""
        lane = self._dag.layout.lane(stage)
        if lane is not None and lane.foldable:
            self._cascade.finish()
            if lane.needed:
                self._dag.open_lane(stage)
            else:
                self._dag.set_unfolded(self._dag.unfolded ^ {stage})
            self._fit_scene()
            self._refit()
            if self._dag.current is not None and self._dag.current.stage == stage:
                self.show_step(self._dag.current)

    def step_at(self, where: QPoint) -> StepId | None:
        """The step whose node is at that point of the viewport."""
        return next((item.id for item in self.items(where) if isinstance(item, StepItem)), None)

    # -- from the workbench -------------------------------------------------------------------------------------

    @Slot(object)
    def _take_report(self, report: SimulationReport | None) -> None:
        typed = self._typing.take()
        if report is not None and self._workbench.preview is None:
            self.show_report(report, animate=not typed)

    def _cost(self, step: StepReport) -> Cost | None:
        return self._workbench.keeper.cost(step)

    @Slot(object)
    def _take_measured(self, _: object) -> None:
        """Times are in the words of the nodes."""
        if self._dag.report is not None and not self._drag.active:
            self.show_report(self._dag.report, animate=False)

    @Slot(object)
    def _take_preview(self, preview: SimulationReport | None) -> None:
        """Show what a hanging edit would give; then what is. While an instruction hangs, all nodes stay where they are."""
        placed = self._workbench.preview_placed
        report = placed or preview or self._workbench.report
        if report is not None and report is not self._dag.report:
            if placed is None and not self._drag.active:
                self.show_report(report, animate=False)
            else:
                self._cascade.finish()
                self._dag.show_report(report, settle=False)
                self._dag.switch()
        self._take_stale()

    @Slot(object)
    def _take_project(self, project: object) -> None:
        """Another project: look at it as if for the first time."""
        self._drag.cancel()
        self._auto, self._arrived, self._restoring = True, False, None
        self._dag.set_unfolded(frozenset())
        self._dag.set_badges({})
        self.set_running(frozenset())

    @Slot(object)
    def _take_confirmation(self, state: object) -> None:
        """Follow a real build: what runs now, and what the engine agreed with."""
        from cachesim.app.confirm.state import ConfirmState
        if isinstance(state, ConfirmState):
            self.set_running(state.running)
            self.set_badges({step: Badge.AGREED if held else Badge.DIFFERED for step, held in state.badges.items()})

    @Slot(object)
    def _take_selection(self, step: StepId | None) -> None:
        if self._dag.set_current(step, settle=not self._by_hand and not self._drag.active):
            self._fit_scene()
            self._refit()
        self._say_current()
        if step is not None and self._follow and not self._by_hand:
            self.show_step(step)

    @Slot(object)
    def _take_look(self, look: Theme) -> None:
        presenting, before = look.sizes.presenting, self._dag.canvas.theme.sizes.presenting
        if presenting and not before:
            self._place_before = self.place_of_turn
        self._cascade.finish()
        self._dag.set_theme(look)
        self._dag.set_room(self._room)
        self._cover.show_theme(look)
        self.setBackgroundBrush(QColor(look.bg))
        self._fit_scene()
        if presenting and not before:
            self._auto, self._restoring = True, None
            self.set_zoom(self.first_zoom())
        elif before and not presenting and self._place_before is not None:
            self.go_back(self._place_before)
        self._say_current()
        if presenting:
            self._show_told()
        self.viewport().update()

    @property
    def _told(self) -> StepId | None:
        """The step that it is all about: what is selected, else the first miss."""
        report = self._dag.report
        if self._dag.current is not None or report is None or report.first_miss is None:
            return self._dag.current
        return report.first_miss.id

    def _show_told(self) -> None:
        """Scroll to the step that the caption of a presentation tells of."""
        if (step := self._told) is not None:
            self.show_step(step)

    @Slot(object)
    def _take_settings(self, settings: Settings) -> None:
        animated = self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0
        self.set_reduce_motion(settings.reduce_motion or not animated)

    @Slot()
    def _take_stale(self) -> None:
        """Say which part of the text is shown while the rest does not parse, or what a hanging edit would do."""
        edge, low = "", False
        if self._drag.active:
            text, edge = self._drag.words, self._drag.ground.colour(self._workbench.look)
            low = self._hand > self.viewport().height() * 0.5
        elif self._workbench.preview is not None:
            said, edge = self._workbench.preview_words, self._workbench.look.accent
            text = said.partition(". ")[0].rstrip(".") or "Preview: not dropped yet"     # the strip says it all
        else:
            text = stale_caption(self._workbench.diagnostics) if self._workbench.stale else ""
        self._say_current()
        self._cover.show_state(text, broken=self._workbench.stale, edge=edge, on_top=low)
        if self._veiled != self._workbench.stale:       # each place of a hanging instruction comes by here
            self._veiled = self._workbench.stale
            self.viewport().update()

    @Slot()
    def _go_to_error(self) -> None:
        line = next((d.span.line for d in self._workbench.diagnostics if d.severity is Severity.ERROR), None)
        if line is not None:
            self._workbench.activate_line(line)

    # -- the picture --------------------------------------------------------------------------------------------

    def show_report(self, report: SimulationReport, *, animate: bool) -> None:
        """Show a report, its changes one after the other or at once."""
        self._cascade.finish()
        self._drag.cancel()
        self._dag.set_current(self._workbench.selected, settle=False)
        moved = self._dag.show_report(report)
        changed = self._animated() if animate and not self._reduce_motion and self.isVisible() else ()
        self._dag.switch(self._dag.pending if not changed else set(self._dag.pending).difference(changed))
        self._cascade.begin(changed)
        self._cover.show_report(report)
        if moved:
            self._fit_scene()
            self._refit()
        else:
            self._cover.show_more(*self._unseen())      # what runs out of sight
        if not self._arrived and report.steps:
            self._arrive()
        self._dag.set_current(self._workbench.selected, settle=False)
        self._say_current()

    def _animated(self) -> tuple[StepId, ...]:
        """The steps whose change is shown in time; of very many only those that are seen."""
        changed = self._dag.changed_looks()
        if len(self._dag.steps) > _MANY:
            seen = self.mapToScene(self.viewport().rect()).boundingRect()
            changed = tuple(s for s in changed if self._dag.steps[s].rect.intersects(seen))
        return changed

    def _switch(self, step: StepId) -> None:
        self._dag.switch((step,))

    def _arrive(self) -> None:
        """The first look at a project: as wide as the view, never below 85 %, at the first miss."""
        if not self.isVisible() or self.viewport().width() < 50:
            return
        self._arrived = True
        if self._auto:
            self.set_zoom(self.first_zoom())
        self.horizontalScrollBar().setValue(0)
        self.verticalScrollBar().setValue(0)
        first = self._dag.report.first_miss if self._dag.report is not None else None
        if self._workbench.selected is not None:
            self.show_step(self._workbench.selected)
        elif first is not None:
            self.show_step(first.id)

    def first_zoom(self) -> float:
        fit, smallest = self.viewport().width() / self._dag.layout.width, self._dag.smallest
        if self._dag.canvas.theme.sizes.presenting:     # nodes are grown to be read: only what nearly fits is made to fit
            return fit if smallest <= fit < 1.0 else 1.0
        return min(max(fit, smallest), 1.0)

    def _refit(self) -> None:
        """Fit the width again, as at the first look, unless somebody chose a zoom."""
        if self._auto and self._arrived and self._restoring is None and abs(self.first_zoom() - self.zoom) > 0.005:
            self.set_zoom(self.first_zoom())

    def zoomed(self, zoom: float) -> None:
        self._dag.set_zoom(zoom, self.devicePixelRatioF())
        self._fit_scene()

    def pivot(self) -> QPointF:
        rect = self._dag.rect_of(self._dag.current) if self._dag.current is not None else None
        if rect is not None:
            at = self.viewportTransform().map(rect.center())
            if self.viewport().rect().contains(at.toPoint()):
                return at
        return super().pivot()

    def _fit_scene(self) -> None:
        """The scene's own size, and room below it so that nothing has to hide under the buttons."""
        layout = self._dag.layout
        self._reserve()
        self.setSceneRect(0.0, 0.0, layout.width, layout.height + self._cover.foot / self.zoom)
        self._scrolled()

    @property
    def _room(self) -> int:
        """Width for the lanes. Where they fold for want of room it is the same with and without a scroll bar, else they would
        unfold as soon as it goes, and it would come back."""
        width = self.viewport().width()
        bar = self.verticalScrollBar().sizeHint().width()
        return min(width, self.width() - bar) if self._workbench.look.sizes.presenting else width

    def _reserve(self) -> None:
        """A graph that reaches down to the buttons ends above them; over free ground they float."""
        self._cover.fit_bar()
        whole, bar = self.viewport().height() + self._cover.reserved, self._cover.bar_height
        reaches = self._dag.layout.height * self.zoom > whole - bar
        reserved = bar if reaches and not self._cover.zoom_bar.collapsed else 0
        if reserved != self._cover.reserved:
            self._cover.reserved = reserved
            self.setViewportMargins(0, 0, 0, reserved)

    def _place_cover(self) -> None:
        self._reserve()
        self._cover.place()
        if self._list is not None:
            self._list.setGeometry(self.rect())
            self._list.raise_()

    @Slot()
    def _scrolled(self) -> None:
        """Show the lanes' names at the upper edge once their own place is out of sight."""
        names, report, transform = [], self._dag.report, self.viewportTransform()
        for lane in self._dag.layout.lanes if report is not None else ():
            head = transform.mapRect(QRectF(*lane.rect))
            out = head.top() + 0.5 * self._dag.canvas.metrics.header * self.zoom < 0
            if out and not lane.folded and head.right() > 0 and head.left() < self.viewport().width():
                assert report is not None
                names.append((head.left(), head.width(), stage_name(report.graph, lane.stage)))
        self._cover.show_lane_names(names)
        self._cover.show_more(*self._unseen())
        self._cover.place_legend()

    def _unseen(self) -> tuple[Beyond, Beyond]:
        """The lanes that lie left and right of what is seen, the nearest first."""
        report, transform, width = self._dag.report, self.viewportTransform(), self.viewport().width()
        left: list[int] = []
        right: list[int] = []
        for lane in self._dag.layout.lanes if report is not None else ():
            place = transform.mapRect(QRectF(*lane.rect))
            if place.right() - width > _CUT * place.width():
                right.append(lane.stage)
            elif -place.left() > _CUT * place.width():
                left.insert(0, lane.stage)
        return beyond(report, left), beyond(report, right)

    @Slot(int)
    def _show_lane(self, stage: int) -> None:
        """Bring a lane into view that lies beyond the edge."""
        lane = self._dag.layout.lane(stage)
        if lane is not None:
            self.moved_by_hand()
            seen = self.mapToScene(self.viewport().rect()).boundingRect()
            rect = QRectF(lane.rect.x, seen.center().y(), lane.rect.width, 1.0)
            self.ensureVisible(rect, round(self._dag.layout.metrics.lane_gap * self.zoom), 0)

    def _selected_rect(self) -> QRect | None:
        """Where the selected node is seen, in px of this widget."""
        rect = self._dag.rect_of(self._dag.current) if self._dag.current is not None else None
        if rect is None:
            return None
        return self.viewportTransform().mapRect(rect).toAlignedRect().translated(self.viewport().pos())

    def _say_current(self) -> None:
        """Tell assistive technology, and the caption of a presentation, what is selected."""
        report, current = self._dag.report, self._dag.current
        step = next((s for s in report.steps if s.id == current), None) if report is not None else None
        text = shown = sentence_of(step, self._cost(step)) if step is not None else ""
        if step is not None and self._workbench.settings.step_numbers:
            order = [s for lane in self._dag.layout.lanes if lane.needed for s in lane.steps]
            shown = f"{order.index(step.id) + 1} of {len(order)} · {shown}" if step.id in order else shown
        miss = report.first_miss if report is not None else None
        if step is None and miss is not None and not self._workbench.stale:     # a room wants the cause without a click
            shown = f"First miss: {sentence_of(miss, self._cost(miss))}".replace(": Line", ": line", 1)
        elif step is not None and self._dag.badge(step.id) is Badge.DIFFERED:
            shown = f"The engine differed. {shown}"
        self._cover.why.show_text(shown if self._workbench.look.sizes.presenting else "")
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self._place_cover()
        if self._workbench.look.sizes.presenting:
            self._fit_scene()           # the caption takes another height with each step

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if self._workbench.stale or self._workbench.reading:
            veil = QColor(self._workbench.look.bg)
            veil.setAlpha(135)
            painter.fillRect(rect, veil)

    @Slot(object)
    def _take_busy(self, _: object) -> None:
        self.viewport().update()        # dimmed while files are read

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._cover.leave()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place_cover()
        if not self._arrived and self._dag.report is not None and self._dag.report.steps:
            self._arrive()

    def resizeEvent(self, event: QResizeEvent) -> None:
        told = self._told
        rect = self._dag.rect_of(told) if told is not None and self._restoring is None else None
        seen = rect is not None and QRectF(QPointF(), event.oldSize()).contains(self.viewportTransform().mapRect(rect))
        if self._dag.set_room(self._room):
            self._fit_scene()
        super().resizeEvent(event)
        self._refit()
        self._place_cover()
        self._scrolled()
        if self._workbench.look.sizes.presenting and self._auto and self._dag.current is None:
            self._show_told()           # the screen comes after the look
        elif seen:
            self._show_told()           # another pane takes height, the answer stays in sight

    # -- keys ---------------------------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason,
                                    Qt.FocusReason.ShortcutFocusReason)
        if self._list is not None and self.list_shown:
            self._list.setFocus(event.reason())
        elif self._dag.current is None and by_key:
            first = self._dag.report.first_miss if self._dag.report is not None else None
            if first is not None or self._dag.order:
                self._workbench.select(first.id if first is not None else self._dag.order[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        if plain == Qt.KeyboardModifier.ControlModifier:
            known = self._zoom_key(event.key())
        else:
            known = plain == Qt.KeyboardModifier.NoModifier and self._plain_key(event)
        if not known:
            event.ignore()

    def _zoom_key(self, key: int) -> bool:
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.zoom_reset()
        else:
            return False
        return True

    def _plain_key(self, event: QKeyEvent) -> bool:
        key, order, current = Qt.Key(event.key()), self._dag.order, self._dag.current
        if key in _ARROWS:
            self._walk(_ARROWS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and order:
            self._go(order[0] if key == Qt.Key.Key_Home else self._last_step())
        elif key == Qt.Key.Key_M:
            self.next_miss(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current is not None:
            self._workbench.activate(current)
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.hold_space(True)
        elif key == Qt.Key.Key_Escape and self._drag.active:
            self._drag.cancel()
            self._take_stale()
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
        else:
            return False
        return True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
            event.ignore()
        elif self.hold_space(False) and self._dag.current is not None:
            self.toggle_fold(self._dag.current.stage)

    def _last_step(self) -> StepId:
        """The end of the build: the last step of the target, where there is one."""
        target = self._dag.report.graph.target if self._dag.report is not None else -1
        mine = [s for s in self._dag.order if s.stage == target >= 0]
        return mine[-1] if mine else self._dag.order[-1]

    def _walk(self, direction: Direction) -> None:
        report, current = self._dag.report, self._dag.current
        if report is None or not self._dag.order:
            return
        if current is None or self._dag.layout.lane(current.stage) is None:
            self._go(self._dag.order[0])
            return
        found = walk(report.graph, self._dag.layout, current, direction)
        if found is not None:
            self._go(found)

    def _go(self, step: StepId) -> None:
        self.moved_by_hand()
        self._workbench.select(step)
        self.show_step(step)

    # -- mouse --------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        where = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton or self._pan is not None:
            return
        step, lane = self.step_at(where), self._dag.lane_at(self.mapToScene(where))
        if step is not None:
            self._pressed = (step, where)
            self._drag.warm()
            self._by_hand = True        # what is under the pointer is seen: nothing scrolls away from it
            self._workbench.select(step)
            self._by_hand = False
        elif lane is not None:
            self.toggle_fold(lane.lane.stage)
        else:
            self.begin_pan(where)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        if self._pressed is not None and not self._drag.active:
            step, start = self._pressed
            if (where - start).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._drag.begin(step, self.mapToScene(start))
        if self._drag.active:
            self._hand = where.y()
            self._drag.move(self.mapToScene(where))
            self.ensureVisible(QRectF(self.mapToScene(where), QSizeF(1.0, 1.0)), 0, 24)
            self._take_stale()
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked, self._pressed = self._pressed, None
        if clicked is not None and self._workbench.look.sizes.presenting:
            self.show_step(clicked[0])
        if self._drag.active:
            self._drag.drop()
            self._take_stale()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        step = self.step_at(event.position().toPoint())
        if step is not None and event.button() == Qt.MouseButton.LeftButton:
            self._workbench.activate(step)
        else:
            self.mousePressEvent(event)
