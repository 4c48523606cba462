"""Does every file come back byte for byte, and does each code point meet its place in Qt's text?"""

from __future__ import annotations

import random

import pytest
from PySide6.QtGui import QTextDocument

from cachesim.app.editor.positions import (
    DocumentText,
    cursor_at,
    cursor_of,
    document_text,
    from_qt,
    place_of,
    qt_offsets,
    span_of,
    to_qt,
    word_span,
)
from cachesim.diagnostics import SourceSpan

FILES = [
    "", "\n", "FROM a", "FROM a\n", "FROM a\r\nRUN b\r\n", "FROM a\r\nRUN b", "\ufeffFROM a\n", "\ufeff",
    "\ufeff\ufeffA\n",
    "FROM a\nRUN b\r\nRUN c\n", "FROM a\r\nRUN b\nRUN c\r\n", "a\rb\n", "a\rb\r\nc\r\n", "\r", "\r\r\n\r\n", "\n\r",
    "RUN echo \u00a0x\n", "RUN \u2028 x \u2029 y\n", "RUN caf\udce9\n", "x\ud800y\n", "RUN 😀 e\u0301\r\n",
    "\u240d\r\n\u240a\r\n\n", "a\u240db\rc\n", "a\ufdd0b\ufdd1c\ufeffd\n", "\x00\x0c\x0b\x1c\x85\n", "\n\n\n",
    "\r\n\r\n\n",
]


@pytest.mark.parametrize("text", FILES, ids=ascii)
def test_file_comes_back_through_qt(text: str, qapp: object) -> None:
    parts = DocumentText.of(text)
    document = QTextDocument()
    document.setPlainText(parts.shown)
    assert document_text(document) == parts.shown
    assert parts.style.file(document_text(document)) == text
    assert parts.file_text == text


def test_random_files_come_back(qapp: object) -> None:
    rng = random.Random(7)
    pieces = ["\r", "\n", "\r\n", "a", " ", "\ufeff", "😀", "\udc80", "\u240d", "\u240a", "\u2029", "é", "\U0010f000"]
    document = QTextDocument()
    for _ in range(800):
        text = "".join(rng.choices(pieces, k=rng.randrange(0, 14)))
        parts = DocumentText.of(text)
        document.setPlainText(parts.shown)
        assert parts.style.file(document_text(document)) == text, ascii(text)


def test_lines_of_the_file_are_lines_of_the_editor(qapp: object) -> None:
    for text in FILES:
        shown = DocumentText.of(text).shown
        assert shown.count("\n") == text.count("\n"), ascii(text)


def test_new_lines_get_the_style_of_the_file() -> None:
    style = DocumentText.of("\ufeffFROM a\r\nRUN b\r\n").style
    assert style.file("FROM a\nCOPY . .\nRUN b\n") == "\ufeffFROM a\r\nCOPY . .\r\nRUN b\r\n"
    assert DocumentText.of("FROM a\nRUN b\r\nRUN c\n").style.newline == "\n"


def test_parser_meets_the_characters_of_the_file() -> None:
    parts = DocumentText.of("RUN caf\udce9 \u2028\n")
    assert parts.style.line(parts.shown.split("\n")[0]) == "RUN caf\udce9 \u2028"


@pytest.mark.parametrize(("column", "units"), [(0, 0), (4, 4), (5, 6), (6, 7), (7, 8), (8, 10), (99, 11)])
def test_emoji_counts_twice_in_qt(column: int, units: int) -> None:
    line = "RUN 😀e\u0301𝒳x"
    assert to_qt(line, column) == units
    assert from_qt(line, units) == min(column, len(line))


def test_middle_of_a_pair_counts_as_before_it() -> None:
    assert from_qt("😀x", 1) == 0
    assert from_qt("😀x", 2) == 1


def test_offsets_of_a_whole_text() -> None:
    text = "a😀\n😀b"
    assert qt_offsets(text, [0, 1, 2, 3, 4, 5]) == [0, 1, 3, 4, 6, 7]
    assert qt_offsets("plain", [2, 4]) == [2, 4]


def test_spans_and_cursors_agree(qapp: object) -> None:
    document = QTextDocument()
    document.setPlainText("FROM a\nRUN 😀 e\u0301 x\nCMD y")
    span = SourceSpan(2, 4, 2, 8)
    cursor = cursor_of(document, span)
    assert cursor.selectedText() == "😀 e\u0301"
    assert span_of(cursor) == span
    assert place_of(cursor_at(document, 2, 9)) == (2, 9)
    assert place_of(cursor_at(document, 99, 3)) == (3, 5)
    assert place_of(cursor_at(document, 1, 99)) == (1, 6)


@pytest.mark.parametrize(("column", "expected"), [(0, (0, 3)), (3, (0, 3)), (5, (4, 9)), (99, (4, 9))])
def test_empty_span_becomes_the_word(column: int, expected: tuple[int, int], qapp: object) -> None:
    document = QTextDocument()
    document.setPlainText("RUN apt-x  ".rstrip())
    found = word_span(document, SourceSpan(1, column, 1, column))
    assert (found.column, found.end_column) == expected
