"""Do we predict what the engines did in the recordings?"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.agree import RECORDINGS, Tally, agreement, compared, load

FILES = sorted(RECORDINGS.glob("*.jsonl"))


@functools.cache
def tally_of(path: Path) -> Tally:
    return agreement(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_prediction_is_a_lie(path):
    tally = tally_of(path)
    assert tally.steps > (50 if path.stem.endswith("differential") else 100)
    assert not tally.wrong, "\n".join([str(tally), *tally.differences[:20]])


@pytest.mark.parametrize("engine", ["buildkit", "classic"])
def test_hedges_are_rare_and_mostly_right(engine):
    """How rare is asked of the corpus alone: what once differed was kept because it is open."""
    corpus, total = Tally(), Tally()
    for path in FILES:
        if path.stem.startswith("classic") == (engine == "classic"):
            total.add(tally_of(path))
            if not path.stem.endswith("differential"):
                corpus.add(tally_of(path))
    assert corpus.uncertain < 0.015 * corpus.steps, str(corpus)
    for tally in (corpus, total):
        assert tally.hedges_right >= 0.8 * tally.uncertain, str(tally)


def test_recordings_name_engine_and_store():
    names = set()
    for path in FILES:
        for scenario in load(path):
            assert scenario["engine"] == ("classic" if path.stem.startswith("classic") else "buildkit")
            store = "containerd" if path.stem.startswith("containerd") else "graphdriver"
            assert scenario.get("store", "graphdriver") == store
            names.add(scenario["name"])
    assert len(names) == sum(len(load(path)) for path in FILES)


def said(*steps: tuple[str, str, bool], error: str | None = None) -> dict[str, Any]:
    return {"builds": [{"error": error, "steps": [{"name": n, "status": s, "certain": c} for n, s, c in steps]}]}


def seen(*steps: tuple[str, str], error: str | None = None) -> dict[str, Any]:
    return {"name": "case", "builds": [{"observed": {"steps": [{"name": n, "status": s} for n, s in steps],
                                                     "error": error}}]}


# The rules of the comparison itself: what counts as what.
CASES = {
    "right": (seen(("[2/2] RUN a", "run")), said(("[2/2] RUN a", "run", True)), {"steps": 1, "agree": 1}),
    "a lie": (seen(("[2/2] RUN a", "run")), said(("[2/2] RUN a", "cached", True)), {"steps": 1, "lies": 1}),
    "right hedge": (seen(("[2/2] RUN a", "run")), said(("[2/2] RUN a", "run", False)),
                    {"steps": 1, "agree": 1, "hedges_right": 1}),
    "wrong hedge": (seen(("[2/2] RUN a", "run")), said(("[2/2] RUN a", "cached", False)),
                    {"steps": 1, "hedges_wrong": 1}),
    "missing": (seen(("[2/2] RUN a", "run")), said(("[2/2] RUN b", "unreached", True)), {"steps": 1, "missing": 1}),
    "extra": (seen(), said(("[2/2] RUN a", "cached", True)), {"extra": 1}),
    "one name twice": (seen(("[2/2] RUN a", "run"), ("[2/2] RUN a", "cached")),
                       said(("[2/2] RUN a", "cached", True), ("[2/2] RUN a", "run", True)), {"steps": 2, "agree": 2}),
    "sources are left out": (seen(("[1/2] FROM b", "run"), ("FROM x", "run"), ("[context b] x", "run")),
                             said(("[1/2] FROM b", "cached", True), ("Step 1/2 : FROM b", "run", True)), {}),
    "both fail": (seen(error="no"), said(("[2/2] RUN a", "run", True), error="no"), {}),
    "only the engine fails": (seen(error="no"), said(), {"wrong_about_failing": 1}),
    "only the prediction fails": (seen(), said(error="no"), {"wrong_about_failing": 1}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_counts_as_what(name):
    scenario, answer, wanted = CASES[name]
    tally = compared(scenario, answer)
    tally.differences.clear()
    right = int(not {"lies", "missing", "extra", "wrong_about_failing"} & set(wanted))
    assert tally == Tally(scenarios=1, scenarios_right=right, **wanted)
