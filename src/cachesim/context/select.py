"""Which files does the client send, and what does the engine's copy of the context then hold?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace

from cachesim.context.checksum import go_path_match, has_wildcards
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import FileEntry, FileKind, lookup, with_children

__all__ = ["StaleCopy", "transferred", "updated_copy"]


def transferred(tree: FileEntry, ignore: IgnoreMatcher, follow: Iterable[str] | None) -> FileEntry:
    """The part of a context that is sent: what is not ignored and, unless `follow` is None, lies under these paths.

    Args:
        follow: Source paths of all steps that read this context, wildcards allowed; links on the way are followed and
            sent. None: everything.
    Source: tonistiigi/fsutil followlinks.go and filter.go; BuildKit client/llb FollowPaths.
    """
    tree = ignore.filtered(tree)
    if follow is None:
        return tree
    wanted = _followed(tree, follow)
    if "" in wanted:
        return tree
    return _picked(tree, wanted)


def _picked(node: FileEntry, wanted: set[str]) -> FileEntry:
    below: dict[str, set[str]] = {}
    for path in wanted:
        head, _, rest = path.partition("/")
        below.setdefault(head, set()).add(rest)
    children: dict[str, FileEntry] = {}
    for name, rests in below.items():
        child = node.children.get(name)
        if child is None:
            continue
        if "" in rests:
            children[name] = child
        elif child.is_dir:
            picked = _picked(child, rests)
            if picked.children:
                children[name] = picked
    return with_children(node, children)


def _followed(tree: FileEntry, follow: Iterable[str]) -> set[str]:
    found: set[str] = set()
    todo = [_relative(p) for p in follow]
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for match in _expanded(tree, path):
            node, done = tree, ""
            parts = match.split("/") if match else []
            for i, part in enumerate(parts):
                child = node.children.get(part)
                if child is None:
                    break
                here = f"{done}/{part}" if done else part
                if child.kind is FileKind.SYMLINK:
                    found.add(here)
                    target = posixpath.normpath(posixpath.join("/", done, child.link, *parts[i + 1:]))
                    todo.append(_relative(target))
                    break
                node, done = child, here
            else:
                found.add(match)
    return found


def _expanded(tree: FileEntry, path: str) -> list[str]:
    """Paths that a pattern matches; a literal one is given as it is."""
    if not has_wildcards(path):
        return [path]
    level = [("", tree)]
    parts = path.split("/")
    for i, part in enumerate(parts):
        after: list[tuple[str, FileEntry]] = []
        for prefix, node in level:
            names = [part] if not has_wildcards(part) else list(node.children)
            for name in names:
                child = node.children.get(name)
                if child is None or (has_wildcards(part) and not go_path_match(part, name)):
                    continue
                here = f"{prefix}/{name}" if prefix else name
                if child.kind is FileKind.SYMLINK and i + 1 < len(parts):
                    target = posixpath.normpath(posixpath.join("/", prefix, child.link, *parts[i + 1:]))
                    return [*(p for p, _ in after), here, *_expanded(tree, _relative(target))]
                after.append((here, child))
        level = after
    return [p for p, _ in level]


def _relative(path: str) -> str:
    cleaned = posixpath.normpath("/" + path).lstrip("/")
    return "" if cleaned == "." else cleaned


class StaleCopy(tuple[str, ...]):
    """Paths whose bytes changed while size, time and mode did not: the engine keeps its old copy of them."""


def updated_copy(old: FileEntry | None, new: FileEntry) -> tuple[FileEntry, StaleCopy]:
    """What the engine's copy of a context holds after another transfer into it.

    A file is only sent when its size, modification time, mode or link changed. The mode of a directory that is there already
    is not noticed, nor are extended attributes of a file that is not sent.

    Returns:
        The new copy (shares everything it can with `old`), and the paths that are stale now.
    Source: buildkit.md 5.2; tonistiigi/fsutil diff_containerd.go sameFile.
    """
    if old is None:
        return new, StaleCopy()
    stale: list[str] = []
    return _updated(old, new, "", stale), StaleCopy(stale)


def _updated(old: FileEntry, new: FileEntry, path: str, stale: list[str]) -> FileEntry:
    if old is new:
        return new
    if old.kind is not new.kind:
        return new
    if not new.is_dir:
        same = (old.size == new.size and old.mtime_ns == new.mtime_ns and old.mode == new.mode and old.link == new.link)
        if not same:
            return new
        if old.digest != new.digest:
            stale.append(path)
        return old
    children: dict[str, FileEntry] = {}
    prefix = path + "/" if path else ""
    same_children = len(old.children) == len(new.children)
    for name, child in new.children.items():
        before = old.children.get(name)
        children[name] = after = child if before is None else _updated(before, child, prefix + name, stale)
        same_children = same_children and after is before
    if same_children:
        return old
    if all(children[n] is c for n, c in new.children.items()) and old.mode == new.mode and old.xattrs == new.xattrs:
        return new
    return replace(new, mode=old.mode, xattrs=old.xattrs, children=children, memo={})


def top(tree: FileEntry, path: str) -> FileEntry | None:
    """The entry of a folder below the context, for a named context; None if it is no folder."""
    entry = lookup(tree, path) if path else tree
    return entry if entry is not None and entry.is_dir else None


