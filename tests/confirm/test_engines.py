"""Engines near and far."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cachesim.confirm.engines import (
    EngineChoice,
    EngineFacts,
    EngineProblem,
    choices,
    explain,
    inspect_image,
    is_remote,
    list_engines,
    parse_builders,
    parse_contexts,
    probe,
    stored_builders,
)
from cachesim.confirm.script import Command, Finished, Script, Work, drive
from cachesim.graph.options import ImageStore
from cachesim.project.bases import image_of

CONTEXTS = """\
{"Current":false,"Description":"","DockerEndpoint":"ssh://me@build.example","Error":"","Name":"far"}
{"Current":true,"Description":"","DockerEndpoint":"unix:///var/run/docker.sock","Error":"","Name":"default"}
{"Current":false,"Description":"","DockerEndpoint":"tcp://127.0.0.1:2375","Error":"","Name":"loop"}
"""
BUILDERS = """\
{"Current":false,"Driver":"docker-container","Name":"box","Nodes":[{"Endpoint":"unix:///var/run/docker.sock"}]}
{"Current":true,"Driver":"docker","Name":"default","Nodes":[{"Endpoint":"default"}]}
{"Current":false,"Driver":"kubernetes","Name":"kube","Nodes":[{"Endpoint":"kubernetes:///kube"}]}
{"Current":false,"Driver":"remote","Name":"r","Nodes":[{"Endpoint":"tcp://10.0.0.1:1234"}]}
"""
TABLE = """\
NAME/NODE    DRIVER/ENDPOINT             STATUS  BUILDKIT PLATFORMS
box *        docker-container
  box0       unix:///var/run/docker.sock running v0.11.0  linux/amd64
default      docker
  default    default                     running 23.0.0   linux/amd64
