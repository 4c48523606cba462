"""What would the build do, step by step, and why?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from cachesim.cache.key import CacheKey, PartChange
from cachesim.diagnostics import Diagnostic
from cachesim.engines.base import (
    Assumption,
    ContextRead,
    HistoryEntry,
    MissReason,
    Outcome,
    VertexReport,
    status_of,
)
from cachesim.engines.rules import Rule
from cachesim.graph.model import BuildGraph, Step, StepId
from cachesim.graph.options import EngineKind

__all__ = ["Assumption", "ContextRead", "HistoryEntry", "SimulationReport", "StepReport", "VertexReport"]


class StepReport(NamedTuple):
    """The verdict on one step.

    Attributes:
        step: The step (instruction, source span, id).
        name: Exactly as the engine prints it; for steps it does not print, a readable stand-in.
        outcome: The verdict; UNDETERMINED where the bytes that a RUN writes decide.
        likely: HIT or MISS when UNDETERMINED, else the same as `outcome`.
        reason: Why it must run; None for everything that does not.
        cause: One sentence: what is the first cause, with old and new value, or why it is cached.
        cause_step: The topmost step whose own key part changed and carried it here; itself, if something of its own changed.
        key: Its key, in named parts; None where the engine has no step.
        cached_key: The closest key that the cache knows for this instruction, or None.
        changes: Difference of these two keys.
        from_build: Label of the build that made the layer, for a HIT.
        rule: The builder's rule that decided, and where it stands.
        reads: Context files it reads.
        error: The engine's reason in plain words, for FAILED.
        vertices: What the engine prints for it.
        blamed: The steps directly above whose new results are in its way, for one that runs.
    """

    step: Step
    name: str
    outcome: Outcome
    likely: Outcome
    reason: MissReason | None = None
    cause: str = ""
    cause_step: StepId | None = None
    key: CacheKey | None = None
    cached_key: CacheKey | None = None
    changes: tuple[PartChange, ...] = ()
    from_build: str = ""
    rule: Rule | None = None
    reads: tuple[ContextRead, ...] = ()
    error: str = ""
    vertices: tuple[VertexReport, ...] = ()
    blamed: tuple[StepId, ...] = ()

    @property
    def id(self) -> StepId:
        return self.step.id

    @property
    def certain(self) -> bool:
        return self.outcome is not Outcome.UNDETERMINED

    @property
    def runs(self) -> bool:
        """Whether it would (likely) run again."""
        return self.likely is Outcome.MISS

    @property
    def status(self) -> str:
        """What the engine would print: "cached" or "run"; other outcomes have a status of their own."""
        return status_of(self.likely)


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """The answer for one build. `steps` are in file order: meta ARGs, then stage by stage.

    Attributes:
        internal: Vertices that belong to no instruction's own line but that the engine prints and that are compared
            ("[internal] preparing inline document", …).
        error: Why the build fails (the engine's reason in plain words), or "".
        error_step: Where, if at a step.
        engine: Whose rules answered.
        history: Final image, oldest first, base image excluded; empty if the build fails.
    """

    graph: BuildGraph
    steps: tuple[StepReport, ...]
    internal: tuple[VertexReport, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    error: str = ""
    error_step: StepId | None = None
    history: tuple[HistoryEntry, ...] = ()
    engine: EngineKind = EngineKind.BUILDKIT

    @property
    def blank(self) -> bool:
        """Whether the Dockerfile has no instruction: such a build fails, but nothing was begun either."""
        return not self.steps and any(d.code == "no-instructions" for d in self.diagnostics)

    def step(self, step_id: StepId) -> StepReport:
        """The verdict of that id; KeyError if there is none."""
        step = self.find(step_id)
        if step is None:
            raise KeyError(step_id)
        return step

    def find(self, step_id: StepId | None) -> StepReport | None:
        """The verdict of that id, if there is one."""
        if step_id is not None:
            for step in self.steps:
                if step.id == step_id:
                    return step
        return None

    @property
    def steps_of_target(self) -> tuple[StepReport, ...]:
        """What "steps" means wherever they are counted: what the builder runs or takes from its cache for the target.
        Instructions that only change the configuration, and stages that the target does not need, are none."""
        return tuple(s for s in self.steps if s.outcome not in (Outcome.CONFIG_ONLY, Outcome.UNREACHED))

    def only_describes(self, before: SimulationReport | None) -> bool:
        """Whether nothing runs, and yet the image says something else of itself than that of the build before: a LABEL, a CMD, an
        ENV below all steps."""
        return (before is not None and self.engine is before.engine and bool(before.history) and bool(self.history)
                and self.history != before.history and not any(step.runs or not step.certain for step in self.steps))

    @property
    def assumed(self) -> tuple[str, ...]:
        """What was taken for granted, each said once, however many steps rest on it."""
        return tuple(dict.fromkeys(a.text for a in self.assumptions))

    def after(self, before: SimulationReport) -> SimulationReport:
        """The same report with the very objects of another one where that says the same of a step: who compares the two, or
        keeps what was made of a step, sees at once what did not change."""
        if len(before.steps) != len(self.steps):
            return self
        return replace(self, steps=tuple(old if old == new else new
                                         for old, new in zip(before.steps, self.steps, strict=True)))

    def counts(self) -> dict[Outcome, int]:
        """Number of steps per outcome; only outcomes that occur."""
        result: dict[Outcome, int] = {}
        for step in self.steps:
            result[step.outcome] = result.get(step.outcome, 0) + 1
        return result

    def misses(self) -> Iterator[StepReport]:
        """Steps that would (likely) run, in file order."""
        return (s for s in self.steps if s.runs)

    @property
    def first_miss(self) -> StepReport | None:
        """The first cause in file order, or None if nothing runs."""
        return next(self.misses(), None)
