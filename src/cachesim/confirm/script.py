"""How does a confirmation run commands without knowing whether a window or a terminal runs them?

A script is a generator: it yields a `Command` or a piece of `Work` and gets the answer sent back. The command line tool
drives it with subprocess, the window with QProcess and a worker thread, a test with recorded answers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cachesim.progress import Progress

__all__ = ["Command", "Finished", "Script", "Work", "drive"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Command:
    """One run of a tool.

    Attributes:
        what: What it does, for people ("building the first build").
        env: Whole environment; None: as it is.
        on_line: Gets every whole line of standard error as it comes; None: the end of it is in the answer.
        timeout: Seconds after which it is stopped and counts as not answering.
        cleanup: Runs even when the person has cancelled.
    """

    argv: tuple[str, ...]
    what: str
    env: Mapping[str, str] | None = field(default=None, repr=False)
    on_line: Callable[[str], None] | None = None
    timeout: float | None = None
    cleanup: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. `out` and `err` hold the last characters of its two streams (`err` is empty with `on_line`).

    `error` says why it could not run or was stopped, for people; `exit_code` is None then.
    """

    exit_code: int | None
    out: str = ""
    err: str = ""
    error: str = ""
    cancelled: bool = False

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of slow work inside this process (files); the answer is what `run` returns."""

    run: Callable[[Progress], object]
    what: str
    cleanup: bool = False


Script = Generator[Command | Work, object, T]


def drive(script: Script[T], execute: Callable[[Command | Work], object]) -> T:
    """Run a script to its end; an exception of `execute` is raised inside the script."""
    try:
        item = next(script)
        while True:
            try:
                answer = execute(item)
            except Exception as error:
                item = script.throw(error)
            else:
                item = script.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
