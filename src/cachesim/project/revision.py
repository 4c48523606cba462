"""How did this folder look at a commit, if everything that git does not track was as it is now?

Tracked files are taken in the commit's version, files that it lacks and that git does not ignore are left out; ignored
files and `.git` stay as they are on disk. So a difference to the disk is a change since that commit and nothing else.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cachesim.context.snapshot import ContextSnapshot, FileEntry, regular_file, symlink
from cachesim.project.blobs import BlobStore
from cachesim.project.git import GitError, GitObject, ObjectReader, Repository
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState

__all__ = ["Revision", "differs_from_head", "revision_of", "state_at"]

_LINK, _SUBMODULE, _TREE = "120000", "160000", "040000"
_KEPT = 64 << 20        # bytes of old contents that are kept, so that this state can be built for real
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
    context, text, options = state.context, state.text, state.options
    if dockerfile in untracked or any(c.path == dockerfile and c.status == "A" for c in changes):
        if not any(c.path == dockerfile and c.status == "D" for c in changes):
            older = _older_name(repository, revision, dockerfile)
            if older is None:
                raise GitError(revision.words("the commit"), f"holds no {dockerfile}",
                               "It was added later: choose a later commit, or the Dockerfile that it had")
            text = _text_at(repository, revision, older)
            options = replace(options, dockerfile=posixpath.relpath(f"/{older}", f"/{top}"))
    touched: dict[str, None] = {}
    for path in untracked:
        if path.startswith(prefix):
            touched[path[len(prefix):].rstrip("/")] = None
            context = context.without(path[len(prefix):].rstrip("/"))
    kept = [c for c in changes if c.status not in ("A", "U") and c.old_mode not in (_SUBMODULE, _TREE)]
    for change in changes:
        if change.status == "A" and change.path.startswith(prefix):
            touched[change.path[len(prefix):]] = None
            context = context.without(change.path[len(prefix):])
    room = _KEPT
    with ObjectReader(repository) as reader:
        for change, found in zip(kept, reader.get_many([c.old_id for c in kept]), strict=True):
            if found is None:
                raise repository.damaged(f"{change.path} at {revision.id[:8]}")
            if change.path == dockerfile:
                text = _decoded(found, change.path)
            room -= len(found.data)
            if room >= 0 and found.large is None:
                blobs.put(found.data)
            if change.path.startswith(prefix):
                path = change.path[len(prefix):]
                touched[path] = None
                entry = _entry(change, found, context.get(path), revision.time_ns)
                context = context.with_entry(path, entry)
                context = context if found.large is not None else context.with_text_of(path, entry.digest, found.data)
    context = _without_emptied(context, touched, state.context)
    return replace(state, text=text, options=options, context=replace(context, origin=revision.id)), tuple(touched)


def _older_name(repository: Repository, revision: Revision, path: str) -> str | None:
    """What a file was called at a commit, if git takes it for the same one."""
    out = repository.output("diff", "--name-status", "--find-renames", "-z", "--diff-filter=R", "--no-ext-diff", "--no-textconv",
                            "--ignore-submodules=all", "--no-relative", revision.id)
    words = [os.fsdecode(word) for word in out.split(b"\0")]
    return next((old for old, new in zip(words[1::3], words[2::3], strict=False) if new == path), None)


def _text_at(repository: Repository, revision: Revision, path: str) -> str:
    with ObjectReader(repository) as reader:
        found = reader.get(f"{revision.id}:{path}")
    if found is None:
        raise repository.damaged(f"{path} at {revision.id[:8]}")
    return _decoded(found, path)


def _decoded(found: GitObject, path: str) -> str:
    if found.large is not None:
        raise GitError(path, f"was {found.size >> 20} MB long, too much for a Dockerfile", "Choose another commit")
    return found.data.decode("utf-8", "surrogateescape")


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


def _entry(change: _Change, found: GitObject, on_disk: FileEntry | None, time_ns: int) -> FileEntry:
    """The file as a checkout would write it; permissions as on disk where they say the same (the umask is not ours)."""
    if change.old_mode == _LINK:
        return symlink(found.data.decode("utf-8", "surrogateescape"), time_ns)
    mode = 0o755 if change.old_mode == "100755" else 0o644
    if on_disk is not None and on_disk.mode and bool(on_disk.mode & 0o100) == bool(mode & 0o100):
        mode = on_disk.mode
    return regular_file(found.digest, found.size, mode, time_ns)


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
