"""What does the window tell a person, without stopping them? Bars that say what, where and what to do."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.theme import Theme, icon, pixmap

__all__ = ["Message", "MessageAction", "MessageArea", "MessageBar", "Tone"]

_PASSING_MS = 6000
_MOST = 4


class Tone(enum.Enum):
    """How much a message matters; the value is its icon."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A button of a message; pressing it also closes the bar, unless it `stays` because the question is still open."""

    text: str
    run: Callable[[], object]
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One bar. A message with the same non-empty `key` replaces the earlier one; `text` "" only closes it.

    Attributes:
        passing: Gone by itself after some seconds (an INFO that needs no answer).
    """

    text: str
    severity: Tone = Tone.INFO
    actions: tuple[MessageAction, ...] = ()
    key: str = ""
    passing: bool = False


class MessageBar(QFrame):
    """One message with its buttons; Esc or the cross closes it."""

    def __init__(self, message: Message, theme: Theme, area: MessageArea) -> None:
        super().__init__(area)
        self.message = message
        self.setObjectName("message_bar")
        self.setAccessibleName(message.text)
        self._icon, self._area = QLabel(), area
        self._text = QLabel(message.text)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 6, 4)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        for action in message.actions:
            button = QPushButton(action.text)
            button.clicked.connect(partial(self._press, action))
            row.addWidget(button)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName("Close this message")
        self._close.setToolTip("Close this message")
        self._close.clicked.connect(self.close_bar)
        row.addWidget(self._close)
        self.restyle(theme)
        if message.passing:
            QTimer.singleShot(_PASSING_MS, self, self.close_bar)

    def restyle(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        tone = {Tone.INFO: theme.accent, Tone.WARNING: theme.warning, Tone.ERROR: theme.error}[self.message.severity]
        side = self.fontMetrics().height()
        self._icon.setPixmap(pixmap(self.message.severity.value, tone, side))
        self._close.setIcon(icon("close", theme.muted))
        self.setStyleSheet(f"#message_bar {{ background: {theme.bg}; border: 0; border-left: 4px solid {tone};"
                           f" border-bottom: 1px solid {theme.line}; }}")

    @Slot()
    def close_bar(self) -> None:
        """Take the bar away."""
        self._area.remove(self)

    def _press(self, action: MessageAction) -> None:
        if not action.stays:
            self.close_bar()
        action.run()


class MessageArea(QWidget):
    """The bars that are open, newest last; takes no room while there are none."""

    keys_freed = Signal()       # a bar went that had the focus

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: list[MessageBar] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def messages(self) -> list[Message]:
        """What is said at the moment."""
        return [bar.message for bar in self._bars]

    @Slot(object)
    def show_message(self, message: Message) -> None:
        """Add a bar; it replaces one with the same key, and the oldest goes when there are too many."""
        for bar in [b for b in self._bars if message.key and b.message.key == message.key]:
            self.remove(bar)
        if not message.text or any(message == bar.message for bar in self._bars):
            return
        bar = MessageBar(message, self._theme, self)
        self._bars.append(bar)
        self._box.addWidget(bar)
        self.show()
        if len(self._bars) > _MOST:
            self.remove(self._bars[0])

    def close_last(self) -> bool:
        """Close the newest bar; False if there was none."""
        if not self._bars:
            return False
        self.remove(self._bars[-1])
        return True

    def remove(self, bar: MessageBar) -> None:
        """Take one bar away."""
        if bar in self._bars:
            focus = QApplication.focusWidget()
            had_keys = focus is not None and bar.isAncestorOf(focus)
            self._bars.remove(bar)
            self._box.removeWidget(bar)
            bar.hide()
            bar.deleteLater()
            if had_keys:
                self.keys_freed.emit()
        self.setVisible(bool(self._bars))

    @Slot(object)
    def restyle(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        for bar in self._bars:
            bar.restyle(theme)
