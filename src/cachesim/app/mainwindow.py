"""How do editor, graph, strips and panes hang together in one window?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from cachesim.app import settings as preferences
from cachesim.app.actions import COMMANDS, Actions
from cachesim.app.appearance import Appearance
from cachesim.app.asking import Asking
from cachesim.app.crash import CrashGuard
from cachesim.app.dropping import DropTaker
from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.focus import Focus, StepViews
from cachesim.app.focusmark import FocusMark
from cachesim.app.menus import MENU_TITLES, LiveMenus
from cachesim.app.notify import MessageArea
from cachesim.app.panes import Panes
from cachesim.app.placement import Placement
from cachesim.app.presentation import Presentation
from cachesim.app.real_builds import RealBuilds
from cachesim.app.recents import Recent
from cachesim.app.status import StatusLine, docker_words
from cachesim.app.still import Still
from cachesim.app.theme import Theme
from cachesim.app.timeline.strip import TimelineStrip
from cachesim.app.toolbar import CommandBar
from cachesim.app.verdict.strip import VerdictStrip
from cachesim.app.welcome.page import WelcomePage
from cachesim.app.whatif.menu import WhatIf
from cachesim.app.workbench import Workbench
from cachesim.diagnostics import Diagnostic
from cachesim.project.open import ProjectInfo

if TYPE_CHECKING:
    from cachesim.app.confirm.state import ConfirmState

__all__ = ["MainWindow"]

_NEED_PROJECT = ("context_folder", "save", "save_as", "save_files", "reload", "close_project", "find", "replace", "find_next",
                 "find_previous", "comment", "move_up", "move_down", "complete", "quick_fix", "goto", "focus_editor",
                 "focus_graph", "focus_why", "focus_context", "next_problem", "previous_problem", "next_miss",
                 "previous_miss", "fit", "step_list", "present", "whatif", "build", "options", "confirm",
                 "confirm_no_cache", "explain", "history", "compare_file", "open_proof", "advice")


class MainWindow(QMainWindow):
    """Docks, menus and actions around one workbench."""

    def __init__(self, workbench: Workbench, store: QSettings) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.workbench, self._store = workbench, store
        workbench.set_settings(preferences.load_settings(store))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.appearance = Appearance(app, workbench)
        self.actions_ = Actions(self)
        self.whatif = WhatIf(workbench, self)
        self._build_centre()
        self.panes = Panes(workbench, self)
        self.real_builds = RealBuilds(workbench, self.panes, self)
        self._build_bars()
        self.placement = Placement(self, self.splitter, self.panes, store)
        self.presentation = Presentation(workbench, self.appearance, self, self.splitter, (
            self.menuBar(), self.toolbar, self.status, self.timeline, *self.panes.docks.values()), self.panes.tidy)
        self.asking = Asking(workbench, self.actions_, self.panes, self)
        self.focus = Focus(workbench, self.editor, self.views, self.panes, self.appearance, self.presentation)
        self.mark = FocusMark(self._marked_panes, workbench.look, self)
        self.guard = CrashGuard(workbench.disk.rescue.now, self._doing, self)
        self._drops = DropTaker(self, workbench.open_path)
        self._connect()
        self._show_project(None)
        self._restyle(workbench.look)

    # -- build --------------------------------------------------------------------------------------------------

    def _build_centre(self) -> None:
        bench = self.workbench
        self.timeline, self.verdict = TimelineStrip(bench), VerdictStrip(bench)
        self.messages = MessageArea(bench.look)
        self.editor, self.views = CodeEditor(bench), StepViews(bench)
        self.graph, self.list = self.views.graph, self.views.list
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("centre")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.editor)
        self.splitter.addWidget(self.views)
        self.welcome = WelcomePage(bench)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self.splitter)
        centre = QWidget()
        box = QVBoxLayout(centre)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for widget in (self.timeline, self.verdict, self.messages):
            box.addWidget(widget)
        box.addWidget(self._stack, 1)
        still = Still()
        still.hold(centre)
        self.setCentralWidget(still)

    def _build_bars(self) -> None:
        self.toolbar = CommandBar(self.workbench, self.actions_, self.whatif)
        self.addToolBar(self.toolbar)
        self.actions_.fill_menus(self.menuBar(), MENU_TITLES)
        self.menus = LiveMenus(self.workbench, self.whatif, self.panes, self)
        for name in MENU_TITLES:
            for menu in self.actions_.submenus(name):
                self.menus.attach(name, menu)
        for name, menu in self.toolbar.menus().items():
            self.menus.attach(name, menu)
        self.status = StatusLine(self.workbench)
        self.setStatusBar(self.status)

    def _connect(self) -> None:
        bench, on = self.workbench, self.actions_.on
        bench.may_leave = self.asking.may_leave
        bench.project_opened.connect(self._show_project)
        bench.saved_changed.connect(self._show_title)
        bench.busy_changed.connect(self._show_busy)
        for changed in (bench.state_changed, bench.timeline_changed, bench.report_changed, bench.changes_changed):
            changed.connect(self._show_changes)
        for changed in (bench.timeline_changed, bench.report_changed, bench.look_changed):      # the strips made new buttons
            changed.connect(self._order_tabs)
        bench.message_posted.connect(self.messages.show_message)
        self.messages.keys_freed.connect(self.focus.to_editor)
        bench.look_changed.connect(self._restyle)
        bench.settings_changed.connect(self._take_settings)
        bench.comparisons.changed.connect(self._show_comparison)
        bench.crashed.connect(self.guard.report)
        bench.confirmation_changed.connect(self._show_confirmation)
        bench.disk.progressed.connect(self.verdict.show_progress)
        self.verdict.why_asked.connect(partial(self.panes.show, "why"))
        self.verdict.whatif_asked.connect(self.toolbar.pop_whatif)
        self.verdict.folder_asked.connect(self.asking.choose_context)
        self.verdict.cancel_asked.connect(self.real_builds.cancel)
        self.timeline.build_asked.connect(bench.build)
        self.timeline.origin_asked.connect(self.menus.ask_start)
        self.welcome.open_folder_asked.connect(self.asking.open_folder)
        self.welcome.history_asked.connect(self.asking.open_commit)
        self.menus.commit_asked.connect(self.asking.start_with_commit)
        self.welcome.open_file_asked.connect(self.asking.open_dockerfile)
        self.editor.cursor_moved.connect(self.status.show_place)
        self.editor.undo_available.connect(self.actions_["undo"].setEnabled)
        self.editor.redo_available.connect(self.actions_["redo"].setEnabled)
        self.status.docker_asked.connect(self.actions_["docker_setup"].trigger)
        self.status.assumptions_asked.connect(partial(self.panes.show, "why"))
        self.panes.built.connect(self._pane_built)
        bench.diagnostics_changed.connect(self._count_problems)
        editor_ids = set(self.editor.command_ids) - {"zoom_in", "zoom_out", "zoom_reset"}
        for command_id in editor_ids & {command.id for command in COMMANDS}:
            on(command_id, partial(self.focus.edit, command_id))
        for command_id, run in self._commands().items():
            on(command_id, run)
        self.actions_["undo"].setEnabled(False)
        self.actions_["redo"].setEnabled(False)

    def _commands(self) -> dict[str, Callable[..., object]]:
        bench, ask, focus, graph, real = self.workbench, self.asking, self.focus, self.graph, self.real_builds
        return {
            "new": bench.open_draft, "save_as": ask.save_as, "open": ask.open_folder, "open_file": ask.open_dockerfile,
            "context_folder": ask.choose_context, "save": bench.save, "save_files": ask.save_files, "reload": bench.disk.look,
            "close_project": bench.close_project, "preferences": ask.show_preferences, "quit": self.close,
            "goto": ask.go_to, "palette": ask.show_palette, "keys": ask.show_keys, "about": ask.about,
            "focus_editor": focus.to_editor, "focus_graph": self.views.take_keys,
            "focus_why": partial(self.panes.show, "why", True),
            "focus_context": partial(self.panes.show, "context", True),
            "next_pane": partial(focus.walk, 1), "previous_pane": partial(focus.walk, -1),
            "next_miss": partial(graph.next_miss, False), "previous_miss": partial(graph.next_miss, True),
            "zoom_in": partial(focus.zoom, 1), "zoom_out": partial(focus.zoom, -1),
            "zoom_reset": partial(focus.zoom, 0), "fit": graph.fit, "step_list": self.views.show_list,
            "reduce_motion": partial(self._set_switch, "reduce_motion"),
            "follow_disk": partial(self._set_switch, "follow_disk"),
            "reset_layout": self.placement.reset, "present": self.present,
            "whatif": self.toolbar.pop_whatif, "take_back": bench.take_back, "build": partial(bench.build, ""),
            "options": ask.show_options, "confirm": partial(real.confirm, False),
            "confirm_no_cache": partial(real.confirm, True), "cancel": real.cancel,
            "docker_setup": partial(real.confirm, False), "back": partial(self._step, -1),
            "history": partial(self.panes.show, "history", True), "compare_file": partial(self._in_pane, "versus", "ask"),
            "open_proof": partial(self._in_pane, "proof", "open_report"), "advice": partial(self.panes.show, "advice", True),
            "forward": partial(self._step, 1), "compare_before": self._compare_before,
        }

    # -- what is open -------------------------------------------------------------------------------------------

    @Slot(object)
    def _show_project(self, info: ProjectInfo | None) -> None:
        there = info is not None
        if not there:
            self.placement.leave()
        self._stack.setCurrentIndex(1 if there else 0)
        for widget in (self.timeline, self.verdict):
            widget.setVisible(there)
        self.toolbar.setVisible(there)
        self.panes.appear(there)
        for command_id in _NEED_PROJECT:
            self.actions_[command_id].setEnabled(there)
        self._show_title()
        self._show_changes()
        if info is None:
            self.welcome.take_keys()
            return
        self.placement.restore()
        bench = self.workbench
        self.status.show_engine(bench.disk.engine)
        recent = preferences.with_recent(bench.settings.recent, Recent.of(info).entry)
        bench.set_settings(replace(bench.settings, recent=recent))
        self.editor.text.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _show_title(self, _: object = None) -> None:
        info = self.workbench.project
        self.setWindowTitle(f"{info.name}[*] – cachesim" if info is not None else "cachesim")
        self.setWindowModified(info is not None and not self.workbench.saved)
        self.actions_["save"].setEnabled(info is not None and not self.workbench.saved)

    @Slot(object)
    def _show_busy(self, what: str | None) -> None:
        self.verdict.setVisible(what is not None or self.workbench.project is not None)

    @Slot()
    def _show_changes(self, _: object = None) -> None:
        changes = self.workbench.done
        self.actions_["take_back"].setEnabled(bool(changes))
        files = self.workbench.project is not None and self.workbench.state.context.known
        for command_id in ("confirm", "confirm_no_cache"):
            self.actions_[command_id].setEnabled(files)
        self.actions_["take_back"].setText(f"&Take back: {changes[-1]}" if changes else "&Take back the last change")

    def _marked_panes(self) -> list[QWidget]:
        """What F6 walks over; a presentation has no frames."""
        return [] if self.presentation.active else [self.editor, self.views, *(dock.widget() for dock in self.panes.visible())]

    @Slot()
    def _order_tabs(self, _: object = None) -> None:
        self.focus.order(self.timeline.stops(), self.verdict.stops())

    @Slot(object)
    def _restyle(self, theme: Theme) -> None:
        self.actions_.restyle(theme)
        self.messages.restyle(theme)
        self.mark.show_theme(theme)

    @Slot(object)
    def _take_settings(self, settings: preferences.Settings) -> None:
        for name in ("reduce_motion", "follow_disk"):
            self.actions_[name].setChecked(getattr(settings, name))
        preferences.store_settings(self._store, settings)
        self.workbench.disk.follow()

    def _set_switch(self, name: str, on: bool) -> None:
        settings = self.workbench.settings
        self.workbench.set_settings(replace(settings, reduce_motion=on) if name == "reduce_motion"
                                    else replace(settings, follow_disk=on))

    def _doing(self) -> str:
        return self.workbench.busy or ""

    # -- panes --------------------------------------------------------------------------------------------------

    @Slot(str)
    def _pane_built(self, pane_id: str) -> None:
        content = self.panes.docks[pane_id].content
        if pane_id == "why":
            content.what_if_wanted.connect(self.toolbar.pop_whatif)  # type: ignore[attr-defined]
            content.file_activated.connect(self.asking.show_file)  # type: ignore[attr-defined]
        elif pane_id == "context":
            content.folder_asked.connect(self.asking.choose_context)  # type: ignore[attr-defined]
            content.arg_asked.connect(self.whatif.set_arg)  # type: ignore[attr-defined]
            content.options_asked.connect(self.actions_["options"].trigger)  # type: ignore[attr-defined]

    @Slot(object)
    def _count_problems(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.panes.set_title("problems", len(diagnostics))

    @Slot(object)
    def _show_comparison(self, comparison: object) -> None:
        if comparison is not None:
            self.panes.show("compare")

    # -- timeline and engine ------------------------------------------------------------------------------------

    def _step(self, step: int, _checked: bool = False) -> None:
        self.workbench.step(step)

    def _compare_before(self) -> None:
        path = self.workbench.timeline.path()
        if len(path) > 1:
            self.workbench.comparisons.builds(path[-2].id, path[-1].id)

    def _in_pane(self, pane_id: str, act: str, _checked: bool = False) -> None:
        """Show a pane and have it do something that only it can."""
        getattr(self.panes.show(pane_id, True), act)()

    @Slot(object)
    def _show_confirmation(self, state: ConfirmState) -> None:
        """Say at the foot what is known of the engine."""
        self.actions_["cancel"].setEnabled(state.busy)
        if state.survey is not None or state.problem is not None:
            self.status.show_docker(*docker_words(state))

    # -- modes and end ------------------------------------------------------------------------------------------

    def present(self, on: bool) -> None:
        """Enter or leave presentation mode."""
        if on:
            self.presentation.enter()
        else:
            self.presentation.leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What nobody else wanted. Esc: leave the mode, close a bar, stop what runs, or look at the whole again. Enter: press
        the button."""
        if event.key() != Qt.Key.Key_Escape:
            button = QApplication.focusWidget()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(button, QAbstractButton):
                button.click()          # outside dialogs Qt takes the space bar alone
            else:
                super().keyPressEvent(event)
        elif self.presentation.active:
            self.actions_["present"].setChecked(False)
        elif not self.messages.close_last():
            if not self.real_builds.cancel():
                self.workbench.select(None)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.asking.may_leave():
            event.ignore()
            return
        self.presentation.leave()
        self.placement.keep()
        self.real_builds.shutdown()
        self.workbench.disk.close()
        self.workbench.shutdown()
        self._drops.stop()
        event.accept()
