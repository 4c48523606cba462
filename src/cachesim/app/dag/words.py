"""In which words does the graph, and the list that equals it, name a step, its stage and its cause?"""

from __future__ import annotations

from collections.abc import Sequence

from cachesim.app.theme import word_of
from cachesim.diagnostics import Diagnostic, Severity
from cachesim.graph.model import BuildGraph
from cachesim.layout.layered import META
from cachesim.simulate.report import StepReport

__all__ = ["cause_of", "instruction_of", "sentence_of", "stage_name", "stale_caption"]

_RESOLVED = frozenset({"unknown-target", "cycle", "blank-base", "bad-platform", "bad-reference", "expansion", "onbuild",
                       "from-variable", "unknown-stage"})     # found in a file that does parse
_LONGEST = 400      # characters of an instruction that a cell or a tooltip shows


def stage_name(graph: BuildGraph, stage: int) -> str:
    """The name of a lane."""
    return "global ARGs" if stage == META else graph.stages[stage].label


def instruction_of(step: StepReport) -> str:
    """The instruction on one line."""
    text = step.step.instruction.text
    line = " ".join(text[:_LONGEST].split())
    return line + "…" if len(text) > _LONGEST else line


def cause_of(step: StepReport) -> str:
    """Why, in one sentence; the engine's own words for a failure."""
    return step.error or step.cause


def sentence_of(step: StepReport) -> str:
    """What hovering says: line, instruction, verdict and cause."""
    why = cause_of(step)
    verdict = word_of(step)
    tail = f"{verdict}. {why}" if why and why != verdict else verdict
    return f"Line {step.step.line}, {instruction_of(step)}: {tail}"


def stale_caption(diagnostics: Sequence[Diagnostic]) -> str:
    """What is shown while the text cannot be built."""
    error = next((d for d in diagnostics if d.severity is Severity.ERROR), None)
    if error is None:
        return "Showing the last state that could be built"
    line = error.span.line
    if error.code in _RESOLVED:
        return f"Showing the last state that could be built; line {line}: {error.message}"
    shown = "the last good state" if line <= 1 else "line 1" if line == 2 else f"line 1-{line - 1}"
    return f"Showing {shown}; line {line} does not parse"
