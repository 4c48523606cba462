"""What does the window need to know of a project before it can show it, and how is a Dockerfile written back?"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cachesim.context.snapshot import ContextSnapshot, FileKind
from cachesim.errors import InputError
from cachesim.progress import Progress
from cachesim.project.open import ProjectInfo, ignore_of, load_state, read_dockerfile
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

__all__ = ["Opened", "OnDisk", "look_again", "open_project", "write_atomically", "write_files"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A project as it was found."""

    info: ProjectInfo
    state: ProjectState
    timeline: Timeline
    note: str = ""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What lies on disk at the moment; `text` None: the Dockerfile cannot be read."""

    text: str | None
    context: ContextSnapshot


def open_project(info: ProjectInfo, progress: Progress) -> Opened:
    """Read a project."""
    note = read_dockerfile(info.dockerfile).note
    state = load_state(info, progress=progress)
    return Opened(info, state, Timeline(), note)


def look_again(info: ProjectInfo, before: ContextSnapshot, progress: Progress) -> OnDisk:
    """Read what changed."""
    from cachesim.context.scan import scan_context
    try:
        text: str | None = read_dockerfile(info.dockerfile).text
    except InputError:
        text = None
    return OnDisk(text, scan_context(info.context_dir, ignore=ignore_of(info), previous=before, progress=progress))


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step; its permissions stay, a link is followed."""
    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def write_files(folder: Path, context: ContextSnapshot, paths: Sequence[str],
                bytes_of: Callable[[str], bytes | None]) -> None:
    """Write edited context files to disk: content, permissions, deletions.

    Raises:
        InputError: For the first one that cannot be written.
    """
    for path in paths:
        target, entry = folder / path, context.get(path)
        try:
            if entry is None:
                target.unlink(missing_ok=True)
            elif entry.kind is FileKind.FILE:
                data = bytes_of(path)
                if data is None:
                    raise InputError("its new content is not known", path, "Edit it again")
                target.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(target, data)
                os.chmod(target, entry.mode)
                os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))
            elif entry.is_dir:
                target.mkdir(parents=True, exist_ok=True)
                os.chmod(target, entry.mode)
        except OSError as error:
            raise InputError((error.strerror or str(error)).lower(), str(target), "Check the permissions") from error
