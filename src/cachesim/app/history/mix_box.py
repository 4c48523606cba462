"""How is this project edited, and who says so: git, or a person?"""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from cachesim.app.history.habits import ProjectHabits
from cachesim.app.history.model import MixModel
from cachesim.app.report.panel import named
from cachesim.app.report.table import Table
from cachesim.app.tips import wrapped
from cachesim.errors import InputError
from cachesim.history.habits import USUAL_MIX, Habits, MixSource
from cachesim.project.mix import ROLES, EditMix

__all__ = ["MixBox"]


class MixBox(QWidget):
    """The groups of the mix with their weights, and a line to state one by hand."""

    def __init__(self, keeper: ProjectHabits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keeper = keeper
        self.model = MixModel(self)
        self.table = Table("Edit mix", self.model, {1: 1}, self)
        self.head = named(QLabel(wordWrap=True), "Where the edit mix comes from")
        self.hand = named(QLineEdit(), "Edit mix by hand")
        self.hand.setPlaceholderText(USUAL_MIX)
        self.hand.setToolTip(wrapped(f"Weights of {', '.join(ROLES)}, or of paths: {USUAL_MIX}. Enter takes it"))
        self.use = QPushButton("&Use")
        self.use.setStatusTip("Weigh by this mix from now on; it is remembered with the project")
        self.again = QPushButton("From &git")
        self.again.setStatusTip("Weigh by what the commits changed")
        self.args = named(QLineEdit(), "Build arguments that change with every edit")
        self.args.setPlaceholderText("GIT_SHA, BUILD_DATE")
        self.args.setToolTip(wrapped("Names of build arguments that get another value with every edit, as a pipeline passes "
                                     "a commit or a date. Enter takes them"))
        self.problem = named(QLabel(wordWrap=True), "What is wrong with the mix")
        self.problem.hide()
        label = QLabel("By han&d")
        label.setBuddy(self.hand)
        line = QHBoxLayout()
        for widget in (label, self.hand, self.use):
            line.addWidget(widget, 1 if widget is self.hand else 0)
        changing = QLabel("Changing &arguments")
        changing.setBuddy(self.args)
        args = QHBoxLayout()
        args.addWidget(changing)
        args.addWidget(self.args, 1)
        head = QHBoxLayout()
        head.addWidget(self.head, 1)
        head.addWidget(self.again)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addLayout(head)
        rows.addWidget(self.table, 1)
        rows.addLayout(line)
        rows.addLayout(args)
        rows.addWidget(self.problem)
        self.hand.returnPressed.connect(self._state)
        self.use.clicked.connect(self._state)
        self.args.editingFinished.connect(self._take_args)
        self.again.clicked.connect(self._from_git)
        keeper.changed.connect(self._show)

    def refresh(self) -> None:
        """Show what is known, and ask for it if nothing is."""
        self._show(self._keeper.want())

    @Slot(object)
    def _show(self, habits: Habits | None) -> None:
        self.model.show(habits.mix if habits is not None else EditMix())
        self.table.fit()
        by_hand = habits is not None and habits.source is MixSource.HAND
        self.again.setVisible(by_hand)
        if not self.hand.isModified():
            self.hand.setText((self._keeper.by_hand or "") if by_hand else "")
        if not self.args.isModified():
            self.args.setText(", ".join(self._keeper.args))
        self.head.setText(_head(habits))

    @Slot()
    def _state(self) -> None:
        try:
            self._keeper.state(self.hand.text().strip() or USUAL_MIX)
        except InputError as error:
            self._say(str(error))
            return
        self.hand.setModified(False)
        self._say("")
        self._show(self._keeper.current)

    @Slot()
    def _take_args(self) -> None:
        if self.args.isModified():
            try:
                self._keeper.set_args(self.args.text())
            except InputError as error:
                self._say(str(error))
                return
            self.args.setModified(False)
            self._say("")
            self._show(self._keeper.current)

    @Slot()
    def _from_git(self) -> None:
        self.hand.setModified(False)
        self._say("")
        self._keeper.state(None)

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))


def _head(habits: Habits | None) -> str:
    if habits is None:
        return "Edit mix: being read…"
    text = f"Edit mix: {habits.words}."
    if habits.mix.rare:
        text += f" {habits.mix.rare:.0%} of the commits change other sets of files."
    return text
