"""Does the whole window stand whatever a person, or the disk, does to it for a while?

A few seconds by default. By hand, for as long as one likes, with the memory after each round:

    CACHESIM_MONKEY_SECONDS=1800 CACHESIM_MONKEY_SEED=7 pytest -s tests/app/test_window_monkey.py

`CACHESIM_MONKEY_LOG` names a file that always holds the last acts, also after a crash of the process.
"""

from __future__ import annotations

import gc
import os
import random
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QMenu,
    QMessageBox,
)
from pytestqt.qtbot import QtBot

from cachesim.app.command_choices import live_choices
from cachesim.app.garbage import give_back
from cachesim.app.mainwindow import MainWindow
from cachesim.app.questions import TextQuestion
from cachesim.app.settings import THEME_NAMES
from cachesim.assets import samples
from tests.app.conftest import DOCKERFILE, THREE_STAGES, open_project

SECONDS = float(os.environ.get("CACHESIM_MONKEY_SECONDS", "0"))
SEED = int(os.environ.get("CACHESIM_MONKEY_SEED", "1"))
LOG = os.environ.get("CACHESIM_MONKEY_LOG", "")
STEPS = 120             # in a test run
ROUND = 400             # acts between two looks at the memory, by hand
GROWTH = 50             # MB that a long run may end above its first rounds: 39 after an hour, most of it in the first 9,000 acts

Key, Mod = Qt.Key, Qt.KeyboardModifier
KEYS = (Key.Key_Return, Key.Key_Backspace, Key.Key_Delete, Key.Key_Tab, Key.Key_Backtab, Key.Key_Up, Key.Key_Down,
        Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End, Key.Key_Escape, Key.Key_PageDown, Key.Key_PageUp,
        Key.Key_Space, Key.Key_M, Key.Key_F8, Key.Key_F6, Key.Key_F1, Key.Key_F2)
MODIFIERS = (Mod.NoModifier, Mod.NoModifier, Mod.NoModifier, Mod.ShiftModifier, Mod.AltModifier, Mod.ControlModifier)
PIECES = ("RUN make $X\n", "COPY src/ /x\n", "FROM base AS b\n", "# note\n", "RUN <<EOF\nid\nEOF\n", " \\\n", "\n", "é😀",
          "ENV A=b\n", "--from=", "$", "HEALTHCHECK ", "FROM scratch\n", "ARG V=1\n", "COPY --from=0 /x /y\n", "\"", "ONBUILD ")
TEXTS = (DOCKERFILE, THREE_STAGES, "", "FROM scratch\n", "# only a comment", "RUN no from\n", "FROM a AS b\nFROM b AS a\n",
         "FROM alpine\r\nCOPY . /\r\nRUN <<A <<B\r\nx\r\nA\r\ny\r\nB\r\n", "\ufeffFROM alpine\nADD http://x/y /\n")
NAMES = ("a.txt", "src/app.py", "src/deep/er/b.txt", "requirements.txt", ".dockerignore", "Dockerfile.dev", "ü.bin")
NOT_BY_MONKEYS = frozenset({"quit"})


