"""Where do window, panes and splitter stand, and how do they come back in the next run?"""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QSettings, Qt, QTimer, Slot
from PySide6.QtWidgets import QMainWindow, QSplitter

from cachesim.app.panes import Panes

__all__ = ["Placement"]

_LAYOUT = 1             # of the saved layout; another number is ignored
_SHARE = (42, 58)
_SIZE = (1280, 800)
_FRAME = 48             # at most, that a window manager draws around the window


class Placement(QObject):
    """The first layout, the remembered one, and the way back to the first; what makes no sense is ignored."""

    def __init__(self, window: QMainWindow, splitter: QSplitter, panes: Panes, store: QSettings) -> None:
        super().__init__(window)
        self._window, self._splitter, self._panes, self._store = window, splitter, panes, store
        self.restored = False       # whether the panes were put in place
        self._left: QByteArray | None = None    # how they stood when the project went; they are hidden since
        for index, share in enumerate(_SHARE):
            splitter.setStretchFactor(index, share)
        window.resize(*_SIZE)

    def reset(self) -> None:
        """Put every pane where it was at first."""
        self._panes.arrange()
        width = max(1, self._splitter.width())
        self._splitter.setSizes([width * share // 100 for share in _SHARE])

    def keep(self) -> None:
        """Remember size, place and panes for the next run."""
        self._store.setValue("window/geometry", self._window.saveGeometry())
        if self.restored:
            self._store.setValue("window/state", self._left or self._window.saveState(_LAYOUT))
            self._store.setValue("window/splitter", self._splitter.saveState())

    def leave(self) -> None:
        """Note how the panes stand before they are hidden: the next run is to have them, whatever it starts with."""
        if self.restored and self._left is None:
            self._left = self._window.saveState(_LAYOUT)

    def restore(self) -> None:
        """Take the remembered panes, once per run."""
        self._left = None
        if self.restored:
            return
        self.restored = True
        self.reset()
        state, splitter = self._store.value("window/state"), self._store.value("window/splitter")
        try:
            if state is not None and not self._window.restoreState(state, _LAYOUT):
                self.reset()
            if splitter is not None:
                self._splitter.restoreState(splitter)
        except TypeError:
            self.reset()
        self._tidy()
        QTimer.singleShot(0, self, self._tidy)

    def restore_geometry(self) -> None:
        """Take the remembered size and place of the window; without one it has the first size, or the screen if that is no
        larger: with its frame it would hang out at the foot."""
        geometry = self._store.value("window/geometry")
        try:
            if geometry is not None and self._window.restoreGeometry(geometry):
                return
        except TypeError:
            self._window.resize(*_SIZE)
        room = self._window.screen().availableSize()
        if room.width() < _SIZE[0] + _FRAME or room.height() < _SIZE[1] + _FRAME:
            self._window.setWindowState(Qt.WindowState.WindowMaximized)

    @Slot()
    def _tidy(self) -> None:
        for dock in self._panes.docks.values():
            dock.tidy()
