"""How does the engine cut one joined line into keyword, flags, words and JSON strings?

The rules are those of Go's standard library where it matters: which characters are blank, what a JSON document is, how
a string is quoted in a message.
Source: BuildKit v0.25.2, frontend/dockerfile/parser/{split_command,line_parsers}.go.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable

__all__ = [
    "BLANKS", "NotStrings", "go_quote", "key_values", "split_command", "split_flags", "split_keyword",
    "split_words", "string_array", "suggestion", "words_of",
]

BLANKS = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200b))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go's unicode.IsSpace accepts (Python's isspace takes four control characters more)."""

_BYTE_BLANKS = "\t\n\v\f\r \x85\xa0"    # the engine reads flags byte by byte: these bytes end a flag, even inside of é
_GAP = re.compile(r"[\t\v\f\r ]+")
# No possessive repeats of groups: Python 3.11.2 (Debian 12) takes them for matched where they are not, 3.11.7 does not.
_STRINGS = re.compile(
    r'\[[ \t\r\n]*+(?:"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
    r'(?:[ \t\r\n]*+,[ \t\r\n]*+"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")*)?[ \t\r\n]*+\]'
    r"[ \t\r\n]*+\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotStrings(ValueError):
    """A valid JSON array with something else than strings in it; the engine refuses it."""

    def __init__(self) -> None:
        super().__init__("when using JSON array syntax, arrays must be comprised of strings only")


def split_keyword(line: str) -> tuple[str, str]:
    """Cut a joined line into its first word and the rest, blanks between them dropped."""
    parts = _GAP.split(line.strip(BLANKS), maxsplit=1)
    return parts[0], parts[1] if len(parts) == 2 else ""


def split_command(line: str, escape: str) -> tuple[str, list[str], str]:
    """Cut a joined line into keyword, flag words (quotes and escapes resolved) and the remaining text, trimmed."""
    keyword, rest = split_keyword(line)
    if not rest.startswith("--"):
        return keyword, [], rest.strip(BLANKS)
    flags, rest = split_flags(rest, escape)
    return keyword, flags, rest.strip(BLANKS)


def split_flags(text: str, escape: str) -> tuple[list[str], str]:
    """Take the leading `--` words off the text; a bare `--` ends them.

    The engine treats the bytes of the text as characters here, so a flag with `ü` in it comes out as `Ã¼`.
    """
    if not text.isascii():
        narrow = text.encode("utf-8", "surrogatepass").decode("latin-1")
        flags, rest = _flags_of(narrow, escape)
        return flags, _widen(rest)
    return _flags_of(text, escape)


def words_of(text: str) -> list[str]:
    """Cut at blanks, quotes mean nothing (COPY, EXPOSE, FROM)."""
    return _GAP.split(text) if text else []


def split_words(text: str, escape: str) -> list[str]:
    """Cut at blanks outside of quotes and escapes; both stay in the words (ENV, LABEL, ARG)."""
    return [match[1] for match in _word_pattern(escape).finditer(text) if match[1]]


def key_values(keyword: str, text: str, escape: str) -> tuple[list[tuple[str, str]], bool]:
    """Read the arguments of ENV or LABEL.

    Returns: The pairs, and whether the old form `KEY some text` was used.
    Raises:
        ValueError: With the engine's words.
    """
    words = split_words(text, escape)
    if not words:
        return [], False
    if "=" not in words[0]:
        parts = _GAP.split(text, maxsplit=1)
        if len(parts) < 2:
            raise ValueError(f"{keyword} must have two arguments")
        return [(parts[0], parts[1])], True
    pairs = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"Syntax error - can't find = in {go_quote(word)}. Must be of the form: name=value")
        pairs.append((key, value))
    return pairs, False


def string_array(text: str) -> list[str] | None:
    """Read a JSON array of strings; None where the text is anything else, which then is not meant as JSON.

    Raises:
        NotStrings: The text is a JSON array, but not of strings.
    """
    text = text.lstrip(BLANKS)
    if not text.startswith("["):
        return None
    if _STRINGS.match(text):
        strings: list[str] = json.loads(text)
        return [_SURROGATE.sub("\ufffd", s) for s in strings]
    try:
        json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    raise NotStrings


def go_quote(text: str) -> str:
    """Quote as Go's %q, which is how the engine shows a piece of text in a message."""
    out = []
    for char in text:
        code = ord(char)
        if char in _GO_ESCAPES:
            out.append(_GO_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        elif code < 0x80:
            out.append(f"\\x{code:02x}")
        else:
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(out)}"'


def suggestion(word: str, options: Iterable[str], *, fold_case: bool) -> str:
    """The tail ` (did you mean X?)` that the engine puts after an unknown word, or nothing.

    Where several options are equally near the engine picks one at random; here the first in alphabetical order wins.
    """
    wanted = word.lower() if fold_case else word
    best, best_distance = "", 3
    for option in sorted(options):
        candidate = option.lower() if fold_case else option
        if candidate == wanted:
            return ""
        if abs(len(candidate) - len(wanted)) < best_distance:
            distance = _edit_distance(wanted, candidate)
            if distance < best_distance:
                best, best_distance = candidate, distance
    if not best:
        return ""
    if fold_case and word == word.upper() and word != word.lower():
        best = best.upper()
    return f" (did you mean {best}?)"


_GO_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
               "\\": "\\\\", '"': '\\"'}


def _flags_of(text: str, escape: str) -> tuple[list[str], str]:
    flags: list[str] = []
    end, pos = len(text), 0
    while True:
        while pos < end and text[pos] in _BYTE_BLANKS:
            pos += 1
        if not text.startswith("--", pos):
            return flags, text[pos:]
        word, pos = _flag_word(text, pos, escape)
        if word == "--":
            return flags, text[pos:]
        flags.append(word)


def _flag_word(text: str, pos: int, escape: str) -> tuple[str, int]:
    out: list[str] = []
    quote = ""
    plain = _plain_pattern(escape)
    end = len(text)
    while pos < end:
        match = plain.match(text, pos)
        if match:
            out.append(match[0])
            pos = match.end()
            continue
        char = text[pos]
        if char == escape:
            out.append(text[pos + 1:pos + 2])
            pos += 2
        elif char == quote:
            quote = ""
            pos += 1
        elif not quote and char in "'\"":
            quote = char
            pos += 1
        elif not quote and char in _BYTE_BLANKS:
            break
        else:
            out.append(char)
            pos += 1
    return "".join(out), min(pos, end)


@functools.cache
def _plain_pattern(escape: str) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(_BYTE_BLANKS + escape)}'\"]+")


@functools.cache
def _word_pattern(escape: str) -> re.Pattern[str]:
    """One word of ENV; group 1 leaves out an escape at the very end of the text, which the engine drops."""
    blanks, esc = re.escape(BLANKS), re.escape(escape)
    return re.compile(
        rf"""((?:[^{blanks}'"{esc}]++|{esc}[\s\S]|'[^']*+'?+|"(?:[^"{esc}]++|{esc}[\s\S])*+"?+)++)(?:{esc}\Z)?|{esc}\Z""")


def _widen(narrow: str) -> str:
    raw = narrow.encode("latin-1")
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:      # a flag ended in the middle of a character
        return raw.decode("utf-8", "replace")


def _number(literal: str) -> float:
    value = float(literal)
    if value in (float("inf"), float("-inf")):
        raise ValueError(literal)       # Go cannot hold it either, so the text is not JSON for the engine
    return value


def _no_constant(literal: str) -> float:
    raise ValueError(literal)           # NaN and Infinity are Python's own


def _edit_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
