"""Which findings lie where in the text, while it is being edited?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit

from cachesim.app.editor.gutter import LineMark
from cachesim.app.editor.positions import cursor_of, place_of, word_span
from cachesim.app.theme import Theme
from cachesim.diagnostics import Diagnostic, Severity

__all__ = ["Problem", "Problems"]

_UNDERLINE = {Severity.ERROR: QTextCharFormat.UnderlineStyle.SingleUnderline,
              Severity.WARNING: QTextCharFormat.UnderlineStyle.WaveUnderline,
              Severity.HINT: QTextCharFormat.UnderlineStyle.DotLine}
_WORD = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.HINT: "Hint"}
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.HINT)


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding and the cursor that stays on it while text around it changes."""

    diagnostic: Diagnostic
    cursor: QTextCursor

    @property
    def text(self) -> str:
        """The message with its weight in words."""
        return f"{_WORD[self.diagnostic.severity]}: {self.diagnostic.message}"

    @property
    def line(self) -> int:
        """Where it starts now."""
        return self.cursor.document().findBlock(self.cursor.selectionStart()).blockNumber() + 1


class Problems:
    """All findings of a text, in the order of the text."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self.all: tuple[Problem, ...] = ()

    def take(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Place other findings."""
        found = [Problem(d, cursor_of(self._document, word_span(self._document, d.span))) for d in diagnostics]
        self.all = tuple(sorted(found, key=lambda p: (p.cursor.selectionStart(), _ORDER.index(p.diagnostic.severity))))

    def selections(self, theme: Theme) -> list[QTextEdit.ExtraSelection]:
        """The squiggles: solid for errors, wavy for warnings, dotted for hints."""
        colours = {Severity.ERROR: theme.error, Severity.WARNING: theme.warning, Severity.HINT: theme.muted}
        result = []
        for problem in self.all:
            selection, style = QTextEdit.ExtraSelection(), QTextCharFormat()
            style.setUnderlineStyle(_UNDERLINE[problem.diagnostic.severity])
            style.setUnderlineColor(QColor(colours[problem.diagnostic.severity]))
            selection.format, selection.cursor = style, _first_line(problem.cursor)
            result.append(selection)
        return result

    def at(self, line: int, column: int) -> list[Problem]:
        """Findings at a place, in the order of their weight."""
        found = [p for p in self.all if _start(p) <= (line, column) <= _end(p)]
        return sorted(found, key=lambda p: _ORDER.index(p.diagnostic.severity))

    def on_line(self, line: int) -> list[Problem]:
        """Findings that start on a line, or that hold it."""
        return [p for p in self.all if _start(p)[0] <= line <= _end(p)[0]]

    def next(self, cursor: QTextCursor, *, forward: bool) -> Problem | None:
        """The one after (before) a cursor, round the end."""
        if not self.all:
            return None
        at = cursor.position()
        if forward:
            return next((p for p in self.all if p.cursor.selectionStart() > at), self.all[0])
        return next((p for p in reversed(self.all) if p.cursor.selectionStart() < at), self.all[-1])

    def marks(self) -> dict[int, LineMark]:
        """What the gutter shows: the errors, at their first line."""
        result: dict[int, LineMark] = {}
        for problem in self.all:
            if problem.diagnostic.severity is Severity.ERROR:
                result.setdefault(problem.line, LineMark(Severity.ERROR, f"Line {problem.line}: {problem.text}"))
        return result


def _first_line(cursor: QTextCursor) -> QTextCursor:
    """The part of a selection on its first line: a squiggle under a whole heredoc says no more."""
    block = cursor.document().findBlock(cursor.selectionStart())
    end = block.position() + block.length() - 1
    if cursor.selectionEnd() <= end:
        return cursor
    result = QTextCursor(cursor)
    result.setPosition(cursor.selectionStart())
    result.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return result


def _start(problem: Problem) -> tuple[int, int]:
    cursor = QTextCursor(problem.cursor)
    cursor.setPosition(problem.cursor.selectionStart())
    return place_of(cursor)


def _end(problem: Problem) -> tuple[int, int]:
    cursor = QTextCursor(problem.cursor)
    cursor.setPosition(problem.cursor.selectionEnd())
    return place_of(cursor)
