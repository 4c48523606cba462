"""What was proven of two Dockerfiles, and what does that mean for a merge?"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cachesim.confirm.image_diff import ImageDiff

__all__ = ["EditRun", "ProofReport", "ProofRow", "ProofSide", "RowKind", "Times"]

_SLACK_SHARE, _SLACK_SECONDS = 0.10, 0.5
"""Seconds that differ by less than this, either way, are the machine's mood and decide nothing."""


class Times(enum.Enum):
    """Where the seconds of a report come from; the value is the word in files."""

    MEASURED = "measured"
    ESTIMATED = "estimated"     # a rehearsal, with what the steps that it ran again usually take
    NONE = "none"               # a rehearsal, and nobody knows


class RowKind(enum.Enum):
    """What a row of the table is; the value is the word in files."""

    EDIT = "edit"
    NO_EDIT = "control: no edit"
    MANIFEST = "control: manifest"

    @property
    def control(self) -> bool:
        """Whether it shows that the measurement itself can be trusted, and is no part of the mix."""
        return self is not RowKind.EDIT


@dataclass(frozen=True, slots=True)
class EditRun:
    """One build after one edit, on one side.

    Attributes:
        predicted, observed: How many steps run again (FROM lines do not count); `steps` names those that did.
        predicted_seconds: What the predicted ones took in the build without cache, added up (a rehearsal: would take).
        seconds: What the observed ones really took, added up; `wall` the whole build as its client saw it.
        held: Whether every certain prediction of this build was right; `problem` what was not, or why it failed.
        failed: Whether the build failed.
    """

    predicted: int
    observed: int
    predicted_seconds: float = 0.0
    seconds: float = 0.0
    wall: float = 0.0
    steps: tuple[str, ...] = ()
    held: bool = True
    problem: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One edit on both sides. `weight` is its share of all edits, 0 for a control; None: that build was not made."""

    kind: RowKind
    label: str
    weight: float
    a: EditRun | None = None
    b: EditRun | None = None


@dataclass(frozen=True, slots=True)
class ProofSide:
    """One of the two Dockerfiles.

    Attributes:
        title: Its name, for people.
        digest: Of its text.
        seconds: What its steps took without any cache, added up.
        error: Why it could not be built, "" if it could.
    """

    title: str
    digest: str = ""
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class ProofReport:
    """What a proof found.

    Attributes:
        rehearsal: Stand-ins instead of bases and commands: order and cache behaviour are shown, contents are not.
        engine: Name and version, for people.
        started: Seconds since the epoch.
        mix: Where the edits and their weights come from.
        image: How the images compare, None if they were not. In a rehearsal only their configurations.
        rows: The edits of the mix, then the controls.
        notes: What was done to the builds or cannot be shown, in sentences.
        error: Why it ended early, "" if it did not.
    """

    rehearsal: bool
    engine: str
    started: float
    a: ProofSide
    b: ProofSide
    mix: str = ""
    image: ImageDiff | None = None
    rows: tuple[ProofRow, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    cancelled: bool = False
    times: Times = Times.MEASURED

    @property
    def same(self) -> bool | None:
        """Whether both make the same image; None if nobody can say (no comparison, or a rehearsal without a
        difference)."""
        if self.image is None:
            return None
        if not self.image.same:
            return False
        return None if self.rehearsal else True

    def expected(self, value: Callable[[EditRun], float]) -> tuple[float, float]:
        """A figure of A and of B over the mix, from the edits that both sides built."""
        pairs = list(self._pairs())
        total = sum(row.weight for row, _, _ in pairs) or 1.0
        return (sum(row.weight * value(a) for row, a, _ in pairs) / total,
                sum(row.weight * value(b) for row, _, b in pairs) / total)

    def _pairs(self) -> Iterator[tuple[ProofRow, EditRun, EditRun]]:
        for row in self.rows:
            if row.kind is RowKind.EDIT and row.a is not None and row.b is not None and not (
                    row.a.failed or row.b.failed):
                yield row, row.a, row.b

    @property
    def reruns(self) -> tuple[float, float]:
        """Steps that an edit really ran again, over the mix."""
        return self.expected(lambda run: run.observed)

    @property
    def seconds(self) -> tuple[float, float]:
        """Seconds that these steps took, over the mix."""
        return self.expected(lambda run: run.seconds)

    @property
    def seconds_decide(self) -> bool:
        """Whether the seconds differ by more than the machine's mood."""
        a, b = self.seconds
        return self.times is not Times.NONE and abs(a - b) > max(_SLACK_SECONDS, _SLACK_SHARE * max(a, b))

    @property
    def worse(self) -> bool:
        """Whether B costs more than A over the mix: in seconds where these tell the two apart, else in steps.

        So is a B that fails where A is built.
        """
        if any(row.b is not None and row.b.failed and row.a is not None and not row.a.failed for row in self.rows):
            return True
        a, b = self.seconds if self.seconds_decide else self.reruns
        return b > a + 1e-9

    @property
    def broken_controls(self) -> tuple[str, ...]:
        """What the controls say against the measurement, in sentences; empty if they held."""
        found = []
        for row in self.rows:
            for side, run in (("A", row.a), ("B", row.b)):
                if run is None:
                    continue
                if row.kind is RowKind.NO_EDIT and run.observed:
                    found.append(f"{side} runs {run.observed} steps again although nothing was edited")
                if row.kind is RowKind.MANIFEST and not run.observed and not run.failed:
                    found.append(f"{side} runs nothing again after {row.label}: it would use what is out of date")
        return tuple(found)

    @property
    def unexpected(self) -> tuple[str, ...]:
        """Builds that did not go as predicted, in sentences."""
        return tuple(f"{side}, {row.label}: {run.problem}" for row in self.rows
                     for side, run in (("A", row.a), ("B", row.b)) if run is not None and run.problem)

    @property
    def exit_code(self) -> int:
        """0: same image (or, in a rehearsal, nothing against it) and B costs no more; 1: not so; 2: it could not."""
        if self.b.error and not self.a.error:
            return 1
        if self.error or self.cancelled or self.a.error:
            return 1 if self.same is False else 2
        if self.same is False or self.worse or self.broken_controls:
            return 1
        return 2 if self.image is None or not self.rows else 0

    @property
    def verdict(self) -> str:
        """The sentences that a person wants first."""
        if self.cancelled:
            return "Cancelled: nothing is proven."
        for side, what in ((self.a, "A"), (self.b, "B")):
            if side.error:
                return f"{what} ({side.title}) does not build: {side.error}"
        if self.error:
            return f"Nothing is proven: {self.error}"
        return " ".join(part for part in (self._image_words(), self._cost_words(), self._control_words()) if part)

    def _image_words(self) -> str:
        image = self.image
        if image is None:
            return "The images were not compared."
        if not image.same and self.rehearsal:
            return f"The configurations differ: {image.first}."
        if not image.same:
            more = f" ({image.total:,} differences)" if image.total > 1 else ""
            return f"The images differ{more}: {image.first}."
        if self.rehearsal:
            return "The configurations are the same; a rehearsal says nothing of files."
        apart = "; ".join(f"{count:,} where {reason}" for reason, count in image.excuses.items())
        files = "1 file" if image.files == 1 else f"{image.files:,} files"
        return f"Same image: {files} and the configuration are equal{f' but for {apart}' if apart else ''}."

    def _cost_words(self) -> str:
        if not any(True for _ in self._pairs()):
            return "No edit was tried on both."
        (a, b), (before, after) = self.reruns, self.seconds
        text = f"Over the mix an edit runs {b:.1f} steps again with B, {a:.1f} with A"
        about, close = "an estimated " if self.times is Times.ESTIMATED else "", ""
        if self.seconds_decide:
            text += f", in {about}{after:.1f} s instead of {before:.1f} s"
        elif self.times is not Times.NONE:
            close = f" The seconds ({about}{after:.1f} s with B, {before:.1f} s with A) are too close to tell the two apart."
        decided = (before, after) if self.seconds_decide else (a, b)
        change = (decided[1] - decided[0]) / decided[0] if decided[0] else 0.0
        if abs(decided[1] - decided[0]) < 1e-9:
            return f"{text}: the same.{close}"
        share = f" by {abs(change):.0%}" if decided[0] else ""
        return f"{text}: {'worse' if self.worse else 'better'}{share}.{close}"

    def _control_words(self) -> str:
        broken = self.broken_controls
        return f"A control failed: {broken[0]}." if broken else ""
