"""Who gives a real build the secrets that its RUN steps ask for?"""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

__all__ = ["SecretFile", "SecretRow"]


class SecretFile:
    """The dialog that asks for the file of a secret."""

    @classmethod
    def ask(cls, parent: QWidget, name: str) -> bytes | None:
        """The bytes of the chosen file, or None."""
        path, _ = QFileDialog.getOpenFileName(parent, f"File with the secret {name}")
        if not path:
            return None
        try:
            with open(path, "rb") as file:
                return file.read(1 << 20)
        except OSError:
            return None


class SecretRow(QWidget):
    """A button per secret; what is given goes on by `given` and is kept nowhere else."""

    given = Signal(str, bytes)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QPushButton] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)

    def show_wanted(self, names: tuple[str, ...], given: tuple[str, ...] | None = None) -> None:
        """Ask for these; `given` are those that somebody has (None: the buttons that were used say so themselves)."""
        if names == tuple(self._buttons):
            for name, button in self._buttons.items() if given is not None else ():
                button.setText(_words(name, name in (given or ())))
            return
        self._buttons = {}
        while (item := self._row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for name in names:
            self._buttons[name] = button = QPushButton(_words(name, name in (given or ())))
            button.setObjectName(name)
            button.setStatusTip(f"Choose the file that holds the secret {name}; it is never kept")
            button.clicked.connect(self._give)
            self._row.addWidget(button)
        self._row.addStretch(1)

    @Slot()
    def _give(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            data = SecretFile.ask(self, button.objectName())
            if data is not None:
                self.given.emit(button.objectName(), data)
                button.setText(_words(button.objectName(), True))


def _words(name: str, given: bool) -> str:
    return f"Secret {name} given, change…" if given else f"Give secret {name}…"
