"""What does a report look like as JSON?"""

from __future__ import annotations

from typing import Any

from cachesim.engines.base import Outcome, VertexReport, status_of
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["report_object", "step_objects"]

_NOT_COMPARED = {"status": "internal"}      # "[internal] …" lines: shown by the engine, but no instruction's own
_INTERNAL = "[internal]"


def report_object(report: SimulationReport) -> dict[str, Any]:
    """One build: its error (or None), every step, and what was assumed."""
    value: dict[str, Any] = {
        "error": report.error or None,
        "steps": [*step_objects(report),
                  *(_vertex(v, {"outcome": v.outcome.value, "cause": ""})
                    | (_NOT_COMPARED if v.name.startswith(_INTERNAL) else {}) for v in report.internal)]}
    if report.assumptions:
        value["assumptions"] = list(report.assumed)
    if report.diagnostics:
        value["diagnostics"] = [{"line": d.span.line, "severity": d.severity.value, "message": d.message,
                                 "code": d.code} for d in report.diagnostics]
    return value


def step_objects(report: SimulationReport) -> list[dict[str, Any]]:
    """Every line that the engine prints, and in its place every instruction for which it prints none.

    `status` is the engine's word for the line (it prints a FROM as run whenever nothing needed its files), `outcome`
    our verdict on the step, `certain` false where a RUN decides. An instruction without a line has its outcome as
    status.
    """
    found: list[dict[str, Any]] = []
    for step in report.steps:
        more = _details(step)
        if step.vertices:
            alone = len(step.vertices) == 1
            found += [_vertex(v, {**more, "outcome": (step.outcome if alone else v.outcome).value}, step)
                      for v in step.vertices]
        else:
            found.append({"name": step.name, "status": step.outcome.value, "certain": step.certain,
                          "outcome": step.outcome.value, **more})
    return found


def _vertex(vertex: VertexReport, more: dict[str, Any], step: StepReport | None = None) -> dict[str, Any]:
    outcome, certain = vertex.outcome, vertex.certain
    if outcome is Outcome.UNDETERMINED:
        certain = False
        outcome = step.likely if step is not None and step.outcome is outcome else Outcome.MISS
    return {"name": vertex.name, "status": status_of(outcome), "certain": certain, **more}


def _details(step: StepReport) -> dict[str, Any]:
    more: dict[str, Any] = {"cause": step.error or step.cause, "line": step.step.line}
    if step.reason is not None:
        more["reason"] = step.reason.name.lower().replace("_", " ")
    if step.rule is not None:
        more["rule"] = {"says": step.rule.says, "source": step.rule.source}
    if step.changes:
        more["changes"] = [{"kind": c.kind.value, "label": c.label, "old": c.old, "new": c.new} for c in step.changes]
    if step.from_build:
        more["from_build"] = step.from_build
    return more
