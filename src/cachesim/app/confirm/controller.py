"""Who plans, runs and stops a real build for the window?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Slot

from cachesim.app.confirm.command_line import command_line
from cachesim.app.confirm.driver import ScriptDriver
from cachesim.app.confirm.kept import opened, remember, save_scenario
from cachesim.app.confirm.state import ConfirmState, Stage, badges_of
from cachesim.app.jobs import Paced
from cachesim.app.notify import Message, MessageAction, Tone
from cachesim.confirm import leftovers
from cachesim.confirm.engines import EngineChoice, list_engines
from cachesim.confirm.match import Confirmation, Mode
from cachesim.confirm.script import Script
from cachesim.confirm.session import Plan, PlannedBuild, Session
from cachesim.confirm.survey import Survey, survey, wants_of
from cachesim.confirm.workspace import FolderContents
from cachesim.errors import CachesimError
from cachesim.graph.options import NetworkMode
from cachesim.project.folders import data_dir
from cachesim.project.store import ProjectStore

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ConfirmController", "controller_of"]


def controller_of(workbench: Workbench) -> ConfirmController:
    """The one controller of a workbench; made when it is first needed."""
    found = workbench.findChild(ConfirmController)
    return found if isinstance(found, ConfirmController) else ConfirmController(workbench)


class ConfirmController(QObject):
    """Asks the engine, plans, builds, compares, keeps; everything it knows is one `ConfirmState` at the workbench."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._state = ConfirmState()
        self._session: Session | None = None
        self._made: Plan | None = None      # what the shown result was made from
        self._after: Callable[[Any], None] = lambda _: None
        self._secrets: dict[str, bytes] = {}
        self._driver, self._cleaner = ScriptDriver(self), ScriptDriver(self)
        self._driver.finished.connect(self._finished)
        self._driver.failed.connect(self._failed)
        self._show = Paced(self)
        self._show.moved.connect(self._show_phase)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.shutdown)
        workbench.project_opened.connect(self._new_project)
        workbench.state_changed.connect(self._state_changed)
        QTimer.singleShot(0, self, self.clean_leftovers)

    @property
    def state(self) -> ConfirmState:
        """What is known right now."""
        return self._state

    @property
    def running(self) -> bool:
        """Whether commands are under way."""
        return self._driver.running

    # -- plan -----------------------------------------------------------------------------------------------------

    def ask(self, mode: Mode | None = None) -> None:
        """Make the plan card: list the engines and ask the chosen one, if it is near, what it has. Nothing is built."""
        if self._driver.running:
            return
        self._set(stage=Stage.ASKING, mode=mode or self._state.mode, result=None, badges={}, problem=None,
                  network=self._bench.state.options.network is not NetworkMode.NONE,
                  labels=tuple(build.label for build in self._builds()), survey=None)
        self._after = self._listed
        self._driver.start(list_engines())

    @Slot()
    def ask_rehearsal(self) -> None:
        """The same for what is possible without any base image."""
        self.ask(Mode.REHEARSAL)

    @Slot(object)
    def set_mode(self, mode: Mode) -> None:
        """Choose another way to build."""
        if self._state.stage is Stage.PLANNED and mode is not self._state.mode:
            self._set(mode=mode)
            self._plan_again()

    def set_engine(self, engine: EngineChoice) -> None:
        """Choose another engine; that is when a remote one is first contacted."""
        if self._state.stage in (Stage.PLANNED, Stage.UNAVAILABLE, Stage.DONE) and engine != self._state.engine:
            self._set(engine=engine)
            self._ask_engine()

    @Slot(bool)
    def allow_network(self, on: bool) -> None:
        """Let RUN steps reach the network: a build option, so the prediction follows it."""
        options = self._bench.state.options
        wanted = NetworkMode.DEFAULT if on else NetworkMode.NONE
        if on == (options.network is not NetworkMode.NONE):
            return
        self._bench.set_options(replace(options, network=wanted), "allow network" if on else "forbid network")
        self._set(network=on)
        if self._state.stage is Stage.PLANNED:
            self._plan_again()

    @Slot(bool)
    def set_fresh(self, on: bool) -> None:
        """Build in a builder made for this run."""
        if self._state.stage is Stage.PLANNED:
            self._set(fresh=on)
            self._plan_again()

    def set_secret(self, name: str, value: bytes) -> None:
        """Take a secret for the real build; it is kept in memory alone."""
        self._secrets[name] = value
        self._set(secrets=tuple(self._secrets))
        if self._state.stage is Stage.PLANNED:
            self._plan_again()

    def _listed(self, engines: tuple[EngineChoice, ...]) -> None:
        current = next((e for e in engines if e.current), EngineChoice())
        engine = self._state.engine if self._state.engine in engines else current
        self._set(engines=engines or (current,), engine=engine)
        if engine.remote and not self._state.survey:
            self._set(stage=Stage.PLANNED, survey=wants_of([b.state for b in self._builds()]))
            self._plan_again()
        else:
            self._ask_engine()

    def _ask_engine(self) -> None:
        self._set(stage=Stage.ASKING, problem=None, detail="", result=None)
        self._after = self._surveyed
        self._driver.start(survey(self._state.engine, [b.state for b in self._builds()]))

    def _surveyed(self, found: Survey) -> None:
        facts = found.facts
        if facts is not None and facts.problem is not None:
            self._set(stage=Stage.UNAVAILABLE, survey=found, problem=facts.problem, detail=facts.detail)
            return
        self._set(stage=Stage.PLANNED, survey=found)
        self._plan_again()

    def _plan_again(self) -> None:
        """The command line as it will be."""
        self._set(command=command_line(self._bench, self._state, self._fresh, tuple(self._secrets)))

    def _builds(self) -> tuple[PlannedBuild, ...]:
        """The timeline's builds, then what is on screen: the build whose prediction the graph shows."""
        path = self._bench.timeline.path()
        label = "first build" if not path else "no change" if path[-1].state == self._bench.state else "now"
        return (*(PlannedBuild(entry.label, entry.state) for entry in path), PlannedBuild(label, self._bench.state))

    @Slot()
    def clean_leftovers(self) -> None:
        """Remove what a killed run of the app left: folders, and images on engines that are near."""
        running = data_dir() / "running"
        left = [run for run in leftovers.find(running) if not run.remote]
        if left and not self._cleaner.running:
            def all_of_them() -> Script[None]:
                for run in left:
                    yield from leftovers.clean(run, running)
            self._cleaner.start(all_of_them())

    # -- run ------------------------------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Press Run: from here on the engine is used."""
        if self._state.stage is not Stage.PLANNED or self._driver.running:
            return
        try:
            plan = self._plan()
        except CachesimError as error:
            self._bench.post(Message(str(error), Tone.ERROR, key="confirm"))
            return
        self._made = plan
        self._session = Session(plan, self._show.note)
        self._set(stage=Stage.RUNNING, phase=self._session.phase, result=None, badges={}, reports=())
        self._bench.set_busy("Building for real", building=True)
        self._after = self._built
        self._driver.start(self._session.script())

    @Slot()
    def cancel(self) -> None:
        """Stop the build (within 3 s) and remove what was made; a second time does nothing more."""
        if self._driver.running and self._state.stage is not Stage.STOPPING:
            if self._state.stage is Stage.RUNNING:
                self._set(stage=Stage.STOPPING)
            self._driver.cancel()

    @Slot()
    def shutdown(self) -> None:
        """Stop at once and clean up; for closing the window."""
        self._show.stop()
        self._session = None
        self._cleaner.shutdown()
        self._driver.shutdown()

    def _plan(self) -> Plan:
        bench, info = self._bench, self._bench.project
        root = info.context_dir if info is not None else None
        records = None
        if info is not None:
            store = ProjectStore(info, bench.state.engine, bench.state.store)
            records = store.path.parent / "confirmations"
        named = {name: FolderContents((root or Path()) / value, bench.blobs.get)
                 for name, value in bench.state.options.contexts if "://" not in value}
        return Plan(self._state.mode, self._state.engine, self._builds(), FolderContents(root, bench.blobs.get),
                    Path(tempfile.gettempdir()), named, root, bench.timeline, dict(self._secrets),
                    data_dir() / "running", records, self._fresh, self._fresh_image if self._fresh else "")

    @property
    def _fresh_image(self) -> str:
        return self._state.survey.buildkit if self._state.survey is not None else ""

    @property
    def _fresh(self) -> bool:
        return self._state.fresh and bool(self._fresh_image) and self._state.mode is Mode.ISOLATED

    @Slot()
    def _show_phase(self) -> None:
        if self._session is not None and self._driver.running:
            self._set(phase=self._session.phase)

    def _built(self, result: Confirmation) -> None:
        session = self._session
        self._session = None
        self._bench.set_busy(None)
        reports = session.reports if session is not None else ()
        self._set(stage=Stage.DONE, result=result, reports=reports, badges=badges_of(result),
                  remembered=remember(self._bench.keeper, result))
        if session is not None and session.seen is not None:    # the cache has learnt it, and the next live build counts
            self._bench.set_timeline(self._bench.timeline.made_for_real(*session.seen))
        if result.could_not_run and not result.cancelled:
            rehearse = (MessageAction("Rehearse", self.ask_rehearsal),) if result.rehearsal_helps else ()
            self._bench.post(Message(result.verdict, Tone.WARNING, (*rehearse, MessageAction("Try again", self.ask)),
                                     key="confirm"))

    def save_scenario(self, path: Path, hide: bool) -> None:
        """Write what was built and observed as a scenario; `hide` puts noise in place of file contents."""
        plan, result = self._made, self._state.result
        if plan is not None and result is not None:
            self._bench.post(save_scenario(plan, result, path, hide=hide))

    # -- open -----------------------------------------------------------------------------------------------------

    def open_record(self, path: Path) -> None:
        """Show a kept record, or lay a progress log from elsewhere over the open project; no engine is needed."""
        if self._driver.running:
            return
        try:
            result = opened(path, self._bench.report)
        except CachesimError as error:
            self._bench.post(Message(str(error), Tone.ERROR, key="confirm"))
            return
        self._made = None
        self._set(stage=Stage.DONE, result=result, mode=result.mode, reports=(), badges=badges_of(result))

    # -- inside ---------------------------------------------------------------------------------------------------

    def _set(self, **change: Any) -> None:
        self._state = replace(self._state, **change)
        self._bench.set_confirmation(self._state)

    @Slot(object)
    def _finished(self, value: object) -> None:
        self._after(value)

    @Slot(object)
    def _failed(self, error: Exception) -> None:
        self._session = None
        self._bench.set_busy(None)
        self._set(stage=Stage.IDLE)
        if isinstance(error, CachesimError):
            self._bench.post(Message(str(error), Tone.ERROR, key="confirm"))
        else:
            self._bench.crashed.emit(error)

    @Slot(object)
    def _new_project(self, _: object) -> None:
        if not self._driver.running:
            self._secrets = {}
            self._set(stage=Stage.IDLE, result=None, secrets=(), survey=None, reports=(), badges={}, labels=(), command="",
                      remembered="", phase=type(self._state.phase)())

    @Slot(object)
    def _state_changed(self, _: object) -> None:
        """A plan speaks of the present state; badges of a build that is no longer shown would lie."""
        if self._state.badges:
            self._set(badges={})
        if self._state.stage is Stage.PLANNED:
            self._set(labels=tuple(build.label for build in self._builds()))
            self._plan_again()
