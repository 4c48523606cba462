"""Where in the window does a real build live? Plan, progress and result in one pane."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from cachesim.app.confirm.controller import controller_of
from cachesim.app.confirm.plan_card import PlanCard
from cachesim.app.confirm.result_view import ResultView
from cachesim.app.confirm.state import ConfirmState, Stage
from cachesim.app.notify import Message, Tone
from cachesim.app.report.panel import Panel, bold, copy_text, fixed_font, named
from cachesim.app.theme import Theme
from cachesim.confirm.engines import words_of
from cachesim.confirm.records import copy_record
from cachesim.errors import CachesimError

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["LogPanel", "RecordFile"]

_RECORDS = "Confirmations and logs (*.confirmation *.rawjson *.jsonl *.json *.log *.txt);;All files (*)"


class LogPanel(Panel):
    """One page for each stage of a confirmation."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Build log", parent)
        self.controller = controller_of(workbench)
        self.plan, self.result = PlanCard(self), ResultView(self)
        self.start, self.missing = _StartPage(self), _MissingPage(self)
        self.asking = QLabel("Asking the engine …", alignment=Qt.AlignmentFlag.AlignCenter)
        self.asking.setFocusPolicy(Qt.FocusPolicy.TabFocus)     # holds the keys: an Enter too early does nothing
        self._pages = QStackedWidget(self)
        for page in (self.start, self.asking, self.plan, self.result, self.missing):
            self._pages.addWidget(page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)
        control = self.controller
        self.start.plan_asked.connect(control.ask)
        self.start.open_asked.connect(self.open_record)
        self.missing.again_asked.connect(control.ask)
        self.missing.open_asked.connect(self.open_record)
        self.plan.run_asked.connect(control.start)
        self.plan.mode_chosen.connect(control.set_mode)
        self.plan.engine_chosen.connect(control.set_engine)
        self.plan.network_chosen.connect(control.allow_network)
        self.plan.fresh_chosen.connect(control.set_fresh)
        self.plan.secret_given.connect(control.set_secret)
        self.result.again_asked.connect(control.ask)
        self.result.cancel_asked.connect(control.cancel)
        self.result.open_asked.connect(self.open_record)
        self.result.save_asked.connect(self.save_record)
        self.result.scenario_asked.connect(self.save_scenario)
        self.result.step_chosen.connect(workbench.select)
        self.result.step_opened.connect(workbench.activate)
        workbench.confirmation_changed.connect(self._show)
        workbench.selection_changed.connect(self.result.select_step)
        self.apply_look(workbench.look)

    @property
    def page(self) -> QWidget | None:
        """The page that is shown."""
        return self._pages.currentWidget()

    def refresh(self) -> None:
        """Show the present stage."""
        state = self.controller.state
        page: QWidget
        if state.stage is Stage.PLANNED:
            page = self.plan
            self.plan.show_state(state)
        elif state.stage in (Stage.RUNNING, Stage.STOPPING, Stage.DONE):
            page = self.result
            self.result.show_state(state)
        elif state.stage is Stage.UNAVAILABLE:
            page = self.missing
            self.missing.show_state(state)
        else:
            page = self.asking if state.stage is Stage.ASKING else self.start
        if page is not self._pages.currentWidget():
            focus = self.window().focusWidget()
            had_keys = focus is not None and self.isAncestorOf(focus)
            self._pages.setCurrentWidget(page)
            if had_keys:        # who went on elsewhere goes on there: the next Enter must not run a build
                self._entry_of(page).setFocus(Qt.FocusReason.OtherFocusReason)

    def _entry_of(self, page: QWidget) -> QWidget:
        """What takes the keys on a page."""
        if page is self.result:
            return self.result.cancel if self.result.cancel.isEnabled() else self.result.table
        return {self.plan: self.plan.run, self.missing: self.missing.again}.get(page, page)

    def apply_look(self, look: Theme) -> None:
        """Take colours and font."""
        for page in (self.plan, self.result, self.missing):
            page.set_look(look)

    @Slot()
    def open_record(self) -> None:
        """Ask for a record or a log from elsewhere, and show it."""
        path = RecordFile.ask(self)
        if path is not None:
            self.controller.open_record(path)

    @Slot()
    def save_record(self) -> None:
        """Ask where to put a copy of the record."""
        result = self.controller.state.result
        if result is None or not result.record:
            return
        target = RecordFile.ask_save(self, Path(result.record).name)
        if target is not None:
            try:
                copy_record(Path(result.record), target)
            except CachesimError as error:
                self._workbench.post(Message(str(error), Tone.ERROR, key="confirm"))

    @Slot(bool)
    def save_scenario(self, hide: bool) -> None:
        """Ask where to put what was built and observed, as a scenario."""
        target = RecordFile.ask_scenario(self)
        if target is not None:
            self.controller.save_scenario(target, hide)

    @Slot(object)
    def _show(self, state: ConfirmState | None) -> None:
        self.outdated()


