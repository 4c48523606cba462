"""A Dockerfile without the folder that it is built from: nothing is claimed of the files, and a folder can be chosen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.opening import context_of_draft
from cachesim.engines.base import MissReason, Outcome
from tests.app.conftest import DOCKERFILE

SENTENCE = "COPY and ADD cannot be checked without the files."


@pytest.fixture
def draft(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A new Dockerfile with the text of the small project pasted into it."""
    with qtbot.waitSignal(window.workbench.project_opened, timeout=15_000):
        window.actions_["new"].trigger()
    window.editor.text.insertPlainText(DOCKERFILE)
    qtbot.waitUntil(lambda: window.verdict.sentence() == SENTENCE, timeout=15_000)
    return window


def outcomes(window: MainWindow) -> dict[int, tuple[Outcome, MissReason | None]]:
    report = window.workbench.report
    assert report is not None
    return {s.step.line: (s.outcome, s.reason) for s in report.steps}


def folder_button(window: MainWindow) -> QPushButton:
    return next(b for b in window.verdict.findChildren(QPushButton) if b.text() == "Choose folder")


def test_a_pasted_dockerfile_claims_nothing_of_files(draft: MainWindow) -> None:
    assert outcomes(draft)[3] == (Outcome.UNDETERMINED, MissReason.NO_FILES)
    assert outcomes(draft)[6] == (Outcome.UNDETERMINED, MissReason.NO_FILES)
    assert folder_button(draft).isVisible()
    assert not draft.actions_["confirm"].isEnabled()
    assert [b.text() for b in draft.verdict.count_buttons() if "files" in b.text()] == ["4 need the files"]


def test_choosing_a_folder_ends_it(qtbot: QtBot, draft: MainWindow, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(project))
    draft.workbench.save()
    with qtbot.waitSignal(draft.workbench.project_opened, timeout=15_000):
        QTest.mouseClick(folder_button(draft), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: draft.verdict.sentence() == "Nothing would run.", timeout=15_000)
    assert draft.workbench.state.text == DOCKERFILE
    assert not folder_button(draft).isVisible() and draft.actions_["confirm"].isEnabled()


def test_saving_it_elsewhere_takes_that_folder(qtbot: QtBot, draft: MainWindow, project: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    target = project / "Dockerfile.two"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    with qtbot.waitSignal(draft.workbench.project_opened, timeout=15_000):
        draft.actions_["save_as"].trigger()
    assert target.read_text() == DOCKERFILE
    info = draft.workbench.project
    assert info is not None and info.dockerfile == target.resolve() and info.has_files


def test_a_draft_is_still_one_when_it_is_opened_again(qtbot: QtBot, draft: MainWindow) -> None:
    info = draft.workbench.project
    assert info is not None and context_of_draft(info.dockerfile) == info.context_dir
    draft.workbench.save()
    draft.workbench.close_project()
    with qtbot.waitSignal(draft.workbench.project_opened, timeout=15_000):
        draft.workbench.open_path(info.dockerfile)
    qtbot.waitUntil(lambda: draft.verdict.sentence() == SENTENCE, timeout=15_000)


def test_a_context_that_goes_and_comes_back(qtbot: QtBot, window: MainWindow, project: Path, tmp_path: Path) -> None:
    dockerfile = tmp_path / "elsewhere" / "Dockerfile"
    dockerfile.parent.mkdir()
    shutil.move(project / "Dockerfile", dockerfile)
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        window.workbench.open_path(dockerfile, context=project)
    assert window.verdict.sentence() == "Nothing would run."
    gone = tmp_path / "gone"
    project.rename(gone)
    window.workbench.disk.look()
    qtbot.waitUntil(lambda: window.verdict.sentence() == SENTENCE, timeout=15_000)
    assert any("is not there any more" in m.text for m in window.messages.messages())
    gone.rename(project)
    window.workbench.disk.look()
    qtbot.waitUntil(lambda: window.verdict.sentence() == "Nothing would run.", timeout=15_000)
