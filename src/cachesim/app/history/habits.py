"""Which edits does everything in the window weigh by, and who said so? Kept with the project."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from cachesim.app.notify import Message, Tone
from cachesim.errors import InputError
from cachesim.history.habits import Habits, habits_of, release_args, with_releases
from cachesim.progress import Progress

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ProjectHabits", "habits_keeper"]

_RECORD, _FORMAT = "edit_mix", 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def habits_keeper(workbench: Workbench) -> ProjectHabits:
    """The one keeper of a workbench; made when it is first needed."""
    found = workbench.findChild(ProjectHabits)
    return found if isinstance(found, ProjectHabits) else ProjectHabits(workbench)


class ProjectHabits(QObject):
    """The edit mix of the open project. It is read when somebody first wants it, off the UI thread."""

    changed = Signal(object)        # Habits | None

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._bench = workbench
        self._habits: Habits | None = None
        self._found: Habits | None = None       # the same without the changing arguments
        self._releases: tuple[str, ...] = ()    # arguments that the text is taken to release with
        self._job = workbench.new_job("edit mix")
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._fail)
        workbench.project_opened.connect(self._new_project)

    @property
    def current(self) -> Habits | None:
        """What is known now; None until it was read."""
        return self._habits

    @property
    def by_hand(self) -> str | None:
        """The mix as a person stated it for this project; None: git tells."""
        kept = self._bench.keeper.records.get(_RECORD)
        text = kept.get("by_hand") if isinstance(kept, dict) and kept.get("format") == _FORMAT else None
        return text if isinstance(text, str) and text.strip() else None

    @property
    def args(self) -> tuple[str, ...]:
        """Build arguments that a person said to get another value with every edit."""
        kept = self._bench.keeper.records.get(_RECORD)
        names = kept.get("args") if isinstance(kept, dict) and kept.get("format") == _FORMAT else None
        return tuple(n for n in names if isinstance(n, str) and _NAME.fullmatch(n)) if isinstance(names, list) else ()

    def set_args(self, text: str) -> None:
        """Take the names of build arguments that change with every edit (a commit, a date); remembered with the project.

        Raises:
            InputError: If one of them is no name.
        """
        names = [name for name in re.split(r"[\s,]+", text) if name]
        for name in names:
            if not _NAME.fullmatch(name):
                raise InputError("is no name of a build argument", name)
        self._keep(self.by_hand, tuple(dict.fromkeys(names)))
        found = self._found
        if found is not None:
            self._take(found)

    def _keep(self, by_hand: str | None, args: tuple[str, ...]) -> None:
        record = {"format": _FORMAT, **({"by_hand": by_hand} if by_hand else {}), **({"args": list(args)} if args else {})}
        self._bench.keeper.record(_RECORD, record if len(record) > 1 else None)

    def want(self) -> Habits | None:
        """What is known; if nothing is, or its files are gone, it is read now and comes with `changed`."""
        found, context = self._habits, self._bench.state.context
        if found is not None and self._found is not None and release_args(self._bench.state) != self._releases:
            self._take(self._found)         # the text declares other arguments now
            found = self._habits
        if found is not None and any(context.get(path) is None for g in found.mix.groups for path in g.files):
            self._habits = None
        if self._habits is None and self._bench.project is not None and not self._job.busy:
            self._read(self.by_hand)
        return self._habits

    def state(self, text: str | None) -> None:
        """Take a mix by hand, or (None) the one of the history again; it is remembered with the project.

        Raises:
            InputError: If the text is none; nothing changes then.
        """
        info, state = self._bench.project, self._bench.state
        if info is None:
            return
        if text is None:
            self._keep(None, self.args)
            self._show(None)
            self._read(None)
            return
        habits = habits_of(info, state.context, state.options.dockerfile, by_hand=text)
        if not habits.mix.groups:
            raise InputError("no file of the context plays one of these parts", "edit mix")
        self._job.cancel()
        self._keep(text, self.args)
        self._take(habits)

    def _read(self, by_hand: str | None) -> None:
        info, state = self._bench.project, self._bench.state
        if info is None:
            return

        def work(progress: Progress) -> Habits:
            context, dockerfile = state.context, state.options.dockerfile
            try:
                return habits_of(info, context, dockerfile, by_hand=by_hand, progress=progress)
            except InputError:          # a path in it is gone: the history says more than a mix that cannot be read
                return habits_of(info, context, dockerfile, progress=progress)
        self._job.submit(work)

    def _show(self, habits: Habits | None) -> None:
        if habits != self._habits:
            self._habits = habits
            self.changed.emit(habits)

    @Slot(object)
    def _take(self, habits: Habits) -> None:
        self._found, args = habits, self.args
        self._releases = release_args(self._bench.state)
        if not args:
            habits = with_releases(habits, self._bench.state)
        elif habits.mix.groups:
            habits = replace(habits, mix=habits.mix.with_args(args),
                             words=f"{habits.words}; {' and '.join(args)} change{'s' if len(args) == 1 else ''} with every edit")
        self._show(habits)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._bench.post(Message(str(error), Tone.ERROR, key="edit mix"))

    @Slot(object)
    def _new_project(self, _: object) -> None:
        self._job.cancel()
        self._found = None
        self._show(None)
