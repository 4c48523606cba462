"""How are lanes named whose own names are out of sight, and those that are out of sight altogether?"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolButton, QWidget

from cachesim.app.dag.canvas import Canvas
from cachesim.app.dag.words import Beyond
from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped

__all__ = ["LaneBar", "MoreLanes"]


class LaneBar(QWidget):
    """The names of the lanes at the upper edge, while their own place is scrolled away."""

    def __init__(self, canvas: Canvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._names: tuple[tuple[float, float, str], ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_names(self, names: Sequence[tuple[float, float, str]]) -> None:
        """Left, width and text per lane, in this widget's coordinates; none hides the bar."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self.setVisible(bool(names))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas = self._canvas
        painter = QPainter(self)
        painter.fillRect(self.rect(), canvas.bg)
        painter.setPen(QPen(canvas.line, 1.0))
        painter.drawLine(self.rect().bottomLeft(), self.rect().bottomRight())
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(canvas.text)
        metrics = QFontMetricsF(font)
        for left, width, name in self._names:
            painter.drawText(QRectF(left, 0.0, width, self.height()),
                             Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                             metrics.elidedText(name, Qt.TextElideMode.ElideRight, width))
        painter.end()


class MoreLanes(QToolButton):
    """"2 more lanes, 3 run →" at the edge behind which they lie; a click brings the nearest into view."""

    asked = Signal(int)     # its stage

    def __init__(self, *, left: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("moreLanes")
        self._left, self._lanes, self._room = left, Beyond(), 0
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)     # the arrow keys walk there, and the view follows
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._ask)
        self.hide()

    def show_lanes(self, lanes: Beyond, room: int) -> None:
        """Tell of these, with their number alone where words are wider than `room`; of none, be hidden."""
        if (lanes, room) != (self._lanes, self._room):
            self._lanes, self._room = lanes, room
            wide = self.fontMetrics().horizontalAdvance(lanes.text) + 40 > room
            text = lanes.brief if wide else lanes.text
            self.setText(f"← {text}" if self._left else f"{text} →")
            self.setAccessibleName(f"{lanes.text} to the {'left' if self._left else 'right'}")
            self.setToolTip(wrapped(lanes.sentence))
            self.setVisible(bool(lanes.text))
            self.adjustSize()

    def show_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.setStyleSheet(f"#moreLanes {{ color: {theme.text}; background: {theme.selection};"
                           f" border: {theme.border:.0f}px solid {theme.accent}; border-radius: 5px; padding: 2px 8px;"
                           f" min-height: {round(theme.sizes.target) - 6}px; }}"
                           f"#moreLanes:hover {{ border-color: {theme.text}; }}")
        self.adjustSize()

    @Slot()
    def _ask(self) -> None:
        self.asked.emit(self._lanes.nearest)
