"""Why does another text in one corner not lay out, and paint, the whole window?

Qt tells every layout above of every change, whether a size differs or not; a main window then lays out all its docks and
paints everything, at every key that somebody types. `Still` tells it only if its content's least size differs, and a label that
is told by `say` keeps its size until that is too small.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from cachesim.app.tips import wrapped

__all__ = ["Still", "hint", "loosen", "say"]

_ANY = 16_777_215       # Qt's own bound of a size


class Still(QWidget):
    """Holds one widget, as large as itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content: QWidget | None = None
        self._least = QSize()

    def hold(self, content: QWidget) -> None:
        """Take it in."""
        self._content = content
        content.setParent(self)
        content.setGeometry(self.rect())
        self.setSizePolicy(content.sizePolicy())
        content.show()
        self._compare()

    def sizeHint(self) -> QSize:
        return self._content.sizeHint() if self._content is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        if self._content is None:
            return super().minimumSizeHint()
        return self._content.minimumSizeHint().expandedTo(self._content.minimumSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._content is not None:
            self._content.setGeometry(self.rect())

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self._compare()
        return super().event(event)

    def _compare(self) -> None:
        """Tell the layout above of the only thing that it has to keep to: the rest is shared out by hand."""
        least = self.minimumSizeHint()
        if least != self._least:
            self._least = least
            self.updateGeometry()


def say(label: QLabel | QPushButton, text: str) -> None:
    """Show a text, in the same room as the last one if that is enough."""
    if text != label.text():
        label.setText(text)
        held = label.minimumSize() if label.minimumSize() == label.maximumSize() else QSize()
        size = label.sizeHint().expandedTo(held)
        if size != held:
            label.setFixedSize(size)
            above = label.parentWidget()
            if above is not None:       # it is moved by the next layout, and what was painted of it moves along, cut off
                above.update()


def hint(widget: QWidget, text: str) -> None:
    """Give a widget another tip; Qt tells it, and who watches it, of the same one again as of a new one."""
    tip = wrapped(text)
    if tip != widget.toolTip():
        widget.setToolTip(tip)


def loosen(label: QLabel | QPushButton) -> None:
    """Let the next text take the room that it needs (the font is another one)."""
    label.setMinimumSize(1, 0)
    label.setMaximumSize(_ANY, _ANY)
