"""What changed on disk while a project is open, and what of it may be taken over without losing an edit?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.jobs import LatestJob
from cachesim.app.timeline.describe import changed_files
from cachesim.context.snapshot import ContextSnapshot
from cachesim.progress import Progress
from cachesim.project.shares import shares_among

__all__ = ["DiskWatch", "followed"]

_QUIET_MS = 150         # reading the disk waits until it is quiet for so long
_TICK_MS = 500


def followed(mine: ContextSnapshot, old: ContextSnapshot,
             new: ContextSnapshot) -> tuple[ContextSnapshot, tuple[str, ...], tuple[str, ...]]:
    """Take over what changed on disk from `old` to `new`, except what was edited in thought.

    Returns:
        The new context, the paths taken over, and the paths where the edit in thought was kept.
    """
    if mine.tree is old.tree or mine.tree == old.tree:
        return new, tuple(changed_files(old.tree, new.tree)), ()
    taken: list[str] = []
    kept: list[str] = []
    for path in changed_files(old.tree, new.tree):
        entry = new.get(path)
        if mine.get(path) == entry:
            continue
        if mine.get(path) != old.get(path):
            kept.append(path)
            continue
        mine = mine.without(path) if entry is None else mine.with_entry(path, entry)
        taken.append(path)
    return mine, tuple(taken), tuple(kept)


class DiskWatch(QObject):
    """Says that something changed below a folder; what changed is for the next scan to find out."""

    changed = Signal()
    lost = Signal(str)          # why not everything is watched any more
    _seen = Signal()            # emitted by the worker, delivered on the UI thread

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job = LatestJob("watch", self)
        self._job.failed.connect(self._lose)
        self._job.crashed.connect(self._lose)
        self._told: tuple[Path, ...] = ()       # the folders whose share was named
        self._stop = threading.Event()
        self._settle = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._settle.timeout.connect(self.changed)
        self._seen.connect(self._wait)

    @property
    def running(self) -> bool:
        """Whether a folder is watched."""
        return self._job.busy

    def watch(self, *folders: Path) -> None:
        """Watch these folders instead of the earlier ones; of those on a share it is said once what is missed."""
        told = self._told
        self.stop()
        stop, self._told = threading.Event(), folders
        self._stop = stop

        def work(progress: Progress) -> None:
            for folder, kind in ({} if told == folders else shares_among(folders)).items():
                self.lost.emit(f"{folder} lies on a network share ({kind}), and what other machines change is not told")
            for _ in _changes(folders, stop):
                progress.step(0, 0)
                self._seen.emit()
        self._job.submit(work)

    def stop(self) -> None:
        """Watch nothing."""
        self._stop.set()
        self._told = ()
        self._settle.stop()
        self._job.cancel()

    def shutdown(self) -> None:
        """Stop and wait for the worker."""
        self.stop()
        self._job.shutdown()

    @Slot()
    def _wait(self) -> None:
        if not self._settle.isActive():     # a steady stream of changes must not put the look off for ever
            self._settle.start()

    @Slot(object)
    def _lose(self, error: Exception) -> None:
        self.lost.emit(str(error))


def _changes(folders: tuple[Path, ...], stop: threading.Event) -> Iterator[object]:
    from watchfiles import watch  # a compiled module: loaded where it is used
    yield from watch(*folders, watch_filter=None, debounce=300, step=50, stop_event=stop, rust_timeout=_TICK_MS,
                     raise_interrupt=False)
