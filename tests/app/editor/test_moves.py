"""Does an instruction move with keys and by hand, where it may, as one step, and is it said what that does?"""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.editor.positions import cursor_at, document_text, place_of
from cachesim.app.theme import DARK, PRESENTATION
from cachesim.app.workbench import Workbench
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.project.state import ProjectState

ALT, Key, Left = Qt.KeyboardModifier.AltModifier, Qt.Key, Qt.MouseButton.LeftButton
TEXT = """\
FROM python:3.12 AS base
WORKDIR /srv
# the code
COPY src src
RUN mkdir -p /data && \\
    touch /data/ready
COPY requirements.txt ./
RUN pip install -r requirements.txt
ENV PIP_INDEX_URL=x
RUN echo $PIP_INDEX_URL > /index

FROM base
CMD ["python", "app.py"]
"""
MOVED = ["RUN mkdir -p /data && \\", "    touch /data/ready", "# the code", "COPY src src"]


@pytest.fixture
def lab(qtbot: QtBot, editor: CodeEditor, workbench: Workbench) -> CodeEditor:
    """The editor with a text whose dependencies are known."""
    show(qtbot, workbench, TEXT)
    editor.text.document().clearUndoRedoStacks()
    return editor


def text_of(editor: CodeEditor) -> str:
    return document_text(editor.text.document())


def go(editor: CodeEditor, line: int, column: int = 0) -> None:
    editor.text.setTextCursor(cursor_at(editor.text.document(), line, column))


def press(editor: CodeEditor, key: Qt.Key) -> None:
    QTest.keyClick(editor.text, key, ALT)


def show(qtbot: QtBot, workbench: Workbench, text: str) -> None:
    workbench.show_state(ProjectState(text, workbench.state.context))
    qtbot.waitUntil(lambda: not workbench.prediction.pending and not workbench.prediction.job.busy)


def drag(editor: CodeEditor, start: int, end: int) -> None:
    """Take the stripe of a line and carry it below another one."""
    QTest.mousePress(editor.gutter, Left, pos=QPoint(6, editor.text.lines_rect(start, start).center().y()))
    low = editor.text.lines_rect(end, end).bottom() - 2
    for y in (editor.text.lines_rect(start, start).center().y() + 12, low - 3, low):
        QTest.mouseMove(editor.gutter, QPoint(6, y))


def let_go(editor: CodeEditor) -> None:
    QTest.mouseRelease(editor.gutter, Left, pos=QPoint(6, 100))


def drop_text(editor: CodeEditor) -> str:
    return editor.text.drop.text if editor.text.drop is not None else ""


# -- keys ---------------------------------------------------------------------------------------------------------

def test_alt_down_moves_instruction_and_comment_as_one_step(qtbot: QtBot, lab: CodeEditor, workbench: Workbench) -> None:
    go(lab, 4, 5)
    press(lab, Key.Key_Down)
    qtbot.waitUntil(lambda: text_of(lab).split("\n")[2:6] == MOVED)
    assert place_of(lab.text.textCursor()) == (6, 5)
    assert workbench.state.text == text_of(lab)
    assert workbench.remark_words == "Moved COPY. Next build: 4 steps run, 1 fewer. The image stays the same."
    press(lab, Key.Key_Up)
    qtbot.waitUntil(lambda: text_of(lab) == TEXT)
    lab.run("undo")
    assert text_of(lab).split("\n")[2:6] == MOVED
    lab.run("undo")
    assert text_of(lab) == TEXT
    assert not lab.text.document().isUndoAvailable()


@pytest.mark.parametrize(("line", "key", "reason"), [
    (7, Key.Key_Down, "`pip install -r requirements.txt` reads `requirements.txt`, which line 7 brings."),
    (9, Key.Key_Down, "The ENV of line 9 is used on line 10 ($PIP_INDEX_URL)."),
    (1, Key.Key_Down, "FROM begins the stage `base`, which line 12 refers to: it cannot be moved."),
    (10, Key.Key_Down, "RUN would leave its stage: it cannot be moved across a FROM."),
    (13, Key.Key_Up, "CMD would leave its stage: it cannot be moved across a FROM."),
    (13, Key.Key_Down, "There is no instruction to move past."),
])
def test_a_refused_move_says_why(qtbot: QtBot, lab: CodeEditor, workbench: Workbench, line: int, key: Qt.Key,
                                 reason: str) -> None:
    go(lab, line)
    press(lab, key)
    qtbot.waitUntil(lambda: workbench.remark_words == f"Not moved: {reason}")
    assert text_of(lab) == TEXT and not lab.text.document().isUndoAvailable()


def test_a_move_that_may_change_the_image_is_made_and_said(qtbot: QtBot, lab: CodeEditor, workbench: Workbench) -> None:
    go(lab, 8)
    press(lab, Key.Key_Down)                # pip may look at the environment
    qtbot.waitUntil(lambda: text_of(lab) != TEXT)
    assert "May change the image: `pip install -r requirements.txt` may look at $PIP_INDEX_URL, which line 9 sets. Check: " \
        in workbench.remark_words
    QTest.keyClick(lab.text, Key.Key_Space)
    assert workbench.remark_words == ""     # it was about another text


