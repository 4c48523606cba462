"""`cachesim prove A B`: do two Dockerfiles make the same image, and what does each cost from now on?"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.cli.confirm_plan import engine_named, scratch_for, secrets_of
from cachesim.cli.confirm_result import teller
from cachesim.cli.plan import args_of
from cachesim.errors import InputError

if TYPE_CHECKING:
    from cachesim.cli.runner import Runner
    from cachesim.confirm.proof import Proof
    from cachesim.confirm.proof_report import EditRun, ProofReport
    from cachesim.graph.options import BuildOptions
    from cachesim.project.open import ProjectInfo
    from cachesim.project.start import Started

__all__ = ["add_parser", "run"]

_EXAMPLE_MIX = "source 70, tests 20, manifest 5, Dockerfile 5"
_EPILOG = f"""\
A is built twice and B once with --no-cache on a real engine, and the images are compared: configuration, and every
file by content, mode, owner and link. Times do not count, nor does what the two builds of A differ in. Then every edit
of the mix is built on both, and two controls: no edit, and an edit of the manifest. The context is the folder of A, or
--context; the mix is read from git's history (which files changed together), unless --mix states it.

Without bases or network, --rehearsal makes the same builds with stand-ins: that shows order and cache behaviour, not
contents. Images and containers of the proof are removed when it ends.

examples:
  cachesim prove Dockerfile Dockerfile.new
  cachesim prove old/Dockerfile new/Dockerfile --context . --mix "{_EXAMPLE_MIX}" --report proof.md
  cachesim prove Dockerfile Dockerfile.new --rehearsal
  cachesim prove --open proof.md

exit status: 0 same image and B costs no more, 1 the images differ or B costs more, 2 it could not
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "prove", help="build two Dockerfiles: is it the same image, and what does each cost?", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Prove with a real engine that two Dockerfiles make the same image, and what each costs over the "
                    "edits of a project.")
    parser.add_argument("a", type=Path, metavar="A", nargs="?", help="a Dockerfile, or a folder with one")
    parser.add_argument("b", type=Path, metavar="B", nargs="?", help="the other one")
    parser.add_argument("--context", type=Path, metavar="DIR", help="the build context of both (default: A's folder)")
    parser.add_argument("--mix", metavar="MIX", help=f'weights of edits, for example "{_EXAMPLE_MIX}"')
    parser.add_argument("--last", type=int, default=200, metavar="N", help="commits to read it from (default: 200)")
    parser.add_argument("--rehearsal", action="store_true", help="with stand-ins for bases and commands: no network, no "
                        "contents")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report: FILE.md or FILE.json")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--target", metavar="STAGE", help="the stage to build")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME[=VALUE]", dest="args")
    parser.add_argument("--network", choices=("none", "default", "host"), help="network of RUN steps (default: none, "
                        "or what the project remembers)")
    parser.add_argument("--secret", action="append", default=[], dest="secrets", metavar="id=NAME,src=FILE|env=VAR",
                        help="a secret for the real builds; never kept")
    parser.add_argument("--engine", metavar="NAME", help="a docker context (default: the usual one)")
    parser.add_argument("--open", type=Path, metavar="FILE", help="show a report again; no engine is needed")


