"""The classic builder, driven through the SDK on a real engine."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest

from cachesim.cli.runner import Runner
from cachesim.confirm.match import Mode
from cachesim.graph.options import EngineKind, ImageStore

from .conftest import BASE, Bench, table, wrong

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(importlib.util.find_spec("cachesim.engines.classic") is None, reason="no model of this builder")]

TEXT = f"""\
FROM {BASE} AS one
WORKDIR /w
COPY a ./
RUN cat a > b
FROM {BASE}
ENV A=1
COPY --from=one /w/b /b
COPY . /all
RUN cat /b
CMD ["true"]
"""


def classic(bench: Bench) -> None:
    if bench.facts.store is not ImageStore.GRAPHDRIVER:
        pytest.skip("the rules of the classic builder are those of the graph driver store")


def test_isolated_twice_with_the_same_table(bench: Bench) -> None:
    classic(bench)
    first = replace(bench.state({"Dockerfile": TEXT, "a": "1\n", ".dockerignore": "Dockerfile\n"}),
                    engine=EngineKind.CLASSIC)
    builds = [("first", first), ("again", first), ("edit", bench.edited(first, {"a": "22\n"})),
              ("new file", bench.edited(first, {"c": "3\n"})), ("back", first)]
    one = bench.confirm(Mode.ISOLATED, *builds)
    assert wrong(one) == [] and one.compared >= 30 and one.exit_code == 0
    assert table(bench.confirm(Mode.ISOLATED, *builds)) == table(one)
    assert bench.nothing_is_left()


def test_cancel_ends_the_build(bench: Bench) -> None:
    classic(bench)
    state = bench.state({"Dockerfile": f"FROM {BASE}\nRUN echo started; sleep 61; echo slept\n"})
    state = replace(state, engine=EngineKind.CLASSIC)
    runner = Runner()
    asked: list[bool] = []

    def watch() -> None:
        if not asked and any("started" in v.log for v in session.phase.observed.vertices):
            asked.append(True)
            runner.cancel()
    session = bench.session(bench.plan(Mode.ISOLATED, [("first", state)]), watch)
    result = runner.run(session.script())
    assert result.cancelled and asked and not any("slept" in v.log for v in session.phase.observed.vertices)
    assert bench.nothing_is_left()


def test_a_failing_build(bench: Bench) -> None:
    classic(bench)
    state = replace(bench.state({"Dockerfile": f"FROM {BASE}\nRUN echo bad; exit 7\n"}), engine=EngineKind.CLASSIC)
    result = bench.confirm(Mode.ISOLATED, ("first", state))
    failed = result.builds[0].observed.failed_vertex
    assert failed is not None and "bad\n" in failed.log and "non-zero code: 7" in result.builds[0].observed_error
    assert result.exit_code == 1 and bench.nothing_is_left()
