"""Which paths differ between two contexts, and how?"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cachesim.context.snapshot import FileEntry, FileKind

__all__ = ["Change", "ContextDiff", "diff", "only_files_differ", "parents_of"]


class Change(enum.Enum):
    """How a path differs; the value is the word on screen."""

    NEW = "new"
    DELETED = "deleted"
    CHANGED = "changed"
    MODE = "mode changed"
    TOUCHED = "touched"


@dataclass(frozen=True, slots=True)
class ContextDiff:
    """Changed paths (a new or deleted folder stands for all below it), and how many lie below each folder."""

    paths: Mapping[str, Change]
    below: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.paths)

    def of(self, path: str) -> Change | None:
        """How that path differs; inside a new or deleted folder everything is new or deleted."""
        found = self.paths.get(path)
        while found is None and path:
            path = path.rpartition("/")[0]
            above = self.paths.get(path)
            if above in (Change.NEW, Change.DELETED):
                return above
        return found


def diff(before: FileEntry, after: FileEntry) -> ContextDiff:
    """Compare two trees; subtrees that are the same object are not entered, so the cost follows the edits."""
    paths: dict[str, Change] = {}
    _diff(before, after, "", paths)
    below: dict[str, int] = {}
    for path in paths:
        for parent in parents_of(path):
            below[parent] = below.get(parent, 0) + 1
    return ContextDiff(paths, below)


def only_files_differ(before: FileEntry, after: FileEntry, changed: Iterable[str]) -> bool:
    """Whether these paths are plain files on both sides: then what is said of all others is as true as before."""
    return all(_is_file(before, path) and _is_file(after, path) for path in changed)


def _is_file(tree: FileEntry, path: str) -> bool:
    node: FileEntry | None = tree
    for name in path.split("/"):
        node = node.children.get(name) if node is not None else None
    return node is not None and node.kind is FileKind.FILE


def parents_of(path: str) -> Iterable[str]:
    """The folders above a path, nearest first, the root ("") last."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _diff(before: FileEntry, after: FileEntry, prefix: str, found: dict[str, Change]) -> None:
    old, new = before.children, after.children
    if old is new:
        return
    for name, entry in new.items():
        was = old.get(name)
        if was is entry:
            continue
        path = prefix + name
        if was is None:
            found[path] = Change.NEW
            continue
        change = _change(was, entry)
        if change is not None:
            found[path] = change
        if was.is_dir and entry.is_dir:
            _diff(was, entry, path + "/", found)
    for name in old:
        if name not in new:
            found[prefix + name] = Change.DELETED


def _change(was: FileEntry, now: FileEntry) -> Change | None:
    if was.kind is not now.kind or was.digest != now.digest or was.link != now.link or was.size != now.size:
        return Change.CHANGED
    if was.mode != now.mode or was.xattrs != now.xattrs:
        return Change.MODE
    return Change.TOUCHED if was.mtime_ns != now.mtime_ns and not now.is_dir else None
