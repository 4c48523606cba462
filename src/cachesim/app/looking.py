"""What does a build of the timeline show when one looks back at it, and where is now?

*Now* is what the next build would do: the text, files and options that were not built yet, against the cache of the current
build. *Looking back* at a build brings its own text, files and options, and the outcomes as they were when it was made; the
timeline stands on it. Nothing is changed by that: coming back to now finds everything as it was left. An edit while looking
back is made on that build, so it starts a branch, and is the new now; if the old one had held what was not built yet, that is
offered again. *Build* comes back first: it builds what was not built yet. Back and forward (Alt+Left, Alt+Right) walk the same
way: now, the current build, the one before it, and back.
"""

from __future__ import annotations

from dataclasses import dataclass

from cachesim.app.undoing import Doings
from cachesim.engines.base import Outcome
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline
from cachesim.simulate.report import SimulationReport

__all__ = ["Now", "made_sentence", "next_place"]


@dataclass(frozen=True, slots=True)
class Now:
    """What was left to look back: the state, what was done that led to it, and the build it stands on."""

    state: ProjectState
    doings: Doings
    entry: int | None

    def unbuilt(self, timeline: Timeline) -> bool:
        """Whether no build holds it."""
        return all(entry.state != self.state for entry in timeline.entries)

    def place(self, timeline: Timeline) -> int | None:
        """The build it stands on, or what is left of that."""
        return self.entry if any(e.id == self.entry for e in timeline.entries) else timeline.current


def next_place(timeline: Timeline, now: Now | None, step: int) -> int | None:
    """The build to look at one step back (-1) or on (1); None is now.

    Args:
        now: What was left, while one looks back; None while one is there.
    """
    if step < 0:
        return timeline.current if now is None else timeline.neighbour(-1) or timeline.current
    if now is None or timeline.current == now.entry:
        return None
    path = [entry.id for entry in timeline.path(now.place(timeline))]       # the branch one came from, before others
    if timeline.current in path:
        at = path.index(timeline.current) + 1
        return path[at] if at < len(path) else None
    return timeline.neighbour(1)


def made_sentence(number: int, report: SimulationReport) -> str:
    """What a build did, in the words of the strip ("Build 2 ran 8 of 14 steps")."""
    if report.blank or report.error:
        return f"Build {number} failed"
    steps = report.steps_of_target
    runs, unsure = (sum(1 for step in steps if step.outcome is o) for o in (Outcome.MISS, Outcome.UNDETERMINED))
    said = f"Build {number} ran {runs if runs else 'none'} of {len(steps)} step{'' if len(steps) == 1 else 's'}"
    return f"{said}, {unsure} {'depends' if unsure == 1 else 'depend'} on a RUN" if unsure else said

