"""May two instructions change places without changing the image, and if not, why not?

Two instructions are free of each other if neither writes what the other reads or writes. A move over several is the
combination: it is as free as the least free of them. Layers and history are another matter: they always differ.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cachesim.advise.access import Access, AccessKind, Effects, Meeting, meeting
from cachesim.advise.effects import Analysis
from cachesim.dockerfile.instructions import Instruction

__all__ = ["FREE", "MoveKind", "MoveVerdict", "judge_pair"]


class MoveKind(enum.Enum):
    """What an exchange does; the value is how it is said."""

    FREE = "does not change the image"
    MAY_CHANGE = "may change the image"
    REFUSED = "would change the image"


@dataclass(frozen=True, slots=True)
class MoveVerdict:
    """Whether a move is harmless.

    Attributes:
        reason: A sentence: what stands against it. "" or a remark where it is FREE.
        check: What a person has to look at, for MAY_CHANGE.
    """

    kind: MoveKind
    reason: str = ""
    check: str = ""


FREE = MoveVerdict(MoveKind.FREE)
_SEEN = frozenset({AccessKind.PATH, AccessKind.VARIABLE, AccessKind.USER, AccessKind.SHELL, AccessKind.WORKDIR})


def judge_pair(analysis: Analysis, first: int, second: int) -> MoveVerdict:
    """The verdict on two instructions, the first one above the second."""
    one, other = analysis.parsed.instructions[first], analysis.parsed.instructions[second]
    if "FROM" in (one.keyword, other.keyword):
        return MoveVerdict(MoveKind.REFUSED, "FROM begins its stage and cannot be moved.")
    a, b = analysis.effects[first], analysis.effects[second]
    for here, there, instruction in ((a, b, one), (b, a, other)):
        if here.barrier and _is_seen(there):
            return MoveVerdict(MoveKind.REFUSED, f"Line {instruction.span.line} {here.barrier}: nothing is known of "
                                                 "what it reads and writes, so nothing may cross it.")
    worst: tuple[Meeting, str] | None = None
    for how, found in _meetings(a, b, analysis.links):
        if worst is None or _weight(found) > _weight(worst[0]):
            worst = found, how
        if found.certain:
            break
    if worst is None:
        if one.keyword == other.keyword == "ENV":
            return MoveVerdict(MoveKind.FREE, "The image's environment holds the same variables, in another order.")
        return FREE
    found, how = worst
    reason = _reason(found, how, one, other)
    if found.certain:
        return MoveVerdict(MoveKind.REFUSED, reason)
    doubtful, other_one = (found.first, found.second) if found.second.certain else (found.second, found.first)
    check = doubtful.check or other_one.check or f"whether line {other.span.line} needs what line {one.span.line} does"
    return MoveVerdict(MoveKind.MAY_CHANGE, reason, check)


def _weight(found: Meeting) -> tuple[bool, bool, int]:
    """The meeting that says most: a sure one, one about more than a folder that is made on the way, a long path."""
    return found.certain, not (found.first.makes or found.second.makes), found.place.count("/")


def _is_seen(effects: Effects) -> bool:
    """Whether a command could tell the difference, or could change what the instruction finds."""
    return bool(effects.barrier) or any(w.kind in _SEEN for w in effects.writes) or any(
        r.kind is AccessKind.PATH for r in effects.reads)


def _meetings(a: Effects, b: Effects, links: Mapping[str, str]) -> Iterator[tuple[str, Meeting]]:
    """Where two instructions meet: "write-read", "read-write" and "write-write", the upper one first."""
    for how, left, right in (("write-read", a.writes, b.reads), ("read-write", a.reads, b.writes),
                             ("write-write", a.writes, b.writes)):
        for first in left:
            if how == "write-read" and (first.kind, first.name) in a.unchanged:
                continue
            for second in right:
                if first.kind is not second.kind or (how == "read-write" and (second.kind, second.name) in b.unchanged):
                    continue
                found = meeting(first, second, a.known, links, first_writes=how != "read-write",
                                second_writes=how != "write-read")
                if found is not None:
                    yield how, found


# -- in words --

_BRINGS = {"COPY": "brings", "ADD": "brings", "WORKDIR": "makes", "VOLUME": "declares"}
_SETS = {AccessKind.USER: "runs as the user", AccessKind.WORKDIR: "works in the folder", AccessKind.SHELL: "uses the shell"}


def _reason(found: Meeting, how: str, one: Instruction, other: Instruction) -> str:
    if how == "write-write":
        return _both(found, one, other)
    writer, reader = (one, other) if how == "write-read" else (other, one)
    write, read = (found.first, found.second) if how == "write-read" else (found.second, found.first)
    may = "" if found.certain else "may "
    if read.kind is AccessKind.VARIABLE:
        if found.certain:
            return f"The {writer.keyword} of line {writer.span.line} is used on line {reader.span.line} (${write.name})."
        return f"`{_who(read, reader)}` may look at ${write.name}, which line {writer.span.line} sets."
    if read.kind in _SETS:
        return f"Line {reader.span.line} {_SETS[read.kind]} that line {writer.span.line} sets."
    does = _BRINGS.get(writer.keyword, "writes")
    if not found.certain and does == "writes":
        does = "may write"
    what = _place(found, read, reader)
    verb = ("read" if may else "reads") if not what.startswith(("the command", "the folder")) else ("need" if may else "needs")
    by = "" if write.by == "" or not found.certain else f" (`{write.by}`)"
    return f"`{_who(read, reader)}` {may}{verb} {what}, which line {writer.span.line} {does}{by}."


def _both(found: Meeting, one: Instruction, other: Instruction) -> str:
    lines = f"Lines {one.span.line} and {other.span.line}"
    if found.first.kind is AccessKind.CONFIG:
        name = found.first.name
        if name == "ONBUILD":
            return f"{lines}: ONBUILD instructions run in the order in which they stand."
        return f"{lines} both set {name}: the later one counts."
    if found.first.kind is AccessKind.VARIABLE:
        return f"{lines} both set ${found.place}: the later one counts."
    if found.first.kind in _SETS:
        return f"{lines} both set the {found.first.kind.value}: the later one counts."
    may = "" if found.certain else "may "
    if found.first.makes or found.second.makes:
        return f"{lines} {may}both make or change the folder {_quoted(found.place)}: the first one decides its mode and owner."
    return f"{lines} {may}both write {_quoted(found.place)}: the later one counts."


def _who(access: Access, instruction: Instruction) -> str:
    return access.by or instruction.keyword


def _place(found: Meeting, read: Access, reader: Instruction) -> str:
    if read.shown.startswith("the "):
        return read.shown
    if found.place == read.name and read.shown:
        return _quoted(read.shown)
    return _quoted(found.place)


def _quoted(name: str) -> str:
    return f"`{name}`"
