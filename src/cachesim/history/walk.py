"""What would each commit of a range rebuild, with the cache that the one before left?

Pure trees: every commit is built as a fresh checkout would have it, so files that git does not track play no part. A
branch is walked along first parents, as a server sees it that builds what is merged: a merge counts as one change.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.context.snapshot import ContextSnapshot, FileEntry, walk
from cachesim.errors import InputError
from cachesim.history.snapshots import Snapshots
from cachesim.pipeline import simulate
from cachesim.progress import SILENT, Progress
from cachesim.project.blobs import BlobStore
from cachesim.project.git import GitError, Repository, repository_of
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["Commit", "CommitBuild", "Place", "changes_of", "commit_at", "commits_between", "last_commits", "meeting_of",
           "place_of", "recent_commits", "replayed"]

_FIELDS = ("-z", "--format=%H%x00%ct%x00%an%x00%P%x00%s")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as git lists it."""

    id: str
    seconds: int
    author: str
    subject: str
    parents: tuple[str, ...]

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1

    @property
    def label(self) -> str:
        """How it is named in a timeline."""
        return f"{self.id[:8]} {self.subject}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project lies in its repository: paths from the root, `context` "" for the root itself."""

    repository: Repository
    context: str
    dockerfile: str

    @property
    def paths(self) -> tuple[str, ...]:
        """What a change has to touch to count."""
        found = [self.context]
        if self.context and not self.dockerfile.startswith(self.context + "/"):
            found.append(self.dockerfile)
        return tuple(f":(top,literal){path}" if path else ":(top)" for path in found)

    def option_path(self, dockerfile: str) -> str:
        """The Dockerfile as the build options have it: from the context, perhaps with ../ ."""
        return os.path.relpath(f"/{dockerfile}", f"/{self.context}").replace(os.sep, "/")


@dataclass(frozen=True, slots=True)
class CommitBuild:
    """What building one commit would do.

    Attributes:
        state: What was built; None if the commit could not be (`problem` says why).
        changed: Paths below the context that differ from the build before, sorted.
        store: The cache afterwards.
        remarks: What a checkout could show otherwise, in all that was read so far, a sentence each.
    """

    commit: Commit
    state: ProjectState | None
    report: SimulationReport | None
    changed: tuple[str, ...]
    store: CacheStore
    problem: str = ""
    remarks: tuple[str, ...] = ()


def place_of(info: ProjectInfo, repository: Repository) -> Place:
    """Where a project on disk lies in its repository.

    Raises:
        InputError: If a part of it lies outside.
    """
    context, dockerfile = repository.relative(info.context_dir), repository.relative(info.dockerfile)
    for path, where in ((context, info.context_dir), (dockerfile, info.dockerfile)):
        if path.startswith("../"):
            raise InputError("lies outside of the repository", str(where))
    return Place(repository, context, dockerfile)


def commits_between(place: Place, first: str, last: str) -> list[Commit]:
    """The commits after `first` up to `last` that touch the project, oldest first, along first parents.

    Raises:
        GitError: If one of them does not exist.
    """
    repository = place.repository
    start, end = repository.commit_id(first), repository.commit_id(last)
    return _log(place, ["--first-parent", f"{start}..{end}"])


def meeting_of(repository: Repository, first: str, last: str) -> str:
    """The id of the newest commit that both histories share; `first` itself if `last` descends from it.

    Raises:
        GitError: If one of them does not exist, or they share none.
    """
    start, end = repository.commit_id(first), repository.commit_id(last)
    found = repository.output("log", "--max-count=1", "--format=%H", start, "--not", end).decode().strip()
    if not found:
        return start            # nothing of it is missing in the other
    try:
        return repository.output("merge-base", start, end, what=f"{first}...{last}").decode().strip()
    except GitError:
        todo = "The clone is shallow: `git fetch --unshallow` brings the rest" if repository.shallow else "Name two that have"
        raise GitError(f"{first}...{last}", "these revisions have no commit in common", todo) from None


def last_commits(place: Place, count: int, revision: str = "HEAD") -> list[Commit]:
    """The newest `count` commits that touch the project, oldest first, along first parents."""
    return _log(place, ["--first-parent", f"--max-count={count}", place.repository.commit_id(revision)])


def recent_commits(info: ProjectInfo, count: int = 200) -> list[Commit]:
    """The newest commits that touch a project on disk, oldest first.

    Raises:
        InputError: If it lies in no git work tree, or nothing was committed yet.
    """
    repository = repository_of(info.context_dir, "Choose a folder that git knows")
    commits = last_commits(place_of(info, repository), count)
    if not commits:
        raise InputError("no commit touches it", str(info.context_dir), "Commit it first, or open the folder as it is")
    return commits


def commit_at(place: Place, revision: str) -> Commit:
    """One commit, whether it touches the project or not."""
    found = _commits(place.repository.output("log", "-1", *_FIELDS, place.repository.commit_id(revision)))
    return found[0]


