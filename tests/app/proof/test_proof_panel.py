"""A proof in the window, against a client that answers as recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.advice.panel import AdvicePanel
from cachesim.app.confirm.secret_row import SecretFile
from cachesim.app.history.habits import habits_keeper
from cachesim.app.mainwindow import MainWindow
from cachesim.app.proof.panel import ProofPanel, ReportFile
from cachesim.app.proof.prover import ProofStage, prover_of
from cachesim.app.versus.panel import VersusPanel
from cachesim.confirm.proof_file import load_proof
from tests.app.conftest import open_project

from ...confirm.conftest import FakeDocker
from ...confirm.conftest import docker as docker
from ...confirm.test_proof import FILES, B, archive, built, rehearsed

_HELD, _EDIT, _SHARE, _A, _B, _A_TOOK, _B_TOOK = range(7)


@pytest.fixture
def engine(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """An engine that does what is predicted and makes equal images."""
    monkeypatch.setenv("DOCKER_CONFIG", str(docker.folder / "none"))
    entry = {"Name": "default", "DockerEndpoint": "unix:///var/run/docker.sock", "Current": True}
    docker.answers["context ls"] = (json.dumps(entry) + "\n", "", 0)
    docker.answers["export"] = (archive(app="1"), "", 0)
    docker.builds = [
        built("a"), built("a"), built("a"), built("a"), built("a", 0, 1), built("a"),
        built("b"), built("b", 0, 1), built("b"), built("b", 0, 1, 2), built("b")]
    docker.write()
    return docker


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project that copies everything first; a better Dockerfile lies beside it."""
    folder = tmp_path / "shop"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (tmp_path / "better").write_text(B)
    return folder


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, engine: FakeDocker, shop: Path) -> ProofPanel:
    """The card, asked for from two files side by side."""
    open_project(qtbot, window, shop)
    habits_keeper(window.workbench).state("src/a.py 70, requirements.txt 30")
    versus = window.panes.show("versus")
    assert isinstance(versus, VersusPanel)
    assert not versus.prove.isEnabled()
    versus.set_other(shop.parent / "better")
    qtbot.waitUntil(versus.prove.isEnabled, timeout=10_000)
    QTest.mouseClick(versus.prove, Qt.MouseButton.LeftButton)
    panel = window.panes.docks["proof"].content
    assert isinstance(panel, ProofPanel)
    qtbot.waitUntil(panel.run.isEnabled, timeout=10_000)
    return panel


def rows(panel: ProofPanel) -> list[list[str]]:
    model = panel.model
    return [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_the_card_says_what_would_run_and_nothing_runs(panel: ProofPanel, engine: FakeDocker) -> None:
    assert panel.promise.isVisible() and not panel.table.isVisible() and not panel.save.isVisible()
    assert panel.title.text().startswith("A: the text in the editor.  B: ")
    assert panel.engine.currentText().startswith("default (docker): Engine 28.5.2")
    assert "Builds A twice and B once with --no-cache" in panel.words.text()
    assert "2 edits of the mix (stated by hand) and 2 controls on both: about 11 builds" in panel.words.text()
    assert panel.words.text().endswith("Fetches nothing.")
    assert not engine.calls_of("buildx", "build")
    QTest.mouseClick(panel.rehearsal, Qt.MouseButton.LeftButton)
    assert panel.words.text().startswith("Rehearsal: small stand-ins") and "about 10 builds" in panel.words.text()


def test_run_shows_the_verdict_and_saves_a_report(qtbot: QtBot, panel: ProofPanel, shop: Path, engine: FakeDocker,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    panel.run.setFocus()
    QTest.keyClick(panel.run, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: panel.cancel.isVisible() and panel.bar.isVisible())
    assert panel.cancel.hasFocus()
    qtbot.waitUntil(panel.save.isVisible, timeout=60_000)
    assert panel.words.text().startswith("Same image: ") and panel.run.hasFocus()
    table = rows(panel)
    assert [row[_EDIT] for row in table] == [
        "src/a.py", "requirements.txt", "control: no edit", "control: an edit of the manifest (requirements.txt)",
        "over the mix"]
    assert table[0][_SHARE:_A_TOOK] == ["70%", "2 (predicted 2)", "1 (predicted 1)"]
    assert table[4][_A:_A_TOOK] == ["2.0", "1.6"]
    held = panel.model.index(0, _HELD)
    assert held.data(Qt.ItemDataRole.AccessibleTextRole) == "as predicted on both"
    assert "/app" in panel.model.index(0, _A).data(Qt.ItemDataRole.ToolTipRole)
    target = shop.parent / "report.md"
    monkeypatch.setattr(ReportFile, "ask", classmethod(lambda cls, parent, start: target))
    QTest.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    assert load_proof(target).same is True and "Proof of a reordering" in target.read_text()
    assert sum("--file" in call for call in engine.calls_of("buildx", "build")) == 11


def test_a_difference_names_the_first_file(qtbot: QtBot, window: MainWindow, panel: ProofPanel,
                                           engine: FakeDocker) -> None:
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    proof = prover_of(window.workbench).proof
    assert proof is not None
    other = {f"export cachesim-{proof.token}-3": (archive(app="2"), "", 0)}
    engine.answers = {**other, **engine.answers}
    engine.write()
    qtbot.waitUntil(panel.save.isVisible, timeout=60_000)
    assert panel.words.text().startswith("The images differ: /app: content differs")
    assert panel.more.toPlainText().startswith("differs: /app: content differs")


def test_cancel_stops_and_says_so(qtbot: QtBot, window: MainWindow, panel: ProofPanel, engine: FakeDocker) -> None:
    engine.builds = [{"play": [], "sleep": 30}]
    engine.write()
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(engine.calls_of("buildx", "build")), timeout=20_000)
    qtbot.waitUntil(lambda: panel.words.text() == "Building: A, a first time, without cache", timeout=20_000)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not prover_of(window.workbench).state.busy, timeout=20_000)
    qtbot.waitUntil(lambda: panel.words.text() == "Cancelled: nothing is proven.")
    assert window.workbench.busy is None and panel.run.isEnabled()


