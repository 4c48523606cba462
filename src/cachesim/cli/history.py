"""`cachesim history [PATH]`: which steps did the commits of a project re-run, and why?"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from cachesim.cli.plan import add_options, options_of, project_of
from cachesim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cachesim.history.report import HistoryReport, StepHistory
    from cachesim.progress import Progress

__all__ = ["add_parser", "run"]

_BARS = "▁▂▃▄▅▆▇█"
_LEGEND = "~: estimated, one measured run of the same instruction times its re-runs; ?: never measured in a real build."
_EPILOG = """\
The commits that touch the project are built one after the other, each with the cache of those before, from
git's objects alone: no checkout, no Docker. A branch is walked along first parents; a merge is one change.

examples:
  cachesim history --last 200
  cachesim history ./service --revision main --json
  cachesim history --format markdown > history.md
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    from pathlib import Path
    parser = subparsers.add_parser(
        "history", help="which steps did the commits re-run, and why?", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Replay the commits of a project: per step how often it re-ran and why, and which files change "
                    "together.")
    parser.add_argument("path", nargs="?", type=Path, default=Path("."), metavar="PATH", help="a folder or Dockerfile")
    add_options(parser)
    parser.add_argument("--last", type=int, default=500, metavar="N", help="how many commits (default: 500)")
    parser.add_argument("--revision", default="HEAD", metavar="REV", help="the newest commit (default: HEAD)")
    parser.add_argument("--engine", choices=("buildkit", "classic"), default="buildkit")
    parser.add_argument("--offline", action="store_true", help="ask no engine for base images")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="same as --format json")


def run(args: argparse.Namespace) -> int:
    """Replay and print."""
    from cachesim.graph.options import EngineKind, ImageStore
    from cachesim.history.replay import replay
    from cachesim.project.blobs import BlobStore
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.start import StartKind, start_project
    if args.last < 1:
        raise InputError("must be 1 or more", "--last")
    info = project_of(args, args.path)
    store = ImageStore(args.store) if args.store is not None else None
    started = start_project(info, BlobStore(), engine=EngineKind(args.engine), store=store, kind=StartKind.NOTHING,
                            options=lambda given: options_of(args, given), ask_engine=not args.offline)
    book = Measured.from_json(started.records.get(RECORD))
    found = replay(info, started.state, args.last, book.seconds, revision=args.revision, progress=_progress())
    report, notes = found.report, found.notes
    if args.format == "markdown":
        print("\n".join(_markdown(report, info.name, notes)))
    elif args.format == "json":
        print(json.dumps({**_object(report), "notes": list(notes), "project": str(info.context_dir)}, indent=2))
    else:
        print("\n".join(_lines(report, info.name)))
        for note in notes:
            print(f"note: {note}")
    return 0


def _progress() -> Progress:
    from cachesim.progress import Progress
    if not sys.stderr.isatty():
        return Progress()

    def tell(done: int, total: int) -> None:
        end = "\r\x1b[K" if done >= total else ""
        print(f"\r\x1b[K{done} of {total} commits{end}", end="", file=sys.stderr, flush=True)
    return Progress(tell)


def _lines(report: HistoryReport, name: str) -> list[str]:
    from cachesim.cli.render import plural, short, table
    lines = [f"{name}: {plural(report.builds, 'commit')} built, from {report.first[:60]} to {report.last[:60]}"
             + (f" ({plural(report.merges, 'merge')})" if report.merges else ""), ""]
    if report.builds < 2:
        return [*lines, "One build alone says nothing about re-runs."]
    rows = [(str(s.line or "gone"), short(s.text), f"{s.reruns} of {s.builds}", f"{s.share:.0%}", _cost(s), _causes(s))
            for s in report.steps if s.builds and (s.line or s.reruns)]
    lines += table(("line", "step", "re-ran", "", "cost", "first cause"), rows)
    if any(s.reruns for s in report.steps):
        lines += ["", _LEGEND]
    lines += ["", _trend(report), "", "What changes together:"]
    lines += [f"  {g.weight:4.0%}  {g.label}" for g in report.mix.groups]
    if report.mix.rare:
        lines.append(f"  ({report.mix.rare:.0%} of the commits change other sets of files)")
    lines.append("By role: " + ", ".join(f"{role} {share:.0%}" for role, share in report.mix.roles))
    if report.failing:
        lines += ["", f"{plural(len(report.failing), 'commit')} would fail to build, the newest: "
                      f"{report.failing[-1][0]}: {report.failing[-1][1]}"]
    return lines


