"""Tests of app/context/file_edits.py, with keys and clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from cachesim.app import actions
from cachesim.app.context.context_panel import ContextPanel
from cachesim.app.context.dialogs import ChmodDialog, PathDialog, SaveDialog, TextDialog
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from tests.app.context.files import choose, state_of

ALL = StepId(1, 2)
Settled = Callable[[Workbench], None]


def test_pretending_touching_and_deleting_by_key(qtbot: QtBot, bench: Workbench, panel: ContextPanel,
                                                 settled: Settled) -> None:
    before = bench.state.context
    choose(panel, "src/app.ts")
    panel.tree.setFocus()
    for action, changes in ((panel.edits.pretend, "change src/app.ts"), (panel.edits.touch, "touch src/app.ts"),
                            (panel.edits.delete, "delete src/app.ts")):
        assert action.isEnabled()
        action.trigger()
        assert bench.changes[-1] == changes
    assert bench.state.context.get("src/app.ts") is None
    assert before.get("src/app.ts") is not None
    settled(bench)
    assert panel.model.index_of("src/app.ts").isValid() is False     # no project on disk: nothing to fall back to


def test_pretending_changes_a_step(bench: Workbench, panel: ContextPanel, settled: Settled) -> None:
    assert bench.report is not None and not list(bench.report.misses())
    choose(panel, "src/app.ts")
    panel.edits.pretend.trigger()
    settled(bench)
    assert bench.report.first_miss is not None
    assert bench.report.first_miss.id == ALL
    assert state_of(panel, "src/app.ts") == "changed since build"
    assert "Changed since the last build: 10 B → 11 B." in panel.detail.toPlainText()


def test_a_touch_alone_is_in_no_key(bench: Workbench, panel: ContextPanel, settled: Settled) -> None:
    choose(panel, "src/app.ts")
    panel.edits.touch.trigger()
    settled(bench)
    assert "Times are in no key" in panel.detail.toPlainText()
    assert bench.report is not None and not list(bench.report.misses())


def test_several_files_at_once_are_one_edit(bench: Workbench, panel: ContextPanel) -> None:
    choose(panel, "src/app.ts", "package.json", "logo.png")
    panel.edits.delete.trigger()
    assert bench.changes == ("delete 3 paths",)


def test_editing_by_enter(qtbot: QtBot, bench: Workbench, panel: ContextPanel, monkeypatch: pytest.MonkeyPatch,
                          settled: Settled) -> None:
    asked: list[str] = []

    def answer(path: str, text: str, parent: object = None) -> str:
        asked.append(path)
        return text + "more\n"
    monkeypatch.setattr(TextDialog, "ask", answer)
    bench.blobs.put(b"let a = 1\n")
    choose(panel, "src/app.ts")
    qtbot.keyClick(panel.tree, Qt.Key.Key_Return)
    assert asked == ["src/app.ts"]
    assert bench.bytes_of("src/app.ts") == b"let a = 1\nmore\n"


def test_the_dockerfile_is_edited_in_the_editor(qtbot: QtBot, bench: Workbench, panel: ContextPanel) -> None:
    choose(panel, "Dockerfile")
    with qtbot.waitSignal(bench.line_activated):
        panel.edits.edit.trigger()


@pytest.mark.parametrize(("data", "why"), [
    (b"\x89PNG\0", "it is not text"), (b"x" * 1_000_001, "it is larger than 1 MB"),
    (None, "its content is not known here")])
def test_what_is_no_text_is_refused_politely(qtbot: QtBot, bench: Workbench, panel: ContextPanel, settled: Settled,
                                             data: bytes | None, why: str) -> None:
    if data is not None:
        bench.edit_file("logo.png", data)
        settled(bench)
    choose(panel, "logo.png")
    with qtbot.waitSignal(bench.message_posted) as caught:
        panel.edits.edit.trigger()
    assert why in caught.args[0].text
    assert "Pretend changed" in caught.args[0].text


def test_renaming_and_permissions_and_adding(bench: Workbench, panel: ContextPanel,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PathDialog, "ask", lambda path, taken, parent=None: "src/main.ts")
    monkeypatch.setattr(ChmodDialog, "ask", lambda path, mode, parent=None: 0o755)
    monkeypatch.setattr(TextDialog, "ask_new", lambda folder, taken, parent=None: (f"{folder}new.ts", "hello\n"))
    choose(panel, "src/app.ts")
    panel.edits.rename.trigger()
    assert panel.tree.current_path() == "src/main.ts"
    panel.edits.chmod.trigger()
    entry = bench.state.context.get("src/main.ts")
    assert entry is not None and entry.mode == 0o755
    panel.edits.add.trigger()
    assert panel.tree.current_path() == "src/new.ts"
    assert bench.bytes_of("src/new.ts") == b"hello\n"
    assert bench.changes == ("rename src/app.ts to src/main.ts", "chmod src/main.ts 0755", "add src/new.ts")


def test_cancelled_dialogs_change_nothing(bench: Workbench, panel: ContextPanel,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PathDialog, "ask", lambda *a: None)
    monkeypatch.setattr(ChmodDialog, "ask", lambda *a: None)
    monkeypatch.setattr(TextDialog, "ask_new", lambda *a: None)
    choose(panel, "src/app.ts")
    for action in (panel.edits.rename, panel.edits.chmod, panel.edits.add):
        action.trigger()
    assert bench.changes == ()


def test_the_menu_offers_what_can_be_done(qtbot: QtBot, bench: Workbench, panel: ContextPanel) -> None:
    choose(panel, "src")
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
    choose(panel, "a.txt")
    panel.edits.pretend.trigger()
    choose(panel, "dir/b.txt")
    panel.edits.delete.trigger()
    settled(on_disk)
    assert panel.bar.isVisible()
    assert state_of(panel, "a.txt") == "changed since build"
    assert state_of(panel, "dir/b.txt") == "deleted since build"
    assert state_of(panel, "dir") == "1 changed since build"
    assert panel.bar.text() == "2 differ from disk"
    on_disk.build()
    settled(on_disk)
    panel.refresh_now()
    assert state_of(panel, "a.txt") == "differs from disk" and state_of(panel, "dir") == "1 differs from disk"
    on_disk.take_back()
    settled(on_disk)
    panel.refresh_now()
    assert state_of(panel, "a.txt") == "changed since build"
    assert (tmp_path / "dir" / "b.txt").exists()
    choose(panel, "dir/b.txt")
    assert "deleted in thought" in panel.detail.toPlainText()
    panel.edits.revert.trigger()
    settled(on_disk)
    assert on_disk.state.context.get("dir/b.txt") is not None
    asked: list[tuple[str, str]] = []

    def all_of_them(edits: list[tuple[str, str]], parent: object = None) -> tuple[str, ...]:
        asked.extend(edits)
        return tuple(path for path, _ in edits)
    monkeypatch.setattr(SaveDialog, "ask", all_of_them)
    panel.edits.write.trigger()
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
    choose(panel, "a.txt")
    panel.edits.touch.trigger()
    panel.edits.revert_all()
    settled(on_disk)
    assert on_disk.state.text == "FROM scratch\nCOPY a.txt /\n"
    entry = on_disk.state.context.get("Dockerfile")
    assert entry is not None and entry.size == len(on_disk.state.text)
    on_disk.shutdown()


def test_no_key_is_taken_twice(panel: ContextPanel) -> None:
    own = [action.shortcut().toString() for action in panel.tree.actions()]
    assert all(own) and len(own) == len(set(own))
    of_window = {key for command in actions.COMMANDS for key in command.keys}
    assert not of_window & set(own)
    assert all(action.statusTip() for action in panel.tree.actions())


def test_other_times_alone_are_nothing_that_anybody_edited(qtbot: QtBot, on_disk: Workbench, settled: Settled) -> None:
    panel = ContextPanel(on_disk)
    qtbot.addWidget(panel)
    panel.show()
    context = on_disk.state.context
    on_disk.edit_context(context.touch("a.txt", 1), "a fresh checkout")
    on_disk.set_timeline(on_disk.timeline.at(None))
    settled(on_disk)
    panel.refresh_now()
    assert not panel.bar.isVisible() and "disk" not in state_of(panel, "a.txt")
    choose(panel, "a.txt")
    assert panel.edits.revert.isEnabled()
