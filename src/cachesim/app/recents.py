"""Which projects were open lately, what are they called, and how is each opened again?"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cachesim.project.open import ProjectInfo

__all__ = ["Recent"]

_CONTEXT = "\n"         # between a Dockerfile and a build context that is not its own folder


@dataclass(frozen=True, slots=True)
class Recent:
    """One entry of the list: a folder, or a Dockerfile with its context."""

    path: Path
    context: Path | None = None

    @classmethod
    def of(cls, info: ProjectInfo) -> Recent:
        """What brings this project back."""
        if info.dockerfile_path == "Dockerfile":
            return cls(info.context_dir)
        return cls(info.dockerfile, info.context_dir if info.has_files and info.context_dir != info.dockerfile.parent else None)

    @classmethod
    def parse(cls, entry: str) -> Recent:
        """Read an entry of the settings."""
        path, _, context = entry.partition(_CONTEXT)
        return cls(Path(path), Path(context) if context else None)

    @property
    def entry(self) -> str:
        """As the settings keep it."""
        return f"{self.path}{_CONTEXT}{self.context}" if self.context is not None else str(self.path)

    @property
    def there(self) -> bool:
        """Whether it can be opened."""
        return self.path.exists() and (self.context is None or self.context.is_dir())

    @property
    def name(self) -> str:
        """What a person calls it."""
        if self.context is None:
            return self.path.name or str(self.path)
        return f"{self.context.name} ({os.path.relpath(self.path, self.context)})"

    @property
    def place(self) -> str:
        """Where it lies."""
        return str((self.context or self.path).parent)

    @property
    def words(self) -> str:
        """The whole of it in one line."""
        return f"{self.path}, context {self.context}" if self.context is not None else str(self.path)
