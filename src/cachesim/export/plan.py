"""What does a plan say, whoever prints it: the steps, what they cost, and whether a budget is kept?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cachesim.dockerfile.instructions import Copy, From, Workdir
from cachesim.engines.base import Outcome
from cachesim.export.report_json import report_object
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Cost", "Knowledge", "Plan", "Total", "cost_of", "plan_markdown", "plan_object"]

_COPY_SECONDS, _BYTES_PER_SECOND = 0.1, 100e6


class Knowledge:
    """How a number of seconds is known; the words stand in every output, so that they are never mixed silently."""

    MEASURED = "measured"       # this very step ran in a real build
    ESTIMATED = "estimated"     # the same instruction did, or it only copies files
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one step that runs; `seconds` is 0 where they are unknown."""

    seconds: float
    known: str

    @property
    def words(self) -> str:
        """For a table: "12 s", "~3 s", "?"."""
        if self.known == Knowledge.UNKNOWN:
            return "?"
        return ("~" if self.known == Knowledge.ESTIMATED else "") + _seconds(self.seconds)


@dataclass(frozen=True, slots=True)
class Total:
    """Seconds of all steps that run, apart by how they are known."""

    measured: float
    estimated: float
    unknown_steps: int

    @property
    def words(self) -> str:
        parts = [f"{_seconds(self.measured)} measured"] if self.measured else []
        parts += [f"~{_seconds(self.estimated)} estimated"] if self.estimated else []
        if self.unknown_steps:
            parts.append(f"{self.unknown_steps} step{'' if self.unknown_steps == 1 else 's'} of unknown length")
        return ", ".join(parts) or "no time"


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
        def sum_of(known: str) -> float:
            return sum(c.seconds for c in self.costs if c is not None and c.known == known)
        return Total(sum_of(Knowledge.MEASURED), sum_of(Knowledge.ESTIMATED),
                     sum(c is not None and c.known == Knowledge.UNKNOWN for c in self.costs))

    @property
    def first_cause(self) -> StepReport | None:
        """The first step that runs for a reason of its own."""
        runs = [s for s in self.report.steps if s.runs and not isinstance(s.step.instruction, From)]
        return next((s for s in runs if s.cause_step in (None, s.id)), runs[0] if runs else None)


def cost_of(step: StepReport, measured: Callable[[StepReport], tuple[float, bool] | None],
            copied_bytes: Callable[[StepReport], int]) -> Cost | None:
    """What a step costs if it runs.

    Args:
        measured: Seconds from real builds, and whether of this very step.
        copied_bytes: Size of the context files that a step reads.
    """
    if not step.runs or isinstance(step.step.instruction, From):
        return None
    found = measured(step)
    if found is not None:
        return Cost(found[0], Knowledge.MEASURED if found[1] else Knowledge.ESTIMATED)
    if isinstance(step.step.instruction, (Copy, Workdir)):
        return Cost(_COPY_SECONDS + copied_bytes(step) / _BYTES_PER_SECOND, Knowledge.ESTIMATED)
    return Cost(0.0, Knowledge.UNKNOWN)


def plan_object(plan: Plan) -> dict[str, Any]:
    """The plan as JSON; steps as `replay --json` has them, with their seconds."""
    value = report_object(plan.report)
    costs = {(s.step.line, s.name): c for s, c in zip(plan.report.steps, plan.costs, strict=True)}
    for step in value["steps"]:
        cost = costs.get((step["line"], step["name"]))
        if cost is not None:
            step["seconds"] = {"value": round(cost.seconds, 3) if cost.known != Knowledge.UNKNOWN else None,
                               "known": cost.known}
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
        head = f"**The build fails:** {_md(report.error)}"
    elif plan.reruns == 0:
        head = "**Nothing would run again.**"
    else:
        head = f"**{plan.reruns} step{'' if plan.reruns == 1 else 's'} would run again** ({plan.total.words})."
        if first is not None:
            head += f" First cause, line {first.step.line}: {_md(first.cause)}."
    lines = [f"### {_md(plan.title)}", "", head, "", f"Cache: {_md(plan.cache)}. {plan.engine}, {plan.store}.", "",
             *(f"{line}\n" for line in more), "| Line | Step | Outcome | Time | Why |", "|---:|---|---|---:|---|"]
    shown = [(s, c) for s, c in zip(report.steps, plan.costs, strict=True) if s.outcome is not Outcome.CONFIG_ONLY]
    for step, cost in shown:
        bold = "**" if step.runs or step.outcome is Outcome.FAILED else ""
        lines.append(f"| {step.step.line} | {_code(step.name)} | {bold}{words(step)}{bold} | "
                     f"{cost.words if cost is not None else ''} | {_md(step.error or step.cause)} |")
    assumed = list(dict.fromkeys(a.text for a in report.assumptions))
    if assumed:
        lines += ["", "<details><summary>Assumed</summary>", "", *(f"- {_md(a)}" for a in assumed), "", "</details>"]
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"


def _md(text: str) -> str:
    """Text inside of a Markdown table cell, shown as it is."""
    out = text.replace("\n", " ").replace("\r", " ")
    for char in "\\*_[]<>|#`":
        out = out.replace(char, "\\" + char) if char not in "<>`" else out
    return out.replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """Text as code inside of a table cell, whatever it holds."""
    line = text.replace("\n", " ").replace("\r", " ").replace("|", "\\|")
    fence = "`"
    while fence in line:
        fence += "`"
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
