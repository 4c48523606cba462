"""What would a real build do, said before anything runs?"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)

from cachesim.app.confirm.secret_row import SecretRow
from cachesim.app.confirm.state import ConfirmState, Stage
from cachesim.app.report.panel import bold, copy_text, fixed_font, named
from cachesim.app.theme import Theme
from cachesim.app.tips import wrapped
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.match import Mode
from cachesim.context.snapshot import size_text

__all__ = ["MODE_WORDS", "PlanCard", "context_words", "engine_words"]

MODE_WORDS = {
    Mode.ISOLATED: ("Isolated", "Every base gets a unique layer, so nothing that this engine built before matters. The "
                                "timeline's builds are made in order."),
    Mode.LIVE: ("Live cache", "As your own build would, on what this engine has cached now. Steps that it knows from "
                              "earlier builds are named, not counted."),
    Mode.NO_CACHE: ("--no-cache", "Everything runs: does it still build, and what does each step cost?"),
    Mode.REHEARSAL: ("Rehearsal", "Small stand-ins take the place of all bases and commands: the engine's own cache "
                                  "decisions in seconds, without network. Shows no real outputs, sizes or times."),
}
_LISTED = 4


def engine_words(choice: EngineChoice, state: ConfirmState) -> str:
    """An engine in one line: name, driver, where; version and store where they are known."""
    text = f"{choice.name} ({choice.driver}, {'remote' if choice.remote else 'local'})"
    facts = state.survey.facts if state.survey is not None and choice == state.engine else None
    if facts is not None and facts.problem is not None:
        return f"{text}: {facts.problem.value}"
    if facts is not None and facts.version:
        return f"{text}: Engine {facts.version}" + (f", {facts.store.value} store" if facts.store else "")
    return f"{text}: not asked yet" if choice.remote else text


def context_words(files: int, size: int) -> str:
    """A context's size for people: "214 files, 1.3 MB"."""
    return f"{files:,} file{'' if files == 1 else 's'}, {size_text(size)}"


