"""Which files does a build context hold, and how would they look after an edit that nobody has made yet?

Paths inside a context are plain text: relative, "/"-separated, cleaned, "" for the root. (PurePosixPath costs 20 times as
much for a context of 100,000 files.)
"""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cachesim.digest import Digest, digest_of_bytes
from cachesim.enums import quick

__all__ = ["EMPTY_DIR", "ContextSnapshot", "FileEntry", "FileKind", "bytes_below", "directory", "is_ignore_file",
           "lookup", "os_bytes", "regular_file", "size_text", "symlink", "walk", "with_children"]

_NO_CHILDREN: Mapping[str, FileEntry] = {}


@quick
class FileKind(enum.Enum):
    """What a path is. OTHER is a device, fifo or socket."""

    FILE = "file"
    DIR = "dir"
    SYMLINK = "symlink"
    OTHER = "other"


@dataclass(slots=True, unsafe_hash=True)
class FileEntry:
    """One file, directory (with everything below) or link; never changed after it was made.

    Not frozen, for time alone: a frozen one takes ten times as long to make, a context has up to 100,000 of them, and each
    prediction makes some hundreds.

    Attributes:
        mode: The twelve permission bits.
        size: Bytes of a regular file, else 0.
        digest: SHA-256 of a regular file's bytes; "" for everything else and for a file that was not read
            (an ignored one, or an unreadable one: `unreadable` says why).
        mtime_ns: Only the incremental transfer looks at it.
        inode: Same non-zero value: hard links of one file.
        children: Name to entry, for directories.
        memo: Private to functions that derive values from an entry (checksums); never compared.
    """

    kind: FileKind
    mode: int
    size: int
    digest: Digest
    mtime_ns: int
    link: str
    uid: int
    gid: int
    xattrs: tuple[tuple[str, str], ...]
    inode: int
    unreadable: str
    children: Mapping[str, FileEntry]
    memo: dict[object, Any] = field(compare=False, repr=False)

    @property
    def is_dir(self) -> bool:
        return self.kind is FileKind.DIR


def regular_file(digest: Digest, size: int, mode: int = 0o644, mtime_ns: int = 0, *, uid: int = 0, gid: int = 0,
                 xattrs: tuple[tuple[str, str], ...] = (), inode: int = 0, unreadable: str = "") -> FileEntry:
    """Make the entry of a regular file."""
    return FileEntry(FileKind.FILE, mode, size, digest, mtime_ns, "", uid, gid, xattrs, inode, unreadable,
                     _NO_CHILDREN, {})


def symlink(target: str, mtime_ns: int = 0, *, uid: int = 0, gid: int = 0) -> FileEntry:
    """Make the entry of a symbolic link."""
    return FileEntry(FileKind.SYMLINK, 0o777, 0, Digest(""), mtime_ns, target, uid, gid, (), 0, "", _NO_CHILDREN, {})


def directory(children: Mapping[str, FileEntry] | None = None, mode: int = 0o755, mtime_ns: int = 0, *, uid: int = 0,
              gid: int = 0, unreadable: str = "") -> FileEntry:
    """Make the entry of a directory."""
    return FileEntry(FileKind.DIR, mode, 0, Digest(""), mtime_ns, "", uid, gid, (), 0, unreadable,
                     children if children is not None else _NO_CHILDREN, {})


EMPTY_DIR = directory()


def with_children(entry: FileEntry, children: Mapping[str, FileEntry]) -> FileEntry:
    """The same directory with other children."""
    return FileEntry(entry.kind, entry.mode, entry.size, entry.digest, entry.mtime_ns, entry.link, entry.uid, entry.gid,
                     entry.xattrs, entry.inode, entry.unreadable, children, {})


def lookup(tree: FileEntry, path: str) -> FileEntry | None:
    """The entry at a cleaned relative path ("" is the tree itself), links not followed."""
    node: FileEntry | None = tree
    for part in path.split("/") if path else ():
        node = node.children.get(part) if node is not None else None
    return node


def walk(tree: FileEntry, prefix: str = "") -> Iterator[tuple[str, FileEntry]]:
    """Every entry below a directory, parents first, names in bytewise order; the directory itself is not included."""
    for name in sorted(tree.children, key=os_bytes):
        child = tree.children[name]
        path = f"{prefix}{name}"
        yield path, child
        if child.is_dir:
            yield from walk(child, path + "/")


def is_ignore_file(path: str) -> bool:
    """Whether the path names a .dockerignore or a NAME.dockerignore."""
    return path.endswith(".dockerignore")


