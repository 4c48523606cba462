"""What did the real builds show of each step's time and layer, to be remembered under its key?

Builds end in no image, so no image's history tells sizes. The engine's build cache does: it lists a record for every
step that ran, with the time at which it was made, what made it, and how many bytes it takes. The classic builder leaves
an image after every step, and its history tells.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, StepComparison, is_from
from cachesim.confirm.observed import ObservedVertex, VertexStatus
from cachesim.confirm.script import Command, Finished, Script
from cachesim.dockerfile.instructions import Instruction, Run
from cachesim.graph.model import StepId
from cachesim.project.measured import Measurement, text_of
from cachesim.simulate.report import SimulationReport

__all__ = ["CacheUse", "UNMEASURED", "bytes_of", "cache_uses", "image_sizes", "measured_by", "with_cache_sizes"]

UNMEASURED = "Layer sizes were not measured: "

_WITHIN = 30.0
_EARLY, _LATE = 0.05, 1.0       # a record is made while its step works; the containerd store writes it down just after
_BUSY = 10.0                    # … and on a busy machine well after
_UNITS = {"B": 1, "kB": 10 ** 3, "MB": 10 ** 6, "GB": 10 ** 9, "TB": 10 ** 12}
_EXEC = "mount / from exec "


@dataclass(frozen=True, slots=True)
class CacheUse:
    """One record of the engine's build cache: when it was made (seconds since the epoch), by what, and its bytes."""

    made: float
    what: str
    bytes: int


def measured_by(confirmation: Confirmation) -> dict[str, Measurement]:
    """Measurements by step key; a rehearsal measures nothing, and only what really ran is measured (or got a size)."""
    found: dict[str, Measurement] = {}
    for build in confirmation.builds if confirmation.mode is not Mode.REHEARSAL else ():
        lines: dict[str, list[StepComparison]] = {}
        for step in build.steps:
            if step.key and not is_from(step.name):
                lines.setdefault(step.key, []).append(step)
        for key, steps in lines.items():        # a linked copy has two lines
            if all(step.observed == VertexStatus.RAN.value or (not step.observed and step.size is not None) for step in steps):
                seconds, sizes = sum(step.seconds for step in steps), [s.size for s in steps if s.size is not None]
                size = sum(sizes) if len(sizes) == len(steps) else None
                if seconds > 0 or size is not None:
                    found[key] = Measurement(round(seconds, 3) if seconds > 0 else None, size, confirmation.started,
                                             text_of(steps[0].name))
    return found


# -- BuildKit ---------------------------------------------------------------------------------------------------------


def cache_uses(choice: EngineChoice) -> Script[tuple[CacheUse, ...] | None]:
    """Ask what the build cache holds; None if the engine or an old buildx cannot say. Nothing is changed."""
    argv = (*choice.client, "buildx", "du", *(("--builder", choice.builder) if choice.builder else ()),
            "--format", "json")
    said = yield Command(argv, "measuring layers", timeout=_WITHIN)
    assert isinstance(said, Finished)
    return tuple(_uses(said.out.splitlines())) if said.ok else None


def _uses(lines: Iterable[str]) -> Iterable[CacheUse]:
    for line in lines:
        try:
            entry = json.loads(line)
            yield CacheUse(_time(entry["CreatedAt"]), str(entry["Description"]), bytes_of(entry["Size"]))
        except (ValueError, KeyError, TypeError):
            continue            # a record without a time or size tells nothing


def _time(text: str) -> float:
    """ "2026-01-02 10:00:00.123456789 +0000 UTC" """
    found = re.fullmatch(r"(\d+-\d+-\d+ \d+:\d+:\d+)(\.\d+)? ([+-]\d{4})(?: \w+)?", text.strip())
    if found is None:
        raise ValueError(text)
    whole = datetime.strptime(f"{found[1]} {found[3]}", "%Y-%m-%d %H:%M:%S %z").timestamp()
    return whole + float(found[2] or 0)


def bytes_of(text: str) -> int:
    """Read a size as docker prints it ("1.507MB", "0B").

    Raises:
        ValueError: It is none.
    """
    found = re.fullmatch(r"([\d.]+)\s*([kMGT]?B)", text.strip())
    if found is None:
        raise ValueError(text)
    return round(float(found[1]) * _UNITS[found[2]])


def with_cache_sizes(build: BuildComparison, report: SimulationReport, uses: Sequence[CacheUse],
                     until: float = math.inf) -> BuildComparison:
    """Give every step that ran in a build the size of its record; one that cannot be told from another stays without.

    A record of that description that was made while the step worked is the step's own; without one, that which was made
    soon after. Also a linked copy has one, of which an isolated table does not say whether it ran.

    Args:
        until: When the next build began; what was made later may be of that.
    """
    instructions = {step.id: step.step.instruction for step in report.steps}
    vertices = {vertex.name: vertex for vertex in build.observed.vertices}
    steps = []
    for step in build.steps:
        vertex = vertices.get(step.name)
        if step.step is not None and vertex is not None and vertex.status is VertexStatus.RAN:
            own = [u for u in uses if _is_of(u, vertex, instructions.get(step.step))]
            found = ({u.bytes for u in own if u.made <= (vertex.completed or 0) + _LATE}
                     or {u.bytes for u in own if u.made <= until})
            step = replace(step, size=found.pop() if len(found) == 1 else None)
        steps.append(step)
    return replace(build, steps=tuple(steps))


def _is_of(use: CacheUse, vertex: ObservedVertex, instruction: Instruction | None) -> bool:
    if vertex.started is None or vertex.completed is None or not (
            vertex.started - _EARLY <= use.made <= vertex.completed + _BUSY):
        return False
    if not isinstance(instruction, Run):
        return use.what == vertex.name
    if not use.what.startswith(_EXEC):
        return False
    if instruction.heredocs:        # the words are wrapped or replaced by the documents
        return all(d.body in use.what or d.used in use.what for d in instruction.heredocs)
    command = " ".join(instruction.argv) if instruction.argv is not None else instruction.command or ""
    return use.what.endswith(command)


# -- classic ----------------------------------------------------------------------------------------------------------


def image_sizes(choice: EngineChoice, build: BuildComparison) -> Script[Mapping[StepId, int]]:
    """Ask the history of the last image that the classic builder made for the layer of each step that ran."""
    images = {step.image: step.step for step in build.steps if step.image and step.step is not None}
    found: dict[StepId, int] = {}
    for image in reversed(images):          # the last image of each stage tells of those before it
        step = images[image]
        if step is None or step in found:
            continue
        said = yield Command((*choice.client, "history", "--no-trunc", "--human=false", "--format", "{{json .}}", image),
                             "measuring layers", timeout=_WITHIN)
        for line in said.out.splitlines() if isinstance(said, Finished) and said.ok else ():
            try:
                entry = json.loads(line)
                name, size = str(entry["ID"]).removeprefix("sha256:")[:12], int(entry["Size"])
            except (ValueError, KeyError, TypeError):
                continue
            made = images.get(name)
            if made is not None:
                found.setdefault(made, size)
    return found