"""


def answering(script: Script[object], *answers: Finished) -> tuple[object, list[Command]]:
    asked: list[Command] = []
    left = list(answers)

    def execute(item: Command | Work) -> object:
        assert isinstance(item, Command)
        asked.append(item)
        return left.pop(0)
    return drive(script, execute), asked


VERSION = Finished(0, json.dumps({"Client": {"Version": "28.2"}, "Server": {"Version": "28.5.2", "Arch": "arm64"}}))
BUILDX = Finished(0, "github.com/docker/buildx v0.29.1 x\n")


def test_contexts() -> None:
    far, default, loop = parse_contexts(CONTEXTS)
    assert far == EngineChoice("far", "docker", "far", "far", "ssh://me@build.example", True, False)
    assert default == EngineChoice("default", "docker", "", "default", "unix:///var/run/docker.sock", False, True)
    assert far.client == ("docker", "--context", "far") and default.client == ("docker",)
    assert not loop.remote


@pytest.mark.parametrize(("text", "names"), [
    (BUILDERS, ["box", "kube", "r"]), (TABLE, ["box"]), ("", []), ("garbage\n{not json\n", [])])
def test_builders(text: str, names: list[str]) -> None:
    assert [c.name for c in parse_builders(text)] == names


def test_kinds_of_builders() -> None:
    box, kube, far = parse_builders(BUILDERS)
    assert (box.driver, box.remote, box.has_images) == ("docker-container", False, False)
    assert (kube.driver, kube.remote) == ("kubernetes", True)
    assert (far.driver, far.remote, far.client, far.builder) == ("remote", True, ("docker",), "r")


def test_builders_come_from_files_so_that_none_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "buildx" / "instances"
    folder.mkdir(parents=True)
    (folder / "r").write_text('{"Name": "r", "Driver": "remote",\n "Nodes": [{"Endpoint": "tcp://h:1"}]}')
    (folder / "broken").write_text("{")
    found = stored_builders({"DOCKER_CONFIG": str(tmp_path)})
    assert [(c.name, c.driver, c.remote) for c in found] == [("r", "remote", True)]
    assert stored_builders({"BUILDX_CONFIG": str(tmp_path / "none")}) == ()


def test_one_list_current_first_remote_last() -> None:
    found = choices(parse_contexts(CONTEXTS), parse_builders(BUILDERS))
    assert [c.name for c in found] == ["default", "loop", "box", "far", "kube", "r"]


def test_listing_contacts_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    found, asked = answering(list_engines(), Finished(0, CONTEXTS))
    assert [command.argv[:3] for command in asked] == [("docker", "context", "ls")]
    assert len(found) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(("endpoint", "remote"), [
    ("unix:///var/run/docker.sock", False), ("npipe:////./pipe/docker", False), ("ssh://u@h", True),
    ("tcp://h:1", True), ("tcp://localhost:1", False), ("tcp://[::1]:1", False), ("default", False), ("", False)])
def test_remote(endpoint: str, remote: bool) -> None:
    assert is_remote(endpoint) is remote


@pytest.mark.parametrize(("status", "store"), [
    ('[["driver-type","io.containerd.snapshotter.v1"]]', ImageStore.CONTAINERD),
    ('[["Backing Filesystem","extfs"]]', ImageStore.GRAPHDRIVER)])
def test_probe(status: str, store: ImageStore) -> None:
    facts, asked = answering(probe(EngineChoice()), VERSION, BUILDX, Finished(0, status))
    assert isinstance(facts, EngineFacts) and facts.problem is None
    assert (facts.version, facts.arch, facts.buildx, facts.store) == ("28.5.2", "arm64", (0, 29, 1), store)
    assert facts.rawjson and store.value in facts.title
    assert all(command.timeout for command in asked)


@pytest.mark.parametrize(("answers", "problem"), [
    ([Finished(None, error="docker: not found on PATH. Install it, then try again")], EngineProblem.NO_DOCKER),
    ([Finished(1, '{"Client":{"Version":"1"},"Server":null}', "Cannot connect to the Docker daemon at unix:///x.")],
     EngineProblem.NO_DAEMON),
    ([Finished(1, '{"Client":{}}', "permission denied while trying to connect to the Docker daemon socket")],
     EngineProblem.NO_PERMISSION),
    ([Finished(None, error="docker did not answer within 10 s")], EngineProblem.NO_DAEMON),
    ([VERSION, Finished(1, "", "docker: 'buildx' is not a docker command.")], EngineProblem.NO_BUILDX),
])
def test_what_is_missing(answers: list[Finished], problem: EngineProblem) -> None:
    facts, _ = answering(probe(EngineChoice()), *answers)
    assert isinstance(facts, EngineFacts) and facts.problem is problem
    said = explain(problem, facts.detail)
    assert problem.fix.split("   ")[0].split()[-1] in said or problem in (EngineProblem.NO_DAEMON,
                                                                          EngineProblem.NO_PERMISSION)


def test_an_old_buildx_is_read_as_plain_text() -> None:
    facts, _ = answering(probe(EngineChoice()), VERSION, Finished(0, "github.com/docker/buildx v0.12.1 x"),
                         Finished(0, "[]"))
    assert isinstance(facts, EngineFacts) and not facts.rawjson


def test_inspect() -> None:
    data = {"Id": "sha256:i", "RootFS": {"Layers": ["a", "b"]},
            "Config": {"Env": ["PATH=/bin", "A=b=c"], "OnBuild": ["RUN x"], "WorkingDir": "/w", "User": "u",
                       "Entrypoint": None, "Cmd": ["sh"], "Labels": {"l": "1"}}}
    image, _ = answering(inspect_image(EngineChoice(), "x:1"), Finished(0, json.dumps(data)))
    found = image_of("docker.io/library/x:1", data)
    assert image == found
    assert found.ref == "docker.io/library/x:1" and found.manifest == "sha256:i" and found.has_layers
    assert found.config is not None and found.config.env == (("PATH", "/bin"), ("A", "b=c"))
    assert found.config.onbuild == ("RUN x",) and found.config.entrypoint is None
    assert not image_of("x", {}).has_layers
    missing, _ = answering(inspect_image(EngineChoice(), "x:1"), Finished(1, "", "No such image"))
    assert missing is None


def test_equal_layers_give_equal_chains() -> None:
    a, b = (image_of(ref, {"Id": ref, "RootFS": {"Layers": ["l"]}}) for ref in ("a", "b"))
    assert a.chain == b.chain and a.manifest != b.manifest
