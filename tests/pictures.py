"""How does the window look in every state that its plan names, at which size and in which theme?

    python -m tests.pictures OUT [--only NAME…] [--looks Light Dark present "High contrast"] [--percent 100 80 250]

Brings one window into each state, and writes a picture per size and look; nobody has to click. It needs no display and no
Docker. The pictures are for eyes: no test compares them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.picture_states import SIZES, States

LOOKS = ("Light", "Dark", "present")


class Pictures:
    """Takes pictures of one window in every state."""

    def __init__(self, states: States, out: Path, looks: Sequence[str]) -> None:
        self.walk, self.window, self.bench, self.out, self.looks = states, states.window, states.bench, out, looks

    def take(self, names: Sequence[str], percents: Sequence[int]) -> None:
        """Write the pictures of these states."""
        for name in names:
            self.walk.calm()
            self.walk.states[name]()
            for percent in percents:
                for look in self.looks:
                    kind = look.lower().replace(" ", "-")
                    for size in SIZES:
                        self.show(look, size, percent)
                        tag = "" if percent == 100 else f"_{percent}"
                        self.grab(f"{name}_{size[0]}_{kind}{tag}.png")
                self.leave()
            print(name, flush=True)

    def show(self, look: str, size: tuple[int, int], percent: int) -> None:
        """Take a look and a size; presentation mode fills a window of that size instead of the screen."""
        window, present = self.window, self.window.actions_["present"]
        presenting = look == "present" and present.isEnabled()
        if presenting and not present.isChecked():
            present.setChecked(True)
            if self.walk.asked_pane:
                window.panes.show(self.walk.asked_pane)
        elif not presenting:
            self.leave()
        window.showNormal()
        self.bench.set_settings(replace(self.bench.settings, theme="Light" if look == "present" else look,
                                        font_percent=percent, reduce_motion=True))
        window.resize(*size)
        self.walk.turn(0.15 if percent == 100 else 0.5)         # large letters are laid out more than once

    def leave(self) -> None:
        """End a presentation at once: for seconds, another size would bring back the panes of before it, also of a next state."""
        if self.window.actions_["present"].isChecked():
            self.window.actions_["present"].setChecked(False)
            self.walk.turn(0.4)
            self.window.presentation._await_no_more()

    def grab(self, name: str) -> None:
        """Draw the window, with a dialog over its middle if there is one, in a frame and under its title."""
        from PySide6.QtCore import QRect, Qt
        from PySide6.QtGui import QPainter
        from PySide6.QtWidgets import QApplication, QDialog, QMenu
        picture = self.window.grab()
        painter = QPainter(picture)
        for top in QApplication.topLevelWidgets():
            if not isinstance(top, QDialog | QMenu) or not top.isVisible():
                continue
            place = QRect(self.window.mapFromGlobal(top.pos()), top.size())
            if isinstance(top, QDialog):
                place.moveCenter(self.window.rect().center())
                title = QRect(place.left(), place.top() - 26, place.width(), 26)
                painter.fillRect(title.adjusted(-1, -1, 1, place.height() + 1), top.palette().button())
                painter.setPen(top.palette().windowText().color())
                painter.drawText(title, Qt.AlignmentFlag.AlignCenter, top.windowTitle())
            painter.drawPixmap(place.topLeft(), top.grab())
        painter.end()
        picture.save(str(self.out / name))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--looks", nargs="*", default=list(LOOKS))
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
    states = States(window, work)
    pictures = Pictures(states, args.out, args.looks)
    try:
        pictures.take([n for n in states.states if not args.only or any(n.startswith(o) for o in args.only)], args.percent)
    finally:
        states.calm()           # an open project with other text than on disk would ask, and nobody answers
        window.close()
        app.processEvents()
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
