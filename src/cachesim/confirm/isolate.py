"""How does a real build become independent of everything else that its engine ever built?

Each external base gets a unique layer beneath the build through a named context; `FROM scratch` and references by
digest, which no named context can replace, become an alias in a copy of the Dockerfile. What is left (linked copies) is
named.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cachesim.confirm.engines import EngineChoice, inspect_image
from cachesim.confirm.rewrite import replace_words
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.instructions import Copy, Run
from cachesim.errors import EngineError
from cachesim.graph.model import BuildGraph, Source, SourceKind, Stage
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageConfig, familiar_ref, normalize_ref
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["LABEL", "NONCE_FILE", "Isolation", "Base", "bases_of", "changes_of", "external_base", "from_words",
           "isolated", "linked_copies", "nonce_image", "remove_images", "run_or_fail", "tar_of"]

LABEL = "cachesim.run"
"""Every image and container of the app carries it; its value is the token of the run."""

NONCE_FILE = ".cachesim-nonce"
REPOSITORY = "localhost/cachesim/nonce"
_ALIAS = "cachesim-base"


@dataclass(frozen=True, slots=True)
class Base:
    """Something outside the build that a stage stands on (or that a COPY --from or a mount reads).

    Attributes:
        ref: Reference as normalised, "" for scratch.
        alias: Name that takes its place in the Dockerfile; "" where a named context can replace it as it is.
        parent: Whether a stage stands on it (and not only reads from it).
    """

    ref: str
    platform: str = ""
    alias: str = ""
    parent: bool = True

    @property
    def context(self) -> str:
        """Name of the named context that replaces it."""
        return self.alias or familiar_ref(self.ref)


@dataclass(frozen=True, slots=True)
class Isolation:
    """What replaces each base: the reference on the engine and what is known of it."""

    images: Mapping[Base, BaseImage] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def bases_of(graph: BuildGraph, *, read_too: bool = False) -> dict[Base, list[tuple[SourceSpan, str]]]:
    """The external bases of all stages that the target needs, with the place and word that names each.

    Args:
        read_too: Also images that only a COPY --from or a mount reads.
    """
    found: dict[Base, list[tuple[SourceSpan, str]]] = {}
    for stage in graph.stages:
        if not stage.reachable:
            continue
        base = _base_of(stage, graph)
        if base is not None:
            found.setdefault(base, []).append((stage.from_.span, stage.from_.image))
        for word, span, source in _reads(stage, graph) if read_too else ():
            read = external_base(source, graph, parent=False)
            if read is not None:
                same = next((b for b in found if b.context == read.context), read)
                found.setdefault(same, []).append((span, word))
    return found


def _base_of(stage: Stage, graph: BuildGraph) -> Base | None:
    base = external_base(stage.base, graph) if isinstance(stage.base, Source) else None
    return replace(base, platform=stage.platform) if base is not None else None


def external_base(source: Source, graph: BuildGraph, *, parent: bool = True) -> Base | None:
    if source.kind is SourceKind.SCRATCH:
        return Base("", alias=f"{_ALIAS}-scratch", parent=parent)
    if source.kind is SourceKind.NAMED_CONTEXT:
        value = graph.contexts.get(source.name, "")
        if not value.startswith("docker-image://"):
            return None         # a folder: its key is random in every build
        return Base(normalize_ref(value.removeprefix("docker-image://")), alias=source.name, parent=parent)
    if source.kind is not SourceKind.IMAGE:
        return None
    alias = ""
    if "@" in source.name:      # a named context does not replace a reference by digest
        alias = f"{_ALIAS}-{source.name.rpartition(':')[2][:12]}"
    return Base(source.name, alias=alias, parent=parent)


def _reads(stage: Stage, graph: BuildGraph) -> Iterable[tuple[str, SourceSpan, Source]]:
    for step in stage.steps:
        instruction = step.instruction
        words: list[str] = []
        if isinstance(instruction, Copy) and instruction.from_:
            words = [instruction.from_]
        elif isinstance(instruction, Run):
            words = [value for mount in instruction.mounts for name, value in mount.options if name == "from" and value]
        for word in words:
            found = graph.find(word, by_index=isinstance(instruction, Copy)) if "$" not in word else 0
            if isinstance(found, Source) and found.kind is not SourceKind.SCRATCH:
                yield word, instruction.span, found


def isolated(state: ProjectState, graph: BuildGraph, isolation: Isolation) -> ProjectState:
    """The state that is really built: bases replaced by named contexts, and aliases in the text where needed.

    The file in the context stays the person's own. The classic builder knows no named contexts: there the words are
    replaced by the images themselves, in the context's file too.
    """
    classic = state.engine is EngineKind.CLASSIC
    changes: list[tuple[SourceSpan, Mapping[str, str]]] = []
    contexts, bases = dict(state.options.contexts), dict(state.bases)
    for base, places in bases_of(graph, read_too=True).items():
        image = next((i for b, i in isolation.images.items() if b.context == base.context), None)
        if image is None:
            continue
        bases[normalize_ref(image.ref)] = replace(image, ref=normalize_ref(image.ref))
        if classic:
            changes += [(span, {word: image.ref}) for span, word in places]
            continue
        contexts = {n: v for n, v in contexts.items() if familiar_ref(n) != base.context}
        contexts[base.context] = f"docker-image://{image.ref}"
        if base.alias.startswith(_ALIAS):
            changes += [(span, {word: base.alias}) for span, word in places]
    if classic:
        entry = state.context.get(state.options.dockerfile)
        text = replace_words(state.text, changes)
        return replace(state.with_text(text, entry.mtime_ns if entry is not None else 0), bases=bases)
    return replace(state, text=replace_words(state.text, changes), bases=bases,
                   options=replace(state.options, contexts=tuple(contexts.items())))


LINK_NOTE = ("a linked copy depends on nothing below it, so this engine may know it from an earlier build; nothing can "
             "isolate it")


def linked_copies(report: SimulationReport) -> dict[str, str]:
    """Names of the lines that a unique base does not isolate, with the reason."""
    return {vertex.name: LINK_NOTE for step in report.steps if len(step.vertices) == 2
            and isinstance(step.step.instruction, Copy) and step.step.instruction.link
            for vertex in step.vertices if "] LINK " not in vertex.name}


# -- images of one layer ----------------------------------------------------------------------------------------------


def tar_of(files: Mapping[str, tuple[int, bytes]], folders: Iterable[str] = ()) -> bytes:
    """An archive of small files (path to mode and bytes) and folders, root's own, times at 0."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        made: set[str] = set()
        parents = {"/".join(path.split("/")[:n]) for path in (*files, *folders) for n in range(1, path.count("/") + 1)}
        for path in sorted({*parents, *folders} - {""} - set(files)):
            if path not in made:
                made.add(path)
                entry = tarfile.TarInfo(path)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if path in ("tmp", "var/tmp") else 0o755
                archive.addfile(entry)
        for path, (mode, data) in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def changes_of(config: ImageConfig, token: str) -> list[str]:
    """Flags of `docker import` and `docker commit` that give an image its configuration and our label."""
    words = [f"LABEL {LABEL}={token}"]
    words += [f"ENV {name}={_quoted(value)}" for name, value in config.env]
    words += [f"WORKDIR {config.workdir}"] if config.workdir else []
    words += [f"USER {config.user}"] if config.user else []
    words += [f"ONBUILD {text}" for text in config.onbuild]
    return [part for word in words for part in ("--change", word)]


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def nonce_image(choice: EngineChoice, base: Base, token: str, number: int, folder: Path,
                options: BuildOptions) -> Script[BaseImage]:
    """Make the image that takes a base's place: the base with one unique layer (scratch: that layer alone).

    Raises:
        EngineError: The base is not there and cannot be fetched, or the engine refuses.
    """
    ref = f"{REPOSITORY}:{token}-{number}"
    if not base.ref:
        yield from _import(choice, ref, folder / f"nonce-{number}.tar", token)
    else:
        known = yield from inspect_image(choice, base.ref)
        if known is not None and known.config is not None and known.config.onbuild:
            yield from _commit(choice, base.ref, ref, token, folder, known.config)
        else:
            yield from _build(choice, base, ref, token, folder / f"nonce-{number}", options)
    made = yield from inspect_image(choice, ref)
    if made is None:
        raise EngineError((*choice.client, "image", "inspect", ref), 1, "the image just made is not there")
    return replace(made, ref=ref)


