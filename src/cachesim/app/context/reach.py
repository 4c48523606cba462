"""Which steps does a file of the context reach, and what would a change of it cost?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cachesim.app.context.changes import parents_of
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.simulate.explain import downstream
from cachesim.simulate.report import SimulationReport

__all__ = ["Reach", "Reads", "ignore_file_of", "matcher_of", "reach_of"]

_NONE: frozenset[str] = frozenset()
_NO_STEP = (Outcome.CONFIG_ONLY, Outcome.UNREACHED, Outcome.NOT_NEEDED)


class Reads:
    """Who reads what, asked per path; the sets are made when first needed and kept while the report's lists last."""

    def __init__(self) -> None:
        self._steps: list[tuple[StepId, frozenset[str]]] = []
        self._sets: dict[int, tuple[tuple[str, ...], frozenset[str]]] = {}
        self._report: SimulationReport | None = None
        self._pending = False

    def take(self, report: SimulationReport | None) -> None:
        """Follow another report."""
        self._report, self._pending = report, True

    def steps(self, path: str) -> tuple[StepId, ...]:
        """The steps that read a path of the main context, or something below it."""
        return tuple(step for step, paths in self._table() if path in paths)

    def reads(self, step: StepId | None, path: str) -> bool:
        """Whether that step reads the path or something below it."""
        return any(path in paths for found, paths in self._table() if found == step)

    def _table(self) -> list[tuple[StepId, frozenset[str]]]:
        if self._pending:
            self._pending = False
            fresh: dict[int, tuple[tuple[str, ...], frozenset[str]]] = {}
            self._steps = []
            for step in self._report.steps if self._report is not None else ():
                for read in step.reads:
                    if read.context:
                        continue
                    key = id(read.paths)    # the list itself is kept beside its set, so its id stays its own
                    if key not in fresh:
                        fresh[key] = self._sets.get(key, ((), _NONE))
                        if fresh[key][0] is not read.paths:
                            fresh[key] = (read.paths, frozenset(_with_folders(read.paths)))
                    self._steps.append((step.id, fresh[key][1]))
            self._sets = fresh
        return self._steps


def _with_folders(paths: tuple[str, ...]) -> Iterator[str]:
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
    below = {step for reader in readers for step in downstream(report, reader)} - set(readers)
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
    return IgnoreMatcher.parse(text) if text is not None else None
