"""Which engine has that name?"""

from __future__ import annotations

from cachesim.engines.base import Engine
from cachesim.errors import InputError
from cachesim.graph.options import EngineKind

__all__ = ["engine_of"]


def engine_of(kind: EngineKind) -> Engine:
    """The rules of a builder; they are loaded when they are first asked for.

    Raises:
        InputError: For the classic builder, whose rules this version does not have.
    """
    if kind is EngineKind.CLASSIC:
        raise InputError("the rules of the classic builder are not part of this version", "engine",
                         "Choose BuildKit; that is what docker build uses by default")
    from cachesim.engines.buildkit.engine import BuildKit

    return BuildKit()
