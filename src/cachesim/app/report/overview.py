"""What is there to say about the whole build while no step is selected?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cachesim.app.report.lessons import of_the_build
from cachesim.app.report.lines import Kind, Line, Link, Story, assumed, counted, dotted, line, link_to
from cachesim.engines.base import MissReason, Outcome
from cachesim.project.timeline import Past
from cachesim.simulate.causes import carried
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["ONLY_DESCRIBES", "failure_of", "overview"]

ONLY_DESCRIBES = "Nothing would run; the image's configuration changes."

_NOTHING_THERE = re.compile(r'failed to calculate checksum of ref: "/(.+)": not found')
_SHOWN = 6


def failure_of(report: SimulationReport) -> str:
    """Why a build fails, as one would tell a beginner; the engine's own words where those are plain enough."""
    found, step = _NOTHING_THERE.fullmatch(report.error), report.find(report.error_step)
    if found is None or step is None:
        return report.error
    return f"line {step.step.line} finds no {found[1]} to copy"


def overview(report: SimulationReport | None, past: Past = Past.NOTHING, before: SimulationReport | None = None) -> Story:
    """Tell about the whole build; `before` is the last one."""
    if report is None:
        return Story("", "Nothing is open yet.", (line("Open a folder, a Dockerfile or a sample to see what would run "
                                                        "again, and why."),))
    if report.blank:
        return Story("", "Nothing to build yet.", (
            line("A Dockerfile begins with FROM and the image to start from. Type it, or ",
                  Link("begin with FROM alpine", ":begin"), "."),
            line("Ctrl+Space offers instructions, stages and files while you type; paste a Dockerfile if you have one.")))
    if report.error:
        where = report.find(report.error_step)
        lines = [line("The first line that fails is ", link_to(where), ".")] if where else []
        told = failure_of(report)
        if told != report.error:
            lines.append(line(f"The engine will say: {dotted(report.error)}"))
            told = dotted(told[:1].upper() + told[1:])
        return Story("The build fails", told, tuple(lines + assumed(report, None)))
    steps = report.steps_of_target
    runs = [s for s in steps if s.outcome is Outcome.MISS]
    unsure = [s for s in steps if not s.certain]
    if not steps:
        return Story("", "There is no step yet.", (line("A Dockerfile begins with FROM."),))
    if not runs and not unsure:
        more = line(f"All {len(steps)} steps come from the cache. ", Link("What if…", ":what-if"),
                     " changes something to see what would run then.")
        said = ONLY_DESCRIBES if report.only_describes(before) else "Nothing would run."
        return Story("", said, (more, *assumed(report, None)))
    first_time = all(s.reason in (MissReason.NO_RECORD, MissReason.PARENT) for s in runs)
    nothing_held = first_time and len(runs) + len(unsure) == len(steps)
    if nothing_held and past is Past.EMPTIED:
        more = line("Nothing of the earlier builds is left. Press Build to fill the cache again, or take the change back.")
        return Story("", f"The cache is empty: {counted(len(runs), 'step')} would run.", (more, *assumed(report, None)))
    if nothing_held and past is Past.NOTHING:
        more = line("Nothing was built before, so nothing can come from the cache. Press Build, then ",
                     Link("What if…", ":what-if"), " to change something.")
        return Story("", f"This is your first build: {counted(len(runs), 'step')} would run.",
                     (more, *assumed(report, None)))
    what = f"{len(runs)} of {counted(len(steps), 'step')} would run again."
    if unsure:
        what = what[:-1] + f", {len(unsure)} {'depends' if len(unsure) == 1 else 'depend'} on a RUN."
    return Story("", what, (*_causes(report, runs), *_unsure(unsure), *of_the_build(report), *assumed(report, None)))


def _causes(report: SimulationReport, runs: Sequence[StepReport]) -> Iterator[Line]:
    first = [s for s in runs if s.reason is not MissReason.PARENT]
    if not first:
        return
    yield line("The first cause:" if len(first) == 1 else "The first causes:", kind=Kind.HEADING)
    for step in first[:_SHOWN]:
        below = sum(s.certain for s in carried(report, step.id))        # counted as the verdict strip counts them
        tail = f" {counted(below, 'step')} below it {'runs' if below == 1 else 'run'} with it." if below else ""
        yield line(link_to(step), f": {dotted(step.cause or 'it must run')}{tail}", kind=Kind.ITEM)
    if len(first) > _SHOWN:
        yield line(f"and {len(first) - _SHOWN} more", kind=Kind.ITEM)


def _unsure(unsure: Sequence[StepReport]) -> Iterator[Line]:
    if unsure:
        verb = "depends" if len(unsure) == 1 else "depend"
        yield line(f"{counted(len(unsure), 'step')} {verb} on what a RUN writes:", kind=Kind.HEADING)
        for step in unsure[:_SHOWN]:
            yield line(link_to(step), kind=Kind.ITEM)
