"""Which steps does a file of the context reach, and what would a change of it cost?"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cachesim.app.context.changes import diff, only_files_differ, parents_of
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, FileKind
from cachesim.dockerfile.instructions import Copy
from cachesim.engines.base import ContextRead, Outcome
from cachesim.graph.model import StepId
from cachesim.simulate.causes import downstream
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Reach", "Reads", "ignore_file_of", "matcher_of", "reach_of"]

_WILD = frozenset("*?[\\")
_NONE: frozenset[str] = frozenset()
_NO_STEP = (Outcome.CONFIG_ONLY, Outcome.UNREACHED, Outcome.NOT_NEEDED)


@dataclass(frozen=True, slots=True)
class _Selection:
    """What one step takes of the context: whole paths with all below, or, where wildcards decide, a list."""

    step: StepId
    roots: tuple[str, ...]
    listed: frozenset[str]

    def takes(self, path: str) -> bool:
        """Whether it takes the path or something below it."""
        return path in self.listed or any(not root or path == root or path.startswith(root + "/")
                                          or not path or root.startswith(path + "/") for root in self.roots)


class Reads:
    """Who reads what, asked per path; nothing is listed unless wildcards, filters or links make it necessary."""

    def __init__(self) -> None:
        self._selections: list[_Selection] = []
        self._said: tuple[object, ...] = ()
        self._report: SimulationReport | None = None
        self._context: ContextSnapshot | None = None
        self._matcher: IgnoreMatcher | None = None
        self._pending = False
        self._nobody = "no step reads it"

    def take(self, report: SimulationReport | None, context: ContextSnapshot, matcher: IgnoreMatcher | None) -> bool:
        """Follow another report; whether it may read other files than the last one."""
        said = tuple((step.step.id, step.reads, getattr(step.step.instruction, "excludes", ()))
                     for step in report.steps if step.reads) if report is not None else ()
        old = self._context.tree if self._context is not None else EMPTY_DIR
        other = said != self._said or matcher is not self._matcher or not only_files_differ(
            old, context.tree, diff(old, context.tree).paths)
        self._said, self._pending = said, self._pending or other
        self._report, self._context, self._matcher = report, context, matcher
        return other

    def steps(self, path: str) -> tuple[StepId, ...]:
        """The steps that read a path of the main context, or something below it."""
        if self._matcher is not None and self._matcher.excluded(path):
            return ()
        return tuple(dict.fromkeys(s.step for s in self._known() if s.takes(path)))

    def reads(self, step: StepId | None, path: str) -> bool:
        """Whether that step reads the path or something below it."""
        if self._matcher is not None and self._matcher.excluded(path):
            return False
        return any(s.step == step and s.takes(path) for s in self._known())

    def aside(self, path: str) -> tuple[StepId, ...]:
        """The steps that copy a path by its name in stages that the target does not need."""
        return tuple([s.id for s in self._report.steps if s.outcome is Outcome.UNREACHED and _copies(s, path)]
                     if self._report is not None else ())

    def nobody(self) -> str:
        """How to say that no step reads a path: a stage that the target does not need may copy it all the same."""
        self._known()
        return self._nobody

    def _known(self) -> list[_Selection]:
        if self._pending:
            self._pending = False
            steps = self._report.steps if self._report is not None else ()
            self._selections = [self._selection(step, read) for step in steps for read in step.reads
                                if not read.context]
            aside = any(s.outcome is Outcome.UNREACHED and isinstance(s.step.instruction, Copy) for s in steps)
            self._nobody = "no step of the target reads it" if aside else "no step reads it"
        return self._selections

    def _selection(self, step: StepReport, read: ContextRead) -> _Selection:
        roots = tuple("" if pattern == "." else pattern for pattern in read.patterns)
        instruction = step.step.instruction
        filtered = isinstance(instruction, Copy) and bool(instruction.excludes)
        if filtered or any(_WILD.intersection(root) or self._has_link(root) for root in roots):
            return _Selection(step.id, (), frozenset(_with_folders(read.paths)))
        return _Selection(step.id, roots, _NONE)

    def _has_link(self, path: str) -> bool:
        context = self._context
        above = [path, *parents_of(path)]
        return context is not None and any((entry := context.get(p)) is not None and entry.kind is FileKind.SYMLINK
                                           for p in above)


def _copies(step: StepReport, path: str) -> bool:
    """Whether a COPY that was not looked at names the path, or a folder that it lies in; wildcards and variables are left out."""
    instruction = step.step.instruction
    if not isinstance(instruction, Copy) or instruction.from_ or instruction.excludes:
        return False
    roots = [posixpath.normpath(s.lstrip("/")) for s in instruction.sources if not _WILD.intersection(s) and "$" not in s]
    return any(root == "." or path == root or path.startswith(root + "/") for root in roots)


def _with_folders(paths: Iterable[str]) -> Iterator[str]:
    yield from paths
    seen: set[str] = set()
    for folder in {path.rpartition("/")[0] for path in paths}:
        for parent in (folder, *parents_of(folder)):
            if parent in seen:
                break
            seen.add(parent)
            yield parent


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change of a path would do: the steps that read it, and those below that would run with them."""

    readers: tuple[StepId, ...]
    below: tuple[StepId, ...]


def reach_of(report: SimulationReport, readers: tuple[StepId, ...]) -> Reach:
    """What runs if these steps run."""
    counted = {s.id for s in report.steps if s.outcome not in _NO_STEP}
    below = set(downstream(report, *readers)) - set(readers)
    return Reach(readers, tuple(sorted(below & counted)))


def ignore_file_of(context: ContextSnapshot, dockerfile: str) -> str | None:
    """The ignore file in force: the Dockerfile's own if there is one, else .dockerignore, else None."""
    for path in (f"{dockerfile}.dockerignore", ".dockerignore"):
        if context.ignore_text(path) is not None:
            return path
    return None


def matcher_of(context: ContextSnapshot, dockerfile: str) -> IgnoreMatcher | None:
    """The patterns in force, or None if no file says any."""
    path = ignore_file_of(context, dockerfile)
    text = context.ignore_text(path) if path is not None else None
    return _parsed(text) if text is not None else None


_parsed = functools.lru_cache(maxsize=8)(IgnoreMatcher.parse)       # the same text, the same object: views compare it
