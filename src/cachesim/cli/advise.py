"""`cachesim advise`: what could be changed in a Dockerfile so that the usual edits cost less, with the image the same?"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cachesim.cli.plan import add_options, options_of, project_of
from cachesim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cachesim.advise.proposal import Proposal
    from cachesim.history.habits import Habits
    from cachesim.project.open import ProjectInfo

__all__ = ["add_parser", "run"]

_EXAMPLE_MIX = "source 70, tests 20, manifest 5, Dockerfile 5"
_EPILOG = f"""\
Proposals are numbered, best first. SAFE: the file tree and the configuration of the image stay the same, times aside;
CHECK: that could not be shown, and the proposal says what to look at. `cachesim prove` builds both and compares.
What an edit costs is weighted over the edit mix: read from git's history, or stated with --mix. Seconds come from
measured builds where there are some; the rest is estimated from a table, and the output says how much.

examples:
  cachesim advise
  cachesim advise ./service --mix "{_EXAMPLE_MIX}" --changing-arg GIT_SHA
  cachesim advise --apply 1
  cachesim advise --format markdown > advice.md

exit status: 0 there is no safe proposal (or one was applied), 1 there is one, 2 it could not
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "advise", help="what would make the usual edits cheaper?", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Propose changes of a Dockerfile, as diffs with what they save over the edits of the project.")
    parser.add_argument("path", nargs="?", type=Path, default=Path("."), metavar="PATH", help="a folder or Dockerfile")
    add_options(parser)
    parser.add_argument("--mix", metavar="MIX", help=f'weights of edits, for example "{_EXAMPLE_MIX}"')
    parser.add_argument("--last", type=int, default=200, metavar="N", help="commits to read it from (default: 200)")
    parser.add_argument("--changing-arg", action="append", default=[], metavar="NAME", dest="changing",
                        help="a build argument that has another value in every build (a commit id, a date)")
    parser.add_argument("--commands", type=Path, metavar="FILE", help="more commands, in the form of commands.toml")
    parser.add_argument("--apply", type=int, metavar="N", help="write proposal N to the files")
    parser.add_argument("--engine", choices=("buildkit", "classic"), help="whose rules (default: as last chosen, else buildkit)")
    parser.add_argument("--offline", action="store_true", help="ask no engine for base images")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="same as --format json")


def run(args: argparse.Namespace) -> int:
    """Propose, print, and write if asked to."""
    from cachesim.advise.commands import CommandTable
    from cachesim.advise.cost import CostModel, expected_cost
    from cachesim.advise.proposal import propose
    from cachesim.graph.options import EngineKind, ImageStore
    from cachesim.history.habits import habits_of, with_releases
    from cachesim.project.blobs import BlobStore
    from cachesim.project.measured import RECORD, Measured
    from cachesim.project.start import StartKind, start_project
    info = project_of(args, args.path)
    table = CommandTable.load(args.commands)
    blobs = BlobStore()
    started = start_project(
        info, blobs, engine=EngineKind(args.engine) if args.engine else None, kind=StartKind.NOTHING,
        store=ImageStore(args.store) if args.store is not None else None, ask_engine=not args.offline,
        options=lambda given: options_of(args, given))
    for note in started.notes:
        print(f"note: {note}", file=sys.stderr)
    state = started.state
    habits = habits_of(info, state.context, state.options.dockerfile, by_hand=args.mix, last=args.last)
    habits = habits if args.changing else with_releases(habits, state)
    mix = habits.mix.with_args(args.changing) if args.changing else habits.mix
    measured = Measured.from_json(started.records.get(RECORD)).seconds
    proposals = propose(state, mix, measured, table, read=blobs.reader(state.context, info.context_dir))
    if args.apply is not None:
        return _apply(info, state.text, proposals, args.apply)
    model = CostModel(state.context, measured)
    cost = expected_cost(model.trials(state, mix), model)
    object_ = _object(info, habits, state.text, proposals, cost.measured, cost.estimated)
    if args.format == "json":
        print(json.dumps(object_, indent=2))
    else:
        lines = _markdown if args.format == "markdown" else _lines
        print("\n".join(lines(info, habits, cost.words, object_["proposals"])))
    return 1 if any(p["risk"] == "safe" for p in object_["proposals"]) else 0


