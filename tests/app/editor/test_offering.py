"""Tests of app/editor/offering.py: offers while somebody types."""

from __future__ import annotations

from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.workbench import Workbench
from tests.app.editor.hands import CTRL, Key, go, key, show, text_of


def test_completion_while_typing(editor: CodeEditor) -> None:
    go(editor, 11)
    QTest.keyClicks(editor.text, "ENT")
    assert editor.completer.texts == ["ENTRYPOINT"]
    key(editor, Key.Key_Return)
    assert text_of(editor).endswith("\nENTRYPOINT")
    assert editor.completer.texts == []


def test_completion_of_a_path_goes_on(editor: CodeEditor) -> None:
    go(editor, 11)
    QTest.keyClicks(editor.text, "COPY s")
    assert editor.completer.texts == ["src/"]
    key(editor, Key.Key_Tab)
    assert editor.completer.texts == ["web/", "app.py"]
    key(editor, Key.Key_Down)
    key(editor, Key.Key_Return)
    assert text_of(editor).endswith("\nCOPY src/app.py")


def test_completion_of_stages_and_flags(editor: CodeEditor) -> None:
    go(editor, 11)
    QTest.keyClicks(editor.text, "COPY --")
    assert "--from=" in editor.completer.texts
    QTest.keyClicks(editor.text, "from=")
    assert editor.completer.texts == ["base", "1"]
    key(editor, Key.Key_Escape)
    assert editor.completer.texts == []


def test_completion_when_asked(editor: CodeEditor) -> None:
    go(editor, 11)
    key(editor, Key.Key_Space, CTRL)
    assert "FROM" in editor.completer.texts
    key(editor, Key.Key_Left)
    assert editor.completer.texts == []


def test_no_offers_in_comments_heredocs_and_commands(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "FROM a\nRUN <<EOF\n\nEOF\n\n")
    for line, typed in ((3, "CO"), (5, "# CO"), (5, "RUN co")):
        go(editor, line)
        QTest.keyClicks(editor.text, typed)
        assert editor.completer.texts == [], typed
        editor.run("undo")


def test_variables_after_a_continued_line(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "FROM a\nENV PORT=80 PATHS=x\nRUN echo \\\n  \n")
    go(editor, 4, 2)
    QTest.keyClicks(editor.text, "$P")
    assert editor.completer.texts == ["PORT", "PATHS"]
