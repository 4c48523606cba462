"""Tests of app/dag/pan_zoom.py: the graph under wheel, pinch and drag."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from tests.app.dag.hands import CTRL, LEFT, MIDDLE, NONE, SHIFT, key, place_of, wheel


def test_ctrl_wheel_zooms_and_what_is_under_the_pointer_stays_there(view: DagView) -> None:
    view.resize(500, 300)
    where = QPoint(300, 150)
    for turn in (120, 120, 120, -120):
        before = view.mapToScene(where)
        wheel(view, where, turn, CTRL)
        after = view.mapToScene(where)
        assert abs(before.x() - after.x()) <= 1.5 and abs(before.y() - after.y()) <= 1.5
    assert view.zoom == pytest.approx(0.85 * 1.15**2)


def test_the_wheel_alone_scrolls_and_with_shift_sideways(view: DagView) -> None:
    view.resize(500, 300)
    for bar in (view.horizontalScrollBar(), view.verticalScrollBar()):
        bar.setValue(0)
    wheel(view, QPoint(100, 100), -120)
    assert view.verticalScrollBar().value() > 0
    wheel(view, QPoint(100, 100), -120, SHIFT)
    assert view.horizontalScrollBar().value() > 0


def test_keys_and_buttons_zoom_and_the_percentage_says_so(view: DagView) -> None:
    key(view, Qt.Key.Key_0, CTRL)
    assert view.zoom == 1.0
    key(view, Qt.Key.Key_Plus, CTRL)
    assert view.cover.zoom_bar.percent.text() == "115 %"
    key(view, Qt.Key.Key_Minus, CTRL)
    assert view.zoom == pytest.approx(1.0)
    QTest.mouseClick(view.cover.zoom_bar.zoom_out, LEFT)
    assert view.cover.zoom_bar.percent.text() == "87 %"
    QTest.mouseClick(view.cover.zoom_bar.percent, LEFT)
    assert view.zoom == pytest.approx(1.0)


def test_zoom_has_limits(view: DagView) -> None:
    for _ in range(60):
        key(view, Qt.Key.Key_Minus, CTRL)
    assert view.zoom == pytest.approx(0.08)
    for _ in range(60):
        key(view, Qt.Key.Key_Plus, CTRL)
    assert view.zoom == pytest.approx(4.0)


@pytest.mark.parametrize("button", [MIDDLE, LEFT], ids=["middle", "left on the ground"])
def test_dragging_pans(view: DagView, button: Qt.MouseButton) -> None:
    view.resize(400, 300)
    view.horizontalScrollBar().setValue(60)
    view.verticalScrollBar().setValue(40)
    start = view.mapFromScene(324.0, 300.0)       # in the corridor
    QTest.mousePress(view.viewport(), button, NONE, start)
    QTest.mouseMove(view.viewport(), start + QPoint(-25, -15))
    QTest.mouseRelease(view.viewport(), button, NONE, start + QPoint(-25, -15))
    assert (view.horizontalScrollBar().value(), view.verticalScrollBar().value()) == (85, 55)


def test_space_and_drag_pans_even_on_a_node_and_selects_nothing(view: DagView, workbench: Workbench) -> None:
    view.resize(400, 300)
    start = place_of(view, StepId(0, 1))
    before = view.horizontalScrollBar().value()
    QTest.keyPress(view, Qt.Key.Key_Space)
    QTest.mousePress(view.viewport(), LEFT, NONE, start)
    QTest.mouseMove(view.viewport(), start - QPoint(30, 0))
    QTest.mouseRelease(view.viewport(), LEFT, NONE, start - QPoint(30, 0))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert view.horizontalScrollBar().value() == before + 30
    assert workbench.selected is None
