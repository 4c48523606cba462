"""How often did each step re-run over the commits of a project, why, and what did that cost?"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cachesim.cache.key import PartKind
from cachesim.dockerfile.instructions import From
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from cachesim.history.walk import CommitBuild
from cachesim.project.mix import EditMix, MixCounter, pattern_of
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Cause", "HistoryReport", "StepHistory", "history_of", "step_key"]

_FILES = frozenset((PartKind.FILE, PartKind.CONTENT))
_BUCKETS = 10


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a step re-ran: a pattern of files, an argument, a base image, or the line itself."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class StepHistory:
    """One instruction over all builds in which it stands.

    Attributes:
        line: Where it stands in the newest build; 0 if it is gone.
        builds: Builds in which it was part of the target, the first build not counted.
        seconds: What one run costs; None if nobody measured it.
    """

    stage: str
    text: str
    line: int
    builds: int
    reruns: int
    causes: tuple[Cause, ...]
    seconds: float | None

    @property
    def share(self) -> float:
        """How often it re-ran, 0 to 1."""
        return self.reruns / self.builds if self.builds else 0.0


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """All builds of a replay.

    Attributes:
        builds: Commits that were built, the first (which fills the cache) included.
        left_out: Commits that could not be built, with the reason.
        failing: Commits whose build would fail, with the reason.
        steps: In order of the newest Dockerfile, then those that are gone.
        remarks: What a checkout could show otherwise, a sentence each.
        trend: Mean number of re-runs per build, oldest tenth of the builds first.
    """

    builds: int
    merges: int
    left_out: tuple[tuple[str, str], ...]
    failing: tuple[tuple[str, str], ...]
    steps: tuple[StepHistory, ...]
    trend: tuple[float, ...]
    mix: EditMix
    first: str
    last: str
    remarks: tuple[str, ...] = ()

    @property
    def mean_reruns(self) -> float:
        """Steps that re-ran per build."""
        later = self.builds - 1
        return sum(s.reruns for s in self.steps) / later if later > 0 else 0.0


@dataclass(slots=True)
class _Tally:
    builds: int = 0
    reruns: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    seconds: float | None = None


def history_of(builds: Iterable[CommitBuild],
               seconds: Callable[[StepReport], float | None] = lambda step: None) -> HistoryReport:
    """Count what a replay did; takes the builds one by one and keeps none of them.

    Args:
        seconds: What a step costs when it runs, if that was measured.
    """
    tallies: dict[tuple[str, str], _Tally] = {}
    mix, reruns = MixCounter(), list[int]()
    left_out, failing = list[tuple[str, str]](), list[tuple[str, str]]()
    merges, count, first = 0, 0, ""
    newest: CommitBuild | None = None
    for build in builds:
        if build.report is None or build.state is None:
            left_out.append((build.commit.label, build.problem))
            continue
        count += 1
        merges += build.commit.is_merge
        first = first or build.commit.label
        newest = build
        if build.report.error:
            failing.append((build.commit.label, build.report.error))
        if count == 1:
            continue
        mix.add(build.changed, build.state.options.dockerfile)
        reruns.append(_count(build.report, tallies, seconds))
    steps: list[StepHistory] = []
    if newest is not None and newest.report is not None:
        for key, line in _lines(newest.report):
            steps.append(_step(key, line, tallies.pop(key, _Tally())))
    steps += [_step(key, 0, tally) for key, tally in sorted(tallies.items(), key=lambda item: -item[1].reruns)]
    state = newest.state if newest is not None else None
    return HistoryReport(count, merges, tuple(left_out), tuple(failing), tuple(steps), _trend(reruns),
                         mix.mix(state.context) if state is not None else EditMix(), first,
                         newest.commit.label if newest is not None else "", newest.remarks if newest is not None else ())


def _count(report: SimulationReport, tallies: dict[tuple[str, str], _Tally],
           seconds: Callable[[StepReport], float | None]) -> int:
    """Count one build; returns how many steps re-ran."""
    by_id = {step.id: step for step in report.steps}
    causes: dict[StepId, tuple[str, ...]] = {}
    total = 0
    for step in report.steps:
        if not _counts(step):
            continue
        tally = tallies.setdefault(step_key(report, step), _Tally())
        tally.builds += 1
        if not step.runs:
            continue
        total += 1
        tally.reruns += 1
        tally.seconds = seconds(step) or tally.seconds
        root = step.cause_step if step.cause_step in by_id else step.id
        assert root is not None
        if root not in causes:
            causes[root] = tuple(_causes(by_id[root]))
        tally.causes.update(causes[root])
    return total


def _counts(step: StepReport) -> bool:
    return step.outcome in (Outcome.HIT, Outcome.MISS, Outcome.UNDETERMINED, Outcome.NOT_NEEDED) and not isinstance(
        step.step.instruction, From)


def _causes(root: StepReport) -> Iterator[str]:
    """The named causes of the first step that ran, each once."""
    if root.reason is MissReason.NO_RECORD or (root.reason is MissReason.PART and not root.changes):
        yield "the line is new"
        return
    if root.reason in (MissReason.NO_CACHE, MissReason.PRUNED):
        yield root.reason.value
        return
    names: dict[str, None] = {}
    for change in root.changes:
        if change.kind in _FILES and change.label:
            names[pattern_of(change.label)] = None
        elif change.kind is PartKind.COMMAND:
            names["the line itself"] = None
        elif change.kind is not PartKind.PARENT:
            names[change.label or change.kind.value] = None
    yield from names or ("a step above",)


def step_key(report: SimulationReport, step: StepReport) -> tuple[str, str]:
    """What makes a step the same one in another commit: its stage and its words."""
    stage = report.graph.stages[step.id.stage].label if step.id.stage >= 0 else ""
    return stage, " ".join(step.step.instruction.text.split())


def _lines(report: SimulationReport) -> Iterator[tuple[tuple[str, str], int]]:
    seen: set[tuple[str, str]] = set()
    for step in report.steps:
        key = step_key(report, step)
        if _counts(step) and key not in seen:
            seen.add(key)
            yield key, step.step.line


def _step(key: tuple[str, str], line: int, tally: _Tally) -> StepHistory:
    causes = tuple(Cause(label, count) for label, count in tally.causes.most_common())
    return StepHistory(key[0], key[1], line, tally.builds, tally.reruns, causes, tally.seconds)


def _trend(reruns: list[int]) -> tuple[float, ...]:
    if not reruns:
        return ()
    parts = min(_BUCKETS, len(reruns))
    cuts = [len(reruns) * i // parts for i in range(parts + 1)]
    return tuple(sum(reruns[a:b]) / (b - a) for a, b in itertools.pairwise(cuts))
