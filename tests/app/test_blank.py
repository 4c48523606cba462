"""A Dockerfile without an instruction: a friendly start, and no failure that nobody caused."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.report.why_panel import WhyPanel

SENTENCE = "Nothing to build yet: start with FROM and an image."


@pytest.fixture
def blank(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A new Dockerfile, nothing typed yet."""
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        window.actions_["new"].trigger()
    return window


def why(window: MainWindow) -> WhyPanel:
    panel = window.panes.docks["why"].content
    assert isinstance(panel, WhyPanel)
    return panel


def shown_buttons(window: MainWindow) -> list[str]:
    return [b.text() for b in window.verdict.findChildren(QPushButton) if b.isVisible()]


def test_it_says_how_to_begin_and_calls_nothing_wrong(qtbot: QtBot, blank: MainWindow) -> None:
    assert blank.verdict.sentence() == SENTENCE and shown_buttons(blank) == []
    assert blank.workbench.diagnostics == ()
    assert blank.graph.cover.empty.isVisible()
    qtbot.waitUntil(lambda: why(blank).story.sentence == "Nothing to build yet.")


def test_either_offer_begins_it(qtbot: QtBot, blank: MainWindow) -> None:
    with qtbot.waitSignal(blank.workbench.report_changed, timeout=15_000):
        blank.graph.cover.empty.button.click()
    assert blank.editor.text.toPlainText() == "FROM alpine\n"
    assert not blank.graph.cover.empty.isVisible()
    with qtbot.waitSignal(blank.workbench.report_changed, timeout=15_000):
        blank.actions_["undo"].trigger()
    blank.workbench.replace_text("# tea", "comment")
    qtbot.waitUntil(lambda: why(blank).story.sentence == "Nothing to build yet.", timeout=15_000)
    why(blank).text.anchorClicked.emit(QUrl("do:begin"))
    assert blank.editor.text.toPlainText() == "# tea\nFROM alpine\n"


def test_what_was_there_before_is_not_shown_dimmed(qtbot: QtBot, opened: MainWindow) -> None:
    with qtbot.waitSignal(opened.workbench.report_changed, timeout=15_000):
        opened.workbench.replace_text("", "delete all")
    assert not opened.workbench.stale and opened.workbench.diagnostics == ()
    assert opened.verdict.sentence() == SENTENCE
