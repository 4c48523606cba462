"""What is open, what is its verdict, and who is told when that changes? The only meeting point of the widgets.

Widgets call methods and listen to signals; each signal carries one immutable value and comes only on a real change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import time_ns

from PySide6.QtCore import QObject, Signal, Slot

from cachesim.app.comparing import Comparisons
from cachesim.app.desk import Desk
from cachesim.app.disk import ProjectDisk
from cachesim.app.jobs import LatestJob
from cachesim.app.keeping import ProjectKeeper
from cachesim.app.looking import Now, next_place
from cachesim.app.notify import Message, MessageAction, Tone
from cachesim.app.opening import Opened, bytes_of, copy_of_sample, new_draft
from cachesim.app.prediction import Prediction, Simulate, by_pipeline
from cachesim.app.preparing import PreparedEdits
from cachesim.app.undoing import Before, Doings
from cachesim.assets import sample
from cachesim.cache.store import CacheStore
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.diagnostics import Diagnostic
from cachesim.engines.base import RunClaim
from cachesim.errors import CachesimError
from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
from cachesim.progress import Progress
from cachesim.project.blobs import BlobStore
from cachesim.project.folders import write_atomically
from cachesim.project.open import ProjectInfo
from cachesim.project.start import StartChoice, StartKind, start_timeline
from cachesim.project.state import ProjectState
from cachesim.project.timeline import CLAIMED, Timeline, TimelineEntry
from cachesim.simulate.report import SimulationReport

__all__ = ["Workbench"]


class Workbench(Desk):
    """Text, context, options, timeline and report of one window, on its desk."""

    project_opened = Signal(object)         # ProjectInfo | None
    state_changed = Signal(object)          # ProjectState
    text_replaced = Signal(object)          # str, set from outside the editor as a new document
    text_edited = Signal(object)            # (text, label): an edit from outside; one undo step of the editor
    report_changed = Signal(object)         # SimulationReport | None
    report_stale_changed = Signal(bool)     # True: the last good report is shown, the text is broken
    diagnostics_changed = Signal(object)    # tuple[Diagnostic, ...]
    timeline_changed = Signal(object)       # Timeline
    seen_changed = Signal(object)           # TimelineEntry | None: a build that is looked back at; None: now
    changes_changed = Signal(object)        # tuple[str, ...]: labels of what was `done`
    saved_changed = Signal(bool)
    crashed = Signal(object)                # Exception: a bug in a job

    def __init__(self, parent: QObject | None = None, *, simulate: Simulate = by_pipeline,
                 blobs: BlobStore | None = None) -> None:
        super().__init__(parent)
        self.blobs = blobs if blobs is not None else BlobStore.of_user()
        self._state = ProjectState("", ContextSnapshot(EMPTY_DIR))
        self._timeline = Timeline()
        self._project: ProjectInfo | None = None
        self.comparisons = Comparisons(self)
        self._doings = Doings()                         # what was done beside the text
        self._now: Now | None = None                    # what was left to look back; None: one is there
        self._going = False
        self._titled = ("", "")                         # a text, and what the edit that gave it was called
        self.prepared = PreparedEdits(self)             # that come with a sample
        self._made: dict[tuple[EngineKind, ImageStore], Timeline] = {}      # the builds as other builders made them
        self.may_leave: Callable[[], bool] = lambda: True      # asks before unsaved text is left; set by the window
        self.disk = ProjectDisk(self)
        self.disk.opened.connect(self._take_project)
        self.keeper = ProjectKeeper(self)
        self._starts = LatestJob("start", self)
        self._starts.finished.connect(self._restart)
        self._starts.failed.connect(self._fail)
        self._starts.crashed.connect(self.crashed)
        self._more_jobs: list[LatestJob] = []
        self._ends: list[Callable[[], None]] = []
        self.starts: tuple[StartChoice, ...] = ()       # what the cache could start with
        self.prediction = Prediction(simulate, self._question, self)
        self.prediction.report_changed.connect(self._tell_report)
        self.prediction.stale_changed.connect(self.report_stale_changed)
        self.prediction.diagnostics_changed.connect(self.diagnostics_changed)
        self.prediction.job.failed.connect(self._fail)
        self.prediction.job.crashed.connect(self.crashed)

    # -- what is there ------------------------------------------------------------------------------------------

    @property
    def state(self) -> ProjectState:
        return self._state

    @property
    def report(self) -> SimulationReport | None:
        return self.prediction.report

    @property
    def stale(self) -> bool:
        return self.prediction.stale

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.prediction.diagnostics

    @property
    def timeline(self) -> Timeline:
        return self._timeline

    @property
    def seen(self) -> TimelineEntry | None:
        """The build that is looked back at (its own outcomes are the report); None while now is shown."""
        return self._timeline.entry(self._timeline.current) if self._now is not None and self._timeline.current is not None \
            else None

    @property
    def work(self) -> ProjectState:
        """The state that is somebody's work, to be saved and kept: that of now, also while one looks back."""
        return self._state if self._now is None else self._now.state

    @property
    def project(self) -> ProjectInfo | None:
        return self._project

    @property
    def saved(self) -> bool:
        """Whether the text is what lies on disk."""
        return self.work.text == self.disk.text and not self.disk.gone

    @property
    def built(self) -> bool:
        """Whether the current build is one of what there is now."""
        timeline = self._timeline
        return timeline.current is not None and timeline.entry(timeline.current).state == self._state

    @property
    def changes(self) -> tuple[str, ...]:
        """What was changed beside the text since the last build, in words, oldest first."""
        return self._doings.since_build

    @property
    def done(self) -> tuple[str, ...]:
        """What was done beside the text and can be taken back, builds too, in words, oldest first (see `take_back`)."""
        return tuple(before.label for before in self._doings.done)

    @property
    def text_title(self) -> str:
        """What the last edit of the text from outside the editor was called, while the text is as it left it."""
        return self._titled[1] if self._titled[0] == self._state.text else ""

    @property
    def undone(self) -> tuple[str, ...]:
        """What of that was taken back and can be done again, the next one last (see `do_again`)."""
        return tuple(after.label for after in self._doings.undone)

    @property
    def typing(self) -> bool:
        """Whether what is told right now answers a keystroke: what is not looked at then may come a moment later."""
        return self.prediction.typing

    @property
    def seconds(self) -> float:
        """How long the last simulation took."""
        return self.prediction.seconds

    @property
    def jobs(self) -> tuple[LatestJob, ...]:
        return (self.prediction.job, self._starts, self.keeper.job, *self.disk.jobs, *self._more_jobs)

    def new_job(self, name: str) -> LatestJob:
        """A worker for a panel: a bug in it is reported, and it ends with the workbench."""
        job = LatestJob(name, self)
        job.crashed.connect(self.crashed)
        self._more_jobs.append(job)
        return job

    def before_shutdown(self, end: Callable[[], None]) -> None:
        """Call this before the workers end, when the workbench does."""
        self._ends.append(end)

    def _question(self) -> tuple[ProjectState, CacheStore]:
        return self._state, self._timeline.store

    # -- text ---------------------------------------------------------------------------------------------------

    def new_text(self, text: str) -> None:
        """Take what the editor holds now (typing); the prediction follows once per turn of the event loop."""
        if text != self._state.text:
            was_saved, self.prediction.typing = self.saved, True
            self._set_state(self.disk.unless_there(self._state.with_text(text, time_ns())))
            self.disk.rescue.soon()
            if self.saved != was_saved:
                self.saved_changed.emit(self.saved)

    def replace_text(self, text: str, label: str) -> None:
        """Change the text from outside the editor, as one undo step there."""
        if text != self._state.text:
            self._titled = text, label
            self.text_edited.emit((text, label))
            self.new_text(text)

    def begin(self) -> None:
        """Give a Dockerfile without an instruction its first one."""
        text = self._state.text
        self.replace_text(f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}FROM alpine\n", "begin with FROM")
        self.activate_line(self._state.text.count("\n") + 1)

    # -- everything else a prediction depends on -----------------------------------------------------------------

    def set_options(self, options: BuildOptions, label: str = "change build options") -> None:
        """Take other build options."""
        self._change(replace(self._state, options=options), label)

    def set_engine(self, engine: EngineKind, store: ImageStore, label: str = "") -> None:
        """Take another engine or image store; the builds of the timeline become its own (see `Timeline.made_by`)."""
        state = replace(self._state, engine=engine, store=store)
        self._change(state, label or f"use {engine.value}, {store.value}", builder=True)

    def set_claims(self, claims: Sequence[RunClaim], label: str = CLAIMED) -> None:
        """Take what the person states about RUN steps."""
        self._change(replace(self._state, claims=tuple(claims)), label)

    def edit_context(self, context: ContextSnapshot, label: str) -> None:
        """Take another context (a what-if edit: nothing is written to disk)."""
        self._change(replace(self._state, context=context), label)

    def set_state(self, state: ProjectState, label: str) -> None:
        """Take a whole other state but its text (several things at once)."""
        self._change(replace(state, text=self._state.text), label)

    def bytes_of(self, path: str) -> bytes | None:
        """The content of a context file, edited in thought or on disk; None if nobody can read it."""
        folder = self._project.context_dir if self._project is not None else None
        return bytes_of(self._state.context, path, self.blobs, folder)

    def edit_file(self, path: str, data: bytes, label: str = "") -> None:
        """Give a context file other bytes, in thought; a new path is added."""
        self.blobs.put(data)
        self.edit_context(self._state.context.with_bytes(path, data, mtime_ns=time_ns()), label or f"edit {path}")

    def empty_cache(self, label: str, state: ProjectState | None = None) -> None:
        """Start from an empty cache (and another state); the builds stay in the timeline."""
        self._leave_look()
        before = Before(label, self._state, self._timeline.current)
        if state is not None and state != self._state:
            self._set_state(replace(state, text=self._state.text))
        self.set_timeline(self._timeline.at(None))
        self._note(self._doings.then(before))

    def take_back(self) -> str:
        """Undo the last change that is not text; returns its label, or ""."""
        if not self._doings.done:
            return ""
        before = self._doings.done[-1]
        after = replace(before, state=self._state, entry=self._timeline.current)
        if before.build is not None:
            self.post(Message(f"Build “{before.build.label}” is taken back. Redo brings it again.", key="unbuilt", passing=True))
            self._unbuild(before)
        else:
            self._restore(before)
        self._note(self._doings.taken_back(after))
        return before.label

    def do_again(self) -> str:
        """Redo the change that was taken back last; returns its label, or ""."""
        if not self._doings.undone:
            return ""
        after = self._doings.undone[-1]
        before = replace(after, state=self._state, entry=self._timeline.current)
        if after.build is not None:
            self.post(Message("", key="unbuilt"))
            if after.build.parent in (None, *(entry.id for entry in self._timeline.entries)):
                self.set_timeline(self._timeline.with_entry(after.build))
        else:
            self._restore(after)
        self._note(self._doings.done_again(before))
        return after.label

    def forget_undone(self) -> None:
        """Something else was done: what was taken back cannot be done again any more."""
        self._note(Doings(self._doings.done))

    def _restore(self, there: Before) -> None:
        """Take everything but the text from another state."""
        state = there.state
        if state.text != self._state.text:
            state = state.with_text(self._state.text, time_ns())
        self.set_timeline(self._timeline.at(Now(state, Doings(), there.entry).place(self._timeline) if there.entry else None))
        self._set_state(state)

    def _unbuild(self, before: Before) -> None:
        """Take a build out of the timeline, if nobody deleted it: its cache is gone, what it built waits again."""
        built, there = before.build, {entry.id for entry in self._timeline.entries}
        timeline = self._timeline.without(built.id) if built is not None and built.id in there else self._timeline
        self.set_timeline(timeline.at(before.entry if before.entry in there else timeline.current))

    def _note(self, doings: Doings) -> None:
        if doings != self._doings:
            self._doings = doings
            self.changes_changed.emit(self.done)

    def _change(self, state: ProjectState, label: str, *, builder: bool = False) -> None:
        if state != self._state:
            before = Before(label, self._state, self._timeline.current, builder=builder)
            self._set_state(state)
            self._note(self._doings.then(before))

    def _set_state(self, state: ProjectState) -> None:
        if state.claims != self._state.claims:      # a statement holds for the builds that were made, too
            self.set_timeline(self._timeline.with_claims(state.claims))
        self.remark("")
        self._leave_look()
        other_builder = (state.engine, state.store) != (self._state.engine, self._state.store)
        if other_builder and not self._going:
            self._made[self._state.engine, self._state.store] = self._timeline
            self.set_timeline(self._timeline.made_by(state.engine, state.store, self._made.get((state.engine, state.store))))
        self._state = state
        if other_builder:
            self.keeper.note_builder(state.engine, state.store)
        self.state_changed.emit(state)
        self.prediction.ask()

    # -- timeline -----------------------------------------------------------------------------------------------

    def build(self, label: str = "") -> None:
        """Let the simulated build happen: the state of now joins the timeline and the cache holds it."""
        from cachesim.app.timeline.describe import describe
        self.to_now()       # an earlier build that is looked back at was made already
        label = label or describe(self._timeline, self._state, self.changes, self.text_title)
        report, store = self.prediction.simulate(self._state.request(label), self._timeline.store, Progress())
        before, after = self._timeline.current, self._timeline.with_build(label, self._state, report, store)
        self.set_timeline(after)
        self._note(self._doings.then(Before(f"build “{label}”", self._state, before, after.entries[-1])))

    def set_timeline(self, timeline: Timeline) -> None:
        """Take another timeline; the prediction is made anew against its current cache."""
        if timeline != self._timeline:
            moved = timeline.current != self._timeline.current
            if moved:
                self._leave_look()
            self._timeline = timeline
            self.timeline_changed.emit(timeline)
            if self.seen is None:
                self.prediction.ask()
            elif not self._going:
                self.prediction.hold(self.seen.report)

    def go_to(self, entry_id: int | None) -> None:
        """Look back at a build: its text, files and options, its outcomes as they were, and the cache as it was after it
        (see `looking`). None: before the first build, with what there is now."""
        if entry_id is None:
            self.set_timeline(self._timeline.at(None))
            return
        now = self._now or Now(self._state, self._doings, self._timeline.current)
        entry, self._going, self._now = self._timeline.entry(entry_id), True, now
        try:
            self.set_timeline(self._timeline.at(entry_id))
            self.show_state(entry.state)
        finally:
            self._going = False
        self.prediction.hold(entry.report)
        self.seen_changed.emit(entry)

    def to_now(self) -> None:
        """End looking back: everything is as it was left."""
        if self._now is not None:
            now, self._now = self._now, None
            self.set_timeline(self._timeline.at(now.place(self._timeline)))
            self.show_state(now.state)
            self._note(Doings(now.doings.done))
            self.prediction.ask()
            self.seen_changed.emit(None)
            self.disk.look()        # what changed there meanwhile

    def step(self, step: int) -> None:
        """Look one build back (-1) or on (1); after the last one is now."""
        place = next_place(self._timeline, self._now, step)
        if place is not None:
            self.go_to(place)
        elif step > 0:
            self.to_now()

    def look_ahead(self) -> None:
        """What was looked back at is what one works on from here: show what a build of it would do next."""
        if self._now is not None:
            self._leave_look()
            self.prediction.answer_at_once()

    def _leave_look(self) -> None:
        """The build that was looked back at is gone on from: it is now. What was left for it is offered, if no build holds it."""
        now = self._now
        if now is None or self._going:
            return
        self._now = None
        self.seen_changed.emit(None)
        if now.unbuilt(self._timeline):
            self.post(Message("You went on from an earlier build. What you had not built yet is kept.",
                              actions=(MessageAction("Back to it", partial(self._resume, now)),), key="set aside"))

    def _resume(self, now: Now) -> None:
        self._now = now
        self.to_now()

    def rename_entry(self, entry_id: int, label: str) -> None:
        """Give a build of the timeline another label."""
        self.set_timeline(self._timeline.renamed(entry_id, label))

    def delete_entry(self, entry_id: int) -> None:
        """Forget a build and all that were made after it."""
        self.set_timeline(self._timeline.without(entry_id))

    def show_state(self, state: ProjectState) -> None:
        """Take a whole state, text included, from outside the editor."""
        self._note(Doings())
        was_saved, other_text = self.saved, state.text != self._state.text
        if state != self._state:
            self._set_state(state)
        if other_text:
            self.text_replaced.emit(state.text)
        if self.saved != was_saved:
            self.saved_changed.emit(self.saved)

    # -- prediction ---------------------------------------------------------------------------------------------

    @Slot(object)
    def _tell_report(self, report: SimulationReport | None) -> None:
        self.report_changed.emit(report)
        if self._selected is not None and (report is None or all(s.id != self._selected for s in report.steps)):
            self.select(None)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.post(Message(str(error), Tone.ERROR, key="simulate"))

    # -- disk ---------------------------------------------------------------------------------------------------

    def open_path(self, path: Path, *, dockerfile: Path | None = None, context: Path | None = None,
                  commit: str = "") -> None:
        """Open a folder or a Dockerfile (one of several in a folder, with another context, as built at a commit)."""
        if self.may_leave():
            self.disk.open(path, dockerfile, context, commit)

    def open_sample(self, name: str) -> None:
        """Open a copy of a shipped sample."""
        try:
            path = copy_of_sample(sample(name))
        except CachesimError as error:
            self._fail(error)
            return
        self.open_path(path)

    def open_draft(self) -> None:
        """Open an empty Dockerfile that belongs to no folder yet."""
        if self.may_leave():
            try:
                dockerfile, context = new_draft()
            except CachesimError as error:
                self._fail(error)
                return
            self.disk.open(dockerfile, None, context)

    def save_as(self, path: Path) -> None:
        """Write the text to another file and go on with that one; its folder is the build context."""
        try:
            write_atomically(path, self.work.text.encode("utf-8", "surrogateescape"))
        except (CachesimError, UnicodeError) as error:
            self.post(Message(f"Not saved: {error}. The text is kept here.", Tone.ERROR, key="save"))
            return
        self.disk.open(path)

    def close_project(self) -> None:
        """Forget the project; the welcome page comes back."""
        if not self.may_leave():
            return
        self.keeper.open(None, {})
        self.disk.close()
        self._project, self.starts, self._now = None, (), None
        self.prepared.take(None)
        self.set_timeline(Timeline())
        self.show_state(ProjectState("", ContextSnapshot(EMPTY_DIR)))
        self.prediction.clear()
        self.project_opened.emit(None)

    @Slot(object)
    def _take_project(self, opened: Opened) -> None:
        started = opened.started
        self.show_preview(None)
        self.remark("")
        self.keeper.open(None, {})
        self._project, self._now, self.starts = started.info, None, started.choices
        self.prepared.take(opened.prepared)
        self._titled = ("", "")
        self._made = {}
        self._note(Doings())
        self.seen_changed.emit(None)
        self.post(Message("", key="set aside"))
        self.select(None)
        self.prediction.forget()
        if opened.timeline != self._timeline:
            self._timeline = opened.timeline
            self.timeline_changed.emit(opened.timeline)
        self._state = opened.state
        self.state_changed.emit(opened.state)
        self.text_replaced.emit(opened.state.text)
        self.prediction.ask()
        self.keeper.open(started.held, dict(started.records))
        self.project_opened.emit(started.info)
        if opened.fresh and opened.prepared is not None:
            self.prepared.make(opened.prepared.edits[0])
        self.saved_changed.emit(self.saved)

    def start_with(self, kind: StartKind, commit: str = "HEAD") -> None:
        """Let the cache start with something else; the timeline begins anew."""
        info, state, timeline = self._project, self._state, self._timeline
        if info is not None:
            self._starts.submit(lambda progress: start_timeline(info, state, timeline, self.blobs, kind, progress, commit))

    @Slot(object)
    def _restart(self, found: tuple[Timeline, StartKind, tuple[StartChoice, ...]]) -> None:
        timeline, _, self.starts = found
        self._note(Doings())
        self.set_timeline(timeline)

    def follow_context(self, context: ContextSnapshot) -> None:
        """Take over files that changed on disk; nothing that could be taken back."""
        if self._now is None and context != self._state.context:        # while one looks back, the disk waits
            self._set_state(replace(self._state, context=context).with_text(self._state.text, time_ns())
                            if not self.saved else replace(self._state, context=context))

    def save(self) -> bool:
        """Write the Dockerfile; False (with a message) if that failed."""
        return self.disk.save()

    def save_files(self, paths: Sequence[str]) -> None:
        """Write edited context files to disk."""
        self.disk.save_files(paths)

    def shutdown(self) -> None:
        """Stop all jobs and wait for them; call before the window goes."""
        for end in self._ends:
            end()
        self.prediction.shutdown()
        self.keeper.shutdown()
        self.disk.shutdown()
        for job in (self._starts, *self._more_jobs):
            job.shutdown()
        self.blobs.close()
