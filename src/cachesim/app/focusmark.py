"""Which pane has the keys? A frame of 2 px around it says so, in every theme."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Slot
from PySide6.QtGui import QColor, QPalette, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from cachesim.app.theme import Theme

__all__ = ["FocusMark"]

_WIDTH = 2


class FocusMark(QWidget):
    """Lies on the pane that has the focus; only its frame is there, so that nothing below is painted again for it."""

    def __init__(self, panes: Callable[[], list[QWidget]], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._panes = panes
        self._pane: QWidget | None = None
        self.setObjectName("focus_mark")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAutoFillBackground(True)        # by Qt alone: each key paints a piece of the frame beside its line
        self.show_theme(theme)
        self.hide()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._follow)

    @property
    def pane(self) -> QWidget | None:
        """What is marked."""
        return self._pane

    def show_theme(self, theme: Theme) -> None:
        """Take another colour."""
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.text if theme.border > 1 else theme.accent))
        self.setPalette(palette)

    @Slot(QWidget, QWidget)
    def _follow(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is None or now.window() is not self.window():
            return                      # a menu or a dialog has the keys for a moment
        pane = next((p for p in self._panes() if p is now or p.isAncestorOf(now)), None)
        if pane is not self._pane:
            if self._pane is not None:
                self._pane.removeEventFilter(self)
            self._pane = pane
            if pane is not None:
                pane.installEventFilter(self)
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._pane and event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return False

    def _place(self) -> None:
        pane, window = self._pane, self.parentWidget()
        if pane is None or not pane.isVisible() or pane.window() is not window:
            self.hide()
            return
        self.setGeometry(QRect(pane.mapTo(window, pane.rect().topLeft()), pane.size()))
        inner = self.rect().adjusted(_WIDTH, _WIDTH, -_WIDTH, -_WIDTH)
        self.setMask(QRegion(self.rect()).subtracted(QRegion(inner)))
        self.show()
        self.raise_()
