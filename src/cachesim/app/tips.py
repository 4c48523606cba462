"""How does a long hint stay as wide as an eye can follow? Qt breaks the lines of rich text alone, at about 80 letters."""

from __future__ import annotations

import html

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

__all__ = ["TipDelegate", "wrapped"]

_LETTERS = 70       # a line of this length needs no break


def wrapped(text: str) -> str:
    """The text of a tool tip, in a form whose lines break where one of them is long; its own breaks stay."""
    if text.startswith("<qt>") or max(map(len, text.splitlines()), default=0) <= _LETTERS:
        return text
    return f"<qt><p style='white-space:pre-wrap'>{html.escape(text, quote=False)}</p></qt>"


class TipDelegate(QStyledItemDelegate):
    """Shows the tool tips of a list's or a table's cells with lines that break."""

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem,
                  index: QModelIndex | QPersistentModelIndex) -> bool:
        if event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), wrapped(str(index.data(Qt.ItemDataRole.ToolTipRole) or "")), view.viewport(),
                              view.visualRect(index) if index.isValid() else view.viewport().rect())
            return True
        return super().helpEvent(event, view, option, index)
