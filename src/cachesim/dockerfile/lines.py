"""Where does each instruction begin and end, and what is its text once the pieces are joined?

Alone decides that for cachesim: other readers of Dockerfiles only give second opinions.
Source: BuildKit v0.25.2, frontend/dockerfile/parser/{parser,directives}.go.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.expand import ExpandError
from cachesim.dockerfile.heredoc import Opening, openings
from cachesim.dockerfile.instructions import Directive
from cachesim.dockerfile.words import BLANKS

__all__ = ["Body", "LogicalLine", "Problem", "Scan", "continued", "is_comment", "read_check", "read_directive", "scan"]

MAX_LINE = 65535        # bytes, line feed not counted

_DIRECTIVE = re.compile(r"#[\t\n\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=([\s\S]*)\Z")
_DIRECTIVE_NAMES = frozenset({"syntax", "escape", "check"})
_GO_BLANKS = "\t\n\f\r "


@dataclass(frozen=True, slots=True)
class Problem:
    """Something for which the engine refuses the file while it reads lines."""

    span: SourceSpan
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Body:
    """A heredoc body: raw lines `first` to `last` (empty if last < first); its terminator stands on the next line."""

    opening: Opening
    text: str
    first: int
    last: int
    closed: bool


class LogicalLine(NamedTuple):
    """One instruction: its joined text, the pieces it was joined from, its heredoc bodies.

    `head` is its span without the bodies; `pieces` holds (offset in text, line, column) of each physical line that gave text.
    """

    text: str
    span: SourceSpan
    head: SourceSpan
    pieces: tuple[tuple[int, int, int], ...]
    bodies: tuple[Body, ...] = ()
    has_empty_lines: bool = False       # inside of a continuation

    @property
    def first(self) -> int:
        """Its first physical line, from 1."""
        return self.span.line

    @property
    def last(self) -> int:
        """The last one, the end of a heredoc included."""
        return self.span.end_line

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset in the joined text."""
        for start, line, column in reversed(self.pieces):
            if start <= offset:
                return line, column + offset - start
        return self.first, 0


@dataclass(frozen=True, slots=True)
class Scan:
    """All lines of a file, taken apart; `problems` in the order in which the engine would meet them.

    `comments` holds the last comment above an instruction by the first line of that, where no empty one stands between.
    """

    lines: tuple[str, ...]              # physical, without their line feeds
    directives: tuple[Directive, ...]
    instructions: tuple[LogicalLine, ...]
    problems: tuple[Problem, ...]
    escape: str
    comments: tuple[tuple[int, str], ...] = ()


def is_comment(line: str) -> bool:
    """Whether a physical line is a comment, where it is not part of a heredoc."""
    return line.lstrip(BLANKS).startswith("#")


def read_directive(line: str) -> tuple[str, str] | None:
    """Name (lower case) and value of a `# name=value` line of a known name; None ends the directives of a file."""
    match = _DIRECTIVE.match(line.rstrip("\r\n").lstrip(BLANKS))
    if not match:
        return None
    name, rest = match[1].lower(), match[2]
    value = rest.strip(_GO_BLANKS) or rest[-1:]     # a value of blanks only is one blank
    return (name, value) if value and name in _DIRECTIVE_NAMES else None


def read_check(lines: Sequence[str]) -> str:
    """What the linter reads of a file's `# check=…`: up to the first blank, also below `#!`, not where the line is indented."""
    seen: set[str] = set()
    for number, line in enumerate(lines):
        line = line if number else line.removeprefix("\ufeff")
        if not number and line.startswith("#!"):
            continue
        found = read_directive(line) if line.startswith("#") else None
        if found is None or found[0] in seen:
            break
        if found[0] == "check":
            return found[1].partition(" ")[0]
        seen.add(found[0])
    return ""


def continued(line: str, escape: str) -> str | None:
    """The text of a line that goes on in the next one, without the escape; None if the line ends the instruction."""
    if escape not in line:
        return None
    line = line.rstrip(" \t")
    if not line.endswith(escape) or line[-2:-1] == escape:
        return None
    return line[:-1]


def scan(text: str) -> Scan:
    """Take a text apart; works for any text."""
    return _Scanner(text).run()


@functools.lru_cache(maxsize=2048)      # while somebody types, all lines but one stay the same
def _alone(raw: str, number: int, escape: str) -> LogicalLine | None:
    """The instruction that one physical line is; None if it is none, or only the beginning of one.

    The same line at the same place gives the same object.
    """
    line = raw.rstrip("\r\n").lstrip(BLANKS)
    if not line or line[0] == "#" or "<<" in line or continued(line, escape) is not None:
        return None
    column = raw.index(line[0])
    span = SourceSpan(number, column, number, _length(raw))
    return LogicalLine(line, span, span, ((0, number, column),))


