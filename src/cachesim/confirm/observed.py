"""What did the real engine do, step by step, as far as it has said so?"""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

__all__ = ["LOG_TAIL", "LogChunk", "ObservedBuild", "ObservedVertex", "Observation", "Update", "VertexStatus"]

LOG_TAIL = 64 * 1024
"""Characters of log that are kept per vertex; everything is in the record's raw stream."""

_NOTES = 200
_NOTE_WIDTH = 2000


class VertexStatus(enum.Enum):
    """What the engine says of one vertex; the value is its word in tables."""

    WAITING = "waiting"
    RUNNING = "running"
    CACHED = "cached"
    RAN = "run"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will come."""
        return self not in (VertexStatus.WAITING, VertexStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class ObservedVertex:
    """One line of the engine's progress.

    Attributes:
        intervals: Spans of work in seconds since the epoch, oldest first; the last end is None while it works. The
            engine opens a first short one for the key.
        log: The last `LOG_TAIL` characters of output; `log_size` counts all of them.
        group: Id of the progress group (a linked copy and its merge share one), "" if none.
        image: Short id of the image that the step ended with; only the classic builder makes one a step.
    """

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    intervals: tuple[tuple[float, float | None], ...] = ()
    cached: bool = False
    error: str = ""
    log: str = ""
    log_size: int = 0
    group: str = ""
    current: int = 0
    total: int = 0
    image: str = ""

    @property
    def status(self) -> VertexStatus:
        if self.error:
            canceled = self.error.endswith("context canceled") or "context canceled: context canceled" in self.error
            return VertexStatus.CANCELLED if canceled else VertexStatus.FAILED
        if self.cached:
            return VertexStatus.CACHED
        if not self.intervals:
            return VertexStatus.WAITING
        return VertexStatus.RUNNING if self.intervals[-1][1] is None else VertexStatus.RAN

    @property
    def started(self) -> float | None:
        """When it first started, or None."""
        return self.intervals[0][0] if self.intervals else None

    @property
    def completed(self) -> float | None:
        """When it last ended, or None."""
        return self.intervals[-1][1] if self.intervals else None

    @property
    def seconds(self) -> float:
        """How long it worked, overlapping spans counted once."""
        total, reached = 0.0, float("-inf")
        for start, end in sorted((s, e) for s, e in self.intervals if e is not None):
            total += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        return total


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a vertex's output."""

    vertex: str
    text: str
    error_stream: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """What one line of the stream said: vertices (only what it says of them), output, bytes done, or a note.

    `progress` is (vertex, current, total). A `note` is text of the client itself: warnings, the final error, lines that
    are not part of the protocol.
    """

    vertices: tuple[ObservedVertex, ...] = ()
    logs: tuple[LogChunk, ...] = ()
    progress: tuple[tuple[str, int, int], ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedBuild:
    """One real build. `error` is the engine's final sentence, "" if it succeeded or has not ended.

    Attributes:
        vertices: In the order in which the engine first named them.
        exit_code: Of the client; None while it runs or if it was killed.
        notes: The last lines that were not part of the protocol.
        seconds: From start to end as the client saw it; 0 while it runs.
    """

    vertices: tuple[ObservedVertex, ...] = ()
    exit_code: int | None = None
    error: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    cancelled: bool = False

    @property
    def failed_vertex(self) -> ObservedVertex | None:
        """The vertex that made the build fail."""
        return next((v for v in self.vertices if v.status is VertexStatus.FAILED), None)

    @property
    def span(self) -> tuple[float, float] | None:
        """First start and last end of all vertices; None if nothing has started."""
        starts = [v.started for v in self.vertices if v.started is not None]
        ends = [end for v in self.vertices for _, end in v.intervals if end is not None]
        return (min(starts), max([*ends, *starts])) if starts else None


@dataclass(slots=True)
class _Tail:
    """The last characters of a text that may be endless."""

    parts: list[str] = field(default_factory=list)
    held: int = 0
    size: int = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.held += len(text)
        self.size += len(text)
        if self.held > 2 * LOG_TAIL:
            self.parts = [self.text]
            self.held = len(self.parts[0])

    @property
    def text(self) -> str:
        return "".join(self.parts)[-LOG_TAIL:]


class Observation:
    """Collects updates into an `ObservedBuild`; memory does not grow with the length of logs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()       # the classic builder is read on a worker
        self._vertices: dict[str, ObservedVertex] = {}
        self._tails: dict[str, _Tail] = {}
        self._notes: list[str] = []

    def add(self, updates: Iterable[Update]) -> None:
        """Take what was read."""
        with self._lock:
            for update in updates:
                self._take(update)

    def _take(self, update: Update) -> None:
        for vertex in update.vertices:
            self._vertices[vertex.digest] = _merged(self._vertices.get(vertex.digest), vertex)
        for chunk in update.logs:
            self._tails.setdefault(chunk.vertex, _Tail()).add(chunk.text)
        for digest, current, total in update.progress:
            if digest in self._vertices:
                self._vertices[digest] = replace(self._vertices[digest], current=current, total=total)
        if update.note is not None:
            self._notes.append(update.note[:_NOTE_WIDTH])
            del self._notes[:-_NOTES]

    def snapshot(self) -> ObservedBuild:
        """What is known so far."""
        with self._lock:
            return ObservedBuild(tuple(map(self._with_log, self._vertices.values())), notes=tuple(self._notes))

    def ended(self, exit_code: int | None, seconds: float, cancelled: bool = False, error: str = "") -> ObservedBuild:
        """What is known now that the client has ended."""
        build = self.snapshot()
        if exit_code != 0 and not error:
            error = "the build was cancelled" if cancelled else final_error(build.notes) or _first_error(build)
        return replace(build, exit_code=exit_code, seconds=seconds, cancelled=cancelled, error=error)

    def _with_log(self, vertex: ObservedVertex) -> ObservedVertex:
        tail = self._tails.get(vertex.digest)
        return vertex if tail is None else replace(vertex, log=tail.text, log_size=tail.size)


def _merged(old: ObservedVertex | None, new: ObservedVertex) -> ObservedVertex:
    """Later words win; spans with the same start are one span."""
    if old is None:
        return new
    spans = dict(old.intervals)
    for start, end in new.intervals:
        spans[start] = end if end is not None else spans.get(start)
    return replace(new, name=new.name or old.name, inputs=new.inputs or old.inputs,
                   intervals=tuple(sorted(spans.items())), cached=new.cached or old.cached,
                   error=new.error or old.error, group=new.group or old.group, current=old.current, total=old.total,
                   image=new.image or old.image)


def final_error(notes: Iterable[str]) -> str:
    """The client's last `ERROR:` sentence without its wrappings, "" if it said none."""
    found = ""
    for note in notes:
        if note.startswith(("ERROR: ", "error: ")):
            found = note.split(": ", 1)[1]
    for wrapping in ("failed to build: ", "failed to solve: "):
        found = found.removeprefix(wrapping)
    return found


def _first_error(build: ObservedBuild) -> str:
    failed = build.failed_vertex
    if failed is not None:
        return failed.error
    said = [note for note in build.notes if note.strip()]
    return said[-1] if said else "the client ended without a word"