def os_bytes(name: str) -> bytes:
    """A file name as the bytes it has on disk."""
    return name.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class ContextSnapshot:
    """A build context at one moment: a tree of entries. All edits give a new snapshot and share what did not change.

    `known` is False where nobody can read the folder: what lies in it is then an open question, not nothing.
    `texts` holds the text of every ignore file (`.dockerignore`, `NAME.dockerignore`) by content digest: the only files
    whose bytes decide a prediction.
    """

    tree: FileEntry
    origin: str = ""        # where it came from, for people: a folder, "HEAD of …"
    texts: Mapping[str, str] = field(default_factory=dict)
    known: bool = True

    @classmethod
    def of(cls, files: Mapping[str, bytes], origin: str = "") -> ContextSnapshot:
        """Make a snapshot from plain contents (mode 0644)."""
        snapshot = cls(EMPTY_DIR, origin)
        for path, data in files.items():
            snapshot = snapshot.with_bytes(path, data)
        return snapshot

    def with_bytes(self, path: str, data: bytes, mode: int | None = None, mtime_ns: int = 0) -> ContextSnapshot:
        """Write a file; the mode of an existing file is kept unless one is given, a new file gets 0644."""
        old = self.get(path)
        if mode is None:
            mode = old.mode if old is not None and old.kind is FileKind.FILE else 0o644
        digest = digest_of_bytes(data)
        changed = self.with_entry(path, regular_file(digest, len(data), mode, mtime_ns))
        return changed.with_text_of(path, digest, data)

    def with_text_of(self, path: str, digest: Digest, data: bytes) -> ContextSnapshot:
        """Remember the text of an ignore file (any other path changes nothing)."""
        if not is_ignore_file(path):
            return self
        return replace(self, texts={**self.texts, digest: data.decode("utf-8", "surrogateescape")})

    def ignore_text(self, path: str) -> str | None:
        """The text of an ignore file at that path, or None if there is none."""
        entry = self.get(path)
        return self.texts.get(entry.digest) if entry is not None else None

    def get(self, path: str) -> FileEntry | None:
        """The entry at a path, links not followed."""
        return lookup(self.tree, path)

    def walk(self) -> Iterator[tuple[str, FileEntry]]:
        """Every path with its entry, parents first, bytewise order."""
        return walk(self.tree)

    def with_entry(self, path: str, entry: FileEntry) -> ContextSnapshot:
        """Add or replace one path; missing parent directories are made (0755)."""
        return replace(self, tree=_edit(self.tree, path.split("/"), lambda _: entry))

    def without(self, path: str) -> ContextSnapshot:
        """Remove a path and everything below; a parent that becomes empty stays."""
        if self.get(path) is None:
            return self
        return replace(self, tree=_edit(self.tree, path.split("/"), lambda _: None))

    def renamed(self, old: str, new: str) -> ContextSnapshot:
        """Move a path; KeyError if it does not exist."""
        entry = self.get(old)
        if entry is None:
            raise KeyError(old)
        return self.without(old).with_entry(posixpath.normpath(new), entry)

    def chmod(self, path: str, mode: int) -> ContextSnapshot:
        """Change permission bits; KeyError if the path does not exist."""
        return self._changed(path, mode=mode)

    def touch(self, path: str, mtime_ns: int) -> ContextSnapshot:
        """Change the modification time; KeyError if the path does not exist."""
        return self._changed(path, mtime_ns=mtime_ns)

    def _changed(self, path: str, **change: Any) -> ContextSnapshot:
        entry = self.get(path)
        if entry is None:
            raise KeyError(path)
        changed = replace(entry, memo={}, **change)
        return replace(self, tree=changed) if not path else self.with_entry(path, changed)


def _edit(node: FileEntry, parts: list[str], change: Callable[[FileEntry | None], FileEntry | None]) -> FileEntry:
    name, children = parts[0], dict(node.children)
    old = children.get(name)
    if len(parts) == 1:
        new = change(old)
    else:
        new = _edit(old if old is not None and old.is_dir else EMPTY_DIR, parts[1:], change)
    if new is None:
        children.pop(name, None)
    else:
        children[name] = new
    return with_children(node, children)


def bytes_below(entry: FileEntry) -> int:
    """Size of a file, or of all files below a directory; what was not read (ignored files) counts nothing."""
    if not entry.is_dir:
        return entry.size if entry.digest else 0
    known: int | None = entry.memo.get("bytes")
    if known is None:
        known = entry.memo["bytes"] = sum(map(bytes_below, entry.children.values()))
    return known


def size_text(size: int) -> str:
    """Bytes for people, in powers of 1000 as `docker history` has them ("1.2 kB")."""
    if size < 1000:
        return f"{size} B"
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}"
