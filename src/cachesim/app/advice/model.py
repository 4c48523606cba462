"""How does a list of proposals look?"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QIcon

from cachesim.advise.proposal import Proposal, Risk
from cachesim.app.history.model import short_seconds
from cachesim.app.report.panel import icon_size
from cachesim.app.report.table import COPY_ROLE, RowsModel
from cachesim.app.theme import Theme, icon

__all__ = ["RISK_WORDS", "ProposalsModel", "saving_words"]

_INDEX = QModelIndex | QPersistentModelIndex
_WHAT, _SAVES, _RISK, _RULE = range(4)
RISK_WORDS = {Risk.SAFE: "same image", Risk.CHECK: "check first"}


def saving_words(proposal: Proposal, guessed: bool) -> str:
    """What an edit costs less on average: "87 %, 28 s", or "~28 s" where a part of it is `guessed`; of what is not about time,
    what it is about."""
    if proposal.leaves:
        return "smaller image"
    return f"{proposal.saving:.0%}, {'~' if guessed else ''}{short_seconds(proposal.seconds_saved)}"


class ProposalsModel(RowsModel):
    """Proposals, best first."""

    headers = ("Proposal", "Saves", "Risk", "Rule")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Proposal, ...] = ()
        self._guessed: tuple[bool, ...] = ()
        self._icons: dict[Risk, QIcon] = {}

    @property
    def rows(self) -> tuple[Proposal, ...]:
        return self._rows

    def show(self, rows: tuple[Proposal, ...], guessed: tuple[bool, ...] = ()) -> None:
        """Show other proposals, and whether each one's seconds are estimated in part."""
        self.beginResetModel()
        self._rows, self._guessed = rows, guessed
        self.endResetModel()

    def set_look(self, look: Theme, font: QFont) -> None:
        """Take colours and font."""
        size = icon_size(font)
        self._icons = {Risk.SAFE: icon("check", look.accent, size), Risk.CHECK: icon("warning", look.warning, size)}

    def row_total(self) -> int:
        return len(self._rows)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        guessed = self._guessed[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, COPY_ROLE):
            return (row.title.replace("`", ""), saving_words(row, guessed), RISK_WORDS[row.risk], row.rule)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (f"{row.title} ({row.rule})",
                    f"An edit costs {short_seconds(row.seconds_saved)} less on average, over the edit mix"
                    f"{'; ~ is estimated, by what such commands usually take' if guessed else ''}",
                    row.check or "The image stays the same: files and configuration, times aside", row.rule)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == _RISK:
            return self._icons.get(row.risk)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == _SAVES:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None
