"""Which lines come from the cache? The strip beside the text: one stripe per step, its icon, the line numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from cachesim.app.editor.stripes import Stripe, stripe_at, tip_of
from cachesim.app.editor.text_area import TextArea
from cachesim.app.report.panel import bold
from cachesim.app.theme import Look, Theme, pixmap
from cachesim.app.tips import wrapped
from cachesim.diagnostics import Severity
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId

__all__ = ["Gutter", "LineMark"]

_POOL = 100         # pictures of stripes before they are made anew
_MARK_ICONS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "hint"}


@dataclass(frozen=True, slots=True)
class LineMark:
    """A problem on a line."""

    severity: Severity
    tip: str


class Gutter(QWidget):
    """Painted beside the text; a press on a stripe selects the step, a drag moves the instruction."""

    pressed = Signal(int)               # line
    activated = Signal(int)             # line, double click
    drag_started = Signal(int)          # line of the instruction
    dragged = Signal(int)               # height in the viewport
    dropped = Signal()
    reached = Signal()                  # the pointer came over a stripe

    def __init__(self, text: TextArea, theme: Theme) -> None:
        super().__init__(text)
        self._text, self._theme = text, theme
        self._stripes: tuple[Stripe, ...] = ()
        self._hanging: tuple[Stripe, ...] | None = None     # painted in their stead while an instruction hangs
        self._marks: dict[int, LineMark] = {}
        self.said: Callable[[Stripe], str] = tip_of         # the sentence for a stripe
        self._dimmed = ""
        self._selected: StepId | None = None
        self._hovered: Stripe | None = None
        self._line = 1
        self._place: tuple[int, float, int, int] = (0, 0.0, 0, 0)
        self._pressed_at: QPoint | None = None
        self._dragging = False
        self._looks: dict[tuple[Outcome, MissReason | None], Look] = {}
        self._pictures: dict[tuple[Look, int, int, float], QPixmap] = {}
        self.setMouseTracking(True)
        self.setAccessibleName("Verdict per line")
        text.updateRequest.connect(self._follow)
        text.blockCountChanged.connect(self._fit)
        text.resized.connect(self._fit)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.set_theme(theme)

    # -- what it shows ------------------------------------------------------------------------------------------

    @property
    def stripes(self) -> tuple[Stripe, ...]:
        return self._stripes

    @property
    def hanging(self) -> tuple[Stripe, ...] | None:
        """What is painted in place of the stripes while an instruction hangs."""
        return self._hanging

    @property
    def marks(self) -> Mapping[int, LineMark]:
        return self._marks

    @property
    def dimmed(self) -> bool:
        return bool(self._dimmed)

    @property
    def hovered(self) -> Stripe | None:
        return self._hovered

    def set_stripes(self, stripes: tuple[Stripe, ...]) -> None:
        """Show other verdicts; only lines of stripes that differ are painted again."""
        changed = _painted_otherwise(stripes, self._stripes)
        self._stripes = stripes
        if self._hovered is not None:
            self._hovered = stripe_at(stripes, self._hovered.first)
        for stripe in changed:
            self._update_lines(stripe.first, stripe.last)

    def show_hanging(self, stripes: tuple[Stripe, ...] | None) -> None:
        """Paint the verdicts that a drop would give, for as long as nobody lets go; None: those that are."""
        if stripes != self._hanging:
            changed = _painted_otherwise(stripes or self._stripes, self._hanging or self._stripes)
            self._hanging = stripes
            for stripe in changed:
                self._update_lines(stripe.first, stripe.last)

    def set_marks(self, marks: Mapping[int, LineMark]) -> None:
        """Show problems at lines."""
        old, self._marks = self._marks, dict(marks)
        for line in {k for k, v in old.items() if marks.get(k) != v} | {k for k, v in marks.items() if old.get(k) != v}:
            self._update_lines(line, line)

    def set_dimmed(self, because: str) -> None:
        """Fade the stripes: they are the last good ones; "" draws them in full."""
        if because != self._dimmed:
            self._dimmed = because
            self.update()

    def set_selected(self, step: StepId | None) -> None:
        """Emphasise a step."""
        if step != self._selected:
            ids, self._selected = {self._selected, step}, step
            for stripe in self._stripes:
                if stripe.step in ids:
                    self._update_lines(stripe.first, stripe.last)

    def set_line(self, line: int) -> None:
        """Emphasise the number of the cursor's line."""
        if line != self._line:
            old, self._line = self._line, line
            self._update_lines(old, old)
            self._update_lines(line, line)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and sizes."""
        self._theme = theme
        self._looks.clear()
        self._pictures.clear()
        self._colours = {name: QColor(getattr(theme, name)) for name in ("panel", "selection", "line", "text", "muted")}
        self.setFont(self._text.font())
        self._plain, self._bold = ((font, QFontMetrics(font)) for font in (self.font(), bold(self.font())))
        self._fit()
        self.update()

    def look(self, stripe: Stripe) -> Look:
        """How a stripe looks in the theme in force."""
        key = (stripe.outcome, stripe.reason)
        if key not in self._looks:
            self._looks[key] = self._theme.look(*key)
        return self._looks[key]

    # -- geometry -----------------------------------------------------------------------------------------------

    @property
    def _icon(self) -> int:
        return max(14, min(round(self.fontMetrics().height() * 0.85), 40))

    @property
    def _bar(self) -> int:
        return max(8, round(self._icon * 0.55))

    @property
    def target_width(self) -> int:
        """Width of the part that can be pressed and dragged."""
        return max(round(self._theme.sizes.target), self._bar + self._icon + 8)

    def sizeHint(self) -> QSize:
        digits = max(2, len(str(max(1, self._text.blockCount()))))
        return QSize(self.target_width + self.fontMetrics().horizontalAdvance("9") * digits + 12, 0)

    def _fit(self) -> None:
        width = self.sizeHint().width()
        self._text.set_gutter_width(width)
        inside = self._text.contentsRect()
        port = self._text.viewport().geometry()
        self.setGeometry(QRect(inside.left(), port.top(), width, port.height()))

    def _follow(self, rect: QRect, dy: int) -> None:
        """Scroll with the text. Most of its repaints move no line: then there is nothing to do here."""
        text = self._text
        place = (text.firstVisibleBlock().blockNumber(), text.contentOffset().y(), text.blockCount(), text.height())
        if dy:
            self.scroll(0, dy)
        elif place != self._place:
            self.update()
        self._place = place

    def _update_lines(self, first: int, last: int) -> None:
        rect = self._text.lines_rect(first, last)
        if not rect.isEmpty():
            self.update(0, rect.top() - 1, self.width(), rect.height() + 2)

    # -- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, part = QPainter(self), event.rect()
        painter.fillRect(part, self._colours["panel"])
        lines = self._lines(part)
        if lines:
            first, last = min(lines), max(lines)
            for stripe in self._painted:
                if stripe.last >= first and stripe.first <= last:
                    top = lines[stripe.first].top() + 1 if stripe.first >= first else -9
                    bottom = lines[stripe.last].bottom() - 1 if stripe.last <= last else self.height() + 9
                    self._paint_stripe(painter, stripe, top, bottom, lines.get(stripe.first))
            for line, rect in lines.items():
                self._paint_number(painter, line, rect)
        painter.end()

    @property
    def _painted(self) -> tuple[Stripe, ...]:
        return self._stripes if self._hanging is None else self._hanging

    def _lines(self, part: QRect) -> dict[int, QRect]:
        """The lines in that part and all of the instructions that reach into it, as far as they are on screen."""
        upper = self._text.cursorForPosition(part.topLeft()).blockNumber() + 1
        stripe, end = stripe_at(self._painted, upper), 0
        result: dict[int, QRect] = {}
        for block, rect in self._text.visible_blocks(stripe.first if stripe is not None else upper):
            line = block.blockNumber() + 1
            if rect.top() > part.bottom():
                if not end:
                    lower = stripe_at(self._painted, line - 1)
                    end = lower.last if lower is not None else line - 1
                if line > end:
                    break
            result[line] = rect
        return result

    def _paint_stripe(self, painter: QPainter, stripe: Stripe, top: int, bottom: int, line: QRect | None) -> None:
        if stripe is self._hovered or stripe.step == self._selected:
            painter.fillRect(QRect(0, top - 1, self.target_width, bottom - top + 2),
                             self._colours["selection" if stripe.step == self._selected else "line"])
        iconed = line.height() if line is not None and stripe.first not in self._marks else 0
        painter.setOpacity(0.4 if self._dimmed else 1.0)
        painter.drawPixmap(0, top, self._picture(self.look(stripe), bottom - top + 1, iconed))
        painter.setOpacity(1.0)

    def _picture(self, look: Look, height: int, line: int) -> QPixmap:
        """The bar of a stripe, and its icon beside the first line (of that height; 0: without); alike for many stripes."""
        ratio = self.devicePixelRatioF()
        key = (look, height, line, ratio)
        found = self._pictures.get(key)
        if found is None:
            if len(self._pictures) > _POOL:
                self._pictures.clear()
            found = self._pictures[key] = QPixmap(QSize(self.target_width, height) * ratio)
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen = look.pen(self._theme.border * 0.8)
            pen.setWidthF(min(pen.widthF(), self._bar * 0.28))
            inset = pen.widthF() / 2
            bar = QRectF(3 + inset, inset, self._bar - 2 * inset, max(2.0, height - 2 * inset))
            painter.setPen(pen)
            for brush in (QColor(look.fill), look.brush()):
                painter.setBrush(brush)
                painter.drawRoundedRect(bar, 2, 2)
            if line:
                painter.drawPixmap(self._icon_place(line) - QPoint(0, 1), pixmap(look.icon, look.strong, self._icon, ratio))
            painter.end()
        return found

    def _icon_place(self, line: int) -> QPoint:
        """Where an icon stands in a line of that height."""
        return QPoint(self._bar + 6, (line - self._icon) // 2)

    def _paint_number(self, painter: QPainter, line: int, rect: QRect) -> None:
        mark, here = self._marks.get(line), line == self._line
        colour = self._colours["text" if here else "muted"]
        if mark is not None:
            tones = {Severity.ERROR: self._theme.error, Severity.WARNING: self._theme.warning}
            picture = pixmap(_MARK_ICONS[mark.severity], tones.get(mark.severity, self._theme.muted), self._icon,
                             self.devicePixelRatioF())
            painter.drawPixmap(rect.topLeft() + self._icon_place(rect.height()), picture)
            if mark.severity is Severity.ERROR and not here:
                colour = QColor(self._theme.error)
        font, metrics = self._bold if here else self._plain
        number = str(line)
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(self.width() - 6 - metrics.horizontalAdvance(number),
                         rect.top() + (rect.height() - metrics.height()) // 2 + metrics.ascent(), number)

    # -- mouse --------------------------------------------------------------------------------------------------

    def _stripe_under(self, at: QPoint) -> Stripe | None:
        rect_line = self._text.line_at(at.y())
        inside = self._text.lines_rect(rect_line, rect_line).bottom() >= at.y()
        return stripe_at(self._stripes, rect_line) if inside and at.x() < self.target_width else None

    def _hover(self, stripe: Stripe | None) -> None:
        if stripe != self._hovered:
            for changed in (self._hovered, stripe):
                if changed is not None:
                    self._update_lines(changed.first, changed.last)
            self._hovered = stripe
            if stripe is not None:
                self.reached.emit()
        if not self._dragging:
            self.setCursor(Qt.CursorShape.OpenHandCursor if stripe is not None else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            at = event.position().toPoint()
            self._text.setFocus(Qt.FocusReason.MouseFocusReason)
            self._pressed_at = at if self._stripe_under(at) is not None else None
            self.pressed.emit(self._text.line_at(at.y()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._dragging:
            self.dragged.emit(at.y())
        elif self._pressed_at is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if (at - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
                self._dragging = True
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self.drag_started.emit(self._text.line_at(self._pressed_at.y()))
                if self._dragging:              # not refused
                    self.dragged.emit(at.y())
        else:
            self._hover(self._stripe_under(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None
        if self._dragging:
            self.end_drag()
            self.dropped.emit()

    def end_drag(self) -> None:
        """Forget the drag (dropped, refused or cancelled)."""
        self._dragging, self._pressed_at = False, None
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.activated.emit(self._text.line_at(event.position().toPoint().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._text.wheelEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tip = self.tip_at(event.pos())
            QToolTip.showText(event.globalPos(), wrapped(tip), self) if tip else QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, at: QPoint) -> str:
        """The sentence for a place: the problem of the line, else why the step runs or does not."""
        line = self._text.line_at(at.y())
        mark, stripe = self._marks.get(line), stripe_at(self._stripes, line)
        if mark is not None:
            return mark.tip
        if stripe is None:
            return ""
        said = self.said(stripe)
        return f"{said}\n({self._dimmed})" if self._dimmed else said


def _painted_otherwise(some: Iterable[Stripe], others: Iterable[Stripe]) -> list[Stripe]:
    """The stripes of either side that do not look the same on the other; what they say is not painted."""
    def looks(stripes: Iterable[Stripe]) -> dict[tuple[object, ...], Stripe]:
        return {(s.first, s.last, s.step, s.outcome, s.reason): s for s in stripes}
    new, old = looks(some), looks(others)
    return [new.get(key) or old[key] for key in new.keys() ^ old.keys()]
