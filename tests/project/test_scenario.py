"""Reading scenarios, the requests they stand for, and what is refused with which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import FileKind
from cachesim.digest import digest_of_bytes
from cachesim.engines.base import BuildRequest
from cachesim.errors import InputError
from cachesim.graph.options import EngineKind, ImageStore, NetworkMode
from cachesim.pipeline import simulate
from cachesim.project.scenario import ScenarioBuild, builds_of, read_scenarios, scenario_of, scenarios_of
from cachesim.project.start import built
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

DOCKERFILE = {"text": "FROM base:1\nCOPY . .\n"}


def requests(*builds: dict[str, Any], **more: Any) -> list[tuple[ScenarioBuild, BuildRequest]]:
    bases = [{"ref": "base:1", "config": ["ENV A=1"]}]
    text = json.dumps({"name": "s", "bases": bases, "builds": list(builds), **more})
    (scenario,) = scenarios_of(text, "test.json")
    return list(builds_of(scenario))


def test_a_file_holds_one_object_or_one_per_line(tmp_path: Path) -> None:
    one = {"name": "a", "builds": []}
    (tmp_path / "one.json").write_text(json.dumps(one, indent=2))
    (tmp_path / "two.jsonl").write_text(json.dumps(one) + "\n\n" + json.dumps({**one, "name": "b"}) + "\n")
    assert [s.name for s in read_scenarios(tmp_path / "one.json")] == ["a"]
    assert [s.name for s in read_scenarios(tmp_path / "two.jsonl")] == ["a", "b"]


def test_defaults_are_buildkit_on_the_graph_driver_without_network() -> None:
    (_, request), = requests({"files": {"Dockerfile": DOCKERFILE}})
    assert (request.engine, request.store, request.options.network) == (
        EngineKind.BUILDKIT, ImageStore.GRAPHDRIVER, NetworkMode.NONE)
    (_, request), = requests({"files": {"Dockerfile": DOCKERFILE}}, engine="classic", store="containerd")
    assert (request.engine, request.store) == (EngineKind.CLASSIC, ImageStore.CONTAINERD)


def test_changes_add_up_and_only_written_files_get_a_new_mtime() -> None:
    first, second = (request.context for _, request in requests(
        {"files": {"Dockerfile": DOCKERFILE, "d/a": {"text": "a", "mode": "755"}, "b": {"text": "b"},
                   "l": {"symlink": "b"}, "e": {"dir": True, "mode": "700"}}},
        {"files": {"d/a": {"text": "a"}, "l": None, "gone": None}}))
    a, again = first.get("d/a"), second.get("d/a")
    assert a is not None and again is not None
    assert (a.mode, again.mode) == (0o755, 0o644)               # an entry is the whole new state
    assert a.digest == again.digest == digest_of_bytes(b"a") and a.mtime_ns < again.mtime_ns
    assert second.get("b") is first.get("b") and second.get("l") is None
    link, empty = first.get("l"), first.get("e")
    assert link is not None and (link.kind, link.link) == (FileKind.SYMLINK, "b")
    assert empty is not None and empty.is_dir and empty.mode == 0o700


def test_a_directory_that_becomes_empty_stays_and_a_file_can_become_one() -> None:
    *_, last = (request.context for _, request in requests(
        {"files": {"Dockerfile": DOCKERFILE, "d/a": {"text": "a"}, "x": {"text": "x"}, "y/z": {"text": "z"}}},
        {"files": {"d/a": None, "x": {"dir": True}, "y": {"text": "y"}}}))
    assert [(p, e.kind) for p, e in last.walk()] == [
        ("Dockerfile", FileKind.FILE), ("d", FileKind.DIR), ("x", FileKind.DIR), ("y", FileKind.FILE)]


def test_options_hold_for_their_build_only() -> None:
    options = {"args": {"A": "1", "B": None}, "target": "t", "no_cache": True, "no_cache_filter": ["x"],
               "labels": {"l": "v"}, "add_hosts": ["h:1.2.3.4", "six:::1", "eq=5.6.7.8"], "platform": "linux/arm64",
               "secrets": {"s": "hush"}, "dockerfile": "./docker/D"}
    first, second = (request.options for _, request in requests(
        {"files": {"docker/D": DOCKERFILE}, "options": options}, {"options": {"dockerfile": "docker/D"}}))
    assert first.args == (("A", "1"), ("B", None)) and first.target == "t" and first.no_cache
    assert first.no_cache_filter == ("x",) and first.labels == (("l", "v"),) and first.platform == "linux/arm64"
    assert first.add_hosts == (("h", "1.2.3.4"), ("six", "::1"), ("eq", "5.6.7.8"))
    assert first.secrets == (("s", digest_of_bytes(b"hush")),) and first.dockerfile == "docker/D"
    assert not second.no_cache and second.args == ()


def test_each_move_of_a_tag_is_another_plain_image_that_stays() -> None:
    files = {"files": {"Dockerfile": DOCKERFILE}}
    images = [request.bases["docker.io/library/base:1"] for _, request in requests(
        files, {"move_tags": ["base:1"]}, {}, {"move_tags": ["base:1"]})]
    assert images[0].chain != images[1].chain == images[2].chain != images[3].chain
    assert images[0].config is not None and images[0].config.env == (("A", "1"),)
    assert images[1].config is not None
    assert (images[1].config.env, images[1].config.cmd) == ((("PATH", "/bin"),), ("sh",))


def test_the_configuration_of_a_base_keeps_its_order() -> None:
    config = ['ENV PATH=/bin', 'CMD ["sh"]', 'ENV FOO=bar BAR="a b"', "ENV PATH=/x", "WORKDIR /home", "WORKDIR sub",
              "LABEL from=base", "ONBUILD RUN echo onb > /onb.txt", "ONBUILD ENV ONB=1", "USER me", "EXPOSE 80"]
    (_, request), = requests({"files": {"Dockerfile": DOCKERFILE}}, bases=[{"ref": "base:1", "config": config}])
    found = request.bases["docker.io/library/base:1"].config
    assert found is not None
    assert found.env == (("PATH", "/x"), ("FOO", "bar"), ("BAR", "a b"))
    assert (found.workdir, found.user, found.cmd, found.exposed) == ("/home/sub", "me", ("sh",), ("80/tcp",))
    assert found.onbuild == ("RUN echo onb > /onb.txt", "ENV ONB=1") and found.labels == {"from": "base"}


def test_a_named_context_is_a_folder_below_the_context_or_an_image() -> None:
    contexts = {"lib": "./vendor", "img": "docker-image://base:1", "all": "."}
    (_, request), = requests({"files": {"Dockerfile": DOCKERFILE, "vendor/v": {"text": "v"}},
                              "options": {"contexts": contexts}})
    assert set(request.named_contexts) == {"lib", "all"}
    assert [p for p, _ in request.named_contexts["lib"].walk()] == ["v"]
    assert dict(request.options.contexts) == contexts


def test_a_build_that_the_client_cannot_start_says_so() -> None:
    found = requests({"files": {"a": {"text": "a"}}},
                     {"files": {"Dockerfile": DOCKERFILE}, "options": {"contexts": {"x": "no"}}},
                     {"files": {}, "options": {"contexts": {"x": ""}}}, {"files": {}, "options": {"network": "my_net"}},
                     {"files": {"D": {"symlink": "d/real"}, "d/real": DOCKERFILE}, "options": {"dockerfile": "D"}})
    assert "open Dockerfile: no such file" in found[0][0].problem
    assert "build context x" in found[1][0].problem
    assert found[2][0].problem == "failed to get build context x: stat : no such file or directory"
    assert found[3][0].problem.startswith('network mode "my_net" not supported by buildkit')
    assert found[4][0].problem == "" and len(found[4][1].dockerfile.instructions) == 2


def test_the_classic_builder_may_know_a_network() -> None:
    build = {"files": {"Dockerfile": DOCKERFILE}, "options": {"network": "my_net"}}
    scenario, = scenarios_of(json.dumps({"engine": "classic", "builds": [build]}), "x.json")
    assert [build.problem for build, _ in builds_of(scenario)] == [""]


@pytest.mark.parametrize(("text", "words"), [
    ("", "is empty"),
    ("{", "is not JSON"),
    ('{"name": "a", "builds": []}\n{"name": ', "x.json:2"),
    ("[]", "must be an object"),
    ('{"name": "a"}', "builds is missing"),
    ('{"builds": [], "engine": "podman"}', "unknown engine 'podman'"),
    ('{"builds": [], "store": "zfs"}', "unknown store"),
    ('{"builds": [{"files": {"../x": {"text": ""}}}]}', "not a path below the context"),
    ('{"builds": [{"files": {"/x": null}}]}', "not a path below the context"),
    ('{"builds": [{"files": {"x": {"text": "", "mode": "rwx"}}}]}', "not an octal mode"),
    ('{"builds": [{"files": {"x": {}}}]}', "none of text"),
    ('{"builds": [{"files": {"x": {"text": 3}}}]}', "must be a text"),
    ('{"builds": [{"options": {"squash": true}}]}', "unknown option 'squash'"),
    ('{"builds": [], "bases": [{"config": []}]}', "base.ref is missing"),
    ('{"builds": [], "bases": [{"ref": "b", "config": ["RUN x"]}]}', "RUN is no image configuration"),
    ('{"builds": [], "bases": [{"ref": "b", "config": ["NOPE x"]}]}', "image configuration"),
])
def test_what_cannot_be_read_says_where_and_what(text: str, words: str) -> None:
    with pytest.raises(InputError, match=r"x\.json") as caught:
        scenarios_of(text, "x.json")
    assert words in str(caught.value)


def test_missing_and_undecodable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_scenarios(tmp_path / "nope.json")
    (tmp_path / "latin.json").write_bytes(b'{"name": "caf\xe9"}')
    with pytest.raises(InputError, match="is not UTF-8"):
        read_scenarios(tmp_path / "latin.json")


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_timeline_written_as_a_scenario_predicts_the_same() -> None:
    found = requests(
        {"edit": "first", "files": {"Dockerfile": DOCKERFILE, "d/a": {"text": "a", "mode": "755"}, "e": {"dir": True},
                                    "l": {"symlink": "d/a"}, "bin": {"base64": "/w=="}}},
        {"edit": "edit", "files": {"d/a": {"text": "b"}, "l": None}, "options": {"args": {"A": None}, "target": ""}},
        {"edit": "moved", "files": {"d": None}, "move_tags": ["base:1"], "options": {"no_cache": True}})
    contents = {digest_of_bytes(data): data for data in (b"a", b"b", b"\xff", DOCKERFILE["text"].encode())}
    timeline = Timeline()
    for build, request in found:
        state = ProjectState(DOCKERFILE["text"], request.context, request.options, request.engine, request.store,
                             request.bases, request.named_contexts)
        timeline = built(timeline, build.edit, state)
    value, lost = scenario_of(timeline, contents.get, "again")
    assert lost == ()
    (scenario,) = scenarios_of(json.dumps(value), "again.json")
    again, store = [], EMPTY_STORE
    for _, request in builds_of(scenario):
        report, store = simulate(request, store)
        again.append([(s.name, s.outcome) for s in report.steps])
    assert again == [[(s.name, s.outcome) for s in entry.report.steps] for entry in timeline.entries]
    assert value["builds"][1]["files"] == {"d/a": {"text": "b"}, "l": None}
    assert value["builds"][2] == {"edit": "moved", "files": {"d": None}, "options": {"no_cache": True},
                                  "move_tags": ["docker.io/library/base:1"]}


def test_contents_that_are_not_kept_are_named_and_still_differ() -> None:
    (_, request), = requests({"files": {"Dockerfile": DOCKERFILE, "a": {"text": "a"}, "b": {"text": "b"}}})
    state = ProjectState(DOCKERFILE["text"], request.context, bases=request.bases)
    value, lost = scenario_of(built(Timeline(), "first", state), lambda digest: None, "x")
    assert set(lost) == {"Dockerfile", "a", "b"}
    files = value["builds"][0]["files"]
    assert files["a"] != files["b"] and "not kept" in files["a"]["text"]
