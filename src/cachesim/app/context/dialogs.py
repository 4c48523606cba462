"""What does a person type to edit, add, rename, chmod or save context files? Each dialog answers by `ask()`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.questions import answered
from cachesim.app.report.panel import fixed_font, named

__all__ = ["ChmodDialog", "PathDialog", "SaveDialog", "TextDialog", "as_bytes", "as_text", "path_problem"]

TEXT_LIMIT = 1_000_000     # bytes; more is no file that a person edits in a small window
_BUTTONS = QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel


def as_text(data: bytes) -> str | None:
    """The text of a file with "\\n" as newline, or None if it is not UTF-8 text."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def as_bytes(text: str, like: bytes) -> bytes:
    """Edited text as bytes, with the newline style that the file had."""
    crlf = like.count(b"\r\n")
    if crlf and crlf * 2 >= like.count(b"\n"):
        text = text.replace("\n", "\r\n")
    return text.encode("utf-8", "surrogateescape")


def path_problem(path: str, taken: Callable[[str], bool]) -> str:
    """What is wrong with a new path in the context, or ""."""
    clean = posixpath.normpath(path.strip()) if path.strip() else ""
    if not clean:
        return "Give the path inside the context, like src/new.py."
    if path.strip().startswith("/") or clean == ".." or clean.startswith("../"):
        return "The path has to lie inside the context: no leading / and no .. above it."
    if path.strip().endswith("/") or clean == ".":
        return "The path names a folder; give the name of the file too."
    return f"{clean} is already there." if taken(clean) else ""


class _Dialog(QDialog):
    """Rows, a line for problems, OK and Cancel."""

    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.rows = QVBoxLayout(self)
        self.problem = named(QLabel(wordWrap=True), "Problem")
        self.buttons = QDialogButtonBox(_BUTTONS)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def finish(self) -> None:
        """Add what stands at the foot."""
        self.rows.addWidget(self.problem)
        self.rows.addWidget(self.buttons)

    def set_problem(self, text: str) -> None:
        """Say what is missing; OK stays off until nothing is."""
        self.problem.setText(text)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not text)

    def em(self) -> int:
        """Width of a letter, so that sizes follow the font."""
        return self.fontMetrics().averageCharWidth()


