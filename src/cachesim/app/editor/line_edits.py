"""How are lines broken and indented, and how does another text take the place of this one with cursor and marks kept?"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument

from cachesim.app.editor.positions import cursor_of, document_text, place_of, qt_length
from cachesim.dockerfile.edit import TextEdit

__all__ = ["apply_edits", "break_line", "indent", "replace_all", "selected_lines", "unindent"]

_INDENT = "    "


def break_line(cursor: QTextCursor) -> None:
    """Break the line and keep its indent. (Qt's own Shift+Return would make a line that is none in the file.)"""
    head = cursor.block().text()[:place_of(cursor)[1]]
    cursor.insertText("\n" + head[:len(head) - len(head.lstrip(" \t"))])


def indent(cursor: QTextCursor) -> None:
    """Go to the next stop; move all lines of a selection to the right."""
    blocks = _selected_blocks(cursor)
    if len(blocks) == 1:
        head = cursor.block().text()[:place_of(cursor)[1]]
        column = len(head.expandtabs(len(_INDENT)))
        cursor.insertText("\t" if "\t" in head else " " * (len(_INDENT) - column % len(_INDENT)))
        return
    cursor.beginEditBlock()
    for block in blocks:
        if block.length() > 1:
            _insert(block, 0, "\t" if block.text().startswith("\t") else _INDENT)
    cursor.endEditBlock()


def unindent(cursor: QTextCursor) -> None:
    """Move the lines to the left."""
    cursor.beginEditBlock()
    for block in _selected_blocks(cursor):
        text = block.text()
        width = 1 if text.startswith("\t") else min(len(_INDENT), len(text) - len(text.lstrip(" ")))
        _delete(block, 0, width)
    cursor.endEditBlock()


def selected_lines(cursor: QTextCursor) -> tuple[int, int]:
    """First and last line that hold a part of the selection."""
    blocks = _selected_blocks(cursor)
    return blocks[0].blockNumber() + 1, blocks[-1].blockNumber() + 1


def apply_edits(document: QTextDocument, edits: Iterable[TextEdit]) -> None:
    """Make edits that do not overlap (their spans all mean the text before), as one undo step."""
    cursor = QTextCursor(document)
    cursor.beginEditBlock()
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        cursor_of(document, edit.span).insertText(edit.new_text)
    cursor.endEditBlock()


def replace_all(document: QTextDocument, text: str) -> None:
    """Make this the text: one undo step that touches only what differs, so that cursor and marks stay."""
    old = document_text(document)
    if text == old:
        return
    start = _common(old, text)
    end = _common(old[start:][::-1], text[start:][::-1])
    cursor = QTextCursor(document)
    cursor.setPosition(qt_length(old[:start]))
    cursor.setPosition(qt_length(old[:len(old) - end]), QTextCursor.MoveMode.KeepAnchor)
    cursor.insertText(text[start:len(text) - end])


def _selected_blocks(cursor: QTextCursor) -> list[QTextBlock]:
    document = cursor.document()
    block, last = document.findBlock(cursor.selectionStart()), document.findBlock(cursor.selectionEnd())
    if last.blockNumber() > block.blockNumber() and cursor.selectionEnd() == last.position():
        last = last.previous()
    blocks = [block]
    while blocks[-1].blockNumber() < last.blockNumber():
        blocks.append(blocks[-1].next())
    return blocks


def _insert(block: QTextBlock, column: int, text: str) -> None:
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + column)
    cursor.insertText(text)


def _delete(block: QTextBlock, column: int, width: int) -> None:
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + column)
    cursor.setPosition(block.position() + column + width, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()


def _common(a: str, b: str) -> int:
    """Length of the common beginning, found by halving."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
