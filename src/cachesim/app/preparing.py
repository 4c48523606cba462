"""Which prepared edit of a sample was made last, which is the next one, and how is it made?"""

from __future__ import annotations

from dataclasses import replace
from time import time_ns
from typing import TYPE_CHECKING

from cachesim.app.timeline.describe import describe
from cachesim.project.prepared import Prepared, PreparedEdit
from cachesim.project.timeline import CLAIMED

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["PreparedEdits"]


class PreparedEdits:
    """The edits to try that come with a sample, one after the other."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._prepared: Prepared | None = None

    @property
    def all(self) -> tuple[PreparedEdit, ...]:
        """In order; none where no sample is open."""
        return self._prepared.edits if self._prepared is not None else ()

    @property
    def made(self) -> PreparedEdit | None:
        """The one that was made last."""
        return self._prepared.made(self._labels) if self._prepared is not None else None

    @property
    def following(self) -> PreparedEdit | None:
        """The next one; None after the last one."""
        return self._prepared.after(self._labels) if self._prepared is not None else None

    @property
    def recorded(self) -> PreparedEdit | None:
        """The one made last, if nothing else was done to the sample: what was recorded of it tells of this very build."""
        bench, prepared = self._workbench, self._prepared
        if prepared is None or bench.state.engine is not prepared.engine:
            return None
        labels = [entry.label for entry in bench.timeline.path()]
        if bench.timeline.current is None or bench.timeline.entry(bench.timeline.current).state != bench.state:
            changes = [label for label in bench.changes if label != CLAIMED]
            labels.append(describe(bench.timeline, bench.state, changes, bench.text_title))
        return prepared.shown(labels)

    @property
    def _labels(self) -> tuple[str, ...]:
        """What the builds so far and the changes since then are called, the newest last."""
        bench = self._workbench
        return (*(entry.label for entry in bench.timeline.path()), *bench.changes, *filter(None, (bench.text_title,)))

    def take(self, prepared: Prepared | None) -> None:
        """Another project is open, with other edits or none."""
        self._prepared = prepared

    def try_next(self) -> None:
        """Build what was not built yet, then make the next one."""
        if self.all:
            bench = self._workbench
            bench.to_now()
            edit = self.following
            if not bench.built:
                bench.build()
            if edit is not None:
                self.make(edit)

    def make(self, edit: PreparedEdit) -> None:
        """Make that one: one undo step for the text, one for the rest."""
        bench = self._workbench
        state = bench.state
        after = edit.applied(state, bench.blobs, time_ns())
        rest = after.with_text(state.text, time_ns()) if after.text != state.text else after
        more = any(path != rest.options.dockerfile for path in edit.build.files)
        if more or replace(rest, context=state.context) != state:
            bench.set_state(rest, edit.label)
        bench.replace_text(after.text, edit.label)
