"""What stands side by side when a person compares two builds, or this state with another engine or another text?"""

from __future__ import annotations

from dataclasses import replace
from time import time_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from cachesim.app.prediction import Simulate
from cachesim.cache.store import EMPTY_STORE
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench
    from cachesim.simulate.compare import ReportComparison

__all__ = ["Comparisons"]


class Comparisons(QObject):
    """What was set side by side last."""

    changed = Signal(object)                # ReportComparison

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self.last: ReportComparison | None = None

    def builds(self, a_id: int, b_id: int) -> None:
        """Set two builds of the timeline side by side."""
        from cachesim.simulate.compare import compare
        timeline = self._workbench.timeline
        self._show(compare(timeline.entry(a_id).report, timeline.entry(b_id).report))

    def engine(self, engine: EngineKind, store: ImageStore) -> None:
        """Set this state beside the same one under another engine that made the same builds."""
        bench = self._workbench
        self._show(_engines(bench.prediction.simulate, bench.state, bench.timeline, engine, store))

    def text(self, text: str, name: str) -> None:
        """Set this state beside the same with another text, called `name`; both meet the same cache."""
        bench = self._workbench
        other = bench.state.with_text(text, time_ns())
        self._show(_texts(bench.prediction.simulate, bench.state, bench.timeline, other, name))

    def _show(self, comparison: ReportComparison) -> None:
        self.last = comparison
        self.changed.emit(comparison)


def _engines(simulate: Simulate, state: ProjectState, timeline: Timeline, engine: EngineKind,
             store: ImageStore) -> ReportComparison:
    from cachesim.simulate.compare import compare
    cache, progress = EMPTY_STORE, Progress()
    for entry in timeline.path():
        other = replace(entry.state, engine=engine, store=store)
        _, cache = simulate(other.request(entry.label), cache, progress)
    theirs, _ = simulate(replace(state, engine=engine, store=store).request("there"), cache, progress)
    mine, _ = simulate(state.request("here"), timeline.store, progress)
    return replace(compare(mine, theirs), names=(_engine(state.engine, state.store), _engine(engine, store)))


def _texts(simulate: Simulate, state: ProjectState, timeline: Timeline, other: ProjectState, name: str) -> ReportComparison:
    from cachesim.simulate.compare import compare
    mine, _ = simulate(state.request("here"), timeline.store, Progress())
    theirs, _ = simulate(other.request(name), timeline.store, Progress())
    return replace(compare(theirs, mine), names=(f"{name[:1].upper()}{name[1:]}", "Here"))


def _engine(engine: EngineKind, store: ImageStore) -> str:
    if engine is EngineKind.CLASSIC:
        return "Classic builder"
    return f"BuildKit, {'containerd store' if store is ImageStore.CONTAINERD else 'graph driver'}"
