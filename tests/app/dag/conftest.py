"""A workbench whose verdicts the test decides: parsing and resolving are real, outcomes are given per line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.cache.key import PartChange, PartKind
from cachesim.cache.store import CacheStore
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, MissReason, Outcome
from cachesim.graph.model import Step, StepId
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.graph.resolve import resolve
from cachesim.progress import Progress
from cachesim.simulate.report import SimulationReport, StepReport
from tests.app.dag.hands import Show, view_of

Verdict = Outcome | MissReason
FOUR_STAGES = """\
# syntax=docker/dockerfile:1
ARG NODE=22
ARG MODE=production

FROM node:22-slim AS deps
WORKDIR /app
COPY package*.json ./
RUN --mount=type=cache,target=/var/cache/npm npm ci

FROM deps AS build
COPY . .
RUN npm run build
RUN npm prune --omit=dev

FROM build AS docs
RUN npm run docs
RUN npm run check-links

FROM node:22-slim AS runtime
ENV NODE_ENV=production
WORKDIR /srv
COPY --from=deps /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN --mount=from=build,target=/b,source=/app cp /b/LICENSE .
COPY --from=ghcr.io/astral-sh/uv:0.4 /uv /bin/uv
CMD ["node", "dist/server.js"]
"""
FOUR_VERDICTS: Mapping[int, Verdict] = {
    11: MissReason.PART, 12: MissReason.PARENT, 13: MissReason.PARENT, 22: Outcome.UNDETERMINED,
    23: MissReason.PARENT, 24: MissReason.PARENT, 20: Outcome.CONFIG_ONLY, 25: MissReason.NO_RECORD}


def report_of(text: str, verdicts: Mapping[int, Verdict] | None = None, target: str = "") -> SimulationReport:
    """The report on a text; lines that are not named hit, or are configuration."""
    parsed = parse(text)
    graph = resolve(parsed, BuildOptions(target=target), {}, EngineKind.BUILDKIT)
    first = next((s for s in (verdicts or {}) if (verdicts or {})[s] is MissReason.PART), None)
    cause = {step.line: step.id for stage in graph.stages for step in stage.steps}.get(first or 0)
    steps = [_verdict(step, True, verdicts or {}, cause) for step in graph.meta]
    steps += [_verdict(step, stage.reachable, verdicts or {}, cause) for stage in graph.stages for step in stage.steps]
    return SimulationReport(graph, tuple(steps), diagnostics=graph.diagnostics)


def _verdict(step: Step, needed: bool, verdicts: Mapping[int, Verdict], cause: StepId | None) -> StepReport:
    given = verdicts.get(step.line)
    config = step.instruction.keyword in ("ARG", "ENV", "CMD", "LABEL", "EXPOSE", "ENTRYPOINT", "USER")
    outcome = given if isinstance(given, Outcome) else Outcome.MISS if given is not None else (
        Outcome.CONFIG_ONLY if config else Outcome.HIT)
    if not needed:
        return StepReport(step, step.instruction.text, Outcome.UNREACHED, Outcome.UNREACHED)
    reason = given if isinstance(given, MissReason) else None
    if reason is MissReason.PART:
        return StepReport(step, step.instruction.text, outcome, outcome, reason, "src/app.ts changed: 1.2 kB -> 1.3 kB",
                          step.id, changes=(PartChange(PartKind.FILE, "src/app.ts", "1.2 kB", "1.3 kB"),))
    likely = Outcome.MISS if outcome is Outcome.UNDETERMINED else outcome
    words = f"line {step.line} runs" if likely is Outcome.MISS else "as in the first build"
    return StepReport(step, step.instruction.text, outcome, likely, reason, words,
                      cause if likely is Outcome.MISS else None)


class Oracle:
    """Answers simulations with the verdicts that are set at the moment."""

    def __init__(self) -> None:
        self.verdicts: Mapping[int, Verdict] = {}

    def __call__(self, request: BuildRequest, store: CacheStore,
                 progress: Progress) -> tuple[SimulationReport, CacheStore]:
        graph = resolve(request.dockerfile, request.options, {}, EngineKind.BUILDKIT)
        steps = [_verdict(step, stage.reachable, self.verdicts, None) for stage in graph.stages for step in stage.steps]
        return SimulationReport(graph, tuple(steps), diagnostics=graph.diagnostics), store


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def workbench(qapp: object, oracle: Oracle) -> Iterator[Workbench]:
    bench = Workbench(simulate=oracle)
    yield bench
    bench.shutdown()


@pytest.fixture
def show() -> Callable[..., SimulationReport]:
    """Make a workbench hold a report, as if it had been predicted."""
    def act(workbench: Workbench, text: str = FOUR_STAGES, verdicts: Mapping[int, Verdict] | None = None,
            target: str = "") -> SimulationReport:
        given = FOUR_VERDICTS if verdicts is None and text is FOUR_STAGES else verdicts
        report = report_of(text, given, target)
        workbench.prediction.show(report, ())
        return report
    return act


@pytest.fixture
def view(qtbot: QtBot, workbench: Workbench, show: Show) -> Iterator[DagView]:
    """The four stages, in a window as large as the graph's half of a small laptop."""
    view = view_of(qtbot, workbench, 742, 440)
    view.show()
    view.setFocus()
    show(workbench)
    view.cascade.finish()
    yield view
    view.cascade.finish()
