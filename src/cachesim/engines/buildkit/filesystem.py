"""What is in a stage's file system, as far as anybody can know before the build?

A file system is a base, known by its identity, with known entries written over it (COPY, ADD, WORKDIR, inline documents)
and executions of RUN in between, each of which may have changed any path. Nothing here is ever changed; writing gives a new value
that shares what it can. What an execution started from is made when somebody looks through it: mostly it hides what is below.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, directory, lookup, symlink, with_children
from cachesim.digest import Digest, digest_of
from cachesim.engines.buildkit.guess import statements, written_paths
from cachesim.engines.buildkit.opaque import (
    MORE,
    UNDECIDED,
    here_or_inside,
    holds_opaque,
    is_opaque,
    laid,
    mixed,
    opaque_entry,
    over,
    seems_folder,
    with_more,
)

__all__ = ["SCRATCH", "USUAL_DIRS", "Execution", "FileSystem", "Mounts", "Placement", "base_filesystem", "command_of",
           "has_links", "mode_of", "owner_of"]

USUAL_DIRS = frozenset({"", "bin", "sbin", "etc", "tmp", "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/local", "usr/local/bin",
                         "var", "var/lib", "var/log", "home", "root", "opt", "srv", "lib", "dev", "proc", "sys", "mnt", "run",
                         "usr/share", "usr/local/lib", "usr/local/share", "var/cache", "var/tmp", "media"})
_MAX_LINKS = 40
Mounts = tuple[tuple[str, "FileSystem | FileEntry | None"], ...]


class Execution:
    """One time that a RUN really ran. Two executions are never equal, even of the same command.

    Attributes:
        id: Unique in a store ("3:17": build and vertex).
        argv: What ran.
        env: Its environment.
        cwd: Absolute.
    """

    __slots__ = ("_before", "_mounted", "_mounts", "argv", "cwd", "env", "id", "shell")

    def __init__(self, id: str, argv: tuple[str, ...], shell: bool, env: Mapping[str, str], cwd: str,
                 before: Callable[[str], FileSystem], mounts: Callable[[], Mounts]) -> None:
        self.id, self.argv, self.shell, self.env, self.cwd = id, argv, shell, env, cwd
        self._before, self._mounts = before, mounts
        self._mounted: Mounts | None = None

    def before(self, path: str = "") -> FileSystem:
        """The file system it started from, or another one that holds the same at a path."""
        return self._before(path)

    @property
    def mounts(self) -> Mounts:
        """Target (absolute) and what was mounted there; None for a cache, tmpfs or secret."""
        if self._mounted is None:
            self._mounted = self._mounts()
        return self._mounted

    @property
    def command(self) -> str:
        """What a shell runs, also where an exec form spells the shell out; else the words."""
        return command_of(self.argv, self.shell)


def command_of(argv: tuple[str, ...], shell: bool) -> str:
    """What a shell runs, also where an exec form spells the shell out; else the words."""
    if shell or (len(argv) == 3 and argv[1] == "-c" and argv[0].endswith("sh")):
        return argv[-1]
    return " ".join(argv)


class FileSystem:
    """Known entries over what an execution left (`run`), or over a base ("": nothing at all). Never changed."""

    __slots__ = ("_base", "_linked", "run", "tree")

    def __init__(self, tree: FileEntry, run: Execution | None = None, base: str = "", linked: bool | None = None) -> None:
        self.tree, self.run, self._base = tree, run, base
        self._linked = linked       # whether there is a symbolic link anywhere; None: nobody asked yet

    @property
    def layers(self) -> Iterator[FileSystem]:
        """This one and what each execution started from, from the top down."""
        at = self
        yield at
        while at.run is not None:
            at = at.run.before()
            yield at

    @property
    def base(self) -> str:
        """What is below all executions."""
        at = self
        while at.run is not None:
            at = at.run.before()
        return at._base

    @property
    def exact(self) -> bool:
        """Whether every entry is known: no base, no execution, nothing that a copy brought from one."""
        return self.run is None and not self._base and not holds_opaque(self.tree)

    @property
    def linked(self) -> bool:
        """Whether a symbolic link is known anywhere."""
        if self._linked is None:
            self._linked = any(layer.tree.children and has_links(layer.tree) for layer in self.layers)
        return self._linked

    def left_alone(self, path: str) -> bool:
        """Whether no RUN can well have written to a path or below it."""
        return all(layer.run is None or _leaves_alone(layer.run, "/" + path) for layer in self.layers)

    def may_hold(self, path: str) -> bool:
        """Whether a path may exist, links followed."""
        path = self.resolved(path)
        if self.run is not None or self._base or not path:
            return True
        node = self.tree
        for part in path.split("/"):
            if is_opaque(node) or MORE in node.children:
                return True
            child = node.children.get(part)
            if child is None:
                return False
            node = child
        return True

    def after(self, run: Execution) -> FileSystem:
        """The file system that an execution left which started from this one."""
        return FileSystem(EMPTY_DIR, run, linked=self._linked)

    def with_link(self, path: str, target: str) -> FileSystem:
        """Make a symbolic link as `ln -s` does: inside, where there is likely a folder."""
        if path.endswith("/") or self.is_dir(path.strip("/"), likely=True):
            path = posixpath.join(path, posixpath.basename(target.rstrip("/")))
        parts = [p for p in path.split("/") if p]
        link = symlink(target)
        return self._with_top(_put(self.tree, parts, link), link) if parts else self

    def _with_top(self, tree: FileEntry, added: FileEntry | None = None) -> FileSystem:
        """The same with another topmost tree; `added` is what may have brought links into it (None: nothing)."""
        linked = self._linked
        if not linked and added is not None and (added.kind is FileKind.SYMLINK or (added.children and has_links(added))):
            linked = True
        return FileSystem(tree, self.run, self._base, linked)

    def known(self, path: str) -> FileEntry | None:
        """The topmost known entry at a path, links not followed."""
        parts = path.split("/") if path else ()
        for layer in self.layers:
            node = layer.tree
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
        if not self.linked:
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

    def is_dir(self, path: str, *, likely: bool = False) -> bool | None:
        """Whether a path is a directory; None where nobody knows.

        The usual folders of a distribution count as there, and nothing else of a base does.

        Args:
            likely: Take what the commands of a RUN name for true, and everything else to be as it was.
        """
        path = self.resolved(path)
        unknown = False
        for layer in self.layers:
            node, hidden = layer.tree, False
            for part in path.split("/") if path else ():
                hidden = hidden or MORE in node.children or is_opaque(node)
                child = node.children.get(part)
                if child is None:
                    break
                node = child
            else:
                if not is_opaque(node):
                    return node.is_dir
                if likely:
                    return seems_folder(node)
                hidden = True
            if hidden and not likely:
                return None
            if layer.run is not None:
                if likely and _makes_folder(layer.run, "/" + path):
                    return True
                unknown = True
        if not path or (bool(self.base) and path in USUAL_DIRS):
            return True
        return None if unknown and not likely else False

    def with_dir(self, path: str, owner: tuple[int, int]) -> FileSystem:
        """Make a directory and its parents, unless they are known to exist (WORKDIR)."""
        path = self.resolved(path)
        node: FileEntry | None = self.tree
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
                             uid=known.uid if known else owner[0], gid=known.gid if known else owner[1],
                             unreadable="" if known else _decided_by(owner))
        assert made is not None
        return self._with_top(_put(self.tree, parts[:there + 1], made))

    def with_placed(self, placement: Placement, *, likely: bool = False) -> FileSystem:
        """Copy one source entry to its destination. Source: tonistiigi/fsutil copy/copy.go prepareTargetDir.

        A folder gives its contents, not its own mode and owner; a file goes into a folder of that name. Where nobody knows
        which of the two source or destination is, the result is opaque; with `likely` it is what they most likely are.
        """
        wants_dir = placement.dest.endswith(("/", "/.")) or placement.dest in ("", ".")
        target = self.resolved(posixpath.normpath("/" + placement.dest.lstrip("/")).lstrip("/"))
        entry = placement.owned()
        if entry.is_dir and placement.contents_only:
            return self._with_laid(target, placement.folder(entry), placement, likely)
        there = True if wants_dir else self.is_dir(target, likely=likely)
        if is_opaque(entry) and (seems_folder(entry) or not likely):
            if there:
                return self._with_laid(target, directory({MORE: entry}), placement, likely)
            if there is None:
                old = lookup(self.tree, target)
                entry = over(entry if old is None else mixed(old, entry, name=placement.name))
            return self._with_laid(target, entry, placement, likely, replace=True)
        if there:
            return self._with_laid(posixpath.join(target, placement.name), entry, placement, likely)
        if there is None:
            old = lookup(self.tree, target)
            known = here_or_inside(placement.name, entry)
            entry = over(known if old is None else mixed(old, known))
        return self._with_laid(target, entry, placement, likely, replace=True)

    def _with_laid(self, target: str, entry: FileEntry, placement: Placement, likely: bool, *,
                   replace: bool = False) -> FileSystem:
        """The file system with an entry at a path, merged with a folder that is there unless it takes its place."""
        fs = self.with_dir(posixpath.dirname(target), placement.owner or (0, 0))
        tree = fs.tree
        old = lookup(tree, target) if target else tree
        if not replace and entry.is_dir and (old is None or not (old.is_dir or is_opaque(old))) and fs.is_dir(target):
            old = directory()
        new = entry if replace else laid(old, entry, keep=likely)
        return fs._with_top(new if not target else _put(tree, target.split("/"), new), entry)

    def with_unpacked(self, path: str, token: Digest, *, likely: bool = False) -> FileSystem:
        """Unpack an archive whose contents are not looked into: the same archive gives the same entries."""
        archive = opaque_entry(digest_of("archive", token), is_dir=True, undecided=True)
        place = Placement(directory({MORE: archive}), "", path)
        return self._with_laid(self.resolved(path.strip("/")), place.entry, place, likely)

    def merged_over(self, below: FileSystem, *, likely: bool = False) -> FileSystem:
        """This file system's known entries laid over another (the merge of COPY --link)."""
        return below._with_top(laid(below.tree, self.tree, keep=likely, replace_headers=True), self.tree)


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

    def folder(self, contents: FileEntry) -> FileEntry:
        """The folder that is made at the destination for the contents of another one."""
        uid, gid = self.owner or (0, 0)
        return directory(contents.children, 0o755 if self.mode is None else self.mode, uid=uid, gid=gid,
                         unreadable=_decided_by((uid, gid)))


