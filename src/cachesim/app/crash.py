"""What does a person see when cachesim itself has a bug? What was being done, that nothing is lost, and the details."""

from __future__ import annotations

import platform
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, QTimer, Slot, qVersion
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from cachesim import __version__
from cachesim.app.questions import answered

__all__ = ["CrashDialog", "CrashGuard", "details_of"]


def details_of(error: BaseException) -> str:
    """Versions and traceback, to copy into a report."""
    lines = "".join(traceback.format_exception(error))
    return (f"cachesim {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}\n"
            f"{lines}")


class CrashDialog(QDialog):
    """Names the bug and offers its details."""

    def __init__(self, doing: str, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("A bug in cachesim")
        text = QLabel(f"Something went wrong inside cachesim{f' while: {doing}' if doing else ''}. This is a bug, not "
                      "your mistake. Nothing is lost: the text is still here, and a copy was put aside. You can go on.")
        text.setWordWrap(True)
        self._details = QPlainTextEdit(details)
        self._details.setReadOnly(True)
        self._details.setAccessibleName("Details")
        self._details.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        show = buttons.addButton("Details", QDialogButtonBox.ButtonRole.ActionRole)
        copy = buttons.addButton("Copy details", QDialogButtonBox.ButtonRole.ActionRole)
        for button in (show, copy):
            button.setAutoDefault(False)        # Enter closes
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        show.clicked.connect(self._unfold)
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(text)
        box.addWidget(self._details, 1)
        box.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setFocus()
        self._fit()

    @classmethod
    def ask(cls, doing: str, details: str, parent: QWidget | None) -> None:
        """Show it and wait."""
        answered(cls(doing, details, parent))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.layout() is not None:
            QTimer.singleShot(0, self, self._fit)       # the labels take the font after the dialog

    @Slot()
    def _fit(self) -> None:
        """As large as the words need in this font."""
        letter, layout = self.fontMetrics().averageCharWidth(), self.layout()
        assert layout is not None
        unfolded = not self._details.isHidden()
        width = letter * (110 if unfolded else 80)
        layout.activate()
        self.setMinimumHeight(max(layout.totalHeightForWidth(width), layout.totalMinimumSize().height()))
        self.resize(width, self.minimumHeight() + (16 * self.fontMetrics().height() if unfolded else 0))

    @Slot()
    def _unfold(self) -> None:
        self._details.setVisible(self._details.isHidden())
        self._fit()

    @Slot()
    def _copy(self) -> None:
        QApplication.clipboard().setText(self._details.toPlainText())


class CrashGuard(QObject):
    """Catches what nobody caught: prints it, puts the text aside, tells the person once per bug."""

    def __init__(self, rescue: Callable[[], object], doing: Callable[[], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._rescue, self._doing, self._window = rescue, doing, parent
        self._told: set[str] = set()
        self.count = 0
        self._before = sys.excepthook

    def install(self) -> None:
        """Become the hook for uncaught exceptions."""
        sys.excepthook = self._hook

    def remove(self) -> None:
        """Give the earlier hook back."""
        sys.excepthook = self._before

    @Slot(object)
    def report(self, error: BaseException) -> None:
        """Tell of a bug."""
        details = details_of(error)
        print(details, file=sys.stderr)
        self.count += 1
        try:
            self._rescue()
        except OSError as failed:
            print(f"the text could not be put aside: {failed}", file=sys.stderr)
        place = traceback.extract_tb(error.__traceback__)
        key = f"{type(error).__name__} {place[-1].filename}:{place[-1].lineno}" if place else repr(error)
        if key not in self._told:
            self._told.add(key)
            CrashDialog.ask(self._doing(), details, self._window)

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        self.report(error)
