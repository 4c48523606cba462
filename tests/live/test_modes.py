"""All four modes through the command line, with the samples and three multi-stage projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.graph.options import ImageStore

from .conftest import Bench, shown_on
from .modes import HERE, MODES, PROJECTS, SAMPLES, confirm, project

pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved files of its own."""
    monkeypatch.setenv("CACHESIM_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_with_its_timeline(bench: Bench, name: str, mode: str, tmp_path: Path) -> None:
    assert bench.facts.store is not None
    # `python -m tests.live.modes` runs all of them on either
    shown_on(bench.facts, ImageStore.CONTAINERD if name == PROJECTS[0] else ImageStore.GRAPHDRIVER)
    folder = project(name, tmp_path, bench.facts.store)
    told = confirm(str(folder), "--mode", mode)
    assert told.exit == 0 and told.count("wrong") == 0 and told.error == "", told
    assert len(told.value["builds"]) == (6 if mode in ("isolated", "rehearsal") else 1)
    if mode == "live":      # what was assumed at first is known now
        told = confirm(str(folder), "--mode", mode)
        assert told.exit == 0 and told.count("assumed earlier") == told.count("known earlier") == 0
    if mode == "no-cache":
        assert {s["observed"] for build in told.value["builds"] for s in build["steps"] if s["verdict"] == "right"} == {"run"}
    assert told.value["compared"] >= 8 and told.value["held"] >= told.value["compared"] - 6
    assert bench.nothing_is_left()


@pytest.mark.parametrize("mode", ["isolated", "live", "no-cache"])
def test_a_sample_whose_bases_are_not_here_points_to_the_rehearsal(bench: Bench, mode: str, tmp_path: Path) -> None:
    name = next(name for name in SAMPLES if name not in HERE)
    told = confirm("--scenario", str(Path(__file__).parents[2] / "samples" / name / "scenario.json"), "--mode", mode)
    if told.exit == 0:
        pytest.skip("this engine can fetch images")
    assert told.exit == 2 and told.value["verdict"].startswith("The image ") and "docker pull" in told.value["verdict"]
    assert "choose the mode rehearsal" in told.value["verdict"] and told.value["compared"] == 0
    assert bench.nothing_is_left()      # tests/samples/test_live.py makes the rehearsals
