"""Tests of app/report/keyparts.py, problems.py and table.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cachesim.app.report.keyparts import KeyPartsModel, KeyPartsPanel, Mark, PartRow, part_rows, told_rows
from cachesim.app.report.problems import ProblemsPanel
from cachesim.app.report.table import COPY_ROLE
from cachesim.app.theme import DARK
from cachesim.app.workbench import Workbench
from cachesim.cache.key import CacheKey, KeyPart, PartKind, part_name
from cachesim.digest import digest_of
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import StepId

COPY_ALL = StepId(1, 2)
Opened = Callable[..., Workbench]
Settled = Callable[[Workbench], None]


def _key(**values: str) -> CacheKey:
    return CacheKey(tuple(KeyPart(PartKind.ENV, label, value, digest_of(value)) for label, value in values.items()))


def test_what_differs_comes_first_then_the_rest_in_key_order() -> None:
    rows = part_rows(_key(a="1", b="1", gone="1"), _key(a="1", b="2", new="1"))
    assert [(row.mark, row.label, row.old, row.new) for row in rows] == [
        (Mark.CHANGED, "b", "1", "2"), (Mark.NEW, "new", "", "1"), (Mark.GONE, "gone", "1", ""),
        (Mark.SAME, "a", "1", "1")]


def test_a_key_without_a_cached_one_differs_from_nothing() -> None:
    assert part_rows(None, _key(a="1")) == (PartRow(Mark.SAME, "environment", "a", "", "1"),)
    assert part_rows(_key(a="1"), None) == (PartRow(Mark.SAME, "environment", "a", "1", ""),)
    assert part_rows(None, None) == ()


@pytest.fixture
def bench(open_bench: Opened, settled: Settled) -> Workbench:
    bench = open_bench()
    bench.edit_file("src/app.ts", b"let a = 1000\n")
    settled(bench)
    return bench


@pytest.fixture
def panel(qtbot: QtBot, bench: Workbench) -> KeyPartsPanel:
    panel = KeyPartsPanel(bench)
    qtbot.addWidget(panel)
    panel.resize(700, 250)
    panel.show()
    return panel


def _cell(panel: KeyPartsPanel, row: int, column: int, role: int = Qt.ItemDataRole.DisplayRole) -> object:
    return panel.model.index(row, column).data(role)


def test_the_changed_file_is_first_bold_and_marked(bench: Workbench, panel: KeyPartsPanel) -> None:
    bench.select(COPY_ALL)
    labels = [row.label for row in panel.model.rows if row.mark is not Mark.SAME]
    assert "src/app.ts" in labels
    row = labels.index("src/app.ts")
    assert _cell(panel, row, 0) == "changed"
    assert _cell(panel, row, 0, Qt.ItemDataRole.DecorationRole) is not None
    font = _cell(panel, row, 3, Qt.ItemDataRole.FontRole)
    assert font.bold()  # type: ignore[attr-defined]
    last = len(panel.model.rows) - 1
    assert panel.model.rows[last].mark is Mark.SAME
    assert not _cell(panel, last, 3, Qt.ItemDataRole.FontRole).bold()  # type: ignore[attr-defined]
    assert _cell(panel, row, 0, Qt.ItemDataRole.AccessibleTextRole) == "changed: file src/app.ts"


def test_rows_and_values_are_copied_whole(qtbot: QtBot, bench: Workbench, panel: KeyPartsPanel) -> None:
    bench.select(COPY_ALL)
    panel.table.setFocus()
    panel.table.selectRow(0)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QApplication.clipboard().text()
    assert copied.split("\t")[0] == "changed"
    assert len(copied.split("\n")) == 1
    panel.table.setCurrentIndex(panel.model.index(0, 4))
    panel.table.copy_cell()
    assert QApplication.clipboard().text() == _cell(panel, 0, 4, COPY_ROLE)


def test_states_without_a_key_say_so(bench: Workbench, panel: KeyPartsPanel) -> None:
    assert not panel.table.isVisible()
    bench.select(StepId(1, 1))
    assert not panel.table.isVisible()
    assert "no step for this engine" in panel._empty.text()
    bench.select(StepId(0, 3))
    assert panel.table.isVisible()
    assert panel._title.text().endswith("key parts are as in the cache.")
    bench.set_look(DARK)
    assert panel.table.isVisible()


def test_a_first_build_has_nothing_to_compare_with(qtbot: QtBot, open_bench: Opened) -> None:
    bench = open_bench(builds=0)
    panel = KeyPartsPanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    bench.select(COPY_ALL)
    assert "knows no key" in panel._title.text()


def test_tab_leaves_the_table(qtbot: QtBot, bench: Workbench, panel: KeyPartsPanel) -> None:
    bench.select(COPY_ALL)
    assert not panel.table.tabKeyNavigation()


@pytest.mark.parametrize("percent", [80, 100, 250])
def test_rows_grow_with_the_font(panel: KeyPartsPanel, percent: int) -> None:
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * percent / 100)
    panel.setFont(font)
    assert panel.table.verticalHeader().defaultSectionSize() >= max(24, panel.table.fontMetrics().height())


def test_problems_are_in_file_order_and_enter_jumps(qtbot: QtBot, open_bench: Opened, settled: Settled) -> None:
    bench = open_bench()
    panel = ProblemsPanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.table.isVisible() or panel.model.rows
    bench.new_text(bench.state.text + "COPY missing /\n")
    settled(bench)
    assert panel.table.isVisible()
    row = next(n for n, d in enumerate(panel.model.rows) if d.span.line == 13)
    assert panel.model.index(row, 0).data() == "Error"
    assert panel.model.index(row, 0).data(Qt.ItemDataRole.DecorationRole) is not None
    panel.table.setFocus()
    panel.table.setCurrentIndex(panel.model.index(row, 0))
    with qtbot.waitSignal(bench.line_activated) as caught:
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert caught.args == [13]
    assert [d.span for d in panel.model.rows] == sorted(d.span for d in panel.model.rows)
    assert panel.model.rowCount(QModelIndex()) == len(bench.diagnostics)


def test_a_kind_is_not_said_twice(qtbot: QtBot) -> None:
    model = KeyPartsModel()
    model.set_rows((PartRow(Mark.CHANGED, "command", "command", "a", "b"),
                    PartRow(Mark.SAME, "step above", "the step above", "", ""), PartRow(Mark.SAME, "file", "src/app.py", "", "")))
    assert [model.index(row, 2).data() for row in range(3)] == ["", "", "src/app.py"]
    assert [part_name(kind, label) for kind, label in (
        (PartKind.COMMAND, "command"), (PartKind.PARENT, "the step above"), (PartKind.FILE, "src/app.py"), (PartKind.USER, ""))] \
        == ["command", "the step above", "file src/app.py", "user"]


def test_a_step_above_that_runs_again_is_told_in_words_not_in_two_equal_digests(bench: Workbench) -> None:
    report = bench.report
    assert report is not None
    below = next(s for s in report.steps if s.reason is MissReason.PARENT and s.step.instruction.keyword == "RUN")
    plain = part_rows(below.cached_key, below.key)
    assert all(row.mark is Mark.SAME for row in plain)
    rows = told_rows(plain, report, below)
    first = rows[0]
    assert (first.mark, first.kind, first.label) == (Mark.CHANGED, "step above", f"line {below.step.line - 1}, COPY")
    assert first.new == "the same definition, but it runs again: its content may be new" and first.old != first.new
    assert rows[1:] == tuple(row for row in plain if row.kind != "step above")
    hit = next(s for s in report.steps if s.outcome is Outcome.HIT and s.step.instruction.keyword == "RUN")
    assert all(row.mark is Mark.SAME for row in told_rows(part_rows(hit.cached_key, hit.key), report, hit))


def test_bytes_that_nobody_knows_before_the_build_are_no_digests(bench: Workbench) -> None:
    report = bench.report
    assert report is not None
    copy = next(s for s in report.steps if not s.certain and s.step.instruction.keyword == "COPY")
    row = next(r for r in told_rows(part_rows(copy.cached_key, copy.key), report, copy) if r.kind == "content of a stage")
    assert (row.old, row.new) == ("the bytes of the earlier build", "nobody knows before the build")


def test_content_that_nobody_looked_at_is_shown_as_that() -> None:
    name = KeyPart(PartKind.DESTINATION, "destination", "/", digest_of("/"))
    asked, unasked = CacheKey((name, KeyPart(PartKind.STAGE_CONTENT, "out", "x", digest_of("x")))), CacheKey((name,))
    assert part_rows(unasked, asked)[-1] == PartRow(Mark.SAME, "content of a stage", "out", "not looked at", "x")
    assert part_rows(asked, unasked)[-1] == PartRow(Mark.SAME, "content of a stage", "out", "x", "not looked at")
