"""What can be said of a build while nobody can read the folder that it is started with?

Every step that reads no file of the context is predicted as always. What COPY and ADD would find is made up, so that the
rest of the file can be looked at, and the verdict on each step that reads it, directly or not, is left open.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.instructions import Copy, Instruction, Run
from cachesim.engines.base import Assumption, MissReason, Outcome
from cachesim.graph.model import BuildGraph, Source, SourceKind, StepId
from cachesim.graph.query import descendants
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["UNREAD", "left_open", "stand_in"]

UNREAD = "COPY and ADD cannot be checked without the files"
_DECIDED = frozenset({Outcome.UNREACHED, Outcome.CONFIG_ONLY})
_CLASS = re.compile(r"\[[!^]?\\?(.)[^\]]*\]")


def stand_in(graph: BuildGraph) -> ContextSnapshot:
    """A context with something at each path that a step names, so that no step fails for want of it."""
    files: dict[str, bytes] = {}
    for step in _readers(graph):
        for word in _words(graph.step(step).instruction):
            path = _CLASS.sub(r"\1", word).replace("*", "x").replace("?", "x").replace("\\", "")
            clean = posixpath.normpath("/" + path).lstrip("/")
            if clean:
                files.setdefault(clean if "." in posixpath.basename(clean) and not path.endswith("/")
                                 else f"{clean}/x", b"")
    folders = {posixpath.dirname(path) for path in files}
    return ContextSnapshot.of({path: data for path, data in files.items() if not any(
        folder == path or folder.startswith(path + "/") for folder in folders)})


def left_open(report: SimulationReport) -> SimulationReport:
    """The report of a build of the stand-in, without any claim that rests on made-up files."""
    lines = {step.id: step.step.line for step in report.steps}
    because: dict[StepId, StepId] = {}
    for reader in _readers(report.graph):
        for step in (reader, *descendants(report.graph, reader)):
            because.setdefault(step, reader)
    failed = report.error_step in because or any(s.id in because and s.outcome is Outcome.FAILED for s in report.steps)
    steps = tuple(_open(step, because, lines) if step.outcome not in _DECIDED and (
        step.id in because or (failed and step.outcome is Outcome.NOT_REACHED)) else step for step in report.steps)
    if failed:
        report = replace(report, error="", error_step=None, history=())
    if not because:
        return report
    assumed = Assumption(f"{UNREAD}: what they would copy is not known")
    return replace(report, steps=steps, assumptions=(assumed, *report.assumptions), internal=tuple(
        line._replace(certain=False) for line in report.internal))


def _open(step: StepReport, because: Mapping[StepId, StepId], lines: Mapping[StepId, int]) -> StepReport:
    reader = because.get(step.id)
    if reader == step.id:
        cause = f"{UNREAD}: nobody knows what this step would find in the build context"
    elif reader is not None:
        cause = f"It builds on line {lines[reader]}, which cannot be checked without the files"
    else:
        cause = "A step before it cannot be checked without the files"
    likely = Outcome.HIT if step.likely in (Outcome.HIT, Outcome.NOT_NEEDED) else Outcome.MISS
    return step._replace(
        outcome=Outcome.UNDETERMINED, likely=likely, reason=MissReason.NO_FILES, cause=cause, cause_step=reader,
        key=None, cached_key=None, changes=(), from_build="", reads=(), error="",
        vertices=tuple(line._replace(certain=False, outcome=likely) for line in step.vertices))


def _readers(graph: BuildGraph) -> Iterator[StepId]:
    """The steps that read the build context, in file order."""
    found = {edge.target for edge in graph.edges
             if isinstance(edge.origin, Source) and edge.origin.kind is SourceKind.CONTEXT}
    return iter(sorted(found))


def _words(instruction: Instruction) -> Iterator[str]:
    """The paths of the context that an instruction names; a stage's own paths among them do no harm."""
    if isinstance(instruction, Copy) and not instruction.from_:
        yield from (word for word in instruction.sources if "://" not in word)
    elif isinstance(instruction, Run):
        for mount in instruction.mounts:
            options = dict(mount.options)
            if mount.type == "bind" and "from" not in options:
                yield options.get("source") or options.get("src") or ""
