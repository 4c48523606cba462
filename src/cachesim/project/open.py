"""Which Dockerfile and which context does this path mean, and what do they hold?"""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.scan import read_regular_file, scan_context
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.errors import InputError
from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
from cachesim.progress import SILENT, Progress
from cachesim.project.state import ProjectState

__all__ = ["DockerfileText", "ProjectInfo", "dockerfiles_in", "find_project", "ignore_of", "load_state",
           "read_dockerfile", "scan_named_contexts", "scan_project"]

_SKIPPED = frozenset((".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", "vendor",
                      "target", "dist", "build"))
_DEPTH = 3
_MAX_DOCKERFILE = 16 << 20


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """A project on disk.

    Attributes:
        context_dir: The build context, with links resolved.
        dockerfile: The Dockerfile to build, with links resolved.
        dockerfiles: All that were found (`dockerfile` among them), best first.
    """

    context_dir: Path
    dockerfile: Path
    dockerfiles: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """What a person calls it: the folder's name, with the Dockerfile's if that is not the usual one."""
        if not self.has_files:
            return f"{self.dockerfile.name} (no files)"
        folder = self.context_dir.name or str(self.context_dir)
        return folder if self.dockerfile_path == "Dockerfile" else f"{folder} ({self.dockerfile_path})"

    @property
    def has_files(self) -> bool:
        """Whether the context is a folder that is there."""
        return self.context_dir.is_dir()

    @property
    def dockerfile_path(self) -> str:
        """Path of the Dockerfile as the build options have it; outside of the context it starts with ../ ."""
        return os.path.relpath(self.dockerfile, self.context_dir).replace(os.sep, "/")

    def with_dockerfile(self, dockerfile: Path) -> ProjectInfo:
        """The same context with another Dockerfile."""
        return replace(self, dockerfile=dockerfile)


@dataclass(frozen=True, slots=True)
class DockerfileText:
    """A decoded Dockerfile; `note` says what is odd about its bytes, or ""."""

    text: str
    note: str = ""


def find_project(path: Path, *, context: Path | None = None, dockerfile: str | None = None,
                 without_files: bool = False) -> ProjectInfo:
    """Find the project that a folder or a Dockerfile belongs to.

    Args:
        path: A folder (then its Dockerfile is looked for) or a Dockerfile (then its folder is the context; that of a
            link is the one where the link lies).
        context: Another context for a Dockerfile, as in `docker build -f FILE CONTEXT`.
        dockerfile: Which Dockerfile of a folder, relative to the folder.
        without_files: Take a context that is not there: its files are then not known.
    Raises:
        InputError: If there is nothing that could be built.
    """
    given = Path(path).expanduser()
    path = _real(path)
    if context is not None:
        context = Path(os.path.abspath(context)) if without_files and not context.is_dir() else _real(context)
    if not path.is_dir():
        return ProjectInfo(context if context is not None else _real(given.parent), path, (path,))
    folder = context if context is not None else path
    if dockerfile is not None:
        file = _real(path / dockerfile)
        if file.is_dir():
            raise InputError("is a folder, not a Dockerfile", str(file))
        return ProjectInfo(folder, file, (file,))
    found = dockerfiles_in(path)
    if not found:
        raise InputError("no Dockerfile here", str(path),
                         "Choose another folder, name the Dockerfile, or write one named Dockerfile")
    return ProjectInfo(folder, found[0], tuple(found))


def dockerfiles_in(folder: Path) -> list[Path]:
    """Everything that looks like a Dockerfile, best first: ./Dockerfile, then by depth and name.

    Folders of packages and build results are not searched, nor anything deeper than three levels.
    """
    found: list[tuple[int, int, str, Path]] = []
    level = [(folder, 0)]
    for at, depth in level:
        try:
            with os.scandir(at) as items:
                entries = sorted(items, key=lambda item: item.name)
        except OSError:
            continue
        for item in entries:
            if item.is_dir(follow_symlinks=False):
                if depth < _DEPTH and item.name not in _SKIPPED:
                    level.append((Path(item.path), depth + 1))
            elif (rank := _rank(item.name)) >= 0 and item.is_file():
                found.append((depth, rank, item.name, Path(item.path)))
    real: dict[Path, None] = {}
    for *_, file in sorted(found):
        real[_real(file)] = None
    return list(real)


