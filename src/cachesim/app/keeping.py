"""How do timeline, cache, options and builder of a project survive a restart?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.jobs import LatestJob
from cachesim.app.notify import Message, Tone
from cachesim.errors import CachesimError
from cachesim.graph.model import StepId
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.progress import Progress
from cachesim.project.blobs import BlobStore
from cachesim.project.choice import BuilderChoice, remember_builder
from cachesim.project.measured import RECORD, Cost, Measured, Measurement
from cachesim.project.store import ProjectStore, SavedProject
from cachesim.simulate.report import StepReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ProjectKeeper"]

_PAUSE_MS = 400


class ProjectKeeper(QObject):
    """Writes the open project's file on a worker a moment after something in it changed."""

    measured_changed = Signal(object)       # Measured

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._store: ProjectStore | None = None
        self._records: dict[str, Any] = {}
        self._measured = Measured()
        self._costs: dict[StepId, tuple[StepReport, Cost | None]] = {}
        self._wanted = False
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._save)
        self.job = LatestJob("keep", self)
        self.job.failed.connect(self._fail)
        self.job.crashed.connect(bench.crashed)
        bench.timeline_changed.connect(self._soon)

    def open(self, store: ProjectStore | None, records: dict[str, Any]) -> None:
        """Keep another project from now on; the earlier one is written first."""
        self.flush()
        self._store, self._records, self._wanted = store, dict(records), False
        self._costs.clear()
        self._take_measured(Measured.from_json(records.get(RECORD)))

    @property
    def measured(self) -> Measured:
        """What real builds of the open project took."""
        return self._measured

    def cost(self, step: StepReport) -> Cost | None:
        """What a step takes in the state of now, as far as anybody knows; all views ask for the same ones.

        A step whose report is the same reads the same bytes (see `SimulationReport.after`).
        """
        known = self._costs.get(step.id)
        if known is None or known[0] is not step:
            known = self._costs[step.id] = step, self._measured.cost(step, self._bench.state.context)
        return known[1]

    def measure(self, found: Mapping[str, Measurement]) -> None:
        """Remember what a real build took, by step key."""
        after = self._measured.adding(found)
        if after != self._measured:
            self.record(RECORD, after.to_json())
            self._take_measured(after)

    def _take_measured(self, measured: Measured) -> None:
        if measured != self._measured:
            self._measured = measured
            self._costs.clear()
            self.measured_changed.emit(measured)

    @property
    def records(self) -> dict[str, Any]:
        """What other parts keep with the project, as JSON by their name."""
        return dict(self._records)

    def record(self, name: str, value: Any) -> None:
        """Keep something with the project."""
        self._records[name] = value
        self._soon()

    def note_builder(self, engine: EngineKind, store: ImageStore) -> None:
        """Remember which builder was chosen for the open project."""
        held = self._store
        if held is not None:
            try:
                remember_builder(held.info, BuilderChoice(engine, store, (held.engine, held.store)))
            except CachesimError as error:
                self._bench.post(Message(f"The choice of the builder is not kept for the next start: {error}",
                                         Tone.WARNING, key="store"))

    @Slot()
    def _soon(self, _: object = None) -> None:
        if self._store is not None:
            self._wanted = True
            self._pause.start()

    def _work(self, store: ProjectStore) -> Callable[[Progress], None]:
        bench = self._bench
        saved = SavedProject(bench.timeline, bench.state.options, bench.state.claims, bench.disk.context,
                             self._records)
        folder = bench.project.context_dir if bench.project is not None else None
        return partial(_write, store, saved, bench.blobs, folder)

    @Slot()
    def _save(self) -> None:
        if self._store is not None and self._wanted:
            self._wanted = False
            self.job.submit(self._work(self._store))

    def flush(self) -> None:
        """Write now what was not written yet."""
        self._pause.stop()
        if self._store is not None and self._wanted:
            self._wanted = False
            try:
                self._work(self._store)(Progress())
            except CachesimError as error:
                self._fail(error)

    def shutdown(self) -> None:
        """Write what is left and wait for the worker."""
        self._pause.stop()
        self.job.wait()
        self.flush()
        self.job.shutdown()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._bench.post(Message(f"The timeline is not kept for the next start: {error}", Tone.WARNING, key="store"))


def _write(store: ProjectStore, saved: SavedProject, blobs: BlobStore, folder: Path | None, progress: Progress) -> None:
    store.save(saved)
    current = saved.timeline.current
    if folder is not None and current is not None:
        blobs.remember(saved.timeline.entry(current).state.context, folder)
