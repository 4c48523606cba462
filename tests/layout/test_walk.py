"""Where the arrow keys lead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cachesim.graph.model import BuildGraph, EdgeKind, Source, SourceKind, StepId
from cachesim.layout.layered import META, layered_positions
from cachesim.layout.walk import Direction, walk

IMAGE = Source(SourceKind.IMAGE, "docker.io/library/alpine:3.20")
COPY = EdgeKind.COPY_FROM
UP, DOWN, LEFT, RIGHT = Direction.UP, Direction.DOWN, Direction.LEFT, Direction.RIGHT


@pytest.fixture(scope="module")
def graph(build: Callable[..., BuildGraph]) -> BuildGraph:
    """Stage 0, stage 1 on top of it, stage 2 copies from both, stage 3 is not needed."""
    return build([(IMAGE, [("RUN a", []), ("RUN b", [])]), (0, [("RUN c", [])]),
                  (IMAGE, [("COPY x", [(COPY, 0)]), ("COPY y", [(COPY, 1)])]), (0, [("RUN d", [])])], 2, meta=1)


@pytest.mark.parametrize(("start", "direction", "end"), [
    ((0, 0), DOWN, (0, 1)),
    ((0, 1), UP, (0, 0)),
    ((1, 0), UP, (0, 2)),           # FROM a stage: to its last step
    ((0, 2), DOWN, (1, 0)),         # and back
    ((2, 2), DOWN, None),           # the end of the build
    ((2, 0), UP, None),             # FROM an image
    ((2, 1), LEFT, (0, 2)),         # along COPY --from
    ((2, 2), LEFT, (1, 1)),
    ((1, 1), RIGHT, (2, 2)),
    ((1, 0), LEFT, (0, 2)),         # along FROM
    ((0, 0), RIGHT, (1, 0)),        # no edge: the nearest of the next lane
    ((0, 1), RIGHT, (1, 1)),
    ((2, 0), LEFT, (1, 0)),
    ((0, 0), LEFT, (META, 0)),      # a folded lane is reached too
    ((2, 0), RIGHT, (3, 0)),
    ((META, 0), RIGHT, (0, 0)),
    ((META, 0), LEFT, None),
])
def test_arrows_follow_edges_and_reach_the_next_lane(graph: BuildGraph, start: tuple[int, int], direction: Direction,
                                                    end: tuple[int, int] | None) -> None:
    found = walk(graph, layered_positions(graph), StepId(*start), direction)
    assert found == (None if end is None else StepId(*end))


def test_every_step_can_be_reached_with_the_arrows(graph: BuildGraph) -> None:
    layout = layered_positions(graph, unfolded=frozenset({META, 3}))
    seen, todo = {StepId(0, 0)}, [StepId(0, 0)]
    while todo:
        here = todo.pop()
        for direction in Direction:
            there = walk(graph, layout, here, direction)
            if there is not None and there not in seen:
                seen.add(there)
                todo.append(there)
    assert seen == set(layout.steps)


def test_a_step_that_is_gone_leads_nowhere(graph: BuildGraph) -> None:
    assert walk(graph, layered_positions(graph), StepId(9, 0), DOWN) is None
