"""Which lines does the table of a real build have, while it runs and afterwards, and what is said of one?"""

from __future__ import annotations

from cachesim.app.confirm.state import ConfirmState, Stage
from cachesim.cache.key import part_name
from cachesim.confirm.match import IMAGES_GONE, BuildComparison, StepComparison, Verdict, is_from, run_command
from cachesim.confirm.observed import VertexStatus
from cachesim.confirm.session import Phase
from cachesim.context.snapshot import size_text
from cachesim.engines.base import status_of
from cachesim.simulate.report import SimulationReport

__all__ = ["explanation", "report_text", "rows_of", "rows_of_phase", "totals"]


def rows_of(build: BuildComparison, *, own_lines: bool = False) -> tuple[StepComparison, ...]:
    """Lines of a build that is over; `own_lines` unfolds what the engine does for itself."""
    return tuple(step for step in build.steps if own_lines or not _folded(step))


def _folded(step: StepComparison) -> bool:
    """What is of no interest at first: internal lines, and steps that the engine has none for."""
    return step.internal or (not step.observed and not step.verdict.counts and not step.note.startswith("a linked"))


def rows_of_phase(phase: Phase) -> tuple[StepComparison, ...]:
    """Lines of the build that runs now: what was predicted, and how far each is."""
    if phase.report is None:
        return ()
    seen = {vertex.name: vertex for vertex in phase.observed.vertices}
    rows = []
    for step in phase.report.steps:
        for line in step.vertices:
            vertex = seen.get(line.name)
            status = vertex.status if vertex is not None else VertexStatus.WAITING
            predicted = status_of(line.outcome if line.certain else step.likely)
            took, log = (vertex.seconds, vertex.log) if vertex is not None else (0.0, "")
            rows.append(StepComparison(step.id, step.step.line, line.name, predicted, line.certain, status.value,
                                       Verdict.OPEN, took, step.cause, log=log))
    return tuple(rows)


def explanation(row: StepComparison, report: SimulationReport | None) -> str:
    """Everything there is to say of one line; for a difference also the key parts and the rule that was used."""
    parts = [row.name]
    if row.verdict is not Verdict.OPEN:
        parts.append(f"Predicted {row.predicted or 'nothing'}{'' if row.certain else ' (not certain)'}, "
                     f"the engine says {row.observed or 'nothing'}: {row.verdict.value}.")
    known = row.note == f"predicted {row.predicted}, the engine says {row.observed}"      # the line above says it
    parts += [text for text in ("" if known else row.note[:1].upper() + row.note[1:],
                                f"Why it was predicted: {row.cause}" if row.cause else "") if text]
    step = report.find(row.step) if report is not None else None
    if row.differs and step is not None:
        parts.append(f"Rule used: {step.rule or 'none named'}")
        for change in step.changes:
            parts.append(f"  {change.label or change.kind.value}: {change.old or '–'} → {change.new or '–'}")
        if step.key is not None and not step.changes:
            parts += [f"  {part_name(part.kind, part.label)}: {part.value}" for part in step.key.parts if part.value]
    if row.size is not None:
        parts.append(f"Its layer holds {size_text(row.size)}.")
    if row.image:
        kept = f"It is on the engine: {run_command(row.image)}" if row.image_kept else IMAGES_GONE
        parts.append(f"Image after this step: {row.image}. {kept}")
    return "\n".join(parts)


def totals(build: BuildComparison) -> str:
    """What the build took, and what it would take with everything cached."""
    ran = sum(s.seconds for s in build.steps if s.observed == VertexStatus.RAN.value and not s.internal
              and not is_from(s.name))
    spans = sorted((start, end) for v in build.observed.vertices if v.status is VertexStatus.RAN
                   for start, end in v.intervals if end is not None and not v.name.startswith("[internal]"))
    busy, reached = 0.0, float("-inf")
    for start, end in spans:
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    whole = build.observed.seconds
    return (f"{whole:.1f} s in all, {ran:.1f} s of work in steps that ran; with everything cached about "
            f"{max(0.0, whole - busy):.1f} s")


def report_text(state: ConfirmState) -> str:
    """A report to paste somewhere: engine, totals, and every line that is not simply right."""
    result = state.result
    if result is None or state.stage is not Stage.DONE:
        return ""
    lines = [f"cachesim confirmation, mode {result.mode.value}", result.engine, result.verdict]
    lines += [f"note: {note}" for note in result.notes]
    for number, build in enumerate(result.builds):
        lines += ["", f"{build.label}: {totals(build)}"]
        report = state.reports[number] if number < len(state.reports) else None
        for row in rows_of(build):
            mark = "≠" if row.differs else " "
            lines.append(f"{mark} {row.name}: predicted {row.predicted or '–'}, observed {row.observed or '–'}"
                         + (f" ({row.verdict.value})" if row.verdict is not Verdict.RIGHT else ""))
            if row.differs:
                lines += [f"    {line}" for line in explanation(row, report).splitlines()[1:]]
        if build.problem:
            lines.append(f"not as predicted: {build.problem}")
    return "\n".join(lines) + "\n"
