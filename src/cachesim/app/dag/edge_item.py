"""How do the edges between lanes look?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cachesim.app.dag.canvas import Canvas, Level
from cachesim.graph.model import Edge, EdgeKind
from cachesim.layout.layered import Point
from cachesim.layout.route import EdgePath, rounded

__all__ = ["EdgeItem", "paint_sample"]

_RADIUS = 9.0
_HEAD = 8.0


class EdgeItem(QGraphicsItem):
    """All edges of one kind that leave one origin; they share their way, so they are drawn as one.

    A margin in the ground's colour lies under them: where two lines cross, one is seen to pass over the other.
    """

    def __init__(self, canvas: Canvas, kind: EdgeKind) -> None:
        super().__init__()
        self._canvas = canvas
        self.kind = kind
        self._paths: dict[Edge, tuple[QPainterPath, QPolygonF]] = {}
        self._given: tuple[EdgePath, ...] = ()
        self._k = 0.0
        self._bounds = QRectF()
        self._plain = QPainterPath()        # all that is not emphasised, as one path: shared ways are drawn once
        self._whole = QPainterPath()
        self._emphasised: frozenset[Edge] = frozenset()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(2.0)

    @property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(self._paths)

    @property
    def emphasised(self) -> frozenset[Edge]:
        return self._emphasised

    def show_paths(self, paths: Iterable[EdgePath]) -> None:
        """Run there."""
        given = tuple(paths)
        if (given, self._canvas.k) != (self._given, self._k):
            self._given, self._k = given, self._canvas.k
            self.prepareGeometryChange()
            self._paths = {path.edge: self._drawn(path.points) for path in given}
            reach = _HEAD * self._canvas.k
            self._bounds = QRectF()
            for path, head in self._paths.values():
                self._bounds |= path.boundingRect() | head.boundingRect()
            self._bounds.adjust(-reach, -reach, reach, reach)
            self._join()
            self.update()

    def emphasise(self, edges: frozenset[Edge]) -> None:
        """Draw these of its edges stronger."""
        mine = edges & self._paths.keys()
        if mine != self._emphasised:
            self._emphasised = frozenset(mine)
            self.setZValue(3.0 if mine else 2.0)
            self._join()
            self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        return QPainterPath()       # lines are not clicked; what is under them is

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas = self._canvas
        plain, strong = canvas.edge_pen(self.kind, False), canvas.edge_pen(self.kind, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if canvas.level is not Level.BLOCK:
            painter.setPen(QPen(canvas.bg, plain.widthF() + 3.4 * canvas.k))
            painter.drawPath(self._whole)
        painter.setPen(plain)
        painter.drawPath(self._plain)
        painter.setPen(strong)
        for edge in self._emphasised:
            painter.drawPath(self._paths[edge][0])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(plain.color())
        for _, head in self._paths.values():
            painter.drawPolygon(head)

    def _join(self) -> None:
        self._plain, self._whole = QPainterPath(), QPainterPath()
        for edge, (path, _) in self._paths.items():
            self._whole.addPath(path)
            if edge not in self._emphasised:
                self._plain.addPath(path)

    def _drawn(self, points: Sequence[Point]) -> tuple[QPainterPath, QPolygonF]:
        k = self._canvas.k
        tip, before = points[-1], points[-2]
        length = math.hypot(tip.x - before.x, tip.y - before.y) or 1.0
        dx, dy = (tip.x - before.x) / length, (tip.y - before.y) / length
        head = min(_HEAD * k, length)
        neck = Point(tip.x - dx * head, tip.y - dy * head)
        path = QPainterPath(QPointF(points[0].x, points[0].y))
        for piece in rounded([*points[:-1], neck], _RADIUS * k):
            if len(piece) == 3:
                path.quadTo(piece[1].x, piece[1].y, piece[2].x, piece[2].y)
            else:
                path.lineTo(piece[1].x, piece[1].y)
        half = head * 0.52
        return path, QPolygonF([QPointF(tip.x, tip.y), QPointF(neck.x - dy * half, neck.y + dx * half),
                                QPointF(neck.x + dy * half, neck.y - dx * half)])


def paint_sample(painter: QPainter, canvas: Canvas, kind: EdgeKind, left: float, right: float, y: float) -> None:
    """A short arrow of that kind, for a legend."""
    pen = canvas.edge_pen(kind, False)
    head = _HEAD
    painter.setPen(pen)
    painter.drawLine(QLineF(left, y, right - head, y))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(pen.color())
    painter.drawPolygon(QPolygonF([QPointF(right, y), QPointF(right - head, y - head * 0.52),
                                   QPointF(right - head, y + head * 0.52)]))
