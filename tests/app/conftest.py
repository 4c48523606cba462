"""A workbench and a window for tests, shut down before they go."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.crash import CrashDialog
from cachesim.app.mainwindow import MainWindow
from cachesim.app.questions import Unsaved, UnsavedQuestion
from cachesim.app.workbench import Workbench
from cachesim.context.snapshot import ContextSnapshot
from cachesim.project.state import ProjectState

_TESTS: list[int] = []
DOCKERFILE = """\
FROM python:3.12-slim AS base
WORKDIR /app
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY src/ src/
RUN python -m compileall src
CMD ["python", "-m", "src"]
"""


PATIENCE = 60_000       # ms; what has not happened until then never will, on the slowest machine


class PatientBot(QtBot):
    """Whatever time a test names for an event, it is given a minute: how busy a machine is decides no test."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE) -> None:
        super().waitUntil(callback, timeout=max(timeout, PATIENCE))

    def waitExposed(self, widget: QWidget, *, timeout: int = PATIENCE) -> Any:
        return super().waitExposed(widget, timeout=max(timeout, PATIENCE))

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE, raising: bool | None = None, **more: Any) -> Any:
        return super().waitSignal(signal, timeout=_patient(timeout, raising), raising=raising, **more)

    def waitSignals(self, signals: Any, *, timeout: int = PATIENCE, raising: bool | None = None, **more: Any) -> Any:
        return super().waitSignals(signals, timeout=_patient(timeout, raising), raising=raising, **more)


def _patient(timeout: int, raising: bool | None) -> int:
    """Without raising, that nothing comes is what the test waits for."""
    return timeout if raising is False else max(timeout, PATIENCE)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """The plug-in's, with patience."""
    return PatientBot(request)


@pytest.fixture(scope="session", autouse=True)
def quiet_collector() -> Iterator[None]:
    """No worker may collect (and so destroy) the Qt objects of an earlier test: see `cachesim.app.garbage`."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def collected(quiet_collector: None) -> Iterator[None]:
    """What a test leaves in cycles goes after it (at the latest twenty tests later), on the UI thread."""
    yield
    _TESTS.append(1)
    gc.collect(2 if len(_TESTS) % 20 == 0 else 1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project on disk, in no git work tree."""
    folder = tmp_path / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("flask==3.0.3\n")
    (folder / "src" / "app.py").write_text("print('tea')\n")
    (folder / "src" / "data.bin").write_bytes(b"\0\1\2")
    return folder


@pytest.fixture
def workbench(qtbot: QtBot) -> Iterator[Workbench]:
    """A workbench with nothing open."""
    bench = Workbench()
    yield bench
    bench.shutdown()


@pytest.fixture
def window(qtbot: QtBot, workbench: Workbench, own_folders: Path,
           monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """A shown window with nothing open; text that was not saved is let go without a question."""
    monkeypatch.setattr(UnsavedQuestion, "ask", classmethod(lambda cls, name, parent: Unsaved.DISCARD))
    crashes: list[str] = []
    monkeypatch.setattr(CrashDialog, "ask", classmethod(lambda cls, doing, details, parent: crashes.append(details)))
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    font, palette = QFont(app.font()), QPalette(app.palette())
    window = MainWindow(workbench, QSettings(str(own_folders / "window.ini"), QSettings.Format.IniFormat))
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    window.deleteLater()
    app.setStyleSheet("")
    app.setFont(font)
    app.setPalette(palette)
    assert crashes == []


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, project: Path) -> MainWindow:
    """The window with the project open and its verdict there."""
    open_project(qtbot, window, project)
    return window


def open_project(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Open a project and wait for its report."""
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        window.workbench.open_path(path)


THREE_STAGES = """\
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
THREE_STAGES_FILES = {
    "Dockerfile": THREE_STAGES.encode(), "package.json": b"{}", "src/app.ts": b"let a = 1\n", "src/util/math.ts": b"",
    "node_modules/x/index.js": b"x", "logo.png": b"\x89PNG\0", "README.md": b"read",
    ".dockerignore": b"# what stays out\nnode_modules\n*.md\nDockerfile\n"}

Bench = Callable[..., Workbench]


@pytest.fixture
def open_bench(qtbot: QtBot) -> Iterator[Bench]:
    """Make a workbench: a text, files, and how many simulated builds were made of them."""
    made: list[Workbench] = []

    def opened(text: str = THREE_STAGES, files: dict[str, bytes] = THREE_STAGES_FILES, builds: int = 1) -> Workbench:
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
