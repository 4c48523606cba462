"""Where does a person work on a shipped sample? On a copy, which stays theirs."""

from __future__ import annotations

import shutil
from pathlib import Path

from platformdirs import user_data_path

from cachesim.assets import sample
from cachesim.errors import InputError

__all__ = ["copy_of_sample"]


def copy_of_sample(name: str) -> Path:
    """The person's copy of a sample; made if there is none.

    Raises:
        InputError: If there is no such sample, or it cannot be copied.
    """
    shipped = sample(name).folder
    folder = user_data_path("cachesim", appauthor=False) / "samples" / name
    if not folder.exists():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(shipped, folder, symlinks=True)
        except OSError as error:
            raise InputError(f"cannot copy the sample ({error})", str(folder), "Check the permissions") from error
    return folder
