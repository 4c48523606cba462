"""Command lines and readers of the progress stream."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cachesim.confirm.buildx import (
    BuildCommand,
    PlainReader,
    RawJsonReader,
    Redactor,
    build_argv,
    buildx_version,
    clean_environment,
)
from cachesim.confirm.observed import LOG_TAIL, Observation, ObservedBuild, VertexStatus
from cachesim.graph.options import BuildOptions, NetworkMode

Recorded = Callable[[str], list[str]]


def observe(lines: list[str], reader: RawJsonReader | PlainReader, code: int = 0) -> ObservedBuild:
    seen = Observation()
    for line in lines:
        seen.add(reader.feed(line))
    seen.add(reader.finish())
    return seen.ended(code, 1.0)


def status_by_name(build: ObservedBuild) -> dict[str, str]:
    return {v.name.split("@sha256")[0]: v.status.value for v in build.vertices}


def argv_of(**options: object) -> list[str]:
    return list(build_argv(BuildCommand(Path("/c"), Path("/c/Dockerfile"), BuildOptions(**options))))  # type: ignore[arg-type]


def test_plain_command_line() -> None:
    assert argv_of() == ["docker", "buildx", "build", "--progress=rawjson", "--provenance=false", "--network", "none",
                         "--output", "type=cacheonly", "--file", "/c/Dockerfile", "/c"]


@pytest.mark.parametrize(("options", "words"), [
    ({"target": "t"}, ["--target", "t"]),
    ({"args": (("A", "1"), ("B", None), ("C", ""))}, ["--build-arg", "A=1", "--build-arg", "B", "--build-arg", "C="]),
    ({"no_cache": True}, ["--no-cache"]),
    ({"no_cache_filter": ("a", "b")}, ["--no-cache-filter", "a", "--no-cache-filter", "b"]),
    ({"platform": "linux/arm64"}, ["--platform", "linux/arm64"]),
    ({"labels": (("a", "b"),)}, ["--label", "a=b"]),
    ({"add_hosts": (("h", "1.2.3.4"),)}, ["--add-host", "h:1.2.3.4"]),
    ({"network": NetworkMode.HOST}, ["--network", "host"]),
    ({"ssh": ("default",)}, ["--ssh", "default"]),
    ({"shm_size": 64}, ["--shm-size", "64"]),
    ({"ulimits": ("nofile=1:2",)}, ["--ulimit", "nofile=1:2"]),
    ({"cgroup_parent": "x"}, ["--cgroup-parent", "x"]),
    ({"cache_from": ("ref",)}, ["--cache-from", "ref"]),
    ({"pull": True}, ["--pull"]),
    ({"contexts": (("n", "sub"),)}, ["--build-context", "n=/c/sub"]),
    ({"contexts": (("n", "docker-image://x"),)}, ["--build-context", "n=docker-image://x"]),
    ({"contexts": (("n", "https://x/y.git"),)}, ["--build-context", "n=https://x/y.git"]),
])
def test_every_option_is_on_the_command_line(options: dict[str, object], words: list[str]) -> None:
    argv = argv_of(**options)
    assert any(argv[i:i + len(words)] == words for i in range(len(argv))), argv


@pytest.mark.parametrize(("client", "builder", "start"), [
    (("docker",), "default", ["docker", "buildx", "build", "--builder", "default"]),
    (("docker", "--context", "far"), "far", ["docker", "--context", "far", "buildx", "build", "--builder", "far"]),
    (("docker",), "kube", ["docker", "buildx", "build", "--builder", "kube"]),
])
def test_engine_choice(client: tuple[str, ...], builder: str, start: list[str]) -> None:
    command = BuildCommand(Path("/c"), Path("/d/Dockerfile"), BuildOptions(), client, builder)
    assert list(build_argv(command))[:len(start)] == start


def test_replacing_contexts_win_and_secrets_are_only_named() -> None:
    command = BuildCommand(Path("/c"), Path("/c/Dockerfile"), BuildOptions(contexts=(("b", "docker-image://old"),)),
                           contexts=(("b", "docker-image://new"),), secrets=(("token", "CACHESIM_SECRET_0"),),
                           rawjson=False)
    argv = list(build_argv(command))
    assert "b=docker-image://new" in argv and "b=docker-image://old" not in argv
    assert argv[argv.index("--secret") + 1] == "id=token,env=CACHESIM_SECRET_0"
    assert "--progress=plain" in argv


def test_environment_cannot_change_the_build() -> None:
    env = clean_environment(BuildOptions(args=(("B", None),)),
                            {"SOURCE_DATE_EPOCH": "1", "B": "2", "PATH": "/bin", "BUILDX_BUILDER": "x"})
    assert env == {"PATH": "/bin"}


@pytest.mark.parametrize(("text", "version"), [
    ("github.com/docker/buildx v0.12.1-desktop.4 3b6e3b3", (0, 12, 1)),
    ("github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4", (0, 29, 1)),
    ("docker: 'buildx' is not a docker command.", ()),
])
def test_buildx_version(text: str, version: tuple[int, ...]) -> None:
    assert buildx_version(text) == version


@pytest.mark.parametrize("store", ["graphdriver", "containerd"])
def test_rawjson_first_build_runs_everything(recorded: Recorded, store: str) -> None:
    build = observe(recorded(f"{store}-first.jsonl"), RawJsonReader())
    statuses = status_by_name(build)
    own = {n: s for n, s in statuses.items() if not n.startswith("[internal]") and "FROM" not in n}
    assert set(own.values()) == {"run"}
    assert len(own) == (10 if store == "containerd" else 9)     # the merge of a linked copy is a line of its own
    run = next(v for v in build.vertices if v.name.startswith("[build 4/6] RUN echo installing"))
    assert run.log.endswith("line 0\nline 1\nline 2\n") or "line 1\n" in run.log
    assert run.seconds > 0 and run.started is not None and run.completed is not None
    assert not build.error and build.exit_code == 0


@pytest.mark.parametrize("store", ["graphdriver", "containerd"])
def test_rawjson_second_build_is_cached(recorded: Recorded, store: str) -> None:
    statuses = status_by_name(observe(recorded(f"{store}-again.jsonl"), RawJsonReader()))
    own = {n: s for n, s in statuses.items() if not n.startswith("[internal]") and "FROM" not in n}
    assert set(own.values()) == {"cached"}


@pytest.mark.parametrize("store", ["graphdriver", "containerd"])
def test_rawjson_failing_build(recorded: Recorded, store: str) -> None:
    build = observe(recorded(f"{store}-failing.jsonl"), RawJsonReader(), 1)
    failed = build.failed_vertex
    assert failed is not None and failed.name.startswith("[stage-1 5/5] RUN echo about to fail")
    assert failed.status is VertexStatus.FAILED and "about to fail\n" in failed.log
    assert build.error.startswith('process "/bin/sh -c echo about to fail') and build.error.endswith("exit code: 3")


def test_rawjson_missing_source(recorded: Recorded) -> None:
    build = observe(recorded("graphdriver-nocopy.jsonl"), RawJsonReader(), 1)
    assert "nosuch" in build.error and "not found" in build.error


def test_rawjson_refused_file(recorded: Recorded) -> None:
    build = observe(recorded("containerd-badsyntax.jsonl"), RawJsonReader(), 1)
    assert build.error == "dockerfile parse error on line 1: unknown instruction: FRUM (did you mean FROM?)"
    assert build.failed_vertex is None


@pytest.mark.parametrize("kind", ["again", "failing"])
@pytest.mark.parametrize("store", ["graphdriver", "containerd"])
def test_plain_output_says_the_same_as_rawjson(recorded: Recorded, store: str, kind: str) -> None:
    code = 0 if kind == "again" else 1
    raw = observe(recorded(f"{store}-{kind}.jsonl"), RawJsonReader(), code)
    plain = observe(recorded(f"{store}-{kind}.plain.txt"), PlainReader(), code)

    def steps(build: ObservedBuild) -> dict[str, str]:
        return {n: s for n, s in status_by_name(build).items()
                if not n.startswith("[internal]") and "FROM" not in n and "] LINK " not in n}
    assert steps(plain) == steps(raw)       # the second plain build was fully cached as well
    assert bool(plain.error) == bool(raw.error)


def test_plain_times_and_logs(recorded: Recorded) -> None:
    build = observe(recorded("containerd-plainrun.plain.txt"), PlainReader())
    run = next(v for v in build.vertices if v.name.startswith("[build 4/6] RUN"))
    assert run.seconds == pytest.approx(0.1) and "line 1\n" in run.log
    assert run.status is VertexStatus.RAN


@pytest.mark.parametrize("line", [
    "not json at all", "{", '{"vertexes": 3}', '{"vertexes":[{"name":"no digest"}]}', '{"other": 1}', "[]",
    '{"logs":[5]}', "{" * 3000, '{"vertexes":[{"digest":"d","started":"yesterday"}]}', "\ufffd\ufffd",
])
def test_lines_that_are_no_progress_become_notes(line: str) -> None:
    updates = RawJsonReader().feed(line)
    assert [u.note for u in updates] == [line]


def test_blank_lines_say_nothing() -> None:
    assert RawJsonReader().feed("") == () and PlainReader().feed("   ") == ()


def test_invalid_utf8_in_logs_is_replaced_also_across_chunks() -> None:
    reader, seen = RawJsonReader(), Observation()
    seen.add(reader.feed(json.dumps({"vertexes": [{"digest": "d", "name": "n"}]})))
    for piece in (b"a\xc3", b"\xa9b\xff\n"):
        seen.add(reader.feed(json.dumps({"logs": [{"vertex": "d", "data": base64.b64encode(piece).decode()}]})))
    assert seen.snapshot().vertices[0].log == "a\u00e9b\ufffd\n"


def test_memory_of_an_endless_log_is_bounded() -> None:
    seen, reader = Observation(), RawJsonReader()
    seen.add(reader.feed(json.dumps({"vertexes": [{"digest": "d", "name": "n"}]})))
    piece = base64.b64encode(b"x" * 99_999 + b"\n").decode()
    line = json.dumps({"logs": [{"vertex": "d", "data": piece}]})
    for _ in range(300):
        seen.add(reader.feed(line))
    vertex = seen.snapshot().vertices[0]
    assert vertex.log_size == 30_000_000 and len(vertex.log) == LOG_TAIL
    assert sum(len(part) for part in seen._tails["d"].parts) < 3 * 100_000


def test_redaction_of_split_secrets() -> None:
    hide = Redactor([b"hunter22\n"])
    said = hide.feed("say hun") + hide.feed("ter22 and") + hide.feed(" hunter2") + hide.finish()
    assert said == "say **** and hunter2"


def test_redaction_of_every_line_of_a_key() -> None:
    assert Redactor([b"-----BEGIN\nabcdefgh\n"]).whole("x abcdefgh y") == "x **** y"


def test_no_secret_no_change() -> None:
    hide = Redactor()
    assert hide.feed("anything") == "anything" and not hide.active
