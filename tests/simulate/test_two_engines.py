"""The rule behind two different answers is named, for the five surprises of the sample and for what has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.options import EngineKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.compare import ReportComparison, compare

FILES = {"f": b"x", "d/a": b"1", "d/b": b"2"}


def side_by_side(first: str, second: str, files: dict[str, bytes] = FILES) -> ReportComparison:
    reports = []
    for engine in EngineKind:
        store = EMPTY_STORE
        for text, given in ((first, FILES), (second, files)):
            state = ProjectState(text, ContextSnapshot.of({**given, ".dockerignore": b"Dockerfile\n"}), engine=engine)
            report, store = simulate(state.request(), store)
        reports.append(report)
    return compare(*reports)


def rules(first: str, second: str, files: dict[str, bytes] = FILES) -> dict[str, str]:
    return {(p.a or p.b).step.instruction.keyword: str(p.rule) for p in side_by_side(first, second, files).pairs if p.differs}


@pytest.mark.parametrize(("first", "second", "keyword", "words"), [
    ("FROM b\nLABEL a=1\nRUN x\n", "FROM b\nLABEL a=2\nRUN x\n", "LABEL", "makes an image of its own"),
    ("FROM b\nLABEL a=1\nRUN x\n", "FROM b\nLABEL a=2\nRUN x\n", "RUN", "gives up after the first miss"),
    ("FROM b\nRUN <<E\na\nE\n", "FROM b\nRUN <<E\nc\nE\n", "RUN", "drops the body of a heredoc"),
    ("FROM b\nCOPY --exclude=b d /d\n", "FROM b\nCOPY --exclude=a d /d\n", "COPY", "does not know --exclude"),
    ("FROM b AS s\nRUN a\nFROM b\nRUN x\n", "FROM b AS s\nRUN b\nFROM b\nRUN x\n", "RUN", "every stage up to the target"),
    ("FROM b\nRUN x\n", "FROM b\nCOPY --chmod=600 f /f\nRUN x\n", "COPY", "refuses this"),
])
def test_the_rule_is_named(first: str, second: str, keyword: str, words: str) -> None:
    found = rules(first, second)
    assert words in found[keyword] and ("moby v28.5" in found[keyword] or "BuildKit v0.25" in found[keyword])


def test_where_both_agree_nothing_is_said() -> None:
    assert rules("FROM b\nCOPY f /f\nRUN x\n", "FROM b\nCOPY f /f\nRUN y\n") == {}
    assert rules("FROM b\nLABEL a=1\nRUN x\n", "FROM b\nLABEL a=1\nRUN x\n") == {}


def test_it_does_not_matter_which_side_is_which() -> None:
    forth = side_by_side("FROM b\nLABEL a=1\nRUN x\n", "FROM b\nLABEL a=2\nRUN x\n")
    back = compare(forth.b, forth.a)
    assert [p.rule for p in back.pairs] == [replace(p).rule for p in forth.pairs]
