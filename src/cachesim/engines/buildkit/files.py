"""Which files does a selection take, which of them changed since the last build, and which does nobody send?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from cachesim.context.checksum import Selector, entry_digest, header_digest, matching_entries, resolve_links
from cachesim.context.ignore import IgnoreMatcher, matcher_for
from cachesim.context.snapshot import FileEntry, FileKind, lookup, size_text, walk
from cachesim.digest import Digest
from cachesim.engines.base import BuildRequest

__all__ = ["FileState", "changed_files", "lazy_paths", "main_ignore"]

_LIMIT = 200        # changed files that are named one by one


@dataclass(frozen=True, slots=True)
class FileState:
    """One side of a change: what a person compares, and what decides."""

    value: str
    digest: Digest


class _Paths(Sequence[str]):
    """Paths that are only listed when somebody looks."""

    def __init__(self, tree: FileEntry, selectors: Sequence[Selector]) -> None:
        self._tree, self._selectors = tree, tuple(selectors)
        self._listed: tuple[str, ...] | None = None

    def _all(self) -> tuple[str, ...]:
        if self._listed is None:
            self._listed = tuple(sorted({p for s in self._selectors for p in _paths(self._tree, s)}))
        return self._listed

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __contains__(self, path: object) -> bool:
        return path in self._all()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Paths) and (self._tree is other._tree or self._tree == other._tree) \
            and self._selectors == other._selectors

    def __hash__(self) -> int:
        return hash(self._selectors)


def lazy_paths(tree: FileEntry, selectors: Sequence[Selector]) -> Sequence[str]:
    """All paths that the selections take, sorted; listed on first use."""
    return _Paths(tree, selectors)


def _paths(tree: FileEntry, selector: Selector) -> Iterator[str]:
    if selector.filters:
        for path, _ in matching_entries(tree, selector):
            yield path
        return
    real = resolve_links(tree, selector.path, last=selector.follow)
    entry = lookup(tree, real) if real is not None else None
    if entry is None or real is None:
        return
    if real:
        yield real
    if real != selector.path:
        yield selector.path
    if entry.is_dir:
        for path, _ in walk(entry, real + "/" if real else ""):
            yield path


def changed_files(old: FileEntry, new: FileEntry,
                  selectors: Sequence[Selector]) -> list[tuple[str, FileState | None, FileState | None]]:
    """Files of a selection that differ between two trees, with both states (None: not there); at most 200."""
    found: dict[str, tuple[FileEntry | None, FileEntry | None]] = {}
    for selector in selectors:
        if selector.filters:
            before, after = dict(matching_entries(old, selector)), dict(matching_entries(new, selector))
            for path in sorted(before.keys() | after.keys()):
                a, b = before.get(path), after.get(path)
                if a is None or b is None or header_digest(a) != header_digest(b):
                    found[path] = (a, b)
            continue
        a_path, b_path = resolve_links(old, selector.path), resolve_links(new, selector.path)
        a = lookup(old, a_path) if a_path is not None else None
        b = lookup(new, b_path) if b_path is not None else None
        _differences(a, b, selector.path, found)
    return [(path, _state(a), _state(b)) for path, (a, b) in list(found.items())[:_LIMIT]]


def _differences(old: FileEntry | None, new: FileEntry | None, path: str,
                 found: dict[str, tuple[FileEntry | None, FileEntry | None]]) -> None:
    if old is new or len(found) >= _LIMIT:
        return
    if old is not None and new is not None and old.is_dir and new.is_dir:
        if entry_digest(old) == entry_digest(new):
            return
        if path and header_digest(old) != header_digest(new):
            found[path] = (old, new)
        for name in sorted(old.children.keys() | new.children.keys()):
            _differences(old.children.get(name), new.children.get(name), f"{path}/{name}" if path else name, found)
    elif old is None or new is None or entry_digest(old) != entry_digest(new):
        whole = new if new is not None else old
        found[path] = (old, new)
        if whole is not None and whole.is_dir:
            for below, entry in walk(whole, path + "/"):
                if len(found) < _LIMIT:
                    found[below] = (None, entry) if old is None else (entry, None)


def _state(entry: FileEntry | None) -> FileState | None:
    if entry is None:
        return None
    return FileState(describe(entry), header_digest(entry))


def describe(entry: FileEntry) -> str:
    """One entry for people: size and mode, and the start of its digest."""
    if entry.kind is FileKind.SYMLINK:
        return f"link to {entry.link}"
    if entry.is_dir:
        return f"folder, mode {entry.mode:04o}"
    return f"{size_text(entry.size)}, mode {entry.mode:04o}, {entry.digest.short}"


def main_ignore(request: BuildRequest) -> IgnoreMatcher:
    """The ignore file of the build context: the Dockerfile's own, or the common one.

    Raises:
        ContextError: If the engine would refuse the file.
    """
    own = f"{request.options.dockerfile}.dockerignore"
    text = request.context.ignore_text(own)
    if text is not None:
        return matcher_for(text, own)
    return matcher_for(request.context.ignore_text(".dockerignore"), ".dockerignore")