class Monkey:
    """Acts at random; the same seed acts the same."""

    def __init__(self, window: MainWindow, folder: Path, seed: int) -> None:
        self.window, self.folder, self.rng = window, folder, random.Random(seed)
        self.done: deque[str] = deque(maxlen=40)
        self.count = 0
        self._popups = QTimer(window, interval=40)      # a button with a menu waits until that is closed
        self._popups.timeout.connect(self.close_popups)
        self._popups.start()
        self.acts: tuple[Callable[[], str], ...] = (
            *[self.type] * 6, *[self.key] * 8, *[self.click] * 10, *[self.command] * 8, *[self.sub_menu] * 5,
            *[self.disk] * 4, self.select, self.select, self.timeline, self.timeline, self.build, self.build,
            self.drag, self.drag, self.resize, self.settings, self.wheel, self.replace, self.pane, self.context_menu)

    def step(self) -> None:
        act = self.rng.choice(self.acts)
        self.note(act.__name__)
        self.note(act())
        self.count += 1
        QApplication.processEvents()
        let_go()
        self.close_popups()
        if self.count % 25 == 0:
            gc.collect()            # the application has a collector of its own; see `cachesim.app.garbage`
        if self.window.workbench.project is None and not self.window.workbench.disk.busy and self.rng.random() < 0.5:
            self.open()

    def note(self, what: str) -> None:
        self.done.append(f"{self.count} {what}")
        if LOG:
            Path(LOG).write_text("\n".join(self.done))

    # -- hands --------------------------------------------------------------------------------------------------

    def open(self) -> str:
        if self.rng.random() < 0.6:
            self.window.workbench.open_path(self.folder)
            return "folder"
        name = self.rng.choice(samples()).name
        self.window.workbench.open_sample(name)
        return name

    def type(self) -> str:
        piece = self.rng.choice(PIECES)
        editor = self.window.editor.text
        if not editor.isVisible():
            return ""
        if piece.strip().isascii() and "\n" not in piece:
            QTest.keyClicks(editor, piece)
        else:
            editor.textCursor().insertText(piece)
        return repr(piece)

    def key(self) -> str:
        key, modifier = self.rng.choice(KEYS), self.rng.choice(MODIFIERS)
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, key, modifier)
        return f"{key} {modifier} to {type(target).__name__} {target.accessibleName()}"

    def click(self) -> str:
        at = QPoint(self.rng.randrange(self.window.width()), self.rng.randrange(self.window.height()))
        target = self.window.childAt(at) or self.window
        modifier = self.rng.choice((Mod.NoModifier, Mod.NoModifier, Mod.ControlModifier, Mod.ShiftModifier))
        place = target.mapFrom(self.window, at)
        said = f"{type(target).__name__} {target.accessibleName()} at {place.toTuple()}"
        self.note(said)
        if target is self.window.menuBar():
            return said                     # the menus are opened by `sub_menu`
        if self.rng.random() < 0.2:
            QTest.mouseDClick(target, Qt.MouseButton.LeftButton, modifier, place)
        else:
            QTest.mouseClick(target, Qt.MouseButton.LeftButton, modifier, place)
        return said

    def drag(self) -> str:
        view = self.rng.choice((self.window.graph.viewport(), self.window.editor.gutter))
        if not view.isVisible():
            return ""
        places = [QPoint(self.rng.randrange(max(1, view.width())), self.rng.randrange(max(1, view.height())))
                  for _ in range(3)]
        QTest.mousePress(view, Qt.MouseButton.LeftButton, Mod.NoModifier, places[0])
        for place in places[1:]:
            QTest.mouseMove(view, place)
            QApplication.processEvents()
        if self.rng.random() < 0.3:
            QTest.keyClick(QApplication.focusWidget() or self.window, Key.Key_Escape)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Mod.NoModifier, places[-1])
        return f"{type(view).__name__} {[p.toTuple() for p in places]}"

    def wheel(self) -> str:
        self.window.graph.zoom_in() if self.rng.random() < 0.5 else self.window.graph.zoom_out()
        return ""

    def context_menu(self) -> str:
        at = QPoint(self.rng.randrange(self.window.width()), self.rng.randrange(self.window.height()))
        target = self.window.childAt(at) or self.window
        QTest.mouseClick(target, Qt.MouseButton.RightButton, Mod.NoModifier, target.mapFrom(self.window, at))
        return type(target).__name__

    # -- commands -----------------------------------------------------------------------------------------------

    def command(self) -> str:
        action = self.rng.choice([a for a in self.window.actions_.all() if a.objectName() not in NOT_BY_MONKEYS])
        self.note(action.objectName())
        if action.isEnabled():
            action.trigger()
        return action.text()

    def sub_menu(self) -> str:
        choices = live_choices(self.window.menuBar())
        choice = self.rng.choice(choices)
        self.note(choice.text)
        if choice.enabled:
            choice.run()
        return ""

    def select(self) -> str:
        report = self.window.workbench.report
        if report is None or not report.steps:
            return ""
        step = self.rng.choice(report.steps)
        (self.window.workbench.select if self.rng.random() < 0.7 else self.window.workbench.activate)(step.id)
        return str(step.id)

    def timeline(self) -> str:
        bench = self.window.workbench
        entries = bench.timeline.entries
        if not entries:
            return ""
        a, b = self.rng.choice(entries).id, self.rng.choice(entries).id
        what = self.rng.randrange(5)
        if what == 0:
            bench.comparisons.builds(a, b)
        elif what == 1 and len(entries) > 4:
            bench.delete_entry(a)
        elif what == 2:
            bench.rename_entry(a, f"name {self.count}")
        else:
            bench.go_to(a)
        return f"{what} {a} {b}"

    def build(self) -> str:
        if self.window.workbench.project is not None:
            self.window.workbench.build()
        return ""

    def replace(self) -> str:
        if self.window.workbench.project is None:
            return ""
        text = self.rng.choice(TEXTS)
        self.window.workbench.replace_text(text, "a monkey")
        return repr(text[:30])

    def pane(self) -> str:
        dock = self.rng.choice(list(self.window.panes.docks.values()))
        if self.window.workbench.project is None:
            return ""
        what = self.rng.randrange(4)
        if what == 0:
            dock.close()
        elif what == 1:
            dock.setFloating(not dock.isFloating())
        else:
            self.window.panes.show(dock.pane.id, focus=what == 2)
        return f"{dock.pane.id} {what}"

    def settings(self) -> str:
        bench = self.window.workbench
        theme, percent = self.rng.choice(THEME_NAMES), self.rng.choice((80, 100, 100, 150, 250))
        bench.set_settings(replace(bench.settings, theme=theme, font_percent=percent,
                                   reduce_motion=self.rng.random() < 0.5, pointer_halo=self.rng.random() < 0.5))
        return f"{theme} {percent}"

    def resize(self) -> str:
        size = self.rng.choice(((1280, 800), (1920, 1080), (800, 500), (640, 400), (1024, 1400)))
        self.window.resize(*size)
        return str(size)

    # -- the world ----------------------------------------------------------------------------------------------

    def disk(self) -> str:
        path = self.folder / self.rng.choice(NAMES)
        what = self.rng.randrange(6)
        if what == 0 and path.is_file():
            path.unlink()
        elif what == 1:
            (self.folder / "Dockerfile").write_text(self.rng.choice(TEXTS), encoding="utf-8", newline="")
        elif what == 2 and self.rng.random() < 0.3:
            shutil.rmtree(self.folder / "src", ignore_errors=True)
        elif what == 3:
            self.window.workbench.disk.look()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.rng.choice(("*\n", "one\n", "!src\n**/*.bin\n", "")) * self.rng.randint(1, 4))
        return f"{what} {path.name}"

    def answer(self, dialog: QDialog) -> int:
        """Do something in a dialog, and close it one way or the other."""
        self.note(f"dialog {type(dialog).__name__}")
        dialog.show()
        QApplication.processEvents()
        for _ in range(self.rng.randint(0, 6)):
            target = QApplication.focusWidget()
            if target is None or target.window() is not dialog or not dialog.isVisible():
                break
            if self.rng.random() < 0.5:
                QTest.keyClicks(target, self.rng.choice(("a", "src", "077", "xx=1", "/")))
            else:
                QTest.keyClick(target, self.rng.choice((Key.Key_Tab, Key.Key_Down, Key.Key_Space, Key.Key_Return)))
        buttons = dialog.findChild(QDialogButtonBox)
        accepted = dialog.result() if not dialog.isVisible() else self.rng.randrange(2)
        if accepted and buttons is not None and dialog.isVisible():
            ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
            accepted = int(ok is not None and ok.isEnabled())
        dialog.hide()
        return accepted

    def close_popups(self) -> None:
        for _ in range(8):
            popup = QApplication.activePopupWidget()
            if popup is None:
                return
            if isinstance(popup, QMenu) and self.rng.random() < 0.3:
                choices = [a for a in popup.actions() if a.isEnabled() and not a.isSeparator() and a.menu() is None
                           and a.objectName() not in NOT_BY_MONKEYS]
                if choices:
                    chosen: QAction = self.rng.choice(choices)
                    self.note(f"menu {chosen.text()}")
                    popup.close()
                    chosen.trigger()
                    continue
            popup.close()

    # -- rest ---------------------------------------------------------------------------------------------------

    def rest(self, qtbot: QtBot) -> None:
        """Close everything and let go of it, as the application does in a pause (see `cachesim.app.garbage`)."""
        self.window.actions_["present"].setChecked(False)
        bench = self.window.workbench
        qtbot.waitUntil(lambda: not bench.disk.busy, timeout=30_000)
        bench.close_project()
        write_project(self.folder)
        open_project(qtbot, self.window, self.folder)
        let_go()
        gc.collect()
        give_back()


