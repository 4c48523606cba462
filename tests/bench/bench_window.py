"""How fast is the window: from a keystroke to repainted verdicts, from a start to a usable window, and how large?

Run: python tests/bench/bench_window.py  (prints figures, asserts nothing; with --keys without the starts)

A key is over when the window has painted the verdicts that follow from it: what is posted by then is done (layouts, repaints),
what waits for a timer, as the panes below do, counts for the key it delays. The letter itself is painted before, in a frame of
its own. A processor that slept between two keys may be slow for a while: the same piece of Python is timed at each pace, too.
A start runs from compiled modules, as every installed program does, whatever PYTHONDONTWRITEBYTECODE says here.
"""

from __future__ import annotations

import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QPaintEvent

    from cachesim.app.mainwindow import MainWindow

FILES, STEPS, KEYS = 5_000, 60, 200
PACES = ((0, "back to back, as a held key"), (100, "one each 100 ms, as fast fingers do"))

_START = """
import sys, time
begin = time.perf_counter()
from pathlib import Path
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from cachesim.app.mainwindow import MainWindow
from cachesim.app.main import settings_store
from cachesim.app.workbench import Workbench
app = QApplication([])
bench = Workbench()
window = MainWindow(bench, settings_store())
class First(QObject):
    done = False
    def eventFilter(self, watched, event):
        if event.type() is QEvent.Type.Paint and not self.done:
            self.done = True
            print(f"first {time.perf_counter() - begin:.3f} {time.process_time():.3f}", flush=True)
        return False
first = First()
app.installEventFilter(first)
window.show()
def usable(report):
    QTimer.singleShot(0, end)
def end():
    window.repaint()
    print(f"usable {time.perf_counter() - begin:.3f} {time.process_time():.3f}", flush=True)
    window.close()
    app.quit()
bench.report_changed.connect(usable)
QTimer.singleShot(0, lambda: bench.open_path(Path(sys.argv[1])))
app.exec()
app.removeEventFilter(first)
bench.shutdown()
"""


def make_project(folder: Path) -> Path:
    """60 instructions in four stages, 5,000 small files in fifty folders."""
    for number in range(FILES):
        path = folder / f"src/pkg{number % 50:02}/mod{number:04}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"value = {number}\n")
    lines = ["# syntax=docker/dockerfile:1"]
    for stage in range(4):
        lines.append(f"FROM python:3.12-slim AS s{stage}" if stage == 0 else f"FROM s{stage - 1} AS s{stage}")
        for step in range(STEPS // 4 - 1):
            lines.append((f"COPY src/pkg{stage * 10 + step:02}/ /app/pkg{step}/", f"RUN echo {stage} {step}",
                          f"ENV V{step}={stage}")[step % 3])
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    return folder


def percentiles(seconds: list[float]) -> str:
    """The least, median, p95 and the worst, in ms; on a busy machine only the first says much."""
    ordered = sorted(seconds)
    found = (ordered[0], statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1])
    words = ("min", "median", "p95", "worst")
    return ", ".join(f"{word} {value * 1000:.1f}" for word, value in zip(words, found, strict=True)) + " ms"


def memory() -> float:
    """Resident memory of this process in MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Clock:
    """Time by phase of one key: what is called inside a phase that is measured itself counts there alone."""

    def __init__(self) -> None:
        self.wall, self.cpu, self.parts = list[float](), list[float](), dict[str, list[float]]()
        self.letter: list[float] = []       # until the text area is painted the first time
        self._begin = 0.0                   # of the key at hand, until then
        self._open: list[float] = []        # time of the inner phases, per phase under way

    def watch(self, owner: type, method: str, phase: str) -> None:
        """Measure every call of a method as that phase."""
        inner = getattr(owner, method)

        @functools.wraps(inner)
        def timed(*args: object, **options: object) -> object:
            with self.phase(phase):
                return inner(*args, **options)
        setattr(owner, method, timed)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What is done here is that phase, in CPU time of this thread."""
        self._open.append(0.0)
        start = time.thread_time()
        yield
        taken = time.thread_time() - start
        inside = self._open.pop()
        self.parts.setdefault(name, [0.0])[-1] += taken - inside
        if self._open:
            self._open[-1] += taken

    @contextmanager
    def key(self) -> Iterator[None]:
        """One key: from here on everything belongs to it."""
        for part in self.parts.values():
            part.append(0.0)
        wall, cpu = time.perf_counter(), time.process_time()
        self._begin = wall
        yield
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def painted(self) -> None:
        """The text area was painted."""
        if self._begin:
            self.letter.append(time.perf_counter() - self._begin)
            self._begin = 0.0

    def clear(self) -> None:
        """Begin anew."""
        self.wall, self.cpu, self.letter, self.parts = [], [], [], {}

    def show(self) -> None:
        """Print all, the phases by weight."""
        print(f"  {'wall, until the letter is painted':34} {percentiles(self.letter)}")
        print(f"  {'wall, until the verdicts are':34} {percentiles(self.wall)}")
        print(f"  {'CPU of all threads':34} {percentiles(self.cpu)}")
        for name, part in sorted(self.parts.items(), key=lambda item: -statistics.median(item[1])):
            print(f"  {name:34} {percentiles(part)}")


