"""Plan, progress and result of a real build in the window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from cachesim.app.confirm.controller import ConfirmController, controller_of
from cachesim.app.confirm.log_panel import LogPanel, RecordFile
from cachesim.app.confirm.plan_card import context_words
from cachesim.app.confirm.row_model import LAYER, TOOK
from cachesim.app.confirm.secret_row import SecretFile
from cachesim.app.confirm.state import ConfirmState, Stage
from cachesim.app.confirm.time_line import bars_of
from cachesim.app.mainwindow import MainWindow
from cachesim.app.notify import Message
from cachesim.app.theme import DARK
from cachesim.confirm.engines import EngineProblem
from cachesim.confirm.match import IMAGES_GONE, Mode, Verdict, plain_name
from cachesim.confirm.observed import ObservedBuild, ObservedVertex, VertexStatus
from cachesim.confirm.records import load_record
from cachesim.graph.model import StepId
from cachesim.graph.options import EngineKind, ImageStore, NetworkMode
from cachesim.project.measured import Knowledge, Measured

from ...confirm.conftest import RECORDED, FakeDocker
from ...confirm.test_session import IMAGES, classic_answer
from ..conftest import open_project
from ..hands import CTRL, SHIFT, Key, focused, press
from .conftest import DOCKERFILE, RIGHT, WRONG


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "f").write_text("one\n")
    return folder


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, shop: Path, client: FakeDocker, control: ConfirmController) -> LogPanel:
    """The pane of an open project, in front."""
    open_project(qtbot, window, shop)
    panel = window.panes.show("log", focus=True)
    assert isinstance(panel, LogPanel)
    return panel


def until(qtbot: QtBot, panel: LogPanel, stage: Stage) -> ConfirmState:
    qtbot.waitUntil(lambda: panel.controller.state.stage is stage, timeout=15_000)
    panel.refresh_now()
    return panel.controller.state


def planned(qtbot: QtBot, panel: LogPanel) -> ConfirmState:
    panel.controller.ask()
    return until(qtbot, panel, Stage.PLANNED)


def run_by_keys(qtbot: QtBot, window: MainWindow) -> LogPanel:
    """Ask for the plan and press Run, both with the keyboard."""
    press(Key.Key_Return, mod=CTRL)
    panel = window.panes.docks["log"].content
    assert isinstance(panel, LogPanel)
    until(qtbot, panel, Stage.PLANNED)
    press(Key.Key_Return)
    return panel


def confirmed(qtbot: QtBot, panel: LogPanel) -> ConfirmState:
    planned(qtbot, panel)
    qtbot.mouseClick(panel.plan.run, Qt.MouseButton.LeftButton)
    return until(qtbot, panel, Stage.DONE)


def builds(client: FakeDocker) -> list[list[str]]:
    return client.calls_of("buildx", "build")


def test_nothing_is_asked_at_first(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    assert panel.page is panel.start and client.calls == []
    qtbot.mouseClick(panel.start.findChildren(QPushButton)[0], Qt.MouseButton.LeftButton)
    until(qtbot, panel, Stage.PLANNED)
    assert panel.page is panel.plan


def test_the_plan_says_all_and_runs_nothing(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    state = planned(qtbot, panel)
    card = panel.plan
    assert card.promise.text() == "Nothing runs before you press Run."
    command = card.command.toPlainText()
    assert command.startswith("docker buildx build --builder default --progress=rawjson --provenance=false --network ")
    assert "busybox:1.36=docker-image://localhost/cachesim/nonce:…" in command
    assert card.builds.text().startswith("2 builds: First build, then no change.") and "2 files" in card.builds.text()
    assert card.fetches.text() == "Fetches nothing: the engine has busybox:1.36."
    assert "Engine 28.5.2, graphdriver store" in card.engine.currentText()
    assert not card.network.isChecked() and card.run.isEnabled() and card.run.hasFocus()
    assert builds(client) == [] and not client.calls_of("import") and state.labels
    card.copy.click()
    assert QApplication.clipboard().text() == command


def test_what_may_be_fetched_is_said(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    client.images = {}
    client.write()
    planned(qtbot, panel)
    assert panel.plan.fetches.text() == "May fetch from the network: busybox:1.36"
    panel.plan.mode.setCurrentIndex(panel.plan.mode.findData(Mode.REHEARSAL))
    panel.plan.mode.activated.emit(panel.plan.mode.currentIndex())
    assert panel.plan.fetches.text() == "Fetches nothing." and panel.controller.state.mode is Mode.REHEARSAL
    assert "stand-in" in panel.plan.command.toPlainText()


def test_the_network_is_a_build_option(qtbot: QtBot, panel: LogPanel, window: MainWindow) -> None:
    planned(qtbot, panel)
    qtbot.mouseClick(panel.plan.network, Qt.MouseButton.LeftButton, pos=QPoint(8, panel.plan.network.height() // 2))
    assert window.workbench.state.options.network is NetworkMode.DEFAULT
    assert "--network default" in panel.plan.command.toPlainText()
    panel.plan.network.click()
    assert window.workbench.state.options.network is NetworkMode.NONE


def test_the_whole_table_is_seen_on_a_small_screen(qtbot: QtBot, panel: LogPanel, window: MainWindow) -> None:
    window.resize(1280, 800)
    confirmed(qtbot, panel)
    view = panel.result
    view.build.setCurrentIndex(0)
    view.build.activated.emit(0)
    shown = [column for column in range(view.model.columnCount()) if not view.table.isColumnHidden(column)]
    assert shown == [0, 1, 2, 3, 4, TOOK, LAYER]
    assert sum(view.table.columnWidth(column) for column in shown) <= view.table.viewport().width()
    assert view.table.columnWidth(2) >= 12 * view.fontMetrics().averageCharWidth()
    assert view.model.rows[view.table.currentIndex().row()].name == "[1/3] COPY f /f"     # what a base did tells little
    view.build.setCurrentIndex(1)
    view.build.activated.emit(1)
    assert view.table.isColumnHidden(LAYER)         # all is cached: the steps get its room


def test_as_predicted(qtbot: QtBot, panel: LogPanel, window: MainWindow, client: FakeDocker) -> None:
    state = confirmed(qtbot, panel)
    assert state.result is not None and state.result.exit_code == 0
    view = panel.result
    assert view.summary.text().startswith("Isolated: 4 of 4 as predicted.") and "with everything cached" in view.summary.text()
    assert state.badges == {StepId(0, 1): True, StepId(0, 2): True} and state.running == frozenset()
    names = [row.name for row in view.model.rows if row.step is not None]
    assert names == ["[1/3] COPY f /f", "[2/3] RUN cat /f"] and view.build.currentText() == "2. no change"
    assert view.model.index(0, 2).data() == "COPY f /f" and view.model.index(0, 0).data() == "right"
    view.build.setCurrentIndex(0)
    view.build.activated.emit(0)
    assert [view.model.index(row, 2).data() for row in range(3)] == ["FROM busybox:1.36", "COPY f /f", "RUN cat /f"]
    assert client.calls_of("rmi") and Path(state.result.record).exists()
    assert window.workbench.confirmation == state and window.workbench.busy is None
    book = Measured.from_json(window.workbench.keeper.records["measured"])
    report = window.workbench.report
    assert report is not None
    step = next(s for s in report.steps if s.id == StepId(0, 2))
    cost, size = book.cost(step, window.workbench.state.context), book.size(step)
    assert cost is not None and cost.known is Knowledge.MEASURED and cost.seconds == pytest.approx(1.0)
    assert size is not None and size.same and size.bytes == 1_500_000
    assert view.model.index(2, LAYER).data() == "1.5 MB" and window.workbench.keeper.measured == book
    assert "2 builds confirmed, 4 steps: 4 right" in view.summary.toolTip()


def test_the_buttons_leave_the_sentence_its_room(qtbot: QtBot, panel: LogPanel, window: MainWindow) -> None:
    confirmed(qtbot, panel)
    view = panel.result
    qtbot.waitUntil(lambda: view.again.isVisible())

    def beside() -> bool:
        return view.again.mapTo(view, QPoint()).x() > view.summary.geometry().right()
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: beside() and view.verticalScrollBar().maximum() == 0)
    window.workbench.set_settings(replace(window.workbench.settings, font_percent=250))
    qtbot.waitUntil(lambda: not beside() and view.summary.width() > 0.9 * view.width())


def test_a_difference_is_marked_explained_and_copied(qtbot: QtBot, panel: LogPanel, window: MainWindow,
                                                     client: FakeDocker) -> None:
    client.builds[1] = {"play": [], "raw": [WRONG]}
    client.write()
    state = confirmed(qtbot, panel)
    assert state.badges == {StepId(0, 1): True, StepId(0, 2): False}
    view = panel.result
    row = view.model.rows[view.table.currentIndex().row()]
    assert row.name == "[2/3] RUN cat /f" and row.verdict is Verdict.WRONG
    said = view.detail.toPlainText()
    assert said.lower().count("the engine says run") == 1
    assert "Predicted cached, the engine says run: wrong." in said and "Rule used:" in said and "the step above:" not in said
    assert window.workbench.selected == StepId(0, 2)
    view.copy.click()
    report = QApplication.clipboard().text()
    assert "≠ [2/3] RUN cat /f: predicted cached, observed run (wrong)" in report and "Engine 28.5.2" in report


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.ISOLATED])
def test_images_of_steps_are_shown_and_offered_where_they_stay(mode: Mode, qtbot: QtBot, panel: LogPanel,
                                                               window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cachesim.confirm.build.classic_build", classic_answer)
    window.workbench.go_to(None)
    window.workbench.set_engine(EngineKind.CLASSIC, ImageStore.GRAPHDRIVER)
    panel.controller.ask(mode)
    until(qtbot, panel, Stage.PLANNED)
    qtbot.mouseClick(panel.plan.run, Qt.MouseButton.LeftButton)
    until(qtbot, panel, Stage.DONE)
    view = panel.result
    view.select_step(StepId(0, 2))
    said, command = view.detail.toPlainText(), f"docker run --rm -it {IMAGES[2]} sh"
    assert f"Image after this step: {IMAGES[2]}." in said
    QApplication.clipboard().setText("before")
    if mode is Mode.LIVE:
        assert command in said and view.enter.isVisible() and view.enter.text() == f"Copy: {command}"
        qtbot.mouseClick(view.enter, Qt.MouseButton.LeftButton)
        assert QApplication.clipboard().text() == command
    else:
        assert IMAGES_GONE in said and command not in said and not view.enter.isVisible()
        view.copy_command()
        assert QApplication.clipboard().text() == "before"


def test_progress_is_on_the_nodes(qtbot: QtBot, panel: LogPanel, window: MainWindow, client: FakeDocker) -> None:
    lines = RIGHT.splitlines(keepends=True)
    working = json.loads(lines[2])
    del working["vertexes"][0]["completed"]
    client.builds = [{"play": [], "raw": [lines[0], lines[1], json.dumps(working) + "\n"], "sleep": 300}]
    client.write()
    planned(qtbot, panel)
    qtbot.keyClick(panel.plan.run, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(panel.controller.state.running), timeout=15_000)
    panel.refresh_now()
    state = panel.controller.state
    assert state.running == {StepId(0, 2)} and state.finished[StepId(0, 1)] is VertexStatus.RAN
    observed = [row.observed for row in panel.result.model.rows if row.line > 1]
    assert observed == ["run", "running"]
    assert panel.result.summary.text().startswith("Building 1 of 2: ")
    assert window.workbench.busy == "Building for real" and panel.result.cancel.isVisible()
    qtbot.mouseClick(panel.result.cancel, Qt.MouseButton.LeftButton)
    panel.controller.cancel()
    assert panel.controller.state.stage is Stage.STOPPING
    state = until(qtbot, panel, Stage.DONE)
    assert state.result is not None and state.result.cancelled and client.calls_of("rmi")
    assert window.workbench.busy is None


def test_escape_cancels_too(qtbot: QtBot, panel: LogPanel, window: MainWindow, client: FakeDocker) -> None:
    client.builds = [{"play": [], "raw": [RIGHT], "sleep": 30}]
    client.write()
    window.actions_["confirm"].trigger()
    until(qtbot, panel, Stage.PLANNED)
    panel.controller.start()
    qtbot.waitUntil(lambda: panel.controller.state.phase.build == 0, timeout=15_000)
    window.actions_["cancel"].trigger()
    state = until(qtbot, panel, Stage.DONE)
    assert state.result is not None and state.result.cancelled


def test_confirm_with_keys_alone(qtbot: QtBot, window: MainWindow, shop: Path, client: FakeDocker,
                                 control: ConfirmController) -> None:
    open_project(qtbot, window, shop)
    window.editor.text.setFocus()
    press(Key.Key_Return, mod=CTRL)
    press(Key.Key_Return)                   # too early: the engine was not asked yet
    assert window.editor.text.toPlainText() == DOCKERFILE and client.calls == []
    panel = window.panes.docks["log"].content
    assert isinstance(panel, LogPanel)
    until(qtbot, panel, Stage.PLANNED)
    assert builds(client) == [], "nothing runs before Run is pressed"
    press(Key.Key_Return)
    state = until(qtbot, panel, Stage.DONE)
    assert state.result is not None and not state.result.cancelled and "2. no change" in panel.result.build.currentText()
    assert "as predicted" in panel.result.summary.text()
    assert panel.result.table.hasFocus(), "one goes on where the answer is"
    press(Key.Key_1, mod=CTRL)
    press(Key.Key_Return, mod=CTRL | SHIFT)
    state = until(qtbot, panel, Stage.PLANNED)
    assert state.mode is Mode.NO_CACHE and "--no-cache" in panel.plan.command.toPlainText()
    press(Key.Key_Return)
    until(qtbot, panel, Stage.DONE)
    assert "--no-cache" in builds(client)[-1] and window.editor.text.toPlainText() == DOCKERFILE


def test_escape_stops_a_build_and_the_keys_stay_in_the_pane(qtbot: QtBot, window: MainWindow, shop: Path, client: FakeDocker,
                                                           control: ConfirmController) -> None:
    client.builds = [{"play": [], "raw": [RIGHT], "sleep": 30}]
    client.write()
    open_project(qtbot, window, shop)
    panel = run_by_keys(qtbot, window)
    qtbot.waitUntil(lambda: panel.controller.state.phase.build == 0, timeout=15_000)
    panel.refresh_now()
    assert panel.result.cancel.hasFocus()
    press(Key.Key_Escape)
    state = until(qtbot, panel, Stage.DONE)
    assert state.result is not None and state.result.cancelled
    assert panel.isAncestorOf(focused())


def test_the_keys_stay_in_the_pane_when_there_was_no_build_to_show(qtbot: QtBot, window: MainWindow, shop: Path,
                                                                    client: FakeDocker, control: ConfirmController) -> None:
    client.answers["buildx build"] = ("", "ERROR: failed to solve: busybox:1.36: failed to resolve source metadata for "
                                      "docker.io/library/busybox:1.36: dial tcp: no such host\n", 1)
    client.write()
    open_project(qtbot, window, shop)
    panel = run_by_keys(qtbot, window)
    state = until(qtbot, panel, Stage.DONE)
    assert state.result is not None and state.result.builds == () and "could not be fetched" in panel.result.summary.text()
    assert panel.result.again.hasFocus()


def test_who_types_on_while_the_engine_is_asked_runs_nothing(qtbot: QtBot, window: MainWindow, shop: Path,
                                                            client: FakeDocker, control: ConfirmController) -> None:
    open_project(qtbot, window, shop)
    press(Key.Key_Return, mod=CTRL)
    press(Key.Key_1, mod=CTRL)
    panel = window.panes.docks["log"].content
    assert isinstance(panel, LogPanel)
    until(qtbot, panel, Stage.PLANNED)
    press(Key.Key_Return)
    assert window.editor.text.toPlainText() == "\n" + DOCKERFILE and builds(client) == []


@pytest.mark.parametrize(("host", "fix"), [("tcp://127.0.0.1:1", "unset DOCKER_HOST"),
                                           ("unix:///run/user/1000/docker.sock", "systemctl --user start docker")])
def test_an_engine_that_the_environment_names_and_nobody_starts(qtbot: QtBot, panel: LogPanel, client: FakeDocker,
                                                               monkeypatch: pytest.MonkeyPatch, host: str, fix: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    client.answers["version"] = ('{"Client":{},"Server":null}', "Cannot connect to the Docker daemon", 1)
    client.write()
    panel.controller.ask()
    until(qtbot, panel, Stage.UNAVAILABLE)
    assert host in panel.missing.sentence.text() and panel.missing.fix.text().startswith(fix)
    assert panel.missing.again.hasFocus()


def test_the_window_closes_during_a_build(qtbot: QtBot, panel: LogPanel, client: FakeDocker, tmp_path: Path) -> None:
    client.builds = [{"play": [], "raw": [RIGHT], "sleep": 30, "child": str(tmp_path / "child")}]
    client.write()
    planned(qtbot, panel)
    panel.controller.start()
    child = tmp_path / "child"
    qtbot.waitUntil(lambda: child.exists() and child.read_text() != "", timeout=15_000)
    panel.controller.shutdown()
    assert client.calls_of("rmi")
    qtbot.waitUntil(lambda: not _alive(child.read_text()), timeout=2000)


def _alive(pid: str) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("start", "answer", "problem"), [
    ("version", ('{"Client":{},"Server":null}', "Cannot connect to the Docker daemon", 1), EngineProblem.NO_DAEMON),
    ("version", ('{"Client":{}}', "permission denied while trying to connect", 1), EngineProblem.NO_PERMISSION),
    ("buildx version", ("", "docker: 'buildx' is not a docker command.", 1), EngineProblem.NO_BUILDX),
])
def test_what_is_missing_is_explained_with_the_fix(qtbot: QtBot, panel: LogPanel, client: FakeDocker, start: str,
                                                   answer: tuple[str, str, int], problem: EngineProblem) -> None:
    client.answers[start] = answer
    client.write()
    panel.controller.ask()
    state = until(qtbot, panel, Stage.UNAVAILABLE)
    assert state.problem is problem and panel.page is panel.missing
    assert panel.missing.sentence.text() == problem.sentence and panel.missing.fix.text() == problem.fix
    buttons = {b.text(): b for b in panel.missing.findChildren(QPushButton)}
    buttons["Cop&y"].click()
    assert QApplication.clipboard().text() == problem.fix
    client.answers["version"] = (json.dumps({"Client": {}, "Server": {"Version": "28"}}), "", 0)
    client.answers["buildx version"] = ("buildx 0.29.1", "", 0)
    client.write()
    buttons["&Try again"].click()
    until(qtbot, panel, Stage.PLANNED)


def test_no_docker(qtbot: QtBot, panel: LogPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    panel.controller.ask()
    assert until(qtbot, panel, Stage.UNAVAILABLE).problem is EngineProblem.NO_DOCKER


def test_a_remote_engine_is_not_asked_before_it_is_chosen(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    near = {"Name": "near", "DockerEndpoint": "unix:///x.sock", "Current": False}
    far = {"Name": "far", "DockerEndpoint": "ssh://h", "Current": True}
    client.answers["context ls"] = (json.dumps(near) + "\n" + json.dumps(far) + "\n", "", 0)
    client.write()
    planned(qtbot, panel)
    assert {call[0] for call in client.calls} == {"context"}
    assert "far (docker, remote): not asked yet" == panel.plan.engine.currentText()
    assert panel.plan.fetches.text() == "The engine was not asked yet; it needs busybox:1.36."
    names = [panel.plan.engine.itemText(n).split()[0] for n in range(panel.plan.engine.count())]
    panel.plan.engine.setCurrentIndex(names.index("near"))
    panel.plan.engine.activated.emit(names.index("near"))
    until(qtbot, panel, Stage.PLANNED)
    assert any(call[:2] == ["--context", "near"] for call in client.calls)
    assert not any(call[:2] == ["--context", "far"] for call in client.calls)


def test_the_modes(qtbot: QtBot, panel: LogPanel, window: MainWindow, client: FakeDocker) -> None:
    window.actions_["confirm_no_cache"].trigger()
    until(qtbot, panel, Stage.PLANNED)
    assert panel.controller.state.mode is Mode.NO_CACHE and "--no-cache" in panel.plan.command.toPlainText()
    panel.controller.set_mode(Mode.LIVE)
    text = panel.plan.command.toPlainText()
    assert str(window.workbench.project.context_dir) in text and "--build-context" not in text  # type: ignore[union-attr]


def test_a_live_build_teaches_the_cache(qtbot: QtBot, panel: LogPanel, window: MainWindow, client: FakeDocker) -> None:
    client.builds = [{"play": [], "raw": [RIGHT.replace("1/3] COPY", "2/3] COPY").replace("[2/3] RUN", "[3/3] RUN")]}]
    client.write()
    window.workbench.new_text(DOCKERFILE.replace("cat /f", "cat  /f"))
    planned(qtbot, panel)
    panel.controller.set_mode(Mode.LIVE)
    before = len(window.workbench.timeline.entries)
    panel.controller.start()
    state = until(qtbot, panel, Stage.DONE)
    assert state.result is not None and not state.result.builds[0].observed_error
    assert len(window.workbench.timeline.entries) == before + 1
    assert window.workbench.timeline.path()[-1].label == "built for real"


def test_a_builder_of_its_own_is_offered_where_its_image_is(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    planned(qtbot, panel)
    assert not panel.plan.fresh.isVisible()
    client.answers["image ls"] = ("<none>:<none>\nmoby/buildkit:v0.25.2\n", "", 0)
    client.write()
    planned(qtbot, panel)
    assert panel.plan.fresh.isVisible()
    panel.plan.fresh.click()
    assert "--builder cachesim-… " in panel.plan.command.toPlainText()
    panel.controller.start()
    until(qtbot, panel, Stage.DONE)
    (made,) = client.calls_of("buildx", "create")
    assert made[-2:] == ["--driver-opt", "image=moby/buildkit:v0.25.2"]
    assert client.calls_of("buildx", "rm") and not [c for c in builds(client) if "--build-context" in c]


def test_secrets_are_asked_for(qtbot: QtBot, panel: LogPanel, window: MainWindow, client: FakeDocker,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    window.workbench.new_text("FROM busybox:1.36\nRUN --mount=type=secret,id=key,required=true cat /run/secrets/key\n")
    planned(qtbot, panel)
    (button,) = [b for b in panel.plan.findChildren(QPushButton) if b.objectName() == "key"]
    monkeypatch.setattr(SecretFile, "ask", classmethod(lambda cls, parent, name: b"s3cr3t-value"))
    button.click()
    panel.controller.start()
    until(qtbot, panel, Stage.DONE)
    entry = [e for e in client.entries if "--output" in e["argv"]][-1]
    assert entry["env"]["CACHESIM_SECRET_0"] == "s3cr3t-value"
    assert "s3cr3t" not in repr(panel.controller.state)


def test_records_open_again_and_logs_are_laid_over(qtbot: QtBot, panel: LogPanel, window: MainWindow, tmp_path: Path,
                                                   client: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    state = confirmed(qtbot, panel)
    assert state.result is not None
    kept = tmp_path / "kept.confirmation"
    monkeypatch.setattr(RecordFile, "ask_save", classmethod(lambda cls, parent, name: kept))
    panel.result.save.trigger()
    assert load_record(kept).confirmation.builds[0].steps == state.result.builds[0].steps
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(RecordFile, "ask", classmethod(lambda cls, parent: kept))
    panel.result.open.trigger()
    assert panel.controller.state.result is not state.result
    assert panel.result.summary.text().startswith("Isolated: 4 of 4 as predicted.")
    log = tmp_path / "ci.rawjson"
    log.write_text(RIGHT.replace("1/3] COPY", "2/3] COPY").replace("[2/3] RUN", "[3/3] RUN"))
    panel.controller.open_record(log)
    found = panel.controller.state.result
    assert found is not None and found.engine == "log ci.rawjson" and found.builds[0].steps[1].observed == "run"
    assert panel.controller.state.stage is Stage.DONE
    with qtbot.waitSignal(window.workbench.message_posted) as got:
        panel.controller.open_record(RECORDED / "none")
    assert isinstance(got.args[0], Message)


@pytest.mark.parametrize("hide", [False, True])
def test_a_confirmation_is_saved_as_a_scenario(qtbot: QtBot, panel: LogPanel, tmp_path: Path, client: FakeDocker,
                                               monkeypatch: pytest.MonkeyPatch, hide: bool) -> None:
    client.builds[1] = {"play": [], "raw": [WRONG]}
    client.write()
    confirmed(qtbot, panel)
    target = tmp_path / "odd.json"
    monkeypatch.setattr(RecordFile, "ask_scenario", classmethod(lambda cls, parent: target))
    (panel.result.hidden if hide else panel.result.scenario).trigger()
    build, again = json.loads(target.read_text())["builds"]
    assert build["files"]["Dockerfile"]["text"] == DOCKERFILE
    assert (build["files"]["f"]["text"] == "one\n") is not hide and len(build["files"]["f"]["text"]) == 4
    assert [(s["name"], s["status"]) for s in build["observed"]["steps"] if "FROM" not in s["name"]] == [
        ("[2/3] COPY f /f", "run"), ("[3/3] RUN cat /f", "run")]
    assert again["observed"]["steps"] == [{"name": "[2/3] COPY f /f", "status": "cached"},
                                          {"name": "[3/3] RUN cat /f", "status": "run"}]


def test_the_selection_is_shared(qtbot: QtBot, panel: LogPanel, window: MainWindow) -> None:
    confirmed(qtbot, panel)
    panel.result.table.selectRow(1)
    assert window.workbench.selected == StepId(0, 2)
    panel.result.table.selectRow(0)
    assert window.workbench.selected == StepId(0, 1)
    window.workbench.select(StepId(0, 2))
    assert panel.result.model.rows[panel.result.table.currentIndex().row()].step == StepId(0, 2)
    with qtbot.waitSignal(window.workbench.activated) as got:
        panel.result.table.activated.emit(panel.result.table.currentIndex())
    assert got.args == [StepId(0, 2)]


def test_own_lines_unfold(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    internal = json.dumps({"vertexes": [{"digest": "sha256:i", "name": "[internal] load build context",
                                         "started": "2026-01-01T00:00:00Z", "completed": "2026-01-01T00:00:00.1Z"}]})
    client.builds = [{"play": [], "raw": [RIGHT + internal + "\n"]}]
    client.write()
    confirmed(qtbot, panel)
    before = len(panel.result.model.rows)
    panel.result.own.setChecked(True)
    assert "[internal] load build context" in [row.name for row in panel.result.model.rows]
    assert len(panel.result.model.rows) > before


def test_an_edit_takes_the_badges_off(qtbot: QtBot, panel: LogPanel, window: MainWindow) -> None:
    confirmed(qtbot, panel)
    window.workbench.new_text(DOCKERFILE + "RUN true\n")
    assert panel.controller.state.badges == {} and panel.controller.state.result is not None


def test_another_project_starts_anew(qtbot: QtBot, panel: LogPanel, window: MainWindow, tmp_path: Path) -> None:
    confirmed(qtbot, panel)
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM scratch\n")
    open_project(qtbot, window, other)
    assert panel.controller.state.stage is Stage.IDLE and panel.controller.state.result is None


def test_leftovers_of_a_killed_run_are_cleaned(qtbot: QtBot, panel: LogPanel, client: FakeDocker) -> None:
    from cachesim.confirm import leftovers
    from cachesim.confirm.engines import EngineChoice
    from cachesim.project.folders import data_dir
    running = data_dir() / "running"
    leftovers.note(running, "tok", running / "folder", EngineChoice())
    note = running / "tok.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "born": "0"}))
    client.answers["image ls"], client.until["image ls"] = ("i1\n", "", 0), "rmi"
    client.write()
    panel.controller.clean_leftovers()
    qtbot.waitUntil(lambda: not note.exists(), timeout=10_000)
    assert client.calls_of("rmi") == [["rmi", "--force", "i1"]]


def test_looks(qtbot: QtBot, panel: LogPanel, window: MainWindow) -> None:
    confirmed(qtbot, panel)
    panel.result.tabs.setCurrentIndex(2)
    window.workbench.set_look(DARK)
    picture = panel.grab()
    assert not picture.isNull()
    line = panel.result.time_line
    shown = [plain_name(row.name) for row in panel.result.model.rows if row.observed]
    assert [plain_name(bar.name) for bar in line.bars] == shown
    with qtbot.waitSignal(line.chosen) as got:
        qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(50, 30))
    assert got.args[0] == line.bars[0].name


def test_there_is_one_controller(qtbot: QtBot, window: MainWindow, control: ConfirmController) -> None:
    assert controller_of(window.workbench) is control


def test_bars_say_who_waited() -> None:
    def vertex(name: str, start: float, end: float, *inputs: str) -> ObservedVertex:
        return ObservedVertex(name, name, inputs, ((start, end),))
    build = ObservedBuild((vertex("a", 10, 12), vertex("b", 12, 13, "a"), vertex("c", 14, 15, "a"),
                           ObservedVertex("d", "d")))
    bars = {bar.name: bar for bar in bars_of(build)}
    assert list(bars) == ["a", "b", "c"] and bars["b"].waited == 0.0 and bars["c"].waited == pytest.approx(2.0)
    assert bars["c"].spans == ((4.0, 5.0),) and bars_of(ObservedBuild()) == ()


@pytest.mark.parametrize(("size", "words"), [
    ((1, 5), "1 file, 5 B"), ((214, 1_300_000), "214 files, 1.3 MB"), ((5000, 2_500), "5,000 files, 2.5 kB"),
    ((2, 3 * 10 ** 12), "2 files, 3 TB")])
def test_context_words(size: tuple[int, int], words: str) -> None:
    assert context_words(*size) == words


def test_large_letters_leave_run_in_sight(qtbot: QtBot, panel: LogPanel) -> None:
    planned(qtbot, panel)
    card = panel.plan
    font = card.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    card.setFont(font)
    page = card.widget()
    assert page is not None
    assert page.minimumSizeHint().width() < 47 * card.fontMetrics().averageCharWidth()
