"""Which images has the classic builder made, and in which order?

The classic builder has no key index: it walks from an image to its children and compares configurations. Source: moby v28.5
image/cache/cache.go, image/store.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cachesim.cache.index import StepKey

__all__ = ["Children", "Image", "ImageList"]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One committed step.

    Attributes:
        id: Of its own; an executed step never gets an old one.
        parent: Id of the image below ("" for scratch).
        probe: The container configuration it was made from, as stored (a value of the engine).
        above: The image below as a value, or None if that is a base or scratch.
        platform: "linux/amd64".
        build: Number of the build that made it.
        files: What is known of its file system (a value of the engine).
        local: Whether this builder made it; a step restored through --cache-from was not.
        twin: Id of the image that a restored one repeats, else its own id.
    """

    id: str
    parent: str
    probe: Any
    above: Image | None
    platform: str
    build: int
    files: Any
    local: bool = True
    twin: str = ""

    def chain(self) -> Iterator[Image]:
        """This image and everything below it down to the base, newest first."""
        image: Image | None = self
        while image is not None:
            yield image
            image = image.above


Children = Mapping[str, tuple[Image, ...]]      # parent id to images, oldest first


@dataclass(frozen=True, slots=True, eq=False)
class ImageList:
    """Every image the classic builder committed.

    Attributes:
        worlds: Images by parent; one entry while everything is certain, else one for each world (likely, equal, different):
            what a RUN wrote when it ran again decides which of them is the real one.
        finals: The image of the last build that succeeded, in each world.
        last: Keys of the last build's steps.
    """

    worlds: Mapping[str, Children] = field(default_factory=dict)
    finals: Mapping[str, Image] = field(default_factory=dict)
    last: tuple[StepKey, ...] = ()
