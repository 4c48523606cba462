"""How are the files of the context shown as rows, and what stays where it is when the rows are made anew?"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeView

from cachesim.app.context.cells import Column
from cachesim.app.context.tree_model import ContextModel
from cachesim.app.report.panel import bold, icon_size
from cachesim.app.tips import TipDelegate

__all__ = ["FilesTree"]

_KEPT = 1000        # so many selected paths are selected again
_UNFOLDED = 200     # so many rows are opened for a filter; nobody reads beyond


class FilesTree(QTreeView):
    """Rows of one height, folders first, the whole row selected; Tab leaves.

    Open folders, the cursor, the selection and the scroll position outlive a reset of the model.
    """

    def __init__(self, files: ContextModel) -> None:
        super().__init__()
        self._files = files
        self._open: list[str] = []
        self._selected: list[str] = []
        self._current: str | None = None
        self._scroll = 0
        self.setItemDelegate(TipDelegate(self))
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)      # activation does it, by double click and by Enter alike
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.header().setStretchLastSection(True)
        self.header().setMinimumSectionSize(24)
        files.modelAboutToBeReset.connect(self._note_place)     # before the selection forgets it
        self.setModel(files)
        files.modelReset.connect(self._take_place)              # after the view has let go of its own
        files.cells_changed.connect(self.viewport().update)
        self.expanded.connect(self._fit)
        self.activated.connect(self._fold)
        self._fit()

    @Slot(QModelIndex)
    def _fold(self, index: QModelIndex) -> None:
        if self._files.entry(index).is_dir:
            self.setExpanded(index, not self.isExpanded(index))

    # -- which paths --

    def current_path(self) -> str | None:
        """The path that the cursor is on."""
        index = self.currentIndex()
        return self._files.path(index) if index.isValid() else None

    def chosen(self) -> list[str]:
        """The selected paths, each once, none below another."""
        paths = sorted({self._files.path(index) for index in self.selectionModel().selectedRows()} - {""})
        return [p for p in paths if not any(p.startswith(q + "/") for q in paths)]

    def unfold_matches(self) -> None:
        """Open the folders that lead to what a filter found."""
        files, queue, opened = self._files, [QModelIndex()], 0
        while queue and opened < _UNFOLDED:
            parent = queue.pop(0)
            for row in range(min(files.rowCount(parent), _UNFOLDED)):
                index = files.index(row, 0, parent)
                if files.hasChildren(index):
                    self.expand(index)
                    queue.append(index)
                opened += 1

    # -- keep the place --

    @Slot()
    def _note_place(self) -> None:
        rows = self.selectionModel().selectedRows()[:_KEPT]
        self._open = [self._files.path(index) for index in self._open_folders()]
        self._selected = [self._files.path(index) for index in rows]
        self._current = self.current_path()
        self._scroll = self.verticalScrollBar().value()

    @Slot()
    def _take_place(self) -> None:
        self._fit()
        for path in self._open:
            self.expand(self._files.index_of(path))
        if self._current:
            self.setCurrentIndex(self._files.index_of(self._current))
        flags = self.selectionModel().SelectionFlag
        for path in self._selected:
            self.selectionModel().select(self._files.index_of(path), flags.Select | flags.Rows)
        self.verticalScrollBar().setValue(self._scroll)

    def _open_folders(self) -> list[QModelIndex]:
        found, queue = list[QModelIndex](), [QModelIndex()]
        while queue:
            for index in self._files.shown_folders(queue.pop()):
                if self.isExpanded(index):
                    found.append(index)
                    queue.append(index)
        return found

    # -- fit the width --

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if self.currentIndex().isValid():       # what was chosen stays in sight
            self.scrollTo(self.currentIndex())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    @Slot()
    def _fit(self) -> None:
        """Give size and mode what they need, then the names, and the rest to the state.

        Two files are told apart by the ends of their names, so in a narrow pane the size goes, too.
        """
        header, metrics = self.header(), QFontMetrics(bold(self.font()))
        self.setIconSize(QSize(icon_size(self.font()), icon_size(self.font())))
        header.resizeSection(Column.SIZE, metrics.horizontalAdvance("1,000 files") + 14)
        letters = self.viewport().width() // metrics.averageCharWidth()
        self.setColumnHidden(Column.MODE, letters < 75)     # names and states matter more where there is little room
        self.setColumnHidden(Column.SIZE, letters < 52)
        header.resizeSection(Column.MODE, metrics.horizontalAdvance("drwxr-xr-x") + 14)
        rest = self.viewport().width() - sum(header.sectionSize(column) for column in (Column.SIZE, Column.MODE)
                                             if not self.isColumnHidden(column))
        wanted = self.sizeHintForColumn(Column.NAME) + 2 * metrics.averageCharWidth()
        header.resizeSection(Column.NAME, max(metrics.averageCharWidth() * 16, min(wanted, rest * 3 // 5)))
