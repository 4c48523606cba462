"""What do the proposals save over all projects of tests/data/projects? `python -m tests.advise.figures` prints it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from statistics import median

from cachesim.advise.commands import CommandTable
from cachesim.advise.cost import CostModel
from cachesim.advise.proposal import Proposal, Risk, propose
from tests.advise.declared import Image, declared_image
from tests.advise.projects import Project, names, project

__all__ = ["Figures", "Result", "figures", "result_of"]


@dataclass(frozen=True, slots=True)
class Result:
    """The proposals for one project.

    Attributes:
        safe: The best saving that is proved.
        any: The best saving of all proposals that keep the declared image.
        wrong: Rules of the safe proposals that change it.
        doubted: Rules of the others that change it: their check is there for a reason.
        best: What the best order saves that a person knows; None if nobody wrote it down.
    """

    project: Project
    proposals: tuple[Proposal, ...]
    safe: float
    any: float
    wrong: tuple[str, ...]
    doubted: tuple[str, ...]
    seconds: float          # of processor time
    best: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """All projects together; shares of those with a known better order, mean savings over all."""

    improved_safe: float
    improved_any: float
    mean_safe: float
    mean_any: float
    wrong: tuple[str, ...]
    doubted: tuple[str, ...]
    left: tuple[str, ...]       # projects with a known better order that nothing improves


def result_of(it: Project, commands: CommandTable) -> Result:
    """Propose, and compare the declared image of every proposal."""
    began = time.process_time()
    found = propose(it.state, it.mix, it.seconds, commands, read=it.read)
    took = time.process_time() - began
    image = declared_image(it, it.state.text)
    orders = [p for p in found if p.rule not in ("cache-mount", "ignore-unused", "build-stage")]     # savings that are no guesses
    same = {id(p): _image(it, p) == image for p in found}
    return Result(it, found, max((p.saving for p in orders if p.risk is Risk.SAFE), default=0.0),
                  max((p.saving for p in orders if same[id(p)]), default=0.0),
                  tuple(p.rule for p in found if p.risk is Risk.SAFE and not same[id(p)]),
                  tuple(p.rule for p in orders if p.risk is Risk.CHECK and not same[id(p)]), took, _best(it))


def _best(it: Project) -> float | None:
    if it.best is None:
        return None
    model = CostModel(it.state.context, it.seconds)
    before, after = (model.trials(it.state.with_text(text, 0), it.mix).expected_seconds for text in (it.state.text, it.best))
    return 1 - after / before


def _image(it: Project, proposal: Proposal) -> Image | None:
    try:
        return declared_image(it, proposal.text, proposal.files)
    except AssertionError:      # a COPY finds nothing
        return None


def figures(results: list[Result]) -> Figures:
    """Sum up."""
    better = [r for r in results if r.project.improvable]
    return Figures(sum(r.safe > 0 for r in better) / len(better), sum(r.any > 0 for r in better) / len(better),
                   sum(r.safe for r in results) / len(results), sum(r.any for r in results) / len(results),
                   tuple(f"{r.project.name}: {rule}" for r in results for rule in r.wrong),
                   tuple(f"{r.project.name}: {rule}" for r in results for rule in r.doubted),
                   tuple(r.project.name for r in better if r.any <= 0))


def main() -> None:
    """Print a line per project and the sums; with names, those projects and their proposals in full."""
    commands = CommandTable.load()
    results = []
    for name in sys.argv[1:] or names():
        result = result_of(project(name), commands)
        results.append(result)
        best = result.proposals[0].rule if result.proposals else ""
        known = "better order known" if result.project.improvable else ""
        known = f"best known {result.best:.0%}" if result.best is not None else known
        wrong = "  WRONG: " + ", ".join(result.wrong) if result.wrong else ""
        wrong += "  check matters: " + ", ".join(result.doubted) if result.doubted else ""
        print(f"{name:32}{known:20}{result.safe:6.0%} safe{result.any:6.0%} any  {result.seconds:5.2f} s  {best}{wrong}")
        if sys.argv[1:]:
            for proposal in result.proposals:
                print(f"\n-- {proposal.saving:.0%} {proposal.risk.value} {proposal.rule}: {proposal.title}\n   {proposal.why}\n"
                      f"   check: {proposal.check}\n{proposal.text}")
    sums = figures(results)
    print(f"\n{len(results)} projects; of those with a known better order {sums.improved_safe:.1%} improve by safe proposals "
          f"alone, {sums.improved_any:.1%} by all; mean expected cost -{sums.mean_safe:.1%} by safe proposals alone, "
          f"-{sums.mean_any:.1%} by all; safe proposals that change the image: {len(sums.wrong)} {' '.join(sums.wrong)}; "
          f"others that do, as their check says: {len(sums.doubted)}; not improved: {', '.join(sums.left) or 'none'}; "
          f"median {median(r.seconds for r in results):.2f} s of processor time a project")


if __name__ == "__main__":
    main()
