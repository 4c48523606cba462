"""What is the digest of a selection of files, as BuildKit's content keys see it?

The values are not BuildKit's own bytes (a file's content enters as its SHA-256), but two selections have equal digests here
exactly when they have equal digests there. A modification time never counts.
Source: BuildKit v0.25 cache/contenthash (checksum.go, tarsum.go); the recordings in tests/conformance.
"""

from __future__ import annotations

import functools
import hashlib
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import FileEntry, FileKind, lookup, os_bytes, walk
from cachesim.digest import Digest

__all__ = ["Selector", "entry_digest", "go_path_match", "has_wildcards", "header_digest", "join_digests", "matching_entries",
           "parent_of_wildcard", "resolve_links", "selection_digest"]

EMPTY_SELECTION = Digest(hashlib.sha256(b"").hexdigest())
_ROOT_HEADER = b"\0root"
_MAX_LINKS = 255


class Selector(NamedTuple):
    """One source path of a step on one input; `path` is relative to the input's root, cleaned, "" for the root."""

    path: str
    follow: bool = True
    wildcard: bool = False
    excludes: tuple[str, ...] = ()

    @property
    def filters(self) -> bool:
        """Whether entries are matched one by one instead of taken whole."""
        return self.wildcard or bool(self.excludes)


def has_wildcards(path: str) -> bool:
    """Whether a source path holds an unescaped `*`, `?` or `[`."""
    return re.search(r"(?<!\\)(?:\\\\)*[*?\[]", path) is not None


@functools.lru_cache(maxsize=4096)
def parent_of_wildcard(path: str) -> str:
    """The literal folder in front of the first segment with a wildcard."""
    literal: list[str] = []
    for part in path.split("/"):
        if has_wildcards(part):
            break
        literal.append(part)
    return "/".join(literal)


def entry_digest(entry: FileEntry, *, root: bool = False) -> Digest:
    """The digest of one entry with everything below; `root` drops the header of the directory itself.

    Only the top of a transferred context is a `root`.
    """
    key = "root sum" if root else "sum"
    known = entry.memo.get(key)
    if known is None:
        known = entry.memo[key] = Digest(_sum(entry, root).hex())
    return known


def _sum(entry: FileEntry, root: bool) -> bytes:
    if not entry.is_dir:
        return hashlib.sha256(_header(entry) + entry.digest.encode()).digest()
    parts = [b"\0", _ROOT_HEADER if root else hashlib.sha256(_header(entry)).digest()]
    for name in sorted(entry.children, key=os_bytes) if len(entry.children) > 1 else entry.children:
        child = entry.children[name]
        parts.append(b"\0" + os_bytes(name) + bytes.fromhex(entry_digest(child)))
    return hashlib.sha256(b"".join(parts)).digest()


def _header(entry: FileEntry) -> bytes:
    fields: list[object] = [entry.kind.value, entry.mode, entry.uid, entry.gid, entry.size, entry.link, entry.unreadable]
    for name, value in sorted(entry.xattrs):
        if name.startswith("system.") or (name.startswith("security.") and name != "security.capability"):
            continue
        fields += [name, value]
    return "\0".join(str(f) for f in fields).encode("utf-8", "surrogateescape") + b"\0\0"


def header_digest(entry: FileEntry) -> Digest:
    """The digest of an entry alone: of a directory only its own header."""
    if not entry.is_dir:
        return entry_digest(entry)
    return Digest(hashlib.sha256(b"header" + _header(entry)).hexdigest())


def resolve_links(tree: FileEntry, path: str, *, last: bool = True) -> str | None:
    """Follow symbolic links inside the tree; None if the path does not exist or loops.

    Args:
        last: Whether a link that is the last part is followed too.
    """
    for _ in range(_MAX_LINKS):
        done: list[str] = []
        node = tree
        parts = path.split("/") if path else []
        for i, part in enumerate(parts):
            child = node.children.get(part)
            if child is None:
                return None
            if child.kind is FileKind.SYMLINK and (last or i + 1 < len(parts)):
                target = posixpath.normpath(posixpath.join("/", *done, child.link))
                path = posixpath.normpath(posixpath.join(target, *parts[i + 1:])).lstrip("/")
                path = "" if path == "." else path
                break
            done.append(part)
            node = child
        else:
            return "/".join(done)
    return None


