"""Which stages and steps does a build have, and what does each take from where?"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cachesim.diagnostics import Diagnostic
from cachesim.dockerfile.instructions import From, Instruction
from cachesim.enums import quick
from cachesim.graph.options import familiar_ref, normalize_ref

__all__ = ["BuildGraph", "Edge", "EdgeKind", "Source", "SourceKind", "Stage", "Step", "StepId", "find_source"]


class StepId(NamedTuple):
    """Stage index in file order (meta ARGs before the first FROM: -1) and index in the stage; FROM is index 0.

    Steps of ONBUILD triggers come from the base; their ids follow the FROM's own instructions in number: index is
    counted over triggers first (1 … t), then the stage's instructions.
    """

    stage: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here


@quick
class SourceKind(enum.Enum):
    """Where bytes enter a build."""

    IMAGE = "image"
    CONTEXT = "context"
    NAMED_CONTEXT = "named context"
    URL = "url"
    GIT = "git"
    SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Source:
    """One entry point of bytes; `name` is the normalised reference, the context's name or the URL."""

    kind: SourceKind
    name: str = ""


@quick
class EdgeKind(enum.Enum):
    """How a step depends on another step or on a source."""

    PARENT = "parent"
    COPY_FROM = "copy from"
    MOUNT = "mount"
    CONTEXT = "context"


class Edge(NamedTuple):
    """`origin` is what is read: a step (the last one of a stage), or a source; `target` the step that reads it."""

    kind: EdgeKind
    origin: StepId | Source
    target: StepId


class Step(NamedTuple):
    """One instruction in one build. `line` is its first source line (of the FROM for ONBUILD triggers)."""

    id: StepId
    instruction: Instruction
    onbuild: bool = False

    @property
    def line(self) -> int:
        return self.instruction.span.line


@dataclass(frozen=True, slots=True)
class Stage:
    """FROM up to the next FROM.

    Attributes:
        index: Zero-based FROM index in the file.
        name: Lower-cased, "" if unnamed.
        base: The image (normalised), scratch, a named context, or the index of an earlier stage.
        platform: Expanded --platform, "" if none.
        steps: FROM first, then ONBUILD triggers of the base, then the instructions.
        reachable: Whether the target needs it.
        error: Why the stage cannot be resolved (an empty FROM name, …), or None.
    """

    index: int
    name: str
    base: Source | int
    platform: str
    steps: tuple[Step, ...]
    reachable: bool
    error: Diagnostic | None = None

    @property
    def from_(self) -> From:
        instruction = self.steps[0].instruction
        assert isinstance(instruction, From)
        return instruction

    @property
    def label(self) -> str:
        """The name, or stage-N as the engine calls an unnamed one."""
        return self.name or f"stage-{self.index}"


@dataclass(frozen=True, slots=True)
class BuildGraph:
    """All stages and edges of one build; `meta` holds the ARGs before the first FROM (StepId stage -1).

    Attributes:
        target: Index of the stage to build; -1 if there is none.
        edges: All of them, between steps and from sources.
        global_scope: Values of predefined and meta ARGs, in order.
        contexts: --build-context values by familiar name ("base", "busybox:1.36"; no ":latest").
        error: What makes the engine refuse the file before anything runs, or None.
        diagnostics: Everything found while resolving, `error` included.
    """

    meta: tuple[Step, ...]
    stages: tuple[Stage, ...]
    target: int
    edges: tuple[Edge, ...]
    global_scope: tuple[tuple[str, str], ...]
    contexts: Mapping[str, str]
    error: Diagnostic | None
    diagnostics: tuple[Diagnostic, ...]

    def find(self, name: str, *, by_index: bool = True) -> int | Source:
        """What a `--from` or FROM name means: a stage index, scratch, a named context or an image."""
        if by_index and name.lstrip("+-").isdigit():
            return int(name)
        for stage in reversed(self.stages):
            if stage.name and stage.name == name.lower():
                return stage.index
        return find_source(name, self.contexts)

    def step(self, step_id: StepId) -> Step:
        """The step of that id; KeyError if there is none."""
        stage, index = step_id
        if stage >= len(self.stages) or index < 0:
            raise KeyError(step_id)
        steps = self.stages[stage].steps if stage >= 0 else self.meta
        if index >= len(steps):
            raise KeyError(step_id)
        return steps[index]


def find_source(name: str, contexts: Mapping[str, str]) -> Source:
    """What an image name means when no stage has it."""
    if name.lower() == "scratch":
        return Source(SourceKind.SCRATCH)
    familiar = familiar_ref(name)
    if familiar in contexts:
        return Source(SourceKind.NAMED_CONTEXT, familiar)
    return Source(SourceKind.IMAGE, normalize_ref(name))
