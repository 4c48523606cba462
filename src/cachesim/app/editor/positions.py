"""Where is a code point of the file in the editor, and how does the shown text become the file again?

Qt counts UTF-16 units and knows one kind of line end; the rest of the program counts code points (lines from 1, columns
from 0) and keeps a file byte for byte. Only this module converts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument

from cachesim.diagnostics import SourceSpan

__all__ = ["DocumentText", "TextStyle", "cursor_at", "cursor_of", "document_text", "from_qt", "place_of", "qt_length",
           "qt_offsets", "span_of", "to_qt", "word_span"]

_BLOCK_END = "\u2029"
_LONE_CR, _LONE_LF = "\u240d", "\u240a"             # shown as ␍ and ␊ at the end of a line of the other kind
_QT_SPECIAL = "\u2028\u2029\ufdd0\ufdd1\ufeff"      # Qt takes them for line ends or drops them
_PRIVATE = (0x10F000, 0x10E000, 0xFF000)            # first code points of ranges that stand for such characters
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class TextStyle:
    """What a file has that the editor does not show.

    Attributes:
        newline: The more frequent of LF and CRLF; what a new line gets.
        bom: Whether the file starts with a byte order mark.
        stand_ins: (character of the file, what is shown for it), for characters that Qt would lose.
    """

    newline: str = "\n"
    bom: bool = False
    stand_ins: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, text: str) -> TextStyle:
        """Find the style of a decoded file."""
        bom = text.startswith("\ufeff")
        pairs, feeds, returns = text.count("\r\n"), text.count("\n"), text.count("\r")
        newline = "\r\n" if pairs * 2 > feeds else "\n"
        odd: set[str] = set()
        if not text.isascii():
            odd = {c for c in set(text[bom:]) if c in _QT_SPECIAL or ord(c) in _SURROGATES}
            odd |= set(text) & {_LONE_CR, _LONE_LF} if returns else set()
        stand_ins = [(c, chr(i)) for i, c in enumerate(sorted(odd), _free_range(text))] if odd else []
        if newline == "\r\n" and pairs < feeds:
            stand_ins.append(("\n", _LONE_LF + "\n"))
        if returns > (pairs if newline == "\r\n" else 0):
            stand_ins.append(("\r", _LONE_CR))
        return cls(newline, bom, tuple(stand_ins))

    def show(self, text: str) -> str:
        """The editor's text for a file of this style; lines end with LF."""
        shown = text[1:] if self.bom and text.startswith("\ufeff") else text
        others = [(c, s) for c, s in self.stand_ins if c not in "\r\n"]
        for char, stand_in in others:
            shown = shown.replace(char, stand_in)
        marks = dict(self.stand_ins)
        if self.newline == "\n":
            return shown.replace("\r", marks["\r"]) if "\r" in marks else shown
        lines = shown.split("\r\n")
        if "\n" in marks:
            lines = [line.replace("\n", marks["\n"]) for line in lines]
        if "\r" in marks:
            lines = [line.replace("\r", marks["\r"]) for line in lines]
        return "\n".join(lines)

    def file(self, shown: str) -> str:
        """The file's text for what the editor shows: the inverse of `show`."""
        text = shown
        if self.newline == "\r\n":
            text = text.replace("\n", "\r\n").replace(_LONE_LF + "\r\n", "\n") if "\n" in dict(self.stand_ins) \
                else text.replace("\n", "\r\n")
        for char, stand_in in reversed(self.stand_ins):
            if char != "\n":
                text = text.replace(stand_in, char)
        return "\ufeff" + text if self.bom else text

    def shown_span(self, span: SourceSpan) -> SourceSpan:
        """A span of the file as a span of what is shown: the byte order mark is a column of the first line."""
        if not self.bom or span.line > 1:
            return span
        end = max(0, span.end_column - 1) if span.end_line == 1 else span.end_column
        return SourceSpan(span.line, max(0, span.column - 1), span.end_line, end)

    def line(self, shown: str) -> str:
        """One line as the parser meets it, code point for code point (without the line end)."""
        if self.stand_ins:
            for char, stand_in in self.stand_ins:
                if len(stand_in) == 1:
                    shown = shown.replace(stand_in, char)
        return shown


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A file's text taken apart: what is shown, and the style to write it back."""

    shown: str
    style: TextStyle

    @classmethod
    def of(cls, file_text: str) -> DocumentText:
        """Take a decoded file apart."""
        style = TextStyle.of(file_text)
        return cls(style.show(file_text), style)

    @property
    def file_text(self) -> str:
        """The whole file again."""
        return self.style.file(self.shown)


