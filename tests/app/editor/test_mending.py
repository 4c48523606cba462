"""Tests of app/editor/mending.py: quick fixes by key."""

from __future__ import annotations

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.workbench import Workbench
from tests.app.editor.hands import CTRL, Key, go, key, show, text_of


def test_quick_fix_by_keys(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "FROM a\nCOYP . .\n")
    go(editor, 2, 2)
    key(editor, Key.Key_Period, CTRL)
    menu = next(m for m in editor.findChildren(QWidget) if m.metaObject().className() == "QMenu" and m.isVisible())
    with qtbot.waitSignal(workbench.report_changed):
        QTest.keyClick(menu, Key.Key_Return)
    assert text_of(editor) == "FROM a\nCOPY . .\n"
    editor.run("undo")
    assert text_of(editor) == "FROM a\nCOYP . .\n"


def test_near_miss_of_a_file_can_be_mended(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "FROM a\nCOPY requirments.txt .\n")
    go(editor, 2)
    assert [f.title for f in editor.mending.here()] == ["Copy requirements.txt instead"]
