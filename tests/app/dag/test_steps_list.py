"""The graph as a list: same steps, same words, same selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.dag.steps_list import Column, StepsList
from cachesim.app.theme import DARK, LIGHT, PRESENTATION, Theme
from cachesim.app.workbench import Workbench
from cachesim.engines.base import MissReason
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport
from tests.app.dag.conftest import FOUR_STAGES

Show = Callable[..., SimulationReport]


@pytest.fixture
def steps(qtbot: QtBot, workbench: Workbench, show: Show) -> Iterator[StepsList]:
    steps = StepsList(workbench)
    qtbot.addWidget(steps)
    show(workbench)
    steps.show()
    return steps


def texts(steps: StepsList, row: int) -> list[str]:
    model = steps.steps
    return [model.data(model.index(row, column)) for column in Column]


def test_a_row_says_line_stage_instruction_outcome_and_cause(steps: StepsList) -> None:
    model = steps.steps
    assert [model.headerData(c, Qt.Orientation.Horizontal) for c in Column] == [
        "Line", "Stage", "Instruction", "Outcome", "Cause"]
    row = model.row(StepId(1, 1))
    assert row is not None
    assert texts(steps, row) == ["11", "build", "COPY . .", "Runs: app.ts changed",
                                 "src/app.ts changed: 1.2 kB -> 1.3 kB"]


@pytest.mark.parametrize("look", [LIGHT, LIGHT.with_sizes(PRESENTATION)])
def test_line_stage_and_outcome_are_never_cut(steps: StepsList, workbench: Workbench, look: Theme) -> None:
    workbench.set_look(look)
    steps.resize(742, 400)
    for column in (Column.LINE, Column.STAGE, Column.OUTCOME):
        assert steps.columnWidth(column) >= min(steps.sizeHintForColumn(column), 44 * steps.fontMetrics().averageCharWidth())
    assert steps.columnWidth(Column.CAUSE) > steps.columnWidth(Column.STAGE)


def test_a_narrow_list_drops_the_cause_so_that_instructions_are_read(steps: StepsList) -> None:
    letter = steps.fontMetrics().averageCharWidth()
    steps.resize(80 * letter, 400)
    assert steps.isColumnHidden(Column.CAUSE)
    assert steps.horizontalHeader().length() <= steps.viewport().width()
    assert steps.columnWidth(Column.INSTRUCTION) >= 12 * letter
    steps.resize(120 * letter, 400)
    assert not steps.isColumnHidden(Column.CAUSE)


def test_rows_stand_in_the_order_of_the_graph(steps: StepsList) -> None:
    stages = [texts(steps, row)[1] for row in range(steps.steps.rowCount())]
    assert list(dict.fromkeys(stages)) == ["global ARGs", "deps", "build", "runtime", "docs"]


def test_the_outcome_has_its_icon_beside_the_word(steps: StepsList) -> None:
    icon = steps.steps.data(steps.steps.index(3, Column.OUTCOME), Qt.ItemDataRole.DecorationRole)
    assert not icon.isNull()


def test_selection_goes_both_ways(qtbot: QtBot, steps: StepsList, workbench: Workbench) -> None:
    workbench.select(StepId(3, 5))
    assert texts(steps, steps.currentIndex().row())[0] == "24"
    index = steps.steps.index(3, Column.CAUSE)
    with qtbot.waitSignal(workbench.selection_changed) as chosen:
        QTest.mouseClick(steps.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
                         steps.visualRect(index).center())
    assert chosen.args == [steps.steps.step(3).id]
    workbench.select(None)
    assert not steps.selectionModel().hasSelection()


def test_keys_walk_jump_and_open(qtbot: QtBot, steps: StepsList, workbench: Workbench) -> None:
    QTest.keyClick(steps, Qt.Key.Key_Home)
    QTest.keyClick(steps, Qt.Key.Key_Down)
    assert workbench.selected == StepId(-1, 1)
    QTest.keyClick(steps, Qt.Key.Key_M)
    assert workbench.selected == StepId(1, 1)
    QTest.keyClick(steps, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    assert workbench.selected == StepId(3, 6)
    QTest.keyClick(steps, Qt.Key.Key_End)
    assert workbench.selected == StepId(2, 2)
    with qtbot.waitSignal(workbench.activated) as opened:
        QTest.keyClick(steps, Qt.Key.Key_Return)
    assert opened.args == [StepId(2, 2)]


def test_other_verdicts_keep_the_row_and_say_the_new_word(steps: StepsList, workbench: Workbench, show: Show) -> None:
    workbench.select(StepId(0, 3))
    row = steps.currentIndex().row()
    show(workbench, FOUR_STAGES, {8: MissReason.NO_RECORD})
    assert steps.currentIndex().row() == row
    assert texts(steps, row)[3] == "Runs: not in cache"


def test_other_steps_make_other_rows(steps: StepsList, workbench: Workbench, show: Show) -> None:
    show(workbench, "FROM alpine\nRUN a\n", {})
    assert steps.steps.rowCount() == 2
    assert steps.steps.row(StepId(3, 5)) is None


def test_screen_readers_hear_the_column_and_the_word(steps: StepsList) -> None:
    row = steps.steps.row(StepId(1, 1))
    assert row is not None
    table = QAccessible.queryAccessibleInterface(steps)
    assert table.text(QAccessible.Text.Name) == "Build steps as list"
    said = steps.steps.data(steps.steps.index(row, Column.OUTCOME), Qt.ItemDataRole.AccessibleTextRole)
    assert said == "Outcome: Runs: app.ts changed"


def test_rows_are_high_enough_for_a_finger_while_presenting(steps: StepsList, workbench: Workbench) -> None:
    assert steps.verticalHeader().defaultSectionSize() >= 24
    workbench.set_look(LIGHT.with_sizes(PRESENTATION))
    assert steps.verticalHeader().defaultSectionSize() >= 32
    workbench.set_look(DARK)
    assert steps.verticalHeader().defaultSectionSize() < 32


def test_tab_leaves_the_list(steps: StepsList) -> None:
    assert not steps.tabKeyNavigation()
