"""Pictures of the whole graph as files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from cachesim.app.dag.render import render_png, render_svg
from cachesim.app.dag.step_item import Badge
from cachesim.app.dag.view import DagView
from cachesim.app.workbench import Workbench
from cachesim.errors import InputError
from cachesim.graph.model import StepId


@pytest.fixture
def view(qtbot: QtBot, workbench: Workbench, show: Callable[..., object]) -> DagView:
    view = DagView(workbench)
    qtbot.addWidget(view)
    view.resize(742, 440)
    view.show()
    show(workbench)
    view.cascade.finish()
    return view


def test_svg_has_all_texts_as_text_in_one_font_family_and_no_pixels(view: DagView, tmp_path: Path) -> None:
    view.set_badges({StepId(1, 1): Badge.DIFFERED})
    render_svg(view.dag, tmp_path / "graph.svg")
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    families = set(re.findall(r'font-family="([^"]*)"', text))
    assert len(families) == 1 and "," not in families.pop()
    assert "<image" not in text
    for words in ("FROM", "Cached", "Runs: not in cache", "L11", "runtime", "ghcr.io/", "docs"):
        assert words in text
    assert QSvgRenderer(str(tmp_path / "graph.svg")).isValid()


def test_files_have_scene_size_whatever_the_window_shows(view: DagView, tmp_path: Path) -> None:
    render_png(view.dag, tmp_path / "one.png")
    render_svg(view.dag, tmp_path / "one.svg")
    view.fit()
    view.resize(300, 200)
    view.zoom_out()
    render_png(view.dag, tmp_path / "two.png")
    render_svg(view.dag, tmp_path / "two.svg")
    size = view.scene().sceneRect().size()
    image = QImage(str(tmp_path / "one.png"))
    assert (image.width(), image.height()) == (round(size.width() * 2), round(size.height() * 2))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.svg").read_text() == (tmp_path / "two.svg").read_text()


def test_the_selection_is_of_the_window_not_of_the_file(view: DagView, workbench: Workbench, tmp_path: Path) -> None:
    render_png(view.dag, tmp_path / "one.png")
    workbench.select(StepId(1, 1))
    render_png(view.dag, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert view.dag.current == StepId(1, 1)
    assert view.dag.steps[StepId(1, 1)].current


def test_a_file_that_cannot_be_written_is_said_in_words(view: DagView, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Choose another file"):
        render_svg(view.dag, tmp_path / "no" / "such" / "graph.svg")


def test_a_huge_graph_shrinks_to_a_size_that_opens_everywhere(view: DagView, workbench: Workbench, tmp_path: Path,
                                                             show: Callable[..., object]) -> None:
    show(workbench, "FROM alpine\n" + "RUN a\n" * 400, {})
    render_png(view.dag, tmp_path / "long.png")
    image = QImage(str(tmp_path / "long.png"))
    assert 15_990 <= image.height() <= 16_001