def let_go() -> None:
    """What was left for later goes, as where an event loop turns: a closed dialog must not get the keys that follow."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[call-overload]


def write_project(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "src" / "app.py").write_text("print('tea')\n")


def resident() -> float:
    """Memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture
def monkey(opened: MainWindow, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Monkey:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    found = Monkey(opened, project, SEED)
    monkeypatch.setattr(QDialog, "exec", lambda dialog: found.answer(dialog))
    monkeypatch.setattr(QMessageBox, "about", lambda *_: None)
    monkeypatch.setattr(TextQuestion, "ask", lambda *_: found.rng.choice(("x", "VERSION", "", "a=b"))
                        if found.rng.random() < 0.7 else None)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: found.rng.choice((str(project), "")))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (found.rng.choice((str(project / "Dockerfile"), "")), ""))
    answers = (str(project / "Dockerfile.saved"), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (found.rng.choice(answers), ""))
    return found


def test_the_window_stands_whatever_happens(qtbot: QtBot, monkey: Monkey) -> None:
    try:
        if SECONDS:
            long_run(qtbot, monkey)
        else:
            for _ in range(STEPS):
                monkey.step()
        monkey.rest(qtbot)
    except BaseException:
        print("\n".join(monkey.done))
        raise
    qtbot.waitUntil(lambda: bool(monkey.window.verdict.sentence()), timeout=15_000)
    assert monkey.window.editor.text.toPlainText() == DOCKERFILE


