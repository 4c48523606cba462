"""How does a person edit the Dockerfile and see beside it what each line would do?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPalette, QTextCursor
from PySide6.QtWidgets import QMenu, QToolTip, QVBoxLayout, QWidget

from cachesim.app.actions import COMMANDS
from cachesim.app.editor.acts import Acts
from cachesim.app.editor.completer import Completer
from cachesim.app.editor.exchange import Exchange
from cachesim.app.editor.explain import explain, word_at
from cachesim.app.editor.find_bar import FindBar
from cachesim.app.editor.gutter import Gutter
from cachesim.app.editor.highlighter import DockerfileHighlighter
from cachesim.app.editor.line_edits import apply_edits, selected_lines
from cachesim.app.editor.mending import Mending
from cachesim.app.editor.moves import Mover
from cachesim.app.editor.offering import Offering
from cachesim.app.editor.positions import cursor_at, document_text, place_of
from cachesim.app.editor.problems import Problems
from cachesim.app.editor.text_area import TextArea
from cachesim.app.editor.verdicts import Verdicts
from cachesim.app.notify import Message
from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped
from cachesim.app.workbench import Workbench
from cachesim.diagnostics import Diagnostic
from cachesim.dockerfile.edit import toggle_comment
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

__all__ = ["CodeEditor"]


class CodeEditor(QWidget):
    """Text, gutter, squiggles, completion and find bar; all it knows comes from the workbench and goes back there.

    `run(command_id)` does any of its commands; the ids are those of the window's actions. The keys work here too, so
    that the editor is whole without a window around it.
    """

    cursor_moved = Signal(int, int)         # line, column (both from 1)
    undo_available = Signal(bool)
    redo_available = Signal(bool)

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._theme = workbench, workbench.look
        self._zoom, self._base = 1.0, workbench.look.sizes.editor
        self.text = TextArea(self)
        self.gutter = Gutter(self.text, self._theme)
        self.find_bar = FindBar(self.text, self._theme, self)
        self.completer = Completer(self.text, self._theme)
        self.highlighter = DockerfileHighlighter(self.text.document(), self._theme)
        self._menu = QMenu(self)
        self.problems = Problems(self.text.document())
        self.verdicts = Verdicts(self.text, self.gutter, workbench)
        self.mover = Mover(self.text, self.gutter, workbench, lambda: self.exchange.style)
        self.acts = Acts(self.text, workbench)
        self.mending = Mending(self.text, self.problems, workbench, self._menu)
        self.offering = Offering(self.text, self.completer, self.highlighter, workbench)
        self.exchange = Exchange(self.text, self.highlighter, self.mover, self.acts, self.verdicts, self.offering, workbench)
        self._commands: dict[str, Callable[[], object]] = self._make_commands()
        self._keys = {_key(keys): command.id for command in COMMANDS
                      if command.id in self._commands for keys in command.keys}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.find_bar)
        self.setFocusProxy(self.text)
        self.setAccessibleName("Dockerfile editor")
        self._connect()
        self._take_look(self._theme)
        self.exchange.show(workbench.state.text)
        self.text.document().clearUndoRedoStacks()
        self._take_report(workbench.report)
        self._take_diagnostics(workbench.diagnostics)

    def _connect(self) -> None:
        text, workbench = self.text, self._workbench
        text.tip_at, text.key_filter, text.wants_escape = self._tip_at, self._filter_key, self._wants_escape
        self.acts.undo_available.connect(self.undo_available)
        self.acts.redo_available.connect(self.redo_available)
        text.cursorPositionChanged.connect(self._cursor_moved)
        text.escaped.connect(self._escape)
        text.zoom_wheel.connect(self.zoom)
        text.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        text.customContextMenuRequested.connect(self._show_menu)
        self.gutter.pressed.connect(self._press_line)
        self.gutter.activated.connect(self._activate_line)
        self.find_bar.matches_changed.connect(self._update_marks)
        workbench.project_opened.connect(self.find_bar.close_bar)
        workbench.report_changed.connect(self._take_report)
        workbench.diagnostics_changed.connect(self._take_diagnostics)
        workbench.selection_changed.connect(self._take_selection)
        workbench.activated.connect(self._take_activated)
        workbench.line_activated.connect(self.go_to_line)
        workbench.look_changed.connect(self._take_look)
        workbench.keeper.measured_changed.connect(self._take_measured)

    # -- commands -----------------------------------------------------------------------------------------------

    def _make_commands(self) -> dict[str, Callable[[], object]]:
        return {
            "undo": self.acts.undo, "redo": self.acts.redo, "cut": self.text.cut, "copy": self.text.copy,
            "paste": self.text.paste, "find": self.find_bar.open_bar,
            "replace": partial(self.find_bar.open_bar, replace=True),
            "find_next": self.find_bar.find_next, "find_previous": self.find_bar.find_previous,
            "comment": self.toggle_comments,
            "move_up": partial(self.mover.move, -1), "move_down": partial(self.mover.move, 1),
            "complete": self.offering.ask, "quick_fix": self.quick_fix,
            "next_problem": partial(self.go_to_problem, forward=True),
            "previous_problem": partial(self.go_to_problem, forward=False),
            "zoom_in": partial(self.zoom, 1), "zoom_out": partial(self.zoom, -1), "zoom_reset": partial(self.zoom, 0),
            "explain": self.explain,
        }

    @property
    def command_ids(self) -> tuple[str, ...]:
        """What `run` understands."""
        return tuple(self._commands)

    @Slot(str)
    def run(self, command_id: str) -> bool:
        """Do a command of the window's table; False if it is none of the editor's."""
        command = self._commands.get(command_id)
        if command is None:
            return False
        command()
        return True

    def _filter_key(self, event: QKeyEvent) -> bool:
        """Keys that the text must not see: those of the open list, and the editor's own commands."""
        if self.completer.handle_key(event):
            return True
        command = self._keys.get(event.keyCombination().toCombined())
        if command is not None and command not in ("cut", "copy", "paste"):
            return self.run(command)
        self.offering.key = event.text()
        return False

    def _wants_escape(self) -> bool:
        return self.mover.dragging or self.completer.isVisible() or self.find_bar.isVisible()

    def _escape(self) -> None:
        if self.mover.dragging:
            self.mover.cancel()
        else:
            self.find_bar.close_bar()

    def go_to_line(self, line: int) -> None:
        """Put the cursor on the first word of a line and the focus into the text."""
        block = self.text.document().findBlockByNumber(line - 1)
        indent = len(block.text()) - len(block.text().lstrip())
        self.text.scroll_to(cursor_at(self.text.document(), line, indent), centre=True)
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_to_problem(self, *, forward: bool) -> None:
        """Go to the next (previous) problem and say what it is."""
        problem = self.problems.next(self.text.textCursor(), forward=forward)
        if problem is None:
            self._workbench.post(Message("No problems in this Dockerfile.", key="problem", passing=True))
            return
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(problem.cursor.selectionStart())
        self.text.scroll_to(cursor, centre=True)
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self._say_here(problem.text)

    def _say_here(self, text: str) -> None:
        self.text.setAccessibleDescription(text)
        place = self.text.viewport().mapToGlobal(self.text.cursorRect().bottomLeft() + QPoint(0, 4))
        QToolTip.showText(place, wrapped(text), self.text.viewport())

    def toggle_comments(self) -> None:
        """Make comments of the selected lines and the rest of their instructions, or instructions of comments."""
        document = self.text.document()
        apply_edits(document, toggle_comment(document_text(document), *selected_lines(self.text.textCursor())))

    def explain(self) -> None:
        """Post a short text on what is under the cursor."""
        cursor = self.text.textCursor()
        line, keyword = cursor.block().text(), self.highlighter.keyword_at(cursor)
        said = explain(keyword, line.lstrip(" \t#") if keyword == "#" else word_at(line, place_of(cursor)[1]))
        step = self.verdicts.at(self.verdicts.line)
        verdict = self.verdicts.said(step).partition("\n")[0] if step is not None else ""
        text = "\n".join(part for part in (said, verdict) if part)
        nothing = "Nothing to explain here: put the cursor on an instruction."
        self._workbench.post(Message(text or nothing, key="explain", passing=not text))

    # -- verdicts -----------------------------------------------------------------------------------------------

    @Slot(object)
    def _take_report(self, report: SimulationReport | None) -> None:
        self.verdicts.place(report)
        if self.exchange.typed:
            self.exchange.typed = False
            self._select_line(self.verdicts.line)
        self._describe()

    @Slot(object)
    def _take_measured(self, _: object) -> None:
        self._describe()

    @Slot(object)
    def _take_diagnostics(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.problems.take(replace(d, span=self.exchange.style.shown_span(d.span)) for d in diagnostics)
        self.gutter.set_marks(self.problems.marks())
        self._update_marks()
        self.verdicts.tint()

    @Slot(object)
    def _take_selection(self, step: StepId | None) -> None:
        self.gutter.set_selected(step)
        stripe = self.verdicts.of(step)
        if stripe is not None and not stripe.first <= self.verdicts.line <= stripe.last:
            self.text.scroll_to(cursor_at(self.text.document(), stripe.first), centre=True)
        self.verdicts.tint()
        self._describe()

    @Slot(object)
    def _take_activated(self, step: StepId) -> None:
        stripe = self.verdicts.of(step)
        if stripe is not None:
            self.go_to_line(stripe.first)

    def _describe(self) -> None:
        stripe = self.verdicts.at(self.verdicts.line)
        said = self.verdicts.said(stripe) if stripe is not None else ""
        problems = [p.text for p in self.problems.on_line(self.verdicts.line)]
        self.text.setAccessibleDescription("\n".join([*problems, said]).strip())

    # -- cursor and lines ---------------------------------------------------------------------------------------

    @Slot()
    def _cursor_moved(self) -> None:
        cursor = self.text.textCursor()
        line = cursor.blockNumber() + 1
        if line != self.verdicts.line:
            self.verdicts.set_line(line)
            if not self.exchange.quiet and not self.mover.dragging:
                self._select_line(line)
                self._describe()
        self.completer.follow()
        _, column = place_of(cursor)
        self.cursor_moved.emit(line, column + 1)

    def _select_line(self, line: int) -> None:
        stripe = self.verdicts.at(line)
        if stripe is not None:
            self._workbench.select(stripe.step)

    @Slot(int)
    def _press_line(self, line: int) -> None:
        self.text.setTextCursor(cursor_at(self.text.document(), line))
        self._select_line(line)

    @Slot(int)
    def _activate_line(self, line: int) -> None:
        stripe = self.verdicts.at(line)
        if stripe is not None:
            self._workbench.activate(stripe.step)

    # -- decoration ---------------------------------------------------------------------------------------------

    @Slot()
    def _update_marks(self) -> None:
        """Squiggles and matches, the only things that need Qt's extra selections."""
        selections = self.problems.selections(self._theme) + self.find_bar.selections(self._theme)
        if selections or self.text.extraSelections():       # none for none would paint all the text again
            self.text.setExtraSelections(selections)

    def _tip_at(self, line: int, column: int) -> str:
        problems = self.problems.at(line, column)
        said = "\n".join(p.text for p in problems)
        return said + "\nCtrl+. mends it" if problems and self.mending.can_mend(problems) else said

    # -- look ---------------------------------------------------------------------------------------------------

    @Slot(object)
    def _take_look(self, theme: Theme) -> None:
        self._theme, self._base = theme, theme.sizes.editor
        palette = QPalette(self.text.palette())
        for role, colour in ((QPalette.ColorRole.Base, theme.bg), (QPalette.ColorRole.Text, theme.text),
                             (QPalette.ColorRole.Highlight, theme.selection),
                             (QPalette.ColorRole.HighlightedText, theme.text)):
            palette.setColor(role, QColor(colour))
        self.text.setPalette(palette)
        self.highlighter.set_theme(theme)
        self.find_bar.set_theme(theme)
        self._set_font()
        self._update_marks()
        self.verdicts.set_theme(theme)

    def _set_font(self) -> None:
        font = self.text.font()
        font.setPixelSize(max(6, round(self._base * self._zoom)))
        self.text.setFont(font)
        self.text.setTabStopDistance(4 * self.text.fontMetrics().horizontalAdvance(" "))
        self.text.setCursorWidth(max(1, round(font.pixelSize() / 9)))
        self.gutter.set_theme(self._theme)
        self.completer.set_theme(self._theme)

    @Slot(int)
    def zoom(self, steps: int) -> None:
        """Enlarge (positive) or shrink the text by 10 % a step; 0 brings the usual size back."""
        self._zoom = 1.0 if steps == 0 else min(4.0, max(0.5, round(self._zoom + 0.1 * steps, 2)))
        self._set_font()

    @property
    def zoom_percent(self) -> int:
        return round(self._zoom * 100)

    def quick_fix(self) -> None:
        """Offer what would mend the problem at the cursor; say so if nothing is known."""
        if not self.mending.offer():
            self._say_here("No quick fix here.")

    # -- menu ---------------------------------------------------------------------------------------------------

    @Slot(QPoint)
    def _show_menu(self, at: QPoint) -> None:
        cursor = self.text.cursorForPosition(at)
        if not self.text.textCursor().hasSelection():
            self.text.setTextCursor(cursor)
        menu = self._menu
        menu.clear()
        self.mending.fill(self.mending.here()[:4])
        menu.addSeparator()
        commands = {command.id: command for command in COMMANDS}
        for name in ("undo", "redo", "", "cut", "copy", "paste", "", "comment", "move_up", "move_down", "", "explain"):
            if not name:
                menu.addSeparator()
                continue
            action = menu.addAction(commands[name].text, partial(self.run, name))
            action.setShortcut(QKeySequence(commands[name].keys[0]))
            action.setEnabled(self._can(name))
        menu.popup(self.text.viewport().mapToGlobal(at))

    def _can(self, command_id: str) -> bool:
        return {"undo": self.acts.can_undo, "redo": self.acts.can_redo,
                "cut": self.text.textCursor().hasSelection(), "copy": self.text.textCursor().hasSelection(),
                "paste": self.text.canPaste()}.get(command_id, True)

    def describe(self) -> str:
        """What is to be seen, as text, for tests: line, verdict, problem, line of text."""
        rows = []
        for number, line in enumerate(document_text(self.text.document()).split("\n"), 1):
            stripe = self.verdicts.at(number)
            look = self.gutter.look(stripe).icon if stripe is not None and stripe.first == number else "|"
            mark = "!" if number in self.gutter.marks else " "
            rows.append(f"{'-' if stripe is None else look:>9}{mark}{number:>4} {line}")
        return "\n".join(rows)


def _key(keys: str) -> int:
    """A shortcut of one chord as a number to compare key events with."""
    return int(QKeySequence(keys)[0].toCombined())    # type: ignore[index]
