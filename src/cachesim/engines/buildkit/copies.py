"""What of a COPY's or ADD's key follows from its words, whatever it is built on?

While somebody types, nearly every COPY stays as it was, so the answers are remembered: they depend on nothing but the arguments.
Source: BuildKit v0.25 frontend/dockerfile/dockerfile2llb/convert_copy.go, client/llb/fileop.go.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from cachesim.cache.key import KeyPart, PartKind
from cachesim.context.checksum import Selector
from cachesim.digest import Digest, digest_of
from cachesim.engines.buildkit.filesystem import mode_of, owner_of
from cachesim.engines.buildkit.vertex import CopyAction

__all__ = ["CopyFacts", "CopySource", "CopyWords", "copy_facts", "owner_key"]


class CopyWords(NamedTuple):
    """The words that hold for all sources, expanded; `dest` is absolute."""

    dest: str
    chown: str
    chmod: str
    excludes: tuple[str, ...]


class CopySource(NamedTuple):
    """One source.

    Attributes:
        number: Of the input that it is taken from, among the copy's own; None for an empty file system.
        name: Its base name.
    """

    number: int | None
    selector: Selector
    name: str
    contents_only: bool
    unpack: bool


class CopyFacts(NamedTuple):
    """What a copy does, its key and, for each input of its own, the path selector and what is taken."""

    actions: tuple[CopyAction, ...]
    parts: tuple[KeyPart, ...]
    digest: Digest
    links: tuple[tuple[str, tuple[Selector, ...]], ...]


@functools.lru_cache(maxsize=4096)
def copy_facts(words: CopyWords, sources: tuple[CopySource, ...], *, based: bool) -> CopyFacts:
    """Key a COPY; `based` if its first input is what it writes over."""
    owner, mode = owner_of(words.chown), mode_of(words.chmod)
    actions, parts, wiring = [], [], []
    taken: dict[int, list[Selector]] = {}
    for place, (number, selector, name, contents_only, unpack) in enumerate(sources, 1):
        if number is not None:
            taken.setdefault(number, []).append(selector)
        taken_from = -1 if number is None else number + based
        actions.append(CopyAction(taken_from, selector, words.dest, contents_only, owner, mode, unpack))
        flags = f"{'follow' if selector.follow else ''} {'unpack' if unpack else ''} {'dir' if contents_only else ''}"
        parts.append(KeyPart(PartKind.SOURCE, f"source {place}", name, digest_of(name, flags)))
        wiring.append("nothing" if number is None else str(number))
    parts += _flags(words, mode)
    digest = digest_of("copy", *[f"{p.kind.value} {p.label} {p.digest}" for p in parts], "" if based else "no base", *wiring)
    return CopyFacts(tuple(actions), tuple(parts), digest, tuple([_link(taken[n]) for n in sorted(taken)]))


def _flags(words: CopyWords, mode: int | None) -> list[KeyPart]:
    parts = [KeyPart(PartKind.DESTINATION, "destination", words.dest, digest_of(words.dest))]
    if words.chown:
        parts.append(KeyPart(PartKind.OWNER, "--chown", words.chown, digest_of(owner_key(words.chown))))
    if words.chmod:
        parts.append(KeyPart(PartKind.MODE, "--chmod", words.chmod, digest_of(str(mode))))
    if words.excludes:
        parts.append(KeyPart(PartKind.FLAG, "--exclude", " ".join(words.excludes), digest_of(*words.excludes)))
    return parts


def _link(chosen: Sequence[Selector]) -> tuple[str, tuple[Selector, ...]]:
    return "\0".join(sorted("/" + s.path for s in chosen)), tuple(chosen)


def owner_key(text: str) -> str:
    """What counts of an owner: numbers as numbers, root as 0."""
    return ":".join("0" if p == "root" else str(int(p)) if p.isdigit() else "name " + p for p in text.split(":"))
