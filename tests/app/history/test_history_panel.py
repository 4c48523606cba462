"""The history pane: commits replayed off the UI thread, and the edit mix that everything weighs by."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.history.habits import habits_keeper
from cachesim.app.history.model import short_seconds
from cachesim.app.history.panel import HistoryPanel
from cachesim.app.history.sparkline import trend_words
from cachesim.app.mainwindow import MainWindow
from cachesim.history.habits import USUAL_MIX, MixSource
from tests.app.conftest import DOCKERFILE, open_project
from tests.history.gitrepo import GitRepo

_LINE, _STEP, _RAN, _COST, _WHY = range(5)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A first commit, three edits of the source, one of the manifest."""
    repo = GitRepo(tmp_path / "shop")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "requirements.txt": "flask==3.0.0\n", "src/app.py": "0\n"})
    for number in range(3):
        repo.commit(f"Edit {number}", {"src/app.py": f"{number + 1}\n"})
    repo.commit("Update flask", {"requirements.txt": "flask==3.0.1\n"})
    return repo


def pane(window: MainWindow) -> HistoryPanel:
    panel = window.panes.docks["history"].content
    assert isinstance(panel, HistoryPanel)
    return panel


def ask(qtbot: QtBot, window: MainWindow) -> HistoryPanel:
    """Ask for the history, and wait until both parts are there."""
    window.actions_["history"].trigger()
    panel = pane(window)
    keeper = habits_keeper(window.workbench)
    qtbot.waitUntil(lambda: panel.run.isEnabled() and keeper.current is not None and bool(
        panel.summary.text() or panel.empty.text()), timeout=20_000)
    return panel


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, repo: GitRepo) -> HistoryPanel:
    open_project(qtbot, window, repo.folder)
    return ask(qtbot, window)


def rows(panel: HistoryPanel) -> dict[str, list[str]]:
    model = panel.model
    cells = [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]
    return {row[_STEP]: row for row in cells}


def test_it_is_hidden_until_somebody_asks(qtbot: QtBot, window: MainWindow, repo: GitRepo) -> None:
    open_project(qtbot, window, repo.folder)
    dock = window.panes.docks["history"]
    assert not dock.isVisible() and not dock.is_built
    ask(qtbot, window)
    assert dock.in_front
    window.placement.reset()
    assert not dock.isVisible()


def test_each_step_says_how_often_why_and_at_what_cost(panel: HistoryPanel) -> None:
    found = rows(panel)
    assert found["COPY src/ src/"][_RAN] == "4 of 4"        # the manifest's change carries it too
    assert found["RUN pip install -r requirements.txt"][:3] == ["4", "RUN pip install -r requirements.txt", "1 of 4"]
    assert found["RUN pip install -r requirements.txt"][_WHY] == "requirements.txt ×1"
    assert found["COPY src/ src/"][_WHY] == "src/**/*.py ×3, requirements.txt ×1"
    assert found["RUN pip install -r requirements.txt"][_COST] == "~30 s"
    row = list(found).index("RUN pip install -r requirements.txt")
    assert panel.model.cost_words(row) == "1 × 30 s = 30 s, estimated"
    assert "5 commits built" in panel.summary.text() and "steps re-ran per build" in panel.summary.text()


def test_choosing_a_row_selects_the_step_everywhere_and_back(panel: HistoryPanel, window: MainWindow) -> None:
    bench = window.workbench
    assert bench.report is not None
    by_line = {step.step.line: step.id for step in bench.report.steps}
    row = list(rows(panel)).index("COPY src/ src/")
    panel.table.setCurrentIndex(panel.model.index(row, 0))
    assert bench.selected == by_line[5]
    assert "Re-ran in 100% of the builds because of src/**/*.py ×3" in panel.detail.text()
    bench.select(by_line[4])
    assert panel.table.currentIndex().row() == list(rows(panel)).index("RUN pip install -r requirements.txt")


def test_a_step_that_was_rewritten_is_listed_as_gone(qtbot: QtBot, panel: HistoryPanel, window: MainWindow) -> None:
    bench = window.workbench
    with qtbot.waitSignal(bench.report_changed):
        bench.replace_text(DOCKERFILE.replace("compileall src", "compileall -q src"), "edit")
    qtbot.waitUntil(lambda: rows(panel)["RUN python -m compileall src"][_LINE] == "gone")


def test_the_trend_is_words_too(panel: HistoryPanel) -> None:
    assert panel.trend.isVisible()
    assert panel.trend.accessibleDescription().startswith("2.0 steps re-ran per build at first, 4.0 at the end")
    points = panel.trend.points()
    assert len(points) == 4 and points[-1].y() < points[0].y()
    assert trend_words((3.0,)) == "" and trend_words((2.0, 1.0)).endswith("fewer now")


