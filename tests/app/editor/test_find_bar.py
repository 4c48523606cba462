"""Does the bar find, go round and replace as a person would expect?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.editor.find_bar import FindBar
from cachesim.app.editor.positions import cursor_at, document_text, place_of
from cachesim.app.editor.text_area import TextArea
from cachesim.app.theme import LIGHT

TEXT = "FROM 😀 app\nRUN app install\n# App notes\nCMD application"


@pytest.fixture
def bar(qtbot: QtBot) -> Iterator[FindBar]:
    window = QWidget()
    qtbot.addWidget(window)
    text = TextArea(window)
    found = FindBar(text, LIGHT, window)
    layout = QVBoxLayout(window)
    layout.addWidget(text)
    layout.addWidget(found)
    text.setPlainText(TEXT)
    window.resize(600, 300)
    window.show()
    qtbot.waitExposed(window)
    text.setFocus()
    yield found
    window.close()


def area(bar: FindBar) -> TextArea:
    return bar._text


def at(bar: FindBar) -> tuple[int, int]:
    cursor = area(bar).textCursor()
    cursor.setPosition(cursor.selectionStart())
    return place_of(cursor)


def test_finds_while_typing(bar: FindBar) -> None:
    bar.open_bar()
    QTest.keyClicks(bar.query, "app")
    assert bar.count.text() == "1 of 4"
    assert at(bar) == (1, 7)
    assert area(bar).textCursor().selectedText() == "app"


def test_enter_goes_on_and_round(bar: FindBar) -> None:
    bar.open_bar()
    QTest.keyClicks(bar.query, "app")
    lines = []
    for _ in range(4):
        QTest.keyClick(bar.query, Qt.Key.Key_Return)
        lines.append(at(bar)[0])
    assert lines == [2, 3, 4, 1]
    QTest.keyClick(bar.query, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert at(bar)[0] == 4


def test_case_words_and_expressions(bar: FindBar) -> None:
    bar.open_bar()
    QTest.keyClicks(bar.query, "app")
    bar.case.click()
    assert bar.count.text().endswith("of 3")
    bar.word.click()
    assert bar.count.text().endswith("of 2")
    bar.word.click()
    bar.regex.click()
    bar.query.clear()
    QTest.keyClicks(bar.query, r"^(RUN|CMD) ")
    assert bar.count.text() == "1 of 2"
    QTest.keyClicks(bar.query, "(")
    assert bar.count.text().startswith("not a regular expression")
    assert not bar.next_button.isEnabled()


def test_selection_becomes_the_query(bar: FindBar) -> None:
    cursor = cursor_at(area(bar).document(), 2, 4)
    cursor.movePosition(cursor.MoveOperation.NextWord, cursor.MoveMode.KeepAnchor)
    cursor.movePosition(cursor.MoveOperation.Left, cursor.MoveMode.KeepAnchor)
    area(bar).setTextCursor(cursor)
    bar.open_bar()
    assert bar.query.text() == "app"
    assert bar.count.text() == "2 of 4"


def test_nothing_found_says_so(bar: FindBar) -> None:
    bar.open_bar()
    QTest.keyClicks(bar.query, "nowhere")
    assert bar.count.text() == "nothing found"


def test_replace_one_then_all_as_one_step(bar: FindBar) -> None:
    bar.open_bar(replace=True)
    QTest.keyClicks(bar.query, "app")
    bar.replacement.setFocus()
    QTest.keyClicks(bar.replacement, "svc")
    QTest.keyClick(bar.replacement, Qt.Key.Key_Return)
    assert document_text(area(bar).document()).startswith("FROM 😀 svc\nRUN app")
    assert at(bar) == (2, 4)
    QTest.mouseClick(bar.all_button, Qt.MouseButton.LeftButton)
    assert document_text(area(bar).document()) == "FROM 😀 svc\nRUN svc install\n# svc notes\nCMD svclication"
    assert bar.count.text() == "3 replaced"
    area(bar).undo()
    assert document_text(area(bar).document()) == "FROM 😀 svc\nRUN app install\n# App notes\nCMD application"


def test_replace_uses_groups(bar: FindBar) -> None:
    bar.regex.click()
    bar.open_bar(replace=True)
    QTest.keyClicks(bar.query, r"(\w+) install")
    QTest.keyClicks(bar.replacement, r"install \1")
    bar.replace_every()
    assert "RUN install app" in document_text(area(bar).document())


def test_escape_closes_and_gives_the_text_the_focus(bar: FindBar, qtbot: QtBot) -> None:
    bar.open_bar()
    QTest.keyClicks(bar.query, "app")
    assert bar.selections(LIGHT)
    with qtbot.waitSignal(bar.matches_changed):
        QTest.keyClick(bar.query, Qt.Key.Key_Escape)
    assert bar.selections(LIGHT) == []
    assert not bar.isVisible()
    assert area(bar).hasFocus()


def test_matches_follow_edits(bar: FindBar, qtbot: QtBot) -> None:
    bar.open_bar()
    QTest.keyClicks(bar.query, "app")
    with qtbot.waitSignal(bar.matches_changed):
        area(bar).setPlainText("app\n")
    assert [s.cursor.selectedText() for s in bar.selections(LIGHT)] == ["app"]
