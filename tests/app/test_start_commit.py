"""Starting with the cache that an earlier commit left."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.palette_dialog import PaletteDialog
from tests.app.conftest import DOCKERFILE, open_project
from tests.history.gitrepo import GitRepo


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "shop")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "requirements.txt": "flask==3.0.0\n", "src/app.py": "0\n"})
    repo.commit("Update flask", {"requirements.txt": "flask==3.0.1\n"})
    repo.commit("Edit the source", {"src/app.py": "1\n"})
    return repo


def answer_with(monkeypatch: pytest.MonkeyPatch, *typed: str) -> list[list[str]]:
    """Type into the palette and press Return; what was offered first is noted."""
    offered: list[list[str]] = []

    def pick(dialog: PaletteDialog) -> int:
        line = dialog.findChild(QLineEdit)
        assert line is not None
        offered.append(dialog.found())
        for text in typed:
            QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
        return 1
    monkeypatch.setattr(PaletteDialog, "exec", pick)
    return offered


def test_the_card_starts_with_the_commit_before_the_last(qtbot: QtBot, window: MainWindow, repo: GitRepo,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    offered = answer_with(monkeypatch)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(repo.folder))
    card = next(b for b in window.welcome.findChildren(QPushButton) if "git history" in b.text())
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    assert [name[10:] for name in offered[0]] == ["Edit the source", "Update flask", "Start"]
    assert "Update flask" in window.workbench.timeline.entries[0].label
    assert window.verdict.sentence().startswith("first miss: line 5, COPY src/")


def test_an_open_project_can_start_anew_with_any_commit(qtbot: QtBot, window: MainWindow, repo: GitRepo,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    open_project(qtbot, window, repo.folder)
    answer_with(monkeypatch, "start")
    menu = window.actions_.submenus("start")[0]
    menu.aboutToShow.emit()
    with qtbot.waitSignals([window.workbench.timeline_changed, window.workbench.report_changed], timeout=15_000):
        next(a for a in menu.actions() if "earlier commit" in a.text()).trigger()
    assert window.verdict.sentence().startswith("first miss: line 3, COPY requirements.txt")


def test_a_folder_without_git_says_so(window: MainWindow, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(project))
    window.asking.open_commit()
    assert "is in no git repository" in window.messages.messages()[-1].text
