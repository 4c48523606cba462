"""What is a Dockerfile, once it is operations?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cachesim.engines.base import Assumption, HistoryEntry
from cachesim.engines.buildkit.env import Env
from cachesim.engines.buildkit.vertex import Op
from cachesim.graph.model import StepId
from cachesim.graph.platforms import HOST, Platform

__all__ = ["Conversion", "LocalSource", "Occurrence", "StageState", "StepOps"]


@dataclass(slots=True)
class LocalSource:
    """A context that is sent: `name` is "" for the main one; `follow` None means everything."""

    name: str
    follow: set[str] | None = field(default_factory=set)

    def add(self, path: str) -> None:
        """Note a source path that some step reads."""
        if not path.strip("/"):
            self.follow = None
        elif self.follow is not None:
            self.follow.add(path.strip("/"))

    def add_all(self, paths: set[str] | None) -> None:
        """Note everything that another one noted."""
        if paths is None or self.follow is None:
            self.follow = None
        else:
            self.follow |= paths


class StepOps(NamedTuple):
    """The operations of one step: the last one carries its result; none for a step without operation."""

    id: StepId
    name: str
    ops: tuple[int, ...] = ()
    internal: tuple[int, ...] = ()
    note: str = ""


class Occurrence(NamedTuple):
    """One place where an operation was made; equal operations of several places are one vertex."""

    op: int
    step: StepId | None
    name: str
    inputs: tuple[int, ...]


@dataclass(slots=True)
class StageState:
    """A stage on its way: BuildKit's dispatchState."""

    env: Env
    image_env: dict[str, str]
    cwd: str = ""
    user: str = ""
    shell: tuple[str, ...] = ()
    op: int | None = None
    platform: Platform = HOST
    platform_name: str = ""
    args: tuple[tuple[str, str | None], ...] = ()
    arg_names: frozenset[str] = frozenset()
    history: list[HistoryEntry] = field(default_factory=list)
    local: LocalSource | None = None
    total: int = 0
    index: int = 0
    label: str = ""
    ignore_cache: bool = False
    replaced: bool = False          # a named context took the place of the whole stage
    image_config: bool = True       # false for a folder, which brings no image configuration


@dataclass(frozen=True, slots=True)
class Conversion:
    """All operations, inputs before those that read them. Never changed; builds of other files share it.

    Attributes:
        target: The op of the final file system (None: empty).
        order: The ops that the target needs, in the order in which they are looked up.
        makers: The step whose op it is, where it is the op of one.
        on_image: Ops whose file system lies on an image, so that not all of it is known.
        file_places: Where a COPY puts something under a name of its own, which may be a file in the place of a folder.
        no_export: Why the image cannot be exported.
    """

    ops: tuple[Op, ...]
    target: int | None
    steps: dict[StepId, StepOps]
    locals: dict[int, LocalSource]
    history: tuple[HistoryEntry, ...]
    assumptions: tuple[Assumption, ...]
    needed: frozenset[int]
    order: tuple[int, ...]
    makers: Mapping[int, StepId]
    on_image: frozenset[int]
    file_places: frozenset[str]
    no_export: str = ""
