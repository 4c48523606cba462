"""Any command, also one deep in a sub-menu, is a few letters away."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from cachesim.app.command_choices import command_choices, live_choices
from cachesim.app.mainwindow import MainWindow
from cachesim.app.palette_dialog import PaletteDialog
from cachesim.graph.options import EngineKind


def test_palette_finds_commands_by_a_few_letters(opened: MainWindow) -> None:
    dialog = palette(opened)
    type_into(dialog, "rlay")
    assert dialog.found()[0] == "Reset layout"
    dialog.close()


def palette(window: MainWindow) -> PaletteDialog:
    return PaletteDialog("Type a command", command_choices(window.actions_) + live_choices(window.menuBar()), window)


def type_into(dialog: PaletteDialog, text: str) -> None:
    line = dialog.findChild(QLineEdit)
    assert line is not None
    line.clear()
    QTest.keyClicks(line, text)


@pytest.mark.parametrize(("typed", "first"), [
    ("touch", "What if › A file changes › Only its time changes (touch)…"),
    ("umask 077", "What if › Somebody clones the project anew › Nobody else may read (umask 077)"),
    ("shop", "Open recent › {project}"), ("high contrast", "Theme › High contrast"),
    ("target base", "Target › base"), ("sample", "Open sample › ")])
def test_palette_finds_what_lies_in_sub_menus(opened: MainWindow, project: Path, typed: str, first: str) -> None:
    dialog = palette(opened)
    type_into(dialog, typed)
    assert dialog.found()[0].startswith(first.format(project=project))
    dialog.close()


def test_palette_runs_an_entry_of_a_sub_menu(opened: MainWindow) -> None:
    dialog = palette(opened)
    type_into(dialog, "engine classic")
    QTest.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
    assert opened.workbench.state.engine is EngineKind.CLASSIC


def test_palette_runs_once(opened: MainWindow) -> None:
    """Until the event loop turns it is there, hidden, and what it found may have gone from the menus."""
    dialog = palette(opened)
    type_into(dialog, "engine classic")
    line = dialog.findChild(QLineEdit)
    QTest.keyClick(line, Qt.Key.Key_Return)
    live_choices(opened.menuBar())      # fills the menus anew
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert opened.workbench.state.engine is EngineKind.CLASSIC


def test_palette_names_every_entry_once(opened: MainWindow) -> None:
    names = [choice.text for choice in command_choices(opened.actions_) + live_choices(opened.menuBar())]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_palette_says_when_nothing_matches(opened: MainWindow) -> None:
    dialog = palette(opened)
    assert dialog.said() == ""
    type_into(dialog, "xyzzy")
    assert dialog.found() == [] and dialog.said() == "Nothing matches “xyzzy”."
    dialog.close()


def test_filling_menus_again_and_again_leaves_nothing_behind(opened: MainWindow) -> None:
    def left() -> int:
        live_choices(opened.menuBar())
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[call-overload]
        gc.collect()
        return sum(isinstance(o, QAction | QActionGroup | QMenu) for o in gc.get_objects())
    left()
    before = left()
    assert [left() for _ in range(5)] == [before] * 5
