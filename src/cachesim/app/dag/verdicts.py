"""What does each node say of its step, and is that another thing than it says already?"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import partial

from cachesim.app.dag.words import node_words, sentence_of
from cachesim.app.theme import Look, Theme, look_of_step
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.project.measured import Cost
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Verdict", "Verdicts"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a node shows of a step's report; words and sentence are made when somebody sees or asks.

    Attributes:
        said: All that the words follow from.
    """

    outcome: Outcome
    look: Look
    said: tuple[object, ...]
    words: Callable[[], tuple[str, ...]]
    sentence: Callable[[], str]


class Verdicts:
    """Made anew only for steps of which something else is to be said.

    Attributes:
        cost: What a step takes; set by the view.
    """

    def __init__(self) -> None:
        self.cost: Callable[[StepReport], Cost | None] = lambda _: None
        self._made: dict[StepId, tuple[StepReport, tuple[object, ...], Verdict]] = {}      # of each step, and from what

    def of(self, report: SimulationReport, shown: Container[StepId], theme: Theme) -> Iterator[tuple[StepId, Verdict]]:
        """What the nodes on show have to say, in this theme."""
        lines = {step.id: step.step.line for step in report.steps}
        failing = lines.get(report.error_step) if report.error_step is not None else None
        for step in report.steps:
            if step.id in shown:
                cause = lines.get(step.cause_step) if step.cause_step is not None else None
                cost, known = self.cost(step), self._made.get(step.id)
                beside = cost, cause, failing, theme
                if known is None or known[0] is not step or known[1] != beside:
                    said = (step.outcome, step.likely, step.reason, step.changes[:1], step.step.instruction.keyword, cause,
                            failing, cost)
                    verdict = Verdict(step.outcome, look_of_step(step, theme), said,
                                      partial(node_words, step, lines, failing, cost), partial(sentence_of, step, cost))
                    known = self._made[step.id] = step, beside, verdict
                yield step.id, known[2]