def _markdown(report: HistoryReport, name: str, notes: Sequence[str]) -> list[str]:
    """The same for a pull request or a wiki."""
    from cachesim.cli.render import plural
    from cachesim.export.markdown import md_code, md_text
    merges = f", {plural(report.merges, 'merge')}" if report.merges else ""
    lines = [f"### History of {md_text(name)}", "", f"{plural(report.builds, 'commit')} built{merges}, from "
             f"{md_text(report.first)} to {md_text(report.last)}.", ""]
    if report.builds < 2:
        lines.append("One build alone says nothing about re-runs.")
    else:
        lines += [f"**{_trend(report)}.**", "", "| Line | Step | Re-ran | Share | Cost | First cause |",
                  "|---:|---|---:|---:|---:|---|"]
        lines += [f"| {s.line or 'gone'} | {md_code(s.text)} | {s.reruns} of {s.builds} | {s.share:.0%} | {_cost(s)} | "
                  f"{md_text(_causes(s))} |" for s in report.steps if s.builds and (s.line or s.reruns)]
        lines += ["", _LEGEND, "", "| Share | What changes together |", "|---:|---|"]
        lines += [f"| {g.weight:.0%} | {md_text(g.label)} |" for g in report.mix.groups]
        if report.mix.rare:
            lines += ["", f"{report.mix.rare:.0%} of the commits change other sets of files."]
    if report.failing:
        label, error = report.failing[-1]
        lines += ["", f"{plural(len(report.failing), 'commit')} would fail to build, the newest: {md_text(label)}: "
                      f"{md_text(error)}"]
    return [*lines, *(f"\nNote: {md_text(note)}" for note in notes)]


def _cost(step: StepHistory) -> str:
    from cachesim.project.measured import seconds_text
    return f"~{seconds_text(step.reruns * step.seconds)}" if step.seconds is not None else "?" if step.reruns else ""


def _causes(step: StepHistory) -> str:
    return ", ".join(f"{c.label} {c.count}" for c in step.causes[:4]) + (", …" if len(step.causes) > 4 else "")


def _trend(report: HistoryReport) -> str:
    top = max(report.trend, default=0.0) or 1.0
    bars = "".join(_BARS[min(7, int(value / top * 7.99))] for value in report.trend)
    return (f"{report.mean_reruns:.1f} steps re-ran per build; over time {bars} "
            f"({report.trend[0]:.1f} at first, {report.trend[-1]:.1f} at the end)")


def _object(report: HistoryReport) -> dict[str, Any]:
    return {
        "builds": report.builds, "merges": report.merges, "first": report.first, "last": report.last,
        "mean_reruns": round(report.mean_reruns, 3), "trend": [round(value, 3) for value in report.trend],
        "steps": [{"stage": s.stage, "step": s.text, "line": s.line or None, "builds": s.builds, "reruns": s.reruns,
                   "seconds": s.seconds, "seconds_known": "unknown" if s.seconds is None else "estimated",
                   "causes": [{"cause": c.label, "count": c.count} for c in s.causes]}
                  for s in report.steps],
        "mix": [{"patterns": list(g.patterns), "files": list(g.files), "commits": g.commits,
                 "weight": round(g.weight, 4)} for g in report.mix.groups],
        "roles": {role: round(share, 4) for role, share in report.mix.roles},
        "failing": [{"commit": label, "error": error} for label, error in report.failing],
        "left_out": [{"commit": label, "problem": problem} for label, problem in report.left_out]}
