"""Do both orders make the same image, and what does each really cost? Asked of a real engine, after a click."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.confirm.secret_row import SecretRow
from cachesim.app.notify import Message, Tone
from cachesim.app.proof.model import ProofModel
from cachesim.app.proof.prover import ProofStage, ProofState, prover_of
from cachesim.app.report.panel import Panel, bold, named
from cachesim.app.report.table import Table
from cachesim.app.theme import Theme
from cachesim.confirm.proof_file import load_proof, save_proof
from cachesim.confirm.proof_report import ProofReport
from cachesim.errors import CachesimError

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ProofPanel", "ReportFile", "plan_words", "result_lines"]

_NOTHING = ("Nothing to prove yet. Choose a proposal under Advice, or another Dockerfile under Two files, and press "
            "Prove it: both orders are built on a real engine and their images compared.")
_CONTROLS = 2
_LINES = 6      # of a table that is worth to be seen


class ReportFile:
    """The dialog that asks where a report goes."""

    @classmethod
    def ask_saved(cls, parent: QWidget, start: Path) -> Path | None:
        """A report to open again, or None."""
        path, _ = QFileDialog.getOpenFileName(parent, "Open report", str(start), "Proof reports (*.md *.markdown *.json)")
        return Path(path) if path else None

    @classmethod
    def ask(cls, parent: QWidget, start: Path) -> Path | None:
        """The chosen file, or None."""
        path, chosen = QFileDialog.getSaveFileName(parent, "Save report", str(start),
                                                   "Markdown for a pull request (*.md);;JSON (*.json)")
        if not path:
            return None
        found = Path(path)
        return found if found.suffix else found.with_suffix(".json" if "json" in chosen else ".md")


def plan_words(state: ProofState) -> str:
    """What Run would do, in sentences."""
    question = state.question
    if question is None:
        return _NOTHING
    if state.stage is ProofStage.ASKING:
        return "The engine is asked what it has…"
    if state.problem:
        return f"No proof without an engine: {state.problem}"
    edits = len(question.mix.groups)
    number = 2 * (1 + edits + _CONTROLS) + (not state.rehearsal)
    how = ("Rehearsal: small stand-ins take the place of all bases and commands. It shows the cache decisions of both "
           "orders on the real engine, and nothing of files or times."
           if state.rehearsal else
           "Builds A twice and B once with --no-cache and compares the images; what two builds of A differ in does not count.")
    text = (f"{how} Then {edits} edit{'' if edits == 1 else 's'} of the mix ({question.mix_words}) and {_CONTROLS} "
            f"controls on both: about {number} builds. What is made is removed afterwards.")
    missing = [name for name in state.secrets if name not in state.given]
    if missing:
        text += f" RUN steps ask for secrets ({', '.join(missing)}): give them here, or take the rehearsal."
    fetches = state.fetches
    return text + (f" May fetch from the network: {', '.join(fetches)}." if fetches else " Fetches nothing.")


def _title(state: ProofState) -> str:
    """What stands against what; of a report also where and over which edits."""
    report = state.report
    if report is not None:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.started))
        how = f"{report.engine}, rehearsal" if report.rehearsal else report.engine
        return f"A: {report.a.title}.  B: {report.b.title}.  {how or 'no engine'}, {when}. Edit mix: {report.mix or 'none'}."
    return f"A: {state.question.titles[0]}.  B: {state.question.titles[1]}." if state.question is not None else ""


def result_lines(report: ProofReport) -> list[str]:
    """What stands below the table: differences, what did not go as predicted, notes."""
    lines = list(report.broken_controls)
    lines += [f"not as predicted: {text}" for text in report.unexpected]
    image = report.image
    if image is not None:
        lines += [f"differs: {one.sentence}" for one in image.differences]
        if image.total > len(image.differences):
            lines.append(f"and {image.total - len(image.differences):,} more differences")
        lines += [f"does not count: {one.sentence}" + (f" ({one.reason})" if one.reason else "") for one in image.ignored[:20]]
    return [*lines, *(f"note: {note}" for note in report.notes)]


class _Parts(QSplitter):
    """Table and differences: they want no more than their least height, and take all that the sentences leave."""

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())


class ProofPanel(Panel):
    """A card that says what would run; progress; the result."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Proof", parent)
        self._prover = prover_of(workbench)
        self.title = named(QLabel(wordWrap=True), "What is proven")
        self.engine = named(QComboBox(), "Engine")
        self.engine.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.engine.setMinimumContentsLength(14)
        self.rehearsal, self.network = QCheckBox("Rehearsa&l"), QCheckBox("Allow &network in RUN steps")
        self.rehearsal.setStatusTip("Stand-ins for bases and commands: needs no network, proves cache decisions alone")
        self.network.setStatusTip("--network default instead of none")
        self.run = QPushButton("&Run")
        self.run.setEnabled(False)
        self.run.setStatusTip("Build both orders on the engine now")
        self.cancel = QPushButton("Cancel")
        self.cancel.setStatusTip("Stop the builds and remove what they made")
        self.save = QPushButton("&Save report…")
        self.save.setStatusTip("Write the result for a pull request (.md) or for machines (.json)")
        self.open = QPushButton("&Open report…")
        self.open.setStatusTip("Show a report that was saved earlier; no engine is needed")
        self.secrets = SecretRow()
        self.promise = named(QLabel("Nothing runs before you press Run.", wordWrap=True), "Promise")
        self.words = named(QLabel(wordWrap=True), "What the proof does")
        self.bar = named(QProgressBar(), "Builds made")
        self.model = ProofModel(self)
        self.table = Table("What the engine did after each edit", self.model, {1: 1}, self)
        self.more = named(QPlainTextEdit(readOnly=True), "Differences and notes")
        self.more.setTabChangesFocus(True)
        self._had_keys: QPushButton | None = None      # before one of them was hidden
        self._lay_out()
        self.setFocusProxy(self.run)
        self.run.clicked.connect(self._prover.start)
        self.cancel.clicked.connect(self._prover.cancel)
        self.rehearsal.clicked.connect(self._prover.set_rehearsal)
        self.network.clicked.connect(self._prover.allow_network)
        self.engine.activated.connect(self._choose_engine)
        self.save.clicked.connect(self._save)
        self.open.clicked.connect(self.open_report)
        self.secrets.given.connect(self._prover.set_secret)
        self._prover.changed.connect(self._changed)
        self.apply_look(workbench.look)

    def _lay_out(self) -> None:
        head, choices = QHBoxLayout(), QHBoxLayout()
        for widget in (self.run, self.cancel, self.engine):
            head.addWidget(widget, int(widget is self.engine))       # its name takes what room there is, and needs
        head.addWidget(self.bar, 1)
        head.addStretch(0)
        for box in (self.rehearsal, self.network):      # a row of their own: with large letters the pane would be too wide
            choices.addWidget(box)
        choices.addStretch(1)
        reports = QHBoxLayout()
        reports.addWidget(self.promise, 1)
        reports.addStretch(0)
        for button in (self.save, self.open):
            reports.addWidget(button)
        self._split = _Parts(Qt.Orientation.Vertical)
        self._split.addWidget(self.table)
        self._split.addWidget(self.more)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 1)
        page, whole = QWidget(), QVBoxLayout(self)
        scroll = named(QScrollArea(), "Proof")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        rows = QVBoxLayout(page)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.setSpacing(4)
        self._rows = rows
        rows.addWidget(self.title)
        rows.addLayout(head)
        rows.addLayout(choices)
        rows.addLayout(reports)
        rows.addWidget(self.words)
        rows.addWidget(self.secrets)
        rows.addWidget(self._split, 1)
        rows.addStretch(0)

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.table.font())
        self.promise.setFont(bold(self.font()))
        self.words.setFont(self.font())
        self._split.setMinimumHeight(_LINES * self.fontMetrics().height())      # lower, all of it scrolls

    @Slot(object)
    def _changed(self, _: ProofState) -> None:
        self.outdated()

    def refresh(self) -> None:
        state = self._prover.state
        question, stage = state.question, state.stage
        report = state.report or (state.phase.report if state.busy else None)
        self._had_keys = next((button for button in (self.run, self.cancel) if button.hasFocus()), None)
        planned = stage is ProofStage.PLANNED
        self.title.setText(_title(state))
        self._show_engines(state)
        for widget in (self.engine, self.rehearsal, self.network):
            widget.setVisible(question is not None and not state.busy)
        self.rehearsal.setChecked(state.rehearsal)
        self.network.setChecked(state.network)
        self.run.setVisible(question is not None and not state.busy)
        self.run.setText("&Run again" if stage is ProofStage.DONE else "&Run")
        self.run.setEnabled(planned or stage is ProofStage.DONE)
        self.promise.setVisible(planned)
        self.cancel.setVisible(state.busy)
        self.cancel.setEnabled(stage is ProofStage.RUNNING)
        self._pass_keys(state.busy)
        self.bar.setVisible(state.busy)
        self.bar.setRange(0, state.phase.builds)
        self.bar.setValue(state.phase.done)
        self.bar.setFormat("%v of %m builds")
        self.open.setVisible(not state.busy)
        self.secrets.show_wanted(state.secrets if planned else ())
        self.secrets.setVisible(planned and bool(state.secrets))
        self.save.setVisible(stage is ProofStage.DONE and state.report is not None)
        self.words.setText(self._words(state))
        nothing = question is None and state.report is None
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter if nothing else Qt.AlignmentFlag.AlignLeft)
        self._rows.setStretchFactor(self.words, int(nothing))
        self.words.setFont(bold(self.font()) if stage is ProofStage.DONE else self.font())
        shown = report if report is not None and report.rows else None
        self.model.show(shown)
        self.table.fit()
        lines = result_lines(state.report) if state.report is not None else []
        self.more.setPlainText("\n".join(lines))
        self.more.setVisible(bool(lines))
        self.table.setVisible(shown is not None)
        self._split.setVisible(shown is not None or bool(lines))

    def _pass_keys(self, busy: bool) -> None:
        """The keys stay in the pane: on Cancel while it runs, on Run before and after."""
        here, there = (self.run, self.cancel) if busy else (self.cancel, self.run)
        if self._had_keys is here:
            there.setFocus(Qt.FocusReason.OtherFocusReason)

    def _words(self, state: ProofState) -> str:
        if state.report is not None:
            return state.report.verdict
        if state.stage is ProofStage.STOPPING:
            return "Stopping, and removing what was made…"
        if state.busy:
            session, doing = state.phase.session, state.phase.what
            if session is not None and session.what:
                doing = session.what if session.label and session.label in session.what else f"{doing}: {session.what}"
            return f"{doing[:1].upper()}{doing[1:]}"
        return plan_words(state)

    def _show_engines(self, state: ProofState) -> None:
        names = [f"{e.name}, {'remote' if e.remote else 'local'}" for e in state.engines]
        facts = state.found.facts if state.found is not None else None
        at = state.engines.index(state.engine) if state.engine in state.engines else -1
        if at >= 0 and facts is not None and facts.problem is None:
            names[at] = facts.title
        if names != [self.engine.itemText(n) for n in range(self.engine.count())]:
            self.engine.clear()
            self.engine.addItems(names)
        metrics = self.engine.fontMetrics()
        self.engine.setMaximumWidth(max(map(metrics.horizontalAdvance, names), default=0) + 4 * metrics.height())
        self.engine.setCurrentIndex(at)

    @Slot(int)
    def _choose_engine(self, index: int) -> None:
        engines = self._prover.state.engines
        if 0 <= index < len(engines):
            self._prover.set_engine(engines[index])

    @Slot()
    def open_report(self) -> None:
        """Ask for a report that was saved and show it."""
        info = self._workbench.project
        path = ReportFile.ask_saved(self, info.context_dir if info is not None else Path.home())
        if path is None:
            return
        try:
            self._prover.show_report(load_proof(path))
        except CachesimError as error:
            self._workbench.post(Message(str(error), Tone.ERROR, key="proof"))

    @Slot()
    def _save(self) -> None:
        report, info = self._prover.state.report, self._workbench.project
        if report is None:
            return
        path = ReportFile.ask(self, (info.context_dir if info is not None else Path.home()) / "proof.md")
        if path is None:
            return
        try:
            save_proof(path, report)
        except CachesimError as error:
            self._workbench.post(Message(str(error), Tone.ERROR, key="proof"))
        else:
            self._workbench.post(Message(f"Report saved as {path}.", key="proof", passing=True))
