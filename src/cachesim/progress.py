"""How far is a long job, and does anybody still wait for it?"""

from __future__ import annotations

from collections.abc import Callable

from cachesim.errors import Cancelled

__all__ = ["SILENT", "Progress"]


class Progress:
    """Report and cancel point of a long job; `cancel` may be called from any thread."""

    def __init__(self, report: Callable[[int, int], None] | None = None) -> None:
        self._report = report
        self._cancelled = False

    def cancel(self) -> None:
        """Ask the job to end at its next step."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def step(self, done: int, total: int) -> None:
        """Report `done` of `total` (0: unknown).

        Raises:
            Cancelled: If nobody waits any more.
        """
        if self._cancelled:
            raise Cancelled("cancelled")
        if self._report is not None:
            self._report(done, total)


SILENT = Progress()
