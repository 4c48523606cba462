"""Journey 5: take advice. Proposals are found by the real search, unless a test needs one of a certain sort."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from cachesim.advise.proposal import Risk
from cachesim.app.advice import search
from cachesim.app.advice.diff import DiffKind, diff_lines
from cachesim.app.advice.panel import AdvicePanel
from cachesim.app.mainwindow import MainWindow
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT
from cachesim.engines.base import MissReason, Outcome
from tests.app.conftest import DOCKERFILE, open_project
from tests.app.proposals import fake_advice

EARLY = """\
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
RUN python -m compileall src
CMD ["python", "-m", "src"]
"""


@pytest.fixture
def early(project: Path) -> Path:
    """A project that copies everything first."""
    (project / "Dockerfile").write_text(EARLY)
    (project / "README.md").write_text("shop\n")
    return project


def ask(qtbot: QtBot, window: MainWindow, path: Path) -> AdvicePanel:
    open_project(qtbot, window, path)
    panel = window.panes.show("advice", True)
    assert isinstance(panel, AdvicePanel)
    qtbot.waitUntil(lambda: panel.advice is not None, timeout=20_000)
    return panel


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, early: Path) -> AdvicePanel:
    return ask(qtbot, window, early)


@pytest.fixture
def faked(qtbot: QtBot, window: MainWindow, early: Path, monkeypatch: pytest.MonkeyPatch) -> AdvicePanel:
    monkeypatch.setattr(search, "find_advice", fake_advice)
    return ask(qtbot, window, early)


def choose(panel: AdvicePanel, words: str) -> None:
    row = next(n for n, p in enumerate(panel.model.rows) if words in p.title)
    panel.table.setCurrentIndex(panel.model.index(row, 0))


def test_journey_5_preview_apply_and_undo(qtbot: QtBot, panel: AdvicePanel, window: MainWindow) -> None:
    bench = window.workbench
    row = next(n for n, p in enumerate(panel.model.rows) if p.risk is Risk.SAFE and p.saving > 0.2)
    panel.table.setFocus()
    panel.table.setCurrentIndex(panel.model.index(row, 0))
    proposal = panel.proposal
    assert proposal is not None and "+ COPY" in panel.diff.toPlainText()
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.preview.isChecked() and bench.preview == proposal.after.trials[0].report
    assert window.verdict.sentence().startswith("Preview, after an edit of source: ")
    assert window.verdict.sentence().endswith("fewer")
    QTest.mouseClick(panel.apply, Qt.MouseButton.LeftButton)
    assert bench.preview is None and not panel.preview.isChecked()
    assert window.editor.text.toPlainText() == proposal.text == bench.state.text
    assert bench.state.text != EARLY
    window.editor.text.setFocus()
    QTest.keyClick(window.editor.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.editor.text.toPlainText() == EARLY and bench.saved


def test_the_list_says_saving_risk_and_why(faked: AdvicePanel) -> None:
    cells = [[faked.model.index(r, c).data() for c in range(4)] for r in range(2)]
    assert [row[0] for row in cells] == ["Copy requirements.txt before the rest", "Leave README.md out of the context"]
    assert cells[0][2:] == ["same image", "manifest-first"] and cells[1][2:] == ["check first", "ignore"]
    assert float(cells[0][1].partition("%")[0]) > 50
    assert faked.cost.text().startswith("Saves ") and "Once, the next build runs " in faked.cost.text()
    assert ", ~" in cells[0][1] and "no real build measured these" in faked.cost.text()        # as the nodes: time ?
    assert faked.check.text().startswith("The image stays the same")
    choose(faked, "README")
    assert faked.check.text() == "Check: that nothing in the image reads README.md"
    assert ".dockerignore (new file)" in faked.diff.toPlainText() and "+ README.md" in faked.diff.toPlainText()


def test_a_long_title_is_read_in_full(faked: AdvicePanel) -> None:
    table = faked.table
    faked.resize(700, 300)
    long = [row for row, proposal in enumerate(faked.model.rows)
            if table.fontMetrics().horizontalAdvance(proposal.title) > table.columnWidth(0)]
    assert long and all(table.rowHeight(row) >= 2 * table.fontMetrics().height() for row in long)


def test_another_file_changes_in_the_window_and_on_disk_only_after_a_yes(qtbot: QtBot, faked: AdvicePanel,
                                                                         window: MainWindow, early: Path) -> None:
    choose(faked, "README")
    QTest.mouseClick(faked.apply, Qt.MouseButton.LeftButton)
    bench = window.workbench
    assert bench.state.context.ignore_text(".dockerignore") == "README.md\n"
    assert bench.changes == (".dockerignore: Leave README.md out of the context",)
    assert not (early / ".dockerignore").exists()
    button = next(b for b in window.messages.findChildren(QPushButton) if b.text() == "Write .dockerignore")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (early / ".dockerignore").read_text() == "README.md\n"


def test_typing_makes_old_advice_unusable_and_asks_again(qtbot: QtBot, faked: AdvicePanel, window: MainWindow) -> None:
    first = faked.advice
    QTest.mouseClick(faked.preview, Qt.MouseButton.LeftButton)
    assert window.workbench.preview is not None
    QTest.keyClicks(window.editor.text, "#")
    assert faked.advice is None and not faked.apply.isEnabled()
    assert window.workbench.preview is None
    qtbot.waitUntil(lambda: faked.advice is not None and faked.advice is not first, timeout=20_000)
    assert faked.apply.isEnabled()


def test_another_preview_ends_this_one(faked: AdvicePanel, window: MainWindow) -> None:
    QTest.mouseClick(faked.preview, Qt.MouseButton.LeftButton)
    window.workbench.show_preview(window.workbench.report, "another one")
    assert not faked.preview.isChecked() and window.workbench.preview is not None
    window.workbench.show_preview(None)
    QTest.mouseClick(faked.preview, Qt.MouseButton.LeftButton)
    window.panes.docks["advice"].hide()
    assert window.workbench.preview is None


def test_the_preview_follows_the_chosen_edit(faked: AdvicePanel, window: MainWindow) -> None:
    faked.preview.setChecked(True)
    rows = [faked.edits.index(n, 0).data() for n in range(faked.edits.rowCount())]
    faked.edit_table.setCurrentIndex(faked.edits.index(rows.index("manifest"), 0))
    assert window.verdict.sentence() == "Preview, after an edit of manifest: 4 steps run, 1 more"


def test_a_good_order_says_so(qtbot: QtBot, window: MainWindow, early: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "find_advice", fake_advice)
    (early / "Dockerfile").write_text(DOCKERFILE)
    panel = ask(qtbot, window, early)
    assert panel.empty.isVisible()
    assert panel.empty.text().startswith("No better order found. Weighed by the edit mix: the usual one, as there is no git")


def test_a_diff_has_signs_numbers_and_tints_in_every_theme(faked: AdvicePanel) -> None:
    lines = diff_lines("Dockerfile", "a\nb\nc\n", "a\nx\nc\n")
    assert [(line.kind, line.text, line.old, line.new) for line in lines[1:]] == [
        (DiffKind.SAME, "a", 1, 1), (DiffKind.OLD, "b", 2, 0), (DiffKind.NEW, "x", 0, 2), (DiffKind.SAME, "c", 3, 3)]
    assert diff_lines("f", "a\n", "a\n") == () and diff_lines("f", None, "a\n")[0].text == "f (new file)"
    assert diff_lines("f", "a\r\n", "a\n")[1].text == "only line endings differ"
    far = diff_lines("f", "\n".join(map(str, range(40))), "\n".join(map(str, range(1, 39))))
    assert [line.kind for line in far].count(DiffKind.GAP) == 1
    for look in (LIGHT, DARK, HIGH_CONTRAST):
        faked.apply_look(look)
        picture = faked.diff.viewport().grab().toImage()
        seen = {picture.pixelColor(picture.width() - 30, y).name() for y in range(0, picture.height(), 2)}
        fills = {look.look(Outcome.MISS, MissReason.PART).fill.lower(), look.look(Outcome.HIT).fill.lower()}
        assert fills <= seen
        marks = [mark.format.foreground().color().name() for mark in faked.diff.extraSelections()]
        assert (look.look(Outcome.HIT).strong.lower() in marks) is (look is HIGH_CONTRAST)


def test_while_it_looks_nothing_claims_that_no_project_is_open(qtbot: QtBot, window: MainWindow, early: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "find_advice", fake_advice)
    panel = window.panes.show("advice", True)
    assert isinstance(panel, AdvicePanel)
    panel.refresh()
    assert panel.empty.text() == "No project is open."
    seen: list[str] = []
    panel._job.busy_changed.connect(lambda busy: seen.append(panel.empty.text()) if busy else None)
    open_project(qtbot, window, early)
    qtbot.waitUntil(lambda: panel.advice is not None, timeout=20_000)
    assert seen and set(seen) == {""}
