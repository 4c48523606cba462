"""Something was changed and nothing would run: why does it not count?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cachesim.app.context.arguments import arg_rows
from cachesim.app.context.changes import Change, diff
from cachesim.app.context.reach import Reads, ignore_file_of, matcher_of
from cachesim.engines.base import Outcome
from cachesim.graph.options import EngineKind
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["why_nothing_runs"]

_SHOWN = 4


def why_nothing_runs(before: ProjectState, was: SimulationReport, now: ProjectState, report: SimulationReport) -> tuple[str, ...]:
    """A sentence for each thing that differs from the build before, of a build that runs nothing; none if nothing differs."""
    if report.error or was.error or any(step.runs or not step.certain for step in report.steps):
        return ()
    found = [*_instructions(was, report), *_files(before, now, report), *_options(before, now, report)]
    more = len(found) - _SHOWN
    return (*found[:_SHOWN], *((f"… and {more} more.",) if more > 0 else ()))


def _instructions(was: SimulationReport, report: SimulationReport) -> Iterator[str]:
    old = Counter(_whole(step) for step in was.steps)
    texts = {step.step.instruction.text for step in was.steps}
    for step in report.steps:
        text, keyword = step.step.instruction.text, step.step.instruction.keyword
        if old[_whole(step)]:
            old[_whole(step)] -= 1
            continue
        where = f"Line {step.step.line}, {keyword}, changed"
        if step.outcome is Outcome.CONFIG_ONLY and keyword == "ARG":
            yield f"{where}, but no step has it in its key."
        elif step.outcome is Outcome.CONFIG_ONLY:
            yield f"{where}, but only in the image's configuration: the new image has it, no step has it in its key."
        elif step.outcome is Outcome.UNREACHED:
            yield f"{where}, but the target does not need its stage."
        elif report.engine is EngineKind.CLASSIC and step.step.instruction.heredocs and text in texts:
            yield f"{where}, but the classic builder drops the lines after <<: it runs the same command as before."
        else:
            yield f"{where}, but the cache has what it makes: it was built like this before."


def _whole(step: StepReport) -> tuple[str, ...]:
    return (step.step.instruction.text, *(doc.body for doc in step.step.instruction.heredocs))


def _files(before: ProjectState, now: ProjectState, report: SimulationReport) -> Iterator[str]:
    found = diff(before.context.tree, now.context.tree).paths
    if not found:
        return
    matcher, reads = matcher_of(now.context, now.options.dockerfile), Reads()
    reads.take(report, now.context, matcher)
    for path, change in found.items():
        name = ignore_file_of(now.context, now.options.dockerfile)
        if path == now.options.dockerfile and not reads.steps(path):
            continue            # its instructions were told of
        if path == name:
            yield f"{path} {_did(change)}, but what it lets in is the same for all steps, or was built before."
        elif matcher is not None and matcher.excluded(path):
            yield f"{path} {_did(change)}, but line {matcher.line_for(path)} of {name} keeps it out of the build."
        elif change is Change.TOUCHED:
            yield f"{path} was saved again with the same content: only its time differs, and times are in no key."
        elif not reads.steps(path):
            yield f"{path} {_did(change)}, but {reads.nobody()}."
        else:
            yield f"{path} {_did(change)}, and the cache still has a build with exactly these files."


def _options(before: ProjectState, now: ProjectState, report: SimulationReport) -> Iterator[str]:
    old, new = dict(before.options.args), dict(now.options.args)
    reach = {row.name: row.steps for row in arg_rows(report, now.options)}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            why = "the cache still has a build with this one" if reach.get(name) else "no step has it in its key"
            yield f"The build argument {name} has another value, but {why}."


def _did(change: Change) -> str:
    return {Change.NEW: "is new", Change.DELETED: "is gone", Change.TOUCHED: "was saved again",
            Change.MODE: "has other permissions"}.get(change, "changed")
