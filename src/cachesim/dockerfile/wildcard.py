"""Where does the pattern of `${v#pattern}`, `${v%pattern}` or `${v/pattern/…}` match?

`*` is any text, `?` any character (neither crosses a line end), a backslash takes `*`, `?` and itself literally, `/`
and `}` lose theirs; brackets mean nothing. The engine turns patterns into RE2 expressions; here a table of pattern
position against text position does the same in bounded time.
Source: BuildKit v0.25.2, frontend/dockerfile/shell/lex.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["BadPattern", "replaced", "turned", "without_prefix", "without_suffix"]

_ANY, _MANY = 0, 1      # beside these two, a token is the character that it matches
_Token = int | str


class BadPattern(ValueError):
    """A backslash before a character that needs none."""


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Drop the shortest or longest beginning that matches."""
    tokens = _tokens(pattern)
    end = _ends(tokens, value, longest=longest)[0]
    return value if end < 0 else value[end:]


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Drop the shortest or longest ending that matches."""
    return without_prefix(value[::-1], turned(pattern), longest=longest)[::-1]


def replaced(value: str, pattern: str, replacement: str, *, everywhere: bool) -> str:
    """Replace the first match, or all matches, each as long as possible.

    With `everywhere` the replacement is a template: `$$` is a dollar, `$0` the match, other `$name` are empty.
    """
    ends = _ends(_tokens(pattern), value, longest=True)
    if not everywhere:
        for start, end in enumerate(ends):
            if end >= 0:
                return value[:start] + replacement + value[end:]
        return value
    out, last_end = [], 0
    for start, end in _matches(ends):
        out.append(value[last_end:start])
        if end > last_end or start == 0:        # an empty match right behind a match does not count
            out.append(_filled(replacement, value[start:end]))
        last_end = end
    return "".join(out) + value[last_end:]


def _matches(ends: list[int]) -> Iterator[tuple[int, int]]:
    position, size = 0, len(ends) - 1
    while position <= size:
        if ends[position] < 0:
            position += 1
            continue
        yield position, ends[position]
        position = max(position + 1, ends[position])


def _tokens(pattern: str) -> list[_Token]:
    out: list[_Token] = []
    chars = iter(pattern.removeprefix("\ufeff"))
    for char in chars:
        if char == "\\":
            char = next(chars, "\ufffd")
            if char not in "*?\\/}":
                raise BadPattern(f"invalid escape '\\{char}'")
            out.append(char)
        else:
            out.append(_MANY if char == "*" else _ANY if char == "?" else char)
    return out


def _ends(tokens: list[_Token], value: str, *, longest: bool) -> list[int]:
    """For each position of the value the end of the match that starts there, or -1."""
    size = len(value)
    best = max if longest else _least
    after = list(range(size + 1))
    for token in reversed(tokens):
        here = [-1] * (size + 1)
        if token == _MANY:
            here[size] = after[size]
            for i in range(size - 1, -1, -1):
                here[i] = after[i] if value[i] == "\n" else best(after[i], here[i + 1])
        else:
            for i in range(size):
                if value[i] == token or (token == _ANY and value[i] != "\n"):
                    here[i] = after[i + 1]
        after = here
    return after


def _least(left: int, right: int) -> int:
    return right if left < 0 else left if right < 0 else min(left, right)


def turned(pattern: str) -> str:
    """Turn the pattern round, each backslash staying before its character."""
    return "".join(reversed(re.findall(r"\\[\s\S]|[\s\S]", pattern)))


_TEMPLATE = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>\w+)|\{(?P<braced>\w+)\})")


def _filled(template: str, match: str) -> str:
    if "$" not in template:
        return template

    def value_of(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        name = found["name"] or found["braced"]
        return match if name.isascii() and name.isdigit() and int(name[:9]) == 0 and len(name) < 9 else ""

    return _TEMPLATE.sub(value_of, template)
