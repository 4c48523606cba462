"""How are real builds and proofs asked for and stopped, with their code loaded only when somebody wants one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from cachesim.app.panes import Panes
from cachesim.app.workbench import Workbench

if TYPE_CHECKING:
    from cachesim.app.proof.prover import ProofQuestion

__all__ = ["RealBuilds"]


class RealBuilds(QObject):
    """Shows the plan of what would run on an engine; stops whatever takes its time."""

    def __init__(self, workbench: Workbench, panes: Panes, parent: QObject) -> None:
        super().__init__(parent)
        self._workbench, self._panes = workbench, panes
        self._confirming = False        # whether the code for real builds was loaded
        workbench.proof_asked.connect(self._ask_proof)

    def confirm(self, no_cache: bool, _checked: bool = False) -> None:
        """Show the plan of a real build; nothing runs yet."""
        from cachesim.app.confirm.controller import controller_of
        from cachesim.confirm.match import Mode
        self._confirming = True
        self._panes.show("log", focus=True)
        controller_of(self._workbench).ask(Mode.NO_CACHE if no_cache else Mode.ISOLATED)

    @Slot(object)
    def _ask_proof(self, question: ProofQuestion) -> None:
        from cachesim.app.proof.prover import prover_of
        self._panes.show("proof", True)
        prover_of(self._workbench).ask(question)

    @Slot()
    def cancel(self) -> bool:
        """Stop the real build if there is one, a proof, the reading of files; False if there was nothing to stop."""
        disk = self._workbench.disk
        stopped = disk.busy
        if self._confirming:
            from cachesim.app.confirm.controller import controller_of
            stopped |= controller_of(self._workbench).state.busy
            controller_of(self._workbench).cancel()
        if self._panes.docks["proof"].is_built:
            from cachesim.app.proof.prover import prover_of
            stopped |= prover_of(self._workbench).state.busy
            prover_of(self._workbench).cancel()
        if disk.busy:
            disk.cancel()
        return stopped

    def shutdown(self) -> None:
        """End a real build and wait for it."""
        if self._confirming:
            from cachesim.app.confirm.controller import controller_of
            controller_of(self._workbench).shutdown()
