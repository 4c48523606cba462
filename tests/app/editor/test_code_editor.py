"""Do text, verdicts, problems and selection go together, under the keys and the mouse of a person?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QAccessible, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.actions import COMMANDS
from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.editor.positions import place_of
from cachesim.app.notify import Message
from cachesim.app.theme import DARK, HIGH_CONTRAST, PRESENTATION
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from tests.app.editor.hands import CTRL, SHIFT, Key, Left, go, icons, key, settle, show, shown, text_of


@pytest.fixture
def posted(workbench: Workbench) -> Iterator[list[Message]]:
    found: list[Message] = []
    workbench.message_posted.connect(found.append)
    yield found
    workbench.message_posted.disconnect(found.append)


# -- verdicts -----------------------------------------------------------------------------------------------------

def test_each_step_has_its_stripe_and_icon(editor: CodeEditor) -> None:
    assert icons(editor) == ["check", "check", "-", "bolt", "chevrons", "|", "tag", "-", "check", "tag", "-"]


def test_typing_gives_a_new_verdict(editor: CodeEditor, qtbot: QtBot, workbench: Workbench) -> None:
    go(editor, 2, 12)
    with qtbot.waitSignal(workbench.report_changed):
        key(editor, Key.Key_Return)
        QTest.keyClicks(editor.text, "RUN x")
    settle(qtbot, editor)
    assert workbench.state.text == text_of(editor)
    assert icons(editor)[2] == "check"
    assert workbench.selected == StepId(0, 2)


def test_a_key_paints_its_own_line_alone(editor: CodeEditor, qtbot: QtBot) -> None:
    go(editor, 2, 12)
    settle(qtbot, editor)
    QApplication.processEvents()
    painted: list[QRect] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if isinstance(event, QPaintEvent):
                painted.append(event.rect())
            return False
    watch = Watch()
    port, line = editor.text.viewport(), editor.text.lines_rect(2, 2)
    port.installEventFilter(watch)
    QTest.keyClicks(editor.text, "x")
    settle(qtbot, editor)
    QApplication.processEvents()
    port.removeEventFilter(watch)
    assert painted
    assert all(line.top() - 1 <= part.top() and part.bottom() <= line.bottom() + 1 for part in painted)


def test_stripes_move_before_the_next_verdict(editor: CodeEditor) -> None:
    go(editor, 1, 0)
    key(editor, Key.Key_Return)
    assert icons(editor)[:6] == ["-", "check", "check", "-", "bolt", "chevrons"]


def test_broken_text_keeps_the_last_good_stripes_dimmed(editor: CodeEditor, qtbot: QtBot, workbench: Workbench) -> None:
    before = icons(editor)
    go(editor, 4, 1)
    with qtbot.waitSignal(workbench.report_stale_changed):
        QTest.keyClicks(editor.text, "X")
    assert [editor.gutter.dimmed] == [True]
    assert icons(editor) == before
    assert set(editor.gutter.marks) == {4}
    assert "unknown instruction" in editor.gutter.tip_at(shown(editor, 4, 5))
    assert "last text that parses" in editor.gutter.tip_at(shown(editor, 5, 5))
    with qtbot.waitSignal(workbench.report_stale_changed):
        key(editor, Key.Key_Backspace)
    assert [editor.gutter.dimmed] == [False]
    workbench.set_busy("Proving", building=True)
    assert [editor.gutter.dimmed] == [False]        # an engine builds, what is shown stands
    workbench.set_busy(None)
    workbench.set_busy("Reading shop")
    assert [editor.gutter.dimmed] == [True]
    workbench.set_busy(None)
    assert [editor.gutter.dimmed] == [False]
    assert icons(editor) == before
    assert not editor.gutter.marks


def test_taking_back_a_large_edit_brings_the_stripes_back(editor: CodeEditor, qtbot: QtBot) -> None:
    before = icons(editor)
    editor.text.selectAll()
    key(editor, Key.Key_Delete)
    settle(qtbot, editor)
    editor.run("undo")
    settle(qtbot, editor)
    assert icons(editor) == before


def test_tip_of_a_stripe_is_the_cause(editor: CodeEditor) -> None:
    tip = editor.gutter.tip_at(shown(editor, 4, 5))
    assert tip == "Line 4: Runs: its own input changed. src/app.py changed: 1.2 kB -> 1.3 kB"
    assert editor.gutter.tip_at(shown(editor, 8, 5)) == ""


def test_hand_over_a_stripe(editor: CodeEditor) -> None:
    QTest.mouseMove(editor.gutter, shown(editor, 5, 5))
    assert editor.gutter.cursor().shape() is Qt.CursorShape.OpenHandCursor
    QTest.mouseMove(editor.gutter, shown(editor, 8, 5))
    assert editor.gutter.cursor().shape() is Qt.CursorShape.ArrowCursor


# -- selection ----------------------------------------------------------------------------------------------------

def test_cursor_selects_the_step(editor: CodeEditor, workbench: Workbench) -> None:
    go(editor, 4)
    assert workbench.selected == StepId(0, 2)
    key(editor, Key.Key_Down)
    assert workbench.selected == StepId(0, 3)
    key(editor, Key.Key_Down)
    assert workbench.selected == StepId(0, 3)
    go(editor, 8)
    assert workbench.selected == StepId(0, 3)


def test_selection_from_outside_moves_the_cursor(editor: CodeEditor, workbench: Workbench) -> None:
    said: list[object] = []
    workbench.selection_changed.connect(said.append)
    workbench.select(StepId(1, 1))
    assert place_of(editor.text.textCursor()) == (10, 0)
    assert said == [StepId(1, 1)]
    workbench.selection_changed.disconnect(said.append)
    assert (10, 10) in {(t.first, t.last) for t in editor.text.tints}


def test_selection_keeps_a_cursor_that_is_inside(editor: CodeEditor, workbench: Workbench) -> None:
    go(editor, 6, 5)
    workbench.select(None)
    workbench.select(StepId(0, 3))
    assert place_of(editor.text.textCursor()) == (6, 5)


def test_click_on_a_stripe_selects(editor: CodeEditor, workbench: Workbench) -> None:
    QTest.mouseClick(editor.gutter, Left, pos=shown(editor, 6, 5))
    assert workbench.selected == StepId(0, 3)
    assert place_of(editor.text.textCursor()) == (6, 0)


def test_activating_jumps_and_takes_the_focus(editor: CodeEditor, workbench: Workbench) -> None:
    editor.find_bar.open_bar()
    workbench.activate(StepId(1, 0))
    assert place_of(editor.text.textCursor()) == (9, 0)
    assert editor.text.hasFocus()
    workbench.activate_line(6)
    assert place_of(editor.text.textCursor()) == (6, 4)


# -- text from outside --------------------------------------------------------------------------------------------

def test_replacing_is_one_undo_step(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    before = text_of(editor)
    after = before.replace("WORKDIR /srv\n", "").replace("ENV PORT=80", "ENV PORT=81")
    go(editor, 10, 4)
    with qtbot.waitSignal(workbench.report_changed):
        workbench.replace_text(after, "advice")
    assert text_of(editor) == after
    assert editor.text.textCursor().block().text() == 'CMD ["python", "app.py"]'
    editor.run("undo")
    assert text_of(editor) == before == workbench.state.text
    editor.run("redo")
    assert text_of(editor) == after == workbench.state.text


def test_file_keeps_its_style(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "\ufeffFROM a\r\nRUN b")
    assert text_of(editor) == "FROM a\nRUN b"
    go(editor, 1, 6)
    key(editor, Key.Key_Return)
    QTest.keyClicks(editor.text, "USER 1")
    assert workbench.state.text == "\ufeffFROM a\r\nUSER 1\r\nRUN b"


def test_byte_order_mark_does_not_shift_problems(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "\ufeffFORM a\n")
    assert "FORM" in [p.cursor.selectedText() for p in editor.problems.all]


# -- problems -----------------------------------------------------------------------------------------------------

def test_squiggles_and_their_order(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    show(qtbot, workbench, "FROM a\nRUN 😀 x\nCOPY --form=b 😀 /\nCOYP a b\n")
    marked = {s.cursor.selectedText() for s in editor.text.extraSelections()}
    assert {"--form", "COYP"} <= marked or {"--form=b", "COYP"} <= marked
    go(editor, 1)
    lines = []
    for _ in range(3):
        key(editor, Key.Key_F8)
        lines.append(place_of(editor.text.textCursor())[0])
    assert lines == [3, 4, 3]
    key(editor, Key.Key_F8, SHIFT)
    assert place_of(editor.text.textCursor())[0] == 4
    assert "unknown instruction" in editor._tip_at(4, 2)
    assert "Ctrl+." in editor._tip_at(4, 2)


def test_no_problem_says_so(editor: CodeEditor, posted: list[Message]) -> None:
    key(editor, Key.Key_F8)
    assert [m.text for m in posted] == ["No problems in this Dockerfile."]


# -- comments, help, zoom, look -----------------------------------------------------------------------------------

def test_commenting_takes_the_whole_instruction(editor: CodeEditor, workbench: Workbench, qtbot: QtBot) -> None:
    before = text_of(editor)
    go(editor, 5, 3)
    with qtbot.waitSignal(workbench.report_changed):
        key(editor, Key.Key_Slash, CTRL)
    assert text_of(editor).split("\n")[4:6] == ["# RUN pip install \\", "#     -r requirements.txt"]
    key(editor, Key.Key_Slash, CTRL)
    assert text_of(editor) == before


def test_help_for_what_is_under_the_cursor(editor: CodeEditor, posted: list[Message]) -> None:
    go(editor, 4, 1)
    key(editor, Key.Key_F1)
    assert posted[-1].text.startswith("COPY: Copies files")
    assert "src/app.py changed" in posted[-1].text
    go(editor, 6, 3)
    key(editor, Key.Key_F1)
    assert posted[-1].text.startswith("RUN: Runs a command")
    go(editor, 3, 3)
    key(editor, Key.Key_F1)
    assert posted[-1].text.startswith("A comment")


def test_zoom_of_this_pane(editor: CodeEditor) -> None:
    size = editor.text.font().pixelSize()
    key(editor, Key.Key_Plus, CTRL)
    key(editor, Key.Key_Equal, CTRL)
    assert editor.zoom_percent == 120
    assert editor.text.font().pixelSize() > size
    key(editor, Key.Key_Minus, CTRL)
    assert editor.zoom_percent == 110
    key(editor, Key.Key_0, CTRL)
    assert editor.text.font().pixelSize() == size


def test_look_changes_colours_and_sizes(editor: CodeEditor, workbench: Workbench) -> None:
    narrow = editor.gutter.width()
    workbench.set_look(DARK.with_sizes(PRESENTATION))
    assert editor.text.font().pixelSize() == 22
    assert editor.gutter.width() > narrow
    assert editor.grab().toImage().pixelColor(600, 250).name().upper() == DARK.bg
    workbench.set_look(HIGH_CONTRAST)
    assert editor.grab().toImage().pixelColor(600, 250).name().upper() == HIGH_CONTRAST.bg


def test_find_by_keys_and_escape(editor: CodeEditor) -> None:
    key(editor, Key.Key_F, CTRL)
    assert editor.find_bar.isVisible()
    QTest.keyClicks(editor.find_bar.query, "pip")
    assert editor.find_bar.count.text() == "1 of 1"
    editor.text.setFocus()
    key(editor, Key.Key_Escape)
    assert not editor.find_bar.isVisible()
    key(editor, Key.Key_F3)
    assert editor.text.textCursor().selectedText() == "pip"


def test_every_key_of_the_table_works_here(editor: CodeEditor) -> None:
    mine = {c.id for c in COMMANDS} & set(editor.command_ids)
    assert {"find", "replace", "comment", "move_up", "complete", "quick_fix", "explain", "zoom_in"} <= mine
    assert not editor.run("quit")


def test_names_for_screen_readers(editor: CodeEditor) -> None:
    editor.find_bar.open_bar(replace=True)
    for widget in editor.findChildren(QWidget):
        if widget.focusPolicy() is not Qt.FocusPolicy.NoFocus and widget.isVisible():
            face = QAccessible.queryAccessibleInterface(widget)
            assert face.text(QAccessible.Text.Name), widget
    go(editor, 4)
    assert editor.text.accessibleDescription().startswith("Line 4: Runs: its own input changed")
