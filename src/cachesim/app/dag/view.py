"""How does a person look around in the graph: zoom, pan, keys, selection, and what passes over it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSizeF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QStyle, QWidget

from cachesim.app.dag.cascade import Cascade
from cachesim.app.dag.drag import NodeDrag
from cachesim.app.dag.overlay import Caption, LaneBar, Legend, ZoomBar
from cachesim.app.dag.render import render_png, render_svg
from cachesim.app.dag.scene import DagScene
from cachesim.app.dag.step_item import Badge, StepItem
from cachesim.app.dag.steps_list import StepsList
from cachesim.app.dag.words import sentence_of, stage_name, stale_caption
from cachesim.app.settings import Settings
from cachesim.app.theme import Theme, look_of_step
from cachesim.app.workbench import Workbench
from cachesim.engines.base import Outcome
from cachesim.graph.model import EdgeKind, StepId
from cachesim.layout.walk import Direction, walk
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["DagView"]

_STEP = 1.15                # one notch of zoom
_SMALLEST, _LARGEST = 0.08, 4.0
_FIRST_SMALLEST = 0.85      # of the first zoom: below it, scrolling is better than squinting
_MANY = 300                 # steps above which only visible ones are animated
_ARROWS = {Qt.Key.Key_Up: Direction.UP, Qt.Key.Key_Down: Direction.DOWN, Qt.Key.Key_Left: Direction.LEFT,
           Qt.Key.Key_Right: Direction.RIGHT}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one looks: zoom and scroll positions; `auto` while the person has not chosen a zoom."""

    zoom: float
    x: int
    y: int
    auto: bool