class RecordFile:
    """The dialogs that ask for a record's place."""

    @classmethod
    def ask(cls, parent: QWidget) -> Path | None:
        """The file to open, or None."""
        path, _ = QFileDialog.getOpenFileName(parent, "Open confirmation or progress log", "", _RECORDS)
        return Path(path) if path else None

    @classmethod
    def ask_save(cls, parent: QWidget, name: str) -> Path | None:
        """Where to save, or None."""
        path, _ = QFileDialog.getSaveFileName(parent, "Save confirmation", name, "Confirmations (*.confirmation)")
        return Path(path) if path else None

    @classmethod
    def ask_scenario(cls, parent: QWidget) -> Path | None:
        """Where to save a scenario, or None."""
        path, _ = QFileDialog.getSaveFileName(parent, "Save scenario", "scenario.json", "Scenarios (*.json)")
        return Path(path) if path else None


class _StartPage(QWidget):
    """Nothing was confirmed yet."""

    plan_asked, open_asked = Signal(), Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        text = QLabel("No real build yet. Confirm makes the builds of the timeline with a real engine and lays what it "
                      "did beside what was predicted.", wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        plan, open_ = QPushButton("&Plan a real build…"), QPushButton("&Open a record or log…")
        plan.setStatusTip("Show what a real build would do; nothing runs yet")
        open_.setStatusTip("Show a kept confirmation again, or a progress log from elsewhere")
        plan.clicked.connect(self.plan_asked)
        open_.clicked.connect(self.open_asked)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(plan)
        row.addWidget(open_)
        row.addStretch(1)
        box = QVBoxLayout(self)
        box.addStretch(1)
        box.addWidget(text)
        box.addLayout(row)
        box.addStretch(1)


class _MissingPage(QWidget):
    """No engine can be used: which of the reasons it is, and the command that helps."""

    again_asked, open_asked = Signal(), Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.sentence = named(QLabel(wordWrap=True), "What is missing")
        self.fix = named(QLabel(textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse
                                | Qt.TextInteractionFlag.TextSelectableByKeyboard), "Command that helps")
        self.detail = named(QLabel(wordWrap=True), "What the client said")
        copy, open_ = QPushButton("Cop&y"), QPushButton("&Open a record or log…")
        again = self.again = QPushButton("&Try again")
        copy.setStatusTip("Copy the command")
        again.setStatusTip("Ask the engine once more")
        open_.setStatusTip("Show a kept confirmation again; no engine is needed")
        copy.clicked.connect(self._copy)
        again.clicked.connect(self.again_asked)
        open_.clicked.connect(self.open_asked)
        row = QHBoxLayout()
        for widget in (self.fix, copy, again, open_):
            row.addWidget(widget)
        row.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 10, 12, 10)
        box.addWidget(self.sentence)
        box.addLayout(row)
        box.addWidget(self.detail)
        box.addStretch(1)

    def show_state(self, state: ConfirmState) -> None:
        """Say what is missing."""
        if state.problem is not None:
            sentence, fix = words_of(state.problem, os.environ)
            self.sentence.setText(sentence)
            self.fix.setText(fix)
        self.detail.setText(state.detail[:600])

    def set_look(self, look: Theme) -> None:
        """Take colours and font."""
        self.sentence.setFont(bold(self.font()))
        self.fix.setFont(fixed_font(self.font()))
        self.detail.setStyleSheet(f"color: {look.muted};")

    @Slot()
    def _copy(self) -> None:
        copy_text(self.fix.text())
