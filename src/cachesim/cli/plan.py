"""`cachesim plan`: what would the next build do, and why?"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cachesim.errors import InputError

if TYPE_CHECKING:
    from cachesim.export.plan import Plan
    from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
    from cachesim.project.blobs import BlobStore
    from cachesim.project.open import ProjectInfo
    from cachesim.project.start import Started
    from cachesim.project.state import ProjectState
    from cachesim.project.timeline import Timeline
    from cachesim.simulate.report import SimulationReport

__all__ = ["add_build_options", "add_options", "add_parser", "args_of", "options_of", "project_of", "run"]

_EPILOG = """\
what the cache holds:
  by default, as the window starts the project: the builds made there so far; else, in a git work tree with
  changes, a build of HEAD; else a first build of what is on disk. --against REV: a build of that commit, over
  the folder as it is; --against DIR: a build of another folder; --against nothing: an empty cache.

  A..B walks the commits of a branch (first parents) from their git objects alone, after a build of A: no checkout,
  and files that git does not track play no part. A...B starts with the commit where B parted from A.

examples:
  cachesim plan
  cachesim plan ./service --target runtime --build-arg VERSION=2
  cachesim plan --against main --format markdown > comment.md
  cachesim plan main..HEAD --max-rerun 4

exit status: 0 done, 1 this build would fail, 2 it could not, 3 a budget is exceeded
"""


@dataclass(frozen=True, slots=True)
class _Span:
    """A range of commits: A..B starts with a build of A, A...B with one of the commit where the two part."""

    first: str
    last: str
    dots: str

    def __str__(self) -> str:
        return f"{self.first}{self.dots}{self.last}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is built, shared by several commands."""
    parser.add_argument("-f", "--file", metavar="DOCKERFILE", help="which Dockerfile, from PATH")
    parser.add_argument("--context", type=Path, metavar="DIR", help="the build context, where PATH is a Dockerfile")
    add_build_options(parser)


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """Those of them that say nothing about the place of files."""
    parser.add_argument("--target", metavar="STAGE", help="the stage to build")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME[=VALUE]", dest="args")
    parser.add_argument("--build-context", action="append", default=[], metavar="NAME=DIR", dest="contexts")
    parser.add_argument("--platform", default="", help="for example linux/arm64")
    parser.add_argument("--store", choices=("graphdriver", "containerd"),
                        help="image store of the engine (default: as an engine that answers has it, else containerd)")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "plan", help="what would the next build do, and why?", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Predict the next build of a project: which steps come from the cache, and why not the others.")
    parser.add_argument("what", nargs="*", metavar="PATH | A..B", help="a folder or Dockerfile (default: .), a range")
    add_options(parser)
    parser.add_argument("--against", metavar="REV|DIR", help="what the cache holds")
    parser.add_argument("--no-cache", action="store_true", help="as docker build --no-cache")
    parser.add_argument("--engine", choices=("buildkit", "classic", "both"),
                        help="whose rules (default: as chosen last in the window for this project, else buildkit)")
    parser.add_argument("--offline", action="store_true", help="ask no engine for base images")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="same as --format json")
    parser.add_argument("--budget", metavar="SECONDS", help="exit 3 if the steps that run take longer (120, 120s, 2m)")
    parser.add_argument("--max-rerun", type=int, metavar="N", help="exit 3 if more steps than N run again")


def run(args: argparse.Namespace) -> int:
    """Predict and print."""
    budget = _seconds(args.budget) if args.budget is not None else None
    span, path = _what(args.what)
    from cachesim.graph.options import EngineKind
    info = project_of(args, path)
    kinds: list[EngineKind | None]
    kinds = list(EngineKind) if args.engine == "both" else [EngineKind(args.engine) if args.engine else None]
    plans: list[Plan] = []
    for kind in kinds:
        plans += _range(args, info, kind, span) if span is not None else [_plan(args, info, kind)]
    over = _over_budget(plans, budget, args.max_rerun)
    _print(args, info, plans, over, span)
    if over:
        print(f"error: {over}", file=sys.stderr)
        return 3
    return 1 if plans and plans[-1].report.error else 0


