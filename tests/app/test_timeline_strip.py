"""How much of its builds' names does the timeline show?"""

from __future__ import annotations

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.timeline.strip import TimelineStrip
from cachesim.app.workbench import Workbench
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

LONG = "steep sencha longer: the bundle changes and so does the image"
STATE = ProjectState("FROM a\n", ContextSnapshot(EMPTY_DIR))


def test_long_names_are_told_in_full_while_there_is_room(qtbot: QtBot) -> None:
    bench = Workbench()
    report, store = simulate(STATE.request("first"), EMPTY_STORE)
    bench.set_timeline(Timeline().with_build(LONG, STATE, report, store))
    strip = TimelineStrip(bench)
    qtbot.addWidget(strip)
    strip.resize(1280, 34)
    strip.show()
    QApplication.processEvents()
    (button,) = strip.entry_buttons()
    full = button.width()
    strip.resize(520, 34)
    QApplication.processEvents()
    assert button.width() < full
    strip.resize(1280, 34)
    QApplication.processEvents()
    assert button.width() == full
    bench.shutdown()
