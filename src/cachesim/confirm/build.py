"""How is one planned build made by the client, and what did it do?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cachesim.confirm.buildx import BuildCommand, LineReader, build_argv, clean_environment, reader_for
from cachesim.confirm.classic import ClassicReader, classic_build, context_archive, endpoint_of
from cachesim.confirm.engines import EngineChoice, EngineFacts
from cachesim.confirm.isolate import linked_copies
from cachesim.confirm.match import BuildComparison, Mode, compare
from cachesim.confirm.observed import Observation, ObservedBuild
from cachesim.confirm.plan import Plan
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.confirm.stream import Sink
from cachesim.confirm.workspace import Contents, Workspace, disk_matches, remove_tree
from cachesim.context.snapshot import FileEntry
from cachesim.digest import digest_of_bytes
from cachesim.errors import EngineError
from cachesim.graph.model import StepId
from cachesim.graph.options import EngineKind
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["Building", "Prediction"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction that is about to be tested.

    Attributes:
        own: The person's state; `state` is what the engine gets, and `report` speaks of that.
        secrets: Values that the build gets.
        keys: Digests of the keys of the person's own steps: what is measured is remembered under them.
        assumed: Lines that only builds explain which the engine was not seen to make (see `compare`).
    """

    label: str
    own: ProjectState
    state: ProjectState
    report: SimulationReport
    keys: Mapping[StepId, str]
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    assumed: Mapping[str, str] = field(default_factory=dict)


class Building:
    """Makes the builds of one confirmation, each on what the one before left in the folder.

    Attributes:
        seen: What the running build has said so far; None while none runs.
        streams, commands, texts: Of each build: its raw lines on disk, its command line, its Dockerfile.
    """

    def __init__(self, plan: Plan, engine: EngineChoice, facts: EngineFacts, folder: Path, *, leaves_images: bool,
                 note: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._plan, self._engine, self._facts, self._folder = plan, engine, facts, folder
        self._leaves_images = leaves_images
        self._note, self._changed = note, changed
        self._contents = _WithTexts(plan)
        self._space: Workspace | None = None
        self.seen: Observation | None = None
        self.streams: list[Path] = []
        self.commands: list[tuple[str, ...]] = []
        self.texts: list[str] = []

    def _folder_for(self, state: ProjectState) -> Script[Path]:
        """The folder to build from: the project's own for a live build of what lies there, else a copy."""
        own = self._plan.folder
        if self._plan.mode is Mode.LIVE and own is not None:
            same = yield Work(lambda _: disk_matches(own, state.context), "comparing with the disk")
            if same:
                return own
            self._note("The state is not what lies on disk, so a copy of it was built: the engine transfers it anew.")
        space = self._space = self._space or Workspace(self._folder / "context", self._contents)
        yield Work(lambda progress: space.apply(state.context, progress), "writing the context")
        return space.root

    def run(self, built: Prediction, number: int) -> Script[BuildComparison]:
        """Write what it reads, build, compare.

        Raises:
            CachesimError: A file cannot be written, or its content is not known any more.
        """
        state, secrets = built.state, built.secrets
        self._contents.add(state)
        folder = yield from self._folder_for(state if state.engine is EngineKind.CLASSIC else built.own)
        dockerfile = yield Work(lambda _: self._dockerfile(state, folder, number), "writing the Dockerfile")
        assert isinstance(dockerfile, Path)
        contexts = yield Work(lambda progress: self._named(state, progress), "writing named contexts")
        assert isinstance(contexts, dict)
        env = clean_environment(state.options)
        names = {}
        for index, (name, value) in enumerate(secrets.items()):
            env[f"CACHESIM_SECRET_{index}"] = value.decode("utf-8", "surrogateescape")
            names[name] = f"CACHESIM_SECRET_{index}"
        for name, _ in built.own.options.secrets:
            if name not in names:
                self._note(f"The value of secret {name} was not given: it is missing in the real build.")
        if state.engine is EngineKind.CLASSIC:
            return (yield from self._classic(built, number, folder))
        argv = build_argv(_kept_as(self._plan.made[number].image, BuildCommand(
            folder, dockerfile, state.options, self._engine.client, self._engine.builder, tuple(contexts.items()),
            tuple(names.items()), self._facts.rawjson)))
        self.commands.append(argv)
        self.texts.append(state.text)
        given = list(self._plan.secrets.values())
        sink = self._sink(reader_for(self._facts.rawjson, given), number)
        start = time.monotonic()
        try:
            ended = yield Command(argv, f"building: {built.label}", env, on_line=sink.line)
        except BaseException:
            sink.stream.abandon()
            raise
        finally:
            self.seen = None
        assert isinstance(ended, Finished)
        sink.close()
        observed = sink.seen.ended(ended.exit_code, time.monotonic() - start, ended.cancelled, ended.error)
        return self._compared(built, observed)

    def _classic(self, built: Prediction, number: int, folder: Path) -> Script[BuildComparison]:
        """The classic builder gets an archive through the SDK, on a worker; its images carry our label."""
        state, endpoint = built.state, endpoint_of(self._engine.endpoint)
        archive = self._folder / f"context-{number}.tar"
        self.commands.append(("POST", f"{endpoint.host}/build", state.options.dockerfile))
        self.texts.append(state.text)
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
            self.seen = None
        sink.close()
        return self._compared(built, sink.seen.ended(code, time.monotonic() - start, False, trouble))

    def _sink(self, reader: LineReader, number: int) -> Sink:
        sink = Sink(reader, self._folder, number, list(self._plan.secrets.values()), self._changed)
        self.streams.append(sink.stream.path)
        self.seen = sink.seen
        return sink

    def _compared(self, built: Prediction, observed: ObservedBuild) -> BuildComparison:
        earlier = {}
        if self._plan.mode is not Mode.LIVE and not built.state.options.no_cache:
            earlier = linked_copies(built.report)
        comparison = compare(built.report, observed, built.label, mode=self._plan.mode, not_isolated=earlier,
                             assumed=built.assumed)
        steps = (replace(s, image_kept=self._leaves_images and bool(s.image)) for s in comparison.steps)
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
            Workspace(place, self._plan.named.get(name, self._plan.contents)).apply(snapshot, progress)
            found[name] = str(place)
        return found


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


def _kept_as(image: str, command: BuildCommand) -> BuildCommand:
    return replace(command, output="", extra=(*command.extra, "--tag", image, "--load")) if image else command
