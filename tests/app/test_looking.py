"""Looking back at a build shows what it ran; now stays as it was left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app import recovery
from cachesim.app.looking import made_sentence
from cachesim.app.mainwindow import MainWindow
from cachesim.app.report.why_panel import WhyPanel
from cachesim.app.theme import DARK

Settled = Callable[..., None]
ALT, LEFT = Qt.KeyboardModifier.AltModifier, Qt.MouseButton.LeftButton


@pytest.fixture
def two_builds(opened: MainWindow, settled: Settled) -> MainWindow:
    """The first build, and one after an edit of a file that two steps of six hang on."""
    bench = opened.workbench
    bench.edit_file("src/app.py", b"print('coffee')\n")
    settled(bench)
    bench.build()
    settled(bench)
    return opened


def button(window: MainWindow, text: str) -> QPushButton:
    return next(b for b in window.findChildren(QPushButton) if b.text().startswith(text) and b.isVisible())


def why(window: MainWindow) -> str:
    panel = window.panes.show("why")
    assert isinstance(panel, WhyPanel)
    panel.refresh()
    return panel.text.toPlainText()


def test_after_a_build_one_click_shows_what_it_ran_and_one_comes_back(qtbot: QtBot, two_builds: MainWindow,
                                                                      settled: Settled) -> None:
    window, bench = two_builds, two_builds.workbench
    assert window.verdict.sentence() == "Nothing would run."
    QTest.mouseClick(button(window, "What ran"), LEFT)
    assert bench.report is bench.timeline.entry(2).report and bench.seen is not None
    assert window.verdict.sentence().startswith("Build 2 ran 2 of 6 steps; the first was line 5, COPY src/ src/")
    assert "Build 2 ran 2 of 6 steps." in why(window)
    bench.select(bench.report.steps[4].id)
    assert "in build 2" in why(window) and "src/app.py" in why(window)
    assert [b.seen for b in window.timeline.builds.buttons] == [False, True]
    QTest.mouseClick(button(window, "Back to now"), LEFT)
    settled(bench)
    assert bench.seen is None and window.verdict.sentence() == "Nothing would run."


def test_a_click_on_a_build_shows_its_outcomes_and_now_is_as_it_was_left(qtbot: QtBot, two_builds: MainWindow,
                                                                         settled: Settled) -> None:
    window, bench = two_builds, two_builds.workbench
    bench.new_text(bench.state.text + "RUN last\n")
    bench.edit_file("src/app.py", b"tea again\n", "edit src/app.py")
    settled(bench)
    left, predicted = bench.state, bench.report
    for chip, runs in ((0, 6), (1, 2)):
        QTest.mouseClick(window.timeline.builds.buttons[chip], LEFT)
        settled(bench)
        assert window.verdict.sentence().startswith(f"Build {chip + 1} ran {runs} of 6 steps")
        assert window.graph.dag.report is bench.timeline.entry(chip + 1).report
    bench.set_look(DARK)
    assert f"color: {DARK.text};" in button(window, "Now").styleSheet()
    QTest.mouseClick(button(window, "Now"), LEFT)
    settled(bench)
    assert bench.state == left and bench.report == predicted and bench.changes == ("edit src/app.py",)
    assert bench.timeline.current == 2 and not any(m.key == "set aside" for m in window.messages.messages())


def test_compare_stays_behind_its_tab_when_a_build_is_made(two_builds: MainWindow, settled: Settled) -> None:
    window, bench = two_builds, two_builds.workbench
    window.panes.show("compare")
    QApplication.processEvents()
    window.panes.show("why")
    bench.edit_file("src/app.py", b"tea again\n", "edit src/app.py")
    bench.build("one more")
    settled(bench)
    QApplication.processEvents()
    assert window.panes.docks["why"].in_front and not window.panes.docks["compare"].in_front


def test_alt_left_and_right_walk_from_now_over_the_builds_and_back(two_builds: MainWindow, settled: Settled) -> None:
    window, bench = two_builds, two_builds.workbench
    places = []
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        QTest.keyClick(window.graph, key, ALT)
        settled(bench)
        places.append(bench.seen.id if bench.seen is not None else None)
    assert places == [2, 1, 1, 2, None, None]


def test_an_edit_while_looking_back_branches_and_what_was_not_built_is_offered(two_builds: MainWindow,
                                                                               settled: Settled) -> None:
    window, bench = two_builds, two_builds.workbench
    bench.edit_file("requirements.txt", b"flask==4\n", "edit requirements.txt")
    left = bench.state
    bench.go_to(1)
    bench.new_text(bench.state.text + "RUN other\n")
    settled(bench)
    assert bench.seen is None and bench.report is not bench.timeline.entry(1).report
    message = next(m for m in window.messages.messages() if m.key == "set aside")
    bench.build("branch")
    assert bench.timeline.entry(3).parent == 1
    message.actions[0].run()
    assert bench.state == left and bench.timeline.current == 2


def test_renaming_a_build_that_is_looked_at_keeps_it_in_view(two_builds: MainWindow, settled: Settled) -> None:
    bench = two_builds.workbench
    bench.go_to(1)
    bench.rename_entry(1, "the very first")
    settled(bench)
    assert bench.seen is not None and bench.seen.label == "the very first"
    assert bench.report is bench.seen.report
    assert made_sentence(1, bench.seen.report) == "Build 1 ran 6 of 6 steps"


def test_a_prediction_while_looking_back_is_not_measured_against_what_was(two_builds: MainWindow, settled: Settled) -> None:
    """Who carries an instruction works on: what it would save is measured against the next build, not the one that is over."""
    bench = two_builds.workbench
    bench.go_to(1)
    bench.look_ahead()
    assert bench.seen is None and bench.report is not None and bench.report.first_miss is None


def test_what_is_saved_and_kept_for_a_crash_is_the_text_of_now(two_builds: MainWindow, settled: Settled) -> None:
    bench = two_builds.workbench
    assert bench.project is not None
    path = bench.project.dockerfile
    built = bench.state.text
    mine = built + "# not built yet\n"
    bench.new_text(mine)
    settled(bench)
    bench.go_to(1)
    assert bench.state.text == built and not bench.saved
    bench.disk.rescue.now()
    kept = recovery.rescued(path)
    assert kept is not None and kept.text == mine
    assert bench.save() and bench.saved
    assert path.read_text() == mine
    bench.to_now()
    assert bench.state.text == mine and bench.saved


def test_build_while_looking_back_builds_what_was_not_built_yet(two_builds: MainWindow, settled: Settled) -> None:
    bench = two_builds.workbench
    bench.edit_file("src/app.py", b"print('tea')\n")
    settled(bench)
    waiting, changes = bench.state, bench.changes
    bench.go_to(1)
    two_builds.actions_["build"].trigger()
    settled(bench)
    assert changes and bench.changes == () and bench.seen is None
    assert len(bench.timeline.entries) == 3 and bench.timeline.entries[-1].state == waiting
    assert bench.timeline.current == bench.timeline.entries[-1].id
