"""How does a diff look: signs, colours and line numbers, never colour alone?"""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from cachesim.app.advice.diff import DiffKind, DiffLine
from cachesim.app.report.panel import fixed_font
from cachesim.app.theme import Theme
from cachesim.engines.base import MissReason, Outcome

__all__ = ["DiffView"]


class DiffView(QPlainTextEdit):
    """A diff to read: whole lines are tinted, their sign stands before them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("What changes")
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._lines: tuple[DiffLine, ...] = ()
        self._look: Theme | None = None

    def show_lines(self, lines: tuple[DiffLine, ...]) -> None:
        """Show another diff."""
        if lines != self._lines:
            self._lines = lines
            width = len(str(max((max(line.old, line.new) for line in lines), default=0)))
            self.setPlainText("\n".join(_shown(line, width) for line in lines))
            self._tint()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        self._look = look
        self.setFont(fixed_font(font))
        self._tint()

    def _tint(self) -> None:
        look = self._look
        if look is None:
            return
        looks = {DiffKind.OLD: look.look(Outcome.MISS, MissReason.PART), DiffKind.NEW: look.look(Outcome.HIT)}
        found = []
        for number, line in enumerate(self._lines):
            shape = QTextCharFormat()
            if line.kind in looks:
                shape.setBackground(QColor(looks[line.kind].fill))
                if looks[line.kind].fill == look.bg:        # high contrast fills nothing
                    shape.setForeground(QColor(looks[line.kind].strong))
                shape.setProperty(QTextFormat.Property.FullWidthSelection, True)
            elif line.kind is DiffKind.FILE:
                shape.setFontWeight(QFont.Weight.Bold)
            else:
                continue
            selection = QTextEdit.ExtraSelection()
            selection.format = shape
            selection.cursor = QTextCursor(self.document().findBlockByNumber(number))
            if line.kind is DiffKind.FILE:
                selection.cursor.select(QTextCursor.SelectionType.LineUnderCursor)
            found.append(selection)
        self.setExtraSelections(found)


def _shown(line: DiffLine, width: int) -> str:
    if line.kind is DiffKind.FILE:
        return line.text
    if line.kind is DiffKind.GAP:
        return f"{'':>{width}}   … {line.text}".rstrip()
    return f"{line.new or line.old:>{width}} {line.kind.value} {line.text}"