def watch(clock: Clock) -> None:
    """Measure what the window does at a key; call before the window is made."""
    from cachesim.app import prediction
    from cachesim.app.context.context_panel import ContextPanel
    from cachesim.app.dag.scene import DagScene
    from cachesim.app.dag.steps_list import StepsList
    from cachesim.app.dag.view import DagView
    from cachesim.app.editor.code_editor import CodeEditor
    from cachesim.app.editor.text_area import TextArea
    from cachesim.app.report.why_panel import WhyPanel
    from cachesim.app.status import StatusLine
    from cachesim.app.verdict.strip import VerdictStrip
    clock.watch(prediction.Prediction, "_predict", "simulation in the same turn")
    clock.watch(CodeEditor, "_take_report", "report: editor")
    clock.watch(DagScene, "show_report", "report: graph, verdicts")
    clock.watch(DagView, "show_report", "report: graph, rest")
    clock.watch(StepsList, "_take_report", "report: list")
    clock.watch(VerdictStrip, "_refresh", "report: verdict strip")
    clock.watch(StatusLine, "_show_report", "report: status line")
    clock.watch(prediction.Prediction, "show", "report: the rest")
    clock.watch(ContextPanel, "refresh", "panes later: context")
    clock.watch(WhyPanel, "refresh", "panes later: why")
    clock.watch(TextArea, "keyPressEvent", "the key itself")
    paint = TextArea.paintEvent

    def painted(area: TextArea, event: QPaintEvent) -> None:
        paint(area, event)
        clock.painted()
    TextArea.paintEvent = painted  # type: ignore[method-assign]


