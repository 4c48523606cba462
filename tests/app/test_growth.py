"""Does doing the same again leave anything behind? What grows in minutes here grows for hours in a real window."""

from __future__ import annotations

import gc
from collections import Counter

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.command_choices import live_choices
from cachesim.app.mainwindow import MainWindow
from cachesim.app.workbench import Workbench


def census(window: MainWindow) -> Counter[str]:
    """How many Qt objects of each kind there are below the window."""
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[call-overload]
    gc.collect()
    return Counter(type(child).__name__ for child in window.findChildren(QObject))


def test_typing_choosing_and_opening_menus_again_leaves_nothing_behind(qtbot: QtBot, opened: MainWindow,
                                                                       workbench: Workbench) -> None:
    text = workbench.state.text

    def act() -> None:
        for changed in (text + "RUN more\n", text):
            with qtbot.waitSignal(workbench.report_changed):
                workbench.replace_text(changed, "a test")
            assert workbench.report is not None
            for step in workbench.report.steps:
                workbench.select(step.id)
        live_choices(opened.menuBar())
        opened.panes.show("layers")
        opened.panes.show("context")
    act()
    before = census(opened)
    for _ in range(5):
        act()
    assert census(opened) - before == Counter()