def run_or_fail(command: Command) -> Script[None]:
    done = yield command
    assert isinstance(done, Finished)
    if not done.ok and not done.cancelled:
        raise EngineError(command.argv, done.exit_code, done.error or _last_lines(done.err))


def _last_lines(text: str, count: int = 4) -> str:
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


def _import(choice: EngineChoice, ref: str, file: Path, token: str) -> Script[None]:
    yield Work(lambda _: file.write_bytes(tar_of({NONCE_FILE: (0o644, ref.encode())})), "making a unique layer")
    yield from run_or_fail(Command((*choice.client, "import", "--change", f"LABEL {LABEL}={token}", str(file), ref),
                                   "isolating FROM scratch"))


def _build(choice: EngineChoice, base: Base, ref: str, token: str, folder: Path, options: BuildOptions) -> Script[None]:
    def write(_: object) -> None:
        folder.mkdir()
        (folder / "nonce").write_text(ref)
        (folder / "Dockerfile").write_text(f"FROM {base.ref}\nLABEL {LABEL}={token}\nCOPY nonce /{NONCE_FILE}\n")
    yield Work(write, "making a unique layer")
    platform = base.platform or options.platform
    argv = [*choice.client, "buildx", "build", "--builder", choice.builder or "default", "--progress=plain",
            "--provenance=false", "--network", "none", *(["--platform", platform] if platform else []),
            "--tag", ref, "--load", str(folder)]
    yield from run_or_fail(Command(tuple(argv), f"isolating {familiar_ref(base.ref)}"))


