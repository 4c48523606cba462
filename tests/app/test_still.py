"""Tests of app/still.py, and that the window keeps still while somebody types."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app import status
from cachesim.app.mainwindow import MainWindow
from cachesim.app.still import Still, hint, loosen, say
from cachesim.app.workbench import Workbench


class Counter(QObject):
    """How often a widget is asked to lay itself out."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.layouts = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.layouts += event.type() is QEvent.Type.LayoutRequest
        return False


def settle() -> None:
    for _ in range(5):
        QApplication.processEvents()


def test_only_another_least_size_is_told(qtbot: QtBot) -> None:
    window, content, label = QWidget(), QWidget(), QLabel("a")
    qtbot.addWidget(window)
    QVBoxLayout(content).addWidget(label)
    still = Still()
    still.hold(content)
    QVBoxLayout(window).addWidget(still)
    window.show()
    settle()
    counter = Counter(window)
    label.setWordWrap(True)         # as narrow as its longest word
    settle()
    assert counter.layouts == 0
    label.setText("b")
    settle()
    assert counter.layouts == 0
    label.setMinimumHeight(300)
    settle()
    assert counter.layouts and still.height() >= 300
    assert content.size() == still.size()


def test_a_said_label_takes_more_room_but_gives_none_back(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    say(label, "Ln 1 Col 1")
    short = label.minimumWidth()
    say(label, "Ln 100 Col 100")
    wide = label.minimumWidth()
    say(label, "Ln 1 Col 1")
    assert label.text() == "Ln 1 Col 1"
    assert short < wide == label.minimumWidth() == label.maximumWidth()
    loosen(label)
    say(label, "Ln 2 Col 1")
    assert label.minimumWidth() <= short + 1


def test_the_same_tip_again_is_no_event(qtbot: QtBot) -> None:
    label, told = QLabel(), list[QEvent.Type]()

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            told.append(event.type())
            return False
    watch = Watch()
    label.installEventFilter(watch)
    qtbot.addWidget(label)
    for tip in ("one", "one", "two"):
        hint(label, tip)
    assert told.count(QEvent.Type.ToolTipChange) == 2 and label.toolTip() == "two"


def test_typing_lays_out_no_docks(qtbot: QtBot, opened: MainWindow, workbench: Workbench,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "time_words", lambda *_: "simulated in 1.0 ms")     # a slow one may take more room
    editor = opened.editor.text
    opened.editor.go_to_line(4)
    QTest.keyClick(editor, Qt.Key.Key_End)
    for key in "ab":                # the first key may show what was not there: the changed mark, a count
        with qtbot.waitSignal(workbench.report_changed):
            QTest.keyClicks(editor, key)
        settle()
    counter = Counter(opened)
    for key in "cdef":
        with qtbot.waitSignal(workbench.report_changed):
            QTest.keyClicks(editor, key)
        settle()
    assert counter.layouts == 0