class _PathEdit(QLineEdit):
    """Keeps its cursor and selection when a dialog gives it the focus."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        start, length, cursor = self.selectionStart(), len(self.selectedText()), self.cursorPosition()
        super().focusInEvent(event)
        if length:
            self.setSelection(start, length)
        else:
            self.deselect()
            self.setCursorPosition(cursor)


class TextDialog(_Dialog):
    """A small text editor; with `taken` it also asks for the path of a new file."""

    def __init__(self, path: str, text: str, parent: QWidget | None = None,
                 taken: Callable[[str], bool] | None = None) -> None:
        super().__init__("Add file" if taken else f"Edit {path}", parent)
        self._taken = taken
        self.path = named(_PathEdit(path), "Path in the context")
        self.text = named(QPlainTextEdit(text), f"Text of {path}" if path else "Text of the file")
        self.text.setFont(fixed_font(self.font()))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.installEventFilter(self)
        if taken:
            label = QLabel("&Path in the context:")
            label.setBuddy(self.path)
            self.rows.addWidget(label)
            self.rows.addWidget(self.path)
            self.path.textChanged.connect(self._check)
        self.rows.addWidget(self.text, 1)
        note = QLabel("This is a what-if edit: nothing is written to disk until you choose “Save to disk…”.")
        note.setWordWrap(True)
        self.rows.addWidget(note)
        self.finish()
        self.problem.setVisible(taken is not None)
        (self.path if taken else self.text).setFocus()
        self._check()

    @classmethod
    def ask(cls, path: str, text: str, parent: QWidget | None = None) -> str | None:
        """Let the person edit a text; None if they cancel."""
        dialog = cls(path, text, parent)
        return dialog.text.toPlainText() if answered(dialog) else None

    @classmethod
    def ask_new(cls, folder: str, taken: Callable[[str], bool],
                parent: QWidget | None = None) -> tuple[str, str] | None:
        """Ask for a new file: its path and text; None if they cancel."""
        dialog = cls(folder, "", parent, taken)
        if not answered(dialog):
            return None
        return posixpath.normpath(dialog.path.text().strip()), dialog.text.toPlainText()

    def sizeHint(self) -> QSize:
        return QSize(self.em() * 90, self.fontMetrics().height() * 24)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl+Tab leaves the editor, Ctrl+Return accepts."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) \
                and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.key() == Qt.Key.Key_Tab:
                return self.focusNextPrevChild(True)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled():
                    self.accept()
                return True
        return super().eventFilter(watched, event)

    @Slot()
    def _check(self) -> None:
        self.set_problem(path_problem(self.path.text(), self._taken) if self._taken else "")


class PathDialog(_Dialog):
    """Asks for another path of a file or folder."""

    def __init__(self, path: str, taken: Callable[[str], bool], parent: QWidget | None = None) -> None:
        super().__init__(f"Rename {path}", parent)
        self._old, self._taken = path, taken
        label = QLabel("&New path in the context:")
        self.path = named(_PathEdit(path), "New path in the context")
        label.setBuddy(self.path)
        self.path.setMinimumWidth(self.em() * 50)
        start = path.rfind("/") + 1
        stem = path.rfind(".")
        self.path.setSelection(start, (stem if stem > start else len(path)) - start)
        self.path.textChanged.connect(self._check)
        self.rows.addWidget(label)
        self.rows.addWidget(self.path)
        self.finish()
        self._check()

    @classmethod
    def ask(cls, path: str, taken: Callable[[str], bool], parent: QWidget | None = None) -> str | None:
        """Ask for the new path; None if they cancel or leave it as it is."""
        dialog = cls(path, taken, parent)
        if not answered(dialog):
            return None
        new = posixpath.normpath(dialog.path.text().strip())
        return new if new != path else None

    @Slot()
    def _check(self) -> None:
        new = posixpath.normpath(self.path.text().strip()) if self.path.text().strip() else ""
        if new.startswith(self._old + "/"):
            self.set_problem("A folder cannot be moved into itself.")
        else:
            self.set_problem("" if new == self._old else path_problem(self.path.text(), self._taken))


class ChmodDialog(_Dialog):
    """Asks for permission bits, as octal digits or by ticking boxes."""

    def __init__(self, path: str, mode: int, parent: QWidget | None = None) -> None:
        super().__init__(f"Permissions of {path}", parent)
        label = QLabel("&Octal:")
        self.octal = named(QLineEdit(f"{mode:04o}", maxLength=4), "Permissions as octal digits")
        label.setBuddy(self.octal)
        self.bits: dict[int, QCheckBox] = {}
        grid = QGridLayout()
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.octal, 0, 1, 1, 3)
        for row, who in enumerate(("Owner", "Group", "Others")):
            grid.addWidget(QLabel(who), row + 1, 0)
            for column, what in enumerate(("read", "write", "execute")):
                bit = 0o400 >> (row * 3 + column)
                box = named(QCheckBox(what), f"{who} may {what}")
                box.clicked.connect(self._from_boxes)
                grid.addWidget(box, row + 1, column + 1)
                self.bits[bit] = box
        self.rows.addLayout(grid)
        self.finish()
        self.octal.textChanged.connect(self._from_text)
        self.octal.selectAll()
        self._from_text()

    @classmethod
    def ask(cls, path: str, mode: int, parent: QWidget | None = None) -> int | None:
        """Ask for the new bits; None if they cancel."""
        dialog = cls(path, mode, parent)
        return dialog.mode() if answered(dialog) else None

    def mode(self) -> int | None:
        """The bits that are typed now, or None if that is no octal number."""
        text = self.octal.text().strip()
        return int(text, 8) if text and all(digit in "01234567" for digit in text) else None

    @Slot()
    def _from_text(self) -> None:
        mode = self.mode()
        self.set_problem("" if mode is not None else "Three or four digits from 0 to 7, like 755.")
        if mode is not None:
            for bit, box in self.bits.items():
                box.setChecked(bool(mode & bit))

    @Slot()
    def _from_boxes(self) -> None:
        special = (self.mode() or 0) & 0o7000
        self.octal.setText(f"{special + sum(bit for bit, box in self.bits.items() if box.isChecked()):04o}")


class SaveDialog(_Dialog):
    """Asks which what-if edits to write to disk; this is the only way they get there."""

    def __init__(self, edits: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__("Save what-if edits to disk", parent)
        head = QLabel("These edits exist only in cachesim so far. Writing them changes the files in your folder.")
        head.setWordWrap(True)
        self.list = named(QListWidget(), "Edits to write")
        for path, what in edits:
            item = QListWidgetItem(f"{path}: {what}", self.list)
            item.setData(Qt.ItemDataRole.UserRole, path)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.rows.addWidget(head)
        self.rows.addWidget(self.list, 1)
        self.finish()
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Write to disk")
        self.list.itemChanged.connect(self._check)
        self._check()

    @classmethod
    def ask(cls, edits: Sequence[tuple[str, str]], parent: QWidget | None = None) -> tuple[str, ...]:
        """Ask which edits (path and what happens) to write; empty if they cancel."""
        dialog = cls(edits, parent)
        return dialog.chosen() if answered(dialog) else ()

    def chosen(self) -> tuple[str, ...]:
        """The ticked paths."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return tuple(str(i.data(Qt.ItemDataRole.UserRole)) for i in items if i.checkState() is Qt.CheckState.Checked)

    @Slot()
    def _check(self) -> None:
        self.set_problem("" if self.chosen() else "Tick at least one edit.")
