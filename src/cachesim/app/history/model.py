"""How do the steps of a replay, and the groups of an edit mix, look in a table?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from cachesim.advise.cost import Known
from cachesim.app.report.panel import fixed_font
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.graph.model import StepId
from cachesim.history.report import StepHistory, step_key
from cachesim.project.mix import EditGroup, EditMix
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["MixModel", "StepsModel", "cause_words", "short_seconds"]

_INDEX = QModelIndex | QPersistentModelIndex
_LINE, _STEP, _RAN, _COST, _WHY = range(5)
_SHOWN = 3
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def short_seconds(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds >= 90:
        minutes = round(seconds / 60)
        return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def cause_words(step: StepHistory, most: int = _SHOWN) -> str:
    """Why a step re-ran, most frequent cause first, with how often."""
    shown = ", ".join(f"{cause.label} ×{cause.count}" for cause in step.causes[:most])
    more = len(step.causes) - most
    return shown + (f" and {more} more" if more > 0 else "")


class StepsModel(RowsModel):
    """One row per instruction that was ever built: those of the present file first, then those that are gone."""

    headers = ("Line", "Step", "Re-ran", "Cost", "Because of")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[StepHistory, ...] = ()
        self._now: dict[tuple[str, str], tuple[StepId, int]] = {}
        self._known: dict[tuple[str, str], Known] = {}
        self._fixed = QFont()

    @property
    def rows(self) -> tuple[StepHistory, ...]:
        return self._rows

    def show(self, rows: tuple[StepHistory, ...], report: SimulationReport | None,
             cost: Callable[[StepReport], Known]) -> None:
        """Show other steps; the report says where they stand in the text of now, `cost` what one run takes."""
        steps = report.steps if report is not None else ()
        self._known = {step_key(report, step): cost(step) for step in reversed(steps)} if report is not None else {}
        now = {step_key(report, step): (step.id, step.step.line) for step in reversed(steps)} if report is not None else {}
        rows = tuple(row for row in rows if row.builds)
        if rows != self._rows:
            self.beginResetModel()
            self._rows, self._now = rows, now
            self.endResetModel()
        elif now != self._now:
            self._now = now
            if rows:
                self.dataChanged.emit(self.index(0, _LINE), self.index(len(rows) - 1, _COST))

    def set_look(self, font: QFont) -> None:
        """Take the font."""
        self._fixed = fixed_font(font)

    def step(self, row: int) -> StepId | None:
        """The step of a row in the text of now, if it still stands there."""
        return self._at(row)[0] if 0 <= row < len(self._rows) else None

    def row_of(self, step: StepId | None) -> int:
        """The row of a step of now, -1 if it has none."""
        return next((n for n in range(len(self._rows)) if self._at(n)[0] == step), -1) if step is not None else -1

    def _at(self, row: int) -> tuple[StepId | None, int]:
        step = self._rows[row]
        return self._now.get((step.stage, step.text), (None, 0))

    def row_total(self) -> int:
        return len(self._rows)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == _COST:
            return self.cost_words(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            if column == _WHY:
                return cause_words(row, len(row.causes))
            if column == _COST:
                return self.cost_words(index.row())
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.FontRole and column == _STEP:
            return self._fixed
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (_LINE, _RAN, _COST):
            return _RIGHT
        return None

    def cost_words(self, number: int) -> str:
        """What the re-runs of a row cost, and how that is known."""
        row, known = self._rows[number], self._cost_of(self._rows[number])
        if not row.reruns or known is None:
            return "Nobody knows what it took." if row.reruns else ""
        each, how = short_seconds(known.seconds), "measured" if known.measured else "estimated"
        return f"{row.reruns} × {each} = {short_seconds(row.reruns * known.seconds)}, {how}"

    def _cost_of(self, row: StepHistory) -> Known | None:
        if row.seconds is not None:
            return Known(row.seconds, True)
        return self._known.get((row.stage, row.text))

    def _cost(self, row: StepHistory) -> str:
        known = self._cost_of(row)
        if not row.reruns:
            return ""
        if known is None:
            return "unknown"
        return ("" if known.measured else "~") + short_seconds(row.reruns * known.seconds)

    def _text(self, number: int, column: int) -> str:
        row = self._rows[number]
        if column == _LINE:
            line = self._at(number)[1]
            return str(line) if line else "gone"
        if column == _STEP:
            return row.text
        if column == _RAN:
            return f"{row.reruns} of {row.builds}"
        if column == _COST:
            return self._cost(row)
        return cause_words(row)


class MixModel(RowsModel):
    """Groups of files that change together, with their weight."""

    headers = ("Share", "What changes together")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._groups: tuple[EditGroup, ...] = ()

    def show(self, mix: EditMix) -> None:
        """Show another mix."""
        if mix.groups != self._groups:
            self.beginResetModel()
            self._groups = mix.groups
            self.endResetModel()

    def row_total(self) -> int:
        return len(self._groups)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        group, column = self._groups[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{group.weight:.0%}" if column == 0 else group.label
        if role in (Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            if column == 0:
                return f"{group.weight:.1%}" + (f": {group.commits} commits" if group.commits else "")
            played = f"\nPlayed by editing {', '.join(group.files)}" if group.files else ""
            return ", ".join(group.patterns) + (played if role == Qt.ItemDataRole.ToolTipRole else "")
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 0:
            return _RIGHT
        return None
