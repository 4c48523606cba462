"""How do a stage's lane, open or folded, and a source from outside look?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cachesim.app.dag.canvas import Canvas, Level, shortened
from cachesim.engines.base import Outcome
from cachesim.graph.model import Source, SourceKind
from cachesim.layout.layered import META, Lane, Point, Rect

__all__ = ["LaneItem", "LaneText", "SourceItem"]


@dataclass(frozen=True, slots=True)
class LaneText:
    """The words of a lane. `note` is quiet and right of the name ("target"); folded, `count` stands behind it ("4 cached")."""

    name: str
    note: str
    steps: int
    is_target: bool = False
    count: str = ""

    @property
    def sentence(self) -> str:
        """For hovering."""
        plural = "step" if self.steps == 1 else "steps"
        return f"{self.name}: {self.steps} {plural}{', ' + self.note if self.note else ''}"


class LaneItem(QGraphicsItem):
    """The ground under a stage's nodes, its name, and the lines from step to step; folded, a strip with the name."""

    def __init__(self, canvas: Canvas, lane: Lane, text: LaneText) -> None:
        super().__init__()
        self._canvas = canvas
        self.lane = lane
        self.text = text
        self.current = False
        self._lines: list[QLineF] = []
        self._bounds = QRectF()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)     # for the exposed part
        self.setZValue(0.0)

    def show_lane(self, lane: Lane, text: LaneText, lines: Sequence[tuple[Point, Point]]) -> None:
        """Show that lane there; `lines` are in scene coordinates, as is everything of this item."""
        self.prepareGeometryChange()
        self.lane, self.text = lane, text
        self._lines = [QLineF(a.x, a.y, b.x, b.y) for a, b in lines]
        reach = self._canvas.metrics.pad + 6.0 * self._canvas.k
        self._bounds = _qrect(lane.rect).adjusted(-reach, -reach, reach, reach)
        hint = ". Click to unfold" if lane.folded else ". Click its name to fold" if lane.foldable else ""
        self.setToolTip(f"<qt>{html.escape(text.sentence + hint)}</qt>")
        self.setCursor(Qt.CursorShape.PointingHandCursor if lane.folded else Qt.CursorShape.ArrowCursor)
        self.update()

    def show_current(self, current: bool) -> None:
        """Show the focus ring: the selected step is folded away in here."""
        if current != self.current:
            self.current = current
            self.update()

    def folds_at(self, where: QPointF) -> bool:
        """Whether a click there folds or unfolds the lane."""
        rect = _qrect(self.lane.rect)
        if not self.lane.foldable or not rect.contains(where):
            return False
        return self.lane.folded or where.y() < rect.top() + self._canvas.metrics.header

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.lane.folded:
            self._paint_folded(painter)
        else:
            self._paint_open(painter)
            if option.exposedRect.top() <= self.lane.rect.y + self._canvas.metrics.header:
                self._paint_head(painter)       # most keys change a node far below

    def _paint_open(self, painter: QPainter) -> None:
        canvas, m = self._canvas, self._canvas.metrics
        rect = _qrect(self.lane.rect)
        painter.setPen(QPen(canvas.line, 1.0 * canvas.theme.border))
        painter.setBrush(canvas.panel)
        painter.drawRoundedRect(rect.adjusted(-m.pad, -m.pad / 2, m.pad, m.pad), m.pad, m.pad)
        painter.setPen(QPen(canvas.muted, 1.8 * canvas.k))
        painter.drawLines(self._lines)

    def _paint_head(self, painter: QPainter) -> None:
        """The lane's name, and the quiet words beside it."""
        canvas, m = self._canvas, self._canvas.metrics
        rect, font = _qrect(self.lane.rect), canvas.lane_font()
        head = QRectF(rect.left(), rect.top(), rect.width(), m.header - 4.0 * canvas.k)
        left = head.left() + 2.0 * canvas.k
        if self.lane.foldable and canvas.level is not Level.BLOCK:
            size = 12.0 * canvas.k
            canvas.icon(painter, "chevron-down", canvas.muted.name(), left, head.center().y() - size / 2, size)
            left += size + 4.0 * canvas.k
        note_width = self._paint_note(painter, head) if canvas.level is not Level.BLOCK else 0.0
        painter.setFont(font)
        painter.setPen(canvas.text if self.lane.needed else canvas.muted)
        head.setLeft(left)
        head.setRight(head.right() - note_width)
        name = QFontMetricsF(font).elidedText(self.text.name, Qt.TextElideMode.ElideRight, head.width())
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def _paint_note(self, painter: QPainter, head: QRectF) -> float:
        """The quiet words at the right end of the name's line; returns the room they take."""
        if not self.text.note:
            return 0.0
        canvas, gap = self._canvas, 6.0 * self._canvas.k
        width = canvas.small_metrics.horizontalAdvance(self.text.note) + 2 * gap
        box = QRectF(head.right() - width, head.center().y() - 0.62 * canvas.small_metrics.height(), width,
                     1.24 * canvas.small_metrics.height())
        if self.text.is_target:
            painter.setPen(QPen(canvas.accent, 1.2 * canvas.k))
            painter.setBrush(canvas.bg)
            painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(canvas.text if self.text.is_target else canvas.muted)
        painter.setFont(canvas.small_font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text.note)
        return width + gap

    def _paint_folded(self, painter: QPainter) -> None:
        canvas, rect = self._canvas, _qrect(self.lane.rect)
        look = canvas.theme.look(Outcome.HIT if self.lane.needed else
                                 Outcome.CONFIG_ONLY if self.lane.stage == META else Outcome.UNREACHED)
        ink = canvas.ink(look)
        pen = QPen(ink.strong, 1.4 * canvas.k * canvas.theme.border)
        if self.lane.stage != META and not self.lane.needed:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(ink.fill if self.lane.needed else canvas.panel)
        painter.drawRoundedRect(rect, 8.0 * canvas.k, 8.0 * canvas.k)
        size = 16.0 * canvas.k
        canvas.icon(painter, look.icon, look.strong, rect.center().x() - size / 2, rect.top() + 10.0 * canvas.k, size)
        if self.current:
            gap = 3.5 * canvas.k
            painter.setPen(QPen(canvas.text, max(2.0 * canvas.k, 2.0 / canvas.zoom)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-gap, -gap, gap, gap), 10.0 * canvas.k, 10.0 * canvas.k)
        painter.save()
        painter.translate(rect.center().x(), rect.bottom() - 10.0 * canvas.k)
        painter.rotate(-90.0)
        room = rect.height() - 46.0 * canvas.k
        font, quiet = canvas.lane_font(), canvas.small_font
        metrics = QFontMetricsF(font)
        count = f" · {self.text.count}"
        tail = QFontMetricsF(quiet).horizontalAdvance(count)
        name = metrics.elidedText(self.text.name, Qt.TextElideMode.ElideRight, room - tail)
        line = QRectF(0.0, -rect.width() / 2, room, rect.width())       # ends below the icon
        painter.setPen(canvas.text if self.lane.needed else canvas.muted)
        painter.setFont(quiet)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        line.setRight(line.right() - tail)
        painter.setPen(canvas.text)
        painter.setFont(font)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        painter.restore()


