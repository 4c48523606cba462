"""What is the checksum of a COPY source, as the classic builder computes it?

The values are not the builder's own (a file's bytes enter as their SHA-256), but two selections are equal here exactly when they
are equal there, traps included: an entry counts under the name that links lead to, so a link's own text never counts.
Source: moby v28.5 builder/dockerfile/copy.go, builder/remotecontext/{archive,lazycontext}.go, pkg/tarsum.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cachesim.context.checksum import go_path_match
from cachesim.context.ignore import NOTHING_IGNORED, IgnoreMatcher
from cachesim.context.snapshot import FileEntry, FileKind, lookup, os_bytes, walk
from cachesim.digest import digest_of
from cachesim.errors import CachesimError

__all__ = ["Copied", "SourceMissing", "Sums", "combined", "follow", "has_classic_wildcards"]

_MAX_LINKS = 255
_TYPES = {FileKind.FILE: "0", FileKind.SYMLINK: "2", FileKind.DIR: "5", FileKind.OTHER: "6"}


class SourceMissing(CachesimError):
    """A source that is not there, in the engine's words (without "COPY failed: ")."""


@dataclass(frozen=True, slots=True)
class Copied:
    """One entry that a source word stands for: its checksum, its path, and the entry that links lead to."""

    sum: str
    path: str
    entry: FileEntry


def combined(sums: Sequence[str]) -> str:
    """One checksum for all sources of a step; their order counts."""
    return sums[0] if len(sums) == 1 else "multi:" + digest_of(*sums)


def has_classic_wildcards(path: str) -> bool:
    """Whether a source word is a pattern. Source: copy.go containsWildcards."""
    i = 0
    while i < len(path):
        if path[i] == "\\":
            i += 1
        elif path[i] in "*?[":
            return True
        i += 1
    return False


def follow(tree: FileEntry, path: str) -> str | None:
    """The path with all links followed, none of them out of the tree; None for a loop. What is missing is kept as written.

    Source: moby/sys/symlink FollowSymlinkInScope.
    """
    names: list[str] = []
    nodes: list[FileEntry | None] = [tree]
    todo = path.split("/")[::-1]
    links = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if names:
                names.pop()
                nodes.pop()
            continue
        above = nodes[-1]
        entry = above.children.get(part) if above is not None else None
        if entry is not None and entry.kind is FileKind.SYMLINK:
            links += 1
            if links > _MAX_LINKS:
                return None
            if entry.link.startswith("/"):
                del names[:], nodes[1:]
            todo.extend(reversed(entry.link.split("/")))
            continue
        names.append(part)
        nodes.append(entry)
    return "/".join(names)


@dataclass(slots=True)
class _Below:
    """A directory with everything in it: a digest of what is no link, and the paths of the links."""

    digest: str
    links: tuple[str, ...]
    hard_links: bool


