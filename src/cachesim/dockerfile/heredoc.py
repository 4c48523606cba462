"""Which heredocs does an instruction open, and what does their body mean?

Source: BuildKit v0.25.2, frontend/dockerfile/parser/parser.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cachesim.dockerfile.expand import Expander, ExpandError, Quotes
from cachesim.dockerfile.words import NotStrings, split_command, string_array

__all__ = ["HEREDOC_KEYWORDS", "Opening", "openings", "read_word", "without_tabs"]

HEREDOC_KEYWORDS = frozenset({"add", "copy", "run"})

_WORD = re.compile(r"([0-9]*+)<<(-?)[\t\n\f\r ]*+([^<]*+)\Z")
_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)
_LINE = Expander(quotes=Quotes.KEEP, keep_escapes=True, keep_unset=True)
_NAME = Expander(keep_unset=True)
_QUOTED_NAME = Expander(quotes=Quotes.KEEP, keep_unset=True)


@dataclass(frozen=True, slots=True)
class Opening:
    """`<<NAME` in an instruction: what ends the body, and what may be done with it."""

    name: str
    expand: bool    # false: the name was quoted
    chomp: bool     # true: `<<-`
    fd: int = 0

    def closed_by(self, line: str) -> bool:
        """Whether this physical line (with or without its ending) ends the body."""
        line = line.rstrip("\r\n")
        return (line.lstrip("\t") if self.chomp else line) == self.name


def read_word(word: str) -> Opening | None:
    """Read one word as a heredoc operator; None if it is none.

    Raises:
        ExpandError: It looks like one, but its name has an unbalanced quote or a bad substitution.
    """
    match = _WORD.match(word)
    if not match or not match[3]:
        return None
    names = _NAME.expand(match[3], {}).words
    if len(names) != 1:
        return None
    kept = _QUOTED_NAME.expand(match[3], {}).words
    if len(kept) != 1:
        raise ExpandError("internal lexing of heredoc produced inconsistent results", match[3])
    return Opening(names[0], _quotes(names[0]) == _quotes(kept[0]), match[2] == "-", _descriptor(match[1]))


def openings(line: str, escape: str) -> list[Opening]:
    """List the heredocs that a joined line opens, in order.

    Raises:
        ExpandError: For which the engine refuses the file.
    """
    if "<<" not in line or not _may_open(line, escape):
        return []
    try:
        words = _LINE.expand(line, {}).words
    except ExpandError:
        return []       # such as `echo it's <<EOF`: the engine then sees no heredoc at all
    return [opening for opening in map(read_word, words) if opening]


def without_tabs(body: str) -> str:
    """Drop the leading tabs of each line, as `<<-` asks for."""
    return _LEADING_TABS.sub("", body)


def _may_open(line: str, escape: str) -> bool:
    keyword, _, rest = split_command(line, escape)
    if keyword.lower() == "onbuild":
        keyword, _, rest = split_command(rest, escape)
    if keyword.lower() not in HEREDOC_KEYWORDS:
        return False
    try:
        return string_array(rest) is None
    except NotStrings:
        return False


def _descriptor(digits: str) -> int:
    return min(int(digits[:20] or "0"), 2**64 - 1)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
