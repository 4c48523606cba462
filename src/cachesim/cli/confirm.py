"""`cachesim confirm [PATH]`: is the prediction what a real build does?"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.errors import InputError

if TYPE_CHECKING:
    from cachesim.cli.runner import Runner
    from cachesim.confirm.engines import EngineFacts
    from cachesim.confirm.match import Confirmation
    from cachesim.confirm.session import Plan, Session

__all__ = ["add_parser", "run"]

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

exit status: 0 every certain prediction held (live: or the engine knew a step from an earlier build, or a step ran because
the engine was never seen to make the build that cachesim assumed), 1 one was wrong, 2 it could not run
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
    from cachesim.cli.confirm_result import show, teller
    from cachesim.cli.runner import Runner
    runner = Runner(teller(args.json))
    if args.open is not None:
        from cachesim.confirm.records import load_record
        return show(load_record(args.open).confirmation, args.json)
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

    from cachesim.cli.confirm_plan import engine_named, plan_of, secrets_of
    from cachesim.cli.confirm_result import show
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
    plan = plan_of(args, mode, engine, facts, secrets)
    plan = replace(plan, fresh_builder=args.fresh_builder, facts=facts)
    session = Session(plan)
    result = runner.run(session.script())
    if args.save_scenario is not None and result.builds:
        _save_scenario(args.save_scenario, plan, result, args.noise)
    if args.scenario is None:
        _remember(args, session, result, facts)
    return show(result, args.json)


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


def _save_scenario(path: Path, plan: Plan, result: Confirmation, hide: bool) -> None:
    from cachesim.confirm.share import scenario_of_confirmation
    from cachesim.confirm.workspace import bytes_by_digest
    from cachesim.project.folders import write_atomically
    content = bytes_by_digest([build.state.context for build in plan.made], plan.contents)
    value, lost = scenario_of_confirmation(plan.made, result, path.stem, content, hide=hide)
    write_atomically(path, json.dumps(value, indent=1).encode() + b"\n")
    if lost:
        print(f"note: the contents of {', '.join(lost[:5])} are not kept; a line stands for each", file=sys.stderr)


def _remember(args: argparse.Namespace, session: Session, result: Confirmation, facts: EngineFacts) -> None:
    """Keep with the project what was measured, and that this engine was seen to make a live build."""
    from dataclasses import replace

    from cachesim.cli.confirm_plan import held_project
    from cachesim.confirm.measure import measured_by
    from cachesim.project.blobs import BlobStore
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.open import find_project
    from cachesim.project.store import SavedProject
    info = find_project(args.path, dockerfile=args.file)
    _, store = held_project(args, info, facts)
    found = measured_by(result)
    if session.seen is not None:
        engine, state = session.seen
        saved = store.load() or SavedProject(context=state.context)
        store.save(replace(saved, timeline=saved.timeline.made_for_real(engine, state)))
        BlobStore.of_user().remember(state.context, info.context_dir)
    if found:
        store.record(RECORD, Measured.from_json(store.records().get(RECORD)).adding(found).to_json())
