"""What did the real build do, beside what was predicted?"""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.confirm.plan_card import MODE_WORDS
from cachesim.app.confirm.row_model import LAYER, TOOK, RowModel
from cachesim.app.confirm.rows import explanation, report_text, rows_of, rows_of_phase, totals
from cachesim.app.confirm.state import ConfirmState, Stage
from cachesim.app.confirm.time_line import TimeLine
from cachesim.app.report.panel import bold, copy_text, fixed_font, named
from cachesim.app.report.table import Table
from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped
from cachesim.confirm.match import StepComparison, Verdict, run_command
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

__all__ = ["ResultView"]

_SENTENCE = 34      # letters of the result beside the buttons, at least
_ROWS = 8           # lines of text that the table is high, at least


class ResultView(QScrollArea):
    """One sentence, the table of one build, and for the chosen line its explanation, its log and the time line."""

    again_asked, cancel_asked, open_asked, save_asked = Signal(), Signal(), Signal(), Signal()
    scenario_asked = Signal(bool)                                   # whether contents are to be hidden
    step_chosen, step_opened = Signal(object), Signal(object)       # StepId

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ConfirmState()
        self._quiet = False         # a line is chosen by the view, not by the person
        self._shown: object = None
        self.summary = named(QLabel(wordWrap=True), "Result of the real build")
        self.build = named(QComboBox(), "Which build")
        self.build.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.build.setMinimumContentsLength(16)
        self.own = QCheckBox("Engine's own &lines")
        self.own.setStatusTip("Also show internal and exporting lines, and steps that the engine has none for")
        self.again, self.copy = QPushButton("Confirm a&gain…"), QPushButton("Copy re&port")
        self.record, self.cancel = QPushButton("F&ile"), QPushButton("Cancel")
        menu = QMenu(self)
        self.open, self.save = menu.addAction("&Open record or log…"), menu.addAction("Sa&ve record…")
        self.scenario = menu.addAction("Save as s&cenario…")
        self.hidden = menu.addAction("Save as scenario, contents &hidden…")
        self.record.setMenu(menu)
        for item, tip in ((self.again, "Plan another real build"), (self.copy, "Copy this comparison as text"),
                          (self.record, "Open or save this comparison"), (self.cancel, "Stop the real build"),
                          (self.open, "Open a kept confirmation, or a progress log from elsewhere"),
                          (self.save, "Save this confirmation as a file"),
                          (self.scenario, "Save what was built and observed, to be replayed"),
                          (self.hidden, "The same with noise of the same size in place of file contents")):
            item.setStatusTip(tip)
        self.model = RowModel(self)
        self.table = Table("Predicted and observed, step by step", self.model, {2: 1}, self, margin=8)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.model.modelReset.connect(self._hide_empty)
        self.model.dataChanged.connect(self._hide_empty)
        self.detail = named(QPlainTextEdit(readOnly=True), "Explanation of the chosen line")
        self.log = named(QPlainTextEdit(readOnly=True), "Output of the chosen line")
        self.enter = QPushButton()
        self.enter.setStatusTip("Copy a command that opens a shell in the image after this step; nothing is run")
        self.enter.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.enter.hide()
        for text, empty in ((self.detail, "Choose a line to read why this was predicted for it."),
                            (self.log, "The chosen line printed nothing.")):
            text.setTabChangesFocus(True)
            text.setPlaceholderText(empty)
        self.time_line = TimeLine()
        self._lay_out()
        self.again.clicked.connect(self.again_asked)
        self.cancel.clicked.connect(self.cancel_asked)
        self.open.triggered.connect(self.open_asked)
        self.save.triggered.connect(self.save_asked)
        self.scenario.triggered.connect(self._ask_scenario)
        self.hidden.triggered.connect(self._ask_hidden)
        self.copy.clicked.connect(self.copy_report)
        self.enter.clicked.connect(self.copy_command)
        self.build.activated.connect(self._show_build)
        self.own.toggled.connect(self._show_build)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.table.activated.connect(self._open_step)
        self.time_line.chosen.connect(self._choose_name)

    def _lay_out(self) -> None:
        self._head, buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight), QHBoxLayout()
        self._head.addWidget(self.summary, 1)
        self._acts = QWidget()
        acts = QHBoxLayout(self._acts)
        acts.setContentsMargins(0, 0, 0, 0)
        for button in (self.cancel, self.again, self.copy, self.record):
            acts.addWidget(button)
        acts.addStretch(1)
        self._head.addWidget(self._acts)
        buttons.addWidget(self.build, 1)
        buttons.addWidget(self.own)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(buttons)
        column.addWidget(self.table, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.time_line)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        about = QWidget()
        below = QVBoxLayout(about)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(4)
        below.addWidget(self.detail, 1)
        below.addWidget(self.enter)
        for widget, title in ((about, "About this line"), (self.log, "Log"), (scroll, "Time line")):
            self.tabs.addTab(widget, title)
        self._parts = split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.tabs)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 1)
        split.setSizes([520, 260])
        page = QWidget(self)
        box = QVBoxLayout(page)
        box.setContentsMargins(8, 6, 8, 6)
        box.setSpacing(6)
        box.addLayout(self._head)
        box.addWidget(split, 1000)
        box.addStretch(1)       # keeps the sentence at the top where there is nothing below it
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        split.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)       # its least is enough
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidget(page)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.FontChange):
            self._turn_head()
        return super().event(event)

    def _turn_head(self) -> None:
        """The buttons beside the sentence, the chosen line beside the table; below it where they would leave it a column."""
        room = self.width() - self._acts.sizeHint().width()
        narrow = room < _SENTENCE * self.summary.fontMetrics().averageCharWidth()
        self._head.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        self._parts.setMinimumHeight((2 * _ROWS if narrow else _ROWS) * self.fontMetrics().height())    # lower, all of it scrolls
        turned = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        if self._parts.orientation() is not turned:
            self._parts.setOrientation(turned)
            self._parts.setSizes([520, 520 if narrow else 260])

    def show_state(self, state: ConfirmState) -> None:
        """Show a running or finished confirmation."""
        self._state = state
        running = state.stage in (Stage.RUNNING, Stage.STOPPING)
        if self.cancel.hasFocus() and state.stage is not Stage.RUNNING:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        self.cancel.setVisible(running)
        self.cancel.setEnabled(state.stage is Stage.RUNNING)
        for widget in (self.again, self.copy, self.record, self.build, self.own):
            widget.setVisible(not running)
        for action in (self.scenario, self.hidden):
            action.setEnabled(bool(state.reports))
        self.save.setEnabled(state.result is not None and bool(state.result.record))
        if running:
            self._parts.show()
            self._shown = None
            phase = state.phase
            what = "stopping" if state.stage is Stage.STOPPING else phase.what
            number = f"{phase.build + 1} of {phase.builds}: " if phase.build >= 0 else ""
            if number and what == f"building: {phase.label}":
                self.summary.setText(f"Building {number}{phase.label} …")
            else:
                self.summary.setText(f"{'Build ' if number else ''}{number}{what} …")
            self.model.show(rows_of_phase(phase))
            self.time_line.show_build(phase.observed)
            self._show_line()
        elif state.result is not None and state.result is not self._shown:
            self._shown = state.result
            self._show_result(state)

    def _show_result(self, state: ConfirmState) -> None:
        result = state.result
        assert result is not None
        self.build.clear()
        for number, build in enumerate(result.builds, 1):
            mark = "" if build.held or build.could_not_run else "  ≠"
            self.build.addItem(f"{number}. {build.label}{mark}")
        differing = [n for n, build in enumerate(result.builds) if not build.held]
        self.build.setCurrentIndex(differing[0] if differing else len(result.builds) - 1)
        self._show_build()

    @Slot()
    def _show_build(self, _: object = None) -> None:
        result, at = self._state.result, self.build.currentIndex()
        if result is None:
            return
        if not result.builds and self._parts.isAncestorOf(self.focusWidget() or self):
            self.again.setFocus(Qt.FocusReason.OtherFocusReason)      # hidden, it would hand the keys to another pane
        self._parts.setVisible(bool(result.builds))
        if not 0 <= at < len(result.builds):
            self.model.show(())
            self.time_line.show_build(None)
            self.summary.setText(f"{MODE_WORDS[result.mode][0]}: {result.verdict}")
            return
        build = result.builds[at]
        notes = "  ".join((*((self._state.remembered,) if self._state.remembered else ()), *result.notes))
        said = f"{MODE_WORDS[result.mode][0]}: {result.verdict}"
        words = f"{said}  {totals(build)}." if result.compared or not build.problem else said
        self.summary.setText(re.sub(r"(\d) s\b", "\\1\N{NO-BREAK SPACE}s", words))     # no number parts from its unit
        self.summary.setToolTip(wrapped(notes))
        self.model.show(rows_of(build, own_lines=self.own.isChecked()))
        self.time_line.show_build(build.observed, own_lines=self.own.isChecked())
        rows = self.model.rows
        first = next((n for n, row in enumerate(rows) if row.differs or row.observed == "failed"), None)
        if rows:
            self._quiet = first is None
            self.table.selectRow(first if first is not None else _first_to_tell(rows))
            self._quiet = False
        self._show_line()

    @Slot()
    def _hide_empty(self) -> None:
        """Columns without any value leave their room to the steps."""
        for column in (TOOK, LAYER):
            self.table.setColumnHidden(column, not any(self.model.index(row, column).data()
                                                       for row in range(self.model.row_total())))
        self.table.fit()

    def select_step(self, step: StepId | None) -> None:
        """Follow the selection of the window."""
        rows = self.model.rows
        current = self._row()
        if step is None or (current is not None and current.step == step):
            return
        at = next((n for n, row in enumerate(rows) if row.step == step), None)
        if at is not None:
            self.table.selectRow(at)

    def set_look(self, look: Theme) -> None:
        """Take colours and font."""
        self.model.set_look(look, self.font())
        self.time_line.set_look(look)
        self.summary.setFont(bold(self.font()))
        self.log.setFont(fixed_font(self.font()))

    @Slot()
    def _ask_scenario(self) -> None:
        self.scenario_asked.emit(False)

    @Slot()
    def _ask_hidden(self) -> None:
        self.scenario_asked.emit(True)

    @Slot()
    def copy_report(self) -> None:
        """Put the whole comparison on the clipboard."""
        copy_text(report_text(self._state))

    @Slot()
    def copy_command(self) -> None:
        """Put the command that looks into the chosen step's image on the clipboard."""
        row = self._row()
        if row is not None and row.image_kept:
            copy_text(run_command(row.image))

    def _row(self) -> StepComparison | None:
        index = self.table.currentIndex()
        return self.model.rows[index.row()] if index.isValid() and index.row() < len(self.model.rows) else None

    def _report(self) -> SimulationReport | None:
        if self._state.stage is not Stage.DONE:
            return self._state.phase.report
        at = self.build.currentIndex()
        return self._state.reports[at] if 0 <= at < len(self._state.reports) else None

    @Slot(QModelIndex, QModelIndex)
    def _choose(self, current: QModelIndex, previous: QModelIndex) -> None:
        self._show_line()
        row = self._row()
        if row is not None and row.step is not None and not self._quiet:
            self.step_chosen.emit(row.step)

    def _show_line(self) -> None:
        row = self._row()
        result, at = self._state.result, self.build.currentIndex()
        detail = explanation(row, self._report()) if row is not None else ""
        if self._state.stage is Stage.DONE and result is not None:
            failed = result.builds[at].observed_error if 0 <= at < len(result.builds) else result.error
            detail = "\n\n".join(part for part in (detail, f"The build failed: {failed}" if failed else "",
                                                   *result.notes) if part)
        log = row.log if row is not None else ""
        if self.detail.toPlainText() != detail:
            self.detail.setPlainText(detail)
        if self.log.toPlainText() != log:
            self.log.setPlainText(log)
            self.log.moveCursor(QTextCursor.MoveOperation.End)
        command = run_command(row.image) if row is not None and row.image_kept else ""
        self.enter.setText(f"Copy: {command}")
        self.enter.setVisible(bool(command))
        self.time_line.select(row.name if row is not None else "")

    @Slot(str)
    def _choose_name(self, name: str) -> None:
        at = next((n for n, row in enumerate(self.model.rows) if row.name == name), None)
        if at is not None:
            self.table.selectRow(at)

    @Slot(QModelIndex)
    def _open_step(self, index: QModelIndex) -> None:
        row = self._row()
        if row is not None and row.step is not None:
            self.step_opened.emit(row.step)


def _first_to_tell(rows: tuple[StepComparison, ...]) -> int:
    """The line to show at first where all is as predicted: one with a reason to tell, rather than a base's."""
    earlier = (n for n, row in enumerate(rows) if row.verdict in (Verdict.ASSUMED_EARLIER, Verdict.KNOWN_EARLIER))
    return next(earlier, next((n for n, row in enumerate(rows) if row.verdict is not Verdict.NOT_COMPARED), 0))
