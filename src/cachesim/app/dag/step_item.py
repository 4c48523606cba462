"""How does one step look in the graph?"""

from __future__ import annotations

import enum
import html
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QStaticText
from PySide6.QtWidgets import QGraphicsItem, QGraphicsSceneHoverEvent, QStyleOptionGraphicsItem, QWidget

from cachesim.app.dag.canvas import Canvas, Ink, Label, Level, paint_ground
from cachesim.app.dag.words import node_text
from cachesim.app.theme import Look
from cachesim.engines.base import Outcome
from cachesim.graph.model import Step, StepId
from cachesim.layout.layered import Rect

__all__ = ["Badge", "StepItem"]

_BLANK = Label("")
_REACH = 9.0        # how far ring, glow and badge reach beyond the node
_EDGE = 4.0         # how far its border does; two nodes with nothing else do not touch, so that each is painted alone


class Badge(enum.Enum):
    """What the real engine did, compared with the prediction; the value is the icon."""

    AGREED = "double-check"
    DIFFERED = "not-equal"


class StepItem(QGraphicsItem):
    """A node: colour, icon, pattern and word, the instruction elided, its line. Draws values it was given."""

    def __init__(self, canvas: Canvas, step: Step, hovered: Callable[[StepId | None], None]) -> None:
        super().__init__()
        self._tell_hovered = hovered
        self._canvas = canvas
        self.step = step
        self.outcome = Outcome.UNREACHED
        self.look: Look | None = None
        self.said: tuple[object, ...] = ()      # what the words follow from
        self._words: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
        self.tell: Callable[[], str] = str      # makes the sentence for hovering
        self.badge: Badge | None = None
        self.mark = ""
        self.running = False
        self.current = False
        self.is_cause = False
        self.glow = 0.0
        self._hovered = False
        self._reach = _EDGE
        self._width = canvas.metrics.node_width
        self._height = canvas.metrics.node_height
        self._texts: list[tuple[QPointF, QStaticText, QFont, QColor]] | None = None     # made when first painted
        self._set_in_line = False       # whether they are those of the level LINE
        self._label = Label("")
        self.setAcceptHoverEvents(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setZValue(4.0)

    @property
    def id(self) -> StepId:
        return self.step.id

    # -- what is shown ------------------------------------------------------------------------------------------

    def place(self, rect: Rect) -> None:
        """Stand there, at that size."""
        if (rect.width, rect.height) != (self._width, self._height):
            self.prepareGeometryChange()
            self._width, self._height = rect.width, rect.height
            self._texts = None      # cut to the node
        self.setPos(rect.x, rect.y)

    def show_step(self, step: Step, mark: str) -> None:
        """Show another instruction; `mark` is the icon of what it reads from outside ("folder"), or ""."""
        if step != self.step or mark != self.mark:
            self.step, self.mark = step, mark
            self.refresh()

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict; the first words that fit are drawn. Made when the node is painted: most lie out of sight."""
        if not isinstance(self._words, tuple):
            self._words = self._words()
        return self._words

    def show_verdict(self, look: Look, said: tuple[object, ...], words: Callable[[], tuple[str, ...]]) -> None:
        """Show another verdict: how it looks, what its words follow from, and what makes them."""
        if said != self.said:
            self._texts, self.said, self._words = None, said, words
        elif look is self.look:
            return
        self.look = look
        self.update()

    def show_state(self, *, current: bool | None = None, running: bool | None = None,
                   is_cause: bool | None = None, glow: float | None = None) -> None:
        """Change what passes: the focus ring, the running bar, the mark of the cause, the glow of a change."""
        before = (self.current, self.running, self.is_cause, self.glow)
        self.current = self.current if current is None else current
        self.running = self.running if running is None else running
        self.is_cause = self.is_cause if is_cause is None else is_cause
        self.glow = self.glow if glow is None else glow
        if before != (self.current, self.running, self.is_cause, self.glow):
            self.setZValue(5.0 if self.current else 4.0)
            self._passed()

    def show_badge(self, badge: Badge | None) -> None:
        """Show what the real engine did."""
        if badge is not self.badge:
            self.badge = badge
            self._texts = None      # the line number makes room
            self._passed()

    def _passed(self) -> None:
        """Draw what lies around the node anew, and reach as far as that does."""
        around = self.current or self.is_cause or self._hovered or self.glow > 0 or self.badge is not None
        reach = _REACH if around else _EDGE
        if reach != self._reach:
            self.prepareGeometryChange()
            self._reach = reach
        self.update()

    def refresh(self) -> None:
        """Draw everything anew (other text, theme or size)."""
        self._texts = None
        self.update()

    @property
    def tip(self) -> str:
        """What hovering says."""
        return f"<qt>{html.escape(self.tell())}</qt>"

    @property
    def rect(self) -> QRectF:
        """The node itself, in scene coordinates."""
        return QRectF(self.pos().x(), self.pos().y(), self._width, self._height)

    @property
    def bar_rect(self) -> QRectF:
        """What changes while the running bar moves, in the node's own coordinates."""
        return QRectF(0.0, self._height - 8.0 * self._canvas.k, self._width, 8.0 * self._canvas.k)

    @property
    def shown_text(self) -> str:
        """The rest of the instruction as it was last drawn: cut to the node."""
        return self._texts[0][1].text() if self._texts else ""

    # -- drawing ------------------------------------------------------------------------------------------------

    def boundingRect(self) -> QRectF:
        reach = self._reach * self._canvas.k
        return QRectF(-reach, -reach, self._width + 2 * reach, self._height + 2 * reach)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        canvas, look = self._canvas, self.look
        if look is None:
            return
        node = QRectF(0.0, 0.0, self._width, self._height)
        if self.glow > 0:
            self._paint_glow(painter, node, canvas.ink(look))
        in_line = canvas.level is Level.LINE
        if self._texts is None or in_line is not self._set_in_line:
            self._texts, self._set_in_line = self._set_line() if in_line else self._set(), in_line
        self._paint_ground(painter, look)
        if canvas.level in (Level.FULL, Level.LINE):
            self._paint_text(painter, self._texts)
        if self.running:
            self._paint_bar(painter)
        if self.is_cause or self._hovered:
            self._paint_ring(painter, node, canvas.ink(look).strong if self.is_cause else canvas.muted,
                             dashed=self.is_cause)
        if self.current:
            self._paint_ring(painter, node, canvas.text, dashed=False)
        if self.badge is not None:
            self._paint_badge(painter, self.badge)

    def _paint_ground(self, painter: QPainter, look: Look) -> None:
        """What nodes of the same look and label share: on screen one picture, set on whole pixels."""
        canvas = self._canvas
        if canvas.vector:
            paint_ground(painter, canvas, look, self._label, self._width, self._height)
            return
        label = self._label if canvas.level is Level.FULL else _BLANK
        if canvas.level in (Level.LINE, Level.KEYWORD):
            label = Label(self._label.keyword)
        picture, reach = canvas.ground(look, label, self._width, self._height)
        place = painter.worldTransform()
        painter.resetTransform()
        painter.drawPixmap(QPointF(round((place.dx() - reach) * canvas.ratio) / canvas.ratio,
                                   round((place.dy() - reach) * canvas.ratio) / canvas.ratio), picture)
        painter.setWorldTransform(place)

    def _paint_text(self, painter: QPainter, texts: list[tuple[QPointF, QStaticText, QFont, QColor]]) -> None:
        """The rest of the instruction, its verdict and its line number: few nodes share these, and keys change them."""
        for where, text, font, colour in texts:
            painter.setFont(font)
            painter.setPen(colour)
            if self._canvas.vector:
                painter.drawText(where + QPointF(0.0, QFontMetricsF(font).ascent()), text.text())
            else:
                painter.drawStaticText(where, text)

    def _paint_bar(self, painter: QPainter) -> None:
        canvas = self._canvas
        span, thick = self._width - 12.0 * canvas.k, max(2.0 * canvas.k, 2.0 / canvas.zoom)
        left, top = 6.0 * canvas.k, self._height - thick - 1.5 * canvas.k
        if canvas.phase < 0:            # motion is reduced: a bar that stands still
            painter.fillRect(QRectF(left, top, span, thick), canvas.text)
            return
        painter.fillRect(QRectF(left, top, span, thick), canvas.line)
        start = (canvas.phase * 1.35 - 0.35) * span
        begin, end = max(0.0, start), min(span, start + 0.35 * span)
        painter.fillRect(QRectF(left + begin, top, end - begin, thick), canvas.text)

    def _paint_ring(self, painter: QPainter, node: QRectF, colour: QColor, *, dashed: bool) -> None:
        k, width = self._canvas.k, max(2.0 * self._canvas.k, 2.0 / self._canvas.zoom)
        pen = QPen(colour, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        gap = 3.5 * k
        painter.drawRoundedRect(node.adjusted(-gap, -gap, gap, gap), 8.5 * k, 8.5 * k)

    def _paint_glow(self, painter: QPainter, node: QRectF, ink: Ink) -> None:
        colour = QColor(ink.strong)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for reach, share in ((2.0, 0.55), (4.5, 0.32), (7.0, 0.16)):
            colour.setAlphaF(share * self.glow)
            painter.setPen(QPen(colour, 2.6 * self._canvas.k))
            reach *= self._canvas.k
            painter.drawRoundedRect(node.adjusted(-reach, -reach, reach, reach), 6.0 + reach, 6.0 + reach)

    def _paint_badge(self, painter: QPainter, badge: Badge) -> None:
        """At the upper right corner; a difference grows as one zooms out, so that it never hides."""
        canvas = self._canvas
        look = canvas.theme.look(Outcome.HIT if badge is Badge.AGREED else Outcome.FAILED)
        floor = 18.0 / canvas.zoom if badge is Badge.DIFFERED and not canvas.vector else 0.0
        size = min(max(18.0 * canvas.k, floor), self._height * 1.2)
        reach = _REACH * canvas.k - 1.0
        box = QRectF(self._width + reach - size, -reach, size, size)
        painter.setPen(QPen(QColor(look.strong), 1.4 * canvas.k))
        painter.setBrush(canvas.bg)
        painter.drawEllipse(box)
        inner = size * 0.68
        canvas.icon(painter, badge.value, look.strong, box.center().x() - inner / 2, box.center().y() - inner / 2,
                    inner)

    def _set(self) -> list[tuple[QPointF, QStaticText, QFont, QColor]]:
        """Cut the texts to the node: the label, and what is the node's own with its places.

        The line number stands behind the instruction; where that would be cut, behind the verdict if it fits there.
        """
        canvas, k = self._canvas, self._canvas.k
        end = self._width - 8.0 * k
        right = end - (6.0 * k if self.badge else 0.0)
        number = f"L{self.step.line}"
        taken = canvas.width_of("L" + "0" * (len(number) - 1)) + 6.0 * k      # all digits are as wide as 0
        keyword, rest = node_text(self.step.instruction.text)
        rest_x = canvas.text_x + canvas.keyword_metrics.horizontalAdvance(keyword)
        rest_x += canvas.text_metrics.horizontalAdvance(" ")
        room = end - canvas.text_x - (16.0 * k if self.mark else 0.0)
        word = self._word(room - taken)
        low = word is not None and canvas.text_metrics.horizontalAdvance(rest) > right - taken - rest_x
        if not low:
            word = self._word(room) or canvas.small_metrics.elidedText(self.words[-1] if self.words else "",
                                                                       Qt.TextElideMode.ElideRight, room)
        rest = canvas.text_metrics.elidedText(rest, Qt.TextElideMode.ElideRight, right - rest_x - (0.0 if low else taken))
        self._label = Label(keyword, self.mark)
        word_y = self._height - 4.5 * k - canvas.small_metrics.descent() - canvas.small_metrics.ascent()
        number_at = (QPointF(canvas.text_x + room - taken + 6.0 * k, word_y) if low else
                     QPointF(right - taken + 6.0 * k, canvas.text_y + 0.5 * k))
        return [(QPointF(rest_x, canvas.text_y), canvas.still(rest, canvas.text_font), canvas.text_font, canvas.text),
                (QPointF(canvas.text_x, word_y), canvas.still(word or "", canvas.small_font), canvas.small_font, canvas.text),
                (number_at, canvas.still(number, canvas.small_font), canvas.small_font, canvas.muted)]

    def _word(self, room: float) -> str | None:
        """The fullest words of the verdict that fit."""
        words = self.words
        short = [w.partition(": ")[2] for w in words if ": " in w]      # "main.js changed": the icon says that it runs
        return next((w for w in (*words, *short) if self._canvas.width_of(w) <= room), None)

    def _set_line(self) -> list[tuple[QPointF, QStaticText, QFont, QColor]]:
        """The same for a node that says its instruction alone; which way an open verdict goes no icon says."""
        canvas = self._canvas
        keyword, rest = node_text(self.step.instruction.text)
        rest = next((f"({likely}?) {rest}" for word in self.words if (likely := word.partition("Depends, likely ")[2])), rest)
        x = canvas.text_x + canvas.line_bold_metrics.horizontalAdvance(keyword) + canvas.line_metrics.horizontalAdvance(" ")
        room = self._width - 6.0 * canvas.k - x
        self._label = Label(keyword)
        shown = canvas.line_metrics.elidedText(rest, Qt.TextElideMode.ElideRight, room)
        return [(QPointF(x, canvas.line_y), canvas.still(shown, canvas.line_font), canvas.line_font, canvas.text)]

    # -- pointer ------------------------------------------------------------------------------------------------

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._hovered = True
        self._tell_hovered(self.id)
        self._passed()

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._hovered = False
        self._tell_hovered(None)
        self._passed()
