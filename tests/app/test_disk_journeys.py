"""Somebody else writes the files, while a person types: nothing of either is lost, and each answer does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app import recovery
from cachesim.app.mainwindow import MainWindow
from cachesim.app.questions import Unsaved, UnsavedQuestion
from tests.app.conftest import DOCKERFILE, open_project
from tests.app.hands import CTRL, SHIFT, Key, click, press, type_text

THEIRS = DOCKERFILE + "EXPOSE 90\n"


def said(window: MainWindow) -> list[str]:
    return [message.text for message in window.messages.messages()]


def look(qtbot: QtBot, window: MainWindow) -> None:
    window.workbench.disk.look()
    qtbot.waitUntil(lambda: not window.workbench.disk.busy)


@pytest.fixture
def typed(qtbot: QtBot, opened: MainWindow) -> MainWindow:
    """The window with a line of one's own that was not saved; it looks at the disk when it is told to."""
    opened.workbench.disk.watch.stop()
    opened.editor.text.setFocus()
    press(Key.Key_End, mod=CTRL)
    type_text("EXPOSE 80")
    press(Key.Key_Escape)
    return opened


MINE = DOCKERFILE + "EXPOSE 80"


def test_keep_mine_keeps_it_and_the_next_save_writes_it(qtbot: QtBot, typed: MainWindow, project: Path) -> None:
    (project / "Dockerfile").write_text(THEIRS)
    look(qtbot, typed)
    click(typed.messages, "Keep mine")
    look(qtbot, typed)
    assert said(typed) == [] and typed.editor.text.toPlainText() == MINE
    press(Key.Key_S, mod=CTRL)
    assert (project / "Dockerfile").read_text() == MINE and typed.workbench.saved


def test_saving_never_writes_over_what_nobody_saw(qtbot: QtBot, typed: MainWindow, project: Path) -> None:
    file = project / "Dockerfile"
    file.write_text(THEIRS)
    press(Key.Key_S, mod=CTRL)              # before the window looked at the disk
    assert file.read_text() == THEIRS and said(typed)[0].startswith("Not saved: Dockerfile changed on disk meanwhile")
    press(Key.Key_S, mod=CTRL)
    assert file.read_text() == THEIRS and len(said(typed)) == 1
    click(typed.messages, "Save mine")
    assert file.read_text() == MINE and typed.workbench.saved and said(typed) == []


def test_reload_is_one_undo_step(qtbot: QtBot, typed: MainWindow, project: Path) -> None:
    (project / "Dockerfile").write_text(THEIRS)
    press(Key.Key_S, mod=CTRL)
    click(typed.messages, "Reload")
    assert typed.editor.text.toPlainText() == THEIRS and typed.workbench.saved
    press(Key.Key_Z, mod=CTRL)
    assert typed.editor.text.toPlainText() == MINE and not typed.workbench.saved


def test_closing_with_save_stays_when_somebody_else_wrote(qtbot: QtBot, typed: MainWindow, project: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UnsavedQuestion, "ask", classmethod(lambda cls, name, parent: Unsaved.SAVE))
    (project / "Dockerfile").write_text(THEIRS)
    assert not typed.close() and typed.isVisible() and len(said(typed)) == 1
    click(typed.messages, "Save mine")
    assert (project / "Dockerfile").read_text() == MINE


def test_a_write_protected_file_is_asked_about(qtbot: QtBot, typed: MainWindow, project: Path) -> None:
    file = project / "Dockerfile"
    file.chmod(0o444)
    press(Key.Key_S, mod=CTRL)
    assert file.read_text() == DOCKERFILE and "write-protected" in said(typed)[0]
    click(typed.messages, "Save anyway")
    assert file.read_text() == MINE and typed.workbench.saved and said(typed) == []
    assert file.stat().st_mode & 0o777 == 0o444
    look(qtbot, typed)
    mine, there = typed.workbench.state.context, typed.workbench.disk.context
    assert mine.get("Dockerfile") == there.get("Dockerfile"), "its new mode and time are no edit in thought"


