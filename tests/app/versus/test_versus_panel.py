"""Two Dockerfiles for one project: the same context, the same edits, both verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cachesim.app.mainwindow import MainWindow
from cachesim.app.versus.panel import OtherDockerfile, VersusPanel
from tests.app.conftest import DOCKERFILE

_EDIT, _SHARE, _A, _B, _A_COST, _B_COST, _A_WHY, _B_WHY = range(8)
EARLY = """\
FROM python:3.12-slim AS base
WORKDIR /app
COPY . ./
RUN pip install -r requirements.txt
RUN python -m compileall src
CMD ["python", "-m", "src"]
"""


@pytest.fixture
def panel(qtbot: QtBot, opened: MainWindow, project: Path, monkeypatch: pytest.MonkeyPatch) -> VersusPanel:
    """The project's file beside one that copies everything early."""
    other = project.parent / "other" / "Dockerfile"
    other.parent.mkdir()
    other.write_text(EARLY)
    monkeypatch.setattr(OtherDockerfile, "ask", classmethod(lambda cls, parent, start: other))
    QTest.keyClick(opened, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    panel = opened.panes.docks["versus"].content
    assert isinstance(panel, VersusPanel)
    qtbot.waitUntil(lambda: panel.duel is not None, timeout=10_000)
    return panel


def rows(panel: VersusPanel) -> list[list[str]]:
    model = panel.model
    return [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_every_edit_has_both_verdicts(panel: VersusPanel) -> None:
    table = {row[_EDIT]: row for row in rows(panel)}
    source = table["source"]
    assert (source[_A], source[_B]) == ("2", "3")
    assert source[_A_WHY].startswith("line 5: src/app.py changed") and source[_B_WHY].startswith("line 3: src/app.py")
    assert (source[_A_COST], source[_B_COST]) == ("~2.1 s", "~32 s")
    assert panel.verdict.text().startswith("Per edit of the mix A re-runs ")
    fonts = [panel.model.index(0, column).data(Qt.ItemDataRole.FontRole).bold() for column in (_A, _B, _A_COST, _B_COST)]
    assert fonts == [True, False, True, False]
    for n, cells in enumerate(rows(panel)):         # what reads the same is no winner
        if cells[_A_COST] == cells[_B_COST]:
            assert not any(panel.model.index(n, column).data(Qt.ItemDataRole.FontRole).bold() for column in (_A_COST, _B_COST))


def test_choosing_an_edit_shows_both_step_lists(panel: VersusPanel, opened: MainWindow) -> None:
    row = [cells[_EDIT] for cells in rows(panel)].index("manifest")
    panel.table.setCurrentIndex(panel.model.index(row, 0))
    model = panel.steps
    lines = [[model.index(r, c).data() for c in range(4)] for r in range(model.rowCount())]
    copies = next(line for line in lines if str(line[0]).startswith("3  COPY requirements.txt"))
    assert copies[1] == "changed"
    assert ["4  RUN pip install -r requirements.txt", "below it", "4  RUN pip install -r requirements.txt",
            "below it"] in lines
    at = next(n for n, line in enumerate(lines) if str(line[0]).startswith("4  RUN"))
    panel.step_table.clicked.emit(model.index(at, 0))
    assert opened.workbench.report is not None
    assert opened.workbench.selected == next(s.id for s in opened.workbench.report.steps if s.step.line == 4)


def test_it_follows_what_is_typed(qtbot: QtBot, panel: VersusPanel, opened: MainWindow) -> None:
    before = panel.duel
    opened.editor.text.selectAll()
    QTest.keyClicks(opened.editor.text, "FROM alpine")
    qtbot.waitUntil(lambda: panel.duel is not None and panel.duel is not before, timeout=10_000)
    assert {row[_A] for row in rows(panel)} == {"0"}


def test_unsaved_text_beside_what_lies_on_disk(qtbot: QtBot, panel: VersusPanel, opened: MainWindow) -> None:
    opened.workbench.replace_text(EARLY, "edit")
    before = panel.duel
    assert panel.other.itemText(0) == "Dockerfile as it is on disk"
    panel.other.setCurrentIndex(0)
    panel.other.activated.emit(0)
    qtbot.waitUntil(lambda: panel.duel is not None and panel.duel is not before, timeout=10_000)
    source = next(row for row in rows(panel) if row[_EDIT] == "source")
    assert (source[_A], source[_B]) == ("3", "2")


def test_a_file_that_does_not_build_is_said_to(qtbot: QtBot, panel: VersusPanel, project: Path) -> None:
    broken = project / "Dockerfile.broken"
    broken.write_text(DOCKERFILE.replace("COPY src/", "COPY nowhere/"))
    panel.set_other(broken)
    qtbot.waitUntil(lambda: panel.verdict.text().startswith("B does not build: "), timeout=10_000)
    assert "nowhere" in panel.verdict.text()
    panel.set_other(project / "gone")
    qtbot.waitUntil(lambda: "gone" in panel.empty.text(), timeout=10_000)
    assert panel.empty.isVisible()


def test_without_a_choice_it_says_what_to_do(qtbot: QtBot, opened: MainWindow,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OtherDockerfile, "ask", classmethod(lambda cls, parent, start: None))
    opened.actions_["compare_file"].trigger()
    panel = opened.panes.docks["versus"].content
    assert isinstance(panel, VersusPanel)
    qtbot.waitUntil(panel.empty.isVisible)
    assert "Choose another Dockerfile" in panel.empty.text()
