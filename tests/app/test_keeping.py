"""What the window still knows of a project when it is opened again."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.notify import Message
from cachesim.app.workbench import Workbench
from cachesim.errors import InputError
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.project.choice import chosen_builder

from .conftest import open_project

CLASSIC = (EngineKind.CLASSIC, ImageStore.GRAPHDRIVER)


def builder(bench: Workbench) -> tuple[EngineKind, ImageStore]:
    return bench.state.engine, bench.state.store


def reopened(qtbot: QtBot, window: MainWindow, project: Path) -> Workbench:
    window.workbench.close_project()
    open_project(qtbot, window, project)
    return window.workbench


def test_the_builder_and_the_builds_come_back(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    bench = opened.workbench
    bench.set_engine(*CLASSIC)
    bench.build("with classic")
    assert reopened(qtbot, opened, project) is bench and builder(bench) == CLASSIC
    assert [entry.label for entry in bench.timeline.entries] == ["First build", "with classic"]
    bench.build("once more")
    assert len(reopened(qtbot, opened, project).timeline.entries) == 3
    assert builder(bench) == CLASSIC and bench.report is not None


def test_to_take_a_choice_back_is_a_choice(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    bench = opened.workbench
    before = builder(bench)
    bench.set_engine(*CLASSIC)
    bench.take_back()
    assert builder(reopened(qtbot, opened, project)) == before


def test_nothing_is_written_where_nothing_was_chosen(opened: MainWindow, workbench: Workbench) -> None:
    workbench.build("a build")
    assert workbench.project is not None and chosen_builder(workbench.project) is None


def test_without_a_project_there_is_nothing_to_remember(workbench: Workbench) -> None:
    workbench.set_engine(*CLASSIC)
    assert builder(workbench) == CLASSIC


def test_a_choice_that_cannot_be_written_is_told(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InputError("the disk is full")
    said: list[Message] = []
    opened.workbench.message_posted.connect(said.append)
    monkeypatch.setattr("cachesim.app.keeping.remember_builder", refuse)
    opened.workbench.set_engine(*CLASSIC)
    assert builder(opened.workbench) == CLASSIC
    assert any("not kept for the next start" in message.text for message in said)


def test_a_closed_project_leaves_no_reports_behind(qtbot: QtBot, opened: MainWindow, workbench: Workbench) -> None:
    qtbot.waitUntil(lambda: bool(workbench.keeper._costs))
    workbench.close_project()
    assert not workbench.keeper._costs
