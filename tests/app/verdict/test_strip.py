"""The strip in a window that is narrow for it."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from tests.app.conftest import THREE_STAGES


def break_text(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.workbench.report_changed, timeout=15_000):
        window.workbench.replace_text(THREE_STAGES, "stages")
    with qtbot.waitSignal(window.workbench.report_stale_changed, timeout=15_000):
        window.workbench.replace_text(THREE_STAGES.replace("CMD", "CDM"), "typo")


def test_a_projector_of_1280_shows_the_whole_window_and_says_which_line_does_not_parse(
        qtbot: QtBot, opened: MainWindow) -> None:
    break_text(qtbot, opened)
    opened.actions_["present"].setChecked(True)
    opened.showNormal()
    opened.resize(1280, 800)
    QApplication.processEvents()
    assert opened.width() == 1280
    qtbot.waitUntil(lambda: opened.verdict.shown_sentence().startswith("unknown instruction: CDM"))
    assert opened.verdict.shown_sentence() == opened.verdict.sentence()         # to its end, which says what was meant
    assert opened.graph.cover.state.text.startswith("Line 12 does not parse")
    opened.resize(900, 800)
    qtbot.waitUntil(lambda: opened.verdict.shown_sentence() == "line 12 does not parse")
    assert opened.width() == 900
    opened.actions_["present"].setChecked(False)


def test_quiet_counts_give_way_to_what_does_not_parse(qtbot: QtBot, opened: MainWindow) -> None:
    break_text(qtbot, opened)
    quiet = [b for b in opened.verdict.count_buttons() if b.quiet]
    opened.resize(1900, 800)
    QApplication.processEvents()
    assert quiet and all(b.isVisible() for b in quiet)
    assert opened.verdict.shown_sentence() == opened.verdict.sentence()
    opened.resize(700, 800)
    QApplication.processEvents()
    assert all(b.text().isdigit() or not b.isVisible() for b in quiet)
    assert "line 12 does not parse" in opened.verdict.shown_sentence()


def test_the_progress_of_reading_is_never_cut(qtbot: QtBot, opened: MainWindow) -> None:
    opened.resize(1280, 800)
    opened.workbench.set_busy("Reading shop")
    opened.verdict.show_progress(12_345, 100_000)
    QApplication.processEvents()
    assert opened.verdict.shown_sentence() == "Reading shop: 12,345 of 100,000 files"
    opened.workbench.set_busy(None)


def test_missing_files_are_named_whole_while_presenting(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.workbench.project_opened, timeout=15_000):
        window.actions_["new"].trigger()
    window.editor.text.insertPlainText(THREE_STAGES)
    qtbot.waitUntil(lambda: window.verdict.sentence().startswith("COPY and ADD"), timeout=15_000)
    window.actions_["present"].setChecked(True)
    window.showNormal()
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: window.verdict.shown_sentence() == "the files are missing")
    window.actions_["present"].setChecked(False)
