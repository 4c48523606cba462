"""Where is the text that nobody saved, if the window ends without asking?"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from platformdirs import user_state_path

from cachesim.digest import digest_of

__all__ = ["Rescued", "answer", "drop", "keep", "rescued"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rescued:
    """A text that was not saved, and when it was kept."""

    text: str
    when: datetime


def keep(dockerfile: Path, text: str) -> None:
    """Put the unsaved text of a Dockerfile aside."""
    path = _file(dockerfile)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"format": _FORMAT, "dockerfile": str(dockerfile), "text": text}), encoding="utf-8")
    os.replace(new, path)


def drop(dockerfile: Path) -> None:
    """Forget it: the text was saved, or the person let it go."""
    _file(dockerfile).unlink(missing_ok=True)


def rescued(dockerfile: Path) -> Rescued | None:
    """The text that was put aside for a Dockerfile; a damaged file counts as none.

    From now on it lies apart, so that what is typed and saved before the person answers does not take its place.
    """
    path = _apart(dockerfile)
    if _read(_file(dockerfile)) is not None:
        os.replace(_file(dockerfile), path)
    return _read(path)


def answer(dockerfile: Path) -> None:
    """The person took the rescued text or let it go."""
    _apart(dockerfile).unlink(missing_ok=True)


def _read(path: Path) -> Rescued | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        when = datetime.fromtimestamp(path.stat().st_mtime)
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.get("format") != _FORMAT or not isinstance(data.get("text"), str):
        return None
    return Rescued(data["text"], when)


def _apart(dockerfile: Path) -> Path:
    return _file(dockerfile).with_suffix(".rescued.json")


def _file(dockerfile: Path) -> Path:
    return user_state_path("cachesim", appauthor=False) / "recovery" / f"{digest_of(str(dockerfile)).short}.json"
