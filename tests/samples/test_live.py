"""Does a real engine do with the samples what we predict? (`pytest -m docker`)"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cachesim.assets import sample

pytestmark = pytest.mark.docker


def docker(*args: str) -> subprocess.CompletedProcess[str]:
    """Ask the engine; one that is not there, or hangs, is an answer too."""
    try:
        return subprocess.run(["docker", *args], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess([], 1, "", str(error))


@pytest.fixture(scope="module")
def store() -> str:
    """The image store of the engine that DOCKER_HOST names; no engine is a failure where CI is set, else a skip."""
    info = docker("info", "--format", "{{json .DriverStatus}}")
    problem = info.stderr.strip() if info.returncode else ""
    if not problem and docker("image", "inspect", "busybox:1.36").returncode:
        problem = "it has no busybox:1.36; pull it, or run scripts/docker-engine base"
    if problem:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no usable Docker Engine: {problem}")
    return "containerd" if "io.containerd" in info.stdout else "graphdriver"


@pytest.fixture
def scenario(store, tmp_path):
    """Write the scenario of a sample for the store that the engine has."""
    def written(name: str, number_of_builds: int | None = None) -> Path:
        text = json.loads(sample(name).scenario.read_text(encoding="utf-8"))
        text["store"] = store
        text["builds"] = text["builds"][:number_of_builds]
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(text), encoding="utf-8")
        return path
    return written


def confirm(folder: Path, *args: str) -> tuple[int, dict[str, Any], str]:
    """Run the command; its exit status, its answer, and all that it said."""
    done = subprocess.run([sys.executable, "-m", "cachesim", "confirm", str(folder), "--json", *args],
                          capture_output=True, text=True, timeout=600)
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def statuses(answer: dict[str, Any]) -> list[dict[str, str]]:
    """Per build, what the engine did with the steps of the Dockerfile (not with its own, nor with the bases)."""
    return [{step["name"]: step["observed"] for step in build["steps"]
             if step["observed"] and re.match(r"\[\S+ \d+/\d+\] ", step["name"])} for build in answer["builds"]]


def test_the_offline_sample_is_confirmed_for_each_edit_and_without_cache(scenario):
    path = scenario("busybox-offline")
    status, answer, said = confirm(sample("busybox-offline").folder, "--scenario", str(path))
    assert status == 0, said
    seen = statuses(answer)
    assert len(seen) == 6
    ran = [[name for name, status in build.items() if status == "run"] for build in seen]
    assert len(ran[0]) == 8                                             # everything, on an engine that knew it before
    assert any("build.sh pages" in name for name in ran[2])             # a remark: the script runs …
    assert not any("COPY --from=site" in name for name in ran[2])       # … to the same bytes
    assert ran[4] == []                                                 # taken back: the first build had it
    assert len(ran[5]) >= 7                                             # --no-cache
    status, answer, said = confirm(sample("busybox-offline").folder, "--scenario", str(scenario("busybox-offline", 2)))
    assert status == 0, said
    assert statuses(answer) == seen[:2]                                 # confirmed again: the same table


def test_two_engines_is_confirmed_with_buildkit(scenario):
    path = scenario("two-engines")
    status, _, said = confirm(sample("two-engines").folder, "--scenario", str(path))
    assert status == 0, said


# half of them on either store, for both
@pytest.mark.parametrize(("name", "on"), [
    ("busybox-offline", "containerd"), ("flask-early-copy", "graphdriver"), ("flask-ordered", "containerd"),
    ("go-scratch", "graphdriver"), ("node-multistage", "containerd"), ("two-engines", "graphdriver")])
def test_a_rehearsal_of_each_sample(scenario, store, name, on):
    if store != on:
        pytest.skip(f"shown on the {on} store, for both")
    path = scenario(name, 3)
    status, answer, said = confirm(sample(name).folder, "--mode", "rehearsal", "--scenario", str(path))
    assert status == 0, said
    assert len(answer["builds"]) == 3