def test_a_folder_that_vanished_takes_no_text_with_it(qtbot: QtBot, opened: MainWindow, project: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [Unsaved.STAY, Unsaved.DISCARD]
    monkeypatch.setattr(UnsavedQuestion, "ask", classmethod(lambda cls, name, parent: answers.pop(0)))
    opened.workbench.disk.watch.stop()
    project.rename(project.with_name("moved"))
    look(qtbot, opened)
    assert "is not there any more" in said(opened)[0] and opened.isWindowModified()
    press(Key.Key_W, mod=CTRL)
    assert opened.editor.text.toPlainText() == DOCKERFILE, "it was asked about, and stayed"
    press(Key.Key_W, mod=CTRL)
    qtbot.waitUntil(opened.welcome.isVisible)
    assert answers == [] and said(opened) == []
    button = next(b for b in opened.welcome.findChildren(QPushButton) if b.accessibleName() == f"Open {project}")
    assert "no longer there" in button.text() and not button.isEnabled()


def test_a_folder_that_comes_back_is_read_again(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.disk.watch.stop()
    project.rename(project.with_name("moved"))
    look(qtbot, opened)
    project.with_name("moved").rename(project)
    look(qtbot, opened)
    qtbot.waitUntil(lambda: opened.workbench.saved and opened.verdict.sentence() == "Nothing would run.", timeout=15_000)
    assert not opened.isWindowModified()


def test_text_of_a_crash_waits_for_an_answer(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    recovery.keep(project / "Dockerfile", MINE)          # as a crash leaves it
    for _ in range(2):
        open_project(qtbot, window, project)
        assert "was not saved when the window ended" in said(window)[0]
        press(Key.Key_End, mod=CTRL)
        type_text("#")                  # before anything was answered
        window.workbench.disk.rescue.now()
        press(Key.Key_S, mod=CTRL)
        window.workbench.close_project()
        assert said(window) == [], "a closed project asks nothing"
    open_project(qtbot, window, project)
    click(window.messages, "Restore")
    assert window.editor.text.toPlainText() == MINE and not window.workbench.saved
    press(Key.Key_Z, mod=CTRL)
    assert window.editor.text.toPlainText() == DOCKERFILE + "##"
    press(Key.Key_Z, mod=CTRL | SHIFT)
    press(Key.Key_S, mod=CTRL)
    window.workbench.close_project()
    open_project(qtbot, window, project)
    assert said(window) == [] and window.editor.text.toPlainText() == MINE


def test_text_of_a_crash_that_was_let_go_is_gone(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    recovery.keep(project / "Dockerfile", MINE)
    open_project(qtbot, window, project)
    click(window.messages, "Discard")
    window.workbench.close_project()
    open_project(qtbot, window, project)
    assert said(window) == [] and window.editor.text.toPlainText() == DOCKERFILE


def test_a_dockerfile_that_vanished_can_be_saved_again(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    file = project / "Dockerfile"
    opened.workbench.disk.watch.stop()
    file.unlink()
    look(qtbot, opened)
    assert "cannot be read any more" in said(opened)[0] and opened.isWindowModified()
    opened.workbench.disk.rescue.now()
    assert recovery.rescued(file) is not None, "it is here alone"
    press(Key.Key_S, mod=CTRL)
    assert file.read_text() == DOCKERFILE and said(opened) == [] and not opened.isWindowModified()
    file.unlink()
    look(qtbot, opened)
    click(opened.messages, "Save")
    assert file.read_text() == DOCKERFILE
    file.unlink()
    look(qtbot, opened)
    file.write_text(DOCKERFILE)             # somebody else brought it back
    look(qtbot, opened)
    assert said(opened) == [] and opened.workbench.saved


@pytest.mark.parametrize("how", ["touch", "edit", "delete", "rename-save"])
def test_a_context_file_that_others_change_is_followed(qtbot: QtBot, opened: MainWindow, project: Path, how: str) -> None:
    opened.workbench.disk.watch.stop()
    file = project / "src" / "app.py"
    if how == "touch":
        file.touch()
    elif how == "edit":
        file.write_text("print('cocoa')\n")
    elif how == "delete":
        file.unlink()
    else:
        (project / "src" / ".app.py.new").write_text("print('milk')\n")
        (project / "src" / ".app.py.new").rename(file)
    look(qtbot, opened)
    assert said(opened) == ["src/app.py changed on disk."]
    runs = "Nothing would run." if how == "touch" else "first miss: line 5, COPY src/ src/"
    qtbot.waitUntil(lambda: opened.verdict.sentence() == runs)


def test_what_is_said_of_a_project_goes_with_it(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.workbench.disk.watch.stop()
    (project / "src" / "app.py").write_text("print('cocoa')\n")
    look(qtbot, opened)
    assert said(opened) == ["src/app.py changed on disk."]
    opened.workbench.close_project()
    assert said(opened) == [] and not opened.messages.isVisible()
