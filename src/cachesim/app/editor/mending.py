"""What would mend the line of the cursor, and how is it offered?"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from cachesim.app.context.reach import matcher_of
from cachesim.app.editor.fixes import Fix, FixSource, fixes_for, fixes_on_line
from cachesim.app.editor.positions import cursor_of, document_text
from cachesim.app.editor.problems import Problem, Problems
from cachesim.app.editor.text_area import TextArea
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.parser import parse

__all__ = ["Mending"]


class Mending:
    """Quick fixes of the problems of a text."""

    def __init__(self, text: TextArea, problems: Problems, workbench: Workbench, menu: QMenu) -> None:
        self._text, self._problems, self._workbench, self._menu = text, problems, workbench, menu

    def can_mend(self, problems: list[Problem]) -> bool:
        """Whether anything is known that mends one of them."""
        source = self._source()
        return any(fixes_for(problem.diagnostic, source) for problem in problems)

    def here(self) -> list[Fix]:
        """What would mend the line of the cursor, the likeliest first."""
        source, line = self._source(), self._text.textCursor().blockNumber() + 1
        found = [fix for p in self._problems.on_line(line) for fix in fixes_for(p.diagnostic, source)]
        return list(dict.fromkeys([*found, *fixes_on_line(line, source)]))

    def offer(self) -> bool:
        """Open the menu of what would mend the line of the cursor; False if nothing is known."""
        fixes = self.here()
        if fixes:
            self._menu.clear()
            self.fill(fixes)
            self._menu.setActiveAction(self._menu.actions()[0])
            self._menu.popup(self._text.viewport().mapToGlobal(self._text.cursorRect().bottomLeft() + QPoint(0, 2)))
        return bool(fixes)

    def fill(self, fixes: list[Fix]) -> None:
        """Add fixes to the menu."""
        for fix in fixes:
            self._menu.addAction(fix.title, partial(self.apply, fix))

    def apply(self, fix: Fix) -> None:
        """Make the edit of a fix, as one undo step."""
        cursor = cursor_of(self._text.document(), fix.span)
        cursor.insertText(fix.text)
        self._text.setTextCursor(cursor)
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _source(self) -> FixSource:
        shown = document_text(self._text.document())
        parsed = parse(shown)
        state = self._workbench.state
        return FixSource(shown.split("\n"), parsed, state.context, matcher_of(state.context, state.options.dockerfile),
                         parsed.escape)