def long_run(qtbot: QtBot, monkey: Monkey) -> None:
    """Act for the given time; the memory after each round must not keep growing."""
    end, sizes = time.monotonic() + SECONDS, list[float]()
    censuses, kinds = deque[Counter[str]](maxlen=3), deque[Counter[str]](maxlen=3)      # all of them would be what grows
    while time.monotonic() < end:
        for _ in range(ROUND):
            monkey.step()
        monkey.rest(qtbot)
        sizes.append(resident())
        censuses.append(census(monkey.window))
        kinds.append(Counter(f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in gc.get_objects()))
        print(f"{monkey.count} acts, {sizes[-1]:.0f} MB, {censuses[-1].total()} Qt objects, {kinds[-1].total()} Python "
              f"objects; more than two rounds ago: {grown(censuses)}; {grown(kinds)}", flush=True)
    early, late = min(sizes[1:4] or sizes), sizes[-1]
    assert late - early < GROWTH, sizes


def census(window: MainWindow) -> Counter[str]:
    """How many Qt objects of each kind there are: below the window, and windows beside it."""
    found = Counter(f"{type(child).__name__} in {type(child.parent()).__name__}" for child in window.findChildren(QObject))
    for widget in QApplication.topLevelWidgets():
        found[f"window {type(widget).__name__} of {type(widget.parent()).__name__}"] += 1
    return found


def grown(censuses: Sequence[Counter[str]]) -> str:
    """What there is more of than two rounds ago, most first."""
    more = censuses[-1] - censuses[0]
    return ", ".join(f"{count} {kind}" for kind, count in more.most_common(8)) or "nothing"
