"""How is one confirmation made, from the first question to the engine until nothing of it is left there?

`Session.script()` yields commands and file work one after the other (see `script`), so window and command line make
exactly the same builds; `Session.state` says at any moment how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cachesim import __version__
from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.confirm import leftovers
from cachesim.confirm.buildx import BuildCommand, LineReader, build_argv, clean_environment, reader_for
from cachesim.confirm.classic import ClassicReader, classic_build, context_archive, endpoint_of
from cachesim.confirm.engines import EngineChoice, EngineFacts, EngineProblem, explain, inspect_image, probe
from cachesim.confirm.isolate import (
    Base,
    Isolation,
    bases_of,
    isolated,
    linked_copies,
    nonce_image,
    remove_images,
    run_or_fail,
)
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, compare
from cachesim.confirm.measure import UNMEASURED, cache_uses, image_sizes, with_cache_sizes
from cachesim.confirm.observed import Observation, ObservedBuild, VertexStatus
from cachesim.confirm.records import Record, StreamFile, save_record
from cachesim.confirm.rehearsal import (
    LIMITS,
    Needs,
    claims_of,
    needs_of,
    required_secrets,
    stand_in_image,
    unreachable_sources,
)
from cachesim.confirm.rewrite import neutralise_syntax, syntax_of
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.confirm.workspace import Contents, Workspace, disk_matches, disk_trouble, remove_tree
from cachesim.context.snapshot import FileEntry
from cachesim.digest import digest_of_bytes
from cachesim.dockerfile.parser import parse
from cachesim.errors import CachesimError, Cancelled, EngineError
from cachesim.graph.model import BuildGraph, StepId
from cachesim.graph.options import BaseImage, EngineKind, ImageConfig
from cachesim.graph.resolve import resolve
from cachesim.pipeline import simulate
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["Phase", "Plan", "PlannedBuild", "Session"]


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
        store: What the simulated cache holds (live).
        secrets: Values by id, for this run only.
        fresh_builder: Build in a docker-container builder made for this run, from `builder_image` if that is given.
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
    store: CacheStore = EMPTY_STORE
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    running: Path | None = None
    records: Path | None = None
    fresh_builder: bool = False
    builder_image: str = ""

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


@dataclass(frozen=True, slots=True)
class _Built:
    """One prediction that is about to be tested."""

    label: str
    state: ProjectState         # what the engine gets
    report: SimulationReport
    keys: Mapping[StepId, str]  # of the person's own state: durations are remembered under them


class Session:
    """One confirmation. Make a new one for each run."""

    def __init__(self, plan: Plan, on_phase: Callable[[], None] = lambda: None) -> None:
        self.plan = plan
        self.token = leftovers.token()
        self.learned: CacheStore | None = None      # live: the simulated cache afterwards
        self._changed = on_phase
        self.reports: tuple[SimulationReport, ...] = ()     # predictions of the builds that were made
        self._phase = Phase(builds=len(plan.made))
        self._seen: Observation | None = None
        self._names: dict[str, StepId] = {}
        self._started = time.time()
        self._folder = plan.scratch / f"cachesim-{self.token}"
        self._images: list[str] = []
        self._streams: list[Path] = []
        self._commands: list[tuple[str, ...]] = []
        self._texts: list[str] = []
        self._notes: list[str] = []
        self._engine = plan.engine
        self._contents = _WithTexts(plan)
        self._facts = EngineFacts(plan.engine)

    @property
    def phase(self) -> Phase:
        """How far it is."""
        if self._seen is None:
            return self._phase
        observed = self._seen.snapshot()
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
            error = str(caught)
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
        self._facts = yield from probe(self.plan.engine)
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

    @property
    def _builder(self) -> str:
        return f"cachesim-{self.token}"

    def _all_builds(self, done: list[BuildComparison]) -> Script[None]:
        self._say("preparing")
        states = [self._effective(build.state) for build in self.plan.made]
        graphs = [_graph_of(state) for state in states]
        isolation = yield from self._isolation(states, graphs)
        store = self.plan.store if self.plan.mode is Mode.LIVE else EMPTY_STORE
        own_store = store
        workspace: Workspace | None = None
        for number, (build, state, graph) in enumerate(zip(self.plan.made, states, graphs, strict=True)):
            label = build.label or f"build {number + 1}"
            target = isolated(state, graph, isolation)
            self._contents.add(target)
            if self.plan.mode is Mode.REHEARSAL:
                target = replace(target, claims=claims_of(graph))
            report, store = yield from _predicted(target, label, store)
            own, own_store = yield from _predicted(build.state, label, own_store)
            keys = {step.id: step.key.digest for step in own.steps if step.key is not None}
            built = _Built(label, target, report, keys)
            self.reports = (*self.reports, report)
            self._names = {v.name: step.id for step in report.steps for v in step.vertices}
            self._say(f"building: {label}", build=number, label=label, report=report, observed=ObservedBuild())
            source = target if target.engine is EngineKind.CLASSIC else build.state
            folder = yield from self._folder_for(source, workspace)
            if not isinstance(folder, Path):
                workspace, folder = folder, folder.root
            comparison = yield from self._build(built, number, folder)
            done.append(comparison)
            self._say(f"compared: {label}", done=tuple(done))
            if comparison.observed.cancelled or (comparison.observed_error and number + 1 < len(states)):
                if not comparison.observed.cancelled:
                    self._notes.append(f"The builds after “{label}” were not made, because it failed.")
                break
        if self.plan.mode is Mode.LIVE and done and not done[-1].observed_error:
            self.learned = store

    def _measure(self, done: list[BuildComparison]) -> Script[None]:
        """Give what ran the size of its layer; a rehearsal's layers are nobody's."""
        if self.plan.mode is Mode.REHEARSAL or not any(s.observed == VertexStatus.RAN.value for b in done for s in b.steps):
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
        for number, (build, report) in enumerate(zip(done, self.reports, strict=False)):
            done[number] = with_cache_sizes(build, report, uses)

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
            state = replace(state, text=text, options=replace(state.options, args=args, pull=False, cache_from=()))
        return replace(state, store=self._facts.store or state.store)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    def _isolation(self, states: list[ProjectState], graphs: list[BuildGraph]) -> Script[Isolation]:
        mode = self.plan.mode
        if mode is Mode.LIVE:
            return Isolation()
        if mode is not Mode.REHEARSAL and not self._engine.has_images:
            if not self.plan.fresh_builder:
                self._note("This builder has no images of its own to isolate with: it may know steps from earlier "
                           "builds.")
            return Isolation()
        rehearsal = mode is Mode.REHEARSAL
        wanted: dict[str, Base] = {}
        needs: dict[str, Needs] = {}
        for state, graph in zip(states, graphs, strict=True):
            for base in bases_of(graph, read_too=rehearsal):
                wanted.setdefault(base.context, base)
            if rehearsal:
                for name, need in needs_of(state, graph).items():
                    needs.setdefault(name, Needs()).add(need)
                for source in unreachable_sources(graph):
                    self._note(f"{source} is fetched for real (or fails without network): a rehearsal cannot replace "
                               "it.")
        images: dict[Base, BaseImage] = {}
        for number, (name, base) in enumerate(wanted.items()):
            options = states[-1].options
            self._say(f"making a stand-in for {name}" if rehearsal else f"isolating {name}")
            self._images.append(f"localhost/cachesim/{'stand-in' if rehearsal else 'nonce'}:{self.token}-{number}")
            if rehearsal:
                config = yield from self._config(states, base)
                images[base] = yield from stand_in_image(self._engine, base, needs.get(name, Needs()), config,
                                                         self._machine, self.token, number, self._folder, options)
            else:
                images[base] = yield from nonce_image(self._engine, base, self.token, number, self._folder, options)
            if not base.ref:
                self._note("FROM scratch cannot be isolated as it is: in the copy that is built, a layer with one "
                           "small file takes its place, so these stages count one step more.")
        if rehearsal:
            self._note(LIMITS)
        return Isolation(images)

    @property
    def _machine(self) -> str:
        return self._facts.arch if self._facts.arch in ("amd64", "arm64") else "amd64"

    def _config(self, states: list[ProjectState], base: Base) -> Script[ImageConfig]:
        """The configuration that a stand-in gets: as the project knows it, else as the engine does, else none."""
        for state in states:
            known = state.bases.get(base.ref)
            if known is not None and known.config is not None:
                return known.config
        found = (yield from inspect_image(self._engine, base.ref)) if base.ref else None
        return found.config if found is not None and found.config is not None else ImageConfig()

    # -- one build ------------------------------------------------------------------------------------------------

    def _folder_for(self, state: ProjectState, workspace: Workspace | None) -> Script[Workspace | Path]:
        """The folder to build from: the project's own for a live build of what lies there, else a copy."""
        own = self.plan.folder
        if self.plan.mode is Mode.LIVE and own is not None:
            same = yield Work(lambda _: disk_matches(own, state.context), "comparing with the disk")
            if same:
                return own
            self._note("The state is not what lies on disk, so a copy of it was built: the engine transfers it anew.")
        space = workspace if workspace is not None else Workspace(self._folder / "context", self._contents)
        yield Work(lambda progress: space.apply(state.context, progress), "writing the context")
        return space

    def _build(self, built: _Built, number: int, folder: Path) -> Script[BuildComparison]:
        state, secrets = built.state, dict(self.plan.secrets)
        if self.plan.mode is Mode.REHEARSAL:
            secrets.update(dict.fromkeys(required_secrets(built.report.graph, secrets), b"rehearsal"))
        dockerfile = yield Work(lambda _: self._dockerfile(state, folder, number), "writing the Dockerfile")
        assert isinstance(dockerfile, Path)
        contexts = yield Work(lambda progress: self._named(state, progress), "writing named contexts")
        assert isinstance(contexts, dict)
        env = clean_environment(state.options)
        names = {}
        for index, (name, value) in enumerate(secrets.items()):
            env[f"CACHESIM_SECRET_{index}"] = value.decode("utf-8", "surrogateescape")
            names[name] = f"CACHESIM_SECRET_{index}"
        for name, _ in state.options.secrets:
            if name not in names:
                self._note(f"The value of secret {name} was not given: it is missing in the real build.")
        if state.engine is EngineKind.CLASSIC:
            return (yield from self._build_classic(built, number, folder))
        argv = build_argv(_kept_as(self.plan.made[number].image, BuildCommand(
            folder, dockerfile, state.options, self._engine.client, self._engine.builder, tuple(contexts.items()),
            tuple(names.items()), self._facts.rawjson)))
        self._commands.append(argv)
        self._texts.append(state.text)
        given = list(self.plan.secrets.values())
        sink = self._sink(reader_for(self._facts.rawjson, given), number)
        start = time.monotonic()
        try:
            ended = yield Command(argv, f"building: {built.label}", env, on_line=sink.line)
        except BaseException:
            sink.stream.abandon()
            raise
        finally:
            self._seen = None
        assert isinstance(ended, Finished)
        sink.close()
        observed = sink.seen.ended(ended.exit_code, time.monotonic() - start, ended.cancelled, ended.error)
        return self._compared(built, observed)

    def _build_classic(self, built: _Built, number: int, folder: Path) -> Script[BuildComparison]:
        """The classic builder gets an archive through the SDK, on a worker; its images carry our label."""
        state, endpoint = built.state, endpoint_of(self._engine.endpoint)
        archive = self._folder / f"context-{number}.tar"
        self._commands.append(("POST", f"{endpoint.host}/build", state.options.dockerfile))
        self._texts.append(state.text)
        yield Work(lambda _: context_archive(archive, folder, state.context, state.options), "packing the context")
        sink = self._sink(ClassicReader(), number)
        start = time.monotonic()
        trouble, code = "", 1
        try:
            done = yield Work(lambda progress: classic_build(endpoint, archive, state.options, sink.line, progress),
                              f"building: {built.label}")
            assert isinstance(done, int)
            code = done
        except EngineError as error:
            trouble = error.tail
        except BaseException:
            sink.stream.abandon()
            raise
        finally:
            self._seen = None
        sink.close()
        return self._compared(built, sink.seen.ended(code, time.monotonic() - start, False, trouble))

    def _sink(self, reader: LineReader, number: int) -> _Sink:
        sink = _Sink(reader, self._folder, number, list(self.plan.secrets.values()), self._changed)
        self._streams.append(sink.stream.path)
        self._seen = sink.seen
        return sink

    def _compared(self, built: _Built, observed: ObservedBuild) -> BuildComparison:
        self._phase = replace(self._phase, observed=observed)
        earlier = {}
        if self.plan.mode is not Mode.LIVE and not built.state.options.no_cache:
            earlier = linked_copies(built.report)
        comparison = compare(built.report, observed, built.label, mode=self.plan.mode, not_isolated=earlier)
        kept = not self._images     # what stands on an image of ours is removed with it
        steps = (replace(s, image_kept=kept and bool(s.image)) for s in comparison.steps)
        return replace(comparison, steps=tuple(
            replace(s, key=built.keys.get(s.step, "")) if s.step is not None else s for s in steps))

    def _dockerfile(self, state: ProjectState, folder: Path, number: int) -> Path:
        """Where the Dockerfile lies: in the context if the text is the one there, else in a folder of its own."""
        name, data = state.options.dockerfile, state.text.encode("utf-8", "surrogateescape")
        entry = state.context.get(name)
        if entry is not None and entry.digest == digest_of_bytes(data):
            return folder / name
        place = self._folder / f"dockerfile-{number}"
        place.mkdir()
        file = place / Path(name).name
        file.write_bytes(data)
        ignore = state.context.ignore_text(f"{name}.dockerignore")
        ignore = state.context.ignore_text(".dockerignore") if ignore is None else ignore
        if ignore is not None:
            (place / f"{file.name}.dockerignore").write_bytes(ignore.encode("utf-8", "surrogateescape"))
        return file

    def _named(self, state: ProjectState, progress: Progress) -> dict[str, str]:
        found = {}
        for number, (name, snapshot) in enumerate(state.named_contexts.items()):
            place = self._folder / f"named-{number}"
            remove_tree(place)
            Workspace(place, self.plan.named.get(name, self.plan.contents)).apply(snapshot, progress)
            found[name] = str(place)
        return found

    # -- after ----------------------------------------------------------------------------------------------------

    def _keep(self, result: Confirmation) -> Script[Confirmation]:
        """Write the record; a confirmation without any build leaves none."""
        records = self.plan.records
        if records is None or not result.builds:
            return result
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._started))
        path = records / f"{stamp}-{result.mode.value}-{self.token}.confirmation"
        facts = {"engine": self._facts.version, "buildx": ".".join(map(str, self._facts.buildx)),
                 "store": self._facts.store.value if self._facts.store else "", "arch": self._facts.arch,
                 "driver": self._engine.driver, "client": self._facts.client_version, "cachesim": __version__}
        record = Record(replace(result, record=str(path)), facts, tuple(self._texts), tuple(self._commands))
        try:
            yield Work(lambda _: save_record(path, record, self._streams), "keeping the record", cleanup=True)
        except CachesimError as error:
            return replace(result, notes=(*result.notes, f"The record could not be kept: {error}"))
        return replace(result, record=str(path))

    def _clean(self) -> Script[None]:
        """Leave nothing: images, the builder, the folder, and last the note that this run exists."""
        self._say("cleaning up")
        gone = yield from remove_images(self.plan.engine, self._images)
        classic = any(b.state.engine is EngineKind.CLASSIC for b in self.plan.builds) and self._images
        if classic or (not gone and self._images):
            gone = yield from leftovers.remove_labelled(self.plan.engine.client, self.token)
        if self.plan.fresh_builder and self._engine.builder == self._builder:
            yield Command((*self._engine.client, "buildx", "rm", "--force", self._builder), "removing the builder",
                          timeout=20, cleanup=True)
        yield Work(lambda _: remove_tree(self._folder), "removing temporary files", cleanup=True)
        running = self.plan.running
        if running is not None and gone:
            yield Work(lambda _: leftovers.forget(running, self.token), "noting that it is over", cleanup=True)


