"""A stage that the last build left out is explained by the last build that made it."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, MissReason
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.pipeline import simulate

TEXT = "FROM busybox AS first\nRUN one\nFROM busybox\nCOPY a /\nRUN two\n"


@pytest.mark.parametrize("engine", EngineKind)
def test_after_a_build_of_another_target_a_change_is_named_not_called_never_built(engine: EngineKind) -> None:
    def ask(content: bytes, target: str = "") -> BuildRequest:
        return BuildRequest(dockerfile=parse(TEXT), context=ContextSnapshot.of({"a": content}),
                            options=BuildOptions(target=target), engine=engine)
    _, store = simulate(ask(b"1"), EMPTY_STORE)
    _, store = simulate(ask(b"1", "first"), store)
    assert simulate(ask(b"1"), store)[0].first_miss is None
    report, store = simulate(ask(b"22"), store)
    miss = report.first_miss
    assert miss is not None and miss.step.line == 4
    assert miss.reason is MissReason.PART and miss.cause.startswith("a changed: 1 B → 2 B")
    assert [s.reason for s in report.misses()][1:] == [MissReason.PARENT]
    assert simulate(ask(b"22"), store)[0].first_miss is None
