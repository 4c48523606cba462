"""What do the proposals save over all projects of tests/data/projects? `python -m tests.advise.figures` prints it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from cachesim.advise.commands import CommandTable
from cachesim.advise.proposal import Proposal, Risk, propose
from tests.advise.declared import declared_image
from tests.advise.projects import Project, names, project

__all__ = ["Figures", "Result", "figures", "result_of"]


@dataclass(frozen=True, slots=True)
class Result:
    """The proposals for one project; `safe` and `any` are the best savings, `wrong` the proposals that change the image."""

    project: Project
    proposals: tuple[Proposal, ...]
    safe: float
    any: float
    wrong: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All projects together; shares of those with a known better order, mean savings over all."""

    improved_safe: float
    improved_any: float
    mean_safe: float
    mean_any: float
    wrong: tuple[str, ...]


def result_of(it: Project, commands: CommandTable) -> Result:
    """Propose, and compare the declared image of every safe proposal."""
    began = time.perf_counter()
    found = propose(it.state, it.mix, it.seconds, commands, read=it.read)
    took = time.perf_counter() - began
    image = declared_image(it, it.state.text)
    wrong = [p.rule for p in found if p.risk is Risk.SAFE and declared_image(it, p.text, p.files) != image]
    orders = [p for p in found if p.rule not in ("cache-mount", "ignore-unused")]     # savings that are no guesses
    return Result(it, found, max((p.saving for p in orders if p.risk is Risk.SAFE), default=0.0),
                  max((p.saving for p in orders), default=0.0), tuple(wrong), took)


def figures(results: list[Result]) -> Figures:
    """Sum up."""
    better = [r for r in results if r.project.improvable]
    return Figures(sum(r.safe > 0 for r in better) / len(better), sum(r.any > 0 for r in better) / len(better),
                   sum(r.safe for r in results) / len(results), sum(r.any for r in results) / len(results),
                   tuple(f"{r.project.name}: {rule}" for r in results for rule in r.wrong))


def main() -> None:
    """Print a line per project and the sums; with names, those projects and their proposals in full."""
    commands = CommandTable.load()
    results = []
    for name in sys.argv[1:] or names():
        result = result_of(project(name), commands)
        results.append(result)
        best = result.proposals[0].rule if result.proposals else ""
        known = "better order known" if result.project.improvable else ""
        wrong = "  WRONG: " + ", ".join(result.wrong) if result.wrong else ""
        print(f"{name:32}{known:20}{result.safe:6.0%} safe{result.any:6.0%} any  {result.seconds:5.2f} s  {best}{wrong}")
        if sys.argv[1:]:
            for proposal in result.proposals:
                print(f"\n-- {proposal.saving:.0%} {proposal.risk.value} {proposal.rule}: {proposal.title}\n   {proposal.why}\n"
                      f"   check: {proposal.check}\n{proposal.text}")
    sums = figures(results)
    print(f"\n{len(results)} projects; of those with a known better order {sums.improved_safe:.1%} improve by safe proposals "
          f"alone, {sums.improved_any:.1%} by all; mean expected cost -{sums.mean_safe:.1%} by safe proposals alone, "
          f"-{sums.mean_any:.1%} by all; safe proposals that change the image: {len(sums.wrong)} {' '.join(sums.wrong)}")


if __name__ == "__main__":
    main()
