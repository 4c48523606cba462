"""Of which steps does a report say nothing new? What was made of those is still good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from cachesim.project.measured import Cost
from cachesim.simulate.report import StepReport

__all__ = ["StepMemo"]

_T = TypeVar("_T")


class StepMemo(Generic[_T]):
    """What was made of each step (words, a tip, a verdict to draw); a keystroke changes it for one step of many.

    `make` may use the step without its keys and reads, its cost, and what else stands in `beside` when it is asked.
    """

    def __init__(self, make: Callable[[StepReport, Cost | None], _T]) -> None:
        self._make = make
        self._made: dict[object, tuple[StepReport, tuple[object, ...], _T]] = {}

    def of(self, step: StepReport, cost: Cost | None, *beside: object) -> _T:
        """What is made of that step; the same object as the last time if nothing in it could differ."""
        known = self._made.get(step.step.id)
        if known is not None and known[0] is step and known[1][-2:] == (cost, beside):
            return known[2]
        first = step.changes[0] if step.changes else None
        face = (step.step, step.name, step.outcome, step.likely, step.reason, step.cause, step.cause_step, step.error,
                (first.kind, first.label) if first is not None else None, cost, beside)
        made = known[2] if known is not None and known[1] == face else self._make(step, cost)
        self._made[step.step.id] = step, face, made
        return made
