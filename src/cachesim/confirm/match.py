"""Which predictions held when the real build was made, and which did not?"""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cachesim.confirm.observed import ObservedBuild, ObservedVertex, VertexStatus
from cachesim.confirm.trouble import REHEARSAL_HELPS, explain_trouble
from cachesim.engines.base import Outcome, status_of
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["IMAGES_GONE", "BuildComparison", "Confirmation", "Mode", "StepComparison", "Verdict", "compare",
           "is_from", "is_internal", "plain_name", "run_command", "tally"]


class Mode(enum.Enum):
    """How a confirmation is made; the value is the word on the command line."""

    ISOLATED = "isolated"
    LIVE = "live"
    NO_CACHE = "no-cache"
    REHEARSAL = "rehearsal"


class Verdict(enum.Enum):
    """What the real build says of one prediction; the value is the word in tables."""

    RIGHT = "right"
    WRONG = "wrong"
    UNCERTAIN_RIGHT = "guessed right"
    UNCERTAIN_WRONG = "guessed wrong"
    KNOWN_EARLIER = "known earlier"         # live: it was to run, but the engine knew it
    ASSUMED_EARLIER = "assumed earlier"     # live: it was to be cached by a build that the engine was not seen to make
    NOT_COMPARED = "not compared"
    OPEN = "open"               # the build still runs

    @property
    def counts(self) -> bool:
        """Whether it is a prediction that held or did not."""
        return self not in (Verdict.NOT_COMPARED, Verdict.KNOWN_EARLIER, Verdict.ASSUMED_EARLIER, Verdict.OPEN)

    @property
    def held(self) -> bool:
        return self in (Verdict.RIGHT, Verdict.UNCERTAIN_RIGHT)


@dataclass(frozen=True, slots=True)
class StepComparison:
    """One line of the table.

    Attributes:
        step: The step it belongs to; None for lines that belong to no instruction.
        line: Its source line, 0 without a step.
        name: As predicted (as observed where nothing was predicted).
        predicted: "cached", "run", another outcome's word, or "" where nothing was predicted.
        observed: The engine's word, or "" where it said nothing.
        cause: Why the prediction says so.
        note: What there is to explain.
        key: Digest of the step's key: what was measured is remembered under it.
        log: End of its output.
        image: Short id of the image that the classic builder had after it, "" if none.
        image_kept: Whether that image was left on the engine when the confirmation ended (see `run_command`).
        size: Bytes of the layer that it made; None if they were not measured.
    """

    step: StepId | None
    line: int
    name: str
    predicted: str
    certain: bool
    observed: str
    verdict: Verdict
    seconds: float = 0.0
    cause: str = ""
    note: str = ""
    key: str = ""
    log: str = ""
    internal: bool = False
    image: str = ""
    image_kept: bool = False
    size: int | None = None

    @property
    def differs(self) -> bool:
        """Whether the prediction, certain or not, did not hold."""
        return self.verdict in (Verdict.WRONG, Verdict.UNCERTAIN_WRONG)


IMAGES_GONE = ("Images of steps are left on the engine only by a real build in mode live; the other modes remove "
               "theirs, and those of an opened record may be gone.")


def run_command(image: str) -> str:
    """What a person types to look into the image of a step."""
    return f"docker run --rm -it {image} sh"


