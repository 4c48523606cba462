"""How would this file look after an edit that nobody has made yet?"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from cachesim.app.questions import answered
from cachesim.app.report.panel import fixed_font

__all__ = ["FileDialog"]

_SHOWN = 1 << 20


class FileDialog(QDialog):
    """The text of one context file, to edit in thought; the disk is not touched."""

    def __init__(self, path: str, data: bytes | None, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"What if {path} changes?")
        self._data = data
        self._text = _decoded(data)
        note = QLabel("Edit the text, or press OK at once: then an empty line is added. Nothing is written to disk. "
                      "Ctrl+Enter is OK, too."
                      if self._text is not None else
                      "Its text is not at hand: .dockerignore keeps the file out, it is large or no text, or it cannot be "
                      "read. OK pretends that one byte is added. "
                      "Nothing is written to disk.")
        note.setWordWrap(True)
        self._edit = QPlainTextEdit(self._text or "")
        self._edit.setAccessibleName(f"Text of {path}")
        self._edit.setFont(fixed_font(self.font()))
        self._edit.setVisible(self._text is not None)
        self._edit.setTabChangesFocus(True)         # no trap for those without a mouse
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.accept)
        box = QVBoxLayout(self)
        box.addWidget(note)
        box.addWidget(self._edit, 1)
        box.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setFocus()
        line = self.fontMetrics().height()      # as large as the letters, but never larger than the window
        room = parent.window().size() if parent is not None else QSize(1280, 800)
        self.resize(QSize(46 * line, 31 * line if self._text is not None else 10 * line).boundedTo(room))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed while OK has the keys is meant for the text."""
        if self._text is not None and event.text().strip() and event.text().isprintable() \
                and not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            self._edit.setFocus(Qt.FocusReason.OtherFocusReason)
            self._edit.insertPlainText(event.text())
        else:
            super().keyPressEvent(event)

    def result_bytes(self) -> bytes:
        """The bytes after the edit; always other bytes than before."""
        before = self._data or b""
        if self._text is None:
            return before + b"\n"
        text = self._edit.toPlainText()
        if text == self._text.replace("\r\n", "\n"):
            return before + b"\n"
        newline = "\r\n" if "\r\n" in self._text else "\n"
        return text.replace("\n", newline).encode("utf-8")

    @classmethod
    def ask(cls, path: str, data: bytes | None, parent: QWidget | None) -> bytes | None:
        """The new bytes, or None if the person changed their mind."""
        dialog = cls(path, data, parent)
        return dialog.result_bytes() if answered(dialog) else None


def _decoded(data: bytes | None) -> str | None:
    if data is None or len(data) > _SHOWN or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
