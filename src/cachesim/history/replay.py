"""What did the last commits of an open project re-run? One call for the command and the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cachesim.errors import InputError
from cachesim.history.report import HistoryReport, history_of
from cachesim.history.walk import last_commits, place_of, replayed
from cachesim.progress import SILENT, Progress
from cachesim.project.git import repository_of
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from cachesim.simulate.report import StepReport

__all__ = ["Replay", "replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """What was counted, and what a person should know about it, a sentence each."""

    report: HistoryReport
    notes: tuple[str, ...] = ()


def replay(info: ProjectInfo, template: ProjectState, count: int,
           seconds: Callable[[StepReport], float | None] = lambda step: None, *, revision: str = "HEAD",
           progress: Progress = SILENT) -> Replay:
    """Build the newest `count` commits that touch a project, each with the cache of those before.

    Args:
        template: Options, engine, bases and claims of all builds.
        seconds: What a step costs when it runs, if that was measured.
    Raises:
        InputError, GitError: If there is no history to read; the text says why and what to do.
    """
    repository = repository_of(info.context_dir, "The history of a project is read from git")
    place = place_of(info, repository)
    commits = last_commits(place, count, revision)
    if not commits:
        raise InputError(f"no commit of {revision} touches it", str(info.context_dir), "Commit it first")
    report = history_of(replayed(place, commits, template, progress=progress), seconds)
    if not report.builds:
        label, problem = report.left_out[-1]
        raise InputError(f"none of {len(commits)} commits could be built, the newest: {label}: {problem}", str(info.context_dir),
                         "Name another --revision, or the Dockerfile that those commits have (-f)")
    notes = list(report.remarks)
    if repository.shallow and len(commits) < count:
        notes.append("the clone is shallow, so older commits are missing (`git fetch --unshallow` brings them)")
    if report.left_out:
        label, problem = report.left_out[-1]
        left_out = len(report.left_out)
        notes.append(f"{left_out} commit{'' if left_out == 1 else 's'} could not be built, the newest: {label}: {problem}")
    return Replay(report, tuple(notes))
