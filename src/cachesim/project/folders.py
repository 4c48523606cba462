"""Where does cachesim keep its files, and how is one written so that a crash leaves the old or the new one?"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cachesim.errors import InputError

__all__ = ["data_dir", "locked", "set_aside", "write_atomically"]

_LOCK_PATIENCE = 10.0


def data_dir() -> Path:
    """The platform's folder for this user's data (CACHESIM_DATA_DIR names another one)."""
    named = os.environ.get("CACHESIM_DATA_DIR")
    if named:
        return Path(named)
    import platformdirs
    return Path(platformdirs.user_data_dir("cachesim", appauthor=False))


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Replace a file in one step; its folder is made if it is missing.

    Raises:
        InputError: If it cannot be written; the old file is untouched then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with open(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode if mode is not None else _mode_of(path))
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise InputError(f"cannot be written ({(error.strerror or str(error)).lower()})", str(path),
                         "Check the permissions and the free space") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes (a file beside `path`) for the length of the block.

    Raises:
        InputError: If another process holds it for more than ten seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "ab") as file:
        until = time.monotonic() + _LOCK_PATIENCE
        while not _try_lock(file.fileno()):
            if time.monotonic() > until:
                raise InputError("is in use by another cachesim", str(path), "Close it and try again")
            time.sleep(0.02)
        try:
            yield
        finally:
            _unlock(file.fileno())


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that a new one can be written; returns its new name."""
    for number in range(1000):
        aside = path.with_name(f"{path.name}.damaged" + (f"-{number}" if number else ""))
        if not aside.exists():
            os.replace(path, aside)
            return aside
    path.unlink()
    return path


def _mode_of(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o7777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):      # not possible everywhere
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


if os.name == "nt":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

    def _unlock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
