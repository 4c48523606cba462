"""What does the window ask a person in a dialog of its own: a path, a command, a place, options, preferences?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from cachesim import __version__
from cachesim.app.actions import Actions
from cachesim.app.command_choices import command_choices, live_choices
from cachesim.app.goto import places
from cachesim.app.notify import Message, Tone
from cachesim.app.palette_dialog import Choice, PaletteDialog
from cachesim.app.panes import Panes
from cachesim.app.questions import Unsaved, UnsavedQuestion, answered
from cachesim.app.workbench import Workbench
from cachesim.errors import CachesimError
from cachesim.project.open import find_project
from cachesim.project.start import StartKind

__all__ = ["Asking"]

_DOCKERFILES = "Dockerfiles (*Dockerfile* *dockerfile* Containerfile*);;All files (*)"


class Asking(QObject):
    """Opens the dialogs and hands their answers to the workbench."""

    def __init__(self, workbench: Workbench, actions: Actions, panes: Panes, window: QMainWindow) -> None:
        super().__init__(window)
        self._bench, self._actions, self._panes, self._window = workbench, actions, panes, window

    @property
    def _folder(self) -> str:
        info = self._bench.project
        return str(info.context_dir if info is not None and info.has_files else Path.home())

    @Slot()
    def open_folder(self) -> None:
        """Ask for a folder and open it."""
        path = QFileDialog.getExistingDirectory(self._window, "Open project folder", self._folder)
        if path:
            self._bench.open_path(Path(path))

    @Slot()
    def open_dockerfile(self) -> None:
        """Ask for a Dockerfile and open it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open Dockerfile", self._folder, _DOCKERFILES)
        if path:
            self._bench.open_path(Path(path))

    @Slot()
    def open_commit(self) -> None:
        """Ask for a folder in a git work tree and for the commit whose build the cache starts with."""
        path = QFileDialog.getExistingDirectory(self._window, "Open a folder with git history", self._folder)
        if path:
            self.choose_commit(Path(path), lambda commit: self._bench.open_path(Path(path), commit=commit))

    def start_with_commit(self) -> None:
        """Ask with which commit's build the cache of the open project starts."""
        info = self._bench.project
        if info is not None:
            self.choose_commit(info.dockerfile, partial(self._bench.start_with, StartKind.HEAD), info.context_dir)

    def choose_commit(self, path: Path, run: Callable[[str], object], context: Path | None = None) -> None:
        """Offer the commits that touch a project, newest first; the one before the last is the likely wish."""
        from cachesim.history.walk import recent_commits
        try:
            commits = recent_commits(find_project(path, context=context))
        except CachesimError as error:
            self._bench.post(Message(str(error), Tone.ERROR, key="open"))
            return
        choices = [Choice(f"{commit.id[:8]}  {commit.subject}",
                          f"{commit.author}, {datetime.fromtimestamp(commit.seconds):%d %b %Y}", partial(run, commit.id))
                   for commit in reversed(commits)]
        answered(PaletteDialog("Start with the cache of which commit?", choices, self._window,
                               min(1, len(choices) - 1)))

    def save_as(self) -> None:
        """Ask where to write the Dockerfile, and go on with that file."""
        path, _ = QFileDialog.getSaveFileName(self._window, "Save Dockerfile as", f"{self._folder}/Dockerfile",
                                              _DOCKERFILES)
        if path:
            self._bench.save_as(Path(path))

    def choose_context(self) -> None:
        """Ask for another build context of the same Dockerfile."""
        info = self._bench.project
        path = QFileDialog.getExistingDirectory(self._window, "Choose build context", self._folder)
        if path and info is not None:
            self._bench.open_path(info.dockerfile, context=Path(path))

    def may_leave(self) -> bool:
        """Ask what to do with text that was not saved; False: stay."""
        info = self._bench.project
        self._bench.to_now()        # what is looked back at is nobody's work; what waits at now may be
        if info is None or self._bench.saved:
            return True
        answer = UnsavedQuestion.ask(info.dockerfile.name, self._window)
        return answer is Unsaved.DISCARD or (answer is Unsaved.SAVE and self._bench.save())

    def save_files(self) -> None:
        """Ask which edited context files to write."""
        self._bench.to_now()        # those of a build that is looked back at are nobody's work
        content = self._panes.show("context", True)
        save: Callable[[], object] | None = getattr(content, "save_to_disk", None)
        if save is not None:
            save()

    def show_palette(self) -> None:
        """Offer every command, those of sub-menus too."""
        choices = command_choices(self._actions) + live_choices(self._window.menuBar())
        answered(PaletteDialog("Type a command", choices, self._window))

    def show_keys(self) -> None:
        """List every command that has keys."""
        choices = [choice for choice in command_choices(self._actions) if choice.detail]
        answered(PaletteDialog("Keyboard shortcuts", choices, self._window))

    def go_to(self) -> None:
        """Offer every step, stage and file."""
        answered(PaletteDialog("Go to step, stage or file", places(self._bench, self.show_file), self._window))

    @Slot(str)
    def show_file(self, path: str) -> None:
        """Show a context file in its tree."""
        content = self._panes.show("context", True)
        reveal: Callable[[str], object] | None = getattr(content, "reveal", None)
        if reveal is not None:
            reveal(path)

    def show_options(self) -> None:
        """Ask for build options."""
        from cachesim.app.options.dialog import OptionsDialog
        report = self._bench.report
        found = OptionsDialog.ask(self._bench.state.options, report.graph if report is not None else None, self._window)
        if found is not None:
            self._bench.set_options(found)

    def show_preferences(self) -> None:
        """Show the preferences."""
        from cachesim.app.preferences import PreferencesDialog
        answered(PreferencesDialog(self._bench, self._window))

    def about(self) -> None:
        """Say what this is."""
        QMessageBox.about(self._window, "About cachesim", f"<b>cachesim {__version__}</b><br>Which steps of a docker "
                          "build come from the cache, and why not the others?<br>Apache License 2.0")
