"""Which builds does a confirmation from the command line make, with which secrets, on which engine?"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.errors import InputError

if TYPE_CHECKING:
    from cachesim.cli.runner import Runner
    from cachesim.confirm.engines import EngineChoice, EngineFacts
    from cachesim.confirm.match import Mode
    from cachesim.confirm.session import Plan, PlannedBuild
    from cachesim.confirm.workspace import Contents
    from cachesim.graph.options import BaseImage, EngineKind
    from cachesim.project.open import ProjectInfo
    from cachesim.project.state import ProjectState
    from cachesim.project.store import ProjectStore, SavedProject

__all__ = ["engine_named", "held_project", "plan_of", "scenario_builds", "scratch_for", "secrets_of"]


def engine_named(name: str | None, runner: Runner) -> EngineChoice:
    """The engine that the client calls so; the usual one without a name.

    Raises:
        InputError: If there is none of that name.
    """
    from cachesim.confirm.engines import EngineChoice, list_engines
    if name is None:
        return EngineChoice()
    found = runner.run(list_engines())
    for choice in found:
        if choice.name == name:
            return choice
    raise InputError("no such engine", name, f"There are: {', '.join(c.name for c in found) or 'none'}")


def plan_of(args: argparse.Namespace, mode: Mode, engine: EngineChoice, facts: EngineFacts,
            secrets: Mapping[str, bytes]) -> Plan:
    """What the arguments ask for: a scenario's builds, or the stored timeline's and what is on disk.

    Raises:
        CachesimError: There is no such project or scenario, or it cannot be read.
    """
    from cachesim.confirm.match import Mode
    from cachesim.confirm.session import Plan
    from cachesim.pipeline import simulate
    from cachesim.project.folders import data_dir
    from cachesim.project.timeline import Timeline
    running = data_dir() / "running"
    if args.scenario is not None:
        builds, contents, given = scenario_builds(args.scenario)
        timeline = Timeline()
        for build in builds[:-1] if mode is Mode.LIVE else ():
            timeline = timeline.with_build(build.label, build.state, *simulate(build.state.request(build.label), timeline.store))
        return Plan(mode, engine, builds, contents, scratch_for(None), timeline=timeline, secrets={**given, **secrets},
                    running=running, records=args.record)
    from cachesim.confirm.session import PlannedBuild
    from cachesim.confirm.workspace import FolderContents
    from cachesim.project.blobs import BlobStore
    from cachesim.project.open import find_project
    info = find_project(args.path, dockerfile=args.file)
    kind, store = held_project(args, info, facts)
    saved = store.load()
    state = _state(args, info, kind, facts, saved, tuple(secrets))
    if store.message:
        print(store.message, file=sys.stderr)
    timeline = saved.timeline if saved is not None else Timeline()
    path = timeline.path()
    blobs = BlobStore.of_user()
    named = {name: FolderContents(info.context_dir / value, blobs.get)
             for name, value in state.options.contexts if "://" not in value}
    builds = (*(PlannedBuild(entry.label, entry.state) for entry in path),
              PlannedBuild("what is on disk" if path else "first build", state))
    return Plan(mode, engine, builds, FolderContents(info.context_dir, blobs.get), scratch_for(info.context_dir), named,
                info.context_dir, timeline, secrets, running,
                args.record if args.record is not None else store.path.parent / "confirmations")


def held_project(args: argparse.Namespace, info: ProjectInfo, facts: EngineFacts) -> tuple[EngineKind, ProjectStore]:
    """Which builder is meant (the last choice for the project, if no engine is named), and what holds its builds."""
    from cachesim.graph.options import EngineKind, ImageStore
    from cachesim.project.choice import chosen_builder
    from cachesim.project.store import ProjectStore
    choice = chosen_builder(info) if args.engine is None else None
    if choice is not None:
        return choice.engine, ProjectStore(info, *choice.kept)
    return EngineKind.BUILDKIT, ProjectStore(info, EngineKind.BUILDKIT, facts.store or ImageStore.CONTAINERD)


def _state(args: argparse.Namespace, info: ProjectInfo, kind: EngineKind, facts: EngineFacts,
           saved: SavedProject | None, secrets: tuple[str, ...]) -> ProjectState:
    from dataclasses import replace

    from cachesim.graph.options import GIVEN_SECRET, BuildOptions, ImageStore, NetworkMode
    from cachesim.project.open import load_state
    options = saved.options if saved is not None else BuildOptions()
    if args.target is not None:
        options = replace(options, target=args.target)
    if args.args:
        given = tuple((name, value if equals else os.environ.get(name))
                      for name, equals, value in (word.partition("=") for word in args.args))
        options = replace(options, args=(*(a for a in options.args if a[0] not in dict(given)), *given))
    if secrets:
        known_ids = [name for name, _ in options.secrets]
        options = replace(options, secrets=(*options.secrets, *((n, GIVEN_SECRET) for n in secrets if n not in known_ids)))
    if args.network is not None:
        options = replace(options, network=NetworkMode(args.network))
    state = load_state(info, options=options, engine=kind, store=facts.store or ImageStore.CONTAINERD,
                       previous=saved.context if saved is not None else None)
    known = _bases(state) if args.engine is None else {}
    return replace(state, bases=known, claims=saved.claims if saved is not None else ())


def _bases(state: ProjectState) -> dict[str, BaseImage]:
    """What the engine or the book knows of the bases: their triggers are steps, their layers are keys."""
    from cachesim.dockerfile.parser import parse
    from cachesim.project.bases import BaseBook, EngineImages, known_bases
    images = EngineImages.connect()
    try:
        return known_bases(parse(state.text), state.options, state.engine, state.store, BaseBook(), images)
    finally:
        if images is not None:
            images.close()


def scenario_builds(path: Path) -> tuple[tuple[PlannedBuild, ...], Contents, dict[str, bytes]]:
    """The builds of a scenario file, its files' bytes, and the secrets it gives away."""
    from cachesim.confirm.session import PlannedBuild
    from cachesim.confirm.workspace import FolderContents
    from cachesim.project.scenario import builds_of, read_scenarios
    from cachesim.project.state import ProjectState
    found = read_scenarios(path)
    if len(found) != 1:
        raise InputError(f"holds {len(found)} scenarios", str(path), "Confirm takes a file with one")
    scenario, builds = found[0], []
    for build, request in builds_of(scenario):
        entry = request.context.get(request.options.dockerfile)
        data = scenario.contents.get(entry.digest) if entry is not None else None
        if build.problem or data is None:
            raise InputError(build.problem or "has no Dockerfile", f"{path}: {build.edit}")
        state = ProjectState(data.decode("utf-8", "surrogateescape"), request.context, request.options, request.engine,
                             request.store, request.bases, request.named_contexts)
        builds.append(PlannedBuild(request.label, state))
    return tuple(builds), FolderContents(None, scenario.contents.get), _given_secrets(path)


