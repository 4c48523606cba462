"""How are our immutable values written as JSON, and read back?"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast

from cachesim.context.scan import stamp_of, with_stamp
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, directory, regular_file, symlink
from cachesim.digest import Digest

T = TypeVar("T")

__all__ = ["TreeReader", "TreeWriter", "from_json", "to_json"]


def to_json(value: Any) -> Any:
    """Write a dataclass (fields with their default are left out), enum, tuple or mapping of plain values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_json(getattr(value, name)) for name, default in _defaults(type(value))
                if getattr(value, name) != default}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], value: Any) -> T:
    """Read back what `to_json` wrote for this type; fields that are not known any more are dropped.

    Raises:
        ValueError, TypeError, KeyError: If it is something else.
    """
    return cast(T, _read(kind, value))


class TreeWriter:
    """Writes trees of files into one list; a directory that several snapshots share is written once."""

    def __init__(self) -> None:
        self.folders: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self._known: dict[int, int] = {}
        self._kept: list[FileEntry] = []    # keeps the ids in `_known` valid

    def snapshot(self, snapshot: ContextSnapshot) -> dict[str, Any]:
        """Write a snapshot; the value names its root in `folders`."""
        self.texts.update(snapshot.texts)
        value = {"tree": self._folder(snapshot.tree), "origin": snapshot.origin, "texts": sorted(snapshot.texts)}
        return value if snapshot.known else {**value, "unknown": True}

    def _folder(self, entry: FileEntry) -> int:
        known = self._known.get(id(entry))
        if known is not None:
            return known
        children = {name: self._folder(c) if c.kind is FileKind.DIR else _file(c) for name, c in entry.children.items()}
        value: dict[str, Any] = {"m": entry.mode, "t": entry.mtime_ns, "c": children}
        for key, item in (("x", entry.xattrs), ("u", entry.unreadable)):
            if item:
                value[key] = item
        self.folders.append(value)
        self._kept.append(entry)
        self._known[id(entry)] = len(self.folders) - 1
        return len(self.folders) - 1


class TreeReader:
    """Reads back what a `TreeWriter` wrote."""

    def __init__(self, folders: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> None:
        self._texts, self._entries = texts, list[FileEntry]()
        for value in folders:               # children stand before their parents
            children = {name: self._entries[c] if isinstance(c, int) else _entry(c) for name, c in value["c"].items()}
            entry = directory(children, value["m"], value["t"], unreadable=value.get("u", ""))
            if "x" in value:
                entry = dataclasses.replace(entry, xattrs=_xattrs(value["x"]))
            self._entries.append(entry)

    def snapshot(self, value: Mapping[str, Any]) -> ContextSnapshot:
        """The snapshot that `TreeWriter.snapshot` described."""
        texts = {digest: self._texts[digest] for digest in value["texts"]}
        return ContextSnapshot(self._entries[value["tree"]], value["origin"], texts, not value.get("unknown"))


def _file(entry: FileEntry) -> Any:
    if entry.kind is FileKind.SYMLINK:
        return {"l": entry.link, "t": entry.mtime_ns}
    if entry.kind is FileKind.OTHER:
        return {"o": entry.mode, "t": entry.mtime_ns}
    more = {key: item for key, item in (("x", entry.xattrs), ("i", entry.inode), ("u", entry.unreadable)) if item}
    row: list[Any] = [entry.digest, entry.size, entry.mode, entry.mtime_ns, *(stamp_of(entry) or ())]
    return [*row, more] if more else row


def _entry(value: Any) -> FileEntry:
    if isinstance(value, dict):
        if "l" in value:
            return symlink(value["l"], value["t"])
        return FileEntry(FileKind.OTHER, value["o"], 0, Digest(""), value["t"], "", 0, 0, (), 0, "", {}, {})
    more = value.pop() if isinstance(value[-1], dict) else {}
    digest, size, mode, mtime_ns, *stamp = value
    entry = regular_file(Digest(digest), size, mode, mtime_ns, xattrs=_xattrs(more.get("x", ())),
                         inode=more.get("i", 0), unreadable=more.get("u", ""))
    return with_stamp(entry, (stamp[0], stamp[1]) if stamp else None)


def _xattrs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in value)


@functools.cache
def _defaults(kind: Hashable) -> list[tuple[str, Any]]:
    return [(f.name, f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default)
            for f in dataclasses.fields(cast(type[Any], kind))]


@functools.cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cast(type[Any], kind))


def _read(kind: Any, value: Any) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(next(a for a in args if a is not type(None)), value)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_read(args[0], item) for item in value)
        return tuple(_read(arg, item) for arg, item in zip(args, value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {_read(args[0], key): _read(args[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        made = cast(type[Any], kind)
        known: dict[str, Any] = _hints(cast(Hashable, made))
        return made(**{name: _read(known[name], item) for name, item in value.items() if name in known})
    if kind in (Any, object):
        return tuple(_read(object, item) for item in value) if isinstance(value, list) else value
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    if isinstance(kind, type) and issubclass(kind, str):
        if not isinstance(value, str):
            raise TypeError(f"text expected, not {value!r}")
        return kind(value)
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected, not {value!r}")
    return value