class _WithTexts(Contents):
    """The plan's contents, and the Dockerfiles of its builds: a text that was just typed is on no disk."""

    def __init__(self, plan: Plan) -> None:
        texts = (build.state.text.encode("utf-8", "surrogateescape") for build in plan.builds)
        self._texts = {digest_of_bytes(text): text for text in texts}
        self._others = plan.contents

    def add(self, state: ProjectState) -> None:
        """Also serve the Dockerfile of a state that was made from one of these."""
        text = state.text.encode("utf-8", "surrogateescape")
        self._texts[digest_of_bytes(text)] = text

    def path_of(self, path: str, entry: FileEntry) -> Path | None:
        return self._others.path_of(path, entry)

    def bytes_of(self, path: str, entry: FileEntry) -> bytes:
        found = self._texts.get(entry.digest)
        return found if found is not None else self._others.bytes_of(path, entry)


class _Unable(CachesimError):
    """The engine cannot be used; the text says why and what to do."""


class _Sink:
    """Takes the client's lines: into the raw stream on disk and into the observation."""

    def __init__(self, reader: LineReader, folder: Path, number: int, secrets: list[bytes],
                 changed: Callable[[], None]) -> None:
        self.seen = Observation()
        self.stream = StreamFile(folder / f"build-{number}.rawjson", secrets)
        self._reader, self._changed = reader, changed
        self._trouble: CachesimError | None = None

    def line(self, line: str) -> None:
        """Take one line; a full disk is told when the build has ended, which goes on meanwhile."""
        if self._trouble is None:
            try:
                self.stream.write(line)
            except CachesimError as error:
                self._trouble = error
        self.seen.add(self._reader.feed(line))
        self._changed()

    def close(self) -> None:
        """Read the rest.

        Raises:
            CachesimError: The stream could not be written.
        """
        self.seen.add(self._reader.finish())
        if self._trouble is None:
            self.stream.close()
        else:
            raise self._trouble


def _kept_as(image: str, command: BuildCommand) -> BuildCommand:
    return replace(command, output="", extra=(*command.extra, "--tag", image, "--load")) if image else command


def _graph_of(state: ProjectState) -> BuildGraph:
    return resolve(parse(state.text), state.options, state.bases, state.engine)


def _predicted(state: ProjectState, label: str, store: CacheStore) -> Script[tuple[SimulationReport, CacheStore]]:
    result = yield Work(lambda progress: simulate(state.request(label), store, progress), "predicting")
    assert isinstance(result, tuple)
    return result
