"""What a user does to the files of the pane, and what is read off it."""

from __future__ import annotations

from cachesim.app.context.cells import Column
from cachesim.app.context.context_panel import ContextPanel

__all__ = ["choose", "state_of"]


def choose(panel: ContextPanel, *paths: str) -> None:
    panel.reveal(paths[0])
    model = panel.tree.selectionModel()
    for path in paths[1:]:
        model.select(panel.model.index_of(path), model.SelectionFlag.Select | model.SelectionFlag.Rows)


def state_of(panel: ContextPanel, path: str) -> str:
    return str(panel.model.index_of(path).siblingAtColumn(Column.STATE).data())
