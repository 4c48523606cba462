"""What is a cache key made of, so that a difference of two keys is an explanation?"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from cachesim.digest import Digest, digest_of
from cachesim.enums import quick

__all__ = ["CacheKey", "KeyPart", "PartChange", "PartKind", "changed_parts", "part_name"]


@quick
class PartKind(enum.Enum):
    """What sort of ingredient a key part is; the value is the word on screen."""

    PARENT = "step above"
    BASE = "base image"
    COMMAND = "command"
    ENV = "environment"
    ARG = "build argument"
    WORKDIR = "working directory"
    USER = "user"
    SHELL = "shell"
    MOUNT = "mount"
    NETWORK = "network"
    HOSTS = "extra hosts"
    PLATFORM = "platform"
    SOURCE = "source name"
    DESTINATION = "destination"
    OWNER = "owner"
    MODE = "permissions"
    FLAG = "flag"
    FILE = "file"
    CONTENT = "content"
    STAGE_CONTENT = "content of a stage"
    CONFIG = "image configuration"
    TIMESTAMP = "timestamp"


class KeyPart(NamedTuple):
    """One named ingredient. `value` is what a person may compare ("1.0", "0644, 1.2 kB"); `digest` decides equality."""

    kind: PartKind
    label: str              # what the user calls it: "src/app.py", "ARG VERSION"
    value: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The named parts of a step's key, in the order the engine has them."""

    parts: tuple[KeyPart, ...]

    @property
    def digest(self) -> Digest:
        """Identity of the whole key."""
        return digest_of(*(f"{p.kind.value}\0{p.label}\0{p.digest}" for p in self.parts))


class PartChange(NamedTuple):
    """One difference between two keys; old or new is None where the part exists only in the other."""

    kind: PartKind
    label: str
    old: str | None
    new: str | None

    @property
    def what(self) -> str:
        """What differs, for "… changed": the user's own word for it, but no count of sources."""
        return self.kind.value if self.kind is PartKind.SOURCE else self.label or self.kind.value


def part_name(kind: PartKind, label: str) -> str:
    """A key part by its kind and label, each word once: "file src/app.py", but "command" and "the step above"."""
    word = kind.value
    return f"{word} {label}" if label and label.casefold() not in (word, f"the {word}") else label or word


def changed_parts(cached: CacheKey, wanted: CacheKey) -> tuple[PartChange, ...]:
    """What differs between the key of the closest record and the key that was asked for, in key order.

    A step that is found by its definition is not asked for the content of another stage: where only one of the two keys names
    it, that says nothing of a difference.
    """
    if cached.parts == wanted.parts:
        return ()
    if _differ_in_parent(cached.parts, wanted.parts):
        return (PartChange(PartKind.PARENT, wanted.parts[0].label, cached.parts[0].value, wanted.parts[0].value),)
    old = {(p.kind, p.label): p for p in cached.parts}
    new = {(p.kind, p.label): p for p in wanted.parts}
    changes = [PartChange(k, label, old[k, label].value if (k, label) in old else None, part.value)
               for (k, label), part in new.items()
               if (k, label) not in old or old[k, label].digest != part.digest]
    changes += [PartChange(k, label, part.value, None) for (k, label), part in old.items() if (k, label) not in new]
    if any(c.kind is PartKind.STAGE_CONTENT for c in changes):
        changes = _without_unasked(changes)
    elif not changes and cached != wanted:
        moved = [p for p, q in zip(wanted.parts, cached.parts, strict=False) if p != q]
        changes = [PartChange(p.kind, p.label, "in another order", p.value) for p in moved[:1]]
    return tuple(changes)


def _without_unasked(changes: list[PartChange]) -> list[PartChange]:
    """The changes without a stage's content that only one of the keys knows: another source is in both."""
    bytes_ = [c for c in changes if c.kind in (PartKind.CONTENT, PartKind.STAGE_CONTENT)]
    if any(c.new is not None for c in bytes_) and any(c.old is not None for c in bytes_):
        return changes
    return [c for c in changes if c.kind is not PartKind.STAGE_CONTENT]


def _differ_in_parent(old: tuple[KeyPart, ...], new: tuple[KeyPart, ...]) -> bool:
    """Whether only the step above is another one: so it is with most steps below an edit."""
    if not old or not new or old[0].kind is not PartKind.PARENT or old[0].digest == new[0].digest:
        return False
    return old[0][:2] == new[0][:2] and old[1:] == new[1:]
