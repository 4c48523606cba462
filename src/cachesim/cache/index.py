"""Which results does BuildKit's cache know, and under which keys?

The same three tables as the engine's own: links from a parent key through an operation to a record, records with their
newest result, and root keys. Source: BuildKit v0.25 solver/cachestorage.go, solver/cachemanager.go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cachesim.cache.key import CacheKey
from cachesim.context.checksum import Selector
from cachesim.context.snapshot import FileEntry

__all__ = ["KeyIndex", "Links", "Result", "StepKey", "Tables"]

LinkKey = tuple[str, int, str, str]     # parent record, input position, operation digest, selector


class Result(NamedTuple):
    """What a record holds: how to get its file system (a value of the engine), and the number of the build that made it."""

    filesystem: Callable[[], Any]
    build: int


class Links:
    """The tables of one world; a simulation works on a copy of its own."""

    __slots__ = ("by_op", "grounds", "links", "results", "roots", "sure")

    def __init__(self) -> None:
        self.links: dict[LinkKey, frozenset[str]] = {}
        self.results: dict[str, Result] = {}
        self.roots: set[str] = set()
        self.by_op: dict[tuple[int, str], tuple[str, ...]] = {}   # content records that lead to an operation, oldest first
        self.grounds: dict[str, str] = {}     # what is known of contents with unknown parts, by content record
        self.sure: dict[str, FileEntry] = {}    # what contents with unknown parts certainly hold, by content record

    def copy(self) -> Links:
        """An independent copy; the records themselves are shared."""
        other = Links()
        other.links, other.results = self.links.copy(), self.results.copy()
        other.roots, other.by_op, other.grounds = self.roots.copy(), self.by_op.copy(), self.grounds.copy()
        other.sure = self.sure.copy()
        return other

    def find(self, parent: str, position: int, op: str, selector: str) -> frozenset[str]:
        """Records that a parent record leads to."""
        return self.links.get((parent, position, op, selector), frozenset())

    def link(self, parent: str, position: int, op: str, selector: str, records: frozenset[str]) -> None:
        """Let a parent record lead to records."""
        key = (parent, position, op, selector)
        known = self.links.get(key)
        if known is None:
            self.links[key] = records
        elif known is not records and not records <= known:
            self.links[key] = known | records

    def link_content(self, content: str, position: int, op: str, records: frozenset[str]) -> None:
        """Let a content record lead to records."""
        self.link(content, position, op, "", records)
        there = self.by_op.get((position, op), ())
        if content not in there:
            self.by_op[position, op] = (*there, content)


class Tables:
    """The tables of one world after a build, finished when the next build asks for them: many predictions are never built on."""

    __slots__ = ("_finish", "_links", "_lock")

    def __init__(self, finish: Callable[[], Links]) -> None:
        self._finish: Callable[[], Links] | None = finish
        self._links = Links()
        self._lock = threading.Lock()

    def links(self) -> Links:
        """The finished tables; nobody may change them (see `Links.copy`)."""
        with self._lock:
            if self._finish is not None:
                self._links, self._finish = self._finish(), None
        return self._links


class StepKey(NamedTuple):
    """The key that one instruction had in the last build, to explain a miss by."""

    stage: str
    keyword: str
    text: str
    key: CacheKey
    selected: tuple[tuple[str, FileEntry, tuple[Selector, ...]], ...] = ()     # context name, its tree, what is read


@dataclass(frozen=True, slots=True, eq=False)
class KeyIndex:
    """Everything BuildKit remembers.

    Attributes:
        worlds: The tables; one entry while everything is certain, else one for each world (likely, equal, different):
            what a RUN wrote when it ran again decides which of them is the real one.
        copies: The engine's transferred copy of each context folder.
        last: Keys of the last build's steps, and of the stages that it left out those of the last build that made them.
        serial: Number of builds so far.
    """

    worlds: Mapping[str, Tables] = field(default_factory=dict)
    copies: Mapping[str, FileEntry] = field(default_factory=dict)
    last: tuple[StepKey, ...] = ()
    serial: int = 0
