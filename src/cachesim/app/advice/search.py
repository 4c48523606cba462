"""What would be better for the open project, and how does it look with a proposal taken?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cachesim.advise.cost import CostModel, ExpectedCost, expected_cost
from cachesim.advise.proposal import Proposal
from cachesim.history.habits import Habits
from cachesim.progress import Progress
from cachesim.project.state import ProjectState

__all__ = ["Advice", "find_advice", "with_proposal"]

FileReader = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Advice:
    """Proposals for one state of a project, best first, and what they were weighed by."""

    state: ProjectState
    habits: Habits
    cost: CostModel
    proposals: tuple[Proposal, ...]

    def expected(self, proposal: Proposal) -> tuple[ExpectedCost, ExpectedCost]:
        """What an edit costs on average now and with a proposal."""
        return expected_cost(proposal.before, self.cost), expected_cost(proposal.after, self.cost)


def find_advice(state: ProjectState, habits: Habits, cost: CostModel, read: FileReader, progress: Progress) -> Advice:
    """Search; for a worker thread. `read` gives the bytes of a file of the context."""
    from cachesim.advise.proposal import propose
    return Advice(state, habits, cost, propose(state, habits.mix, cost.measured, progress=progress, read=read))


def with_proposal(state: ProjectState, proposal: Proposal) -> ProjectState:
    """The project with all files that a proposal changes."""
    newest = max((entry.mtime_ns for _, entry in state.context.walk()), default=0) + 1
    context = state.context
    for path, text in proposal.files:
        context = context.with_bytes(path, text.encode("utf-8", "surrogateescape"), mtime_ns=newest)
    return replace(state, context=context).with_text(proposal.text, newest)
