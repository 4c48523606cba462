"""How much of its builds' names does the timeline show?"""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from cachesim.app.theme import LIGHT, Sizes
from cachesim.app.timeline.strip import TimelineStrip
from cachesim.app.workbench import Workbench
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

LONG = "steep sencha longer: the bundle changes and so does the image"
STATE = ProjectState("FROM a\n", ContextSnapshot(EMPTY_DIR))


def built(qtbot: QtBot, *labels: str, origin: str = "") -> tuple[Workbench, TimelineStrip]:
    """A strip with builds of these names."""
    bench, timeline, store = Workbench(), Timeline(origin=origin), EMPTY_STORE
    for label in labels:
        report, store = simulate(STATE.request(label), store)
        timeline = timeline.with_build(label, STATE, report, store)
    bench.set_timeline(timeline)
    strip = TimelineStrip(bench)
    qtbot.addWidget(strip)
    return bench, strip


def test_long_names_are_told_in_full_while_there_is_room(qtbot: QtBot) -> None:
    bench, strip = built(qtbot, LONG)
    strip.resize(1280, 34)
    strip.show()
    QApplication.processEvents()
    (button,) = strip.builds.buttons
    full = button.width()
    strip.resize(520, 34)
    QApplication.processEvents()
    assert button.width() < full
    strip.resize(1280, 34)
    QApplication.processEvents()
    assert button.width() == full
    bench.shutdown()


def test_four_builds_of_a_small_screen_are_all_seen_with_fewer_words(qtbot: QtBot) -> None:
    bench, strip = built(qtbot, *(f"{LONG} {number}" for number in range(4)), origin="a first build of what is on disk")
    strip.resize(1920, 34)
    strip.show()
    QApplication.processEvents()
    origin = strip.stops()[0]
    assert isinstance(origin, QAbstractButton)
    strip.resize(1280, 34)
    QApplication.processEvents()
    buttons = strip.builds.buttons
    qtbot.waitUntil(lambda: all(b.visibleRegion().boundingRect().width() == b.width() for b in buttons))
    assert origin.text() == "Cache" and "a first build" in origin.toolTip()
    assert all(LONG in b.toolTip() and b.counts in b.toolTip() for b in buttons)
    strip.resize(3400, 34)
    QApplication.processEvents()
    assert origin.text() == "Cache: a first build of what is on disk"
    bench.shutdown()


def test_large_letters_stay_within_the_strip(qtbot: QtBot) -> None:
    bench, strip = built(qtbot, LONG)
    font = strip.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    strip.setFont(font)
    strip.resize(1280, 34)
    strip.show()
    bench.set_look(LIGHT.with_sizes(Sizes().scaled(2.5)))
    QApplication.processEvents()
    for button in strip.stops():
        assert 0 <= button.y() and button.geometry().bottom() <= strip.height(), button.accessibleName()
        if isinstance(button, QAbstractButton):
            assert button.sizeHint().height() <= strip.height(), button.accessibleName()
    bench.shutdown()


def test_what_a_wide_window_says_of_now_does_not_keep_it_wide(qtbot: QtBot) -> None:
    bench, strip = built(qtbot, LONG, origin="a first build of what is on disk")
    bench.set_state(STATE.with_text("FROM b\n", 0), LONG)
    font = strip.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    strip.setFont(font)
    window = QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(strip)
    window.resize(3000, 80)
    window.show()
    QApplication.processEvents()
    window.resize(400, 80)
    assert window.width() == 400 and strip.width() < 400
    bench.shutdown()


def test_what_waits_keeps_both_ends_of_its_name_beside_many_builds(qtbot: QtBot) -> None:
    bench, strip = built(qtbot, *(f"{LONG} {number}" for number in range(7)))
    bench.replace_text("FROM b\n", "Write another text: no step reads the last word")
    strip.resize(1280, 34)
    strip.show()
    QApplication.processEvents()
    now = strip.stops()[-2]
    assert isinstance(now, QAbstractButton)
    assert now.text().startswith("Now, not built: Write ano") and now.text().endswith("word")
    strip.resize(400, 34)
    QApplication.processEvents()
    assert now.text() == "Now, not built"
    bench.shutdown()
