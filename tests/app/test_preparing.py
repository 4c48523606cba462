"""A sample shows its first edit before it is built, and hands on to the next; a build can be taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.report.why_panel import WhyPanel
from cachesim.app.whatif.menu import ENGINES

Settled = Callable[..., None]


def open_sample(qtbot: QtBot, window: MainWindow, name: str) -> None:
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        window.workbench.open_sample(name)


def chip(window: MainWindow) -> QPushButton:
    return next(b for b in window.timeline.findChildren(QPushButton) if b.text().startswith("Now"))


def why(window: MainWindow) -> WhyPanel:
    panel = window.panes.show("why")
    assert isinstance(panel, WhyPanel)
    panel.refresh()
    return panel


def test_a_sample_opens_on_an_edit_that_was_not_built(qtbot: QtBot, window: MainWindow, settled: Settled) -> None:
    open_sample(qtbot, window, "go-scratch")
    bench = window.workbench
    assert [entry.label for entry in bench.timeline.entries] == ["First build"]
    assert chip(window).text().startswith("Now, not built: Release 1.1")
    assert "edit 1 of 6 of the sample: release 1.1" in why(window).text.toPlainText()
    assert "1.0 → 1.1" in why(window).text.toPlainText()
    window.editor.acts.undo()
    settled(bench)
    assert chip(window).text() == "Now" and window.verdict.sentence() == "Nothing would run."
    window.editor.acts.redo()
    bench.build()
    assert bench.timeline.entries[-1].label.startswith("Release 1.1: the modules") and chip(window).text() == "Now"


def test_the_next_edit_builds_what_waits_first(qtbot: QtBot, window: MainWindow, settled: Settled) -> None:
    open_sample(qtbot, window, "two-engines")
    bench = window.workbench
    edits = bench.prepared.all
    for number in range(1, len(edits)):
        why(window)._follow(QUrl("do:next-edit"))
        settled(bench)
        assert len(bench.timeline.entries) == number + 1
        assert f"edit {number + 1} of {len(edits)}" in why(window).text.toPlainText()
    assert "It is the last one." in why(window).text.toPlainText() and "HTTP_PROXY" in dict(bench.state.options.args)
    window.resize(1000, 800)
    said = chip(window).text()
    assert said.startswith("Now, not built: ") and "…" in said          # however many builds stand beside it


@pytest.mark.parametrize("edit", range(5))
def test_two_engines_answer_every_edit_differently_at_sight(qtbot: QtBot, window: MainWindow, settled: Settled,
                                                            edit: int) -> None:
    """What a newcomer sees when they change the builder in the toolbar: no builder says that it built nothing yet."""
    open_sample(qtbot, window, "two-engines")
    bench, runs = window.workbench, list[set[int]]()
    edits = bench.prepared.all
    for _ in range(edit):
        bench.prepared.try_next()
    for name, engine, store in (ENGINES[0], ENGINES[2]):
        window.whatif.use_engine(name, engine, store)
        settled(bench)
        assert bench.report is not None
        assert not any(count.count.word == "not in cache" for count in window.verdict.count_buttons())
        runs.append({s.step.line for s in bench.report.misses()})
    assert runs[0] != runs[1]
    assert chip(window).accessibleName().casefold() == f"now, not built yet: {edits[edit].label}".casefold()
    assert f"edit {edit + 1} of 5" in why(window).text.toPlainText()


def test_undo_crosses_a_build_and_redo_makes_it_again(qtbot: QtBot, opened: MainWindow, settled: Settled) -> None:
    bench, acts = opened.workbench, opened.editor.acts
    bench.replace_text(bench.state.text + "RUN one\n", "one more RUN")
    bench.edit_file("src/app.py", b"print('coffee')\n")
    bench.build()
    built = bench.timeline
    bench.replace_text(bench.state.text + "RUN two\n", "another RUN")
    settled(bench)
    assert opened.actions_["undo"].isEnabled()
    texts, entries, changes = [], [], []
    for step in (acts.undo, acts.undo, acts.undo, acts.undo):
        step()
        texts.append(bench.state.text.count("RUN one") + bench.state.text.count("RUN two"))
        entries.append(len(bench.timeline.entries))
        changes.append(bench.changes)
    assert texts == [1, 1, 1, 0] and entries == [2, 1, 1, 1]
    assert changes == [(), ("edit src/app.py",), (), ()]
    for _ in range(4):
        acts.redo()
    settled(bench)
    assert bench.timeline == built and bench.state.text.endswith("RUN one\nRUN two\n")


def test_a_build_that_was_deleted_is_not_missed_by_undo(opened: MainWindow, settled: Settled) -> None:
    bench, acts = opened.workbench, opened.editor.acts
    bench.edit_file("src/app.py", b"print('coffee')\n")
    bench.build()
    bench.delete_entry(bench.timeline.entries[-1].id)
    first = bench.timeline
    acts.undo()
    assert bench.timeline == first and bench.changes == ("edit src/app.py",)
    acts.redo()
    settled(bench)
    assert len(bench.timeline.entries) == 2


def test_an_open_step_of_a_sample_says_what_a_real_engine_did(qtbot: QtBot, window: MainWindow, settled: Settled) -> None:
    open_sample(qtbot, window, "node-multistage")
    said = "When this sample was recorded, a real engine"
    assert f"{said} ran line 18: what the RUN wrote was new." in why(window).text.toPlainText()
    why(window)._follow(QUrl("do:next-edit"))
    settled(window.workbench)
    told = f"{said} took line 18 from the cache: the RUN had written the same bytes again."
    assert told in why(window).text.toPlainText()
    window.workbench.select(next(s.id for s in window.workbench.report.steps if s.step.line == 18))
    assert told in why(window).text.toPlainText()
    window.workbench.new_text(window.workbench.state.text + "RUN mine\n")
    settled(window.workbench)
    assert said not in why(window).text.toPlainText()
