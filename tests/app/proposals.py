"""Proposals for tests: real texts, really tried."""

from __future__ import annotations

from dataclasses import replace

from cachesim.advise.cost import CostModel
from cachesim.advise.proposal import Proposal, Risk
from cachesim.app.advice.search import Advice, FileReader, with_proposal
from cachesim.history.habits import Habits
from cachesim.progress import Progress
from cachesim.project.state import ProjectState

__all__ = ["fake_advice"]


def fake_advice(state: ProjectState, habits: Habits, cost: CostModel, read: FileReader, progress: Progress) -> Advice:
    """Two proposals for a file that copies everything first: another order, and an ignore file."""
    before = cost.trials(state, habits.mix, progress)
    lines = state.text.splitlines()
    copy = next((n for n, line in enumerate(lines) if line.startswith("COPY . ")), None)
    install = next((n for n, line in enumerate(lines) if "requirements.txt" in line), None)
    if copy is None or install is None or install < copy:
        return Advice(state, habits, cost, ())
    text = "\n".join([*lines[:copy], "COPY requirements.txt ./", *lines[copy + 1:install + 1], lines[copy],
                      *lines[install + 1:], ""])
    first = Proposal("manifest-first", "Copy requirements.txt before the rest",
                     "Line 3 copies everything, so every edit runs pip again; pip reads requirements.txt alone.",
                     Risk.SAFE, "", text, (), before, before)
    second = Proposal("ignore", "Leave README.md out of the context", "No step uses README.md.", Risk.CHECK,
                      "that nothing in the image reads README.md", state.text, ((".dockerignore", "README.md\n"),),
                      before, before)
    tried = (replace(p, after=cost.trials(with_proposal(state, p), habits.mix, progress)) for p in (first, second))
    return Advice(state, habits, cost, tuple(sorted(tried, key=lambda p: -p.saving)))
