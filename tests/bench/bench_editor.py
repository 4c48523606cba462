"""How long from a key to painted verdicts, and how many frames a second while an instruction is dragged?

Prints; asserts nothing. "editor" is without the simulation (it answers at once, only the text is parsed), "all" is with
the real pipeline, a context of 5,000 files and a cache.

    python tests/bench/bench_editor.py
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.editor.positions import cursor_at
from cachesim.app.workbench import Workbench
from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, regular_file
from cachesim.digest import digest_of_bytes
from cachesim.engines.base import BuildRequest
from cachesim.pipeline import simulate
from cachesim.progress import Progress
from cachesim.simulate.report import SimulationReport


def dockerfile(instructions: int, lines: int) -> str:
    """A build in three stages; RUN steps are continued over as many lines as it takes to fill the file."""
    rows: list[str] = []
    runs = instructions // 2
    filler = max(0, lines - instructions) // max(1, runs)
    for i in range(instructions):
        if i % (instructions // 3) == 0:
            rows.append(f"FROM python:3.12-slim AS stage{i}")
        elif i % 2:
            rows += [f"RUN make target-{i} && \\", *(f"    echo 'step {n} of {i}' > /tmp/$HOME/{n} && \\"
                                                    for n in range(filler)), "    true"]
        elif i % 6 == 0:
            rows.append(f"ENV NAME_{i}=value")
        else:
            rows.append(f"COPY d{i % 10}/ /srv/{i}/")
    return "\n".join(rows) + "\n"


def context(files: int) -> ContextSnapshot:
    """That many small files in a hundred folders."""
    found = ContextSnapshot(EMPTY_DIR)
    for i in range(files):
        found = found.with_entry(f"d{i % 10}/e{i // 10 % 10}/f{i}.py", regular_file(digest_of_bytes(b"%d" % i), 9))
    return found


class Bench:
    """One editor on screen, on its own workbench."""

    def __init__(self, text: str, files: ContextSnapshot, *, real: bool) -> None:
        self.app = QApplication.instance() or QApplication([])
        self.last: tuple[SimulationReport, CacheStore] | None = None
        self.workbench = Workbench(simulate=simulate if real else self._answer_at_once)
        self.editor = CodeEditor(self.workbench)
        self.editor.resize(620, 640)
        self.editor.show()
        self.editor.setFocus()
        start = time.perf_counter()
        self.workbench.show_state(replace(self.workbench.state, text=text, context=files))
        self.shown = (time.perf_counter() - start) * 1000
        self.settle()
        self.workbench.build("first")
        self.settle()

    def _answer_at_once(self, request: BuildRequest, store: CacheStore,
                        progress: Progress) -> tuple[SimulationReport, CacheStore]:
        if self.last is None:
            self.last = simulate(request, EMPTY_STORE)
        return self.last

    def settle(self) -> None:
        """Until the verdict of the last edit is painted."""
        self.app.processEvents()
        while self.workbench.prediction.pending or any(job.busy for job in self.workbench.jobs):
            self.app.processEvents()
        self.app.processEvents()

    def keys(self, line: int, rounds: int = 120) -> list[float]:
        """Milliseconds per key: letters in a RUN, with an Enter and a Backspace now and then."""
        self.editor.text.setTextCursor(cursor_at(self.editor.text.document(), line, 99))
        self.editor.text.ensureCursorVisible()
        self.settle()
        times = []
        for i in range(rounds):
            key = Qt.Key.Key_Backspace if i % 10 == 9 else Qt.Key.Key_Space if i % 10 == 5 else Qt.Key.Key_A
            start = time.perf_counter()
            QTest.keyClick(self.editor.text, key)
            self.settle()
            times.append((time.perf_counter() - start) * 1000)
        return times

    def drag(self, rounds: int = 60) -> list[float]:
        """Milliseconds per frame while an instruction is carried up and down over the lines on screen."""
        text, gutter = self.editor.text, self.editor.gutter
        text.verticalScrollBar().setValue(0)
        text.setTextCursor(cursor_at(text.document(), 2))
        self.settle()
        stripe = gutter.stripes[1]
        y = text.lines_rect(stripe.first, stripe.first).center().y()
        QTest.mousePress(gutter, Qt.MouseButton.LeftButton, pos=QPoint(6, y))
        times = []
        for i in range(rounds):
            start = time.perf_counter()
            QTest.mouseMove(gutter, QPoint(6, y + 12 + (i * 23) % 500))
            self.app.processEvents()
            times.append((time.perf_counter() - start) * 1000)
        QTest.keyClick(text, Qt.Key.Key_Escape)
        QTest.mouseRelease(gutter, Qt.MouseButton.LeftButton, pos=QPoint(6, y))
        return times

    def close(self) -> None:
        """Stop the jobs and let the widget go."""
        self.workbench.shutdown()
        self.editor.close()


def told(times: list[float]) -> str:
    """Median, 95th percentile and worst, in ms."""
    ordered = sorted(times)
    return (f"median {statistics.median(ordered):6.2f}  p95 {ordered[int(len(ordered) * 0.95)]:6.2f}  "
            f"worst {ordered[-1]:6.2f} ms")


def main() -> None:
    files = context(5000)
    for instructions, lines in ((60, 60), (60, 5000)):
        text = dockerfile(instructions, lines)
        for real in (False, True):
            bench = Bench(text, files, real=real)
            gc.collect()
            name = f"{instructions} instructions, {text.count(chr(10)):5} lines, {'all' if real else 'editor':6}"
            print(f"{name}: shown in {bench.shown:.0f} ms")
            print(f"{name}: key   {told(bench.keys(2))}")
            print(f"{name}: drag  {told(bench.drag())}")
            bench.close()


if __name__ == "__main__":
    main()
