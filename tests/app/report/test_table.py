"""Who gets the room of a table?"""

from __future__ import annotations

from PySide6.QtGui import QStandardItem, QStandardItemModel
from pytestqt.qtbot import QtBot

from cachesim.app.report.table import Table


def test_a_hidden_column_takes_no_room(qtbot: QtBot) -> None:
    model = QStandardItemModel(1, 3)
    model.setHorizontalHeaderLabels(["Proposal", "Saves", "The rule behind it, in full"])
    table = Table("Proposals", model, {0: 1})
    qtbot.addWidget(table)
    table.resize(500, 200)
    table.show()
    table.setColumnHidden(2, True)
    table.fit()
    assert table.columnWidth(0) + table.columnWidth(1) == table.viewport().width()


def test_a_table_that_wraps_shows_the_whole_of_a_long_text(qtbot: QtBot) -> None:
    model = QStandardItemModel(0, 2)
    model.setHorizontalHeaderLabels(["Line", "Problem"])
    table = Table("Problems", model, {1: 1}, wraps=True)
    qtbot.addWidget(table)
    table.resize(500, 300)
    table.show()
    for text in ("short", "Another VERSION runs lines 6 and 9 again, but line 10 is the first that reads it: " * 2):
        model.appendRow([QStandardItem("4"), QStandardItem(text)])
    table.fit()
    short, long = table.rowHeight(0), table.rowHeight(1)
    assert short == table.verticalHeader().defaultSectionSize() and long > 2 * table.fontMetrics().height()
    table.resize(2000, 300)
    assert table.rowHeight(1) < long
