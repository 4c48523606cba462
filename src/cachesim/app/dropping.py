"""What happens to a folder or Dockerfile that is dropped on the window?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

__all__ = ["DropTaker"]

_KINDS = frozenset((QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop, QEvent.Type.DragLeave))


class DropTaker(QObject):
    """Takes files that are dropped anywhere on a window, before any of its widgets sees them."""

    def __init__(self, window: QWidget, open_path: Callable[[Path], object]) -> None:
        super().__init__(window)
        self._window, self._open = window, open_path
        self._over = False      # whether files hang over the window
        window.setAcceptDrops(True)
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def stop(self) -> None:
        """Listen no more; call before the window goes."""
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _KINDS or not isinstance(watched, QWidget) or watched.window() is not self._window:
            return False            # the first question comes first: every event of the application passes here
        if kind is QEvent.Type.DragLeave:       # the widget did not see it come
            ours, self._over = self._over, False
            return ours
        if isinstance(event, QDropEvent):
            self._over = self._take(event, kind is QEvent.Type.Drop)
            return self._over
        return False

    def _take(self, event: QDropEvent, dropped: bool) -> bool:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return False
        event.setDropAction(Qt.DropAction.CopyAction)       # what is moved, its giver deletes
        event.accept()
        if dropped:
            QTimer.singleShot(0, self, partial(self._open, paths[0]))      # a question must not hold the giver up
        return True
