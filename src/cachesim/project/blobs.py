"""Which bytes belong to this digest? Kept for what lies on no disk any more: edits, old states, files of a commit."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from cachesim.context.scan import read_regular_file
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind
from cachesim.digest import Digest, digest_of_bytes
from cachesim.project.folders import data_dir, set_aside

__all__ = ["BlobStore"]

_FORMAT = 1
_SMALL = 256 << 10              # a disk file up to this size is remembered when it is built
_SNAPSHOT = 64 << 20            # … as long as all of one context fit into this
_BOUND = 512 << 20


class BlobStore:
    """Contents by digest: a dictionary in front of one database that all projects and processes share.

    Without a folder it lives in memory only. Safe to use from any thread. When more than `bound` bytes are kept, the
    oldest are dropped.
    """

    def __init__(self, folder: Path | None = None, *, bound: int = _BOUND) -> None:
        self.message = ""               # what a person should know: a damaged file was set aside
        self._memory: dict[Digest, bytes] = {}
        self._path = folder / "blobs.sqlite" if folder is not None else None
        self._bound = bound
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    @classmethod
    def of_user(cls) -> BlobStore:
        """The store in this user's data folder."""
        return cls(data_dir())

    @property
    def lasting(self) -> bool:
        """Whether it is meant to outlive the process."""
        return self._path is not None

    def put(self, data: bytes) -> Digest:
        """Keep some bytes."""
        digest = digest_of_bytes(data)
        self.put_many({digest: data})
        return digest

    def put_many(self, contents: Mapping[Digest, bytes]) -> None:
        """Keep many at once; a disk that is full or read-only costs only the memory of it after a restart."""
        with self._lock:
            database = self._open()
            if database is None:
                self._memory.update(contents)
                return
            now = int(time.time())
            try:
                with database:
                    database.executemany("INSERT INTO blobs VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = ?",
                                         ((digest, data, now, now) for digest, data in contents.items()))
                    self._drop_old(database)
            except sqlite3.Error:
                self._memory.update(contents)

    def get(self, digest: Digest) -> bytes | None:
        """The bytes of a digest, or None if they are not kept."""
        with self._lock:
            data = self._memory.get(digest)
            database = self._open() if data is None else None
            if database is not None:
                with contextlib.suppress(sqlite3.Error):
                    row = database.execute("SELECT data FROM blobs WHERE digest = ?", (digest,)).fetchone()
                    data = bytes(row[0]) if row is not None else None
            return data if data is None or digest_of_bytes(data) == digest else None

    def known(self, digests: Iterable[Digest]) -> set[Digest]:
        """Which of these are kept."""
        wanted = set(digests)
        with self._lock:
            found = wanted & self._memory.keys()
            database = self._open()
            if database is not None:
                with contextlib.suppress(sqlite3.Error):
                    rest = list(wanted - found)
                    for at in range(0, len(rest), 500):
                        part = rest[at:at + 500]
                        marks = ",".join("?" * len(part))
                        rows = database.execute(f"SELECT digest FROM blobs WHERE digest IN ({marks})", part)
                        found |= {Digest(row[0]) for row in rows}
            return found

    def remember(self, context: ContextSnapshot, folder: Path) -> int:
        """Keep the small files of a context that lie in `folder` with these very bytes, so that this state can be
        built again after they changed; returns how many were added."""
        wanted = list(_small_files(context.tree, ""))
        known = self.known(entry.digest for _, entry in wanted)
        contents: dict[Digest, bytes] = {}
        room = _SNAPSHOT
        for path, entry in sorted(wanted, key=lambda item: item[1].size):
            room -= entry.size
            if room < 0:
                break
            if entry.digest not in known and entry.digest not in contents:
                with contextlib.suppress(OSError):
                    data = read_regular_file(f"{folder}/{path}")
                    if digest_of_bytes(data) == entry.digest:
                        contents[entry.digest] = data
        if contents:
            self.put_many(contents)
        return len(contents)

    def reader(self, context: ContextSnapshot, folder: Path) -> Callable[[str], bytes | None]:
        """Reads files of a context by path: what lies in `folder` with these very bytes, else what is kept of them."""
        def read(path: str) -> bytes | None:
            entry = context.get(path)
            if entry is None or entry.kind is not FileKind.FILE or not entry.digest:
                return None
            with contextlib.suppress(OSError):
                data = read_regular_file(f"{folder}/{path}")
                if digest_of_bytes(data) == entry.digest:
                    return data
            return self.get(entry.digest)
        return read

    def close(self) -> None:
        """Close the database; the store can still be used."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> sqlite3.Connection | None:
        if self._database is None and self._path is not None:
            try:
                self._database = _connect(self._path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):     # read-only, full: work in memory
                    self._path = None
                else:
                    self.message = f"{self._path} was damaged and is set aside as {set_aside(self._path).name}"
                    self._database = _connect(self._path)
            except OSError:
                self._path = None
        return self._database

    def _drop_old(self, database: sqlite3.Connection) -> None:
        (total,) = database.execute("SELECT coalesce(sum(length(data)), 0) FROM blobs").fetchone()
        if total <= self._bound:
            return
        for digest, size in database.execute("SELECT digest, length(data) FROM blobs ORDER BY used, rowid").fetchall():
            if total <= self._bound * 3 // 4:
                break
            database.execute("DELETE FROM blobs WHERE digest = ?", (digest,))
            total -= size


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        with database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, _FORMAT):
                raise sqlite3.OperationalError("written by another version")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("CREATE TABLE IF NOT EXISTS blobs (digest TEXT PRIMARY KEY, data BLOB, used INTEGER)")
            database.execute(f"PRAGMA user_version = {_FORMAT}")
    except BaseException:
        database.close()
        raise
    return database


def _small_files(tree: FileEntry, prefix: str) -> Iterator[tuple[str, FileEntry]]:
    for name, entry in tree.children.items():
        if entry.is_dir:
            yield from _small_files(entry, f"{prefix}{name}/")
        elif entry.kind is FileKind.FILE and entry.digest and entry.size <= _SMALL:
            yield prefix + name, entry
