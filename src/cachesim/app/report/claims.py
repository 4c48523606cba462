"""What does the person know about the bytes that a RUN writes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from cachesim.app.report.lines import elided
from cachesim.app.report.panel import named
from cachesim.app.tips import wrapped
from cachesim.engines.base import RunClaim, RunClaimKind
from cachesim.simulate.deciding import claim_command
from cachesim.simulate.report import StepReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ClaimBox"]

_WORDS = ((None, "Nothing is known"),
          (RunClaimKind.DETERMINISTIC, "Same inputs give the same bytes"),
          (RunClaimKind.ALWAYS_DIFFERS, "The bytes differ every time"),
          (RunClaimKind.WRITES_ONLY, "It writes only under these paths"))


class ClaimBox(QFrame):
    """Controls to state a claim about the RUN that decides; hidden while no RUN does."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._runs: tuple[StepReport, ...] = ()
        self.setAccessibleName("What is known of the RUN that decides")
        self.run = named(QComboBox(), "RUN that decides")
        self.run.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.kind = named(QComboBox(), "What is known of it")
        for _, word in _WORDS:
            self.kind.addItem(word)
        for box in (self.run, self.kind):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
        self.kind.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.paths = named(QLineEdit(placeholderText="/app/dist /var/cache"), "Paths that it writes")
        self.paths.setToolTip("Paths in the image, separated by spaces; Enter states them")
        self._title = QLabel("Does this RUN write the same bytes each time? Say what you know:")
        self._title.setWordWrap(True)           # else a large font makes it wider than the window
        self._title.setBuddy(self.kind)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 4, 8, 6)
        rows.setSpacing(4)
        rows.addWidget(self._title)
        row = QHBoxLayout()
        row.addWidget(self.run, 3)
        row.addWidget(self.kind, 3)
        row.addWidget(self.paths, 2)
        rows.addLayout(row)
        self.run.currentIndexChanged.connect(self._show_claim)
        self.kind.activated.connect(self._state)
        self.paths.editingFinished.connect(self._state_paths)
        self.hide()

    def show_runs(self, runs: tuple[StepReport, ...]) -> None:
        """Offer these RUN steps; none hides the box."""
        chosen = self._command()
        self._runs = runs
        self.run.clear()
        for step in runs:
            self.run.addItem(f"Line {step.step.line}: {elided(claim_command(step), 50)}")
            self.run.setItemData(self.run.count() - 1, wrapped(claim_command(step)), Qt.ItemDataRole.ToolTipRole)
        commands = [claim_command(step) for step in runs]
        self.run.setCurrentIndex(commands.index(chosen) if chosen in commands else 0 if runs else -1)
        self.run.setEnabled(len(runs) > 1)
        self._show_claim()
        self.setVisible(bool(runs))

    @Slot()
    def _show_claim(self) -> None:
        command = self._command()
        claim = next((c for c in self._workbench.state.claims if c.command == command), None)
        kinds = [kind for kind, _ in _WORDS]
        self.kind.setCurrentIndex(kinds.index(claim.kind if claim else None))
        if claim is not None or not self.paths.hasFocus():
            self.paths.setText(" ".join(claim.paths) if claim else "")
        self.paths.setVisible(self._kind() is RunClaimKind.WRITES_ONLY)

    @Slot()
    def _state(self) -> None:
        kind = self._kind()
        self.paths.setVisible(kind is RunClaimKind.WRITES_ONLY)
        if kind is RunClaimKind.WRITES_ONLY and not self.paths.text().split():
            self.paths.setFocus()
            return
        command = self._command()
        others = tuple(c for c in self._workbench.state.claims if c.command != command)
        paths = tuple(self.paths.text().split()) if kind is RunClaimKind.WRITES_ONLY else ()
        claims = others if kind is None else (*others, RunClaim(command, kind, paths))
        if claims != self._workbench.state.claims:
            self._workbench.set_claims(claims)

    @Slot()
    def _state_paths(self) -> None:
        if self._kind() is RunClaimKind.WRITES_ONLY and self.paths.text().split():
            self._state()

    def _kind(self) -> RunClaimKind | None:
        return _WORDS[max(0, self.kind.currentIndex())][0]

    def _command(self) -> str:
        index = self.run.currentIndex()
        return claim_command(self._runs[index]) if 0 <= index < len(self._runs) else ""
