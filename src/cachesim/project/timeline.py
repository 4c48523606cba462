"""Which builds were (simulated to be) made, and what did the cache hold after each?"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.engines.base import RunClaim
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

__all__ = ["CLAIMED", "Past", "Timeline", "TimelineEntry"]

CLAIMED = "state what a RUN does"      # how a change is called that only says what a person knows


class Past(enum.Enum):
    """Why a cache may hold nothing for a build."""

    NOTHING = "nothing was built yet"
    EMPTIED = "builds were made, and their cache is gone"
    BUILT = "builds were made"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One build that happened.

    Attributes:
        id: Never reused in a timeline.
        parent: The entry whose cache it started from; None for the first of a branch.
        label: What the person did, in words ("edit src/app.py"); can be renamed.
        state: What was built.
        report: What the build did.
        store: The cache after it.
        made_on: Identities of the engines that were seen to make it for real; empty if it was only simulated.
    """

    id: int
    parent: int | None
    label: str
    state: ProjectState
    report: SimulationReport
    store: CacheStore
    made_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A tree of builds; `current` is the entry whose cache the next prediction uses (None: an empty cache).

    `origin` says in words what the cache started with ("a build of HEAD", "nothing", …).
    """

    entries: tuple[TimelineEntry, ...] = ()
    current: int | None = None
    origin: str = "nothing was built yet"

    def entry(self, entry_id: int) -> TimelineEntry:
        """The entry of that id; KeyError if there is none."""
        for entry in self.entries:
            if entry.id == entry_id:
                return entry
        raise KeyError(entry_id)

    def number(self, entry_id: int) -> int:
        """Which build it is, counted from 1 as the timeline shows them."""
        return next(number for number, entry in enumerate(self.entries, 1) if entry.id == entry_id)

    @property
    def store(self) -> CacheStore:
        """The cache that the next build meets."""
        return EMPTY_STORE if self.current is None else self.entry(self.current).store

    @property
    def last(self) -> SimulationReport | None:
        """What the build did that the cache comes from."""
        return self.entry(self.current).report if self.current is not None else None

    @property
    def past(self) -> Past:
        """What became of the builds so far."""
        if not self.entries:
            return Past.NOTHING
        return Past.EMPTIED if self.current is None else Past.BUILT

    def path(self, entry_id: int | None = None) -> tuple[TimelineEntry, ...]:
        """The builds that lead to an entry (default: the current one), oldest first."""
        found: list[TimelineEntry] = []
        at = self.current if entry_id is None else entry_id
        while at is not None:
            found.append(self.entry(at))
            at = found[-1].parent
        return tuple(reversed(found))

    def neighbour(self, step: int) -> int | None:
        """The entry before (-1) or after (1) the current one; after it, the newest branch counts."""
        if step < 0:
            return self.entry(self.current).parent if self.current is not None else None
        after = [entry.id for entry in self.entries if entry.parent == self.current]
        return after[-1] if after else None

    def with_build(self, label: str, state: ProjectState, report: SimulationReport, store: CacheStore) -> Timeline:
        """Add a build after the current entry and move there; a build after an earlier entry starts a branch."""
        new = TimelineEntry(max((e.id for e in self.entries), default=0) + 1, self.current, label, state, report, store)
        return replace(self, entries=(*self.entries, new), current=new.id)

    def with_entry(self, entry: TimelineEntry) -> Timeline:
        """Put a build back that was taken out, and move there."""
        others = tuple(e for e in self.entries if e.id != entry.id)
        return replace(self, entries=tuple(sorted((*others, entry), key=lambda e: e.id)), current=entry.id)

    def made_for_real(self, engine: str, state: ProjectState, label: str = "built for real") -> Timeline:
        """Note that an engine was seen to make a build: the current entry, if it built that state, else a new one."""
        timeline = self
        if timeline.current is None or timeline.entry(timeline.current).state != state:
            timeline = timeline.with_build(label, state, *simulate(state.request(label), timeline.store))
        return replace(timeline, entries=tuple(
            replace(e, made_on=tuple(dict.fromkeys((*e.made_on, engine)))) if e.id == timeline.current else e
            for e in timeline.entries))

    def seen_on(self, engine: str) -> tuple[ProjectState, ...]:
        """What that engine was seen to build on the way to the current entry, oldest first."""
        return tuple(entry.state for entry in self.path() if engine in entry.made_on)

    def at(self, entry_id: int | None) -> Timeline:
        """Move to another entry (None: before the first build)."""
        if entry_id is not None:
            self.entry(entry_id)
        return replace(self, current=entry_id)

    def renamed(self, entry_id: int, label: str) -> Timeline:
        """Give an entry another label."""
        return replace(self, entries=tuple(replace(e, label=label) if e.id == entry_id else e for e in self.entries))

    def with_claims(self, claims: tuple[RunClaim, ...]) -> Timeline:
        """The same builds, made anew with other statements about RUNs."""
        return self._anew(lambda entry: replace(entry, state=replace(entry.state, claims=claims)))

    def made_by(self, engine: EngineKind, store: ImageStore, known: Timeline | None = None) -> Timeline:
        """The same builds as if that builder had made them all; itself if it did.

        Each builder keeps a cache of its own, so the builds of another one say nothing about what it would run.

        Args:
            known: A timeline of that builder: a build that it holds is taken from there, with who was seen to make it.
        """
        if all((e.state.engine, e.state.store) == (engine, store) for e in self.entries):
            return self
        seen = {e.id: e for e in known.entries} if known is not None else {}
        return self._anew(lambda entry: replace(entry, state=replace(entry.state, engine=engine, store=store), made_on=()), seen)

    def _anew(self, other: Callable[[TimelineEntry], TimelineEntry], seen: Mapping[int, TimelineEntry] = MappingProxyType({}),
              ) -> Timeline:
        """Make each build again in another way; one that was seen with the same parents is taken as it is."""
        entries: dict[int, TimelineEntry] = {}
        taken: set[int | None] = {None}
        for entry in map(other, self.entries):
            there = seen.get(entry.id)
            if there is not None and entry.parent in taken and (there.parent, there.state) == (entry.parent, entry.state):
                entries[entry.id] = replace(there, label=entry.label)
                taken.add(entry.id)
                continue
            before = entries[entry.parent].store if entry.parent in entries else EMPTY_STORE
            report, store = simulate(entry.state.request(entry.label), before)
            entries[entry.id] = replace(entry, report=report, store=store)
        return replace(self, entries=tuple(entries.values()))

    def without(self, entry_id: int) -> Timeline:
        """Drop an entry and everything built after it; the current entry moves to its parent if it was among them."""
        gone, parent = {entry_id}, self.entry(entry_id).parent
        for entry in self.entries:
            if entry.parent in gone:
                gone.add(entry.id)
        current = parent if self.current in gone else self.current
        return replace(self, entries=tuple(e for e in self.entries if e.id not in gone), current=current)
