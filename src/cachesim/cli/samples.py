"""`cachesim samples`: which sample projects are there, and where do I get one?"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "samples", help="list the sample projects, or copy one",
        description="List the sample projects that ship with cachesim, or copy one to work on.",
        epilog="example: cachesim samples copy flask-early-copy && cachesim flask-early-copy")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="list them (as without an action)").set_defaults(action="list")
    copy = actions.add_parser("copy", help="copy one into a new folder")
    copy.add_argument("name", metavar="NAME")
    copy.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: ./NAME")
    copy.set_defaults(action="copy")


def run(args: argparse.Namespace) -> int:
    """List or copy."""
    from cachesim.assets import samples
    if args.action == "copy":
        return _copy(args.name, args.folder)
    found = samples()
    if args.json:
        print(json.dumps([{"name": s.name, "title": s.title, "teaches": s.teaches, "folder": str(s.folder)}
                          for s in found], indent=2))
        return 0
    from cachesim.cli.render import table
    for line in table(("name", "what it teaches"), [(s.name, s.teaches) for s in found]):
        print(line)
    print("\nCopy one with `cachesim samples copy NAME`, or open it with `cachesim --sample NAME`.")
    return 0


def _copy(name: str, folder: Path | None) -> int:
    from cachesim.assets import sample
    from cachesim.errors import InputError
    source, target = sample(name).folder, folder if folder is not None else Path(name)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("is there already", str(target), "Name another folder")
    try:
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", str(target), "Name another folder") from None
    print(f"{target}: a copy of the sample {name}. Try `cachesim plan {target}`, or `cachesim {target}`.")
    return 0
