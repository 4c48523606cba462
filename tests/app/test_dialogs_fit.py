"""Dialogs whose words grow: nothing is cut in a large font, and every row can be hit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QStyle,
    QTabBar,
    QTreeWidget,
)
from pytestqt.qtbot import QtBot

from cachesim.app.crash import CrashDialog
from cachesim.app.mainwindow import MainWindow
from cachesim.app.options.dialog import OptionsDialog
from cachesim.app.palette_dialog import Choice, PaletteDialog
from cachesim.app.questions import TextQuestion
from cachesim.app.theme import icon
from cachesim.dockerfile.parser import parse
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.graph.resolve import resolve


@pytest.mark.parametrize("points", [7, 10, 15, 25])
def test_the_crash_dialog_shows_every_line(qtbot: QtBot, points: int) -> None:
    dialog = CrashDialog("Reading shop", "details")
    qtbot.addWidget(dialog)
    font = QFont(dialog.font())
    font.setPointSize(points)
    dialog.setFont(font)
    dialog.show()
    QApplication.processEvents()
    text = next(label for label in dialog.findChildren(QLabel) if label.wordWrap())
    assert text.height() >= text.heightForWidth(text.width())


def test_boxes_of_stages_are_drawn_whole(qtbot: QtBot) -> None:
    graph = resolve(parse("FROM a AS one\nFROM one AS two\n"), BuildOptions(), {}, EngineKind.BUILDKIT)
    dialog = OptionsDialog(BuildOptions(), graph)
    qtbot.addWidget(dialog)
    dialog.show()
    filters = next(w for w in dialog.findChildren(QListWidget) if w.accessibleName() == "Stages without cache")
    assert [filters.visualItemRect(filters.item(n)).height() >= 24 for n in range(filters.count())] == [True, True]


def test_names_of_the_palette_begin_at_one_place(qtbot: QtBot, window: MainWindow) -> None:
    choices = [Choice("With", "", lambda: None, icon("file", "#000000")), Choice("Without", "", lambda: None)]
    dialog = PaletteDialog("Type", choices, window)
    qtbot.addWidget(dialog)
    rows = dialog.findChild(QTreeWidget)
    assert isinstance(rows, QTreeWidget)
    items = [rows.topLevelItem(n) for n in range(2)]
    assert all(item is not None and item.icon(0).availableSizes() for item in items)
    assert all(item is not None and rows.visualItemRect(item).height() >= 24 for item in items)


def test_a_name_that_is_asked_for_can_be_read(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    name, seen = "steep sencha longer: the bundle changes and the image too", []

    def look(dialog: QDialog) -> QDialog.DialogCode:
        assert isinstance(dialog, QInputDialog)
        dialog.show()
        line = dialog.findChild(QLineEdit)
        assert line is not None
        seen.append((line.width(), line.fontMetrics().horizontalAdvance(name)))
        dialog.hide()
        return QDialog.DialogCode.Accepted
    monkeypatch.setattr(QDialog, "exec", look)
    assert TextQuestion.ask("Rename build", "Name of this build:", name, window.timeline) == name
    assert seen[0][0] > seen[0][1]
    monkeypatch.setattr(QDialog, "exec", lambda _: QDialog.DialogCode.Rejected)
    assert TextQuestion.ask("Rename build", "Name of this build:", name, window.timeline) is None


def test_icons_of_menus_grow_with_the_letters_and_tabs_keep_their_words(qtbot: QtBot, opened: MainWindow) -> None:
    bench = opened.workbench
    bench.set_settings(replace(bench.settings, font_percent=250))
    QApplication.processEvents()
    menu = QMenu(opened)
    menu.ensurePolished()
    assert menu.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize, None, menu) == 40
    bars = [bar for bar in opened.findChildren(QTabBar) if bar.count() > 1]
    assert bars and all(bar.elideMode() is Qt.TextElideMode.ElideNone and bar.usesScrollButtons() for bar in bars)


def test_enter_closes_the_news_of_a_bug(qtbot: QtBot) -> None:
    dialog = CrashDialog("Reading shop", "details")
    qtbot.addWidget(dialog)
    dialog.show()
    focus = dialog.focusWidget()
    assert isinstance(focus, QPushButton) and focus.text().replace("&", "") == "Close" and focus.isDefault()
    QTest.keyClick(focus, Qt.Key.Key_Return)
    assert not dialog.isVisible()


@pytest.mark.parametrize("name", ["Light", "Dark", "High contrast"])
def test_the_arrow_of_a_field_grows_with_the_letters(qtbot: QtBot, window: MainWindow, name: str) -> None:
    bench = window.workbench
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItem("")

    def arrow() -> int:
        picture = box.grab().toImage()
        ground = picture.pixelColor(box.width() // 2, box.height() // 2).lightness()
        return sum(any(abs(picture.pixelColor(x, y).lightness() - ground) > 60 for y in range(5, box.height() - 5))
                   for x in range(box.width() // 2, box.width() - 5))
    bench.set_settings(replace(bench.settings, theme=name, font_percent=100))
    box.resize(200, 60)
    box.show()
    small = arrow()
    bench.set_settings(replace(bench.settings, font_percent=250))
    assert 4 <= small <= 12 and arrow() > 1.6 * small
