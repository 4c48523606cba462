"""What is one change of a Dockerfile, before anybody knows what it saves?"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Change", "quoted"]


@dataclass(frozen=True, slots=True)
class Change:
    """A rewritten Dockerfile; `check` is "" where the image stays the same for sure.

    `leaves` are bytes of the context that the image does not hold any more.
    """

    rule: str
    title: str
    why: str
    check: str
    text: str
    files: tuple[tuple[str, str], ...] = ()
    leaves: int = 0


def quoted(text: str, most: int = 48) -> str:
    """An instruction or command in a sentence."""
    line = " ".join(text.replace("\\\n", " ").split())
    return f"`{line if len(line) <= most else line[:most - 1] + '…'}`"
