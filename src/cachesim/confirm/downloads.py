"""How does a rehearsal do without what ADD and named contexts would fetch?

In the copy that is built, `ADD https://…` becomes a COPY of a small file, and a git repository an empty folder, out of
an image of its own; no line moves. The engine's decision for such a step is that of an unchanged download.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cachesim.dockerfile.instructions import Add
from cachesim.dockerfile.remote import remote_kind
from cachesim.graph.model import BuildGraph, Source, SourceKind, StepId
from cachesim.project.state import ProjectState

__all__ = ["DOWNLOADS", "FILES", "TREES", "is_remote_source", "unreachable_sources", "without_downloads"]

DOWNLOADS = "cachesim-downloads"
"""Name of the context that holds what stands for downloads: files below `FILES`, folders below `TREES`."""

FILES, TREES = "files", "trees"

_NOWHERE = "docker-image://cachesim.invalid"        # a stand-in takes its place before anything is built
_FETCHING = re.compile(r"(?<!\S)--(?:checksum|keep-git-dir|unpack)(?:=\S*)?(?=\s)")


@dataclass(frozen=True, slots=True)
class _Fetch:
    """An ADD that fetches; `words` are its sources as written, each with what it means in this build."""

    add: Add
    words: tuple[tuple[str, str], ...]

    @property
    def mixed(self) -> bool:
        return bool(self.add.heredocs) or not all(is_remote_source(url) for _, url in self.words)


def is_remote_source(source: str) -> bool:
    """Whether ADD would fetch it."""
    return bool(remote_kind(source))


def without_downloads(state: ProjectState, graph: BuildGraph,
                      sources: dict[StepId, list[tuple[str, str]]]) -> tuple[ProjectState, tuple[str, ...]]:
    """Take every download out of a build.

    Args:
        sources: Of each ADD of a needed stage: its sources as written and expanded.
    Returns:
        The state to build, and sentences on what was done.
    """
    lines, notes = state.text.split("\n"), list[str]()
    number, replaced = 0, False
    for fetch in _fetches(graph, sources):
        changes = {}
        for word, url in fetch.words:
            if is_remote_source(url):
                changes[word] = "" if fetch.mixed else _place(url, number)
                number += 1
        span = range(fetch.add.span.line - 1, min(fetch.add.span.end_line, len(lines)))
        if not fetch.mixed:
            replaced = True
            keyword = fetch.add.text.split(None, 1)[0]
            changes = {keyword: f"COPY --from={DOWNLOADS}", **changes}
        for at in span:
            lines[at] = _FETCHING.sub("", lines[at])
        for old, new in changes.items():
            _replace(lines, span, old, new)
        names = ", ".join(url for _, url in fetch.words if is_remote_source(url))
        stand = "is left out, its other sources are added" if fetch.mixed else "a stand-in is copied in its place"
        notes.append(f"Line {fetch.add.span.line}: {names} is not fetched; {stand}. Whether a real download changed is "
                     "not rehearsed.")
    contexts = [(name, value) for name, value in state.options.contexts]
    for at, (name, value) in enumerate(contexts):
        if ("://" in value and not value.startswith("docker-image://")) or value.startswith("git@"):
            contexts[at] = (name, f"{_NOWHERE}/context-{at}:0")
            notes.append(f"The named context {name} ({value}) is not fetched; an image with what is copied from it stands "
                         "in its place.")
    if replaced:
        contexts.append((DOWNLOADS, f"{_NOWHERE}/downloads:0"))
    if not notes:
        return state, ()
    return replace(state, text="\n".join(lines), options=replace(state.options, contexts=tuple(contexts))), tuple(notes)


def _fetches(graph: BuildGraph, sources: dict[StepId, list[tuple[str, str]]]) -> Iterator[_Fetch]:
    for stage in graph.stages:
        for step in stage.steps if stage.reachable else ():
            words = sources.get(step.id, [])
            if isinstance(step.instruction, Add) and not step.onbuild and any(is_remote_source(u) for _, u in words):
                yield _Fetch(step.instruction, tuple(words))


def _place(url: str, number: int) -> str:
    """Where its stand-in lies: a file under the name that ADD would give it, a folder for a repository."""
    if remote_kind(url) == "git":
        return f"/{TREES}/{number}"
    name = posixpath.basename(urlsplit(url).path) or "download"
    return f"/{FILES}/{number}/{re.sub(r'[^A-Za-z0-9._+-]', '_', name)}"


def _replace(lines: list[str], span: range, old: str, new: str) -> None:
    """Replace the first whole word, bare or as a JSON string."""
    word = re.escape(old)
    pattern = re.compile(rf'(?<!\S){word}(?=\s|$)|' + (rf'"{word}"\s*,\s*' if not new else rf'(?<="){word}(?=")'))
    for at in span:
        lines[at], done = pattern.subn(lambda _: new, lines[at], count=1)
        if done:
            return


def unreachable_sources(graph: BuildGraph) -> tuple[str, ...]:
    """What ADD of needed stages would fetch: downloads and git repositories."""
    return tuple(dict.fromkeys(
        edge.origin.name for edge in graph.edges
        if isinstance(edge.origin, Source) and edge.origin.kind in (SourceKind.URL, SourceKind.GIT)
        and graph.stages[edge.target.stage].reachable))
