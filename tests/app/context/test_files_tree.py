"""Tests of app/context/files_tree.py, in the pane."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from cachesim.app.context.cells import Column
from cachesim.app.context.context_panel import ContextPanel
from cachesim.app.workbench import Workbench
from tests.app.context.files import choose

Settled = Callable[[Workbench], None]


def test_the_filter_finds_and_opens(qtbot: QtBot, panel: ContextPanel) -> None:
    qtbot.keyClicks(panel.filter, "math")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    index = panel.model.index_of("src/util")
    assert panel.tree.isExpanded(index)
    panel.reveal("package.json")        # a link leads there although it is filtered out
    assert panel.tree.current_path() == "package.json"


def test_typing_keeps_open_folders_and_the_cursor(bench: Workbench, panel: ContextPanel, settled: Settled) -> None:
    choose(panel, "src/util/math.ts")
    bench.new_text(bench.state.text + "# more\n")
    settled(bench)
    assert panel.tree.current_path() == "src/util/math.ts"
    bench.edit_context(bench.state.context.without("logo.png"), "delete logo.png")
    settled(bench)
    assert panel.tree.current_path() == "src/util/math.ts"
    assert panel.tree.isExpanded(panel.model.index_of("src/util"))


def test_sorting_by_a_click_on_the_header(qtbot: QtBot, panel: ContextPanel) -> None:
    choose(panel, "src/util/math.ts")
    header = panel.tree.header()
    at = QPoint(header.sectionPosition(Column.SIZE) + 6, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert header.sortIndicatorSection() == Column.SIZE
    assert panel.model.path(panel.model.index(panel.model.rowCount() - 1, 0)) == "Dockerfile"
    assert panel.tree.current_path() == "src/util/math.ts" and panel.tree.isExpanded(panel.model.index_of("src/util"))
