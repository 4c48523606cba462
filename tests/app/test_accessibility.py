"""Who cannot see or click can still use the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow


def nameless(root: QWidget) -> list[str]:
    """Focusable widgets that say nothing to a screen reader."""
    found = []
    for widget in root.findChildren(QWidget):
        if isinstance(widget, QMenu) or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus \
                or not widget.isVisibleTo(root) or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget, QTabBar) and widget.count() == 0:     # Qt parks its empty bars outside of the window
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is None or not interface.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    return found


def test_everything_that_takes_the_focus_has_a_name(qtbot: QtBot, opened: MainWindow) -> None:
    for pane in opened.panes.docks:
        opened.panes.show(pane)
    assert nameless(opened) == []


def test_the_welcome_page_too(window: MainWindow) -> None:
    assert nameless(window) == []


def test_tab_leaves_the_editor_by_ctrl_tab(opened: MainWindow) -> None:
    opened.editor.text.setFocus()
    QTest.keyClick(opened.editor.text, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.focusWidget() is not opened.editor.text


def test_tab_walks_through_the_window_and_comes_back(opened: MainWindow) -> None:
    opened.graph.setFocus()
    seen: list[QWidget] = []
    for _ in range(80):
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus is opened.graph and seen:
            break
        seen.append(focus)
        held = Qt.KeyboardModifier
        QTest.keyClick(focus, Qt.Key.Key_Tab, held.ControlModifier if focus is opened.editor.text else held.NoModifier)
    else:
        pytest.fail("the focus never came back")
    assert opened.editor.text in seen


def test_targets_are_large_enough_to_hit(opened: MainWindow) -> None:
    small = [b.text() or b.objectName() for b in opened.findChildren(QAbstractButton)
             if b.isVisible() and b.parent() in (opened.verdict, opened.timeline, opened.toolbar) and b.height() < 24
             and not (isinstance(b, QToolButton) and b.objectName() == "qt_toolbar_ext_button")]
    assert small == []


def test_the_graph_exists_as_a_list(qtbot: QtBot, opened: MainWindow) -> None:
    opened.graph.setFocus()
    opened.actions_["step_list"].trigger()
    assert opened.list.isVisible() and opened.list.hasFocus() and not opened.graph.isVisible()
    QTest.keyClick(opened.list, Qt.Key.Key_End)
    report = opened.workbench.report
    assert report is not None and opened.workbench.selected == report.steps[-1].id
    opened.actions_["step_list"].trigger()
    assert opened.graph.isVisible() and opened.graph.hasFocus()
