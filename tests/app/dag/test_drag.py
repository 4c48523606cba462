"""Carrying a node to another place of its lane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.dag.drag import DropLine
from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.engines.base import MissReason
from cachesim.graph.model import StepId
from tests.app.dag.conftest import Oracle

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
TEXT = """\
FROM alpine AS one
COPY . /app/
# what we need
RUN mkdir -p /data
RUN apt-get update

FROM one AS two
RUN touch /c
"""


@pytest.fixture
def view(qtbot: QtBot, workbench: Workbench, oracle: Oracle) -> Iterator[DagView]:
    oracle.verdicts = {2: MissReason.PART, 4: MissReason.PARENT, 5: MissReason.PARENT}
    view = DagView(workbench)
    qtbot.addWidget(view)
    view.resize(742, 440)
    view.show()
    with qtbot.waitSignal(workbench.report_changed):
        workbench.new_text(TEXT)
    view.cascade.finish()
    yield view
    view.cascade.finish()


def middle(view: DagView, step: StepId) -> QPoint:
    rect = view.dag.rect_of(step)
    assert rect is not None
    return view.mapFromScene(rect.center())


def carry(view: DagView, step: StepId, to: QPoint) -> None:
    """Press on a node and move the pointer there, without letting go."""
    start = middle(view, step)
    QTest.mousePress(view.viewport(), LEFT, NONE, start)
    QTest.mouseMove(view.viewport(), start + QPoint(0, 12))
    QTest.mouseMove(view.viewport(), to)


def lines(view: DagView) -> list[DropLine]:
    return [item for item in view.dag.items() if isinstance(item, DropLine) and item.isVisible()]


def test_dropping_below_the_last_moves_the_instruction_as_one_edit(qtbot: QtBot, view: DagView, workbench: Workbench,
                                                                  oracle: Oracle) -> None:
    goal = middle(view, StepId(0, 3)) + QPoint(0, 10)
    oracle.verdicts = {}
    carry(view, StepId(0, 1), goal)
    qtbot.waitUntil(lambda: view.cover.state.text == "Next build: 0 steps run, 3 fewer.\nThe image stays the same.")
    assert len(lines(view)) == 1
    assert workbench.state.text == TEXT
    with qtbot.waitSignal(workbench.text_edited) as edited:
        QTest.mouseRelease(view.viewport(), LEFT, NONE, goal)
    text, label = edited.args[0]
    assert text == TEXT.replace("COPY . /app/\n", "").replace("update\n", "update\nCOPY . /app/\n")
    assert label == "Move COPY"
    assert workbench.selected == StepId(0, 3)
    assert lines(view) == [] and view.cover.state.text == ""


def test_comments_above_travel_along(qtbot: QtBot, view: DagView, workbench: Workbench) -> None:
    goal = middle(view, StepId(0, 1)) - QPoint(0, 10)
    carry(view, StepId(0, 2), goal)
    with qtbot.waitSignal(workbench.text_edited):
        QTest.mouseRelease(view.viewport(), LEFT, NONE, goal)
    assert workbench.state.text.startswith(
        "FROM alpine AS one\n# what we need\nRUN mkdir -p /data\nCOPY . /app/\nRUN apt-get update\n")


def test_escape_puts_it_back(view: DagView, workbench: Workbench) -> None:
    before = view.dag.describe()
    carry(view, StepId(0, 1), middle(view, StepId(0, 3)) + QPoint(0, 10))
    assert view.dag.describe() != before
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, middle(view, StepId(0, 3)))
    assert workbench.state.text == TEXT
    assert workbench.preview is None
    assert view.dag.describe() == before.replace("0.1 20,102 320x40 miss", "0.1 20,102 320x40 miss current")


def test_while_it_hangs_the_nodes_say_what_they_would_do_where_they_stand(qtbot: QtBot, view: DagView, workbench: Workbench,
                                                                          oracle: Oracle) -> None:
    before = view.dag.describe()
    oracle.verdicts = {5: MissReason.PART}                       # the copy, in its new place
    carry(view, StepId(0, 1), middle(view, StepId(0, 3)) + QPoint(0, 10))
    qtbot.waitUntil(lambda: workbench.preview is not None)
    hanging = [line.rsplit(" ", 1)[-1] if "current" not in line else line.split()[-2] for line in view.dag.describe().split("\n")]
    assert hanging == ["hit", "miss", "hit", "hit", "hit", "hit"]
    assert {step.id: item.pos() for step, item in ((i.step, i) for i in view.dag.steps.values()) if step.id != StepId(0, 1)} == {
        step: view.dag.rect_of(step).topLeft() for step in view.dag.steps if step != StepId(0, 1)}  # type: ignore[union-attr]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.dag.describe() == before.replace("0.1 20,102 320x40 miss", "0.1 20,102 320x40 miss current")


def test_a_drop_before_the_answer_waits_for_it(qtbot: QtBot, view: DagView, workbench: Workbench) -> None:
    """A refused place is refused also when the hand was faster than the worker."""
    with qtbot.waitSignal(workbench.report_changed):
        workbench.new_text(TEXT.replace("RUN mkdir -p /data", "RUN rm -r /app"))
    view.cascade.finish()
    before = workbench.state.text
    goal = middle(view, StepId(0, 3)) + QPoint(0, 10)
    carry(view, StepId(0, 1), goal)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, goal)
    qtbot.waitUntil(lambda: workbench.remark_words.startswith("Not moved: "))
    assert workbench.state.text == before


def test_dropping_where_it_was_changes_nothing(view: DagView, workbench: Workbench) -> None:
    home = middle(view, StepId(0, 1))
    carry(view, StepId(0, 1), middle(view, StepId(0, 3)))
    QTest.mouseMove(view.viewport(), home)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, home)
    assert workbench.state.text == TEXT


def test_from_does_not_move_and_a_small_shake_is_a_click(view: DagView, workbench: Workbench) -> None:
    carry(view, StepId(0, 0), middle(view, StepId(0, 3)))
    assert view.cover.state.text == ""
    QTest.mouseRelease(view.viewport(), LEFT, NONE, middle(view, StepId(0, 3)))
    start = middle(view, StepId(0, 1))
    QTest.mousePress(view.viewport(), LEFT, NONE, start)
    QTest.mouseMove(view.viewport(), start + QPoint(2, 3))
    QTest.mouseRelease(view.viewport(), LEFT, NONE, start + QPoint(2, 3))
    assert workbench.state.text == TEXT
    assert workbench.selected == StepId(0, 1)


def test_a_node_never_leaves_its_lane(view: DagView, workbench: Workbench) -> None:
    goal = middle(view, StepId(1, 1)) + QPoint(0, 300)
    carry(view, StepId(0, 1), goal)
    item = view.dag.steps[StepId(0, 1)]
    assert item.pos().x() == view.dag.layout.steps[StepId(0, 1)].x
    assert view.cover.state.text == "Not here: COPY would leave its stage: it cannot be moved across a FROM."
    assert lines(view) == []
    QTest.mouseRelease(view.viewport(), LEFT, NONE, goal)
    assert workbench.state.text == TEXT
    assert workbench.remark_words == "Not moved: COPY would leave its stage: it cannot be moved across a FROM."


def test_a_text_that_changes_under_the_hand_is_not_overwritten(view: DagView, workbench: Workbench) -> None:
    goal = middle(view, StepId(0, 3)) + QPoint(0, 10)
    carry(view, StepId(0, 1), goal)
    other = TEXT + "RUN d\n"
    workbench.new_text(other)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, goal)
    assert workbench.state.text == other


def test_another_project_ends_a_drag(qtbot: QtBot, view: DagView, workbench: Workbench) -> None:
    carry(view, StepId(0, 1), middle(view, StepId(0, 3)) + QPoint(0, 10))
    qtbot.waitUntil(lambda: workbench.preview is not None)
    workbench.project_opened.emit(None)
    assert workbench.preview is None and lines(view) == []
    QTest.mouseRelease(view.viewport(), LEFT, NONE, middle(view, StepId(0, 3)))
    assert workbench.state.text == TEXT
