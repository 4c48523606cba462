"""How do the observed re-runs and seconds of a proof look in a table?"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QIcon

from cachesim.app.report.panel import bold, icon_size
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.app.theme import Theme, icon
from cachesim.confirm.proof_report import EditRun, ProofReport, ProofRow, RowKind, Times
from cachesim.engines.base import Outcome

__all__ = ["ProofModel"]

_INDEX = QModelIndex | QPersistentModelIndex
_HELD, _EDIT, _SHARE, _A, _B, _A_TOOK, _B_TOOK = range(7)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ProofModel(RowsModel):
    """One row per edit and control, then the mean over the mix; each cell is what the engine did (and the prediction)."""

    headers = ("", "Edit of", "Share", "A ran", "B ran", "A took", "B took")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._report: ProofReport | None = None
        self._fonts = (QFont(), QFont())
        self._icons: dict[str, QIcon] = {}

    def show(self, report: ProofReport | None) -> None:
        """Show another report."""
        if report != self._report:
            self.beginResetModel()
            self._report = report
            self.endResetModel()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        size = icon_size(font)
        self._fonts = (font, bold(font))
        self._icons = {"held": icon("double-check", look.accent, size),
                       "differs": icon("not-equal", look.look(Outcome.FAILED).strong, size)}

    def row_total(self) -> int:
        return len(self._report.rows) + 1 if self._report is not None and self._report.rows else 0

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        report = self._report
        if report is None:
            return None
        number, column = index.row(), index.column()
        row = report.rows[number] if number < len(report.rows) else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._mean(report, column) if row is None else _text(report, row, column)
        if role in (Qt.ItemDataRole.ToolTipRole, COPY_ROLE, Qt.ItemDataRole.AccessibleTextRole):
            if column == _HELD:
                return _words(row)
            if role == Qt.ItemDataRole.AccessibleTextRole:
                return None
            if role == Qt.ItemDataRole.ToolTipRole and row is not None and column in (_A, _B):
                run = row.a if column == _A else row.b
                return "\n".join(run.steps) if run is not None else None
            return self._mean(report, column) if row is None else _text(report, row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == _HELD and row is not None and (row.a or row.b):
            return self._icons.get("differs" if _wrong(row) else "held")
        if role == Qt.ItemDataRole.FontRole:
            return self._fonts[row is None]
        if role == Qt.ItemDataRole.TextAlignmentRole and column > _EDIT:
            return _RIGHT
        return None

    def _mean(self, report: ProofReport, column: int) -> str:
        if column == _EDIT:
            return "over the mix"
        if column in (_A, _B):
            return f"{report.reruns[column - _A]:.1f}"
        if column in (_A_TOOK, _B_TOOK) and report.times is not Times.NONE:
            return _seconds(report, report.seconds[column - _A_TOOK])
        return ""


def _text(report: ProofReport, row: ProofRow, column: int) -> str:
    if column == _EDIT:
        return f"control: {row.label}" if row.kind.control else row.label
    if column == _SHARE:
        return "" if row.kind.control else f"{row.weight:.0%}"
    if column == _HELD:
        return ""
    run = row.a if column in (_A, _A_TOOK) else row.b
    if run is None:
        return "not built" if column in (_A, _B) else ""
    if column in (_A, _B):
        return "fails" if run.failed else f"{run.observed} (predicted {run.predicted})"
    return "" if run.failed or report.times is Times.NONE else _seconds(report, run.seconds)


def _seconds(report: ProofReport, value: float) -> str:
    return f"{'~' if report.times is Times.ESTIMATED else ''}{value:.1f} s"


def _wrong(row: ProofRow) -> bool:
    runs: list[EditRun] = [run for run in (row.a, row.b) if run is not None]
    broken = (row.kind is RowKind.NO_EDIT and any(r.observed for r in runs)) or (
        row.kind is RowKind.MANIFEST and any(not r.observed and not r.failed for r in runs))
    return broken or any(run.problem or not run.held for run in runs)


def _words(row: ProofRow | None) -> str:
    if row is None:
        return ""
    if not _wrong(row):
        return "as predicted on both"
    problems = [f"{side}: {run.problem}" for side, run in (("A", row.a), ("B", row.b)) if run is not None and run.problem]
    return "; ".join(problems) or "the control failed"
