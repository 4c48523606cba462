"""What would each usual edit re-run with either of two Dockerfiles?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from cachesim.advise.cost import CostModel, ExpectedCost, Known, expected_cost
from cachesim.app.history.model import short_seconds
from cachesim.app.report.panel import bold
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.dockerfile.instructions import From
from cachesim.project.trial import Trial, Trials
from cachesim.simulate.report import SimulationReport, StepReport

__all__ = ["Duel", "EditsModel", "build_cost", "cost_words", "verdict_words"]

_INDEX = QModelIndex | QPersistentModelIndex
_EDIT, _SHARE, _A, _B, _A_COST, _B_COST, _A_WHY, _B_WHY = range(8)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Duel:
    """All edits on either file; `cost` tells seconds and how they are known."""

    a: Trials
    b: Trials
    cost: CostModel

    def expected(self) -> tuple[ExpectedCost, ExpectedCost]:
        """What an edit costs on average with either."""
        return expected_cost(self.a, self.cost), expected_cost(self.b, self.cost)


def build_cost(report: SimulationReport, known: Callable[[StepReport], Known]) -> ExpectedCost:
    """What one build costs, apart by how it is known."""
    sums = [0.0, 0.0]
    for step in report.steps:
        if step.runs and not isinstance(step.step.instruction, From):
            found = known(step)
            sums[found.measured] += found.seconds
    return ExpectedCost(measured=sums[True], estimated=sums[False])


def cost_words(cost: ExpectedCost) -> str:
    """Seconds for a table: "12 s" is measured, "~30 s" an estimate, both stand apart."""
    parts = [short_seconds(cost.measured)] if cost.measured else []
    parts += [f"~{short_seconds(cost.estimated)}"] if cost.estimated else []
    return " + ".join(parts) or "0 s"


def verdict_words(duel: Duel, a: str, b: str) -> str:
    """Which of the two costs less over the mix, in a sentence or two."""
    failing = [f"{name} does not build: {t.first.error}" for name, t in ((a, duel.a), (b, duel.b)) if t.first.error]
    if failing:
        return ". ".join(failing)
    runs = duel.a.expected_reruns, duel.b.expected_reruns
    costs = duel.expected()
    change = costs[1].seconds - costs[0].seconds
    if abs(change) < 0.005 and abs(runs[0] - runs[1]) < 1e-9:
        return f"Over the mix both cost the same: {runs[0]:.1f} steps re-run per edit ({costs[0].words})."
    share = f": {change / costs[0].seconds:+.0%}" if costs[0].seconds else ""
    return (f"Per edit of the mix {a} re-runs {runs[0]:.1f} steps ({costs[0].words}), {b} {runs[1]:.1f} "
            f"({costs[1].words}){share}.")


class EditsModel(RowsModel):
    """One row per edit of the mix; the cheaper side is in bold."""

    def __init__(self, parent: QObject | None = None, names: tuple[str, str] = ("A", "B")) -> None:
        super().__init__(parent)
        a, b = names
        self.headers = ("Edit of", "Share", f"{a} re-runs", f"{b} re-runs", f"{a} takes", f"{b} takes",
                        f"First cause in {a}", f"First cause in {b}")
        self._duel: Duel | None = None
        self._costs: tuple[tuple[ExpectedCost, ExpectedCost], ...] = ()
        self._fonts = (QFont(), QFont())

    def show(self, duel: Duel | None) -> None:
        """Show other edits."""
        self.beginResetModel()
        self._duel = duel
        known = duel.cost.known if duel is not None else None
        self._costs = tuple((build_cost(a.report, known), build_cost(b.report, known)) for a, b in self._pairs()) \
            if known is not None else ()
        self.endResetModel()

    def set_look(self, font: QFont) -> None:
        """Take the font."""
        self._fonts = (font, bold(font))

    def pair(self, row: int) -> tuple[Trial, Trial]:
        """The builds after one edit."""
        return self._pairs()[row]

    def _pairs(self) -> tuple[tuple[Trial, Trial], ...]:
        return tuple(zip(self._duel.a.trials, self._duel.b.trials, strict=True)) if self._duel is not None else ()

    def row_total(self) -> int:
        return len(self._costs)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, COPY_ROLE):
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            costs = self._costs[row]
            return costs[column - _A_COST].words if column in (_A_COST, _B_COST) else self._text(row, column)
        if role == Qt.ItemDataRole.FontRole:
            return self._fonts[self._cheaper(row, column)]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (_SHARE, _A, _B, _A_COST, _B_COST):
            return _RIGHT
        return None

    def _cheaper(self, row: int, column: int) -> bool:
        """Whether the cell is of the side that wins in this row."""
        a, b = self.pair(row)
        if column in (_A, _B):
            values: tuple[float, float] = (a.reruns, b.reruns)
        elif column in (_A_COST, _B_COST):
            values = (self._costs[row][0].seconds, self._costs[row][1].seconds)
        else:
            return False
        mine, other = values if column in (_A, _A_COST) else values[::-1]
        told = [self._text(row, one) for one in ((_A, _B) if column in (_A, _B) else (_A_COST, _B_COST))]
        return mine < other - 1e-9 and told[0] != told[1]       # "~32 s" is no less than "~32 s"

    def _text(self, row: int, column: int) -> str:
        a, b = self.pair(row)
        if column == _EDIT:
            return a.group.label
        if column == _SHARE:
            return f"{a.group.weight:.0%}"
        if column in (_A, _B):
            trial = a if column == _A else b
            return "fails" if trial.report.error else str(trial.reruns)
        if column in (_A_COST, _B_COST):
            return cost_words(self._costs[row][column - _A_COST])
        return _cause((a if column == _A_WHY else b).report)


def _cause(report: SimulationReport) -> str:
    if report.error:
        return report.error
    first = report.first_miss
    return f"line {first.step.line}: {first.cause}" if first is not None else "nothing runs"
