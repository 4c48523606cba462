"""What was done beside the text, and what of it can be taken back or done again?"""

from __future__ import annotations

from dataclasses import dataclass

from cachesim.project.state import ProjectState
from cachesim.project.timeline import TimelineEntry

__all__ = ["Before", "Doings"]


@dataclass(frozen=True, slots=True)
class Before:
    """What to come back to when something that is not text is taken back.

    Attributes:
        entry: The build that was the current one.
        build: Set if it was a build that happened: this one (of the same state).
        builder: Another builder was chosen: its builds are shown as if it had made them, so it is nothing to be built.
    """

    label: str
    state: ProjectState
    entry: int | None
    build: TimelineEntry | None = None
    builder: bool = False


@dataclass(frozen=True, slots=True)
class Doings:
    """All that was done, builds too, and all that was taken back since; each with the newest last."""

    done: tuple[Before, ...] = ()
    undone: tuple[Before, ...] = ()

    def then(self, before: Before) -> Doings:
        """Something else is done: what was taken back cannot be done again any more."""
        return Doings((*self.done, before))

    def taken_back(self, after: Before) -> Doings:
        """The last one is taken back; `after` is what to come back to when it is done again."""
        return Doings(self.done[:-1], (*self.undone, after))

    def done_again(self, before: Before) -> Doings:
        """What was taken back last is done again."""
        return Doings((*self.done, before), self.undone[:-1])

    @property
    def since_build(self) -> tuple[str, ...]:
        """What was changed since the last build, in words, oldest first."""
        built = max((number for number, before in enumerate(self.done, 1) if before.build is not None), default=0)
        return tuple(before.label for before in self.done[built:] if not before.builder)
