"""Where do the files lie that ship with cachesim: the icons and the sample projects?

They stand beside `src/` in a checkout and inside the package in an installed copy. Nothing here needs Qt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cachesim.errors import InputError, StoreFormatError

__all__ = ["Sample", "resources_dir", "sample", "samples", "samples_dir"]

_PACKAGE = Path(__file__).resolve().parent
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One shipped sample project.

    Attributes:
        name: Name of its folder, which is also what a person types.
        title: A few words for a card.
        teaches: What one learns from it, in one sentence.
        folder: The shipped folder itself; it may be read-only, so work on a copy.
    """

    name: str
    title: str
    teaches: str
    folder: Path

    @property
    def scenario(self) -> Path:
        """Its builds and edits in the scenario format."""
        return self.folder / "scenario.json"


def resources_dir() -> Path:
    """The folder of icons, styles and fonts.

    Raises:
        InputError: If the installation is damaged.
    """
    return _find("resources")


def samples_dir() -> Path:
    """The folder that holds `index.json` and one folder per sample.

    Raises:
        InputError: If the installation is damaged.
    """
    return _find("samples")


def samples() -> tuple[Sample, ...]:
    """All shipped samples, in the order in which they teach best.

    Raises:
        InputError: If the installation is damaged.
        StoreFormatError: If the index is of another version.
    """
    index = samples_dir() / "index.json"
    try:
        data = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", str(index), "Install cachesim again") from error
    if data.get("format") != _FORMAT:
        raise StoreFormatError(str(index), data.get("format"))
    return tuple(Sample(name=s["name"], title=s["title"], teaches=s["teaches"], folder=index.parent / s["name"])
                 for s in data["samples"])


def sample(name: str) -> Sample:
    """The sample of that name.

    Raises:
        InputError: If there is none.
    """
    known = samples()
    for candidate in known:
        if candidate.name == name:
            return candidate
    raise InputError(f"there is no sample {name!r}", "", f"Samples are: {', '.join(s.name for s in known)}")


def _find(name: str) -> Path:
    installed = _PACKAGE / "_shipped" / name
    checkout = _PACKAGE.parent.parent / name
    for folder in (installed, checkout):
        if folder.is_dir():
            return folder
    raise InputError("is missing", str(installed), "Install cachesim again")
