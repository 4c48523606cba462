"""Who gets the room of a table?"""

from __future__ import annotations

from PySide6.QtGui import QStandardItemModel
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
