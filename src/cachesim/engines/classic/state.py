"""What does the builder carry from step to step, and what does a step ask for?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cachesim.cache.images import Image
from cachesim.cache.key import KeyPart, PartKind
from cachesim.digest import digest_of
from cachesim.engines.buildkit.filesystem import Execution, FileSystem
from cachesim.engines.classic.args import Args
from cachesim.engines.classic.config import SHELL, Config, Probe
from cachesim.engines.classic.copying import Places
from cachesim.engines.classic.files import Files
from cachesim.errors import CachesimError
from cachesim.graph.model import Stage, StepId

__all__ = ["Plan", "State", "StepFails", "text_part"]


class StepFails(CachesimError):
    """The builder stops at a step."""

    def __init__(self, step: StepId, message: str, code: str) -> None:
        self.step, self.code = step, code
        super().__init__(message)


@dataclass(slots=True)
class State:
    """A stage while it is built."""

    stage: Stage
    image_id: str
    image: Image | None
    platform: str
    config: Config
    args: Args
    files: Files
    places: Places
    busted: bool = False

    @property
    def shell(self) -> tuple[str, ...]:
        return self.config.shell or SHELL


@dataclass(slots=True)
class Plan:
    """What a step asks for, and what it would do."""

    probe: Probe
    own: list[KeyPart]
    change: Callable[[FileSystem], FileSystem] | None = None
    merges: bool = False
    runs: tuple[Execution, ...] = ()
    sources: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()
    empty: bool = True


def text_part(label: str, text: str) -> KeyPart:
    """The part of a key that is the step's own line."""
    return KeyPart(PartKind.COMMAND, label, text, digest_of(text))
