"""Tests of app/dag/cover.py and of what it holds: what lies over the graph."""

from __future__ import annotations

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.dag.view import DagView
from cachesim.app.theme import LIGHT, PRESENTATION
from cachesim.app.workbench import Workbench
from cachesim.engines.base import Outcome
from tests.app.dag.hands import LEFT, Show


def test_the_legend_lists_what_occurs(view: DagView) -> None:
    QTest.mouseClick(view.cover.zoom_bar.legend, LEFT)
    assert view.cover.legend.isVisible()
    said = view.cover.legend.accessibleDescription()
    assert "Runs: not in cache" in said and "mounts" in said and "Failed" not in said


def test_a_legend_that_was_closed_meanwhile_lists_what_occurs_now(view: DagView, workbench: Workbench, show: Show) -> None:
    QTest.mouseClick(view.cover.zoom_bar.legend, LEFT)
    QTest.mouseClick(view.cover.zoom_bar.legend, LEFT)
    show(workbench, verdicts={10: Outcome.FAILED})
    QTest.mouseClick(view.cover.zoom_bar.legend, LEFT)
    said = view.cover.legend.accessibleDescription()
    assert "Failed" in said and "not in cache" not in said


def test_the_legend_never_lies_on_the_selected_step(view: DagView, workbench: Workbench) -> None:
    QTest.mouseClick(view.cover.zoom_bar.legend, LEFT)
    legend, corners = view.cover.legend, set()
    for step in view.dag.order:
        workbench.select(step)
        rect = view.dag.rect_of(step)
        assert rect is not None
        seen = view.viewportTransform().mapRect(rect).toAlignedRect().translated(view.viewport().pos())
        assert legend.isHidden() or not legend.geometry().intersects(seen)
        corners.add(legend.pos().toTuple())
    assert len(corners) > 1
    view.resize(legend.width() + 40, legend.height() + 120)       # no corner is free: it waits
    view.show_step(step)
    assert legend.isHidden()
    view.resize(1400, 800)
    assert legend.isVisible()


def test_buttons_are_large_enough_to_hit(view: DagView, workbench: Workbench) -> None:
    assert all(b.width() >= 24 and b.height() >= 24 for b in view.cover.zoom_bar.findChildren(QToolButton))
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert all(b.width() >= 32 and b.height() >= 32 for b in view.cover.zoom_bar.findChildren(QToolButton))


def test_the_zoom_bar_drops_its_words_where_they_have_no_room(view: DagView) -> None:
    bar = view.cover.zoom_bar
    wide = bar.width()
    view.resize(wide - 40, 300)
    assert bar.width() <= view.viewport().width() and bar.x() >= 0
    assert bar.fit.accessibleName() == "Fit the whole graph"
    view.resize(wide + 420, 300)       # all lanes are seen: no hint stands beside
    assert bar.width() == wide


def test_in_a_low_graph_the_zoom_bar_is_one_button_with_a_menu(view: DagView) -> None:
    bar = view.cover.zoom_bar
    view.resize(742, 150)
    assert bar.collapsed and bar.more.isVisible() and not bar.fit.isVisible()
    assert bar.more.text() == f"{round(view.zoom * 100)} %"
    menu = bar.more.menu()
    menu.aboutToShow.emit()
    said = {action.text(): action for action in menu.actions()}
    assert list(said) == [b.accessibleName() for b in (bar.zoom_out, bar.percent, bar.zoom_in, bar.fit, bar.follow, bar.legend)]
    assert said["Follow the selection"].isChecked() and not said["Legend"].isChecked()
    before = view.zoom
    said["Zoom in"].trigger()
    said["Legend"].trigger()
    assert view.zoom > before and bar.more.text() == f"{round(view.zoom * 100)} %" and bar.legend.isChecked()
    view.resize(742, 440)
    assert not bar.collapsed and bar.fit.isVisible() and not bar.more.isVisible()


def test_a_legend_higher_than_the_graph_lies_over_what_is_around_it(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 500)
    view = DagView(workbench, window)
    view.setGeometry(40, 300, 742, 150)
    window.show()
    show(workbench)
    view.cover.zoom_bar.legend.setChecked(True)
    legend = view.cover.legend
    assert legend.isVisible() and legend.parentWidget() is window and window.rect().contains(legend.geometry())
    view.hide()
    assert not legend.isVisible()
    view.show()
    assert legend.isVisible()
    view.setGeometry(40, 10, 742, 480)
    assert legend.parentWidget() is view and legend.isVisible() and view.rect().contains(legend.geometry())
    view.cover.zoom_bar.legend.setChecked(False)
    assert not legend.isVisible()
