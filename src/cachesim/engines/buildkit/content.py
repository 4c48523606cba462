"""What is known of the bytes of a selection, and when may two of them be equal?

Three worlds are kept apart. In DIFFERENT every execution of a RUN writes bytes of its own and every base image has its own. In
EQUAL whatever was executed again may have written what was there before, and all base images hold the same at a path. In LIKELY
the guesses of `guess.py` hold. What all three agree on is certain.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from cachesim.context.checksum import Selector, entry_digest
from cachesim.context.snapshot import FileEntry, FileKind
from cachesim.digest import Digest
from cachesim.engines.buildkit.filesystem import Execution
from cachesim.engines.buildkit.opaque import MORE, is_opaque, is_undecided
from cachesim.enums import quick

__all__ = ["CONTENT", "OPEN", "OWNED", "SAME_UNKNOWN", "Content", "World", "may_be_equal", "owned_grounds", "surely_differ"]

_KNOWN, OWNED, SAME_UNKNOWN, OPEN = "known", "owned", "unknown", "open"     # how `Content.grounds` begin
CONTENT = "content "     # how keys of contents begin
_SYMBOLIC = 1 << 20     # --chmod in letters: the number stands for the text


@quick
class World(enum.Enum):
    """What is taken to be true of bytes that nobody can know."""

    LIKELY = "likely"
    EQUAL = "equal"
    DIFFERENT = "different"


class Content(NamedTuple):
    """The content of a selection.

    Attributes:
        digest: Equal digests, equal bytes (in this world).
        opaque: Whether an execution had a say, so that the worlds may disagree.
        missing: The path that certainly does not exist, or None.
        runs: The executions that had a say.
        grounds: What is known of it, see `may_be_equal`; never empty for an opaque one.
        of_base: Whether files of a base image had a say: another image may hold the same.
        sure: What is certainly in it, in the world where the rest may be anything; None for nothing.
    """

    digest: Digest
    opaque: bool = False
    missing: str | None = None
    runs: tuple[Execution, ...] = ()
    grounds: str = ""
    of_base: bool = False
    sure: FileEntry | None = None

    @property
    def key(self) -> str:
        """The content's key in the cache."""
        return f"{CONTENT}{self.digest}"


def may_be_equal(one: str, other: str) -> bool:
    """Whether two contents of different digests may be equal bytes, by what is known of them (`Content.grounds`).

    Not where both are known. Not where a COPY gave unknown bytes another owner or mode. And not where the unknown parts are
    the same ones, in the same places: then what differs is known, and lies on top.
    """
    mine, theirs = one.split() or [""], other.split() or [""]
    if mine[0] in ("", _KNOWN) and theirs[0] in ("", _KNOWN):
        return False
    if mine[0] == theirs[0] == SAME_UNKNOWN:
        return mine != theirs
    if len(mine) != 3 or len(theirs) != 3:
        return True
    modes = {int(mine[2]), int(theirs[2])}
    return mine[1] == theirs[1] and (len(modes) == 1 or 0 in modes or max(modes) >= _SYMBOLIC)


def surely_differ(one: FileEntry | None, other: FileEntry | None) -> bool:
    """Whether two entries, known in part, hold different files at one path that is known in both."""
    if one is None or other is None or one is other or is_opaque(one) or is_opaque(other):
        return False
    if one.is_dir and other.is_dir:
        few, many = sorted((one.children, other.children), key=len)
        return any(surely_differ(child, many.get(name)) for name, child in few.items() if name != MORE)
    if one.is_dir or other.is_dir:
        return True
    return not (is_undecided(one) or is_undecided(other)) and entry_digest(one) != entry_digest(other)


def owned_grounds(entry: FileEntry | None, selectors: Sequence[Selector]) -> str:
    """Owner and mode of an entry, if it is all that is selected and they are known: those of a file, or those that a COPY
    gave to unknown bytes.
    """
    if entry is None or len(selectors) != 1 or selectors[0].filters:
        return ""
    if is_opaque(entry):
        return f"{OWNED} {entry.uid}:{entry.gid} {entry.mode}" if is_undecided(entry) and min(entry.uid, entry.gid) >= 0 else ""
    return f"{_KNOWN} {entry.uid}:{entry.gid} {entry.mode}" if entry.kind is FileKind.FILE and not is_undecided(entry) else ""
