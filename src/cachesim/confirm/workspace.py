"""How does a context that exists only as values become a folder that a real build can read?"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, directory, os_bytes
from cachesim.digest import Digest, digest_of_bytes
from cachesim.errors import CachesimError, ContextError, InputError
from cachesim.progress import SILENT, Progress

__all__ = ["Contents", "FolderContents", "Workspace", "bytes_by_digest", "disk_matches", "disk_trouble", "remove_tree"]

_FICLONE = 0x40049409
_SMALL = 16 * 1024


class Contents:
    """Where the bytes of a file come from: a file on disk that has them, or the bytes themselves."""

    def path_of(self, path: str, entry: FileEntry) -> Path | None:
        """A file on disk that (by size and time) still holds this entry's bytes, or None."""
        return None

    def bytes_of(self, path: str, entry: FileEntry) -> bytes:
        """The bytes.

        Raises:
            ContextError: If nobody has them any more.
        """
        raise ContextError(path, "its content is not known any more",
                           "Refresh the files of the project, then confirm again")


@dataclass(frozen=True, slots=True)
class FolderContents(Contents):
    """The files of a project folder as long as they are unchanged, and remembered bytes for all others.

    Attributes:
        remembered: Digest to bytes, None where unknown (edits that exist only in the app, older builds).
    """

    root: Path | None = None
    remembered: Callable[[Digest], bytes | None] = lambda _: None

    def path_of(self, path: str, entry: FileEntry) -> Path | None:
        if self.root is None or not entry.digest:
            return None
        place = self.root / path
        try:
            seen = place.lstat()
        except OSError:
            return None
        same = stat.S_ISREG(seen.st_mode) and seen.st_size == entry.size and seen.st_mtime_ns == entry.mtime_ns
        return place if same else None

    def bytes_of(self, path: str, entry: FileEntry) -> bytes:
        found = self.remembered(entry.digest)
        if found is None and self.root is not None:
            with contextlib.suppress(OSError):
                found = (self.root / path).read_bytes()
        if found is None or digest_of_bytes(found) != entry.digest:
            raise ContextError(path, "its content is not known any more",
                               "It was changed on disk since it was read: refresh the files, then confirm again")
        return found


def bytes_by_digest(snapshots: Iterable[ContextSnapshot], contents: Contents) -> Callable[[Digest], bytes | None]:
    """Ask for the bytes of any file of these contexts by its digest alone; None where nobody has them."""
    places = {entry.digest: (path, entry) for snapshot in snapshots for path, entry in snapshot.walk() if entry.digest}

    def find(digest: Digest) -> bytes | None:
        path, entry = places.get(digest, ("", None))
        if entry is None:
            return None
        try:
            place = contents.path_of(path, entry)
            data = place.read_bytes() if place is not None else contents.bytes_of(path, entry)
        except (OSError, ContextError):
            return None
        return data if digest_of_bytes(data) == digest else None
    return find


class Workspace:
    """A folder of its own that holds one snapshot at a time; `apply` moves it to the next with the fewest writes.

    Files keep mode, links and modification times, so an unchanged file stays what it is and only an edited one looks
    new to the engine. Bytes are cloned (reflink) or hard-linked from the project where the file system can, else
    copied. A hard link is never written to and never gets another mode or time: these belong to the user's file too.
    """

    def __init__(self, root: Path, contents: Contents, *, link: bool = True) -> None:
        self.root = root
        self._contents = contents
        self._link = link
        self._tree = directory()
        self.written, self.linked = 0, 0
        root.mkdir(parents=True, exist_ok=True)

    def apply(self, snapshot: ContextSnapshot, progress: Progress = SILENT) -> None:
        """Make the folder hold this snapshot.

        Raises:
            ContextError: A file cannot be made (unknown content, an unsafe name).
            CachesimError: The disk is full or cannot be written.
            Cancelled: When nobody waits any more.
        """
        try:
            self._update(self.root, "", self._tree, snapshot.tree, progress)
        except OSError as error:
            raise disk_trouble(error, self.root) from error
        self._tree = snapshot.tree

    def remove(self) -> None:
        """Delete the folder with everything in it."""
        remove_tree(self.root)

    def _update(self, place: Path, prefix: str, old: FileEntry, new: FileEntry, progress: Progress) -> None:
        progress.step(self.written + self.linked, 0)
        if not _writable(place):
            place.chmod(0o700)
        for name in old.children.keys() - new.children.keys():
            _delete(place / name)
        for name, child in new.children.items():
            before = old.children.get(name)
            if before is child or before == child:
                continue
            _check(name, f"{prefix}{name}")
            target = place / name
            if child.is_dir:
                if before is None or not before.is_dir:
                    _delete(target)
                    target.mkdir(0o700)
                    before = directory()
                self._update(target, f"{prefix}{name}/", before, child, progress)
            else:
                if before is not None:
                    _delete(target)
                self._make(target, f"{prefix}{name}", child)
        if prefix:
            _finish(place, new)

    def _make(self, target: Path, path: str, entry: FileEntry) -> None:
        if entry.kind is FileKind.SYMLINK:
            os.symlink(entry.link, target)
            os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)
        elif entry.kind is FileKind.OTHER:
            os.mkfifo(target, entry.mode)
        elif not entry.digest:
            if entry.unreadable:
                raise ContextError(path, entry.unreadable, "Make it readable, or name it in .dockerignore")
        elif not self._from_disk(target, path, entry):
            target.write_bytes(self._contents.bytes_of(path, entry))
            self.written += 1
            _finish(target, entry)

    def _from_disk(self, target: Path, path: str, entry: FileEntry) -> bool:
        source = self._contents.path_of(path, entry)
        if source is None:
            return False
        if self._link and entry.size > _SMALL and _clone(source, target):
            _finish(target, entry)
        elif self._link and _hard_link(source, target, entry):
            pass
        else:
            shutil.copyfile(source, target, follow_symlinks=False)
            self.written += 1
            _finish(target, entry)
            return True
        self.linked += 1
        return True


