"""Did the builds get cheaper over time, at a glance?"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped

__all__ = ["Sparkline", "trend_words"]


def trend_words(values: tuple[float, ...]) -> str:
    """The trend in words: where it began and where it is now."""
    if len(values) < 2:
        return ""
    first, last = values[0], values[-1]
    how = "as before" if abs(first - last) < 0.05 else "fewer now" if last < first else "more now"
    return f"{first:.1f} steps re-ran per build at first, {last:.1f} at the end: {how}"


class Sparkline(QWidget):
    """A line over equal stretches of time, oldest left; its words are what a screen reader says."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._values, self._look = name, tuple[float, ...](), None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    _look: Theme | None

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 20, max(24, metrics.height() + 6))

    def show_values(self, values: tuple[float, ...]) -> None:
        """Draw other values; fewer than two are no trend and nothing is drawn."""
        self._values = values
        words = trend_words(values)
        self.setAccessibleDescription(words)
        self.setToolTip(wrapped(words))
        self.setVisible(len(values) > 1)
        self.update()

    def set_look(self, look: Theme) -> None:
        """Take the colours."""
        self._look = look
        self.updateGeometry()
        self.update()

    def points(self) -> list[QPointF]:
        """Where the values lie, in the widget's coordinates; 0 is the foot."""
        room = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        top = max(self._values, default=0.0) or 1.0
        step = room.width() / max(1, len(self._values) - 1)
        return [QPointF(room.left() + number * step, room.bottom() - value / top * room.height())
                for number, value in enumerate(self._values)]

    def paintEvent(self, event: QPaintEvent) -> None:
        look, points = self._look, self.points()
        if look is None or len(points) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        foot = self.height() - 4.0
        painter.setPen(QPen(QColor(look.line), 1))
        painter.drawLine(QPointF(points[0].x(), foot), QPointF(points[-1].x(), foot))
        painter.setPen(Qt.PenStyle.NoPen)
        fill = QColor(look.accent)
        fill.setAlphaF(0.18)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([QPointF(points[0].x(), foot), *points, QPointF(points[-1].x(), foot)]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(look.accent), 2 * look.border))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(QColor(look.accent))
        painter.drawEllipse(points[-1], 2.5, 2.5)