def test_where_there_is_no_instruction(lab: CodeEditor, workbench: Workbench) -> None:
    go(lab, 11)
    press(lab, Key.Key_Down)
    assert workbench.remark_words == "There is no instruction on this line to move."


# -- hand ---------------------------------------------------------------------------------------------------------

def test_a_free_drag_previews_and_drops_as_one_step(qtbot: QtBot, lab: CodeEditor, workbench: Workbench) -> None:
    drag(lab, 4, 6)
    qtbot.waitUntil(lambda: drop_text(lab) == "Next build: 4 steps run, 1 fewer.\nThe image stays the same.")
    assert lab.text.drop is not None and (lab.text.drop.line, lab.text.drop.colour) == (7, workbench.look.accent)
    assert workbench.preview is not None and workbench.preview_words == drop_text(lab).replace("\n", " ")
    assert text_of(lab) == TEXT
    let_go(lab)
    qtbot.waitUntil(lambda: text_of(lab).split("\n")[2:6] == MOVED)
    assert lab.text.drop is None and workbench.preview is None
    assert workbench.remark_words == "Moved COPY. Next build: 4 steps run, 1 fewer. The image stays the same."
    qtbot.waitUntil(lambda: workbench.selected == StepId(0, 3))
    lab.run("undo")
    assert text_of(lab) == TEXT
    assert not lab.text.document().isUndoAvailable()


def test_while_it_hangs_the_stripes_say_what_their_lines_would_do(qtbot: QtBot, lab: CodeEditor) -> None:
    def outcomes() -> list[Outcome]:
        picture = lab.gutter.hanging if lab.gutter.hanging is not None else lab.gutter.stripes
        return [stripe.outcome for stripe in picture if stripe.first in (4, 5)]
    assert outcomes() == [Outcome.MISS, Outcome.MISS]
    drag(lab, 4, 6)
    qtbot.waitUntil(lambda: outcomes() == [Outcome.MISS, Outcome.HIT])
    QTest.keyClick(lab.text, Key.Key_Escape)
    assert lab.gutter.hanging is None and outcomes() == [Outcome.MISS, Outcome.MISS]


@pytest.mark.parametrize(("start", "end", "reason"), [
    (7, 8, "`pip install -r requirements.txt` reads `requirements.txt`, which line 7 brings."),
    (9, 10, "The ENV of line 9 is used on line 10 ($PIP_INDEX_URL)."),
    (1, 2, "FROM begins the stage `base`, which line 12 refers to: it cannot be moved."),
    (5, 13, "RUN would leave its stage: it cannot be moved across a FROM."),
])
def test_a_refused_drag_says_why_and_drops_nothing(qtbot: QtBot, lab: CodeEditor, workbench: Workbench,
                                                   start: int, end: int, reason: str) -> None:
    drag(lab, start, end)
    qtbot.waitUntil(lambda: drop_text(lab) == f"Not here: {reason}")
    assert lab.text.drop is not None and lab.text.drop.colour == workbench.look.look(Outcome.FAILED).strong
    assert workbench.preview is None and workbench.preview_words == f"Not here: {reason}"
    let_go(lab)
    qtbot.waitUntil(lambda: workbench.remark_words == f"Not moved: {reason}")
    assert text_of(lab) == TEXT and not lab.text.document().isUndoAvailable()
    assert workbench.preview_words == ""


def test_a_doubtful_drag_says_what_to_check(qtbot: QtBot, lab: CodeEditor, workbench: Workbench) -> None:
    drag(lab, 8, 9)
    qtbot.waitUntil(lambda: "May change the image: `pip install" in drop_text(lab))
    assert "Check: " in drop_text(lab)
    assert lab.text.drop is not None and lab.text.drop.colour == workbench.look.warning
    let_go(lab)
    qtbot.waitUntil(lambda: text_of(lab) != TEXT)
    assert "May change the image" in workbench.remark_words
    lab.run("undo")
    assert text_of(lab) == TEXT


def test_other_look_is_no_edit(lab: CodeEditor, workbench: Workbench) -> None:
    drag(lab, 4, 6)
    workbench.set_look(DARK.with_sizes(PRESENTATION))
    assert lab.mover.dragging
    assert lab.text.drop is not None
    assert not lab.exchange.typed
    lab.mover.cancel()


def test_escape_cancels_a_drag(lab: CodeEditor, workbench: Workbench) -> None:
    drag(lab, 4, 6)
    QTest.keyClick(lab.text, Key.Key_Escape)
    assert lab.text.drop is None
    assert workbench.preview is None
    let_go(lab)
    assert text_of(lab) == TEXT


def test_broken_text_can_be_dragged_too(lab: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "FROM a\nRUN touch /x\nRUN touch /y\n")
    go(lab, 2, 1)
    with qtbot.waitSignal(workbench.report_stale_changed):
        QTest.keyClicks(lab.text, "X")
    drag(lab, 2, 3)
    let_go(lab)
    assert text_of(lab) == "FROM a\nRXUN touch /x\nRUN touch /y\n"
