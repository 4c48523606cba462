"""What in the world could make a step run again?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from cachesim.cache.key import CacheKey, PartKind
from cachesim.dockerfile.instructions import From
from cachesim.engines.base import Outcome
from cachesim.engines.rules import Rule
from cachesim.graph.model import EdgeKind, Source, SourceKind, StepId
from cachesim.graph.options import EngineKind
from cachesim.graph.query import ancestors
from cachesim.simulate.explain import short
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Invalidator", "feeding", "files_read", "invalidators", "standing_below", "standing_on", "steps_reading"]

_NAMED = 6      # as many names of files are said


@dataclass(frozen=True, slots=True)
class Invalidator:
    """One thing in the world that could make a step run again: a sort of thing, its name, and how."""

    kind: str
    label: str
    detail: str


def steps_reading(report: SimulationReport, path: str, context: str = "") -> tuple[StepId, ...]:
    """Steps that take this context file, in file order."""
    return tuple(s.id for s in report.steps if any(r.context == context and path in r.paths for r in s.reads))


def standing_on(report: SimulationReport, step_id: StepId) -> tuple[StepReport, ...]:
    """The steps that this one is built on top of, in file order: whichever of them runs, it runs too."""
    parents, above = _parents(report), set()
    at = parents.get(step_id)
    while at is not None and at not in above:
        above.add(at)
        at = parents.get(at)
    never = Outcome.CONFIG_ONLY, Outcome.UNREACHED
    return tuple(s for s in report.steps if s.id in above and s.outcome not in never and s.rule is not Rule.CLASSIC_FROM)


def feeding(report: SimulationReport, steps: Sequence[StepReport]) -> tuple[StepReport, ...]:
    """The steps in other stages that some steps take something from, directly or not, in file order."""
    own = {s.id for s in steps}
    found = set(ancestors(report.graph, *own)) - own
    return tuple(s for s in report.steps if s.id in found)


def standing_below(report: SimulationReport, steps: Set[StepId]) -> set[StepId]:
    """What is built on top of one of some steps: it runs with them."""
    parents, found = _parents(report), set[StepId]()
    for step in sorted(parents):
        if parents[step] in steps or parents[step] in found:
            found.add(step)
    return found


def _parents(report: SimulationReport) -> dict[StepId, StepId]:
    """What each step is built directly on top of."""
    return {edge.target: edge.origin for edge in report.graph.edges
            if edge.kind is EdgeKind.PARENT and isinstance(edge.origin, StepId)}


def files_read(steps: Sequence[StepReport]) -> tuple[str, ...]:
    """What some steps take from the build context, as their instructions name it; all of it in words."""
    found = dict.fromkeys(pattern for step in steps for read in step.reads if not read.context for pattern in read.patterns)
    if "." in found:
        return ("all of the build context",)
    names = tuple(found)
    return names if len(names) <= _NAMED else (*names[:_NAMED - 1], f"{len(names) - _NAMED + 1} more")


def invalidators(report: SimulationReport, step_id: StepId) -> tuple[Invalidator, ...]:
    """What in the world could make this step run again: steps above, files, arguments, tags, options."""
    step = report.step(step_id)
    if step.outcome in (Outcome.UNREACHED, Outcome.CONFIG_ONLY):
        return ()
    found = [Invalidator("step", f"line {s.step.line}", "runs") for s in standing_on(report, step_id)]
    for read in step.reads:
        where = f" of context {read.context}" if read.context else ""
        count = len(read.paths)
        what = ", ".join(read.patterns)
        entries = f"{count:,} {'file or folder' if count == 1 else 'files and folders'}"
        found.append(Invalidator("files", what + where, f"bytes, permissions or names of {entries}"))
    found += _from_key(step.key)
    for edge in report.graph.edges:
        if edge.target != step_id:
            continue
        if isinstance(edge.origin, Source):
            if edge.origin.kind is SourceKind.IMAGE:
                found.append(Invalidator("tag", edge.origin.name, "the tag moves to another image"))
            elif edge.origin.kind in (SourceKind.URL, SourceKind.GIT):
                found.append(Invalidator("download", edge.origin.name, "the server sends other bytes"))
        elif edge.kind is not EdgeKind.PARENT:
            made_with = files_read((*standing_on(report, edge.origin), report.step(edge.origin)))
            found.append(Invalidator("stage", _name(report, edge.origin),
                                     f"other bytes from it{', made with ' + ', '.join(made_with) if made_with else ''}"))
    if step.step.instruction.keyword in ("RUN", "COPY", "ADD") or (
            report.engine is EngineKind.CLASSIC and not isinstance(step.step.instruction, From)):
        found.append(Invalidator("option", "--no-cache", "switches the cache off for it"))
    return tuple(found)


def _from_key(key: CacheKey | None) -> Iterable[Invalidator]:
    for part in key.parts if key is not None else ():
        if part.kind is PartKind.ARG:
            yield Invalidator("argument", part.label, f"another value than {short(part.value, 30)}")
        elif part.kind is PartKind.ENV:
            yield Invalidator("variable", part.label, "another value or another place in the order")
        elif part.kind is PartKind.SOURCE:
            name = part.value if part.value != "/" else "."
            yield Invalidator("text", f"the name of the source {short(name, 40)}", "another name")
        elif part.kind in (PartKind.COMMAND, PartKind.SHELL, PartKind.DESTINATION, PartKind.OWNER,
                           PartKind.MODE, PartKind.FLAG, PartKind.WORKDIR, PartKind.USER, PartKind.MOUNT):
            yield Invalidator("text", part.label, f"anything else than {short(part.value, 40)}")
        elif part.kind in (PartKind.NETWORK, PartKind.HOSTS, PartKind.PLATFORM, PartKind.TIMESTAMP):
            yield Invalidator("option", part.label, f"another value than {part.value}")


def _name(report: SimulationReport, step_id: StepId) -> str:
    step = report.step(step_id)
    return f"line {step.step.line}, {short(step.step.instruction.text, 50)}"
