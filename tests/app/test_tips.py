"""Long hints have lines that break; short ones stay as they are."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem, QToolTip
from pytestqt.qtbot import QtBot

from cachesim.app.report.table import Table
from cachesim.app.tips import wrapped

LONG = "a build argument <V> & every RUN below it: " + "another value runs them again, " * 6


@pytest.mark.parametrize("text", ["", "short", "short\nand short", f"<qt>{LONG}</qt>"])
def test_what_needs_no_break_stays(text: str) -> None:
    assert wrapped(text) == text


def test_a_long_one_becomes_text_whose_lines_break() -> None:
    tip = wrapped(f"{LONG}\n(rule)")
    assert tip.startswith("<qt>") and "&lt;V&gt; &amp; every" in tip and "\n(rule)" in tip and "pre-wrap" in tip


def test_a_cell_shows_its_tip_no_wider_than_an_eye_follows(qtbot: QtBot) -> None:
    model = QStandardItemModel(1, 1)
    item = QStandardItem("cell")
    item.setToolTip(LONG)
    model.setItem(0, 0, item)
    table = Table("Cells", model, {0: 1})
    qtbot.addWidget(table)
    table.show()
    event = QHelpEvent(QEvent.Type.ToolTip, QPoint(5, 5), table.mapToGlobal(QPoint(5, 5)))
    assert table.itemDelegate().helpEvent(event, table, QStyleOptionViewItem(), model.index(0, 0))
    shown = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "qtooltip_label")
    metrics = shown.fontMetrics()
    assert shown.width() < 100 * metrics.averageCharWidth() < metrics.horizontalAdvance(LONG)
    assert shown.height() > 2 * metrics.height()
    QToolTip.hideText()
