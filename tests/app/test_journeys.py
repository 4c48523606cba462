"""The journeys of a person through the window, once with the mouse and once with keys alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QInputDialog, QPushButton, QSlider, QTextBrowser, QToolButton
from pytestqt.qtbot import QtBot

from cachesim.app.compare.panel import ComparePanel
from cachesim.app.mainwindow import MainWindow
from cachesim.app.palette_dialog import PaletteDialog
from cachesim.app.preferences import PreferencesDialog
from cachesim.app.whatif.file_dialog import FileDialog
from tests.app.conftest import DOCKERFILE
from tests.app.hands import ALT, CTRL, NO_MOD, Key, click, click_entry, focused, in_dialog, popup, press, type_text


def verdict(window: MainWindow) -> list[str]:
    return [button.text() for button in window.verdict.count_buttons()]


def test_first_minute_with_keys_alone(qtbot: QtBot, window: MainWindow) -> None:
    assert focused() is window.welcome.cards()[0]
    with qtbot.waitSignals([window.workbench.project_opened, window.workbench.report_changed], timeout=15_000):
        press(Key.Key_Return)
    assert "1 changed" in verdict(window) and len(window.timeline.builds.buttons) == 1
    assert window.editor.text.hasFocus()
    press(Key.Key_W, mod=CTRL)
    qtbot.waitUntil(lambda: window.welcome.isVisible())
    assert focused() is window.welcome.cards()[0], "back where one can go on"


def test_enter_presses_the_buttons_of_the_strips(qtbot: QtBot, opened: MainWindow) -> None:
    opened.workbench.build("again")
    qtbot.waitUntil(lambda: len(opened.timeline.builds.buttons) == 2)
    opened.timeline.builds.buttons[0].setFocus()
    press(Key.Key_Return)
    assert opened.workbench.timeline.current == opened.timeline.builds.buttons[0].entry.id


def test_what_if_a_file_changes_with_keys_alone(qtbot: QtBot, opened: MainWindow) -> None:
    QTest.keyClick(opened, Key.Key_B, CTRL)
    qtbot.waitUntil(lambda: opened.verdict.sentence() == "Nothing would run.")
    QTest.keyClick(opened, Key.Key_E, CTRL)
    menu = popup()
    assert menu.activeAction() is menu.actions()[0], "the first entry is chosen, and no sub-menu is open yet"

    def accept(dialog: QDialog) -> None:
        press(Key.Key_Return)

    def pick(dialog: QDialog) -> None:
        type_text("app.py")
        in_dialog(FileDialog, accept)
        press(Key.Key_Return)
    in_dialog(PaletteDialog, pick)
    press(Key.Key_Right)
    assert popup() is not menu
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: "1 changed" in verdict(opened))


def test_a_text_in_thought_is_edited_and_left_with_keys(qtbot: QtBot, opened: MainWindow) -> None:
    dialog = FileDialog("src/app.py", b"print('tea')\n", opened)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    press(Key.Key_Backtab)
    type_text("import os;")
    press(Key.Key_Tab)
    press(Key.Key_Backtab)
    press(Key.Key_Return, mod=CTRL)
    assert dialog.result() == QDialog.DialogCode.Accepted and dialog.result_bytes() == b"import os;print('tea')\n"
    dialog.deleteLater()


def test_who_types_at_once_types_into_the_text(qtbot: QtBot, opened: MainWindow) -> None:
    dialog = FileDialog("src/app.py", b"print('tea')\n", opened)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    for letter in "a b ":
        type_text(letter)           # each to what has the keys then
    assert dialog.isVisible()
    press(Key.Key_Return, mod=CTRL)
    assert dialog.result_bytes() == b"a b print('tea')\n"
    dialog.deleteLater()


def test_what_if_a_file_changes_with_the_mouse(qtbot: QtBot, opened: MainWindow) -> None:
    QTest.keyClick(opened, Key.Key_B, CTRL)
    qtbot.waitUntil(lambda: opened.verdict.sentence() == "Nothing would run.")
    button = opened.toolbar.widgetForAction(opened.actions_["whatif"])
    assert isinstance(button, QToolButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, NO_MOD, QPoint(20, button.height() // 2))
    top = popup()
    click_entry(top, "A file changes")
    qtbot.waitUntil(lambda: popup() is not top)

    def accept(dialog: QDialog) -> None:
        dialog.accept()

    def pick(dialog: QDialog) -> None:
        assert isinstance(dialog, PaletteDialog)
        in_dialog(FileDialog, accept)
        rows = dialog.found()
        tree = dialog._list
        item = tree.topLevelItem(rows.index("src/app.py"))
        QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, NO_MOD, tree.visualItemRect(item).center())
    in_dialog(PaletteDialog, pick)
    click_entry(popup(), "Change content")
    qtbot.waitUntil(lambda: "1 changed" in verdict(opened))


def test_builds_sit_in_the_middle_of_their_strip_whatever_refreshes_it(opened: MainWindow) -> None:
    button = opened.timeline.builds.buttons[0]
    before = button.mapTo(opened, QPoint())
    opened.timeline.hide()              # as in a presentation
    opened.workbench.rename_entry(1, "A name")
    opened.timeline.show()
    QApplication.processEvents()
    assert opened.timeline.builds.buttons[0].mapTo(opened, QPoint()) == before


def test_tab_follows_the_eye(qtbot: QtBot, opened: MainWindow) -> None:
    opened.workbench.build("again")
    qtbot.waitUntil(lambda: len(opened.timeline.builds.buttons) == 2 and opened.verdict.sentence() == "Nothing would run.")
    opened.timeline.stops()[0].setFocus()
    walked = []
    while len(walked) < 20 and not opened.editor.text.hasFocus():
        walked.append(focused().accessibleName())
        press(Key.Key_Tab)
    assert walked == ["What the cache started with", "Build 1: First build, 6 ran", "Build 2: again, 6 cached",
                      "Now: what the next build would do", "Build, simulated", "6 cached", "1 config only", "What if",
                      "What ran"]


def test_a_presentation_gives_the_title_bars_back_as_they_were(qtbot: QtBot, opened: MainWindow) -> None:
    qtbot.waitUntil(lambda: opened.panes.docks["why"].is_built)
    before = {name: dock.titleBarWidget() is not None for name, dock in opened.panes.docks.items()}
    press(Key.Key_F11)
    qtbot.waitUntil(lambda: not opened.menuBar().isVisible())
    press(Key.Key_Escape)
    qtbot.waitUntil(lambda: opened.panes.docks["why"].isVisible())
    qtbot.waitUntil(
        lambda: {name: dock.titleBarWidget() is not None for name, dock in opened.panes.docks.items()} == before)


def test_a_text_taken_back_leaves_the_file_as_it_lies_on_disk(qtbot: QtBot, opened: MainWindow) -> None:
    before = opened.workbench.state
    opened.editor.text.setFocus()
    type_text("#")
    assert opened.workbench.state.context != before.context
    press(Key.Key_Z, mod=CTRL)
    assert opened.workbench.state == before, "not even another time"


def test_comparing_with_the_disk_leaves_the_question_open(qtbot: QtBot, opened: MainWindow, project: Path) -> None:
    opened.editor.text.setFocus()
    type_text("#")
    (project / "Dockerfile").write_text("FROM scratch\nCOPY src /src\n")
    opened.workbench.disk.look()
    qtbot.waitUntil(lambda: bool(opened.messages.messages()), timeout=15_000)

    def button(words: str) -> QPushButton:
        return next(b for b in opened.messages.findChildren(QPushButton) if b.text() == words and not b.isHidden())
    QTest.mouseClick(button("Compare"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: opened.panes.docks["compare"].in_front)
    button("Keep mine").setFocus()
    press(Key.Key_Return)
    assert not opened.messages.messages() and opened.editor.text.toPlainText().startswith("#FROM")
    assert opened.editor.text.hasFocus(), "the keys are back in the text"


def test_an_emptied_cache_is_no_first_build_and_its_bar_goes_with_it(qtbot: QtBot, opened: MainWindow) -> None:
    opened.workbench.build("one")
    qtbot.waitUntil(lambda: opened.verdict.sentence() == "Nothing would run.")
    opened.whatif.prune()
    qtbot.waitUntil(lambda: opened.verdict.sentence().startswith("The cache is empty: everything would run."))
    why = opened.panes.docks["why"].content.findChild(QTextBrowser)
    assert why is not None
    qtbot.waitUntil(lambda: "The cache is empty: 6 steps would run." in why.toPlainText())
    assert [m.key for m in opened.messages.messages()] == ["whatif"]
    press(Key.Key_Z, mod=CTRL | Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: opened.verdict.sentence() == "Nothing would run.")
    assert not opened.messages.messages(), "what was taken back is not spoken of"


def test_reorder_with_keys_alone(qtbot: QtBot, opened: MainWindow) -> None:
    press(Key.Key_1, mod=CTRL)
    before = opened.editor.text.toPlainText()
    press(Key.Key_Down, Key.Key_Down)
    press(Key.Key_Down, mod=Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: opened.verdict.sentence().startswith("Not moved: `pip install"))     # it reads what line 3 brings
    press(Key.Key_Down)
    press(Key.Key_Down, mod=Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: opened.verdict.sentence().startswith("Moved RUN. Next build: 3 steps run, 3 more"))
    assert opened.editor.text.toPlainText() != before
    press(Key.Key_Z, mod=CTRL)
    qtbot.waitUntil(lambda: opened.verdict.sentence() == "Nothing would run.")
    assert opened.editor.text.toPlainText() == before, "one undo step"


def test_two_builds_are_compared_with_keys_alone(qtbot: QtBot, opened: MainWindow) -> None:
    press(Key.Key_End, mod=CTRL)
    type_text("RUN date")
    press(Key.Key_Escape)
    qtbot.waitUntil(lambda: "1 not in cache" in verdict(opened))
    press(Key.Key_B, mod=CTRL)
    qtbot.waitUntil(lambda: len(opened.timeline.builds.buttons) == 2 and opened.verdict.sentence() == "Nothing would run.")
    first = opened.timeline.builds.buttons[0]
    first.setFocus()
    at = first.rect().center()
    QApplication.sendEvent(first, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, at, first.mapToGlobal(at)))
    press(Key.Key_Down, Key.Key_Down)
    with qtbot.waitSignal(opened.workbench.comparisons.changed):
        press(Key.Key_Return)
    panel = opened.panes.docks["compare"].content
    assert isinstance(panel, ComparePanel)
    qtbot.waitUntil(lambda: panel.first.currentText().startswith("1  ") and panel.second.currentText().startswith("2  "))


def test_a_held_key_on_the_font_size_asks_for_one_new_look(qtbot: QtBot, opened: MainWindow) -> None:
    looks: list[object] = []
    opened.workbench.look_changed.connect(looks.append)
    dialog = PreferencesDialog(opened.workbench, opened)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow)
    slider = dialog.findChild(QSlider)
    assert slider is not None
    slider.setFocus()
    press(*[Key.Key_Right] * 5)
    qtbot.waitUntil(lambda: opened.workbench.settings.font_percent == 150)
    assert len(looks) == 1
    press(Key.Key_Right, Key.Key_Escape)
    assert opened.workbench.settings.font_percent == 100
    opened.workbench.look_changed.disconnect(looks.append)
    dialog.deleteLater()


def test_a_held_zoom_key_asks_for_one_new_look(qtbot: QtBot, opened: MainWindow) -> None:
    looks: list[object] = []
    opened.workbench.look_changed.connect(looks.append)
    press(Key.Key_4, mod=CTRL)
    press(*[Key.Key_Plus] * 5, mod=CTRL)
    qtbot.waitUntil(lambda: opened.workbench.settings.font_percent == 150)
    press(*[Key.Key_Minus] * 9, mod=CTRL)
    qtbot.waitUntil(lambda: opened.workbench.settings.font_percent == 80)
    press(Key.Key_0, mod=CTRL)
    qtbot.waitUntil(lambda: opened.workbench.settings.font_percent == 100)
    assert len(looks) == 3
    press(Key.Key_F11)
    qtbot.waitUntil(lambda: opened.presentation.active)
    looks.clear()
    press(*[Key.Key_Plus] * 3, mod=CTRL)
    qtbot.waitUntil(lambda: bool(looks))
    assert len(looks) == 1 and opened.appearance._stage_zoom == 1.3
    press(Key.Key_F11)
    opened.workbench.look_changed.disconnect(looks.append)


def test_the_largest_font_pushes_nothing_out_of_a_small_screen(qtbot: QtBot, window: MainWindow) -> None:
    bench = window.workbench
    with qtbot.waitSignals([bench.project_opened, bench.report_changed], timeout=15_000):
        bench.open_sample("node-multistage")
    bench.set_settings(replace(bench.settings, font_percent=250))
    window.panes.show("why")
    assert bench.report is not None
    for step in bench.report.steps:
        bench.select(step.id)
        QApplication.processEvents()
        width = sum(dock.minimumSizeHint().width() for dock in window.panes.visible())
        assert width < 1280 and window.minimumSizeHint().width() < 1280, step.id


def test_builds_are_walked_renamed_and_deleted_with_keys_alone(qtbot: QtBot, opened: MainWindow) -> None:
    bench, strip = opened.workbench, opened.timeline
    for label in ("two", "three"):
        bench.build(label)
    strip.builds.buttons[2].setFocus()
    press(Key.Key_Backtab)
    press(Key.Key_Return)
    assert bench.timeline.current == 2 and focused() is strip.builds.buttons[1], "the keys are where they were"

    def name(dialog: QDialog) -> None:
        type_text("the second")
        press(Key.Key_Return)
    in_dialog(QInputDialog, name)
    press(Key.Key_F2)
    opened.activateWindow()         # as a window manager does when a dialog closes
    qtbot.waitUntil(opened.isActiveWindow)
    assert strip.builds.buttons[1].text() == "the second" and focused() is strip.builds.buttons[1]
    press(Key.Key_Delete)
    assert [button.text() for button in strip.builds.buttons] == ["First build"]
    assert focused() is strip.builds.buttons[0]
    assert [m.text for m in opened.messages.messages()] == ["Deleted the build “the second” and 1 after it."]
    click(opened.messages, "Undo")
    assert [button.text() for button in strip.builds.buttons] == ["First build", "the second", "three"]
    strip.builds.buttons[2].setFocus()
    press(Key.Key_Delete)
    press(Key.Key_B, mod=CTRL)
    assert opened.messages.messages() == [], "an undo would take the new build away"
    assert len(strip.builds.buttons) == 3


def test_going_back_and_editing_keeps_both_futures_and_the_text(qtbot: QtBot, opened: MainWindow) -> None:
    bench, text = opened.workbench, opened.editor.text
    press(Key.Key_End, mod=CTRL)
    type_text("EXPOSE 80")
    press(Key.Key_Escape)
    press(Key.Key_B, mod=CTRL)
    type_text("0")
    press(Key.Key_Left, mod=ALT)
    assert bench.timeline.current == 2 and text.toPlainText() == DOCKERFILE + "EXPOSE 80"
    press(Key.Key_Left, mod=ALT)
    assert bench.timeline.current == 1 and text.toPlainText() == DOCKERFILE
    press(Key.Key_Z, mod=CTRL)
    assert bench.seen is None and bench.timeline.current == 2
    assert text.toPlainText() == DOCKERFILE + "EXPOSE 800", "what was typed and not built is an undo away"
    press(Key.Key_Left, mod=ALT)
    press(Key.Key_Left, mod=ALT)
    press(Key.Key_End, mod=CTRL)
    type_text("EXPOSE 90")
    press(Key.Key_Escape)
    press(Key.Key_B, mod=CTRL)
    assert [entry.parent for entry in bench.timeline.entries] == [None, 1, 1]
    press(Key.Key_Left, mod=ALT)
    press(Key.Key_Right, mod=ALT)
    assert bench.seen is None and bench.timeline.current == 3


def test_find_and_replace_with_keys_alone(qtbot: QtBot, opened: MainWindow) -> None:
    opened.editor.text.setFocus()
    press(Key.Key_H, mod=CTRL)
    type_text("src")
    press(Key.Key_Tab)
    type_text("lib")
    press(Key.Key_Tab)
    press(Key.Key_Return)           # the button beside it
    assert opened.editor.text.toPlainText().count("lib") == 1
    press(Key.Key_Return, mod=CTRL | ALT)
    qtbot.waitUntil(lambda: opened.editor.text.toPlainText().count("lib") == DOCKERFILE.count("src"))
    press(Key.Key_Escape)
    press(Key.Key_Z, mod=CTRL)
    press(Key.Key_Z, mod=CTRL)
    assert opened.editor.text.toPlainText() == DOCKERFILE and opened.editor.text.hasFocus()