def has_links(tree: FileEntry) -> bool:
    """Whether a directory holds a symbolic link anywhere below; remembered per directory."""
    known = tree.memo.get("links")
    if known is None:
        known = tree.memo["links"] = any(c.kind is FileKind.SYMLINK or (bool(c.children) and has_links(c))
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
    unreadable = entry.unreadable
    if not is_opaque(entry) and (not unreadable or unreadable == UNDECIDED):
        unreadable = _decided_by(owner)
    return replace(entry, uid=owner[0], gid=owner[1], mode=entry.mode if keep or mode is None else mode, memo={},
                   unreadable=unreadable,
                   children={n: _rewritten(c, owner, mode) for n, c in entry.children.items()})


def _leaves_alone(run: Execution, path: str) -> bool:
    """Whether a RUN is made of plain commands that name what they write, and it is not this."""
    for statement in statements(run.command):
        written = written_paths(statement, run.cwd, run.env)
        if written is None or any(w == path or w.startswith(path + "/") for w in written):
            return False
    return True


def _decided_by(owner: tuple[int, int]) -> str:
    """The mark of an entry of this owner: a name is looked up in tables that a RUN may have written."""
    return UNDECIDED if min(owner) < 0 else ""


def _makes_folder(run: Execution, path: str) -> bool:
    """Whether a command names a folder there, or writes something below it."""
    for statement in statements(run.command):
        written = written_paths(statement, run.cwd, run.env) or ()
        made = bool(statement.words) and posixpath.basename(statement.words[0]) == "mkdir"
        if any(w.startswith(path + "/") or (made and w == path) for w in written):
            return True
    return False


def _put(node: FileEntry, parts: list[str], entry: FileEntry) -> FileEntry:
    children = dict(node.children)
    if len(parts) == 1:
        children[parts[0]] = entry
    else:
        old = children.get(parts[0])
        if old is None or not old.is_dir:
            old = with_more(EMPTY_DIR, old) if old is not None and is_opaque(old) else EMPTY_DIR
        children[parts[0]] = _put(old, parts[1:], entry)
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


SCRATCH = FileSystem(EMPTY_DIR, linked=False)


def base_filesystem(identity: str) -> FileSystem:
    """The file system of an image that nobody looked into."""
    return FileSystem(EMPTY_DIR, base=identity, linked=False)
