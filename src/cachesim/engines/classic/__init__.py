"""What would the classic builder (DOCKER_BUILDKIT=0) do?"""

from cachesim.engines.classic.engine import Classic

__all__ = ["Classic"]
