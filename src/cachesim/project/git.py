"""What does git know about this folder? Reads objects through one process, never writes and never asks a network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cachesim.digest import Digest, digest_of_bytes
from cachesim.errors import CachesimError, InputError

__all__ = ["GitError", "GitObject", "ObjectReader", "Repository", "find_repository", "repository_of"]

_TIMEOUT = 60
_LARGE = 16 << 20       # bytes; of a longer object only the digest is kept
_CHUNK = 1 << 20
_DAMAGED = ("inflate:", "unable to unpack", "is corrupt", "unable to read", "bad tree object", "bad object", "missing object",
            "Could not read", "could not parse", "unable to parse", "object file", "broken link", "garbage at end")
_PIPE = 60_000          # bytes of requests that fit into a pipe, so that neither side waits for the other


class GitError(CachesimError):
    """git cannot answer; `reason` is what it said, in plain words where that is known."""

    def __init__(self, what: str, reason: str, todo: str = "") -> None:
        self.what, self.reason, self.todo = what, reason, todo
        super().__init__(f"{what}: {reason}" + (f". {todo}" if todo else ""))


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object.

    Attributes:
        data: Its content; of one that is too large to hold (see `large`) only the beginning.
        size: Of the whole content.
        large: The digest of a content that is not held.
    """

    id: str
    kind: str
    data: bytes
    size: int
    large: Digest | None = None

    @property
    def digest(self) -> Digest:
        """Of the whole content."""
        return self.large if self.large is not None else digest_of_bytes(self.data)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with its work tree (a bare one has none).

    Attributes:
        folder: Where git is run: the root of the work tree, or the bare repository.
        top: Root of the work tree; None for a bare repository.
        git_dir: The repository itself.
        shallow: History is cut off somewhere.
    """

    folder: Path
    top: Path | None
    git_dir: Path
    shallow: bool

    def output(self, *args: str, what: str = "") -> bytes:
        """Run a git command that reads, and return what it prints.

        Raises:
            GitError: If it fails.
        """
        try:
            done = subprocess.run(["git", *args], cwd=self.folder, env=_environment(), stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            raise GitError(what or f"git {args[0]}", f"no answer within {_TIMEOUT} s",
                           "Ask for fewer commits, or try again when the machine is idle") from None
        except OSError as error:
            raise GitError("git", f"cannot be started ({error.strerror or error})", "Install git") from None
        if done.returncode < 0:
            raise self.damaged(what or f"git {args[0]}", f"git itself crashed, signal {-done.returncode}")
        if done.returncode:
            raise self.error(what or f"git {args[0]}", done.stderr.decode("utf-8", "replace"))
        return done.stdout

    def lines(self, *args: str, what: str = "") -> list[str]:
        """The NUL-separated output of a git command (-z), as file names."""
        return [os.fsdecode(part) for part in self.output(*args, what=what).split(b"\0") if part]

    def commit_id(self, revision: str) -> str:
        """The full id of a commit that a person named.

        Raises:
            GitError: If there is no such commit.
        """
        if "\0" in revision or not revision:
            raise GitError(repr(revision), "is no name of a revision")
        try:
            out = self.output("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}",
                              what=revision)
        except GitError:
            if not self.output("for-each-ref", "--count=1") and revision.startswith("HEAD"):
                raise GitError(revision, "nothing was committed yet", "Commit first") from None
            raise
        return out.decode().strip()

    def relative(self, path: Path) -> str:
        """A path of the work tree as git spells it, "" for its root."""
        if self.top is None:
            return ""
        rel = os.path.relpath(os.path.realpath(path), self.top).replace(os.sep, "/")
        return "" if rel == "." else rel

    def error(self, what: str, stderr: str) -> GitError:
        """Turn what git printed into what a person can use."""
        said = stderr.strip().removeprefix("fatal: ").split("\n")[0]
        if "dubious ownership" in stderr:
            return GitError(what, "git does not trust this repository, because another user owns it",
                            f"Run `git config --global --add safe.directory {self.top or self.git_dir}`")
        if any(word in stderr for word in _DAMAGED):
            return self.damaged(what, said.removeprefix("error: "))
        if not said or "unknown revision" in said or "bad revision" in said or "Needed a single revision" in said:
            more = ("The clone is shallow: `git fetch --unshallow` brings the rest" if self.shallow
                    else "`git log --oneline --all` shows what there is")
            return GitError(what, "there is no such revision", more)
        return GitError(what, said)

    def damaged(self, what: str, said: str = "") -> GitError:
        """An object that a commit needs cannot be read."""
        todo = ("The clone is shallow: `git fetch --unshallow` brings the rest" if self.shallow else
                "`git fsck` shows which; a new clone, without --filter, has all of them")
        return GitError(what, "an object of this clone is missing or damaged" + (f" ({said})" if said else ""), todo)


class ObjectReader:
    """`git cat-file --batch`: one process for any number of objects. Use it in a `with` block."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process = subprocess.Popen(
            ["git", "-c", f"core.bigFileThreshold={_LARGE}", "cat-file", "--batch"], cwd=repository.folder,
            env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.terminate()
        self._process.wait()

    def get(self, name: str) -> GitObject | None:
        """One object by id or any other name ("HEAD:Dockerfile"); None if there is none."""
        return next(self.get_many((name,)))

    def get_many(self, names: Sequence[str]) -> Iterator[GitObject | None]:
        """Objects in the order of their names; take them all before the next call."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None and answers is not None
        at = 0
        while at < len(names):
            part, room = list[bytes](), _PIPE
            while at < len(names) and (not part or len(names[at]) * 4 < room):
                room -= len(names[at]) * 4 + 1
                part.append(os.fsencode(names[at].replace("\n", "\0")) + b"\n")   # no object has such a name
                at += 1
            try:
                requests.write(b"".join(part))
                requests.flush()
            except BrokenPipeError:
                raise self._died() from None
            for _ in part:
                yield self._answer(answers)

    def _answer(self, answers: IO[bytes]) -> GitObject | None:
        head = answers.readline()
        if not head:
            raise self._died()
        words = head.split()
        if len(words) != 3 or not words[2].isdigit():      # "… missing", "… ambiguous"
            return None
        size = int(words[2])
        data, large = answers.read(min(size, _LARGE)), None
        if size > _LARGE:
            large, data = self._digest(answers, data, size - _LARGE), data[:_CHUNK]
        if len(answers.read(1)) != 1:
            raise self._died()
        return GitObject(words[0].decode(), words[1].decode(), data, size, large)

    def _digest(self, answers: IO[bytes], data: bytes, rest: int) -> Digest:
        """Hash what does not fit, piece by piece."""
        found = hashlib.sha256(data)
        while rest:
            piece = answers.read(min(rest, _CHUNK))
            if not piece:
                raise self._died()
            found.update(piece)
            rest -= len(piece)
        return Digest(found.hexdigest())

    def _died(self) -> GitError:
        return GitError("git cat-file", "ended in the middle of an answer", "`git fsck` shows what is damaged")


def find_repository(folder: Path) -> Repository | None:
    """The repository that a folder lies in; None without one, without the folder, or without git.

    Raises:
        GitError: If there is one that git refuses to read.
    """
    if shutil.which("git") is None or not folder.is_dir():
        return None
    here = Repository(folder, None, folder, False)
    try:
        out = here.output("rev-parse", "--is-bare-repository", "--is-shallow-repository", "--absolute-git-dir",
                          what=str(folder))
    except GitError as error:
        if "not a git repository" in error.reason or "invalid gitfile" in error.reason:
            return None
        raise
    bare, shallow, git_dir = out.decode("utf-8", "surrogateescape").rstrip("\n").split("\n", 2)
    top = None
    if bare != "true":
        try:
            top = Path(os.fsdecode(here.output("rev-parse", "--show-toplevel")).rstrip("\n"))
        except GitError:                    # inside of .git itself
            return None
    return Repository(top or Path(git_dir), top, Path(git_dir), shallow == "true")


def repository_of(folder: Path, purpose: str) -> Repository:
    """The repository with a work tree that a folder lies in.

    Args:
        purpose: Why it has to be one, a sentence ("A range of commits needs one").
    Raises:
        InputError: If there is none, or no git; the words say which.
        GitError: If there is one that git refuses to read.
    """
    if shutil.which("git") is None:
        raise InputError("git is not installed, or not on the PATH", str(folder), f"{purpose}. Install git")
    found = find_repository(folder)
    if found is None:
        raise InputError("is in no git repository", str(folder), purpose)
    if found.top is None:
        raise InputError("is a bare repository, without a work tree", str(folder),
                         "Name a work tree of it (`git worktree add`), or a clone")
    return found


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items()
            if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none", "LC_ALL": "C.UTF-8", "GIT_PAGER": "cat"}
