"""What happens to a folder or Dockerfile that is dropped on the window?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

__all__ = ["DropTaker"]

_KINDS = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


class DropTaker(QObject):
    """Takes files that are dropped anywhere on a window, before any of its widgets sees them."""

    def __init__(self, window: QWidget, open_path: Callable[[Path], object]) -> None:
        super().__init__(window)
        self._window, self._open = window, open_path
        window.setAcceptDrops(True)
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def stop(self) -> None:
        """Listen no more; call before the window goes."""
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in _KINDS and isinstance(event, QDropEvent) and isinstance(watched, QWidget) \
                and watched.window() is self._window:
            return self._take(event, kind is QEvent.Type.Drop)
        return False

    def _take(self, event: QDropEvent, dropped: bool) -> bool:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return False
        event.acceptProposedAction()
        if dropped:
            self._open(paths[0])
        return True
