"""How does the window look in every state that its plan names, at which size and in which theme?

    python -m tests.pictures OUT [--only NAME…] [--percent 100 80 250]

Brings one window into each state, and writes a picture per size and look; nobody has to click. It needs no display and no
Docker. The pictures are for eyes: no test compares them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cachesim.app.mainwindow import MainWindow

SIZES = ((1280, 800), (1920, 1080))
LOOKS = ("Light", "Dark", "present")
BROKEN = "FROM alpine\nRUN apk add curl\nCOPPY . .\n"
FAILING = "FROM alpine AS base\nRUN apk add curl\n\nFROM alpine\nCOPY missing.txt /\nRUN true\n"


class Pictures:
    """Walks through the states of one window."""

    def __init__(self, window: MainWindow, out: Path, work: Path) -> None:
        self.window, self.bench, self.out, self.work = window, window.workbench, out, work
        self.states: dict[str, Callable[[], None]] = {
            "welcome": self.welcome, "draft": self.draft, "no_files": self.no_files, "parse_error": self.parse_error,
            "build_fails": self.build_fails, "first_build": self.first_build, "all_cached": self.all_cached,
            "changed": self.changed, "selected_why": self.selected_why, "key_parts": self.key_parts,
            "context": self.context, "compare": self.compare, "no_docker": partial_problem(self, "NO_DOCKER"),
            "daemon_down": partial_problem(self, "NO_DAEMON"), "no_permission": partial_problem(self, "NO_PERMISSION"),
            "differs": self.differs, "scanning": self.scanning, "not_watching": self.not_watching,
            "foreign_text": self.foreign_text, "steps_list": self.steps_list, "advice": self.advice,
            "palette": self.palette, "palette_nothing": self.palette_nothing, "crash": self.crash}
        from cachesim.assets import samples
        for sample in samples():
            self.states[f"sample_{sample.name}"] = self.sample(sample.name)

    # -- take ---------------------------------------------------------------------------------------------------

    def take(self, names: Sequence[str], percents: Sequence[int]) -> None:
        """Write the pictures of these states."""
        for name in names:
            self.calm()
            self.states[name]()
            for percent in percents:
                for look in LOOKS:
                    for size in SIZES:
                        self.show(look, size, percent)
                        tag = "" if percent == 100 else f"_{percent}"
                        self.grab(f"{name}_{size[0]}_{look.lower()}{tag}.png")
                self.window.actions_["present"].setChecked(False)
            print(name, flush=True)

    def show(self, look: str, size: tuple[int, int], percent: int) -> None:
        """Take a look and a size; presentation mode fills a window of that size instead of the screen."""
        window, present = self.window, self.window.actions_["present"]
        presenting = look == "present" and present.isEnabled()
        if presenting != present.isChecked():
            present.setChecked(presenting)
        window.showNormal()
        self.bench.set_settings(replace(self.bench.settings, theme="Light" if look == "present" else look,
                                        font_percent=percent, reduce_motion=True))
        window.resize(*size)
        self.turn(0.15)

    def grab(self, name: str) -> None:
        """Draw the window, with a dialog over it if there is one."""
        from PySide6.QtGui import QPainter
        from PySide6.QtWidgets import QApplication, QDialog
        picture = self.window.grab()
        painter = QPainter(picture)
        for top in QApplication.topLevelWidgets():
            if isinstance(top, QDialog) and top.isVisible():
                painter.drawPixmap(self.window.mapFromGlobal(top.pos()), top.grab())
        painter.end()
        picture.save(str(self.out / name))

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
        from PySide6.QtWidgets import QApplication, QDialog
        for top in QApplication.topLevelWidgets():
            if isinstance(top, QDialog):
                top.close()
                top.deleteLater()
        from cachesim.app.confirm.state import ConfirmState
        from cachesim.project.folders import data_dir
        self.window.actions_["step_list"].setChecked(False)
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
        self.turn(0.1)

    def multistage(self) -> None:
        """The sample with four stages, its first edit undone."""
        from cachesim.app.opening import copy_of_sample
        from cachesim.assets import sample
        self.open(copy_of_sample(sample("node-multistage")))

    def sample(self, name: str) -> Callable[[], None]:
        def act() -> None:
            from cachesim.app.opening import copy_of_sample
            from cachesim.assets import sample
            self.open(copy_of_sample(sample(name)))
        return act

    def plain(self, text: str, **files: str) -> Path:
        folder = self.work / f"shop{len(list(self.work.iterdir()))}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(text)
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_text(content)
        return folder

    def text(self, text: str) -> None:
        self.bench.replace_text(text, "picture")
        self.turn(0.3)

    # -- states -------------------------------------------------------------------------------------------------

    def welcome(self) -> None:
        pass

    def draft(self) -> None:
        self.bench.open_draft()
        self.until(lambda: self.bench.project is not None)

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
        self.bench.compare(path[0].id, path[-1].id)
        self.turn(0.3)

    def problem(self, name: str) -> None:
        from cachesim.app.confirm.state import ConfirmState, Stage
        from cachesim.confirm.engines import EngineProblem
        self.multistage()
        self.window.panes.show("log")
        self.turn(0.3)
        self.bench.set_confirmation(ConfirmState(stage=Stage.UNAVAILABLE, problem=EngineProblem[name],
                                                 detail="Cannot connect to the Docker daemon at unix:///var/run/docker.sock."))
        self.turn(0.3)

    def differs(self) -> None:
        from cachesim.app.confirm.controller import controller_of
        folder = self.plain("FROM busybox:1.36\nCOPY f.txt /f\nRUN cat /f\n", f_txt="tea\n")
        self.open(folder)
        lines = []
        steps = (("[1/3] FROM docker.io/library/busybox:1.36", True), ("[2/3] COPY f.txt /f", True), ("[3/3] RUN cat /f", False))
        for number, (name, cached) in enumerate(steps):
            lines.append(json.dumps({"vertexes": [{
                "digest": f"sha256:{number}", "name": name, "started": "2026-01-01T00:00:00.1Z",
                "completed": "2026-01-01T00:00:01.1Z", **({"cached": True} if cached else {})}]}))
        log = self.work / "ci.rawjson"
        log.write_text("\n".join(lines) + "\n")
        self.window.panes.show("log")
        controller_of(self.bench).open_record(log)
        self.turn(0.5)

    def scanning(self) -> None:
        self.multistage()
        self.bench.set_busy("Reading shop")
        self.window.verdict.show_progress(12_345, 100_000)

    def not_watching(self) -> None:
        self.multistage()
        self.bench.disk.watch.lost.emit("the limit of watched files is reached (fs.inotify.max_user_watches)")

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
        self.selected_why()
        for pane in ("advice", "history"):
            if pane in self.window.panes.docks:
                self.window.panes.show(pane)
                self.turn(2.0)
                return

    def _palette(self, typed: str) -> None:
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

    def palette(self) -> None:
        self._palette("file")

    def palette_nothing(self) -> None:
        self._palette("xyzzy")

    def crash(self) -> None:
        from cachesim.app.crash import CrashDialog, details_of
        self.multistage()
        CrashDialog("Reading shop", details_of(ValueError("a picture")), self.window).show()


def partial_problem(pictures: Pictures, name: str) -> Callable[[], None]:
    """The state where a real build is not possible for one reason."""
    return lambda: pictures.problem(name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--percent", nargs="*", type=int, default=[100])
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="cachesim-pictures-"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = str(work / "home")
    os.environ["DOCKER_HOST"] = f"unix://{work}/nothing"
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from cachesim.app.mainwindow import MainWindow
    from cachesim.app.workbench import Workbench
    app = QApplication(sys.argv[:1])
    bench = Workbench()
    window = MainWindow(bench, QSettings(str(work / "window.ini"), QSettings.Format.IniFormat))
    bench.may_leave = lambda: True
    window.show()
    pictures = Pictures(window, args.out, work)
    try:
        pictures.take([n for n in pictures.states if not args.only or any(n.startswith(o) for o in args.only)], args.percent)
    finally:
        bench.disk.close()
        window.close()
        app.processEvents()
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