def _given_secrets(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    value = json.loads(path.read_text("utf-8-sig").strip())
    for build in value.get("builds", []):
        for name, text in ((build.get("options") or {}).get("secrets") or {}).items():
            found.setdefault(str(name), str(text).encode("utf-8", "surrogateescape"))
    return found


def secrets_of(words: list[str]) -> dict[str, bytes]:
    """Read --secret as docker writes it."""
    found = {}
    for word in words:
        parts = dict(part.partition("=")[::2] for part in word.split(","))
        name = parts.get("id") or ""
        source, variable = parts.get("src") or parts.get("source"), parts.get("env")
        if not name:
            raise InputError("has no id", "--secret", "Write --secret id=NAME,src=FILE")
        if source is not None:
            try:
                found[name] = Path(source).expanduser().read_bytes()
            except OSError as error:
                raise InputError((error.strerror or str(error)).lower(), f"--secret {name}") from None
        elif (value := os.environ.get(variable or name)) is not None:
            found[name] = value.encode("utf-8", "surrogateescape")
        else:
            raise InputError(f"variable {variable or name} is not set", f"--secret {name}")
    return found


def scratch_for(folder: Path | None) -> Path:
    """Where temporary folders go: on the project's own disk if possible, so that files can be linked."""
    from cachesim.project.folders import data_dir
    places = [Path(tempfile.gettempdir())]
    if folder is not None:
        wanted = folder.stat().st_dev
        data = data_dir()
        existing = next((p for p in (data, *data.parents) if p.exists()), places[0])
        if places[0].stat().st_dev != wanted and existing.stat().st_dev == wanted:
            places.insert(0, data / "tmp")
    return places[0]


