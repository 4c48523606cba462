"""Why did this step miss, in a sentence that names the thing that changed?"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from cachesim.cache.key import PartChange, PartKind
from cachesim.engines.base import BuildVerdict, MissReason, Outcome, StepVerdict
from cachesim.engines.rules import Rule
from cachesim.graph.model import BuildGraph, StepId
from cachesim.graph.options import EngineKind
from cachesim.simulate.build_args import early_args
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["explained", "short"]

_FILE_KINDS = (PartKind.FILE, PartKind.CONTENT, PartKind.STAGE_CONTENT)


def explained(graph: BuildGraph, verdict: BuildVerdict, builds: Sequence[str],
              engine: EngineKind = EngineKind.BUILDKIT) -> SimulationReport:
    """Turn an engine's verdicts into a report with sentences.

    Args:
        builds: Labels of all builds so far; verdicts name them by number.
    """
    by_id = {v.id: v for v in verdict.steps}
    topmost: dict[StepId, StepId] = {}      # of the steps that run: where what carried it there begins
    steps = []
    for step in (*graph.meta, *(s for stage in graph.stages for s in stage.steps)):
        v = by_id[step.id]
        changes = _worth_saying(v.changes) if len(v.changes) > 1 else v.changes
        cause_step = _first_cause(v, topmost)
        cause = _sentence(v, changes, cause_step, by_id, graph, builds, verdict)
        from_build = builds[v.from_build] if 0 <= v.from_build < len(builds) else ""
        steps.append(StepReport(step, v.name, v.outcome, v.likely, v.reason, cause, cause_step, v.key, v.cached_key, changes,
                                from_build, v.rule, v.reads, v.error, v.vertices, v.blamed))
    found = (*verdict.diagnostics, *early_args(graph)) if graph.error is None else verdict.diagnostics
    return SimulationReport(graph, tuple(steps), verdict.internal, found, verdict.assumptions, verdict.error,
                            verdict.error_step, verdict.history, engine)


def _worth_saying(changes: tuple[PartChange, ...]) -> tuple[PartChange, ...]:
    """Drop digests where the files themselves are named; put what a person did before what follows from it."""
    named = any(c.kind is PartKind.FILE for c in changes)
    kept = [c for c in changes if not (named and c.kind is PartKind.CONTENT)]
    return tuple(sorted(kept, key=lambda c: (c.kind is PartKind.PARENT, c.kind is PartKind.STAGE_CONTENT)))


def _first_cause(v: StepVerdict, topmost: dict[StepId, StepId]) -> StepId | None:
    if v.likely is not Outcome.MISS:
        return None
    above = next((topmost[step] for step in v.blamed if step in topmost), None)
    topmost[v.id] = v.id if above is None else above
    if v.reason is MissReason.PARENT:
        return above or (v.blamed[0] if v.blamed else v.id)
    return v.id


def _sentence(v: StepVerdict, changes: Sequence[PartChange], cause_step: StepId | None, by_id: Mapping[StepId, StepVerdict],
              graph: BuildGraph, builds: Sequence[str], verdict: BuildVerdict) -> str:
    if v.outcome is Outcome.HIT:
        return _hit(v, builds)
    if v.outcome is Outcome.FAILED:
        return f"The build stops here: {v.error}"
    if v.outcome is Outcome.NOT_REACHED:
        where = f" ({_line(graph, verdict.error_step)} fails)" if verdict.error_step is not None else ""
        return f"Not reached: the build fails first{where}"
    if v.outcome is Outcome.UNREACHED:
        return "Not part of the target: nothing that is built needs this"
    if v.outcome is Outcome.CONFIG_ONLY:
        return "Only changes the configuration: no step, no layer"
    if v.outcome is Outcome.NOT_NEEDED:
        return "Nobody needs it: whatever reads it comes from the cache (the engine prints CACHED)"
    if v.likely is Outcome.HIT:
        return _hedged(_hit(v, builds), v)
    return _hedged(_miss(v, changes, cause_step, graph, by_id), v)


def _hit(v: StepVerdict, builds: Sequence[str]) -> str:
    if v.rule is Rule.CLASSIC_FROM:
        return "Where the stage begins: the image is there"
    return _from_cache(builds[v.from_build] if 0 <= v.from_build < len(builds) else "")


@functools.lru_cache(maxsize=64)
def _from_cache(label: str) -> str:
    return "From the cache: " + (f"the layer was made by the build “{label}”" if label else "nothing it depends on changed")


def _line(graph: BuildGraph, step: StepId) -> str:
    return f"line {graph.step(step).line}"


def _hedged(text: str, v: StepVerdict) -> str:
    if v.outcome is not Outcome.UNDETERMINED:
        return text
    own = [c for c in v.changes if c.kind is not PartKind.PARENT]
    if v.likely is Outcome.MISS and v.reason is MissReason.PART and all(c.kind is PartKind.STAGE_CONTENT for c in own):
        there = " and ".join(dict.fromkeys(c.label for c in own))
        return f"Depends on bytes that nobody knows before the build; most likely those in {there} are others, and it runs again"
    word = "runs again" if v.likely is Outcome.MISS else "comes from the cache"
    return f"Depends on bytes that nobody knows before the build; most likely it {word}. {text}"


def _miss(v: StepVerdict, changes: Sequence[PartChange], cause_step: StepId | None, graph: BuildGraph,
          by_id: Mapping[StepId, StepVerdict]) -> str:
    match v.reason:
        case MissReason.NO_CACHE:
            return "The cache is switched off for it (--no-cache)"
        case MissReason.NO_RECORD:
            return "Never built before: the cache has nothing for it"
        case MissReason.PRUNED:
            return "Its layer was removed from the cache"
        case MissReason.PART:
            own = [c for c in changes if c.kind is not PartKind.PARENT]
            return change_sentence(own) if own else "Its own key changed"
    if cause_step is not None and cause_step in by_id and cause_step != v.id:
        name = short(by_id[cause_step].name)
        return f"A step it builds on runs again: {_line(graph, cause_step)}, {name}"
    if v.blamed:
        return f"A step it builds on runs again: {_line(graph, v.blamed[0])}"
    return "The step above runs again"


def change_sentence(changes: Sequence[PartChange]) -> str:
    """Name what changed, with old and new value; files are counted when there are several."""
    files = [c for c in changes if c.kind is PartKind.FILE]
    if files and all(c.kind in _FILE_KINDS for c in changes):
        first = _one(files[0])
        more = len(files) - 1
        return first + (f", and {more} more {'file' if more == 1 else 'files'}" if more else "")
    others = [*dict.fromkeys(c.what for c in changes[1:] if not _repeats(c, changes[0]))]
    also = ", ".join(others[:2]) + (f" and {len(others) - 2} more" if len(others) > 2 else "")
    return _one(changes[0]) + (f" ({also} changed, too)" if also else "")


def _repeats(change: PartChange, first: PartChange) -> bool:
    """Whether a change only says in the image's configuration what the instruction itself says."""
    if first.kind is change.kind is PartKind.BASE:
        return True
    return first.kind is PartKind.COMMAND and change.kind is not PartKind.COMMAND \
        and change.label.partition(" ")[0] == first.label and change.kind is not PartKind.FILE


