"""What must a person be asked before something is lost?"""

from __future__ import annotations

import enum

from PySide6.QtWidgets import QMessageBox, QWidget

__all__ = ["Unsaved", "UnsavedQuestion"]


class Unsaved(enum.Enum):
    """What to do with text that was not saved."""

    SAVE = "save"
    DISCARD = "discard"
    STAY = "stay"


class UnsavedQuestion:
    """The only modal question of the window: data would be lost."""

    @classmethod
    def ask(cls, name: str, parent: QWidget) -> Unsaved:
        """Ask for the text of that file."""
        box = QMessageBox(QMessageBox.Icon.NoIcon, "Unsaved text", f"{name} has changes that were not saved.",
                          parent=parent)
        box.setInformativeText("Save them before going on?")
        button = QMessageBox.StandardButton
        box.setStandardButtons(button.Save | button.Discard | button.Cancel)
        box.setDefaultButton(button.Save)
        return {button.Save: Unsaved.SAVE, button.Discard: Unsaved.DISCARD}.get(button(box.exec()), Unsaved.STAY)
