"""Which files lie in a folder on disk, and what is in them?

The only reader of context files. Owner and group are 0 in every entry, because the transfer to the engine sets them so.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import (
    ContextSnapshot,
    FileEntry,
    FileKind,
    directory,
    is_ignore_file,
    regular_file,
    symlink,
)
from cachesim.digest import Digest, digest_of_bytes
from cachesim.errors import Cancelled, ContextError
from cachesim.progress import SILENT, Progress

__all__ = ["read_regular_file", "scan_context", "stamp_of", "with_stamp"]

_STAMP = "cachesim.scan.stamp"      # memo key: (inode, ctime_ns) at the time the bytes were read
_CHUNK = 1 << 20
_BATCH_FILES, _BATCH_BYTES = 256, 8 << 20
_WORKERS = 2                        # more only fight for the interpreter lock
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NOTHING = Digest("")


@dataclass(slots=True)
class _Folder:
    """A directory whose children are still being collected."""

    path: str                       # on disk
    prefix: str                     # inside the context, "" or "…/"
    info: os.stat_result
    before: FileEntry | None
    excluded: bool = False          # it and everything below
    unreadable: str = ""
    gone: bool = False
    entry: FileEntry | None = None  # once all below is known
    children: dict[str, FileEntry] = field(default_factory=dict)
    folders: list[tuple[str, _Folder]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A regular file whose bytes are still to be read."""

    folder: _Folder
    name: str
    info: os.stat_result


def scan_context(root: Path, *, ignore: IgnoreMatcher | None = None, previous: ContextSnapshot | None = None,
                 progress: Progress = SILENT) -> ContextSnapshot:
    """Read a folder.

    Args:
        ignore: Files that it excludes are listed, but not read (digest ""); ignore files always are.
        previous: An earlier scan of the folder. A file with the same size, times and inode is not read again, and
            entries that did not change are the same objects (what was derived from them stays valid).
        progress: Counts files, big ones once per MiB; the total is 0 while files are still being found.
    Raises:
        ContextError: If the folder itself cannot be read. A file that cannot be read is in the snapshot and says why.
        Cancelled: When nobody waits any more.
    """
    top = os.path.abspath(root)
    try:
        info = os.stat(top)
    except OSError as error:
        raise ContextError(top, _reason(error), "Choose another folder") from None
    if not stat.S_ISDIR(info.st_mode):
        raise ContextError(top, "is not a folder", "Choose the folder that holds the Dockerfile")
    scan = _Scan(ignore, previous.texts if previous is not None else {}, progress)
    try:
        tree = scan.run(_Folder(top, "", info, previous.tree if previous is not None else None))
    finally:
        scan.close()
    if previous is not None and previous.tree is tree and previous.origin == top:
        return previous
    return ContextSnapshot(tree, top, scan.texts)


def read_regular_file(path: str) -> bytes:
    """The bytes of a regular file; OSError for anything else (links are not followed)."""
    fd = os.open(path, _OPEN)
    with open(fd, "rb", closefd=True) as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", path)
        return file.read()


def stamp_of(entry: FileEntry) -> tuple[int, int] | None:
    """Inode and ctime of the file when its bytes were read; None if that is not known or cannot be trusted."""
    stamp: tuple[int, int] | None = entry.memo.get(_STAMP)
    return stamp


def with_stamp(entry: FileEntry, stamp: tuple[int, int] | None) -> FileEntry:
    """Note a remembered stamp in an entry that was just made from a saved file."""
    if stamp is not None:
        entry.memo[_STAMP] = stamp
    return entry


