"""What would each step of the open project cost, as far as anybody knows?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachesim.advise.cost import CostModel

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["cost_model"]


def cost_model(workbench: Workbench) -> CostModel:
    """Measured seconds first, then the table's estimates."""
    return CostModel(workbench.state.context, workbench.keeper.measured.seconds)
