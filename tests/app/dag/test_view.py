"""The graph under the hand: keys, mouse, wheel, zoom, motion, captions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QAbstractAnimation, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
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
from cachesim.simulate.report import SimulationReport
from tests.app.dag.conftest import FOUR_STAGES, FOUR_VERDICTS, Oracle, report_of

Show = Callable[..., SimulationReport]
NONE, CTRL, SHIFT = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier,
                     Qt.KeyboardModifier.ShiftModifier)
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def view_of(qtbot: QtBot, workbench: Workbench, width: int, height: int) -> DagView:
    """A graph of that size, not shown yet."""
    view = DagView(workbench)
    qtbot.addWidget(view)
    view.resize(width, height)
    return view


@pytest.fixture
def view(qtbot: QtBot, workbench: Workbench, show: Show) -> Iterator[DagView]:
    """The four stages, in a window as large as the graph's half of a small laptop."""
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    view.setFocus()
    show(workbench)
    view.cascade.finish()
    yield view
    view.cascade.finish()


def place_of(view: DagView, step: StepId) -> QPoint:
    rect = view.dag.rect_of(step)
    assert rect is not None
    view.show_step(step)
    return view.mapFromScene(rect.center())


def wheel(view: DagView, where: QPoint, turn: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    event = QWheelEvent(QPointF(where), QPointF(view.viewport().mapToGlobal(where)), QPoint(), QPoint(0, turn),
                        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(view.viewport(), event)


def key(view: DagView, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(view, key, modifiers)


def long_file(steps: int) -> str:
    return "FROM alpine\n" + "".join(f"RUN step {i}\n" for i in range(steps - 1))


# -- first look and zoom ------------------------------------------------------------------------------------------


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


def test_fit_shows_everything(view: DagView) -> None:
    QTest.mouseClick(view.cover.zoom_bar.fit, LEFT)
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert all(seen.contains(item.rect) for item in view.dag.steps.values())
    assert view.verticalScrollBar().maximum() == 0


def test_zoomed_out_texts_shrink_to_the_keyword_and_then_to_colour_and_icon(view: DagView) -> None:
    levels = [view.dag.canvas.level]
    while view.zoom > 0.3:
        key(view, Qt.Key.Key_Minus, CTRL)
        levels.append(view.dag.canvas.level)
    assert list(dict.fromkeys(levels)) == [Level.FULL, Level.LINE, Level.KEYWORD, Level.BLOCK]


def test_zoom_has_limits(view: DagView) -> None:
    for _ in range(60):
        key(view, Qt.Key.Key_Minus, CTRL)
    assert view.zoom == pytest.approx(0.08)
    for _ in range(60):
        key(view, Qt.Key.Key_Plus, CTRL)
    assert view.zoom == pytest.approx(4.0)


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


# -- pan ----------------------------------------------------------------------------------------------------------


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


def test_the_names_of_lanes_stay_at_the_edge_while_scrolled(view: DagView, workbench: Workbench, show: Show) -> None:
    show(workbench, long_file(60), {})
    view.verticalScrollBar().setValue(0)
    assert not view.cover.lane_bar.isVisible()
    view.verticalScrollBar().setValue(400)
    assert view.cover.lane_bar.isVisible()
    assert [name for _, _, name in view.cover.lane_bar._names] == ["stage-0"]


def test_the_legend_lists_what_occurs(view: DagView) -> None:
    QTest.mouseClick(view.cover.zoom_bar.legend, LEFT)
    assert view.cover.legend.isVisible()
    said = view.cover.legend.accessibleDescription()
    assert "Runs: never built" in said and "mounts" in said and "Failed" not in said


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


def test_another_project_is_looked_at_anew(view: DagView, workbench: Workbench, show: Show) -> None:
    key(view, Qt.Key.Key_Plus, CTRL)
    view.set_badges({StepId(0, 0): Badge.AGREED})
    workbench.project_opened.emit(None)
    show(workbench, "FROM alpine\nRUN a\n", {})
    assert view.zoom == 1.0
    assert "agreed" not in view.dag.describe()


# -- looks --------------------------------------------------------------------------------------------------------


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


def test_buttons_are_large_enough_to_hit(view: DagView, workbench: Workbench) -> None:
    assert all(b.width() >= 24 and b.height() >= 24 for b in view.cover.zoom_bar.findChildren(QToolButton))
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert all(b.width() >= 32 and b.height() >= 32 for b in view.cover.zoom_bar.findChildren(QToolButton))


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


def test_the_zoom_bar_drops_its_words_where_they_have_no_room(view: DagView) -> None:
    bar = view.cover.zoom_bar
    wide = bar.width()
    view.resize(wide - 40, 300)
    assert bar.width() <= view.viewport().width() and bar.x() >= 0
    assert bar.fit.accessibleName() == "Fit the whole graph"
    view.resize(wide + 420, 300)       # all lanes are seen: no hint stands beside
    assert bar.width() == wide


def test_no_node_lies_under_the_zoom_bar_of_a_long_lane(view: DagView) -> None:
    bar = view.cover.zoom_bar
    view.verticalScrollBar().setValue(0)
    view.resize(742, 300)
    reaches = view.dag.layout.height * view.zoom > 300 - bar.height()
    assert reaches and view.viewport().geometry().bottom() < bar.y() and bar.geometry().bottom() < view.height()
    view.resize(742, 900)       # over free ground it floats, and takes nothing away
    assert view.viewport().geometry().bottom() > bar.geometry().bottom()


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


LANES = ("FROM a AS one\nRUN a\n\nFROM one AS two\nRUN b\n\nFROM two AS three\nRUN c\n\nFROM three AS four\nRUN d\n\n"
         "FROM four AS five\nRUN e\nRUN f\n\nFROM five AS six\nRUN g\n")
LANE_VERDICTS = {11: MissReason.PART, 14: MissReason.PARENT, 15: MissReason.PARENT, 18: MissReason.PARENT}


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


def test_in_a_narrow_graph_the_edge_says_the_number_of_lanes_alone(qtbot: QtBot, workbench: Workbench, show: Show) -> None:
    view = view_of(qtbot, workbench, 300, 440)
    view.show()
    show(workbench, text=LANES, verdicts={})
    right = view.cover.more_right
    assert right.isVisible() and right.text() == "+5 →" and right.accessibleName() == "5 more lanes to the right"
