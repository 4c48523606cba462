"""In which words does the graph, and the list that equals it, name a step, its stage and its cause?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cachesim.app.theme import word_of
from cachesim.diagnostics import Diagnostic, Severity
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import BuildGraph, StepId
from cachesim.layout.layered import META
from cachesim.project.measured import Cost, Knowledge, takes
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Beyond", "beyond", "cause_of", "does_parse", "instruction_of", "node_text", "node_words", "sentence_of",
           "stage_name", "stale_caption"]

_RESOLVED = frozenset({"unknown-target", "cycle", "blank-base", "bad-platform", "bad-reference", "expansion", "onbuild",
                       "from-variable", "unknown-stage"})     # found in a file that does parse
_LONGEST = 400      # characters of an instruction that a cell or a tooltip shows


@dataclass(frozen=True, slots=True)
class Beyond:
    """Lanes that lie beyond an edge of the view: in words, why they matter, and the nearest one."""

    text: str = ""
    brief: str = ""
    sentence: str = ""
    nearest: int = META


def beyond(report: SimulationReport | None, stages: Sequence[int]) -> Beyond:
    """What lies out of sight: how many lanes, and how much of it runs."""
    if report is None or not stages:
        return Beyond()
    there = set(stages)
    runs = sum(step.runs for step in report.steps if step.id.stage in there)
    names = [stage_name(report.graph, stage) for stage in stages]
    text = f"1 more: {names[0]}" if len(names) == 1 else f"{len(names)} more lanes"
    said = f", {runs} run{'s' if runs == 1 else ''}" if runs else ""
    return Beyond(text + said, f"+{len(names)}", f"Out of sight: {', '.join(names)}{said}. Click to scroll there", stages[0])


def stage_name(graph: BuildGraph, stage: int) -> str:
    """The name of a lane."""
    return "global ARGs" if stage == META else graph.stages[stage].label


def instruction_of(step: StepReport) -> str:
    """The instruction on one line."""
    text = step.step.instruction.text
    line = " ".join(text[:_LONGEST].split())
    return line + "…" if len(text) > _LONGEST else line


def node_text(text: str) -> tuple[str, str]:
    """Keyword and rest of an instruction as a node shows them: flags come last, where they are cut off first."""
    keyword, *words = text[:_LONGEST].split()
    flags = []
    while words and words[0].startswith("--"):
        flags.append(words.pop(0))
    return keyword.upper(), " ".join([*words, *flags])


def node_words(step: StepReport, lines: Mapping[StepId, int], failing: int | None,
               cost: Cost | None = None) -> tuple[str, ...]:
    """The verdict in words, the wish first, then shorter ones for a narrow node.

    Args:
        lines: Source line per step, to name the cause.
        failing: Line at which the build fails, if it does.
        cost: What it takes: for a step that runs its seconds stand behind the verdict where there is room, and that they
            are not known: a step without a number would look free.
    """
    words = _verdict_words(step, lines, failing)
    if cost is None or not step.runs:
        return words
    takes_words = ("not measured", "time ?") if cost.known is Knowledge.UNKNOWN else (cost.words,)
    if cost.known is Knowledge.UNKNOWN and step.step.instruction.keyword not in ("RUN", "ADD"):
        return words            # what only notes something down for the classic builder takes no time worth a word
    return (*(f"{word} · {told}" for word in words for told in takes_words), *words)


def _verdict_words(step: StepReport, lines: Mapping[StepId, int], failing: int | None) -> tuple[str, ...]:
    word = word_of(step)
    if step.outcome is Outcome.NOT_REACHED and failing is not None:
        return (f"{word}: line {failing} fails", word)
    cause = lines.get(step.cause_step) if step.cause_step is not None else None
    if step.outcome is Outcome.MISS and step.reason is MissReason.PARENT and cause is not None:
        return (word, f"Runs: due to line {cause}")
    if step.outcome is Outcome.MISS and step.reason is MissReason.PART and step.changes:
        return (word, f"Runs: {step.changes[0].what.rsplit('/', 1)[-1]} changed")
    if step.outcome is Outcome.UNDETERMINED and step.reason is not MissReason.NO_FILES:
        likely = "runs" if step.runs else "cached"
        return (f"{word}, likely {likely}", f"Depends, likely {likely}", word)
    return (word,)


def cause_of(step: StepReport) -> str:
    """Why, in one sentence; the engine's own words for a failure."""
    return step.error or step.cause


def sentence_of(step: StepReport, cost: Cost | None = None) -> str:
    """What hovering says: line, instruction, verdict and cause, and what it takes."""
    said = _sentence_of(step)
    if cost is None:
        return said
    return f"{said if said.endswith(('.', '!', '?')) else said + '.'} {takes(step, cost)}"


def _sentence_of(step: StepReport) -> str:
    why, verdict = cause_of(step), word_of(step)
    kind, colon, what = verdict.partition(": ")
    if not why or why == verdict:
        tail = verdict
    elif colon and why.lower().startswith(what.lower()):
        tail = f"{kind}: {why[:1].lower() if what[:1].islower() else why[:1]}{why[1:]}"     # not the same twice
    else:
        tail = f"{verdict}. {why}"
    return f"Line {step.step.line}, {instruction_of(step)} – {tail}"


def does_parse(error: Diagnostic) -> bool:
    """Whether it was found in a file that does parse."""
    return error.code in _RESOLVED


def stale_caption(diagnostics: Sequence[Diagnostic]) -> str:
    """What is shown while the text cannot be built."""
    error = next((d for d in diagnostics if d.severity is Severity.ERROR), None)
    if error is None:
        return "Showing the last state that could be built"
    line = error.span.line
    if does_parse(error):
        return f"Showing the last state that could be built; line {line}: {error.message}"
    return f"Line {line} does not parse; this is the last text that did"
