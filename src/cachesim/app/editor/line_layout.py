"""Which lines are laid out and painted again after a change of the text? Those that changed."""

from __future__ import annotations

from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QPlainTextDocumentLayout

__all__ = ["LineLayout"]

_FEW = 8        # changed lines that are taken one by one


class LineLayout(QPlainTextDocumentLayout):
    """Qt's layout of plain text, but told of one line at a time.

    Qt counts the characters that went as if they still stood after those that came. A highlighter says of a line that all of it
    went and came, so at each key the change seems to reach into the next line, and all the text is painted for it.
    """

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._lines = document.blockCount()

    def documentChanged(self, position: int, removed: int, added: int) -> None:
        document, lines = self.document(), self._lines
        self._lines = document.blockCount()
        block, last = document.findBlock(position), document.findBlock(position + max(0, added - 1)).blockNumber()
        if self._lines != lines or not 0 <= last - block.blockNumber() < _FEW:
            super().documentChanged(position, removed, added)
            return
        while block.isValid() and block.blockNumber() <= last:
            super().documentChanged(block.position(), 0, 1)
            block = block.next()
