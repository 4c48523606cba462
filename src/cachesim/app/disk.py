"""How do a project's files come into the workbench, how are they followed, and how do edits get back to disk?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.following import DiskWatch, followed
from cachesim.app.jobs import LatestJob
from cachesim.app.notify import Message, MessageAction, Tone
from cachesim.app.opening import OnDisk, Opened, context_of_draft, look_again, open_project, write_files
from cachesim.app.rescue import Rescue
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.errors import CachesimError
from cachesim.project.bases import EngineFacts
from cachesim.project.folders import write_atomically
from cachesim.project.open import ProjectInfo, find_project, read_dockerfile
from cachesim.project.state import ProjectState

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ProjectDisk"]

_SLOW_MS = 300          # what takes longer is shown with its progress


class ProjectDisk(QObject):
    """Reads, follows and writes the files of the open project; tells the workbench, never a widget."""

    progressed = Signal(int, int)
    opened = Signal(object)         # Opened
    context_changed = Signal(object)        # ContextSnapshot: the files on disk are others than before

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.info: ProjectInfo | None = None
        self.engine: EngineFacts | None = None          # that answered when the project was opened
        self.text = ""                                  # of the Dockerfile on disk, as far as we know
        self.gone = False                               # whether it cannot be read there any more
        self.context = ContextSnapshot(EMPTY_DIR)       # as scanned last
        self._offered: str | None = None                # the foreign text that a bar is about
        self._open, self._look = LatestJob("open", self), LatestJob("look", self)
        self._open.finished.connect(self._take)
        self._open.failed.connect(self._fail)
        self._open.crashed.connect(self._crash)
        self._open.progressed.connect(self.progressed)
        self._look.finished.connect(self._compare)
        self._look.failed.connect(self._fail)
        self._look.crashed.connect(self._crash)
        self._look.progressed.connect(self.progressed)
        self.watch = DiskWatch(self)
        self.watch.changed.connect(self.look)
        self.watch.lost.connect(self._lost)
        self.rescue = Rescue(bench)
        self._doing = ""
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(self._say_busy)

    @property
    def busy(self) -> bool:
        """Whether files are being read."""
        return any(job.busy for job in self.jobs)

    @property
    def jobs(self) -> tuple[LatestJob, ...]:
        return (self._open, self._look)

    # -- open ---------------------------------------------------------------------------------------------------

    def open(self, path: Path, dockerfile: Path | None = None, context: Path | None = None,
             commit: str = "") -> None:
        """Find and read a project in the background; the earlier one stays until it is there."""
        try:
            info = find_project(path, context=context or context_of_draft(path), without_files=True)
        except CachesimError as error:
            self._fail(error)
            return
        if dockerfile is not None:
            info = info.with_dockerfile(dockerfile)
        self._doing = f"Reading {info.name}"
        self._slow.start()
        self._open.submit(partial(open_project, info, self._bench.blobs, commit))

    @Slot()
    def _say_busy(self) -> None:
        if self.busy:
            self._bench.set_busy(self._doing)

    @Slot()
    def cancel(self) -> None:
        """Stop reading; what was shown stays."""
        for job in self.jobs:
            job.cancel()
        self._bench.set_busy(None)

    def close(self) -> None:
        """Forget the project."""
        self.cancel()
        self.watch.stop()
        self._let_go()
        self.info, self.text, self.gone, self._offered = None, "", False, None
        self.context = ContextSnapshot(EMPTY_DIR)

    @Slot(object)
    def _take(self, found: Opened) -> None:
        disk = found.started.state
        self._let_go()
        self.info, self.text, self.context = found.started.info, disk.text, disk.context
        self.gone, self._offered, self.engine = False, None, found.started.engine
        self._bench.set_busy(None)
        self.opened.emit(found)
        for note in found.started.notes:
            self._bench.post(Message(note, Tone.WARNING, key=note))
        self.rescue.open(found.started.info.dockerfile, self.text)
        self.follow()

    def _let_go(self) -> None:
        """The text was saved or let go, or nobody would leave the project; its questions go with it."""
        self.rescue.let_go()
        for key in ("rescued", "foreign", "kept", "followed", "save", "folder", "watch"):
            self._bench.post(Message("", key=key))

    # -- follow -------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Watch the project's folders, if the person wants that."""
        if self.info is None or not self._bench.settings.follow_disk:
            self.watch.stop()
            return
        folders = {f for f in (self.info.context_dir, self.info.dockerfile.parent) if f.is_dir()}
        outside = [f for f in folders if f == self.info.context_dir or self.info.context_dir not in f.parents]
        self.watch.watch(*outside)

    @Slot()
    def look(self) -> None:
        """Look at the disk again."""
        if self.info is not None and not self._open.busy:
            self._doing = "Reading what changed on disk"
            self._slow.start()
            self._look.submit(partial(look_again, self.info, self.context))

    @Slot(object)
    def _compare(self, found: OnDisk) -> None:
        self._bench.set_busy(None)
        bench, info = self._bench, self.info
        if info is None:
            return
        state = bench.state
        if found.context.known != self.context.known:
            self._note(self.text, gone=found.text is None)      # gone with its folder, it is here alone
            self._files_came_or_went(info, found.context)
            return
        context, taken, kept = followed(state.context, self.context, found.context)
        other, self.context = found.context.tree is not self.context.tree, found.context
        own = info.dockerfile_path
        there = found.context.get(own)
        if own in kept and there is not None and context.get(own) is not None:      # the text is mine, the rest is as on disk
            state = replace(state, context=context.with_entry(own, there))
            context = (state if state.text == found.text else state.with_text(state.text, time_ns())).context
        said = [path for path in taken if path != own]
        if context != bench.state.context:
            bench.follow_context(context)
        if other:
            self.context_changed.emit(found.context)
        if kept := tuple(path for path in kept if path != own):
            bench.post(Message(f"{_few(kept)} changed on disk, but was edited here in thought: the edit was kept.",
                               key="kept"))
        elif said:
            bench.post(Message(f"{_few(tuple(said))} changed on disk.", key="followed", passing=True))
        if found.text is None:
            self._note(self.text, gone=True)
            bench.post(Message(f"{info.dockerfile.name} cannot be read any more. Its text is kept here; save it to "
                               "write it again.", Tone.WARNING, (MessageAction("Save", self.save),), key="foreign"))
        elif self.gone and found.text in (self.text, bench.state.text):
            self.note_saved(found.text)
        elif found.text != self.text:
            self.gone = False
            self._foreign_text(info, found.text)

    def _files_came_or_went(self, info: ProjectInfo, context: ContextSnapshot) -> None:
        """The folder of the context was deleted, or is there again: nothing that was edited in it holds any more."""
        bench, self.context = self._bench, context
        bench.follow_context(context)
        self.context_changed.emit(context)
        bench.post(Message("The build context is there again and was read." if context.known else
                           f"The build context {info.context_dir} is not there any more.",
                           Tone.INFO if context.known else Tone.WARNING, key="folder"))
        self.follow()
        if context.known:
            self.look()

    def _foreign_text(self, info: ProjectInfo, text: str, saving: bool = False) -> None:
        """Somebody else wrote the Dockerfile; `saving`: found out because mine was to be written."""
        bench = self._bench
        if text == bench.state.text:
            self.note_saved(text)
        elif bench.saved:
            self.note_saved(text)
            bench.replace_text(text, "read again from disk")
            bench.post(Message(f"{info.dockerfile.name} changed on disk and was read again.", key="foreign",
                               passing=True))
        elif text != self._offered or saving:
            self._offered = text
            mine = MessageAction("Save mine", partial(self._save_over, text)) if saving else \
                MessageAction("Keep mine", partial(self.note_saved, text))
            bench.post(Message(
                f"Not saved: {info.dockerfile.name} changed on disk meanwhile. Save yours over it?" if saving else
                f"{info.dockerfile.name} changed on disk, and the text here was not saved.", Tone.WARNING,
                (MessageAction("Reload", partial(self._reload, text)),
                 MessageAction("Compare", partial(bench.comparisons.text, text, "on disk"), stays=True), mine), key="foreign"))

    def _reload(self, text: str) -> None:
        self.note_saved(text)
        self._bench.replace_text(text, "read again from disk")

    @Slot(str)
    def _lost(self, reason: str) -> None:
        self._bench.post(Message(f"Not watching for changes on disk: {reason}. Refresh by hand (F5).", Tone.WARNING,
                                 (MessageAction("Refresh", self.look),), key="watch"))

    # -- write --------------------------------------------------------------------------------------------------

    def _save_over(self, text: str) -> None:
        self.note_saved(text)
        self.save()

    def save(self, protected: bool = False) -> bool:
        """Write the Dockerfile; False if it could not be, or if a bar asks: somebody else wrote it meanwhile, or it is
        write-protected (then `protected` saves it all the same)."""
        if self.info is None:
            return False
        text = self._bench.work.text
        try:
            there = read_dockerfile(self.info.dockerfile).text
        except CachesimError:
            there = text        # nothing there that could be lost
        if there not in (self.text, text):
            self._foreign_text(self.info, there, saving=True)
            return False
        if not protected and _is_protected(self.info.dockerfile):
            self._bench.post(Message(f"Not saved: {self.info.dockerfile.name} is write-protected. The text is kept here.",
                                     Tone.WARNING, (MessageAction("Save anyway", partial(self.save, True)),), key="save"))
            return False
        try:
            write_atomically(self.info.dockerfile, text.encode("utf-8", "surrogateescape"))
        except (CachesimError, UnicodeError) as error:
            self._bench.post(Message(f"Not saved: {error}. The text is kept here.", Tone.ERROR, key="save"))
            return False
        self.rescue.forget()
        self.note_saved(text)
        self._bench.post(Message("", key="save"))
        return True

    def save_files(self, paths: Sequence[str]) -> None:
        """Write edited context files."""
        if self.info is None:
            return
        try:
            write_files(self.info.context_dir, self._bench.work.context, paths, self._bench.bytes_of)
        except CachesimError as error:
            self._fail(error)
        self.look()

    def note_saved(self, text: str) -> None:
        """The disk holds this text now."""
        self._offered = None
        self._bench.post(Message("", key="foreign"))
        self._note(text)

    def _note(self, text: str, gone: bool = False) -> None:
        before = self._bench.saved
        self.text, self.gone = text, gone
        if self._bench.saved != before:
            self._bench.saved_changed.emit(self._bench.saved)

    def unless_there(self, state: ProjectState) -> ProjectState:
        """The same; a text taken back to what lies on disk is that very file, not one with its bytes and another time."""
        if state.text != self.text:
            return state
        there = self.context.get(state.options.dockerfile)
        return replace(state, context=state.context.with_entry(state.options.dockerfile, there)) \
            if there is not None and state.context.get(state.options.dockerfile) is not None else state

    # -- end ----------------------------------------------------------------------------------------------------

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._bench.set_busy(None)
        self._bench.post(Message(str(error), Tone.ERROR, key="open"))

    @Slot(object)
    def _crash(self, error: Exception) -> None:
        self._bench.set_busy(None)
        self._bench.crashed.emit(error)

    def shutdown(self) -> None:
        """Wait for all jobs."""
        self.rescue.shutdown()
        self.watch.shutdown()
        for job in self.jobs:
            job.shutdown()


def _is_protected(file: Path) -> bool:
    try:
        return not file.stat().st_mode & 0o222
    except OSError:
        return False


def _few(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more files"
