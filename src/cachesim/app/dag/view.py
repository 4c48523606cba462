"""How do the graph and the workbench meet: what is shown, selected, walked along, folded and moved?"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QRect, QRectF, QSizeF, Qt, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QStyle, QWidget

from cachesim.app.dag.drag import NodeDrag
from cachesim.app.dag.framing import FramedView
from cachesim.app.dag.motion import Cascade, RunningBars
from cachesim.app.dag.step_item import Badge, StepItem
from cachesim.app.dag.steps_list import StepsList
from cachesim.app.dag.typed import TypingWatch
from cachesim.app.dag.ways import WAYS, next_miss, start
from cachesim.app.dag.words import sentence_of, stale_caption
from cachesim.app.settings import Settings
from cachesim.app.theme import Theme
from cachesim.app.workbench import Workbench
from cachesim.diagnostics import Severity
from cachesim.graph.model import StepId
from cachesim.project.measured import Cost, Knowledge
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["DagView"]

_MANY = 300                 # steps above which only visible ones are animated


class DagView(FramedView):
    """The layer graph of a workbench."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench.look, parent)
        self._workbench = workbench
        self.dag.verdicts.cost = self._cost
        self._reduce_motion = False
        self._follow = True
        self._pressed: tuple[StepId, QPoint] | None = None
        self._by_hand = False
        self._hand = 0              # height at which a node is carried
        self._veiled = False        # whether the picture is dimmed, as of the last text that parses
        self.steps_list: StepsList | None = None        # once it was shown
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Build graph")
        self.viewport().setAccessibleName("Build graph")
        self._typing = TypingWatch(workbench, self)
        self._drag = NodeDrag(self.dag, workbench)
        self.cascade = Cascade(self._switch, self.dag.set_glow, self)
        self.bars = RunningBars(self.dag, self)
        self._connect(workbench)
        self._take_look(workbench.look)
        self._take_settings(workbench.settings)
        if workbench.report is not None:
            self._take_report(workbench.report)
        self._take_stale()

    def _connect(self, workbench: Workbench) -> None:
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
        self.cover.zoom_bar.follow_changed.connect(self.set_follow)
        self.cover.state.pressed.connect(self._go_to_error)
        self.cover.empty.pressed.connect(workbench.begin)

    # -- for others ---------------------------------------------------------------------------------------------

    @Slot(bool)
    def set_follow(self, follow: bool) -> None:
        """Whether to scroll to what is selected elsewhere, or runs."""
        self._follow = follow
        if follow and self.dag.current is not None:
            self.show_step(self.dag.current)

    def set_reduce_motion(self, reduce: bool) -> None:
        """Switch at once instead of one after the other."""
        self._reduce_motion = reduce
        if reduce:
            self.cascade.finish()
        self.bars.set_still(reduce)

    def set_running(self, steps: frozenset[StepId] | set[StepId]) -> None:
        """These run now on a real engine: a moving bar at their foot."""
        started = frozenset(steps) - self.dag.running
        self.dag.set_running(frozenset(steps))
        if self._follow and started:
            self.show_step(min(started))
        self.bars.refresh()

    def set_badges(self, badges: Mapping[StepId, Badge]) -> None:
        """What a real engine did, per step; empty takes all badges away."""
        self.dag.set_badges(badges)
        self._say_current()

    def show_list(self, shown: bool) -> None:
        """Show the steps as a list instead of the picture."""
        had_focus = self.hasFocus() or (self.steps_list is not None and self.steps_list.hasFocus())
        if shown and self.steps_list is None:
            self.steps_list = StepsList(self._workbench, self)
        if self.steps_list is not None:
            self.steps_list.setVisible(shown)
            self._fit_list()
        self.cover.show_for_list(shown)
        self.place_cover()
        if had_focus:
            (self.steps_list if shown and self.steps_list is not None else self).setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def list_shown(self) -> bool:
        return self.steps_list is not None and self.steps_list.isVisibleTo(self)

    def next_miss(self, back: bool = False) -> StepId | None:
        """Select the next (or previous) step that runs or fails, around the end; None if there is none."""
        found = next_miss(self.dag, back)
        self._go(found)
        return found

    def toggle_fold(self, stage: int) -> None:
        """Fold or unfold a stage that the target does not need."""
        lane = self.dag.layout.lane(stage)
        if lane is not None and lane.foldable:
            self.cascade.finish()
            if lane.needed:
                self.dag.open_lane(stage)
            else:
                self.dag.set_unfolded(self.dag.unfolded ^ {stage})
            self.fit_scene()
            self.refit()
            if self.dag.current is not None and self.dag.current.stage == stage:
                self.show_step(self.dag.current)

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
        if self.dag.report is not None and not self._drag.active:
            self.show_report(self.dag.report, animate=False)

    @Slot(object)
    def _take_preview(self, preview: SimulationReport | None) -> None:
        """Show what a hanging edit would give; then what is. While an instruction hangs, all nodes stay where they are."""
        placed = self._workbench.preview_placed
        report = placed or preview or self._workbench.report
        if report is not None and report is not self.dag.report:
            if placed is None and not self._drag.active:
                self.show_report(report, animate=False)
            else:
                self.cascade.finish()
                self.dag.show_report(report, settle=False)
                self.dag.switch()
        self._take_stale()

    @Slot(object)
    def _take_project(self, project: object) -> None:
        """Another project: look at it as if for the first time."""
        self._drag.cancel()
        self._auto, self._arrived, self._restoring = True, False, None
        self.dag.set_unfolded(frozenset())
        self.dag.set_badges({})
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
        if self.dag.set_current(step, settle=not self._by_hand and not self._drag.active):
            self.fit_scene()
            self.refit()
        self._say_current()
        if step is not None and self._follow and not self._by_hand:
            self.show_step(step)

    @Slot(object)
    def _take_look(self, look: Theme) -> None:
        self.cascade.finish()
        self.show_theme(look)
        self._say_current()
        if look.sizes.presenting:
            self.show_told()
        self.viewport().update()

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
        self.cover.show_state(text, broken=self._workbench.stale, edge=edge, on_top=low)
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
        self.cascade.finish()
        self._drag.cancel()
        self.dag.set_current(self._workbench.selected, settle=False)
        moved = self.dag.show_report(report)
        changed = self._animated() if animate and not self._reduce_motion and self.isVisible() else ()
        self.dag.switch(self.dag.pending if not changed else set(self.dag.pending).difference(changed))
        self.cascade.begin(changed)
        self.cover.show_report(report)
        if moved:
            self.fit_scene()
            self.refit()
        else:
            self.cover.show_more(*self.unseen())      # what runs out of sight
        self.arrive()
        self.dag.set_current(self._workbench.selected, settle=False)
        self._say_current()

    def _animated(self) -> tuple[StepId, ...]:
        """The steps whose change is shown in time; of very many only those that are seen."""
        changed = self.dag.changed_looks()
        if len(self.dag.steps) > _MANY:
            seen = self.mapToScene(self.viewport().rect()).boundingRect()
            changed = tuple(s for s in changed if self.dag.steps[s].rect.intersects(seen))
        return changed

    def _switch(self, step: StepId) -> None:
        self.dag.switch((step,))

    def _say_current(self) -> None:
        """Tell assistive technology, and the caption of a presentation, what is selected."""
        report, current, presenting = self.dag.report, self.dag.current, self._workbench.look.sizes.presenting
        step = report.find(current) if report is not None else None
        text = sentence_of(step, self._cost(step)) if step is not None else ""
        self.cover.why.show_text(self._presented(step) if presenting else "")
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.place_cover()
        if presenting:
            self.fit_scene()            # the caption takes another height with each step

    def _presented(self, step: StepReport | None) -> str:
        """What a room is told: which step of how many, and the cause of the first miss without a click."""
        if step is None:
            miss = self.dag.report.first_miss if self.dag.report is not None else None
            if miss is None or self._workbench.stale:
                return ""
            return f"First miss: {self._told_aloud(miss)}".replace(": Line", ": line", 1)
        sentence = self._told_aloud(step)
        order = [s for lane in self.dag.layout.lanes if lane.needed for s in lane.steps]
        if self._workbench.settings.step_numbers and step.id in order:
            sentence = f"{order.index(step.id) + 1} of {len(order)} · {sentence}"
        said = {Badge.DIFFERED: "The engine differed. ", Badge.AGREED: "The engine agreed. "}
        badge = self.dag.badge(step.id)
        return said[badge] + sentence if badge is not None else sentence

    def _told_aloud(self, step: StepReport) -> str:
        """The sentence of a step; that nobody measured it would take two lines of the steps' room."""
        cost = self._cost(step)
        return sentence_of(step, cost if cost is not None and cost.known is not Knowledge.UNKNOWN else None)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        if self._workbench.stale or self._workbench.reading:
            veil = QColor(self._workbench.look.bg)
            veil.setAlpha(135)
            painter.fillRect(rect, veil)

    def _fit_list(self) -> None:
        if self.steps_list is not None:
            self.steps_list.setGeometry(self.rect())
            self.steps_list.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_list()

    @Slot(object)
    def _take_busy(self, _: object) -> None:
        self.viewport().update()        # dimmed while files are read

    # -- keys ---------------------------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason,
                                    Qt.FocusReason.ShortcutFocusReason)
        if self.steps_list is not None and self.list_shown:
            self.steps_list.setFocus(event.reason())
        elif self.dag.current is None and by_key and (first := start(self.dag)) is not None:
            self._workbench.select(first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        if plain != Qt.KeyboardModifier.NoModifier or not self._step_key(event):
            super().keyPressEvent(event)

    def _step_key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key in WAYS:
            self._go(WAYS[key](self.dag))
        elif key == Qt.Key.Key_M:
            self.next_miss(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.dag.current is not None:
            self._workbench.activate(self.dag.current)
        elif key == Qt.Key.Key_Escape and self._drag.active:
            self._drag.cancel()
            self._take_stale()
        else:
            return False
        return True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
            event.ignore()
        elif self.hold_space(False) and self.dag.current is not None:
            self.toggle_fold(self.dag.current.stage)

    def _go(self, step: StepId | None) -> None:
        if step is not None:
            self.moved_by_hand()
            self._workbench.select(step)
            self.show_step(step)

    # -- mouse --------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        where = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton or self._pan is not None:
            return
        step, lane = self.step_at(where), self.dag.lane_at(self.mapToScene(where))
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
