"""What did one stage add to the operations of a build, and may it be added again as it was?

While somebody edits a stage, all the others stay as they are: what they add follows from their instructions, from how many
operations there are before them, and from the stages that they read. Where all this is the same, they are not converted again.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

from cachesim.engines.base import Assumption
from cachesim.engines.buildkit.conversion import Occurrence, StageState, StepOps
from cachesim.engines.buildkit.vertex import Op
from cachesim.graph.model import Source, Step, StepId
from cachesim.graph.options import BaseImage, BuildOptions, ImageStore
from cachesim.same import REMEMBERED, Same

__all__ = ["Addition", "Made", "OpKey", "Settings", "StageKey", "earlier_additions", "kept", "remember"]

_KEPT = 4       # for one stage: the same one after several edits above it

OpKey = tuple[object, ...]      # what makes two operations one vertex
Made = tuple[int, int]          # an occurrence and its operation
StageKey = tuple[int, Source | int, str, str, Same[tuple[Step, ...]]]      # index, base, name, platform, steps


class Settings(NamedTuple):
    """Everything but the stages themselves that operations depend on; `single` if there is nothing to tell stages apart for."""

    escape: str
    options: BuildOptions
    bases: tuple[tuple[str, Same[BaseImage]], ...]
    store: ImageStore
    names: tuple[str, ...]
    scope: tuple[tuple[str, str], ...]
    single: bool


class Addition(NamedTuple):
    """What one stage added, and what it found when it did.

    Attributes:
        start: How many operations and occurrences there were, and which occurrence is the main context.
        base: The stage that it goes on from, at its end; None if it starts from something else.
        read: The result of each stage that it reads.
        shared: Operations that were there already.
        state: The stage at its end.
        main: The occurrence of the main context afterwards.
        followed: The paths of the main context that it reads; None for all of it.
    """

    start: tuple[int, int, Made | None]
    base: StageState | None
    read: Mapping[int, Made | None]
    shared: Mapping[OpKey, int]
    ops: tuple[Op, ...]
    occurrences: tuple[Occurrence, ...]
    by_key: Mapping[OpKey, int]
    steps: Mapping[StepId, StepOps]
    state: StageState
    assumptions: tuple[Assumption, ...]
    main: int | None
    followed: set[str] | None


@functools.lru_cache(maxsize=REMEMBERED)
def kept(settings: Settings) -> Same[Settings]:
    """The settings as a key that need not be hashed again."""
    return Same(settings)


@functools.lru_cache(maxsize=8 * REMEMBERED)
def earlier_additions(_settings: Same[Settings], _stage: StageKey) -> list[Addition]:
    """What a stage added in earlier builds, the latest first (see `remember`)."""
    return []


def remember(earlier: list[Addition], addition: Addition) -> None:
    """Keep one more; the oldest is forgotten."""
    earlier.insert(0, addition)
    del earlier[_KEPT:]
