"""Undo and redo of text and of what is not text, in the order it was done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def keys(window: MainWindow, times: int = 1, *, again: bool = False) -> None:
    for _ in range(times):
        QTest.keyClick(window.editor.text, Qt.Key.Key_Z, CTRL | SHIFT if again else CTRL)


def type_at_end(window: MainWindow, what: str) -> None:
    text = window.editor.text
    text.moveCursor(text.textCursor().MoveOperation.End)
    QTest.keyClicks(text, what)


def told(window: MainWindow) -> tuple[str, int]:
    """The end of the text, and how many changes beside it."""
    return window.workbench.state.text.rpartition("]\n")[2], len(window.workbench.changes)


def test_ctrl_z_takes_back_text_and_what_ifs_in_the_order_they_were_done(opened: MainWindow) -> None:
    bench = opened.workbench
    original = bench.state
    type_at_end(opened, "#a")
    bench.edit_file("src/app.py", b"print('coffee')\n")
    type_at_end(opened, "b")
    bench.edit_file("requirements.txt", b"flask\n")
    steps = [told(opened)]
    while opened.actions_["undo"].isEnabled():
        keys(opened)
        steps.append(told(opened))
        assert len(steps) < 9
    assert list(dict.fromkeys(steps)) == [("#ab", 2), ("#ab", 1), ("#a", 1), ("#a", 0), ("", 0)]
    assert bench.state.text == original.text and bench.state.context.tree == original.context.tree
    again = [told(opened)]
    while opened.actions_["redo"].isEnabled():
        keys(opened, again=True)
        again.append(told(opened))
        assert len(again) < 9
    assert list(dict.fromkeys(again)) == [("", 0), ("#a", 0), ("#a", 1), ("#ab", 1), ("#ab", 2)]


def test_something_new_forgets_what_could_be_done_again(opened: MainWindow) -> None:
    bench = opened.workbench
    bench.edit_file("src/app.py", b"1\n")
    keys(opened)
    assert bench.undone and opened.actions_["redo"].isEnabled()
    type_at_end(opened, "#")
    assert not bench.undone and not opened.actions_["redo"].isEnabled()
    keys(opened)
    assert opened.actions_["redo"].isEnabled()
    bench.edit_file("src/app.py", b"2\n")
    assert not opened.actions_["redo"].isEnabled()


def test_take_back_still_takes_the_last_what_if_alone(opened: MainWindow) -> None:
    bench = opened.workbench
    bench.edit_file("src/app.py", b"1\n")
    type_at_end(opened, "#x")
    opened.actions_["take_back"].trigger()
    assert told(opened) == ("#x", 0)
    keys(opened, again=True)
    assert told(opened) == ("#x", 1)


def test_looking_back_leaves_no_undo_steps_and_undo_comes_back(qtbot: QtBot, opened: MainWindow,
                                                               settled: Callable[..., None]) -> None:
    bench = opened.workbench
    type_at_end(opened, "#a")
    bench.edit_file("src/app.py", b"1\n")
    settled(bench)
    bench.go_to(1)
    assert told(opened) == ("", 0) and bench.seen is not None
    keys(opened)
    assert bench.seen is None and told(opened) == ("#a", 1)
    keys(opened)
    assert told(opened) == ("#a", 0)
    while opened.actions_["undo"].isEnabled():
        keys(opened)
        assert told(opened)[0] in ("#a", "#", "")
    assert told(opened) == ("", 0)
