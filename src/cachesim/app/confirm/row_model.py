"""How does the comparison of a real build look in a table?"""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QIcon

from cachesim.app.report.panel import bold, fixed_font
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.app.theme import Theme, icon
from cachesim.confirm.match import StepComparison, Verdict
from cachesim.context.snapshot import size_text
from cachesim.project.measured import text_of

__all__ = ["LAYER", "TOOK", "RowModel"]

_INDEX = QModelIndex | QPersistentModelIndex
_HEADERS = ("Verdict", "Line", "Step", "Predicted", "Observed", "Took", "Layer")
_VERDICT, _LINE, _STEP, _PREDICTED, _OBSERVED, TOOK, LAYER = range(7)
_ICONS = {Verdict.RIGHT: "double-check", Verdict.UNCERTAIN_RIGHT: "double-check", Verdict.WRONG: "not-equal",
          Verdict.UNCERTAIN_WRONG: "not-equal", Verdict.KNOWN_EARLIER: "clock", Verdict.ASSUMED_EARLIER: "clock",
          Verdict.NOT_COMPARED: "slash"}


class RowModel(RowsModel):
    """Lines of one build; a difference is bold and marked, and keeps its words."""

    headers = _HEADERS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[StepComparison, ...] = ()
        self._look: Theme | None = None
        self._fonts: tuple[QFont, ...] = (QFont(),) * 4
        self._icons: dict[tuple[str, str], QIcon] = {}

    @property
    def rows(self) -> tuple[StepComparison, ...]:
        """The lines."""
        return self._rows

    def show(self, rows: tuple[StepComparison, ...]) -> None:
        """Show these lines; if they have the same names as before, the selection stays."""
        if [r.name for r in rows] == [r.name for r in self._rows]:
            if rows != self._rows:
                self._rows = rows
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_HEADERS) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        fixed = fixed_font(font)
        self._look, self._fonts, self._icons = look, (font, bold(font), fixed, bold(fixed)), {}
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(_HEADERS) - 1))

    def row_total(self) -> int:
        return len(self._rows)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            text = _text(row, column)
            return " ".join((_step_text(text) if column == _STEP and row.line else text).split("\n"))
        if role == COPY_ROLE:
            return _text(row, column) if column != _VERDICT else _word(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (row.name, row.note or row.cause) if part)
        if role == Qt.ItemDataRole.FontRole:
            return self._fonts[(2 if column == _STEP else 0) + row.differs]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (_LINE, TOOK, LAYER):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DecorationRole and column == _VERDICT and self._look is not None:
            return self._mark(row, self._look)
        if role == Qt.ItemDataRole.ForegroundRole and self._look is not None and row.verdict is Verdict.NOT_COMPARED:
            return QColor(self._look.muted)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == _VERDICT:
            return _word(row)
        return None

    def _mark(self, row: StepComparison, look: Theme) -> QIcon | None:
        if row.verdict is Verdict.OPEN:
            name = {"running": "build", "cached": "check", "run": "check", "failed": "cross"}.get(row.observed)
            return self._icon(name, look.accent if row.observed == "running" else look.muted) if name else None
        colour = look.error if row.differs else look.accent if row.verdict.held else look.muted
        return self._icon(_ICONS[row.verdict], colour)

    def _icon(self, name: str, colour: str) -> QIcon:
        return self._icons.setdefault((name, colour), icon(name, colour))


def _step_text(name: str) -> str:
    """A step without stage and number; a base that was replaced under its own name."""
    replaced = re.match(r"\[context ([^\]]+)\] ", name)
    return f"FROM {replaced[1]}" if replaced else text_of(name)


def _word(row: StepComparison) -> str:
    return row.verdict.value if row.verdict is not Verdict.OPEN else row.observed


def _text(row: StepComparison, column: int) -> str:
    if column == _LINE:
        return str(row.line) if row.line else ""
    if column == _STEP:
        return row.name
    if column == _PREDICTED:
        return row.predicted + ("" if row.certain else " ?")
    if column == _OBSERVED:
        return row.observed
    if column == _VERDICT:
        return row.verdict.value if row.verdict is not Verdict.OPEN else ""
    if column == TOOK:
        return f"{row.seconds:.1f} s" if row.seconds >= 0.05 or row.observed == "run" else ""
    if column == LAYER:
        return size_text(row.size) if row.size is not None else ""
    return ""
