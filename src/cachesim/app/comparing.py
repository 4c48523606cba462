"""What stands side by side when a person compares this state with another engine or another text?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cachesim.app.prediction import Simulate
from cachesim.cache.store import EMPTY_STORE
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.progress import Progress
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

if TYPE_CHECKING:
    from cachesim.simulate.compare import ReportComparison

__all__ = ["compare_engines", "compare_texts"]


def compare_engines(simulate: Simulate, state: ProjectState, timeline: Timeline, engine: EngineKind,
                    store: ImageStore) -> ReportComparison:
    """Set a state beside the same one under another engine that made the same builds."""
    from cachesim.simulate.compare import compare
    cache, progress = EMPTY_STORE, Progress()
    for entry in timeline.path():
        other = replace(entry.state, engine=engine, store=store)
        _, cache = simulate(other.request(entry.label), cache, progress)
    theirs, _ = simulate(replace(state, engine=engine, store=store).request("there"), cache, progress)
    mine, _ = simulate(state.request("here"), timeline.store, progress)
    return replace(compare(mine, theirs), names=(_engine(state.engine, state.store), _engine(engine, store)))


def compare_texts(simulate: Simulate, state: ProjectState, timeline: Timeline, other: ProjectState,
                  name: str) -> ReportComparison:
    """Set another text, called `name`, beside this one; both meet the same cache."""
    from cachesim.simulate.compare import compare
    mine, _ = simulate(state.request("here"), timeline.store, Progress())
    theirs, _ = simulate(other.request(name), timeline.store, Progress())
    return replace(compare(theirs, mine), names=(f"{name[:1].upper()}{name[1:]}", "Here"))


def _engine(engine: EngineKind, store: ImageStore) -> str:
    if engine is EngineKind.CLASSIC:
        return "Classic builder"
    return f"BuildKit, {'containerd store' if store is ImageStore.CONTAINERD else 'graph driver'}"
