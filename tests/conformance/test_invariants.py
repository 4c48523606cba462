"""What holds for every build, whatever it is?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cachesim.cache.store import EMPTY_STORE
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, Outcome
from cachesim.graph.options import BuildOptions, ImageStore
from cachesim.pipeline import simulate
from cachesim.project.scenario import builds_of, scenarios_of
from cachesim.simulate.report import SimulationReport, StepReport
from tests.conformance.generate import scenario

SEEDS = st.integers(0, 10**6)
STORES = st.sampled_from([store.value for store in ImageStore])
quick = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def first_build(seed: int, store: str) -> tuple[str, BuildRequest]:
    """The first build of a generated scenario: its text, and the request (with a context that does not hold the Dockerfile)."""
    case = scenario(seed, "buildkit", store)
    (_, request), *_ = builds_of(scenarios_of(json.dumps(case), case["name"])[0])
    path = request.options.dockerfile
    text = case["builds"][0]["files"][path]["text"].rstrip() + "\n"
    assume(not text.endswith(("\\\n", "`\n")))        # a line that goes on would take what is added
    return text, replace(request, context=request.context.without(path), dockerfile=parse(text))


def two_builds(request: BuildRequest, then: BuildRequest) -> SimulationReport:
    """The second build, where both succeed."""
    report, store = simulate(request, EMPTY_STORE)
    assume(not report.error)
    after, _ = simulate(then, store)
    assert not after.error
    return after


def verdicts(report: SimulationReport) -> dict[tuple[int, int], tuple[Outcome, Outcome]]:
    return {(s.id.stage, s.id.index): (s.outcome, s.likely) for s in report.steps}


def needs(step: StepReport) -> bool:
    return step.outcome not in (Outcome.CONFIG_ONLY, Outcome.UNREACHED)


@quick
@given(SEEDS, STORES)
def test_the_same_again_hits_everywhere(seed: int, store: str) -> None:
    _, request = first_build(seed, store)
    after = two_builds(request, request)
    assert {s.outcome for s in after.steps if needs(s)} <= {Outcome.HIT, Outcome.NOT_NEEDED}


@pytest.mark.parametrize("line", ["LABEL added=1", 'CMD ["added"]', "EXPOSE 4711"])
@quick
@given(seed=SEEDS, store=STORES)
def test_metadata_at_the_end_changes_no_other_step(line: str, seed: int, store: str) -> None:
    text, request = first_build(seed, store)
    plain = verdicts(two_builds(request, request))
    edited = verdicts(two_builds(request, replace(request, dockerfile=parse(text + line + "\n"))))
    assert {at: edited[at] for at in plain} == plain
    assert [edited[at][0] for at in edited.keys() - plain.keys()] == [Outcome.CONFIG_ONLY]


@quick
@given(SEEDS, STORES)
def test_an_unreachable_stage_in_front_changes_nothing_but_names(seed: int, store: str) -> None:
    text, request = first_build(seed, store)
    assume("--from=0" not in text)      # that would be another stage afterwards
    head, from_, rest = text.partition("FROM ")
    front = f"{head}FROM base:1 AS nobody\nRUN unneeded\nCOPY nowhere /x\n{from_}{rest}"
    plain, edited = two_builds(request, request), two_builds(request, replace(request, dockerfile=parse(front)))
    shifted = {(stage - 1, index): v for (stage, index), v in verdicts(edited).items() if stage > 0}
    assert shifted == {at: v for at, v in verdicts(plain).items() if at[0] >= 0}
    assert {s.outcome for s in edited.steps if s.id.stage == 0} == {Outcome.UNREACHED}


@quick
@given(SEEDS, SEEDS, STORES, st.booleans())
def test_the_order_of_independent_stages_changes_nothing(one: int, other: int, store: str, changed: bool) -> None:
    """Stage bodies come from the first stages of two scenarios; both are copied into a third."""
    (text, request), (second, _) = first_build(one, store), first_build(other, store)
    left, right = (_first_stage(t, name) for t, name in ((text, "left"), (second, "right")))
    last = "FROM base:1 AS last\nCOPY --from=left /etc* /l/\nCOPY --from=right /etc* /r/\nRUN end\n"
    options = BuildOptions(args=(("A0", "1"),)) if changed else request.options
    straight, crossed = (replace(request, dockerfile=parse(t)) for t in (left + right + last, right + left + last))
    plain = two_builds(straight, replace(straight, options=options))
    swapped = two_builds(straight, replace(crossed, options=options))
    assert _by_stage(swapped) == _by_stage(plain)


def _first_stage(text: str, name: str) -> str:
    """The first stage that a text holds, under another name; it reads no other stage."""
    _, *stages = ("\n" + text.removeprefix("\ufeff")).split("\nFROM ")
    from_, _, body = stages[0].partition("\n")
    base = from_.split()[0]
    return f"FROM {base if base in ('base:1', 'other:1') else 'base:1'} AS {name}\n{body}\n"


def _by_stage(report: SimulationReport) -> dict[str, list[tuple[str, Outcome, Outcome]]]:
    return {stage.name: [(s.step.instruction.text, s.outcome, s.likely) for s in report.steps if s.id.stage == stage.index]
            for stage in report.graph.stages}
