"""How does the context of now differ from what lies on disk, and from what the last build was given?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachesim.app.context.changes import Change, ContextDiff, diff, parents_of
from cachesim.context.snapshot import ContextSnapshot, FileEntry

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["Differences"]


class Differences:
    """Compares anew only where one of the two trees is another object."""

    def __init__(self, workbench: Workbench) -> None:
        self._bench = workbench
        self._edits: tuple[FileEntry, FileEntry, ContextDiff] | None = None
        self._since: tuple[FileEntry, FileEntry, ContextDiff] | None = None

    @property
    def disk(self) -> ContextSnapshot:
        """The context as it lies on disk; the present one while no project is open."""
        bench = self._bench
        return bench.disk.context if bench.project is not None else bench.state.context

    @property
    def built(self) -> ContextSnapshot | None:
        """What the last build was given; None before the first one."""
        timeline = self._bench.timeline
        return timeline.entry(timeline.current).state.context if timeline.current is not None else None

    @property
    def edits(self) -> ContextDiff:
        """What-if edits: how the context differs from disk, the Dockerfile's own text left out."""
        before, after = self.disk.tree, self._bench.state.context.tree
        if self._edits is None or self._edits[0] is not before or self._edits[1] is not after:
            self._edits = (before, after, _without_text(diff(before, after), self._bench.state.options.dockerfile))
        return self._edits[2]

    @property
    def since_build(self) -> ContextDiff:
        """What is another since the last build."""
        built, after = self.built, self._bench.state.context.tree
        if built is None:
            return ContextDiff({}, {})
        if self._since is None or self._since[0] is not built.tree or self._since[1] is not after:
            self._since = (built.tree, after, diff(built.tree, after))
        return self._since[2]


def _without_text(found: ContextDiff, dockerfile: str) -> ContextDiff:
    """The Dockerfile is typed, not edited in thought."""
    if found.paths.get(dockerfile) not in (Change.CHANGED, Change.TOUCHED):
        return found
    below = dict(found.below)
    for parent in parents_of(dockerfile):
        below[parent] -= 1
    return ContextDiff({p: c for p, c in found.paths.items() if p != dockerfile}, below)
