"""How are offers shown and taken? A list over the text that never takes the focus away from it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QTextCursor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyledItemDelegate, QStyleOptionViewItem

from cachesim.app.editor.offers import Offer, Offers
from cachesim.app.editor.positions import qt_length
from cachesim.app.editor.text_area import TextArea
from cachesim.app.theme import Theme

__all__ = ["Completer"]

_Index = QModelIndex | QPersistentModelIndex
_ROWS = 10
_OFFER, _PREFIX = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_MOVES = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS - 1, Qt.Key.Key_PageUp: 1 - _ROWS}


class _Row(QStyledItemDelegate):
    """Text at the left, what it is at the right, muted."""

    def __init__(self, parent: QObject, theme: Theme) -> None:
        super().__init__(parent)
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        selected = index.row() == self._current()
        rect: QRect = option.rect
        painter.save()
        painter.fillRect(rect, QColor(self.theme.selection if selected else self.theme.panel))
        inside = rect.adjusted(8, 0, -8, 0)
        text, detail = str(index.data()), index.data(_OFFER).detail
        painter.setPen(QColor(self.theme.text))
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        room = inside.adjusted(painter.fontMetrics().horizontalAdvance(text) + 24, 0, 0, 0)
        painter.setPen(QColor(self.theme.text if selected else self.theme.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                         painter.fontMetrics().elidedText(detail, Qt.TextElideMode.ElideRight, room.width()))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(60, option.fontMetrics.height() + 8)

    def _current(self) -> int:
        view = self.parent()
        return view.currentRow() if isinstance(view, QListWidget) else -1


class Completer(QListWidget):
    """Shown by `offer`; keys come through `handle_key`, because the text keeps the focus."""

    taken = Signal(object)          # Offer

    def __init__(self, text: TextArea, theme: Theme) -> None:
        super().__init__(text)
        self._text = text
        self._prefix, self._at, self._border = "", 0, 1
        self._row = _Row(self, theme)
        self.setItemDelegate(self._row)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Completion")
        self.setObjectName("completion")
        self.itemClicked.connect(self._take)
        text.installEventFilter(self)
        text.verticalScrollBar().valueChanged.connect(self.hide)
        text.horizontalScrollBar().valueChanged.connect(self.hide)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours; the font is the text's."""
        self._row.theme = theme
        self.setFont(self._text.font())
        self._border = max(1, round(theme.border))
        self.setStyleSheet(f"QListWidget#completion {{ background: {theme.panel}; "
                           f"border: {self._border}px solid {theme.muted}; }}")

    @property
    def texts(self) -> list[str]:
        """What is offered now."""
        return [self.item(i).text() for i in range(self.count())] if self.isVisible() else []

    def offer(self, offers: Offers) -> None:
        """Show offers at the cursor, or hide if there are none."""
        if not offers.items:
            self.hide()
            return
        self._prefix, self._at = offers.prefix, self._text.textCursor().position()
        self.clear()
        for offer in offers.items:
            item = QListWidgetItem(offer.text)
            item.setData(_OFFER, offer)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, offer.detail)
            self.addItem(item)
        self.setCurrentRow(0)
        self._place()
        self.show()
        self.raise_()

    def follow(self) -> None:
        """Hide if the text cursor is no longer where the offers belong."""
        if self.isVisible() and self._text.textCursor().position() != self._at:
            self.hide()

    def _place(self) -> None:
        window = self._text.window()
        if self.parent() is not window:
            self.setParent(window)
            self.setFont(self._text.font())
        metrics, rect = self.fontMetrics(), self._text.cursorRect()
        rows, row = min(self.count(), _ROWS), metrics.height() + 8
        widest = max(metrics.horizontalAdvance(self.item(i).text()) + min(
            metrics.horizontalAdvance(self.item(i).data(_OFFER).detail), 50 * metrics.averageCharWidth())
            for i in range(min(self.count(), 200)))
        width = min(widest + 60, window.width() - 16)
        height = rows * row + 2 * self._border
        left = rect.left() - metrics.horizontalAdvance(self._prefix) - 9
        at = self._text.viewport().mapTo(window, QPoint(left, rect.bottom() + 2))
        if at.y() + height > window.height():
            at.setY(self._text.viewport().mapTo(window, QPoint(left, rect.top() - height - 2)).y())
        self.setGeometry(max(4, min(at.x(), window.width() - width - 4)), max(0, at.y()), width, height)

    def handle_key(self, event: QKeyEvent) -> bool:
        """Take the keys that belong to the open list; False for all others."""
        if not self.isVisible():
            return False
        key = event.key()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Escape:
            self.hide()
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self._take(self.currentItem())
        elif plain and key in _MOVES:
            step, count = _MOVES[Qt.Key(key)], self.count()
            row = self.currentRow() + step
            self.setCurrentRow(row % count if abs(step) == 1 else max(0, min(row, count - 1)))
            self.viewport().update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End) or (plain and key in _MOVES):
            self.hide()
            return False
        else:
            return False
        return True

    def _take(self, item: QListWidgetItem | None) -> None:
        self.hide()
        if item is None:
            return
        offer: Offer = item.data(_OFFER)
        cursor = self._text.textCursor()
        cursor.setPosition(cursor.position() - qt_length(self._prefix), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(offer.text)
        self._text.setTextCursor(cursor)
        self.taken.emit(offer)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        return super().eventFilter(watched, event)
