"""Tests of app/layers: the image as a pile of diffs, with notes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from pytestqt.qtbot import QtBot

from cachesim.advise.notes import NoteKind
from cachesim.app.layers.panel import LayersPanel
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT, Theme
from cachesim.app.workbench import Workbench
from cachesim.graph.model import StepId
from cachesim.project.measured import Measurement, text_of

Opened = Callable[..., Workbench]
Settled = Callable[[Workbench], None]
TEXT = "FROM busybox:1.36\nWORKDIR /srv\nCOPY . .\nENV API_TOKEN=abc\nRUN rm data.csv\nCMD sh\n"
FILES = {"Dockerfile": TEXT.encode(), "data.csv": b"1" * 5000, ".env": b"A=1"}


@pytest.fixture
def bench(open_bench: Opened) -> Workbench:
    return open_bench(TEXT, FILES)


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> LayersPanel:
    panel = LayersPanel(bench)
    qtbot.addWidget(panel)
    panel.resize(560, 420)
    panel.show()
    return panel


def _rows(panel: LayersPanel) -> list[tuple[str, str]]:
    model = panel.model
    return [(str(model.index(row, 0).data()), str(model.index(row, 1).data())) for row in range(model.rowCount())]


def test_layers_lie_on_each_other_with_the_base_at_the_foot(panel: LayersPanel) -> None:
    assert _rows(panel) == [("empty", "6"), ("3", "5"), ("empty", "4"), ("2", "3"), ("1", "2"), ("base", "")]
    assert panel.model.index(5, 3).data() == "docker.io/library/busybox:1.36"
    assert panel.model.index(3, 4).data() == "3 files, 5.08 kB"
    assert panel.head.text().startswith("3 layers above the base image, 2 entries without a layer")


def test_created_by_is_as_the_history_says(bench: Workbench, panel: LayersPanel) -> None:
    report = bench.report
    assert report is not None
    shown = [panel.model.index(row, 3).data(Qt.ItemDataRole.ToolTipRole) for row in range(5)]
    assert shown == [entry.created_by for entry in reversed(report.history)]


def test_sizes_are_measured_or_said_not_to_be(bench: Workbench, panel: LayersPanel) -> None:
    assert [panel.model.index(row, 2).data() for row in range(6)] == [
        "", "not measured", "", "not measured", "not measured", "not measured"]
    assert "No size was measured" in panel.head.text() and panel.table.isColumnHidden(2)
    report = bench.report
    assert report is not None
    copy, run = (next(s for s in report.steps if s.id == panel.model.step(row)) for row in (3, 1))
    assert copy.key is not None
    bench.keeper.measure({copy.key.digest: Measurement(None, 12_300, time.time(), text_of(copy.name)),
                          "in another state": Measurement(1.0, 700, time.time(), text_of(run.name))})
    panel.refresh_now()
    assert not panel.table.isColumnHidden(2)
    assert panel.model.index(3, 2).data() == "12.3 kB" and panel.model.index(1, 2).data() == "~700 B"
    assert panel.model.index(3, 2).data(Qt.ItemDataRole.ToolTipRole) == "12.3 kB, measured today"
    assert "Measured: 12.3 kB, ~700 B estimated, 1 layer not measured." in panel.head.text()


def test_notes_teach_what_stays(panel: LayersPanel) -> None:
    kinds = {note.kind for note in panel.notes}
    assert {NoteKind.DELETED, NoteKind.SECRET_FILE, NoteKind.SECRET_NAME, NoteKind.MOVING_TAG} <= kinds
    texts = [panel.list.item(row).text() for row in range(panel.list.count())]
    assert any(text.startswith("/srv/data.csv stays in the image (5 kB)") for text in texts)
    assert all(panel.list.item(row).icon().isNull() is False for row in range(panel.list.count()))


def test_choosing_a_row_selects_its_step(qtbot: QtBot, bench: Workbench, panel: LayersPanel) -> None:
    at = panel.table.visualRect(panel.model.index(3, 3)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert bench.selected == StepId(0, 2)
    with qtbot.waitSignal(bench.activated):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)


def test_a_note_leads_to_its_line(qtbot: QtBot, bench: Workbench, panel: LayersPanel) -> None:
    row = next(n for n, note in enumerate(panel.notes) if note.kind is NoteKind.DELETED)
    panel.list.setFocus()
    panel.list.setCurrentRow(row)
    with qtbot.waitSignal(bench.activated) as caught:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert caught.args == [StepId(0, 4)]


def test_the_selected_step_is_bold(bench: Workbench, panel: LayersPanel) -> None:
    bench.select(StepId(0, 4))
    assert [panel.model.index(row, 0).data(Qt.ItemDataRole.FontRole).bold() for row in range(6)] == [
        False, True, False, False, False, False]


def test_editing_follows(qtbot: QtBot, bench: Workbench, panel: LayersPanel) -> None:
    bench.new_text(TEXT.replace("RUN rm data.csv\n", ""))
    qtbot.waitUntil(lambda: panel.model.rowCount() == 5)
    assert not [note for note in panel.notes if note.kind is NoteKind.DELETED]


def test_an_image_without_anything_to_say(qtbot: QtBot, open_bench: Opened) -> None:
    panel = LayersPanel(open_bench("FROM scratch\nCOPY a /\n", {"a": b"1"}))
    qtbot.addWidget(panel)
    panel.show()
    assert panel.notes == ()
    assert not panel.list.isVisible()
    assert _rows(panel) == [("1", "2"), ("base", "")]


def test_a_failing_build_has_no_image(qtbot: QtBot, open_bench: Opened) -> None:
    panel = LayersPanel(open_bench("FROM scratch\nCOPY missing /\n", {"a": b"1"}))
    qtbot.addWidget(panel)
    panel.show()
    assert panel.head.text().startswith("The build fails, so there is no image")


def test_nothing_open(qtbot: QtBot) -> None:
    bench = Workbench()
    panel = LayersPanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    assert "There is no image yet" in panel.head.text()
    assert panel.model.rowCount() == 0
    bench.shutdown()


@pytest.mark.parametrize("look", [LIGHT, DARK, HIGH_CONTRAST], ids=lambda look: look.name)
def test_every_theme_has_its_icons(bench: Workbench, panel: LayersPanel, look: Theme) -> None:
    before = panel.list.item(0).icon().cacheKey()
    bench.set_look(look)
    assert panel.model.index(0, 0).data(Qt.ItemDataRole.DecorationRole) is not None
    if look is not LIGHT:
        assert panel.list.item(0).icon().cacheKey() != before


def test_all_parts_have_names(panel: LayersPanel) -> None:
    for widget in (panel.table, panel.list, panel.head):
        assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    assert panel.list.item(0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_a_low_pane_is_the_layers_own(panel: LayersPanel) -> None:
    assert panel.list.isVisible()
    item = panel.list.item(0)
    panel.refresh_now()
    assert panel.list.item(0) is item, "what was chosen in the notes stays"
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * 2.5)
    panel.setFont(font)
    panel.resize(panel.width(), 8 * panel.fontMetrics().height())
    assert not panel.list.isVisible() and panel.head.text() == "3 layers above the base image, 2 entries without a layer"
    assert panel.head.text() + ". No size was measured" in panel.head.toolTip()