def run(args: argparse.Namespace) -> int:
    """Prove and print."""
    from cachesim.cli.runner import Runner
    from cachesim.confirm.proof_file import load_proof, save_proof
    if args.open is not None:
        return _show(load_proof(args.open), args.json)
    if args.a is None or args.b is None:
        raise InputError("two Dockerfiles are needed", "prove", "Write cachesim prove A B, or --open FILE")
    if args.report is not None and args.report.suffix.lower() not in (".md", ".markdown", ".json"):
        raise InputError("has neither of the endings .md and .json", f"--report {args.report}")
    runner = Runner(teller(args.json))
    before = {number: signal.signal(number, lambda *_: runner.cancel()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        report = _prove(args, runner)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if args.report is not None:
        save_proof(args.report, report)
    return _show(report, args.json)


def _prove(args: argparse.Namespace, runner: Runner) -> ProofReport:
    from cachesim.advise.cost import CostModel
    from cachesim.confirm import leftovers
    from cachesim.confirm.proof import Proof, ProofPlan
    from cachesim.confirm.workspace import FolderContents
    from cachesim.history.habits import habits_of
    from cachesim.project.blobs import BlobStore
    from cachesim.project.folders import data_dir
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.open import find_project
    a = find_project(args.a)
    context = args.context if args.context is not None else a.context_dir
    a, b = find_project(a.dockerfile, context=context), find_project(find_project(args.b).dockerfile, context=context)
    secrets = secrets_of(args.secrets)
    engine = engine_named(args.engine, runner)
    running = data_dir() / "running"
    for killed in leftovers.find(running):
        runner.run(leftovers.clean(killed, running))
    left, right = (_started(args, info) for info in (a, b))
    state = left.state
    habits = habits_of(a, state.context, state.options.dockerfile, by_hand=args.mix, last=args.last)
    book = Measured.from_json(left.records.get(RECORD))
    blobs = BlobStore.of_user()
    named = {name: FolderContents(a.context_dir / value, blobs.get)
             for name, value in state.options.contexts if "://" not in value}
    plan = ProofPlan(state, replace(right.state, bases={**state.bases, **right.state.bases}), habits.mix, engine,
                     FolderContents(a.context_dir, blobs.get), scratch_for(a.context_dir),
                     (a.dockerfile_path, b.dockerfile_path), habits.words, args.rehearsal, named, secrets,
                     CostModel(state.context, book.seconds), running)
    proof = Proof(plan)
    report = runner.run(proof.script())
    _remember(left, proof)
    return report


def _started(args: argparse.Namespace, info: ProjectInfo) -> Started:
    from cachesim.graph.options import EngineKind, NetworkMode
    from cachesim.project.blobs import BlobStore
    from cachesim.project.start import StartKind, start_project

    def options(given: BuildOptions) -> BuildOptions:
        given = replace(given, args=args_of(args.args, given.args))
        if args.target is not None:
            given = replace(given, target=args.target)
        return replace(given, network=NetworkMode(args.network)) if args.network is not None else given
    return start_project(info, BlobStore(), engine=EngineKind.BUILDKIT, kind=StartKind.NOTHING, options=options)


def _remember(started: Started, proof: Proof) -> None:
    """Keep what was measured with the project of A."""
    from cachesim.confirm.measure import measured_by
    from cachesim.project.measured import RECORD, Measured
    found = {key: one for confirmation in proof.confirmations for key, one in measured_by(confirmation).items()}
    if found:
        started.held.record(RECORD, Measured.from_json(started.records.get(RECORD)).adding(found).to_json())


# -- what is printed --------------------------------------------------------------------------------------------------


def _show(report: ProofReport, as_json: bool) -> int:
    if not as_json and sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if as_json:
        from cachesim.confirm.proof_file import proof_object
        print(json.dumps(proof_object(report), indent=2))
    else:
        print("\n".join(_lines(report)))
    if report.error:
        print(f"error: {report.error}", file=sys.stderr)
    return report.exit_code


def _lines(report: ProofReport) -> list[str]:
    lines = [f"A  {report.a.title}", f"B  {report.b.title}", f"{report.engine}" + (", rehearsal" if report.rehearsal else ""),
             f"Edit mix: {report.mix}"]
    if report.rows:
        lines += ["", *_row_lines(report)]
    if report.image is not None and not report.image.same:
        lines += ["", *(one.sentence for one in report.image.differences[:20])]
        lines += [f"and {report.image.total - 20:,} more differences"] if report.image.total > 20 else []
    if report.image is not None and report.image.ignored:
        names = ", ".join(one.name for one in report.image.ignored[:5])
        more = f" and {report.image.ignored_total - 5:,} more" if report.image.ignored_total > 5 else ""
        lines += ["", f"Differences that do not count: {names}{more} ({'; '.join(report.image.excuses)})"]
    lines += ["", *(f"note: {note}" for note in report.notes)] if report.notes else []
    lines += [f"not as predicted: {text}" for text in report.unexpected]
    lines += [f"control: {text}" for text in report.broken_controls]
    return [*lines, "", report.verdict]


def _row_lines(report: ProofReport) -> list[str]:
    from cachesim.cli.render import table
    from cachesim.confirm.proof_report import Times
    timed = report.times is not Times.NONE
    heads = ("edit", "share", "A runs", "(predicted)", "B runs", "(predicted)",
             *(("A took", "(predicted)", "B took", "(predicted)") if timed else ()), "")
    rows = [(row.label, "control" if row.kind.control else f"{row.weight:.0%}", *_counts(row.a), *_counts(row.b),
             *((*_took(row.a), *_took(row.b)) if timed else ()), "") for row in report.rows]
    (a, b), (before, after) = report.reruns, report.seconds
    rows.append(("over the mix", "", f"{a:.1f}", "", f"{b:.1f}", "",
                 *((f"{before:.1f} s", "", f"{after:.1f} s", "") if timed else ()), ""))
    return table(heads, rows)


def _counts(run: EditRun | None) -> tuple[str, str]:
    if run is None:
        return "not built", ""
    return "fails" if run.failed else str(run.observed), str(run.predicted)


def _took(run: EditRun | None) -> tuple[str, str]:
    return ("", "") if run is None or run.failed else (f"{run.seconds:.1f} s", f"{run.predicted_seconds:.1f} s")