@dataclass(frozen=True, slots=True)
class BuildComparison:
    """One build of a confirmation.

    Attributes:
        problem: Why the build as a whole did not go as predicted (or could not be made), "" if it did.
        could_not_run: The engine failed at something that no prediction speaks of (a pull, its connection, its disk).
        predicted_error, observed_error: Why it fails, "" if it does not.
    """

    label: str
    steps: tuple[StepComparison, ...]
    observed: ObservedBuild
    predicted_error: str = ""
    observed_error: str = ""
    problem: str = ""
    could_not_run: bool = False

    def count(self, *verdicts: Verdict) -> int:
        """How many lines have one of these verdicts."""
        return sum(step.verdict in verdicts for step in self.steps)

    @property
    def held(self) -> bool:
        """Whether no certain prediction was wrong."""
        return not self.problem and not self.count(Verdict.WRONG)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a confirmation found.

    Attributes:
        engine: Name and version, for people.
        started: Seconds since the epoch.
        notes: What was done to the build or cannot be shown, in sentences.
        error: Why it ended early, "" if it did not.
        record: Path of its file, "" if none was written.
    """

    mode: Mode
    engine: str
    started: float
    builds: tuple[BuildComparison, ...]
    notes: tuple[str, ...] = ()
    error: str = ""
    cancelled: bool = False
    record: str = ""

    def count(self, *verdicts: Verdict) -> int:
        """How many lines of all builds have one of these verdicts."""
        return sum(build.count(*verdicts) for build in self.builds)

    @property
    def compared(self) -> int:
        """How many predictions were put to the test."""
        return sum(step.verdict.counts for build in self.builds for step in build.steps)

    @property
    def held(self) -> int:
        """How many of them were right, guesses included."""
        return sum(step.verdict.held for build in self.builds for step in build.steps)

    @property
    def differences(self) -> Iterator[tuple[BuildComparison, StepComparison]]:
        """Every line whose prediction did not hold."""
        for build in self.builds:
            for step in build.steps:
                if step.differs:
                    yield build, step

    @property
    def could_not_run(self) -> bool:
        return bool(self.error) or self.cancelled or not self.builds or any(b.could_not_run for b in self.builds)

    @property
    def exit_code(self) -> int:
        """0: every certain prediction held; 1: one was wrong; 2: could not run."""
        if any(not b.held for b in self.builds if not b.could_not_run):
            return 1
        return 2 if self.could_not_run else 0

    @property
    def verdict(self) -> str:
        """The one sentence that a person wants."""
        if self.cancelled:
            return "Cancelled: nothing was compared." if not self.compared else f"Cancelled after {self.summary}."
        if self.error:
            return f"{self.error.rstrip('.')}."
        broken = next((b for b in self.builds if b.problem), None)
        if broken is not None and not self.compared:
            return f"{broken.problem[0].upper()}{broken.problem[1:]}."
        return f"{self.summary}; {broken.label}: {broken.problem}" if broken is not None else f"{self.summary}."

    @property
    def rehearsal_helps(self) -> bool:
        """Whether only a base image was missing."""
        return self.could_not_run and any(REHEARSAL_HELPS in said for said in (self.error, *(b.problem for b in self.builds)))

    @property
    def summary(self) -> str:
        """"16 of 17 as predicted", and what else there is to count."""
        known, assumed = self.count(Verdict.KNOWN_EARLIER), self.count(Verdict.ASSUMED_EARLIER)
        aside = [f"{known} known to the engine from an earlier build"] if known else []
        if assumed:
            aside.append(f"{assumed} ran because this engine was never seen to make the build that cachesim assumed")
        if aside and not self.compared:
            return f"Nothing was put to the test yet: {', '.join(aside)}"
        return ", ".join((f"{self.held} of {self.compared} as predicted", *aside))


_FROM = re.compile(r"(\[[^\]]*\] |Step \d+/\d+ : )?FROM |\[context ", re.IGNORECASE)
_INTERNAL = re.compile(r"\[[^\]]*\binternal\] |exporting |importing |resolve image config|\[auth\]|"
                       r"\[context [^\]]+\] load |copy /context /|merging|preparing ")
_RUN_BOUND = re.compile(r"@sha256:[0-9a-f]{64}|(?<=localhost/cachesim/nonce):\S+|(?<=localhost/cachesim/stand-in):\S+")
_CONTEXT_BASE = re.compile(r"\[context [^\]]+\] (?!load )")


def is_from(name: str) -> bool:
    """Whether a name is that of a base image's line; the engine reports these unevenly."""
    return _FROM.match(name) is not None


def is_internal(name: str) -> bool:
    """Whether a line is the engine's own doing (loading, exporting) and belongs to no instruction."""
    return _INTERNAL.match(name) is not None


def plain_name(name: str) -> str:
    """A step name without what differs from run to run: image digests, tags of the app's own images."""
    return _RUN_BOUND.sub("", name)


FROM_NOTE = ("The engine says DONE for a base whose files nobody needed (or that is new) and CACHED for one that was "
             "needed and known: neither is a hit or a miss.")


