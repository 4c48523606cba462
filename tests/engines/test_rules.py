"""Tests of engines/rules.py: every step says which rule decided, and where that rule can be checked."""

from __future__ import annotations

import re

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest
from cachesim.engines.rules import Rule
from cachesim.export.report_json import step_objects
from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
from cachesim.pipeline import simulate
from cachesim.simulate.report import SimulationReport

BUILDER = ("FROM base:1 AS b\nCOPY f /f\nRUN cat /f\nCOPY g /g\nLABEL a=1\n"
           "FROM base:1 AS other\nRUN x\nFROM base:1\nWORKDIR /w\nCOPY --from=b /g /g\nRUN y\n")


def built(text: str, *edits: dict[str, bytes], engine: EngineKind = EngineKind.BUILDKIT,
          store: ImageStore = ImageStore.GRAPHDRIVER, **options: object) -> SimulationReport:
    """The last of a build and its edits; the options are those of the last build."""
    context, cache = ContextSnapshot.of({"f": b"1", "g": b"1"}), EMPTY_STORE
    for number, edit in enumerate(({}, *edits)):
        for name, data in edit.items():
            context = context.with_bytes(name, data)
        last = BuildOptions(**options) if number == len(edits) else BuildOptions()  # type: ignore[arg-type]
        report, cache = simulate(BuildRequest(parse(text), context, last, engine, store=store), cache)
    return report


def rules(report: SimulationReport) -> list[Rule | None]:
    return [step.rule for step in report.steps]


@pytest.mark.parametrize("rule", Rule, ids=lambda rule: rule.name)
def test_a_rule_can_be_checked(rule: Rule) -> None:
    """A file of a builder's repository at one version, and what to look for in it."""
    assert re.search(r"^github\.com/moby/(buildkit|moby) v\d+\.\d+\.\d+, \S+\.go \(\w+", rule.source)
    assert rule.title and rule.says.endswith(".")
    assert "§" not in str(rule) and ".md" not in str(rule)


def test_every_rule_is_its_own() -> None:
    assert len(Rule.__members__) == len(list(Rule))     # two members of equal words would be one


def test_every_step_of_a_cold_build_names_its_rule() -> None:
    assert rules(built(BUILDER)) == [
        Rule.BASE, Rule.COPY, Rule.RUN, Rule.COPY, Rule.NO_STEP, Rule.TARGET, Rule.TARGET, Rule.BASE, Rule.WORKDIR, Rule.COPY,
        Rule.RUN]


def test_what_stands_on_a_run_step_names_the_chain_and_equal_bytes_the_cut_off() -> None:
    found = rules(built(BUILDER, {"f": b"22"}))
    assert found[1:4] == [Rule.COPY, Rule.CHAIN, Rule.CHAIN]
    assert found[9] is Rule.CONTENT


def test_no_cache_and_the_store_have_rules_of_their_own() -> None:
    assert rules(built(BUILDER, {}, no_cache=True))[1] is Rule.IGNORED_CACHE
    linked = rules(built("FROM base:1\nRUN x\nCOPY --link f /f\n", store=ImageStore.CONTAINERD))
    assert linked[0] is Rule.BASE_MANIFEST and linked[2] in (Rule.LINK, Rule.CHAIN)


def test_the_classic_builder_cites_its_own_files() -> None:
    report = built("FROM base:1\nARG A=1\nCOPY f /f\nWORKDIR /w\nRUN x\nENV A=1\n", engine=EngineKind.CLASSIC)
    assert rules(report) == [Rule.CLASSIC_FROM, Rule.CLASSIC_ARG, Rule.CLASSIC_COPY, Rule.CLASSIC_WORKDIR, Rule.CLASSIC_RUN,
                             Rule.CLASSIC_IMAGE]
    refused = built("FROM base:1\nCOPY gone /f\n", engine=EngineKind.CLASSIC)
    assert refused.steps[1].rule is Rule.CLASSIC_SOURCES
    assert all(r.name.startswith("CLASSIC_") == ("builder/dockerfile/" in r.source or "image/cache" in r.source
                                                 or "daemon/commit" in r.source) for r in Rule)


def test_json_says_where_the_rule_stands() -> None:
    found = step_objects(built(BUILDER))
    assert found[1]["rule"] == {"says": Rule.COPY.says, "source": Rule.COPY.source}
