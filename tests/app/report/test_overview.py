"""Tests of app/report/overview.py."""

from __future__ import annotations

from cachesim.app.report.lines import Link
from cachesim.app.report.overview import overview
from cachesim.cache.store import EMPTY_STORE
from cachesim.pipeline import simulate
from tests.simulate.builds import COPY_ALL, built, edited, state_of


def test_nothing_open() -> None:
    assert overview(None).sentence == "Nothing is open yet."


def test_first_build() -> None:
    report, _ = simulate(state_of().request(), EMPTY_STORE)
    assert overview(report).sentence == "This is your first build: 9 steps would run."


def test_all_cached() -> None:
    state = state_of()
    report, _ = simulate(state.request(), built(state))
    assert overview(report).sentence == "Nothing would run."
    assert any(isinstance(p, Link) and p.target == ":what-if" for p in overview(report).explanation[0].pieces)


def test_the_overview_names_the_first_cause_and_what_hangs_on_it() -> None:
    report, _ = edited()
    story = overview(report)
    assert story.sentence.startswith("3 of ")
    assert "line 7 COPY . .: src/app.ts changed: 1 B → 6 B" in story.text()
    assert Link("line 7 COPY . .", COPY_ALL) in [p for line in story.explanation for p in line.pieces]
