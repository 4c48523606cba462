"""What does a word of a Dockerfile become once quotes, escapes and variables are resolved, and who resolves them?

Source: BuildKit v0.25.2, frontend/dockerfile/shell/lex.go (the classic builder uses the same file); peculiarities of
that file are kept, because the result decides cache keys and, for heredocs, where an instruction ends.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cachesim.dockerfile import wildcard
from cachesim.dockerfile.words import BLANKS, go_quote
from cachesim.enums import quick
from cachesim.errors import CachesimError

__all__ = [
    "BUILDKIT_EXPANDS", "CLASSIC_EXPANDS", "ExpandError", "Expander", "Expansion", "HEREDOC", "Quotes",
    "expand_heredoc", "expand_step_name", "expand_word", "expand_words",
]

_MAX_DEPTH = 60         # of ${a:-${b:-…}}; the engine has no limit, but nobody writes this


class ExpandError(CachesimError):
    """A word that the engine cannot expand; the text is the engine's own.

    `reason` is the innermost message ("E: must"), `word` the word it was found in.
    """

    def __init__(self, reason: str, word: str) -> None:
        self.reason, self.word = reason, word
        super().__init__(f"failed to process {go_quote(word)}: {reason}")


@quick
class Quotes(enum.Enum):
    """What happens to quotes: removed, kept though they still group, or taken as ordinary characters."""

    REMOVE = "remove"
    KEEP = "keep"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Expansion:
    """What came out, and which variables had a say (each once, in order of first use)."""

    text: str
    words: tuple[str, ...]      # the text cut at blanks outside of quotes, also at blanks inside of values
    used: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expander:
    """The engine's lexer with its switches.

    `keep_escapes` leaves escape characters in the result, `keep_unset` leaves unset variables as they are written.
    """

    escape: str = "\\"
    quotes: Quotes = Quotes.REMOVE
    keep_escapes: bool = False
    keep_unset: bool = False

    def expand(self, word: str, env: Mapping[str, str]) -> Expansion:
        """Resolve a word.

        Raises:
            ExpandError: An unbalanced quote, an unsupported modifier, or `${v:?}` of a variable without value.
        """
        run = _Run(self, word, env)
        try:
            text, words = run.until("", self.keep_escapes)
        except _Refusal as refusal:
            raise ExpandError(str(refusal), word) from None
        return Expansion(text, tuple(words), tuple(run.used), tuple(run.unset))

    def text(self, word: str, env: Mapping[str, str]) -> str:
        """Resolve a word, when nothing but the result is asked for."""
        if self._is_plain(word):
            return word
        return self.expand(word, env).text

    def _is_plain(self, word: str) -> bool:
        return ("$" not in word and self.escape not in word and not word.startswith("\ufeff")
                and (self.quotes is Quotes.ORDINARY or ("'" not in word and '"' not in word)))


HEREDOC = Expander(quotes=Quotes.ORDINARY)
"""For heredoc bodies of COPY and ADD: the escape is always a backslash, whatever the file says."""


def expand_word(word: str, env: Mapping[str, str], escape: str = "\\") -> str:
    """Resolve a word to one word, blanks of values included.

    Raises:
        ExpandError: As `Expander.expand`.
    """
    return _expander(escape).text(word, env)


def expand_words(word: str, env: Mapping[str, str], escape: str = "\\") -> list[str]:
    """Resolve a word to any number of words (EXPOSE).

    Kept from the engine: text before a `${v:-…}` in the same word is lost (`80${X:-90}` gives `90`).

    Raises:
        ExpandError: As `Expander.expand`.
    """
    return list(_expander(escape).expand(word, env).words)


def expand_heredoc(body: str, env: Mapping[str, str]) -> str:
    """Resolve the body of an unquoted COPY or ADD heredoc.

    Raises:
        ExpandError: As `Expander.expand`.
    """
    return HEREDOC.text(body, env)


def expand_step_name(text: str, env: Mapping[str, str], escape: str = "\\", *, keep_quotes: bool = False) -> str:
    """Resolve an instruction for its step name; the text itself where it cannot be resolved.

    `keep_quotes` is the way of RUN, which leaves unset variables as they are written, too.
    """
    try:
        return _expander(escape, keep_quotes).text(text, env)
    except ExpandError:
        return text


_FILES = frozenset({"sources", "destination", "chown", "chmod"})

BUILDKIT_EXPANDS: Mapping[str, frozenset[str]] = MappingProxyType({
    "ADD": _FILES | {"checksum", "heredocs"},
    "ARG": frozenset({"value"}),                # only where no build argument replaces it; pairs see earlier pairs
    "COPY": _FILES | {"heredocs"},
    "ENV": frozenset({"key", "value"}),         # all pairs see the environment before the line
    "EXPOSE": frozenset({"ports"}),             # by expand_words
    "FROM": frozenset({"image", "platform"}),   # global scope only
    "LABEL": frozenset({"key", "value"}),
    "RUN": frozenset({"mounts"}),               # all attributes but `from`
    "STOPSIGNAL": frozenset({"signal"}),
    "USER": frozenset({"user"}),
    "VOLUME": frozenset({"paths"}),
    "WORKDIR": frozenset({"path"}),
})
"""Which fields BuildKit expands, by keyword; what is not here stays as written."""

CLASSIC_EXPANDS: Mapping[str, frozenset[str]] = MappingProxyType({
    **{keyword: fields for keyword, fields in BUILDKIT_EXPANDS.items() if keyword != "RUN"},
    "ADD": _FILES | {"checksum"},
    "ARG": frozenset({"key", "value"}),         # also where a build argument replaces the value
    "COPY": _FILES,
    "FROM": frozenset({"image", "platform"}),   # ARGs before the first FROM only, nothing is predefined
})
"""The same for the classic builder: heredoc bodies and mounts do not exist there."""


@functools.cache
def _expander(escape: str, for_run_name: bool = False) -> Expander:
    return Expander(escape, Quotes.KEEP, keep_unset=True) if for_run_name else Expander(escape)


class _Refusal(Exception):
    """Inside of one run: the word cannot be expanded."""


_EOF = "\ufffd"                 # how the engine prints the end of the text where it expected a character
_SPECIAL = frozenset("@*#?-$!0")


class _Run:
    """One pass over one word."""

    __slots__ = ("_buffer", "_depth", "_env", "_keep_escapes", "_plain", "_pos", "_rules", "_text", "unset", "used")

    def __init__(self, rules: Expander, text: str, env: Mapping[str, str]) -> None:
        self._rules, self._env = rules, env
        self._text = text.removeprefix("\ufeff")
        self._pos = self._depth = 0
        self._keep_escapes = rules.keep_escapes
        self._buffer: list[str] = []            # of the word being built; one for all depths, as in the engine
        self.used: dict[str, None] = {}
        self.unset: dict[str, None] = {}

    def until(self, stop: str, keep_escapes: bool) -> tuple[str, list[str]]:
        """Resolve up to the stop character (consumed), or to the end if it is empty."""
        before, self._keep_escapes = self._keep_escapes, keep_escapes
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Refusal(f"substitutions nested more than {_MAX_DEPTH} deep")
        result = self._until(stop)
        self._depth -= 1
        self._keep_escapes = before
        return result

    def _until(self, stop: str) -> tuple[str, list[str]]:
        text, size, escape = self._text, len(self._text), self._rules.escape
        quoting = self._rules.quotes is not Quotes.ORDINARY
        plain = _plain(escape, stop, quoting)
        self._buffer.clear()
        out: list[str] = []
        words = _Words(self._buffer)
        while self._pos < size:
            match = plain.match(text, self._pos)
            if match:
                self._pos = match.end()
                out.append(match[0])
                words.add(match[0])
                continue
            char = text[self._pos]
            if char == stop:
                self._pos += 1
                return "".join(out), words.finish()
            if char == "$":
                piece = self._dollar()
                words.add(piece)
            elif char == "<":
                piece = self._angle()
                words.add_raw(piece)
            elif char == "'" and quoting:
                piece = self._single_quoted()
                words.add_raw(piece)
            elif char == '"' and quoting:
                piece = self._double_quoted()
                words.add_raw(piece)
            else:
                piece = char if self._keep_escapes else ""
                piece += text[self._pos + 1:self._pos + 2]
                self._pos = min(self._pos + 2, size)
                if piece:
                    words.add_raw(piece)
            out.append(piece)
        if stop:
            raise _Refusal(f"unexpected end of statement while looking for matching {stop}")
        return "".join(out), words.finish()

    def _angle(self) -> str:
        start = self._pos
        self._pos += 1
        if self._text.startswith("<", self._pos):
            self._pos += 1
            while self._text[self._pos:self._pos + 1] in _ANGLE_BLANKS:
                self._pos += 1
        return self._text[start:self._pos]

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._pos + 1)
        if end < 0:
            raise _Refusal("unexpected end of statement while looking for matching single-quote")
        inner = self._text[self._pos + 1:end]
        self._pos = end + 1
        return f"'{inner}'" if self._rules.quotes is Quotes.KEEP else inner

    def _double_quoted(self) -> str:
        text, escape = self._text, self._rules.escape
        keep_quotes = self._rules.quotes is Quotes.KEEP
        plain = _plain_in_double_quotes(escape)
        out = ['"'] if keep_quotes else []
        self._pos += 1
        while True:
            match = plain.match(text, self._pos)
            if match:
                out.append(match[0])
                self._pos = match.end()
            char = text[self._pos:self._pos + 1]
            if not char:
                raise _Refusal("unexpected end of statement while looking for matching double-quote")
            if char == "$":
                out.append(self._dollar())
            elif char == '"':
                self._pos += 1
                if keep_quotes:
                    out.append('"')
                return "".join(out)
            else:
                self._pos += 1
                following = text[self._pos:self._pos + 1]
                if self._keep_escapes:
                    out.append(char)
                if following and following in ('"', "$", escape):
                    out.append(following)
                    self._pos += 1
                elif following:
                    out.append(char)

    def _dollar(self) -> str:
        self._pos += 1
        if not self._text.startswith("{", self._pos):
            name = self._name()
            if not name:
                return "$"
            value = self._get(name)
            if value is None:
                return "$" + name if self._rules.keep_unset else ""
            return value
        self._pos += 1
        following = self._text[self._pos:self._pos + 1]
        if not following:
            raise _Refusal("syntax error: missing '}'")
        if following in "{}:":
            raise _Refusal("syntax error: bad substitution")
        return self._braced(self._name())

    def _braced(self, name: str) -> str:
        modifier = char = self._next()
        if char == "}":
            value = self._get(name)
            if value is None:
                return f"${{{name}}}" if self._rules.keep_unset else ""
            return value
        if char == "/":
            return self._replacement(name)
        if char == ":":
            char = self._next()
            modifier = ":" + char
        elif char not in "+-?#%":
            raise _Refusal(f"unsupported modifier ({char}) in substitution")
        if char in "#%" and len(modifier) == 2:
            raise _Refusal(f"unsupported modifier ({modifier}) in substitution")
        word = self._argument("}", char in "#%", "missing '}'")
        value = self._get(name)
        if value is None and self._rules.keep_unset:
            return f"${{{name}{modifier}{word}}}"
        return self._modified(name, value, modifier, word)

    def _modified(self, name: str, value: str | None, modifier: str, word: str) -> str:
        char = modifier[-1]
        lacking = value is None or (value == "" and len(modifier) == 2)
        if char == "-":
            return word if lacking else value or ""
        if char == "+":
            return "" if lacking else word
        if char == "?":
            if lacking:
                default = f"is not allowed to be {'unset' if value is None else 'empty'}"
                raise _Refusal(f"{name}: {word or default}")
            return value or ""
        if char not in "#%":
            raise _Refusal(f"unsupported modifier ({modifier}) in substitution")
        longest = word.startswith(char)
        pattern = word[1:] if longest else word
        cut = wildcard.without_prefix if char == "#" else wildcard.without_suffix
        try:
            return cut(value or "", pattern, longest=longest)
        except wildcard.BadPattern as bad:
            shown = pattern if char == "#" else wildcard.turned(pattern)
            raise _Refusal(f"invalid pattern ({shown}) in substitution: {bad}") from None

    def _replacement(self, name: str) -> str:
        everywhere = self._text.startswith("/", self._pos)
        self._pos += everywhere
        pattern = self._argument("/", True, "missing '/' in ${}")
        replacement = self._argument("}", True, "missing '}'")
        value = self._get(name)
        if value is None and self._rules.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        try:
            return wildcard.replaced(value or "", pattern, replacement, everywhere=everywhere)
        except wildcard.BadPattern as bad:
            raise _Refusal(f"invalid pattern ({pattern}) in substitution: {bad}") from None

    def _argument(self, stop: str, keep_escapes: bool, complaint: str) -> str:
        try:
            return self.until(stop, keep_escapes)[0]
        except _Refusal:
            if self._pos >= len(self._text):
                raise _Refusal(f"syntax error: {complaint}") from None
            raise

    def _next(self) -> str:
        char = self._text[self._pos:self._pos + 1]
        self._pos += len(char)
        return char or _EOF

    def _name(self) -> str:
        text, start = self._text, self._pos
        first = text[start:start + 1]
        if first.isdecimal():
            while text[self._pos:self._pos + 1].isdecimal():
                self._pos += 1
        elif first and first in _SPECIAL:
            self._pos += 1
        else:
            while (char := text[self._pos:self._pos + 1]) and (char == "_" or char.isalpha() or char.isdecimal()):
                self._pos += 1
        return text[start:self._pos]

    def _get(self, name: str) -> str | None:
        value = self._env.get(name)
        (self.unset if value is None else self.used)[name] = None
        return value


_ANGLE_BLANKS = ("\t", "\r", " ")


class _Words:
    """Words being cut; blanks in quotes do not cut, an empty pair of quotes makes no word."""

    __slots__ = ("_buffer", "_inside", "_words")

    def __init__(self, buffer: list[str]) -> None:
        self._buffer = buffer
        self._inside = False
        self._words: list[str] = []

    def add_raw(self, text: str) -> None:
        """Add text that does not cut."""
        self._buffer.append(text)
        self._inside = True

    def add(self, text: str) -> None:
        """Add text that cuts at its blanks."""
        for piece in _PIECES.findall(text):
            if piece[0] not in BLANKS:
                self.add_raw(piece)
            elif self._inside:
                self._close()

    def finish(self) -> list[str]:
        """The words so far, the open one closed."""
        self._close()
        return self._words

    def _close(self) -> None:
        word = "".join(self._buffer)
        if word:
            self._words.append(word)
            self._buffer.clear()
            self._inside = False


_PIECES = re.compile(f"[{BLANKS}]+|[^{BLANKS}]+")


@functools.cache
def _plain(escape: str, stop: str, quoting: bool) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape('$<' + escape + stop + (_QUOTES if quoting else ''))}]+")


@functools.cache
def _plain_in_double_quotes(escape: str) -> re.Pattern[str]:
    return re.compile(f'[^"${re.escape(escape)}]+')


_QUOTES = "'\""
