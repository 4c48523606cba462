"""What can every table of a report do? Copy, leave by Tab, open by Enter, grow with the font."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyleOptionViewItem, QTableView, QWidget

from cachesim.app.report.panel import copy_text, icon_size
from cachesim.app.tips import TipDelegate

__all__ = ["COPY_ROLE", "RowsModel", "Table"]

_TITLE_MARGIN = 17
_LEAD = 8               # px between the words of two rows that wrap
COPY_ROLE = Qt.ItemDataRole.UserRole + 1     # the whole value of a cell, where the shown one is shortened


class RowsModel(QAbstractTableModel):
    """Rows under fixed headers; a subclass says how many rows there are (`row_total`) and what is in them (`data`)."""

    headers: Sequence[str] = ()

    def row_total(self) -> int:
        """Number of rows."""
        raise NotImplementedError

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else self.row_total()

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.headers[section]
        return None


class _CutAtEnd(TipDelegate):
    """Leaves out the end of some columns: an instruction is known by its beginning."""

    def __init__(self, columns: frozenset[int], parent: QWidget) -> None:
        super().__init__(parent)
        self._columns = columns

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if index.column() in self._columns:
            option.textElideMode = Qt.TextElideMode.ElideRight


class Table(QTableView):
    """Rows to read: whole rows are selected, Ctrl+C copies them with tabs between, Enter emits `activated`.

    `shares` says which columns divide the room that the others leave, and how; `margin` is added to what text needs.
    What is too long in a column of `begin` loses its end, elsewhere its middle; where the table `wraps`, rows grow instead.
    """

    def __init__(self, name: str, model: QAbstractItemModel, shares: dict[int, int],
                 parent: QWidget | None = None, margin: int = 16, begin: frozenset[int] = frozenset(),
                 wraps: bool = False) -> None:
        super().__init__(parent)
        self._margin, self._wraps = margin, wraps
        self.setAccessibleName(name)
        self.setModel(model)
        self._shares = shares
        self.setItemDelegate(_CutAtEnd(begin, self) if begin else TipDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(wraps)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(24)
        header.setStretchLastSection(model.columnCount() - 1 in shares)
        for column in range(model.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        self._copy = QAction("Copy\tCtrl+C", self)     # the key is taken in keyPressEvent: the window has it too
        self._copy.setStatusTip("Copy the selected rows")
        self._copy.triggered.connect(self.copy)
        self._copy_cell = QAction("Copy value", self)
        self._copy_cell.setStatusTip("Copy the value of the current cell")
        self._copy_cell.triggered.connect(self.copy_cell)
        self.addActions([self._copy, self._copy_cell])
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        model.modelReset.connect(self.fit)
        self._fit_rows()

    @Slot()
    def copy(self) -> None:
        """Copy the selected rows, or all of them if none is selected."""
        model = self.model()
        rows = sorted({index.row() for index in self.selectedIndexes()}) or list(range(model.rowCount()))
        lines = ["\t".join(_value(model.index(row, column)) for column in range(model.columnCount())) for row in rows]
        copy_text("\n".join(lines))

    @Slot()
    def copy_cell(self) -> None:
        """Copy the whole value of the current cell."""
        if self.currentIndex().isValid():
            copy_text(_value(self.currentIndex()))

    @Slot()
    def fit(self) -> None:
        """Give the short columns what they need, and the rest to the others by their shares."""
        header, model, metrics = self.horizontalHeader(), self.model(), self.fontMetrics()
        rest = whole = self.viewport().width()
        shares = {column: share for column, share in self._shares.items() if not self.isColumnHidden(column)}
        for column in range(model.columnCount()):
            if column not in self._shares and not self.isColumnHidden(column):
                title = str(model.headerData(column, Qt.Orientation.Horizontal) or "")
                width = max(self.sizeHintForColumn(column) + self._margin,
                            metrics.horizontalAdvance(title) + max(self._margin, _TITLE_MARGIN))
                width = min(width, max(metrics.averageCharWidth() * 24, whole // (model.columnCount())))
                header.resizeSection(column, width)
                rest -= width
        for column, share in shares.items():        # a stretched last one takes what is left
            width = rest * share // sum(shares.values())
            header.resizeSection(column, max(metrics.averageCharWidth() * 12, width))
        if self._wraps:
            self.resizeRowsToContents()
            for row in range(model.rowCount()):
                if self.rowHeight(row) > self.verticalHeader().defaultSectionSize():   # not from edge to edge
                    self.setRowHeight(row, self.rowHeight(row) + _LEAD)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()
        if self.currentIndex().isValid():       # what was chosen stays in sight
            self.scrollTo(self.currentIndex())

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) \
                and event.matches(QKeySequence.StandardKey.Copy):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit_rows()
            self.fit()

    def _fit_rows(self) -> None:
        self.setIconSize(QSize(icon_size(self.font()), icon_size(self.font())))
        height = max(24, self.fontMetrics().height() + 8)
        self.verticalHeader().setMinimumSectionSize(height if self._wraps else 20)
        self.verticalHeader().setDefaultSectionSize(height)


def _value(index: QModelIndex) -> str:
    whole = index.data(COPY_ROLE)
    return str(whole if whole is not None else index.data() or "")
