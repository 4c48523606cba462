"""What is in a stage's file system, as far as anybody can know before the build?

A file system is a base, known by its identity, with known entries written over it (COPY, ADD, WORKDIR, inline documents)
and executions of RUN in between, each of which may have changed any path. Nothing here is ever changed; writing gives a new value
that shares what it can.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, directory, lookup, with_children
from cachesim.digest import Digest, digest_of

__all__ = ["SCRATCH", "USUAL_DIRS", "Execution", "FileSystem", "Layer", "Placement", "base_filesystem", "mode_of", "owner_of"]

USUAL_DIRS = frozenset({"", "bin", "sbin", "etc", "tmp", "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/local", "usr/local/bin",
                         "var", "var/lib", "var/log", "home", "root", "opt", "srv", "lib", "dev", "proc", "sys", "mnt", "run",
                         "usr/share", "usr/local/lib", "usr/local/share", "var/cache", "var/tmp", "media"})
_MAX_LINKS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """One time that a RUN really ran. Two executions are never equal, even of the same command.

    Attributes:
        id: Unique in a store ("3:17": build and vertex).
        argv: What ran.
        env: Its environment.
        cwd: Absolute.
        before: The file system it started from.
        mounts: Target (absolute) and what was mounted there; None for a cache, tmpfs or secret.
    """

    id: str
    argv: tuple[str, ...]
    shell: bool
    env: Mapping[str, str]
    cwd: str
    before: FileSystem
    mounts: tuple[tuple[str, FileSystem | FileEntry | None], ...]

    @property
    def command(self) -> str:
        """What a shell runs, also where an exec form spells the shell out; else the words."""
        if self.shell or (len(self.argv) == 3 and self.argv[1] == "-c" and self.argv[0].endswith("sh")):
            return self.argv[-1]
        return " ".join(self.argv)


class Layer(NamedTuple):
    """Known entries since the last execution; `run` is that execution (None: the base lies below)."""

    tree: FileEntry
    run: Execution | None


class FileSystem:
    """Layers from the top down; `base` identifies what is below all of them ("": nothing at all). Never changed."""

    __slots__ = ("_linked", "base", "layers")

    def __init__(self, base: str, layers: tuple[Layer, ...], linked: bool | None = None) -> None:
        self.base, self.layers = base, layers
        self._linked = linked       # whether there is a symbolic link anywhere; None: nobody asked yet

    @property
    def exact(self) -> bool:
        """Whether every entry is known: no base and no execution."""
        return not self.base and len(self.layers) == 1

    def after(self, run: Execution) -> FileSystem:
        """The file system that an execution left."""
        return FileSystem(self.base, (Layer(EMPTY_DIR, run), *self.layers), self._linked)

    def _with_top(self, tree: FileEntry, added: FileEntry | None = None) -> FileSystem:
        """The same with another topmost tree; `added` is what may have brought links into it (None: nothing)."""
        linked = self._linked
        if not linked and added is not None and (added.kind is FileKind.SYMLINK or (added.children and _has_links(added))):
            linked = True
        return FileSystem(self.base, (Layer(tree, self.layers[0].run), *self.layers[1:]), linked)

    def known(self, path: str) -> FileEntry | None:
        """The topmost known entry at a path, links not followed."""
        parts = path.split("/") if path else ()
        for node, _ in self.layers:
            for part in parts:
                child = node.children.get(part)
                if child is None:
                    break
                node = child
            else:
                return node
        return None

    def resolved(self, path: str) -> str:
        """The path with every known link on the way followed."""
        if self._linked is None:
            self._linked = any(layer.tree.children and _has_links(layer.tree) for layer in self.layers)
        if not self._linked:
            return path
        for _ in range(_MAX_LINKS):
            done: list[str] = []
            parts = path.split("/") if path else []
            for i, part in enumerate(parts):
                entry = self.known("/".join([*done, part]))
                if entry is not None and entry.kind is FileKind.SYMLINK:
                    target = posixpath.join("/", *done, entry.link, *parts[i + 1:])
                    path = posixpath.normpath(target).lstrip("/")
                    break
                done.append(part)
            else:
                return path
        return path

    def is_dir(self, path: str) -> bool:
        """Whether a path is a directory for all that is known; the usual folders of a distribution count as there."""
        entry = self.known(self.resolved(path))
        if entry is not None:
            return entry.is_dir
        return not path or (bool(self.base) and path in USUAL_DIRS)

    def with_dir(self, path: str, owner: tuple[int, int]) -> FileSystem:
        """Make a directory and its parents, unless they are known to exist (WORKDIR)."""
        path = self.resolved(path)
        node: FileEntry | None = self.layers[0].tree
        parts = path.split("/") if path else []
        there = 0
        for part in parts:
            assert node is not None
            node = node.children.get(part)
            if node is None:
                break
            there += 1
        if there == len(parts):
            return self
        made: FileEntry | None = None
        for count in range(len(parts), there, -1):
            known = self.known("/".join(parts[:count]))
            made = directory({parts[count]: made} if made is not None else {}, known.mode if known and known.is_dir else 0o755,
                             uid=known.uid if known else owner[0], gid=known.gid if known else owner[1])
        assert made is not None
        return self._with_top(_put(self.layers[0].tree, parts[:there + 1], made))

    def with_placed(self, placement: Placement) -> FileSystem:
        """Copy one source entry to its destination. Source: tonistiigi/fsutil copy/copy.go prepareTargetDir."""
        wants_dir = placement.dest.endswith(("/", "/.")) or placement.dest in ("", ".")
        target = self.resolved(posixpath.normpath("/" + placement.dest.lstrip("/")).lstrip("/"))
        entry = placement.owned()
        if not (entry.is_dir and placement.contents_only) and (wants_dir or self.is_dir(target)):
            target = posixpath.join(target, placement.name)
        fs = self.with_dir(posixpath.dirname(target), placement.owner or (0, 0))
        tree = fs.layers[0].tree
        old = lookup(tree, target) if target else tree
        if entry.is_dir and (old is not None or fs.is_dir(target)):
            old_dir = old if old is not None and old.is_dir else directory()
            merged = _merged(old_dir, entry)
        else:
            merged = entry
        return fs._with_top(merged if not target else _put(tree, target.split("/"), merged), entry)

    def with_unpacked(self, path: str, token: Digest) -> FileSystem:
        """Unpack an archive whose contents are not looked into: the same archive gives the same entries."""
        marker = FileEntry(FileKind.OTHER, 0, 0, token, 0, "archive", 0, 0, (), 0, "", {}, {})
        target = self.resolved(path.strip("/"))
        return self.with_dir(target, (0, 0))._with_entry(posixpath.join(target, f"\0archive {token.short}"), marker)

    def _with_entry(self, path: str, entry: FileEntry) -> FileSystem:
        return self._with_top(_put(self.layers[0].tree, path.split("/"), entry), entry)

    def merged_over(self, below: FileSystem) -> FileSystem:
        """This file system's known entries laid over another (the merge of COPY --link)."""
        top = below.layers[0]
        return below._with_top(_merged(top.tree, self.layers[0].tree, replace_headers=True), self.layers[0].tree)


