"""Which engine has that name?"""

from __future__ import annotations

from cachesim.engines.base import Engine
from cachesim.graph.options import EngineKind

__all__ = ["engine_of"]


def engine_of(kind: EngineKind) -> Engine:
    """The rules of a builder; they are loaded when they are first asked for."""
    if kind is EngineKind.CLASSIC:
        from cachesim.engines.classic import Classic

        return Classic()
    from cachesim.engines.buildkit.engine import BuildKit

    return BuildKit()