def compare(report: SimulationReport, observed: ObservedBuild, label: str, *, mode: Mode = Mode.ISOLATED,
            not_isolated: Mapping[str, str] | None = None, assumed: Mapping[str, str] | None = None) -> BuildComparison:
    """Lay a prediction beside what the engine did, step by step, by the names that the engine prints.

    Args:
        not_isolated: Names of lines whose outcome may depend on what this engine built earlier, with the reason; what
            the engine said of them is left out, so that confirming twice gives one table.
        assumed: Names of lines that only an assumed build makes cached, with its label ("" if it is not known).
    """
    table = _Table(report, observed, mode, not_isolated or {}, assumed or {})
    steps = table.fill()
    problem, could_not = _problem(report, observed, table.failed_step)
    return BuildComparison(label, steps, observed, report.error, observed.error, problem, could_not)


class _Table:
    def __init__(self, report: SimulationReport, observed: ObservedBuild, mode: Mode,
                 earlier: Mapping[str, str], assumed: Mapping[str, str]) -> None:
        self._report, self._observed, self._mode, self._earlier = report, observed, mode, earlier
        self._assumed = assumed
        self._failed = observed.exit_code != 0 or bool(observed.error)
        self._left: dict[str, list[ObservedVertex]] = defaultdict(list)
        for vertex in observed.vertices:
            self._left[plain_name(vertex.name)].append(vertex)
        self.failed_step: StepReport | None = None

    def fill(self) -> tuple[StepComparison, ...]:
        lines: list[StepComparison] = []
        for step in self._report.steps:
            if not step.vertices and step.outcome is Outcome.FAILED:
                lines.append(self._line(step, step.name, step.outcome, True, self._take(step.name, "")))
            for vertex in step.vertices:
                lines.append(self._line(step, vertex.name, vertex.outcome if vertex.certain else step.likely,
                                        vertex.certain, self._take(vertex.name, status_of(vertex.outcome))))
            if not step.vertices and step.outcome is not Outcome.FAILED:
                lines.append(_unprinted(step))
        for internal in self._report.internal:
            seen = self._take(internal.name, status_of(internal.outcome))
            if seen is not None:
                lines.append(self._aside(seen, ""))
        for vertices in self._left.values():
            lines += [self._extra(vertex) for vertex in vertices]
        return tuple(lines)

    def _take(self, name: str, status: str) -> ObservedVertex | None:
        """The vertex of that name, rather one with that status; each is given once."""
        found = self._left.get(plain_name(name), [])
        best = next((v for v in found if v.status.value == status), found[0] if found else None)
        if best is not None:
            found.remove(best)
        return best

    def _line(self, step: StepReport, name: str, outcome: Outcome, certain: bool,
              seen: ObservedVertex | None) -> StepComparison:
        predicted = status_of(outcome)
        if seen is not None and predicted == "cached" and self._broken_off(seen):
            seen = replace(seen, cached=True, error="", intervals=())
        verdict, note = self._judge(step, name, predicted, certain, seen)
        said = "" if seen is None or (name in self._earlier and verdict is Verdict.NOT_COMPARED) else seen.status.value
        if seen is not None and seen.status is VertexStatus.FAILED:
            self.failed_step = step
        return StepComparison(
            step.id, step.step.line, name, predicted, certain, said, verdict,
            seen.seconds if seen is not None else 0.0, step.cause, note, step.key.digest if step.key else "",
            seen.log if seen is not None else "", image=seen.image if seen is not None else "")

    def _broken_off(self, seen: ObservedVertex) -> bool:
        """Whether the engine dropped a look-up because what stands on it was found first.

        It is chance whether it prints such a line as CANCELED or CACHED: the step was not made in either case.
        """
        return seen.status is VertexStatus.CANCELLED and not self._failed

    def _judge(self, step: StepReport, name: str, predicted: str, certain: bool,
               seen: ObservedVertex | None) -> tuple[Verdict, str]:
        if is_from(name):
            return Verdict.NOT_COMPARED, FROM_NOTE
        if seen is not None and seen.status is VertexStatus.FAILED:
            return (Verdict.RIGHT, "") if predicted == Outcome.FAILED.value else (Verdict.NOT_COMPARED, seen.error)
        if predicted not in ("cached", "run"):
            return Verdict.NOT_COMPARED, ""
        if seen is None or seen.status not in (VertexStatus.CACHED, VertexStatus.RAN):
            if self._failed or self._observed.exit_code is None:
                return Verdict.NOT_COMPARED, "the build ended before it"
            return Verdict.WRONG if certain else Verdict.UNCERTAIN_WRONG, "the engine reported no step of this name"
        if name in self._earlier:
            return Verdict.NOT_COMPARED, self._earlier[name]
        if seen.status.value == predicted:
            note = "cached: nobody needed it" if step.outcome is Outcome.NOT_NEEDED else ""
            return (Verdict.RIGHT if certain else Verdict.UNCERTAIN_RIGHT), note
        if self._mode is Mode.LIVE and predicted == "run" and seen.status is VertexStatus.CACHED:
            return Verdict.KNOWN_EARLIER, "this engine knew it from an earlier build"
        if name in self._assumed and predicted == "cached":
            return Verdict.ASSUMED_EARLIER, (
                f"it would be cached after {f'“{label}”' if (label := self._assumed[name]) else 'an earlier build'}, which "
                "cachesim assumed and never saw this engine make")
        if not certain:
            return Verdict.UNCERTAIN_WRONG, "what a RUN wrote decided it, and that was not known"
        note = f"predicted {predicted}, the engine says {seen.status.value}"
        if self._mode is Mode.LIVE and predicted == "cached":
            note += ": this engine was seen to make that build, but may have thrown its layers away since"
        return Verdict.WRONG, note

    def _extra(self, seen: ObservedVertex) -> StepComparison:
        if is_from(seen.name):
            loads = seen.name.startswith("[context ") and not _CONTEXT_BASE.match(seen.name)
            return self._aside(seen, "" if loads else FROM_NOTE, internal=loads)
        if _INTERNAL.match(seen.name):
            return self._aside(seen, seen.error)
        if seen.status not in (VertexStatus.CACHED, VertexStatus.RAN):
            return self._aside(seen, seen.error, internal=False)
        return StepComparison(None, 0, seen.name, "", True, seen.status.value, Verdict.WRONG, seen.seconds,
                              note="the engine has a step here that was not predicted", log=seen.log, image=seen.image)

    @staticmethod
    def _aside(seen: ObservedVertex, note: str, internal: bool = True) -> StepComparison:
        return StepComparison(None, 0, seen.name, "", True, seen.status.value, Verdict.NOT_COMPARED, seen.seconds,
                              note=note, log=seen.log, internal=internal, image=seen.image)


