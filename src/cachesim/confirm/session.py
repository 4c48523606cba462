"""How is one confirmation made, from the first question to the engine until nothing of it is left there?

`Session.script()` yields commands and file work one after the other (see `script`), so window and command line make
exactly the same builds; `Session.state` says at any moment how far it is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from cachesim import __version__
from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.confirm import leftovers
from cachesim.confirm.bases import Replacing
from cachesim.confirm.build import Building, Prediction
from cachesim.confirm.downloads import without_downloads
from cachesim.confirm.engines import EngineFacts, EngineProblem, explain, probe
from cachesim.confirm.isolate import isolated, remove_images, run_or_fail
from cachesim.confirm.match import BuildComparison, Confirmation, Mode
from cachesim.confirm.measure import UNMEASURED, cache_uses, image_sizes, with_cache_sizes
from cachesim.confirm.needs import sources_of_adds
from cachesim.confirm.observed import ObservedBuild, VertexStatus
from cachesim.confirm.plan import Phase, Plan, PlannedBuild
from cachesim.confirm.records import Record, save_record
from cachesim.confirm.rehearsal import claims_of
from cachesim.confirm.rewrite import neutralise_syntax, syntax_of
from cachesim.confirm.script import Command, Script, Work
from cachesim.confirm.secrets import required_secrets
from cachesim.confirm.trouble import NO_ANSWER, WENT_AWAY, explain_trouble
from cachesim.confirm.workspace import disk_trouble, remove_tree
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import Outcome
from cachesim.errors import CachesimError, Cancelled, EngineError
from cachesim.graph.model import BuildGraph, StepId
from cachesim.graph.options import GIVEN_SECRET, EngineKind, NetworkMode
from cachesim.graph.resolve import resolve
from cachesim.pipeline import simulate
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["Phase", "Plan", "PlannedBuild", "Session"]


class Session:
    """One confirmation. Make a new one for each run."""

    def __init__(self, plan: Plan, on_phase: Callable[[], None] = lambda: None) -> None:
        self.plan = plan
        self.token = leftovers.token()
        self.seen: tuple[str, ProjectState] | None = None   # live: an engine that was seen to make a build, and which
        self._changed = on_phase
        self.reports: tuple[SimulationReport, ...] = ()     # predictions of the builds that were made
        self._phase = Phase(builds=len(plan.made))
        self._names: dict[str, StepId] = {}
        self._started = time.time()
        self._folder = plan.scratch / f"cachesim-{self.token}"
        self._notes: list[str] = []
        self._engine = plan.engine
        self._facts = EngineFacts(plan.engine)
        self._bases = Replacing(plan.mode, plan.engine, "amd64", self.token, self._folder, self._say, self._note,
                                plan.fresh_builder)
        self._building: Building | None = None

    @property
    def phase(self) -> Phase:
        """How far it is."""
        seen = self._building.seen if self._building is not None else None
        if seen is None:
            return self._phase
        observed = seen.snapshot()
        running = {self._names[v.name] for v in observed.vertices
                   if v.name in self._names and v.status is VertexStatus.RUNNING}
        over = {self._names[v.name]: v.status for v in observed.vertices if v.name in self._names and v.status.final}
        return replace(self._phase, observed=observed, running=frozenset(running), finished=over)

    def script(self) -> Script[Confirmation]:
        """Make it; ends with a `Confirmation` in any case, also when it was cancelled or could not run."""
        done: list[BuildComparison] = []
        error, cancelled = "", False
        try:
            yield from self._prepare()
            yield from self._all_builds(done)
            yield from self._measure(done)
        except Cancelled:
            cancelled = True
        except CachesimError as caught:
            known = explain_trouble(caught.tail) if isinstance(caught, EngineError) else ""
            error = f"{known[0].upper()}{known[1:]}" if known else str(caught)
        except OSError as caught:
            error = str(disk_trouble(caught, self._folder))
        cancelled = cancelled or any(b.observed.cancelled for b in done)
        result = Confirmation(self.plan.mode, self._facts.title, self._started, tuple(done), tuple(self._notes), error,
                              cancelled)
        try:
            result = yield from self._keep(result)
        finally:
            yield from self._clean()
        return result

    # -- before ---------------------------------------------------------------------------------------------------

    def _say(self, what: str, **change: object) -> None:
        self._phase = replace(self._phase, what=what, **change)     # type: ignore[arg-type]  # names of its own fields
        self._changed()

    def _prepare(self) -> Script[None]:
        self._say("asking the engine")
        self._facts = self.plan.facts or (yield from probe(self.plan.engine))
        if self._facts.problem is not None:
            raise _Unable(explain(self._facts.problem, self._facts.detail))
        if self._facts.buildx and self._facts.buildx < (0, 8) and self.plan.mode is not Mode.LIVE:
            raise _Unable(explain(EngineProblem.NO_CONTEXTS))
        if not self._facts.rawjson:
            self._notes.append("This buildx is older than 0.13: its plain output is read, so times are only durations "
                               "and a linked copy and its merge are one line.")
        running = self.plan.running

        def start(_: Progress) -> None:
            self._folder.mkdir(parents=True, mode=0o700)
            if running is not None:
                leftovers.note(running, self.token, self._folder, self.plan.engine,
                               self._builder if self.plan.fresh_builder else "")
        yield Work(start, "making a temporary folder")
        if self.plan.fresh_builder:
            argv = (*self._engine.client, "buildx", "create", "--name", self._builder, "--driver", "docker-container",
                    *(("--driver-opt", f"image={self.plan.builder_image}") if self.plan.builder_image else ()))
            yield from run_or_fail(Command(argv, "making a builder of its own"))
            self._engine = replace(self._engine, builder=self._builder, driver="docker-container")
        self._bases.engine = self._engine
        self._bases.arch = self._facts.arch if self._facts.arch in ("amd64", "arm64") else "amd64"

    @property
    def _builder(self) -> str:
        return f"cachesim-{self.token}"

    def _all_builds(self, done: list[BuildComparison]) -> Script[None]:
        self._say("preparing")
        states = [self._effective(build.state) for build in self.plan.made]
        graphs = [_graph_of(state) for state in states]
        if self.plan.mode is Mode.REHEARSAL:
            states, graphs = self._offline(states, graphs)
        labels = [build.label or f"build {n}" for n, build in enumerate(self.plan.made, 1)]
        isolations = yield from self._bases.run(states, graphs, labels)
        self._building = building = Building(self.plan, self._engine, self._facts, self._folder, note=self._note,
                                             leaves_images=not self._bases.images, changed=self._changed)
        own_store = store = self.plan.timeline.store if self.plan.mode is Mode.LIVE else EMPTY_STORE
        for number, (build, state, graph) in enumerate(zip(self.plan.made, states, graphs, strict=True)):
            label, target = labels[number], isolated(state, graph, isolations[number])
            secrets = dict(self.plan.secrets)
            if self.plan.mode is Mode.REHEARSAL:
                target = replace(target, claims=claims_of(graph))
                secrets.update(dict.fromkeys(required_secrets(graph, secrets), b"rehearsal"))
            target = _given(target, secrets)
            report, store = yield from _predicted(target, label, store)
            own, own_store = yield from _predicted(_given(build.state, secrets), label, own_store)
            assumed = (yield from self._assumed(target, report)) if self.plan.mode is Mode.LIVE else {}
            keys = {step.id: step.key.digest for step in own.steps if step.key is not None}
            self.reports = (*self.reports, report)
            self._names = {v.name: step.id for step in report.steps for v in step.vertices}
            self._say(f"building: {label}", build=number, label=label, report=report, observed=ObservedBuild())
            comparison = yield from building.run(Prediction(label, build.state, target, report, keys, secrets, assumed), number)
            done.append(comparison)
            self._say(f"compared: {label}", done=tuple(done), observed=comparison.observed)
            if comparison.observed.cancelled or (comparison.observed_error and number + 1 < len(states)):
                if not comparison.observed.cancelled:
                    self._note(f"The builds after “{label}” were not made, because it failed.")
                break
        if self.plan.mode is Mode.LIVE and done and done[-1].observed.exit_code == 0:
            self.seen = self._engine.builder if self.plan.fresh_builder else self._facts.identity, self.plan.made[-1].state

    def _assumed(self, state: ProjectState, report: SimulationReport) -> Script[Mapping[str, str]]:
        """Lines predicted cached that this engine cannot know by the builds it was seen to make, and why they are predicted."""
        store = EMPTY_STORE
        for seen in self.plan.timeline.seen_on(self._facts.identity):
            _, store = yield from _predicted(replace(seen, store=state.store), "", store)
        known, _ = yield from _predicted(state, "", store)
        ran = {v.name for step in known.steps for v in step.vertices if v.outcome not in (Outcome.HIT, Outcome.NOT_NEEDED)}
        return {v.name: step.from_build for step in report.steps for v in step.vertices if v.name in ran}

    def _measure(self, done: list[BuildComparison]) -> Script[None]:
        """Give what ran the size of its layer; a rehearsal's layers are nobody's."""
        if self.plan.mode is Mode.REHEARSAL or not any(s.observed == VertexStatus.RAN.value for b in done for s in b.steps):
            return
        if explain_trouble(done[-1].observed_error) in (WENT_AWAY, NO_ANSWER):      # nobody is there who could be asked
            return
        self._say("measuring layers")
        if self.plan.made[0].state.engine is EngineKind.CLASSIC:
            for number, build in enumerate(done):
                sizes = yield from image_sizes(self._engine, build)
                done[number] = replace(build, steps=tuple(
                    replace(s, size=sizes.get(s.step)) if s.step is not None and s.observed == VertexStatus.RAN.value else s
                    for s in build.steps))
            return
        if not self._facts.rawjson:
            self._note(f"{UNMEASURED}the plain output of this buildx does not say when each step worked.")
            return
        uses = yield from cache_uses(self._engine)
        if uses is None:
            self._note(f"{UNMEASURED}this engine or buildx did not list its build cache (docker buildx du).")
            return
        begins = [min((v.started for v in b.observed.vertices if v.started is not None), default=math.inf) for b in done[1:]]
        for number, (build, report, until) in enumerate(zip(done, self.reports, [*begins, math.inf], strict=False)):
            done[number] = with_cache_sizes(build, report, uses, until)

    def _effective(self, state: ProjectState) -> ProjectState:
        """What a mode changes in the person's state before anything else."""
        if self.plan.mode is Mode.NO_CACHE:
            state = replace(state, options=replace(state.options, no_cache=True))
        if self.plan.mode is Mode.REHEARSAL:
            text = neutralise_syntax(state.text)
            args = tuple((n, v) for n, v in state.options.args if n != "BUILDKIT_SYNTAX")
            if text != state.text or args != state.options.args:
                self._note(f"The frontend {syntax_of(parse(state.text)) or 'that was asked for'} is not fetched: "
                           "the engine's own frontend reads the Dockerfile.")
            state = replace(state, text=text, options=replace(state.options, args=args, pull=False, cache_from=(),
                                                              network=NetworkMode.NONE))
        return replace(state, store=self._facts.store or state.store)

    def _offline(self, states: list[ProjectState],
                 graphs: list[BuildGraph]) -> tuple[list[ProjectState], list[BuildGraph]]:
        """Take out what would be fetched."""
        if not self._engine.has_images:
            raise _Unable(explain(EngineProblem.NO_IMAGES))
        found = []
        for state, graph in zip(states, graphs, strict=True):
            offline, notes = without_downloads(state, graph, sources_of_adds(state, graph))
            found.append(offline)
            for note in notes:
                self._note(note)
        return found, [graph if offline is state else _graph_of(offline)
                       for offline, state, graph in zip(found, states, graphs, strict=True)]

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    # -- after ----------------------------------------------------------------------------------------------------

    def _keep(self, result: Confirmation) -> Script[Confirmation]:
        """Write the record; a confirmation without any build leaves none."""
        records, building = self.plan.records, self._building
        if records is None or building is None or not result.builds:
            return result
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._started))
        path = records / f"{stamp}-{result.mode.value}-{self.token}.confirmation"
        facts = {"engine": self._facts.version, "buildx": ".".join(map(str, self._facts.buildx)),
                 "store": self._facts.store.value if self._facts.store else "", "arch": self._facts.arch,
                 "driver": self._engine.driver, "client": self._facts.client_version, "cachesim": __version__}
        record = Record(replace(result, record=str(path)), facts, tuple(building.texts), tuple(building.commands))
        try:
            yield Work(lambda _: save_record(path, record, building.streams), "keeping the record", cleanup=True)
        except CachesimError as error:
            return replace(result, notes=(*result.notes, f"The record could not be kept: {error}"))
        return replace(result, record=str(path))

    def _clean(self) -> Script[None]:
        """Leave nothing: images, the builder, the folder, and last the note that this run exists."""
        self._say("cleaning up")
        gone = yield from remove_images(self.plan.engine, self._bases.images)
        classic = any(b.state.engine is EngineKind.CLASSIC for b in self.plan.builds) and self._bases.images
        if classic or (not gone and self._bases.images):
            gone = yield from leftovers.remove_labelled(self.plan.engine.client, self.token)
        if self.plan.fresh_builder and self._engine.builder == self._builder:
            yield Command((*self._engine.client, "buildx", "rm", "--force", self._builder), "removing the builder",
                          timeout=20, cleanup=True)
        yield Work(lambda _: remove_tree(self._folder), "removing temporary files", cleanup=True)
        running = self.plan.running
        if running is not None and gone:
            yield Work(lambda _: leftovers.forget(running, self.token), "noting that it is over", cleanup=True)


class _Unable(CachesimError):
    """The engine cannot be used; the text says why and what to do."""


def _given(state: ProjectState, secrets: Mapping[str, bytes]) -> ProjectState:
    """The state with exactly the secrets that the real build gets: without one that it requires, a RUN fails."""
    return replace(state, options=replace(state.options, secrets=tuple((name, GIVEN_SECRET) for name in secrets)))


def _graph_of(state: ProjectState) -> BuildGraph:
    return resolve(parse(state.text), state.options, state.bases, state.engine)


def _predicted(state: ProjectState, label: str, store: CacheStore) -> Script[tuple[SimulationReport, CacheStore]]:
    result = yield Work(lambda progress: simulate(state.request(label), store, progress), "predicting")
    assert isinstance(result, tuple)
    return result
