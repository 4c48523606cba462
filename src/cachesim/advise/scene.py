"""Everything that a search for better orders knows of one Dockerfile: who needs what, what changes, what costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cachesim.advise.commands import CommandTable
from cachesim.advise.cost import CostModel
from cachesim.advise.dependencies import MoveVerdict
from cachesim.advise.effects import Analysis
from cachesim.advise.exchange import Exchanges, FileReader, Install
from cachesim.advise.landing import Landings
from cachesim.project.mix import EditMix
from cachesim.project.state import ProjectState
from cachesim.project.trial import Trials

__all__ = ["Scene"]


@dataclass(slots=True)
class Scene:
    """One Dockerfile with its analysis. Made anew for every text, so what it finds is kept."""

    state: ProjectState
    mix: EditMix
    trials: Trials
    exchanges: Exchanges
    commands: CommandTable
    model: CostModel

    @classmethod
    def of(cls, state: ProjectState, mix: EditMix, model: CostModel, commands: CommandTable, read: FileReader,
           trials: Trials) -> Scene:
        """Analyse a state whose trials are known."""
        return cls(state, mix, trials, Exchanges.of(state, commands, read), commands, model)

    @property
    def analysis(self) -> Analysis:
        return self.exchanges.analysis

    @property
    def landings(self) -> Landings:
        return self.exchanges.landings

    @property
    def read(self) -> FileReader:
        return self.exchanges.read

    def installs(self, index: int) -> tuple[Install, ...]:
        """See `Exchanges.installs`, and so on."""
        return self.exchanges.installs(index)

    def between(self, one: int, other: int, *, trusting: bool = False) -> MoveVerdict:
        return self.exchanges.between(one, other, trusting=trusting)

    def needed(self, run: int, copy: int, *, trusting: bool = False) -> dict[str, str] | None:
        return self.exchanges.needed(run, copy, trusting=trusting)

    def doubts(self, index: int) -> list[str]:
        return self.exchanges.doubts(index)

    def with_text(self, text: str) -> ProjectState:
        """The state with another Dockerfile."""
        entry = self.state.context.get(self.state.options.dockerfile)
        return self.state.with_text(text, entry.mtime_ns if entry is not None else 0)

    def stages(self) -> Iterator[tuple[int, list[int]]]:
        """The stages that are built, with the indices of their instructions (FROM first)."""
        found: dict[int, list[int]] = {}
        for index, step in enumerate(self.analysis.steps):
            if step.stage >= 0 and self.analysis.graph.stages[step.stage].reachable:
                found.setdefault(step.stage, []).append(index)
        yield from found.items()
