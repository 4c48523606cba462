"""The window as a person uses it: keys and clicks, and what they see."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, QSettings, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QTabBar, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from cachesim.app import recovery
from cachesim.app.compare.panel import ComparePanel
from cachesim.app.mainwindow import MainWindow
from cachesim.app.notify import Message
from cachesim.app.palette_dialog import PaletteDialog
from cachesim.app.presentation import LeaveHint
from cachesim.app.questions import Unsaved, UnsavedQuestion
from cachesim.app.whatif.file_dialog import FileDialog
from cachesim.app.workbench import Workbench
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.options import EngineKind, ImageStore
from tests.app.conftest import DOCKERFILE, open_project


def words(window: MainWindow) -> list[str]:
    return [button.text() for button in window.verdict.count_buttons()]


def labels(window: MainWindow) -> list[str]:
    return [button.text() for button in window.timeline.builds.buttons]


def choose(menu: QMenu, *path: str) -> QAction:
    """Find an action by the words of its menus."""
    for word in path[:-1]:
        action = next(a for a in menu.actions() if a.text().replace("&", "").startswith(word))
        menu = action.menu()  # type: ignore[assignment]
    return next(a for a in menu.actions() if a.text().replace("&", "").startswith(path[-1]))


def tall_enough(widget: QWidget) -> bool:
    return widget.height() >= widget.fontMetrics().height()


def current(window: MainWindow) -> int | None:
    return window.workbench.timeline.current


def test_first_minute_one_click_on_a_card_fills_the_window(qtbot: QtBot, window: MainWindow) -> None:
    assert window.welcome.isVisible() and not window.splitter.isVisible()
    card = next(c for c in window.welcome.cards() if c.sample.name == "flask-early-copy")
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    assert window.splitter.isVisible() and not window.welcome.isVisible()
    assert labels(window) == ["First build"]
    assert "1 changed" in words(window)
    assert "first miss: line 4, COPY . ." in window.verdict.sentence()


def test_dropping_a_folder_anywhere_gives_verdict_and_why(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(project))])
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                            Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window.welcome.viewport(), enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton,
                       Qt.KeyboardModifier.ShiftModifier)
    event.setDropAction(Qt.DropAction.MoveAction)
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        QApplication.sendEvent(window.welcome.viewport(), event)
    assert event.dropAction() is Qt.DropAction.CopyAction, "what is moved, its giver would delete"
    assert window.workbench.project is not None and window.workbench.project.context_dir == project.resolve()
    assert window.editor.text.toPlainText() == DOCKERFILE
    assert window.verdict.sentence() == "Nothing would run."


def test_a_file_that_is_no_text_changes_nothing(qtbot: QtBot, opened: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\0")
    opened.workbench.open_path(tmp_path / "logo.png")
    qtbot.waitUntil(lambda: bool(opened.messages.messages()))
    assert "not a text" in opened.messages.messages()[0].text and opened.editor.text.toPlainText() == DOCKERFILE


def test_text_that_was_let_go_does_not_come_back(qtbot: QtBot, opened: MainWindow, project: Path, tmp_path: Path) -> None:
    QTest.keyClicks(opened.editor.text, "# mine")
    opened.workbench.disk.rescue.now()
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM scratch\n")
    open_project(qtbot, opened, other)
    open_project(qtbot, opened, project)
    assert opened.messages.messages() == [] and opened.editor.text.toPlainText() == DOCKERFILE


def test_the_first_window_hangs_out_of_no_screen(opened: MainWindow) -> None:
    opened._store.remove("window/geometry")
    opened.placement.restore_geometry()         # the screen of the tests is smaller than the first size
    assert opened.windowState() & Qt.WindowState.WindowMaximized


def test_what_if_a_file_changes_and_take_back(qtbot: QtBot, opened: MainWindow,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    def pick(dialog: PaletteDialog) -> int:
        line = dialog.findChild(QLineEdit)
        assert line is not None
        QTest.keyClicks(line, "app.py")
        QTest.keyClick(line, Qt.Key.Key_Return)
        return 1
    monkeypatch.setattr(PaletteDialog, "exec", pick)
    monkeypatch.setattr(FileDialog, "ask", classmethod(lambda cls, path, data, parent: data + b"# more\n"))
    menu = QMenu()
    opened.whatif.fill(menu)
    with qtbot.waitSignal(opened.workbench.report_changed):
        choose(menu, "A file changes", "Change content").trigger()
    report = opened.workbench.report
    assert report is not None and report.first_miss is not None
    assert report.first_miss.step.line == 5 and "src/app.py" in report.first_miss.cause
    assert opened.workbench.changes == ("edit src/app.py",)
    assert opened.actions_["take_back"].text() == "&Take back: edit src/app.py"
    with qtbot.waitSignal(opened.workbench.report_changed):
        opened.actions_["take_back"].trigger()
    assert opened.verdict.sentence() == "Nothing would run."
    assert not opened.actions_["take_back"].isEnabled()


def test_typing_shows_the_verdict_and_build_makes_it_history(qtbot: QtBot, opened: MainWindow) -> None:
    editor = opened.editor.text
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    with qtbot.waitSignal(opened.workbench.report_changed):
        QTest.keyClicks(editor, "RUN echo")
    assert opened.isWindowModified() and opened.actions_["save"].isEnabled()
    with qtbot.waitSignals([opened.workbench.timeline_changed, opened.workbench.report_changed]):
        QTest.keyClick(opened, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert labels(opened) == ["First build", "Edit Dockerfile"]
    assert opened.verdict.sentence() == "Nothing would run."
    QTest.keyClick(opened, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)       # what that build ran
    assert opened.verdict.sentence().startswith("Build 2 ran ") and editor.toPlainText().endswith("RUN echo")
    with qtbot.waitSignal(opened.workbench.timeline_changed):
        QTest.keyClick(opened, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert editor.toPlainText() == DOCKERFILE
    with qtbot.waitSignal(opened.workbench.timeline_changed):
        QTest.keyClick(opened, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert editor.toPlainText().endswith("RUN echo")


def test_broken_text_keeps_the_last_good_picture(qtbot: QtBot, opened: MainWindow) -> None:
    before = opened.workbench.report
    with qtbot.waitSignal(opened.workbench.report_stale_changed):
        opened.workbench.replace_text(DOCKERFILE.replace("WORKDIR", "WRKDIR"), "typo")
    assert opened.workbench.report is before
    assert "line 2 does not parse" in opened.verdict.sentence()
    with qtbot.waitSignal(opened.workbench.report_stale_changed):
        opened.actions_["undo"].trigger()
    assert opened.verdict.sentence() == "Nothing would run."


def test_saving_is_explicit_and_atomic(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.replace_text(DOCKERFILE + "EXPOSE 80\n", "more")
    assert (project / "Dockerfile").read_text() == DOCKERFILE
    QTest.keyClick(opened, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert (project / "Dockerfile").read_text() == DOCKERFILE + "EXPOSE 80\n"
    assert not opened.isWindowModified()
    assert not [p for p in project.iterdir() if p.name.startswith(".Dockerfile")]


def test_a_refused_save_says_so_and_keeps_the_text(opened: MainWindow, project: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    from cachesim.app import disk
    from cachesim.errors import InputError

    def refuse(path: Path, data: bytes) -> None:
        raise InputError("cannot be written (no space left on device)", str(path))
    monkeypatch.setattr(disk, "write_atomically", refuse)
    opened.workbench.replace_text(DOCKERFILE + "EXPOSE 80\n", "more")
    assert not opened.workbench.save()
    assert "no space left" in opened.messages.messages()[-1].text
    assert not opened.workbench.saved


def test_closing_asks_only_when_text_would_be_lost(opened: MainWindow, project: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(cls: type, name: str, parent: object) -> Unsaved:
        asked.append(name)
        return Unsaved.STAY if len(asked) == 1 else Unsaved.SAVE
    monkeypatch.setattr(UnsavedQuestion, "ask", classmethod(ask))
    opened.workbench.replace_text(DOCKERFILE + "EXPOSE 80\n", "more")
    assert not opened.close()
    assert opened.isVisible()
    assert opened.close()
    assert asked == ["Dockerfile", "Dockerfile"]
    assert (project / "Dockerfile").read_text().endswith("EXPOSE 80\n")


def test_changes_on_disk_are_taken_over_and_said(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    (project / "src" / "app.py").write_text("print('coffee')\n")
    with qtbot.waitSignal(opened.workbench.report_changed, timeout=15_000):
        opened.workbench.disk.look()
    assert any("src/app.py changed on disk" in m.text for m in opened.messages.messages())
    (project / "Dockerfile").write_text(DOCKERFILE + "EXPOSE 80\n")
    with qtbot.waitSignal(opened.workbench.text_edited, timeout=15_000):
        opened.workbench.disk.look()
    assert opened.editor.text.toPlainText().endswith("EXPOSE 80\n")
    assert opened.workbench.saved


def test_a_foreign_dockerfile_never_overwrites_unsaved_text(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.replace_text(DOCKERFILE + "EXPOSE 80\n", "mine")
    (project / "Dockerfile").write_text(DOCKERFILE + "EXPOSE 90\n")
    with qtbot.waitSignal(opened.workbench.message_posted, timeout=15_000,
                          check_params_cb=lambda m: m.key == "foreign"):
        opened.workbench.disk.look()
    message = opened.messages.messages()[-1]
    assert [a.text for a in message.actions] == ["Reload", "Compare", "Keep mine"]
    assert opened.workbench.state.text.endswith("EXPOSE 80\n")
    message.actions[0].run()
    assert opened.workbench.state.text.endswith("EXPOSE 90\n") and opened.workbench.saved
    opened.actions_["undo"].trigger()
    assert opened.editor.text.toPlainText().endswith("EXPOSE 80\n")


def test_an_edit_in_thought_wins_over_the_disk(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.edit_file("src/app.py", b"in thought\n")
    (project / "src" / "app.py").write_text("on disk\n")
    with qtbot.waitSignal(opened.workbench.message_posted, timeout=15_000, check_params_cb=lambda m: m.key == "kept"):
        opened.workbench.disk.look()
    assert opened.workbench.bytes_of("src/app.py") == b"in thought\n"


def test_the_disk_is_followed_without_asking(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    qtbot.waitUntil(lambda: opened.workbench.disk.watch.running, timeout=5_000)
    def touched() -> None:
        (project / "src" / "app.py").write_text("print('cocoa')\n")
        assert opened.workbench.report is not None and opened.workbench.report.first_miss is not None
    qtbot.waitUntil(touched, timeout=15_000)


def test_unsaved_text_is_offered_after_a_crash(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.close_project()
    recovery.keep(project / "Dockerfile", DOCKERFILE + "EXPOSE 80\n")         # as a crash leaves it
    with qtbot.waitSignals([opened.workbench.project_opened, opened.workbench.message_posted], timeout=15_000):
        opened.workbench.open_path(project)
    message = next(m for m in opened.messages.messages() if m.key == "rescued")
    message.actions[0].run()
    assert opened.workbench.state.text.endswith("EXPOSE 80\n")


def test_going_back_and_editing_keeps_both_futures(qtbot: QtBot, opened: MainWindow) -> None:
    bench = opened.workbench
    bench.replace_text(DOCKERFILE + "EXPOSE 80\n", "one")
    bench.build()
    bench.go_to(1)
    bench.replace_text(DOCKERFILE + "EXPOSE 90\n", "two")
    bench.build()
    assert [entry.parent for entry in bench.timeline.entries] == [None, 1, 1]
    assert len(opened.timeline.builds.buttons) == 3


def test_ctrl_click_on_two_builds_compares_them(qtbot: QtBot, opened: MainWindow) -> None:
    opened.workbench.replace_text(DOCKERFILE.replace("3.12", "3.13"), "other base")
    opened.workbench.build()
    first, second = opened.timeline.builds.buttons
    QTest.mouseClick(first, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    assert first.picked
    with qtbot.waitSignal(opened.workbench.comparisons.changed):
        QTest.mouseClick(second, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    assert opened.panes.docks["compare"].is_built


def test_the_other_changes_of_life(qtbot: QtBot, opened: MainWindow) -> None:
    bench, menu = opened.workbench, QMenu()

    def runs() -> set[int]:
        return {s.step.line for s in bench.report.misses()} if bench.report is not None else set()

    def do(*path: str) -> None:
        opened.whatif.fill(menu)
        choose(menu, *path).trigger()

    def settled(lines: set[int]) -> None:
        qtbot.waitUntil(lambda: lines <= runs() if lines else not runs(), timeout=10_000)

    do("The cache is switched off")
    settled({3, 4, 5, 6})
    assert bench.report is not None and {s.reason for s in bench.report.misses()} >= {MissReason.NO_CACHE}
    bench.take_back()
    settled(set())
    do("Somebody clones", "Nobody else may read (umask 077)")
    settled({3, 5})
    bench.take_back()
    settled(set())
    do("A base image", "python:3.12-slim, and the build asks")
    settled({2, 4, 6})
    bench.take_back()
    settled(set())
    do("A base image", "python:3.12-slim, and the build does not")
    assert "Without --pull" in opened.messages.messages()[-1].text
    assert not opened.messages.messages()[-1].actions      # nothing changed: there is nothing to take back
    do("The cache is emptied")
    settled({2, 4, 6})
    assert current(opened) is None
    opened.messages.messages()[-1].actions[0].run()
    settled(set())
    assert current(opened) == 1
    do("A fresh CI runner")
    settled({2, 4, 6})
    bench.take_back()
    do("Another engine", "Classic")
    assert bench.state.engine.value == "classic"
    bench.take_back()
    assert bench.state.engine.value == "buildkit"


def test_selecting_anywhere_selects_everywhere(qtbot: QtBot, opened: MainWindow) -> None:
    report = opened.workbench.report
    assert report is not None
    step = report.steps[3]
    with qtbot.waitSignal(opened.workbench.selection_changed):
        opened.workbench.select(step.id)
    assert opened.graph.dag.current == step.id
    assert opened.editor.text.textCursor().blockNumber() + 1 == step.step.line


def test_escape_leads_back_to_the_whole_after_all_else(qtbot: QtBot, opened: MainWindow) -> None:
    bench, report = opened.workbench, opened.workbench.report
    assert report is not None
    bench.select(report.steps[3].id)
    bench.post(Message("something", key="some"))
    QTest.keyClick(opened.graph, Qt.Key.Key_Escape)
    assert not opened.messages.messages() and bench.selected == report.steps[3].id
    QTest.keyClick(opened.graph, Qt.Key.Key_Escape)
    assert bench.selected is None


def test_compare_comes_only_when_asked_for(qtbot: QtBot, opened: MainWindow) -> None:
    bench = opened.workbench
    for text in ("FROM one\n", "FROM two\n"):
        bench.replace_text(text, "edit")
        bench.build()
    opened.panes.show("compare")
    qtbot.waitUntil(lambda: opened.panes.docks["compare"].in_front)
    opened.panes.show("why")
    qtbot.waitUntil(lambda: opened.panes.docks["why"].in_front)
    bench.replace_text("FROM three\n", "edit")
    bench.build()
    bench.take_back()
    assert "is taken back. Redo brings it again" in opened.messages.messages()[-1].text
    bench.do_again()
    assert not opened.messages.messages()
    QApplication.processEvents()
    assert opened.panes.docks["why"].in_front and not opened.panes.docks["compare"].in_front
    bench.comparisons.builds(1, 2)
    qtbot.waitUntil(lambda: opened.panes.docks["compare"].in_front)


def test_no_two_actions_share_a_shortcut_and_all_have_words(opened: MainWindow) -> None:
    actions = opened.actions_.all()
    keys = Counter(key.toString() for action in actions for key in action.shortcuts())
    assert [key for key, count in keys.items() if count > 1] == []
    assert [a.objectName() for a in actions if not a.text() or not a.statusTip()] == []


def test_planned_keys_are_there(opened: MainWindow) -> None:
    wanted = {"Ctrl+Shift+P", "Ctrl+P", "Ctrl+O", "Ctrl+S", "Ctrl+W", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+F", "Ctrl+H",
              "F3",
              "F8", "Shift+F8", "Alt+Up", "Alt+Down", "Ctrl+/", "Ctrl+Space", "Ctrl+.", "Ctrl+E", "Ctrl+1", "Ctrl+2",
              "Ctrl+3", "Ctrl+4", "F6", "Shift+F6", "Alt+Left", "Alt+Right", "Ctrl+Return", "Ctrl+Shift+Return", "F11",
              "Ctrl++", "Ctrl+-", "Ctrl+0", "Ctrl+B", "F1"}
    assert wanted <= {key.toString() for action in opened.actions_.all() for key in action.shortcuts()}


def test_menus_hold_every_command_and_the_toolbar_few(opened: MainWindow) -> None:
    seen: set[str] = set()

    def walk(menu: QMenu) -> None:
        for action in menu.actions():
            if action.menu() is not None:
                walk(action.menu())  # type: ignore[arg-type]
            seen.add(action.objectName())
    for action in opened.menuBar().actions():
        walk(action.menu())  # type: ignore[arg-type]
    assert {a.objectName() for a in opened.actions_.all()} <= seen
    assert len([a for a in opened.toolbar.actions() if not a.isSeparator()]) <= 10


def test_presentation_comes_back_exactly(qtbot: QtBot, opened: MainWindow) -> None:
    def places() -> list[tuple[str, bool, QRect]]:
        return [(name, dock.in_front, dock.geometry()) for name, dock in opened.panes.docks.items() if dock.in_front]
    opened.panes.show("keyparts")
    layout, sizes = places(), opened.splitter.sizes()
    zoom = opened.graph.zoom
    font = opened.editor.text.font().pixelSize()
    opened.actions_["present"].trigger()
    assert opened.isFullScreen() and not opened.menuBar().isVisible()
    assert opened.editor.text.font().pixelSize() == 22
    assert opened.workbench.look.text == "#000000"
    QTest.keyClick(opened, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not opened.isFullScreen())
    assert opened.menuBar().isVisible() and not opened.actions_["present"].isChecked()
    qtbot.waitUntil(lambda: places() == layout and opened.splitter.sizes() == sizes)
    assert opened.editor.text.font().pixelSize() == font
    assert opened.graph.zoom == pytest.approx(zoom)


def test_presentation_ends_although_what_had_the_keys_is_gone(qtbot: QtBot, opened: MainWindow) -> None:
    button = QPushButton("one of the strip", opened.timeline)
    button.show()
    button.setFocus()
    assert opened.focusWidget() is button
    opened.actions_["present"].trigger()
    delete(button)          # as the strip does where it makes its buttons anew
    opened.actions_["present"].trigger()
    qtbot.waitUntil(lambda: not opened.isFullScreen())
    assert opened.menuBar().isVisible() and opened.graph.hasFocus()


def test_presentation_says_how_to_leave_and_arrows_walk(qtbot: QtBot, opened: MainWindow) -> None:
    text, bench, foot = opened.editor.text, opened.workbench, opened.status.height()
    text.setFocus()
    opened.actions_["present"].trigger()
    hints = opened.findChildren(LeaveHint)
    assert [hint.isVisible() and "F11 or Esc" in hint.text() for hint in hints] == [True]
    qtbot.waitUntil(opened.graph.hasFocus)
    QTest.keyClick(opened.graph, Qt.Key.Key_Home)
    first = bench.selected
    QTest.keyClick(opened.graph, Qt.Key.Key_Down)
    assert first is not None and bench.selected not in (None, first)
    opened.actions_["present"].trigger()
    qtbot.waitUntil(lambda: not opened.findChildren(LeaveHint))
    assert text.hasFocus()
    qtbot.waitUntil(lambda: opened.status.isVisible() and opened.status.height() == foot)


def test_presentation_comes_back_under_a_slow_window_manager(qtbot: QtBot, opened: MainWindow) -> None:
    docks, size = opened.panes.docks, opened.size()

    def widths() -> list[int]:
        return [docks["why"].width(), docks["context"].width()]
    before = widths()
    opened.actions_["present"].trigger()
    qtbot.waitUntil(opened.isFullScreen)
    opened.actions_["present"].trigger()
    qtbot.waitUntil(lambda: not opened.isFullScreen() and widths() == before)
    opened.resize(1100, 700)            # the size of the full screen is still there, and all docks found their own place
    opened.resizeDocks([docks["why"], docks["context"]], [500, 600], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: widths()[1] > before[1] + 40)
    opened.resize(size)
    qtbot.waitUntil(lambda: widths() == before)


def test_who_touches_the_window_after_a_presentation_goes_on_from_there(qtbot: QtBot, opened: MainWindow) -> None:
    opened.panes.show("why")
    size, place = opened.size(), opened.panes.docks["why"].geometry()
    opened.actions_["present"].trigger()
    qtbot.waitUntil(opened.isFullScreen)
    opened.actions_["present"].trigger()
    qtbot.waitUntil(lambda: opened.panes.docks["why"].in_front and opened.panes.docks["why"].geometry() == place)
    opened.resize(1100, 700)
    QTest.mouseClick(opened.editor.text.viewport(), Qt.MouseButton.LeftButton)
    opened.panes.show("keyparts")
    qtbot.waitUntil(lambda: opened.panes.docks["keyparts"].in_front)
    with qtbot.assertNotEmitted(opened.panes.docks["why"].visibilityChanged, wait=400):     # it would be in front again
        opened.resize(size)


def test_a_pane_that_a_presenter_asked_for_does_not_keep_the_keys(qtbot: QtBot, opened: MainWindow) -> None:
    opened.actions_["present"].trigger()
    qtbot.waitUntil(opened.isFullScreen)
    opened.panes.show("problems", True)
    qtbot.waitUntil(lambda: opened.panes.docks["problems"].isAncestorOf(opened.focusWidget()))
    opened.actions_["present"].trigger()
    qtbot.waitUntil(lambda: opened.menuBar().isVisible() and opened.panes.docks["why"].in_front)
    focus = opened.focusWidget()
    assert focus is not None and opened.splitter.isAncestorOf(focus)


def test_no_title_bar_repeats_a_tab_when_a_layout_comes_back(qtbot: QtBot, opened: MainWindow) -> None:
    tabbed = [d for d in opened.panes.docks.values() if d.isVisible() and opened.tabifiedDockWidgets(d)]
    assert tabbed
    opened.restoreState(opened.saveState())     # moves the docks one by one, each without its neighbours' tabs for a moment
    assert not any(d.titleBarWidget() is None for d in tabbed)


def test_the_tabs_keep_name_and_whole_titles_when_a_layout_comes_back(qtbot: QtBot, opened: MainWindow) -> None:
    def bars() -> set[tuple[str, Qt.TextElideMode]]:
        found = opened.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return {(bar.accessibleName(), bar.elideMode()) for bar in found}
    wanted = {("Panes", Qt.TextElideMode.ElideNone)}
    qtbot.waitUntil(lambda: bars() == wanted)
    opened.restoreState(opened.saveState())     # Qt makes new bars for it
    qtbot.waitUntil(lambda: bars() == wanted)


def test_escape_closes_a_bar_first(opened: MainWindow) -> None:
    from cachesim.app.notify import Message
    opened.workbench.post(Message("hello"))
    QTest.keyClick(opened, Qt.Key.Key_Escape)
    assert not opened.messages.isVisible()


def test_bad_saved_layout_is_ignored(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    store: QSettings = window._store
    store.setValue("window/state", "nonsense")
    store.setValue("window/geometry", 7)
    store.setValue("window/splitter", ["x"])
    window.placement.restore_geometry()
    open_project(qtbot, window, project)
    assert window.panes.docks["why"].isVisible()
    assert window.splitter.sizes()[0] > 100


def test_layout_and_recent_survive_a_restart(opened: MainWindow, project: Path) -> None:
    opened.splitter.setSizes([300, 900])
    opened.panes.docks["context"].hide()
    opened.close()
    store: QSettings = opened._store
    assert store.value("window/state") is not None
    assert str(project.resolve()) in store.value("settings/recent")


def test_the_panes_keep_their_share_when_a_project_goes_and_comes(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    docks = [opened.panes.docks[name] for name in ("why", "context")]
    opened.resizeDocks(docks[1:], [560], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: docks[1].width() > 500)
    wanted = [dock.size() for dock in docks]
    for _ in range(2):
        opened.workbench.close_project()
        assert not any(dock.isVisible() for dock in docks)
        open_project(qtbot, opened, project)
        qtbot.waitUntil(lambda: [dock.size() for dock in docks] == wanted)


def test_closed_on_the_welcome_page_the_next_window_has_its_panes_all_the_same(
        qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    docks = [opened.panes.docks[name] for name in ("why", "context")]
    opened.resizeDocks(docks[1:], [560], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: docks[1].width() > 500)
    wanted = [dock.size() for dock in docks]
    opened.workbench.close_project()
    opened.close()
    bench = Workbench()
    following = MainWindow(bench, opened._store)
    try:
        following.resize(opened.size())
        following.show()
        open_project(qtbot, following, project)
        assert following.toolbar.isVisible()
        assert all(following.panes.docks[name].isVisible() for name in ("why", "context", "layers"))
        qtbot.waitUntil(lambda: [following.panes.docks[name].size() for name in ("why", "context")] == wanted)
    finally:
        following.close()
        following.deleteLater()
        bench.shutdown()


def test_timeline_survives_a_restart(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.replace_text(DOCKERFILE + "EXPOSE 80\n", "more")
    opened.workbench.build("mine")
    opened.workbench.save()
    opened.workbench.close_project()
    assert opened.welcome.isVisible()
    open_project(qtbot, opened, project)
    assert labels(opened) == ["First build", "mine"]


def test_a_layout_that_was_reset_on_the_welcome_page_has_its_shares(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.close_project()
    opened.actions_["reset_layout"].trigger()
    open_project(qtbot, opened, project)
    docks = opened.panes.docks
    qtbot.waitUntil(lambda: docks["context"].width() > 0.35 * opened.width())
    assert docks["why"].width() > docks["context"].width()


def test_large_letters_get_a_higher_foot(qtbot: QtBot, opened: MainWindow) -> None:
    from dataclasses import replace
    bench, why = opened.workbench, opened.panes.docks["why"]
    before = why.height()
    bench.set_settings(replace(bench.settings, font_percent=150))
    opened.actions_["reset_layout"].trigger()
    qtbot.waitUntil(lambda: before < why.height() < 0.45 * opened.height())


def test_the_tab_of_the_problems_counts_them_before_it_was_opened(qtbot: QtBot, opened: MainWindow) -> None:
    dock = opened.panes.docks["problems"]
    assert not dock.is_built and dock.windowTitle() == "Problems"
    opened.workbench.replace_text(opened.workbench.state.text + "MAINTAINER me\n", "a picture")
    qtbot.waitUntil(lambda: dock.windowTitle() == "Problems 1")


def test_panes_are_walked_with_f6(qtbot: QtBot, opened: MainWindow) -> None:
    opened.editor.text.setFocus()
    QTest.keyClick(opened, Qt.Key.Key_F6)
    assert opened.graph.hasFocus()
    QTest.keyClick(opened, Qt.Key.Key_F6)
    focus = QApplication.focusWidget()
    assert focus is not None and opened.panes.docks["why"].isAncestorOf(focus)
    QTest.keyClick(opened, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert opened.editor.text.hasFocus()


@pytest.mark.parametrize("theme", ["Light", "Dark", "High contrast", "System"])
@pytest.mark.parametrize("percent", [80, 250])
def test_themes_and_sizes_do_not_clip_the_strips(qtbot: QtBot, opened: MainWindow, theme: str, percent: int) -> None:
    from dataclasses import replace
    bench = opened.workbench
    bench.set_settings(replace(bench.settings, theme=theme, font_percent=percent))
    for strip in (opened.verdict, opened.timeline):
        assert strip.height() >= strip.fontMetrics().height()
    for button in opened.verdict.count_buttons():
        qtbot.waitUntil(partial(tall_enough, button))


def test_a_folder_without_dockerfile_says_what_to_do(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(window.workbench.message_posted):
        window.workbench.open_path(tmp_path / "empty")
    assert "no Dockerfile here" in window.messages.messages()[-1].text
    assert window.messages.isVisible() and window.welcome.isVisible()


def test_several_dockerfiles_are_offered(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    (project / "Dockerfile.dev").write_text("FROM scratch\n")
    open_project(qtbot, window, project)
    menu = window.actions_.submenus("dockerfiles")[0]
    menu.aboutToShow.emit()
    assert {a.text() for a in menu.actions()} == {"Dockerfile", "Dockerfile.dev"}
    with qtbot.waitSignal(window.workbench.project_opened, timeout=15_000):
        next(a for a in menu.actions() if a.text() == "Dockerfile.dev").trigger()
    assert window.workbench.state.text == "FROM scratch\n"


def test_count_buttons_lead_to_the_first_step(qtbot: QtBot, opened: MainWindow) -> None:
    button = opened.verdict.count_buttons()[0]
    assert button.count.outcome is Outcome.HIT
    with qtbot.waitSignal(opened.workbench.activated):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert opened.workbench.selected == button.count.first


def test_two_engines_are_set_side_by_side(qtbot: QtBot, opened: MainWindow) -> None:
    menu = opened.actions_.submenus("compare_engine")[0]
    menu.aboutToShow.emit()
    assert len(menu.actions()) == 2
    with qtbot.waitSignal(opened.workbench.comparisons.changed):
        next(a for a in menu.actions() if a.text() == "BuildKit, graph driver store").trigger()
    panel = opened.panes.docks["compare"].content
    assert isinstance(panel, ComparePanel)
    qtbot.waitUntil(lambda: (panel.first.currentText(), panel.second.currentText())
                    == ("BuildKit, containerd store", "BuildKit, graph driver"))


def test_slow_reading_shows_progress_and_can_be_cancelled(qtbot: QtBot, window: MainWindow, project: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    from cachesim.app import disk
    from cachesim.app.opening import Opened
    from cachesim.progress import Progress
    from cachesim.project.blobs import BlobStore
    from cachesim.project.open import ProjectInfo

    def endless(info: ProjectInfo, blobs: BlobStore, commit: str, progress: Progress) -> Opened:
        while True:
            progress.step(1234, 100_000)
            time.sleep(0.001)
    monkeypatch.setattr(disk, "open_project", endless)
    window.workbench.open_path(project)

    def counted() -> None:
        assert "1,234 of 100,000 files" in window.verdict.sentence()
    qtbot.waitUntil(counted, timeout=5_000)
    assert window.verdict.isVisible()
    cancel = next(b for b in window.verdict.findChildren(QPushButton) if b.text() == "Cancel")
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert window.workbench.busy is None and not window.verdict.isVisible()
    assert window.welcome.isVisible()


def test_another_start_of_the_cache(qtbot: QtBot, opened: MainWindow) -> None:
    menu = opened.actions_.submenus("start")[0]
    menu.aboutToShow.emit()
    with qtbot.waitSignals([opened.workbench.timeline_changed, opened.workbench.report_changed], timeout=10_000):
        next(a for a in menu.actions() if a.text().startswith("nothing")).trigger()
    assert opened.workbench.timeline.entries == ()
    assert opened.verdict.sentence() == "This is your first build; press What if to change something."
    assert "6 not in cache" in words(opened) or "5 not in cache" in words(opened)


def test_another_builder_is_shown_as_if_it_had_made_the_builds(qtbot: QtBot, opened: MainWindow) -> None:
    bench = opened.workbench
    bench.edit_file("src/app.py", b"print('coffee')\n")
    bench.build("an edit")
    with_buildkit = bench.timeline
    menu = opened.actions_.submenus("engine")[0]
    menu.aboutToShow.emit()
    with qtbot.waitSignal(bench.report_changed, timeout=15_000):
        next(a for a in menu.actions() if a.text() == "Classic builder").trigger()
    assert opened.verdict.sentence() == "Nothing would run." and bench.state.engine is EngineKind.CLASSIC
    assert all(e.state.engine is EngineKind.CLASSIC and e.report.history for e in bench.timeline.entries)
    bar = next(m for m in opened.messages.messages() if m.key == "whatif")
    assert "a cache of its own" in bar.text and "the 2 builds so far" in bar.text
    with qtbot.waitSignal(bench.report_changed, timeout=15_000):
        bar.actions[0].run()
    assert "6 not in cache" in words(opened) and bench.changes[-1] == "Classic builder has built nothing yet"
    bench.take_back()
    with qtbot.waitSignal(bench.report_changed, timeout=15_000):
        bench.take_back()
    assert bench.timeline == with_buildkit and bench.state.engine is EngineKind.BUILDKIT


def test_what_an_engine_was_seen_to_build_is_known_after_another_was_tried(opened: MainWindow) -> None:
    bench = opened.workbench
    bench.set_timeline(bench.timeline.made_for_real("an engine", bench.state))
    bench.set_engine(EngineKind.CLASSIC, ImageStore.GRAPHDRIVER)
    assert bench.timeline.seen_on("an engine") == ()
    bench.rename_entry(bench.timeline.entries[0].id, "the first one")
    bench.set_engine(EngineKind.BUILDKIT, ImageStore.CONTAINERD)
    assert len(bench.timeline.seen_on("an engine")) == 1 and bench.timeline.entries[0].label == "the first one"


def test_the_foot_of_the_window_names_the_build_arguments(qtbot: QtBot, opened: MainWindow) -> None:
    bench = opened.workbench
    bench.set_options(replace(bench.state.options, args=(("VERSION", "1.1"), ("HTTP_PROXY", None))))
    qtbot.waitUntil(lambda: "--build-arg VERSION=1.1 HTTP_PROXY" in opened.status.size_text())
