"""What is in the image of a step, worked out only when a COPY --from looks into it?"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from cachesim.engines.buildkit.filesystem import FileSystem

__all__ = ["Files", "destination"]


class Files:
    """A file system as a change to the one below; long chains are worked out without recursion."""

    __slots__ = ("_below", "_change", "_value")

    def __init__(self, value: FileSystem | None = None, below: Files | None = None,
                 change: Callable[[FileSystem], FileSystem] | None = None) -> None:
        self._value, self._below, self._change = value, below, change

    def then(self, change: Callable[[FileSystem], FileSystem]) -> Files:
        """The file system after one more step."""
        return Files(None, self, change)

    def value(self) -> FileSystem:
        """What is known of it."""
        chain: list[Files] = []
        at: Files = self
        while at._value is None:
            chain.append(at)
            assert at._below is not None
            at = at._below
        value = at._value
        for each in reversed(chain):
            assert each._change is not None
            value = each._value = each._change(value)
            each._below = each._change = None
        return value


def destination(workdir: str, dest: str) -> str:
    """Where a COPY puts things, absolute; a "/" at the end asks for a directory, a "/." does not."""
    wants_dir = dest.endswith("/") or dest in ("", ".")
    clean = "/" + posixpath.normpath(posixpath.join("/", workdir, dest)).lstrip("/")
    return clean if clean == "/" or not wants_dir else clean + "/"
