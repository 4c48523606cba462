"""Tests of app/report/panel.py: who types is not disturbed, and who stops sees everything."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from cachesim.app.report import panel as module
from cachesim.app.report.panel import Panel
from cachesim.app.workbench import Workbench


class _Counting(Panel):
    """Counts how often it follows."""

    times = 0

    def refresh(self) -> None:
        self.times += 1


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> _Counting:
    panel = _Counting(bench, "Counting")
    qtbot.addWidget(panel)
    panel.show()
    panel.refresh_now()
    panel.times = 0
    return panel


@pytest.fixture
def bench(workbench: Workbench) -> Workbench:
    workbench.prediction.typing = True
    return workbench


def test_it_follows_once_when_the_keys_rest(qtbot: QtBot, panel: _Counting) -> None:
    for _ in range(5):
        panel.outdated()
    assert panel.times == 0
    qtbot.waitUntil(lambda: panel.times > 0)
    QCoreApplication.processEvents()
    assert panel.times == 1


def test_it_does_not_wait_for_ever_while_keys_come(panel: _Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    panel.outdated()
    monkeypatch.setattr(module, "_AT_LATEST_MS", 0)     # from now on every key comes after that
    while panel.times == 0:
        panel.outdated()
        QCoreApplication.processEvents()


def test_what_nobody_typed_is_shown_at_once(panel: _Counting, bench: Workbench) -> None:
    bench.prediction.typing = False
    panel.outdated()
    assert panel.times == 1
