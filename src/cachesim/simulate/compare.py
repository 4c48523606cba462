"""What differs between two builds, step by step?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cachesim.cache.key import CacheKey, KeyPart, PartChange, PartKind, changed_parts
from cachesim.engines.base import Outcome
from cachesim.graph.options import EngineKind
from cachesim.simulate.report import SimulationReport, StepReport
from cachesim.simulate.two_engines import EngineRule, difference

__all__ = ["ReportComparison", "StepPair", "compare"]


@dataclass(frozen=True, slots=True)
class StepPair:
    """One instruction in both builds; one side is None where the other build lacks it.

    `changes` are the key parts that differ, from a to b. Keys of two engines cannot be compared: there `rule` says what
    makes the difference, or is None where they agree.
    """

    a: StepReport | None
    b: StepReport | None
    changes: tuple[PartChange, ...] = ()
    two_engines: bool = False
    rule: EngineRule | None = None

    @property
    def is_step(self) -> bool:
        """Whether it is counted where steps are (`SimulationReport.steps_of_target`), in one of the two at least."""
        return any(s is not None and s.outcome not in (Outcome.CONFIG_ONLY, Outcome.UNREACHED) for s in (self.a, self.b))

    @property
    def differs(self) -> bool:
        """Whether instruction, key, outcome or its reason is not the same in both."""
        if self.two_engines:
            return self.a is None or self.b is None or self.rule is not None
        return (self.a is None or self.b is None or bool(self.changes) or self.a.outcome is not self.b.outcome
                or self.a.reason is not self.b.reason or self.a.step.instruction.text != self.b.step.instruction.text)


@dataclass(frozen=True, slots=True)
class ReportComparison:
    """Two builds side by side; `pairs` follow b's order, what only a has stands where it was.

    Attributes:
        names: What a and b are called where no timeline tells.
    """

    a: SimulationReport
    b: SimulationReport
    pairs: tuple[StepPair, ...]
    names: tuple[str, str] = ("", "")

    @property
    def differing(self) -> int:
        """Number of steps that differ."""
        return sum(pair.differs and pair.is_step for pair in self.pairs)

    @property
    def steps(self) -> int:
        """Number of steps that are in one of the two."""
        return sum(pair.is_step for pair in self.pairs)

    def totals(self) -> tuple[tuple[Outcome, int, int], ...]:
        """Each outcome that occurs, with its number of steps in a and in b."""
        a, b = self.a.counts(), self.b.counts()
        return tuple((o, a.get(o, 0), b.get(o, 0)) for o in Outcome if o in a or o in b)


def compare(a: SimulationReport, b: SimulationReport) -> ReportComparison:
    """Put two builds side by side, aligned by instruction: an edited line stands beside its older self."""
    if a.engine is b.engine:
        return ReportComparison(a, b, tuple(_pair(left, right) for left, right in _aligned(a, b)))
    swapped = a.engine is EngineKind.CLASSIC
    return ReportComparison(a, b, tuple(
        StepPair(left, right, (), True, difference(*((right, left) if swapped else (left, right))))
        for left, right in _aligned(a, b)))


def _pair(a: StepReport | None, b: StepReport | None) -> StepPair:
    if a is None or b is None or a.key is None or b.key is None:
        return StepPair(a, b)
    changes = [c for c in changed_parts(a.key, b.key) if c.kind is not PartKind.FILE]
    files = _files(a, b)
    if files:       # they say the same in a person's words
        changes = [c for c in changes if c.kind is not PartKind.CONTENT]
    return StepPair(a, b, (*files, *changes))


def _files(a: StepReport, b: StepReport) -> tuple[PartChange, ...]:
    """The files that differ, where one of the two was explained against the other's content."""
    if _content(b.cached_key) == _content(a.key):
        return tuple(c for c in b.changes if c.kind is PartKind.FILE)
    if _content(a.cached_key) == _content(b.key):
        return tuple(c._replace(old=c.new, new=c.old) for c in a.changes if c.kind is PartKind.FILE)
    return ()


def _content(key: CacheKey | None) -> tuple[KeyPart, ...]:
    return tuple(p for p in key.parts if p.kind is PartKind.CONTENT) if key is not None else ()


def _aligned(a: SimulationReport, b: SimulationReport) -> Iterator[tuple[StepReport | None, StepReport | None]]:
    """Match equal lines first, then lines of the same keyword inside each gap."""
    for left, right, equal in _blocks(a.steps, b.steps, _lines(a), _lines(b)):
        if equal:
            yield from zip(left, right, strict=True)
            continue
        loose_a, loose_b = [s.step.instruction.keyword for s in left], [s.step.instruction.keyword for s in right]
        for old, new, same in _blocks(left, right, loose_a, loose_b):
            if same:
                yield from zip(old, new, strict=True)
            else:
                yield from ((step, None) for step in old)
                yield from ((None, step) for step in new)


def _lines(report: SimulationReport) -> list[str]:
    labels = {stage.index: stage.label for stage in report.graph.stages}
    return [f"{labels.get(s.id.stage, '')}\0{s.step.instruction.text}" for s in report.steps]


def _blocks(a: Sequence[StepReport], b: Sequence[StepReport], a_lines: Sequence[str],
            b_lines: Sequence[str]) -> Iterator[tuple[Sequence[StepReport], Sequence[StepReport], bool]]:
    matcher = SequenceMatcher(None, a_lines, b_lines, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield a[i1:i2], b[j1:j2], tag == "equal"
