"""Which differences of two images are those of the two projects, and no consequence of the order?

An image that copies its whole context holds the Dockerfile itself, and a new .dockerignore leaves files out of it on
purpose. Both are seen in the contexts, by their bytes.
"""

from __future__ import annotations

from cachesim.confirm.image_diff import Difference, EntryKind, ImageContents, What
from cachesim.context.ignore import matcher_for
from cachesim.context.select import transferred
from cachesim.context.snapshot import ContextSnapshot, FileKind, is_ignore_file, walk
from cachesim.digest import Digest
from cachesim.errors import ContextError
from cachesim.project.state import ProjectState

__all__ = ["ProjectDifference"]

ITSELF = "the image holds the Dockerfile or ignore file itself"
LEFT_OUT = "the ignore file of B leaves it out"
BROUGHT_IN = "the ignore file of A leaves it out"


class ProjectDifference:
    """What tells two projects apart, so that an image may show it."""

    def __init__(self, a: ProjectState, b: ProjectState) -> None:
        self._pairs = {(x, y) for x, y in _own_files(a, b) if x != y}
        left, right = _sent(a), _sent(b)
        self._left_out, self._brought_in = left - right, right - left

    def reason(self, one: Difference, a: ImageContents, b: ImageContents) -> str:
        """Why a difference does not count, "" if it does."""
        if one.what is What.CONTENT:
            pair = (Digest(a.entries[one.name].digest), Digest(b.entries[one.name].digest))
            return ITSELF if pair in self._pairs else ""
        if one.what is What.ONLY_A:
            found = _files_below(one.name, a)
            if found and found <= {x for x, _ in self._pairs}:
                return ITSELF
            return LEFT_OUT if found and found <= self._left_out else ""
        if one.what is What.ONLY_B:
            found = _files_below(one.name, b)
            if found and found <= {y for _, y in self._pairs}:
                return ITSELF
            return BROUGHT_IN if found and found <= self._brought_in else ""
        return ""


def _own_files(a: ProjectState, b: ProjectState) -> set[tuple[Digest, Digest]]:
    """Digests of the Dockerfile and of every ignore file in A and in B; "" where there is none."""
    def digests(context: ContextSnapshot) -> dict[str, Digest]:
        names = {a.options.dockerfile, b.options.dockerfile}
        return {path: entry.digest for path, entry in context.walk()
                if entry.kind is FileKind.FILE and (path in names or is_ignore_file(path))}
    left, right = digests(a.context), digests(b.context)
    return {(left.get(path, Digest("")), right.get(path, Digest(""))) for path in left.keys() | right.keys()}


def _sent(state: ProjectState) -> frozenset[Digest]:
    """Digests of the files that reach the engine; none if the ignore file is refused, for then nothing is built."""
    name, context = state.options.dockerfile, state.context
    text = context.ignore_text(f"{name}.dockerignore")
    text = context.ignore_text(".dockerignore") if text is None else text
    try:
        tree = transferred(context.tree, matcher_for(text, ".dockerignore"), None)
    except ContextError:
        return frozenset()
    return frozenset(entry.digest for _, entry in walk(tree) if entry.kind is FileKind.FILE and entry.digest)


def _files_below(path: str, contents: ImageContents) -> set[Digest]:
    """Digests of the regular files at a path and below; empty if there is anything else but folders."""
    found = set()
    for name, entry in contents.entries.items():
        if name == path or name.startswith(f"{path}/"):
            if entry.kind is EntryKind.FILE:
                found.add(Digest(entry.digest))
            elif entry.kind is not EntryKind.FOLDER:
                return set()
    return found
