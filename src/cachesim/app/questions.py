"""How is a person asked, and what must be asked before something is lost?"""

from __future__ import annotations

import enum

from PySide6.QtWidgets import QDialog, QInputDialog, QMessageBox, QWidget

__all__ = ["TextQuestion", "Unsaved", "UnsavedQuestion", "answered"]

_LETTERS = (44, 96)     # how wide a line is in which a text is asked for: at least, at most


def answered(dialog: QDialog) -> bool:
    """Show a dialog until it is closed; True if it was accepted. It goes when the event loop turns again.

    A dialog with a parent lives as long as that, if nobody lets it go.
    """
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return accepted


class TextQuestion:
    """A line of text, in a dialog in which the text that stands there can be read."""

    @classmethod
    def ask(cls, title: str, label: str, text: str, parent: QWidget) -> str | None:
        """Ask for it; None if nobody wants to answer."""
        dialog = QInputDialog(parent)
        dialog.setWindowTitle(title)
        dialog.setLabelText(label)
        dialog.setTextValue(text)
        metrics = dialog.fontMetrics()
        least, most = (letters * metrics.averageCharWidth() for letters in _LETTERS)
        wanted = min(max(metrics.horizontalAdvance(f"{text}MMM"), least), most) + 40
        dialog.resize(min(wanted, max(parent.window().width() - 40, 200)), dialog.sizeHint().height())
        return dialog.textValue() if answered(dialog) else None


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
        chosen = button(box.exec())
        box.deleteLater()
        return {button.Save: Unsaved.SAVE, button.Discard: Unsaved.DISCARD}.get(chosen, Unsaved.STAY)
