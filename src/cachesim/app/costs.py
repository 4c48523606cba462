"""What would each step of the open project cost, as far as anybody knows?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachesim.advise.cost import CostModel
from cachesim.confirm.durations import DurationBook

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["cost_model", "measured"]


def measured(workbench: Workbench) -> DurationBook:
    """What real builds of this project took."""
    return DurationBook.from_json(workbench.keeper.records.get("durations"))


def cost_model(workbench: Workbench) -> CostModel:
    """Measured seconds first, then the table's estimates."""
    return CostModel(workbench.state.context, measured(workbench).seconds)
