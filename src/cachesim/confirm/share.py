"""How does a confirmation become a scenario that others can replay, without giving file contents away?"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cachesim.confirm.match import BuildComparison, Confirmation
from cachesim.confirm.observed import VertexStatus
from cachesim.confirm.session import PlannedBuild
from cachesim.context.snapshot import FileKind, is_ignore_file
from cachesim.digest import Digest, digest_of_bytes
from cachesim.graph.model import StepId
from cachesim.pipeline import simulate
from cachesim.project.scenario import scenario_of
from cachesim.project.timeline import Timeline
from cachesim.simulate.report import SimulationReport

__all__ = ["noise", "scenario_of_confirmation"]


def scenario_of_confirmation(builds: Sequence[PlannedBuild], result: Confirmation, name: str,
                             content: Callable[[Digest], bytes | None], *,
                             hide: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Write what was built and what the engine did, in the format of the recorded scenarios.

    Args:
        builds: What was planned; only the builds that were made count.
        content: Bytes of a file by its digest, None where they are not kept.
        hide: Replace contents by noise of the same size (equal files stay equal); Dockerfiles and ignore files stay.
    Returns:
        The JSON object, and the paths whose bytes are not kept.
    """
    timeline = Timeline()
    open_: dict[Digest, bytes] = {}
    for build in builds[-len(result.builds):] if len(result.builds) < len(builds) else builds:
        report, store = simulate(build.state.request(build.label), timeline.store)
        timeline = timeline.with_build(build.label, build.state, report, store)
        text = build.state.text.encode("utf-8", "surrogateescape")
        open_[digest_of_bytes(text)] = text
        for path, entry in build.state.context.walk():
            if is_ignore_file(path) and entry.kind is FileKind.FILE and entry.digest:
                ignore = build.state.context.ignore_text(path)
                open_[entry.digest] = (ignore or "").encode("utf-8", "surrogateescape")

    def shown(digest: Digest) -> bytes | None:
        if digest in open_:
            return open_[digest]
        data = content(digest)
        return noise(digest, len(data)) if hide and data is not None else data
    value, lost = scenario_of(timeline, shown, name)
    for build_value, entry_, made in zip(value["builds"], timeline.path(), result.builds, strict=False):
        build_value["observed"] = _observed(made, entry_.report)
    return value, lost


def noise(digest: Digest, size: int) -> bytes:
    """Text of that size that says nothing and is the same for the same content."""
    out = bytearray()
    counter = 0
    while len(out) < size:
        out += hashlib.sha256(f"{digest}{counter}".encode()).hexdigest().encode()
        counter += 1
    return bytes(out[:size])


def _observed(build: BuildComparison, own: SimulationReport) -> dict[str, Any]:
    """What the engine did, under the names that the person's own Dockerfile gives (a unique base shifts numbers)."""
    names: Mapping[StepId, list[str]] = {s.id: [v.name for v in s.vertices] for s in own.steps}
    used: dict[StepId, int] = defaultdict(int)
    steps = []
    for step in build.steps:
        if step.step is None or step.observed not in (VertexStatus.CACHED.value, VertexStatus.RAN.value):
            if step.step is not None and step.predicted in ("cached", "run"):
                used[step.step] += 1
            continue
        known, at = names.get(step.step, []), used[step.step]
        used[step.step] += 1
        steps.append({"name": known[at] if at < len(known) else step.name, "status": step.observed})
    error = build.observed_error or None
    return {"steps": [] if error else steps, "error": error, "wall_s": round(build.observed.seconds, 3)}