def _check(name: str, path: str) -> None:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ContextError(path, "such a name would leave the folder of the build")


def _writable(place: Path) -> bool:
    return place.stat().st_mode & 0o700 == 0o700


def _delete(place: Path) -> None:
    if place.is_symlink() or not place.is_dir():
        place.unlink(missing_ok=True)
    else:
        remove_tree(place)


def _finish(target: Path, entry: FileEntry) -> None:
    for name, value in entry.xattrs:
        if hasattr(os, "setxattr") and name.startswith("user."):
            with contextlib.suppress(OSError):
                os.setxattr(target, name, value.encode("utf-8", "surrogateescape"))
    target.chmod(entry.mode)
    os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))


def _clone(source: Path, target: Path) -> bool:
    """Share the bytes copy-on-write where the file system can."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl
    try:
        with source.open("rb") as old, target.open("xb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        return True
    except OSError:
        target.unlink(missing_ok=True)
        return False


def _hard_link(source: Path, target: Path, entry: FileEntry) -> bool:
    """Give the user's own file a second name; only if it already looks exactly as wanted."""
    if stat.S_IMODE(source.lstat().st_mode) != entry.mode:
        return False
    try:
        os.link(source, target, follow_symlinks=False)
        return True
    except OSError:
        return False


def remove_tree(root: Path) -> None:
    """Delete a folder with everything below; unwritable folders are made writable first, links are not followed."""
    if root.is_symlink() or not root.exists():
        return
    for parent, folders, _ in os.walk(root):
        for name in (".", *folders):
            place = Path(parent) / name
            if not place.is_symlink():
                with contextlib.suppress(OSError):
                    place.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)


def disk_trouble(error: OSError, place: Path) -> CachesimError:
    """The sentence for a disk that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InputError("the disk is full", str(place), "Free some space, or set TMPDIR to another disk")
    return InputError(error.strerror or str(error), str(error.filename or place), "Check that it can be written")


def disk_matches(root: Path, snapshot: ContextSnapshot) -> bool:
    """Whether a folder on disk (by kinds, sizes, times, modes and links) is what the snapshot says.

    Ignored files that were not read count by their existence alone.
    """
    return all(_looks_like(root / os.fsdecode(os_bytes(path)), entry) for path, entry in snapshot.walk())


def _looks_like(place: Path, entry: FileEntry) -> bool:
    try:
        seen = place.lstat()
    except OSError:
        return False
    if entry.kind is FileKind.SYMLINK:
        return stat.S_ISLNK(seen.st_mode) and os.readlink(place) == entry.link
    if entry.is_dir:
        return stat.S_ISDIR(seen.st_mode)
    if entry.kind is FileKind.FILE and entry.digest:
        return (stat.S_ISREG(seen.st_mode) and seen.st_size == entry.size and seen.st_mtime_ns == entry.mtime_ns
                and stat.S_IMODE(seen.st_mode) == entry.mode)
    return True
