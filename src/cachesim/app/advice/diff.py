"""Which lines does a proposal change?"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["DiffKind", "DiffLine", "diff_lines"]

_AROUND = 3


class DiffKind(enum.Enum):
    """What a line is; the value is the sign before it."""

    FILE = ""
    SAME = " "
    OLD = "-"
    NEW = "+"
    GAP = "…"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff, with its number in the old and the new text (0 where it has none)."""

    kind: DiffKind
    text: str
    old: int = 0
    new: int = 0


def diff_lines(name: str, old: str | None, new: str) -> tuple[DiffLine, ...]:
    """What changes in a file, with some lines around it; `old` None: the file is new."""
    if old == new:
        return ()
    found = [DiffLine(DiffKind.FILE, name if old is not None else f"{name} (new file)")]
    before, after = (old or "").splitlines(), new.splitlines()
    for number, group in enumerate(SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_AROUND)):
        if number:
            found.append(DiffLine(DiffKind.GAP, ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                found += [DiffLine(DiffKind.SAME, before[i], i + 1, j1 + i - i1 + 1) for i in range(i1, i2)]
                continue
            found += [DiffLine(DiffKind.OLD, before[i], i + 1) for i in range(i1, i2)]
            found += [DiffLine(DiffKind.NEW, after[j], 0, j + 1) for j in range(j1, j2)]
    if len(found) == 1:
        found.append(DiffLine(DiffKind.GAP, "only line endings differ"))
    return tuple(found)
