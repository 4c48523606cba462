"""Tests of app/dag/ways.py: the graph by key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from tests.app.dag.conftest import FOUR_STAGES
from tests.app.dag.hands import SHIFT, Show, key


def test_arrows_walk_along_the_edges(view: DagView, workbench: Workbench) -> None:
    workbench.select(StepId(3, 4))
    way = []
    for pressed in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Right):
        key(view, pressed)
        way.append(workbench.selected)
    assert way == [StepId(1, 3), StepId(1, 2), StepId(1, 1), StepId(1, 0), StepId(0, 3), StepId(1, 0)]


def test_home_and_end_are_the_first_step_and_the_last_of_the_target(view: DagView, workbench: Workbench) -> None:
    key(view, Qt.Key.Key_End)
    assert workbench.selected == StepId(3, 7)
    key(view, Qt.Key.Key_Home)
    assert workbench.selected == StepId(-1, 0)


def test_m_goes_from_miss_to_miss_and_around(view: DagView, workbench: Workbench) -> None:
    way = []
    for _ in range(8):
        key(view, Qt.Key.Key_M)
        way.append(workbench.selected)
    assert way == [StepId(1, 1), StepId(1, 2), StepId(1, 3), StepId(3, 3), StepId(3, 4), StepId(3, 5), StepId(3, 6),
                   StepId(1, 1)]
    key(view, Qt.Key.Key_M, SHIFT)
    assert workbench.selected == StepId(3, 6)


def test_m_does_nothing_where_nothing_runs(view: DagView, workbench: Workbench, show: Show) -> None:
    show(workbench, FOUR_STAGES, {})
    key(view, Qt.Key.Key_M)
    assert workbench.selected is None


def test_enter_opens_the_selected_step(qtbot: QtBot, view: DagView, workbench: Workbench) -> None:
    workbench.select(StepId(0, 2))
    with qtbot.waitSignal(workbench.activated) as opened:
        key(view, Qt.Key.Key_Return)
    assert opened.args == [StepId(0, 2)]


def test_tab_into_the_graph_selects_the_first_miss_so_that_a_ring_is_seen(qtbot: QtBot, workbench: Workbench,
                                                                         show: Show) -> None:
    outer = QWidget()
    qtbot.addWidget(outer)
    before, view = QToolButton(outer), DagView(workbench, outer)
    show(workbench)
    before.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    QWidget.setTabOrder(before, view)
    with qtbot.waitActive(outer):
        outer.show()
    before.setFocus()
    QTest.keyClick(before, Qt.Key.Key_Tab)
    assert workbench.selected == StepId(1, 1)


def test_tab_leaves_the_graph(qtbot: QtBot, view: DagView) -> None:
    with qtbot.waitActive(view):
        view.activateWindow()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert not view.hasFocus()
