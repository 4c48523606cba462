"""Does the text behave under the keys as an editor for code should?"""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.editor.highlighter import DockerfileHighlighter
from cachesim.app.editor.line_layout import LineLayout
from cachesim.app.editor.positions import cursor_at, document_text
from cachesim.app.editor.text_area import DropLine, TextArea, Tint
from cachesim.app.theme import LIGHT

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def area(qtbot: QtBot) -> TextArea:
    text = TextArea()
    qtbot.addWidget(text)
    text.resize(500, 300)
    text.show()
    qtbot.waitExposed(text)
    return text


def put(area: TextArea, text: str, line: int = 1, column: int = 0, end: tuple[int, int] | None = None) -> None:
    area.setPlainText(text)
    cursor = cursor_at(area.document(), line, column)
    if end is not None:
        cursor.setPosition(cursor_at(area.document(), *end).position(), QTextCursor.MoveMode.KeepAnchor)
    area.setTextCursor(cursor)


def text_of(area: TextArea) -> str:
    return document_text(area.document())


def test_enter_keeps_the_indent(area: TextArea) -> None:
    put(area, "RUN a \\\n    b", 2, 5)
    QTest.keyClick(area, Qt.Key.Key_Return)
    assert text_of(area) == "RUN a \\\n    b\n    "


def test_shift_enter_makes_a_real_line(area: TextArea) -> None:
    put(area, "FROM a", 1, 6)
    QTest.keyClick(area, Qt.Key.Key_Return, SHIFT)
    assert text_of(area) == "FROM a\n"
    assert area.blockCount() == 2


def test_tab_indents_and_shift_tab_takes_it_back(area: TextArea) -> None:
    put(area, "a\nb", 1, 0, (2, 1))
    QTest.keyClick(area, Qt.Key.Key_Tab)
    assert text_of(area) == "    a\n    b"
    QTest.keyClick(area, Qt.Key.Key_Backtab, SHIFT)
    assert text_of(area) == "a\nb"
    put(area, "ab", 1, 2)
    QTest.keyClick(area, Qt.Key.Key_Tab)
    assert text_of(area) == "ab  "


def test_control_tab_leaves(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    text, other = TextArea(window), QLineEdit(window)
    layout.addWidget(text)
    layout.addWidget(other)
    window.show()
    qtbot.waitExposed(window)
    text.setFocus()
    QTest.keyClick(text, Qt.Key.Key_Tab, CTRL)
    assert window.focusWidget() is other
    assert document_text(text.document()) == ""


def test_lines_and_heights(area: TextArea) -> None:
    put(area, "\n".join(f"RUN {i}" for i in range(100)))
    rect = area.lines_rect(3, 5)
    assert area.line_at(rect.center().y()) == 4
    assert area.gap_y(3) == rect.top()
    assert area.lines_rect(90, 95).isEmpty()
    assert area.gap_y(90) is None
    put(area, "a\nb")
    assert area.line_at(290) == 2
    assert area.gap_y(3) == area.lines_rect(2, 2).bottom() + 1


def test_tints_and_drop_line_are_painted(area: TextArea) -> None:
    put(area, "FROM a\nRUN b\nRUN c")
    area.set_tints([Tint(2, 2, "#ff0000")])
    area.set_drop(DropLine(3, "", "#00ff00", "#000000", "#ffffff"))
    picture = area.viewport().grab().toImage()
    middle, gap = area.lines_rect(2, 2).center().y(), area.gap_y(3)
    assert gap is not None
    assert picture.pixelColor(300, middle).name() == "#ff0000"
    assert {picture.pixelColor(300, gap + y).name() for y in range(-2, 2)} == {"#00ff00"}
    assert picture.pixelColor(300, area.lines_rect(1, 1).center().y()).name() != "#ff0000"


def test_pasting_makes_plain_lines(area: TextArea) -> None:
    data = QMimeData()
    data.setText("\ufeffFROM a\r\nRUN b\u2028RUN c\r")
    area.insertFromMimeData(data)
    assert text_of(area) == "FROM a\nRUN b\nRUN c\n"


def test_a_dropped_file_is_not_text(area: TextArea) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/somewhere/Dockerfile")])
    assert not area.canInsertFromMimeData(data)


def test_pythons_collector_leaves_the_layout_alone(qtbot: QtBot) -> None:
    """Qt keeps the layout, and with nobody else holding what Python made of it the next change ended the process."""
    pane = QWidget()
    qtbot.addWidget(pane)
    area = TextArea(pane)
    gc.collect()
    highlighter = DockerfileHighlighter(area.document(), LIGHT)
    gc.collect()
    area.setPlainText("FROM a\nRUN b\n")
    assert isinstance(area.document().documentLayout(), LineLayout)
    assert highlighter.first_line(area.textCursor()) == 1
