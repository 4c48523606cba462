"""Which colour has each piece of the text, and in which instruction is the cursor?"""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextBlock, QTextCharFormat, QTextCursor, QTextDocument

from cachesim.app.editor.positions import TextStyle, from_qt, to_qt
from cachesim.app.theme import Theme
from cachesim.dockerfile.highlight import START, LineKind, LineState, TokenKind, tokens

__all__ = ["DockerfileHighlighter"]

_KEPT = 4096        # states that are remembered beyond those in use, before the others are dropped
_INSIDE = (LineKind.CONTINUATION, LineKind.HEREDOC)


class DockerfileHighlighter(QSyntaxHighlighter):
    """Colours by our own scanner, line by line; Qt asks again only for lines whose start has changed."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._states: dict[int, LineState] = {}
        self._style = TextStyle()
        self._formats = _formats(theme)
        self._theme = theme

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        if theme.with_sizes(self._theme.sizes) != self._theme:
            self._formats = _formats(theme)
            self.rehighlight()
        self._theme = theme

    def set_style(self, style: TextStyle) -> None:
        """Know how the lines of the file look to the parser; call before the text is set."""
        self._style = style

    def highlightBlock(self, text: str) -> None:
        found, after = tokens(self._style.line(text), self.state_before(self.currentBlock()))
        number = after.number
        self._states[number] = after
        self.setCurrentBlockState(number)
        plain = text.isascii()
        for token in found:
            start, end = (token.start, token.end) if plain else (to_qt(text, token.start), to_qt(text, token.end))
            self.setFormat(start, end - start, self._formats[token.kind])
        if len(self._states) > _KEPT + 2 * self.document().blockCount():
            self._forget()

    def _forget(self) -> None:
        used, block = set(), self.document().begin()
        while block.isValid():
            used.add(block.userState())
            block = block.next()
        self._states = {number: state for number, state in self._states.items() if number in used}

    # -- where is the cursor ------------------------------------------------------------------------------------

    def state_before(self, block: QTextBlock) -> LineState:
        """What the lines above a block leave open."""
        return self._states.get(block.previous().userState(), START) if block.blockNumber() else START

    def head_before(self, cursor: QTextCursor) -> str | None:
        """The instruction's text up to the cursor, continuation lines joined; None in comments and heredocs."""
        state, block = self.state_before(cursor.block()), cursor.block()
        head = self._style.line(block.text()[:from_qt(block.text(), cursor.positionInBlock())])
        comment = head.lstrip().startswith("#")
        if state.kind is LineKind.HEREDOC or (comment and state.kind is not LineKind.DIRECTIVES):
            return None
        if state.kind is not LineKind.CONTINUATION:
            return head
        pieces, chain = [head], state.chain
        while isinstance(chain, tuple):
            chain, piece = chain        # type: ignore[assignment]
            pieces.append(piece)
        return "".join(reversed(pieces))

    def keyword_at(self, cursor: QTextCursor) -> str:
        """The keyword of the instruction around a cursor, upper case; "#" in a comment, "" where there is none."""
        state, line = self.state_before(cursor.block()), cursor.block().text().lstrip()
        if state.kind is not LineKind.HEREDOC and line.startswith("#"):
            return "#"
        if state.kind in _INSIDE and state.keyword:
            return state.keyword.upper()
        return line.split(maxsplit=1)[0].upper() if line else ""

    def first_line(self, cursor: QTextCursor) -> int:
        """The line (from 1) on which the instruction around a cursor starts."""
        block = cursor.block()
        while block.blockNumber() and self.state_before(block).kind in _INSIDE:
            block = block.previous()
        return block.blockNumber() + 1


def _formats(theme: Theme) -> dict[TokenKind, QTextCharFormat]:
    colours = {TokenKind.KEYWORD: theme.keyword, TokenKind.FLAG: theme.flag, TokenKind.VARIABLE: theme.variable,
               TokenKind.STRING: theme.string, TokenKind.COMMENT: theme.comment, TokenKind.DIRECTIVE: theme.directive,
               TokenKind.HEREDOC: theme.heredoc, TokenKind.ESCAPE: theme.muted}
    result = {}
    for kind, colour in colours.items():
        style = QTextCharFormat()
        style.setForeground(QColor(colour))
        if kind is TokenKind.KEYWORD:
            style.setFontWeight(QFont.Weight.Bold)
        style.setFontItalic(kind is TokenKind.COMMENT)
        result[kind] = style
    return result
