"""Which panes lie around the editor and the graph, and where? Each is built when it is first looked at."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from cachesim.app.still import Still
from cachesim.app.workbench import Workbench

__all__ = ["PANES", "Pane", "PaneDock", "Panes"]


@dataclass(frozen=True, slots=True)
class Pane:
    """One dock: where its widget comes from, and on which half of the foot it lies at first.

    Attributes:
        on_demand: Hidden until somebody asks for it.
    """

    id: str
    title: str
    module: str
    name: str
    right: bool = False
    on_demand: bool = False


PANES: tuple[Pane, ...] = (
    Pane("why", "Why", "cachesim.app.report.why_panel", "WhyPanel"),
    Pane("keyparts", "Key parts", "cachesim.app.report.keyparts", "KeyPartsPanel"),
    Pane("problems", "Problems", "cachesim.app.report.problems", "ProblemsPanel"),
    Pane("advice", "Advice", "cachesim.app.advice.panel", "AdvicePanel"),
    Pane("log", "Build log", "cachesim.app.confirm.log_panel", "LogPanel"),
    Pane("compare", "Compare", "cachesim.app.compare.panel", "ComparePanel"),
    Pane("history", "History", "cachesim.app.history.panel", "HistoryPanel", on_demand=True),
    Pane("versus", "Two files", "cachesim.app.versus.panel", "VersusPanel", on_demand=True),
    Pane("proof", "Proof", "cachesim.app.proof.panel", "ProofPanel", on_demand=True),
    Pane("context", "Context", "cachesim.app.context.context_panel", "ContextPanel", right=True),
    Pane("layers", "Layers", "cachesim.app.layers.panel", "LayersPanel", right=True),
)
_FOOT_HEIGHT = 240
_FOOT_MOST = 0.36       # of the window's height
_LETTER = 16            # the height of a line that this is good for; larger letters get more
_FOOT_SHARE = (62, 38)
_TALL = 0.4             # of the window's height, for a pane that somebody asked for


class PaneDock(QDockWidget):
    """A dock that makes its widget when it is shown for the first time; a tab says its title, so no bar repeats it."""

    built = Signal(str)

    def __init__(self, pane: Pane, workbench: Workbench, window: QMainWindow) -> None:
        super().__init__(pane.title, window)
        self.pane, self._workbench, self._window, self._content = pane, workbench, window, None
        self.setObjectName(f"dock_{pane.id}")
        self.setAccessibleName(pane.title)
        self._holder = Still()
        self.setWidget(self._holder)
        self._no_title = QWidget()
        self._front = False
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._settle)
        self.visibilityChanged.connect(self._shown)
        for moved in (self.topLevelChanged, self.dockLocationChanged):      # later: a layout that comes back moves one by one
            moved.connect(self._later.start)

    _content: QWidget | None

    @property
    def content(self) -> QWidget:
        """The pane itself; made now if nobody looked at it yet."""
        if self._content is None:
            factory = getattr(import_module(self.pane.module), self.pane.name)
            content: QWidget = factory(self._workbench, self._holder)
            self._content = content
            self._holder.hold(content)
            self._later.start()
            self.built.emit(self.pane.id)
        return self._content

    @property
    def in_front(self) -> bool:
        """Whether it can be seen (a dock behind another tab counts as visible for Qt)."""
        return self._front and self.isVisible()

    @property
    def is_built(self) -> bool:
        """Whether the pane exists."""
        return self._content is not None

    @Slot(bool)
    def _shown(self, visible: bool) -> None:
        self._front = visible
        self._later.start()

    @Slot()
    def _settle(self) -> None:
        """Once the layout is calm, make the pane if it is in front (each one is for a moment while docks move)."""
        if self.in_front:
            _ = self.content
        if self._content is not None:
            _set_letters(self._content, self.in_front)
        for dock in self._window.findChildren(PaneDock):        # one that comes or goes makes or ends the tabs of others
            dock.tidy()
        _name_bars(self._window)

    @Slot()
    def tidy(self, _: object = None) -> None:
        """Hide the title bar while a tab shows the title."""
        window = self.parent()
        tabbed = isinstance(window, QMainWindow) and bool(window.tabifiedDockWidgets(self)) and not self.isFloating()
        wanted = self._no_title if tabbed else None
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)  # type: ignore[arg-type]


def _name_bars(window: QMainWindow) -> None:
    """Qt makes the tab bars itself, without a name, and new ones with every layout that comes back."""
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        bar.setAccessibleName("Panes")
        bar.setElideMode(Qt.TextElideMode.ElideNone)        # "Key p…" says nothing: what has no room is scrolled to
        bar.setUsesScrollButtons(True)


class Panes(QObject):
    """All docks of a window."""

    built = Signal(str)

    def __init__(self, workbench: Workbench, window: QMainWindow) -> None:
        super().__init__(window)
        self._window, self._workbench = window, workbench
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks)
        # not AnimatedDocks: the tabs are at their new place at once, the pane below them a quarter of a second later
        self.docks = {pane.id: PaneDock(pane, workbench, window) for pane in PANES}
        for dock in self.docks.values():
            dock.built.connect(self.built)
        self._sized = False     # whether the docks got their first sizes; Qt forgets sizes of hidden ones
        self._widths: dict[PaneDock, int] = {}      # of those that were seen when the project went
        self.arrange()

    def arrange(self) -> None:
        """Put every dock where it is at first."""
        window = self._window
        for dock in self.docks.values():
            dock.setFloating(False)
            window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        left = [dock for dock in self.docks.values() if not dock.pane.right]
        right = [dock for dock in self.docks.values() if dock.pane.right]
        window.splitDockWidget(left[0], right[0], Qt.Orientation.Horizontal)
        for group in (left, right):
            for dock in group[1:]:
                window.tabifyDockWidget(group[0], dock)
        for dock in self.docks.values():
            dock.setVisible(not dock.pane.on_demand)
            dock.tidy()
        left[0].raise_()
        right[0].raise_()
        self._sized, self._widths = False, {}
        self.appear(self._workbench.project is not None)

    def appear(self, there: bool) -> None:
        """Show the panes when a project comes, hide them when it goes; what must be asked for stays as it is."""
        if not there and (seen := [dock for dock in self.visible() if not dock.isFloating()]):
            self._widths = {dock: dock.width() for dock in seen}
        for dock in self.docks.values():
            if not there or not dock.pane.on_demand:
                dock.setVisible(there)
        if there and not self._sized:
            self._sized = True
            self._size()
        elif there and self._widths:        # Qt gives the first of two that come back more each time
            self._window.resizeDocks(list(self._widths), list(self._widths.values()), Qt.Orientation.Horizontal)

    def _size(self) -> None:
        """Give the foot its first height, and each half of it its first share."""
        window = self._window
        left, right = (next(d for d in self.docks.values() if d.pane.right is side) for side in (False, True))
        letters = max(1.0, window.fontMetrics().height() / _LETTER)
        wanted = _FOOT_HEIGHT * max(1.0, min(1.6, window.height() / 900)) * letters
        height = round(min(wanted, _FOOT_MOST * window.height()))
        window.resizeDocks([left, right], list(_FOOT_SHARE), Qt.Orientation.Horizontal)
        window.resizeDocks([left], [height], Qt.Orientation.Vertical)

    def tidy(self) -> None:
        """Show a title bar where no tab shows the title, and nowhere else."""
        for dock in self.docks.values():
            dock.tidy()

    def show(self, pane_id: str, focus: bool = False) -> QWidget:
        """Bring a pane to the front."""
        dock = self.docks[pane_id]
        dock.show()
        dock.raise_()
        content = dock.content
        room = round(self._window.height() * _TALL)
        if dock.pane.on_demand and dock.height() < room and not dock.isFloating():
            self._window.resizeDocks([dock], [room], Qt.Orientation.Vertical)
        if focus:
            _first_focus(content).setFocus(Qt.FocusReason.ShortcutFocusReason)
        return content

    def visible(self) -> list[PaneDock]:
        """The docks that can be seen (in front of their tabs)."""
        return [dock for dock in self.docks.values() if dock.in_front]

    def set_title(self, pane_id: str, count: int) -> None:
        """Say how much a pane holds in its tab."""
        title = self.docks[pane_id].pane.title
        self.docks[pane_id].setWindowTitle(f"{title} {count}" if count else title)


def _set_letters(content: QWidget, on: bool) -> None:
    """Let the buttons of a pane answer to Alt and their letter, or not: Qt would ask those behind another tab, too."""
    for button in content.findChildren(QAbstractButton):
        letter = QKeySequence.mnemonic(button.text())
        if not letter.isEmpty() and button.shortcut() in (letter, QKeySequence()):
            button.setShortcut(letter if on else QKeySequence())


def _first_focus(widget: QWidget) -> QWidget:
    """What takes the keys in a pane."""
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        return widget
    proxy = widget.focusProxy()
    if proxy is not None and proxy.isVisibleTo(widget) and proxy.isEnabled():
        return proxy
    return next((w for w in widget.findChildren(QWidget)
                 if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisibleTo(widget) and w.isEnabled()), widget)
