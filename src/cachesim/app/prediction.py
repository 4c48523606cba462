"""What would the build do that the editor, the what-ifs and the timeline describe right now?

Asking is cheap: questions of one turn of the event loop become one. A small build is answered in the same turn, a large
one by a worker whose outdated answers are dropped. What is small is told by the work, not by the clock: on a busy machine
a worker would have to wait for its turn, and for the interpreter, on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, thread_time

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.jobs import LatestJob
from cachesim.cache.store import CacheStore
from cachesim.diagnostics import Diagnostic, Severity
from cachesim.engines.base import BuildRequest
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["SYNC_LIMIT", "Prediction", "Simulate", "by_pipeline"]

Simulate = Callable[[BuildRequest, CacheStore, Progress], tuple[SimulationReport, CacheStore]]
SYNC_LIMIT = 0.025      # seconds of work; what takes less is done in the same turn: a worker would share the interpreter
_UNKNOWN = 1.0          # seconds; the first simulation of a project goes to the worker


def by_pipeline(request: BuildRequest, store: CacheStore, progress: Progress) -> tuple[SimulationReport, CacheStore]:
    """Simulate with the real engines."""
    from cachesim.pipeline import simulate  # networkx comes with it
    return simulate(request, store, progress)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the simulation of one state said."""

    report: SimulationReport
    seconds: float      # until it was there
    work: float         # seconds that a processor was busy with it


class Prediction(QObject):
    """The latest report, and who is told when it changes; a text that does not parse keeps the last good one."""

    report_changed = Signal(object)         # SimulationReport | None
    stale_changed = Signal(bool)            # True: the last good report is shown, the text is broken
    diagnostics_changed = Signal(object)    # tuple[Diagnostic, ...]

    def __init__(self, simulate: Simulate, question: Callable[[], tuple[ProjectState, CacheStore]],
                 parent: QObject) -> None:
        super().__init__(parent)
        self.simulate, self._question = simulate, question
        self.report: SimulationReport | None = None
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.stale = False
        self.typing = False         # whether what is told right now answers a keystroke
        self.seconds = _UNKNOWN     # of the last simulation
        self._work_seconds = _UNKNOWN
        self._merge = QTimer(self, singleShot=True, interval=0)
        self._merge.timeout.connect(self._predict)
        self.job = LatestJob("simulate", self)
        self.job.finished.connect(self._answer)

    @property
    def pending(self) -> bool:
        """Whether a question waits for the next turn of the event loop."""
        return self._merge.isActive()

    def ask(self) -> None:
        """Predict what the question describes by the next turn of the event loop."""
        self._merge.start()

    def hold(self, report: SimulationReport) -> None:
        """Show what a build did instead, until something is asked."""
        self._stop()
        self.typing = False
        self.show(report, report.diagnostics)

    def answer_at_once(self) -> None:
        """Predict now, whatever it takes: what comes next is measured against it."""
        self._stop()
        self._answer(self._work()(Progress()))

    def forget(self) -> None:
        """Drop what is asked and known, untold: another project comes, whose first report is new in any case."""
        self._stop()
        self.report, self.seconds, self._work_seconds = None, _UNKNOWN, _UNKNOWN

    def clear(self) -> None:
        """Know nothing any more, and say so."""
        self._stop()
        self.show(None, ())

    def shutdown(self) -> None:
        """Stop, and wait for the worker."""
        self._merge.stop()
        self.job.shutdown()

    def _stop(self) -> None:
        self._merge.stop()
        self.job.cancel()

    def _work(self) -> Callable[[Progress], _Answer]:
        """What answers the question of now."""
        state, store = self._question()

        def work(progress: Progress) -> _Answer:
            start, start_work = perf_counter(), thread_time()
            report, _ = self.simulate(state.request(), store, progress)
            return _Answer(report, perf_counter() - start, thread_time() - start_work)
        return work

    @Slot()
    def _predict(self) -> None:
        work = self._work()
        if self._work_seconds < SYNC_LIMIT:
            self.job.cancel()
            self._answer(work(Progress()))
        else:
            self.job.submit(work)

    @Slot(object)
    def _answer(self, answer: _Answer) -> None:
        self.seconds, self._work_seconds = answer.seconds, answer.work
        report = answer.report if self.report is None else answer.report.after(self.report)
        if report.blank:        # nothing is wrong yet, so nothing is shown as wrong, or as the state before
            self.show(report, tuple(d for d in report.diagnostics if d.severity is not Severity.ERROR))
        elif report.graph.error is not None and self.report is not None and self.report.steps:
            self.show(self.report, report.diagnostics, stale=True)
        else:
            self.show(report, report.diagnostics)
        self.typing = False

    def show(self, report: SimulationReport | None, diagnostics: tuple[Diagnostic, ...], stale: bool = False) -> None:
        """Tell what is new of an answer."""
        if diagnostics != self.diagnostics:
            self.diagnostics = diagnostics
            self.diagnostics_changed.emit(diagnostics)
        if stale != self.stale:
            self.stale = stale
            self.stale_changed.emit(stale)
        if report != self.report:
            self.report = report
            self.report_changed.emit(report)
