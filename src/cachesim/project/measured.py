"""What did a step cost and bring when it really ran, and how sure is that of the step as it is now?"""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cachesim.context.snapshot import ContextSnapshot, bytes_below, size_text
from cachesim.dockerfile.instructions import Copy, From, Workdir
from cachesim.engines.base import Outcome
from cachesim.enums import quick
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["RECORD", "Cost", "Knowledge", "Measured", "Measurement", "Size", "Total", "costs_of", "seconds_text",
           "takes", "text_of", "total_of", "when_text"]

RECORD = "measured"
"""Name under which the measurements are kept with a project."""

_FORMAT = 1
_BOUND = 4000
_COPY_SECONDS, _BYTES_PER_SECOND = 0.1, 100e6
_DAY = 86400.0


@quick
class Knowledge(enum.Enum):
    """How a number is known; the word stands beside it in every output, so that they are never mixed silently."""

    MEASURED = "measured"       # this very step ran in a real build
    ESTIMATED = "estimated"     # the same instruction did in another state, or the step only copies files
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a step takes when it runs; 0 where they are unknown.

    Attributes:
        measured: When a real build took the time that this rests on, seconds since the epoch; 0 if none did.
    """

    seconds: float
    known: Knowledge
    measured: float = 0.0

    @property
    def words(self) -> str:
        """For a table: "12 s", "~3 s", "?"."""
        if self.known is Knowledge.UNKNOWN:
            return "?"
        return ("~" if self.known is Knowledge.ESTIMATED else "") + seconds_text(self.seconds)

    def sentence(self, now: float | None = None) -> str:
        """ "about 41 s, measured yesterday", and an estimate is called one."""
        if self.known is Knowledge.UNKNOWN:
            return "unknown, never measured in a real build"
        about = f"about {seconds_text(self.seconds)}"
        if self.known is Knowledge.MEASURED:
            return f"{about}, measured {when_text(self.measured, now)}"
        if not self.measured:
            return f"{about}, estimated from the size of its files"
        return f"{about}, estimated: the same instruction was measured in another state {when_text(self.measured, now)}"


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of the layer that a step makes, as a real build's engine said (three or four digits).

    Attributes:
        same: Measured on this very step; else on the same instruction in another state of the project.
    """

    bytes: int
    measured: float
    same: bool

    @property
    def words(self) -> str:
        """For a table: "1.5 MB", "~1.5 MB"."""
        return ("" if self.same else "~") + size_text(self.bytes)

    def sentence(self, now: float | None = None) -> str:
        """ "1.5 MB, measured yesterday", and an estimate is called one."""
        when = when_text(self.measured, now)
        if self.same:
            return f"{size_text(self.bytes)}, measured {when}"
        return f"about {size_text(self.bytes)}, estimated: the same instruction was measured in another state {when}"