def test_the_mix_is_read_from_git_and_can_be_stated_by_hand(qtbot: QtBot, panel: HistoryPanel,
                                                            window: MainWindow) -> None:
    box = panel.mix
    assert box.head.text() == "Edit mix: of the last 4 commits."
    assert [box.model.index(r, 0).data() for r in range(box.model.rowCount())] == ["75%", "25%"]
    QTest.keyClicks(box.hand, "source 90, nonsense 10")
    QTest.keyClick(box.hand, Qt.Key.Key_Return)
    assert "'nonsense' is neither a file of the context nor one of" in box.problem.text() and box.problem.isVisible()
    assert box.head.text() == "Edit mix: of the last 4 commits."
    box.hand.selectAll()
    QTest.keyClicks(box.hand, "source 90, manifest 10")
    QTest.keyClick(box.hand, Qt.Key.Key_Return)
    assert not box.problem.isVisible()
    assert box.head.text() == "Edit mix: stated by hand."
    assert [box.model.index(0, c).data() for c in range(2)] == ["90%", "source"]
    QTest.mouseClick(box.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: box.head.text() == "Edit mix: of the last 4 commits.")
    assert box.hand.text() == ""


def test_a_mix_by_hand_is_remembered_with_the_project(qtbot: QtBot, panel: HistoryPanel, window: MainWindow,
                                                      repo: GitRepo) -> None:
    QTest.keyClicks(panel.mix.hand, "source 60, manifest 40")
    QTest.keyClick(panel.mix.hand, Qt.Key.Key_Return)
    window.workbench.close_project()
    open_project(qtbot, window, repo.folder)
    panel = ask(qtbot, window)
    assert panel.mix.head.text() == "Edit mix: stated by hand." and panel.mix.hand.text() == "source 60, manifest 40"


def test_arguments_that_change_with_every_edit_are_part_of_the_mix(qtbot: QtBot, panel: HistoryPanel, window: MainWindow,
                                                                   repo: GitRepo) -> None:
    box, keeper = panel.mix, habits_keeper(window.workbench)
    QTest.keyClicks(box.args, "GIT-SHA")
    QTest.keyClick(box.args, Qt.Key.Key_Return)
    assert "GIT-SHA" in box.problem.text() and box.problem.isVisible()
    box.args.selectAll()
    QTest.keyClicks(box.args, "GIT_SHA, DATE")
    QTest.keyClick(box.args, Qt.Key.Key_Return)
    assert box.head.text() == "Edit mix: of the last 4 commits; GIT_SHA and DATE change with every edit."
    assert keeper.current is not None and all(g.args == ("GIT_SHA", "DATE") for g in keeper.current.mix.groups)
    QTest.keyClicks(box.hand, "source 90, manifest 10")
    QTest.keyClick(box.hand, Qt.Key.Key_Return)
    assert box.head.text() == "Edit mix: stated by hand; GIT_SHA and DATE change with every edit."
    window.workbench.close_project()
    open_project(qtbot, window, repo.folder)
    box = ask(qtbot, window).mix
    assert box.args.text() == "GIT_SHA, DATE" and "change with every edit" in box.head.text()
    box.args.selectAll()
    QTest.keyClick(box.args, Qt.Key.Key_Delete)
    QTest.keyClick(box.args, Qt.Key.Key_Return)
    assert box.head.text() == "Edit mix: stated by hand."


def test_without_git_there_are_words_and_the_mix_by_hand(qtbot: QtBot, opened: MainWindow) -> None:
    panel = ask(qtbot, opened)
    assert panel.empty.isVisible() and ": is" not in panel.empty.text() and "is in no git repository" in panel.empty.text()
    assert "state the edit mix by hand" in panel.empty.text() and not panel.trend.isVisible()
    assert panel.mix.head.text() == "Edit mix: the usual one, as there is no git history (the folder is in no git repository)."
    QTest.mouseClick(panel.mix.use, Qt.MouseButton.LeftButton)
    habits = panel.mix._keeper.current
    assert habits is not None and habits.source is MixSource.HAND and panel.mix.hand.text() == USUAL_MIX


def test_one_commit_is_no_history(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "new")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "requirements.txt": "", "src/app.py": ""})
    open_project(qtbot, window, repo.folder)
    panel = ask(qtbot, window)
    assert "no second commit touches this project" in panel.summary.text()
    assert "no commit after the first one" in panel.mix.head.text()


def test_a_replay_can_be_cancelled_and_begun_anew(qtbot: QtBot, panel: HistoryPanel) -> None:
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    assert panel.cancel.isVisible() and panel.bar.isVisible() and not panel.run.isEnabled()
    QTest.mouseClick(panel.cancel, Qt.MouseButton.LeftButton)
    assert not panel.cancel.isVisible() and panel.run.isEnabled()
    assert rows(panel), "what was known stays"
    panel.count.setValue(2)
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "2 commits built" in panel.summary.text(), timeout=20_000)


def test_seconds_in_words() -> None:
    assert [short_seconds(s) for s in (0.25, 12.3, 89, 150, 7300)] == ["0.2 s", "12 s", "89 s", "2 min", "2 h 2 min"]
