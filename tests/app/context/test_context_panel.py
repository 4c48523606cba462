"""Tests of app/context/context_panel.py, with keys and clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QModelIndex, Qt, QUrl
from PySide6.QtGui import QAccessible
from pytestqt.qtbot import QtBot

from cachesim.app.context.cells import Column
from cachesim.app.context.context_panel import ContextPanel
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from tests.app.context.files import choose, state_of

PACKAGE, ALL = StepId(0, 2), StepId(1, 2)
Opened = Callable[..., Workbench]
Settled = Callable[[Workbench], None]


def test_every_file_says_how_it_stands(panel: ContextPanel) -> None:
    assert state_of(panel, "src/app.ts") == "in"
    assert state_of(panel, "README.md") == "ignored by line 3"
    assert state_of(panel, "node_modules") == "ignored by line 2"
    assert panel.model.index_of("src").siblingAtColumn(Column.SIZE).data() == "2 files"


def test_a_file_tells_which_steps_it_reaches_and_what_that_costs(qtbot: QtBot, bench: Workbench,
                                                                 panel: ContextPanel) -> None:
    choose(panel, "src/app.ts")
    assert "is read by" in panel.detail.toPlainText()
    assert "line 7 COPY . ." in panel.detail.toPlainText()
    assert "A change runs 1 step, and up to 2 below" in panel.detail.toPlainText()
    with qtbot.waitSignal(bench.activated) as caught:
        panel.detail.anchorClicked.emit(QUrl("1,2"))
    assert caught.args == [ALL]
    choose(panel, "README.md")
    assert ".dockerignore line 3 (*.md) keeps this file out" in panel.detail.toPlainText()


def test_a_file_that_nobody_reads_says_so(qtbot: QtBot, open_bench: Opened) -> None:
    bench = open_bench("FROM scratch\nCOPY a /\n", {"a": b"1", "b": b"2"})
    panel = ContextPanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    choose(panel, "b")
    assert "No step reads this file" in panel.detail.toPlainText()
    assert state_of(panel, "b") == "no step reads it"


def test_a_file_that_only_an_unneeded_stage_copies_is_read_by_no_step_of_the_target(qtbot: QtBot, open_bench: Opened) -> None:
    panel = ContextPanel(open_bench("FROM scratch AS aside\nCOPY b /\nFROM scratch\nCOPY a /\n", {"a": b"1", "b": b"2"}))
    qtbot.addWidget(panel)
    panel.show()
    choose(panel, "b")
    assert "No step of the target reads this file" in panel.detail.toPlainText()
    assert state_of(panel, "b") == "no step of the target reads it"


def test_selecting_a_step_marks_its_files(bench: Workbench, panel: ContextPanel) -> None:
    bench.select(PACKAGE)
    index = panel.model.index_of("package.json")
    assert state_of(panel, "package.json") == "read by line 3"
    assert index.data(Qt.ItemDataRole.FontRole).bold()
    assert not panel.model.index_of("logo.png").data(Qt.ItemDataRole.FontRole).bold()
    bench.select(None)
    assert state_of(panel, "package.json") == "in"


def test_all_parts_have_names(panel: ContextPanel) -> None:
    for widget in (panel.filter, panel.tree, panel.detail):
        assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    cell = panel.model.index_of("README.md").data(Qt.ItemDataRole.AccessibleTextRole)
    assert cell == "README.md, ignored by line 3"


def test_no_files_at_all(qtbot: QtBot, open_bench: Opened) -> None:
    bench = open_bench("FROM scratch\n", {}, builds=0)
    panel = ContextPanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.choose.isVisible() and not panel.tree.isVisible()
    with qtbot.waitSignal(panel.folder_asked):
        panel.choose.click()
    assert panel.model.rowCount(QModelIndex()) == 0
    assert not panel.edits.delete.isEnabled()


def test_a_narrow_panel_keeps_names_and_states(qtbot: QtBot, open_bench: Opened) -> None:
    panel = ContextPanel(open_bench("FROM scratch\nCOPY . /\n", {"package-lock.json": b"{}"}))
    qtbot.addWidget(panel)
    panel.resize(350, 300)
    panel.show()
    assert panel.tree.isColumnHidden(Column.MODE)
    assert panel.tree.columnWidth(Column.NAME) > panel.tree.fontMetrics().horizontalAdvance("package-lock.json")
    panel.resize(900, 300)
    assert not panel.tree.isColumnHidden(Column.MODE)
    panel.resize(300, 300)
    assert panel.tree.isColumnHidden(Column.SIZE)
    assert panel.tree.columnWidth(Column.NAME) > panel.tree.fontMetrics().horizontalAdvance("package-lock.json")
    assert not panel.tree.horizontalScrollBar().isVisible()
    assert panel.detail.isVisible()
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    panel.setFont(font)
    panel.resize(300, 8 * panel.fontMetrics().height())
    assert not panel.detail.isVisible(), "a hint makes room for the files"


def test_build_arguments_are_listed_with_the_steps_that_another_value_runs(qtbot: QtBot, bench: Workbench, panel: ContextPanel,
                                                                           settled: Settled) -> None:
    panel.refresh()
    said = panel.given.toPlainText()
    assert panel.given.isVisible() and said.startswith("Build arguments\nVERSION = 1 ")
    assert "Another value runs line 8 again, and 1 below." in said and "Options" not in said
    bench.set_options(replace(bench.state.options, args=(("VERSION", "2"), ("NOBODY", "x"), ("HTTP_PROXY", "y")),
                              no_cache=True, target="build"))
    settled(bench)
    panel.refresh()
    said = panel.given.toPlainText()
    assert "VERSION = 2 (the file says 1)" in said and "NOBODY = x" in said and "the build ignores it" in said
    assert "A RUN sees it, but it is in no key." in said and "Options: --target build --no-cache." in said
    with qtbot.waitSignal(panel.arg_asked) as asked:
        panel.given.anchorClicked.emit(QUrl("arg:VERSION"))
    assert asked.args == ["VERSION", "2"]
    with qtbot.waitSignal(panel.options_asked):
        panel.given.anchorClicked.emit(QUrl("do:options"))
    panel.given.anchorClicked.emit(QUrl("1,3"))
    assert bench.selected == StepId(1, 3)


def test_without_arguments_and_options_nothing_stands_above_the_files(open_bench: Opened, qtbot: QtBot) -> None:
    panel = ContextPanel(open_bench("FROM scratch\nCOPY . /\n", {"a": b"1"}))
    qtbot.addWidget(panel)
    panel.show()
    panel.refresh()
    assert not panel.given.isVisible()


def test_the_ignore_file_is_not_called_harmless(qtbot: QtBot, open_bench: Opened) -> None:
    """It is kept out itself, but its rules decide what the COPY takes."""
    panel = ContextPanel(open_bench("FROM scratch\nCOPY . /\n", {"a": b"1", ".dockerignore": b".dockerignore\nDockerfile\nb\n",
                                                                 "b": b"1", "Dockerfile": b"FROM scratch\n"}))
    qtbot.addWidget(panel)
    panel.show()
    choose(panel, ".dockerignore")
    said = panel.detail.toPlainText()
    assert "keeps this file out, so no step copies it." in said and "can run anything" not in said
    assert "The rules in .dockerignore decide which files there are for line 2 COPY . /: another rule can run it." in said
    choose(panel, "Dockerfile")
    assert "Its instructions are the build" in panel.detail.toPlainText()
    choose(panel, "b")
    assert "no change of b can run anything" in panel.detail.toPlainText()


def test_a_file_that_an_unneeded_stage_copies_too_says_so(qtbot: QtBot, open_bench: Opened) -> None:
    text = "FROM scratch AS aside\nCOPY src/ /\nCOPY other /\nFROM scratch\nCOPY src /\n"
    panel = ContextPanel(open_bench(text, {"src/a": b"1", "other": b"2"}))
    qtbot.addWidget(panel)
    panel.show()
    choose(panel, "src/a")
    assert "is read by line 5 COPY src /, also by line 2, which the target does not need." in panel.detail.toPlainText()
