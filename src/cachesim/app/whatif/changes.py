"""Which things happen in life to a build, and what do they change? Pure functions from state to state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, with_children
from cachesim.digest import Digest, digest_of
from cachesim.graph.model import BuildGraph, Source, SourceKind
from cachesim.graph.options import BaseImage, BuildOptions, normalize_ref
from cachesim.project.state import ProjectState

__all__ = ["arg_names", "external_bases", "fresh_clone", "moved_base", "secret_ids", "with_arg", "with_secret"]


def fresh_clone(context: ContextSnapshot, umask: int, mtime_ns: int) -> ContextSnapshot:
    """The files as a new `git clone` under that umask leaves them: git keeps only the executable bit, and no times."""
    return replace(context, tree=_cloned(context.tree, umask, mtime_ns))


def _cloned(entry: FileEntry, umask: int, mtime_ns: int) -> FileEntry:
    if entry.is_dir:
        children = {name: _cloned(child, umask, mtime_ns) for name, child in entry.children.items()}
        return replace(with_children(entry, children), mode=0o777 & ~umask, mtime_ns=mtime_ns, memo={})
    if entry.kind is not FileKind.FILE:
        return replace(entry, mtime_ns=mtime_ns, memo={})
    usual = 0o777 if entry.mode & 0o100 else 0o666
    return replace(entry, mode=usual & ~umask, mtime_ns=mtime_ns, memo={})


def external_bases(graph: BuildGraph) -> tuple[str, ...]:
    """The images that the build takes from outside, normalised, in file order."""
    found = [s.base.name for s in graph.stages if not isinstance(s.base, int) and s.base.kind is SourceKind.IMAGE]
    found += [e.origin.name for e in graph.edges
              if isinstance(e.origin, Source) and e.origin.kind is SourceKind.IMAGE]
    return tuple(dict.fromkeys(found))


def moved_base(state: ProjectState, ref: str) -> ProjectState:
    """The tag names other layers now, and --pull makes the builder see it."""
    ref = normalize_ref(ref)
    old = state.bases.get(ref)
    chain = digest_of("moved", old.chain if old is not None else ref)
    image = replace(old, chain=chain, manifest=digest_of("manifest", chain), source="what if") if old is not None \
        else BaseImage(ref, chain, digest_of("manifest", chain), None, source="what if")
    return replace(state, bases={**state.bases, ref: image}, options=replace(state.options, pull=True))


def with_arg(options: BuildOptions, name: str, value: str | None) -> BuildOptions:
    """Set a build argument, or drop it (None)."""
    others = tuple(pair for pair in options.args if pair[0] != name)
    return replace(options, args=others if value is None else (*others, (name, value)))


def with_secret(options: BuildOptions, name: str, digest: Digest) -> BuildOptions:
    """Give a secret another content."""
    return replace(options, secrets=(*(pair for pair in options.secrets if pair[0] != name), (name, digest)))


def arg_names(graph: BuildGraph) -> tuple[tuple[str, str], ...]:
    """Every ARG of the file with its first default ("" if it has none), in order, each once."""
    found: dict[str, str] = {}
    for name, default in _args(graph):
        found[name] = found.get(name) or default
    return tuple(found.items())


def _args(graph: BuildGraph) -> Iterator[tuple[str, str]]:
    for steps in (graph.meta, *(stage.steps for stage in graph.stages)):
        for step in steps:
            if step.instruction.keyword == "ARG":
                yield from ((name, default or "") for name, default in getattr(step.instruction, "pairs", ()))


def secret_ids(graph: BuildGraph) -> tuple[str, ...]:
    """The ids of all secret mounts, in order."""
    found: list[str] = []
    for stage in graph.stages:
        for step in stage.steps:
            for mount in getattr(step.instruction, "mounts", ()):
                if mount.type == "secret":
                    options = dict(mount.options)
                    found.append(options.get("id") or options.get("target", "").rpartition("/")[2] or "secret")
    return tuple(dict.fromkeys(found))
