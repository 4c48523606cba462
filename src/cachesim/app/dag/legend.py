"""What do the colours, icons and lines of the graph mean?"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cachesim.app.dag.canvas import Canvas
from cachesim.app.dag.edge_item import paint_sample
from cachesim.app.theme import Look, icon
from cachesim.graph.model import EdgeKind

__all__ = ["Legend"]

_EDGES = ((EdgeKind.PARENT, "builds on"), (EdgeKind.COPY_FROM, "copies from"), (EdgeKind.MOUNT, "mounts"))


class Legend(QWidget):
    """What the looks on screen and the lines mean; only what occurs is listed."""

    def __init__(self, canvas: Canvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._looks: tuple[Look, ...] = ()
        self._kinds: tuple[EdgeKind, ...] = ()
        self.setAccessibleName("Legend of the graph")
        self.hide()

    def show_rows(self, looks: Sequence[Look], kinds: Sequence[EdgeKind]) -> None:
        """List these looks and kinds of edges."""
        if (tuple(looks), tuple(kinds)) != (self._looks, self._kinds):
            self._looks, self._kinds = tuple(looks), tuple(kinds)
            words = [look.word for look in self._looks] + [word for kind, word in _EDGES if kind in self._kinds]
            self.setAccessibleDescription("; ".join(words))
            self.updateGeometry()
            self.adjustSize()
            self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.font())
        words = [look.word for look in self._looks] + [word for kind, word in _EDGES if kind in self._kinds]
        widest = max((metrics.horizontalAdvance(word) for word in words), default=0.0)
        return QSize(round(widest + self._sample + 34), round(len(words) * self._row + 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas = self._canvas
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(canvas.line, canvas.theme.border))
        painter.setBrush(canvas.bg)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6.0, 6.0)
        painter.setFont(self.font())
        y = 8.0
        for look in self._looks:
            self._paint_look(painter, look, y)
            self._paint_word(painter, look.word, y)
            y += self._row
        for kind, word in _EDGES:
            if kind in self._kinds:
                paint_sample(painter, canvas, kind, 10.0, 10.0 + self._sample, y + self._row / 2)
                self._paint_word(painter, word, y)
                y += self._row
        painter.end()

    @property
    def _row(self) -> float:
        return max(24.0, QFontMetricsF(self.font()).height() + 8.0)

    @property
    def _sample(self) -> float:
        return self._row * 1.7

    def _paint_look(self, painter: QPainter, look: Look, y: float) -> None:
        """A small node: fill, border, pattern, icon."""
        canvas = self._canvas
        ink, height = canvas.ink(look), self._row - 5.0
        scale = height / canvas.metrics.node_height
        painter.save()
        painter.translate(10.0, y + 2.5)
        painter.scale(scale, scale)
        painter.setPen(ink.border)
        painter.setBrush(ink.fill)
        painter.drawRoundedRect(QRectF(0.0, 0.0, self._sample / scale, canvas.metrics.node_height), 8.0, 8.0)
        if ink.pattern:
            painter.setPen(ink.pattern_pen)
            painter.drawLines(ink.pattern)
        elif ink.solid:
            painter.fillRect(canvas.strip, ink.strong)
        painter.restore()
        size = height - 4.0
        mark = icon(look.icon, look.strong, round(size)).pixmap(QSize(round(size), round(size)))
        painter.drawPixmap(round(10.0 + self._sample * 0.62 - size / 2), round(y + 4.5), mark)

    def _paint_word(self, painter: QPainter, word: str, y: float) -> None:
        painter.setPen(self._canvas.text)
        painter.drawText(QRectF(self._sample + 22.0, y, self.width(), self._row), Qt.AlignmentFlag.AlignVCenter, word)
