"""Which secrets do the commands of a build ask for?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from cachesim.dockerfile.instructions import Run
from cachesim.graph.model import BuildGraph

__all__ = ["mounted_secrets", "required_secrets"]


def mounted_secrets(graph: BuildGraph) -> tuple[str, ...]:
    """Ids of all secrets that a RUN of the target mounts; without one that is not required the RUN goes on."""
    return tuple(dict.fromkeys(name for name, _ in _mounted(graph)))


def required_secrets(graph: BuildGraph, given: Mapping[str, bytes]) -> tuple[str, ...]:
    """Ids of secrets that a RUN demands and nobody gave: a rehearsal hands out empty ones."""
    return tuple(dict.fromkeys(name for name, required in _mounted(graph) if required and name not in given))


def _mounted(graph: BuildGraph) -> Iterator[tuple[str, bool]]:
    for stage in graph.stages:
        for step in stage.steps if stage.reachable else ():
            for mount in step.instruction.mounts if isinstance(step.instruction, Run) else ():
                values = dict(mount.options)
                target = values.get("target") or values.get("dst") or values.get("destination") or ""
                name = values.get("id") or posixpath.basename(target)
                if mount.type == "secret":
                    yield name, values.get("required", "false").lower() not in ("false", "0")
