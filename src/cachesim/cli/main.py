"""Which command does the person want, and how does it end?

Exit status of every command: 0 done; 1 the answer is no; 2 it could not (bad arguments, unreadable input);
3 a budget is exceeded; 70 a bug.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from cachesim import __version__
from cachesim.errors import CachesimError, Cancelled, InputError

__all__ = ["BUG", "COMMANDS", "DONE", "NO", "OVER_BUDGET", "UNABLE", "main"]

DONE, NO, UNABLE, OVER_BUDGET, BUG = 0, 1, 2, 3, 70
_INTERRUPTED = 130

COMMANDS = {
    "plan": "what would the next build do, and why?",
    "replay": "predict the builds of a scenario file",
    "confirm": "run the build for real and compare it with the prediction",
    "history": "which steps did the commits of a repository re-run, and why?",
    "compare": "two Dockerfiles side by side",
    "advise": "what would make the usual edits cheaper, with the image the same?",
    "prove": "build two Dockerfiles: is it the same image, and what does each cost?",
    "samples": "list the sample projects, or copy one",
}

_EXAMPLES = """\
examples:
  cachesim                          open the window on its welcome page
  cachesim .                        open the window on the project in this folder
  cachesim ./plan                   a folder that is named like a command
  cachesim plan                     what would a build of this folder do now, and why?
  cachesim plan --against HEAD~3    the same, with the cache that a build of that commit left
  cachesim plan main..topic --json  what each commit of a branch would re-run
  cachesim replay scenario.json     predict a written-down sequence of builds
  cachesim confirm .                build it, and compare each step with the prediction
  cachesim advise                   what could be changed, as diffs with what they save
  cachesim prove Dockerfile Dockerfile.new --report proof.md
  cachesim samples copy flask-early-copy

exit status: 0 done, 1 the answer is no, 2 it could not, 3 a budget is exceeded, 70 a bug in cachesim
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one `error:` line."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UNABLE, f"error: {message}\n")


def main(argv: Sequence[str] | None = None, *, open_window: Callable[[Path | None, str | None], int]) -> int:
    """Run a command (or the window, if no command is named) and return its exit status.

    Args:
        open_window: Opens the window on a path or a sample (or on its welcome page) and returns when it was closed.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):      # a file name that is no text must not end a command
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(words, open_window)
        sys.stdout.flush()
        return status
    except SystemExit as end:                   # argparse: help, version, bad arguments
        return end.code if isinstance(end.code, int) else UNABLE
    except BrokenPipeError:                     # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except (KeyboardInterrupt, Cancelled):
        print("cancelled", file=sys.stderr)
        return _INTERRUPTED
    except CachesimError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNABLE
    except Exception:
        traceback.print_exc()
        print(f"error: this is a bug in cachesim {__version__}; please report it with the lines above", file=sys.stderr)
        return BUG


def _run(words: list[str], open_window: Callable[[Path | None, str | None], int]) -> int:
    if words and words[0] in COMMANDS:
        parser = _Parser(prog="cachesim", add_help=False)
        module = importlib.import_module(f"cachesim.cli.{words[0]}")
        module.add_parser(parser.add_subparsers())
        return int(module.run(parser.parse_args(words)))
    args = _root_parser().parse_args(words)     # --help and --version end here
    if args.path is not None and not os.path.lexists(args.path):
        raise InputError("is neither a file or folder nor a command", args.path, f"Commands are: {', '.join(COMMANDS)}")
    return open_window(Path(args.path) if args.path is not None else None, args.sample)


def _root_parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<10}{what}" for name, what in COMMANDS.items())
    parser = _Parser(
        prog="cachesim", usage="cachesim [PATH | --sample NAME]\n       cachesim COMMAND …",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Which steps of a docker build would come from the cache, and why not the others?\n"
                    "Without a command, a window opens.\n\n"
                    f"commands (each with --help, none needs a screen):\n{commands}",
        epilog=_EXAMPLES)
    parser.add_argument("path", nargs="?", metavar="PATH", help="a folder or Dockerfile to open")
    parser.add_argument("--sample", metavar="NAME", help="open a copy of this sample project")
    parser.add_argument("--version", action="version", version=f"cachesim {__version__}")
    return parser
