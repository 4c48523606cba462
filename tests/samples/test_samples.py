"""Are the shipped samples complete, true to their scenarios, and predicted as the engine built them?"""

from __future__ import annotations

import functools
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from cachesim.assets import samples, samples_dir
from cachesim.diagnostics import Severity
from cachesim.dockerfile.parser import parse
from tests.conformance.agree import compared, load, predicted

NAMES = [sample.name for sample in samples()]
SCENARIOS = sorted(samples_dir().glob("*/scenario*.json"))


@functools.cache
def scenario_of(path: Path) -> dict[str, Any]:
    (scenario,) = load(path)
    return scenario


def folder_files(folder: Path) -> dict[str, dict[str, str]]:
    """A sample's folder as the first build of its scenario writes it."""
    files = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == "README.md" or re.fullmatch(r"scenario.*\.json", name) or "__pycache__" in name:
            continue
        files[name] = {"text": path.read_text(encoding="utf-8")}
        if path.stat().st_mode & stat.S_IXUSR:
            files[name]["mode"] = "755"
    return files


def test_the_index_names_every_sample():
    folders = {path.parent.name for path in samples_dir().glob("*/Dockerfile")}
    assert sorted(NAMES) == sorted(folders) and len(NAMES) == len(set(NAMES)) >= 6
    for sample in samples():
        assert sample.teaches.endswith(".") and "\n" not in sample.teaches
        assert 5 < len(sample.title) < 40


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_says_what_to_try_and_keeps_that_out_of_the_context(name):
    folder = samples_dir() / name
    ignored = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"README.md", *(path.name for path in folder.glob("scenario*.json"))} <= set(ignored)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "## Why" in readme or "## Without internet" in readme
    assert len(readme) > 800


@pytest.mark.parametrize("name", NAMES)
def test_a_dockerfile_has_nothing_to_complain_about(name):
    parsed = parse((samples_dir() / name / "Dockerfile").read_text(encoding="utf-8"))
    assert [d for d in parsed.diagnostics if d.severity is not Severity.HINT] == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_scenario_starts_from_the_folder(path):
    assert scenario_of(path)["builds"][0]["files"] == folder_files(path.parent)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_build_says_what_was_done_and_was_recorded(path):
    builds = scenario_of(path)["builds"]
    assert len(builds) >= 4 and len({build["edit"] for build in builds}) == len(builds)
    assert all(build["observed"]["steps"] and not build["observed"]["error"] for build in builds)
    statuses = {step["status"] for build in builds for step in build["observed"]["steps"]}
    assert statuses == {"cached", "run"}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_prediction_is_what_the_engine_did(path):
    scenario = scenario_of(path)
    (answer,) = predicted([scenario])
    tally = compared(scenario, answer)
    assert not tally.wrong, "\n".join(tally.differences)


def test_the_engines_differ_in_each_of_the_five_edits():
    folder = samples_dir() / "two-engines"
    buildkit, classic = scenario_of(folder / "scenario.json"), scenario_of(folder / "scenario-classic.json")
    for ours, theirs in zip(buildkit["builds"], classic["builds"], strict=True):
        assert (ours["edit"], ours["files"], ours["options"]) == (theirs["edit"], theirs["files"], theirs["options"])
    for number in range(1, 6):
        ran = [_instructions(scenario["builds"][number], "run") for scenario in (buildkit, classic)]
        assert ran[0] != ran[1], buildkit["builds"][number]["edit"]


def test_the_offline_sample_needs_no_network():
    scenario = scenario_of(samples_dir() / "busybox-offline" / "scenario.json")
    assert [base["ref"] for base in scenario["bases"]] == ["busybox:1.36"]
    text = json.dumps([build["files"] for build in scenario["builds"]])
    assert not re.search(r"\b(wget|curl|apk|apt-get|pip|npm) ", text)


def _instructions(build: dict[str, Any], status: str) -> set[str]:
    """RUN, COPY and WORKDIR steps of that status, under a name that both engines share."""
    names = (re.sub(r"^(\[[^]]*\]|Step \d+/\d+ :) ", "", step["name"])
             for step in build["observed"]["steps"] if step["status"] == status)
    return {re.sub(r" \(.*", "", name) for name in names if name.startswith(("RUN", "COPY", "WORKDIR"))}
