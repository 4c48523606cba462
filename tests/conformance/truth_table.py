"""How is a row of a rule book's truth table written down, and what do we predict for it?

A row is a first build and edits; of every later build the words are compared: `C` for a step that is taken from the cache,
`X` for one that runs, in file order, base images left out. A small letter is a likelier outcome that is not certain (a RUN's
bytes decide); the vertices of a `COPY --link` are joined by a comma. A text without FROM follows `FROM base:1` and `RUN : 1`,
which are always cached and not listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot, FileEntry, regular_file
from cachesim.digest import digest_of_bytes
from cachesim.dockerfile.instructions import From
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, Outcome, RunClaim, RunClaimKind
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig, ImageStore, normalize_ref
from cachesim.pipeline import simulate
from cachesim.simulate.report import SimulationReport

__all__ = ["ERROR", "SAME", "Build", "Row", "compared", "covered", "file", "image", "letters", "reports_of", "no_write", "row"]

FILES = {"f": b"1", "g": b"2", "h": b"2", "d/f": b"1", "d/sub/g": b"2"}
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Build:
    """One build and the changes before it.

    Attributes:
        text: Instructions, a line break for every "; "; None: as before.
        files: New bytes, entries, or None to delete.
        folder: The engine keeps one copy of each context folder.
        bases: Images that are new or have moved.
    """

    text: str | None = None
    files: Mapping[str, bytes | FileEntry | None] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    bases: Sequence[BaseImage] = ()
    named: Mapping[str, ContextSnapshot] = field(default_factory=dict)
    folder: str = "context"
    claims: tuple[RunClaim, ...] = ()


SAME = Build()


@dataclass(frozen=True, slots=True)
class Row:
    """A first build, then builds with what is expected of each."""

    number: int
    first: Build
    then: tuple[tuple[Build, str], ...]
    store: ImageStore = ImageStore.GRAPHDRIVER


def row(number: int, words: str, first: str | Build, *then: str | Build, store: ImageStore = ImageStore.GRAPHDRIVER,
        differs: str = "") -> Any:
    """A parameter of the table's test.

    `then` alternates builds and expectations, `differs` says why we predict something else.
    """
    builds = [b if isinstance(b, Build) else Build(b) for b in then[::2]]
    value = Row(number, first if isinstance(first, Build) else Build(first),
                tuple(zip(builds, map(str, then[1::2]), strict=True)), store)
    marks = [pytest.mark.xfail(strict=True, reason=differs)] if differs else []
    return pytest.param(value, id=f"{number} {words}", marks=marks)


def file(data: bytes, mode: int = 0o644, seconds: int = 0, **more: Any) -> FileEntry:
    """A file whose mode, time or owner matters."""
    return regular_file(digest_of_bytes(data), len(data), mode, seconds * 10**9, **more)


def image(ref: str, layers: str = "layers", manifest: str = "", *, has_layers: bool = True, **config: Any) -> BaseImage:
    """A base image; equal `layers`, equal layers."""
    env = (("PATH", "/bin"), *config.pop("env", ()))
    full = normalize_ref(ref)
    return BaseImage(full, layers, manifest or layers, ImageConfig(env=env, **config), has_layers)


def no_write(*commands: str) -> tuple[RunClaim, ...]:
    """Commands that leave alone what the row's later steps read."""
    return tuple(RunClaim(c, RunClaimKind.WRITES_ONLY, ("/elsewhere",)) for c in commands)


def letters(report: SimulationReport) -> str:
    """The words for one build."""
    if report.error:
        return ERROR
    words = []
    for step in report.steps:
        if isinstance(step.step.instruction, From) or not step.vertices:
            continue
        marks = ["X" if v.outcome is Outcome.MISS else "C" for v in step.vertices]
        words.append(",".join(m if v.certain else m.lower() for m, v in zip(marks, step.vertices, strict=True)))
    return " ".join(words)


def reports_of(store: ImageStore, *builds: Build) -> tuple[SimulationReport, ...]:
    """The reports of builds that follow each other."""
    context, text, reports = ContextSnapshot.of(FILES), "", []
    bases: dict[str, BaseImage] = {image("base:1").ref: image("base:1")}
    cache, claims = EMPTY_STORE, tuple(c for b in builds for c in b.claims)
    for number, build in enumerate(builds, 1):
        for path, new in build.files.items():
            if isinstance(new, bytes):
                context = context.with_bytes(path, new, None, number * 10**9)
            else:
                context = context.without(path) if new is None else context.with_entry(path, new)
        if build.text is not None:
            text = _whole(build.text)
        bases |= {b.ref: b for b in build.bases}
        request = BuildRequest(parse(text), context, BuildOptions(**build.options), store=store, bases=dict(bases),
                               named_contexts=build.named, claims=claims, context_key=build.folder)
        report, cache = simulate(request, cache)
        reports.append(report)
    return tuple(reports)


def compared(case: Row) -> tuple[list[str], list[str]]:
    """What we predict for every build of a row after the first, and what the table says."""
    reports = reports_of(case.store, case.first, *(b for b, _ in case.then))[1:]
    got, wanted, text = [], [], case.first.text
    for report, (build, words) in zip(reports, case.then, strict=True):
        text = text if build.text is None else build.text
        got.append(letters(report))
        wanted.append(words if words == ERROR or _is_whole(text or "") else f"C {words}")
    return got, wanted


def covered(parameters: Sequence[Any], not_modelled: Sequence[tuple[int, str]]) -> list[int]:
    """The row numbers that are tested or given up, each once."""
    return sorted({p.values[0].number for p in parameters}) + sorted(n for n, _ in not_modelled)


def _is_whole(text: str) -> bool:
    return any(line.startswith("FROM ") for line in text.replace("; ", "\n").split("\n"))


def _whole(text: str) -> str:
    lines = text.replace("; ", "\n") + "\n"
    return lines if _is_whole(text) else "FROM base:1\nRUN : 1\n" + lines
