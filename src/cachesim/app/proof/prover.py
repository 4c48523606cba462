"""Who plans, runs and stops a proof for the window?"""

from __future__ import annotations

import enum
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from cachesim.app.confirm.driver import ScriptDriver
from cachesim.app.costs import cost_model
from cachesim.app.jobs import Paced
from cachesim.app.notify import Message, Tone
from cachesim.confirm.engines import EngineChoice, explain, list_engines
from cachesim.confirm.match import Mode
from cachesim.confirm.measure import measured_by
from cachesim.confirm.proof import Proof, ProofPhase, ProofPlan
from cachesim.confirm.proof_report import ProofReport
from cachesim.confirm.survey import Survey, survey
from cachesim.confirm.workspace import FolderContents
from cachesim.errors import CachesimError
from cachesim.graph.options import NetworkMode
from cachesim.project.folders import data_dir
from cachesim.project.mix import EditMix
from cachesim.project.state import ProjectState

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ProofQuestion", "ProofStage", "ProofState", "Prover", "prover_of"]


class ProofStage(enum.Enum):
    """How far things are."""

    IDLE = "idle"
    ASKING = "asking"
    UNAVAILABLE = "unavailable"
    PLANNED = "planned"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ProofQuestion:
    """What is to be proven: two states of the project, over an edit mix and where it comes from."""

    a: ProjectState
    b: ProjectState
    titles: tuple[str, str]
    mix: EditMix
    mix_words: str


@dataclass(frozen=True, slots=True)
class ProofState:
    """Everything that the pane shows.

    Attributes:
        problem: Why the engine cannot be used, in words.
        report: The result, once there is one.
    """

    stage: ProofStage = ProofStage.IDLE
    question: ProofQuestion | None = None
    engines: tuple[EngineChoice, ...] = ()
    engine: EngineChoice = EngineChoice()
    found: Survey | None = None
    problem: str = ""
    rehearsal: bool = False
    network: bool = False
    phase: ProofPhase = ProofPhase()
    report: ProofReport | None = None
    given: tuple[str, ...] = ()         # names of the secrets that somebody gave

    @property
    def secrets(self) -> tuple[str, ...]:
        """What RUN steps ask for that a proof would build."""
        return self.found.secrets if self.found is not None and not self.rehearsal else ()

    @property
    def busy(self) -> bool:
        """Whether the engine is used right now."""
        return self.stage in (ProofStage.RUNNING, ProofStage.STOPPING)

    @property
    def fetches(self) -> tuple[str, ...]:
        """What may come from a network."""
        return self.found.may_fetch(Mode.REHEARSAL if self.rehearsal else Mode.ISOLATED) if self.found is not None else ()


def prover_of(workbench: Workbench) -> Prover:
    """The one prover of a workbench; made when it is first needed."""
    found = workbench.findChild(Prover)
    return found if isinstance(found, Prover) else Prover(workbench)


