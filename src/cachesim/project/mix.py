"""Which files does this project change together, and how often? The weights of every question about the future."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from cachesim.context.snapshot import ContextSnapshot, FileKind, is_ignore_file
from cachesim.errors import InputError

__all__ = ["ROLES", "EditGroup", "EditMix", "MixCounter", "files_like", "mix_by_hand", "pattern_of", "role_of"]

ROLES = ("source", "tests", "manifest", "Dockerfile", "docs", "config")
_MANIFESTS = frozenset((
    "requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "poetry.lock", "uv.lock", "pipfile", "pipfile.lock",
    "pdm.lock", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "go.mod", "go.sum",
    "cargo.toml", "cargo.lock", "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle",
    "settings.gradle.kts", "gradle.lockfile", "gemfile", "gemfile.lock", "composer.json", "composer.lock", "mix.exs",
    "mix.lock", "packages.lock.json", "directory.packages.props", "constraints.txt", "environment.yml",
    "conda-lock.yml"))
_TEST_FOLDERS = frozenset(("test", "tests", "spec", "specs", "__tests__", "testdata", "e2e"))
_TEST_NAME = re.compile(r"(test_.*|.*[_.-](test|tests|spec)\.\w+|conftest\.py)$")
_DOCS = (".md", ".rst", ".adoc", ".txt")
_CONFIG = (".yml", ".yaml", ".toml", ".ini", ".cfg", ".json", ".conf", ".env", ".properties")
_MOST_GROUPS = 12


@dataclass(frozen=True, slots=True)
class EditGroup:
    """Files that changed in the same commits.

    Attributes:
        patterns: What they are ("src/**/*.py", "package.json"), sorted.
        files: The files behind it that changed most and still exist, at most one per pattern.
        commits: How often; 0 for a mix by hand.
        weight: Share of all edits; the weights of a mix add up to 1.
        args: Build arguments that get another value together with the edit.
    """

    patterns: tuple[str, ...]
    files: tuple[str, ...]
    commits: int
    weight: float
    args: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """A name for it: its patterns, the first three of many."""
        more = len(self.patterns) - 3
        return ", ".join(self.patterns[:3]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class EditMix:
    """How a project is edited; most frequent group first. `rare` is the share of commits that fit no listed group."""

    groups: tuple[EditGroup, ...] = ()
    commits: int = 0
    rare: float = 0.0
    roles: tuple[tuple[str, float], ...] = ()       # share of the commits that touch each role

    def with_args(self, names: Sequence[str]) -> EditMix:
        """The same edits, each with another value of these build arguments (a commit id, a date)."""
        return replace(self, groups=tuple(replace(g, args=tuple(names)) for g in self.groups))

    def with_release(self, names: Sequence[str], share: float) -> EditMix:
        """The same edits, and one more group that gives these build arguments another value and changes no file."""
        release = EditGroup((f"another {' and '.join(names)}",), (), 0, share, tuple(names))
        return replace(self, groups=(*(replace(g, weight=g.weight * (1 - share)) for g in self.groups), release))


@dataclass(slots=True)
class MixCounter:
    """Counts commits into a mix."""

    commits: int = 0
    _groups: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _files: dict[str, Counter[str]] = field(default_factory=dict)
    _roles: Counter[str] = field(default_factory=Counter)

    def add(self, paths: Iterable[str], dockerfile: str = "Dockerfile") -> None:
        """Count one commit by the paths it changed."""
        patterns: set[str] = set()
        roles: set[str] = set()
        for path in paths:
            pattern = pattern_of(path)
            patterns.add(pattern)
            roles.add(role_of(path, dockerfile))
            self._files.setdefault(pattern, Counter())[path] += 1
        if patterns:
            self.commits += 1
            self._groups[tuple(sorted(patterns))] += 1
            self._roles.update(roles)

    def mix(self, context: ContextSnapshot) -> EditMix:
        """What was counted, as weights; `context` says which files still exist."""
        top = self._groups.most_common(_MOST_GROUPS)
        kept = sum(count for _, count in top)
        groups = []
        for patterns, count in sorted(top, key=lambda item: (-item[1], item[0])):
            files = (self._file(pattern, context) for pattern in patterns)
            groups.append(EditGroup(patterns, tuple(f for f in files if f), count, count / kept))
        return EditMix(tuple(groups), self.commits, 1 - kept / self.commits if self.commits else 0.0,
                       tuple((role, self._roles[role] / self.commits) for role in ROLES if self._roles[role]))

    def _file(self, pattern: str, context: ContextSnapshot) -> str:
        for path, _ in sorted(self._files[pattern].items(), key=lambda item: (-item[1], item[0])):
            entry = context.get(path)
            if entry is not None and entry.kind is FileKind.FILE:
                return path
        return ""


def mix_by_hand(text: str, context: ContextSnapshot, dockerfile: str = "Dockerfile") -> EditMix:
    """Read a mix such as "source 70, tests 20, manifest 5, Dockerfile 5", or with paths in place of roles.

    Raises:
        InputError: For a word that is neither, or a number that is none.
    """
    wanted: list[tuple[str, float]] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(?:(\d+(?:\.\d+)?)\s*%?\s*(\S.*?)|(\S.*?)[\s=:]+(\d+(?:\.\d+)?)\s*%?)\s*", part)
        if match is None:
            raise InputError(f"{part.strip()!r} has no weight", "edit mix", 'Write it like "source 70, manifest 30"')
        wanted.append((match[2] or match[3], float(match[1] or match[4])))
    total = sum(weight for _, weight in wanted)
    if total <= 0:
        raise InputError("all weights are 0", "edit mix")
    by_role: dict[str, list[str]] = {}
    for path, entry in context.walk():
        if entry.kind is FileKind.FILE and entry.digest and not path.startswith(".git/") and not is_ignore_file(path):
            by_role.setdefault(role_of(path, dockerfile).lower(), []).append(path)
    groups = []
    for name, weight in wanted:
        known = name.lower() in (role.lower() for role in ROLES)
        files = _typical(by_role.get(name.lower(), [])) if known else [p for p in (name,) if context.get(p) is not None]
        if not files and not known:
            raise InputError(f"{name!r} is neither a file of the context nor one of {', '.join(ROLES)}", "edit mix")
        if files:
            groups.append(EditGroup((name,), tuple(files), 0, weight))
    scale = sum(group.weight for group in groups)
    return EditMix(tuple(EditGroup(g.patterns, g.files, 0, g.weight / scale) for g in groups))


def _typical(paths: list[str]) -> list[str]:
    """One path of these, from the folder that has most of them."""
    folders = Counter(posixpath.dirname(path) for path in paths)
    return sorted(paths, key=lambda path: (-folders[posixpath.dirname(path)], path))[:1]


def pattern_of(path: str) -> str:
    """What sort of file a path is: itself at the top and for manifests, else its first folder and its ending."""
    folder, name = posixpath.split(path)
    if not folder or name.lower() in _MANIFESTS or _is_dockerfile(name):
        return path
    ending = posixpath.splitext(name)[1]
    return f"{folder.split('/')[0]}/**/*{ending}" if ending else f"{folder.split('/')[0]}/**"


def role_of(path: str, dockerfile: str = "Dockerfile") -> str:
    """The part a file plays in a project (see ROLES)."""
    parts = path.lower().split("/")
    name = parts[-1]
    if path == dockerfile or _is_dockerfile(parts[-1]) or name.endswith(".dockerignore"):
        return "Dockerfile"
    if name in _MANIFESTS or (name.startswith("requirements") and name.endswith((".txt", ".in"))) or name.endswith(
            (".csproj", ".fsproj", ".gemspec", ".cabal")):
        return "manifest"
    if not _TEST_FOLDERS.isdisjoint(parts[:-1]) or _TEST_NAME.match(name):
        return "tests"
    if name.endswith(_DOCS) or parts[0] in ("doc", "docs") or name.split(".")[0] in ("license", "readme", "changelog"):
        return "docs"
    return "config" if name.endswith(_CONFIG) or name.startswith(".") else "source"


def files_like(group: EditGroup, context: ContextSnapshot) -> Sequence[str]:
    """The files to touch to play an edit of this group."""
    return tuple(path for path in group.files if context.get(path) is not None)


def _is_dockerfile(name: str) -> bool:
    lower = name.lower()
    return lower in ("dockerfile", "containerfile") or lower.startswith(("dockerfile.", "containerfile.")) or (
        lower.endswith(".dockerfile"))
