"""Which commands can be chosen by name right now: those of the table, and what the sub-menus hold at the moment?"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from cachesim.app.actions import Actions, plain
from cachesim.app.palette_dialog import Choice

__all__ = ["STEP", "command_choices", "live_choices"]

STEP = " › "        # between the titles on the way to an entry
_NOT_OFFERED = frozenset({"palette"})
_RENAMED = {"Changes": "What if"}       # below the menu "Change" the title alone says enough; in a list it does not


def command_choices(actions: Actions) -> list[Choice]:
    """Every command of the table with its menu words and keys."""
    native = QKeySequence.SequenceFormat.NativeText
    return [Choice(plain(action.text()), action.shortcut().toString(native), action.trigger, action.icon(),
                   action.isEnabled()) for action in actions.all() if action.objectName() not in _NOT_OFFERED]


def live_choices(bar: QMenuBar) -> list[Choice]:
    """Every entry of a sub-menu that is filled where it opens, with the way to it; what is in two menus comes once."""
    found: dict[str, Choice] = {}
    for top in bar.actions():
        menu = _menu_of(top)
        for path, action in _entries(menu, ()) if menu is not None else ():
            text = STEP.join((*path, action.text().replace("&", "")))
            state = "on" if action.isCheckable() and action.isChecked() else ""
            found.setdefault(text, Choice(text, state, action.trigger, action.icon(), action.isEnabled()))
    return list(found.values())


def _entries(menu: QMenu, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], QAction]]:
    """The actions below a menu that are no command of the table."""
    for action in menu.actions():
        inner = _menu_of(action)
        if inner is not None:
            inner.aboutToShow.emit()        # fills it
            title = action.text().replace("&", "")
            if action.isEnabled():
                yield from _entries(inner, (*path, _RENAMED.get(title, title)))
        elif path and not action.isSeparator() and not action.objectName():
            yield path, action


def _menu_of(action: QAction) -> QMenu | None:
    menu = action.menu()
    return menu if isinstance(menu, QMenu) else None
