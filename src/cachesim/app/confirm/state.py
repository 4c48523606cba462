"""What does the window know of a real build right now? One immutable value that every view can draw."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from cachesim.confirm.engines import EngineChoice, EngineProblem
from cachesim.confirm.match import Confirmation, Mode
from cachesim.confirm.observed import VertexStatus
from cachesim.confirm.session import Phase
from cachesim.confirm.survey import Survey
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

__all__ = ["ConfirmState", "Stage"]


class Stage(enum.Enum):
    """Where a confirmation is."""

    IDLE = "nothing asked"
    ASKING = "asking the engine"
    PLANNED = "waiting for Run"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    UNAVAILABLE = "no engine"


@dataclass(frozen=True, slots=True)
class ConfirmState:
    """Everything that panel, graph and editor show of a confirmation.

    Attributes:
        running: Steps that work at this moment (empty unless RUNNING).
        finished: Steps of the running build that are over.
        badges: After the last build: True where the engine agreed with every line of a step, False where it differed.
        fresh: Whether a builder is made for this run (offered where its image is at hand).
        survey: What the plan card says; None before anything was asked.
        command: The command line of the last build, for people.
        reports: Predictions of the builds that were made, in order.
        secrets: Ids of the secrets that were given for this window's builds; their values are nowhere in the state.
        remembered: The running record over all confirmations of the project, in words.
    """

    stage: Stage = Stage.IDLE
    mode: Mode = Mode.ISOLATED
    engine: EngineChoice = EngineChoice()
    engines: tuple[EngineChoice, ...] = ()
    labels: tuple[str, ...] = ()
    network: bool = False
    fresh: bool = False
    survey: Survey | None = None
    command: str = ""
    problem: EngineProblem | None = None
    detail: str = ""
    phase: Phase = Phase()
    result: Confirmation | None = None
    reports: tuple[SimulationReport, ...] = ()
    secrets: tuple[str, ...] = ()
    remembered: str = ""
    badges: Mapping[StepId, bool] = field(default_factory=dict)

    @property
    def running(self) -> frozenset[StepId]:
        return self.phase.running if self.stage in (Stage.RUNNING, Stage.STOPPING) else frozenset()

    @property
    def finished(self) -> Mapping[StepId, VertexStatus]:
        return self.phase.finished if self.stage in (Stage.RUNNING, Stage.STOPPING) else {}

    @property
    def busy(self) -> bool:
        return self.stage in (Stage.ASKING, Stage.RUNNING, Stage.STOPPING)


def badges_of(result: Confirmation) -> dict[StepId, bool]:
    """What each node wears after a confirmation: agreed or differed, in the last build."""
    badges: dict[StepId, bool] = {}
    for step in result.builds[-1].steps if result.builds else ():
        if step.step is not None and step.verdict.counts:
            badges[step.step] = badges.get(step.step, True) and step.verdict.held
    return badges
