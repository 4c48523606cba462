"""A pane of files, and a project that lies on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.context.context_panel import ContextPanel
from cachesim.app.workbench import Workbench

Opened = Callable[..., Workbench]


@pytest.fixture
def bench(open_bench: Opened) -> Workbench:
    return open_bench()


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> ContextPanel:
    panel = ContextPanel(bench)
    qtbot.addWidget(panel)
    panel.resize(480, 400)
    panel.show()
    return panel


@pytest.fixture
def on_disk(qtbot: QtBot, tmp_path: Path) -> Iterator[Workbench]:
    """A project that lies on disk."""
    for name, text in {"Dockerfile": "FROM scratch\nCOPY . /\n", "a.txt": "one\n", "dir/b.txt": "two\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    bench = Workbench()
    with qtbot.waitSignal(bench.project_opened):
        bench.open_path(tmp_path)
    qtbot.waitUntil(lambda: bench.report is not None)
    yield bench
    bench.shutdown()
