"""A workbench with a small project, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.workbench import Workbench
from cachesim.context.snapshot import ContextSnapshot
from cachesim.project.state import ProjectState

TEXT = """\
FROM node:22-slim AS deps
WORKDIR /app
COPY package.json ./
RUN npm ci
FROM deps AS build
ARG VERSION=1
COPY . .
RUN npm run build
FROM node:22-slim
ENV MODE=production
COPY --from=build /app/dist /app
CMD node /app
"""
FILES = {"Dockerfile": TEXT.encode(), "package.json": b"{}", "src/app.ts": b"let a = 1\n", "src/util/math.ts": b"",
         "node_modules/x/index.js": b"x", "logo.png": b"\x89PNG\0", "README.md": b"read",
         ".dockerignore": b"# what stays out\nnode_modules\n*.md\nDockerfile\n"}

Bench = Callable[..., Workbench]


@pytest.fixture
def open_bench(qtbot: QtBot) -> Iterator[Bench]:
    """Make a workbench: a text, files, and how many simulated builds were made of them."""
    made: list[Workbench] = []

    def opened(text: str = TEXT, files: dict[str, bytes] = FILES, builds: int = 1) -> Workbench:
        bench = Workbench()
        made.append(bench)
        with qtbot.waitSignal(bench.report_changed):
            bench.show_state(ProjectState(text, ContextSnapshot.of(files)))
        for number in range(builds):
            bench.build(f"build {number + 1}")
        settle(qtbot, bench)
        return bench
    yield opened
    for bench in made:
        bench.shutdown()


@pytest.fixture
def settled(qtbot: QtBot) -> Callable[[Workbench], None]:
    """Wait until a workbench has answered for its present state."""
    return lambda bench: settle(qtbot, bench)


def settle(qtbot: QtBot, bench: Workbench) -> None:
    """Let the merged typing through, then wait for the worker."""
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not any(job.busy for job in bench.jobs))
    QApplication.processEvents()