def project_of(args: argparse.Namespace, path: Path) -> ProjectInfo:
    """The project that a command line names.

    Raises:
        InputError: If there is none; a bare repository is told apart.
    """
    from cachesim.project.git import find_repository
    from cachesim.project.open import find_project
    try:
        return find_project(path, context=args.context, dockerfile=args.file)
    except InputError:
        repository = find_repository(path) if path.is_dir() else None
        if repository is not None and repository.top is None:
            raise InputError("is a bare repository and has no files to build", str(path),
                             "Name a work tree of it (`git worktree add`), or a clone") from None
        raise


def options_of(args: argparse.Namespace, given: BuildOptions) -> BuildOptions:
    """The options of a project, with what the command line says on top."""
    changes: dict[str, object] = {}
    if args.target is not None:
        changes["target"] = args.target
    if args.args:
        changes["args"] = args_of(args.args, given.args)
    if args.contexts:
        pairs = [word.partition("=") for word in args.contexts]
        if bad := [name for name, equals, _ in pairs if not equals]:
            raise InputError("has no value", f"--build-context {bad[0]}", "Write NAME=DIR or NAME=docker-image://REF")
        changes["contexts"] = tuple((name, value) for name, _, value in pairs)
    if args.platform:
        changes["platform"] = args.platform
    return replace(given, **changes)  # type: ignore[arg-type]


def args_of(words: Sequence[str], given: tuple[tuple[str, str | None], ...]) -> tuple[tuple[str, str | None], ...]:
    """Build arguments, with those of a command line (NAME=VALUE, or NAME for the variable of that name) on top."""
    said = {name: value if equals else os.environ.get(name)
            for name, equals, value in (word.partition("=") for word in words)}
    return (*(pair for pair in given if pair[0] not in said), *said.items())


def _what(words: Sequence[str]) -> tuple[_Span | None, Path]:
    """A range and a path, in any order; each at most once."""
    spans = [w for w in words if re.search(r"[^./\\]\.\.\.?[^./\\]|[^./\\]\.\.$", w) and not os.path.lexists(w)]
    paths = [w for w in words if w not in spans]
    if len(spans) > 1 or len(paths) > 1:
        raise InputError("one path and one range at most", " ".join(words))
    path = Path(paths[0]) if paths else Path(".")
    if not spans:
        return None, path
    dots = "..." if "..." in spans[0] else ".."
    first, _, last = spans[0].partition(dots)
    return _Span(first, last or "HEAD", dots), path


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?", text.strip())
    if match is None:
        raise InputError(f"{text!r} is no time", "--budget", "Write 90, 90s or 2m")
    return float(match[1]) * {"m": 60, "min": 60, "h": 3600}.get(match[2] or "s", 1)


def _plan(args: argparse.Namespace, info: ProjectInfo, kind: EngineKind | None) -> Plan:
    from cachesim.pipeline import simulate
    from cachesim.project.blobs import BlobStore
    blobs = BlobStore()
    started, timeline = _started(args, info, kind, blobs)
    state = replace(started.state, options=replace(started.state.options, no_cache=args.no_cache))
    report, _ = simulate(state.request("the next build"), timeline.store)
    return _as_plan(info.name, timeline.origin, state, report, started)


def _started(args: argparse.Namespace, info: ProjectInfo, kind: EngineKind | None,
             blobs: BlobStore) -> tuple[Started, Timeline]:
    """The project, and the cache that the next build meets."""
    from cachesim.project.start import StartKind, start_project
    wanted = None
    if args.against is not None:
        wanted = StartKind.NOTHING
    started = start_project(info, blobs, engine=kind, store=_store(args), options=lambda given: options_of(args, given),
                            kind=wanted, ask_engine=not args.offline)
    for note in started.notes:
        print(f"note: {note}", file=sys.stderr)
    if args.against in (None, "nothing"):
        return started, started.timeline
    return started, _against(args.against, started, blobs)


