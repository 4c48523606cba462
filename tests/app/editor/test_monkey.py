"""Do text, file and verdicts stay together, whatever a person does for a while?"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.editor.positions import DocumentText, cursor_at, document_text
from cachesim.app.editor.stripes import stripes_of
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT, PRESENTATION
from cachesim.app.workbench import Workbench

Key = Qt.Key
PIECES = ("RUN make $X", "COPY src/ /x", "FROM base AS b", "\n", "\n", "# note", " \\\n", "RUN <<EOF\n", "EOF\n", "😀",
          "e\u0301", "--from=", "$", "\"", "\t", "ENV A=b", "XYZZY")
KEYS = (Key.Key_Return, Key.Key_Backspace, Key.Key_Delete, Key.Key_Tab, Key.Key_Up, Key.Key_Down, Key.Key_Home,
        Key.Key_End, Key.Key_Escape, Key.Key_PageDown, Key.Key_F8, Key.Key_F1)
COMMANDS = ("undo", "undo", "redo", "comment", "move_up", "move_down", "complete", "find", "find_next", "zoom_in",
            "zoom_reset", "next_problem", "explain")


class Monkey:
    def __init__(self, editor: CodeEditor, workbench: Workbench, seed: int) -> None:
        self.editor, self.workbench, self.rng = editor, workbench, random.Random(seed)
        self.acts: tuple[Callable[[], object], ...] = (
            self.type, self.type, self.type, self.key, self.key, self.command, self.command, self.place, self.select,
            self.drag, self.outside, self.look)

    def type(self) -> None:
        text = self.rng.choice(PIECES)
        if text.isascii() and text.isprintable():
            QTest.keyClicks(self.editor.text, text)
        else:
            self.editor.text.textCursor().insertText(text)

    def key(self) -> None:
        QTest.keyClick(self.editor.text, self.rng.choice(KEYS))

    def command(self) -> None:
        self.editor.run(self.rng.choice(COMMANDS))

    def place(self) -> None:
        document = self.editor.text.document()
        cursor = cursor_at(document, self.rng.randint(1, document.blockCount()), self.rng.randint(0, 30))
        self.editor.text.setTextCursor(cursor)

    def select(self) -> None:
        cursor = self.editor.text.textCursor()
        cursor.movePosition(self.rng.choice((QTextCursor.MoveOperation.Down, QTextCursor.MoveOperation.NextWord)),
                            QTextCursor.MoveMode.KeepAnchor, self.rng.randint(1, 4))
        self.editor.text.setTextCursor(cursor)

    def drag(self) -> None:
        heights = [self.rng.randint(0, 380) for _ in range(4)]
        gutter = self.editor.gutter
        QTest.mousePress(gutter, Qt.MouseButton.LeftButton, pos=QPoint(6, heights[0]))
        for y in heights[1:]:
            QTest.mouseMove(gutter, QPoint(6, y))
        if self.rng.random() < 0.3:
            QTest.keyClick(self.editor.text, Key.Key_Escape)
        QTest.mouseRelease(gutter, Qt.MouseButton.LeftButton, pos=QPoint(6, heights[-1]))

    def outside(self) -> None:
        lines = self.workbench.state.text.split("\n")
        self.rng.shuffle(lines)
        self.workbench.replace_text("\n".join(lines[:40]), "advice")

    def look(self) -> None:
        theme = self.rng.choice((LIGHT, DARK, HIGH_CONTRAST))
        self.workbench.set_look(theme.with_sizes(PRESENTATION) if self.rng.random() < 0.3 else theme)


@pytest.mark.parametrize(("seed", "newline"), [(1, "\n"), (2, "\r\n"), (3, "\n")])
def test_an_hour_of_editing(editor: CodeEditor, workbench: Workbench, qtbot: QtBot, seed: int, newline: str) -> None:
    workbench.replace_text("\ufeff" + workbench.state.text.replace("\n", newline), "another style")
    monkey = Monkey(editor, workbench, seed)
    for _ in range(250):
        act = monkey.rng.choice(monkey.acts)
        act()
        qtbot.waitUntil(lambda: not workbench.prediction.pending)
        assert editor.exchange.style.file(document_text(editor.text.document())) == workbench.state.text, act
        assert DocumentText.of(workbench.state.text).file_text == workbench.state.text
        assert editor.gutter.dimmed == workbench.stale
        assert not editor.mover.dragging
        if not workbench.stale and workbench.report is not None:
            assert editor.gutter.stripes == stripes_of(workbench.report), act