class PlanCard(QScrollArea):
    """Mode, engine, network, command line, sizes and fetches; Run is the only button that builds."""

    run_asked = Signal()
    mode_chosen, engine_chosen = Signal(object), Signal(object)
    network_chosen, fresh_chosen = Signal(bool), Signal(bool)
    secret_given = Signal(str, bytes)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Plan of the real build")
        self._engines: tuple[EngineChoice, ...] = ()
        self.mode, self.engine = named(QComboBox(), "How to build"), named(QComboBox(), "Engine")
        for mode, (word, tip) in MODE_WORDS.items():
            self.mode.addItem(word, mode)
            self.mode.setItemData(self.mode.count() - 1, wrapped(tip), Qt.ItemDataRole.ToolTipRole)
        for box in (self.mode, self.engine):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
        self.run = QPushButton("&Run")
        self.run.setStatusTip("Make the real build now")
        self.run.setDefault(True)
        self.network = QCheckBox("Allow &network in RUN steps")
        self.network.setStatusTip("--network default instead of none; a build option, so the prediction follows it")
        self.fresh = QCheckBox("B&uilder of its own")
        self.fresh.setStatusTip("Build in a container made for this run: nothing is cached in it")
        self.promise = named(QLabel("Nothing runs before you press Run."), "Promise")
        self.what, self.builds = named(QLabel(wordWrap=True), "What this does"), named(QLabel(wordWrap=True), "Builds")
        self.fetches = named(QLabel(wordWrap=True), "What it may fetch")
        self.command = named(QPlainTextEdit(readOnly=True), "Command line")
        self.command.setTabChangesFocus(True)
        self.copy = QPushButton("Cop&y command")
        self.copy.setStatusTip("Copy the command line")
        self._secrets = SecretRow()
        self._secrets.given.connect(self.secret_given)
        self._lay_out()
        self.run.clicked.connect(self.run_asked)
        self.mode.activated.connect(self._choose_mode)
        self.engine.activated.connect(self._choose_engine)
        self.network.clicked.connect(self.network_chosen)
        self.fresh.clicked.connect(self.fresh_chosen)
        self.copy.clicked.connect(self._copy_command)

    def _lay_out(self) -> None:
        page = QWidget(self)
        grid = QGridLayout(page)
        grid.setContentsMargins(10, 8, 10, 8)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.mode)
        head.addWidget(QLabel("on"))
        head.addWidget(self.engine, 1)
        head.addWidget(self.run)
        choices = QHBoxLayout()     # a row of their own: large letters would push Run out of sight
        choices.setSpacing(8)
        choices.addWidget(self.network)
        choices.addWidget(self.fresh)
        choices.addStretch(1)
        choices.addWidget(self.copy)
        grid.addLayout(head, 0, 0)
        grid.addWidget(self.promise, 1, 0)
        grid.addLayout(choices, 2, 0)
        for row, widget in enumerate((self.command, self.what, self.builds, self.fetches, self._secrets), 3):
            grid.addWidget(widget, row, 0)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(8, 1)
        self.setWidget(page)

    def show_state(self, state: ConfirmState) -> None:
        """Say what is planned."""
        self.mode.setCurrentIndex(self.mode.findData(state.mode))
        self._engines = state.engines or (state.engine,)
        self.engine.clear()
        for choice in self._engines:
            self.engine.addItem(engine_words(choice, state))
            self.engine.setItemData(self.engine.count() - 1, choice.endpoint, Qt.ItemDataRole.ToolTipRole)
        self.engine.setCurrentIndex(self._engines.index(state.engine) if state.engine in self._engines else 0)
        self.network.setChecked(state.network)
        offered = state.mode is Mode.ISOLATED and state.survey is not None and bool(state.survey.buildkit)
        self.fresh.setVisible(offered)
        self.fresh.setChecked(state.fresh)
        self.what.setText(MODE_WORDS[state.mode][1])
        self.builds.setText(_build_words(state))
        self.fetches.setText(_fetch_words(state))
        self.command.setPlainText(state.command)
        self.run.setEnabled(state.stage is Stage.PLANNED)
        wanted = state.survey.secrets if state.survey is not None and state.mode is not Mode.REHEARSAL else ()
        self._secrets.show_wanted(wanted, state.secrets)

    def set_look(self, look: Theme) -> None:
        """Take colours and font."""
        self.command.setFont(fixed_font(self.font()))
        self.promise.setFont(bold(self.font()))
        self.command.setFixedHeight(self.fontMetrics().lineSpacing() * 3 + 14)
        for label in (self.what, self.builds, self.fetches):
            label.setStyleSheet(f"color: {look.text};")

    @Slot()
    def _copy_command(self) -> None:
        copy_text(self.command.toPlainText())

    @Slot(int)
    def _choose_mode(self, index: int) -> None:
        self.mode_chosen.emit(self.mode.itemData(index))

    @Slot(int)
    def _choose_engine(self, index: int) -> None:
        if 0 <= index < len(self._engines):
            self.engine_chosen.emit(self._engines[index])


def _build_words(state: ConfirmState) -> str:
    found = state.survey
    size = f" Context: {context_words(found.files, found.bytes)}." if found is not None else ""
    labels = state.labels if state.mode in (Mode.ISOLATED, Mode.REHEARSAL) else state.labels[-1:]
    shown = labels if len(labels) <= _LISTED else (*labels[:1], f"… {len(labels) - 2} more …", *labels[-1:])
    count = f"{len(labels)} build{'' if len(labels) == 1 else 's'}"
    return f"{count}: {', then '.join(shown)}.{size}" if labels else size


def _fetch_words(state: ConfirmState) -> str:
    found = state.survey
    if found is None:
        return ""
    wanted = found.may_fetch(state.mode)
    needed = (*found.bases, *((found.frontend,) if found.frontend else ()), *found.downloads)
    if found.facts is None and state.mode is not Mode.REHEARSAL and needed:
        return f"The engine was not asked yet; it needs {', '.join(needed)}."
    if wanted:
        return f"May fetch from the network: {', '.join(wanted)}"
    if state.mode is Mode.REHEARSAL:
        return "Fetches nothing."
    return f"Fetches nothing: the engine has {', '.join(found.bases)}." if found.bases else "Fetches nothing."
