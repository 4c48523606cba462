"""A workbench with a simple engine: in each stage the first COPY has changed, and all below it runs again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.workbench import Workbench
from cachesim.cache.store import CacheStore
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, regular_file
from cachesim.digest import digest_of_bytes
from cachesim.engines.base import BuildRequest, MissReason, Outcome
from cachesim.graph.model import Stage, Step
from cachesim.graph.resolve import resolve
from cachesim.progress import Progress
from cachesim.simulate.report import SimulationReport, StepReport

TEXT = """\
FROM python:3.12 AS base
WORKDIR /srv
# the code
COPY . .
RUN pip install \\
    -r requirements.txt
ENV PORT=80

FROM base
CMD ["python", "app.py"]
"""


def simulate(request: BuildRequest, store: CacheStore, progress: Progress) -> tuple[SimulationReport, CacheStore]:
    graph = resolve(request.dockerfile, request.options, request.bases, request.engine)
    steps = [_verdict(step, Outcome.CONFIG_ONLY, None, "") for step in graph.meta]
    for stage in graph.stages:
        steps += _stage(stage)
    found = (*request.dockerfile.diagnostics, *graph.diagnostics)
    return SimulationReport(graph, tuple(steps), diagnostics=found), store


def _stage(stage: Stage) -> list[StepReport]:
    changed, found = None, []
    for step in stage.steps:
        if step.instruction.keyword in ("ENV", "CMD", "EXPOSE"):
            found.append(_verdict(step, Outcome.CONFIG_ONLY, None, "makes no layer"))
        elif changed is not None:
            found.append(_verdict(step, Outcome.MISS, MissReason.PARENT, f"line {changed.line} changed"))
        elif step.instruction.keyword == "COPY":
            changed = step
            found.append(_verdict(step, Outcome.MISS, MissReason.PART, "src/app.py changed: 1.2 kB -> 1.3 kB"))
        else:
            found.append(_verdict(step, Outcome.HIT, None, "as in build 1"))
    return found


def _verdict(step: Step, outcome: Outcome, reason: MissReason | None, cause: str) -> StepReport:
    return StepReport(step, step.instruction.text, outcome, outcome, reason, cause)


@pytest.fixture
def files() -> ContextSnapshot:
    found = ContextSnapshot(EMPTY_DIR)
    for path in ("src/app.py", "src/web/index.html", "requirements.txt"):
        found = found.with_entry(path, regular_file(digest_of_bytes(path.encode()), 1234))
    return found


@pytest.fixture
def workbench(qtbot: QtBot, files: ContextSnapshot) -> Iterator[Workbench]:
    found = Workbench(simulate=simulate)
    found.prediction.seconds = 0.0        # at once, in the same turn of the event loop
    found.edit_context(files, "files")
    yield found
    found.shutdown()


@pytest.fixture
def editor(qtbot: QtBot, workbench: Workbench) -> Iterator[CodeEditor]:
    found = CodeEditor(workbench)
    qtbot.addWidget(found)
    found.resize(700, 420)
    with qtbot.waitActive(found):
        found.show()
        found.activateWindow()
    found.setFocus()
    workbench.show_state(replace(workbench.state, text=TEXT))
    workbench.project_opened.emit(None)
    qtbot.waitUntil(lambda: not workbench.prediction.pending)
    yield found
    found.close()
