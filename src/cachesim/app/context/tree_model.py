"""How does a tree view see a context of 100,000 files without touching all of them?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QIcon

from cachesim.app.context.cells import Cells, Column, View, file_count
from cachesim.app.context.changes import Change, ContextDiff, diff, only_files_differ
from cachesim.app.report.panel import bold, icon_size
from cachesim.app.theme import Theme, icon
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, os_bytes

__all__ = ["HEADERS", "PATH_ROLE", "ContextModel"]

_INDEX = QModelIndex | QPersistentModelIndex
PATH_ROLE = Qt.ItemDataRole.UserRole + 2
HEADERS = ("Name", "Size", "Mode", "State")
_STATE_TIP = "What changed since the last build decides what runs; the bulb marks what differs from your disk"


class _Node:
    """One row that somebody looked at; its children are made when first asked for."""

    __slots__ = ("entry", "gone", "number", "order", "parent", "path", "row", "rows")

    def __init__(self, parent: _Node | None, row: int, path: str, entry: FileEntry, gone: bool, number: int) -> None:
        self.parent, self.row, self.path, self.entry, self.gone, self.number = parent, row, path, entry, gone, number
        self.order: list[str] | None = None         # names of the children, as shown
        self.rows: dict[int, _Node] = {}


class ContextModel(QAbstractItemModel):
    """Lazy, sorted and filtered rows over an immutable tree; nodes exist only for rows that were shown."""

    cells_changed = Signal()        # all of them, at every depth: a view repaints

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cells = Cells()
        self._filter = ""
        self._matches: dict[str, set[str]] | None = None       # folder -> names that lead to a match
        self._sort, self._descending = Column.NAME, False
        self._nodes: list[_Node] = []
        self._icons: dict[str, QIcon] = {}
        self._muted = QBrush()
        self._fonts: tuple[QFont, QFont] = (QFont(), QFont())
        self._new_root()

    # -- what is shown --

    def set_view(self, view: View, other_reads: bool = True) -> None:
        """Show another state; rows are made anew only if files, filter or their order may differ.

        Args:
            other_reads: Whether the steps may read other files than those of the view before.
        """
        old, self.cells.view = self.cells.view, view
        by_name = self._sort == Column.NAME or old.tree is view.tree
        if by_name and _deleted(old.edits) == _deleted(view.edits) and _same_rows(self._nodes[0], view.tree):
            _adopt(self._nodes[0], view.tree)
            changed = diff(old.tree, view.tree).paths
            if other_reads or replace(old, tree=view.tree) != view or not only_files_differ(old.tree, view.tree, changed):
                self.refresh_cells()
            else:
                self._refresh_rows(changed)
        else:
            self._reset()

    def set_filter(self, text: str) -> None:
        """Show only paths that contain the text (any case), and the folders above them."""
        text = text.strip().lower()
        if text != self._filter:
            self._filter = text
            self._reset()

    @property
    def filtering(self) -> bool:
        return bool(self._filter)

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        self._fonts = (font, bold(font))
        size = icon_size(font)
        self._icons = {name: icon(name, look.muted, size) for name in ("folder", "file", "link", "ignored")}
        self._icons["edited"], self._icons["built"] = (icon("whatif", tone, size) for tone in (look.accent, look.muted))
        self._icons.update({f"marked {name}": icon(name, look.accent, size) for name in ("folder", "file", "link")})
        self._muted = QBrush(QColor(look.muted))
        self.refresh_cells()

    def refresh_cells(self) -> None:
        """Say that every shown cell may read differently; one signal, however many folders are open."""
        last = self.rowCount() - 1
        if last >= 0:
            self.dataChanged.emit(self.index(0, 0), self.index(last, len(HEADERS) - 1))
        self.cells_changed.emit()

    def _refresh_rows(self, paths: Iterable[str]) -> None:
        """Say that these may read differently, where somebody looks."""
        for path in paths:
            node: _Node | None = self._nodes[0]
            for name in path.split("/"):
                rows = node.rows.values() if node is not None else ()
                node = next((row for row in rows if row.path.rpartition("/")[2] == name), None)
            if node is not None:
                self.dataChanged.emit(self.createIndex(node.row, 0, node.number),
                                      self.createIndex(node.row, len(HEADERS) - 1, node.number))

    def path(self, index: _INDEX) -> str:
        """The context path of a row ("" for the root)."""
        return self._node(index).path

    def entry(self, index: _INDEX) -> FileEntry:
        """What lies there."""
        return self._node(index).entry

    def shown_folders(self, parent: _INDEX) -> list[QModelIndex]:
        """Folders directly below a row that somebody looked at."""
        return [self.createIndex(child.row, 0, child.number) for child in self._node(parent).rows.values()
                if child.entry.is_dir]

    def index_of(self, path: str) -> QModelIndex:
        """The row of a path; invalid if it is not shown."""
        at = QModelIndex()
        for name in path.split("/") if path else ():
            names = self._names(self._node(at))
            if name not in names:
                return QModelIndex()
            at = self.index(names.index(name), 0, at)
        return at

    # -- Qt's questions --

    def columnCount(self, parent: _INDEX = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return len(HEADERS)

    def rowCount(self, parent: _INDEX = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() and parent.column() > 0 else len(self._names(self._node(parent)))

    def hasChildren(self, parent: _INDEX = QModelIndex()) -> bool:  # noqa: B008
        node = self._node(parent)
        if node.gone or (parent.isValid() and parent.column() > 0):
            return False
        if node.order is not None or self._matches is not None:
            return bool(self._names(node))
        return bool(node.entry.children) or self._deleted_below(node)

    def index(self, row: int, column: int, parent: _INDEX = QModelIndex()) -> QModelIndex:  # noqa: B008
        node = self._node(parent)
        names = self._names(node)
        if not (0 <= row < len(names) and 0 <= column < len(HEADERS)):
            return QModelIndex()
        child = node.rows.get(row)
        if child is None:
            child = self._make(node, row, names[row])
        return self.createIndex(row, column, child.number)

    def parent(self, index: _INDEX = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        above = self._node(index).parent if index.isValid() else None
        if above is None or above.parent is None:
            return QModelIndex()
        return self.createIndex(above.row, 0, above.number)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole and section == Column.STATE:
            return _STATE_TIP
        return None

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node, column = self._node(index), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cells.text(node.path, node.entry, node.gone, column)
        if role == Qt.ItemDataRole.DecorationRole and column == Column.NAME:
            return self._icons.get(self.cells.icon(node.path, node.entry, node.gone))
        if role == Qt.ItemDataRole.DecorationRole and column == Column.STATE:
            return self._icons.get(self.cells.edited(node.path))
        if role == Qt.ItemDataRole.FontRole:
            if node.gone:
                struck = QFont(self._fonts[0])
                struck.setStrikeOut(column == Column.NAME)
                return struck
            return self._fonts[self.cells.marked(node.path, node.gone)]
        if role == Qt.ItemDataRole.ForegroundRole and (node.gone or self.cells.ignored(node.path)):
            return self._muted
        if role == Qt.ItemDataRole.TextAlignmentRole and column == Column.SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{node.path}\n{self.cells.state(node.path, node.entry, True)}" + (
                f"\nmode {node.entry.mode:04o}" if column == Column.MODE else "")
        if role == Qt.ItemDataRole.AccessibleTextRole and column == Column.NAME:
            return f"{node.path.rpartition('/')[2]}, {self.cells.state(node.path, node.entry, True)}"
        return node.path if role == PATH_ROLE else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        descending = order is Qt.SortOrder.DescendingOrder
        if column >= 0 and (column, descending) != (self._sort, self._descending):
            self._sort, self._descending = column, descending
            self._reset()

    # -- rows --

    def _reset(self) -> None:
        self.beginResetModel()
        self._matches = _matches(self.cells.view.tree, self.cells.view.disk, self._filter) if self._filter else None
        self._new_root()
        self.endResetModel()

    def _new_root(self) -> None:
        self._nodes = []
        self._nodes.append(_Node(None, 0, "", self.cells.view.tree, False, 0))

    def _node(self, index: _INDEX) -> _Node:
        number = index.internalId() if index.isValid() else 0
        return self._nodes[number] if number < len(self._nodes) else self._nodes[0]

    def _make(self, parent: _Node, row: int, name: str) -> _Node:
        path = f"{parent.path}/{name}" if parent.path else name
        entry, gone = parent.entry.children.get(name), False
        if entry is None:
            was = self._disk(path)
            entry, gone = was or EMPTY_DIR, True
        node = _Node(parent, row, path, entry, gone, len(self._nodes))
        self._nodes.append(node)
        parent.rows[row] = node
        return node

    def _disk(self, path: str) -> FileEntry | None:
        node: FileEntry | None = self.cells.view.disk
        for part in path.split("/") if path else ():
            node = node.children.get(part) if node is not None else None
        return node

    def _deleted_below(self, node: _Node) -> bool:
        return self.cells.view.edits.below.get(node.path, 0) > 0

    def _names(self, node: _Node) -> list[str]:
        if node.order is None:
            node.order = [] if node.gone else self._ordered(node)
        return node.order

    def _ordered(self, node: _Node) -> list[str]:
        children = node.entry.children
        names = list(children)
        if self._deleted_below(node):
            was = self._disk(node.path)
            names += [name for name in (was.children if was is not None else ()) if name not in children]
        if self._matches is not None:
            wanted = self._matches.get(node.path, set())
            names = [name for name in names if name in wanted]
        names.sort(key=os_bytes)
        if self._sort == Column.NAME:
            names.sort(key=str.lower, reverse=self._descending)
        else:
            names.sort(key=lambda name: self._sort_key(node, name), reverse=self._descending)
        names.sort(key=lambda name: not (name in children and children[name].is_dir))     # folders first, always
        return names

    def _sort_key(self, node: _Node, name: str) -> Any:
        entry = node.entry.children.get(name) or EMPTY_DIR
        if self._sort == Column.SIZE:
            return file_count(entry) if entry.is_dir else entry.size
        if self._sort == Column.MODE:
            return entry.mode
        return self.cells.state(f"{node.path}/{name}" if node.path else name, entry)


def _deleted(edits: ContextDiff) -> set[str]:
    """Paths that have a row only because they lie on disk."""
    return {path for path, change in edits.paths.items() if change is Change.DELETED}


def _same_rows(node: _Node, entry: FileEntry) -> bool:
    """Whether another entry gives the same rows wherever somebody looked; only the way to what differs is walked."""
    if node.entry is entry:
        return True
    old, new = node.entry.children, entry.children
    if node.entry.kind is not entry.kind or (old is not new and old.keys() != new.keys()):
        return False
    return all(child.gone or _same_rows(child, new[child.path.rpartition("/")[2]]) for child in node.rows.values())


def _adopt(node: _Node, entry: FileEntry) -> None:
    """Put the new entries into the rows."""
    if node.entry is entry:
        return
    node.entry = entry
    for child in node.rows.values():
        if not child.gone:
            _adopt(child, entry.children[child.path.rpartition("/")[2]])


def _matches(tree: FileEntry, disk: FileEntry, text: str) -> dict[str, set[str]]:
    """For each folder the names that match or lead to a match; a matching folder shows all it holds."""
    found: dict[str, set[str]] = {}

    def visit(node: FileEntry, was: FileEntry | None, prefix: str, inside: bool) -> bool:
        names: set[str] = set()
        old = was.children if was is not None else {}
        for name, child in node.children.items():
            hit = inside or text in (prefix + name).lower()
            if hit and not child.is_dir:
                names.add(name)
            elif child.is_dir:
                below = visit(child, old.get(name), f"{prefix}{name}/", hit)
                if below or hit:
                    names.add(name)
        names.update(name for name in old if name not in node.children and (inside or text in (prefix + name).lower()))
        if names:
            found[prefix[:-1]] = names
        return bool(names)
    visit(tree, disk, "", False)
    return found