class _Scanner:
    def __init__(self, text: str) -> None:
        self._bom = 1 if text.startswith("\ufeff") else 0
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._count = len(self._lines)
        self._directives: list[Directive] = []
        self._instructions: list[LogicalLine] = []
        self._problems: list[Problem] = []
        self._escape = "\\"
        self._at = 0            # index of the next physical line
        self._comment = ""      # the last one since the last instruction
        self._comments: list[tuple[int, str]] = []

    def run(self) -> Scan:
        too_long = self._cut_at_long_line(self._lines)
        self._read_directives()
        while self._at < self._count:
            self._read_instruction()
        if too_long:
            self._problems.append(Problem(
                _line_span(self._lines, self._count),
                f"dockerfile line greater than max allowed size of {MAX_LINE}", "line-too-long"))
        return Scan(tuple(self._lines), tuple(self._directives), tuple(self._instructions), tuple(self._problems),
                    self._escape, tuple(self._comments))

    def _cut_at_long_line(self, lines: list[str]) -> bool:
        """The engine reads nothing from a too long line on."""
        for index, line in enumerate(lines):
            if len(line) * 4 > MAX_LINE and len(line.encode("utf-8", "surrogatepass")) > MAX_LINE:
                self._count = index
                return True
        return False

    def _raw(self, index: int) -> str:
        line = self._lines[index]
        return line[1:] if index == 0 and self._bom else line

    def _read_directives(self) -> None:
        seen: set[str] = set()
        while self._at < self._count:
            found = read_directive(self._raw(self._at))
            if not found:
                return
            name, value = found
            span = _line_span(self._lines, self._at)
            self._at += 1
            if name in seen:
                self._problems.append(Problem(span, f"only one {name} parser directive can be used",
                                              "duplicate-directive"))
                continue
            seen.add(name)
            self._directives.append(Directive(name, value, span))
            if name == "escape":
                if value in ("\\", "`"):
                    self._escape = value
                else:
                    self._problems.append(Problem(
                        span, f"invalid escape token '{value}' does not match ` or \\", "bad-escape"))

    def _read_instruction(self) -> None:
        first = self._at
        raw = self._raw(first)
        whole = _alone(raw, first + 1, self._escape) if first or not self._bom else None
        if whole is not None:
            self._at += 1
            self._take(whole, first)
            return
        line = raw.rstrip("\r\n").lstrip(BLANKS)
        self._at += 1
        if not line:
            return
        if line[0] == "#":
            self._comment = raw[1:].strip()
            return
        column = len(self._lines[first]) - len(raw) + raw.index(line[0])
        head = continued(line, self._escape)
        if head is None:
            span = self._span(first, column)
            logical = LogicalLine(line, span, span, ((0, first + 1, column),))
        else:
            logical = self._join(head, first, column)
        if "<<" in logical.text:
            logical = self._with_heredocs(logical)
        self._take(logical, first)

    def _take(self, line: LogicalLine, first: int) -> None:
        if self._comment:
            self._comments.append((first + 1, self._comment))
            self._comment = ""
        self._instructions.append(line)

    def _join(self, begun: str, first: int, column: int) -> LogicalLine:
        texts, pieces = [begun], [(0, first + 1, column)]
        offset = len(begun)
        empty_lines = False
        while self._at < self._count:
            line = self._lines[self._at].rstrip("\r\n")
            self._at += 1
            bare = line.lstrip(BLANKS)
            if not bare:
                empty_lines = True
                continue
            if bare[0] == "#":
                continue
            piece = continued(line, self._escape)
            pieces.append((offset, self._at, 0))
            texts.append(line if piece is None else piece)
            offset += len(texts[-1])
            if piece is None:
                break
        head = SourceSpan(first + 1, column, pieces[-1][1], _length(self._lines[pieces[-1][1] - 1]))
        return LogicalLine("".join(texts), self._span(first, column), head, tuple(pieces), (), empty_lines)

    def _span(self, first: int, column: int) -> SourceSpan:
        """From a place to the end of the last line that was read."""
        return SourceSpan(first + 1, column, self._at, _length(self._lines[self._at - 1]))

    def _with_heredocs(self, logical: LogicalLine) -> LogicalLine:
        try:
            opened = openings(logical.text, self._escape)
        except ExpandError as error:
            self._problems.append(Problem(logical.span, str(error), "bad-heredoc"))
            return logical
        if not opened:
            return logical
        bodies = tuple(self._read_body(opening, logical) for opening in opened)
        return logical._replace(span=self._span(logical.first - 1, logical.head.column), bodies=bodies)

    def _read_body(self, opening: Opening, logical: LogicalLine) -> Body:
        first = self._at
        while self._at < self._count:
            self._at += 1
            if opening.closed_by(self._lines[self._at - 1]):
                return Body(opening, self._body_text(first, self._at - 1), first + 1, self._at - 1, True)
        self._problems.append(Problem(logical.span, "unterminated heredoc", "unterminated-heredoc"))
        return Body(opening, self._body_text(first, self._at), first + 1, self._at, False)

    def _body_text(self, first: int, end: int) -> str:
        return "".join(f"{line}\n" for line in self._lines[first:end])


def _length(line: str) -> int:
    return len(line) - line.endswith("\r")


def _line_span(lines: list[str], index: int) -> SourceSpan:
    return SourceSpan(index + 1, 0, index + 1, len(lines[index]))
