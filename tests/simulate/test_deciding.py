"""Tests of simulate/deciding.py."""

from __future__ import annotations

from dataclasses import replace

from cachesim.engines.base import Outcome, RunClaim, RunClaimKind
from cachesim.graph.model import StepId
from cachesim.pipeline import simulate
from cachesim.simulate.deciding import carriers, claim_command, deciding_runs
from tests.simulate.builds import COPY_ALL, COPY_DIST, RUN_BUILD, RUN_TEST, built, edited, state_of


def test_a_cause_comes_down_step_by_step() -> None:
    report, _ = edited()
    assert [s.id for s in carriers(report, report.step(RUN_TEST))] == [COPY_ALL, RUN_BUILD, RUN_TEST]
    assert carriers(report, report.step(COPY_ALL)) == ()


def test_the_runs_whose_bytes_are_copied_decide_and_one_decides_about_itself() -> None:
    report, _ = edited()
    assert [s.id for s in deciding_runs(report, report.step(COPY_DIST))] == [RUN_TEST, RUN_BUILD]
    assert [s.id for s in deciding_runs(report, report.step(RUN_BUILD))] == [RUN_BUILD]
    assert not deciding_runs(report, report.step(StepId(0, 3)))


def test_a_claim_reaches_the_engine_and_stays_offered() -> None:
    state = state_of()
    report, _ = edited()
    commands = [claim_command(report.step(i)) for i in (RUN_BUILD, RUN_TEST)]
    assert commands == ["npm run build", "npm test"]
    claims = tuple(RunClaim(command, RunClaimKind.WRITES_ONLY, ("/elsewhere",)) for command in commands)
    claimed = replace(state, claims=claims)
    other = replace(claimed, context=state.context.with_bytes("src/app.ts", b"123456"))
    after, _ = simulate(other.request(), built(claimed))
    assert after.step(COPY_DIST).outcome is Outcome.HIT
    assert [s.id for s in deciding_runs(after, after.step(COPY_DIST), claims)] == [RUN_TEST, RUN_BUILD]
    assert not deciding_runs(after, after.step(COPY_DIST))
