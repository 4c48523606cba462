"""How does the graph read as a list, for screen readers, keyboards and long files?

The same report, the same selection, the same words: one row per step, in the order of the graph.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QFont, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from cachesim.app.dag.words import cause_of, instruction_of, node_words, sentence_of, stage_name
from cachesim.app.theme import LIGHT, Theme, icon, look_of_step
from cachesim.app.tips import TipDelegate
from cachesim.app.workbench import Workbench
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.layout.layered import META, lane_order
from cachesim.project.measured import Cost
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Column", "StepsList", "StepsModel"]

_ROOMY = 84         # letters beside each other that leave room for the cause
_Index = QModelIndex | QPersistentModelIndex


class Column(enum.IntEnum):
    """Columns of the list."""

    LINE = 0
    STAGE = 1
    INSTRUCTION = 2
    OUTCOME = 3
    CAUSE = 4


_TITLES = {Column.LINE: "Line", Column.STAGE: "Stage", Column.INSTRUCTION: "Instruction", Column.OUTCOME: "Outcome",
           Column.CAUSE: "Cause"}


class StepsModel(QAbstractTableModel):
    """The steps of a report, in the order of the graph's lanes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self._report: SimulationReport | None = None
        self._rows: tuple[StepReport, ...] = ()
        self._row_of: dict[StepId, int] = {}
        self._words: tuple[str, ...] = ()
        self.cost: Callable[[StepReport], Cost | None] = lambda _: None      # what a step takes; set by the list

    def show_report(self, report: SimulationReport) -> None:
        """Show that report; the same steps keep their rows."""
        by_id = {step.id: step for step in report.steps}
        order = [s.id for stage, _ in lane_order(report.graph)
                 for s in (report.graph.meta if stage == META else report.graph.stages[stage].steps)]
        rows = tuple(by_id[step] for step in order if step in by_id)
        same = [step.id for step in rows] == [step.id for step in self._rows]
        if not same:
            self.beginResetModel()
        lines = {step.id: step.step.line for step in report.steps}
        failing = lines.get(report.error_step) if report.error_step is not None else None
        self._report, self._rows = report, rows
        self._row_of = {step.id: row for row, step in enumerate(rows)}
        self._words = tuple(_words(step, lines, failing, self.cost(step)) for step in rows)
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(Column) - 1))

    def step(self, row: int) -> StepReport:
        """The step of a row."""
        return self._rows[row]

    def row(self, step: StepId) -> int | None:
        """The row of a step."""
        return self._row_of.get(step)

    def misses(self) -> list[int]:
        """Rows that run or fail."""
        return [i for i, step in enumerate(self._rows) if step.runs or step.outcome is Outcome.FAILED]

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _TITLES[Column(section)]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        step, column = self._rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(step, column, index.row())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_TITLES[column]}: {self._text(step, column, index.row()) or 'none'}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return sentence_of(step, self.cost(step))
        if role == Qt.ItemDataRole.DecorationRole and column is Column.OUTCOME:
            look = look_of_step(step, self._theme)
            return icon(look.icon, look.strong)
        if role == Qt.ItemDataRole.TextAlignmentRole and column is Column.LINE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and column is Column.OUTCOME and step.runs:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def _text(self, step: StepReport, column: Column, row: int) -> str:
        assert self._report is not None
        if column is Column.LINE:
            return str(step.step.line)
        if column is Column.STAGE:
            return stage_name(self._report.graph, step.id.stage)
        if column is Column.INSTRUCTION:
            return instruction_of(step)
        return self._words[row] if column is Column.OUTCOME else cause_of(step)


def _words(step: StepReport, lines: Mapping[StepId, int], failing: int | None, cost: Cost | None) -> str:
    """The verdict in its shortest words, the cause tells the rest; with what it takes, if that is known."""
    short = node_words(step, lines, failing)[-1]
    return next(word for word in node_words(step, lines, failing, cost) if word.startswith(short))


