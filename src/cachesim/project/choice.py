"""Which builder and image store did a person choose last for a project?

A small file beside the project's saved builds, shared by window and commands. Without one the default holds, which
follows the engine that answers.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from cachesim.graph.options import EngineKind, ImageStore
from cachesim.project.folders import write_atomically
from cachesim.project.open import ProjectInfo
from cachesim.project.store import project_folder

__all__ = ["BuilderChoice", "chosen_builder", "remember_builder"]

_FORMAT = 1
_NAME = "builder.json"


@dataclass(frozen=True, slots=True)
class BuilderChoice:
    """The last choice.

    Attributes:
        kept: Engine and store whose file holds the builds that were on screen (see `ProjectStore`): to choose another
            builder does not move them.
    """

    engine: EngineKind
    store: ImageStore
    kept: tuple[EngineKind, ImageStore]


def chosen_builder(info: ProjectInfo, *, folder: Path | None = None) -> BuilderChoice | None:
    """What was chosen; None if nothing was, or if the file is damaged or of another version (then it is left alone)."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        held = json.loads((project_folder(info, folder) / _NAME).read_bytes())
        if held["format"] == _FORMAT:
            return BuilderChoice(EngineKind(held["engine"]), ImageStore(held["store"]),
                                 (EngineKind(held["kept"]["engine"]), ImageStore(held["kept"]["store"])))
    return None


def remember_builder(info: ProjectInfo, choice: BuilderChoice, *, folder: Path | None = None) -> None:
    """Write a choice down.

    Raises:
        InputError: If it cannot be written.
    """
    engine, store = choice.kept
    value = {"format": _FORMAT, "engine": choice.engine.value, "store": choice.store.value,
             "kept": {"engine": engine.value, "store": store.value}}
    write_atomically(project_folder(info, folder) / _NAME, json.dumps(value).encode())
