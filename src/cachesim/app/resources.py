"""Where is the file of an icon?"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cachesim.assets import resources_dir

__all__ = ["icon_file"]


@cache
def icon_file(name: str) -> Path:
    """The SVG of an icon; FileNotFoundError for a name that is not shipped."""
    path = resources_dir() / "icons" / f"{name}.svg"
    if not path.is_file():
        raise FileNotFoundError(path)
    return path
