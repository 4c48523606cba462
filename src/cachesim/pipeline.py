"""What would this build do, given what was built before? The one call of window and commands."""

from __future__ import annotations

from dataclasses import replace

from cachesim.cache.store import CacheStore
from cachesim.engines.base import BuildRequest
from cachesim.engines.registry import engine_of
from cachesim.graph.resolve import resolve
from cachesim.progress import SILENT, Progress
from cachesim.simulate.explain import explained
from cachesim.simulate.report import SimulationReport
from cachesim.simulate.unread import left_open, stand_in

__all__ = ["simulate"]


def simulate(request: BuildRequest, store: CacheStore,
             progress: Progress = SILENT) -> tuple[SimulationReport, CacheStore]:
    """Predict one build.

    Returns:
        The report, and the store as it would be afterwards. Drop the second to only ask; keep it to let the build happen.
    Raises:
        Cancelled: When nobody waits any more. Wrong Dockerfiles raise nothing: they are in the report.
    """
    graph = resolve(request.dockerfile, request.options, request.bases, request.engine)
    if not request.context.known:
        return _without_files(replace(request, context=stand_in(graph)), store, progress)
    verdict, after = engine_of(request.engine).run(request, graph, store, progress)
    return explained(graph, verdict, store.builds, request.engine), after.after_build(request.label)


def _without_files(request: BuildRequest, store: CacheStore,
                   progress: Progress) -> tuple[SimulationReport, CacheStore]:
    """The same with made-up files; what rests on them stays open."""
    report, after = simulate(request, store, progress)
    return left_open(report), after