def keystrokes(project: Path) -> None:
    """Type into lines, at each pace; the time ends when gutter, strips and graph are painted. Then carry an instruction."""
    from PySide6.QtCore import QCoreApplication, QEventLoop, Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from cachesim.app.garbage import UiGarbage
    from cachesim.app.main import SWITCH, settings_store
    from cachesim.app.mainwindow import MainWindow
    from cachesim.app.workbench import Workbench
    app = QApplication.instance() or QApplication([])
    clock = Clock()
    watch(clock)
    bench = Workbench()
    window = MainWindow(bench, settings_store())
    sys.setswitchinterval(SWITCH)
    garbage = UiGarbage(window)         # as the application has it
    garbage.start()
    bench.state_changed.connect(garbage.wait)
    window.show()
    loop = QEventLoop()
    bench.report_changed.connect(loop.quit)
    bench.open_path(project)
    loop.exec()
    bench.report_changed.disconnect(loop.quit)
    pause(1_000)
    print(f"memory with {FILES} files: {memory():.0f} MB")
    editor = window.editor.text

    def press(key: int) -> None:
        with clock.key():
            QTest.keyClick(editor, Qt.Key.Key_Backspace if key % 8 == 7 else Qt.Key.Key_A)
            with clock.phase("events, layout, painting"):
                wait_for(bench.report_changed)      # it sleeps until then, as the application does
                QCoreApplication.sendPostedEvents()     # the repaint
        alone.append(bench.seconds)
    for pace, words in PACES:
        speed = machine(pace)
        clock.clear()
        alone: list[float] = []
        for line in (4, 25, 55):
            cursor = editor.textCursor()
            cursor.setPosition(editor.document().findBlockByNumber(line).position() + 4)
            editor.setTextCursor(cursor)
            pause(600)
            for key in range(KEYS // 3):
                begin = time.perf_counter()
                press(key)
                if pace:
                    pause(max(0, pace - round(1000 * (time.perf_counter() - begin))))
        print(f"keystroke to repaint, {STEPS} instructions, {FILES} files, keys {words}:")
        print(f"  {'a fixed piece of Python so often':34} {percentiles(speed)}")
        clock.show()
        print(f"  {'simulation, wall':34} {percentiles(alone)}")
        print(f"memory after {len(alone)} keys: {memory():.0f} MB")
    bench.replace_text(project.joinpath("Dockerfile").read_text(), "back")
    wait_for(bench.report_changed)
    carry(window)
    QTimer.singleShot(0, window.close)
    app.processEvents()
    bench.shutdown()


def carry(window: MainWindow) -> None:
    """Drag a stripe from line to line; each move ends when the verdicts of that place are painted."""
    from PySide6.QtCore import QCoreApplication, QPoint, Qt
    from PySide6.QtTest import QTest
    gutter, text, bench = window.editor.gutter, window.editor.text, window.workbench
    text.verticalScrollBar().setValue(0)
    pause(500)
    def at(line: int) -> QPoint:
        return QPoint(6, (text.gap_y(line) or 0) + 8)
    taken: list[float] = []
    cpu: list[float] = []
    QTest.mousePress(gutter, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(5))
    QTest.mouseMove(gutter, at(7))
    wait_for(bench.preview_changed, 2_000)      # the rules of moves are read at the first one
    pause(1_000)
    for line in (*range(8, 15), *range(14, 5, -1)) * 6:
        begin, begin_cpu = time.perf_counter(), time.process_time()
        told: list[object] = []
        bench.preview_changed.connect(told.append)
        QTest.mouseMove(gutter, at(line))
        if not told:
            wait_for(bench.preview_changed, 200)
        bench.preview_changed.disconnect(told.append)
        QCoreApplication.sendPostedEvents()
        if told:
            taken.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - begin_cpu)
        pause(16)
    QTest.keyClick(text, Qt.Key.Key_Escape)
    QTest.mouseRelease(gutter, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at(6))
    print(f"carrying an instruction over the gutter, move to repaint, {len(taken)} moves with another verdict:")
    print(f"  {'wall':34} {percentiles(taken)}")
    print(f"  {'CPU of all threads':34} {percentiles(cpu)}")


def machine(pace: int) -> list[float]:
    """Seconds that a fixed piece of Python takes at that pace."""
    times = []
    for _ in range(40):
        pause(pace)
        start = time.perf_counter()
        found: dict[tuple[int, str], frozenset[int]] = {}
        for i in range(3000):
            found[i, str(i)] = frozenset((i,)) | found.get((i - 3, "x"), frozenset())
        times.append(time.perf_counter() - start)
    return times


def pause(ms: int) -> None:
    """Let the event loop run."""
    from PySide6.QtCore import QEventLoop, QTimer
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def wait_for(signal: SignalInstance, ms: int = 500) -> None:
    """Let the event loop run until that happened."""
    from PySide6.QtCore import QEventLoop, QTimer
    loop, timer = QEventLoop(), QTimer(singleShot=True, interval=ms)
    timer.timeout.connect(loop.quit)
    timer.start()
    signal.connect(loop.quit)
    loop.exec()
    signal.disconnect(loop.quit)


def main() -> None:
    """Print all figures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        for name in ("CACHESIM_DATA_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[name] = f"{home}/{name.lower()}"
        project = make_project(Path(home) / "project")
        small = make_small(Path(home) / "small")
        compiled = {**os.environ, "PYTHONPYCACHEPREFIX": f"{home}/compiled", "PYTHONDONTWRITEBYTECODE": ""}
        starts = (("small project", small), ("5,000 files, cold", project), ("5,000 files, warm", project))
        for name, path in starts if "--keys" not in sys.argv else ():
            runs = [subprocess.run([sys.executable, "-c", _START, str(path)], capture_output=True, text=True,
                                   check=True, env=compiled).stdout.split() for _ in range(1 if "cold" in name else 3)]
            wall, cpu, end, end_cpu = (min(float(run[place]) for run in runs) for place in (1, 2, 4, 5))
            print(f"start, {name}: first paint {wall:.2f} s (CPU {cpu:.2f} s), verdicts {end:.2f} s (CPU {end_cpu:.2f} s)")
        keystrokes(project)


def make_small(folder: Path) -> Path:
    """A project of three files."""
    folder.mkdir()
    (folder / "app.py").write_text("print(1)\n")
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "Dockerfile").write_text("FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\n")
    return folder


if __name__ == "__main__":
    main()
