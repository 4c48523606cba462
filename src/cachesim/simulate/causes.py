"""Which steps run because of which, and which would run anyway?"""

from __future__ import annotations

from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from cachesim.graph.query import descendants
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["carried", "causes_of", "downstream", "running_without"]


def downstream(report: SimulationReport, *steps: StepId) -> tuple[StepId, ...]:
    """Steps that would have to look again if one of these ran, in file order; only those that the target needs."""
    alive = {s.id for s in report.steps if s.outcome not in (Outcome.UNREACHED, Outcome.CONFIG_ONLY)}
    return tuple(s for s in descendants(report.graph, *steps) if s in alive)


def carried(report: SimulationReport, step_id: StepId) -> tuple[StepReport, ...]:
    """The steps below that (likely) run with this one, in file order: what it carries reaches them."""
    reached = {step_id}
    found = []
    for step in report.steps:
        if step.runs and step.id != step_id and not reached.isdisjoint(step.blamed):
            reached.add(step.id)
            found.append(step)
    return tuple(found)


def causes_of(report: SimulationReport, step_id: StepId) -> tuple[StepReport, ...]:
    """The steps, in file order, each of which alone would make this one run: something of their own changed."""
    seen = {step_id}
    found = []
    for step in reversed(report.steps):
        if step.id in seen and step.runs:
            seen.update(step.blamed)
            if step.reason is not MissReason.PARENT:
                found.append(step)
    return tuple(reversed(found))


def running_without(report: SimulationReport, step_id: StepId) -> dict[StepId, StepId]:
    """The steps that would (likely) run even if nothing of this one's own had changed, and the topmost cause of each."""
    found: dict[StepId, StepId] = {}
    for step in report.steps:
        if step.runs:
            above = next((found[other] for other in step.blamed if other in found), None)
            own = step.id != step_id and step.reason is not MissReason.PARENT
            if above is not None or own:
                found[step.id] = step.id if above is None else above
    return found
