"""`cachesim confirm [PATH]`: is the prediction what a real build does?"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cachesim.errors import InputError

if TYPE_CHECKING:
    from cachesim.cli.runner import Runner
    from cachesim.confirm.engines import EngineChoice, EngineFacts
    from cachesim.confirm.match import BuildComparison, Confirmation
    from cachesim.confirm.session import Plan, PlannedBuild
    from cachesim.confirm.workspace import Contents
    from cachesim.graph.options import BaseImage, EngineKind
    from cachesim.project.open import ProjectInfo
    from cachesim.project.state import ProjectState
    from cachesim.project.store import ProjectStore, SavedProject

__all__ = ["add_parser", "engine_named", "run", "scratch_for", "secrets_of", "teller"]

_MODES = ("isolated", "live", "no-cache", "rehearsal")

_EPILOG = """\
modes:
  isolated    every base gets a unique layer, so nothing that the engine built before matters (default)
  live        on the engine's present cache, as your own build would
  no-cache    everything runs: does it still build, and what does each step cost?
  rehearsal   stand-ins for all bases and commands: the engine's cache decisions in seconds, without network

examples:
  cachesim confirm .
  cachesim confirm . --mode rehearsal
  cachesim confirm . --scenario scenario.json --json
  cachesim confirm --open 20260101-120000-isolated-0a1b2c.confirmation

exit status: 0 every certain prediction held, 1 one was wrong, 2 it could not run
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "confirm", help="run the build for real and compare it with the prediction", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Make the project's builds (its timeline, then what is on disk) with a real engine and compare "
                    "every step with its prediction.")
    parser.add_argument("path", nargs="?", type=Path, default=Path("."), metavar="PATH", help="a folder or Dockerfile")
    parser.add_argument("--mode", choices=_MODES, default="isolated", help="how to build (default: isolated)")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="make the builds of this scenario instead")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("-f", "--file", metavar="PATH", help="the Dockerfile, relative to a folder PATH")
    parser.add_argument("--target", metavar="STAGE", help="build this stage")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", dest="args")
    parser.add_argument("--network", choices=("none", "default", "host"), help="network of RUN steps (default: none, "
                        "or what the project remembers)")
    parser.add_argument("--secret", action="append", default=[], dest="secrets", metavar="id=NAME,src=FILE|env=VAR",
                        help="a secret for the real build; never kept")
    parser.add_argument("--engine", metavar="NAME", help="a docker context or buildx builder, for BuildKit (default: the "
                        "usual one, with the builder that was chosen last in the window for this project)")
    parser.add_argument("--list-engines", action="store_true", help="say which engines there are, and end")
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="keep the record here, not with the project")
    parser.add_argument("--save-scenario", type=Path, metavar="FILE", help="write what was built and observed as a "
                        "scenario file that can be replayed")
    parser.add_argument("--noise", action="store_true", help="with --save-scenario: same-size noise for file contents")
    parser.add_argument("--fresh-builder", action="store_true", help="build in a docker-container builder made for this "
                        "(needs its image and, for bases, a network)")
    parser.add_argument("--open", type=Path, metavar="FILE", help="show a kept record again; no engine is needed")


