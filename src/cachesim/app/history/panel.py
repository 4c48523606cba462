"""What did the commits of this project re-run, why, and is it getting better?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.costs import cost_model
from cachesim.app.history.habits import habits_keeper
from cachesim.app.history.mix_box import MixBox
from cachesim.app.history.model import StepsModel, cause_words
from cachesim.app.history.sparkline import Sparkline
from cachesim.app.report.panel import Panel, named
from cachesim.app.report.table import Table
from cachesim.app.theme import Theme
from cachesim.graph.model import StepId
from cachesim.history.replay import Replay, replay
from cachesim.progress import Progress
from cachesim.project.open import ProjectInfo

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["HistoryPanel", "summary_words"]

_COMMITS, _MOST = 200, 100_000


def summary_words(found: Replay) -> str:
    """What was replayed, in one or two sentences."""
    report = found.report
    if report.builds < 2:
        return "One build alone says nothing about re-runs: no second commit touches this project."
    merges = f", {report.merges} of them merges" if report.merges else ""
    text = (f"{report.builds} commits built{merges}, from {_short(report.first)} to {_short(report.last)}. "
            f"{report.mean_reruns:.1f} steps re-ran per build.")
    if report.failing:
        text += f" {len(report.failing)} would fail to build, the newest: {_short(report.failing[-1][0])}."
    return " ".join((text, *(f"Note: {note}." for note in found.notes)))


class HistoryPanel(Panel):
    """Replays the commits when it is first looked at; choosing a row selects its step everywhere."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "History", parent)
        self._replayed: ProjectInfo | None = None       # whose commits are shown or on their way
        self._found: Replay | None = None
        self._job = workbench.new_job("history")
        self.count = named(QSpinBox(), "How many commits")
        self.count.setRange(2, _MOST)
        self.count.setValue(_COMMITS)
        self.run = QPushButton("&Replay")
        self.run.setStatusTip("Build the last commits one after the other, simulated, each with the cache of the one before")
        self.cancel = QPushButton("Cancel")
        self.cancel.setStatusTip("Stop the replay")
        self.bar = named(QProgressBar(), "Commits replayed")
        self.trend = Sparkline("Trend of re-runs per build", self)
        self.summary = named(QLabel(wordWrap=True), "What was replayed")
        self.model = StepsModel(self)
        self.table = Table("Steps over the commits", self.model, {1: 4, 4: 5}, self)
        self.detail = named(QLabel(wordWrap=True), "Why the chosen step re-ran")
        self.empty = named(QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12), "History")
        self.mix = MixBox(habits_keeper(workbench), self)
        self._lay_out()
        self.setFocusProxy(self.table)
        self.run.clicked.connect(self.start)
        self.cancel.clicked.connect(self._stop)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.table.activated.connect(self._open)
        self._job.progressed.connect(self._progress)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._fail)
        self._job.idle_changed.connect(self._show_job)
        for signal in (workbench.report_changed, workbench.project_opened):
            signal.connect(self._changed)
        workbench.selection_changed.connect(self._follow)
        self._show_job(True)
        self.apply_look(workbench.look)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        label = QLabel("&Last")
        label.setBuddy(self.count)
        for widget in (label, self.count, QLabel("commits"), self.run, self.cancel, self.bar):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.trend)
        steps = QWidget()
        box = QVBoxLayout(steps)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(self.table, 1)
        box.addWidget(self.detail)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(steps)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self._stack)
        split.addWidget(self.mix)
        split.setSizes([2000, 1000])
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.setSpacing(4)
        rows.addLayout(head)
        rows.addWidget(self.summary)
        rows.addWidget(split, 1)

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(self.table.font())
        self.trend.set_look(look)

    @Slot(object)
    def _changed(self, _: object) -> None:
        self.outdated()

    def refresh(self) -> None:
        self.mix.refresh()
        if self._workbench.project != self._replayed:
            self._found = None
            self.start()
        self._show()

    # -- the replay --

    @Slot()
    def start(self) -> None:
        """Replay the commits now; an earlier replay ends."""
        bench, count = self._workbench, self.count.value()
        info, state = bench.project, bench.state
        self._replayed = info
        if info is None:
            self._job.cancel()
            self._say("No project is open.")
            return
        book = bench.keeper.measured

        def work(progress: Progress) -> Replay:
            return replay(info, state, count, book.seconds, progress=progress)
        self.bar.setRange(0, 0)
        if self._found is None:
            self._say("The commits are replayed…")
        self._job.submit(work)

    @Slot()
    def _stop(self) -> None:
        self._job.cancel()
        if self._found is None:
            self._say("Cancelled. Replay begins anew.")

    @Slot(int, int)
    def _progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat("%v of %m" if total else "")

    @Slot(object)
    def _take(self, found: Replay) -> None:
        self._found = found
        self._show()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._found = None
        self._say(f"There is no history to replay: {error}. Without one, state the edit mix by hand.")

    @Slot(bool)
    def _show_job(self, idle: bool) -> None:
        self.bar.setVisible(not idle)
        self.cancel.setVisible(not idle)
        self.run.setEnabled(idle)

    # -- what is shown --

    def _say(self, words: str) -> None:
        self.empty.setText(words)
        self._stack.setCurrentIndex(0)
        self.summary.hide()
        self.trend.show_values(())

    def _show(self) -> None:
        if self._found is None:
            return
        report = self._found.report
        self.summary.setText(summary_words(self._found))
        self.summary.show()
        self.trend.show_values(report.trend)
        self.model.show(report.steps, self._workbench.report, cost_model(self._workbench).known)
        self._stack.setCurrentIndex(1)
        self.table.fit()
        self._follow(self._workbench.selected)
        self._explain(self.table.currentIndex())

    @Slot(object)
    def _follow(self, step: StepId | None) -> None:
        row = self.model.row_of(step)
        if row >= 0 and row != self.table.currentIndex().row():
            self.table.setCurrentIndex(self.model.index(row, 0))

    def _explain(self, index: QModelIndex) -> None:
        row = self.model.rows[index.row()] if index.isValid() else None
        if row is None:
            text = ""
        elif not row.reruns:
            text = "Never re-ran after it was built."
        else:
            text = (f"Re-ran in {row.share:.0%} of the builds because of {cause_words(row, 8)}. "
                    f"Cost: {self.model.cost_words(index.row())}.")
        self.detail.setText(text)
        self.detail.setVisible(bool(text))

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        self._explain(index)
        step = self.model.step(index.row()) if index.isValid() else None
        if step is not None:
            self._workbench.select(step)

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        step = self.model.step(index.row())
        if step is not None:
            self._workbench.activate(step)


def _short(label: str) -> str:
    """A commit's id and the beginning of its subject."""
    return label if len(label) <= 40 else label[:39].rstrip() + "…"
