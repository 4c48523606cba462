"""A build of four stages, made once and then edited."""

from __future__ import annotations

from dataclasses import replace

from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.model import StepId
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

TEXT = """\
FROM node:22-slim AS deps
WORKDIR /app
COPY package.json ./
RUN npm ci
FROM deps AS build
ARG VERSION=1
COPY . .
RUN npm run build
RUN npm test
FROM scratch AS docs
COPY README.md /
FROM node:22-slim
ENV MODE=production
COPY --from=build /app/dist /app
CMD node /app
"""
COPY_ALL, RUN_BUILD, RUN_TEST, COPY_DIST = StepId(1, 2), StepId(1, 3), StepId(1, 4), StepId(3, 2)


def state_of(text: str = TEXT, **files: bytes) -> ProjectState:
    context = ContextSnapshot.of({"package.json": b"{}", "README.md": b"r", "src/app.ts": b"1", **files})
    return ProjectState(text, context)


def built(state: ProjectState) -> CacheStore:
    return simulate(state.request("first build"), EMPTY_STORE)[1]


def edited() -> tuple[SimulationReport, ProjectState]:
    state = state_of()
    after = replace(state, context=state.context.with_bytes("src/app.ts", b"123456"))
    return simulate(after.request("now"), built(state))[0], after
