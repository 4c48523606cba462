"""How does a panel follow the workbench without working while nobody looks at it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QElapsedTimer, QEvent, QTimer, Slot
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from cachesim.app.theme import Theme

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["Panel", "bold", "copy_text", "fixed_font", "icon_size", "named"]

_PAUSE_MS = 50              # without a key, and a panel follows what was typed
_AT_LATEST_MS = 300         # while keys come faster than that

_W = TypeVar("_W", bound=QWidget)


class Panel(QWidget):
    """A dock's content: call `outdated` when something it shows changed; `refresh` follows while it is visible."""

    def __init__(self, workbench: Workbench, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._outdated = True
        self.setAccessibleName(name)
        self.setObjectName(name.lower().replace(" ", "-"))
        self._after_typing = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._after_typing.timeout.connect(self.refresh_now)
        self._waiting = QElapsedTimer()     # since the first key that a refresh waits for
        workbench.look_changed.connect(self._take_look)

    def refresh(self) -> None:
        """Show the workbench's present state."""
        raise NotImplementedError

    def apply_look(self, look: Theme) -> None:
        """Take colours and sizes; called before the first `refresh` and whenever theme or font change."""

    @Slot()
    def outdated(self) -> None:
        """Refresh now if anybody can see it, else as soon as somebody can."""
        self._outdated = True
        if not self.isVisible():
            return
        if self._workbench.typing:      # editor, strips and graph are painted first
            if not self._after_typing.isActive():
                self._waiting.start()
            if self._waiting.elapsed() < _AT_LATEST_MS:
                self._after_typing.start()
        else:
            self.refresh_now()

    @Slot()
    def refresh_now(self) -> None:
        """Refresh if something changed since the last time."""
        if self._outdated:
            self._outdated = False
            self.refresh()

    @Slot(object)
    def _take_look(self, look: Theme) -> None:
        self.apply_look(look)
        self.outdated()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh_now()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange and hasattr(self, "_workbench"):
            self._take_look(self._workbench.look)


def named(widget: _W, name: str) -> _W:
    """Give a widget its accessible name."""
    widget.setAccessibleName(name)
    return widget


def fixed_font(like: QFont) -> QFont:
    """The desktop's fixed-width font at the size of another one."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if like.pointSizeF() > 0:
        font.setPointSizeF(like.pointSizeF())
    else:
        font.setPixelSize(max(1, like.pixelSize()))
    return font


def icon_size(like: QFont) -> int:
    """How large an icon beside text of that font is."""
    return max(16, QFontMetrics(like).ascent() + 2)


def bold(like: QFont) -> QFont:
    """The same font in bold."""
    font = QFont(like)
    font.setBold(True)
    return font


def copy_text(text: str) -> None:
    """Put text on the clipboard."""
    QApplication.clipboard().setText(text)
