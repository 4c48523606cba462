"""What does the foot of the window say where there is little room?"""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.status import StatusLine
from cachesim.app.workbench import Workbench
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState

LONG = "Docker: default (docker): Engine 28.5.2, containerd store, buildx 0.29.1"


def test_what_has_no_room_goes_by_rank_and_nothing_overlaps(qtbot: QtBot) -> None:
    bench = Workbench()
    report, _ = simulate(ProjectState("FROM a\n", ContextSnapshot(EMPTY_DIR)).request("first"), EMPTY_STORE)
    bench.prediction.show(report, ())
    window = QWidget()
    qtbot.addWidget(window)
    line = StatusLine(bench)
    line.setParent(window)
    font = line.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    line.setFont(font)
    line.show_docker(LONG, "Confirm asks this engine")
    window.show()
    line.show()
    for width in (2400, 1280, 700, 400):
        line.setGeometry(0, 0, width, 60)
        QApplication.processEvents()
        parts = [w for w in (*line.findChildren(QLabel), *line.findChildren(QPushButton)) if w.isVisible()]
        for at, part in enumerate(parts):
            assert part.x() >= 0 and part.geometry().right() <= line.width(), (width, part.text())
            assert not any(part.geometry().intersects(other.geometry()) for other in parts[at + 1:]), (width, part.text())
        docker = next(p for p in parts if p.accessibleName() == "Docker")
        assert docker.text() == LONG or (docker.text().endswith("…") and LONG in docker.toolTip())
    assert docker.text() != LONG
    bench.shutdown()
