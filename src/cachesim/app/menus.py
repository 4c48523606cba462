"""What do the menus hold that depend on the project at hand? They are filled where they open."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from cachesim.app.actions import empty
from cachesim.app.panes import Panes
from cachesim.app.recents import Recent
from cachesim.app.settings import THEME_NAMES
from cachesim.app.whatif.menu import ENGINES, WhatIf
from cachesim.app.workbench import Workbench
from cachesim.assets import samples
from cachesim.errors import CachesimError
from cachesim.project.start import StartKind

__all__ = ["MENU_TITLES", "LiveMenus"]

MENU_TITLES = {"samples": "Open &sample", "recent": "Open &recent", "dockerfiles": "Dockerfiles of this &project",
               "panes": "&Panes", "theme": "&Theme", "changes": "&Changes", "target": "&Target", "engine": "&Engine",
               "compare_engine": "Compare with another en&gine", "start": "Let the cache start &with"}


class LiveMenus(QObject):
    """Fills the menus of `MENU_TITLES` each time they open."""

    commit_asked = Signal()

    def __init__(self, workbench: Workbench, whatif: WhatIf, panes: Panes, window: QWidget) -> None:
        super().__init__(window)
        self._bench, self._panes, self._window = workbench, panes, window
        self._fill = {"samples": self._samples, "recent": self._recent, "dockerfiles": self._dockerfiles,
                      "panes": self._show_panes, "theme": self._themes, "changes": whatif.fill,
                      "target": whatif.fill_targets, "engine": whatif.fill_engines,
                      "compare_engine": self._compare_engines, "start": self._starts}

    def attach(self, name: str, menu: QMenu) -> None:
        """Fill a menu each time it opens."""
        menu.aboutToShow.connect(partial(self._fill[name], menu))

    @Slot(QPoint)
    def ask_start(self, at: QPoint) -> None:
        """Offer what the cache could start with."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._starts(menu)
        menu.popup(at)

    def _samples(self, menu: QMenu) -> None:
        menu.clear()
        try:
            found = samples()
        except CachesimError as error:
            menu.addAction(str(error)).setEnabled(False)
            return
        for sample in found:
            action = menu.addAction(sample.title, partial(self._bench.open_sample, sample.name))
            action.setStatusTip(sample.teaches)

    def _recent(self, menu: QMenu) -> None:
        menu.clear()
        for recent in map(Recent.parse, self._bench.settings.recent):
            words = f"{recent.words}{'' if recent.there else ' (no longer there)'}".replace("&", "&&")
            menu.addAction(words, partial(self._bench.open_path, recent.path, context=recent.context)).setEnabled(recent.there)
        _or_say(menu, "Nothing was open yet")

    def _dockerfiles(self, menu: QMenu) -> None:
        menu.clear()
        info = self._bench.project
        for path in info.dockerfiles if info is not None else ():
            action = menu.addAction(os.path.relpath(path, info.context_dir) if info is not None else "",
                                    partial(self._open_other, path))
            action.setCheckable(True)
            action.setChecked(info is not None and path == info.dockerfile)
        _or_say(menu, "No project is open")

    def _open_other(self, dockerfile: Path) -> None:
        info = self._bench.project
        if info is not None and dockerfile != info.dockerfile:
            self._bench.open_path(info.context_dir, dockerfile=dockerfile)

    def _show_panes(self, menu: QMenu) -> None:
        menu.clear()
        for dock in self._panes.docks.values():
            menu.addAction(dock.toggleViewAction())

    def _themes(self, menu: QMenu) -> None:
        empty(menu)
        group = QActionGroup(menu)
        for name in THEME_NAMES:
            action = menu.addAction(name, partial(self._set_theme, name))
            action.setCheckable(True)
            action.setChecked(name == self._bench.settings.theme)
            group.addAction(action)

    def _set_theme(self, name: str) -> None:
        self._bench.set_settings(replace(self._bench.settings, theme=name))

    def _compare_engines(self, menu: QMenu) -> None:
        menu.clear()
        state = self._bench.state
        for text, engine, store in ENGINES:
            if (engine, store) != (state.engine, state.store):
                action = menu.addAction(text, partial(self._bench.comparisons.engine, engine, store))
                action.setStatusTip("The same builds under that engine, side by side with these")
                action.setEnabled(self._bench.project is not None)

    def _starts(self, menu: QMenu) -> None:
        menu.clear()
        for choice in self._bench.starts:
            menu.addAction(choice.words, partial(self._bench.start_with, choice.kind))
            if choice.kind is StartKind.HEAD:
                menu.addAction("a build of an earlier commit…", self.commit_asked.emit)
        _or_say(menu, "No project is open")


def _or_say(menu: QMenu, text: str) -> None:
    if menu.isEmpty():
        menu.addAction(text).setEnabled(False)