def _commit(choice: EngineChoice, source: str, ref: str, token: str, folder: Path, config: ImageConfig) -> Script[None]:
    """For a base with ONBUILD triggers: a build on it would run them, a container does not."""
    name = f"cachesim-{token}"
    file = folder / NONCE_FILE
    yield Work(lambda _: file.write_text(ref), "making a unique layer")
    argv = (*choice.client, "create", "--name", name, "--label", f"{LABEL}={token}", source, "true")
    yield from run_or_fail(Command(argv, f"isolating {familiar_ref(source)}"))
    try:
        argv = (*choice.client, "cp", str(file), f"{name}:/{NONCE_FILE}")
        yield from run_or_fail(Command(argv, "adding the unique layer"))
        argv = (*choice.client, "commit", *changes_of(config, token), name, ref)
        yield from run_or_fail(Command(argv, f"isolating {familiar_ref(source)}"))
    finally:
        yield Command((*choice.client, "rm", "--force", name), "removing the container", cleanup=True, timeout=10)


def remove_images(choice: EngineChoice, refs: Sequence[str]) -> Script[bool]:
    """Remove images of the app; says whether all are gone."""
    if not refs:
        return True
    done = yield Command((*choice.client, "rmi", "--force", *refs), "removing the images made for this run",
                         cleanup=True, timeout=10)
    return isinstance(done, Finished) and done.ok


def from_words(graph: BuildGraph) -> tuple[str, ...]:
    """Every reference that a needed stage stands on, for the plan."""
    return tuple(sorted({familiar_ref(base.ref) for base in bases_of(graph, read_too=True) if base.ref}))
