"""Build graphs by hand: a stage is its base and a list of (instruction, what it reads)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.instructions import From, Instruction
from cachesim.graph.model import BuildGraph, Edge, EdgeKind, Source, Stage, Step, StepId

Reads = Iterable[tuple[EdgeKind, int | Source]]


def _build(stages: Sequence[tuple[int | Source, Sequence[tuple[str, Reads]]]], target: int | None = None,
          meta: int = 0) -> BuildGraph:
    """A graph with all edges; `target` defaults to the last stage."""
    line = 1
    globals_ = []
    for index in range(meta):
        text = f"ARG V{index}=1"
        globals_.append(Step(StepId(-1, index), Instruction("ARG", SourceSpan(line, 0, line, 9), text, (), ())))
        line += 1
    sizes = [len(steps) + 1 for _, steps in stages]
    edges: list[Edge] = []
    made: list[list[Step]] = []
    reads: dict[int, set[int]] = {}
    for number, (base, body) in enumerate(stages):
        name = base.name if isinstance(base, Source) else f"s{base}"
        first = StepId(number, 0)
        steps = [Step(first, From("FROM", SourceSpan(line, 0, line, 9), f"FROM {name} AS s{number}", (), (), name,
                                  f"s{number}", ""))]
        line += 1
        origin = StepId(base, sizes[base] - 1) if isinstance(base, int) else base
        edges.append(Edge(EdgeKind.PARENT, origin, first))
        reads[number] = {base} if isinstance(base, int) else set()
        for index, (text, wants) in enumerate(body, 1):
            here = StepId(number, index)
            steps.append(Step(here, Instruction(text.split()[0], SourceSpan(line, 0, line, 9), text, (), ())))
            line += 1
            edges.append(Edge(EdgeKind.PARENT, StepId(number, index - 1), here))
            for kind, what in wants:
                edges.append(Edge(kind, StepId(what, sizes[what] - 1) if isinstance(what, int) else what, here))
                if isinstance(what, int):
                    reads[number].add(what)
        made.append(steps)
    target = len(stages) - 1 if target is None else target
    needed, todo = set(), [target]
    while todo:
        stage = todo.pop()
        if stage not in needed:
            needed.add(stage)
            todo += reads[stage]
    return BuildGraph(tuple(globals_), tuple(
        Stage(i, f"s{i}", stages[i][0], "", tuple(steps), i in needed) for i, steps in enumerate(made)),
        target, tuple(edges), (), {}, None, ())


@pytest.fixture(scope="session")
def build() -> Callable[..., BuildGraph]:
    """Make a graph; see `_build`."""
    return _build
