"""Which lines belong to which step, and where are they while the next verdict is still on its way?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from cachesim.app.theme import word_of
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from cachesim.project.measured import Cost, takes
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["LineEdit", "Stripe", "shifted", "stripe_at", "stripe_of", "stripes_of", "tip_of"]


@dataclass(frozen=True, slots=True)
class Stripe:
    """One instruction in the gutter: its lines (from 1, last included) and its verdict.

    Attributes:
        said: The report of its step, then those of the triggers that its base image brings; not part of what is painted.
    """

    first: int
    last: int
    step: StepId
    outcome: Outcome
    reason: MissReason | None
    said: tuple[StepReport, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class LineEdit:
    """An edit as lines see it: it starts at `line` (`at_start`: in its first column) and adds `delta` lines."""

    line: int
    at_start: bool
    delta: int


def tip_of(stripe: Stripe, cost: Callable[[StepReport], Cost | None] = lambda _: None) -> str:
    """The sentence of a stripe: its line, the verdict and, below, what it takes; then what its base image does."""
    if not stripe.said:
        return ""
    step, *triggers = stripe.said
    lines, taken = [f"Line {step.step.line}: {_sentence(step)}"], cost(step)
    if taken is not None:
        lines.append(takes(step, taken))
    lines += [f"From the base image: {trigger.name}: {_sentence(trigger)}" for trigger in triggers]
    return "\n".join(lines)


def stripes_of(report: SimulationReport) -> tuple[Stripe, ...]:
    """One stripe per instruction in file order; triggers of the base image share the one of their FROM."""
    result: list[Stripe] = []
    for step in report.steps:
        if step.step.onbuild:
            if result:
                result[-1] = replace(result[-1], said=(*result[-1].said, step))
            continue
        span = step.step.instruction.span
        last = span.end_line if span.end_column > 0 or span.end_line == span.line else span.end_line - 1
        result.append(Stripe(span.line, last, step.id, step.outcome, step.reason, (step,)))
    result.sort(key=lambda stripe: stripe.first)
    return tuple(result)


def _sentence(step: StepReport) -> str:
    word, said = word_of(step), step.error or step.cause
    what = word.partition(": ")[2]
    if what and said.startswith(what):
        return f"Runs: {said}"
    return f"{word}. {said}" if said and said.rstrip(".") != word else f"{word}."


def shifted(stripes: Iterable[Stripe], edit: LineEdit) -> tuple[Stripe, ...]:
    """The stripes after an edit of the text, until the next report says better; removed instructions lose theirs."""
    line, delta = edit.line, edit.delta
    if not delta:
        return tuple(stripes)
    moved_from = line if edit.at_start else line + 1            # first line of those that move as a whole
    gone = range(moved_from, moved_from - min(delta, 0))        # lines that are no more
    result: list[Stripe] = []
    for stripe in stripes:
        first, last = stripe.first, stripe.last
        if first in gone and last in gone:
            continue
        if last >= gone.stop:
            last += delta
        elif last in gone:
            last = gone.start - 1
        if first >= gone.stop:
            first += delta
        elif first in gone:
            first = line
        if result:
            first = max(first, result[-1].last + 1)
        result.append(replace(stripe, first=first, last=max(first, last)))
    return tuple(result)


def stripe_at(stripes: Iterable[Stripe], line: int) -> Stripe | None:
    """The stripe over that line."""
    return next((s for s in stripes if s.first <= line <= s.last), None)


def stripe_of(stripes: Iterable[Stripe], step: StepId | None) -> Stripe | None:
    """The stripe of that step; for a trigger of a base image, nothing."""
    return next((s for s in stripes if s.step == step), None)
