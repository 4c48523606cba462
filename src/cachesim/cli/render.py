"""How does a prediction look in a terminal?"""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence

from cachesim.engines.base import MissReason, Outcome
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["plural", "report_lines", "short", "table", "totals", "visible", "word_of"]

_WORDS = {
    Outcome.HIT: "cached", Outcome.MISS: "runs", Outcome.UNDETERMINED: "depends", Outcome.CONFIG_ONLY: "config only",
    Outcome.NOT_NEEDED: "cached, not needed", Outcome.UNREACHED: "not in target", Outcome.NOT_REACHED: "not reached",
    Outcome.FAILED: "FAILS"}
_REASONS = {
    MissReason.PART: "runs: changed", MissReason.PARENT: "runs: step above", MissReason.NO_RECORD: "runs: not in cache",
    MissReason.NO_CACHE: "runs: no cache", MissReason.PRUNED: "runs: layer gone"}
_NAME_WIDTH = 56


def word_of(step: StepReport) -> str:
    """The outcome of a step in a word or two."""
    if step.outcome is Outcome.MISS and step.reason is not None:
        return _REASONS[step.reason]
    if step.outcome is Outcome.UNDETERMINED:
        return "depends, likely runs" if step.likely is Outcome.MISS else "depends, likely cached"
    return _WORDS[step.outcome]


def report_lines(report: SimulationReport) -> list[str]:
    """The steps as a table, then what else is to say."""
    rows = [(str(s.step.line), short(s.name), word_of(s), s.error or s.cause) for s in report.steps]
    lines = table(("line", "step", "outcome", "why"), rows) if rows else []
    if report.error:
        lines.append(f"This build fails: {report.error}")
    lines += [f"assumed: {a}" for a in report.assumed]
    return lines


def totals(report: SimulationReport) -> str:
    """All outcomes in one line, most telling first."""
    counts = report.counts()
    order = (Outcome.FAILED, Outcome.MISS, Outcome.UNDETERMINED, Outcome.HIT, Outcome.NOT_NEEDED, Outcome.CONFIG_ONLY,
             Outcome.NOT_REACHED, Outcome.UNREACHED)
    words = {Outcome.MISS: "run", Outcome.UNDETERMINED: "depend on a RUN", Outcome.FAILED: "fails"}
    return ", ".join(f"{counts[o]} {words.get(o, _WORDS[o])}" for o in order if o in counts) or "no steps"


def plural(count: int, noun: str) -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "es" if noun.endswith(("s", "x", "ch")) else "s")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns of equal width; the last one wraps at the width of the terminal, and is never cut."""
    body = [[visible(cell) for cell in row] for row in rows]
    widths = [max(_width(row[i]) for row in [list(head), *body]) for i in range(len(head) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max(30, (shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 10_000) - indent)
    lines: list[str] = []
    for row in [list(head), *body]:
        first, *rest = _wrapped(row[-1], room)
        padded = "".join(_padded(cell, width) + "  " for cell, width in zip(row, widths, strict=False))
        lines.append((padded + first).rstrip())
        lines += [" " * indent + line for line in rest]
    return lines


def visible(text: str) -> str:
    """A text with its control characters written out: a file may have any name, and a terminal obeys some of them."""
    return text if text.isprintable() else "".join(
        char if char.isprintable() or "\ud800" <= char <= "\udfff" else
        repr(char)[1:-1] for char in text)


def short(text: str) -> str:
    line = visible(text.replace("\n", " "))
    return line if len(line) <= _NAME_WIDTH else line[:_NAME_WIDTH - 1] + "…"


def _wrapped(text: str, room: int) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        if line and _width(line) + 1 + _width(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
