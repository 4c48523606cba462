"""The edits of the samples are those of their scenarios, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.assets import Sample, samples
from cachesim.project.blobs import BlobStore
from cachesim.project.open import ProjectInfo, load_state
from cachesim.project.prepared import prepared_of


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


def test_the_next_edit_follows_the_ones_that_were_made_in_order(tmp_path: Path) -> None:
    prepared = prepared_of(next(s for s in samples() if s.name == "two-engines").scenario)
    assert prepared is not None
    first, second = prepared.edits[:2]
    assert prepared.made(()) is None and prepared.after(("First build",)) is first
    assert prepared.after(("First build", first.label.upper())) is second
    assert prepared.made(("First build", f"{first.label} and 1 more")) is first
    assert prepared.after(("First build", second.label)) is first                  # one that was left out comes first
    assert prepared.after([edit.label for edit in prepared.edits]) is None
    assert prepared_of(tmp_path / "scenario.json") is None
