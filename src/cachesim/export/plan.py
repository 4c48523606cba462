"""What does a plan say, whoever prints it: the steps, what they cost, and whether a budget is kept?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cachesim.dockerfile.instructions import From
from cachesim.engines.base import Outcome
from cachesim.export.markdown import md_code, md_text
from cachesim.export.report_json import report_object
from cachesim.project.measured import Cost, Knowledge, Total, total_of
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Plan", "plan_markdown", "plan_object"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One predicted build with everything that a table needs.

    Attributes:
        title: What is built.
        cache: What the cache holds, in words.
        costs: Per step of `report.steps`; None for a step that does not run.
    """

    title: str
    cache: str
    report: SimulationReport
    costs: tuple[Cost | None, ...]
    engine: str
    store: str
    changed: tuple[str, ...] = ()

    @property
    def reruns(self) -> int:
        """Steps that run again; naming a base image is not counted."""
        return sum(s.runs and not isinstance(s.step.instruction, From) for s in self.report.steps)

    @property
    def total(self) -> Total:
        return total_of(self.costs)

    @property
    def first_cause(self) -> StepReport | None:
        """The first step that runs for a reason of its own."""
        runs = [s for s in self.report.steps if s.runs and not isinstance(s.step.instruction, From)]
        return next((s for s in runs if s.cause_step in (None, s.id)), runs[0] if runs else None)


def plan_object(plan: Plan) -> dict[str, Any]:
    """The plan as JSON; steps as `replay --json` has them, with their seconds."""
    value = report_object(plan.report)
    costs = {(s.step.line, s.name): c for s, c in zip(plan.report.steps, plan.costs, strict=True)}
    for step in value["steps"]:
        cost = costs.get((step["line"], step["name"]))
        if cost is not None:
            step["seconds"] = {"value": round(cost.seconds, 3) if cost.known is not Knowledge.UNKNOWN else None,
                               "known": cost.known.value}
    total = plan.total
    return {"title": plan.title, "engine": plan.engine, "store": plan.store, "cache": plan.cache, "reruns": plan.reruns,
            "seconds": {"measured": round(total.measured, 3), "estimated": round(total.estimated, 3),
                        "unknown_steps": total.unknown_steps},
            "totals": {outcome.value: count for outcome, count in plan.report.counts().items()},
            **({"changed": list(plan.changed)} if plan.changed else {}), **value}


def plan_markdown(plan: Plan, words: Callable[[StepReport], str], more: tuple[str, ...] = ()) -> str:
    """The plan as a comment for a pull request.

    Args:
        words: The outcome of a step in a word or two.
        more: Lines to add below the totals (a budget).
    """
    report, first = plan.report, plan.first_cause
    if report.error:
        head = f"**The build fails:** {md_text(report.error)}"
    elif plan.reruns == 0:
        head = "**Nothing would run again.**"
    else:
        head = f"**{plan.reruns} step{'' if plan.reruns == 1 else 's'} would run again** ({plan.total.words})."
        if first is not None:
            head += f" First cause, line {first.step.line}: {md_text(first.cause)}."
    lines = [f"### {md_text(plan.title)}", "", head, "", f"Cache: {md_text(plan.cache)}. {plan.engine}, {plan.store}.", "",
             *(f"{line}\n" for line in more), "| Line | Step | Outcome | Time | Why |", "|---:|---|---|---:|---|"]
    shown = [(s, c) for s, c in zip(report.steps, plan.costs, strict=True) if s.outcome is not Outcome.CONFIG_ONLY]
    for step, cost in shown:
        bold = "**" if step.runs or step.outcome is Outcome.FAILED else ""
        lines.append(f"| {step.step.line} | {md_code(step.name)} | {bold}{words(step)}{bold} | "
                     f"{cost.words if cost is not None else ''} | {md_text(step.error or step.cause)} |")
    assumed = list(report.assumed)
    if assumed:
        lines += ["", "<details><summary>Assumed</summary>", "", *(f"- {md_text(a)}" for a in assumed), "", "</details>"]
    return "\n".join(lines) + "\n"
