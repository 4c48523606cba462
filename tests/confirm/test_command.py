"""`cachesim confirm` from the outside."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from cachesim.cli import confirm as command
from cachesim.confirm.match import IMAGES_GONE
from cachesim.errors import InputError
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.project.choice import BuilderChoice, remember_builder
from cachesim.project.open import find_project
from cachesim.project.store import ProjectStore

from .conftest import FakeDocker
from .test_session import DOCKERFILE, IMAGES, classic_answer, stream


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["confirm", *words]))


@pytest.fixture
def project(tmp_path: Path, docker: FakeDocker) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "f").write_text("one\n")
    docker.builds = [{"play": [], "raw": [stream("[1/3] COPY f /f", "[2/3] RUN cat /f")]}]
    docker.write()
    return folder


def test_a_first_build(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(project)) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].endswith("mode isolated") and said.splitlines()[-1] == "2 of 2 as predicted."
    assert "first build" in said and "[1/3] COPY f /f" in said and "record: " in said


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(project), "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["exit"], value["compared"], value["held"], value["mode"]) == (0, 2, 2, "isolated")
    steps = {step["name"]: step for step in value["builds"][0]["steps"]}
    assert steps["[2/3] RUN cat /f"]["observed"] == "run" and steps["[2/3] RUN cat /f"]["verdict"] == "right"
    assert value["counts"]["right"] == 2 and value["error"] is None


@pytest.mark.parametrize("mode", ["live", "isolated"])
def test_the_builder_that_was_chosen_last_and_its_images(mode: str, project: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("cachesim.confirm.build.classic_build", classic_answer)
    kept = (EngineKind.BUILDKIT, ImageStore.CONTAINERD)
    remember_builder(find_project(project), BuilderChoice(EngineKind.CLASSIC, ImageStore.GRAPHDRIVER, kept))
    assert run(str(project), "--mode", mode, "--json") == 0
    steps = json.loads(capsys.readouterr().out)["builds"][0]["steps"]
    assert [step["image"] for step in steps] == list(IMAGES)
    assert {step.get("image_kept", False) for step in steps} == {mode == "live"}
    store = ProjectStore(find_project(project), *kept)
    assert store.records()["measured"] and (store.path.parent / "confirmations").is_dir()
    # what a live build taught is held to: this engine, which runs everything again, was seen to make that build
    code = 1 if mode == "live" else 0
    assert run(str(project), "--mode", mode) == code
    said = capsys.readouterr().out
    assert "Step 2/3 : COPY f /f" in said and all(image in said for image in IMAGES)
    assert ("docker run --rm -it IMAGE sh" in said) == (mode == "live") == (IMAGES_GONE not in said)
    record = next(line for line in said.splitlines() if line.startswith("record: ")).removeprefix("record: ")
    assert run("--open", record) == code
    assert IMAGES_GONE in capsys.readouterr().out


def test_a_live_build_is_learnt_and_the_next_one_is_held_to_it(project: Path, docker: FakeDocker,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    names = "[1/3] FROM docker.io/library/busybox:1.36", "[2/3] COPY f /f", "[3/3] RUN cat /f"
    docker.builds = [{"play": [], "raw": [stream(*names)]}, {"play": [], "raw": [stream(*names, cached=names)]}]
    docker.write()
    assert run(str(project), "--mode", "live") == 0
    store = ProjectStore(find_project(project), EngineKind.BUILDKIT, ImageStore.GRAPHDRIVER)
    saved = store.load()
    assert saved is not None and [(e.label, e.made_on) for e in saved.timeline.entries] == [("built for real", ("AB:CD",))]
    capsys.readouterr()
    assert run(str(project), "--mode", "live") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 of 2 as predicted."
    saved = store.load()
    assert saved is not None and len(saved.timeline.entries) == 1 and saved.records["measured"]


def test_what_was_measured_is_remembered_with_the_project(project: Path) -> None:
    assert run(str(project)) == 0
    store = ProjectStore(find_project(project), EngineKind.BUILDKIT, ImageStore.GRAPHDRIVER)
    assert len(store.records()["measured"]["steps"]) == 2
    assert len(list((store.path.parent / "confirmations").glob("*.confirmation"))) == 1


def test_a_wrong_prediction_is_exit_1(project: Path, docker: FakeDocker, capsys: pytest.CaptureFixture[str]) -> None:
    docker.builds = [{"play": [], "raw": [stream("[1/3] COPY f /f", "[2/3] RUN cat /f", cached=("[1/3] COPY f /f",))]}]
    docker.write()
    assert run(str(project)) == 1
    assert "predicted run, the engine says cached" in capsys.readouterr().out


def test_no_engine_is_exit_2(project: Path, docker: FakeDocker) -> None:
    docker.answers["version"] = ("", "Cannot connect to the Docker daemon", 1)
    docker.write()
    with pytest.raises(InputError, match="systemctl start docker"):
        run(str(project))


def test_a_scenario(project: Path, docker: FakeDocker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = {"name": "s", "engine": "buildkit", "store": "graphdriver",
                "bases": [{"ref": "busybox:1.36", "config": []}],
                "builds": [{"edit": "first", "files": {"Dockerfile": {"text": DOCKERFILE}, "f": {"text": "1"}},
                            "options": {"secrets": {"s": "value-of-s"}}},
                           {"edit": "again", "files": {"f": {"text": "2"}}, "options": {}}]}
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario))
    assert run(str(project), "--scenario", str(file), "--json", "--record", str(tmp_path / "records")) == 0
    value = json.loads(capsys.readouterr().out)
    assert [build["label"] for build in value["builds"]] == ["first", "again"]
    assert Path(value["record"]).parent == tmp_path / "records"
    built = [entry for entry in docker.entries if "--output" in entry["argv"]]
    assert built[0]["env"]["CACHESIM_SECRET_0"] == "value-of-s" and "value-of-s" not in json.dumps(value)
    file.write_text(json.dumps(scenario) + "\n" + json.dumps(scenario))
    with pytest.raises(InputError, match="holds 2 scenarios"):
        run(str(project), "--scenario", str(file))


def test_a_record_opens_again_without_an_engine(project: Path, capsys: pytest.CaptureFixture[str],
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    run(str(project), "--json")
    record = json.loads(capsys.readouterr().out)["record"]
    monkeypatch.setenv("PATH", "/nowhere")
    assert run("--open", record) == 0
    assert "2 of 2 as predicted." in capsys.readouterr().out


def test_options_reach_the_build(project: Path, docker: FakeDocker, monkeypatch: pytest.MonkeyPatch,
                                 tmp_path: Path) -> None:
    monkeypatch.setenv("FROM_ENV", "value")
    (tmp_path / "key").write_text("k3y-material")
    run(str(project), "--build-arg", "A=1", "--build-arg", "FROM_ENV", "--build-arg", "UNSET_HERE", "--network", "host",
        "--secret", f"id=k,src={tmp_path / 'key'}", "--secret", "id=e,env=FROM_ENV")
    (entry,) = [entry for entry in docker.entries if "--output" in entry["argv"]]
    words = entry["argv"]
    args = [words[i + 1] for i, word in enumerate(words) if word == "--build-arg"]
    assert args == ["A=1", "FROM_ENV=value", "UNSET_HERE"]
    assert words[words.index("--network") + 1] == "host"
    assert (entry["env"]["CACHESIM_SECRET_0"], entry["env"]["CACHESIM_SECRET_1"]) == ("k3y-material", "value")


@pytest.mark.parametrize("secret", ["src=x", "id=a,src=/no/such/file", "id=a,env=NOT_SET_ANYWHERE"])
def test_secrets_that_cannot_be_had(project: Path, secret: str) -> None:
    with pytest.raises(InputError, match="--secret"):
        run(str(project), "--secret", secret)


def test_engines(project: Path, docker: FakeDocker, capsys: pytest.CaptureFixture[str], tmp_path: Path,
                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    entry: dict[str, Any] = {"Name": "far", "DockerEndpoint": "ssh://h", "Current": True}
    docker.answers["context ls"] = (json.dumps(entry) + "\n", "", 0)
    docker.write()
    assert run("--list-engines", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["remote"] is True
    assert run("--list-engines") == 0
    assert "ssh://h" in capsys.readouterr().out
    assert not docker.calls_of("version")
    assert run(str(project), "--engine", "far") == 0
    assert any(call[:3] == ["--context", "far", "buildx"] for call in docker.calls)
    with pytest.raises(InputError, match="There are: far"):
        run(str(project), "--engine", "near")


def test_modes_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run("--mode", "dream")
    assert end.value.code == 2 and "rehearsal" in capsys.readouterr().err