def test_without_an_engine_it_says_what_is_missing(qtbot: QtBot, window: MainWindow, panel: ProofPanel,
                                                   engine: FakeDocker) -> None:
    question = prover_of(window.workbench).state.question
    assert question is not None
    engine.answers["version"] = ("", "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", 1)
    engine.write()
    window.workbench.ask_proof(question)
    qtbot.waitUntil(lambda: prover_of(window.workbench).state.stage is ProofStage.UNAVAILABLE, timeout=10_000)
    qtbot.waitUntil(lambda: panel.words.text().startswith("No proof without an engine: "))
    assert not panel.run.isEnabled()


def test_advice_opens_the_card_for_its_proposal(qtbot: QtBot, window: MainWindow, engine: FakeDocker, shop: Path) -> None:
    (shop / "Dockerfile").write_text("FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n")
    open_project(qtbot, window, shop)
    habits_keeper(window.workbench).state("src/a.py 70, requirements.txt 30")
    advice = window.panes.show("advice", True)
    assert isinstance(advice, AdvicePanel)
    qtbot.waitUntil(lambda: advice.proposal is not None and advice.prove.isEnabled(), timeout=20_000)
    proposal = advice.proposal
    assert proposal is not None
    QTest.mouseClick(advice.prove, Qt.MouseButton.LeftButton)
    card = window.panes.docks["proof"].content
    assert isinstance(card, ProofPanel) and window.panes.docks["proof"].in_front
    qtbot.waitUntil(card.run.isEnabled, timeout=10_000)
    assert card.title.text() == f"A: the Dockerfile as it is.  B: {proposal.title}."
    question = prover_of(window.workbench).state.question
    assert question is not None and question.b.text == proposal.text and question.a == window.workbench.state
    assert not engine.calls_of("buildx", "build")


def test_a_rehearsal_runs_and_says_what_it_is(qtbot: QtBot, panel: ProofPanel, engine: FakeDocker) -> None:
    rehearsed(engine)
    QTest.mouseClick(panel.rehearsal, Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.save.isVisible, timeout=60_000)
    assert ", rehearsal, " in panel.title.text() and "a rehearsal says nothing of files" in panel.words.text()
    assert "does not show that both make the same files" in panel.more.toPlainText()
    assert not engine.calls_of("export")


def test_a_saved_report_opens_again_without_an_engine(qtbot: QtBot, window: MainWindow, panel: ProofPanel, shop: Path,
                                                      engine: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.save.isVisible, timeout=60_000)
    before, title, target = rows(panel), panel.title.text(), shop.parent / "report.json"
    monkeypatch.setattr(ReportFile, "ask", classmethod(lambda cls, parent, start: target))
    QTest.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    open_project(qtbot, window, shop)
    qtbot.waitUntil(lambda: not rows(panel))
    calls = len(engine.calls)
    monkeypatch.setattr(ReportFile, "ask_saved", classmethod(lambda cls, parent, start: target))
    window.actions_["open_proof"].trigger()
    qtbot.waitUntil(lambda: rows(panel) == before)
    assert panel.title.text() == title and panel.words.text().startswith("Same image: ")
    assert panel.save.isVisible() and not panel.run.isVisible() and len(engine.calls) == calls
    target.write_text("{}")
    QTest.mouseClick(panel.open, Qt.MouseButton.LeftButton)
    assert "is no report of a proof, or it is damaged" in window.messages.messages()[-1].text
    assert rows(panel) == before


def test_secrets_are_given_on_the_card(qtbot: QtBot, window: MainWindow, panel: ProofPanel, engine: FakeDocker,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    assert not panel.secrets.isVisible()
    question = prover_of(window.workbench).state.question
    assert question is not None
    text = question.a.text.replace("RUN install", "RUN --mount=type=secret,id=key,required=true install")
    window.workbench.ask_proof(replace(question, a=question.a.with_text(text, 0)))
    qtbot.waitUntil(lambda: panel.secrets.isVisible() and panel.run.isEnabled(), timeout=10_000)
    assert "RUN steps ask for secrets (key): give them here, or take the rehearsal." in panel.words.text()
    (button,) = panel.secrets.findChildren(QPushButton)
    monkeypatch.setattr(SecretFile, "ask", classmethod(lambda cls, parent, name: b"s3cr3t-value"))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "secrets" not in panel.words.text())
    assert button.text() == "Secret key given, change…"
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.save.isVisible, timeout=60_000)
    envs = [e["env"] for e in engine.entries if "--file" in e["argv"] and "--secret" in e["argv"]]
    assert envs and all("s3cr3t-value" in env.values() for env in envs)
    assert "s3cr3t" not in repr(prover_of(window.workbench).state)
    QTest.mouseClick(panel.rehearsal, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.secrets.isVisible())
