"""Where in the text is it, and what should stand there instead? The bar below the text."""

from __future__ import annotations

import re
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QTextEdit, QToolButton, QWidget

from cachesim.app.editor.positions import document_text, place_of, qt_offsets
from cachesim.app.editor.text_area import TextArea
from cachesim.app.theme import Theme, icon
from cachesim.engines.base import MissReason, Outcome

__all__ = ["FindBar", "find_all", "pattern_of"]

_SHOWN = 2000       # matches that are marked in the text


def pattern_of(query: str, *, case: bool, word: bool, regex: bool) -> re.Pattern[str]:
    """What to look for; re.error for a bad regular expression."""
    text = query if regex else re.escape(query)
    if word:
        text = rf"(?<!\w)(?:{text})(?!\w)"
    return re.compile(text, re.MULTILINE | (0 if case else re.IGNORECASE))


def find_all(text: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    """All matches that are not empty, in order."""
    return [match for match in pattern.finditer(text) if match.end() > match.start()]


class FindBar(QWidget):
    """Finds as one types; Enter goes on, Shift+Enter back, Esc closes."""

    matches_changed = Signal()

    def __init__(self, text: TextArea, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = text
        self._matches: list[re.Match[str]] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._marked: tuple[QTextCursor, ...] = ()
        self._anchor = 0
        self.query, self.replacement = QLineEdit(self), QLineEdit(self)
        self.query.setPlaceholderText("Find")
        self.query.setAccessibleName("Find")
        self.replacement.setPlaceholderText("Replace with")
        self.replacement.setAccessibleName("Replace with")
        self.count = QLabel(self)
        self.count.setAccessibleName("Matches")
        self.case = self._toggle("Aa", "Match case")
        self.word = self._toggle("W", "Whole words")
        self.regex = self._toggle(".*", "Regular expression")
        self.previous_button = self._tool("Previous match (Shift+F3)")
        self.next_button = self._tool("Next match (F3)")
        self.close_button = self._tool("Close (Esc)")
        self.replace_button = self._push("Replace", "Replace this match and go to the next")
        self.all_button = self._push("Replace all", "Replace every match, as one undo step (Ctrl+Alt+Return)")
        self.all_button.setShortcut("Ctrl+Alt+Return")
        self._arrange()
        self._refresh = QTimer(self, singleShot=True, interval=0)
        self._refresh.timeout.connect(self._search)
        for toggle in (self.case, self.word, self.regex):
            toggle.toggled.connect(self._search_from_anchor)
        self.query.textEdited.connect(self._search_from_anchor)
        self.next_button.clicked.connect(self.find_next)
        self.previous_button.clicked.connect(self.find_previous)
        self.close_button.clicked.connect(self.close_bar)
        self.replace_button.clicked.connect(self.replace_one)
        self.all_button.clicked.connect(self.replace_every)
        self.set_theme(theme)
        self.hide()

    def _toggle(self, text: str, name: str) -> QToolButton:
        button = self._tool(name)
        button.setText(text)
        button.setCheckable(True)
        return button

    def _tool(self, name: str) -> QToolButton:
        button = QToolButton(self, autoRaise=True)
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.setMinimumSize(24, 24)
        return button

    def _push(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 4, 4, 4)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(4)
        tools, below = QHBoxLayout(), QHBoxLayout()
        tools.setSpacing(2)
        for widget in (self.case, self.word, self.regex, self.count, self.previous_button, self.next_button,
                       self.close_button):
            tools.addWidget(widget)
        below.addWidget(self.replace_button)
        below.addWidget(self.all_button)
        below.addStretch(1)
        self.query.setMinimumWidth(80)
        grid.addWidget(self.query, 0, 0)
        grid.addLayout(tools, 0, 1)
        grid.addWidget(self.replacement, 1, 0)
        grid.addLayout(below, 1, 1)
        grid.setColumnStretch(0, 1)
        self._replace_row = (self.replacement, self.replace_button, self.all_button)
        stops = (self.query, *self._replace_row, self.case, self.word, self.regex, self.previous_button, self.next_button,
                 self.close_button)
        for before, after in pairwise(stops):
            self.setTabOrder(before, after)

    def set_theme(self, theme: Theme) -> None:
        """Recolour the icons and the frame."""
        self._theme = theme
        for button, name in ((self.previous_button, "arrow-left"), (self.next_button, "arrow-right"),
                             (self.close_button, "close")):
            side = round(16 * max(1.0, theme.sizes.ui))
            button.setIcon(icon(name, theme.text, side))
            button.setIconSize(QSize(side, side))
        self._say()

    # -- opening ------------------------------------------------------------------------------------------------

    def open_bar(self, *, replace: bool = False) -> None:
        """Show the bar; a selection inside one line becomes the query."""
        selected = self._text.textCursor().selectedText()
        if selected and "\u2029" not in selected:
            self.query.setText(re.escape(selected) if self.regex.isChecked() else selected)
        self._anchor = self._text.textCursor().selectionStart()
        for widget in self._replace_row:
            widget.setVisible(replace)
        if not self.isVisible():
            self._text.document().contentsChanged.connect(self._refresh.start)
        self.show()
        self.query.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.query.selectAll()
        self._search()

    def close_bar(self) -> None:
        """Hide the bar and its marks; the text gets the focus."""
        if self.isVisible():
            self._text.document().contentsChanged.disconnect(self._refresh.start)
            self._refresh.stop()
            self.hide()
            self._mark(())
            self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- marks --------------------------------------------------------------------------------------------------

    def _mark(self, found: tuple[QTextCursor, ...]) -> None:
        self._marked = found
        self.matches_changed.emit()

    def selections(self, theme: Theme) -> list[QTextEdit.ExtraSelection]:
        """The matches, to be marked in the text."""
        if not self._marked:
            return []
        back, look = QTextCharFormat(), theme.look(Outcome.MISS, MissReason.PARENT)
        plain = look.fill == theme.bg           # high contrast has no fills
        back.setBackground(QColor(look.strong if plain else look.fill))
        back.setForeground(QColor(theme.bg if plain else theme.text))
        result = []
        for cursor in self._marked:
            selection = QTextEdit.ExtraSelection()
            selection.format, selection.cursor = back, cursor
            result.append(selection)
        return result

    # -- searching ----------------------------------------------------------------------------------------------

    def _search(self) -> None:
        self._matches, error = [], ""
        text = document_text(self._text.document())
        if self.query.text():
            try:
                pattern = pattern_of(self.query.text(), case=self.case.isChecked(), word=self.word.isChecked(),
                                     regex=self.regex.isChecked())
                self._matches = find_all(text, pattern)
            except re.error as problem:
                error = f"not a regular expression: {problem.msg}"
        self._starts = qt_offsets(text, [m.start() for m in self._matches])
        self._ends = qt_offsets(text, [m.end() for m in self._matches])
        if self.isVisible():
            self._mark(tuple(self._cursor(i) for i in range(min(len(self._matches), _SHOWN))))
        self._say(error)

    def _search_from_anchor(self) -> None:
        self._search()
        at = next((i for i, start in enumerate(self._starts) if start >= self._anchor), 0)
        if self._matches:
            self._go(at)

    def _cursor(self, index: int) -> QTextCursor:
        cursor = QTextCursor(self._text.document())
        cursor.setPosition(self._starts[index])
        cursor.setPosition(self._ends[index], QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _go(self, index: int) -> None:
        self._text.scroll_to(self._cursor(index), centre=True)
        self._say()

    def find_next(self) -> None:
        """Go to the next match, round the end."""
        self._step(forward=True)

    def find_previous(self) -> None:
        """Go to the match before, round the beginning."""
        self._step(forward=False)

    def _step(self, *, forward: bool) -> None:
        if not self.query.text():
            self.open_bar()
            return
        self._search()
        if not self._matches:
            return
        cursor = self._text.textCursor()
        if forward:
            at = next((i for i, s in enumerate(self._starts) if s >= cursor.selectionEnd()), 0)
        else:
            before = [i for i, e in enumerate(self._ends) if e <= cursor.selectionStart()]
            at = before[-1] if before else len(self._matches) - 1
        self._go(at)
        self._anchor = self._starts[at]

    def _current(self) -> int | None:
        cursor = self._text.textCursor()
        if cursor.selectionStart() in self._starts:
            index = self._starts.index(cursor.selectionStart())
            if self._ends[index] == cursor.selectionEnd():
                return index
        return None

    def _say(self, error: str = "") -> None:
        at, total = self._current(), len(self._matches)
        if error or not self.query.text():
            said = error
        elif not total:
            said = "nothing found"
        else:
            said = f"{at + 1} of {total}" if at is not None else f"{total} found"
        self.count.setText(said)
        for button in (self.next_button, self.previous_button, self.replace_button, self.all_button):
            button.setEnabled(total > 0)

    # -- replacing ----------------------------------------------------------------------------------------------

    def _new_text(self, match: re.Match[str]) -> str:
        if not self.regex.isChecked():
            return self.replacement.text()
        try:
            return match.expand(self.replacement.text())
        except (re.error, IndexError):
            return self.replacement.text()

    def replace_one(self) -> None:
        """Replace the match that is selected and go on; without one, go to the next."""
        at = self._current()
        if at is not None:
            cursor = self._cursor(at)
            cursor.insertText(self._new_text(self._matches[at]))
            self._text.setTextCursor(cursor)
        self._step(forward=True)

    def replace_every(self) -> None:
        """Replace all matches as one undo step."""
        self._search()
        cursor = QTextCursor(self._text.document())
        cursor.beginEditBlock()
        for index in range(len(self._matches) - 1, -1, -1):
            cursor.setPosition(self._starts[index])
            cursor.setPosition(self._ends[index], QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(self._new_text(self._matches[index]))
        cursor.endEditBlock()
        count = len(self._matches)
        self._search()
        self.count.setText(f"{count} replaced")

    # -- keys ---------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_Escape:
            self.close_bar()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button = self.focusWidget()
            if isinstance(button, QPushButton | QToolButton) and button.hasFocus():
                button.click()
            elif self.replacement.hasFocus():
                self.replace_one()
            else:
                self._step(forward=not shift)
        else:
            super().keyPressEvent(event)

    def describe(self) -> str:
        """What the bar shows, as text."""
        line, _ = place_of(self._text.textCursor())
        return f"{self.query.text()!r}: {self.count.text()} (line {line})"
