"""Which steps of a docker build come from the cache, and why not the others?"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
