"""How fast is the window: from a keystroke to repainted verdicts, from a start to a usable window, and how large?

Run: python tests/bench/bench_window.py  (prints figures, asserts nothing)
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES, STEPS, KEYS = 5_000, 60, 200

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
            print(f"first {time.perf_counter() - begin:.3f}", flush=True)
        return False
first = First()
app.installEventFilter(first)
window.show()
def usable(report):
    QTimer.singleShot(0, end)
def end():
    window.repaint()
    print(f"usable {time.perf_counter() - begin:.3f}", flush=True)
    window.close()
    app.quit()
bench.report_changed.connect(usable)
QTimer.singleShot(0, lambda: bench.open_path(Path(sys.argv[1])))
app.exec()
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
    """Median, p95 and the worst, in ms."""
    ordered = sorted(seconds)
    return (f"median {statistics.median(ordered) * 1000:.1f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1000:.1f} ms, "
            f"worst {ordered[-1] * 1000:.1f} ms")


def memory() -> float:
    """Resident memory of this process in MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def keystrokes(project: Path) -> None:
    """Type into RUN lines; the time ends when gutter, strips and graph are painted."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from cachesim.app.main import settings_store
    from cachesim.app.mainwindow import MainWindow
    from cachesim.app.workbench import Workbench
    app = QApplication.instance() or QApplication([])
    bench = Workbench()
    window = MainWindow(bench, settings_store())
    window.show()
    loop = QEventLoop()
    bench.report_changed.connect(loop.quit)
    bench.open_path(project)
    loop.exec()
    for _ in range(20):
        app.processEvents()
    print(f"memory with {FILES} files: {memory():.0f} MB")
    editor = window.editor.text
    seconds: list[float] = []
    alone: list[float] = []
    for line in (4, 25, 55):
        cursor = editor.textCursor()
        cursor.setPosition(editor.document().findBlockByNumber(line).position() + 4)
        editor.setTextCursor(cursor)
        for key in range(KEYS // 3):
            app.processEvents()
            answered: list[object] = []
            bench.report_changed.connect(answered.append)
            start = time.perf_counter()
            QTest.keyClick(editor, Qt.Key.Key_Backspace if key % 8 == 7 else Qt.Key.Key_A)
            while not answered and time.perf_counter() - start < 0.5:
                app.processEvents()
            app.processEvents()                 # the repaint
            seconds.append(time.perf_counter() - start)
            bench.report_changed.disconnect(answered.append)
            alone.append(bench.seconds)
    print(f"keystroke to repaint, {STEPS} instructions, {FILES} files: {percentiles(seconds)}")
    print(f"simulation alone: {percentiles(alone)}")
    print(f"memory after {len(seconds)} keys: {memory():.0f} MB")
    bench.replace_text(project.joinpath("Dockerfile").read_text(), "back")
    QTimer.singleShot(0, window.close)
    app.processEvents()
    bench.shutdown()


def main() -> None:
    """Print all figures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        for name in ("CACHESIM_DATA_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[name] = f"{home}/{name.lower()}"
        project = make_project(Path(home) / "project")
        small = make_small(Path(home) / "small")
        for name, path in (("small project", small), ("5,000 files, cold", project), ("5,000 files, warm", project)):
            found = [subprocess.run([sys.executable, "-c", _START, str(path)], capture_output=True, text=True,
                                    check=True).stdout.split() for _ in range(2)][-1 if "cold" not in name else 0]
            print(f"start, {name}: first paint {found[1]} s, verdicts {found[3]} s")
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