def _apply(info: ProjectInfo, read: str, proposals: Sequence[Proposal], number: int) -> int:
    """Write a proposal; nothing is written if a file is not as it was read."""
    from cachesim.project.folders import write_atomically
    from cachesim.project.open import read_dockerfile
    if not 1 <= number <= len(proposals):
        raise InputError(f"there is no proposal {number}", "--apply", f"There are {len(proposals)}; list them without --apply")
    proposal = proposals[number - 1]
    if read_dockerfile(info.dockerfile).text != read:
        raise InputError("was changed while proposals were looked for", str(info.dockerfile), "Try again")
    for path, text in proposal.files:
        write_atomically(info.context_dir / path, text.encode("utf-8", "surrogateescape"))
    if proposal.text != read:
        write_atomically(info.dockerfile, proposal.text.encode("utf-8", "surrogateescape"))
    written = [*(path for path, _ in proposal.files), *([info.dockerfile.name] if proposal.text != read else [])]
    print(f"{', '.join(written)}: {proposal.title} ({proposal.risk.value}, -{proposal.saving:.0%})")
    if proposal.check:
        print(f"check: {proposal.check}")
    return 0


def _object(info: ProjectInfo, habits: Habits, text: str, proposals: Sequence[Proposal], measured: float,
            estimated: float) -> dict[str, Any]:
    return {"dockerfile": str(info.dockerfile), "mix": habits.words,
            "expected_seconds": {"measured": round(measured, 3), "estimated": round(estimated, 3)},
            "proposals": [{
                "number": number, "rule": p.rule, "title": p.title, "why": p.why, "risk": p.risk.value, "check": p.check or None,
                "saving": round(p.saving, 4), "seconds_saved": round(p.seconds_saved, 3), "image_bytes_saved": p.leaves,
                "diff": "".join(_diff(info.dockerfile.name, text, p.text)) + "".join(
                    "".join(_diff(path, _old(info.context_dir / path), new)) for path, new in p.files),
            } for number, p in enumerate(proposals, 1)]}


def _diff(name: str, old: str, new: str) -> list[str]:
    before, after = (value.replace("\r\n", "\n").splitlines(keepends=True) for value in (old, new))
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=2)
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]


def _old(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def _lines(info: ProjectInfo, habits: Habits, cost: str, proposals: Sequence[dict[str, Any]]) -> list[str]:
    lines = [f"{info.dockerfile}", f"Edit mix: {habits.words}. An edit costs {cost} on average.", ""]
    for p in proposals:
        lines += [f"{p['number']}. {p['title']}", f"   {p['risk'].upper()}, {_saves(p)}, rule {p['rule']}", f"   {p['why']}",
                  *([f"   Check: {p['check']}"] if p["check"] else []), "",
                  *(f"   {line}".rstrip() for line in p["diff"].splitlines()), ""]
    return lines if proposals else [*lines, "Nothing to propose."]


def _saves(p: dict[str, Any]) -> str:
    """What an edit costs less; of what is about the image, what leaves it."""
    from cachesim.context.snapshot import size_text
    if p["image_bytes_saved"]:
        return (f"the image loses {size_text(p['image_bytes_saved'])} of files and what the build fetched "
                f"(an edit costs {0.0 - p['seconds_saved']:+.1f} s)")
    return f"saves {p['saving']:.0%} ({p['seconds_saved']:.1f} s an edit)"


def _markdown(info: ProjectInfo, habits: Habits, cost: str, proposals: Sequence[dict[str, Any]]) -> list[str]:
    lines = [f"### Advice for {info.dockerfile.name}", "", f"Edit mix: {habits.words}. An edit costs {cost} on average.", ""]
    for p in proposals:
        fence = "```" if "```" not in p["diff"] else "````"
        lines += [f"#### {p['number']}. {p['title']}", "",
                  f"**{p['risk'].upper()}**, {_saves(p)}, rule `{p['rule']}`. {p['why']}", "",
                  *([f"**Check:** {p['check']}", ""] if p["check"] else []),
                  f"{fence}diff", p["diff"].rstrip("\n"), fence, ""]
    return lines if proposals else [*lines, "Nothing to propose."]
