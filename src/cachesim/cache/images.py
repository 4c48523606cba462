"""Which images has the classic builder made, and in which order?"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ImageList"]


@dataclass(frozen=True, slots=True)
class ImageList:
    """Every image the classic builder committed, oldest first."""

    images: tuple[object, ...] = ()
