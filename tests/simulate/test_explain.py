"""Tests of simulate/explain.py: what its sentences say to somebody who knows no key."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.explain import invalidators

FILES = ContextSnapshot.of({"a": b"1", "b": b"1"})


@pytest.mark.parametrize(("first", "second", "cause"), [
    ("COPY a /x/", "COPY b /x/", "It copies b, not a"), ("COPY a /x/", "COPY a b /x/", "It copies b, too")])
def test_another_source_is_called_by_its_name(first: str, second: str, cause: str) -> None:
    _, store = simulate(ProjectState(f"FROM busybox:1\n{first}\n", FILES).request("1"), EMPTY_STORE)
    report, _ = simulate(ProjectState(f"FROM busybox:1\n{second}\n", FILES).request("2"), store)
    step = report.steps[1]
    assert cause in step.cause and "ource 1" not in step.cause
    labels = [threat.label for threat in invalidators(report, step.id) if threat.kind == "text"]
    assert "destination" in labels and all(not label.startswith("source") for label in labels)
