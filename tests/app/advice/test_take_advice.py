"""The journey of taking advice: look, preview, apply, take back; once with the mouse and once with keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.advice.panel import AdvicePanel
from cachesim.app.mainwindow import MainWindow
from tests.app.conftest import open_project

LEFT, KEY, CTRL = Qt.MouseButton.LeftButton, Qt.Key, Qt.KeyboardModifier.ControlModifier
EARLY = """\
FROM python:3.12-slim
WORKDIR /app
# everything
COPY . .
RUN pip install -r requirements.txt
CMD ["python", "-m", "src"]
"""


@pytest.fixture
def shop(qtbot: QtBot, window: MainWindow, project: Path) -> MainWindow:
    (project / "Dockerfile").write_text(EARLY)
    open_project(qtbot, window, project)
    return window


def advice(qtbot: QtBot, window: MainWindow) -> AdvicePanel:
    """The pane, once it has found something."""
    panel = window.panes.docks["advice"].content
    assert isinstance(panel, AdvicePanel)
    qtbot.waitUntil(lambda: panel.proposal is not None and panel.apply.isEnabled(), timeout=20_000)
    return panel


def click_tab(window: QMainWindow, title: str) -> None:
    bar, at = next((bar, n) for bar in window.findChildren(QTabBar) for n in range(bar.count()) if bar.tabText(n) == title)
    QTest.mouseClick(bar, LEFT, Qt.KeyboardModifier.NoModifier, bar.tabRect(at).center())


def tab_to(widget: QWidget) -> None:
    """Press Tab until a widget has the focus, at most ten times."""
    for _ in range(10):
        here = QApplication.focusWidget()
        if here is widget:
            return
        assert here is not None
        QTest.keyClick(here, KEY.Key_Tab)
    raise AssertionError("not reached by Tab")


def check_taken(qtbot: QtBot, window: MainWindow, proposed: str) -> None:
    """The text is the proposed one, the next edit re-runs less, and one undo brings the old one back."""
    assert window.workbench.state.text == proposed
    assert window.workbench.preview is None
    assert "# everything" in proposed
    qtbot.waitUntil(lambda: window.editor.text.document().isUndoAvailable())
    QTest.keyClick(window, KEY.Key_Z, CTRL)
    qtbot.waitUntil(lambda: window.workbench.state.text == EARLY)
    assert not window.editor.text.document().isUndoAvailable()


def test_with_the_mouse(qtbot: QtBot, shop: MainWindow) -> None:
    click_tab(shop, "Advice")
    panel = advice(qtbot, shop)
    first = panel.table.visualRect(panel.model.index(0, 0)).center()
    QTest.mouseClick(panel.table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, first)
    proposal = panel.proposal
    assert proposal is not None and proposal.saving > 0.3
    QTest.mouseClick(panel.preview, LEFT)
    preview = shop.workbench.preview
    assert preview is not None and preview.graph != shop.workbench.report.graph  # type: ignore[union-attr]
    assert shop.verdict.sentence().startswith("Preview, after an edit of ") and "fewer" in shop.verdict.sentence()
    assert shop.graph.cover.state.text.startswith("Preview, after an edit of ")
    assert shop.workbench.state.text == EARLY, "a preview changes nothing"
    QTest.mouseClick(panel.apply, LEFT, pos=QPoint(5, 5))
    check_taken(qtbot, shop, proposal.text)


def test_with_keys_alone(qtbot: QtBot, shop: MainWindow) -> None:
    QTest.keyClick(shop, KEY.Key_6, CTRL)
    panel = advice(qtbot, shop)
    assert shop.panes.docks["advice"].in_front
    proposal = panel.proposal
    assert proposal is not None
    assert QApplication.focusWidget() is panel.table, "what was found takes the keys"
    QTest.keyClick(panel.table, KEY.Key_Return)
    assert panel.preview.isChecked() and shop.workbench.preview is not None
    tab_to(panel.apply)
    QTest.keyClick(panel.apply, KEY.Key_Space)
    check_taken(qtbot, shop, proposal.text)
