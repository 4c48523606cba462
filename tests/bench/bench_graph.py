"""How long do layout, repaint, pan and zoom of the graph take?

    python tests/bench/bench_graph.py [STEPS]
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.graph.resolve import resolve
from cachesim.layout.layered import layered_positions
from cachesim.layout.route import edge_paths
from cachesim.simulate.report import SimulationReport, StepReport

LANES = 12


def dockerfile(steps: int) -> str:
    """A file of that many steps in twelve stages, each copying from the one before."""
    lines = []
    for lane in range(LANES):
        lines.append(f"FROM alpine:3.20 AS s{lane}")
        for row in range(steps // LANES - 1):
            if lane and row % 17 == 5:
                lines.append(f"COPY --from=s{lane - 1} /a{row} /b{row}")
            elif row % 11 == 3:
                lines.append(f"COPY src/{row} /srv/{row}")
            else:
                lines.append(f"RUN echo step {lane}.{row} && make -C /src target{row}")
    return "\n".join(lines) + "\n"


def report_on(graph: BuildGraph, turn: int) -> SimulationReport:
    """Verdicts of all sorts, other ones for each turn."""
    reasons = (MissReason.PARENT, MissReason.PART, MissReason.NO_RECORD)
    steps = []
    for stage in graph.stages:
        for step in stage.steps:
            n = (step.line + turn) % 13
            reason = reasons[n] if n < 3 else None
            outcome = Outcome.MISS if reason else Outcome.UNDETERMINED if n == 3 else Outcome.HIT
            steps.append(StepReport(step, step.instruction.text, outcome, outcome, reason, "because"))
    return SimulationReport(graph, tuple(steps))


def timed(name: str, work: Callable[[], object], times: int = 20) -> None:
    """Print the middle and the worst of some runs."""
    work()
    found = []
    for _ in range(times):
        start = perf_counter()
        work()
        found.append((perf_counter() - start) * 1000)
    found.sort()
    print(f"  {name:<44} {statistics.median(found):8.2f} ms   p95 {found[int(len(found) * 0.95) - 1]:8.2f} ms")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    app = QApplication.instance() or QApplication(["bench"])
    graph = resolve(parse(dockerfile(count)), BuildOptions(), {}, EngineKind.BUILDKIT)
    print(f"{sum(len(s.steps) for s in graph.stages)} steps in {len(graph.stages)} stages")
    layout = layered_positions(graph)
    timed("layout", lambda: layered_positions(graph))
    timed("routes", lambda: edge_paths(graph, layout))
    reports = [report_on(graph, turn) for turn in range(2)]
    workbench = Workbench()
    start = perf_counter()
    view = DagView(workbench)
    view.resize(1113, 760)
    view.show()
    view.show_report(reports[0], animate=False)
    app.processEvents()
    print(f"  {'first picture':<44} {(perf_counter() - start) * 1000:8.2f} ms")
    turn = iter(range(10_000))
    timed("other verdicts, same structure", lambda: view.show_report(reports[next(turn) % 2], animate=False))
    timed("other verdicts, painted", lambda: (view.show_report(reports[next(turn) % 2], animate=False), view.grab()))

    def all_nodes(zoom: float) -> Callable[[], None]:
        view.set_zoom(zoom)
        size = view.dag.layout
        image = QImage(round(size.width * zoom), round(size.height * zoom), QImage.Format.Format_ARGB32_Premultiplied)

        def act() -> None:
            painter = QPainter(image)
            painter.setRenderHints(view.renderHints())
            view.dag.render(painter, image.rect())
            painter.end()
        return act
    timed("every node painted at 100 %", all_nodes(1.0))
    timed("every node painted at 60 % (keywords)", all_nodes(0.6))
    timed("every node painted as overview (16 %)", all_nodes(0.16))
    for width, height in ((1113, 760), (1920, 1080)):
        view.resize(width, height)
        view.set_zoom(1.0)
        app.processEvents()
        timed(f"view {width}x{height} repainted at 100 %", view.grab)
        view.set_zoom(0.85)
        timed(f"view {width}x{height} repainted at 85 %", view.grab)
        view.fit()
        timed(f"view {width}x{height} repainted as overview", view.grab)

    def pan() -> None:
        bar = view.verticalScrollBar()
        bar.setValue((bar.value() + 37) % max(bar.maximum(), 1))
        app.processEvents()

    def zoom() -> None:
        view.zoom_at(view.pivot(), 1.15 if next(turn) % 2 else 1 / 1.15)
        app.processEvents()
    view.set_zoom(1.0)
    timed("pan by 37 px at 100 %", pan, 60)
    timed("one notch of zoom around 100 %", zoom, 60)
    view.fit()
    timed("one notch of zoom around the overview", zoom, 60)
    workbench.shutdown()


if __name__ == "__main__":
    main()
