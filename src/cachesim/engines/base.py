"""What does every engine answer for a step, whatever its rules?"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from cachesim.cache.key import CacheKey, PartChange
from cachesim.cache.store import CacheStore
from cachesim.context.snapshot import ContextSnapshot
from cachesim.diagnostics import Diagnostic
from cachesim.dockerfile.instructions import ParsedDockerfile
from cachesim.engines.rules import Rule
from cachesim.enums import quick
from cachesim.graph.model import BuildGraph, StepId
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageStore
from cachesim.progress import Progress

__all__ = ["Assumption", "BuildRequest", "BuildVerdict", "ContextRead", "Engine", "HistoryEntry", "MissReason", "Outcome",
           "RunClaim", "RunClaimKind", "StepVerdict", "VertexReport", "status_of", "unasked"]


@quick
class Outcome(enum.Enum):
    """What happens to one step in one build (see the word list of the design)."""

    HIT = "hit"
    MISS = "miss"
    UNDETERMINED = "undetermined"
    CONFIG_ONLY = "config only"
    NOT_NEEDED = "not needed"
    UNREACHED = "unreached"
    NOT_REACHED = "not reached"
    FAILED = "failed"


@quick
class MissReason(enum.Enum):
    """Why a step must run."""

    PART = "a key part changed"
    PARENT = "a step above runs"
    NO_RECORD = "never built"
    NO_CACHE = "the cache is switched off"
    PRUNED = "its layer is gone"
    NO_FILES = "the files it reads are not there to look at"


@quick
class RunClaimKind(enum.Enum):
    """What a person may state about a RUN."""

    DETERMINISTIC = "same inputs give the same bytes"
    ALWAYS_DIFFERS = "output differs every time"
    WRITES_ONLY = "writes only under these paths"


@dataclass(frozen=True, slots=True)
class RunClaim:
    """A statement about every RUN whose command (as printed, without "RUN ") equals `command`."""

    command: str
    kind: RunClaimKind
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """Everything one build depends on.

    Attributes:
        dockerfile: The parsed text (which may differ from the file in `context`).
        context: The build context; a path that `options.dockerfile` names holds the Dockerfile's own bytes there.
        bases: Normalised reference to image; a missing one is assumed from its name.
        named_contexts: Contents of --build-context folders, by name.
        claims: What the person states about RUNs.
        label: What the person did, for "which build did this layer come from".
        context_key: Identity of the context folder (the engine keeps one transferred copy per folder).
    """

    dockerfile: ParsedDockerfile
    context: ContextSnapshot
    options: BuildOptions = BuildOptions()
    engine: EngineKind = EngineKind.BUILDKIT
    store: ImageStore = ImageStore.CONTAINERD
    bases: Mapping[str, BaseImage] = field(default_factory=dict)
    named_contexts: Mapping[str, ContextSnapshot] = field(default_factory=dict)
    claims: tuple[RunClaim, ...] = ()
    label: str = ""
    context_key: str = "context"


def status_of(outcome: Outcome) -> str:
    """The engine's word for an outcome."""
    if outcome in (Outcome.HIT, Outcome.NOT_NEEDED):
        return "cached"
    return "run" if outcome is Outcome.MISS else outcome.value


class Assumption(NamedTuple):
    """Something taken for granted because nobody can know it before the build; `step` where it was used."""

    text: str
    step: StepId | None = None


def unasked(image: BaseImage) -> str:
    """What is assumed of a base image that no engine could be asked about."""
    ref = image.ref.removeprefix("docker.io/library/")
    taken = "to be another image with" if image.source == "what if" else "for the same image as before, with"
    return f"No engine could be asked about {ref}: it is taken {taken} no variable but PATH"


class VertexReport(NamedTuple):
    """One line as the engine prints it. A step has none (ENV), one, or two (COPY --link; ADD url)."""

    name: str
    outcome: Outcome
    certain: bool = True


class ContextRead(NamedTuple):
    """Which files of the context (after .dockerignore) a step reads: `paths` are all entries, sorted (listed when looked at).

    `context` is "" for the main one, else the name of a named context.
    """

    context: str
    patterns: tuple[str, ...]
    paths: Sequence[str]


class HistoryEntry(NamedTuple):
    """One line of the final image's history; `empty` where it makes no layer."""

    created_by: str
    comment: str
    empty: bool


class StepVerdict(NamedTuple):
    """What an engine says of one step; `simulate.explain` turns it into sentences.

    Attributes:
        key: Named parts of its key; None where the engine has no step for it.
        cached_key: The closest key the store knows for this instruction.
        blamed: The steps directly above (parents, copied stages) whose result is new; empty if the cause is its own.
        rule: The builder's rule that decided.
        from_build: Number of the build (index into `CacheStore.builds`) that made the layer of a HIT; -1 unknown.
        error: The engine's reason for FAILED.
        changes: What differs between `cached_key` and `key` of a step that runs.
    """

    id: StepId
    name: str
    outcome: Outcome
    likely: Outcome
    reason: MissReason | None = None
    key: CacheKey | None = None
    cached_key: CacheKey | None = None
    blamed: tuple[StepId, ...] = ()
    rule: Rule | None = None
    from_build: int = -1
    reads: tuple[ContextRead, ...] = ()
    error: str = ""
    vertices: tuple[VertexReport, ...] = ()
    changes: tuple[PartChange, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildVerdict:
    """What an engine says of one build; fields as in `SimulationReport`."""

    steps: tuple[StepVerdict, ...]
    internal: tuple[VertexReport, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    error: str = ""
    error_step: StepId | None = None
    history: tuple[HistoryEntry, ...] = ()


class Engine(Protocol):
    """Rules of one builder: how a graph is keyed, and how keys are looked up."""

    def run(self, request: BuildRequest, graph: BuildGraph, store: CacheStore,
            progress: Progress) -> tuple[BuildVerdict, CacheStore]:
        """Predict one build; the second value is the store afterwards (without its build label)."""
