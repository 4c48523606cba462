"""Alt and a letter mean one thing: what a pane offers does not take the letter of a menu."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.panes import PANES


def test_no_pane_takes_the_letter_of_a_menu(opened: MainWindow) -> None:
    menus = {QKeySequence.mnemonic(action.text()).toString(): action.text() for action in opened.menuBar().actions()}
    assert len(menus) == len(opened.menuBar().actions()), "two menus with one letter"
    taken = []
    for pane in PANES:
        content = opened.panes.docks[pane.id].content
        for kind in (QAbstractButton, QLabel):
            for widget in content.findChildren(kind):
                buddy = isinstance(widget, QAbstractButton) or widget.buddy() is not None  # type: ignore[attr-defined]
                letter = QKeySequence.mnemonic(widget.text()).toString() if buddy else ""  # type: ignore[attr-defined]
                if letter in menus:
                    taken.append(f"{pane.title}: {widget.text()} and {menus[letter]}")  # type: ignore[attr-defined]
    assert not taken, "; ".join(taken)


def test_a_pane_behind_another_one_does_not_listen(qtbot: QtBot, opened: MainWindow) -> None:
    proof, advice = opened.panes.show("proof"), opened.panes.show("advice")
    run, prove = (next(b for b in pane.findChildren(QAbstractButton) if b.text() == text)
                  for pane, text in ((proof, "&Run"), (advice, "P&rove it…")))
    qtbot.waitUntil(lambda: run.shortcut().isEmpty())
    assert prove.shortcut().toString() == "Alt+R"
    opened.panes.show("proof")
    qtbot.waitUntil(lambda: prove.shortcut().isEmpty() and run.shortcut().toString() == "Alt+R")
