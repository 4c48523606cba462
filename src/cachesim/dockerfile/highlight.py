"""What is each piece of one line, given only what the lines above left open?

A highlighter keeps one `LineState` per line and asks again only from the line that changed to the first one whose state
came out the same. `states` agree with `lines.scan` about where instructions and heredocs begin and end.
"""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass, field, replace

from cachesim.dockerfile.expand import ExpandError
from cachesim.dockerfile.heredoc import HEREDOC_KEYWORDS, Opening, openings
from cachesim.dockerfile.lines import continued, read_directive
from cachesim.dockerfile.nodes import KEYWORDS
from cachesim.dockerfile.words import BLANKS

__all__ = ["START", "LineKind", "LineState", "Token", "TokenKind", "scan_lines", "tokens"]


class TokenKind(enum.Enum):
    """What a piece of text is; what has no kind is plain text."""

    KEYWORD = "keyword"
    FLAG = "flag"           # `--name`, without its value
    VARIABLE = "variable"
    STRING = "string"
    COMMENT = "comment"
    DIRECTIVE = "directive"
    HEREDOC = "heredoc"     # `<<NAME`, the body, the closing line
    ESCAPE = "escape"       # an escaped character, or the escape that continues the line


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line; columns are code points, the end is exclusive. Tokens of a line do not overlap."""

    kind: TokenKind
    start: int
    end: int


class LineKind(enum.Enum):
    """What the next line begins in."""

    DIRECTIVES = "directives"       # nothing but directives so far
    NORMAL = "normal"
    CONTINUATION = "continuation"
    HEREDOC = "heredoc"


@dataclass(frozen=True, slots=True)
class LineState:
    """What a line leaves open.

    `keyword` (lower case, "" if not read yet), `in_flags` and `quote` belong to a continued instruction, `heredocs` are
    those still open, the current one first. `digest` stands for the text of the instruction so far.
    """

    kind: LineKind = LineKind.DIRECTIVES
    escape: str = "\\"
    seen: frozenset[str] = frozenset()
    keyword: str = ""
    in_flags: bool = True
    quote: str = ""
    heredocs: tuple[Opening, ...] = ()
    digest: int = 0
    chain: tuple[object, str] | None = field(default=None, compare=False, repr=False)

    @property
    def number(self) -> int:
        """The state as a number from 0 that fits QTextBlock.setUserState."""
        return hash(self) & 0x7FFFFFFF


START = LineState()
"""Above the first line."""


def scan_lines(text: str) -> list[LineState]:
    """The state after each line of a text."""
    states, state = [], START
    for line in text.split("\n"):
        _, state = tokens(line, state)
        states.append(state)
    return states


def tokens(line: str, state_before: LineState) -> tuple[list[Token], LineState]:
    """Take one physical line (without line feed) apart."""
    line = line.rstrip("\r")
    if state_before.kind is LineKind.HEREDOC:
        return _heredoc_line(line, state_before)
    bare = line.lstrip(BLANKS)
    start = len(line) - len(bare)
    if state_before.kind is LineKind.CONTINUATION:
        if not bare:
            return [], state_before
        if bare.startswith("#"):
            return [Token(TokenKind.COMMENT, start, len(line))], state_before
        return _instruction_line(line, 0, state_before)
    if state_before.kind is LineKind.DIRECTIVES:
        if state_before == START and line.startswith("\ufeff"):
            bare = line[1:].lstrip(BLANKS)
            start = len(line) - len(bare)
        directive = read_directive(bare)
        if directive:
            return [Token(TokenKind.DIRECTIVE, start, len(line))], _after_directive(state_before, *directive)
    normal = LineState(LineKind.NORMAL, state_before.escape)
    if not bare:
        return [], normal
    if bare.startswith("#"):
        return [Token(TokenKind.COMMENT, start, len(line))], normal
    return _instruction_line(line, start, normal)


def _after_directive(state: LineState, name: str, value: str) -> LineState:
    escape = value if name == "escape" and value in ("\\", "`") and name not in state.seen else state.escape
    return LineState(LineKind.DIRECTIVES, escape, state.seen | {name})


def _instruction_line(line: str, start: int, state: LineState) -> tuple[list[Token], LineState]:
    head = continued(line[start:], state.escape)
    text = line[start:] if head is None else head
    painter = _Painter(line, start, start + len(text), state)
    painter.paint()
    if head is not None:
        painter.found.append(Token(TokenKind.ESCAPE, start + len(text), start + len(text) + 1))
        return painter.found, LineState(
            LineKind.CONTINUATION, state.escape, keyword=painter.keyword, in_flags=painter.in_flags,
            quote=painter.quote, digest=hash((state.digest, text)), chain=(state.chain, text))
    opened = _openings(state, text)
    if opened:
        return painter.found, LineState(LineKind.HEREDOC, state.escape, keyword=painter.keyword, heredocs=opened)
    return painter.found, LineState(LineKind.NORMAL, state.escape)


def _openings(state: LineState, last: str) -> tuple[Opening, ...]:
    pieces = [last]
    chain: object = state.chain
    while isinstance(chain, tuple):
        chain, piece = chain
        pieces.append(piece)
    try:
        return tuple(openings("".join(reversed(pieces)), state.escape))
    except ExpandError:
        return ()


def _heredoc_line(line: str, state: LineState) -> tuple[list[Token], LineState]:
    current, *others = state.heredocs
    if current.closed_by(line):
        after = replace(state, heredocs=tuple(others)) if others else LineState(LineKind.NORMAL, state.escape)
        return ([Token(TokenKind.HEREDOC, 0, len(line))] if line else []), after
    variables = _VARIABLE.finditer(line) if current.expand or state.keyword == "run" else ()
    found, at = [], 0
    for match in variables:
        if at < match.start():
            found.append(Token(TokenKind.HEREDOC, at, match.start()))
        found.append(Token(TokenKind.VARIABLE, match.start(), match.end()))
        at = match.end()
    if at < len(line):
        found.append(Token(TokenKind.HEREDOC, at, len(line)))
    return found, state


_SUBSTITUTION = r"\$(?:\{[^{}]*+\}?|[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])"
_VARIABLE = re.compile(_SUBSTITUTION)
_WORD = re.compile(f"[^{re.escape(BLANKS)}]+")
_KEYWORDS = frozenset(keyword.lower() for keyword in KEYWORDS)
_FLAG = re.compile(rf"--[^={re.escape(BLANKS)}]*")


@functools.cache
def _outside(escape: str) -> re.Pattern[str]:
    return re.compile(
        rf"""(?P<escape>{re.escape(escape)}[\s\S])|(?P<variable>{_SUBSTITUTION})|(?P<quote>["'])"""
        r"""|(?P<heredoc>(?:(?<=[\t ])|^)[0-9]*+<<-?[\t ]*+(?:"[^"<]*+"|'[^'<]*+'|[^\s<"']++))""")


@functools.cache
def _in_quotes(escape: str, quote: str) -> re.Pattern[str]:
    if quote == "'":
        return re.compile("(?P<quote>')")
    return re.compile(rf'(?P<escape>{re.escape(escape)}[\s\S])|(?P<variable>{_SUBSTITUTION})|(?P<quote>")')


class _Painter:
    """Finds the tokens of one line of an instruction."""

    def __init__(self, line: str, start: int, end: int, state: LineState) -> None:
        self._line, self._at, self._end = line, start, end
        self._escape = state.escape
        self.keyword, self.in_flags, self.quote = state.keyword, state.in_flags, state.quote
        self.found: list[Token] = []

    def paint(self) -> None:
        """Fill `found`, and leave `keyword`, `in_flags` and `quote` as they are at the end of the line."""
        while self.keyword in ("", "onbuild"):
            if not self._take_keyword():
                return
        while self.in_flags:
            if not self._take_flag():
                return
        if self.keyword == "from":
            self._paint_from()
        elif self.keyword != "maintainer":
            self._paint_text(self._end)

    def _take_keyword(self) -> bool:
        word = _WORD.search(self._line, self._at, self._end)
        if not word:
            self._at = self._end
            return False
        name = word[0].lower()
        if name in _KEYWORDS:
            self._add(TokenKind.KEYWORD, word.start(), word.end())
        if name == self.keyword == "onbuild":
            name = "?"
        self.keyword, self._at = name, word.end()
        return True

    def _take_flag(self) -> bool:
        word = _WORD.search(self._line, self._at, self._end)
        if not word:
            self._at = self._end
            return False
        if not word[0].startswith("--"):
            self.in_flags = False
            self._paint_kind(word)
            return True
        flag = _FLAG.match(self._line, word.start(), word.end())
        if flag:
            self._add(TokenKind.FLAG, flag.start(), flag.end())
            self._at = flag.end()
        self.in_flags = word[0] != "--"
        self._paint_text(word.end())
        while self.quote and (word := _WORD.search(self._line, self._at, self._end)):   # a blank inside of the quotes
            self._paint_text(word.end())
        return True

    def _paint_kind(self, word: re.Match[str]) -> None:
        """HEALTHCHECK CMD and HEALTHCHECK NONE."""
        if self.keyword == "healthcheck" and word[0].lower() in ("cmd", "none"):
            self._add(TokenKind.KEYWORD, word.start(), word.end())
            self._at = word.end()

    def _paint_from(self) -> None:
        words = list(_WORD.finditer(self._line, self._at, self._end))
        for index, word in enumerate(words):
            if word[0].lower() == "as" and index != len(words) - 1:
                self._paint_text(word.start())
                self._add(TokenKind.KEYWORD, word.start(), word.end())
                self._at = word.end()
        self._paint_text(self._end)

    def _paint_text(self, end: int) -> None:
        """Strings, variables, escapes and heredoc operators from here to a column."""
        string_start = self._at
        while self._at < end:
            pattern = _in_quotes(self._escape, self.quote) if self.quote else _outside(self._escape)
            match = pattern.search(self._line, self._at, end)
            if not match:
                break
            kind, self._at = match.lastgroup, match.end()
            if kind == "quote":
                if self.quote:
                    self._add(TokenKind.STRING, string_start, match.end())
                    self.quote = ""
                else:
                    self.quote, string_start = match[0], match.start()
            elif kind != "heredoc" or self.keyword in HEREDOC_KEYWORDS:
                if self.quote:
                    self._add(TokenKind.STRING, string_start, match.start())
                    string_start = match.end()
                self._add(TokenKind(kind), match.start(), match.end())
        if self.quote:
            self._add(TokenKind.STRING, string_start, end)
        self._at = end

    def _add(self, kind: TokenKind, start: int, end: int) -> None:
        if start < end:
            self.found.append(Token(kind, start, end))