class Prover(QObject):
    """Asks the engine, plans, runs, cancels. Nothing runs before `start`."""

    changed = Signal(object)        # ProofState

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._state = ProofState()
        self._proof: Proof | None = None
        self._secrets: dict[str, bytes] = {}        # in memory alone
        self._after: Callable[[Any], None] = lambda _: None
        self._driver = ScriptDriver(self)
        self._driver.finished.connect(self._finished)
        self._driver.failed.connect(self._failed)
        self._show = Paced(self)
        self._show.moved.connect(self._show_phase)
        workbench.project_opened.connect(self._new_project)
        workbench.before_shutdown(self.shutdown)

    @property
    def state(self) -> ProofState:
        """What is known right now."""
        return self._state

    @property
    def proof(self) -> Proof | None:
        """The proof that runs."""
        return self._proof

    # -- plan -----------------------------------------------------------------------------------------------------

    def ask(self, question: ProofQuestion) -> None:
        """Make the card: which engines there are, and what the chosen one has. Nothing is built."""
        if self._driver.running:
            return
        blobs = self._bench.blobs
        for state in (question.a, question.b):      # what was never on disk has to be written there
            for text in (state.text, *state.context.texts.values()):
                blobs.put(text.encode("utf-8", "surrogateescape"))
        network = question.a.options.network is not NetworkMode.NONE
        self._set(stage=ProofStage.ASKING, question=question, network=network, report=None, found=None, problem="")
        self._after = self._listed
        self._driver.start(list_engines())

    def set_engine(self, engine: EngineChoice) -> None:
        """Choose another engine; that is when it is asked what it has."""
        if engine != self._state.engine and not self._driver.running and self._state.question is not None:
            self._set(engine=engine)
            self._ask_engine()

    @Slot(bool)
    def set_rehearsal(self, on: bool) -> None:
        """Let stand-ins take the place of bases and commands."""
        self._set(rehearsal=on)

    @Slot(bool)
    def allow_network(self, on: bool) -> None:
        """Let RUN steps reach the network in the proof."""
        self._set(network=on)

    @Slot(str, bytes)
    def set_secret(self, name: str, value: bytes) -> None:
        """Take a secret for the builds of the proof; it is kept in memory alone."""
        self._secrets[name] = value
        self._set(given=tuple(self._secrets))

    def _listed(self, engines: tuple[EngineChoice, ...]) -> None:
        near = tuple(e for e in engines if e.has_images) or (EngineChoice(),)
        engine = self._state.engine if self._state.engine in near else next((e for e in near if e.current), near[0])
        self._set(engines=near, engine=engine)
        self._ask_engine()

    def _ask_engine(self) -> None:
        question = self._state.question
        assert question is not None
        self._set(stage=ProofStage.ASKING, problem="")
        self._after = self._surveyed
        self._driver.start(survey(self._state.engine, [question.a, question.b]))

    def _surveyed(self, found: Survey) -> None:
        facts = found.facts
        if facts is not None and facts.problem is not None:
            self._set(stage=ProofStage.UNAVAILABLE, found=found, problem=explain(facts.problem, facts.detail))
        else:
            self._set(stage=ProofStage.PLANNED, found=found)

    # -- run ------------------------------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Press Run: from here on the engine is used."""
        question, info = self._state.question, self._bench.project
        if self._state.stage not in (ProofStage.PLANNED, ProofStage.DONE) or question is None or info is None \
                or self._driver.running:
            return
        network = NetworkMode.DEFAULT if self._state.network else NetworkMode.NONE
        a, b = (replace(s, options=replace(s.options, network=network)) for s in (question.a, question.b))
        blobs = self._bench.blobs
        named = {name: FolderContents(info.context_dir / value, blobs.get)
                 for name, value in a.options.contexts if "://" not in value}
        self._proof = proof = Proof(ProofPlan(
            a, b, question.mix, self._state.engine, FolderContents(info.context_dir, blobs.get),
            Path(tempfile.gettempdir()), question.titles, question.mix_words, self._state.rehearsal, named,
            dict(self._secrets), seconds=cost_model(self._bench), running=data_dir() / "running"), self._show.note)
        self._set(stage=ProofStage.RUNNING, phase=proof.phase, report=None)
        self._bench.set_busy("Proving", building=True)
        self._after = self._proven
        self._driver.start(proof.script())

    @Slot()
    def cancel(self) -> None:
        """Stop the builds and remove what was made."""
        if self._state.stage is ProofStage.RUNNING:
            self._set(stage=ProofStage.STOPPING)
            self._driver.cancel()

    @Slot()
    def shutdown(self) -> None:
        """Stop at once and clean up; for closing the window."""
        self._show.stop()
        self._driver.shutdown()

    def show_report(self, report: ProofReport) -> None:
        """Show a report that was saved earlier."""
        if not self._driver.running:
            self._set(stage=ProofStage.DONE, question=None, report=report)

    def _proven(self, report: ProofReport) -> None:
        proof, self._proof = self._proof, None
        if proof is not None and not report.rehearsal:
            for confirmation in proof.confirmations:
                self._bench.keeper.measure(measured_by(confirmation))
        if self._state.stage is ProofStage.STOPPING and report.error:      # what was stopped may call it a failure
            report = replace(report, cancelled=True, error="")
        self._bench.set_busy(None)
        self._set(stage=ProofStage.DONE, report=report)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _set(self, **change: Any) -> None:
        state = replace(self._state, **change)
        if state != self._state:
            self._state = state
            self.changed.emit(state)

    @Slot()
    def _show_phase(self) -> None:
        if self._proof is not None and self._state.busy:
            self._set(phase=self._proof.phase)

    @Slot(object)
    def _finished(self, value: object) -> None:
        self._after(value)

    @Slot(object)
    def _failed(self, error: Exception) -> None:
        self._proof = None
        self._bench.set_busy(None)
        self._set(stage=ProofStage.UNAVAILABLE, problem=str(error))
        if isinstance(error, CachesimError):
            self._bench.post(Message(str(error), Tone.ERROR, key="proof"))
        else:
            self._bench.crashed.emit(error)

    @Slot(object)
    def _new_project(self, _: object) -> None:
        self.cancel()
        self._secrets = {}
        self._set(given=())
        if not self._driver.running:
            self._set(stage=ProofStage.IDLE, question=None, report=None, found=None, problem="")
