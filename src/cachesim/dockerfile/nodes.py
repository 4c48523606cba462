"""The engine's first pass: of which words does one joined line consist?

Nothing is checked here but what the engine cannot cut into words.
Source: BuildKit v0.25.2, frontend/dockerfile/parser/line_parsers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.lines import Body
from cachesim.dockerfile.words import NotStrings, key_values, split_command, split_words, string_array, words_of

__all__ = ["KEYWORDS", "Node", "Refusal", "read_node"]


class Refusal(Exception):
    """The engine refuses this instruction, in its words.

    `early`: already in the first pass. `word`: the part of the line that it is about, where there is one.
    """

    def __init__(self, message: str, code: str, word: str = "", *, early: bool = False) -> None:
        self.code, self.word, self.early = code, word, early
        super().__init__(message)


@dataclass(slots=True)
class Node:
    """One instruction cut into words; `span` to `bodies` are filled in by the parser."""

    keyword: str                    # upper case if the engine knows it, "" if not
    written: str
    flags: list[str]
    rest: str                       # the text after keyword and flags, trimmed
    args: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)     # ENV and LABEL only
    legacy: bool = False
    json: bool = False              # args come from a JSON array
    child: Node | None = None       # of ONBUILD
    span: SourceSpan = SourceSpan(1, 0, 1, 0)
    text: str = ""
    bodies: tuple[Body, ...] = ()


def read_node(line: str, escape: str) -> Node:
    """Cut a joined line into words.

    Raises:
        Refusal: An early one.
    """
    written, flags, rest = split_command(line, escape)
    keyword = written.lower()
    reader = _READERS.get(keyword)
    if reader is None:
        return Node("", written, flags, rest)
    node = Node(keyword.upper(), written, flags, rest)
    if rest:
        reader(node, escape)
    return node


def _read_command(node: Node, _: str) -> None:
    strings = _strings(node.rest)
    node.json = strings is not None
    node.args = [node.rest] if strings is None else strings


def _read_list(node: Node, _: str) -> None:
    strings = _strings(node.rest)
    node.json = strings is not None
    node.args = words_of(node.rest) if strings is None else strings


def _read_words(node: Node, _: str) -> None:
    node.args = words_of(node.rest)


def _read_text(node: Node, _: str) -> None:
    node.args = [node.rest]


def _read_pairs(node: Node, escape: str) -> None:
    try:
        node.pairs, node.legacy = key_values(node.keyword, node.rest, escape)
    except ValueError as error:
        raise Refusal(str(error), "bad-key-value", early=True) from None


def _read_names(node: Node, escape: str) -> None:
    node.args = split_words(node.rest, escape)


def _read_health(node: Node, _: str) -> None:
    kind, *tail = node.rest.split(None, 1)
    node.args = [kind]
    if tail:
        strings = _strings(tail[0])
        node.json = strings is not None
        node.args += [tail[0]] if strings is None else strings


def _read_child(node: Node, escape: str) -> None:
    node.child = read_node(node.rest, escape)
    node.args = [node.child.written, *node.child.args]


def _strings(text: str) -> list[str] | None:
    try:
        return string_array(text)
    except NotStrings as error:
        raise Refusal(str(error), "json-not-strings", early=True) from None


_READERS: dict[str, Callable[[Node, str], None]] = {
    "add": _read_list, "arg": _read_names, "cmd": _read_command, "copy": _read_list, "entrypoint": _read_command,
    "env": _read_pairs, "expose": _read_words, "from": _read_words, "healthcheck": _read_health, "label": _read_pairs,
    "maintainer": _read_text, "onbuild": _read_child, "run": _read_command, "shell": _read_command,
    "stopsignal": _read_text, "user": _read_text, "volume": _read_list, "workdir": _read_text,
}

KEYWORDS = tuple(keyword.upper() for keyword in _READERS)
"""All instructions, in alphabetical order."""
