"""How do editor, graph, strips and panes hang together in one window?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QSettings, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QMenu,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cachesim import __version__
from cachesim.app import settings as preferences
from cachesim.app.actions import COMMANDS, Actions, plain
from cachesim.app.appearance import Appearance
from cachesim.app.crash import CrashGuard
from cachesim.app.dag.steps_list import StepsList
from cachesim.app.dag.view import DagView
from cachesim.app.editor.code_editor import CodeEditor
from cachesim.app.goto import places
from cachesim.app.menus import MENU_TITLES, LiveMenus
from cachesim.app.notify import MessageArea
from cachesim.app.palette_dialog import Choice, PaletteDialog
from cachesim.app.panes import Panes
from cachesim.app.presentation import Presentation
from cachesim.app.questions import Unsaved, UnsavedQuestion
from cachesim.app.status import StatusLine, docker_words
from cachesim.app.theme import Theme, icon
from cachesim.app.timeline.strip import TimelineStrip
from cachesim.app.verdict.strip import VerdictStrip
from cachesim.app.welcome.page import WelcomePage
from cachesim.app.whatif.menu import ENGINES, WhatIf
from cachesim.app.workbench import Workbench
from cachesim.graph.options import EngineKind
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

if TYPE_CHECKING:
    from cachesim.app.confirm.state import ConfirmState

__all__ = ["MainWindow"]

_LAYOUT = 1             # of the saved layout; another number is ignored
_SHARE = (42, 58)
_TOOLBAR_CHARS = 120    # width of the toolbar with words, in average characters
_NEED_PROJECT = ("context_folder", "save", "save_files", "reload", "close_project", "find", "replace", "find_next",
                 "find_previous", "comment", "move_up", "move_down", "complete", "quick_fix", "goto", "focus_editor",
                 "focus_graph", "focus_why", "focus_context", "next_problem", "previous_problem", "next_miss",
                 "previous_miss", "fit", "step_list", "present", "whatif", "build", "options", "confirm",
                 "confirm_no_cache", "explain", "history")


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
        self._build_bars()
        self.status = StatusLine(workbench)
        self.setStatusBar(self.status)
        self.presentation = Presentation(workbench, self.appearance, self, self.splitter, (
            self.menuBar(), self.toolbar, self.status, self.timeline, *self.panes.docks.values()))
        self.guard = CrashGuard(workbench.disk.keep_now, self._doing, self)
        self._connect()
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self._show_project(None)
        self._restyle(workbench.look)
        app.installEventFilter(self)

    # -- build --------------------------------------------------------------------------------------------------

    def _build_centre(self) -> None:
        bench = self.workbench
        self.timeline, self.verdict = TimelineStrip(bench), VerdictStrip(bench)
        self.messages = MessageArea(bench.look)
        self.editor, self.graph, self.list = CodeEditor(bench), DagView(bench), StepsList(bench)
        self.views = QStackedWidget()
        self.views.addWidget(self.graph)
        self.views.addWidget(self.list)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("centre")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.editor)
        self.splitter.addWidget(self.views)
        self.splitter.setStretchFactor(0, _SHARE[0])
        self.splitter.setStretchFactor(1, _SHARE[1])
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
        self.setCentralWidget(centre)

    def _build_bars(self) -> None:
        self.toolbar = QToolBar("Toolbar")
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._target, self._engine = self._chooser("Target"), self._chooser("Engine")
        self.actions_.fill_toolbar(self.toolbar, {"target": self._target, "engine": self._engine})
        for command_id in ("open", "undo", "redo", "whatif", "build", "confirm", "present"):
            self.actions_[command_id].setIconText({"open": "Open", "whatif": "What if", "build": "Build",
                                                   "confirm": "Confirm"}.get(command_id, plain(
                                                       self.actions_[command_id].text())))
        for command_id in ("undo", "redo"):
            button = self.toolbar.widgetForAction(self.actions_[command_id])
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._whatif_menu = QMenu(self)
        whatif = self.toolbar.widgetForAction(self.actions_["whatif"])
        if isinstance(whatif, QToolButton):
            whatif.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
            whatif.setMenu(self._whatif_menu)
        self.addToolBar(self.toolbar)
        self.actions_.fill_menus(self.menuBar(), MENU_TITLES)
        self.menus = LiveMenus(self.workbench, self.whatif, self.panes, self)
        for name in MENU_TITLES:
            for menu in self.actions_.submenus(name):
                self.menus.attach(name, menu)
        for name, menu in (("target", self._target.menu()), ("engine", self._engine.menu()),
                           ("changes", self._whatif_menu)):
            self.menus.attach(name, menu)

    def _chooser(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setMenu(QMenu(button))
        return button

    def _connect(self) -> None:
        bench, on = self.workbench, self.actions_.on
        bench.may_leave = self.may_leave
        bench.project_opened.connect(self._show_project)
        bench.saved_changed.connect(self._show_title)
        bench.busy_changed.connect(self._show_busy)
        bench.state_changed.connect(self._show_choices)
        bench.report_changed.connect(self._show_choices)
        bench.message_posted.connect(self.messages.show_message)
        bench.look_changed.connect(self._restyle)
        bench.settings_changed.connect(self._take_settings)
        bench.compared.connect(self._show_comparison)
        bench.crashed.connect(self.guard.report)
        bench.confirmation_changed.connect(self._show_confirmation)
        bench.disk.progressed.connect(self.verdict.show_progress)
        self.verdict.why_asked.connect(partial(self.panes.show, "why"))
        self.verdict.whatif_asked.connect(self.show_whatif)
        self.verdict.cancel_asked.connect(self._cancel)
        self.timeline.build_asked.connect(bench.build)
        self.timeline.origin_asked.connect(self.menus.ask_start)
        self.welcome.open_folder_asked.connect(self.open_folder)
        self.welcome.open_file_asked.connect(self.open_dockerfile)
        self.editor.cursor_moved.connect(self.status.show_place)
        self.editor.undo_available.connect(self.actions_["undo"].setEnabled)
        self.editor.redo_available.connect(self.actions_["redo"].setEnabled)
        self.status.docker_asked.connect(self.actions_["docker_setup"].trigger)
        self.status.assumptions_asked.connect(partial(self.panes.show, "why"))
        self.panes.built.connect(self._pane_built)
        editor_ids = set(self.editor.command_ids) - {"zoom_in", "zoom_out", "zoom_reset"}
        for command_id in editor_ids & {command.id for command in COMMANDS}:
            on(command_id, partial(self._edit, command_id))
        for command_id, run in self._commands().items():
            on(command_id, run)
        self.actions_["undo"].setEnabled(False)
        self.actions_["redo"].setEnabled(False)

    def _commands(self) -> dict[str, Callable[..., object]]:
        bench = self.workbench
        return {
            "open": self.open_folder, "open_file": self.open_dockerfile, "context_folder": self.choose_context,
            "save": bench.save, "save_files": self._save_files, "reload": bench.disk.look,
            "close_project": bench.close_project, "preferences": self.show_preferences, "quit": self.close,
            "goto": self.go_to, "palette": self.show_palette,
            "focus_editor": partial(self._focus, self.editor.text), "focus_graph": self._focus_graph,
            "focus_why": partial(self.panes.show, "why", True),
            "focus_context": partial(self.panes.show, "context", True),
            "next_pane": partial(self._next_pane, 1), "previous_pane": partial(self._next_pane, -1),
            "next_miss": partial(self.graph.next_miss, False), "previous_miss": partial(self.graph.next_miss, True),
            "zoom_in": partial(self._zoom, 1), "zoom_out": partial(self._zoom, -1),
            "zoom_reset": partial(self._zoom, 0), "fit": self.graph.fit, "step_list": self._show_list,
            "reduce_motion": partial(self._set_switch, "reduce_motion"),
            "follow_disk": partial(self._set_switch, "follow_disk"),
            "reset_layout": self.reset_layout, "present": self.present,
            "whatif": self.show_whatif, "take_back": bench.take_back, "build": partial(bench.build, ""),
            "options": self.show_options, "confirm": partial(self._confirm, False),
            "confirm_no_cache": partial(self._confirm, True), "cancel": self._cancel,
            "docker_setup": partial(self._confirm, False), "back": partial(self._step_timeline, -1),
            "history": partial(self.panes.show, "history", True),
            "forward": partial(self._step_timeline, 1), "compare_before": self._compare_before,
            "keys": self.show_palette, "about": self._about,
        }

    # -- open and close -----------------------------------------------------------------------------------------

    @Slot()
    def open_folder(self) -> None:
        """Ask for a folder and open it."""
        start = str(self.workbench.project.context_dir) if self.workbench.project is not None else str(Path.home())
        path = QFileDialog.getExistingDirectory(self, "Open project folder", start)
        if path:
            self.workbench.open_path(Path(path))

    @Slot()
    def open_dockerfile(self) -> None:
        """Ask for a Dockerfile and open it."""
        start = str(self.workbench.project.context_dir) if self.workbench.project is not None else str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, "Open Dockerfile", start,
                                              "Dockerfiles (*Dockerfile* *dockerfile* Containerfile*);;All files (*)")
        if path:
            self.workbench.open_path(Path(path))

    def choose_context(self) -> None:
        """Ask for another build context of the same Dockerfile."""
        info = self.workbench.project
        path = QFileDialog.getExistingDirectory(self, "Choose build context",
                                                str(info.context_dir) if info is not None else str(Path.home()))
        if path and info is not None:
            self.workbench.open_path(info.dockerfile, context=Path(path))

    def may_leave(self) -> bool:
        """Ask what to do with text that was not saved; False: stay."""
        info = self.workbench.project
        if info is None or self.workbench.saved:
            return True
        answer = UnsavedQuestion.ask(info.dockerfile.name, self)
        return answer is Unsaved.DISCARD or (answer is Unsaved.SAVE and self.workbench.save())

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_leave():
            event.ignore()
            return
        self.presentation.leave()
        self.keep_layout()
        if self.confirming:
            from cachesim.app.confirm.controller import controller_of
            controller_of(self.workbench).shutdown()
        self.workbench.disk.close()
        self.workbench.shutdown()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        event.accept()

    @Slot(object)
    def _show_project(self, info: ProjectInfo | None) -> None:
        there = info is not None
        self._stack.setCurrentIndex(1 if there else 0)
        for widget in (self.timeline, self.verdict):
            widget.setVisible(there)
        self.toolbar.setVisible(there)
        self.panes.appear(there)
        for command_id in _NEED_PROJECT:
            self.actions_[command_id].setEnabled(there)
        self._show_title()
        self._show_choices()
        if info is None:
            return
        if not self._restored:
            self.restore_layout()
        bench = self.workbench
        self.status.show_engine(bench.disk.engine)
        path = info.context_dir if info.dockerfile_path == "Dockerfile" else info.dockerfile
        bench.set_settings(replace(bench.settings, recent=preferences.with_recent(bench.settings.recent, str(path))))
        self.editor.text.setFocus(Qt.FocusReason.OtherFocusReason)

    _restored = False       # whether the panes were put in place
    confirming = False      # whether the code for real builds was loaded

    # -- what the bars show -------------------------------------------------------------------------------------

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
    def _show_choices(self, _: ProjectState | SimulationReport | None = None) -> None:
        state, report = self.workbench.state, self.workbench.report
        target = state.options.target
        if not target and report is not None and report.graph.target >= 0:
            target = report.graph.stages[report.graph.target].label
        self._target.setText(f"Target: {target or 'last stage'}")
        self._engine.setText("Classic builder" if state.engine is EngineKind.CLASSIC else "BuildKit")
        chosen = next((text for text, engine, store in ENGINES
                       if engine is state.engine and store is state.store), "")
        self._engine.setToolTip(f"Engine: {chosen}. Click for another engine or image store")
        self._target.setToolTip("Stage to build (--target)")
        changes = self.workbench.changes
        self.actions_["take_back"].setEnabled(bool(changes))
        self.actions_["take_back"].setText(f"&Take back: {changes[-1]}" if changes else "&Take back the last change")

    @Slot(object)
    def _restyle(self, theme: Theme) -> None:
        self.actions_.restyle(theme)
        self.messages.restyle(theme)
        side = round(16 * max(1.0, theme.sizes.ui))
        self.toolbar.setIconSize(QSize(side, side))
        self._fit_toolbar()
        self._target.setIcon(icon("target", theme.text, side))
        self._engine.setIcon(icon("engine", theme.text, side))

    def _fit_toolbar(self) -> None:
        """Words beside the icons, as long as there is room for them."""
        style, roomy = Qt.ToolButtonStyle, self.width() >= _TOOLBAR_CHARS * self.fontMetrics().averageCharWidth()
        for bar in (self.toolbar, self._target, self._engine):
            bar.setToolButtonStyle(style.ToolButtonTextBesideIcon if roomy else style.ToolButtonIconOnly)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_toolbar()

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

    # -- dialogs ------------------------------------------------------------------------------------------------

    @Slot()
    def show_whatif(self) -> None:
        """Open the what-if menu under its button."""
        self.whatif.fill(self._whatif_menu)
        button = self.toolbar.widgetForAction(self.actions_["whatif"])
        place = button.mapToGlobal(QPoint(0, button.height())) if button.isVisible() \
            else self.mapToGlobal(QPoint(80, 80))
        self._whatif_menu.popup(place)
        self._whatif_menu.setActiveAction(self._whatif_menu.actions()[0])

    def show_palette(self) -> None:
        """Offer every command."""
        PaletteDialog("Type a command", self.command_choices(), self).exec()

    def command_choices(self) -> list[Choice]:
        """Every command with its menu words and keys."""
        native = QKeySequence.SequenceFormat.NativeText
        return [Choice(plain(action.text()), action.shortcut().toString(native), action.trigger, action.icon(),
                       action.isEnabled()) for action in self.actions_.all() if action.objectName() != "palette"]

    def go_to(self) -> None:
        """Offer every step, stage and file."""
        PaletteDialog("Go to step, stage or file", places(self.workbench, self.show_file), self).exec()

    @Slot(str)
    def show_file(self, path: str) -> None:
        """Show a context file in its tree."""
        content = self.panes.show("context", True)
        reveal: Callable[[str], object] | None = getattr(content, "reveal", None)
        if reveal is not None:
            reveal(path)

    def show_options(self) -> None:
        """Ask for build options."""
        from cachesim.app.options.dialog import OptionsDialog
        report = self.workbench.report
        found = OptionsDialog.ask(self.workbench.state.options, report.graph if report is not None else None, self)
        if found is not None:
            self.workbench.set_options(found)

    def show_preferences(self) -> None:
        """Show the preferences."""
        from cachesim.app.preferences import PreferencesDialog
        PreferencesDialog(self.workbench, self).exec()

    def _about(self) -> None:
        QMessageBox.about(self, "About cachesim", f"<b>cachesim {__version__}</b><br>Which steps of a docker build "
                          "come from the cache, and why not the others?<br>Apache License 2.0")

    def _save_files(self) -> None:
        content = self.panes.show("context", True)
        save: Callable[[], object] | None = getattr(content, "save_to_disk", None)
        if save is not None:
            save()

    # -- panes --------------------------------------------------------------------------------------------------

    @Slot(str)
    def _pane_built(self, pane_id: str) -> None:
        content = self.panes.docks[pane_id].content
        if pane_id == "problems":
            content.count_changed.connect(partial(self.panes.set_title, "problems"))  # type: ignore[attr-defined]
        elif pane_id == "why":
            content.what_if_wanted.connect(self.show_whatif)  # type: ignore[attr-defined]
            content.file_activated.connect(self.show_file)  # type: ignore[attr-defined]

    @Slot(object)
    def _show_comparison(self, comparison: object) -> None:
        if comparison is not None:
            self.panes.show("compare")

    def _edit(self, command_id: str, _checked: bool = False) -> None:
        """Do a command of the editor; clipboard keys go to whatever has the focus."""
        focus = QApplication.focusWidget()
        method = getattr(focus, command_id, None)
        if command_id in ("cut", "copy", "paste") and focus is not self.editor.text and method is not None:
            method()
        else:
            self.editor.run(command_id)

    def _focus(self, widget: QWidget, _checked: bool = False) -> None:
        widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _next_pane(self, step: int, _checked: bool = False) -> None:
        stops: list[tuple[QWidget, Callable[[], object]]] = [
            (self.editor, partial(self._focus, self.editor.text)), (self.views, self._focus_graph)]
        stops += [(dock, partial(self.panes.show, dock.pane.id, True)) for dock in self.panes.visible()]
        focus = QApplication.focusWidget()
        here = next((i for i, (widget, _) in enumerate(stops)
                     if focus is not None and (widget is focus or widget.isAncestorOf(focus))), -1 if step > 0 else 0)
        stops[(here + step) % len(stops)][1]()

    def _zoom(self, steps: int, _checked: bool = False) -> None:
        focus = QApplication.focusWidget()
        if self.presentation.active:
            self.appearance.zoom_stage(steps)
        elif focus is not None and self.editor.isAncestorOf(focus):
            self.editor.zoom(steps)
        elif focus is self.graph:
            (self.graph.zoom_reset, self.graph.zoom_in, self.graph.zoom_out)[steps]()
        else:
            settings = self.workbench.settings
            percent = 100 if steps == 0 else min(250, max(80, settings.font_percent + 10 * steps))
            self.workbench.set_settings(replace(settings, font_percent=percent))

    def _show_list(self, on: bool) -> None:
        had_focus = self.list.hasFocus() or self.graph.hasFocus()
        self.views.setCurrentWidget(self.list if on else self.graph)
        if had_focus:
            self._focus_graph()

    def _focus_graph(self, _checked: bool = False) -> None:
        view = self.list if self.actions_["step_list"].isChecked() else self.graph
        view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # -- timeline and engine ------------------------------------------------------------------------------------

    def _step_timeline(self, step: int, _checked: bool = False) -> None:
        entry_id = self.workbench.timeline.neighbour(step)
        if entry_id is not None:
            self.workbench.go_to(entry_id)

    def _compare_before(self) -> None:
        timeline = self.workbench.timeline
        path = timeline.path()
        if len(path) > 1:
            self.workbench.compare(path[-2].id, path[-1].id)

    def _confirm(self, no_cache: bool, _checked: bool = False) -> None:
        from cachesim.app.confirm.controller import ask_confirm
        self.confirming = True
        ask_confirm(self, no_cache)

    @Slot()
    def _cancel(self) -> None:
        """Stop the real build if there is one, else the reading of files."""
        if self.confirming:
            from cachesim.app.confirm.controller import controller_of
            controller_of(self.workbench).cancel()
        if self.workbench.disk.busy:
            self.workbench.disk.cancel()

    @Slot(object)
    def _show_confirmation(self, state: ConfirmState) -> None:
        """Say at the foot what is known of the engine."""
        self.actions_["cancel"].setEnabled(state.busy)
        if state.survey is not None or state.problem is not None:
            self.status.show_docker(*docker_words(state))

    # -- presentation and layout --------------------------------------------------------------------------------

    def present(self, on: bool) -> None:
        """Enter or leave presentation mode."""
        if on:
            self.presentation.enter()
        else:
            self.presentation.leave()

    def reset_layout(self) -> None:
        """Put every pane where it was at first."""
        self.panes.arrange()
        width = max(1, self.splitter.width())
        self.splitter.setSizes([width * _SHARE[0] // 100, width * _SHARE[1] // 100])

    def keep_layout(self) -> None:
        """Remember size, place and panes for the next run."""
        self._store.setValue("window/geometry", self.saveGeometry())
        if self._restored:
            self._store.setValue("window/state", self.saveState(_LAYOUT))
            self._store.setValue("window/splitter", self.splitter.saveState())

    def restore_layout(self) -> None:
        """Take the remembered panes; a state that makes no sense is ignored."""
        self._restored = True
        self.reset_layout()
        state, splitter = self._store.value("window/state"), self._store.value("window/splitter")
        try:
            if state is not None and not self.restoreState(state, _LAYOUT):
                self.reset_layout()
            if splitter is not None:
                self.splitter.restoreState(splitter)
        except TypeError:
            self.reset_layout()
        for dock in self.panes.docks.values():
            dock.tidy()
        QTimer.singleShot(0, self, self._tidy)

    def restore_geometry(self) -> None:
        """Take the remembered size and place."""
        geometry = self._store.value("window/geometry")
        try:
            if geometry is not None:
                self.restoreGeometry(geometry)
        except TypeError:
            self.resize(1280, 800)

    @Slot()
    def _tidy(self) -> None:
        for dock in self.panes.docks.values():
            dock.tidy()

    def _doing(self) -> str:
        return self.workbench.busy or ""

    # -- Esc and drop -------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc, if nobody else wanted it: leave the mode, close a bar, or stop what runs."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.presentation.active:
            self.actions_["present"].setChecked(False)
        elif not self.messages.close_last():
            self._cancel()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a folder or Dockerfile that is dropped anywhere on the window."""
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop) and isinstance(event, QDropEvent) \
                and isinstance(watched, QWidget) and watched.window() is self:
            return self._take_drop(event, kind is QEvent.Type.Drop)
        return False

    def _take_drop(self, event: QDropEvent | QDragEnterEvent, dropped: bool) -> bool:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return False
        event.acceptProposedAction()
        if dropped:
            self.workbench.open_path(paths[0])
        return True
