"""How does a folder look at a commit, read from git's objects alone?

As a fresh checkout would show it: modes 644 and 755, links as links, submodules as empty folders, LFS pointers as they
are. Equal trees and files are read once and shared by all snapshots, so a commit costs what it changed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, directory, lookup, regular_file, symlink
from cachesim.digest import Digest
from cachesim.project.blobs import BlobStore
from cachesim.project.git import GitError, ObjectReader, Repository

__all__ = ["Snapshots", "snapshot_of"]

_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class _Item:
    """One line of a tree object."""

    mode: str
    name: str
    id: str

    @property
    def is_tree(self) -> bool:
        return self.mode == "40000"

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"

    @property
    def is_blob(self) -> bool:
        return self.mode not in ("40000", "160000")


@dataclass(frozen=True, slots=True)
class _Content:
    """What counts of a blob, and where it points if it is a link somewhere."""

    digest: Digest
    size: int
    link: str


class Snapshots:
    """Snapshots of one repository. Use it in a `with` block.

    Args:
        blobs: Contents of Dockerfiles and other small files are kept there, if one is given.
    """

    def __init__(self, repository: Repository, blobs: BlobStore | None = None) -> None:
        self.repository = repository
        self.lfs_pointers: set[str] = set()     # names of files that are LFS pointers, in all that was read
        self.submodules: set[str] = set()       # names of submodules, likewise
        self._reader = ObjectReader(repository)
        self._blobs = blobs
        self._trees: dict[str, FileEntry] = {}
        self._leaves: dict[tuple[str, str], FileEntry] = {}
        self._contents: dict[str, _Content] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._reader.close()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a checkout could show otherwise, a sentence each."""
        found = []
        if self.lfs_pointers:
            found.append(f"{_listed(self.lfs_pointers)}: Git LFS pointers count as git stores them; they change whenever what "
                         "they stand for does")
        if self.submodules:
            found.append(f"{_listed(self.submodules)}: submodules count as empty folders, as a clone without "
                         "--recurse-submodules has them")
        return tuple(found)

    def at(self, commit: str, folder: str = "", ignores: Sequence[str] = (".dockerignore",)) -> ContextSnapshot:
        """A folder (from the root of the repository, "" for all of it) at a commit.

        Args:
            ignores: Paths of the ignore files whose text is wanted, from the folder.
        Raises:
            GitError: If the commit has no such folder, or the clone lacks its objects.
        """
        name = f"{commit}:{folder}"
        found = self._reader.get(name)
        if found is None or found.kind != "tree":
            where = f"the folder {folder}" if folder else "such a commit"
            raise GitError(commit[:12], f"there is no {where} in this clone", "`git log` shows what there is")
        tree = self._tree(found.id, found.data)
        texts: dict[str, str] = {}
        for path in ignores:
            entry = lookup(tree, path)
            if entry is not None and entry.kind is FileKind.FILE:
                data = self.file(commit, f"{folder}/{path}" if folder else path)
                texts[entry.digest] = (data or b"").decode("utf-8", "surrogateescape")
        return ContextSnapshot(tree, commit, texts)

    def file(self, commit: str, path: str) -> bytes | None:
        """The bytes of a file at a commit, links followed inside the repository; None if there is none."""
        for _ in range(10):
            found = self._reader.get(f"{commit}:{path}")
            if found is None or found.kind != "blob":
                return None
            target = self._link_at(commit, path) if b"\n" not in found.data else None
            if target is None:
                if found.large is not None:
                    raise GitError(path, f"is {found.size >> 20} MB long at {commit[:12]}, which is no text")
                return found.data
            path = target
        return None

    def _link_at(self, commit: str, path: str) -> str | None:
        """Where a symbolic link points, from the repository's root; None if the path is none."""
        folder, name = posixpath.split(path)
        parent = self._reader.get(f"{commit}:{folder}")
        for item in _items(parent.data, len(parent.id) // 2) if parent is not None and parent.kind == "tree" else ():
            if item.name == name and item.is_link:
                target = self._reader.get(item.id)
                text = target.data.decode("utf-8", "surrogateescape") if target is not None else ""
                return posixpath.normpath(posixpath.join(folder, text))
        return None

    def _tree(self, tree_id: str, data: bytes) -> FileEntry:
        """Read everything below a tree that was not read before: all trees of a level, then all blobs, at once."""
        if tree_id in self._trees:
            return self._trees[tree_id]
        items: dict[str, list[_Item]] = {tree_id: _items(data, len(tree_id) // 2)}
        order, level = [tree_id], [tree_id]
        while level:
            wanted = dict.fromkeys(item.id for at in level for item in items[at]
                                   if item.is_tree and item.id not in items and item.id not in self._trees)
            level = list(wanted)
            for name, found in zip(level, list(self._reader.get_many(level)), strict=True):
                if found is None:
                    raise self._missing(name)
                items[name] = _items(found.data, len(name) // 2)
            order += level
        self._read_blobs([item for at in order for item in items[at] if item.is_blob])
        self._assemble(tree_id, items)
        return self._trees[tree_id]

    def _assemble(self, tree_id: str, items: dict[str, list[_Item]]) -> FileEntry:
        known = self._trees.get(tree_id)
        if known is not None:
            return known
        children = {item.name: self._assemble(item.id, items) if item.is_tree else self._leaf(item)
                    for item in items[tree_id]}
        entry = self._trees[tree_id] = directory(children)
        return entry

    def _leaf(self, item: _Item) -> FileEntry:
        """The entry of a file, link or submodule; the same object wherever it stands."""
        known = self._leaves.get((item.id, item.mode))
        if known is None:
            known = self._leaves[item.id, item.mode] = self._new_leaf(item)
        return known

    def _new_leaf(self, item: _Item) -> FileEntry:
        mtime = int(item.id[:12], 16)       # another content has another time, as the transfer to the engine needs it
        if item.mode == "160000":
            self.submodules.add(item.name)
            return directory()
        content = self._contents[item.id]
        if item.is_link:
            return symlink(content.link, mtime)
        return regular_file(content.digest, content.size, 0o755 if item.mode == "100755" else 0o644, mtime)

    def _read_blobs(self, items: list[_Item]) -> None:
        wanted = {item.id: item for item in items
                  if item.id not in self._contents or (item.is_link and not self._contents[item.id].link)}
        wanted.update({item.id: item for item in items if item.is_link and item.id in wanted})
        names = list(wanted)
        for at in range(0, len(names), 500):
            part = names[at:at + 500]
            kept: dict[Digest, bytes] = {}
            for name, found in zip(part, self._reader.get_many(part), strict=True):
                if found is None:
                    raise self._missing(name)
                item, data = wanted[name], found.data
                digest, link = found.digest, data.decode("utf-8", "surrogateescape") if item.is_link else ""
                if data.startswith(_LFS):
                    self.lfs_pointers.add(item.name)
                self._contents[name] = _Content(digest, found.size, link)
                if self._blobs is not None and len(data) < 1 << 18:
                    kept[digest] = data
            if self._blobs is not None and kept:
                self._blobs.put_many(kept)

    def _missing(self, name: str) -> GitError:
        return self.repository.damaged(name[:12])


def snapshot_of(repository: Repository, revision: str, folder: Path | str = "") -> ContextSnapshot:
    """One folder at one revision; for several, `Snapshots` shares what they have in common.

    Raises:
        GitError: If there is no such revision or folder.
    """
    where = repository.relative(folder) if isinstance(folder, Path) else folder
    with Snapshots(repository) as snapshots:
        return snapshots.at(repository.commit_id(revision), where)


def _listed(names: set[str]) -> str:
    first, more = sorted(names)[:3], len(names) - 3
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _items(data: bytes, id_length: int) -> list[_Item]:
    """Read a tree object; ids have 20 bytes, in a SHA-256 repository 32."""
    found, at, end = [], 0, len(data)
    while at < end:
        space = data.index(b" ", at)
        null = data.index(b"\0", space)
        found.append(_Item(data[at:space].decode(), data[space + 1:null].decode("utf-8", "surrogateescape"),
                           data[null + 1:null + 1 + id_length].hex()))
        at = null + 1 + id_length
    return found
