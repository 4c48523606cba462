"""Tests of app/context/tree_model.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from cachesim.app.context.cells import Column, View, file_count
from cachesim.app.context.changes import diff
from cachesim.app.context.tree_model import PATH_ROLE, ContextModel
from cachesim.app.theme import LIGHT
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot, directory, regular_file, symlink
from cachesim.digest import Digest

SNAPSHOT = ContextSnapshot.of({"b.txt": b"12345", "A.txt": b"1", "src/app.py": b"x" * 1300, "src/deep/er/z.py": b"",
                               "node_modules/m.js": b"1"}).with_entry("link", symlink("b.txt"))


@pytest.fixture
def model(qtbot: QtBot) -> ContextModel:
    model = ContextModel()
    model.set_look(LIGHT, QFont())
    model.set_view(View(tree=SNAPSHOT.tree, disk=SNAPSHOT.tree, matcher=IgnoreMatcher.parse("node_modules\n")))
    return model


def _names(model: ContextModel, parent: QModelIndex | None = None) -> list[str]:
    parent = parent if parent is not None else QModelIndex()
    return [str(model.index(row, 0, parent).data(PATH_ROLE)) for row in range(model.rowCount(parent))]


def _edited(model: ContextModel, context: ContextSnapshot) -> None:
    view = model.cells.view
    model.set_view(replace(view, tree=context.tree, edits=diff(view.disk, context.tree)))


def test_qt_finds_nothing_wrong_with_it(model: ContextModel) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    model.sort(Column.SIZE, Qt.SortOrder.DescendingOrder)
    model.set_filter("py")
    model.set_filter("")
    _edited(model, SNAPSHOT.without("b.txt"))
    assert tester.model() is model


def test_folders_come_first_then_names_in_any_case(model: ContextModel) -> None:
    assert _names(model) == ["node_modules", "src", "A.txt", "b.txt", "link"]
    model.sort(Column.NAME, Qt.SortOrder.DescendingOrder)
    assert _names(model) == ["src", "node_modules", "link", "b.txt", "A.txt"]


@pytest.mark.parametrize(("column", "last"), [(Column.SIZE, "b.txt"), (Column.MODE, "link")])
def test_other_columns_sort_too(model: ContextModel, column: int, last: str) -> None:
    model.sort(column, Qt.SortOrder.AscendingOrder)
    assert _names(model)[-1] == last


def test_cells_say_size_mode_and_state(model: ContextModel) -> None:
    def cells(path: str) -> list[str]:
        index = model.index_of(path)
        return [str(index.siblingAtColumn(column).data()) for column in range(model.columnCount())]
    assert cells("src") == ["src", "2 files", "drwxr-xr-x", "no step reads it"]
    assert cells("src/app.py") == ["app.py", "1.3 kB", "-rw-r--r--", "no step reads it"]
    assert cells("node_modules") == ["node_modules", "1 file", "drwxr-xr-x", "ignored by line 1"]
    assert cells("node_modules/m.js")[3] == "ignored by line 1"
    assert cells("link")[0] == "link → b.txt"


def test_parents_and_paths_agree(model: ContextModel) -> None:
    index = model.index_of("src/deep/er/z.py")
    assert model.path(index) == "src/deep/er/z.py"
    assert model.path(index.parent()) == "src/deep/er"
    assert model.path(index.parent().parent().parent()) == "src"
    assert not index.parent().parent().parent().parent().isValid()
    assert not model.index_of("no/such").isValid()


def test_a_filter_shows_matches_with_their_folders(model: ContextModel) -> None:
    model.set_filter("DEEP")
    assert _names(model) == ["src"]
    assert _names(model, model.index_of("src/deep/er")) == ["src/deep/er/z.py"]
    model.set_filter("nothing like it")
    assert model.rowCount() == 0
    assert not model.hasChildren(QModelIndex())


def test_an_edit_that_keeps_the_names_keeps_the_rows(qtbot: QtBot, model: ContextModel) -> None:
    index = model.index_of("src/app.py")
    with qtbot.assertNotEmitted(model.modelReset):
        _edited(model, SNAPSHOT.with_bytes("src/app.py", b"other"))
    assert index.siblingAtColumn(Column.SIZE).data() == "5 B"
    assert index.siblingAtColumn(Column.STATE).data() == "no step reads it, differs from disk"
    assert index.parent().siblingAtColumn(Column.STATE).data() == "no step reads it, 1 differs from disk"


def test_a_new_or_deleted_path_makes_new_rows(qtbot: QtBot, model: ContextModel) -> None:
    _ = model.index_of("src/app.py")
    with qtbot.waitSignal(model.modelReset):
        _edited(model, SNAPSHOT.with_bytes("src/new.py", b""))
    assert "not on disk" in str(model.index_of("src/new.py").siblingAtColumn(Column.STATE).data())
    with qtbot.waitSignal(model.modelReset):
        _edited(model, SNAPSHOT.without("src"))
    gone = model.index_of("src")
    assert gone.siblingAtColumn(Column.STATE).data() == "deleted, is on disk"
    assert gone.data(Qt.ItemDataRole.FontRole).strikeOut()
    assert not model.hasChildren(gone)


def test_the_last_file_of_a_folder_stays_to_be_seen(model: ContextModel) -> None:
    _edited(model, SNAPSHOT.without("node_modules/m.js"))
    assert _names(model, model.index_of("node_modules")) == ["node_modules/m.js"]


def test_only_what_is_shown_is_made(qtbot: QtBot) -> None:
    folder = directory({f"f{n:06}": regular_file(Digest(""), n) for n in range(100_000)})
    model = ContextModel()
    model.set_view(View(tree=directory({"big": folder, "other": directory()}), disk=folder))
    assert model.rowCount() == 2
    top = model.index_of("big")
    assert model.rowCount(top) == 100_000
    assert model.index(99_999, 0, top).data() == "f099999"
    assert len(model._nodes) < 10
    assert file_count(folder) == 100_000


def test_odd_names_do_no_harm(model: ContextModel) -> None:
    odd = ContextSnapshot.of({"a\nb": b"", "\udcff\udcfe": b"", "<b>": b""})
    model.set_view(View(tree=odd.tree, disk=odd.tree))
    for row in range(3):
        for column in range(4):
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
                _ = model.index(row, column).data(role)


def test_where_one_file_changed_only_its_row_is_read_again(model: ContextModel) -> None:
    _names(model)
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    view = model.cells.view
    model.set_view(replace(view, tree=SNAPSHOT.with_bytes("b.txt", b"longer than before", mtime_ns=1).tree), False)
    assert told == [(3, 3)]
    assert model.index(3, Column.SIZE).data() == "18 B"
    model.set_view(replace(view, tree=SNAPSHOT.with_bytes("src/deep/er/z.py", b"1", mtime_ns=1).tree), False)
    assert (3, 3) in told[1:] and (1, 1) not in told       # nobody looked into the folder, but b.txt is back
    del told[:]
    model.set_view(model.cells.view, True)
    assert told == [(0, 4)]                                 # other steps may read any of them
