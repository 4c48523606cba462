"""The edits of the samples are those of their scenarios, one after the other."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.assets import Sample, samples
from cachesim.cache.store import EMPTY_STORE
from cachesim.pipeline import simulate
from cachesim.project.blobs import BlobStore
from cachesim.project.open import ProjectInfo, load_state
from cachesim.project.prepared import prepared_of
from cachesim.project.scenario import builds_of, read_scenarios


@pytest.mark.parametrize("sample", samples(), ids=lambda s: s.name)
def test_each_edit_of_a_sample_changes_it_and_has_a_name_of_its_own(sample: Sample) -> None:
    prepared = prepared_of(sample.scenario)
    assert prepared is not None and not any(edit.build.move_tags for edit in prepared.edits)
    names = [edit.label for edit in prepared.edits]
    assert len(set(names)) == len(names) and not any(name[0].isdigit() for name in names)
    state = prepared.at_first(load_state(ProjectInfo(sample.folder, sample.folder / "Dockerfile")))
    for edit in prepared.edits:
        after = edit.applied(state, BlobStore(None), edit.number)
        assert after != state and edit.build.options.args == after.options.args
        state = after


@pytest.mark.parametrize("sample", samples(), ids=lambda s: s.name)
def test_what_runs_after_each_edit_is_what_the_scenario_says(sample: Sample) -> None:
    """The samples are recorded with real engines; making their edits in the window is the same as replaying them."""
    prepared, scenario = prepared_of(sample.scenario), read_scenarios(sample.scenario)[0]
    assert prepared is not None
    state = prepared.at_first(load_state(ProjectInfo(sample.folder, sample.folder / "Dockerfile")))
    store = mine = EMPTY_STORE
    for edit, (_, request) in zip((None, *prepared.edits), builds_of(scenario), strict=True):
        state = edit.applied(state, BlobStore(None), edit.number) if edit is not None else state
        state = replace(state, bases=request.bases, store=request.store)
        theirs, store = simulate(request, store)
        ours, mine = simulate(state.request(), mine)
        assert [(s.id, s.outcome) for s in ours.steps] == [(s.id, s.outcome) for s in theirs.steps], edit


def test_the_next_edit_follows_the_ones_that_were_made_in_order(tmp_path: Path) -> None:
    prepared = prepared_of(next(s for s in samples() if s.name == "two-engines").scenario)
    assert prepared is not None
    first, second = prepared.edits[:2]
    assert prepared.made(()) is None and prepared.after(("First build",)) is first
    assert prepared.after(("First build", first.label.upper())) is second
    assert prepared.made(("First build", f"{first.label} and 1 more change")) is first
    assert prepared.after(("First build", second.label)) is first                  # one that was left out comes first
    assert prepared.after([edit.label for edit in prepared.edits]) is None
    assert prepared_of(tmp_path / "scenario.json") is None


def test_a_recording_tells_of_an_edit_while_nothing_else_was_done() -> None:
    prepared = prepared_of(next(s for s in samples() if s.name == "node-multistage").scenario)
    assert prepared is not None
    first, second = (edit.label.capitalize() for edit in prepared.edits[:2])
    assert prepared.shown(("First build", first, second)) is prepared.edits[1]
    assert prepared.shown(("First build", first, second, "touch a")) is prepared.shown(("First build",)) is None
    assert prepared.shown(("First build", second)) is None
    copy = "[stage-3 3/3] COPY --from=build /app/dist/ /usr/share/nginx/html/"
    assert [edit.build.seen[copy] for edit in prepared.edits[:2]] == ["run", "cached"]


@pytest.mark.parametrize("sample", samples(), ids=lambda s: s.name)
def test_no_title_promises_what_the_prediction_leaves_open(sample: Sample) -> None:
    """Where a step depends on what a RUN writes, the name of an edit says "if" before it says that something is kept."""
    scenario = read_scenarios(sample.scenario)[0]
    store = EMPTY_STORE
    for build, request in builds_of(scenario):
        report, store = simulate(request, store)
        kept = [s for s in report.steps if not s.certain and build.seen.get(s.name) == "cached"]
        assert not kept or ": if " in build.edit or not re.search("keep|kept|same bytes", build.edit), build.edit
