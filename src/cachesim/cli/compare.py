"""`cachesim compare A B`: which of two Dockerfiles re-runs less, over the edits that a project really sees?"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cachesim.project.open import ProjectInfo
    from cachesim.project.start import Started
    from cachesim.project.trial import Trials

__all__ = ["add_parser", "run"]

_EXAMPLE_MIX = "source 70, tests 20, manifest 5, Dockerfile 5"
_EPILOG = f"""\
Both files are built in the same context (the folder of A, or --context), then every edit of the mix is tried on
both. The mix is read from git's history (which files changed together, how often); without one, or with --mix,
it is stated by hand. Known roles: source, tests, manifest, Dockerfile, docs, config; a path may stand in their place.

examples:
  cachesim compare Dockerfile Dockerfile.new
  cachesim compare old/Dockerfile new/Dockerfile --context . --mix "{_EXAMPLE_MIX}"

exit status: 0 B re-runs no more than A, 1 B re-runs more (or fails where A does not), 2 it could not
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "compare", help="two Dockerfiles side by side", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compare two Dockerfiles (or folders with one) over the edits of a project.")
    parser.add_argument("a", type=Path, metavar="A")
    parser.add_argument("b", type=Path, metavar="B")
    parser.add_argument("--context", type=Path, metavar="DIR", help="the build context of both (default: A's folder)")
    parser.add_argument("--mix", metavar="MIX", help=f'weights of edits, for example "{_EXAMPLE_MIX}"')
    parser.add_argument("--last", type=int, default=200, metavar="N", help="commits to read it from (default: 200)")
    parser.add_argument("--target", metavar="STAGE", help="the stage to build")
    parser.add_argument("--engine", choices=("buildkit", "classic"), default="buildkit")
    parser.add_argument("--store", choices=("graphdriver", "containerd"), help="image store of the engine")
    parser.add_argument("--offline", action="store_true", help="ask no engine for base images")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from cachesim.history.habits import habits_of
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.open import find_project
    from cachesim.project.trial import try_edits
    a = find_project(args.a)
    context = args.context if args.context is not None else a.context_dir
    a, b = find_project(a.dockerfile, context=context), find_project(find_project(args.b).dockerfile, context=context)
    starts = [_started(args, info) for info in (a, b)]
    state = starts[0].state
    habits = habits_of(a, state.context, state.options.dockerfile, by_hand=args.mix, last=args.last)
    mix, source = habits.mix, habits.words
    found = []
    for started in starts:
        book = Measured.from_json(started.records.get(RECORD))
        found.append(try_edits(started.state, mix, book.seconds))
    if args.json:
        print(json.dumps(_object(a, b, source, *found), indent=2))
    else:
        print("\n".join(_lines(a, b, source, *found)))
    worse = found[1].expected_reruns > found[0].expected_reruns + 1e-9
    return 1 if worse or (found[1].first.error and not found[0].first.error) else 0


def _started(args: argparse.Namespace, info: ProjectInfo) -> Started:
    from cachesim.graph.options import EngineKind, ImageStore
    from cachesim.project.blobs import BlobStore
    from cachesim.project.start import StartKind, start_project
    return start_project(
        info, BlobStore(), engine=EngineKind(args.engine), kind=StartKind.NOTHING, ask_engine=not args.offline,
        store=ImageStore(args.store) if args.store is not None else None,
        options=lambda given: replace(given, target=args.target if args.target is not None else given.target))


def _lines(a: ProjectInfo, b: ProjectInfo, source: str, left: Trials, right: Trials) -> list[str]:
    from cachesim.cli.render import table
    lines = [f"A  {a.dockerfile}", f"B  {b.dockerfile}", f"Edit mix: {source}", ""]
    lines += [f"{name} fails to build: {t.first.error}" for name, t in (("A", left), ("B", right)) if t.first.error]
    rows = [(x.group.label, f"{x.group.weight:.0%}", str(x.reruns), str(y.reruns), _cause(y.report))
            for x, y in zip(left.trials, right.trials, strict=True)]
    lines += table(("edit", "share", "A runs", "B runs", "first cause in B"), rows)
    lines += ["", f"Over the mix an edit re-runs {left.expected_reruns:.1f} steps with A, {right.expected_reruns:.1f} "
                  f"with B ({_change(left.expected_reruns, right.expected_reruns)})."]
    if left.expected_seconds and right.expected_seconds:
        lines.append(f"Estimated from steps that a real build measured: {left.expected_seconds:.0f} s with A, "
                     f"{right.expected_seconds:.0f} s with B ({_change(left.expected_seconds, right.expected_seconds)}). "
                     f"Steps of unknown length are left out: {left.expected_unknown:.1f} with A, "
                     f"{right.expected_unknown:.1f} with B.")
    else:
        lines.append("What that takes is not known: no real build of both measured their steps.")
    return lines


def _cause(report: Any) -> str:
    first = report.first_miss
    return f"line {first.step.line}: {first.cause}" if first is not None else "nothing runs"


def _change(old: float, new: float) -> str:
    if abs(new - old) < 1e-9:
        return "the same"
    return f"{(new - old) / old:+.0%}" if old else "more"


def _object(a: ProjectInfo, b: ProjectInfo, source: str, left: Trials, right: Trials) -> dict[str, Any]:
    def side(info: ProjectInfo, trials: Trials) -> dict[str, Any]:
        return {"dockerfile": str(info.dockerfile), "error": trials.first.error or None,
                "expected_reruns": round(trials.expected_reruns, 4),
                "expected_seconds": round(trials.expected_seconds, 3), "seconds_known": "estimated",
                "expected_unknown_steps": round(trials.expected_unknown, 4)}
    edits = [{"patterns": list(x.group.patterns), "files": list(x.group.files), "weight": round(x.group.weight, 4),
              **{name: {"reruns": t.reruns, "seconds": round(t.seconds, 3), "unknown_steps": t.unknown,
                        "runs": [s.name for s in t.report.misses()]} for name, t in (("a", x), ("b", y))}}
             for x, y in zip(left.trials, right.trials, strict=True)]
    return {"context": str(a.context_dir), "mix": source, "a": side(a, left), "b": side(b, right), "edits": edits}
