"""The palette: complete, readable, and told apart without red and green."""

from __future__ import annotations

import sys
from itertools import combinations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPalette
from pytestqt.qtbot import QtBot

from cachesim.app.actions import COMMANDS
from cachesim.app.notify import Tone
from cachesim.app.resources import icon_file
from cachesim.app.theme import (
    DARK,
    HIGH_CONTRAST,
    LIGHT,
    PRESENTATION,
    Theme,
    framed_palette_of,
    fuller,
    icon,
    look_of,
    palette_of,
    pixmap,
)
from cachesim.engines.base import MissReason, Outcome

THEMES = [LIGHT, DARK, HIGH_CONTRAST, fuller(LIGHT), fuller(DARK)]
KINDS = [(outcome, reason) for outcome in Outcome
         for reason in ([r for r in MissReason if r is not MissReason.NO_FILES] if outcome is Outcome.MISS else [None])]


def luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
    c = QColor(colour)
    return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF())


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, HIGH_CONTRAST], ids=lambda t: t.name)
def test_what_stands_in_an_empty_field_is_read_and_not_taken_for_typed(theme: Theme) -> None:
    hint = palette_of(theme).color(QPalette.ColorRole.PlaceholderText).name()
    assert contrast(hint, theme.bg) >= 4.5 and contrast(theme.text, hint) >= 1.8


@pytest.mark.parametrize("theme", [DARK, HIGH_CONTRAST], ids=lambda t: t.name)
def test_outlines_are_seen_on_a_dark_ground(theme: Theme) -> None:
    outline = framed_palette_of(theme).color(QPalette.ColorRole.Window).darker(140)       # what Fusion draws them with
    assert contrast(outline.name(), theme.panel) >= 3.0 and contrast(outline.name(), theme.bg) >= 3.0


@pytest.mark.parametrize("theme", [LIGHT, DARK, HIGH_CONTRAST], ids=lambda t: t.name)
def test_the_button_with_the_keys_and_a_bar_that_fills_are_seen(theme: Theme) -> None:
    palette = framed_palette_of(theme)
    filled = palette.color(QPalette.ColorRole.Highlight)
    assert contrast(filled.name(), theme.panel) >= 3.0 and contrast(filled.darker(125).name(), theme.panel) >= 3.0
    assert contrast(palette.color(QPalette.ColorRole.HighlightedText).name(), filled.name()) >= 4.5


def test_a_selection_does_not_tint_an_icon(qtbot: QtBot) -> None:
    picture, size = icon("bolt", "#9E2A00"), QSize(16, 16)
    assert picture.pixmap(size, QIcon.Mode.Selected).toImage() == picture.pixmap(size, QIcon.Mode.Normal).toImage()


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
def test_every_outcome_has_colour_icon_pattern_and_word(theme: Theme) -> None:
    for outcome, reason in KINDS:
        look = theme.look(outcome, reason)
        assert look.word and look.short and icon_file(look.icon).is_file()
        assert QColor(look.strong).isValid() and QColor(look.fill).isValid()


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
def test_text_and_strong_colours_can_be_read(theme: Theme) -> None:
    for outcome, reason in KINDS:
        look = theme.look(outcome, reason)
        assert contrast(theme.text, look.fill) >= 10.6
        assert contrast(look.strong, theme.bg) >= 3.55
    for colour in (theme.text, theme.muted):
        assert contrast(colour, theme.bg) >= 4.5 and contrast(colour, theme.panel) >= 4.5
    assert contrast(theme.text, theme.selection) >= 7
    for name in ("keyword", "flag", "variable", "string", "comment", "directive", "heredoc"):
        assert contrast(getattr(theme, name), theme.bg) >= 4.5


def test_in_grey_icon_and_pattern_still_tell() -> None:
    looks = {kind: look_of(*kind) for kind in KINDS}
    same_word = {MissReason.PART: "own", MissReason.NO_CACHE: "own", MissReason.NO_RECORD: "new",
                 MissReason.PRUNED: "new"}
    for a, b in combinations(KINDS, 2):
        if a[1] in same_word and same_word.get(a[1]) == same_word.get(b[1]):  # type: ignore[arg-type]
            continue
        first, second = looks[a], looks[b]
        assert (first.icon, first.pattern, first.border) != (second.icon, second.pattern, second.border)


def test_every_icon_that_is_named_is_shipped(qtbot: QtBot) -> None:
    for name in [*(c.icon for c in COMMANDS if c.icon), *(tone.value for tone in Tone), "cachesim"]:
        assert not pixmap(name, "#123456", 16, 2.0).isNull()
        assert not icon(name, "#123456").isNull()


def test_icons_have_the_colour_that_was_asked_for(qtbot: QtBot) -> None:
    image = pixmap("stop", "#FF0000", 16, 1.0).toImage()
    assert image.pixelColor(8, 8) == QColor("#FF0000")


def test_palettes_are_our_own(qtbot: QtBot) -> None:
    assert palette_of(DARK).base().color() == QColor(DARK.bg)
    assert palette_of(LIGHT).windowText().color() == QColor(LIGHT.text)


def test_presentation_grows_everything_together() -> None:
    sizes = PRESENTATION.scaled(1.1)
    assert sizes.presenting and sizes.node_width == pytest.approx(330) and sizes.editor == pytest.approx(24.2)


def test_painting_does_not_lose_references_to_none(qtbot: QtBot) -> None:
    """PYSIDE-3474: a bad pair of Python and PySide6 drops one reference in each void call, and aborts in the end."""
    if sys.version_info >= (3, 12):
        pytest.skip("None is immortal from Python 3.12 on")
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    before = sys.getrefcount(None)
    for _ in range(200):
        painter.save()
        painter.restore()
    after = sys.getrefcount(None)
    painter.end()
    assert abs(after - before) < 100


def test_what_needs_the_files_says_so_and_not_that_a_run_decides() -> None:
    run, files = look_of(Outcome.UNDETERMINED), look_of(Outcome.UNDETERMINED, MissReason.NO_FILES)
    assert (run.word, files.word) == ("Depends on a RUN", "Needs the files to tell")
    assert (run.icon, run.pattern, run.border) == (files.icon, files.pattern, files.border)