_UNKNOWN = Cost(0.0, Knowledge.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Total:
    """Seconds of all steps that run, apart by how they are known."""

    measured: float
    estimated: float
    unknown_steps: int

    @property
    def words(self) -> str:
        """ "41 s measured, ~3 s estimated, 2 steps not measured" """
        parts = [f"{seconds_text(self.measured)} measured"] if self.measured >= 0.05 else []
        parts += [f"~{seconds_text(self.estimated)} estimated"] if self.estimated >= 0.05 else []
        if self.unknown_steps:
            parts.append(f"{self.unknown_steps} step{'' if self.unknown_steps == 1 else 's'} not measured")
        return ", ".join(parts) or "no time"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one real run of a step showed.

    Attributes:
        seconds: None if it was not timed.
        size: Bytes of its layer, None if they were not measured.
        when: Seconds since the epoch.
        text: The step's name without stage and number.
    """

    seconds: float | None
    size: int | None
    when: float
    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements by step key; a value, kept as JSON with the project."""

    steps: Mapping[str, Measurement] = field(default_factory=dict)
    _alike: dict[str, list[Measurement]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for found in self.steps.values():
            self._alike.setdefault(found.text, []).append(found)

    def adding(self, found: Mapping[str, Measurement]) -> Measured:
        """With newer measurements; what one of them did not measure stays as it was."""
        steps = dict(self.steps)
        for key, new in found.items():
            old = steps.pop(key, None)
            steps[key] = new if old is None else Measurement(
                new.seconds if new.seconds is not None else old.seconds,
                new.size if new.size is not None else old.size, new.when, new.text)
        return Measured(dict(list(steps.items())[-_BOUND:]))

    def cost(self, step: StepReport, context: ContextSnapshot) -> Cost | None:
        """What a step costs when it runs, and how that is known; None where there is nothing to run."""
        if step.key is None or isinstance(step.step.instruction, From) or step.outcome is Outcome.CONFIG_ONLY:
            return None
        found, same = self._find(step, "seconds")
        if found is not None and found.seconds is not None:
            return Cost(found.seconds, Knowledge.MEASURED if same else Knowledge.ESTIMATED, found.when)
        if isinstance(step.step.instruction, (Copy, Workdir)):
            return Cost(_COPY_SECONDS + _read_bytes(step, context) / _BYTES_PER_SECOND, Knowledge.ESTIMATED)
        return _UNKNOWN

    def seconds(self, step: StepReport) -> float | None:
        """Seconds that this step or the same instruction took in a real build; None if nobody measured it."""
        found, _ = self._find(step, "seconds")
        return found.seconds if found is not None else None

    def size(self, step: StepReport) -> Size | None:
        """Size of the layer that a step makes; None if it was never measured."""
        found, same = self._find(step, "size")
        return Size(found.size, found.when, same) if found is not None and found.size is not None else None

    def _find(self, step: StepReport, what: str) -> tuple[Measurement | None, bool]:
        """The measurement of this very step, else the newest of the same instruction."""
        if not self.steps:
            return None, False
        found = self.steps.get(step.key.digest) if step.key is not None else None
        if found is not None and getattr(found, what) is not None:
            return found, True
        alike = [m for m in self._alike.get(text_of(step.name), ()) if getattr(m, what) is not None]
        return max(alike, key=lambda m: m.when, default=None), False

    def to_json(self) -> dict[str, Any]:
        """The measurements as JSON."""
        return {"format": _FORMAT, "steps": {k: [m.seconds, m.size, m.when, m.text] for k, m in self.steps.items()}}

    @classmethod
    def from_json(cls, value: object) -> Measured:
        """Read measurements; what is damaged or of another version is as good as none: it can be measured anew."""
        try:
            if not isinstance(value, Mapping) or value["format"] != _FORMAT:
                return cls()
            return cls({str(key): Measurement(
                float(seconds) if seconds is not None else None, int(size) if size is not None else None, float(when),
                str(text)) for key, (seconds, size, when, text) in value["steps"].items()})
        except (KeyError, ValueError, TypeError, AttributeError):
            return cls()


def costs_of(report: SimulationReport, book: Measured, context: ContextSnapshot) -> tuple[Cost | None, ...]:
    """What each step of a build costs; None for one that does not run, and for naming a base image."""
    return tuple(book.cost(step, context) if step.runs else None for step in report.steps)


def takes(step: StepReport, cost: Cost, now: float | None = None) -> str:
    """ "Takes about 41 s, measured yesterday.", "Would take …" for a step that comes from the cache."""
    if cost.known is Knowledge.UNKNOWN:
        return "How long it takes was never measured in a real build."
    return f"{'Takes' if step.runs else 'Would take'} {cost.sentence(now)}."


def total_of(costs: tuple[Cost | None, ...]) -> Total:
    """The sum of costs, apart by how they are known."""
    def sum_of(known: Knowledge) -> float:
        return sum(c.seconds for c in costs if c is not None and c.known is known)
    return Total(sum_of(Knowledge.MEASURED), sum_of(Knowledge.ESTIMATED),
                 sum(c is not None and c.known is Knowledge.UNKNOWN for c in costs))


def text_of(name: str) -> str:
    """A step name without stage and number."""
    return re.sub(r"^\[[^\]]*\] ", "", name)


def when_text(then: float, now: float | None = None) -> str:
    """ "today", "yesterday", "5 days ago" """
    days = int(((time.time() if now is None else now) - then) // _DAY)
    return "today" if days < 1 else "yesterday" if days == 1 else f"{days} days ago"


def seconds_text(value: float) -> str:
    """ "0.4 s", "41 s", "3 min" """
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"


def _read_bytes(step: StepReport, context: ContextSnapshot) -> int:
    """Size of the context's files that a step reads; what it excludes may be among them."""
    total = 0
    for read in step.reads:
        if not read.context:
            plain = not any(c in pattern for pattern in read.patterns for c in "*?[")
            entries = map(context.get, ("" if p == "." else p for p in read.patterns) if plain else read.paths)
            total += sum(bytes_below(e) if plain else e.size for e in entries if e is not None)
    return total