class SourceItem(QGraphicsItem):
    """A small node for an image or named context that one step copies from or mounts."""

    def __init__(self, canvas: Canvas, source: Source) -> None:
        super().__init__()
        self._canvas = canvas
        self._source = source
        self._rect = QRectF()
        self.setToolTip(f"<qt>{html.escape(f'{source.kind.value}: {source.name}')}</qt>")
        self.setZValue(3.5)

    def place(self, rect: Rect) -> None:
        """Stand there, at that size."""
        self.prepareGeometryChange()
        self._rect = _qrect(rect)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-2.0, -2.0, 2.0, 2.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas, rect = self._canvas, self._rect
        painter.setPen(QPen(canvas.muted, 1.0 * canvas.k * canvas.theme.border))
        painter.setBrush(canvas.bg)
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        if canvas.level is Level.BLOCK:
            return
        size = 12.0 * canvas.k
        name = "folder-open" if self._source.kind is SourceKind.NAMED_CONTEXT else "layers"
        canvas.icon(painter, name, canvas.muted.name(), rect.left() + 7.0 * canvas.k, rect.center().y() - size / 2,
                    size)
        if canvas.level in (Level.FULL, Level.LINE):
            room = rect.adjusted(23.0 * canvas.k, 0.0, -8.0 * canvas.k, 0.0)
            text = canvas.small_metrics.elidedText(shortened(self._source.name), Qt.TextElideMode.ElideMiddle,
                                                   room.width())
            painter.setFont(canvas.small_font)
            painter.setPen(canvas.text)
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def _qrect(rect: Rect) -> QRectF:
    return QRectF(rect.x, rect.y, rect.width, rect.height)
