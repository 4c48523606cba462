"""Confirmations as scenarios."""

from __future__ import annotations

import json
from dataclasses import replace

from cachesim.cache.store import EMPTY_STORE
from cachesim.confirm.match import Confirmation, Mode, compare
from cachesim.confirm.observed import ObservedBuild, ObservedVertex
from cachesim.confirm.session import PlannedBuild
from cachesim.confirm.share import noise, scenario_of_confirmation
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of_bytes
from cachesim.engines.base import Outcome
from cachesim.graph.options import ImageStore
from cachesim.pipeline import simulate
from cachesim.project.scenario import builds_of, scenarios_of
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

TEXT = "FROM base\nCOPY --link f g /x/\nRUN cat /x/f\n"
FILES = {"Dockerfile": TEXT.encode(), ".dockerignore": b"*.md\n", "f": b"secret words", "g": b"secret words", "h": b""}


def observed(report: SimulationReport) -> ObservedBuild:
    vertices = [ObservedVertex(v.name, v.name, intervals=((0.0, 1.0),), cached=v.outcome is Outcome.HIT)
                for step in report.steps for v in step.vertices]
    return ObservedBuild(tuple(vertices), exit_code=0, seconds=1.5)


def confirmation() -> tuple[list[PlannedBuild], Confirmation]:
    first = ProjectState(TEXT, ContextSnapshot.of(FILES), store=ImageStore.CONTAINERD)
    second = replace(first, context=first.context.with_bytes("f", b"other words", mtime_ns=5))
    builds, made, store = [PlannedBuild("first", first), PlannedBuild("edit f", second)], [], EMPTY_STORE
    for build in builds:
        state = build.state     # as it is really built: on a unique base, which takes no number
        state = replace(state, options=replace(state.options, contexts=(("base", "docker-image://localhost/n:1"),)))
        report, store = simulate(state.request(build.label), store)
        made.append(compare(report, observed(report), build.label))
    return builds, Confirmation(Mode.ISOLATED, "e", 0.0, tuple(made))


CONTENT = {digest_of_bytes(d): d for d in (*FILES.values(), b"other words")}


def test_it_replays_to_what_was_observed() -> None:
    builds, result = confirmation()
    value, lost = scenario_of_confirmation(builds, result, "s", CONTENT.get)
    assert lost == () and value["store"] == "containerd"
    (scenario,) = scenarios_of(json.dumps(value), "s")
    store = EMPTY_STORE
    for build, (_, request) in zip(value["builds"], builds_of(scenario), strict=True):
        report, store = simulate(request, store)
        printed = {v.name for step in report.steps for v in step.vertices}
        names = [step["name"] for step in build["observed"]["steps"] if "FROM" not in step["name"]]
        assert set(names) <= printed and "[2/3] LINK COPY --link f g /x/" in names and "[3/3] RUN cat /x/f" in names
    assert value["builds"][1]["files"] == {"f": {"text": "other words"}}
    assert value["builds"][1]["observed"]["wall_s"] == 1.5


def test_contents_can_be_hidden() -> None:
    builds, result = confirmation()
    value, _ = scenario_of_confirmation(builds, result, "s", CONTENT.get, hide=True)
    files = value["builds"][0]["files"]
    assert files["Dockerfile"]["text"] == TEXT and files[".dockerignore"]["text"] == "*.md\n"
    assert "secret" not in json.dumps(value) and "other words" not in json.dumps(value)
    assert files["f"] == files["g"] and len(files["f"]["text"]) == len(b"secret words") and files["h"]["text"] == ""
    assert value["builds"][1]["files"]["f"] != files["f"]


def test_failed_builds_have_no_steps() -> None:
    builds, result = confirmation()
    failed = replace(result.builds[0], observed_error="boom")
    value, _ = scenario_of_confirmation(builds[:1], replace(result, builds=(failed,)), "s", CONTENT.get)
    assert value["builds"][0]["observed"]["steps"] == [] and value["builds"][0]["observed"]["error"] == "boom"


def test_noise() -> None:
    a, b = digest_of_bytes(b"a"), digest_of_bytes(b"b")
    assert len(noise(a, 100)) == 100 and noise(a, 100) == noise(a, 100) != noise(b, 100)
    assert noise(a, 0) == b"" and noise(a, 300).isascii()
