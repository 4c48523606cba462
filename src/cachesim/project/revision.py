"""How did this folder look at a commit, if everything that git does not track was as it is now?

Tracked files are taken in the commit's version, files that it lacks and that git does not ignore are left out; ignored
files and `.git` stay as they are on disk. So a difference to the disk is a change since that commit and nothing else.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cachesim.context.snapshot import ContextSnapshot, FileEntry, regular_file, symlink
from cachesim.digest import digest_of_bytes
from cachesim.project.blobs import BlobStore
from cachesim.project.git import GitError, ObjectReader, Repository
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState

__all__ = ["Revision", "differs_from_head", "revision_of", "state_at"]

_LINK, _SUBMODULE, _TREE = "120000", "160000", "040000"
_PLAIN_DIFF = ("--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-relative",
               "--ignore-submodules=all")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit: full id, time in nanoseconds, and its subject line."""

    id: str
    time_ns: int
    subject: str

    def words(self, name: str) -> str:
        """How a person knows it: "HEAD (1a2b3c4d “Add the shop”)"."""
        subject = self.subject if len(self.subject) <= 50 else self.subject[:49] + "…"
        return f"{name} ({self.id[:8]} “{subject}”)"


@dataclass(frozen=True, slots=True)
class _Change:
    old_mode: str
    old_id: str
    status: str
    path: str       # from the root of the work tree


def revision_of(repository: Repository, name: str) -> Revision:
    """Look a revision up.

    Raises:
        GitError: If there is no such commit.
    """
    commit = repository.commit_id(name)
    out = repository.output("log", "-1", "--format=%H%x00%ct%x00%s", commit, what=name)
    full, seconds, subject = out.decode("utf-8", "replace").rstrip("\n").split("\0", 2)
    return Revision(full, int(seconds) * 1_000_000_000, subject)


def differs_from_head(info: ProjectInfo, repository: Repository) -> bool:
    """Whether the work tree has changes below the context (or in the Dockerfile) that HEAD lacks."""
    return bool(repository.output("status", "--porcelain", "-z", "--ignore-submodules=all", "--",
                                  *_paths(info, repository)))


def state_at(state: ProjectState, info: ProjectInfo, repository: Repository, revision: Revision,
             blobs: BlobStore) -> tuple[ProjectState, tuple[str, ...]]:
    """The project at a commit, over what is on disk now (`state` as it was read).

    Returns: The state, and the paths that differ from the disk, from the context's root.
    Raises:
        GitError: If the commit holds no such Dockerfile, or git cannot answer.
    """
    paths = _paths(info, repository)
    untracked = repository.lines("ls-files", "-z", "--others", "--exclude-standard", "--", *paths)
    changes = list(_changes(repository.output("diff", *_PLAIN_DIFF, revision.id, "--", *paths)))
    top = repository.relative(info.context_dir)
    prefix = top + "/" if top else ""
    dockerfile = repository.relative(info.dockerfile)
    context, text = state.context, state.text
    if dockerfile in untracked or any(c.path == dockerfile and c.status == "A" for c in changes):
        if not any(c.path == dockerfile and c.status == "D" for c in changes):
            raise GitError(revision.words("the commit"), f"holds no {dockerfile}", "It was added later")
    touched: dict[str, None] = {}
    for path in untracked:
        if path.startswith(prefix):
            touched[path[len(prefix):].rstrip("/")] = None
            context = context.without(path[len(prefix):].rstrip("/"))
    kept = [c for c in changes if c.status not in ("A", "U") and c.old_mode not in (_SUBMODULE, _TREE)]
    with ObjectReader(repository) as reader:
        objects = list(reader.get_many([c.old_id for c in kept]))
    for change in changes:
        if change.status == "A" and change.path.startswith(prefix):
            touched[change.path[len(prefix):]] = None
            context = context.without(change.path[len(prefix):])
    contents = {digest_of_bytes(found.data): found.data for found in objects if found is not None}
    blobs.put_many(contents)
    for change, found in zip(kept, objects, strict=True):
        if found is None:
            raise GitError(change.path, "its content is missing in this clone", "Fetch the whole history")
        if change.path == dockerfile:
            text = found.data.decode("utf-8", "surrogateescape")
        if change.path.startswith(prefix):
            path = change.path[len(prefix):]
            touched[path] = None
            entry = _entry(change, found.data, context.get(path), revision.time_ns)
            context = context.with_entry(path, entry).with_text_of(path, entry.digest, found.data)
    context = _without_emptied(context, touched, state.context)
    return replace(state, text=text, context=replace(context, origin=revision.id)), tuple(touched)


def _paths(info: ProjectInfo, repository: Repository) -> list[str]:
    """Pathspecs of the context and of a Dockerfile outside of it."""
    found = [repository.relative(info.context_dir)]
    if info.context_dir not in info.dockerfile.parents:
        found.append(repository.relative(info.dockerfile))
    return [f":(top,literal){path}" if path else ":(top)" for path in found if not path.startswith("../")]


def _changes(raw: bytes) -> Sequence[_Change]:
    """Read `git diff --raw -z`."""
    parts = raw.split(b"\0")
    found = []
    for head, path in zip(parts[::2], parts[1::2], strict=False):
        old_mode, _, old_id, _, status = head.decode().removeprefix(":").split(" ")
        found.append(_Change(old_mode, old_id, status[0], path.decode("utf-8", "surrogateescape")))
    return found


def _entry(change: _Change, data: bytes, on_disk: FileEntry | None, time_ns: int) -> FileEntry:
    """The file as a checkout would write it; permissions as on disk where they say the same (the umask is not ours)."""
    if change.old_mode == _LINK:
        return symlink(data.decode("utf-8", "surrogateescape"), time_ns)
    mode = 0o755 if change.old_mode == "100755" else 0o644
    if on_disk is not None and on_disk.mode and bool(on_disk.mode & 0o100) == bool(mode & 0o100):
        mode = on_disk.mode
    return regular_file(digest_of_bytes(data), len(data), mode, time_ns)


def _without_emptied(context: ContextSnapshot, touched: dict[str, None], before: ContextSnapshot) -> ContextSnapshot:
    """Drop the folders that held nothing but files which the commit lacks."""
    for path in touched:
        folder = posixpath.dirname(path)
        while folder and (entry := context.get(folder)) is not None and entry.is_dir and not entry.children:
            old = before.get(folder)
            if old is not None and not old.children:
                break                       # it was empty before: git says nothing about it
            context = context.without(folder)
            folder = posixpath.dirname(folder)
    return context
