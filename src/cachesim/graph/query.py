"""Who comes before whom, and who can be reached? The only door to networkx for graph questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cachesim.graph.model import BuildGraph, Stage, StepId

__all__ = ["ancestors", "build_order", "descendants", "first_cycle", "reachable"]


def reachable(links: Mapping[int, set[int]], start: int) -> set[int]:
    """All stages that one stage needs, itself included."""
    found, todo = {start}, [start]
    while todo:
        for other in links.get(todo.pop(), ()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def first_cycle(links: Mapping[int, set[int]]) -> list[int]:
    """A cycle of stages, or nothing. Any stage may be part of it, whether the target needs it or not."""
    if all(other < stage for stage, others in links.items() for other in others):
        return []           # every reference points up: the ordinary case needs no search
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph([(a, b) for a, others in links.items() for b in others])
    try:
        return [edge[0] for edge in nx.find_cycle(graph)]
    except nx.NetworkXNoCycle:
        return []


def build_order(graph: BuildGraph) -> list[Stage]:
    """Stages that the target needs, every stage after those it reads."""
    return [s for s in graph.stages if s.reachable]


def descendants(graph: BuildGraph, *steps: StepId) -> list[StepId]:
    """Every step that takes something from one of these, directly or not, in file order."""
    return _closure(graph, steps, forward=True)


def ancestors(graph: BuildGraph, *steps: StepId) -> list[StepId]:
    """Every step that one of these takes something from, directly or not, in file order."""
    return _closure(graph, steps, forward=False)


def _closure(graph: BuildGraph, steps: Iterable[StepId], *, forward: bool) -> list[StepId]:
    """By hand: asked at each key, and a graph of networkx takes longer to make than all of this."""
    near: dict[StepId, list[StepId]] = {}
    for edge in graph.edges:
        if isinstance(edge.origin, StepId):
            here, there = (edge.origin, edge.target) if forward else (edge.target, edge.origin)
            near.setdefault(here, []).append(there)
    found, todo = set[StepId](), list(steps)
    while todo:
        new = set(near.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return sorted(found)