def _free_range(text: str) -> int:
    used = {ord(c) for c in set(text)}
    return next((start for start in _PRIVATE if not any(start <= u < start + 0x1000 for u in used)), _PRIVATE[0])


def document_text(document: QTextDocument) -> str:
    """The whole shown text. (toPlainText would turn every no-break space into a space.)"""
    return document.toRawText().replace(_BLOCK_END, "\n")


def to_qt(line: str, column: int) -> int:
    """Code points to UTF-16 units inside one line; beyond its end: the end."""
    if line.isascii() or max(line) <= "\uffff":
        return min(column, len(line))
    head = line[:column]
    return len(head) + sum(c > "\uffff" for c in head)


def from_qt(line: str, units: int) -> int:
    """UTF-16 units to code points inside one line; the middle of a pair counts as before it."""
    if line.isascii() or max(line) <= "\uffff":
        return min(units, len(line))
    at = 0
    for column, char in enumerate(line):
        at += 2 if char > "\uffff" else 1
        if at > units:
            return column
    return len(line)


def qt_length(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text) if text.isascii() else len(text) + sum(c > "\uffff" for c in text)


def qt_offsets(text: str, offsets: Sequence[int]) -> list[int]:
    """Code point offsets of a whole text, in rising order, as document positions."""
    if text.isascii() or not offsets or max(text) <= "\uffff":
        return list(offsets)
    result, at, units = [], 0, 0
    for offset in offsets:
        units, at = units + qt_length(text[at:offset]), offset
        result.append(units)
    return result


def cursor_at(document: QTextDocument, line: int, column: int = 0) -> QTextCursor:
    """A cursor at a line (from 1) and code point column; outside the text: the nearest place."""
    cursor = QTextCursor(document)
    cursor.setPosition(_position(document, line, column))
    return cursor


def cursor_of(document: QTextDocument, span: SourceSpan) -> QTextCursor:
    """A cursor that selects a span of the source."""
    cursor = QTextCursor(document)
    cursor.setPosition(_position(document, span.line, span.column))
    cursor.setPosition(_position(document, span.end_line, span.end_column), QTextCursor.MoveMode.KeepAnchor)
    return cursor


def place_of(cursor: QTextCursor) -> tuple[int, int]:
    """Line (from 1) and code point column of a cursor."""
    block = cursor.block()
    return block.blockNumber() + 1, from_qt(block.text(), cursor.positionInBlock())


def span_of(cursor: QTextCursor) -> SourceSpan:
    """What a cursor selects, as a span of the source."""
    ends = []
    for position in (cursor.selectionStart(), cursor.selectionEnd()):
        block = cursor.document().findBlock(position)
        ends.append((block.blockNumber() + 1, from_qt(block.text(), position - block.position())))
    return SourceSpan(*ends[0], *ends[1])


def word_span(document: QTextDocument, span: SourceSpan) -> SourceSpan:
    """The span, or where it is empty something visible there: the word around it, else the whole line."""
    if (span.line, span.column) < (span.end_line, span.end_column):
        return span
    line = _block(document, span.line).text()
    start = end = min(span.column, len(line))
    while end < len(line) and not line[end].isspace():
        end += 1
    while start > 0 and not line[start - 1].isspace():
        start -= 1
    if start == end:
        start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    return SourceSpan(span.line, min(start, end), span.line, end)


def _block(document: QTextDocument, line: int) -> QTextBlock:
    block = document.findBlockByNumber(max(line, 1) - 1)
    return block if block.isValid() else document.lastBlock()


def _position(document: QTextDocument, line: int, column: int) -> int:
    if line > document.blockCount():
        return document.characterCount() - 1
    block = _block(document, line)
    return block.position() + to_qt(block.text(), column)
