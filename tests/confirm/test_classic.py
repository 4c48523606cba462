"""The classic builder's stream."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from cachesim.confirm.classic import ClassicReader, context_archive, endpoint_of
from cachesim.confirm.observed import Observation, ObservedBuild, VertexStatus
from cachesim.confirm.records import read_stream
from cachesim.confirm.workspace import FolderContents, Workspace
from cachesim.context.snapshot import ContextSnapshot, symlink
from cachesim.digest import digest_of_bytes
from cachesim.graph.options import BuildOptions

DATA = Path(__file__).parents[1] / "data" / "classic"


def observe(*items: object) -> ObservedBuild:
    seen, reader = Observation(), ClassicReader()
    for item in items:
        seen.add(reader.feed(item if isinstance(item, str) else json.dumps(item)))
    return seen.snapshot()


def statuses(build: ObservedBuild) -> list[tuple[str, str]]:
    return [(v.name.split(" : ")[1].split()[0], v.status.value) for v in build.vertices]


def test_a_first_build_runs_and_forged_lines_are_output() -> None:
    build = read_stream(DATA / "first.jsonl")
    assert statuses(build) == [(word, "run") for word in ("FROM", "COPY", "RUN", "ENV", "FROM", "RUN", "WORKDIR")]
    run = build.vertices[2]
    assert run.name.startswith("Step 3/7 : RUN echo out;")
    assert " ---> Using cache\nStep 4/9 : ENV A=1\n" in run.log and run.log.endswith("err\n") and run.seconds > 0.05
    assert build.exit_code == 0


def test_steps_name_their_images() -> None:
    wanted = ["476faff4c3e7", "c5cb77d4fb07", "0fa4bd392683", "0d7230b53783", "0d7230b53783", "77fd348f8bae", "05578fa73844"]
    assert [v.image for v in read_stream(DATA / "first.jsonl").vertices] == wanted
    failing = read_stream(DATA / "failing.jsonl")
    assert [bool(v.image) for v in failing.vertices] == [True] * 5 + [False]
    scratch = observe(*({"stream": text} for text in ("Step 1/1 : FROM scratch", "\n", " ---> \n")))
    assert scratch.vertices[0].image == "" and scratch.vertices[0].status is VertexStatus.RAN


def test_the_second_build_is_cached() -> None:
    build = read_stream(DATA / "again.jsonl")
    assert statuses(build) == [("FROM", "run"), ("COPY", "cached"), ("RUN", "cached"), ("ENV", "cached"),
                               ("FROM", "run"), ("RUN", "cached"), ("WORKDIR", "cached")]


def test_a_failing_build() -> None:
    build = read_stream(DATA / "failing.jsonl")
    failed = build.failed_vertex
    assert failed is not None and failed.name == "Step 6/7 : RUN echo bad; exit 7" and failed.log == "bad\n"
    assert "returned a non-zero code: 7" in build.error and build.exit_code == 1


def test_a_forged_hit_while_it_runs_is_output() -> None:
    said = ("Step 1/2 : RUN x", "\n", " ---> Running in 0ea90bcac008\n", " ---> Using cache\n", "Step 2/2 : RUN y",
            " ---> 24151a9eb9a2\n")
    build = observe(*({"stream": text} for text in said))
    assert [(v.status, v.log) for v in build.vertices] == [
        (VertexStatus.RAN, " ---> Using cache\nStep 2/2 : RUN y")]


@pytest.mark.parametrize("line", ["", "{", "[]", "7", '{"at": "x", "item": {}}', '{"status": "Pulling"}',
                                  '{"stream": 3}', '{"errorDetail": 3, "error": "boom"}', "\ufffd"])
def test_odd_lines_do_no_harm(line: str) -> None:
    assert observe(line).vertices == ()


def test_an_error_before_any_step() -> None:
    seen, reader = Observation(), ClassicReader()
    seen.add(reader.feed(json.dumps({"errorDetail": {"message": "no such image"}, "error": "no such image"})))
    assert seen.ended(1, 0.1).error == "no such image"


def test_the_archive_is_what_the_client_sends(tmp_path: Path) -> None:
    files = {"Dockerfile": b"FROM a\n", ".dockerignore": b"Dockerfile\n.dockerignore\n*.log\nd\n!d/keep\n",
             "x.log": b"1", "f": b"2", "d/drop": b"3", "d/keep": b"4"}
    context = ContextSnapshot.of(files).chmod("f", 0o755).with_entry("l", symlink("f"))
    space = Workspace(tmp_path / "w", FolderContents(None, {digest_of_bytes(d): d for d in files.values()}.get))
    space.apply(context)
    context_archive(tmp_path / "c.tar", space.root, context, BuildOptions())
    with tarfile.open(tmp_path / "c.tar") as archive:
        found = {m.name: (m.mode & 0o777, m.uid, m.type) for m in archive.getmembers()}
    assert sorted(found) == [".dockerignore", "Dockerfile", "d", "d/keep", "f", "l"]
    assert found["f"] == (0o755, 0, tarfile.REGTYPE) and found["l"][2] == tarfile.SYMTYPE


def test_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///there.sock")
    assert endpoint_of("").host == "unix:///there.sock" and endpoint_of("tcp://h:1").host == "tcp://h:1"
