"""A small table of names and values that a person fills in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

__all__ = ["PairTable"]


class PairTable(QWidget):
    """Rows of texts with buttons to add and remove one; empty names are left out of the answer."""

    def __init__(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]],
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, len(columns))
        self.table.setHorizontalHeaderLabels(list(columns))
        self.table.setAccessibleName(name)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for row in rows:
            self.add_row(row)
        add, remove = QPushButton("Add"), QPushButton("Remove")
        add.setAccessibleName(f"Add to {name}")
        remove.setAccessibleName(f"Remove from {name}")
        add.clicked.connect(self._add_empty)
        remove.clicked.connect(self._remove)
        buttons = QHBoxLayout()
        buttons.addWidget(add)
        buttons.addWidget(remove)
        buttons.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.table)
        box.addLayout(buttons)

    def add_row(self, texts: Sequence[str]) -> None:
        """Append one row."""
        at = self.table.rowCount()
        self.table.insertRow(at)
        for column, text in enumerate(texts):
            self.table.setItem(at, column, QTableWidgetItem(text))

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """All rows that have a name."""
        found = (tuple(self._text(row, column) for column in range(self.table.columnCount()))
                 for row in range(self.table.rowCount()))
        return tuple(row for row in found if row[0].strip())

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The first two columns."""
        return tuple((row[0].strip(), row[1]) for row in self.rows())

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text() if item is not None else ""

    @Slot()
    def _add_empty(self) -> None:
        self.add_row([""] * self.table.columnCount())
        self.table.setCurrentCell(self.table.rowCount() - 1, 0)
        self.table.edit(self.table.currentIndex())

    @Slot()
    def _remove(self) -> None:
        if self.table.currentRow() >= 0:
            self.table.removeRow(self.table.currentRow())
