"""What has been built before?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cachesim.cache.images import ImageList
from cachesim.cache.index import KeyIndex

__all__ = ["EMPTY_STORE", "CacheStore"]


@dataclass(frozen=True, slots=True)
class CacheStore:
    """Everything the simulated engine remembers; a build gives a new one, and old ones stay valid.

    Attributes:
        buildkit: The key index of BuildKit with its worlds (see `KeyIndex`).
        classic: The images of the classic builder.
        builds: Labels of all builds so far, oldest first; records name them by number.
    """

    buildkit: KeyIndex = field(default_factory=KeyIndex)
    classic: ImageList = field(default_factory=ImageList)
    builds: tuple[str, ...] = ()

    def after_build(self, label: str) -> CacheStore:
        """The store with one more build noted."""
        return replace(self, builds=(*self.builds, label))


EMPTY_STORE = CacheStore()