def matching_entries(tree: FileEntry, selector: Selector) -> Iterator[tuple[str, FileEntry]]:
    """Every entry that a wildcard or filtered selector takes, in tree order, directories as headers.

    A directory that only holds matches behind an exclusion is given too, before the first of them.
    """
    start = parent_of_wildcard(selector.path) if selector.wildcard else selector.path
    real = resolve_links(tree, start)
    if real is None:
        return
    top = lookup(tree, real)
    assert top is not None
    excludes = IgnoreMatcher.of(selector.excludes)
    top_out = excludes.excluded_top()
    pattern = selector.path if selector.wildcard else None
    pending: list[tuple[str, FileEntry]] = []
    last_match: str | None = None
    entries: Iterator[tuple[str, FileEntry]] = walk(top, start + "/" if start else "")
    if not selector.wildcard:
        def with_top(below: Iterator[tuple[str, FileEntry]] = entries) -> Iterator[tuple[str, FileEntry]]:
            yield start, top
            yield from below
        entries = with_top()
        last_match = start
    for path, entry in entries:
        while pending and not path.startswith(pending[-1][0] + "/"):
            pending.pop()
        if last_match is not None and (path == last_match or path.startswith(last_match + "/") or not last_match):
            inside = path[len(last_match):].lstrip("/")
            take = not (excludes.excluded(inside) if inside else top_out)
        else:
            take = pattern is not None and go_path_match(pattern, path)
            if take:
                last_match, take = path, not top_out
        if take:
            yield from pending
            pending.clear()
            yield path, entry
        elif entry.is_dir:
            pending.append((path, entry))
            if last_match is None or (path != last_match and not path.startswith(last_match + "/")):
                pending.pop()   # a folder above the first match is not part of it


def selection_digest(tree: FileEntry, selectors: Sequence[Selector], *, root: bool) -> Digest | str:
    """The content digest of all selections on one input, or the path (text) that does not exist; remembered in the tree.

    A wildcard or filtered selection of nothing is fine here; whether its folder exists is asked when the step runs.

    Args:
        root: Whether the tree's top is the top of a transferred context (its header does not count).
    """
    key = ("selection", tuple(selectors), root)
    known = tree.memo.get(key)
    if known is None:
        known = tree.memo[key] = _selection_digest(tree, selectors, root)
    return known


def _selection_digest(tree: FileEntry, selectors: Sequence[Selector], root: bool) -> Digest | str:
    sums: list[Digest] = []
    for selector in _deduplicated(selectors):
        if not selector.filters:
            found = resolve_links(tree, selector.path, last=selector.follow)
            if found is None:
                return selector.path
            entry = lookup(tree, found)
            assert entry is not None
            sums.append(entry_digest(entry, root=root and not found))
            continue
        found = _entries_digest(tree, selector, root)
        if not isinstance(found, Digest):
            return found
        sums.append(found)
    return join_digests(sums)


def _entries_digest(tree: FileEntry, selector: Selector, root: bool) -> Digest | str:
    """The digest of a filtered selection: links are followed only at its top, where each must lead somewhere."""
    parts: list[tuple[str, Digest]] = []
    top: str | None = None
    for path, entry in matching_entries(tree, selector):
        if not path:
            continue        # the header of the root itself is left out
        digest = header_digest(entry)
        if top is None or (path != top and not path.startswith(top + "/")):
            top = path
            if entry.kind is FileKind.SYMLINK and selector.follow:
                real = resolve_links(tree, path)
                target = lookup(tree, real) if real is not None else None
                if target is None:
                    return path
                digest = entry_digest(target)
        parts.append((posixpath.basename(path), digest))
    if not parts:
        return EMPTY_SELECTION
    if len(parts) == 1 and parts[0][0] == posixpath.basename(selector.path):
        return parts[0][1]
    return join_digests([Digest(f"{name}\1{digest}") for name, digest in parts])


def join_digests(sums: Sequence[str]) -> Digest:
    """One digest for several, in this order."""
    return Digest(hashlib.sha256("\0".join(sums).encode("utf-8", "surrogateescape")).hexdigest())


def _deduplicated(selectors: Sequence[Selector]) -> list[Selector]:
    """Drop selections that lie inside another one; sort by path. Source: llbsolver/ops/file.go dedupeSelectors."""
    plain = {s for s in selectors if not s.filters}
    kept = [s for s in plain
            if not any(o.follow == s.follow and o is not s and (not o.path or s.path.startswith(o.path + "/"))
                       for o in plain if o != s)]
    return sorted([*kept, *(s for s in selectors if s.filters)], key=lambda s: s.path)


@functools.lru_cache(maxsize=512)
def _go_regex(pattern: str) -> re.Pattern[str] | None:
    out, i = [], 0
    while i < len(pattern):
        c = pattern[i]
        i += 1
        if c == "*":
            out.append("[^/]*")
        elif c == "?":
            out.append("[^/]")
        elif c == "\\":
            out.append(re.escape(pattern[i:i + 1]))
            i += 1
        elif c == "[":
            end = i
            if pattern[end:end + 1] == "^":
                end += 1
            while end < len(pattern) and pattern[end] != "]":
                end += 2 if pattern[end] == "\\" else 1
            inner = pattern[i:end]
            out.append("(?!/)[" + inner + "]" if inner.startswith("^") else "[" + inner + "]")
            i = end + 1
        else:
            out.append(re.escape(c))
    try:
        return re.compile("".join(out) + r"\Z", re.DOTALL)
    except re.error:
        return None


def go_path_match(pattern: str, path: str) -> bool:
    """Go's path.Match: `*` and `?` do not cross "/", `[^a]` negates, `\\` escapes; a bad pattern matches nothing."""
    if not any(c in pattern for c in "*?[\\"):
        return pattern == path
    regex = _go_regex(pattern)
    return regex is not None and regex.match(path) is not None
