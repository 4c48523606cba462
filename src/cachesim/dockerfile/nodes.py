"""The engine's first pass: of which words does one joined line consist?

Nothing is checked here but what the engine cannot cut into words.
Source: BuildKit v0.25.2, frontend/dockerfile/parser/line_parsers.go.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from cachesim.dockerfile.words import NotStrings, key_values, split_command, split_words, string_array, words_of

__all__ = ["KEYWORDS", "Node", "Refusal", "read_node"]

_BLANKS = re.compile("[\t\n\v\f\r ]+")
_CHAIN = re.compile(r"(?:onbuild[\t\v\f\r ]+){4}", re.IGNORECASE | re.ASCII)


class Refusal(Exception):
    """The engine refuses this instruction, in its words.

    `early`: already in the first pass; `word`: the part of the line that it is about, where there is one.
    """

    def __init__(self, message: str, code: str, word: str = "", *, early: bool = False) -> None:
        self.code, self.word, self.early = code, word, early
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Node:
    """One instruction cut into words."""

    keyword: str                    # upper case if the engine knows it, "" if not
    written: str
    flags: tuple[str, ...]
    rest: str                       # the text after keyword and flags, trimmed
    args: tuple[str, ...] = ()
    json: bool = False              # args come from a JSON array
    pairs: tuple[tuple[str, str], ...] = ()     # ENV and LABEL only
    legacy: bool = False


@functools.lru_cache(maxsize=4096)      # while somebody types, all lines but one stay the same
def read_node(line: str, escape: str) -> Node:
    """Cut a joined line into words.

    Raises:
        Refusal: An early one.
    """
    written, flags, rest = split_command(line, escape)
    keyword = written.lower()
    reader = _READERS.get(keyword)
    if reader is None:
        return Node("", written, tuple(flags), rest)
    if not rest:
        return Node(keyword.upper(), written, tuple(flags), rest)
    return Node(keyword.upper(), written, tuple(flags), rest, *reader(keyword, rest, escape))


_Words = tuple[tuple[str, ...], bool, tuple[tuple[str, str], ...], bool]


def _read_command(_: str, rest: str, __: str) -> _Words:
    strings = _strings(rest)
    return ((rest,), False, (), False) if strings is None else (tuple(strings), True, (), False)


def _read_list(_: str, rest: str, __: str) -> _Words:
    strings = _strings(rest)
    return (tuple(words_of(rest)), False, (), False) if strings is None else (tuple(strings), True, (), False)


def _read_words(_: str, rest: str, __: str) -> _Words:
    return tuple(words_of(rest)), False, (), False


def _read_text(_: str, rest: str, __: str) -> _Words:
    return (rest,), False, (), False


def _read_names(_: str, rest: str, escape: str) -> _Words:
    return tuple(split_words(rest, escape)), False, (), False


def _read_pairs(keyword: str, rest: str, escape: str) -> _Words:
    try:
        pairs, legacy = key_values(keyword.upper(), rest, escape)
    except ValueError as error:
        raise Refusal(str(error), "bad-key-value", early=True) from None
    return (), False, tuple(pairs), legacy


def _read_health(_: str, rest: str, __: str) -> _Words:
    kind, *tail = _BLANKS.split(rest, maxsplit=1)
    strings = _strings(tail[0]) if tail else None
    return ((kind, *tail), False, (), False) if strings is None else ((kind, *strings), True, (), False)


def _read_child(_: str, rest: str, escape: str) -> _Words:
    if _CHAIN.match(rest):      # refused anyway; the engine would follow the chain to its end first
        return ("ONBUILD",), False, (), False
    child = read_node(rest, escape)
    return (child.written, *child.args), False, (), False


def _strings(text: str) -> list[str] | None:
    try:
        return string_array(text)
    except NotStrings as error:
        raise Refusal(str(error), "json-not-strings", early=True) from None


_READERS: dict[str, Callable[[str, str, str], _Words]] = {
    "add": _read_list, "arg": _read_names, "cmd": _read_command, "copy": _read_list, "entrypoint": _read_command,
    "env": _read_pairs, "expose": _read_words, "from": _read_words, "healthcheck": _read_health, "label": _read_pairs,
    "maintainer": _read_text, "onbuild": _read_child, "run": _read_command, "shell": _read_command,
    "stopsignal": _read_text, "user": _read_text, "volume": _read_list, "workdir": _read_text,
}

KEYWORDS = tuple(keyword.upper() for keyword in _READERS)
"""All instructions, in alphabetical order."""
