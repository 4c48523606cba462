"""What does one build say in a strip: how many steps have which outcome, and where is the first miss?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cachesim.app.dag.words import does_parse
from cachesim.app.report.overview import ONLY_DESCRIBES, failure_of
from cachesim.diagnostics import Diagnostic, Severity
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId
from cachesim.project.timeline import Past
from cachesim.simulate.report import SimulationReport, StepReport
from cachesim.simulate.unread import UNREAD

__all__ = ["Count", "brief_sentence", "counts_of", "entry_brief", "entry_summary", "first_miss_sentence", "needs_files",
           "preview_sentence", "stale_sentence"]


@dataclass(frozen=True, slots=True)
class Count:
    """How many steps look the same; `first` is the first of them in file order, which stands in `line`."""

    outcome: Outcome
    reason: MissReason | None
    number: int
    first: StepId
    line: int
    word: str


_WORDS: Mapping[tuple[Outcome, MissReason | None], str] = {
    (Outcome.HIT, None): "cached",
    (Outcome.MISS, MissReason.PART): "changed",
    (Outcome.MISS, MissReason.NO_RECORD): "not in cache",
    (Outcome.MISS, MissReason.NO_CACHE): "run, cache off",
    (Outcome.MISS, MissReason.PRUNED): "pruned",
    (Outcome.MISS, MissReason.PARENT): "below it",      # after whatever it is below of
    (Outcome.UNDETERMINED, None): "depend on a RUN",
    (Outcome.UNDETERMINED, MissReason.NO_FILES): "need the files",
    (Outcome.FAILED, None): "failed",
    (Outcome.NOT_REACHED, None): "not reached",
    (Outcome.UNREACHED, None): "not in target",
    (Outcome.CONFIG_ONLY, None): "config only",
}
_SINGULAR = {"depend on a RUN": "depends on a RUN", "need the files": "needs the files", "run, cache off": "runs, cache off"}


def counts_of(report: SimulationReport) -> tuple[Count, ...]:
    """The counts, what runs by itself before what follows from it; steps that nobody needed count as cached."""
    found: dict[tuple[Outcome, MissReason | None], list[StepReport]] = {}
    for step in report.steps:
        outcome = Outcome.HIT if step.outcome is Outcome.NOT_NEEDED else step.outcome
        reason = (step.reason or MissReason.PART) if outcome is Outcome.MISS else (
            step.reason if step.reason is MissReason.NO_FILES else None)
        found.setdefault((outcome, reason), []).append(step)
    return tuple(Count(*kind, len(steps), steps[0].id, steps[0].step.line,
                       _SINGULAR.get(word, word) if len(steps) == 1 else word)
                 for kind, word in _WORDS.items() if (steps := found.get(kind)))


def first_miss_sentence(report: SimulationReport, past: Past = Past.NOTHING, before: SimulationReport | None = None) -> str:
    """Where the first miss is, or why there is none; `before` is the last build."""
    if report.blank:
        return "Nothing to build yet: start with FROM and an image."
    if report.error:
        return f"This build fails: {failure_of(report)}"
    if needs_files(report):
        return f"{UNREAD}."
    miss = report.first_miss
    if miss is None:
        return ONLY_DESCRIBES if report.only_describes(before) else "Nothing would run."
    if past is not Past.BUILT and all(s.reason is MissReason.NO_RECORD for s in report.misses()) and not report_hits(report):
        return "This is your first build; press What if to change something." if past is Past.NOTHING \
            else "The cache is empty: everything would run."
    return f"first miss: line {miss.step.line}, {one_line(miss.step.instruction.text)}"


def brief_sentence(report: SimulationReport, past: Past = Past.NOTHING, before: SimulationReport | None = None) -> str:
    """The same in three or four words; empty where the sentence itself is as short."""
    if report.blank:
        return "start with FROM"
    if report.error:
        step = report.find(report.error_step)
        return f"fails at line {step.step.line}" if step is not None else ""
    if needs_files(report):
        return "the files are missing"
    miss = report.first_miss
    if miss is None:
        return "only the configuration changes" if report.only_describes(before) else ""
    if past is not Past.BUILT and all(s.reason is MissReason.NO_RECORD for s in report.misses()) and not report_hits(report):
        return "your first build" if past is Past.NOTHING else "the cache is empty"
    return f"first miss: line {miss.step.line}"


def needs_files(report: SimulationReport) -> bool:
    """Whether a verdict is open because the build context is not there."""
    return any(step.reason is MissReason.NO_FILES for step in report.steps)


def report_hits(report: SimulationReport) -> int:
    """How many steps come from the cache."""
    return sum(1 for step in report.steps if step.outcome in (Outcome.HIT, Outcome.NOT_NEEDED))


def entry_summary(report: SimulationReport) -> str:
    """A build of the timeline in two or three numbers ("6 cached, 7 ran, 1 depends"), counted as the verdict strip counts:
    what hangs on the bytes of a RUN is neither, however likely it is. It happened, so it is told as what was."""
    if report.blank:
        return "nothing to build"
    if report.error:
        return "failed"
    hits = report_hits(report)
    return ", ".join(([f"{hits} cached"] if hits else []) + _but_cached(report)) or "nothing to do"


def entry_brief(report: SimulationReport) -> str:
    """The same where there is little room: what came from the cache is left out, and that it was is seen."""
    others = _but_cached(report)
    if report.error or report.blank or not others or not report_hits(report):
        return entry_summary(report)
    return ", ".join([*others, "…"])


def _but_cached(report: SimulationReport) -> list[str]:
    runs = sum(1 for step in report.steps if step.outcome is Outcome.MISS)
    unsure = sum(1 for s in report.steps if s.outcome is Outcome.UNDETERMINED and s.reason is not MissReason.NO_FILES)
    parts = [f"{runs} ran"] if runs else []
    parts += [f"{unsure} {'depends' if unsure == 1 else 'depend'}"] if unsure else []
    return parts + (["files not known"] if needs_files(report) else [])


def stale_sentence(diagnostics: Sequence[Diagnostic], brief: bool = False, terse: bool = False) -> str:
    """Why the build of now is not the one that is shown; the graph says what it shows instead, and where: `terse` leaves that
    to it."""
    error = next((d for d in diagnostics if d.severity is Severity.ERROR), None)
    if error is None:
        return "showing the last good state"
    line = error.span.line
    what = one_line(error.message.removeprefix(f"dockerfile parse error on line {line}: "), 90)
    if does_parse(error):
        return f"line {line} cannot be built" if brief else f"line {line}: {what}"
    if brief or not what:
        return f"line {line} does not parse"
    return what if terse else f"line {line} does not parse: {what}"


def preview_sentence(now: SimulationReport, then: SimulationReport) -> str:
    """What a hanging edit would change ("would save 5 steps")."""
    if then.graph.error is not None or then.error:
        return f"would fail: {then.error or then.graph.error.message if then.graph.error else then.error}"
    saved = sum(1 for _ in now.misses()) - sum(1 for _ in then.misses())
    if saved == 0:
        return "would change nothing in what runs"
    word = "step" if abs(saved) == 1 else "steps"
    return f"would save {saved} {word}" if saved > 0 else f"would run {-saved} more {word}"


def one_line(text: str, limit: int = 60) -> str:
    """The beginning of an instruction, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[:limit - 1].rstrip() + "…"
