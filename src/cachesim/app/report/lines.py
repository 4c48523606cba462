"""In which lines and links is something told?

Plain values, no Qt: the panel turns them into text with links, tests read them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Depth", "Kind", "Line", "Link", "Story", "assumed", "counted", "dotted", "elided", "joined", "line", "link_to",
           "short"]


class Depth(enum.IntEnum):
    """How much is told."""

    SENTENCE = 0
    EXPLANATION = 1
    RULE = 2


class Kind(enum.Enum):
    """What sort of line it is."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to a step (`target` is its id), to a context file (its path) or to a command (": what-if")."""

    text: str
    target: StepId | str


@dataclass(frozen=True, slots=True)
class Line:
    """Text and links in a row."""

    pieces: tuple[str | Link, ...]
    kind: Kind = Kind.TEXT

    @property
    def text(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Story:
    """All that can be told; `subject` is what it is about, `sentence` the shortest answer."""

    subject: str
    sentence: str
    explanation: tuple[Line, ...] = ()
    rule: tuple[Line, ...] = ()

    def text(self, depth: Depth = Depth.RULE) -> str:
        """Everything up to a depth as plain text."""
        lines = [self.subject, self.sentence]
        lines += [line.text for line in self.explanation] if depth >= Depth.EXPLANATION else []
        lines += [line.text for line in self.rule] if depth >= Depth.RULE else []
        return "\n".join(line for line in lines if line)


def short(step: StepReport, limit: int = 40) -> str:
    """"Line 11 COPY . ." """
    text = " ".join(step.step.instruction.text.split())
    return f"Line {step.step.line} {elided(text, limit)}"


def elided(text: str, limit: int = 44) -> str:
    """The text with its middle left out where it is too long."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head):]}"


def line(*pieces: str | Link, kind: Kind = Kind.TEXT) -> Line:
    """Put text and links in a row."""
    return Line(tuple(p for p in pieces if p != ""), kind)


def link_to(step: StepReport, limit: int = 40) -> Link:
    """Lead to a step."""
    text = short(step, limit)
    return Link(text[0].lower() + text[1:], step.id)


def joined(items: Iterable[str | Link], between: str = ", ") -> list[str | Link]:
    """Put something between."""
    result: list[str | Link] = []
    for item in items:
        result += [between, item] if result else [item]
    return result


def counted(number: int, noun: str) -> str:
    """"1 step", "2 steps"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def dotted(text: str) -> str:
    """End a sentence."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) or not text else text + "."


def assumed(report: SimulationReport, step: StepReport | None) -> list[Line]:
    """Tell what the report, or one step of it, takes for granted."""
    own = [a for a in report.assumptions if step is None or a.step in (None, step.id)]
    if not own:
        return []
    texts = dict.fromkeys(a.text for a in own)
    return [line("Assumed:", kind=Kind.HEADING), *(line(text, kind=Kind.ITEM) for text in texts)]
