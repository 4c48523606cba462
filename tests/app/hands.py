"""A person's hands: keys go to what has the focus, clicks to what can be seen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QPushButton, QWidget

Key, NO_MOD, CTRL = Qt.Key, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


def focused() -> QWidget:
    """Where a key goes: the open menu or list, else the widget with the focus."""
    there = (QApplication.activePopupWidget() or QApplication.activeModalWidget() or QApplication.focusWidget()
             or QApplication.activeWindow())
    assert there is not None
    inner = there.focusWidget() if not isinstance(there, QMenu) else None
    return inner or there


def press(*keys: Qt.Key, mod: Qt.KeyboardModifier = NO_MOD) -> None:
    for key in keys:
        QTest.keyClick(focused(), key, mod)


def type_text(text: str) -> None:
    QTest.keyClicks(focused(), text)


def click_entry(menu: QMenu, words: str) -> None:
    """Click an entry of an open menu."""
    action = next(a for a in menu.actions() if a.text().replace("&", "").startswith(words))
    at = menu.actionGeometry(action).center()
    QTest.mouseMove(menu, at)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, NO_MOD, at)


def popup() -> QMenu:
    """The menu that is open on top."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def in_dialog(kind: type[QDialog], act: Callable[[QDialog], object], *, tries: int = 200) -> None:
    """Do something in the next dialog of a kind, which keeps the caller waiting until it closes."""
    def look() -> None:
        nonlocal tries
        tries -= 1
        dialog = next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)
        if dialog is not None:
            act(dialog)
        elif tries > 0:
            QTimer.singleShot(10, look)
    QTimer.singleShot(0, look)


def click(where: QWidget, words: str) -> None:
    """Click the button that says this, somewhere in a widget."""
    button = next(b for b in where.findChildren(QPushButton) if b.text() == words and b.isVisible())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
