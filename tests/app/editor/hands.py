"""The keys of a person in the editor, and what is read off it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.editor.positions import cursor_at, document_text
from cachesim.app.workbench import Workbench
from cachesim.project.state import ProjectState

__all__ = ["ALT", "CTRL", "SHIFT", "Key", "Left", "go", "icons", "key", "settle", "show", "shown", "text_of"]

CTRL, ALT, SHIFT = (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier,
                    Qt.KeyboardModifier.ShiftModifier)
Key, Left = Qt.Key, Qt.MouseButton.LeftButton


def text_of(editor: CodeEditor) -> str:
    return document_text(editor.text.document())


def go(editor: CodeEditor, line: int, column: int = 0) -> None:
    editor.text.setTextCursor(cursor_at(editor.text.document(), line, column))


def key(editor: CodeEditor, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(editor.text, key, modifiers)


def settle(qtbot: QtBot, editor: CodeEditor) -> None:
    """Let the merged prediction run."""
    qtbot.waitUntil(lambda: not editor._workbench.prediction.pending)


def icons(editor: CodeEditor) -> list[str]:
    return [row[:9].strip() for row in editor.describe().split("\n")]


def show(qtbot: QtBot, workbench: Workbench, text: str) -> None:
    workbench.show_state(ProjectState(text, workbench.state.context))
    qtbot.waitUntil(lambda: not workbench.prediction.pending)


def shown(editor: CodeEditor, line: int, x: int) -> QPoint:
    return QPoint(x, editor.text.lines_rect(line, line).center().y())
