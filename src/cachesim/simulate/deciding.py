"""Along which way did a cause come to a step, and the bytes of which RUN decide about it?"""

from __future__ import annotations

from collections.abc import Sequence

from cachesim.cache.key import PartKind
from cachesim.dockerfile.instructions import Run
from cachesim.engines.base import MissReason, Outcome, RunClaim
from cachesim.graph.model import EdgeKind, StepId
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["carriers", "claim_command", "deciding_runs"]


def carriers(report: SimulationReport, step: StepReport) -> tuple[StepReport, ...]:
    """The steps from the first cause to `step`, both included, along the shortest way; empty if there is none."""
    if step.cause_step is None or step.cause_step == step.id:
        return ()
    above = _edges(report, *EdgeKind)
    came: dict[StepId, StepId] = {step.id: step.id}
    queue = [step.id]
    while queue and step.cause_step not in came:
        at = queue.pop(0)
        for origin in above.get(at, []):
            if origin not in came:
                came[origin] = at
                queue.append(origin)
    if step.cause_step not in came:
        return ()
    path = [step.cause_step]
    while path[-1] != step.id:
        path.append(came[path[-1]])
    return tuple(found for i in path if (found := report.find(i)) is not None
                 and (found.outcome is not Outcome.CONFIG_ONLY or found.id == step.cause_step))


def deciding_runs(report: SimulationReport, step: StepReport,
                  claims: Sequence[RunClaim] = ()) -> tuple[StepReport, ...]:
    """The RUN steps whose bytes decide about `step`, nearest first.

    A RUN decides about itself if a claim was made about it or if another step waits for its bytes.
    """
    if step.reason is MissReason.NO_FILES:
        return ()
    claimed = {claim.command for claim in claims}
    readers, parents = _edges(report, EdgeKind.COPY_FROM, EdgeKind.MOUNT), _edges(report, EdgeKind.PARENT)
    if isinstance(step.step.instruction, Run):
        waiting = (s for s in report.steps if not s.certain and s.id != step.id)
        if claim_command(step) in claimed or (
                _is_open(step) and any(step.id in _above(s.id, readers, parents) for s in waiting)):
            return (step,)
    above = _above(step.id, readers, parents)
    if not step.certain and not above:      # it lies on a step that waits, or is needed only if one runs
        lower = [s for s in report.steps if not s.certain and readers.get(s.id)]
        above = [i for s in lower for i in _above(s.id, readers, parents)]
    runs = [s for i in dict.fromkeys(above) if (s := report.find(i)) is not None
            and isinstance(s.step.instruction, Run)]
    return tuple(s for s in runs if claim_command(s) in claimed or (not step.certain and _is_open(s)))


def _is_open(step: StepReport) -> bool:
    """Whether the bytes of a RUN are still to be written in this build."""
    return step.runs or not step.certain


def _above(step_id: StepId, readers: dict[StepId, list[StepId]], parents: dict[StepId, list[StepId]]) -> list[StepId]:
    """All steps that write what a step reads from other stages, nearest first."""
    seen: dict[StepId, None] = {}
    queue = list(readers.get(step_id, ()))
    while queue:
        at = queue.pop(0)
        if at not in seen:
            seen[at] = None
            queue += parents.get(at, ())
    return list(seen)


def _edges(report: SimulationReport, *kinds: EdgeKind) -> dict[StepId, list[StepId]]:
    """Target to the steps it reads, along edges of these kinds."""
    result: dict[StepId, list[StepId]] = {}
    for edge in report.graph.edges:
        if edge.kind in kinds and isinstance(edge.origin, StepId):
            result.setdefault(edge.target, []).append(edge.origin)
    return result


def claim_command(step: StepReport) -> str:
    """The command that a RunClaim names: the key part of that name, or what the instruction says."""
    for part in step.key.parts if step.key is not None else ():
        if part.kind is PartKind.COMMAND:
            return part.value
    run = step.step.instruction
    if not isinstance(run, Run):
        return ""
    return (run.command or "").strip() if run.argv is None else " ".join(run.argv)
