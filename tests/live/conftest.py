"""A real engine: skipped with the reason where there is none, a failure where CI is set."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cachesim.cli.runner import Runner
from cachesim.confirm.engines import EngineChoice, EngineFacts, explain, probe
from cachesim.confirm.isolate import LABEL
from cachesim.confirm.match import Confirmation, Mode
from cachesim.confirm.session import Plan, PlannedBuild, Session
from cachesim.confirm.workspace import FolderContents
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of_bytes
from cachesim.graph.options import BuildOptions, ImageStore
from cachesim.project.state import ProjectState

BASE = "busybox:1.36"


def missing(reason: str) -> None:
    """No engine: tell it as what it is here."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs an engine: {reason}")
    pytest.skip(reason)


def docker(*words: str, check: bool = True, data: bytes | None = None) -> str:
    """Run the client; its output."""
    done = subprocess.run(["docker", *words], input=data, capture_output=True, check=False, timeout=300)
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(words)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace")


@pytest.fixture(scope="session")
def engine() -> EngineFacts:
    """What the engine that DOCKER_HOST (or the client) names says of itself."""
    facts = Runner().run(probe(EngineChoice()))
    if facts.problem is not None:
        missing(explain(facts.problem, facts.detail))
    if not docker("image", "ls", "--quiet", BASE, check=False).strip():
        missing(f"the engine has no {BASE}; scripts/docker-engine base makes one")
    print(facts.title)
    return facts


def shown_on(facts: EngineFacts, store: ImageStore) -> None:
    """Skip, for time, what an engine with that image store shows for both."""
    if facts.store is not store:
        pytest.skip(f"shown on the {store.value} store, for both")


@dataclass
class Bench:
    """Makes confirmations of states written down as files."""

    facts: EngineFacts
    folder: Path
    contents: dict[str, bytes]
    clock: int = 1_700_000_000_000_000_000
    tokens: list[str] = field(default_factory=list)

    def state(self, files: Mapping[str, str | bytes], options: BuildOptions | None = None) -> ProjectState:
        """A first state."""
        state = ProjectState("", ContextSnapshot.of({}), options or BuildOptions(),
                             store=self.facts.store)    # type: ignore[arg-type]  # known for the docker driver
        return self.edited(state, files)

    def edited(self, state: ProjectState, files: Mapping[str, str | bytes | None], **options: object) -> ProjectState:
        """The state after an edit; every written file gets a new time."""
        context = state.context
        for path, text in files.items():
            self.clock += 1_000_000_000
            if text is None:
                context = context.without(path)
                continue
            data = text if isinstance(text, bytes) else text.encode()
            self.contents[digest_of_bytes(data)] = data
            context = context.with_bytes(path, data, mtime_ns=self.clock)
        entry = context.get(state.options.dockerfile)
        assert entry is not None
        return replace(state, text=self.contents[entry.digest].decode(), context=context,
                       options=replace(state.options, **options))  # type: ignore[arg-type]

    def plan(self, mode: Mode, builds: Sequence[tuple[str, ProjectState]], **change: object) -> Plan:
        """A plan that keeps its notes and records in the test's folder."""
        plan = Plan(mode, self.facts.choice, tuple(PlannedBuild(label, state) for label, state in builds),
                    FolderContents(None, self.contents.get), self.folder / "scratch",
                    running=self.folder / "running", records=self.folder / "records")
        return replace(plan, **change)  # type: ignore[arg-type]

    def confirm(self, mode: Mode, *builds: tuple[str, ProjectState], **change: object) -> Confirmation:
        """Make the builds for real."""
        return Runner().run(self.session(self.plan(mode, builds, **change)).script())

    def session(self, plan: Plan, on_phase: Callable[[], None] = lambda: None) -> Session:
        """A session whose traces `nothing_is_left` looks for."""
        session = Session(plan, on_phase)
        self.tokens.append(session.token)
        return session

    def nothing_is_left(self) -> bool:
        """No folder, no note, no image, no container of ours (others may use the engine too)."""
        labels = [f"label={LABEL}={token}" for token in self.tokens]
        images = [i for label in labels for i in docker("image", "ls", "-aq", "--filter", label).split()]
        containers = [c for label in labels for c in docker("ps", "-aq", "--filter", label).split()]
        folders = list((self.folder / "scratch").glob("*"))
        notes = list((self.folder / "running").glob("*.json"))
        assert (images, containers, folders, notes) == ([], [], [], [])
        return True


@pytest.fixture
def bench(engine: EngineFacts, tmp_path: Path) -> Bench:
    """Confirmations on the engine."""
    return Bench(engine, tmp_path, {})


@pytest.fixture
def image() -> Iterator[list[str]]:
    """Names of images that a test makes; they are removed after it."""
    made: list[str] = []
    yield made
    if made:
        docker("rmi", "--force", *made, check=False)


def table(result: Confirmation) -> list[tuple[object, ...]]:
    """What has to be the same when a confirmation is repeated."""
    from cachesim.confirm.match import plain_name
    return [(build.label, plain_name(step.name), step.predicted, step.observed, step.verdict.value, step.note)
            for build in result.builds for step in build.steps if not step.internal]


def wrong(result: Confirmation) -> list[str]:
    """Every difference, and why it ended early: empty if all is as predicted."""
    found = [f"{build.label}: {step.name}: predicted {step.predicted}, observed {step.observed or 'nothing'}"
             for build, step in result.differences if step.certain]
    found += [f"{build.label}: {build.problem}" for build in result.builds if build.problem]
    return [*found, *([result.error] if result.error else [])]


def inspected(ref: str) -> dict[str, object]:
    """`docker image inspect`."""
    value: list[dict[str, object]] = json.loads(docker("image", "inspect", ref))
    return value[0]
