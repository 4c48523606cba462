"""Tests of app/dag/view.py: the graph under the hand, and how it follows the workbench."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QAbstractAnimation, QEvent, Qt
from PySide6.QtGui import QAccessible, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.dag.canvas import Level
from cachesim.app.dag.step_item import Badge
from cachesim.app.dag.view import DagView
from cachesim.app.settings import Settings
from cachesim.app.theme import DARK, LIGHT, PRESENTATION
from cachesim.app.workbench import Workbench
from cachesim.diagnostics import Diagnostic, Severity, SourceSpan
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from tests.app.dag.conftest import FOUR_STAGES, FOUR_VERDICTS, Oracle, report_of
from tests.app.dag.hands import CTRL, LANES, LEFT, NONE, Show, key, long_file, place_of, view_of


def test_zoomed_out_texts_shrink_to_the_keyword_and_then_to_colour_and_icon(view: DagView) -> None:
    levels = [view.dag.canvas.level]
    while view.zoom > 0.3:
        key(view, Qt.Key.Key_Minus, CTRL)
        levels.append(view.dag.canvas.level)
    assert list(dict.fromkeys(levels)) == [Level.FULL, Level.LINE, Level.KEYWORD, Level.BLOCK]


# -- selection ----------------------------------------------------------------------------------------------------


def test_a_click_selects_and_a_double_click_activates(qtbot: QtBot, view: DagView, workbench: Workbench) -> None:
    where = place_of(view, StepId(1, 1))
    with qtbot.waitSignal(workbench.selection_changed) as chosen:
        QTest.mouseClick(view.viewport(), LEFT, NONE, where)
    assert chosen.args == [StepId(1, 1)]
    with qtbot.waitSignal(workbench.activated) as opened:
        QTest.mouseDClick(view.viewport(), LEFT, NONE, where)
    assert opened.args == [StepId(1, 1)]


def test_a_click_does_not_scroll_away_what_was_clicked(view: DagView) -> None:
    view.resize(420, 260)
    where = place_of(view, StepId(1, 2))
    before = view.mapToScene(where)
    QTest.mouseClick(view.viewport(), LEFT, NONE, where)
    assert view.mapToScene(where) == before


def test_the_ring_follows_the_selection_of_other_views_and_is_scrolled_to(view: DagView, workbench: Workbench) -> None:
    view.resize(400, 260)
    workbench.select(StepId(3, 7))
    assert "3.7 576,448 190x40 config only current" in view.dag.describe()
    rect = view.dag.rect_of(StepId(3, 7))
    assert rect is not None
    assert view.viewport().rect().contains(view.mapFromScene(rect).boundingRect())


def test_without_follow_nothing_scrolls(view: DagView, workbench: Workbench) -> None:
    view.resize(400, 260)
    QTest.mouseClick(view.cover.zoom_bar.follow, LEFT)
    before = view.horizontalScrollBar().value(), view.verticalScrollBar().value()
    workbench.select(StepId(3, 7))
    assert (view.horizontalScrollBar().value(), view.verticalScrollBar().value()) == before
    QTest.mouseClick(view.cover.zoom_bar.follow, LEFT)
    assert (view.horizontalScrollBar().value(), view.verticalScrollBar().value()) != before


# -- folding ------------------------------------------------------------------------------------------------------


def test_a_click_unfolds_a_lane_and_a_click_on_its_name_folds_it(view: DagView) -> None:
    where = place_of(view, StepId(2, 1))
    QTest.mouseClick(view.viewport(), LEFT, NONE, where)
    assert StepId(2, 1) in view.dag.steps
    head = view.dag.layout.lane(2)
    assert head is not None
    view.ensureVisible(head.rect.x, head.rect.y, 10, 10)
    QTest.mouseClick(view.viewport(), LEFT, NONE, view.mapFromScene(head.rect.x + 60, head.rect.y + 8))
    assert StepId(2, 1) not in view.dag.steps


def test_space_folds_and_unfolds_the_lane_of_the_selected_step(view: DagView, workbench: Workbench) -> None:
    workbench.select(StepId(2, 1))
    key(view, Qt.Key.Key_Space)
    assert StepId(2, 1) in view.dag.steps
    key(view, Qt.Key.Key_Space)
    assert StepId(2, 1) not in view.dag.steps


def test_a_lane_that_the_target_needs_does_not_fold(view: DagView, workbench: Workbench) -> None:
    workbench.select(StepId(1, 1))
    key(view, Qt.Key.Key_Space)
    assert StepId(1, 1) in view.dag.steps


# -- motion -------------------------------------------------------------------------------------------------------


def test_a_change_of_verdicts_runs_down_the_steps(view: DagView, workbench: Workbench, show: Show) -> None:
    show(workbench, FOUR_STAGES, {})
    cascade, steps = view.cascade, view.dag.steps
    assert cascade.state() is QAbstractAnimation.State.Running
    cascade.pause()
    cascade.setCurrentTime(65)
    assert [steps[StepId(1, i)].outcome for i in (1, 2, 3)] == [Outcome.HIT, Outcome.HIT, Outcome.MISS]
    assert steps[StepId(1, 1)].glow == pytest.approx(1 - 65 / 380, abs=0.01)
    cascade.setCurrentTime(cascade.duration())
    assert all(item.outcome is not Outcome.MISS and item.glow == 0 for item in steps.values())


def test_nothing_moves_while_somebody_types(qtbot: QtBot, view: DagView, workbench: Workbench, oracle: Oracle) -> None:
    oracle.verdicts = FOUR_VERDICTS
    with qtbot.waitSignal(workbench.report_changed):
        workbench.new_text(FOUR_STAGES + "# typed\n")
    oracle.verdicts = {}
    with qtbot.waitSignal(workbench.report_changed):
        workbench.new_text(FOUR_STAGES + "# typed more\n")
    assert view.cascade.state() is QAbstractAnimation.State.Stopped
    assert view.dag.steps[StepId(0, 1)].outcome is Outcome.HIT


def test_an_edit_from_elsewhere_is_animated(qtbot: QtBot, view: DagView, workbench: Workbench, oracle: Oracle) -> None:
    oracle.verdicts = FOUR_VERDICTS
    with qtbot.waitSignal(workbench.report_changed):
        workbench.new_text(FOUR_STAGES)
    oracle.verdicts = {}
    with qtbot.waitSignal(workbench.report_changed):
        workbench.replace_text(FOUR_STAGES + "# advice\n", "take advice")
    assert view.cascade.state() is QAbstractAnimation.State.Running


def test_reduced_motion_switches_at_once(view: DagView, workbench: Workbench, show: Show) -> None:
    workbench.set_settings(replace(workbench.settings, reduce_motion=True))
    show(workbench, FOUR_STAGES, {})
    assert view.cascade.state() is QAbstractAnimation.State.Stopped
    assert view.dag.steps[StepId(1, 1)].outcome is Outcome.HIT


def test_a_new_report_ends_a_running_cascade(view: DagView, workbench: Workbench, show: Show) -> None:
    show(workbench, FOUR_STAGES, {})
    show(workbench, FOUR_STAGES, FOUR_VERDICTS)
    view.cascade.finish()
    assert view.dag.steps[StepId(1, 1)].outcome is Outcome.MISS
    assert all(item.glow == 0 for item in view.dag.steps.values())


def test_above_300_steps_only_what_is_seen_is_animated(view: DagView, workbench: Workbench, show: Show) -> None:
    text = long_file(400)
    show(workbench, text, {})
    show(workbench, text, dict.fromkeys(range(1, 401), MissReason.NO_RECORD))
    assert 3 < len(view.cascade.steps) < 20
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert all(view.dag.steps[step].rect.intersects(seen) for step in view.cascade.steps)
    assert view.dag.steps[StepId(0, 399)].outcome is Outcome.MISS


def test_a_running_step_has_a_moving_bar_and_reduced_motion_stills_it(view: DagView, workbench: Workbench) -> None:
    view.set_running({StepId(1, 2)})
    assert view.bars.moving
    view.bars.advance()
    assert view.dag.canvas.phase > 0
    workbench.set_settings(Settings(reduce_motion=True))
    assert not view.bars.moving
    assert view.dag.steps[StepId(1, 2)].running
    view.set_running(set())
    assert "running" not in view.dag.describe()


def test_follow_scrolls_to_what_runs(view: DagView) -> None:
    view.resize(400, 260)
    view.set_running({StepId(3, 6)})
    rect = view.dag.rect_of(StepId(3, 6))
    assert rect is not None
    assert view.viewport().rect().contains(view.mapFromScene(rect).boundingRect())


def test_badges_come_and_go(view: DagView) -> None:
    view.set_badges({StepId(1, 1): Badge.AGREED, StepId(1, 2): Badge.DIFFERED})
    assert "1.2 336,154 184x40 miss differed" in view.dag.describe()
    view.set_badges({})
    assert "differed" not in view.dag.describe()


# -- states -------------------------------------------------------------------------------------------------------


def make_stale(workbench: Workbench, line: int, code: str = "unknown-instruction") -> None:
    found = (Diagnostic(SourceSpan(line, 0, line, 4), Severity.ERROR, "what?", code),)
    workbench.prediction.show(workbench.report, found, stale=True)


def test_a_broken_text_dims_the_last_good_picture_and_says_which_line(qtbot: QtBot, view: DagView,
                                                                     workbench: Workbench) -> None:
    before, picture = view.dag.describe(), view.viewport().grab().toImage()
    make_stale(workbench, 10)
    assert view.cover.state.text == "Line 10 does not parse; this is the last text that did"
    assert view.dag.describe() == before
    assert view.viewport().grab().toImage() != picture
    with qtbot.waitSignal(workbench.line_activated) as asked:
        QTest.mouseClick(view.cover.state.button, LEFT)
    assert asked.args == [10]
    workbench.prediction.show(workbench.report, workbench.diagnostics)
    assert view.cover.state.text == ""
    assert view.viewport().grab().toImage() == picture


def test_a_text_that_parses_but_cannot_be_built_says_why(view: DagView, workbench: Workbench) -> None:
    make_stale(workbench, 7, "unknown-stage")
    assert view.cover.state.text == "Showing the last state that could be built; line 7: what?"


def test_a_hanging_edit_is_shown_as_a_preview_and_taken_back(view: DagView, workbench: Workbench) -> None:
    workbench.show_preview(report_of(FOUR_STAGES.replace("COPY . .\nRUN npm run build\n", "RUN npm run build\nCOPY . .\n")))
    assert view.cover.state.text == "Preview: not dropped yet"
    assert view.dag.steps[StepId(1, 1)].step.instruction.keyword == "RUN"
    workbench.show_preview(None)
    assert view.cover.state.text == ""
    assert view.dag.steps[StepId(1, 1)].step.instruction.keyword == "COPY"
    assert view.dag.steps[StepId(1, 1)].outcome is Outcome.MISS


def test_an_empty_file_says_how_to_begin(view: DagView, workbench: Workbench, show: Show) -> None:
    show(workbench, "# nothing yet\n", {})
    assert view.cover.empty.isVisible()
    assert "FROM" in view.cover.empty.button.text()
    show(workbench)
    assert not view.cover.empty.isVisible()


def test_hovering_says_line_instruction_verdict_and_cause(view: DagView) -> None:
    item = view.dag.steps[StepId(1, 1)]
    view.ensureVisible(item)
    at = view.mapFromScene(item.rect.center())
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, view.viewport().mapToGlobal(at)))
    tip = item.toolTip()
    assert "Line 11, COPY . . – Runs: src/app.ts changed" in tip
    assert "-&gt;" in tip           # a Dockerfile is no markup


def test_another_project_is_looked_at_anew(view: DagView, workbench: Workbench, show: Show) -> None:
    key(view, Qt.Key.Key_Plus, CTRL)
    view.set_badges({StepId(0, 0): Badge.AGREED})
    workbench.project_opened.emit(None)
    show(workbench, "FROM alpine\nRUN a\n", {})
    assert view.zoom == 1.0
    assert "agreed" not in view.dag.describe()


# -- looks --------------------------------------------------------------------------------------------------------


def test_the_hand_that_presses_a_node_finds_it_where_it_is(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 742, 700)
    view.show()
    text = LANES.partition("FROM four AS five")[0]
    show(workbench, text, {8: MissReason.PART, 11: MissReason.PARENT})
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    workbench.select(StepId(0, 1))
    view.show_step(StepId(2, 1))
    rect = view.dag.rect_of(StepId(2, 1))
    assert rect is not None and view.dag.lanes[0].lane.folded is False
    QTest.mousePress(view.viewport(), LEFT, pos=view.mapFromScene(rect.center()))
    assert workbench.selected == StepId(2, 1) and view.dag.rect_of(StepId(2, 1)) == rect
    QTest.mouseRelease(view.viewport(), LEFT, pos=view.mapFromScene(rect.center()))


def test_another_theme_repaints_and_keeps_the_place(view: DagView, workbench: Workbench) -> None:
    view.verticalScrollBar().setValue(20)
    place, picture = view.place, view.grab().toImage()
    workbench.set_look(DARK)
    assert view.place == place
    assert view.grab().toImage() != picture
    workbench.set_look(LIGHT)
    assert view.grab().toImage() == picture


def test_larger_fonts_grow_the_nodes(view: DagView, workbench: Workbench) -> None:
    workbench.set_look(LIGHT.with_sizes(LIGHT.sizes.scaled(2.0)))
    assert view.dag.canvas.metrics.node_width == 380


# -- accessibility ------------------------------------------------------------------------------------------------


def test_everything_that_takes_the_focus_has_a_name(view: DagView) -> None:
    for widget in [view, *view.findChildren(QWidget)]:
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and widget.isVisibleTo(view):
            assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name), widget


def test_the_selected_step_is_told_to_assistive_technology(view: DagView, workbench: Workbench) -> None:
    workbench.select(StepId(1, 1))
    said = QAccessible.queryAccessibleInterface(view).text(QAccessible.Text.Description)
    assert said.startswith("Line 11, COPY . . – Runs: src/app.ts changed")


def test_the_list_takes_the_place_of_the_picture_and_gives_it_back(view: DagView, workbench: Workbench) -> None:
    view.activateWindow()
    view.setFocus()
    view.show_list(True)
    assert view.list_shown
    assert view.steps_list is not None and view.steps_list.geometry() == view.rect()
    QTest.keyClick(view.steps_list, Qt.Key.Key_M)
    assert workbench.selected == StepId(1, 1)
    view.show_list(False)
    assert not view.list_shown
    assert view.dag.current == StepId(1, 1)