def _against(name: str, started: Started, blobs: BlobStore) -> Timeline:
    """The cache after a build of a commit or of another folder."""
    from cachesim.project.git import GitError, find_repository, repository_of
    from cachesim.project.open import find_project, load_state
    from cachesim.project.revision import revision_of, state_at
    from cachesim.project.start import built
    from cachesim.project.timeline import Timeline
    info, state = started.info, started.state
    if os.path.isdir(name):
        repository = find_repository(info.context_dir)
        if repository is not None and repository.top is not None:
            try:
                repository.commit_id(name)
                print(f"note: {name} is a folder and a revision; the folder is meant (write refs/heads/{name} for the "
                      "branch)", file=sys.stderr)
            except GitError:
                pass
        other = find_project(Path(name), dockerfile=info.dockerfile_path if not info.dockerfile_path.startswith("..")
                             and os.path.isfile(os.path.join(name, info.dockerfile_path)) else None)
        before = replace(load_state(other, options=state.options, engine=state.engine, store=state.store),
                         bases=state.bases, claims=state.claims)
        return built(Timeline(origin=f"a build of {name}"), f"build of {name}", before, context_key=name)
    repository = repository_of(info.context_dir, f"--against {name} is no folder, and a revision needs one")
    revision = revision_of(repository, name)
    before, changed = state_at(state, info, repository, revision, blobs)
    words = f"{len(changed)} file{'' if len(changed) == 1 else 's'} differ{'s' if len(changed) == 1 else ''}"
    return built(Timeline(origin=f"a build of {revision.words(name)}: {words} from it"), name, before)


def _range(args: argparse.Namespace, info: ProjectInfo, kind: EngineKind | None, span: _Span) -> list[Plan]:
    """One plan per commit of a range."""
    from cachesim.history.walk import commit_at, commits_between, meeting_of, place_of, replayed
    from cachesim.project.blobs import BlobStore
    from cachesim.project.git import repository_of
    from cachesim.project.start import StartKind, start_project
    repository = repository_of(info.context_dir, "A range of commits needs one")
    place = place_of(info, repository)
    started = start_project(info, BlobStore(), engine=kind, store=_store(args), kind=StartKind.NOTHING,
                            options=lambda given: options_of(args, given), ask_engine=not args.offline)
    meeting = meeting_of(repository, span.first, span.last)
    first = commit_at(place, meeting if span.dots == "..." else span.first)
    if first.id != meeting:
        print(f"note: {span.first} is no part of the history of {span.last}: what it alone has counts as a change of the first "
              f"commit. {span.first}...{span.last} starts where they parted", file=sys.stderr)
    plans: list[Plan] = []
    remarks: tuple[str, ...] = ()
    origin = ""
    template = replace(started.state, options=replace(started.state.options, no_cache=args.no_cache))
    for build in replayed(place, [first, *commits_between(place, first.id, span.last)], template):
        if build.state is None or build.report is None:
            if not origin:
                raise InputError(f"cannot be built: {build.problem}", build.commit.label,
                                 "Start the range with a commit that has all it needs")
            print(f"note: {build.commit.label}: left out, {build.problem}", file=sys.stderr)
            continue
        remarks = build.remarks
        if origin:
            merge = " (merge)" if build.commit.is_merge else ""
            plans.append(replace(_as_plan(f"{build.commit.label}{merge}", origin, build.state, build.report, started),
                                 changed=build.changed))
        origin = f"a build of {build.commit.label} and of what came before it in this range"
    for remark in remarks:
        print(f"note: {remark}", file=sys.stderr)
    return plans


def _store(args: argparse.Namespace) -> ImageStore | None:
    from cachesim.graph.options import ImageStore
    return ImageStore(args.store) if args.store is not None else None


def _as_plan(title: str, cache: str, state: ProjectState, report: SimulationReport, started: Started) -> Plan:
    from cachesim.export.plan import Plan
    from cachesim.project.measured import RECORD, Measured, costs_of
    book = Measured.from_json(started.records.get(RECORD))
    return Plan(title, cache, report, costs_of(report, book, state.context), state.engine.value, state.store.value)