def _unprinted(step: StepReport) -> StepComparison:
    note = "the engine has no step for it" if step.outcome is Outcome.CONFIG_ONLY else ""
    return StepComparison(step.id, step.step.line, step.name, step.outcome.value, step.certain, "",
                          Verdict.NOT_COMPARED, cause=step.cause, note=note)


def _problem(report: SimulationReport, observed: ObservedBuild, failed: StepReport | None) -> tuple[str, bool]:
    """What is wrong with the build as a whole, and whether it is none of the prediction's business."""
    if observed.exit_code == 0 and not observed.error:
        return f"a failure was predicted ({report.error}), but it succeeded" if report.error else "", False
    if observed.cancelled:
        return "the build was cancelled", True
    said = "\n".join((observed.error, *observed.notes[-20:]))
    trouble = explain_trouble(said)
    if trouble:
        return trouble, True
    if report.error:
        return "", False
    if failed is not None and not is_from(failed.name):
        return f"line {failed.step.line} failed: {_short(observed.error)}", False
    vertex = observed.failed_vertex
    if vertex is not None:
        return f"{vertex.name} failed: {_short(vertex.error)}", True
    return _short(observed.error), observed.exit_code is None or not observed.vertices


def _short(text: str, limit: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit - 1] + "…"


def tally(comparisons: Iterable[BuildComparison]) -> dict[Verdict, int]:
    """How often each verdict was given."""
    counts = dict.fromkeys(Verdict, 0)
    for build in comparisons:
        for step in build.steps:
            counts[step.verdict] += 1
    return counts
