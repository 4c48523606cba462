"""Tests of app/editor/line_edits.py."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextCursor, QTextDocument
from pytestqt.qtbot import QtBot

from cachesim.app.editor.line_edits import apply_edits, replace_all, selected_lines
from cachesim.app.editor.positions import cursor_at, document_text
from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.edit import TextEdit


@pytest.fixture
def document(qtbot: QtBot) -> QTextDocument:
    return QTextDocument()


def put(document: QTextDocument, text: str, line: int, column: int, end: tuple[int, int] | None = None) -> QTextCursor:
    document.setPlainText(text)
    cursor = cursor_at(document, line, column)
    if end is not None:
        cursor.setPosition(cursor_at(document, *end).position(), QTextCursor.MoveMode.KeepAnchor)
    return cursor


def test_edits_are_one_step(document: QTextDocument) -> None:
    document.setPlainText("FROM a\nRUN 😀 b")
    apply_edits(document, [TextEdit(SourceSpan(1, 0, 1, 0), "# "), TextEdit(SourceSpan(2, 4, 2, 5), "echo")])
    assert document_text(document) == "# FROM a\nRUN echo b"
    document.undo()
    assert document_text(document) == "FROM a\nRUN 😀 b"
    assert not document.isUndoAvailable()


def test_selected_lines_leave_out_one_that_is_only_touched(document: QTextDocument) -> None:
    cursor = put(document, "FROM a\nRUN b\nRUN c", 1, 0, (3, 0))
    assert selected_lines(cursor) == (1, 2)


def test_replacing_all_is_one_step_and_keeps_the_cursor(document: QTextDocument) -> None:
    cursor = put(document, "FROM a\nRUN 😀 one\nCMD x", 3, 3)
    replace_all(document, "FROM a\nRUN 😀 two and more\nCMD x")
    assert cursor.block().text() == "CMD x"
    assert cursor.positionInBlock() == 3
    document.undo()
    assert document_text(document) == "FROM a\nRUN 😀 one\nCMD x"
    assert not document.isUndoAvailable()


@pytest.mark.parametrize(("old", "new"), [("aaa", "aa"), ("aa", "aaa"), ("", "x"), ("x", ""), ("abab", "ab"),
                                          ("😀😁", "😁😀"), ("a\nb\n", "b\na\n")])
def test_replacing_all_gives_the_new_text(document: QTextDocument, old: str, new: str) -> None:
    document.setPlainText(old)
    replace_all(document, new)
    assert document_text(document) == new
