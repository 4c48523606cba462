"""Many builds in a narrow strip: all can be reached."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.timeline.entry_button import EntryButton


def test_builds_that_have_no_room_are_reached_by_button_wheel_and_keys(qtbot: QtBot, opened: MainWindow) -> None:
    strip, bench = opened.timeline, opened.workbench
    left, right = (next(b for b in strip.findChildren(QToolButton) if b.accessibleName() == name)
                   for name in ("Earlier builds", "Later builds"))
    assert left.isHidden() and right.isHidden()
    for number in range(7):
        bench.build(f"a build with a long name, number {number}")
    QApplication.processEvents()
    assert left.isVisible() and left.isEnabled()

    def seen(button: EntryButton) -> bool:
        return button.visibleRegion().boundingRect().width() == button.width()
    first, *_, last = strip.builds.buttons
    assert seen(last) and not seen(first)               # the current one
    while left.isEnabled():
        QTest.mouseClick(left, Qt.MouseButton.LeftButton)
    assert seen(first) and right.isEnabled()
    for _ in range(40):
        QApplication.sendEvent(strip, QWheelEvent(QPointF(300, 10), QPointF(300, 10), QPoint(), QPoint(0, -120),
                                                  Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
                                                  Qt.ScrollPhase.NoScrollPhase, False))
    assert seen(last) and not seen(first) and not right.isEnabled()
    strip.builds.buttons[1].setFocus()
    QTest.keyClick(strip.builds.buttons[1], Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert first.hasFocus() and seen(first)
    bench.go_to(1)
    QApplication.processEvents()
    assert seen(strip.builds.buttons[0])
