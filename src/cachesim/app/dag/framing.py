"""How is the graph framed: how large, where scrolled to, above its buttons, and with what of it out of sight?"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Slot
from PySide6.QtGui import QColor, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from cachesim.app.dag.cover import Cover
from cachesim.app.dag.pan_zoom import PanZoomView, Place
from cachesim.app.dag.scene import DagScene
from cachesim.app.dag.words import Beyond, beyond, stage_name
from cachesim.app.theme import Theme
from cachesim.graph.model import StepId

__all__ = ["FramedView"]

_CUT = 0.1                  # of a lane's width: with more of it out of sight its nodes cannot be read


class FramedView(PanZoomView):
    """A graph that fits its width until somebody zooms, and what lies over it. Knows no workbench.

    Attributes:
        dag: The scene, in its own type.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dag = DagScene(theme, self)
        self.setScene(self.dag)
        self.cover = Cover(self.dag.canvas, self)
        self.cover.selected = self._selected_rect
        self._arrived = False           # whether the first report was brought into view
        self._place_before: Place | None = None
        buttons = self.cover.zoom_bar
        buttons.zoom_in_asked.connect(self.zoom_in)
        buttons.zoom_out_asked.connect(self.zoom_out)
        buttons.reset_asked.connect(self.zoom_reset)
        buttons.fit_asked.connect(self.fit)
        self.zoom_changed.connect(buttons.show_zoom)
        for hint in (self.cover.more_left, self.cover.more_right):
            hint.asked.connect(self._show_lane)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._scrolled)

    # -- where one looks ------------------------------------------------------------------------------------------

    @Slot()
    def fit(self) -> None:
        """Show the whole graph."""
        layout, size = self.dag.layout, self.viewport().size()
        self.moved_by_hand()
        self._auto = False
        self.set_zoom(min(size.width() / layout.width, (size.height() - self.cover.foot) / layout.height, 1.0))

    def show_step(self, step: StepId) -> None:
        """Scroll so that a step is seen; while presenting, with much free room around it."""
        rect = self.dag.rect_of(step)
        if rect is not None:
            height, foot = self.viewport().height(), self.cover.foot
            if not self.dag.canvas.theme.sizes.presenting:
                self.ensureVisible(rect, 30, min(foot + 8, round(height / 3)))
                return
            free = max(0.0, height - foot - rect.height() * self.zoom)      # the caption is no room to be seen in
            room = min(0.3 * height, free / 2)
            self.ensureVisible(rect.adjusted(0, -room / self.zoom, 0, max(room, foot) / self.zoom), 30, 0)
            miss = self.dag.report.first_miss if self.dag.report is not None else None
            first = self.dag.rect_of(miss.id) if miss is not None else None
            both = rect.united(first) if first is not None else rect       # what it is all about is seen too, if both have room
            if both.height() * self.zoom <= height - foot and both.width() * self.zoom <= self.viewport().width():
                self.ensureVisible(both.adjusted(0, 0, 0, foot / self.zoom), 0, 0)

    @property
    def told(self) -> StepId | None:
        """The step that it is all about: what is selected, else the first miss."""
        report = self.dag.report
        if self.dag.current is not None or report is None or report.first_miss is None:
            return self.dag.current
        return report.first_miss.id

    def show_told(self) -> None:
        """Scroll to the step that the caption of a presentation tells of."""
        if (step := self.told) is not None:
            self.show_step(step)

    def arrive(self) -> None:
        """The first look at a project: as wide as the view, never below 85 %, at the first miss."""
        report = self.dag.report
        if self._arrived or report is None or not report.steps or not self.isVisible() or self.viewport().width() < 50:
            return
        self._arrived = True
        if self._auto:
            self.set_zoom(self.first_zoom())
        self.horizontalScrollBar().setValue(0)
        self.verticalScrollBar().setValue(0)
        self.show_told()

    def first_zoom(self) -> float:
        fit, smallest = self.viewport().width() / self.dag.layout.width, self.dag.smallest
        if self.dag.canvas.theme.sizes.presenting:     # nodes are grown to be read: only what nearly fits is made to fit
            return fit if smallest <= fit < 1.0 else 1.0
        return min(max(fit, smallest), 1.0)

    def refit(self) -> None:
        """Fit the width again, as at the first look, unless somebody chose a zoom."""
        if self._auto and self._arrived and self._restoring is None and abs(self.first_zoom() - self.zoom) > 0.005:
            self.set_zoom(self.first_zoom())

    def zoomed(self, zoom: float) -> None:
        self.dag.set_zoom(zoom, self.devicePixelRatioF())
        self.fit_scene()

    def pivot(self) -> QPointF:
        rect = self.dag.rect_of(self.dag.current) if self.dag.current is not None else None
        if rect is not None:
            at = self.viewportTransform().map(rect.center())
            if self.viewport().rect().contains(at.toPoint()):
                return at
        return super().pivot()

    # -- room -----------------------------------------------------------------------------------------------------

    def show_theme(self, theme: Theme) -> None:
        """Take other colours and sizes; before a presentation one looked somewhere, and looks there again after it."""
        presenting, before = theme.sizes.presenting, self.dag.canvas.theme.sizes.presenting
        if presenting and not before:
            self._place_before = self.place_of_turn
        self.dag.set_theme(theme)
        self.dag.set_room(self._room)
        self.cover.show_theme(theme)
        self.setBackgroundBrush(QColor(theme.bg))
        self.fit_scene()
        if presenting and not before:
            self._auto, self._restoring = True, None
            self.set_zoom(self.first_zoom())
        elif before and not presenting and self._place_before is not None:
            self.go_back(self._place_before)

    def fit_scene(self) -> None:
        """The scene's own size, and room below it so that nothing has to hide under the buttons."""
        layout = self.dag.layout
        self._reserve()
        self.setSceneRect(0.0, 0.0, layout.width, layout.height + self.cover.foot / self.zoom)
        self._scrolled()

    @property
    def _room(self) -> int:
        """Width for the lanes. Where they fold for want of room it is the same with and without a scroll bar, else they would
        unfold as soon as it goes, and it would come back."""
        width = self.viewport().width()
        bar = self.verticalScrollBar().sizeHint().width()
        return min(width, self.width() - bar) if self.dag.canvas.theme.sizes.presenting else width

    def _reserve(self) -> None:
        """A graph that reaches down to the buttons ends above them; over free ground they float."""
        self.cover.fit_bar()
        whole, bar = self.viewport().height() + self.cover.reserved, self.cover.bar_height
        reaches = self.dag.layout.height * self.zoom > whole - bar
        reserved = bar if reaches and not self.cover.zoom_bar.collapsed else 0
        if reserved != self.cover.reserved:
            self.cover.reserved = reserved
            self.setViewportMargins(0, 0, 0, reserved)

    def place_cover(self) -> None:
        """Put buttons, names and captions where they belong."""
        self._reserve()
        self.cover.place()

    # -- what is out of sight -------------------------------------------------------------------------------------

    @Slot()
    def _scrolled(self) -> None:
        """Show the lanes' names at the upper edge once their own place is out of sight."""
        names, report, transform = [], self.dag.report, self.viewportTransform()
        for lane in self.dag.layout.lanes if report is not None else ():
            head = transform.mapRect(QRectF(*lane.rect))
            out = head.top() + 0.5 * self.dag.canvas.metrics.header * self.zoom < 0
            if out and not lane.folded and head.right() > 0 and head.left() < self.viewport().width():
                assert report is not None
                names.append((head.left(), head.width(), stage_name(report.graph, lane.stage)))
        self.cover.show_lane_names(names)
        self.cover.show_more(*self.unseen())
        self.cover.place_legend()

    def unseen(self) -> tuple[Beyond, Beyond]:
        """The lanes that lie left and right of what is seen, the nearest first."""
        report, transform, width = self.dag.report, self.viewportTransform(), self.viewport().width()
        left: list[int] = []
        right: list[int] = []
        for lane in self.dag.layout.lanes if report is not None else ():
            place = transform.mapRect(QRectF(*lane.rect))
            if place.right() - width > _CUT * place.width():
                right.append(lane.stage)
            elif -place.left() > _CUT * place.width():
                left.insert(0, lane.stage)
        return beyond(report, left), beyond(report, right)

    @Slot(int)
    def _show_lane(self, stage: int) -> None:
        """Bring a lane into view that lies beyond the edge."""
        lane = self.dag.layout.lane(stage)
        if lane is not None:
            self.moved_by_hand()
            seen = self.mapToScene(self.viewport().rect()).boundingRect()
            rect = QRectF(lane.rect.x, seen.center().y(), lane.rect.width, 1.0)
            self.ensureVisible(rect, round(self.dag.layout.metrics.lane_gap * self.zoom), 0)

    def _selected_rect(self) -> QRect | None:
        """Where the selected node is seen, in px of this widget."""
        rect = self.dag.rect_of(self.dag.current) if self.dag.current is not None else None
        if rect is None:
            return None
        return self.viewportTransform().mapRect(rect).toAlignedRect().translated(self.viewport().pos())

    # -- Qt -------------------------------------------------------------------------------------------------------

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.cover.leave()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.place_cover()
        self.arrive()

    def resizeEvent(self, event: QResizeEvent) -> None:
        told = self.told
        rect = self.dag.rect_of(told) if told is not None and self._restoring is None else None
        seen = rect is not None and QRectF(QPointF(), event.oldSize()).contains(self.viewportTransform().mapRect(rect))
        if self.dag.set_room(self._room):
            self.fit_scene()
        super().resizeEvent(event)
        self.refit()
        self.place_cover()
        self._scrolled()
        if self.dag.canvas.theme.sizes.presenting and self._auto and self.dag.current is None:
            self.show_told()           # the screen comes after the look
        elif seen:
            self.show_told()           # another pane takes height, the answer stays in sight
