"""Which states of the window does its plan name, and how does one get there?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests import picture_proof

if TYPE_CHECKING:
    from cachesim.app.mainwindow import MainWindow

__all__ = ["SIZES", "States"]

SIZES = ((1280, 800), (1920, 1080))
BROKEN = "FROM alpine\nRUN apk add curl\nCOPPY . .\n"
FAILING = "FROM alpine AS base\nRUN apk add curl\n\nFROM alpine\nCOPY missing.txt /\nRUN true\n"
BUSYBOX = "FROM busybox:1.36\nCOPY f /f\nRUN cat /f\n"
LANES = "".join(f"FROM {base} AS {name}\nWORKDIR /{name}\nCOPY {name}/ .\n{more}\n" for base, name, more in (
    ("node:22-slim", "deps", "RUN npm ci\n"), ("deps", "assets", "RUN npm run assets\n"),
    ("deps", "server", "".join(f"RUN npm run part{n}\n" for n in range(1, 9))),
    ("server", "licenses", "RUN npm run licenses\n"),
    ("nginx:1.27", "web", "COPY --from=assets /assets /srv/\nCOPY --from=server /server /srv/\nCOPY --from=licenses /l /l\n")))
EDITS = (("busybox-offline", 3), ("flask-early-copy", 2), ("flask-early-copy", 6), ("flask-ordered", 7), ("go-scratch", 4),
         ("node-multistage", 2), ("node-multistage", 6), ("two-engines", 3))      # the most telling ones, the first is 1


class States:
    """Brings one window into each state."""

    def __init__(self, window: MainWindow, work: Path) -> None:
        from cachesim.assets import samples
        self.window, self.bench, self.work = window, window.workbench, work
        self.path, self.host = os.environ["PATH"], os.environ["DOCKER_HOST"]
        self.asked_pane = ""        # that a presenter asks for, too: panes are folded away in a presentation
        self.states: dict[str, Callable[[], None]] = {
            "welcome": self.welcome, "draft": self.draft, "no_files": self.no_files, "parse_error": self.parse_error,
            "build_fails": self.build_fails, "first_build": self.first_build, "all_cached": self.all_cached,
            "changed": self.changed, "selected_why": self.selected_why, "why_rule": self.why_rule,
            "key_parts": self.key_parts, "problems": self.problems, "context": self.context, "layers": self.layers,
            "compare": self.compare, "history": partial(self.pane, "history"), "versus": self.versus, "proof": self.proof,
            "no_docker": partial(self.no_engine, "NO_DOCKER"), "daemon_down": partial(self.no_engine, "NO_DAEMON"),
            "no_permission": partial(self.no_engine, "NO_PERMISSION"), "plan_card": self.plan_card,
            "agrees": self.agrees, "differs": self.differs, "foreign_log": self.foreign_log, "scanning": self.scanning,
            "not_watching": self.not_watching, "network_share": self.network_share, "rescued": self.rescued,
            "confirming": self.confirming, "foreign_text": self.foreign_text, "steps_list": self.steps_list,
            "advice": self.advice, "legend": self.legend, "find": self.find, "whatif_menu": self.whatif_menu,
            "file_dialog": self.file_dialog, "options": self.options, "preferences": self.preferences,
            "four_lanes": partial(self.lanes, "licenses"), "five_lanes": partial(self.lanes, ""),
            "fitted": self.fitted,
            "many_builds": partial(self.many_builds, 4), "eight_builds": partial(self.many_builds, 8),
            "proof_card": partial(picture_proof.card, self), "proof_runs": partial(picture_proof.runs, self),
            "proof_done": partial(picture_proof.done, self), "proof_differs": partial(picture_proof.differs, self),
            "rename": self.rename, "history_replayed": self.replayed, "compare_engines": self.engines,
            "looking_back": self.looking_back,
            "palette": partial(self.palette, "file"), "palette_nothing": partial(self.palette, "xyzzy"), "crash": self.crash}
        for sample in samples():
            self.states[f"sample_{sample.name}"] = partial(self.sample, sample.name)
        for name, number in EDITS:
            self.states[f"edit{number}_{name}"] = partial(self.edit, name, number)
        self.states["classic_two-engines"] = self.classic
        for title in ("file", "edit", "view", "change", "build", "workshop", "help"):
            self.states[f"menu_{title}"] = partial(self.menu, title)

    # -- going on -----------------------------------------------------------------------------------------------

    def turn(self, seconds: float) -> None:
        """Let the window live for a moment."""
        from PySide6.QtCore import QEvent
        from PySide6.QtWidgets import QApplication
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            time.sleep(0.005)

    def until(self, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError(ready)
            self.turn(0.02)

    def calm(self) -> None:
        """Close what the state before left open."""
        from PySide6.QtWidgets import QApplication, QDialog, QMenu
        for top in QApplication.topLevelWidgets():
            if isinstance(top, QMenu):
                top.hide()
            if isinstance(top, QDialog):
                top.close()
                top.deleteLater()
        from cachesim.app.confirm.controller import controller_of
        from cachesim.app.confirm.state import ConfirmState
        from cachesim.app.proof.prover import prover_of
        from cachesim.project.folders import data_dir
        prover = prover_of(self.bench)
        prover.cancel()
        self.until(lambda: not prover.state.busy)
        os.environ["PATH"], os.environ["DOCKER_HOST"] = self.path, self.host
        self.asked_pane = ""
        control = controller_of(self.bench)
        control.cancel()
        self.until(lambda: not control.state.busy)
        self.window.actions_["step_list"].setChecked(False)
        self.window.graph.cover.zoom_bar.legend.setChecked(False)
        self.bench.set_busy(None)
        self.bench.set_confirmation(ConfirmState())
        self.bench.close_project()
        self.bench.keeper.job.wait()
        for kept in ("samples", "projects"):
            shutil.rmtree(data_dir() / kept, ignore_errors=True)
        while self.window.messages.messages():
            self.window.messages.close_last()
        self.window.placement.reset()

    # -- projects -----------------------------------------------------------------------------------------------

    def open(self, path: Path, **more: Path) -> None:
        self.bench.open_path(path, **more)
        self.until(lambda: self.bench.project is not None and self.bench.report is not None
                   and not any(job.busy for job in self.bench.jobs if job not in (self.bench.keeper.job,)))
        self.window.panes.show("why")
        self.window.panes.show("context")
        self.window.placement.reset()       # with no project there were no panes to put in place
        self.turn(0.1)

    def multistage(self) -> None:
        """The sample with four stages, its first edit undone."""
        from cachesim.app.opening import copy_of_sample
        from cachesim.assets import sample
        self.open(copy_of_sample(sample("node-multistage")))

    def sample(self, name: str) -> None:
        from cachesim.app.opening import copy_of_sample
        from cachesim.assets import sample
        self.open(copy_of_sample(sample(name)))

    def edit(self, name: str, number: int) -> None:
        """A sample at one of its prepared edits; those before it were built."""
        self.sample(name)
        for _ in range(number - 1):
            self.bench.prepared.try_next()
            self.turn(0.1)
            self.until(lambda: not self.bench.prediction.job.busy and not self.bench.prediction.pending)
        self.first()

    def classic(self) -> None:
        """The classic builder, which runs a stage that nobody needs."""
        from cachesim.graph.options import EngineKind, ImageStore
        self.edit("two-engines", 3)
        self.bench.set_engine(EngineKind.CLASSIC, ImageStore.GRAPHDRIVER)
        self.turn(0.3)
        self.first()

    def plain(self, text: str, **files: str) -> Path:
        folder = self.work / f"shop{len(list(self.work.iterdir()))}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(text)
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_text(content)
        return folder

    def text(self, text: str) -> None:
        self.bench.replace_text(text, "picture")
        self.turn(0.1)
        self.until(lambda: not self.bench.prediction.job.busy and not self.bench.prediction.pending)

    def lanes(self, left_out: str) -> None:
        """Many stages that the target needs, one of them long; a late one was edited."""
        kept = "".join(f"FROM {part}" for part in LANES.split("FROM ")[1:] if not left_out or f"AS {left_out}" not in part)
        text = "".join(line for line in kept.splitlines(True) if not left_out or f"--from={left_out}" not in line)
        folder = self.plain(text)
        for name in ("deps", "assets", "server", "licenses", "web"):
            (folder / name).mkdir()
            (folder / name / "main.js").write_text("tea\n")
        self.open(folder)
        self.bench.build("First build")
        self.turn(0.3)
        self.bench.edit_file("server/main.js", b"sencha\n")
        self.turn(0.3)

    def fitted(self) -> None:
        self.lanes("")
        self.window.resize(*SIZES[0])
        self.turn(0.2)
        self.window.graph.cover.zoom_bar.fit.click()
        self.turn(0.2)

    def many_builds(self, count: int) -> None:
        self.multistage()
        for number in range(count - 1):
            self.bench.build(f"steep sencha longer for the {number + 2}. time: the bundle changes")
            self.turn(0.2)
            path = "src/timer.js" if number % 2 else "package.json"
            self.bench.edit_file(path, f"tea {number}\n".encode())
            self.turn(0.2)

    # -- states -------------------------------------------------------------------------------------------------

    def welcome(self) -> None:
        pass

    def draft(self) -> None:
        self.bench.open_draft()
        self.until(lambda: self.bench.report is not None)
        self.window.placement.reset()

    def no_files(self) -> None:
        self.draft()
        self.text("FROM node:22-slim AS deps\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\n\nFROM deps AS build\n"
                  "COPY . .\nRUN npm run build\n\nFROM nginx:1.27\nCOPY --from=build /app/dist /usr/share/nginx/html\n")
        self.first()

    def first(self) -> None:
        report = self.bench.report
        step = report.first_miss if report is not None else None
        if step is not None:
            self.bench.select(step.id)
        self.turn(0.2)

    def parse_error(self) -> None:
        self.multistage()
        lines = self.bench.state.text.split("\n")
        self.text("\n".join([*lines[:9], "COPPY . ." if lines[9:10] else "", *lines[9:]]))

    def build_fails(self) -> None:
        self.open(self.plain(FAILING))

    def first_build(self) -> None:
        self.multistage()
        self.bench.empty_cache("prune the cache")
        self.turn(0.3)

    def all_cached(self) -> None:
        self.multistage()
        self.bench.build("again")
        self.turn(0.3)

    def changed(self) -> None:
        self.multistage()

    def selected_why(self) -> None:
        self.multistage()
        self.first()

    def key_parts(self) -> None:
        self.selected_why()
        self.window.panes.show("keyparts")

    def context(self) -> None:
        self.selected_why()
        path = next(p for p, e in self.bench.state.context.walk() if e.digest and p.startswith("src/"))
        self.window.asking.show_file(path)
        self.bench.edit_file(path, b"other\n")
        self.turn(0.3)

    def compare(self) -> None:
        self.multistage()
        self.bench.build("edit")
        self.turn(0.3)
        path = self.bench.timeline.path()
        self.bench.comparisons.builds(path[0].id, path[-1].id)
        self.turn(0.3)

    def pane(self, name: str) -> None:
        self.selected_why()
        self.window.panes.show(name)
        self.turn(2.0)

    def why_rule(self) -> None:
        from cachesim.app.report.lines import Depth
        self.selected_why()
        self.window.panes.docks["why"].content.set_level(Depth.RULE)  # type: ignore[attr-defined]

    def problems(self) -> None:
        self.sample("busybox-offline")
        self.text(f"{self.bench.state.text}MAINTAINER me\n")
        self.window.panes.show("problems")

    def replayed(self) -> None:
        """The last commits of a small project, replayed."""
        folder = self.plain("FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n", package_json="{}")
        git = ["git", "-C", str(folder), "-c", "user.name=Tea", "-c", "user.email=tea@example.org"]
        subprocess.run([*git, "init", "-q"], check=True)
        for number in range(8):
            (folder / ("package.json" if number == 4 else "main.js")).write_text(f"{{}}// {number}\n")
            subprocess.run([*git, "add", "-A"], check=True)
            subprocess.run([*git, "commit", "-q", "-m", f"Steep sencha {number}"], check=True)
        self.open(folder)
        panel = self.window.panes.show("history", True)
        panel.run.click()  # type: ignore[union-attr]
        self.turn(3.0)

    def engines(self) -> None:
        """The same builds under both engines, side by side."""
        from cachesim.graph.options import EngineKind, ImageStore
        self.edit("two-engines", 3)
        self.bench.compare_engine(EngineKind.CLASSIC, ImageStore.GRAPHDRIVER)
        self.turn(0.5)

    def looking_back(self) -> None:
        """A build of the timeline, as it was."""
        self.many_builds(3)
        self.bench.go_to(self.bench.timeline.entries[1].id)
        self.turn(0.3)

    def layers(self) -> None:
        self.selected_why()
        self.window.panes.show("layers")

    def versus(self) -> None:
        self.sample("flask-early-copy")
        other = self.work / "Dockerfile.other"
        other.write_text(self.bench.state.text.replace("COPY . .\n", "COPY requirements.txt .\n"))
        panel = self.window.panes.show("versus", True)
        panel.set_other(other)  # type: ignore[union-attr]
        self.turn(3.0)

    def proof(self) -> None:
        self.selected_why()
        self.window.panes.show("proof", True)

    # -- real builds --

    def docker(self, *second: str, stays: bool = False) -> None:
        """A client that answers as recorded; the second build shows these steps from the cache, or `stays` in the last one."""
        from tests.confirm.conftest import BUSYBOX as IMAGE
        from tests.confirm.conftest import SERVER, FakeDocker
        from tests.confirm.test_session import stream
        folder = self.work / f"bin{len(list(self.work.iterdir()))}"
        folder.mkdir()
        fake = FakeDocker(folder)
        entry = {"Name": "default", "DockerEndpoint": "unix:///var/run/docker.sock", "Current": True}
        driver = [["driver-type", "io.containerd.snapshotter.v1"]]
        fake.answers = {
            "context ls": (json.dumps(entry) + "\n", "", 0), "version": (json.dumps(SERVER) + "\n", "", 0),
            "buildx version": ("github.com/docker/buildx v0.29.1 abc\n", "", 0),
            "info": (json.dumps({"Driver": "overlayfs", "DriverStatus": driver, "ServerVersion": "28.5.2"}) + "\n", "", 0)}
        fake.images = {"busybox:1.36": IMAGE}
        steps = ("[1/3] COPY f /f", "[2/3] RUN cat /f")
        fake.builds = [{"play": [], "raw": [stream("[context busybox:1.36] localhost/cachesim/nonce:x-0", *steps)]},
                       {"play": [], "raw": [stream(*steps, cached=second)]}]
        if stays:
            lines = stream(*steps).splitlines(True)
            raw = lines[0] + lines[1].replace(', "completed"', ', "later"')
            fake.builds[1] = {"play": [], "raw": [raw], "sleep": 60}
        fake.write()
        os.environ["PATH"] = f"{folder}{os.pathsep}{self.path}"

    def show_log(self) -> None:
        self.window.panes.show("log")
        self.asked_pane = "log"

    def asked(self) -> None:
        from cachesim.app.confirm.controller import controller_of
        control = controller_of(self.bench)
        self.show_log()
        control.ask()
        self.until(lambda: not control.state.busy)
        self.turn(0.3)

    def no_engine(self, name: str) -> None:
        from cachesim.app.confirm.controller import controller_of
        from cachesim.app.confirm.state import Stage
        from cachesim.confirm.engines import EngineProblem
        self.multistage()
        self.show_log()
        self.turn(0.3)
        del os.environ["DOCKER_HOST"]       # a person's own engine does not answer
        said = {"NO_DOCKER": "docker: command not found",
                "NO_PERMISSION": "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock"}
        controller_of(self.bench)._set(
            stage=Stage.UNAVAILABLE, problem=EngineProblem[name],
            detail=said.get(name, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon "
                                  "running?"))
        self.turn(0.3)

    def plan_card(self) -> None:
        self.docker()
        self.open(self.plain(BUSYBOX, f="tea\n"))
        self.asked()

    def confirmed(self, *second: str) -> None:
        from cachesim.app.confirm.controller import controller_of
        self.docker(*second)
        self.open(self.plain(BUSYBOX, f="tea\n"))
        self.asked()
        control = controller_of(self.bench)
        panel = self.window.panes.docks["log"].content
        panel.plan.run.click()  # type: ignore[attr-defined]
        self.turn(0.3)
        self.until(lambda: not control.state.busy)
        self.turn(0.3)

    def confirming(self) -> None:
        """The second build stands in the middle of its RUN."""
        from cachesim.app.confirm.controller import controller_of
        from cachesim.confirm.match import Mode
        steps = ("[1/3] COPY f /f", "[2/3] RUN cat /f")
        self.docker(*steps, stays=True)
        self.open(self.plain(BUSYBOX, f="tea\n"))
        self.bench.edit_file("f", b"sencha\n")
        self.turn(0.3)
        self.asked()
        control = controller_of(self.bench)
        control.set_mode(Mode.ISOLATED)         # a log from elsewhere leaves the live mode
        self.until(lambda: not control.state.busy)
        self.window.panes.docks["log"].content.plan.run.click()  # type: ignore[attr-defined]
        self.until(lambda: control.state.phase.build == 1 and bool(control.state.running))
        self.turn(0.3)

    def agrees(self) -> None:
        self.confirmed("[1/3] COPY f /f", "[2/3] RUN cat /f")

    def differs(self) -> None:
        self.confirmed("[1/3] COPY f /f")

    def foreign_log(self) -> None:
        from cachesim.app.confirm.controller import controller_of
        from tests.confirm.test_session import stream
        self.open(self.plain(BUSYBOX, f="tea\n"))
        log = self.work / "ci.rawjson"
        log.write_text(stream("[1/3] FROM docker.io/library/busybox:1.36", "[2/3] COPY f /f", "[3/3] RUN cat /f",
                              cached=("[1/3] FROM docker.io/library/busybox:1.36", "[2/3] COPY f /f")))
        self.show_log()
        controller_of(self.bench).open_record(log)
        self.turn(0.5)

    # -- what comes from outside --

    def scanning(self) -> None:
        self.multistage()
        self.bench.set_busy("Reading shop")
        self.window.verdict.show_progress(12_345, 100_000)

    def not_watching(self) -> None:
        self.multistage()
        self.bench.disk.watch.lost.emit("the limit of watched files is reached (fs.inotify.max_user_watches)")

    def network_share(self) -> None:
        self.multistage()
        self.bench.disk.watch.lost.emit("/home/eva/projects/shop lies on a network share (nfs4), and what other machines "
                                        "change is not told")

    def rescued(self) -> None:
        from cachesim.app import recovery
        folder = self.plain("FROM alpine\nCOPY . .\n", a_txt="1")
        recovery.keep(folder / "Dockerfile", "FROM alpine\nCOPY a.txt .\nRUN cat a.txt\n")
        self.open(folder)

    def foreign_text(self) -> None:
        folder = self.plain("FROM alpine\nCOPY . .\n", a_txt="1")
        self.open(folder)
        self.text("FROM alpine\nCOPY . /mine\n")
        (folder / "Dockerfile").write_text("FROM alpine\nCOPY . /theirs\n")
        self.bench.disk.look()
        self.until(lambda: any(m.key == "foreign" for m in self.window.messages.messages()))

    def steps_list(self) -> None:
        self.selected_why()
        self.window.actions_["step_list"].setChecked(True)

    def advice(self) -> None:
        self.sample("flask-early-copy")
        panel = self.window.panes.show("advice", True)
        self.until(lambda: panel.advice is not None)  # type: ignore[union-attr]
        self.turn(0.3)

    def legend(self) -> None:
        self.changed()
        self.window.graph.cover.zoom_bar.legend.setChecked(True)

    def find(self) -> None:
        self.changed()
        self.window.actions_["replace"].trigger()

    # -- dialogs and menus --

    def whatif_menu(self) -> None:
        from PySide6.QtCore import QPoint
        from PySide6.QtWidgets import QMenu

        from cachesim.app.whatif.menu import WhatIf
        self.changed()
        self.window.resize(*SIZES[0])
        menu = QMenu(self.window)
        WhatIf(self.bench, self.window).fill(menu)
        menu.popup(self.window.mapToGlobal(QPoint(260, 56)))

    def menu(self, title: str) -> None:
        """A menu of the bar, under its title."""
        self.changed()
        self.window.resize(*SIZES[0])
        self.turn(0.1)
        bar = self.window.menuBar()
        action = next(a for a in bar.actions() if a.text().replace("&", "").lower() == title)
        menu = action.menu()
        menu.popup(bar.mapToGlobal(bar.actionGeometry(action).bottomLeft()))  # type: ignore[attr-defined]

    def rename(self) -> None:
        """The question for another name of a build, with the name it has."""
        from PySide6.QtWidgets import QDialog

        from cachesim.app import questions

        def shown(dialog: QDialog) -> bool:
            dialog.show()
            return False
        self.changed()
        asked, questions.answered = questions.answered, shown
        self.window.timeline._rename(self.bench.timeline.entries[-1])
        questions.answered = asked

    def file_dialog(self) -> None:
        from cachesim.app.whatif.file_dialog import FileDialog
        self.changed()
        FileDialog("src/timer.js", self.bench.bytes_of("src/timer.js"), self.window).show()

    def options(self) -> None:
        from cachesim.app.options.dialog import OptionsDialog
        self.changed()
        report = self.bench.report
        OptionsDialog(self.bench.state.options, report.graph if report is not None else None, self.window).show()

    def preferences(self) -> None:
        from cachesim.app.preferences import PreferencesDialog
        self.changed()
        PreferencesDialog(self.bench, self.window).show()

    def palette(self, typed: str) -> None:
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QLineEdit

        from cachesim.app.command_choices import command_choices, live_choices
        from cachesim.app.palette_dialog import PaletteDialog
        self.multistage()
        self.window.resize(*SIZES[0])
        self.turn(0.1)
        choices = command_choices(self.window.actions_) + live_choices(self.window.menuBar())
        dialog = PaletteDialog("Type a command", choices, self.window)
        dialog.show()
        line = dialog.findChild(QLineEdit)
        assert line is not None
        QTest.keyClicks(line, typed)

    def crash(self) -> None:
        from cachesim.app.crash import CrashDialog, details_of
        self.multistage()
        CrashDialog("Reading shop", details_of(ValueError("a picture")), self.window).show()