class DagView(QGraphicsView):
    """The layer graph of a workbench."""

    zoom_changed = Signal(float)

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._dag = DagScene(workbench.look, self)
        self._auto = True
        self._arrived = False           # whether the first report was brought into view
        self._place_before: _Place | None = None
        self._restoring: _Place | None = None
        self._reduce_motion = False
        self._follow = True
        self._typed = False
        self._given_text: str | None = None
        self._last_text = workbench.state.text
        self._space = self._space_used = False
        self._pan: QPoint | None = None
        self._pressed: tuple[StepId, QPoint] | None = None
        self._by_hand = False
        self._list: StepsList | None = None
        self.setScene(self._dag)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Build graph")
        self.viewport().setAccessibleName("Build graph")
        self._drag = NodeDrag(self._dag, workbench)
        self._cascade = Cascade(self._switch, self._dag.set_glow, self)
        self._bar_timer = QTimer(self, interval=33)
        self._bar_timer.timeout.connect(self._move_bars)
        self._build_overlay()
        self._connect(workbench)
        self._take_look(workbench.look)
        self._take_settings(workbench.settings)
        if workbench.report is not None:
            self._take_report(workbench.report)
        self._take_stale()

    def _build_overlay(self) -> None:
        self._lane_bar = LaneBar(self._dag.canvas, self)
        self._legend = Legend(self._dag.canvas, self)
        self._zoom_bar = ZoomBar(self)
        self._stale_caption = Caption("State of the graph", self, "Go to line")
        self._why_caption = Caption("Why", self)
        self._empty_caption = Caption("Nothing to show", self)
        self._zoom_bar.zoom_in_asked.connect(self.zoom_in)
        self._zoom_bar.zoom_out_asked.connect(self.zoom_out)
        self._zoom_bar.reset_asked.connect(self.zoom_reset)
        self._zoom_bar.fit_asked.connect(self.fit)
        self._zoom_bar.follow_changed.connect(self.set_follow)
        self._zoom_bar.legend_changed.connect(self._show_legend)
        self._stale_caption.pressed.connect(self._go_to_error)
        self.zoom_changed.connect(self._zoom_bar.show_zoom)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._scrolled)

    def _connect(self, workbench: Workbench) -> None:
        workbench.report_changed.connect(self._take_report)
        workbench.report_stale_changed.connect(self._take_stale)
        workbench.diagnostics_changed.connect(self._take_stale)
        workbench.selection_changed.connect(self._take_selection)
        workbench.preview_changed.connect(self._take_preview)
        workbench.look_changed.connect(self._take_look)
        workbench.settings_changed.connect(self._take_settings)
        workbench.state_changed.connect(self._take_state)
        workbench.text_edited.connect(self._take_edit)
        workbench.text_replaced.connect(self._take_text)
        workbench.project_opened.connect(self._take_project)
        workbench.confirmation_changed.connect(self._take_confirmation)

    # -- for others ---------------------------------------------------------------------------------------------

    @property
    def dag(self) -> DagScene:
        """The scene, in its own type."""
        return self._dag

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    @property
    def cascade(self) -> Cascade:
        return self._cascade

    @property
    def zoom_bar(self) -> ZoomBar:
        return self._zoom_bar

    @property
    def caption(self) -> str:
        """What is said of a state that is not the current text's own, or ""."""
        return self._stale_caption.text

    @Slot()
    def zoom_in(self) -> None:
        """One notch closer, around the selected step if it is seen, else the middle."""
        self._zoom_at(self._pivot(), _STEP)

    @Slot()
    def zoom_out(self) -> None:
        """One notch further away."""
        self._zoom_at(self._pivot(), 1 / _STEP)

    @Slot()
    def zoom_reset(self) -> None:
        """100 %."""
        self._zoom_at(self._pivot(), 1 / self.zoom)

    @Slot()
    def fit(self) -> None:
        """Show the whole graph."""
        layout, size = self._dag.layout, self.viewport().size()
        self._auto = False
        self._set_zoom(min(size.width() / layout.width, (size.height() - self._foot) / layout.height, 1.0))

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
        self._dag.canvas.phase = -1.0 if reduce else 0.0
        self._run_timer()

    def set_running(self, steps: frozenset[StepId] | set[StepId]) -> None:
        """These run now on a real engine: a moving bar at their foot."""
        started = frozenset(steps) - self._dag.running
        self._dag.set_running(frozenset(steps))
        if self._follow and started:
            self.show_step(min(started))
        self._run_timer()

    def set_badges(self, badges: Mapping[StepId, Badge]) -> None:
        """What a real engine did, per step; empty takes all badges away."""
        self._dag.set_badges(badges)

    def show_list(self, shown: bool) -> None:
        """Show the steps as a list instead of the picture."""
        had_focus = self.hasFocus() or (self._list is not None and self._list.hasFocus())
        if shown and self._list is None:
            self._list = StepsList(self._workbench, self)
        if self._list is not None:
            self._list.setVisible(shown)
        self._zoom_bar.setVisible(not shown)
        self._legend.setVisible(not shown and self._zoom_bar.legend.isChecked())
        self._place_overlay()
        if had_focus:
            (self._list if shown and self._list is not None else self).setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def list_shown(self) -> bool:
        return self._list is not None and self._list.isVisibleTo(self)

    def show_step(self, step: StepId) -> None:
        """Scroll so that a step is seen; while presenting, with much free room around it."""
        rect = self._dag.rect_of(step)
        if rect is None:
            return
        height = self.viewport().height()
        if self._workbench.look.sizes.presenting:
            margin = round(0.3 * height)
        else:
            margin = min(self._foot + 8, round(height / 3))
        self.ensureVisible(rect, 30, margin)

    def render_svg(self, path: Path) -> None:
        """Write the whole graph as SVG, at scene size; InputError if that fails."""
        render_svg(self._dag, path)

    def render_png(self, path: Path, scale: float = 2.0) -> None:
        """Write the whole graph as a picture; InputError if that fails."""
        render_png(self._dag, path, scale)

    def next_miss(self, back: bool = False) -> StepId | None:
        """Select the next (or previous) step that runs or fails, around the end; None if there is none."""
        report = self._shown
        if report is None:
            return None
        outcomes = {s.id for s in report.steps if s.runs or s.outcome is Outcome.FAILED}
        order = self._dag.order
        wanted = [s for s in order if s in outcomes]
        if not wanted:
            return None
        place = {step: i for i, step in enumerate(order)}
        here = place.get(self._dag.current, -1) if self._dag.current is not None else -1
        if back:
            found = next((s for s in reversed(wanted) if place[s] < here), wanted[-1])
        else:
            found = next((s for s in wanted if place[s] > here), wanted[0])
        self._workbench.select(found)
        self.show_step(found)
        return found

    def toggle_fold(self, stage: int) -> None:
        """Fold or unfold a stage that the target does not need."""
        lane = self._dag.layout.lane(stage)
        if lane is not None and lane.foldable:
            self._cascade.finish()
            self._dag.set_unfolded(self._dag.unfolded ^ {stage})
            self._fit_scene()
            if self._dag.current is not None and self._dag.current.stage == stage:
                self.show_step(self._dag.current)

    # -- from the workbench -------------------------------------------------------------------------------------

    @property
    def _shown(self) -> SimulationReport | None:
        return self._dag.report

    @Slot(object)
    def _take_report(self, report: SimulationReport | None) -> None:
        if report is not None and self._workbench.preview is None:
            self._show(report, animate=not self._typed)
        self._typed = False

    @Slot(object)
    def _take_preview(self, preview: SimulationReport | None) -> None:
        """Show what a hanging edit would give; then what is. A node that hangs itself stays where the hand is."""
        if self._drag.active:
            self._take_stale()
            return
        report = preview or self._workbench.report
        if report is not None:
            self._show(report, animate=False)
        self._take_stale()

    @Slot(object)
    def _take_state(self, state: ProjectState) -> None:
        """Notice typing: nothing moves while somebody types."""
        if state.text != self._last_text:
            self._last_text = state.text
            self._typed = state.text != self._given_text
            self._given_text = None

    @Slot(object)
    def _take_edit(self, edit: tuple[str, str]) -> None:
        self._given_text = edit[0]

    @Slot(object)
    def _take_text(self, text: str) -> None:
        self._typed, self._last_text = False, text

    @Slot(object)
    def _take_project(self, project: object) -> None:
        """Another project: look at it as if for the first time."""
        self._auto, self._arrived = True, False
        self._dag.set_unfolded(frozenset())
        self._dag.set_badges({})
        self._dag.set_running(frozenset())

    @Slot(object)
    def _take_confirmation(self, state: object) -> None:
        """Follow a real build: what runs now, and what the engine agreed with."""
        from cachesim.app.confirm.state import ConfirmState
        if isinstance(state, ConfirmState):
            self.set_running(state.running)
            self.set_badges({step: Badge.AGREED if held else Badge.DIFFERED for step, held in state.badges.items()})

    @Slot(object)
    def _take_selection(self, step: StepId | None) -> None:
        self._dag.set_current(step)
        self._say_current()
        if step is not None and self._follow and not self._by_hand:
            self.show_step(step)

    @Slot(object)
    def _take_look(self, look: Theme) -> None:
        presenting, before = look.sizes.presenting, self._dag.canvas.theme.sizes.presenting
        if presenting and not before:
            self._place_before = self._place
        self._cascade.finish()
        self._dag.set_theme(look)
        self.setBackgroundBrush(QColor(look.bg))
        self._zoom_bar.show_theme(look)
        self._stale_caption.show_theme(look, edge=look.error)
        self._empty_caption.show_theme(look)
        self._why_caption.show_theme(look, edge=look.accent, px=look.sizes.verdict if presenting else 0.0)
        self._fit_scene()
        if presenting and not before:
            self._set_zoom(1.0)
        elif before and not presenting and self._place_before is not None:
            self._go_back(self._place_before)
        self._say_current()
        self._show_legend_rows()
        self._place_overlay()
        if presenting and self._dag.current is not None:
            self.show_step(self._dag.current)
        self.viewport().update()

    @Slot(object)
    def _take_settings(self, settings: Settings) -> None:
        wanted = settings.reduce_motion or not self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
        self.set_reduce_motion(bool(wanted))

    @Slot()
    def _take_stale(self) -> None:
        """Say which part of the text is shown while the rest does not parse."""
        if self._drag.active:
            text = self._drag.words
        elif self._workbench.preview is not None:
            text = "Preview: not dropped yet"
        elif self._workbench.stale:
            text = stale_caption(self._workbench.diagnostics)
        else:
            text = ""
        self._stale_caption.button.setVisible(self._workbench.stale)
        self._stale_caption.show_text(text)
        self._place_overlay()
        self.viewport().update()

    def _show(self, report: SimulationReport, *, animate: bool) -> None:
        self._cascade.finish()
        self._drag.cancel()
        moved = self._dag.show_report(report)
        changed = self._animated() if animate and not self._reduce_motion and self.isVisible() else ()
        self._dag.switch(step for step in self._dag.pending if step not in set(changed))
        self._cascade.begin(changed)
        if moved:
            self._fit_scene()
        if not self._arrived and report.steps:
            self._arrive()
        if self._dag.current != self._workbench.selected:
            self._dag.set_current(self._workbench.selected)
        else:
            self._dag.set_current(self._dag.current)
        self._empty_caption.show_text("" if report.graph.stages
                                      else "Nothing to build yet. Start with FROM and an image.")
        self._say_current()
        self._show_legend_rows()
        self._place_overlay()

    def _animated(self) -> tuple[StepId, ...]:
        changed = self._dag.changed_looks()
        if len(self._dag.steps) > _MANY:
            seen = self.mapToScene(self.viewport().rect()).boundingRect()
            changed = tuple(s for s in changed if self._dag.steps[s].rect.intersects(seen))
        return changed

    def _switch(self, step: StepId) -> None:
        self._dag.switch((step,))

    # -- place --------------------------------------------------------------------------------------------------

    @property
    def _place(self) -> _Place:
        return _Place(self.zoom, self.horizontalScrollBar().value(), self.verticalScrollBar().value(), self._auto)

    def _go_back(self, place: _Place) -> None:
        """Look there again; kept up while the window finds its earlier size."""
        self._restoring, self._place_before = place, None
        self._auto = place.auto
        self._set_zoom(place.zoom)
        self.horizontalScrollBar().setValue(place.x)
        self.verticalScrollBar().setValue(place.y)

    def _arrive(self) -> None:
        """The first look at a project: as wide as the view, never below 85 %, at the first miss."""
        if not self.isVisible() or self.viewport().width() < 50:
            return
        self._arrived = True
        if self._auto:
            self._set_zoom(self._first_zoom())
        self.horizontalScrollBar().setValue(0)
        self.verticalScrollBar().setValue(0)
        report = self._shown
        first = report.first_miss if report is not None else None
        if self._dag.current is not None:
            self.show_step(self._dag.current)
        elif first is not None:
            self.show_step(first.id)

    def _first_zoom(self) -> float:
        if self._workbench.look.sizes.presenting:
            return 1.0
        return min(max(self.viewport().width() / self._dag.layout.width, _FIRST_SMALLEST), 1.0)

    def _set_zoom(self, zoom: float) -> None:
        zoom = min(max(zoom, _SMALLEST), _LARGEST)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self._dag.set_zoom(zoom, self.devicePixelRatioF())
        self._fit_scene()
        self.zoom_changed.emit(zoom)
        self.viewport().update()

    def _zoom_at(self, where: QPointF, factor: float) -> None:
        """Zoom so that the scene point under `where` (viewport px) stays there."""
        self._touched()
        self._auto = False
        held = self.viewportTransform().inverted()[0].map(where)
        self._set_zoom(self.zoom * factor)
        now = self.viewportTransform().map(held)
        for bar, off in ((self.horizontalScrollBar(), now.x() - where.x()),
                         (self.verticalScrollBar(), now.y() - where.y())):
            bar.setValue(bar.value() + round(off))

    def _pivot(self) -> QPointF:
        rect = self._dag.rect_of(self._dag.current) if self._dag.current is not None else None
        if rect is not None:
            at = self.viewportTransform().map(rect.center())
            if self.viewport().rect().contains(at.toPoint()):
                return at
        return QPointF(self.viewport().rect().center())

    def _fit_scene(self) -> None:
        """The scene's own size, and room below it so that nothing has to hide under the buttons."""
        layout = self._dag.layout
        self.setSceneRect(0.0, 0.0, layout.width, layout.height + self._foot / self.zoom)
        self._scrolled()

    @property
    def _foot(self) -> int:
        return self._zoom_bar.height() + 12

    def _touched(self) -> None:
        """The person moves by hand: an earlier place is not sought any more."""
        self._restoring = None

    # -- overlay ------------------------------------------------------------------------------------------------

    def _place_overlay(self) -> None:
        area = self.viewport().geometry()
        bar = self._zoom_bar
        if self._list is not None:
            self._list.setGeometry(self.rect())
            self._list.raise_()
        bar.adjustSize()
        bar.move(area.right() - bar.width() - 6, area.bottom() - bar.height() - 6)
        self._legend.resize(self._legend.sizeHint())
        self._legend.move(area.right() - self._legend.width() - 6, bar.y() - self._legend.height() - 6)
        line = round(self.fontMetrics().height() + 10)
        self._lane_bar.setGeometry(area.x(), area.y(), area.width(), line)
        top = area.y() + 8 + (line if self._lane_bar.isVisibleTo(self) else 0)
        self._stale_caption.place(area.x() + 8, top, area.width() - 16)
        self._empty_caption.place(area.x() + 8, area.y() + area.height() // 3, area.width() - 16)
        self._why_caption.place(area.x() + 8, bar.y() - 6, area.width() - 16, from_below=True)

    @Slot()
    def _scrolled(self) -> None:
        """Show the lanes' names at the upper edge once their own place is out of sight."""
        canvas, names = self._dag.canvas, []
        transform = self.viewportTransform()
        for lane in self._dag.layout.lanes:
            head = transform.mapRect(QRectF(*lane.rect))
            out = head.top() + (canvas.metrics.header * 0.5) * self.zoom < 0
            if out and not lane.folded and head.right() > 0 and head.left() < self.viewport().width():
                report = self._shown
                names.append((head.left(), head.width(), stage_name(report.graph, lane.stage) if report else ""))
        self._lane_bar.show_names(names)

    @Slot(bool)
    def _show_legend(self, shown: bool) -> None:
        self._show_legend_rows()
        self._legend.setVisible(shown)
        self._place_overlay()

    def _show_legend_rows(self) -> None:
        report = self._shown
        if report is None:
            return
        theme = self._workbench.look
        present = {look_of_step(step, theme) for step in report.steps}
        kinds = {edge.kind for edge in report.graph.edges}
        self._legend.show_rows([look for _, look in theme.looks if look in present],
                               [kind for kind in EdgeKind if kind in kinds])

    def _current_report(self) -> StepReport | None:
        report, current = self._shown, self._dag.current
        if report is None or current is None:
            return None
        return next((step for step in report.steps if step.id == current), None)

    def _say_current(self) -> None:
        """Tell assistive technology, and the caption of a presentation, what is selected."""
        step, report = self._current_report(), self._shown
        text = sentence_of(step) if step is not None else ""
        presenting = self._workbench.look.sizes.presenting
        shown = ""
        if presenting and step is not None and report is not None:
            shown = sentence_of(step)
            if self._workbench.settings.step_numbers:
                order = [s for lane in self._dag.layout.lanes if lane.needed for s in lane.steps]
                shown = f"{order.index(step.id) + 1} of {len(order)}: {shown}" if step.id in order else shown
        self._why_caption.show_text(shown)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self._place_overlay()

    @Slot()
    def _go_to_error(self) -> None:
        lines = [d.span.line for d in self._workbench.diagnostics if d.severity.value == "error"]
        if lines:
            self._workbench.activate_line(lines[0])

    # -- motion -------------------------------------------------------------------------------------------------

    def _run_timer(self) -> None:
        if self._dag.running and not self._reduce_motion:
            self._bar_timer.start()
        else:
            self._bar_timer.stop()
        self._update_bars()

    @Slot()
    def _move_bars(self) -> None:
        self._dag.canvas.phase = (self._dag.canvas.phase + 0.028) % 1.0
        self._update_bars()

    def _update_bars(self) -> None:
        for step in self._dag.running:
            item = self._dag.steps.get(step)
            if item is not None:
                item.update(item.bar_rect)

    # -- Qt -----------------------------------------------------------------------------------------------------

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if self._workbench.stale:
            veil = QColor(self._workbench.look.bg)
            veil.setAlpha(135)
            painter.fillRect(rect, veil)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place_overlay()
        if not self._arrived and self._shown is not None and self._shown.steps:
            self._arrive()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._restoring is not None:
            place = self._restoring
            self._go_back(place)
            self._restoring = place
        elif self._auto and self._arrived:
            self._set_zoom(self._first_zoom())
        self._place_overlay()
        self._scrolled()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._list is not None and self.list_shown:
            self._list.setFocus(event.reason())
        elif self._dag.current is None and event.reason() in (Qt.FocusReason.TabFocusReason,
                                                           Qt.FocusReason.BacktabFocusReason,
                                                           Qt.FocusReason.ShortcutFocusReason):
            report = self._shown
            first = report.first_miss if report is not None else None
            order = self._dag.order
            if first is not None or order:
                self._workbench.select(first.id if first is not None else order[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        plain = modifiers & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        if plain == Qt.KeyboardModifier.ControlModifier and self._zoom_key(key):
            return
        if plain != Qt.KeyboardModifier.NoModifier or not self._plain_key(event):
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
        key, shift = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        order = self._dag.order
        if key in _ARROWS:
            self._walk(_ARROWS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and order:
            self._go(order[0] if key == Qt.Key.Key_Home else self._last_step())
        elif key == Qt.Key.Key_M:
            self.next_miss(back=shift)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._dag.current is not None:
            self._workbench.activate(self._dag.current)
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space, self._space_used = True, False
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
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
            return
        self._space = False
        self.viewport().unsetCursor()
        if not self._space_used and self._dag.current is not None:
            self.toggle_fold(self._dag.current.stage)

    def _last_step(self) -> StepId:
        """The end of the build: the last step of the target, where there is one."""
        report = self._shown
        order = self._dag.order
        target = report.graph.target if report is not None else -1
        mine = [s for s in order if s.stage == target]
        return mine[-1] if mine and target >= 0 else order[-1]

    def _walk(self, direction: Direction) -> None:
        report, current = self._shown, self._dag.current
        if report is None or not self._dag.order:
            return
        if current is None or self._dag.layout.lane(current.stage) is None:
            self._go(self._dag.order[0])
            return
        found = walk(report.graph, self._dag.layout, current, direction)
        if found is not None:
            self._go(found)

    def _go(self, step: StepId) -> None:
        self._touched()
        self._workbench.select(step)
        self.show_step(step)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._touched()
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_at(event.position(), _STEP ** (turn / 120.0))
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not event.angleDelta().x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turn)
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom_at(event.position(), 1.0 + event.value())
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._touched()
        where = event.position().toPoint()
        left = event.button() == Qt.MouseButton.LeftButton
        step = self.step_at(where)
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._begin_pan(where)
        elif left and step is not None:
            self._pressed = (step, where)
            self._by_hand = True        # what is under the pointer is seen: nothing scrolls away from it
            self._workbench.select(step)
            self._by_hand = False
        elif left:
            lane = self._dag.lane_at(self.mapToScene(where))
            if lane is not None:
                self.toggle_fold(lane.lane.stage)
            else:
                self._begin_pan(where)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        if self._pressed is not None and not self._drag.active:
            step, start = self._pressed
            if (where - start).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._drag.begin(step, self.mapToScene(start))
        if self._drag.active:
            self._drag.move(self.mapToScene(where))
            self.ensureVisible(QRectF(self.mapToScene(where), QSizeF(1.0, 1.0)), 0, 24)
            self._take_stale()
        elif self._pan is not None:
            off, self._pan = where - self._pan, where
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - off.x())
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - off.y())
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked, self._pressed = self._pressed, None
        if clicked is not None and self._workbench.look.sizes.presenting:
            self.show_step(clicked[0])
        if self._drag.active:
            self._drag.drop()
            self._take_stale()
        elif self._pan is not None:
            self._pan = None
            if self._space:
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
            else:
                self.viewport().unsetCursor()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        step = self.step_at(event.position().toPoint())
        if step is not None and event.button() == Qt.MouseButton.LeftButton:
            self._workbench.activate(step)
        else:
            self.mousePressEvent(event)

    def step_at(self, where: QPoint) -> StepId | None:
        """The step whose node is at that point of the viewport."""
        return next((item.id for item in self.items(where) if isinstance(item, StepItem)), None)

    def _begin_pan(self, where: QPoint) -> None:
        self._pan, self._space_used = where, True
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
