"""Tests of app/dag/framing.py: what of the graph is seen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.dag.view import DagView
from cachesim.app.theme import DARK, LIGHT
from cachesim.app.workbench import Workbench
from cachesim.engines.base import MissReason
from cachesim.graph.model import StepId
from tests.app.dag.hands import CTRL, LANES, LEFT, Show, key, long_file, place_of, view_of

LANE_VERDICTS = {11: MissReason.PART, 14: MissReason.PARENT, 15: MissReason.PARENT, 18: MissReason.PARENT}


def test_the_first_look_never_zooms_below_85_percent_and_shows_the_first_miss(view: DagView) -> None:
    assert 0.85 <= view.zoom < 0.86
    rect = view.dag.rect_of(StepId(1, 1))
    assert rect is not None
    assert view.viewport().rect().contains(view.mapFromScene(rect).boundingRect())


def test_a_small_graph_is_not_blown_up(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 1113, 760)
    show(workbench, "FROM alpine\nRUN a\n", {})
    view.show()
    assert view.zoom == 1.0


def test_the_first_miss_stays_in_sight_where_another_pane_takes_height(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 640)
    view.show()
    show(workbench, "FROM alpine\n" + "".join(f"RUN step{n}\n" for n in range(9)), {8: MissReason.PART})
    miss = view.dag.rect_of(StepId(0, 7))
    assert miss is not None

    def seen() -> bool:
        return view.viewport().rect().contains(view.viewportTransform().mapRect(miss).toRect())
    assert seen() and not view.verticalScrollBar().value()
    view.resize(742, 300)
    assert seen() and view.verticalScrollBar().value()
    view.verticalScrollBar().setValue(0)        # somebody looks elsewhere
    view.resize(742, 280)
    assert not view.verticalScrollBar().value()


def test_between_both_the_width_fits(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 800, 440)
    show(workbench)
    view.show()
    assert view.zoom == pytest.approx(view.viewport().width() / view.dag.layout.width)
    assert not view.horizontalScrollBar().maximum()


def test_nodes_grow_into_free_room_and_back(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    show(workbench, "FROM alpine AS deps\nRUN a\nFROM deps\nRUN b\n", {})
    assert 300 < view.dag.canvas.metrics.node_width < 380 and not view.horizontalScrollBar().maximum()
    view.resize(1400, 440)
    assert view.dag.canvas.metrics.node_width == pytest.approx(190 * 2)        # never wider, however large the room
    view.resize(540, 440)
    narrow = view.dag.canvas.metrics.node_width
    assert 190 < narrow < 285 and not view.horizontalScrollBar().maximum()
    assert {item.rect.width() for item in view.dag.steps.values()} == {narrow}
    view.resize(400, 440)
    assert view.dag.canvas.metrics.node_width == 190
    view.resize(540, 440)
    workbench.set_look(DARK)
    assert view.dag.canvas.metrics.node_width == narrow
    workbench.set_look(LIGHT.with_sizes(LIGHT.sizes.scaled(1.1)))
    assert view.dag.canvas.metrics.node_width == pytest.approx(209 + 10)       # one step into the room that is left
    assert not view.horizontalScrollBar().maximum()


def test_a_wide_node_says_more(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 260, 300)
    view.show()
    show(workbench, "FROM example/team/image:1.2.3\n", {})
    item = view.dag.steps[StepId(0, 0)]
    view.grab()
    short = item.shown_text
    view.resize(742, 300)
    view.grab()
    assert short.endswith("…") and item.shown_text == "example/team/image:1.2.3"


def test_where_an_instruction_would_be_cut_its_line_number_stands_behind_the_verdict(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 260, 300)
    view.show()
    show(workbench, "FROM alpine\nCOPY package.json package-lock.json ./\n", {})
    view.grab()

    def drawn(step: int) -> dict[str, float]:
        return {text.text(): where.y() for where, text, _, _ in view.dag.steps[StepId(0, step)]._texts or ()}
    short, long = drawn(0), drawn(1)
    assert short["L1"] < short["Cached"] and long["L2"] == long["Cached"]


def test_a_long_file_opens_at_its_first_miss(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    show(workbench, long_file(120), {90: MissReason.PART, 91: MissReason.PARENT})
    assert view.step_at(place_of(view, StepId(0, 89))) == StepId(0, 89)
    assert view.verticalScrollBar().value() > 1000


def test_fit_shows_everything(view: DagView) -> None:
    QTest.mouseClick(view.cover.zoom_bar.fit, LEFT)
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert all(seen.contains(item.rect) for item in view.dag.steps.values())
    assert view.verticalScrollBar().maximum() == 0


def test_a_resize_fits_again_until_somebody_zooms(view: DagView) -> None:
    view.resize(2000, 700)
    assert view.zoom == 1.0
    view.resize(742, 440)
    assert 0.85 <= view.zoom < 0.86
    key(view, Qt.Key.Key_Plus, CTRL)
    zoom = view.zoom
    view.resize(2000, 700)
    assert view.zoom == zoom


def test_an_unfolded_lane_is_fitted_too_until_somebody_zooms(view: DagView) -> None:
    docs = 2
    view.resize(960, 440)
    folded = view.zoom
    view.toggle_fold(docs)
    assert view.zoom < folded and view.zoom == pytest.approx(view.first_zoom())
    view.toggle_fold(docs)
    assert view.zoom == pytest.approx(folded)
    key(view, Qt.Key.Key_Plus, CTRL)
    zoom = view.zoom
    view.toggle_fold(docs)
    assert view.zoom == zoom


def test_the_names_of_lanes_stay_at_the_edge_while_scrolled(view: DagView, workbench: Workbench, show: Show) -> None:
    show(workbench, long_file(60), {})
    view.verticalScrollBar().setValue(0)
    assert not view.cover.lane_bar.isVisible()
    view.verticalScrollBar().setValue(400)
    assert view.cover.lane_bar.isVisible()
    assert [name for _, _, name in view.cover.lane_bar._names] == ["stage-0"]


def test_no_node_lies_under_the_zoom_bar_of_a_long_lane(view: DagView) -> None:
    bar = view.cover.zoom_bar
    view.verticalScrollBar().setValue(0)
    view.resize(742, 300)
    reaches = view.dag.layout.height * view.zoom > 300 - bar.height()
    assert reaches and view.viewport().geometry().bottom() < bar.y() and bar.geometry().bottom() < view.height()
    view.resize(742, 900)       # over free ground it floats, and takes nothing away
    assert view.viewport().geometry().bottom() > bar.geometry().bottom()


def test_lanes_that_nearly_fit_are_a_little_narrower_and_all_seen(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    show(workbench, text=LANES.partition("FROM four AS five")[0], verdicts={})
    assert view.dag.layout.width * view.zoom <= view.viewport().width() and view.zoom >= 0.85
    assert 150 <= view.dag.steps[StepId(0, 0)].rect.width() < 190
    assert not view.cover.more_right.isVisible() and not view.cover.more_left.isVisible()


def test_lanes_out_of_sight_are_told_of_at_the_edge_and_a_click_brings_them(
        qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    show(workbench, text=LANES, verdicts={})
    left, right = view.cover.more_left, view.cover.more_right
    assert right.isVisible() and not left.isVisible()
    assert right.text() == "3 more lanes →" and right.geometry().right() < view.cover.zoom_bar.geometry().left()
    assert view.cover.zoom_bar.geometry().contains(right.geometry().center() + QPoint(right.width(), 0))  # over no name
    assert "four, five, six" in right.toolTip()
    show(workbench, text=LANES, verdicts=LANE_VERDICTS)
    assert right.text() == "3 more lanes, 4 run →"        # the same structure with other outcomes
    seen = []
    for _ in range(6):
        if right.isVisible():
            seen.append(right.text())
            QTest.mouseClick(right, LEFT)
    assert seen[-1] == "1 more: six, 1 runs →" and len(seen) == 3
    assert left.isVisible() and left.text() == "← 3 more lanes"
    rect = view.dag.rect_of(StepId(5, 1))
    assert rect is not None and view.viewport().rect().contains(view.mapFromScene(rect).boundingRect())
    view.show_list(True)
    assert not left.isVisible()


def test_in_a_narrow_graph_the_edge_says_the_number_of_lanes_alone(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 300, 440)
    view.show()
    show(workbench, text=LANES, verdicts={})
    right = view.cover.more_right
    assert right.isVisible() and right.text() == "+5 →" and right.accessibleName() == "5 more lanes to the right"
