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
        self._unlike: tuple[ContextDiff, ContextDiff] | None = None
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
    def unlike_disk(self) -> ContextDiff:
        """The same but for times, which nobody edits, a fresh checkout has others, and no key holds."""
        edits = self.edits
        if self._unlike is None or self._unlike[0] is not edits:
            self._unlike = (edits, _without(edits, {path for path, how in edits.paths.items() if how is Change.TOUCHED}))
        return self._unlike[1]

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
    return _without(found, {dockerfile})


def _without(found: ContextDiff, left_out: set[str]) -> ContextDiff:
    if not left_out:
        return found
    below = dict(found.below)
    for path in left_out:
        for parent in parents_of(path):
            below[parent] -= 1
    return ContextDiff({path: how for path, how in found.paths.items() if path not in left_out}, below)