@dataclass(slots=True)
class Sums:
    """Checksums of one tree.

    Attributes:
        tree: The context after .dockerignore, or a file system.
        ignore: What was left out: a folder that is only there for what it holds has no entry of its own in the archive.
        stage: The tree is an image's file system: owners count, hard links are files, a dangling link counts by its target.
        keep_owners: The context comes from the Python SDK, which sends the owners of the files.
        elsewhere: What to say of a link's target that the tree does not hold (a part of a file system), or None.
    """

    tree: FileEntry
    ignore: IgnoreMatcher = NOTHING_IGNORED
    stage: bool = False
    keep_owners: bool = False
    elsewhere: Callable[[str], str | None] = lambda path: None
    _first_links: dict[str, str] | None = field(default=None, repr=False)

    def copied(self, word: str) -> list[Copied]:
        """What a source word stands for, in the engine's order.

        Raises:
            SourceMissing: A path that does not exist or leads out of the context.
        """
        path = word.removeprefix("/").removeprefix("./")
        if not has_classic_wildcards(path):
            return [self._one(path)]
        return [self._one(found) for found in _matches(self.tree, path.split("/"), "")]

    def _one(self, path: str) -> Copied:
        if posixpath.normpath(path).split("/")[0] == "..":
            raise SourceMissing(f"forbidden path outside the build context: {path} ()")
        real = follow(self.tree, path)
        entry = lookup(self.tree, real) if real is not None else None
        if real is None or entry is None:
            where = "" if self.stage else "file not found in build context or excluded by .dockerignore: "
            raise SourceMissing(f"{where}stat {path}: file does not exist")
        name = posixpath.normpath(path)
        if not entry.is_dir:
            return Copied("file:" + self.sum(path), name, entry)
        below = self._below(real, entry)
        links = sorted(s for s in map(self._link_sum, below.links) if s)
        return Copied("dir:" + digest_of(below.digest, *links), "" if name == "." else name, entry)

    def sum(self, path: str) -> str:
        """The checksum of one path after links; the path itself where there is no entry to count."""
        return self._link_sum(path) or path

    def _link_sum(self, path: str) -> str:
        real = follow(self.tree, path)
        if real is None:
            return ""
        entry = lookup(self.tree, real) if real else None
        if entry is not None and self._is_sent(real, entry):
            return self._header(real, entry)
        if self.stage:
            return (self.elsewhere(real) if entry is None else None) or real
        return path

    def _is_sent(self, path: str, entry: FileEntry) -> bool:
        return not (entry.is_dir and self._prunes and self.ignore.excluded(path))

    @property
    def _prunes(self) -> bool:
        return any(p.exception for p in self.ignore.patterns)

    def _below(self, path: str, entry: FileEntry) -> _Below:
        key = ("classic sums", path, self.stage or self.keep_owners, self.ignore if self._prunes else None)
        known: _Below | None = entry.memo.get(key)
        if known is not None and (self.stage or not known.hard_links):
            return known
        own = "" if not path else self._header(path, entry) if self._is_sent(path, entry) else path
        parts: list[str] = [own]
        links: list[str] = []
        hard = False
        for name, child in sorted(entry.children.items()):
            here = f"{path}/{name}" if path else name
            if child.is_dir:
                found = self._below(here, child)
                parts.append(found.digest)
                links += found.links
                hard = hard or found.hard_links
            elif child.kind is FileKind.SYMLINK:
                links.append(here)
            else:
                parts.append(self._header(here, child))
                hard = hard or child.inode != 0
        made = entry.memo[key] = _Below(digest_of(*parts), tuple(links), hard)
        return made

    def _header(self, path: str, entry: FileEntry) -> str:
        owned = self.stage or self.keep_owners
        first = self._first_link(path, entry) if entry.inode and not self.stage else None
        fields = [path + "/" * entry.is_dir, f"{entry.mode:o}", str(entry.uid if owned else 0), str(entry.gid if owned else 0)]
        if first is not None:
            fields += ["1", first]
        else:
            fields += [_TYPES[entry.kind], entry.link if entry.kind is FileKind.SYMLINK else "", str(entry.size), entry.digest]
        return digest_of(*fields, *(value for name, value in entry.xattrs if name == "security.capability"))

    def _first_link(self, path: str, entry: FileEntry) -> str | None:
        """The path under which the archive has the bytes of this file, if that is another one."""
        if self._first_links is None:
            seen: dict[int, str] = {}
            self._first_links = {}
            for other, found in walk(self.tree):        # the client's order: depth first, names sorted in each folder
                if found.inode:
                    self._first_links[other] = seen.setdefault(found.inode, other)
        first = self._first_links.get(path, path)
        return first if first != path else None


def _matches(node: FileEntry, parts: Sequence[str], prefix: str) -> Iterator[str]:
    """Paths that a pattern names, in the order of a walk; links to folders are not entered."""
    for name in sorted(node.children, key=os_bytes):
        if go_path_match(parts[0], name):
            if len(parts) == 1:
                yield prefix + name
            else:
                yield from _matches(node.children[name], parts[1:], f"{prefix}{name}/")
