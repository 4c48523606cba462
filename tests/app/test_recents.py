"""What was open lately comes back as it was: the Dockerfile, its context, and the other Dockerfiles beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.recents import Recent
from tests.app.conftest import open_project

WORKER = "FROM busybox\nCOPY src/app.py /\n"


@pytest.fixture
def several(project: Path) -> Path:
    """The project with a second Dockerfile in a folder of its own."""
    (project / "docker").mkdir()
    (project / "docker" / "worker.Dockerfile").write_text(WORKER)
    return project


def entries(window: MainWindow, name: str) -> list[str]:
    menu: QMenu = window.actions_.submenus(name)[0]
    menu.aboutToShow.emit()
    return [action.text() for action in menu.actions()]


def test_a_dockerfile_of_a_project_comes_back_with_its_context(qtbot: QtBot, window: MainWindow, several: Path) -> None:
    open_project(qtbot, window, several)
    bench, worker = window.workbench, several / "docker" / "worker.Dockerfile"
    assert entries(window, "dockerfiles") == ["Dockerfile", "docker/worker.Dockerfile"]
    with qtbot.waitSignals([bench.project_opened, bench.report_changed], timeout=15_000):
        window.actions_.submenus("dockerfiles")[0].actions()[1].trigger()
    assert bench.selected is None, "the line of the cursor in the new text stands for no step of the old one"
    bench.close_project()
    assert entries(window, "recent") == [f"{worker}, context {several}", str(several)]
    button = next(b for b in window.welcome.findChildren(QPushButton) if b.accessibleName().startswith(f"Open {worker}"))
    assert button.text() == f"shop (docker/worker.Dockerfile)    {several.parent}"
    with qtbot.waitSignals([bench.project_opened, bench.report_changed], timeout=15_000):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bench.project is not None and bench.project.context_dir == several
    assert window.verdict.sentence() == "Nothing would run."
    assert entries(window, "dockerfiles") == ["Dockerfile", "docker/worker.Dockerfile"]
    assert entries(window, "recent")[0] == f"{worker}, context {several}" and len(entries(window, "recent")) == 2


def test_what_vanished_is_named_and_cannot_be_chosen(qtbot: QtBot, window: MainWindow, several: Path) -> None:
    open_project(qtbot, window, several)
    window.workbench.close_project()
    several.rename(several.with_name("moved"))
    assert entries(window, "recent") == [f"{several} (no longer there)"]
    assert not window.actions_.submenus("recent")[0].actions()[0].isEnabled()
    button = next(b for b in window.welcome.findChildren(QPushButton) if b.accessibleName() == f"Open {several}")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)         # it went while the page was there
    assert "no such file" in window.messages.messages()[0].text


@pytest.mark.parametrize(("entry", "name", "place"), [
    ("/a/shop", "shop", "/a"), ("/a/shop/Dockerfile.dev", "Dockerfile.dev", "/a/shop"),
    ("/a/shop/docker/x\n/a/shop", "shop (docker/x)", "/a"), ("/", "/", "/")])
def test_an_entry_is_read_back_and_has_a_name(entry: str, name: str, place: str) -> None:
    recent = Recent.parse(entry)
    assert (recent.entry, recent.name, recent.place) == (entry, name, place)
