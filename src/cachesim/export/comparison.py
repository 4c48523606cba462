"""What does a comparison of two Dockerfiles say: over all edits, and step for step in each of them?"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cachesim.dockerfile.instructions import From
from cachesim.export.markdown import md_code, md_text
from cachesim.project.trial import Trial, Trials
from cachesim.simulate.compare import StepPair, compare
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Comparison", "Side", "comparison_markdown", "comparison_object", "first_cause", "running_pairs"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its file, what every edit does to it, and what an edit costs on average, in words and seconds."""

    path: str
    trials: Trials
    cost: str
    measured: float
    estimated: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both, with the rules of one engine."""

    context: str
    mix: str
    engine: str
    store: str
    a: Side
    b: Side

    @property
    def worse(self) -> bool:
        """Whether B re-runs more than A over the mix, or fails where A does not."""
        return self.b.trials.expected_reruns > self.a.trials.expected_reruns + 1e-9 or bool(
            self.b.trials.first.error and not self.a.trials.first.error)

    def edits(self) -> Iterator[tuple[Trial, Trial]]:
        """Every edit on both."""
        return zip(self.a.trials.trials, self.b.trials.trials, strict=True)


def running_pairs(a: SimulationReport, b: SimulationReport) -> tuple[list[StepPair], int]:
    """The steps that are not cached in both, side by side, and how many others there are."""
    pairs = [p for p in compare(a, b).pairs if not isinstance((p.b or p.a).step.instruction, From)]  # type: ignore[union-attr]
    shown = [p for p in pairs if any(s is not None and (s.runs or s.error) for s in (p.a, p.b))]
    return shown, len(pairs) - len(shown)


def first_cause(report: SimulationReport) -> str:
    """Where an edit begins to cost, and why."""
    first = report.first_miss
    if report.error:
        return f"fails: {report.error}"
    return f"line {first.step.line}: {first.cause}" if first is not None else "nothing runs"


def comparison_object(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON; per edit every step of both, with its verdict."""
    def side(side: Side) -> dict[str, Any]:
        trials = side.trials
        return {"dockerfile": side.path, "error": trials.first.error or None,
                "expected_reruns": round(trials.expected_reruns, 4),
                "expected_seconds": round(trials.expected_seconds, 3), "seconds_known": "estimated",
                "expected_unknown_steps": round(trials.expected_unknown, 4),
                "expected_cost": {"measured": round(side.measured, 3), "estimated": round(side.estimated, 3)}}

    def edit(trial: Trial) -> dict[str, Any]:
        return {"reruns": trial.reruns, "seconds": round(trial.seconds, 3), "unknown_steps": trial.unknown,
                "error": trial.report.error or None, "runs": [s.name for s in trial.report.misses()],
                "first_cause": first_cause(trial.report)}

    def step(step: StepReport | None) -> dict[str, Any] | None:
        return None if step is None else {"line": step.step.line, "outcome": step.outcome.value, "runs": step.runs,
                                          "certain": step.certain, "cause": step.error or step.cause}
    return {"context": found.context, "mix": found.mix, "engine": found.engine, "store": found.store, "worse": found.worse,
            "a": side(found.a), "b": side(found.b),
            "edits": [{"patterns": list(x.group.patterns), "files": list(x.group.files), "weight": round(x.group.weight, 4),
                       "a": edit(x), "b": edit(y),
                       "steps": [{"instruction": text, "a": step(p.a), "b": step(p.b)}
                                 for p, text in _named(compare(x.report, y.report).pairs)]} for x, y in found.edits()]}


def comparison_markdown(found: Comparison, words: Callable[[StepReport], str], verdict: str) -> str:
    """The comparison as a comment for a pull request: the edits in one table, the steps of each folded in.

    Args:
        words: The outcome of a step in a word or two.
        verdict: What it comes to, a sentence.
    """
    names = [md_text(posixpath.basename(side.path)) for side in (found.a, found.b)]
    lines = [f"### {names[0]} and {names[1]}", "", f"**{md_text(verdict)}**", "",
             f"A: {md_code(found.a.path)}, B: {md_code(found.b.path)}. Edit mix: {md_text(found.mix)}. "
             f"{found.engine}, {found.store}.", ""]
    lines += [f"**{name} fails to build:** {md_text(side.trials.first.error)}\n"
              for name, side in (("A", found.a), ("B", found.b)) if side.trials.first.error]
    lines += ["| Edit | Share | A re-runs | B re-runs | First cause in B |", "|---|---:|---:|---:|---|"]
    lines += [f"| {md_text(x.group.label)} | {x.group.weight:.0%} | {x.reruns} | {y.reruns} | {md_text(first_cause(y.report))} |"
              for x, y in found.edits()]
    for x, y in found.edits():
        pairs, rest = running_pairs(x.report, y.report)
        if not pairs:
            continue
        lines += ["", f"<details><summary>{_html(x.group.label)}: {x.reruns} with A, {y.reruns} with B</summary>", "",
                  "| A | B | Step | A | B | Why |", "|---:|---:|---|---|---|---|"]
        for pair, text in _named(pairs):
            shown = pair.b if pair.b is not None and pair.b.runs else pair.a or pair.b
            cells = [str(s.step.line) if s is not None else "" for s in (pair.a, pair.b)]
            said = [words(s) if s is not None else "not there" for s in (pair.a, pair.b)]
            lines.append(f"| {cells[0]} | {cells[1]} | {md_code(text)} | {said[0]} | {said[1]} | "
                         f"{md_text((shown.error or shown.cause) if shown is not None else '')} |")
        lines += ["", f"{rest} more would run with neither." if rest else "", "</details>"]
    return "\n".join(lines) + "\n"


def _named(pairs: tuple[StepPair, ...] | list[StepPair]) -> Iterator[tuple[StepPair, str]]:
    for pair in pairs:
        step = pair.b or pair.a
        assert step is not None
        yield pair, step.step.instruction.text


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
