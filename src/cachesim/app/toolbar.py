"""Which few commands and choices lie under the menu bar, and what do they say at the moment?"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolBar, QToolButton

from cachesim.app.actions import Actions, plain
from cachesim.app.still import hint
from cachesim.app.theme import Theme, icon
from cachesim.app.whatif.menu import ENGINES, WhatIf
from cachesim.app.workbench import Workbench
from cachesim.graph.options import EngineKind

__all__ = ["CommandBar"]

_ROOM_CHARS = 120       # width of the toolbar with words, in average characters
_SHORT = {"open": "Open", "whatif": "What if", "build": "Build", "confirm": "Confirm"}
_ICON_ONLY = ("undo", "redo")


class CommandBar(QToolBar):
    """The commands of the toolbar, and the choosers of target and engine; words give way where room is short."""

    def __init__(self, workbench: Workbench, actions: Actions, whatif: WhatIf) -> None:
        super().__init__("Toolbar")
        self.setObjectName("toolbar")
        self._bench, self._actions, self._whatif = workbench, actions, whatif
        self.setMovable(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._target, self._engine = _chooser("Target"), _chooser("Engine")
        actions.fill_toolbar(self, {"target": self._target, "engine": self._engine})
        for command_id in ("open", "undo", "redo", "whatif", "build", "confirm", "present"):
            actions[command_id].setIconText(_SHORT.get(command_id, plain(actions[command_id].text())))
        for command_id in _ICON_ONLY:
            button = self.widgetForAction(actions[command_id])
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._changes = QMenu(self)
        button = self.widgetForAction(actions["whatif"])
        if isinstance(button, QToolButton):
            button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
            button.setMenu(self._changes)
        workbench.state_changed.connect(self.show_choices)
        workbench.report_changed.connect(self.show_choices)
        workbench.look_changed.connect(self._restyle)
        self.show_choices()
        self._restyle(workbench.look)

    def menus(self) -> dict[str, QMenu]:
        """The menus that others fill, by their name."""
        return {"target": self._target.menu(), "engine": self._engine.menu(), "changes": self._changes}

    def pop_whatif(self) -> None:
        """Open the what-if menu under its button, with its first entry chosen."""
        self._whatif.fill(self._changes)
        button = self.widgetForAction(self._actions["whatif"])
        place = button.mapToGlobal(QPoint(0, button.height())) if button.isVisible() \
            else self.window().mapToGlobal(QPoint(80, 80))
        self._changes.popup(place)
        # as a person chooses it: `setActiveAction` opens the sub-menu too, and X then sends every click and key to its parent
        QApplication.sendEvent(self._changes, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier))

    @Slot()
    def show_choices(self, _: object = None) -> None:
        """Say which target and engine are chosen."""
        state, report = self._bench.state, self._bench.report
        target = state.options.target
        if not target and report is not None and report.graph.target >= 0:
            target = report.graph.stages[report.graph.target].label
        self._target.setText(f"Target: {target or 'last stage'}")
        hint(self._target, "Stage to build (--target)")
        self._engine.setText("Classic builder" if state.engine is EngineKind.CLASSIC else "BuildKit")
        chosen = next((text for text, engine, store in ENGINES
                       if engine is state.engine and store is state.store), "")
        hint(self._engine, f"Engine: {chosen}. Click for another engine or image store")

    @Slot(object)
    def _restyle(self, theme: Theme) -> None:
        side = round(16 * max(1.0, theme.sizes.ui))
        self.setIconSize(QSize(side, side))
        self._target.setIcon(icon("target", theme.text, side))
        self._engine.setIcon(icon("engine", theme.text, side))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Words beside the icons, as long as there is room for them."""
        style = Qt.ToolButtonStyle
        roomy = self.window().width() >= _ROOM_CHARS * self.fontMetrics().averageCharWidth()
        for bar in (self, self._target, self._engine):
            bar.setToolButtonStyle(style.ToolButtonTextBesideIcon if roomy else style.ToolButtonIconOnly)


def _chooser(name: str) -> QToolButton:
    button = QToolButton()
    button.setAccessibleName(name)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setMenu(QMenu(button))
    return button
