"""What lies over the picture, where, and what does it say in which state?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPoint, QRect, Slot
from PySide6.QtWidgets import QGraphicsView

from cachesim.app.dag.canvas import Canvas
from cachesim.app.dag.caption import Caption
from cachesim.app.dag.lane_bar import LaneBar, MoreLanes
from cachesim.app.dag.legend import Legend
from cachesim.app.dag.words import Beyond
from cachesim.app.dag.zoom_bar import ZoomBar
from cachesim.app.theme import Theme, look_of_step
from cachesim.graph.model import EdgeKind
from cachesim.simulate.report import SimulationReport

__all__ = ["Cover"]

_EDGE = 6       # px between an overlay and the edge


class Cover(QObject):
    """Zoom buttons, legend, lane names and captions of a view. They are children of the view, not of its viewport: that
    one's children would be scrolled along."""

    def __init__(self, canvas: Canvas, view: QGraphicsView) -> None:
        super().__init__(view)
        self._view = view
        self._report: SimulationReport | None = None
        self._theme: Theme | None = None
        self._edge, self._on_top = "", False
        self._beside = 0        # what the hints take that stand in a row with the buttons
        self.reserved = 0       # height below the picture that is the buttons' own; set by the view
        self.selected: Callable[[], QRect | None] = lambda: None       # where the selected node is in the view; set by the view
        self.lane_bar = LaneBar(canvas, view)
        self.legend = Legend(canvas, view)
        self.zoom_bar = ZoomBar(view)
        self.state = Caption("State of the graph", view, "Go to line")
        self.why = Caption("Why", view)
        self.more_left, self.more_right = MoreLanes(left=True, parent=view), MoreLanes(left=False, parent=view)
        self.empty = Caption("Nothing to show", view, "Begin with FROM alpine")
        self.zoom_bar.legend_changed.connect(self._show_legend)

    @property
    def foot(self) -> int:
        """Height at the lower edge of the picture that is never free, in px."""
        said = self.why.height() + _EDGE if self.why.isVisibleTo(self._view) else 0
        return said + (0 if self.reserved else self.bar_height)

    @property
    def bar_height(self) -> int:
        """What the buttons take, with room around them."""
        return self.zoom_bar.height() + 2 * _EDGE

    def fit_bar(self) -> None:
        """Let the buttons take the size that there is room for."""
        area = self._view.viewport().geometry()
        self.zoom_bar.fit_into(area.width() - 2 * _EDGE, area.height() + self.reserved, self._beside)

    def show_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.zoom_bar.show_theme(theme)
        for hint in (self.more_left, self.more_right):
            hint.show_theme(theme)
        self.state.show_theme(theme, edge=self._edge or theme.error)
        self.empty.show_theme(theme)
        self.why.show_theme(theme, edge=theme.accent, px=theme.sizes.verdict if theme.sizes.presenting else 0.0)
        self._fill_legend()

    def show_report(self, report: SimulationReport) -> None:
        """Explain what occurs in that report; say how to begin where there is nothing."""
        self._report = report
        if self.zoom_bar.legend.isChecked():
            self._fill_legend()
        self.empty.show_text("Nothing to build yet." if report.blank else "")

    def show_state(self, text: str, *, broken: bool, edge: str = "", on_top: bool = False) -> None:
        """Say that the picture is not that of the text; a broken text can be gone to.

        Args:
            edge: Colour of its frame, if it is not an error.
            on_top: Leave the lower half free, for a hand is busy there.
        """
        if self._theme is not None and edge != self._edge:
            self._edge = edge
            self.state.show_theme(self._theme, edge=edge or self._theme.error)
        self._on_top = on_top
        self.state.button.setVisible(broken)
        self.state.show_text(text)
        self.place()

    def show_lane_names(self, names: Sequence[tuple[float, float, str]]) -> None:
        """Left, width and text of the lanes whose own names are out of sight."""
        self.lane_bar.show_names(names)

    def show_more(self, left: Beyond, right: Beyond) -> None:
        """Say which lanes lie beyond the edges: in a row with the buttons, where nothing else is; without room there, at the
        height of the lanes' names."""
        area, bar = self._view.viewport().geometry(), self.zoom_bar
        hints = (self.more_left, self.more_right)
        for hint, lanes in zip(hints, (left, right), strict=True):
            hint.show_lanes(Beyond() if bar.isHidden() else lanes, 0 if bar.collapsed else area.width() // 3)
        self._beside = sum(hint.width() + _EDGE for hint in hints if not hint.isHidden())
        width = bar.width()
        self.fit_bar()
        if bar.width() != width:
            self.place()
        low = self._beside + bar.width() + 2 * _EDGE <= area.width()
        for hint in hints:
            y = bar.y() + (bar.height() - hint.height()) // 2 if low else area.y() + _EDGE
            x = area.x() + _EDGE if hint is self.more_left else area.right() + 1 - hint.width() - _EDGE
            if y + hint.height() + _EDGE > bar.y() and x + hint.width() > bar.x():
                x = bar.x() - hint.width() - _EDGE
            hint.move(x, y)

    def leave(self) -> None:
        """The view is not seen any more: nothing of it stays over others."""
        if self.legend.parentWidget() is not self._view:
            self.legend.hide()

    def show_for_list(self, listed: bool) -> None:
        """The list has no zoom and no legend."""
        self.zoom_bar.setVisible(not listed)
        if listed:
            self.show_more(Beyond(), Beyond())
        self.legend.setVisible(not listed and self.zoom_bar.legend.isChecked())

    def place(self) -> None:
        """Put everything where it belongs."""
        area, bar = self._view.viewport().geometry(), self.zoom_bar
        bar.move(area.right() - bar.width() - _EDGE, area.bottom() + self.reserved - bar.height() - _EDGE)
        line = round(self._view.fontMetrics().height() + 10)
        self.lane_bar.setGeometry(QRect(area.x(), area.y(), area.width(), line))
        left, width = area.x() + 8, area.width() - 16
        self.empty.place(left, area.y() + area.height() // 3, width)
        free = min(bar.y(), area.bottom() + 1) - _EDGE
        self.why.place(left, free, width, from_below=True)
        foot = self.why.y() - _EDGE if self.why.isVisibleTo(self._view) else free
        if self._on_top:
            self.state.place(left, area.y() + line + _EDGE, width)
        else:
            self.state.place(left, foot, width, from_below=True)
        self.place_legend()

    def place_legend(self) -> None:
        """Above buttons and caption, or in the first other corner where it does not lie on the selected node; where every corner
        would, it waits until the node is elsewhere. Higher than the graph, it lies over what is around it."""
        legend, area = self.legend, self._view.viewport().geometry()
        if not self.zoom_bar.legend.isChecked() or self.zoom_bar.isHidden():
            return
        legend.resize(legend.sizeHint())
        low = legend.height() > area.height() - self.zoom_bar.height() - 2 * _EDGE
        host = self._view.window() if low else self._view
        if legend.parentWidget() is not host:
            legend.setParent(host)
        if low:
            corner = self.zoom_bar.mapTo(host, self.zoom_bar.rect().topRight())
            x, y = corner.x() - legend.width(), corner.y() - legend.height() - _EDGE
            legend.move(max(0, x), max(0, min(y, host.height() - legend.height())))
            legend.setVisible(self._view.isVisible())
            legend.raise_()
            return
        left, right = area.x() + _EDGE, area.right() - legend.width() - _EDGE
        below = self.why if self.why.isVisibleTo(self._view) else self.zoom_bar
        top, foot = area.y() + self.lane_bar.height() + _EDGE, below.y() - legend.height() - _EDGE
        node = self.selected()
        free = [QRect(QPoint(x, y), legend.size()) for x, y in ((right, foot), (left, foot), (right, top), (left, top))]
        found = next((place for place in free if node is None or not place.intersects(node)), None)
        if found is not None:
            legend.move(found.topLeft())
        legend.setVisible(found is not None)

    @Slot(bool)
    def _show_legend(self, shown: bool) -> None:
        self._fill_legend()
        self.legend.setVisible(shown)
        self.place()

    def _fill_legend(self) -> None:
        report, theme = self._report, self._theme
        if report is None or theme is None:
            return
        present = {id(look_of_step(step, theme)) for step in report.steps}
        kinds = {edge.kind for edge in report.graph.edges}
        self.legend.show_rows([look for _, look in theme.looks if id(look) in present],
                              [kind for kind in EdgeKind if kind in kinds])
        self.place_legend()
