"""What surprises somebody who sees this for the first time, and why is it so?"""

from __future__ import annotations

from collections.abc import Iterator

from cachesim.app.report.lines import Line, Link, joined, line
from cachesim.cache.key import PartKind, changed_parts
from cachesim.dockerfile.instructions import Arg, Env
from cachesim.engines.base import MissReason, Outcome
from cachesim.engines.rules import Rule
from cachesim.graph.model import EdgeKind, Stage, StepId
from cachesim.graph.options import EngineKind
from cachesim.graph.query import ancestors
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["of_the_build", "of_the_step"]

_VARIABLES = (PartKind.ENV, PartKind.ARG)
_UNTOUCHED = ("FROM", "WORKDIR")        # what --no-cache does not reach
_NO_CACHE = "--no-cache counts for RUN, COPY and ADD alone: {} from the cache all the same, as long as nothing above runs."
_WORDS = {PartKind.CONTENT: "the files that it takes", PartKind.STAGE_CONTENT: "what it copies from another stage"}
_ALL_STAGES = "The classic builder builds all stages up to the target, also "


def of_the_build(report: SimulationReport) -> Iterator[Line]:
    """Tell what surprises in the whole build."""
    spared = [s for s in report.steps if _spared(report, s)]
    if spared:
        names = " and ".join(sorted({s.step.instruction.keyword for s in spared}))
        yield line(_NO_CACHE.format(f"{names} {'come' if ' and ' in names else 'comes'}"))
    for stage in _needless(report):
        lines = [s.step.line for s in report.steps if s.id.stage == stage.index]
        runs = any(s.runs for s in report.steps if s.id.stage == stage.index)
        if runs:
            yield line(_ALL_STAGES, f"{stage.label} (lines {min(lines)} to {max(lines)}), which nothing in the target reads.")


def of_the_step(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """Tell what surprises in one step."""
    if step.outcome is Outcome.HIT:
        if step.rule is Rule.CLASSIC_FROM:
            yield line("FROM only says where the stage begins: nothing runs and nothing is looked up, in a first build either.")
        if _spared(report, step):
            yield line(_NO_CACHE.format("it comes"))
        yield from _as_before(step)
        yield from _shared(report, step)
        yield from _without_variables(report, step)
    if step.outcome in (Outcome.HIT, Outcome.MISS) and any(s.index == step.id.stage for s in _needless(report)):
        yield line(_ALL_STAGES, "this one, which nothing in the target reads. BuildKit would leave it out.")


def _needless(report: SimulationReport) -> list[Stage]:
    """The stages that are built though the target does not need them."""
    if report.engine is not EngineKind.CLASSIC:
        return []
    graph = report.graph
    target = next((s.steps[-1].id for s in graph.stages if s.index == graph.target and s.steps), None)
    if target is None:
        return []
    needed = {target.stage, *(step.stage for step in ancestors(graph, target))}
    return [stage for stage in graph.stages if stage.index < graph.target and stage.index not in needed]


def _spared(report: SimulationReport, step: StepReport) -> bool:
    """Whether the cache is switched off for its stage, and not for it."""
    return (step.outcome is Outcome.HIT and step.step.instruction.keyword in _UNTOUCHED and report.engine is EngineKind.BUILDKIT
            and any(s.reason is MissReason.NO_CACHE and s.id.stage == step.id.stage for s in report.steps))


def _as_before(step: StepReport) -> Iterator[Line]:
    """Why a key that is not that of the last build is in the cache."""
    if step.rule is Rule.CONTENT:
        yield line("What it copies from another stage was made anew, and holds the same bytes as before.")
        return
    changes = changed_parts(step.cached_key, step.key) if step.cached_key is not None and step.key is not None else ()
    if not changes:
        return
    own = dict.fromkeys(_WORDS.get(c.kind, c.what) for c in changes if c.kind is not PartKind.PARENT)
    what = " and ".join([*own][:3]) or "what stands above it"
    yield line(f"Compared with the last build it differs in {what}, but an earlier build had all of it like this.")


def _shared(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """Which step of another stage says the same on the same steps, for one that its own stage never made."""
    if step.key is None or step.cached_key is not None:
        return
    mine = _chain(report, step.id)
    for other in report.steps:
        if other.id.stage != step.id.stage and other.step.instruction.text == step.step.instruction.text \
                and _chain(report, other.id) == mine:
            yield line("This stage did not make it before: it shares the layer of ", Link(f"line {other.step.line}", other.id),
                       ", which says the same on top of the same steps.")
            return


def _chain(report: SimulationReport, step_id: StepId) -> list[str]:
    """What is said from the base image down to a step."""
    below = {edge.target: edge.origin for edge in report.graph.edges if edge.kind is EdgeKind.PARENT}
    found: list[str] = []
    at: object = step_id
    while isinstance(at, StepId):
        instruction = report.step(at).step.instruction
        if instruction.keyword != "FROM":
            found.append(instruction.text)
        at = below.get(at)
    return [*found, str(at)]


def _without_variables(report: SimulationReport, step: StepReport) -> Iterator[Line]:
    """That a variable above changed and is in no key of a COPY."""
    keyword = step.step.instruction.keyword
    if report.engine is not EngineKind.BUILDKIT or keyword not in ("COPY", "ADD", "WORKDIR"):
        return
    changed = {c.label for s in report.steps if s.runs and s.reason is MissReason.PART for c in s.changes if c.kind in _VARIABLES}
    found = [s for s in report.steps if s.id.stage == step.id.stage and s.id < step.id
             and isinstance(s.step.instruction, Arg | Env)
             and any(f"{s.step.instruction.keyword} {name}" in changed for name, _ in s.step.instruction.pairs)]
    if found:
        links = [Link(f"line {s.step.line}", s.id) for s in found[:3]]
        yield line(f"A {keyword} has no variables in its key, only what its own words and files come to: ",
                   *joined(links), " changed, and runs no ", keyword, ".")