def _over_budget(plans: Sequence[Plan], budget: float | None, most: int | None) -> str:
    """Why the first plan that exceeds a budget does, or ""."""
    for plan in plans:
        if most is not None and plan.reruns > most:
            return f"{plan.title}: {plan.reruns} steps would run again, allowed are {most}"
        known = plan.total.measured + plan.total.estimated
        if budget is not None and known > budget:
            return f"{plan.title}: the steps that run take {known:.0f} s or more, allowed are {budget:.0f} s"
    return ""


# -- what is printed --------------------------------------------------------------------------------------------------


def _print(args: argparse.Namespace, info: ProjectInfo, plans: Sequence[Plan], over: str,
           span: _Span | None) -> None:
    from cachesim.export.plan import plan_markdown, plan_object
    if args.format == "json":
        value = {"project": str(info.context_dir), "dockerfile": info.dockerfile_path, "over_budget": over or None,
                 **({"range": str(span)} if span is not None else {}),
                 "plans": [plan_object(plan) for plan in plans]}
        print(json.dumps(value, indent=2))
    elif args.format == "markdown":
        from cachesim.cli.render import word_of
        more = (f"**Over budget:** {over}.",) if over else ()
        print("\n".join(plan_markdown(plan, word_of, more) for plan in plans), end="")
    elif span is not None:
        _print_range(plans, span)
    else:
        for number, plan in enumerate(plans):
            print("\n" * bool(number) + "\n".join(_plan_lines(plan)))
        if len(plans) == 2:
            print("\n" + "\n".join(_side_by_side(*plans)))


def _side_by_side(buildkit: Plan, classic: Plan) -> list[str]:
    """The two builders' answers to each instruction, and the rule where they differ."""
    from cachesim.cli.render import short, table, word_of
    from cachesim.simulate.compare import compare
    rows = []
    for pair in compare(buildkit.report, classic.report).pairs:
        step = pair.a or pair.b
        if step is not None:
            words = [word_of(side) if side is not None else "no step" for side in (pair.a, pair.b)]
            rows.append((str(step.step.line), short(step.step.instruction.text), *words, str(pair.rule or "")))
    return ["side by side", "", *table(("line", "instruction", "BuildKit", "classic", "what makes the difference"), rows)]


def _print_range(plans: Sequence[Plan], span: _Span) -> None:
    from cachesim.cli.render import plural, table
    commits = plural(len(plans), "commit")
    print(f"{span}: {commits} of the project, built from git objects alone\n")
    rows = []
    for plan in plans:
        cause = plan.first_cause
        why = f"line {cause.step.line}: {cause.cause}" if cause is not None else ""
        rows.append((plan.title[:60], str(len(plan.changed)), str(plan.reruns), plan.total.words if plan.reruns else "",
                     f"fails: {plan.report.error}" if plan.report.error else why))
    print("\n".join(table(("commit", "files", "runs", "time", "first cause"), rows)))


def _plan_lines(plan: Plan) -> list[str]:
    from cachesim.cli.render import short, table, totals, word_of
    report = plan.report
    lines = [f"{plan.title} ({plan.engine}, {plan.store})", f"Cache: {plan.cache}", ""]
    rows = [(str(s.step.line), short(s.name), word_of(s), c.words if c is not None else "", s.error or s.cause)
            for s, c in zip(report.steps, plan.costs, strict=True)]
    lines += table(("line", "step", "outcome", "time", "why"), rows) if rows else []
    lines += ["", totals(report) + (f"; {plan.total.words}" if plan.reruns else "")]
    if report.error:
        lines.append(f"This build fails: {report.error}")
    for diagnostic in report.diagnostics:
        if diagnostic.message not in report.error:
            lines.append(f"line {diagnostic.span.line}: {diagnostic.severity.value}: {diagnostic.message}")
    return [*lines, *(f"assumed: {text}" for text in report.assumed)]