class Placement(NamedTuple):
    """One source of a COPY or ADD and where it goes.

    Attributes:
        entry: The source, links at the top already followed.
        name: Its base name.
        dest: Absolute destination; a "/" at the end asks for a directory.
        contents_only: A directory gives its contents, not itself.
        owner: --chown, or None for root. Names have negative numbers.
        mode: --chmod: new permission bits, or a text that stands for a symbolic change; None: unchanged.
    """

    entry: FileEntry
    name: str
    dest: str
    contents_only: bool = True
    owner: tuple[int, int] | None = None
    mode: int | None = None

    def owned(self) -> FileEntry:
        """The source with the new owner and mode, everything below included."""
        return _owned(self.entry, self.owner or (0, 0), self.mode)


def _has_links(tree: FileEntry) -> bool:
    """Whether a directory holds a symbolic link anywhere below; remembered per directory."""
    known = tree.memo.get("links")
    if known is None:
        known = tree.memo["links"] = any(c.kind is FileKind.SYMLINK or (bool(c.children) and _has_links(c))
                                         for c in tree.children.values())
    return known


def _owned(entry: FileEntry, owner: tuple[int, int], mode: int | None) -> FileEntry:
    if mode is None and owner == (0, 0) and _is_roots(entry):
        return entry
    return _rewritten(entry, owner, mode)


def _is_roots(entry: FileEntry) -> bool:
    """Whether root owns an entry and everything below; remembered per directory."""
    if entry.uid or entry.gid:
        return False
    if not entry.children:
        return True
    known = entry.memo.get("root's")
    if known is None:
        known = entry.memo["root's"] = all(_is_roots(c) for c in entry.children.values())
    return known


def _rewritten(entry: FileEntry, owner: tuple[int, int], mode: int | None) -> FileEntry:
    keep = entry.kind is FileKind.SYMLINK or mode is None
    return replace(entry, uid=owner[0], gid=owner[1], mode=entry.mode if keep or mode is None else mode, memo={},
                   children={n: _rewritten(c, owner, mode) for n, c in entry.children.items()})


def _merged(below: FileEntry, above: FileEntry, *, replace_headers: bool = False) -> FileEntry:
    """Lay a directory over another; the lower one keeps its own mode and owner unless told otherwise."""
    children = dict(below.children)
    for name, child in above.children.items():
        old = children.get(name)
        children[name] = (_merged(old, child, replace_headers=replace_headers)
                          if old is not None and old.is_dir and child.is_dir else child)
    return with_children(above if replace_headers else below, children)


def _put(node: FileEntry, parts: list[str], entry: FileEntry) -> FileEntry:
    children = dict(node.children)
    if len(parts) == 1:
        children[parts[0]] = entry
    else:
        old = children.get(parts[0])
        children[parts[0]] = _put(old if old is not None and old.is_dir else EMPTY_DIR, parts[1:], entry)
    return with_children(node, children)


def owner_of(text: str) -> tuple[int, int] | None:
    """--chown or USER as numbers; a name gives a negative number of its own. None for no text."""
    if not text:
        return None
    user, _, group = text.partition(":")
    uid = _number(user)
    return uid, _number(group) if group else uid


def _number(name: str) -> int:
    if name in ("root", ""):
        return 0
    return int(name) if name.isdigit() else -1 - int(digest_of("owner", name)[:8], 16)


def mode_of(text: str) -> int | None:
    """--chmod as permission bits; a symbolic one gives a number that only equals itself. None for no text."""
    if not text:
        return None
    try:
        return int(text, 8)
    except ValueError:
        return (1 << 20) + int(digest_of("mode", text)[:8], 16)


SCRATCH = FileSystem("", (Layer(EMPTY_DIR, None),), False)


def base_filesystem(identity: str) -> FileSystem:
    """The file system of an image that nobody looked into."""
    return FileSystem(identity, (Layer(EMPTY_DIR, None),), False)
