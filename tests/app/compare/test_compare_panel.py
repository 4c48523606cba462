"""Tests of app/compare: two builds side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.compare.model import in_words, what_differs
from cachesim.app.compare.panel import ComparePanel
from cachesim.app.report.keyparts import Mark, PartRow
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT, Theme
from cachesim.app.workbench import Workbench
from cachesim.cache.key import PartChange, PartKind
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId

Opened = Callable[..., Workbench]
Settled = Callable[[Workbench], None]
_, _STEP, _A, _B, _WHAT, _OLD, _NEW = range(7)


@pytest.fixture
def bench(open_bench: Opened, settled: Settled) -> Workbench:
    """Three builds: the first, nothing changed, one file edited."""
    bench = open_bench(builds=2)
    bench.edit_file("src/app.ts", b"let a = 1000\n")
    bench.build("edit src/app.ts")
    settled(bench)
    return bench


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> ComparePanel:
    panel = ComparePanel(bench)
    qtbot.addWidget(panel)
    panel.resize(1300, 500)
    panel.show()
    return panel


def _row(panel: ComparePanel, line: str) -> list[str]:
    model = panel.model
    rows = [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]
    return next(row for row in rows if line in row[_STEP])


def test_the_newest_two_builds_stand_there_first(panel: ComparePanel) -> None:
    assert (panel.first.currentText(), panel.second.currentText()) == ("2  build 2", "3  edit src/app.ts")
    row = _row(panel, "COPY . .")
    assert (row[_A], row[_B]) == ("Cached", "Runs: src/app.ts changed")
    assert row[_WHAT] == "file src/app.ts"
    assert row[_OLD].startswith("10 B")
    assert row[_NEW].startswith("13 B")
    assert _row(panel, "RUN npm ci")[_WHAT] == ""


def test_what_differs_is_bold_and_nothing_else(panel: ComparePanel) -> None:
    model = panel.model
    for row, pair in enumerate(model.pairs):
        told = bool(model.index(row, _WHAT).data())
        assert model.index(row, _WHAT).data(Qt.ItemDataRole.FontRole).bold() is (pair.differs and told)
        assert model.index(row, _B).data(Qt.ItemDataRole.FontRole).bold() is (pair.differs and not told)
        assert not model.index(row, _STEP).data(Qt.ItemDataRole.FontRole).bold()


def test_the_first_difference_is_selected_with_its_key_parts(panel: ComparePanel) -> None:
    pair = panel.model.pairs[panel.table.currentIndex().row()]
    assert pair.b is not None and pair.b.id == StepId(1, 2)
    rows = panel.parts.rows
    assert [(row.mark, row.label) for row in rows if row.mark is not Mark.SAME] == [(Mark.CHANGED, "src/app.ts")]
    assert rows[-1].mark is Mark.SAME
    assert panel.parts.headerData(3, Qt.Orientation.Horizontal) == "In the first"


def test_of_two_values_the_cells_show_what_sets_them_apart_and_the_tip_all(panel: ComparePanel) -> None:
    row = next(r for r, pair in enumerate(panel.model.pairs) if "COPY . ." in panel.model.index(r, _STEP).data())
    old, new = panel.model.index(row, _OLD), panel.model.index(row, _NEW)
    assert "mode" in old.data(Qt.ItemDataRole.ToolTipRole) and "mode" not in old.data()
    assert old.data().startswith("10 B, ") and new.data().startswith("13 B, ")


def test_outcomes_that_differ_alone_are_not_told_twice(panel: ComparePanel) -> None:
    panel.first.setCurrentIndex(0)
    panel.first.activated.emit(0)
    alone = [r for r, pair in enumerate(panel.model.pairs) if pair.differs and not panel.model.index(r, _WHAT).data()]
    assert alone
    for row in alone:
        assert not panel.model.index(row, _OLD).data() and not panel.model.index(row, _NEW).data()
        assert panel.model.index(row, _A).data() != panel.model.index(row, _B).data()


def test_totals_count_both(panel: ComparePanel) -> None:
    assert "steps differ: cached " in panel.totals.text()
    assert "→" in panel.totals.text()
    report = panel._comparison.b if panel._comparison is not None else None
    assert report is not None and f"of {len(report.steps_of_target)} steps differ" in panel.totals.text()


def test_choosing_others_by_key(qtbot: QtBot, panel: ComparePanel) -> None:
    panel.first.setFocus()
    qtbot.keyClick(panel.first, Qt.Key.Key_Home)
    assert panel.first.currentText() == "1  build 1"
    assert _row(panel, "RUN npm ci")[_A] == "Runs: not in cache"


def test_swapping(qtbot: QtBot, panel: ComparePanel) -> None:
    qtbot.mouseClick(panel.swap, Qt.MouseButton.LeftButton)
    assert panel.first.currentText() == "3  edit src/app.ts"
    row = _row(panel, "COPY . .")
    assert row[_B] == "Cached"
    assert row[_WHAT] == "file src/app.ts"
    assert row[_NEW].startswith("10 B")


def test_only_differences(qtbot: QtBot, panel: ComparePanel) -> None:
    every = panel.model.rowCount()
    panel.only.click()
    assert 0 < panel.model.rowCount() < every
    assert all(pair.differs for pair in panel.model.pairs)


def test_a_narrow_panel_leaves_out_what_has_no_room(panel: ComparePanel) -> None:
    panel.resize(400, 250)
    assert panel.table.isColumnHidden(_OLD)
    assert not panel.part_table.isVisible()
    assert _row(panel, "COPY . .")[_B] == "changed"
    panel.resize(1300, 700)
    assert not panel.table.isColumnHidden(_OLD)
    assert panel.part_table.isVisible()


def test_enter_jumps_to_the_step(qtbot: QtBot, bench: Workbench, panel: ComparePanel) -> None:
    panel.table.setFocus()
    with qtbot.waitSignal(bench.activated) as caught:
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert caught.args == [StepId(1, 2)]


def test_rows_are_copied(qtbot: QtBot, panel: ComparePanel) -> None:
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "COPY . ." in QApplication.clipboard().text()


def test_the_timelines_choice_is_shown_even_before_the_panel_exists(qtbot: QtBot, bench: Workbench) -> None:
    ids = [entry.id for entry in bench.timeline.entries]
    bench.comparisons.builds(ids[0], ids[2])
    panel = ComparePanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    assert (panel.first.currentText(), panel.second.currentText()) == ("1  build 1", "3  edit src/app.ts")


def test_it_follows_new_builds_until_somebody_chooses(bench: Workbench, panel: ComparePanel) -> None:
    bench.build("one more")
    assert panel.second.currentText() == "4  one more"
    ids = [entry.id for entry in bench.timeline.entries]
    bench.comparisons.builds(ids[0], ids[1])
    bench.build("and one")
    assert (panel.first.currentText(), panel.second.currentText()) == ("1  build 1", "2  build 2")
    bench.delete_entry(ids[1])
    assert not panel.table.isVisible()      # one build is left: nothing to compare
    bench.build("afresh")
    assert panel.second.currentText().endswith("afresh")


def test_renaming_a_build_shows(bench: Workbench, panel: ComparePanel) -> None:
    bench.rename_entry(bench.timeline.entries[2].id, "my edit")
    assert panel.second.currentText() == "3  my edit"


def test_fewer_than_two_builds_say_what_to_do(qtbot: QtBot, open_bench: Opened) -> None:
    panel = ComparePanel(open_bench())
    qtbot.addWidget(panel)
    panel.show()
    assert "Build twice" in panel._empty.text()
    assert not panel.table.isVisible()


def test_another_text_is_compared_without_a_timeline(bench: Workbench, panel: ComparePanel) -> None:
    bench.comparisons.text(bench.state.text.replace("RUN npm ci", "RUN npm install"), "on disk")
    row = _row(panel, "RUN npm ci")
    assert (row[_WHAT], row[_OLD], row[_NEW]) == ("command", "npm install", "npm ci")
    assert (panel.first.currentText(), panel.second.currentText()) == ("On disk", "Here")


def test_lines_of_one_build_only_say_so(bench: Workbench, panel: ComparePanel) -> None:
    bench.comparisons.text(bench.state.text.replace("RUN npm ci\n", ""), "on disk")
    pair = next(p for p in panel.model.pairs if p.a is None)
    assert what_differs(pair) == ("only in the second", "", "RUN npm ci")
    assert what_differs(replace(pair, a=pair.b, b=None)) == ("only in the first", "RUN npm ci", "")


@pytest.mark.parametrize("look", [LIGHT, DARK, HIGH_CONTRAST], ids=lambda look: look.name)
def test_every_theme_has_icons_beside_words(bench: Workbench, panel: ComparePanel, look: Theme) -> None:
    bench.set_look(look)
    index = panel.model.index(panel.table.currentIndex().row(), _B)
    assert index.data(Qt.ItemDataRole.DecorationRole) is not None
    assert index.data().startswith("Runs")


def test_all_parts_have_names(panel: ComparePanel) -> None:
    for widget in (panel.first, panel.second, panel.swap, panel.only, panel.table, panel.part_table, panel.totals):
        assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    assert panel.model.index(panel.table.currentIndex().row(), 0).data(Qt.ItemDataRole.AccessibleTextRole) == "differs"


def test_at_1280_a_step_keeps_its_keyword_and_the_counts_say_run(panel: ComparePanel) -> None:
    panel.resize(760, 240)
    QApplication.processEvents()
    metrics = panel.table.fontMetrics()
    assert panel.table.columnWidth(_STEP) >= metrics.horizontalAdvance("12  COPY package.json")
    assert "run " in panel.totals.text() and "changed" not in panel.totals.text()


def test_digests_that_tell_nothing_are_words(bench: Workbench, panel: ComparePanel) -> None:
    pair = next(p for p in panel.model.pairs if p.a is not None and p.b is not None and p.a.certain and p.b.certain)
    content = replace(pair, changes=(PartChange(PartKind.STAGE_CONTENT, "app/dist", "3879cf17c29d", "36ab237f2c02"),))
    assert what_differs(content) == ("bytes of app/dist", "its content", "another content")
    assert pair.b is not None
    open_ = replace(content, b=pair.b._replace(outcome=Outcome.UNDETERMINED))
    assert what_differs(open_) == ("bytes of app/dist", "its content", "nobody knows")
    above = replace(pair, changes=(PartChange(PartKind.PARENT, "the step above", "", ""),))
    assert what_differs(above) == ("step above", "", "")
    rows = (PartRow(Mark.CHANGED, "step above", "the step above", "1", "2"), PartRow(Mark.CHANGED, "content", "src", "3", "4"),
            PartRow(Mark.SAME, "content", "lib", "5", "5"))
    assert [(row.old, row.new) for row in in_words(rows, pair)] == [
        ("its result", "another result"), ("its content", "another content"), ("5", "5")]


def test_an_argument_is_named_once(panel: ComparePanel) -> None:
    change = PartChange(PartKind.ARG, "ARG VERSION", "1.0", "1.1")
    assert what_differs(replace(panel.model.pairs[0], changes=(change,))) == ("ARG VERSION", "1.0", "1.1")


def test_following_the_timeline_is_told_to_nobody(qtbot: QtBot, bench: Workbench, panel: ComparePanel, settled: Settled) -> None:
    """The window brings Compare to the front for each comparison that it hears of."""
    with qtbot.assertNotEmitted(bench.comparisons.changed):
        bench.edit_file("src/app.ts", b"let a = 1\n")
        bench.build("again")
        settled(bench)
        panel.refresh_now()
    assert panel.second.currentText() == "4  again"