def run(args: argparse.Namespace) -> int:
    """Confirm and print."""
    from cachesim.cli.runner import Runner
    runner = Runner(teller(args.json))
    if args.open is not None:
        from cachesim.confirm.records import load_record
        return _show(load_record(args.open).confirmation, args.json)
    before = {number: signal.signal(number, lambda *_: runner.cancel()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if args.list_engines:
            return _list(runner, args.json)
        return _confirm(args, runner)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _confirm(args: argparse.Namespace, runner: Runner) -> int:
    from dataclasses import replace

    from cachesim.confirm import leftovers
    from cachesim.confirm.engines import explain, probe
    from cachesim.confirm.match import Mode
    from cachesim.confirm.session import Session
    from cachesim.project.folders import data_dir
    mode = Mode(args.mode)
    secrets = secrets_of(args.secrets)
    engine = engine_named(args.engine, runner)
    for run_ in leftovers.find(data_dir() / "running"):
        runner.run(leftovers.clean(run_, data_dir() / "running"))
    facts = runner.run(probe(engine))
    if facts.problem is not None:
        raise InputError(explain(facts.problem, facts.detail))
    plan = _plan(args, mode, engine, facts, secrets)
    plan = replace(plan, fresh_builder=args.fresh_builder)
    session = Session(plan)
    result = runner.run(session.script())
    if args.save_scenario is not None and result.builds:
        _save_scenario(args.save_scenario, plan, result, args.noise)
    if args.scenario is None:
        _remember(args, result, facts)
    return _show(result, args.json)


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


def _list(runner: Runner, as_json: bool) -> int:
    from cachesim.confirm.engines import list_engines
    found = runner.run(list_engines())
    if as_json:
        print(json.dumps([{"name": c.name, "driver": c.driver, "endpoint": c.endpoint, "remote": c.remote,
                           "current": c.current} for c in found]))
    else:
        from cachesim.cli.render import table
        rows = [(("* " if c.current else "  ") + c.name, c.driver, "remote" if c.remote else "local", c.endpoint)
                for c in found]
        print("\n".join(table(("  name", "driver", "where", "endpoint"), rows)))
    return 0 if found else 1


def _plan(args: argparse.Namespace, mode: Any, engine: EngineChoice, facts: EngineFacts,
          secrets: Mapping[str, bytes]) -> Plan:
    from cachesim.confirm.session import Plan
    from cachesim.project.folders import data_dir
    running = data_dir() / "running"
    if args.scenario is not None:
        builds, contents, given = _scenario(args.scenario)
        return Plan(mode, engine, builds, contents, scratch_for(None), secrets={**given, **secrets}, running=running,
                    records=args.record)
    from cachesim.confirm.session import PlannedBuild
    from cachesim.confirm.workspace import FolderContents
    from cachesim.project.blobs import BlobStore
    from cachesim.project.open import find_project
    info = find_project(args.path, dockerfile=args.file)
    kind, store = _held(args, info, facts)
    saved = store.load()
    state = _state(args, info, kind, facts, saved)
    if store.message:
        print(store.message, file=sys.stderr)
    path = saved.timeline.path() if saved is not None else ()
    blobs = BlobStore.of_user()
    named = {name: FolderContents(info.context_dir / value, blobs.get)
             for name, value in state.options.contexts if "://" not in value}
    builds = (*(PlannedBuild(entry.label, entry.state) for entry in path),
              PlannedBuild("what is on disk" if path else "first build", state))
    return Plan(mode, engine, builds, FolderContents(info.context_dir, blobs.get), scratch_for(info.context_dir), named,
                info.context_dir, path[-1].store if path else _empty(), secrets, running,
                args.record if args.record is not None else store.path.parent / "confirmations")


def _empty() -> Any:
    from cachesim.cache.store import EMPTY_STORE
    return EMPTY_STORE


def _held(args: argparse.Namespace, info: ProjectInfo, facts: EngineFacts) -> tuple[EngineKind, ProjectStore]:
    """Which builder is meant (the last choice for the project, if no engine is named), and what holds its builds."""
    from cachesim.graph.options import EngineKind, ImageStore
    from cachesim.project.choice import chosen_builder
    from cachesim.project.store import ProjectStore
    choice = chosen_builder(info) if args.engine is None else None
    if choice is not None:
        return choice.engine, ProjectStore(info, *choice.kept)
    return EngineKind.BUILDKIT, ProjectStore(info, EngineKind.BUILDKIT, facts.store or ImageStore.CONTAINERD)


def _state(args: argparse.Namespace, info: ProjectInfo, kind: EngineKind, facts: EngineFacts,
           saved: SavedProject | None) -> ProjectState:
    from dataclasses import replace

    from cachesim.graph.options import BuildOptions, ImageStore, NetworkMode
    from cachesim.project.open import load_state
    options = saved.options if saved is not None else BuildOptions()
    if args.target is not None:
        options = replace(options, target=args.target)
    if args.args:
        given = tuple((name, value if equals else os.environ.get(name))
                      for name, equals, value in (word.partition("=") for word in args.args))
        options = replace(options, args=(*(a for a in options.args if a[0] not in dict(given)), *given))
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


def _scenario(path: Path) -> tuple[tuple[PlannedBuild, ...], Contents, dict[str, bytes]]:
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


def _save_scenario(path: Path, plan: Plan, result: Confirmation, hide: bool) -> None:
    from cachesim.confirm.share import scenario_of_confirmation
    from cachesim.confirm.workspace import bytes_by_digest
    from cachesim.project.folders import write_atomically
    content = bytes_by_digest([build.state.context for build in plan.made], plan.contents)
    value, lost = scenario_of_confirmation(plan.made, result, path.stem, content, hide=hide)
    write_atomically(path, json.dumps(value, indent=1).encode() + b"\n")
    if lost:
        print(f"note: the contents of {', '.join(lost[:5])} are not kept; a line stands for each", file=sys.stderr)


def _remember(args: argparse.Namespace, result: Confirmation, facts: EngineFacts) -> None:
    """Keep what was measured with the project."""
    from cachesim.confirm.measure import measured_by
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.open import find_project
    _, store = _held(args, find_project(args.path, dockerfile=args.file), facts)
    found = measured_by(result)
    if found:
        store.record(RECORD, Measured.from_json(store.records().get(RECORD)).adding(found).to_json())


# -- what is printed --------------------------------------------------------------------------------------------------


def teller(as_json: bool) -> Any:
    """Says what is being done, in one line of a terminal."""
    def tell(what: str) -> None:
        if not as_json and sys.stderr.isatty():
            print(f"\r\x1b[K{what} …", end="", file=sys.stderr, flush=True)
    return tell


def _show(result: Confirmation, as_json: bool) -> int:
    if not as_json and sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if as_json:
        print(json.dumps(result_object(result)))
    else:
        print(f"{result.engine}, mode {result.mode.value}")
        for build in result.builds:
            print()
            print("\n".join(_build_lines(build)))
        print()
        for note in result.notes:
            print(f"note: {note}")
        if result.record:
            print(f"record: {result.record}")
        print(result.verdict)
    if result.error:
        print(f"error: {result.error}", file=sys.stderr)
    return result.exit_code


def _build_lines(build: BuildComparison) -> list[str]:
    from cachesim.cli.render import table
    from cachesim.confirm.match import IMAGES_GONE, run_command
    from cachesim.context.snapshot import size_text
    rows, folded = [], 0
    images = any(step.image for step in build.steps)
    for step in build.steps:
        if step.internal or (not step.observed and not step.verdict.counts):
            folded += 1
            continue
        seconds = f"{step.seconds:.1f} s" if step.observed == "run" else ""
        size = size_text(step.size) if step.size is not None else ""
        rows.append((str(step.line or ""), _short(step.name), step.predicted + ("" if step.certain else "?"),
                     step.observed, step.verdict.value, seconds, size, *((step.image,) if images else ()),
                     step.note if step.verdict.value != "right" else ""))
    lines = [f"{build.label} ({build.observed.seconds:.1f} s)"]
    heads = ("line", "step", "predicted", "observed", "verdict", "took", "layer", *(("image",) if images else ()), "")
    lines += table(heads, rows) if rows else []
    if folded:
        lines.append(f"({folded} lines of the engine's own, or without a step, are not shown)")
    if images:
        kept = any(step.image_kept for step in build.steps)
        lines.append(f"To look into the image of a step: {run_command('IMAGE')}" if kept else f"({IMAGES_GONE})")
    if build.observed_error:
        lines.append(f"The build failed: {build.observed_error}")
        failed = build.observed.failed_vertex
        lines += [f"    {line}" for line in failed.log.splitlines()[-12:]] if failed is not None else []
    if build.problem:
        lines.append(f"Not as predicted: {build.problem}")
    return lines


def _short(text: str, width: int = 60) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= width else line[:width - 1] + "…"


def result_object(result: Confirmation) -> dict[str, Any]:
    """A confirmation as one JSON object."""
    from cachesim.confirm.match import Verdict
    from cachesim.confirm.records import step_object
    return {
        "mode": result.mode.value, "engine": result.engine, "verdict": result.verdict, "exit": result.exit_code,
        "compared": result.compared, "held": result.held,
        "counts": {verdict.value: result.count(verdict) for verdict in Verdict if verdict is not Verdict.OPEN},
        "notes": list(result.notes), "error": result.error or None, "cancelled": result.cancelled,
        "record": result.record or None,
        "builds": [{"label": build.label, "seconds": round(build.observed.seconds, 3),
                    "predicted_error": build.predicted_error or None, "observed_error": build.observed_error or None,
                    "problem": build.problem or None, "steps": [step_object(step) for step in build.steps]}
                   for build in result.builds]}
