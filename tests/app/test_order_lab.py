"""Does the window say while an instruction hangs what its new place would do, and cost from then on?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.editor.positions import cursor_at
from cachesim.app.mainwindow import MainWindow
from cachesim.app.weighing import scale_of
from cachesim.graph.model import StepId
from cachesim.project.measured import Measurement
from tests.app.conftest import open_project

LEFT, NONE, ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
LATE = """\
FROM python:3.12-slim
WORKDIR /app
COPY src/ src/
RUN mkdir -p /data && apt-get update && apt-get install -y gcc
COPY requirements.txt ./
RUN pip install -r requirements.txt
ENV MODE=production
RUN echo $MODE > /mode
CMD ["python", "-m", "src"]
"""
EARLY = LATE.replace("COPY src/ src/\n", "").replace("COPY requirements", "COPY src/ src/\nCOPY requirements")


@pytest.fixture
def lab(qtbot: QtBot, window: MainWindow, project: Path) -> MainWindow:
    """A window over a file that copies the sources too early, with one build made and a source edit after it."""
    (project / "Dockerfile").write_text(LATE)
    open_project(qtbot, window, project)
    window.workbench.build("first")
    window.workbench.edit_file("src/app.py", b"print('coffee')\n")
    qtbot.waitUntil(lambda: window.workbench.report is not None and sum(1 for _ in window.workbench.report.misses()) == 5)
    window.graph.cascade.finish()
    return window


def drag_stripe(window: MainWindow, start: int, end: int) -> None:
    editor = window.editor
    QTest.mousePress(editor.gutter, LEFT, pos=QPoint(6, editor.text.lines_rect(start, start).center().y()))
    low = editor.text.lines_rect(end, end).bottom() - 2
    for y in (editor.text.lines_rect(start, start).center().y() + 12, low - 3, low):
        QTest.mouseMove(editor.gutter, QPoint(6, y))


def carry_node(window: MainWindow, step: StepId, below: StepId) -> QPoint:
    view = window.graph
    places = [view.dag.rect_of(s) for s in (step, below)]
    assert places[0] is not None and places[1] is not None
    start, goal = (view.mapFromScene(p.center()) for p in places if p is not None)
    QTest.mousePress(view.viewport(), LEFT, NONE, start)
    QTest.mouseMove(view.viewport(), start + QPoint(0, 12))
    QTest.mouseMove(view.viewport(), goal + QPoint(0, 10))
    return goal + QPoint(0, 10)


def drop_text(window: MainWindow) -> str:
    return window.editor.text.drop.text if window.editor.text.drop is not None else ""


def test_the_cost_is_not_worked_out_under_a_moving_hand(lab: MainWindow, qtbot: QtBot) -> None:
    scale = scale_of(lab.workbench)
    scale._rest.setInterval(100_000)
    drag_stripe(lab, 3, 6)
    qtbot.waitUntil(lambda: drop_text(lab).startswith("Next build"))
    assert "saves" not in drop_text(lab)
    assert not scale._job.busy
    scale._rest.start(0)        # it rests
    qtbot.waitUntil(lambda: "saves about" in drop_text(lab), timeout=15_000)


SAVED = re.compile(r"Next build: 5 steps run, as now; saves about \d+ s per build over the usual edits, estimated\.")


def test_a_hanging_stripe_tells_the_cost_in_the_editor_and_in_the_strip(qtbot: QtBot, lab: MainWindow) -> None:
    drag_stripe(lab, 3, 4)
    qtbot.waitUntil(lambda: bool(SAVED.match(drop_text(lab))))
    assert SAVED.match(lab.verdict.sentence())
    assert lab.workbench.preview is not None
    QTest.mouseRelease(lab.editor.gutter, LEFT, pos=QPoint(6, 10))
    qtbot.waitUntil(lambda: lab.workbench.state.text == EARLY)
    qtbot.waitUntil(lambda: "saves about" in lab.verdict.sentence())
    assert lab.verdict.sentence().startswith("Moved COPY. ")
    lab.actions_["undo"].trigger()
    assert lab.workbench.state.text == LATE
    qtbot.waitUntil(lambda: lab.verdict.sentence().startswith("first miss"))


def test_a_hanging_node_tells_the_same(qtbot: QtBot, lab: MainWindow) -> None:
    goal = carry_node(lab, StepId(0, 2), StepId(0, 3))
    qtbot.waitUntil(lambda: bool(SAVED.match(lab.graph.cover.state.text)))
    assert SAVED.match(lab.verdict.sentence())
    QTest.mouseRelease(lab.graph.viewport(), LEFT, NONE, goal)
    qtbot.waitUntil(lambda: lab.workbench.state.text == EARLY)
    lab.actions_["undo"].trigger()
    assert lab.workbench.state.text == LATE
    assert lab.workbench.changes == ("edit src/app.py",)
    lab.actions_["undo"].trigger()
    assert lab.workbench.changes == () and all(done.startswith("build “") for done in lab.workbench.done)


@pytest.mark.parametrize(("step", "below", "reason"), [
    (4, 5, "`pip install -r requirements.txt` reads `/app/requirements.txt`, which line 5 brings."),
    (6, 7, "The ENV of line 7 is used on line 8 ($MODE)."),
])
def test_a_refused_node_says_why_and_stays(qtbot: QtBot, lab: MainWindow, step: int, below: int, reason: str) -> None:
    goal = carry_node(lab, StepId(0, step), StepId(0, below))
    qtbot.waitUntil(lambda: lab.graph.cover.state.text == f"Not here: {reason}")
    QTest.mouseRelease(lab.graph.viewport(), LEFT, NONE, goal)
    qtbot.waitUntil(lambda: lab.verdict.sentence() == f"Not moved: {reason}")
    assert lab.messages.messages() == []
    assert lab.workbench.state.text == LATE and lab.graph.cover.state.text == ""


def test_a_stage_does_not_leave_its_place(qtbot: QtBot, lab: MainWindow) -> None:
    view = lab.graph
    goal = carry_node(lab, StepId(0, 0), StepId(0, 2))
    QTest.mouseRelease(view.viewport(), LEFT, NONE, goal)
    assert lab.verdict.sentence() == "Not moved: FROM begins its stage and cannot be moved."


def test_a_move_up_again_costs(qtbot: QtBot, lab: MainWindow) -> None:
    """Keys have no phase to hang in: what the move did is said after it."""
    lab.editor.text.setTextCursor(cursor_at(lab.editor.text.document(), 4, 0))
    QTest.keyClick(lab.editor.text, Qt.Key.Key_Up, ALT)
    qtbot.waitUntil(lambda: "saves about" in lab.verdict.sentence())
    QTest.keyClick(lab.editor.text, Qt.Key.Key_Down, ALT)
    qtbot.waitUntil(lambda: bool(re.match(r"Moved RUN\. .*; costs about \d+ s more per build over the usual edits, estimated\.",
                                          lab.verdict.sentence())))


def test_measured_and_estimated_seconds_stay_apart(qtbot: QtBot, lab: MainWindow) -> None:
    bench = lab.workbench
    report = bench.report
    assert report is not None
    run = report.step(StepId(0, 3))
    assert run.key is not None
    bench.keeper.measure({run.key.digest: Measurement(100.0, None, 1.0, run.name)})
    drag_stripe(lab, 3, 6)
    qtbot.waitUntil(lambda: "measured and about" in drop_text(lab))
    assert re.search(r"saves \d+ s measured and about \d+ s estimated per build", drop_text(lab))
    lab.editor.mover.cancel()
