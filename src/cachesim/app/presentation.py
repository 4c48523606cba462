"""How does the same window become readable from the last row, and come back exactly as it was?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QSplitter, QWidget
from shiboken6 import isValid

from cachesim.app.appearance import Appearance
from cachesim.app.theme import Theme
from cachesim.app.workbench import Workbench

__all__ = ["Halo", "LeaveHint", "Presentation"]

_SETTLE_MS = (0, 80, 300)
_PATIENCE_MS = 5_000
_HINT_MS = 6_000


class Halo(QWidget):
    """A ring around the pointer, so that the last row can follow it."""

    def __init__(self, window: QWidget, colour: str) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._colour, self._window = colour, window
        self.resize(96, 96)
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            at = self._window.mapFromGlobal(event.globalPosition().toPoint())
            self.move(at - QPoint(self.width() // 2, self.height() // 2))
            self.raise_()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self._colour)
        painter.setPen(QPen(colour, 4))
        colour.setAlpha(40)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(self.rect()).adjusted(4, 4, -4, -4))


class LeaveHint(QLabel):
    """How to leave, for the first seconds, in a corner that is seldom looked at."""

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__("F11 or Esc leaves the presentation", window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setStyleSheet(f"background: {theme.bg}; color: {theme.text}; padding: 4px 10px; border-radius: 5px;"
                           f" border: 1px solid {theme.line};")
        self._window = window
        window.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and watched is self._window:
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        edge = self.fontMetrics().height()
        self.move(edge, self._window.height() - self.height() - edge)
        self.raise_()


@dataclass(frozen=True, slots=True)
class _Before:
    """What to bring back."""

    layout: QByteArray
    size: QSize
    splitter: list[int]
    state: Qt.WindowState
    shown: tuple[QWidget, ...]
    keys: QWidget | None


class Presentation(QObject):
    """Enters and leaves presentation mode: sizes change and the frame folds away, the structure stays.

    The graph keeps its own place, and says *Why* over its foot while the look is one for presenting.
    """

    def __init__(self, workbench: Workbench, appearance: Appearance, window: QMainWindow, splitter: QSplitter,
                 frame: tuple[QWidget, ...], tidy: Callable[[], object]) -> None:
        super().__init__(window)
        self._tidy = tidy
        self._workbench, self._appearance, self._window = workbench, appearance, window
        self._splitter, self._frame = splitter, frame
        self._before: _Before | None = None
        self._awaited: _Before | None = None        # the layout to bring back once the window has its size again
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._await_no_more)
        workbench.project_opened.connect(self._await_no_more)
        self._halo: Halo | None = None
        self._hint: LeaveHint | None = None
        self._hinted = QTimer(self, singleShot=True, interval=_HINT_MS)
        self._hinted.timeout.connect(self._end_hint)

    @property
    def active(self) -> bool:
        """Whether the window presents."""
        return self._before is not None

    def enter(self) -> None:
        """Full screen, menu and docks folded, everything large."""
        if self.active:
            return
        self._await_no_more()
        window = self._window
        shown = tuple(w for w in self._frame if not w.isHidden())
        self._before = _Before(window.saveState(), window.size(), self._splitter.sizes(),
                               window.windowState(), shown, window.focusWidget())
        for widget in shown:
            widget.hide()
        self._appearance.present(True)
        if self._workbench.settings.pointer_halo:
            self._halo = Halo(window, self._workbench.look.accent)
            self._halo.show()
        self._hint = LeaveHint(window, self._workbench.look)
        self._hint.show()
        self._hinted.start()
        window.showFullScreen()
        self._give_keys(None)           # arrows walk from step to step; who wants to type clicks into the text

    def _give_keys(self, to: QWidget | None) -> None:
        """Give the keys to what had them before, or to the graph, else Qt gives them to the next one, a button of the strip."""
        graph = self._splitter.widget(self._splitter.count() - 1)
        there = to is not None and isValid(to)      # the strip makes its buttons anew while one presents
        keys = to if there and to is not None and self._splitter.isAncestorOf(to) else graph
        if keys is not None:
            keys.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _end_hint(self) -> None:
        self._hinted.stop()
        if self._hint is not None:
            self._hint.hide()
            self._hint.deleteLater()
        self._hint = None

    def leave(self) -> None:
        """Bring the earlier layout back exactly."""
        before, self._before = self._before, None
        if before is None:
            return
        self._give_keys(before.keys)            # a pane that was asked for meanwhile goes
        self._end_hint()
        if self._halo is not None:
            self._halo.hide()
            self._halo.deleteLater()
        self._halo = None
        self._appearance.present(False)
        self._window.setWindowState(before.state)
        for widget in before.shown:
            widget.show()
        if not before.state & (Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen):
            self._window.resize(before.size)
        self._awaited = before
        self._restore(before)
        self._patience.start()
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        for pause in _SETTLE_MS:
            QTimer.singleShot(pause, self, partial(self._restore, before))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A window manager gives the size back when it likes, a busy one after seconds; but who touches the window before
        that goes on from what is there."""
        if self._awaited is None:
            return False
        kind = event.type()
        if kind is QEvent.Type.Resize and watched is self._window:
            for pause in _SETTLE_MS:
                QTimer.singleShot(pause, self, partial(self._restore, self._awaited))
        elif kind is QEvent.Type.MouseButtonPress or (
                kind is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and not event.isAutoRepeat()):
            self._await_no_more()
        return False

    @Slot()
    def _await_no_more(self, _: object = None) -> None:
        self._awaited = None
        self._patience.stop()
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]

    def _restore(self, before: _Before) -> None:
        if self._awaited is before and self._window.size() == before.size:
            self._window.restoreState(before.layout)
            self._tidy()                        # docks came back one by one, each without its neighbours' tabs,
            self._window.restoreState(before.layout)        # and a title bar takes height
            self._splitter.setSizes(before.splitter)
