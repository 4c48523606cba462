"""What would be better for the open project, and how does it look with a proposal taken?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cachesim.advise.cost import CostModel, ExpectedCost, expected_cost
from cachesim.advise.proposal import Proposal
from cachesim.app.prediction import Simulate
from cachesim.cache.store import EMPTY_STORE
from cachesim.dockerfile.instructions import From
from cachesim.history.habits import Habits
from cachesim.progress import Progress
from cachesim.project.measured import seconds_text
from cachesim.project.state import ProjectState

__all__ = ["Advice", "EditRuns", "edit_runs", "find_advice", "here_words", "with_proposal"]

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


@dataclass(frozen=True, slots=True)
class EditRuns:
    """What one edit runs: steps (naming a base image is none), and their seconds, estimated where nothing was measured."""

    steps: int
    seconds: float


def edit_runs(simulate: Simulate, before: ProjectState, after: ProjectState, cost: CostModel,
              proposal: Proposal | None) -> EditRuns | None:
    """What the way from one state to another runs, with a proposal or (None) without one in the file all along.

    The text is the one of `after` on both sides: an edit of the Dockerfile itself is none that a proposal could serve.
    Returns:
        None if nothing but the text differs.
    """
    mtime = max((entry.mtime_ns for _, entry in before.context.walk()), default=0)
    states = [state.with_text(after.text, mtime) for state in (before, after)]
    if states[0] == states[1]:
        return None
    if proposal is not None:
        states = [with_proposal(state, proposal) for state in states]
    _, store = simulate(states[0].request(), EMPTY_STORE, Progress())
    report, _ = simulate(states[1].request(), store, Progress())
    runs = [step for step in report.steps if step.runs and not isinstance(step.step.instruction, From)]
    return EditRuns(len(runs), sum(map(cost, runs)))


def here_words(*runs: EditRuns) -> str:
    """ "The edit shown would run 1 step more with it: 6, not 5 (about 2 s more, estimated)." """
    if len(runs) != 2:
        return ""
    now, then = runs
    more, seconds = then.steps - now.steps, then.seconds - now.seconds
    about = f"about {seconds_text(abs(seconds))} {'more' if seconds > 0 else 'less'}" if abs(seconds) >= 0.05 else ""
    if more == 0:
        return f"The edit shown runs as many steps with it ({now.steps}){f', {about}' if about else ''}."
    count = f"{abs(more)} step{'' if abs(more) == 1 else 's'} {'more' if more > 0 else 'fewer'}"
    return f"The edit shown runs {count} with it: {then.steps}, not {now.steps}{f' ({about})' if about else ''}."
