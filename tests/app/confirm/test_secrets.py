"""A secret that is given for a build: the build gets it, and nothing that is kept knows of it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.confirm.controller import ConfirmController
from cachesim.app.confirm.log_panel import LogPanel, RecordFile
from cachesim.app.confirm.secret_row import SecretFile
from cachesim.app.confirm.state import Stage
from cachesim.app.mainwindow import MainWindow
from cachesim.cli.main import main as command
from cachesim.confirm.match import Mode

from ...confirm.conftest import FakeDocker
from ...confirm.test_session import stream
from ..conftest import open_project
from .test_panel import until

SECRET = b"pass-phrase-of-the-ledger"
TEXT = "FROM busybox:1.36\nRUN --mount=type=secret,id=ledger cat /run/secrets/ledger\n"
BUILT = stream("[1/2] RUN --mount=type=secret,id=ledger cat /run/secrets/ledger")


def traces(*folders: Path) -> list[str]:
    """Files below the folders whose name or content, also within archives, holds the secret or what it can be told from."""
    forms = [SECRET, hashlib.sha256(SECRET).hexdigest().encode(), *(base64.b64encode(b"x" * n + SECRET)[4:-4] for n in range(3))]
    return [name for name, data in _files(folders) if any(form in data or form in name.encode() for form in forms)]


def _files(folders: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                yield str(path), data
                if data.startswith(b"PK"):
                    with zipfile.ZipFile(io.BytesIO(data)) as archive:
                        yield from ((f"{path}/{name}", archive.read(name)) for name in archive.namelist())


def test_traces_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log", b'{"data": "' + base64.b64encode(b"the " + SECRET + b" is told") + b'"}')
    (tmp_path / "digest").write_text(hashlib.sha256(SECRET).hexdigest())
    (tmp_path / "other").write_text("nothing")
    assert sorted(Path(name).name for name in traces(tmp_path)) == ["digest", "log"]


@pytest.fixture
def ledger(tmp_path: Path, client: FakeDocker) -> Path:
    """A project that mounts a secret, on an engine whose build prints it."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    (folder / "Dockerfile").write_text(TEXT)
    client.builds = [{"play": [], "raw": [BUILT], "echo_secrets": True}]
    client.write()
    return folder


@pytest.mark.parametrize("mode", [Mode.ISOLATED, Mode.LIVE, Mode.NO_CACHE])
def test_of_the_window(mode: Mode, qtbot: QtBot, window: MainWindow, ledger: Path, client: FakeDocker, tmp_path: Path,
                       control: ConfirmController, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_project(qtbot, window, ledger)
    panel = window.panes.show("log")
    assert isinstance(panel, LogPanel)
    control.ask(mode)
    until(qtbot, panel, Stage.PLANNED)
    (button,) = [b for b in panel.plan.findChildren(QPushButton) if b.objectName() == "ledger"]
    assert button.text() == "Give secret ledger…"       # offered although no RUN demands it
    monkeypatch.setattr(SecretFile, "ask", classmethod(lambda cls, parent, name: SECRET))
    button.click()
    qtbot.waitUntil(lambda: control.state.secrets == ("ledger",))
    panel.refresh_now()
    assert button.text() == "Secret ledger given, change…" and "id=ledger,env=" in panel.plan.command.toPlainText()
    qtbot.mouseClick(panel.plan.run, Qt.MouseButton.LeftButton)
    state = until(qtbot, panel, Stage.DONE)
    built = [entry for entry in client.entries if "--output" in entry["argv"]]
    assert built and all(entry["env"]["CACHESIM_SECRET_0"] == SECRET.decode() for entry in built)
    assert not any(SECRET.decode() in word for entry in client.entries for word in entry["argv"])
    assert state.result is not None and SECRET.decode() not in repr(state)
    panel.result.copy.click()
    assert SECRET.decode() not in QApplication.clipboard().text()
    scenario = tmp_path / "kept" / "scenario.json"
    scenario.parent.mkdir()
    monkeypatch.setattr(RecordFile, "ask_scenario", classmethod(lambda cls, parent: scenario))
    panel.result.scenario.trigger()
    window.workbench.new_text(TEXT + "# not saved\n")
    window.workbench.disk.rescue.now()        # the recovery file
    window.workbench.build()                # the timeline
    window.workbench.keeper.flush()
    window.placement.keep()
    kept = [path for path in own_folders.rglob("*") if path.is_file()]
    assert scenario.exists() and {".confirmation", ".json", ".ini"} <= {p.suffix for p in kept}
    assert any(p.parent.name == "recovery" for p in kept)
    with zipfile.ZipFile(state.result.record) as archive:
        assert b"plain ****" in archive.read("build-0.rawjson")     # the build did print it
    assert traces(own_folders, scenario.parent, ledger) == []


@pytest.mark.parametrize("mode", ["isolated", "live", "no-cache"])
def test_of_the_command(mode: str, ledger: Path, client: FakeDocker, own_folders: Path, tmp_path: Path,
                        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER", SECRET.decode())
    kept = tmp_path / "kept"
    assert command(["confirm", str(ledger), "--mode", mode, "--secret", "id=ledger,env=LEDGER", "--json", "--record", str(kept),
                    "--save-scenario", str(kept / "scenario.json")], open_window=lambda *_: 9) in (0, 1)
    built = [entry for entry in client.entries if "--output" in entry["argv"]]
    assert built[0]["env"]["CACHESIM_SECRET_0"] == SECRET.decode()
    said = capsys.readouterr()
    assert SECRET.decode() not in said.out + said.err and os.listdir(kept)
    assert traces(own_folders, kept, ledger) == []