class _Scan:
    """One run of the scanner: the calling thread lists folders, a few workers read files."""

    def __init__(self, ignore: IgnoreMatcher | None, known_texts: Mapping[str, str], progress: Progress) -> None:
        self._ignore, self._known_texts, self._progress = ignore, known_texts, progress
        self.texts: dict[str, str] = {}     # of ignore files, by digest
        # Without exceptions ("!…") everything below an excluded folder is excluded too.
        self._prune = ignore is not None and not any(p.exception for p in ignore.patterns)
        self._pool = ThreadPoolExecutor(_WORKERS, "scan")
        self._running: set[Future[list[tuple[_Unread, FileEntry | None]]]] = set()
        self._batch: list[_Unread] = []
        self._batch_bytes = 0
        self._listed = self._done = self._reported = 0
        self._stop = False
        self._has_xattrs = hasattr(os, "listxattr")
        self._now = time.time_ns()

    def close(self) -> None:
        self._stop = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, root: _Folder) -> FileEntry:
        found, at = [root], 0
        while at < len(found):
            self._list(found[at])
            found.extend(folder for _, folder in found[at].folders)
            at += 1
            self._progress.step(self._done, 0)
        self._submit()
        while self._running:
            ready, self._running = wait(self._running, timeout=0.05, return_when=FIRST_COMPLETED)
            for future in ready:
                self._take(future)
            self._progress.step(min(self._done, self._listed), self._listed)
        for folder in reversed(found):      # children before parents
            for name, child in folder.folders:
                if child.entry is not None:
                    folder.children[name] = child.entry
            if not folder.gone:
                folder.entry = self._entry_of(folder)
        if root.entry is None:
            raise ContextError(root.path, "was deleted while it was read", "Choose another folder")
        return root.entry

    def _list(self, folder: _Folder) -> None:
        old = folder.before.children if folder.before is not None else {}
        try:
            with os.scandir(folder.path) as items:
                names = list(items)
        except FileNotFoundError:
            folder.gone = True
            return
        except OSError as error:
            folder.unreadable = _reason(error)
            return
        for item in names:
            name, path = item.name, folder.prefix + item.name
            try:
                info = item.stat(follow_symlinks=False)
                kind = stat.S_IFMT(info.st_mode)
                before = old.get(name)
                if kind == stat.S_IFDIR:
                    excluded = folder.excluded or (self._prune and self._excluded(path))
                    folder.folders.append((name, _Folder(item.path, path + "/", info, before, excluded)))
                elif kind == stat.S_IFREG and is_ignore_file(name):
                    self._ignore_file(folder, name, info, before)
                elif kind == stat.S_IFREG:
                    self._file(folder, name, info, before, folder.excluded or self._excluded(path))
                elif kind == stat.S_IFLNK:
                    link = symlink(os.readlink(item.path), info.st_mtime_ns)
                    if self._has_xattrs and (xattrs := self._xattrs(item.path)):
                        link = replace(link, xattrs=xattrs)
                    folder.children[name] = before if before == link and before is not None else link
                else:
                    other = FileEntry(FileKind.OTHER, info.st_mode & 0o7777, 0, _NOTHING, info.st_mtime_ns, "",
                                      0, 0, (), 0, "", {}, {})
                    folder.children[name] = before if before == other and before is not None else other
            except FileNotFoundError:
                continue                    # gone since the folder was listed
            except OSError as error:
                folder.children[name] = regular_file(_NOTHING, 0, unreadable=_reason(error))

    def _excluded(self, path: str) -> bool:
        return self._ignore is not None and self._ignore.excluded(path)

    def _file(self, folder: _Folder, name: str, info: os.stat_result, before: FileEntry | None, excluded: bool) -> None:
        if before is not None and self._still(before, info) and (before.digest
                                                                 or (excluded and not before.unreadable)):
            folder.children[name] = before
        elif excluded:
            folder.children[name] = self._made(folder, name, info, _NOTHING, info.st_size)
        else:
            self._listed += 1 + info.st_size // _CHUNK
            self._batch.append(_Unread(folder, name, info))
            self._batch_bytes += info.st_size
            if len(self._batch) >= _BATCH_FILES or self._batch_bytes >= _BATCH_BYTES:
                self._submit()

    @staticmethod
    def _still(before: FileEntry, info: os.stat_result) -> bool:
        """Whether the file is the one that was read before, with the same bytes and permissions."""
        return (before.kind is FileKind.FILE and before.size == info.st_size and before.mtime_ns == info.st_mtime_ns
                and before.memo.get(_STAMP) == (info.st_ino, info.st_ctime_ns) and before.mode == info.st_mode & 0o7777
                and before.inode == (info.st_ino if info.st_nlink > 1 else 0))

    def _ignore_file(self, folder: _Folder, name: str, info: os.stat_result, before: FileEntry | None) -> None:
        entry = before if before is not None and self._still(before, info) else None
        text = self._known_texts.get(entry.digest) if entry is not None else None
        if entry is None or text is None:
            data = read_regular_file(f"{folder.path}/{name}")
            entry = self._made(folder, name, info, digest_of_bytes(data), len(data))
            text = data.decode("utf-8", "surrogateescape")
        folder.children[name], self.texts[entry.digest] = entry, text

    def _submit(self) -> None:
        if self._batch:
            self._running.add(self._pool.submit(self._read, self._batch))
            self._batch, self._batch_bytes = [], 0

    def _take(self, future: Future[list[tuple[_Unread, FileEntry | None]]]) -> None:
        for unread, entry in future.result():
            if entry is not None:
                unread.folder.children[unread.name] = entry

    def _read(self, batch: list[_Unread]) -> list[tuple[_Unread, FileEntry | None]]:
        result: list[tuple[_Unread, FileEntry | None]] = []
        done = 0
        for unread in batch:
            info = unread.info
            try:
                digest, size = _hash(f"{unread.folder.path}/{unread.name}", info.st_size, self._big_step)
                entry: FileEntry | None = self._made(unread.folder, unread.name, info, digest, size)
            except FileNotFoundError:
                entry = None
            except OSError as error:
                entry = regular_file(_NOTHING, info.st_size, stat.S_IMODE(info.st_mode), info.st_mtime_ns,
                                     unreadable=_reason(error))
            result.append((unread, entry))
            done += 1
        self._done += done
        return result

    def _big_step(self) -> None:
        if self._stop or self._progress.cancelled:
            raise Cancelled("cancelled")
        self._done += 1                     # only shown: a lost count of two threads does no harm

    def _made(self, folder: _Folder, name: str, info: os.stat_result, digest: Digest, size: int) -> FileEntry:
        entry = regular_file(digest, size, info.st_mode & 0o7777, info.st_mtime_ns,
                             xattrs=self._xattrs(f"{folder.path}/{name}") if self._has_xattrs else (),
                             inode=info.st_ino if info.st_nlink > 1 else 0)
        if size == info.st_size and not _just_written(info, self._now):
            entry.memo[_STAMP] = (info.st_ino, info.st_ctime_ns)
        return entry

    def _entry_of(self, folder: _Folder) -> FileEntry:
        old, info = folder.before, folder.info
        mode = info.st_mode & 0o7777
        xattrs = self._xattrs(folder.path) if self._has_xattrs else ()
        if (old is not None and old.is_dir and old.mode == mode and old.mtime_ns == info.st_mtime_ns
                and old.xattrs == xattrs and old.unreadable == folder.unreadable
                and len(old.children) == len(folder.children)
                and all(old.children.get(name) is child for name, child in folder.children.items())):
            return old
        entry = directory(folder.children, mode, info.st_mtime_ns, unreadable=folder.unreadable)
        return replace(entry, xattrs=xattrs) if xattrs else entry

    def _xattrs(self, path: str) -> tuple[tuple[str, str], ...]:
        """The attributes that the engine's checksum counts; one that may not be read is not sent either.

        Source: tonistiigi/fsutil stat_unix.go, BuildKit cache/contenthash/tarsum.go v1TarHeaderSelect.
        """
        try:
            names = os.listxattr(path, follow_symlinks=False)
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                self._has_xattrs = False
            return ()
        found = []
        for name in sorted(names) if names else ():
            if name == "security.capability" or not name.startswith(("security.", "system.")):
                with contextlib.suppress(OSError):
                    found.append((name, os.fsdecode(os.getxattr(path, name, follow_symlinks=False))))
        return tuple(found)


def _hash(path: str, size: int, step: Callable[[], None]) -> tuple[Digest, int]:
    fd = os.open(path, _OPEN)
    try:
        if size < _CHUNK:
            data = os.read(fd, size + 1)
            if len(data) == size:
                return Digest(hashlib.sha256(data).hexdigest()), size
            os.lseek(fd, 0, os.SEEK_SET)    # it changed since it was listed
        digest, total, buffer = hashlib.sha256(), 0, bytearray(_CHUNK)
        with open(fd, "rb", buffering=0, closefd=False) as file:
            while count := file.readinto(buffer):
                digest.update(memoryview(buffer)[:count])
                total += count
                step()
        return Digest(digest.hexdigest()), total
    finally:
        os.close(fd)


def _just_written(info: os.stat_result, now: int) -> bool:
    """Whether the file could change again without its times showing it (clocks of file systems are coarse)."""
    grain = 2_000_000_000 if info.st_ctime_ns % 1_000_000_000 == 0 else 50_000_000
    return info.st_ctime_ns > now - grain


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
