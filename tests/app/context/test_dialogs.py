"""Tests of app/context/dialogs.py."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.context.dialogs import (
    ChmodDialog,
    PathDialog,
    SaveDialog,
    TextDialog,
    as_bytes,
    as_text,
    path_problem,
)


def _ok(dialog: QDialog) -> bool:
    box = dialog.findChild(QDialogButtonBox)
    assert isinstance(box, QDialogButtonBox)
    return box.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


@pytest.mark.parametrize(("path", "fine"), [
    ("a", True), ("a/b.c", True), ("./a", True), ("", False), ("/etc", False), ("../x", False), ("a/../../x", False),
    ("a/", False), (".", False), ("there", False), ("a/../there", False)])
def test_paths_are_checked(path: str, fine: bool) -> None:
    assert (path_problem(path, lambda p: p == "there") == "") is fine


def test_only_text_is_text() -> None:
    assert as_text(b"a\r\nb\n") == "a\nb\n"
    assert as_text(b"a\0b") is None
    assert as_text(b"\xff") is None


@pytest.mark.parametrize("data", [b"a\nb\n", b"a\r\nb\r\n", b"", b"no newline", "ü\n".encode()])
def test_what_was_not_edited_comes_back_as_it_was(data: bytes) -> None:
    text = as_text(data)
    assert text is not None
    assert as_bytes(text, data) == data


def test_text_is_edited_and_accepted_by_key(qtbot: QtBot) -> None:
    dialog = TextDialog("a.txt", "one\n")
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClicks(dialog.text, "X")
    qtbot.keyClick(dialog.text, Qt.Key.Key_Tab)
    assert dialog.text.toPlainText() == "X\tone\n"
    dialog.text.setFocus()
    qtbot.keyClick(dialog.text, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert not dialog.text.hasFocus()                   # the editor is no trap
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(dialog.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_a_new_file_needs_a_path_that_is_free(qtbot: QtBot) -> None:
    dialog = TextDialog("src/", "", taken=lambda path: path == "src/a")
    qtbot.addWidget(dialog)
    dialog.show()
    assert not _ok(dialog)
    qtbot.keyClicks(dialog.path, "a")
    assert not _ok(dialog)
    assert "already there" in dialog.problem.text()
    qtbot.keyClicks(dialog.path, "b")
    assert _ok(dialog)


def test_renaming_selects_the_stem(qtbot: QtBot) -> None:
    dialog = PathDialog("src/app.ts", lambda path: path == "src/b.ts")
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.path.selectedText() == "app"
    qtbot.keyClicks(dialog.path, "b")
    assert dialog.path.text() == "src/b.ts"
    assert not _ok(dialog)
    dialog.path.setText("src/app.ts/x")
    assert not _ok(dialog)
    dialog.path.setText("src/app.ts")
    assert _ok(dialog)


def test_permissions_by_digits_and_by_boxes(qtbot: QtBot) -> None:
    dialog = ChmodDialog("a", 0o4644)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.octal.text() == "4644"
    dialog.bits[0o100].click()
    assert dialog.mode() == 0o4744
    dialog.octal.setText("755")
    assert dialog.bits[0o001].isChecked()
    dialog.octal.setText("79")
    assert not _ok(dialog)
    assert dialog.mode() is None


def test_saving_lists_what_will_happen(qtbot: QtBot) -> None:
    dialog = SaveDialog([("a", "changed"), ("b", "deleted")])
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.chosen() == ("a", "b")
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert dialog.chosen() == ("b",)
    dialog.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert not _ok(dialog)


def test_ask_answers_with_the_value(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (QDialog.DialogCode.Accepted, QDialog.DialogCode.Rejected):
        monkeypatch.setattr(QDialog, "exec", lambda self, a=answer: a)
        yes = answer is QDialog.DialogCode.Accepted
        assert TextDialog.ask("a", "text") == ("text" if yes else None)
        assert TextDialog.ask_new("x/y", lambda p: False) == (("x/y", "") if yes else None)
        assert ChmodDialog.ask("a", 0o755) == (0o755 if yes else None)
        assert PathDialog.ask("a", lambda p: False) is None     # unchanged
        assert SaveDialog.ask([("a", "new")]) == (("a",) if yes else ())


def test_everything_has_a_name(qtbot: QtBot) -> None:
    for dialog in (TextDialog("a", "", taken=lambda p: False), PathDialog("a", lambda p: False), ChmodDialog("a", 0),
                   SaveDialog([("a", "new")])):
        qtbot.addWidget(dialog)
        for widget in dialog.findChildren(QWidget):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not isinstance(widget.parent(), QDialogButtonBox):
                assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name), widget
