"""What does either of two Dockerfiles do after one edit, step beside step?"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QIcon

from cachesim.app.report.panel import fixed_font, icon_size
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.app.theme import Theme, icon, look_of_step, word_of
from cachesim.simulate.compare import ReportComparison, StepPair
from cachesim.simulate.report import StepReport

__all__ = ["StepsBeside"]

_INDEX = QModelIndex | QPersistentModelIndex
_A, _A_DOES, _B, _B_DOES = range(4)


class StepsBeside(RowsModel):
    """Both step lists, aligned by instruction; a step that the other file lacks stands alone in its row."""

    def __init__(self, parent: QObject | None = None, names: tuple[str, str] = ("A", "B")) -> None:
        super().__init__(parent)
        a, b = names
        self.headers = (f"Step of {a}", f"{a} does", f"Step of {b}", f"{b} does")
        self._pairs: tuple[StepPair, ...] = ()
        self._look: Theme | None = None
        self._fixed, self._side = QFont(), 16
        self._icons: dict[tuple[str, str], QIcon] = {}

    @property
    def pairs(self) -> tuple[StepPair, ...]:
        """The rows."""
        return self._pairs

    def show(self, comparison: ReportComparison | None) -> None:
        """Show other builds."""
        self.beginResetModel()
        self._pairs = comparison.pairs if comparison is not None else ()
        self.endResetModel()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        self._look, self._fixed, self._side, self._icons = look, fixed_font(font), icon_size(font), {}

    def row_total(self) -> int:
        return len(self._pairs)

    def step(self, row: int, column: int) -> StepReport | None:
        """The step that a cell speaks of."""
        pair = self._pairs[row]
        return pair.a if column in (_A, _A_DOES) else pair.b

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = index.column()
        step = self.step(index.row(), column)
        if step is None:
            return None
        if column in (_A, _B):
            text = f"{step.step.line}  {' '.join(step.step.instruction.text.split())}"
            if role == Qt.ItemDataRole.FontRole:
                return self._fixed
            return text if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, COPY_ROLE) else None
        if role in (Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            return f"{word_of(step)}. {step.cause}" if role == Qt.ItemDataRole.ToolTipRole else word_of(step)
        if self._look is None:
            return None
        look = look_of_step(step, self._look)
        if role == Qt.ItemDataRole.DisplayRole:
            return look.short or look.word
        if role == Qt.ItemDataRole.DecorationRole:
            if (look.icon, look.strong) not in self._icons:
                self._icons[look.icon, look.strong] = icon(look.icon, look.strong, self._side)
            return self._icons[look.icon, look.strong]
        return None
