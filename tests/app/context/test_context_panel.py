"""Tests of app/context/context_panel.py, with keys and clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt, QUrl
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from cachesim.app import actions
from cachesim.app.context.arguments import arg_rows, options_in_force
from cachesim.app.context.context_panel import ContextPanel
from cachesim.app.context.dialogs import ChmodDialog, PathDialog, SaveDialog, TextDialog
from cachesim.app.context.tree_model import Column
from cachesim.app.workbench import Workbench
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.graph.options import GIVEN_SECRET, BuildOptions, EngineKind, ImageStore, NetworkMode
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState

PACKAGE, ALL = StepId(0, 2), StepId(1, 2)
Opened = Callable[..., Workbench]
Settled = Callable[[Workbench], None]


@pytest.fixture
def bench(open_bench: Opened) -> Workbench:
    return open_bench()


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> ContextPanel:
    panel = ContextPanel(bench)
    qtbot.addWidget(panel)
    panel.resize(480, 400)
    panel.show()
    return panel


@pytest.fixture
def on_disk(qtbot: QtBot, tmp_path: Path) -> Workbench:
    """A project that lies on disk."""
    for name, text in {"Dockerfile": "FROM scratch\nCOPY . /\n", "a.txt": "one\n", "dir/b.txt": "two\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    bench = Workbench()
    with qtbot.waitSignal(bench.project_opened):
        bench.open_path(tmp_path)
    qtbot.waitUntil(lambda: bench.report is not None)
    return bench


def _choose(panel: ContextPanel, *paths: str) -> None:
    panel.reveal(paths[0])
    model = panel.tree.selectionModel()
    for path in paths[1:]:
        model.select(panel.model.index_of(path), model.SelectionFlag.Select | model.SelectionFlag.Rows)


def _state(panel: ContextPanel, path: str) -> str:
    return str(panel.model.index_of(path).siblingAtColumn(Column.STATE).data())


def test_every_file_says_how_it_stands(panel: ContextPanel) -> None:
    assert _state(panel, "src/app.ts") == "in"
    assert _state(panel, "README.md") == "ignored by line 3"
    assert _state(panel, "node_modules") == "ignored by line 2"
    assert panel.model.index_of("src").siblingAtColumn(Column.SIZE).data() == "2 files"


def test_a_file_tells_which_steps_it_reaches_and_what_that_costs(qtbot: QtBot, bench: Workbench,
                                                                 panel: ContextPanel) -> None:
    _choose(panel, "src/app.ts")
    assert "is read by" in panel.detail.toPlainText()
    assert "line 7 COPY . ." in panel.detail.toPlainText()
    assert "A change runs 1 step, and up to 2 below" in panel.detail.toPlainText()
    with qtbot.waitSignal(bench.activated) as caught:
        panel.detail.anchorClicked.emit(QUrl("1,2"))
    assert caught.args == [ALL]
    _choose(panel, "README.md")
    assert ".dockerignore line 3 (*.md) keeps this file out" in panel.detail.toPlainText()


def test_a_file_that_nobody_reads_says_so(qtbot: QtBot, open_bench: Opened) -> None:
    bench = open_bench("FROM scratch\nCOPY a /\n", {"a": b"1", "b": b"2"})
    panel = ContextPanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    _choose(panel, "b")
    assert "No step reads this file" in panel.detail.toPlainText()
    assert _state(panel, "b") == "no step reads it"


def test_a_file_that_only_an_unneeded_stage_copies_is_read_by_no_step_of_the_target(qtbot: QtBot, open_bench: Opened) -> None:
    panel = ContextPanel(open_bench("FROM scratch AS aside\nCOPY b /\nFROM scratch\nCOPY a /\n", {"a": b"1", "b": b"2"}))
    qtbot.addWidget(panel)
    panel.show()
    _choose(panel, "b")
    assert "No step of the target reads this file" in panel.detail.toPlainText()
    assert _state(panel, "b") == "no step of the target reads it"


def test_selecting_a_step_marks_its_files(bench: Workbench, panel: ContextPanel) -> None:
    bench.select(PACKAGE)
    index = panel.model.index_of("package.json")
    assert _state(panel, "package.json") == "read by line 3"
    assert index.data(Qt.ItemDataRole.FontRole).bold()
    assert not panel.model.index_of("logo.png").data(Qt.ItemDataRole.FontRole).bold()
    bench.select(None)
    assert _state(panel, "package.json") == "in"


def test_pretending_touching_and_deleting_by_key(qtbot: QtBot, bench: Workbench, panel: ContextPanel,
                                                 settled: Settled) -> None:
    before = bench.state.context
    _choose(panel, "src/app.ts")
    panel.tree.setFocus()
    for action, changes in ((panel.pretend, "change src/app.ts"), (panel.touch, "touch src/app.ts"),
                            (panel.delete, "delete src/app.ts")):
        assert action.isEnabled()
        action.trigger()
        assert bench.changes[-1] == changes
    assert bench.state.context.get("src/app.ts") is None
    assert before.get("src/app.ts") is not None
    settled(bench)
    assert panel.model.index_of("src/app.ts").isValid() is False     # no project on disk: nothing to fall back to


def test_pretending_changes_a_step(bench: Workbench, panel: ContextPanel, settled: Settled) -> None:
    assert bench.report is not None and not list(bench.report.misses())
    _choose(panel, "src/app.ts")
    panel.pretend.trigger()
    settled(bench)
    assert bench.report.first_miss is not None
    assert bench.report.first_miss.id == ALL
    assert _state(panel, "src/app.ts") == "changed"
    assert "Changed since the last build: 10 B → 11 B." in panel.detail.toPlainText()


def test_a_touch_alone_is_in_no_key(bench: Workbench, panel: ContextPanel, settled: Settled) -> None:
    _choose(panel, "src/app.ts")
    panel.touch.trigger()
    settled(bench)
    assert "Times are in no key" in panel.detail.toPlainText()
    assert bench.report is not None and not list(bench.report.misses())


def test_several_files_at_once_are_one_edit(bench: Workbench, panel: ContextPanel) -> None:
    _choose(panel, "src/app.ts", "package.json", "logo.png")
    panel.delete.trigger()
    assert bench.changes == ("delete 3 paths",)


def test_editing_by_enter(qtbot: QtBot, bench: Workbench, panel: ContextPanel, monkeypatch: pytest.MonkeyPatch,
                          settled: Settled) -> None:
    asked: list[str] = []

    def answer(path: str, text: str, parent: object = None) -> str:
        asked.append(path)
        return text + "more\n"
    monkeypatch.setattr(TextDialog, "ask", answer)
    bench.blobs.put(b"let a = 1\n")
    _choose(panel, "src/app.ts")
    qtbot.keyClick(panel.tree, Qt.Key.Key_Return)
    assert asked == ["src/app.ts"]
    assert bench.bytes_of("src/app.ts") == b"let a = 1\nmore\n"


def test_the_dockerfile_is_edited_in_the_editor(qtbot: QtBot, bench: Workbench, panel: ContextPanel) -> None:
    _choose(panel, "Dockerfile")
    with qtbot.waitSignal(bench.line_activated):
        panel.edit.trigger()


@pytest.mark.parametrize(("data", "why"), [
    (b"\x89PNG\0", "it is not text"), (b"x" * 1_000_001, "it is larger than 1 MB"),
    (None, "its content is not known here")])
def test_what_is_no_text_is_refused_politely(qtbot: QtBot, bench: Workbench, panel: ContextPanel, settled: Settled,
                                             data: bytes | None, why: str) -> None:
    if data is not None:
        bench.edit_file("logo.png", data)
        settled(bench)
    _choose(panel, "logo.png")
    with qtbot.waitSignal(bench.message_posted) as caught:
        panel.edit.trigger()
    assert why in caught.args[0].text
    assert "Pretend changed" in caught.args[0].text


def test_renaming_and_permissions_and_adding(bench: Workbench, panel: ContextPanel,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PathDialog, "ask", lambda path, taken, parent=None: "src/main.ts")
    monkeypatch.setattr(ChmodDialog, "ask", lambda path, mode, parent=None: 0o755)
    monkeypatch.setattr(TextDialog, "ask_new", lambda folder, taken, parent=None: (f"{folder}new.ts", "hello\n"))
    _choose(panel, "src/app.ts")
    panel.rename.trigger()
    assert panel.current_path() == "src/main.ts"
    panel.chmod.trigger()
    entry = bench.state.context.get("src/main.ts")
    assert entry is not None and entry.mode == 0o755
    panel.add.trigger()
    assert panel.current_path() == "src/new.ts"
    assert bench.bytes_of("src/new.ts") == b"hello\n"
    assert bench.changes == ("rename src/app.ts to src/main.ts", "chmod src/main.ts 0755", "add src/new.ts")


def test_cancelled_dialogs_change_nothing(bench: Workbench, panel: ContextPanel,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PathDialog, "ask", lambda *a: None)
    monkeypatch.setattr(ChmodDialog, "ask", lambda *a: None)
    monkeypatch.setattr(TextDialog, "ask_new", lambda *a: None)
    _choose(panel, "src/app.ts")
    for action in (panel.rename, panel.chmod, panel.add):
        action.trigger()
    assert bench.changes == ()


def test_the_filter_finds_and_opens(qtbot: QtBot, panel: ContextPanel) -> None:
    qtbot.keyClicks(panel.filter, "math")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    index = panel.model.index_of("src/util")
    assert panel.tree.isExpanded(index)
    panel.reveal("package.json")        # a link leads there although it is filtered out
    assert panel.current_path() == "package.json"


def test_typing_keeps_open_folders_and_the_cursor(bench: Workbench, panel: ContextPanel, settled: Settled) -> None:
    _choose(panel, "src/util/math.ts")
    bench.new_text(bench.state.text + "# more\n")
    settled(bench)
    assert panel.current_path() == "src/util/math.ts"
    bench.edit_context(bench.state.context.without("logo.png"), "delete logo.png")
    settled(bench)
    assert panel.current_path() == "src/util/math.ts"
    assert panel.tree.isExpanded(panel.model.index_of("src/util"))


def test_sorting_by_a_click_on_the_header(qtbot: QtBot, panel: ContextPanel) -> None:
    header = panel.tree.header()
    at = QPoint(header.sectionPosition(Column.SIZE) + 6, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert header.sortIndicatorSection() == Column.SIZE
    assert panel.model.path(panel.model.index(panel.model.rowCount() - 1, 0)) == "Dockerfile"


def test_the_menu_offers_what_can_be_done(qtbot: QtBot, bench: Workbench, panel: ContextPanel) -> None:
    _choose(panel, "src")
    panel.tree.customContextMenuRequested.emit(QPoint(5, 5))
    menu = QApplication.activePopupWidget() or panel.tree.findChild(QMenu)
    assert isinstance(menu, QMenu)
    enabled = [a.text().replace("&", "") for a in menu.actions() if a.isEnabled() and a.text()]
    assert "Delete" in enabled
    assert "Edit…" not in enabled       # a folder
    menu.close()


def test_edits_are_marked_saved_and_reverted(qtbot: QtBot, on_disk: Workbench, settled: Settled, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    panel = ContextPanel(on_disk)
    qtbot.addWidget(panel)
    panel.show()
    settled(on_disk)
    assert not panel.bar.isVisible()
    _choose(panel, "a.txt")
    panel.pretend.trigger()
    _choose(panel, "dir/b.txt")
    panel.delete.trigger()
    settled(on_disk)
    assert panel.bar.isVisible()
    assert _state(panel, "a.txt") == "changed (what if)"
    assert _state(panel, "dir/b.txt") == "deleted (what if)"
    assert _state(panel, "dir") == "1 changed (what if)"
    assert (tmp_path / "dir" / "b.txt").exists()
    _choose(panel, "dir/b.txt")
    assert "deleted in thought" in panel.detail.toPlainText()
    panel.revert.trigger()
    settled(on_disk)
    assert on_disk.state.context.get("dir/b.txt") is not None
    asked: list[tuple[str, str]] = []

    def all_of_them(edits: list[tuple[str, str]], parent: object = None) -> tuple[str, ...]:
        asked.extend(edits)
        return tuple(path for path, _ in edits)
    monkeypatch.setattr(SaveDialog, "ask", all_of_them)
    panel.write.trigger()
    assert asked == [("a.txt", "changed")]
    qtbot.waitUntil(lambda: (tmp_path / "a.txt").read_text() == "one\n\n")
    qtbot.waitUntil(lambda: not panel.bar.isVisible())
    on_disk.shutdown()


def test_unsaved_text_is_no_what_if_edit(qtbot: QtBot, on_disk: Workbench, settled: Settled) -> None:
    panel = ContextPanel(on_disk)
    qtbot.addWidget(panel)
    panel.show()
    on_disk.new_text("FROM scratch\nCOPY a.txt /\n")
    settled(on_disk)
    assert not panel.bar.isVisible()
    _choose(panel, "a.txt")
    panel.touch.trigger()
    panel.revert_all()
    settled(on_disk)
    assert on_disk.state.text == "FROM scratch\nCOPY a.txt /\n"
    entry = on_disk.state.context.get("Dockerfile")
    assert entry is not None and entry.size == len(on_disk.state.text)
    on_disk.shutdown()


def test_no_key_is_taken_twice(panel: ContextPanel) -> None:
    own = [action.shortcut().toString() for action in panel.actions_of_tree]
    assert all(own) and len(own) == len(set(own))
    of_window = {key for command in actions.COMMANDS for key in command.keys}
    assert not of_window & set(own)
    assert all(action.statusTip() for action in panel.actions_of_tree)


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
    assert not panel.delete.isEnabled()


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


@pytest.mark.parametrize("engine", EngineKind)
def test_the_steps_told_for_an_argument_are_those_that_run_with_another_value(engine: EngineKind) -> None:
    text = ("ARG TAG=1\nFROM busybox:$TAG\nARG V=1\nARG W=1\nCOPY a a\nRUN one\nCOPY a $V\nLABEL w=$W\nRUN two\n")
    state = ProjectState(text, ContextSnapshot.of({"a": b"1"}), engine=engine, store=ImageStore.GRAPHDRIVER)
    first, store = simulate(state.request(), EMPTY_STORE)
    for row in arg_rows(first, state.options):
        other = replace(state, options=BuildOptions(args=((row.name, "other"),)))
        runs = {s.id for s in simulate(other.request(), store)[0].misses()}
        steps = [s for s in row.steps if s.index > 0]       # whether naming another base is work, each engine says for itself
        assert row.steps and set(steps) <= runs, row
        counted = [s for s in runs if s.index > 0 and first.step(s).outcome not in (Outcome.CONFIG_ONLY, Outcome.UNREACHED)]
        assert len(steps) + row.below == len(counted), row


def test_every_option_of_a_build_is_told() -> None:
    given = BuildOptions(target="t", no_cache=True, no_cache_filter=("a", "b"), pull=True, platform="linux/arm64",
                         contexts=(("c", "d"),), secrets=(("k", GIVEN_SECRET),), ssh=("default",), labels=(("l", "1"),),
                         add_hosts=(("h", "10.0.0.1"),), network=NetworkMode.HOST, shm_size=64, ulimits=("nofile=9",),
                         cgroup_parent="g")
    assert options_in_force(given) == (
        "--target t", "--no-cache", "--no-cache-filter a,b", "--pull", "--platform linux/arm64", "--build-context c=d",
        "--secret id=k", "--ssh default", "--label l=1", "--add-host h:10.0.0.1", "--network host", "--shm-size 64",
        "--ulimit nofile=9", "--cgroup-parent g")
    assert options_in_force(BuildOptions(args=(("V", "1"),))) == ()