class StepsList(QTableView):
    """View > Steps as list."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._steps = StepsModel(self)
        self._steps.cost = self._cost
        self._outdated = False
        self.setModel(self._steps)
        self.setAccessibleName("Build steps as list")
        self.viewport().setAccessibleName("Build steps as list")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)         # Tab leaves the list
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.setItemDelegate(TipDelegate(self))
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setResizeContentsPrecision(100)     # rows: enough to tell, also of a long list
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.activated.connect(self._activate)
        self.selectionModel().currentRowChanged.connect(self._choose)
        workbench.report_changed.connect(self._take_report)
        workbench.selection_changed.connect(self._take_selection)
        workbench.look_changed.connect(self._take_look)
        workbench.keeper.measured_changed.connect(self._take_measured)
        self._take_look(workbench.look)
        if workbench.report is not None:
            self._take_report(workbench.report)

    @property
    def steps(self) -> StepsModel:
        """The model, in its own type."""
        self._catch_up()
        return self._steps

    def sizeHint(self) -> QSize:
        return QSize(640, 320)

    @Slot(object)
    def _take_report(self, report: SimulationReport | None) -> None:
        self._outdated = True
        if self.isVisible():
            self._catch_up()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._catch_up()

    def _catch_up(self) -> None:
        """Show the report of now, if it is another one."""
        report = self._workbench.report
        if self._outdated and report is not None:
            self._outdated = False
            first = self._steps.rowCount() == 0
            self._steps.show_report(report)
            if first:
                self._fit_columns()
            self._take_selection(self._workbench.selected)

    def _cost(self, step: StepReport) -> Cost | None:
        return self._workbench.keeper.cost(step)

    @Slot(object)
    def _take_measured(self, _: object) -> None:
        self._take_report(self._workbench.report)

    @Slot(object)
    def _take_selection(self, step: StepId | None) -> None:
        if self._outdated:          # and it is hidden: the selection comes with the report
            return
        row = self._steps.row(step) if step is not None else None
        if row is None:
            self.selectionModel().clearSelection()
        elif row != self.currentIndex().row() or not self.selectionModel().isRowSelected(row, QModelIndex()):
            index = self._steps.index(row, max(self.currentIndex().column(), 0))
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect
                                                  | QItemSelectionModel.SelectionFlag.Rows)
            self.scrollTo(index)

    @Slot(object)
    def _take_look(self, look: Theme) -> None:
        self._steps.set_theme(look)
        height = max(round(look.sizes.target), self.fontMetrics().height() + 8)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)
        self._fit_columns()

    @Slot(QModelIndex, QModelIndex)
    def _choose(self, index: QModelIndex, before: QModelIndex) -> None:
        if index.isValid():
            self._workbench.select(self._steps.step(index.row()).id)

    @Slot(QModelIndex)
    def _activate(self, index: QModelIndex) -> None:
        self._workbench.activate(self._steps.step(index.row()).id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._activate(self.currentIndex())
        elif key == Qt.Key.Key_M:
            self._next_miss(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._steps.rowCount():
            self._choose_row(0 if key == Qt.Key.Key_Home else self._steps.rowCount() - 1)
        else:
            super().keyPressEvent(event)

    def _next_miss(self, *, back: bool) -> None:
        rows, here = self._steps.misses(), self.currentIndex().row()
        if rows and back:
            self._choose_row(next((row for row in reversed(rows) if row < here), rows[-1]))
        elif rows:
            self._choose_row(next((row for row in rows if row > here), rows[0]))

    def _choose_row(self, row: int) -> None:
        self._workbench.select(self._steps.step(row).id)

    def _fit_columns(self) -> None:
        """Line, stage and outcome whole; the others share what is left. Where that is little the cause goes: the outcome
        names it, and what is selected is explained elsewhere."""
        letter = self.fontMetrics().averageCharWidth()
        tight = self.viewport().width() < _ROOMY * letter
        self.setColumnHidden(Column.CAUSE, tight)
        self.resizeColumnsToContents()
        for column, most in ((Column.STAGE, 14), (Column.OUTCOME, 46 if tight else 56)):
            self.setColumnWidth(column, min(self.columnWidth(column), most * letter))
        if tight:
            free = self.viewport().width() - self.columnWidth(Column.LINE) - self.columnWidth(Column.STAGE) - 12 * letter
            self.setColumnWidth(Column.OUTCOME, max(12 * letter, min(self.columnWidth(Column.OUTCOME), free)))
        rest = self.viewport().width() - sum(self.columnWidth(c) for c in (Column.LINE, Column.STAGE, Column.OUTCOME))
        share = rest if tight else rest * 9 // 20
        self.setColumnWidth(Column.INSTRUCTION, max(12 * letter, min(self.columnWidth(Column.INSTRUCTION), share)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()
