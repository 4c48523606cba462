"""`cachesim compare A B`: which of two Dockerfiles re-runs less, over the edits that a project really sees?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.cli.plan import add_build_options, options_of
from cachesim.errors import InputError

if TYPE_CHECKING:
    from cachesim.export.comparison import Comparison, Side
    from cachesim.graph.options import EngineKind
    from cachesim.history.habits import Habits
    from cachesim.project.open import ProjectInfo
    from cachesim.project.start import Started

__all__ = ["add_parser", "run"]

_EXAMPLE_MIX = "source 70, tests 20, manifest 5, Dockerfile 5"
_EPILOG = f"""\
Both files are built in the same context (the folder of A, or --context), then every edit of the mix is tried on
both, step for step. The mix is read from git's history (which files changed together, how often); without one, or with --mix,
it is stated by hand. Known roles: source, tests, manifest, Dockerfile, docs, config; a path may stand in their place.

examples:
  cachesim compare Dockerfile Dockerfile.new
  cachesim compare Dockerfile Dockerfile.new --format markdown > comment.md
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
    add_build_options(parser)
    parser.add_argument("--mix", metavar="MIX", help=f'weights of edits, for example "{_EXAMPLE_MIX}"')
    parser.add_argument("--last", type=int, default=200, metavar="N", help="commits to read it from (default: 200)")
    parser.add_argument("--changing-arg", action="append", default=[], metavar="NAME", dest="changing",
                        help="a build argument that has another value in every build (a commit id, a date)")
    parser.add_argument("--engine", choices=("buildkit", "classic", "both"), default="buildkit")
    parser.add_argument("--offline", action="store_true", help="ask no engine for base images")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="same as --format json")


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from cachesim.graph.options import EngineKind
    from cachesim.history.habits import habits_of
    from cachesim.project.open import find_project
    if args.last < 1:
        raise InputError("must be 1 or more", "--last")
    a = find_project(args.a)
    context = args.context if args.context is not None else a.context_dir
    a, b = find_project(a.dockerfile, context=context), find_project(find_project(args.b).dockerfile, context=context)
    habits: Habits | None = None
    found: list[Comparison] = []
    for kind in EngineKind if args.engine == "both" else [EngineKind(args.engine)]:
        starts = [_started(args, info, kind) for info in (a, b)]
        state = starts[0].state
        habits = habits or habits_of(a, state.context, state.options.dockerfile, by_hand=args.mix, last=args.last)
        found.append(_compared(args, habits, *starts))
    _print(args, found)
    return 1 if any(comparison.worse for comparison in found) else 0


def _compared(args: argparse.Namespace, habits: Habits, *starts: Started) -> Comparison:
    """Every edit of the mix, on both."""
    from cachesim.advise.cost import CostModel, expected_cost
    from cachesim.export.comparison import Comparison, Side
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.trial import try_edits
    mix = habits.mix.with_args(args.changing)
    sides = []
    for started in starts:
        state, seconds = started.state, Measured.from_json(started.records.get(RECORD)).seconds
        trials, model = try_edits(state, mix, seconds), CostModel(state.context, seconds)
        cost = expected_cost(trials, model)
        sides.append(Side(str(started.info.dockerfile), trials, cost.words, cost.measured, cost.estimated))
    state = starts[0].state
    return Comparison(str(starts[0].info.context_dir), habits.words, state.engine.value, state.store.value, *sides)


def _started(args: argparse.Namespace, info: ProjectInfo, kind: EngineKind) -> Started:
    from cachesim.graph.options import ImageStore
    from cachesim.project.blobs import BlobStore
    from cachesim.project.start import StartKind, start_project
    return start_project(
        info, BlobStore(), engine=kind, kind=StartKind.NOTHING, ask_engine=not args.offline,
        store=ImageStore(args.store) if args.store is not None else None,
        options=lambda given: replace(options_of(args, given), target=args.target if args.target is not None else given.target))


def _print(args: argparse.Namespace, found: Sequence[Comparison]) -> None:
    from cachesim.cli.render import word_of
    from cachesim.export.comparison import comparison_markdown, comparison_object
    if args.format == "json":
        objects = [comparison_object(comparison) for comparison in found]
        print(json.dumps(objects[0] if len(objects) == 1 else {"comparisons": objects}, indent=2))
    elif args.format == "markdown":
        print("\n".join(comparison_markdown(comparison, word_of, _verdict(comparison)) for comparison in found), end="")
    else:
        print("\n\n".join("\n".join(_lines(comparison)) for comparison in found))


def _lines(found: Comparison) -> Iterator[str]:
    from cachesim.cli.render import table
    from cachesim.export.comparison import first_cause
    yield from (f"A  {found.a.path}", f"B  {found.b.path}", f"Edit mix: {found.mix}  ({found.engine}, {found.store})", "")
    for name, side in (("A", found.a), ("B", found.b)):
        if side.trials.first.error:
            yield f"{name} fails to build: {side.trials.first.error}"
    rows = [(x.group.label, f"{x.group.weight:.0%}", str(x.reruns), str(y.reruns), first_cause(y.report))
            for x, y in found.edits()]
    yield from table(("edit", "share", "A runs", "B runs", "first cause in B"), rows)
    yield from _steps(found)
    yield from ("", _verdict(found), _cost(found.a, found.b))


def _steps(found: Comparison) -> Iterator[str]:
    """Per edit, the steps that are not cached with both."""
    from cachesim.cli.render import plural, short, table, word_of
    from cachesim.export.comparison import running_pairs
    for x, y in found.edits():
        pairs, rest = running_pairs(x.report, y.report)
        if not pairs:
            continue
        rows = []
        for pair in pairs:
            step = pair.b or pair.a
            assert step is not None
            lines = [str(s.step.line) if s is not None else "" for s in (pair.a, pair.b)]
            rows.append((*lines, short(step.step.instruction.text),
                         *(word_of(s) if s is not None else "not there" for s in (pair.a, pair.b))))
        more = f" ({plural(rest, 'more step')} would run with neither)" if rest else ""
        yield from ("", f"{x.group.label}{more}", *(f"  {line}" for line in table(("A", "B", "step", "in A", "in B"), rows)))


def _verdict(found: Comparison) -> str:
    left, right = found.a.trials.expected_reruns, found.b.trials.expected_reruns
    return f"Over the mix an edit re-runs {left:.1f} steps with A, {right:.1f} with B ({_change(left, right)})."


def _cost(a: Side, b: Side) -> str:
    """What that takes; measured and estimated seconds are told apart in the words."""
    total = [side.measured + side.estimated for side in (a, b)]
    return f"An edit costs {a.cost} with A, {b.cost} with B ({_change(*total)})."


def _change(old: float, new: float) -> str:
    if abs(new - old) < 1e-9:
        return "the same"
    return f"{(new - old) / old:+.0%}" if old else "more"
