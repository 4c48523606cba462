"""How long did this step take when it really ran, and how sure is that?"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cachesim.confirm.match import Confirmation, Mode
from cachesim.confirm.observed import VertexStatus
from cachesim.simulate.report import StepReport

__all__ = ["DurationBook", "Estimate"]

_FORMAT = 1
_BOUND = 4000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a step would cost.

    Attributes:
        measured: Seconds since the epoch of the measurement.
        same: Measured on this very step; else on the same instruction in another state of the project.
    """

    seconds: float
    measured: float
    same: bool

    def sentence(self, now: float | None = None) -> str:
        """ "about 41 s, measured yesterday" """
        days = int(((time.time() if now is None else now) - self.measured) // 86400)
        when = "today" if days < 1 else "yesterday" if days == 1 else f"{days} days ago"
        amount = f"{self.seconds:.1f} s" if self.seconds < 10 else f"{self.seconds:.0f} s"
        return f"about {amount}, {'measured' if self.same else 'estimated from a build'} {when}"


@dataclass(frozen=True, slots=True)
class _Entry:
    seconds: float
    measured: float
    text: str


@dataclass(frozen=True, slots=True)
class DurationBook:
    """Measured durations by step key; a value, kept as JSON with the project."""

    entries: Mapping[str, _Entry] = field(default_factory=dict)

    def after(self, confirmation: Confirmation) -> DurationBook:
        """With what a confirmation measured; a rehearsal measures nothing."""
        if confirmation.mode is Mode.REHEARSAL:
            return self
        entries = dict(self.entries)
        for build in confirmation.builds:
            for step in build.steps:
                if step.key and step.observed == VertexStatus.RAN.value and step.seconds > 0:
                    entries.pop(step.key, None)
                    entries[step.key] = _Entry(round(step.seconds, 3), confirmation.started, text_of(step.name))
        return DurationBook(dict(list(entries.items())[-_BOUND:]))

    def estimate(self, step: StepReport) -> Estimate | None:
        """What is known of a step; None if nothing is."""
        entry = self.entries.get(step.key.digest) if step.key is not None else None
        if entry is not None:
            return Estimate(entry.seconds, entry.measured, True)
        text = text_of(step.name)
        alike = [e for e in self.entries.values() if e.text == text]
        if not alike:
            return None
        newest = max(alike, key=lambda e: e.measured)
        return Estimate(newest.seconds, newest.measured, False)

    def seconds(self, step: StepReport) -> float | None:
        """What a step would cost, if that is known."""
        found = self.estimate(step)
        return found.seconds if found is not None else None

    def to_json(self) -> dict[str, Any]:
        """The book as JSON."""
        return {"format": _FORMAT, "steps": {k: [e.seconds, e.measured, e.text] for k, e in self.entries.items()}}

    @classmethod
    def from_json(cls, value: object) -> DurationBook:
        """Read a book; one that is damaged or of another version is an empty one, for it can be measured anew."""
        try:
            if not isinstance(value, Mapping) or value["format"] != _FORMAT:
                return cls()
            return cls({str(k): _Entry(float(s), float(m), str(t)) for k, (s, m, t) in value["steps"].items()})
        except (KeyError, ValueError, TypeError):
            return cls()


def text_of(name: str) -> str:
    """A step name without stage and number."""
    return re.sub(r"^\[[^\]]*\] ", "", name)
