"""Which files does the client send, and what does the engine's copy of the context then hold?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace

from cachesim.context.checksum import go_path_match, has_wildcards
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import FileEntry, FileKind, lookup, with_children

__all__ = ["StaleCopy", "on_disk", "transferred", "updated_copy"]


def transferred(tree: FileEntry, ignore: IgnoreMatcher, follow: Iterable[str] | None) -> FileEntry:
    """The part of a context that is sent: what is not ignored and, unless `follow` is None, lies under these paths.

    Args:
        follow: Source paths of all steps that read this context, wildcards allowed; links on the way are followed and
            sent. None: everything.
    Source: tonistiigi/fsutil followlinks.go and filter.go; BuildKit client/llb FollowPaths.
    """
    if follow is None:
        return ignore.filtered(tree)
    wanted = _followed(tree, follow)
    tree = ignore.filtered(tree)
    return tree if "" in wanted else _picked(tree, wanted)


def _picked(node: FileEntry, wanted: set[str]) -> FileEntry:
    """What some patterns take, parts with wildcards matched one by one; a folder that only leads there stays with it."""
    below: dict[str, set[str]] = {}
    for path in wanted:
        head, _, rest = path.partition("/")
        if "**" in head:
            return node         # whatever else it says: nobody asks for what no selection takes
        for name in [n for n in node.children if go_path_match(head, n)] if has_wildcards(head) else (head, _unescaped(head)):
            below.setdefault(name, set()).add(rest)
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
    """The paths, and where links on their way lead; "" is everything.

    Wildcards are kept. Only links that a wildcard matches in a literally named folder are followed.
    Source: tonistiigi/fsutil followlinks.go.
    """
    found: set[str] = set()
    todo = [_relative(p) for p in follow]
    while todo:
        node: FileEntry | None = tree
        done: list[str] = []
        parts = todo.pop().split("/")
        for i, part in enumerate(parts):
            links, node = _links(node, part)
            here = "/".join((*done, part))
            last = i + 1 == len(parts)
            if (last or links) and here in found:
                break
            if links or last:
                found.add(here)
                todo += [_relative(posixpath.join("/", *done, link, *parts[i + 1:])) for link in links]
                break
            done.append(part)
    return found


def _links(node: FileEntry | None, part: str) -> tuple[list[str], FileEntry | None]:
    """Targets of the links that a part of a path matches, and the folder it names literally."""
    if node is None:
        return [], None
    if not has_wildcards(part):
        child = node.children.get(part)
        return ([child.link], None) if child is not None and child.kind is FileKind.SYMLINK else ([], child)
    return [c.link for n, c in node.children.items() if c.kind is FileKind.SYMLINK and go_path_match(part, n)], None


def _unescaped(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part)


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
    Source: tonistiigi/fsutil diff_containerd.go (sameFile).
    """
    if old is None:
        return new, StaleCopy()
    stale: list[str] = []
    return _updated(old, new, "", stale), StaleCopy(stale)


def on_disk(copy: FileEntry, new: FileEntry) -> FileEntry:
    """The same copy as steps that run find it: its directories do have their new modes, only no checksum notices.

    Args:
        copy: As `updated_copy` gave it for `new`.
    Source: tonistiigi/fsutil diskwriter.go (HandleChange: a directory's metadata is rewritten, nobody is told).
    """
    if copy is new or not copy.is_dir:
        return copy
    changed: dict[str, FileEntry] = {}
    for name, child in copy.children.items():
        if child.kind is FileKind.DIR:
            after = on_disk(child, new.children[name])
            if after is not child:
                changed[name] = after
    if not changed and copy.mode == new.mode:
        return copy
    return replace(copy, mode=new.mode, children={**copy.children, **changed}, memo={})


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


