"""Is there a better order for this Dockerfile, what does it save, and what has to be checked?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cachesim.advise.proposal import Proposal, Risk
from cachesim.app.advice import search
from cachesim.app.advice.diff import DiffLine, diff_lines
from cachesim.app.advice.diff_view import DiffView
from cachesim.app.advice.model import ProposalsModel, saving_words
from cachesim.app.advice.search import Advice, edit_runs, here_words, with_proposal
from cachesim.app.costs import cost_model
from cachesim.app.history.habits import habits_keeper
from cachesim.app.idle import IdleJob
from cachesim.app.notify import Message, MessageAction
from cachesim.app.report.panel import Panel, bold, named
from cachesim.app.report.table import Table
from cachesim.app.theme import Theme
from cachesim.app.versus.edits_model import Duel, EditsModel
from cachesim.context.snapshot import size_text
from cachesim.history.habits import Habits
from cachesim.progress import Progress
from cachesim.project.trial import Trial
from cachesim.simulate.report import SimulationReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["AdvicePanel", "preview_words"]


def preview_words(now: Trial, then: Trial) -> str:
    """What an edit re-runs now and would re-run, in a few words."""
    saved = now.reruns - then.reruns
    change = f"{saved} fewer" if saved > 0 else f"{-saved} more" if saved < 0 else "as now"
    steps = "1 step runs" if then.reruns == 1 else f"{then.reruns} steps run"
    return f"Preview, after an edit of {now.group.label}: {steps}, {change}"


class AdvicePanel(Panel):
    """Proposals for the text of now; looked for when nobody types, and only while somebody can see them."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Advice", parent)
        self._advice: Advice | None = None
        self._shown: SimulationReport | None = None     # what this pane previews
        self._habits = habits_keeper(workbench)
        self._job = IdleJob(workbench, "advice", self)
        self.model = ProposalsModel(self)
        self.table = Table("Proposals", self.model, {0: 1}, self, wraps=True)
        self.status = named(QLabel(wordWrap=True), "What the proposals are weighed by")
        self.bar = named(QProgressBar(textVisible=False), "Looking for a better order")
        self.cost, self.why = named(QLabel(wordWrap=True), "What it saves"), named(QLabel(wordWrap=True), "Why")
        self.check = named(QLabel(wordWrap=True), "What to check")
        for label in (self.cost, self.why, self.check):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.here = named(QLabel(wordWrap=True), "What the edit that is shown would run with it")
        self.diff = DiffView(self)
        self.edits = EditsModel(self, ("now", "then"))
        self.edit_table = Table("Each edit now and then", self.edits, {0: 2, 6: 3, 7: 3}, self, begin=frozenset({6, 7}))
        self.preview = QPushButton("&Preview")
        self.preview.setCheckable(True)
        self.preview.setStatusTip("Show in the graph what an edit would re-run with this proposal")
        self.apply = QPushButton("&Apply")
        self.apply.setStatusTip("Change the text in the editor; Undo takes it back")
        self.prove = QPushButton("P&rove it…")
        self.prove.setStatusTip("Build both orders on a real engine and compare the images; nothing runs before you press Run")
        self.empty = named(QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12), "Advice")
        self._lay_out()
        self.setFocusProxy(self.table)
        self.table.selectionModel().currentRowChanged.connect(self._show_proposal)
        self.table.activated.connect(self._activate)
        self.edit_table.selectionModel().currentRowChanged.connect(self._preview_again)
        self.preview.toggled.connect(self._toggle)
        self.apply.clicked.connect(self._apply)
        self.prove.clicked.connect(self._prove)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._fail)
        self._job.progressed.connect(self._progress)
        self._job.busy_changed.connect(self._show_busy)
        self._habits.changed.connect(self._habits_changed)
        workbench.state_changed.connect(self._changed)
        workbench.project_opened.connect(self._changed)
        workbench.timeline_changed.connect(self._show_proposal)
        workbench.preview_changed.connect(self._previewed)
        self._show_busy(False)
        self.apply_look(workbench.look)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.preview, self.apply, self.prove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        left = QWidget()
        rows = QVBoxLayout(left)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addWidget(self.table, 1)
        rows.addWidget(self.here)
        rows.addLayout(buttons)
        self.tabs = named(QTabWidget(), "A proposal from near")
        self.tabs.tabBar().setAccessibleName("A proposal from near")
        self.tabs.setDocumentMode(True)
        words = QWidget()
        text = QVBoxLayout(words)
        for label in (self.cost, self.why, self.check):
            text.addWidget(label)
        text.addStretch(1)
        self.tabs.addTab(self.diff, "Changes")
        self.tabs.addTab(words, "Why")
        self.tabs.addTab(self.edit_table, "Each edit")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.tabs)
        split.setSizes([1000, 1000])
        split.setStretchFactor(0, 5)
        split.setStretchFactor(1, 5)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(split)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.setSpacing(4)
        whole.addWidget(self.status)
        whole.addWidget(self.bar)
        whole.addWidget(body, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out what has no room: the rule in a narrow pane, the causes of either side in most."""
        letters = self.width() // max(1, self.fontMetrics().averageCharWidth())
        self.table.setColumnHidden(3, letters < 240)
        for column in (6, 7):
            self.edit_table.setColumnHidden(column, letters < 200)
        self.table.fit()
        self.edit_table.fit()

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.table.font())
        self.edits.set_look(self.edit_table.font())
        self.diff.set_look(look, self.font())
        self.check.setFont(bold(self.font()))
        self.bar.setFixedHeight(max(4, self.fontMetrics().height() // 4))

    # -- looking for it --

    @property
    def advice(self) -> Advice | None:
        """What is shown, if it is about the text of now."""
        return self._advice

    @property
    def proposal(self) -> Proposal | None:
        """The chosen one."""
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    @Slot(object)
    def _changed(self, _: object) -> None:
        """Whatever is shown speaks of an earlier state."""
        if self._advice is not None and self._advice.state != self._workbench.state:
            self._advice = None
            self.preview.setChecked(False)
            self._enable()
        self.outdated()

    @Slot(object)
    def _habits_changed(self, habits: Habits | None) -> None:
        self._advice = None
        if habits is not None:
            self.outdated()

    def refresh(self) -> None:
        bench = self._workbench
        if bench.project is None:
            self._say("No project is open.")
            return
        habits = self._habits.want()
        if self._advice is None:
            self.empty.setText("")      # what was said before was not said of this state
        if habits is None:
            self.status.setText("Reading the project's history for its edit mix…")
        if self._advice is not None or habits is None:
            return
        state, cost = bench.state, cost_model(bench)
        read = bench.blobs.reader(state.context, bench.project.context_dir)

        def work(progress: Progress) -> Advice:
            return search.find_advice(state, habits, cost, read, progress)
        self.status.setText(f"Looking for a better order by the edit mix: {habits.words}…")
        self._job.ask(lambda: work)

    @Slot(bool)
    def _show_busy(self, busy: bool) -> None:
        self.bar.setRange(0, 0)
        self.bar.setVisible(busy)

    @Slot(int, int)
    def _progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    @Slot(object)
    def _take(self, advice: Advice) -> None:
        chosen = self.proposal
        self._advice = advice
        self.model.show(advice.proposals, tuple(_guessed(advice, proposal) for proposal in advice.proposals))
        if not advice.proposals:
            self._say(_nothing(advice))
            return
        number = len(advice.proposals)
        self.status.setText(f"{number} proposal{'' if number == 1 else 's'}, weighed by the edit mix: {advice.habits.words}.")
        here = self.focusWidget() if self._stack.currentIndex() == 0 else None      # somebody waits for this with keys alone
        self._stack.setCurrentIndex(1)
        self.table.fit()
        same = (n for n, p in enumerate(advice.proposals) if chosen is not None and p.title == chosen.title)
        self.table.setCurrentIndex(self.model.index(next(same, 0), 0))
        self._enable()
        if here is not None and here.hasFocus():
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.model.show(())
        self._say(str(error))

    def _say(self, words: str) -> None:
        self.status.setText("")
        self.empty.setText(words)
        self._stack.setCurrentIndex(0)
        self._enable()

    def _enable(self) -> None:
        there = self._advice is not None and self.proposal is not None
        for widget in (self.table, self.preview, self.apply, self.prove):
            widget.setEnabled(there)

    # -- one proposal --

    @Slot(object)
    def _show_proposal(self, _: object) -> None:
        proposal, advice = self.proposal, self._advice
        if proposal is None or advice is None or advice.state != self._workbench.state:
            self.diff.show_lines(())
            self.edits.show(None)
            return
        self.diff.show_lines(self._diff(proposal))
        before, after = advice.expected(proposal)
        guessed = _guessed(advice, proposal)
        bench = self._workbench
        once, _store = bench.prediction.simulate(with_proposal(bench.state, proposal).request(), bench.timeline.store, Progress())
        saves = (f"The image loses {size_text(proposal.leaves)} of files and what the build fetched; an edit of the mix costs"
                 if proposal.leaves else f"Saves {saving_words(proposal, guessed)} per edit of the mix:")
        guess = "Estimated is what such commands usually take: no real build measured these. " if guessed else ""
        self.cost.setText(f"{saves} {before.words} now, {after.words} then. {guess}"
                          f"Once, the next build runs {sum(1 for _ in once.misses())} steps: the cache does not know the "
                          "new file yet.")
        self.here.setText(self._here(proposal, advice))
        self.here.setVisible(bool(self.here.text()))
        self.why.setText(proposal.why)
        self.check.setText(f"Check: {proposal.check}" if proposal.risk is Risk.CHECK else
                           "The image stays the same: files and configuration, times aside.")
        self.edits.show(Duel(proposal.before, proposal.after, advice.cost))
        self.edit_table.fit()
        self._enable()
        self._preview_again()

    def _here(self, proposal: Proposal, advice: Advice) -> str:
        """What the edit on screen would run if the proposal had stood in the file before; "" if there is none."""
        bench, timeline = self._workbench, self._workbench.timeline
        before = timeline.entry(timeline.current).state if timeline.current is not None else None
        if before is None or bench.seen is not None:
            return ""
        runs = tuple(edit_runs(bench.prediction.simulate, before, bench.state, advice.cost, taken)
                     for taken in (None, proposal))
        return here_words(*(found for found in runs if found is not None))

    def _diff(self, proposal: Proposal) -> tuple[DiffLine, ...]:
        bench = self._workbench
        name = bench.state.options.dockerfile
        lines = diff_lines(name, bench.state.text, proposal.text)
        for path, text in proposal.files:
            data = bench.bytes_of(path)
            lines += diff_lines(path, data.decode("utf-8", "surrogateescape") if data is not None else None, text)
        return lines

    # -- what can be done with it --

    @Slot(bool)
    def _toggle(self, on: bool) -> None:
        if on:
            self._preview_again()
        elif self._shown is not None and self._workbench.preview == self._shown:
            self._workbench.show_preview(None)

    @Slot()
    def _preview_again(self, _: QModelIndex | None = None) -> None:
        """Show the build after the chosen edit (the most frequent one, if none is chosen)."""
        if self.preview.isChecked() and self.proposal is not None and self.edits.rowCount():
            now, then = self.edits.pair(max(0, self.edit_table.currentIndex().row()))
            self._shown = then.report
            self._workbench.show_preview(then.report, preview_words(now, then))

    @Slot(object)
    def _previewed(self, preview: SimulationReport | None) -> None:
        """Somebody else's preview (a drag) ends this one."""
        if preview != self._shown:
            self._shown = None
            self.preview.setChecked(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.preview.setChecked(False)

    @Slot(QModelIndex)
    def _activate(self, _: QModelIndex) -> None:
        self.preview.setChecked(not self.preview.isChecked())

    @Slot()
    def _apply(self) -> None:
        """Change the text as one undo step; other files only in the window, and ask before the disk is touched."""
        bench, proposal = self._workbench, self.proposal
        if proposal is None or self._advice is None:
            return
        self.preview.setChecked(False)
        for path, text in proposal.files:
            bench.edit_file(path, text.encode("utf-8", "surrogateescape"), f"{path}: {proposal.title}")
        bench.replace_text(proposal.text, proposal.title)
        if proposal.files:
            paths = tuple(path for path, _ in proposal.files)
            names = " and ".join(paths)
            bench.post(Message(f"{names} changed in this window only. Write it to disk too?",
                               actions=(MessageAction(f"Write {names}", lambda: bench.save_files(paths)),
                                        MessageAction("Keep it a what-if", lambda: None)), key="advice"))

    @Slot()
    def _prove(self) -> None:
        """Let a real engine say whether both make the same image, and what each costs."""
        from cachesim.app.proof.prover import ProofQuestion  # the code for real builds comes with it
        advice, proposal = self._advice, self.proposal
        if advice is None or proposal is None:
            return
        self._workbench.ask_proof(ProofQuestion(
            advice.state, with_proposal(advice.state, proposal), ("the Dockerfile as it is", proposal.title),
            advice.habits.mix, advice.habits.words))


def _guessed(advice: Advice, proposal: Proposal) -> bool:
    return any(cost.estimated for cost in advice.expected(proposal))


def _nothing(advice: Advice) -> str:
    if not advice.habits.mix.groups:
        return "No file of the context is edited by this mix, so no order is better than another."
    return (f"No better order found. Weighed by the edit mix: {advice.habits.words}. "
            "Another mix can be stated under Build > Project history.")
