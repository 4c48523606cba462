"""What does the window read of a project before it can show it, and how do edited files get back to disk?"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from cachesim.assets import Sample
from cachesim.context.scan import read_regular_file
from cachesim.context.snapshot import ContextSnapshot, FileKind
from cachesim.digest import digest_of_bytes
from cachesim.errors import InputError
from cachesim.progress import Progress
from cachesim.project.blobs import BlobStore
from cachesim.project.folders import data_dir, write_atomically
from cachesim.project.open import ProjectInfo, dockerfiles_in, read_dockerfile, scan_project
from cachesim.project.prepared import Prepared, prepared_of
from cachesim.project.start import Started, StartKind, built, start_project
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

__all__ = ["OnDisk", "Opened", "bytes_of", "context_of_draft", "copy_of_sample", "look_again", "new_draft", "open_project",
           "write_files"]

_NO_FILES = "no-files"


@dataclass(frozen=True, slots=True)
class Opened:
    """A project as it was found.

    Attributes:
        state: What to show.
        prepared: The edits of a sample.
        fresh: It is a sample that nobody opened yet: its first edit is to be made.
    """

    started: Started
    state: ProjectState
    timeline: Timeline
    prepared: Prepared | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What lies on disk at the moment; `text` None: the Dockerfile cannot be read."""

    text: str | None
    context: ContextSnapshot


def open_project(info: ProjectInfo, blobs: BlobStore, commit: str, progress: Progress) -> Opened:
    """Read a project, and what is prepared for a shipped sample; `commit` names the one whose build starts it."""
    if info.has_files:          # of one that was named alone, too: the others of its context are a click away
        info = replace(info, dockerfiles=tuple(dict.fromkeys((*dockerfiles_in(info.context_dir), info.dockerfile))))
    started = start_project(info, blobs, kind=StartKind.HEAD if commit else None, revision=commit or "HEAD",
                            progress=progress)
    if info.context_dir.parent != data_dir() / "samples":
        return Opened(started, started.state, started.timeline)
    prepared = prepared_of(info.context_dir / "scenario.json")
    if prepared is None or started.kind is not StartKind.DISK:
        return Opened(started, started.state, started.timeline, prepared)
    state = prepared.at_first(started.state)
    timeline = built(Timeline(origin=started.timeline.origin), "First build", state, progress)
    return Opened(started, state, timeline, prepared, fresh=True)


def new_draft() -> tuple[Path, Path]:
    """An empty Dockerfile that belongs to no folder yet, and a context for it that is not there.

    Raises:
        InputError: If it cannot be written.
    """
    number = next(n for n in count(1) if not (_drafts() / str(n)).exists())
    dockerfile = _drafts() / str(number) / "Dockerfile"
    write_atomically(dockerfile, b"")
    return dockerfile, dockerfile.parent / _NO_FILES


def context_of_draft(path: Path) -> Path | None:
    """The context of a draft that is opened again; None if the path is another file."""
    return path.parent / _NO_FILES if path.parent.parent == _drafts() else None


def _drafts() -> Path:
    return data_dir() / "drafts"


def look_again(info: ProjectInfo, before: ContextSnapshot, progress: Progress) -> OnDisk:
    """Read what changed."""
    try:
        text: str | None = read_dockerfile(info.dockerfile).text
    except InputError:
        text = None
    return OnDisk(text, scan_project(info, before, progress))


def copy_of_sample(sample: Sample) -> Path:
    """The person's own copy of a shipped sample; made if there is none.

    Raises:
        InputError: If it cannot be copied.
    """
    import shutil
    folder = data_dir() / "samples" / sample.name
    if not folder.exists():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(sample.folder, folder, symlinks=True)
        except OSError as error:
            raise InputError(f"the sample cannot be copied ({error})", str(folder), "Check the permissions") from error
    return folder


def bytes_of(context: ContextSnapshot, path: str, blobs: BlobStore, folder: Path | None) -> bytes | None:
    """The content of a context file, edited in thought or on disk in `folder`; None if nobody can read it."""
    entry = context.get(path)
    if entry is None or not entry.digest:
        return None
    kept = blobs.get(entry.digest)
    if kept is not None or folder is None:
        return kept
    try:
        data = read_regular_file(str(folder / path))
    except OSError:
        return None
    return data if digest_of_bytes(data) == entry.digest else None


def write_files(folder: Path, context: ContextSnapshot, paths: Sequence[str],
                bytes_of: Callable[[str], bytes | None]) -> None:
    """Write edited context files to disk: content, permissions, times, deletions.

    Raises:
        InputError: For the first one that cannot be written.
    """
    for path in paths:
        target, entry = folder / path, context.get(path)
        try:
            if entry is None:
                target.unlink(missing_ok=True)
            elif entry.is_dir:
                target.mkdir(parents=True, exist_ok=True)
                os.chmod(target, entry.mode)
            elif entry.kind is FileKind.FILE:
                data = bytes_of(path)
                if data is None:
                    raise InputError("its new content was only pretended", path, "Edit its text, then save it")
                write_atomically(target, data, entry.mode)
                os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))
        except OSError as error:
            raise InputError((error.strerror or str(error)).lower(), str(target), "Check the permissions") from error
