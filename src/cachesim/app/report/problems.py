"""What is wrong with the Dockerfile, and where?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from cachesim.app.report.panel import Panel, icon_size
from cachesim.app.report.table import RowsModel, Table
from cachesim.app.theme import Theme, icon
from cachesim.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ProblemsModel", "ProblemsPanel", "severity_icons"]

_INDEX = QModelIndex | QPersistentModelIndex
_HEADERS = ("Severity", "Line", "Problem")
_WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.HINT: "Hint"}


def severity_icons(look: Theme, font: QFont) -> dict[Severity, QIcon]:
    """An icon for each severity, as large as the text beside it."""
    size = icon_size(font)
    return {Severity.ERROR: icon("error", look.error, size), Severity.WARNING: icon("warning", look.warning, size),
            Severity.HINT: icon("hint", look.accent, size)}


class ProblemsModel(RowsModel):
    """Diagnostics as a table, in the order of the file."""

    headers = _HEADERS

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Diagnostic, ...] = ()
        self._icons: dict[Severity, QIcon] = {}

    @property
    def rows(self) -> tuple[Diagnostic, ...]:
        return self._rows

    def set_rows(self, rows: tuple[Diagnostic, ...]) -> None:
        """Show other diagnostics."""
        ordered = tuple(sorted(rows, key=lambda d: d.span))
        if ordered != self._rows:
            self.beginResetModel()
            self._rows = ordered
            self.endResetModel()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take the theme's colours and the size of the text."""
        self._icons = severity_icons(look, font)
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))

    def row_total(self) -> int:
        return len(self._rows)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (_WORDS[row.severity], str(row.span.line), row.message)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.message + (f"\n({row.code})" if row.code else "")
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return self._icons.get(row.severity)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class ProblemsPanel(Panel):
    """All diagnostics; Enter or a double click jumps to the line."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Problems", parent)
        self.model = ProblemsModel(self)
        self.table = Table("Problems in the Dockerfile", self.model, {2: 1}, self, wraps=True)
        self._empty = QLabel("No problems found.", wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.table)
        self.table.activated.connect(self._jump)
        workbench.diagnostics_changed.connect(self._take)
        self.apply_look(workbench.look)
        self._take(workbench.diagnostics)

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.table.font())

    def refresh(self) -> None:
        self._stack.setCurrentIndex(1 if self.model.rows else 0)

    @Slot(object)
    def _take(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.model.set_rows(tuple(diagnostics))
        self._stack.setCurrentIndex(1 if diagnostics else 0)

    @Slot(QModelIndex)
    def _jump(self, index: QModelIndex) -> None:
        self._workbench.activate_line(self.model.rows[index.row()].span.line)
