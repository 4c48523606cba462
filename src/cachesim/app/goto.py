"""Where can a person jump to? Steps, stages and files of the context as choices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cachesim.app.palette_dialog import Choice
from cachesim.app.theme import icon, look_of_step, word_of
from cachesim.app.verdict.sentences import one_line
from cachesim.app.workbench import Workbench
from cachesim.context.snapshot import FileKind

__all__ = ["places"]


def places(bench: Workbench, show_file: Callable[[str], object]) -> list[Choice]:
    """Every step with its verdict, every stage, every file."""
    report, found = bench.report, list[Choice]()
    for step in report.steps if report is not None else ():
        look = look_of_step(step, bench.look)
        found.append(Choice(f"{step.step.line}  {one_line(step.step.instruction.text, 80)}", word_of(step),
                            partial(bench.activate, step.id), icon(look.icon, look.strong)))
    for stage in report.graph.stages if report is not None else ():
        found.append(Choice(f"stage {stage.label}", f"line {stage.steps[0].line}",
                            partial(bench.activate, stage.steps[0].id), icon("layers", bench.look.accent)))
    for path, entry in bench.state.context.walk():
        if entry.kind is not FileKind.DIR:
            found.append(Choice(path, f"{entry.size:,} B", partial(show_file, path), icon("file", bench.look.muted)))
    return found