def replayed(place: Place, commits: Sequence[Commit], template: ProjectState, *, store: CacheStore = EMPTY_STORE,
             before: ProjectState | None = None, blobs: BlobStore | None = None,
             progress: Progress = SILENT) -> Iterator[CommitBuild]:
    """Build one commit after the other.

    Args:
        template: Options, engine, bases and claims of all builds; its text and context are not used.
        store: The cache that the first one meets, and `before` the state that made it.
        blobs: Where to keep small contents, so that these builds can be made for real later.
    """
    names = _Names(place, commits)
    with Snapshots(place.repository, blobs) as snapshots:
        for number, commit in enumerate(commits):
            progress.step(number, len(commits))
            problem = ""
            try:
                state = _state(place, *names.dockerfile(number, snapshots), commit, template, snapshots)
            except GitError as error:
                problem = error.reason if error.what == commit.label else f"{error.what}: {error.reason}"
                yield CommitBuild(commit, None, None, (), store, problem)
                continue
            changed = tuple(sorted(_changed(before.context, state.context))) if before is not None else ()
            report, store = simulate(state.request(commit.label), store, progress)
            before = state
            yield CommitBuild(commit, state, report, changed, store, remarks=snapshots.remarks)
        progress.step(len(commits), len(commits))


class _Names:
    """The Dockerfile's path at each commit, through its renames. Git is asked for them when one is first missing."""

    def __init__(self, place: Place, commits: Sequence[Commit]) -> None:
        self._place, self._commits = place, commits
        self._paths: list[str] | None = None

    def dockerfile(self, number: int, snapshots: Snapshots) -> tuple[str, bytes]:
        """Its path and bytes at a commit."""
        commit = self._commits[number]
        path = self._place.dockerfile if self._paths is None else self._paths[number]
        data = snapshots.file(commit.id, path)
        if data is None and self._paths is None:
            self._paths = self._renamed()
            path = self._paths[number]
            data = snapshots.file(commit.id, path)
        if data is None:
            raise GitError(commit.label, f"holds no {path}", "The Dockerfile was added later, or removed")
        return path, data

    def _renamed(self) -> list[str]:
        repository, path = self._place.repository, self._place.dockerfile
        out = repository.output("log", "--follow", "--diff-filter=R", "--name-status", "-z", "--format=%x01%H",
                                self._commits[-1].id, "--", f":(top,literal){path}")
        older: dict[str, str] = {}
        for block in out.split(b"\x01")[1:]:
            parts = [os.fsdecode(p) for p in block.split(b"\0")]
            for at, word in enumerate(parts):
                if word.strip().startswith("R") and word.strip()[1:].isdigit() and at + 2 < len(parts):
                    older[parts[0].strip()] = parts[at + 1]
        order = repository.output("rev-list", self._commits[-1].id).decode().split() if older else []
        age = {commit: number for number, commit in enumerate(order)}      # 0 is the newest
        renames = sorted((age[commit], name) for commit, name in older.items() if commit in age)
        paths = []
        for commit in self._commits:
            name = path
            for when, old in renames:
                if age.get(commit.id, 0) > when:
                    name = old
            paths.append(name)
        return paths


def changes_of(place: Place, count: int, revision: str = "HEAD") -> Iterator[tuple[str, ...]]:
    """The paths below the context that each of the newest commits changed, nothing built; newest commit first.

    A first commit is left out: it adds everything, which is no edit.
    """
    out = place.repository.output(
        "log", "--first-parent", "-m", "--no-renames", "--name-only", "-z", "--format=%x01%P", f"--max-count={count}",
        place.repository.commit_id(revision), "--", *place.paths, what="git log")
    prefix = place.context + "/" if place.context else ""
    for record in out.split(b"\x01")[1:]:
        parents, *names = (os.fsdecode(name.lstrip(b"\n")) for name in record.split(b"\0"))
        if parents:
            yield tuple(name[len(prefix):] for name in names if name and name.startswith(prefix))


def _state(place: Place, dockerfile: str, data: bytes, commit: Commit, template: ProjectState,
           snapshots: Snapshots) -> ProjectState:
    option = place.option_path(dockerfile)
    context = snapshots.at(commit.id, place.context, (".dockerignore", f"{option}.dockerignore"))
    named = {}
    for name, value in template.options.contexts:
        if "://" not in value:
            folder = posixpath.normpath(posixpath.join(place.context, value))
            named[name] = snapshots.at(commit.id, "" if folder == "." else folder)
    return replace(template, text=data.decode("utf-8", "surrogateescape"), context=context, named_contexts=named,
                   options=replace(template.options, dockerfile=option))


def _changed(old: ContextSnapshot, new: ContextSnapshot) -> Iterator[str]:
    level = [("", old.tree, new.tree)]
    while level:
        prefix, before, after = level.pop()
        for name in before.children.keys() | after.children.keys():
            a, b = before.children.get(name), after.children.get(name)
            if a is b or a == b:
                continue
            if a is not None and b is not None and a.is_dir and b.is_dir:
                level.append((f"{prefix}{name}/", a, b))
            else:
                yield from {*_leaves(f"{prefix}{name}", a), *_leaves(f"{prefix}{name}", b)}


def _leaves(path: str, entry: FileEntry | None) -> Iterator[str]:
    if entry is None:
        return
    if entry.is_dir:
        yield from (p for p, e in walk(entry, path + "/") if not e.is_dir)
    else:
        yield path


def _log(place: Place, args: list[str]) -> list[Commit]:
    out = place.repository.output("log", "--reverse", *_FIELDS, *args, "--", *place.paths, what="git log")
    return _commits(out)


def _commits(out: bytes) -> list[Commit]:
    words = iter(out.decode("utf-8", "replace").rstrip("\n").split("\0"))
    return [Commit(commit.strip(), int(seconds), author, subject, tuple(parents.split()))
            for commit, seconds, author, parents, subject in zip(words, words, words, words, words, strict=False)]
