"""Tests of the graph while presenting: larger, with its cause told."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.dag.step_item import Badge
from cachesim.app.dag.view import DagView
from cachesim.app.theme import LIGHT, PRESENTATION
from cachesim.app.workbench import Workbench
from cachesim.engines.base import MissReason
from cachesim.graph.model import StepId
from tests.app.dag.hands import CTRL, LANES, LEFT, Show, long_file, view_of, wheel


def test_presentation_grows_nodes_and_returns_to_the_very_same_place(view: DagView, workbench: Workbench) -> None:
    wheel(view, QPoint(300, 150), 120, CTRL)
    view.horizontalScrollBar().setValue(70)
    view.verticalScrollBar().setValue(33)
    before = view.place, view.dag.describe()
    QApplication.processEvents()
    view.resize(742, 700)       # the window may fold its docks in the same turn, before the look changes
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert view.zoom == 1.0
    assert (view.dag.canvas.metrics.node_width, view.dag.canvas.metrics.node_height) == (300, 60)
    view.resize(1900, 1000)
    view.resize(742, 440)
    workbench.set_look(LIGHT)
    view.resize(743, 441)
    view.resize(742, 440)
    assert (view.place, view.dag.describe()) == before


def test_presenting_says_why_over_the_foot_and_keeps_room_around_the_step(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    view.resize(1400, 700)
    workbench.select(StepId(3, 4))
    assert view.cover.why.isVisible()
    assert view.cover.why.text.startswith("13 of 16 · Line 23, COPY --from=build")
    rect = view.dag.rect_of(StepId(3, 4))
    assert rect is not None
    shown = view.mapFromScene(rect).boundingRect()
    assert 0.29 * view.viewport().height() <= view.viewport().height() - shown.bottom()
    workbench.set_look(LIGHT)
    assert not view.cover.why.isVisible()


def test_presenting_makes_fit_what_nearly_fits(view: DagView, workbench: Workbench) -> None:
    view.resize(742, 700)
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert view.zoom == 1.0
    view.resize(round(view.dag.layout.width * 0.95), 700)
    assert 0.9 <= view.zoom < 1.0 and not view.horizontalScrollBar().maximum()
    view.resize(742, 700)
    assert view.zoom == 1.0


def test_presenting_folds_cached_lanes_to_strips_where_not_all_have_room(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 700)
    view.show()
    text = LANES.partition("FROM four AS five")[0]
    show(workbench, text, {8: MissReason.PART, 11: MissReason.PARENT})
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))

    def folded() -> list[int]:
        return [lane.stage for lane in view.dag.layout.lanes if lane.folded]
    assert folded() == [0, 1] and not view.horizontalScrollBar().maximum()
    assert view.zoom >= 0.9 and view.dag.canvas.text_px * view.zoom >= 16
    assert view.dag.lanes[0].text.count == "2 cached" and "Click to unfold" in view.dag.lanes[0].toolTip()
    show(workbench, text, {2: MissReason.PART, 5: MissReason.PARENT})    # another edit touches others
    assert folded() == [2, 3] and StepId(0, 1) in view.dag.steps
    show(workbench, text, {8: MissReason.PART, 11: MissReason.PARENT})
    workbench.select(StepId(1, 1))          # what somebody talks about is open
    assert folded() == [0] and view.dag.steps[StepId(1, 1)].current
    workbench.select(StepId(2, 1))
    assert folded() == [0, 1]
    strip = view.dag.lanes[0].lane.rect
    view.horizontalScrollBar().setValue(0)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.mapFromScene(QPointF(*strip.center)))
    assert folded() == [1] and view.dag.steps[StepId(0, 1)].look is not None
    workbench.set_look(LIGHT)
    assert folded() == []
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert folded() == [0, 1]               # opened for one presentation


def test_presenting_where_all_is_cached_the_last_lane_stays_open(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 700)
    view.show()
    show(workbench, LANES, {})
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert [lane.folded for lane in view.dag.layout.lanes] == [True] * 5 + [False]
    view.resize(2600, 700)
    assert not any(lane.folded for lane in view.dag.layout.lanes)


def test_presenting_tells_the_first_miss_while_nothing_is_selected(view: DagView, workbench: Workbench) -> None:
    assert not view.cover.why.isVisible()
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert view.cover.why.text.startswith("First miss: line 11, COPY . . – Runs:")
    workbench.select(StepId(0, 1))
    assert view.cover.why.text.startswith("2 of 16 · Line 6")
    workbench.select(None)
    assert view.cover.why.text.startswith("First miss: line 11")


def test_the_caption_does_not_hide_the_miss_that_it_tells_of(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    show(workbench, long_file(12), {7: MissReason.PART})
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    view.resize(742, 760)
    rect = view.dag.rect_of(StepId(0, 6))
    assert rect is not None and view.cover.why.text.startswith("First miss: line 7")
    assert view.mapFromScene(rect).boundingRect().bottom() <= view.cover.why.y()


def test_legend_and_caption_of_a_presentation_stand_beside_each_other(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    view.resize(1113, 900)
    view.cover.zoom_bar.legend.setChecked(True)
    assert view.cover.legend.isVisible() and view.cover.why.isVisible()
    assert not view.cover.legend.geometry().intersects(view.cover.why.geometry())
    workbench.select(StepId(3, 4))
    assert not view.cover.legend.isVisible() or not view.cover.legend.geometry().intersects(view.cover.why.geometry())


def test_the_caption_does_not_hide_that_the_engine_differed(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    workbench.select(StepId(0, 1))
    view.set_badges({StepId(0, 1): Badge.DIFFERED})
    assert view.cover.why.text.startswith("The engine differed. 2 of 16")
    view.set_badges({StepId(0, 1): Badge.AGREED})
    assert view.cover.why.text.startswith("The engine agreed. 2 of 16")
    view.set_badges({})
    assert view.cover.why.text.startswith("2 of 16")


def test_a_zoom_that_nobody_chose_fits_again_after_presenting(view: DagView, workbench: Workbench) -> None:
    view.resize(1200, 700)
    QApplication.processEvents()
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    workbench.set_look(LIGHT)
    assert view.zoom == 1.0
    view.resize(820, 700)
    assert view.zoom == pytest.approx(max(0.85, view.viewport().width() / view.dag.layout.width))
    assert view.zoom < 1.0


def test_the_caption_of_a_presentation_never_hides_its_step(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(PRESENTATION.scaled(1.3)))
    view.resize(742, 700)
    for step in view.dag.order:
        workbench.select(step)
        rect = view.dag.rect_of(step)
        if rect is not None:
            assert view.mapFromScene(rect).boundingRect().bottom() <= view.cover.why.y(), step


def test_presenting_counts_only_what_is_built(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    workbench.select(StepId(2, 1))
    assert view.cover.why.text.startswith("Line 16, RUN npm run docs – Not in target")


def test_the_caption_of_another_step_leaves_the_first_miss_in_sight_where_both_have_room(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 760)
    view.show()
    show(workbench, long_file(12), {7: MissReason.PART})
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    view.resize(742, 760)
    for line in (2, 3, 4, 5):
        workbench.select(StepId(0, line - 1))
        for step in (StepId(0, line - 1), StepId(0, 6)):
            rect = view.dag.rect_of(step)
            assert rect is not None
            seen = view.mapFromScene(rect).boundingRect()
            assert 0 <= seen.top() and seen.bottom() <= view.cover.why.y(), (line, step)


def test_a_presentation_spends_no_lines_on_what_nobody_measured(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    workbench.select(StepId(1, 2))
    assert "measured" not in view.cover.why.text
