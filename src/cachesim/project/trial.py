"""What would each usual edit of this project re-run?

Scores a Dockerfile: it is built once, then every group of the edit mix is changed on its own and built with that cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, is_ignore_file
from cachesim.digest import digest_of
from cachesim.dockerfile.instructions import From
from cachesim.pipeline import simulate
from cachesim.progress import SILENT, Progress
from cachesim.project.mix import EditGroup, EditMix
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Trial", "Trials", "edited", "try_edits"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One edit and the build after it.

    Attributes:
        seconds: Known seconds of the steps that run; `unknown` counts those of which nobody knows.
    """

    group: EditGroup
    report: SimulationReport
    reruns: int
    seconds: float
    unknown: int


@dataclass(frozen=True, slots=True)
class Trials:
    """All edits of a mix on one Dockerfile; `first` is the build before them."""

    first: SimulationReport
    trials: tuple[Trial, ...]

    @property
    def expected_reruns(self) -> float:
        """Steps that an edit re-runs, over the mix."""
        return sum(t.group.weight * t.reruns for t in self.trials)

    @property
    def expected_seconds(self) -> float:
        """Known seconds that an edit costs, over the mix."""
        return sum(t.group.weight * t.seconds for t in self.trials)

    @property
    def expected_unknown(self) -> float:
        """Steps of unknown length that an edit re-runs, over the mix."""
        return sum(t.group.weight * t.unknown for t in self.trials)


def try_edits(state: ProjectState, mix: EditMix, seconds: Callable[[StepReport], float | None] = lambda step: None,
              progress: Progress = SILENT) -> Trials:
    """Build, then build every edit of the mix with the cache of that build.

    Args:
        seconds: What a step costs when it runs, if somebody knows.
    """
    first, store = simulate(state.request("the build before"), EMPTY_STORE, progress)
    trials = []
    for number, group in enumerate(mix.groups):
        progress.step(number, len(mix.groups))
        report, _ = simulate(edited(state, group).request(group.label), store, progress)
        runs = [s for s in report.steps if s.runs and not isinstance(s.step.instruction, From)]
        known = [seconds(step) for step in runs]
        trials.append(Trial(group, report, len(runs), sum(k for k in known if k is not None),
                            sum(k is None for k in known)))
    return Trials(first, tuple(trials))


def edited(state: ProjectState, group: EditGroup, *, mark: str = "edited",
           change: Callable[[str, FileEntry], bytes] | None = None) -> ProjectState:
    """The project after an edit of these files: other bytes, a later time. The Dockerfile gets one more comment,
    build arguments of the group get another value.

    Args:
        mark: Edits with different marks give different bytes.
        change: Makes the new bytes of a file, for builds that are really made; None: no one will ask for them.
    """
    context, newest = state.context, _newest(state.context) + 1_000_000_000
    for path in group.files:
        entry = context.get(path)
        if entry is None or entry.kind is not FileKind.FILE or path == state.options.dockerfile:
            continue
        text = context.ignore_text(path) if is_ignore_file(path) else None
        if text is not None:                # its rules stay what they are
            data = f"{text}\n# {mark}\n".encode("utf-8", "surrogateescape")
            context = context.with_bytes(path, data, mtime_ns=newest)
            continue
        if change is not None:
            context = context.with_bytes(path, change(path, entry), mtime_ns=newest) if entry.digest else context
            continue
        changed = replace(entry, digest=digest_of(mark, entry.digest, path), size=entry.size + 1,
                          mtime_ns=newest, memo={})
        context = context.with_entry(path, changed)
    after = replace(state, context=context)
    if group.args:
        kept = (pair for pair in state.options.args if pair[0] not in group.args)
        after = replace(after, options=replace(state.options, args=(*kept, *((name, mark) for name in group.args))))
    if state.options.dockerfile in group.files or "Dockerfile" in group.patterns:
        text = state.text if state.text.endswith("\n") else state.text + "\n"
        after = after.with_text(f"{text}# {mark}\n", newest)
    return after


def _newest(context: ContextSnapshot) -> int:
    return max((entry.mtime_ns for _, entry in context.walk()), default=0)
