"""How does the text itself behave under the keys: lines, indents, comments, tints and the drop line?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QPlainTextEdit, QToolTip, QWidget

from cachesim.app.editor.line_edits import break_line, indent, unindent
from cachesim.app.editor.line_layout import LineLayout
from cachesim.app.editor.positions import place_of
from cachesim.app.tips import wrapped

__all__ = ["DropLine", "TextArea", "Tint"]


@dataclass(frozen=True, slots=True)
class Tint:
    """A background behind whole lines (last included), with a bar of `bar` px at the left end."""

    first: int
    last: int
    colour: str
    opacity: float = 1.0
    bar: int = 0
    bar_colour: str = ""


@dataclass(frozen=True, slots=True)
class DropLine:
    """Where a dragged instruction would land: before `line`; `text` says what it would do, `colour` how it looks."""

    line: int
    text: str
    colour: str
    text_colour: str
    back: str


class TextArea(QPlainTextEdit):
    """A plain text editor for code that knows lines; everything about Dockerfiles comes from outside."""

    resized = Signal()
    escaped = Signal()
    zoom_wheel = Signal(int)            # steps
    DROP_HEIGHT = 4

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        document = QTextDocument(self)
        self._line_layout = LineLayout(document)        # held here: Qt holds the layout, not what Python made of it
        document.setDocumentLayout(self._line_layout)
        self.setDocument(document)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Dockerfile")
        self.setMouseTracking(True)
        self.document().setDocumentMargin(3)
        self.viewport().setAutoFillBackground(False)        # paintEvent does it, with the tints
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)    # so no pane below is painted for it
        self.tip_at: Callable[[int, int], str] = lambda line, column: ""
        self.key_filter: Callable[[QKeyEvent], bool] = lambda event: False      # keys of an open popup
        self.wants_escape: Callable[[], bool] = lambda: False
        self._tints: tuple[Tint, ...] = ()
        self._drop: DropLine | None = None
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setStyleHint(QFont.StyleHint.Monospace)
        self.setFont(font)

    # -- geometry -----------------------------------------------------------------------------------------------

    def visible_blocks(self, line: int = 1) -> Iterator[tuple[QTextBlock, QRect]]:
        """The blocks on screen from that line on, with their rectangles in the viewport."""
        block, offset = self.firstVisibleBlock(), self.contentOffset()
        if line > block.blockNumber() + 1:
            block = self.document().findBlockByNumber(line - 1)
        bottom, width = self.viewport().height(), self.viewport().width()
        while block.isValid():
            rect = self.blockBoundingGeometry(block).translated(offset)
            if rect.top() > bottom:
                return
            if block.isVisible():
                yield block, QRect(0, round(rect.top()), width, max(1, round(rect.bottom()) - round(rect.top())))
            block = block.next()

    def lines_rect(self, first: int, last: int) -> QRect:
        """The part of these lines that is on screen; empty if there is none."""
        document, port = self.document(), self.viewport()
        top = self.firstVisibleBlock().blockNumber()
        start = document.findBlockByNumber(max(first - 1, top))
        end = document.findBlockByNumber(min(last, document.blockCount()) - 1)
        if not start.isValid() or end.blockNumber() < start.blockNumber():
            return QRect()
        offset = self.contentOffset()
        upper = round(self.blockBoundingGeometry(start).translated(offset).top())
        geometry = self.blockBoundingGeometry(end).translated(offset)
        lower = round(min(geometry.bottom(), port.height() + geometry.height()))
        return QRect(0, upper, port.width(), lower - upper) if upper <= port.height() else QRect()

    def line_at(self, y: int) -> int:
        """The line (from 1) at a height in the viewport; the nearest one outside the text."""
        line = self.firstVisibleBlock().blockNumber() + 1
        for block, rect in self.visible_blocks():
            if y < rect.top():
                break
            line = block.blockNumber() + 1
        return line

    def gap_y(self, line: int) -> int | None:
        """The height of the upper edge of a line; None if it is not on screen. One past the end: below the text."""
        for block, rect in self.visible_blocks():
            if block.blockNumber() + 1 == line:
                return rect.top()
            if block.blockNumber() + 2 == line and not block.next().isValid():
                return rect.bottom() + 1
        return None

    def set_gutter_width(self, width: int) -> None:
        """Leave room at the left edge."""
        if self.viewportMargins().left() != width:
            self.setViewportMargins(width, 0, 0, 0)

    # -- decoration ---------------------------------------------------------------------------------------------

    def set_tints(self, tints: Sequence[Tint]) -> None:
        """Take other line backgrounds; only lines that change are painted again."""
        before, self._tints = self._tints, tuple(tints)
        for tint in set(before) ^ set(self._tints):
            rect = self.lines_rect(tint.first, tint.last)
            if not rect.isEmpty():
                self.viewport().update(rect)

    @property
    def tints(self) -> tuple[Tint, ...]:
        return self._tints

    def set_drop(self, drop: DropLine | None) -> None:
        """Show (or hide) where a dragged instruction would land."""
        if drop != self._drop:
            for at in (self._drop, drop):
                rect = self._drop_rect(at)
                if rect is not None:
                    self.viewport().update(rect)
            self._drop = drop

    @property
    def drop(self) -> DropLine | None:
        return self._drop

    def _drop_rect(self, drop: DropLine | None) -> QRect | None:
        """What has to be painted again for it."""
        y = self.gap_y(drop.line) if drop is not None else None
        if drop is None or y is None:
            return None
        line = QRect(0, y - self.DROP_HEIGHT, self.viewport().width(), 2 * self.DROP_HEIGHT)
        return line.united(self._drop_box(drop, y).adjusted(-2, -2, 2, 2)) if drop.text else line

    def _drop_box(self, drop: DropLine, y: int) -> QRect:
        """Where its words stand: below the line, or above it where there is no room, as wide as they need."""
        port = self.viewport().rect()
        room = QRect(0, 0, max(80, port.width() - 44), 10_000)
        size = QFontMetrics(QApplication.font()).boundingRect(room, Qt.TextFlag.TextWordWrap, drop.text)
        height = size.height() + 10
        below = y + self.DROP_HEIGHT + 4
        top = below if below + height < port.height() else max(2, y - height - self.DROP_HEIGHT - 2)
        return QRect(port.width() - size.width() - 32, top, size.width() + 20, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().base())
        for tint in self._tints:
            rect = self.lines_rect(tint.first, tint.last)
            if rect.intersects(event.rect()):
                painter.setOpacity(tint.opacity)
                painter.fillRect(rect, QColor(tint.colour))
                painter.setOpacity(1.0)
                if tint.bar:
                    painter.fillRect(QRect(rect.left(), rect.top(), tint.bar, rect.height()), QColor(tint.bar_colour))
        painter.end()
        super().paintEvent(event)
        if self._drop is not None:
            self._paint_drop(self._drop)

    def _paint_drop(self, drop: DropLine) -> None:
        y = self.gap_y(drop.line)
        if y is None:
            return
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(QApplication.font())
        colour = QColor(drop.colour)
        painter.fillRect(QRect(0, y - self.DROP_HEIGHT // 2, self.viewport().width(), self.DROP_HEIGHT), colour)
        if drop.text:
            box = self._drop_box(drop, y)
            painter.setPen(QPen(colour, 1.5))
            painter.setBrush(QColor(drop.back))
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(QColor(drop.text_colour))
            painter.drawText(box.adjusted(10, 5, -10, -5), Qt.TextFlag.TextWordWrap, drop.text)
        painter.end()

    # -- events -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) \
                and event.key() == Qt.Key.Key_Escape and self.wants_escape():
            event.accept()
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tip(event.pos(), event.globalPos())
            return True
        return super().viewportEvent(event)

    def _show_tip(self, at: QPoint, where: QPoint) -> None:
        cursor = self.cursorForPosition(at)
        rect = self.cursorRect(cursor)
        beyond = at.x() > rect.right() + 2 * self.fontMetrics().averageCharWidth() or at.y() > rect.bottom()
        tip = "" if beyond else self.tip_at(*place_of(cursor))
        if tip:
            QToolTip.showText(where, wrapped(tip), self.viewport())
        else:
            QToolTip.hideText()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_wheel.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.key_filter(event):
            return
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_Escape and self.wants_escape():
            self.escaped.emit()
        elif control and key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._leave(forward=key == Qt.Key.Key_Tab)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not control:
            self._edit(break_line)
        elif key == Qt.Key.Key_Tab and not control:
            self._edit(indent)
        elif key == Qt.Key.Key_Backtab:
            self._edit(unindent)
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Text only: a dropped folder or Dockerfile is for the window to open."""
        return source.hasText() and not source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text().replace("\r\n", "\n").replace("\ufeff", "")
        cursor = self.textCursor()
        cursor.insertText(re.sub("[\r\u2028\u2029]", "\n", text))
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _leave(self, *, forward: bool) -> None:
        """Give the focus to the next widget in the order of Tab. (Qt's own step stays where Tab is a character.)"""
        at: QWidget | None = self
        while at is not None:
            at = at.nextInFocusChain() if forward else at.previousInFocusChain()
            if at is self or at is None:
                return
            wanted = at.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
            if wanted and at.isVisible() and at.isEnabled() and not self.isAncestorOf(at) and at.focusProxy() is None:
                at.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
                return

    def _edit(self, edit: Callable[[QTextCursor], None]) -> None:
        cursor = self.textCursor()
        edit(cursor)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def scroll_to(self, cursor: QTextCursor, *, centre: bool = False) -> None:
        """Move the text cursor and make sure that it can be seen."""
        self.setTextCursor(cursor)
        if centre and not self.viewport().rect().adjusted(0, 20, 0, -20).contains(self.cursorRect().center()):
            self.centerCursor()
        self.ensureCursorVisible()