def _one(change: PartChange) -> str:
    label, old, new = change.label, change.old, change.new
    if change.kind is PartKind.FILE:
        if old is None:
            return f"{label} is new ({new})"
        if new is None:
            return f"{label} is gone"
        return f"{label} changed: {_difference(old, new)}"
    if change.kind in (PartKind.ENV, PartKind.ARG):
        if old is None:
            return f"{label} is new in the environment of this step ({short(new or '', 30)})"
        if new is None:
            return f"{label} is gone from the environment of this step"
        if old == "in another order":
            return f"The environment has another order: {label}"
        return f"{label} {short(old, 30)} → {short(new, 30)} is in the environment of this RUN"
    if change.kind is PartKind.FLAG and label == "proxy argument":
        return "The build is given a proxy now: each RUN has in its key that there is one, not which" if old is None \
            else "The build is given no proxy any more: each RUN had in its key that there was one"
    if change.kind is PartKind.BASE:
        return _base(change)
    if change.kind is PartKind.SOURCE:
        if old is None:
            return f"It copies {short(new or '')}, too"
        return f"It no longer copies {short(old)}" if new is None else f"It copies {short(new)}, not {short(old)}"
    if change.kind is PartKind.STAGE_CONTENT:
        return f"The bytes it copies from another stage differ ({label})"
    if change.kind is PartKind.CONTENT:
        return f"The files it takes differ ({label})"
    if old is None:
        return f"{label[:1].upper()}{label[1:]} is new: {short(new or '')}"
    if new is None:
        return f"{label[:1].upper()}{label[1:]} is gone (was {short(old)})"
    return f"{label[:1].upper()}{label[1:]} changed: {short(old)} → {short(new)}"


def _base(change: PartChange) -> str:
    """BuildKit has it as a part of FROM whose value is its name, the classic builder under its name in the first step on it."""
    named = change.label.partition("/")[2]
    old, new, label = (text.removeprefix("docker.io/library/") for text in (change.old or "", change.new or "", change.label))
    if not named:
        return f"{new} now names another image" if old == new else f"The base image changed: {old or 'none'} → {new or 'none'}"
    if old and new:
        return f"{label} now names another image"
    return f"The base image is {label} now" if new else f"The base image is no longer {label}"


def _difference(old: str, new: str) -> str:
    """Only the fields that differ, of two descriptions with the same fields."""
    pairs = [(a, b) for a, b in zip(old.split(", "), new.split(", "), strict=False) if a != b]
    if not pairs:
        return "other owner or extended attributes"
    shown = [f"{a} → {b}" for a, b in pairs]
    if len(shown) == 1 and not shown[0].startswith("mode"):
        return "other bytes, same size" if " " not in pairs[0][0] else shown[0]
    return ", ".join(s for s in shown if not _is_digest(s)) or shown[0]


def _is_digest(text: str) -> bool:
    head = text.split(" ")[0]
    return len(head) == 12 and all(c in "0123456789abcdef" for c in head)


def short(text: str, limit: int = 60) -> str:
    """The beginning of a text, on one line."""
    line = text.replace("\n", " ")
    return line if len(line) <= limit else line[:limit - 1] + "…"
