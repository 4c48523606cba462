"""Tests of app/report/why_panel.py and claims.py, with keys and clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAccessible, QTextCursor
from pytestqt.qtbot import QtBot

from cachesim.app.report.lines import Depth
from cachesim.app.report.why_panel import WhyPanel
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT, Theme
from cachesim.app.workbench import Workbench
from cachesim.engines.base import RunClaim, RunClaimKind
from cachesim.graph.model import StepId

COPY_ALL, RUN_BUILD, COPY_DIST = StepId(1, 2), StepId(1, 3), StepId(2, 2)
Settled = Callable[[Workbench], None]


@pytest.fixture
def bench(open_bench: Callable[..., Workbench], settled: Settled) -> Workbench:
    """A project that was built, and then had one file edited."""
    bench = open_bench()
    bench.edit_file("src/app.ts", b"let a = 1000\n", "edit src/app.ts")
    settled(bench)
    return bench


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> WhyPanel:
    panel = WhyPanel(bench)
    qtbot.addWidget(panel)
    panel.resize(640, 300)
    panel.show()
    return panel


def _anchor_at(panel: WhyPanel, text: str) -> None:
    """Put the cursor on a link, as Tab does."""
    cursor = panel.text.document().find(text)
    assert not cursor.isNull(), panel.text.toPlainText()
    panel.text.setTextCursor(cursor)


def test_without_a_selection_it_tells_the_first_cause(panel: WhyPanel) -> None:
    text = panel.text.toPlainText()
    assert "steps would run again" in text
    assert "line 7 COPY . .: src/app.ts changed" in text
    assert panel.text.accessibleDescription() == panel.story.sentence


def test_selecting_fills_it_and_a_link_activates_the_cause(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    bench.select(RUN_BUILD)
    assert "Runs: a step above changed" in panel.text.toPlainText()
    _anchor_at(panel, "line 7 COPY . .")
    with qtbot.waitSignal(bench.activated) as caught:
        qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    assert caught.args == [COPY_ALL]
    assert bench.selected == COPY_ALL


def test_a_link_is_followed_by_a_click(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    cursor = panel.text.document().find("line 7 COPY . .")
    cursor.setPosition(cursor.selectionStart() + 4)
    where = panel.text.cursorRect(cursor).center()
    with qtbot.waitSignal(bench.activated):
        qtbot.mouseClick(panel.text.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert bench.selected == COPY_ALL


def test_three_depths_by_key(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    bench.select(COPY_ALL)
    assert "What could invalidate it" in panel.text.toPlainText()
    assert "Source: github.com" not in panel.text.toPlainText()
    qtbot.keyClicks(panel.text, "+")
    assert panel.level is Depth.RULE
    assert "Source: github.com/moby/buildkit" in panel.text.toPlainText()
    qtbot.keyClicks(panel.text, "--")
    assert panel.level is Depth.SENTENCE
    assert "What could invalidate it" not in panel.text.toPlainText()
    assert "src/app.ts changed" in panel.text.toPlainText()


def test_depth_links_lead_from_one_to_the_other(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    bench.select(COPY_ALL)
    for link, level in (("Show the rule", Depth.RULE), ("Only the sentence", Depth.SENTENCE),
                        ("Explain", Depth.EXPLANATION)):
        _anchor_at(panel, link)
        qtbot.keyClick(panel.text, Qt.Key.Key_Return)
        assert panel.level is level


def test_files_and_what_if_are_asked_for(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    bench.select(COPY_ALL)
    _anchor_at(panel, "Show in files")
    with qtbot.waitSignal(panel.file_activated) as caught:
        qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    assert bench.state.context.get(caught.args[0]) is not None
    bench.select(None)
    bench.build("again")
    qtbot.waitUntil(lambda: "Nothing would run." in panel.text.toPlainText())
    with qtbot.waitSignal(panel.what_if_wanted):
        panel.text.anchorClicked.emit(QUrl("do:what-if"))


def test_odd_file_names_survive_the_way_through_a_link(qtbot: QtBot, bench: Workbench, panel: WhyPanel,
                                                       settled: Settled) -> None:
    bench.edit_context(bench.state.context.with_bytes("#a b/<ü>&%20?.txt", b"x"), "add")
    settled(bench)
    bench.select(COPY_ALL)
    _anchor_at(panel, "Show in files")
    with qtbot.waitSignal(panel.file_activated) as caught:
        qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    assert bench.state.context.get(caught.args[0]) is not None


def test_a_broken_text_keeps_the_last_answer_and_says_so(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    with qtbot.waitSignal(bench.report_stale_changed):
        bench.new_text(bench.state.text.replace("RUN npm ci", "RUNN npm ci"))
    qtbot.waitUntil(lambda: "Line 4 does not parse" in panel.text.toPlainText())
    assert "steps would run again" in panel.text.toPlainText()


def test_the_run_that_decides_can_be_described(qtbot: QtBot, bench: Workbench, panel: WhyPanel) -> None:
    bench.select(RUN_BUILD)
    assert panel.claims.isVisible()     # a step waits for its bytes
    bench.select(COPY_ALL)
    assert not panel.claims.isVisible()
    bench.select(COPY_DIST)
    assert panel.claims.isVisible()
    assert panel.claims.run.currentText() == "Line 8: npm run build"
    panel.claims.kind.setFocus()
    qtbot.keyClick(panel.claims.kind, Qt.Key.Key_Down)
    assert bench.state.claims == (RunClaim("npm run build", RunClaimKind.DETERMINISTIC),)
    qtbot.keyClick(panel.claims.kind, Qt.Key.Key_Up)
    assert bench.state.claims == ()


def test_paths_are_asked_for_before_they_are_stated(qtbot: QtBot, bench: Workbench, panel: WhyPanel,
                                                    settled: Settled) -> None:
    bench.select(COPY_DIST)
    panel.claims.kind.setFocus()
    qtbot.keyClick(panel.claims.kind, Qt.Key.Key_End)
    assert panel.claims.paths.isVisible()
    assert bench.state.claims == ()
    qtbot.keyClicks(panel.claims.paths, "/app/dist /tmp")
    qtbot.keyClick(panel.claims.paths, Qt.Key.Key_Return)
    assert bench.state.claims == (RunClaim("npm run build", RunClaimKind.WRITES_ONLY, ("/app/dist", "/tmp")),)
    settled(bench)
    assert panel.claims.kind.currentText() == "It writes only under these paths"
    assert panel.claims.paths.text() == "/app/dist /tmp"


def test_other_claims_are_kept(qtbot: QtBot, bench: Workbench, panel: WhyPanel, settled: Settled) -> None:
    other = RunClaim("npm ci", RunClaimKind.DETERMINISTIC)
    bench.set_claims((other,))
    settled(bench)
    bench.select(COPY_DIST)
    panel.claims.run.setCurrentIndex(panel.claims.run.findText("Line 8: npm run build"))
    qtbot.keyClick(panel.claims.kind, Qt.Key.Key_Down)
    assert set(bench.state.claims) == {other, RunClaim("npm run build", RunClaimKind.DETERMINISTIC)}


@pytest.mark.parametrize("look", [LIGHT, DARK, HIGH_CONTRAST], ids=lambda look: look.name)
def test_every_theme_colours_the_links(bench: Workbench, panel: WhyPanel, look: Theme) -> None:
    bench.set_look(look)
    assert look.accent.lower() in panel.text.toHtml().lower()


def test_it_works_only_while_somebody_looks(bench: Workbench, panel: WhyPanel) -> None:
    panel.hide()
    bench.select(COPY_ALL)
    assert "COPY" not in panel.story.subject
    panel.show()
    assert panel.story.subject == "Line 7 COPY . ."


def test_all_parts_have_names(panel: WhyPanel) -> None:
    for widget in (panel.text, panel.claims.run, panel.claims.kind, panel.claims.paths):
        assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


@pytest.mark.parametrize("percent", [80, 250])
def test_text_wraps_at_every_size(qtbot: QtBot, bench: Workbench, panel: WhyPanel, percent: int) -> None:
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * percent / 100)
    panel.setFont(font)
    bench.select(COPY_ALL)
    cursor = panel.text.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.End)
    assert panel.text.horizontalScrollBar().maximum() == 0


def test_the_overview_returns_when_the_selection_goes(bench: Workbench, panel: WhyPanel) -> None:
    bench.select(COPY_ALL)
    bench.select(None)
    assert "steps would run again" in panel.text.toPlainText()
    assert "Overview" not in panel.text.toPlainText()
    bench.select(COPY_ALL)
    assert "Overview" in panel.text.toPlainText()
    panel._follow(QUrl("do:overview"))
    assert bench.selected is None and "steps would run again" in panel.text.toPlainText()


def test_options_reach_the_words(bench: Workbench, panel: WhyPanel, settled: Settled) -> None:
    bench.set_options(replace(bench.state.options, no_cache=True))
    settled(bench)
    bench.select(COPY_ALL)
    assert "cache is switched off" in panel.text.toPlainText()
