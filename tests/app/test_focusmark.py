"""The pane that has the keys is framed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow


@pytest.mark.parametrize("theme", ["Light", "Dark", "High contrast"])
def test_f6_moves_a_frame_of_two_pixels_from_pane_to_pane(qtbot: QtBot, opened: MainWindow, theme: str) -> None:
    bench = opened.workbench
    bench.set_settings(replace(bench.settings, theme=theme))
    seen = []
    for _ in range(4):
        QTest.keyClick(opened, Qt.Key.Key_F6)
        QApplication.processEvents()
        pane, focus = opened.mark.pane, QApplication.focusWidget()
        assert pane is not None and focus is not None and (pane is focus or pane.isAncestorOf(focus))
        at = pane.mapTo(opened, QPoint())
        picture = opened.grab().toImage()
        frame = QColor(bench.look.text if bench.look.border > 1 else bench.look.accent)
        for off in (0, 1):
            assert picture.pixelColor(at.x() + off, at.y() + pane.height() // 2) == frame
        seen.append(pane)
    assert len(set(map(id, seen))) == 4
