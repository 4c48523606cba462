"""Which of two Dockerfiles costs less for the edits that this project really sees?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.costs import cost_model
from cachesim.app.history.habits import habits_keeper
from cachesim.app.idle import IdleJob
from cachesim.app.report.panel import Panel, named
from cachesim.app.report.table import Table
from cachesim.app.theme import Theme
from cachesim.app.versus.edits_model import Duel, EditsModel, verdict_words
from cachesim.app.versus.steps_model import StepsBeside
from cachesim.errors import CachesimError
from cachesim.history.habits import Habits
from cachesim.progress import Progress
from cachesim.project.open import ProjectInfo
from cachesim.project.other_file import with_other_dockerfile
from cachesim.project.trial import try_edits
from cachesim.simulate.compare import compare

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["OtherDockerfile", "VersusPanel"]

_PICK = "Choose another Dockerfile to set it beside this one: the same context, the same edits, both verdicts."


class OtherDockerfile:
    """The dialog that asks for a Dockerfile."""

    @classmethod
    def ask(cls, parent: QWidget, start: Path) -> Path | None:
        """The chosen file, or None."""
        path, _ = QFileDialog.getOpenFileName(parent, "Compare with another Dockerfile", str(start),
                                              "Dockerfiles (*Dockerfile* *dockerfile* Containerfile*);;All files (*)")
        return Path(path) if path else None


@dataclass(frozen=True, slots=True)
class _Other:
    """What stands as B: a file, by the name that is shown."""

    path: Path
    name: str


class VersusPanel(Panel):
    """A is the text in the editor, B another file; choosing an edit shows what either would do step by step."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Two files", parent)
        self._others: list[_Other] = []
        self._info: ProjectInfo | None = None
        self._duel: Duel | None = None
        self._habits = habits_keeper(workbench)
        self._job = IdleJob(workbench, "versus", self)
        self.other = named(QComboBox(), "The other Dockerfile")
        self.choose = QPushButton("Choo&se…")
        self.choose.setStatusTip("Choose another Dockerfile for the same build context")
        self.prove = QPushButton("P&rove it…")
        self.prove.setStatusTip("Build both on a real engine and compare the images; nothing runs before you press Run")
        self.verdict = named(QLabel(wordWrap=True), "Which costs less")
        self.model = EditsModel(self)
        self.table = Table("Edits of the mix", self.model, {0: 2, 6: 3, 7: 3}, self, begin=frozenset({6, 7}))
        self.steps = StepsBeside(self)
        self.step_table = Table("Steps after the chosen edit", self.steps, {0: 1, 2: 1}, self, begin=frozenset({0, 2}))
        self.empty = named(QLabel(_PICK, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12),
                           "Two Dockerfiles")
        self.prove.setEnabled(False)
        self._lay_out()
        self.setFocusProxy(self.other)
        self.other.activated.connect(self._other_chosen)
        self.choose.clicked.connect(self.ask)
        self.prove.clicked.connect(self._prove)
        self.table.selectionModel().currentRowChanged.connect(self._show_steps)
        self.step_table.activated.connect(self._open)
        self.step_table.clicked.connect(self._select)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._fail)
        self._habits.changed.connect(self._habits_changed)
        for signal in (workbench.state_changed, workbench.project_opened):
            signal.connect(self._changed)
        self.apply_look(workbench.look)

    def _lay_out(self) -> None:
        self.other.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        head = QGridLayout()
        label = QLabel("A: the text in the editor. B:")
        label.setBuddy(self.other)
        for column, widget in enumerate((label, self.other, self.choose, self.prove)):
            head.addWidget(widget, 0, column)
        head.setColumnStretch(1, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(self.step_table)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addWidget(self.verdict)
        rows.addWidget(split, 1)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.setSpacing(4)
        whole.addLayout(head)
        whole.addWidget(body, 1)

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(self.table.font())
        self.steps.set_look(look, self.step_table.font())

    @property
    def duel(self) -> Duel | None:
        """What is shown."""
        return self._duel

    # -- which files --

    @Slot()
    def ask(self) -> None:
        """Ask for the other Dockerfile and set it beside this one."""
        info = self._workbench.project
        if info is None:
            return
        path = OtherDockerfile.ask(self, info.dockerfile.parent)
        if path is not None:
            self.set_other(path)

    def set_other(self, path: Path) -> None:
        """Set a file beside the one in the editor."""
        self._fill()
        if all(other.path != path for other in self._others):
            self._others.append(_Other(path, str(path)))
            self.other.addItem(str(path))
        self.other.setCurrentIndex([other.path for other in self._others].index(path))
        self._start()

    def _fill(self) -> None:
        info = self._workbench.project
        if info == self._info:
            return
        self._info, self._duel = info, None
        self._others = []
        self.other.clear()
        if info is not None:
            self._others.append(_Other(info.dockerfile, f"{info.dockerfile.name} as it is on disk"))
            self._others += [_Other(path, str(path)) for path in info.dockerfiles if path != info.dockerfile]
        self.other.addItems([other.name for other in self._others])
        self.other.setCurrentIndex(-1)
        self._say(_PICK if info is not None else "No project is open.")

    @Slot(int)
    def _other_chosen(self, _: int) -> None:
        self._start()

    # -- what is computed --

    @Slot(object)
    def _changed(self, _: object) -> None:
        self.outdated()

    @Slot(object)
    def _habits_changed(self, habits: Habits | None) -> None:
        if habits is not None:
            self.outdated()

    def refresh(self) -> None:
        self._fill()
        self._start()

    def _start(self) -> None:
        if self._info is None or self.other.currentIndex() < 0:
            return
        habits = self._habits.want()
        if self._duel is None:
            self._say("The edits are tried on both…")
        if habits is not None:
            state, path = self._workbench.state, self._others[self.other.currentIndex()].path
            cost = cost_model(self._workbench)

            def work(progress: Progress) -> Duel:
                theirs = with_other_dockerfile(state, path)
                return Duel(try_edits(state, habits.mix, cost, progress), try_edits(theirs, habits.mix, cost, progress),
                            cost)
            self._job.ask(lambda: work)

    @Slot(object)
    def _take(self, duel: Duel) -> None:
        self._duel = duel
        row = max(0, self.table.currentIndex().row())
        self.verdict.setText(verdict_words(duel, "A", "B"))
        self.model.show(duel)
        self._stack.setCurrentIndex(1)
        self.prove.setEnabled(True)
        self.table.fit()
        if self.model.rowCount():
            self.table.setCurrentIndex(self.model.index(min(row, self.model.rowCount() - 1), 0))

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._duel = None
        self._say(str(error))

    def _say(self, words: str) -> None:
        self.empty.setText(words)
        self.prove.setEnabled(False)
        self._stack.setCurrentIndex(0)

    @Slot()
    def _prove(self) -> None:
        """Let a real engine say whether both make the same image, and what each costs."""
        from cachesim.app.proof.prover import ProofQuestion  # the code for real builds comes with it
        bench, habits, index = self._workbench, self._habits.current, self.other.currentIndex()
        if habits is None or index < 0:
            return
        other = self._others[index]
        try:
            theirs = with_other_dockerfile(bench.state, other.path)
        except CachesimError as error:
            self._fail(error)
            return
        bench.ask_proof(ProofQuestion(bench.state, theirs, ("the text in the editor", other.name), habits.mix,
                                      habits.words))

    # -- one edit, step by step --

    @Slot(QModelIndex)
    def _show_steps(self, index: QModelIndex) -> None:
        if not index.isValid():
            self.steps.show(None)
            return
        a, b = self.model.pair(index.row())
        self.steps.show(compare(a.report, b.report))
        self.step_table.fit()
        first = next((n for n, pair in enumerate(self.steps.pairs)
                      if any(step is not None and step.runs for step in (pair.a, pair.b))), None)
        if first is not None:
            self.step_table.scrollTo(self.steps.index(first, 0))

    @Slot(QModelIndex)
    def _select(self, index: QModelIndex) -> None:
        step = self.steps.pairs[index.row()].a
        if step is not None:
            self._workbench.select(step.id)

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        step = self.steps.pairs[index.row()].a
        if step is not None:
            self._workbench.activate(step.id)
