"""Which builds does a confirmation make, where and how, and how far is it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cachesim.confirm.engines import EngineChoice, EngineFacts
from cachesim.confirm.match import BuildComparison, Mode
from cachesim.confirm.observed import ObservedBuild, VertexStatus
from cachesim.confirm.workspace import Contents
from cachesim.graph.model import StepId
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline
from cachesim.simulate.report import SimulationReport

__all__ = ["Phase", "Plan", "PlannedBuild"]


@dataclass(frozen=True, slots=True)
class PlannedBuild:
    """One build to make for real.

    Attributes:
        image: Reference under which the engine keeps the result; whoever asks for it removes it. "": nothing is kept.
    """

    label: str
    state: ProjectState
    image: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a confirmation needs to know.

    Attributes:
        builds: In order; in the modes no-cache and live only the last one is made.
        contents: Bytes of the context's files; `named` of the named contexts' by name.
        folder: The project's own folder: a live build reads it as it is, if it holds exactly the last state.
        timeline: The builds before it; a live build is predicted with their cache, and held to what they did on its engine.
        secrets: Values by id, for this run only.
        fresh_builder: Build in a docker-container builder made for this run, from `builder_image` if that is given.
        facts: What the engine said of itself a moment ago; None: it is asked.
        scratch: Where the temporary folder is made; `running` and `records` where notes and records are kept (None:
            nowhere).
    """

    mode: Mode
    engine: EngineChoice
    builds: tuple[PlannedBuild, ...]
    contents: Contents
    scratch: Path
    named: Mapping[str, Contents] = field(default_factory=dict)
    folder: Path | None = None
    timeline: Timeline = Timeline()
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    running: Path | None = None
    records: Path | None = None
    fresh_builder: bool = False
    builder_image: str = ""
    facts: EngineFacts | None = None

    @property
    def made(self) -> tuple[PlannedBuild, ...]:
        """The builds that are really made."""
        return self.builds[-1:] if self.mode in (Mode.LIVE, Mode.NO_CACHE) else self.builds


@dataclass(frozen=True, slots=True)
class Phase:
    """How far a running confirmation is.

    Attributes:
        what: What is being done right now, for people.
        build: Number of the running build (from 0), -1 before the first; `builds` how many there are.
        report: Prediction for the running build; its steps have the ids of the person's own Dockerfile.
        observed: What the engine has said of it so far.
        running, finished: Steps of the running build that work now, and those that are over.
        done: Builds that are over.
    """

    what: str = ""
    build: int = -1
    builds: int = 0
    label: str = ""
    report: SimulationReport | None = None
    observed: ObservedBuild = ObservedBuild()
    running: frozenset[StepId] = frozenset()
    finished: Mapping[StepId, VertexStatus] = field(default_factory=dict)
    done: tuple[BuildComparison, ...] = ()
