"""What the picture of a report consists of, as text and as items."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from PySide6.QtGui import QImage, QPainter

from cachesim.app.dag.canvas import Canvas, Level
from cachesim.app.dag.scene import DagScene
from cachesim.app.dag.step_item import Badge
from cachesim.app.theme import DARK, HIGH_CONTRAST, LIGHT, PRESENTATION
from cachesim.engines.base import MissReason, Outcome
from cachesim.graph.model import EdgeKind, StepId
from cachesim.layout.layered import META
from tests.app.dag.conftest import FOUR_STAGES, FOUR_VERDICTS, report_of


@pytest.fixture
def scene(qapp: object) -> DagScene:
    scene = DagScene(LIGHT)
    scene.show_report(report_of(FOUR_STAGES, FOUR_VERDICTS))
    scene.switch()
    return scene


def test_describe_lists_every_node_with_place_and_outcome(scene: DagScene) -> None:
    assert scene.describe() == """\
lane -1 folded 20,20 44x174
0.0 108,50 190x40 hit
0.1 108,102 190x40 hit
0.2 108,154 190x40 hit
0.3 108,206 190x40 hit
1.0 342,50 190x40 hit
1.1 342,102 190x40 miss
1.2 342,154 190x40 miss
1.3 342,206 190x40 miss
3.0 576,50 190x40 hit
3.1 576,102 190x40 config only
3.2 576,154 190x40 hit
3.3 576,206 190x40 undetermined
3.4 576,258 190x40 miss
3.5 576,310 190x40 miss
3.6 576,396 190x40 miss
3.7 576,448 190x40 config only
lane 2 folded 810,20 44x174"""


def test_every_outcome_has_colour_icon_pattern_and_word(qapp: object) -> None:
    canvas = Canvas(LIGHT)
    for theme in (LIGHT, DARK, HIGH_CONTRAST):
        canvas.set_theme(theme)
        signs = {}
        for key, look in theme.looks:
            ink = canvas.ink(look)
            signs[key] = (look.icon, len(ink.pattern), ink.solid, look.border)
            assert look.word and look.icon and ink.border.color().isValid()
        for one, other in (("hit", "part"), ("part", "parent"), ("parent", "new"), ("hit", "not_needed"),
                           ("unreached", "not_reached"), ("failed", "part"), ("undetermined", "new")):
            assert signs[one] != signs[other], f"{theme.name}: {one} and {other} differ by colour alone"


def test_other_verdicts_keep_all_items(scene: DagScene) -> None:
    before, layout = (dict(scene.steps), dict(scene.edges), dict(scene.lanes)), scene.layout
    assert not scene.show_report(report_of(FOUR_STAGES, {8: MissReason.PART}))
    scene.switch()
    assert (scene.steps, scene.edges, scene.lanes) == before
    assert scene.layout is layout       # nothing was placed or routed anew
    assert scene.steps[StepId(0, 3)].outcome is Outcome.MISS
    assert scene.steps[StepId(1, 1)].outcome is Outcome.HIT


def test_other_words_in_a_line_move_nothing(scene: DagScene) -> None:
    item = scene.steps[StepId(1, 2)]
    assert not scene.show_report(report_of(FOUR_STAGES.replace("npm run build", "npm run build:all"), FOUR_VERDICTS))
    assert item is scene.steps[StepId(1, 2)]
    assert item.step.instruction.text == "RUN npm run build:all"


def test_a_removed_line_takes_its_item_with_it_and_keeps_the_others(scene: DagScene) -> None:
    gone, kept = scene.steps[StepId(1, 3)], scene.steps[StepId(1, 2)]
    assert scene.show_report(report_of(FOUR_STAGES.replace("RUN npm prune --omit=dev\n", "")))
    scene.switch()
    assert StepId(1, 3) not in scene.steps
    assert gone.scene() is None
    assert scene.steps[StepId(1, 2)] is kept


def test_verdicts_wait_until_they_are_switched(scene: DagScene) -> None:
    scene.show_report(report_of(FOUR_STAGES, {}))
    assert scene.steps[StepId(1, 1)].outcome is Outcome.MISS
    assert scene.changed_looks() == (StepId(1, 1), StepId(1, 2), StepId(1, 3), StepId(3, 3), StepId(3, 4), StepId(3, 5),
                                     StepId(3, 6))
    scene.switch((StepId(1, 1),))
    assert scene.steps[StepId(1, 1)].outcome is Outcome.HIT
    assert scene.steps[StepId(1, 2)].outcome is Outcome.MISS


def test_the_step_that_changed_is_named_and_those_below_name_its_line(scene: DagScene) -> None:
    assert scene.steps[StepId(1, 1)].words[0] == "Runs: src/app.ts changed"
    assert "Runs: due to line 11" in scene.steps[StepId(1, 2)].words
    assert scene.steps[StepId(1, 1)].tell() == "Line 11, COPY . . – Runs: src/app.ts changed: 1.2 kB -> 1.3 kB"
    assert scene.steps[StepId(1, 2)].tell() == "Line 12, RUN npm run build – Runs: a step above changed. line 12 runs"


def test_a_step_that_is_not_reached_names_the_line_that_fails(qapp: object) -> None:
    scene = DagScene(LIGHT)
    report = report_of("FROM alpine\nRUN false\nRUN true\n", {2: Outcome.FAILED, 3: Outcome.NOT_REACHED})
    scene.show_report(replace(report, error="exit code 1", error_step=StepId(0, 1)))
    scene.switch()
    assert scene.steps[StepId(0, 2)].words[0] == "Not reached: line 2 fails"


def test_the_selected_step_has_the_ring_its_edges_are_stronger_and_its_cause_is_marked(scene: DagScene) -> None:
    scene.set_current(StepId(3, 4))
    assert [s for s, item in scene.steps.items() if item.current] == [StepId(3, 4)]
    assert [s for s, item in scene.steps.items() if item.is_cause] == [StepId(1, 1)]
    strong = [edge for item in scene.edges.values() for edge in item.emphasised]
    assert [(edge.kind, edge.origin) for edge in strong] == [(EdgeKind.COPY_FROM, StepId(1, 3))]


def test_edges_of_the_step_under_the_pointer_are_stronger_too(scene: DagScene) -> None:
    scene.set_hovered(StepId(0, 3))
    assert len([edge for item in scene.edges.values() for edge in item.emphasised]) == 2
    scene.set_hovered(None)
    assert not any(item.emphasised for item in scene.edges.values())


def test_a_folded_lane_shows_the_ring_for_its_steps(scene: DagScene) -> None:
    scene.set_current(StepId(2, 1))
    assert scene.lanes[2].current
    scene.set_unfolded(frozenset({2}))
    assert not scene.lanes[2].current
    assert scene.steps[StepId(2, 1)].current
    assert scene.steps[StepId(2, 1)].outcome is Outcome.UNREACHED


def test_args_before_from_unfold_to_nodes_without_a_chain(scene: DagScene) -> None:
    scene.set_unfolded(frozenset({META}))
    assert "-1.1 20,102 190x40 config only" in scene.describe()


def test_badges_and_running_bars_belong_to_steps_and_survive_unfolding(scene: DagScene) -> None:
    scene.set_badges({StepId(1, 1): Badge.AGREED, StepId(2, 1): Badge.DIFFERED})
    scene.set_running(frozenset({StepId(1, 2)}))
    assert "1.1 342,102 190x40 miss agreed" in scene.describe()
    assert "1.2 342,154 190x40 miss running" in scene.describe()
    scene.set_unfolded(frozenset({2}))
    assert "2.1 810,102 190x40 unreached differed" in scene.describe()
    scene.set_badges({})
    scene.set_running(frozenset())
    assert "agreed" not in scene.describe() and "running" not in scene.describe()


def test_the_context_and_the_network_are_marks_on_the_node(qapp: object) -> None:
    scene = DagScene(LIGHT)
    scene.show_report(report_of("FROM alpine\nCOPY a /a\nADD https://example.com/x.tar /x\nRUN true\n"))
    assert [scene.steps[StepId(0, i)].mark for i in range(4)] == ["", "folder", "network", ""]


def test_an_outside_image_is_a_small_node(scene: DagScene) -> None:
    [(step, source)] = scene.sources
    assert (step, source.name) == (StepId(3, 6), "ghcr.io/astral-sh/uv:0.4")


def test_presentation_grows_the_nodes_and_comes_back_exactly(scene: DagScene) -> None:
    before = scene.describe()
    scene.set_theme(LIGHT.with_sizes(PRESENTATION))
    assert "0.0 132,69 300x60 hit" in scene.describe()
    scene.set_theme(LIGHT)
    assert scene.describe() == before


def test_texts_under_nine_pixels_are_left_out_step_by_step(qapp: object) -> None:
    canvas = Canvas(LIGHT)
    assert [canvas.level_at(zoom) for zoom in (1.0, 0.75, 0.74, 0.55, 0.5, 0.4, 0.39, 0.1)] == [
        Level.FULL, Level.FULL, Level.LINE, Level.LINE, Level.KEYWORD, Level.KEYWORD, Level.BLOCK, Level.BLOCK]
    big = Canvas(LIGHT.with_sizes(PRESENTATION))
    assert big.level_at(0.5) is Level.FULL


def test_zoomed_out_a_node_still_says_its_instruction_larger(scene: DagScene) -> None:
    item = scene.steps[StepId(0, 1)]
    image = QImage(900, 520, QImage.Format.Format_RGB32)

    def painted(zoom: float) -> tuple[str, float]:
        scene.set_zoom(zoom, 1.0)
        painter = QPainter(image)
        painter.scale(zoom, zoom)
        scene.render(painter)
        painter.end()
        assert item._texts is not None
        return item.shown_text, item._texts[0][2].pixelSize() * zoom
    assert painted(1.0) == ("/app", 12.0)
    words, px = painted(0.6)
    assert words == "/app" and px > 9.0
    assert painted(1.0) == ("/app", 12.0)


def test_painting_gives_back_every_reference_to_none(scene: DagScene) -> None:
    image = QImage(900, 520, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    scene.render(painter)
    before = sys.getrefcount(None)
    for _ in range(50):
        scene.render(painter)
    painter.end()
    assert sys.getrefcount(None) > before - 50


@pytest.mark.parametrize("theme", [LIGHT, DARK, HIGH_CONTRAST], ids=lambda t: t.name)
def test_looks_differ_on_screen_in_every_theme_and_level(qapp: object, theme) -> None:
    scene = DagScene(theme)
    scene.show_report(report_of("FROM alpine\nRUN a\nRUN b\n", {2: MissReason.PART, 3: MissReason.NO_RECORD}))
    scene.switch()
    for zoom in (1.0, 0.6, 0.25):
        scene.set_zoom(zoom, 1.0)
        pictures = set()
        for item in scene.steps.values():
            image = QImage(200, 50, QImage.Format.Format_RGB32)
            image.fill(scene.canvas.bg)
            painter = QPainter(image)
            painter.translate(5, 5)
            painter.scale(zoom, zoom)
            item._paint_ground(painter, item.look)
            painter.end()
            pictures.add(bytes(image.constBits()))
        assert len(pictures) == 3


def test_a_small_node_says_which_way_an_open_verdict_goes() -> None:
    scene = DagScene(LIGHT)
    scene.show_report(report_of("FROM alpine\nRUN a\nRUN b\n", {2: MissReason.PART, 3: Outcome.UNDETERMINED}))
    scene.switch()
    told = ["".join(text.text() for _, text, *_ in item._set_line()) for item in scene.steps.values()]
    assert told == ["alpine", "a", "(runs?) b"]
