"""What would a confirmation do and fetch, before it does anything?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cachesim.confirm.downloads import unreachable_sources
from cachesim.confirm.engines import ANSWER_WITHIN, EngineChoice, EngineFacts, inspect_image, probe
from cachesim.confirm.isolate import bases_of
from cachesim.confirm.match import Mode
from cachesim.confirm.rewrite import syntax_of
from cachesim.confirm.script import Command, Finished, Script
from cachesim.confirm.secrets import mounted_secrets
from cachesim.context.snapshot import ContextSnapshot, FileKind
from cachesim.dockerfile.parser import parse
from cachesim.graph.options import familiar_ref, normalize_ref
from cachesim.graph.resolve import resolve
from cachesim.project.state import ProjectState

__all__ = ["Survey", "sizes_of", "survey", "wants_of"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the plan says.

    Attributes:
        bases: Images that the builds stand on or read, as people write them; `absent` those that the engine lacks.
        frontend: Image of the `# syntax=` line, "" if there is none.
        downloads: What ADD fetches.
        secrets: Secrets that a RUN mounts; a real build has none of them unless a person gives it.
        files, bytes: Size of the context of the last build.
        buildkit: Image from which a builder of its own could be made, "" if the engine has none.
    """

    facts: EngineFacts | None = None
    bases: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    frontend: str = ""
    downloads: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: int = 0
    bytes: int = 0
    buildkit: str = ""

    def may_fetch(self, mode: Mode) -> tuple[str, ...]:
        """What a confirmation in that mode may have to fetch from a network; a rehearsal needs none."""
        if mode is Mode.REHEARSAL:
            return ()
        return (*self.absent, *((self.frontend,) if self.frontend else ()), *self.downloads)


def sizes_of(context: ContextSnapshot) -> tuple[int, int]:
    """Number and bytes of the files that belong to the context (ignored ones, which were not read, do not)."""
    files = [e for _, e in context.walk() if e.kind is FileKind.FILE and e.digest]
    return len(files), sum(entry.size for entry in files)


def wants_of(states: Sequence[ProjectState]) -> Survey:
    """What can be said without asking any engine."""
    bases: dict[str, None] = {}
    downloads: dict[str, None] = {}
    secrets: dict[str, None] = {}
    frontend = ""
    for state in states:
        parsed = parse(state.text)
        frontend = syntax_of(parsed) or frontend
        graph = resolve(parsed, state.options, state.bases, state.engine)
        bases.update(dict.fromkeys(familiar_ref(b.ref) for b in bases_of(graph, read_too=True) if b.ref))
        downloads.update(dict.fromkeys(unreachable_sources(graph)))
        secrets.update(dict.fromkeys(mounted_secrets(graph)))
    files, size = sizes_of(states[-1].context) if states else (0, 0)
    return Survey(None, tuple(bases), (), frontend, tuple(downloads), tuple(secrets), files, size)


def survey(choice: EngineChoice, states: Sequence[ProjectState]) -> Script[Survey]:
    """Ask an engine who it is and which images it has; nothing is made, pulled or changed."""
    found = wants_of(states)
    facts = yield from probe(choice)
    found = replace(found, facts=facts)
    if facts.problem is not None or not choice.has_images:
        return replace(found, absent=found.bases if facts.problem is None else ())
    absent = []
    for ref in found.bases:
        if (yield from inspect_image(choice, normalize_ref(ref))) is None:
            absent.append(ref)
    said = yield Command((*choice.client, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "moby/buildkit"),
                         "looking for a builder's image", timeout=ANSWER_WITHIN)
    images = said.out.split() if isinstance(said, Finished) and said.ok else []
    return replace(found, absent=tuple(absent), buildkit=next((i for i in images if "<none>" not in i), ""))