def read_dockerfile(path: Path) -> DockerfileText:
    """Read a Dockerfile; bytes that are no UTF-8 survive as lone surrogates, newlines stay as they are.

    Raises:
        InputError: If it cannot be read at all, or is no text.
    """
    try:
        data = read_regular_file(str(path.resolve()))
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), str(path),
                         "Check the name and the permissions") from None
    if len(data) > _MAX_DOCKERFILE:
        raise InputError(f"is {len(data) >> 20} MB long, too much for a Dockerfile", str(path), "Choose another file")
    text, note = data.decode("utf-8", "surrogateescape"), ""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        note = f"{path.name} is UTF-16, which the engine cannot read. Save it as UTF-8"
    elif b"\0" in data:
        raise InputError("holds NUL bytes: it is not a text", str(path), "Choose another file")
    elif any("\udc80" <= char <= "\udcff" for char in text):
        line = text.count("\n", 0, next(i for i, c in enumerate(text) if "\udc80" <= c <= "\udcff")) + 1
        note = f"{path.name} is not UTF-8 (line {line}). These bytes are kept as they are; save it as UTF-8 to be sure"
    return DockerfileText(text, note)


def ignore_of(info: ProjectInfo) -> IgnoreMatcher | None:
    """The ignore file that counts for a project: NAME.dockerignore beside the Dockerfile, else .dockerignore."""
    own = info.dockerfile.with_name(info.dockerfile.name + ".dockerignore")
    for path in (own, info.context_dir / ".dockerignore"):
        try:
            return IgnoreMatcher.parse(read_regular_file(str(path)).decode("utf-8", "surrogateescape"))
        except OSError:
            continue
    return None


def scan_project(info: ProjectInfo, previous: ContextSnapshot | None = None,
                 progress: Progress = SILENT) -> ContextSnapshot:
    """Read the build context as it is now; without its folder the files are not known.

    Raises:
        ContextError: If it cannot be read.
    """
    if not info.has_files:
        return ContextSnapshot(EMPTY_DIR, str(info.context_dir), known=False)
    return scan_context(info.context_dir, ignore=ignore_of(info), previous=previous, progress=progress)


def load_state(info: ProjectInfo, *, options: BuildOptions | None = None, engine: EngineKind = EngineKind.BUILDKIT,
               store: ImageStore = ImageStore.CONTAINERD, previous: ContextSnapshot | None = None,
               progress: Progress = SILENT) -> ProjectState:
    """Read Dockerfile and context from disk; bases are not looked up (see `project.bases`).

    Raises:
        InputError, ContextError: If one of them cannot be read.
    """
    text = read_dockerfile(info.dockerfile).text
    context = scan_project(info, previous, progress)
    options = replace(options if options is not None else BuildOptions(), dockerfile=info.dockerfile_path)
    return ProjectState(text, context, options, engine, store,
                        named_contexts=scan_named_contexts(options, info.context_dir, {}, progress))


def scan_named_contexts(options: BuildOptions, below: Path, previous: Mapping[str, ContextSnapshot],
                        progress: Progress = SILENT) -> dict[str, ContextSnapshot]:
    """Read the folders that --build-context names (relative ones count from `below`).

    Raises:
        InputError: If one is missing.
    """
    found = {}
    for name, value in options.contexts:
        if "://" in value:
            continue
        folder = below / value
        if not folder.is_dir():
            raise InputError("is not a folder", f"--build-context {name}={value}", "Name a folder or docker-image://REF")
        found[name] = scan_context(folder, previous=previous.get(name), progress=progress)
    return found


def _rank(name: str) -> int:
    """0 for the usual name, 1 for Dockerfile.something and Containerfile, -1 for what is none."""
    lower = name.lower()
    if lower.endswith((".dockerignore", ".md", ".txt", ".py", ".swp", "~", ".orig", ".bak", ".j2", ".tmpl")):
        return -1
    if name == "Dockerfile":
        return 0
    if lower == "dockerfile" or lower.startswith("dockerfile.") or lower.endswith(".dockerfile"):
        return 1
    return 2 if lower.startswith("containerfile") else -1


def _real(path: Path) -> Path:
    try:
        return Path(path).expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "cannot be resolved"
        raise InputError(reason, str(path), "Check the path") from None


