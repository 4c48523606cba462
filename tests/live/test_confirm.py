"""Confirmations on a real engine, in all four modes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.cli.confirm_plan import scenario_builds
from cachesim.cli.runner import Runner
from cachesim.confirm import leftovers
from cachesim.confirm.engines import EngineChoice, list_engines, probe
from cachesim.confirm.match import Mode, Verdict, compare
from cachesim.confirm.measure import measured_by
from cachesim.confirm.records import load_record, read_stream
from cachesim.confirm.session import PlannedBuild, Session
from cachesim.confirm.workspace import FolderContents
from cachesim.context.scan import scan_context
from cachesim.graph.options import BuildOptions, ImageStore
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline

from .conftest import BASE, Bench, docker, inspected, shown_on, table, wrong

pytestmark = pytest.mark.docker

LINKS = """\
FROM busybox:1.36 AS tools
WORKDIR /tools
COPY bin/ bin/
RUN chmod +x bin/*.sh && ./bin/make.sh > version

FROM tools AS checked
COPY src src
RUN --mount=type=cache,target=/cache cat src/*.txt > sum && wc -c sum

FROM busybox:1.36
ARG CHANNEL=stable
ENV CHANNEL=$CHANNEL
COPY --link src/a.txt /data/a.txt
COPY --from=tools /tools/version /version
COPY --link --from=checked /tools/sum /sum
RUN cat /version /sum > /all; echo $CHANNEL
"""
SCRATCH = """\
FROM busybox:1.36 AS build
WORKDIR /w
COPY <<EOF /w/config
name=$NAME
EOF
COPY src/ .
RUN cp b.txt /out.txt

FROM scratch AS assets
COPY src/a.txt /a
COPY src/b.txt /b

FROM scratch
COPY --from=build /out.txt /out
COPY --from=assets /a /assets/a
WORKDIR /assets
COPY src /all
"""
MOUNTS = """\
# a comment that is no directive
FROM busybox:1.36 AS one
RUN --mount=type=bind,source=src,target=/s cat /s/a.txt > /one
FROM busybox:1.36 AS two
USER 1000:1000
WORKDIR /home/two
RUN --mount=type=bind,from=one,source=/one,target=/one cat /one
COPY --chown=1000 --chmod=600 src/b.txt .
FROM two AS final
RUN <<EOF
set -e
echo one line
cat b.txt
EOF
COPY --exclude=*.txt src/ src/
"""
FILES = {"src/a.txt": "a\n", "src/b.txt": "b\n", "src/c.md": "c\n", "bin/make.sh": "#!/bin/sh\necho 1\n",
         ".dockerignore": "Dockerfile\n"}


def own_builds(bench: Bench, text: str) -> list[tuple[str, ProjectState]]:
    """A baseline and edits of files, text and options."""
    first = bench.state({**FILES, "Dockerfile": text})
    builds = [("first", first), ("again", first)]
    builds.append(("edit a", bench.edited(builds[-1][1], {"src/a.txt": "another a\n"})))
    builds.append(("edit b", bench.edited(builds[-1][1], {"src/b.txt": "another b\n"})))
    builds.append(("touch", bench.edited(builds[-1][1], {"src/b.txt": "another b\n"})))
    builds.append(("new file", bench.edited(builds[-1][1], {"src/d.md": "d\n"})))
    builds.append(("argument", bench.edited(builds[-1][1], {}, args=(("CHANNEL", "edge"),))))
    builds.append(("back", bench.edited(first, {})))
    return builds


# -- isolated ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LINKS, SCRATCH, MOUNTS], ids=["links", "scratch", "mounts"])
def test_multi_stage_files_twice_with_the_same_table(bench: Bench, text: str) -> None:
    builds = own_builds(bench, text)
    first = bench.confirm(Mode.ISOLATED, *builds)
    assert wrong(first) == [] and len(first.builds) == len(builds)
    assert first.compared > 40 and first.exit_code == 0
    second = bench.confirm(Mode.ISOLATED, *builds[:3])
    assert len(second.builds) == 3 and table(second) == table(first)[:len(table(second))]
    assert bench.nothing_is_left()
    if text is LINKS and bench.facts.store is ImageStore.CONTAINERD:    # only that store has linked copies
        rows = [s for s in first.builds[0].steps if "COPY --link" in s.name]
        assert [(s.verdict, s.observed) for s in rows if "] LINK " not in s.name] == [(Verdict.NOT_COMPARED, "")] * 2
        assert [s.verdict for s in rows if "] LINK " in s.name] == [Verdict.RIGHT] * 2


SIZES = """\
FROM busybox:1.36
WORKDIR /srv
COPY src/ src/
RUN <<EOF
head -c 300000 /dev/zero > zero
echo done
EOF
RUN ["/bin/sh", "-c", "head -c 70000 /dev/zero > more"]
COPY bin/make.sh /usr/bin/
"""


def test_layer_sizes_are_those_of_an_image_that_is_built_the_same(bench: Bench, image: list[str], tmp_path: Path) -> None:
    text = SIZES.replace("done", leftovers.token())
    for name, data in {**FILES, "src/big": "0123456789" * 12_345}.items():
        (tmp_path / "same" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "same" / name).write_text(data)
    (tmp_path / "same" / "Dockerfile").write_text(text)
    image.append(f"{bench.folder.name.replace('_', '-')[:60]}:sizes")
    docker("buildx", "build", "--builder", "default", "--quiet", "--no-cache", "--network", "none", "--load", "--tag",
           image[0], str(tmp_path / "same"))
    told = docker("history", "--human=false", "--format", "{{.Size}}", image[0]).split()
    # the containerd store counts disk blocks, also of the folders that were there while it ran
    blocks = 1 if bench.facts.store is ImageStore.GRAPHDRIVER else 8192
    state = bench.state({**FILES, "src/big": b"0123456789" * 12_345, "Dockerfile": text})
    modes = [Mode.ISOLATED]
    if bench.facts.store is ImageStore.GRAPHDRIVER:
        modes += [Mode.LIVE, Mode.NO_CACHE]
    for mode in modes:
        result = bench.confirm(mode, ("first", replace(state, text=text.replace("zero\n", f"zero  # {mode.value}\n"))))
        steps = [s for s in result.builds[0].steps if s.line > 1]
        assert wrong(result) == [] and len(steps) == 5
        for step, size in zip(steps, map(int, reversed(told[:5])), strict=True):
            if mode is Mode.LIVE and step.observed == "cached":     # an engine that others use knows the first steps
                assert step.size is None
            else:
                assert step.size == pytest.approx(size, rel=0.001, abs=blocks), step.name
        ran = sum(s.observed == "run" for s in steps)
        assert len(measured_by(result)) == ran >= 3
    assert bench.nothing_is_left()


def test_layers_of_linked_copies_are_measured_where_they_ran(bench: Bench) -> None:
    if bench.facts.store is not ImageStore.CONTAINERD:
        pytest.skip("only the containerd store has linked copies")
    state = bench.state({"Dockerfile": f"FROM {BASE}\nCOPY --link f /data/f\n", "f": leftovers.token() * 5000})
    result = bench.confirm(Mode.ISOLATED, ("first", state))
    copy, merge = [s for s in result.builds[0].steps if "COPY --link" in s.name]
    assert copy.observed == "" and copy.size is not None and copy.size >= 60_000 and merge.size == 0
    (found,) = measured_by(result).values()
    assert found.size == copy.size
    again = bench.confirm(Mode.ISOLATED, ("first", state))
    assert table(again) == table(result) and measured_by(again) == {}     # the engine knows it now: nothing ran
    assert bench.nothing_is_left()


def test_triggers_and_configuration_of_a_base_stay(bench: Bench, image: list[str]) -> None:
    name = "cachesim-test-onbuild:1"
    image.append(name)
    docker("build", "--quiet", "--network", "none", "--tag", name, "-", data=(
        f"FROM {BASE}\nENV COLOUR=blue\nWORKDIR /srv\nONBUILD COPY f /srv/f\nONBUILD RUN cat /srv/f\n").encode())
    assert inspected(name)["Config"]
    from cachesim.confirm.engines import inspect_image
    known = Runner().run(inspect_image(bench.facts.choice, name))
    assert known is not None and known.config is not None and len(known.config.onbuild) == 2
    state = bench.state({"Dockerfile": f"FROM {name}\nRUN echo $COLOUR\nCOPY f copy\n", "f": "1\n"})
    state = replace(state, bases={known.ref: known})
    result = bench.confirm(Mode.ISOLATED, ("first", state), ("edit", bench.edited(state, {"f": "2\n"})))
    assert wrong(result) == [] and result.compared == 8
    assert any("ONBUILD COPY f /srv/f" in s.name and s.verdict is Verdict.RIGHT for s in result.builds[1].steps)
    assert bench.nothing_is_left()


def test_a_failing_build_shows_step_and_log(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    state = bench.state({"Dockerfile": f"FROM {BASE}\nRUN echo before\nRUN echo on the way; echo bad >&2; exit 3\n"})
    result = bench.confirm(Mode.ISOLATED, ("first", state), ("second", state))
    (build,) = result.builds
    failed = build.observed.failed_vertex
    assert failed is not None and "on the way\n" in failed.log and "bad\n" in failed.log
    assert build.problem.startswith("line 3 failed: ") and "exit code: 3" in build.problem and result.exit_code == 1
    assert [s.verdict for s in build.steps if s.line == 2] == [Verdict.RIGHT]
    assert bench.nothing_is_left()


@pytest.mark.parametrize("text", [f"FROM {BASE}\nCOPY nosuch /x\n", f"FROM {BASE}\nFRUM x\n"])
def test_a_predicted_failure_is_right(bench: Bench, text: str) -> None:
    shown_on(bench.facts, ImageStore.GRAPHDRIVER)
    result = bench.confirm(Mode.ISOLATED, ("first", bench.state({"Dockerfile": text, "f": "1\n"})))
    assert result.exit_code == 0 and result.builds[0].observed_error and result.builds[0].predicted_error


def test_a_base_that_is_not_there(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    result = bench.confirm(Mode.ISOLATED, ("x", bench.state({"Dockerfile": "FROM localhost:9/no/such:1\nRUN true\n"})))
    assert result.exit_code == 2 and result.error and bench.nothing_is_left()


def test_output_that_is_no_utf8(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    state = bench.state({"Dockerfile": f"FROM {BASE}\nRUN printf 'a\\377\\376b\\n\\303\\251\\n'\n"})
    result = bench.confirm(Mode.ISOLATED, ("first", state))
    (run,) = [s for s in result.builds[0].steps if s.line == 2]
    assert run.log == "a\ufffd\ufffdb\n\u00e9\n" and result.exit_code == 0
    assert [s.log for s in load_record(Path(result.record)).confirmation.builds[0].steps if s.line == 2] == [run.log]


def test_secrets_reach_the_build_but_no_log(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    state = bench.state({"Dockerfile": f"FROM {BASE}\nRUN --mount=type=secret,id=k,required=true cat /run/secrets/k "
                                       "/run/secrets/k; wc -c /run/secrets/k\n"})
    result = bench.confirm(Mode.ISOLATED, ("first", state), secrets={"k": b"pass-phrase-77"})
    (run,) = [s for s in result.builds[0].steps if s.line == 2]
    assert wrong(result) == [] and "14 /run/secrets/k" in run.log
    assert "pass-phrase" not in repr(result) and run.log.startswith("********")
    assert b"pass-phrase" not in Path(result.record).read_bytes()


def test_cancel_leaves_nothing(bench: Bench) -> None:
    state = bench.state({"Dockerfile": f"FROM {BASE}\nRUN echo started; sleep 61; echo slept\n"})
    runner = Runner()
    session: Session

    def watch() -> None:
        if not asked and any(v.log.startswith("started") for v in session.phase.observed.vertices):
            asked.append(True)
            runner.cancel()
            runner.cancel()
    asked: list[bool] = []
    session = bench.session(bench.plan(Mode.ISOLATED, [("first", state)]), watch)
    result = runner.run(session.script())
    assert result.cancelled and result.exit_code == 2 and asked
    assert not any("slept" in v.log for v in session.phase.observed.vertices)
    assert bench.nothing_is_left()
    assert not [cmd for cmd in _commands() if session.token in cmd]


def _commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return found


# -- live -------------------------------------------------------------------------------------------------------------


def test_live_names_what_the_engine_knew_and_then_predicts_it(bench: Bench, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    unique = leftovers.token()
    (project / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo {unique}\nCOPY f /f\nRUN cat /f\n")
    (project / "f").write_text(unique)
    docker("build", "--quiet", "--network", "none", "--output", "type=cacheonly", "--target", "", str(project))

    def state() -> ProjectState:
        text = (project / "Dockerfile").read_text()
        return ProjectState(text, scan_context(project), store=bench.facts.store)   # type: ignore[arg-type]
    plan = bench.plan(Mode.LIVE, [("now", state())], folder=project, contents=FolderContents(project))
    session = bench.session(plan)
    result = Runner().run(session.script())
    assert result.count(Verdict.KNOWN_EARLIER) == 3 and result.exit_code == 0 and result.compared == 0
    assert session.seen is not None and session.seen[0]
    (project / "f").write_text(unique + " edited")
    plan = replace(plan, builds=(PlannedBuild("edit", state()),), timeline=plan.timeline.made_for_real(*session.seen))
    result = Runner().run(bench.session(plan).script())
    assert wrong(result) == [] and (result.compared, result.held) == (3, 3)
    assert bench.nothing_is_left()


def test_live_does_not_score_an_assumed_build_until_it_was_made(bench: Bench, tmp_path: Path) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo {leftovers.token()}\nCOPY f /f\nRUN cat /f\n")
    (project / "f").write_text(leftovers.token())
    state = ProjectState((project / "Dockerfile").read_text(), scan_context(project),
                         store=bench.facts.store)       # type: ignore[arg-type]   # known for the docker driver
    timeline = Timeline().with_build("a build of HEAD", state, *simulate(state.request(""), EMPTY_STORE))
    plan = bench.plan(Mode.LIVE, [("no change", state)], folder=project, timeline=timeline)
    session = bench.session(plan)
    result = Runner().run(session.script())
    assert result.exit_code == 0 and result.count(Verdict.ASSUMED_EARLIER) == 3 and result.compared == 0
    assert session.seen is not None and bench.facts.identity == session.seen[0]
    again = Runner().run(bench.session(replace(plan, timeline=timeline.made_for_real(*session.seen))).script())
    assert (again.compared, again.held, again.exit_code) == (3, 3, 0)
    assert {s.observed for s in again.builds[0].steps if s.line > 1} == {"cached"} and bench.nothing_is_left()


def test_a_log_of_the_engines_history_opens_and_fits_the_project(bench: Bench, tmp_path: Path) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    project = tmp_path / "project"
    project.mkdir()
    unique = leftovers.token()
    (project / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo {unique}\nCOPY f /f\nRUN cat /f\n")
    (project / "f").write_text(unique)
    told = tmp_path / "build.json"
    docker("buildx", "build", "--builder", "default", "--network", "none", "--output", "type=cacheonly", "--metadata-file",
           str(told), str(project))
    ref = json.loads(told.read_text())["buildx.build.ref"]
    log = tmp_path / "log.rawjson"
    done = subprocess.run(["docker", "buildx", "history", "logs", "--progress", "rawjson", ref.rpartition("/")[2]],
                          capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    log.write_bytes(done.stdout + done.stderr)
    observed = read_stream(log)
    state = ProjectState((project / "Dockerfile").read_text(), scan_context(project),
                         store=bench.facts.store)       # type: ignore[arg-type]   # known for the docker driver
    report, _ = simulate(state.request(), EMPTY_STORE)
    build = compare(report, observed, log.name, mode=Mode.LIVE)
    assert build.held and build.count(Verdict.RIGHT) == 3
    assert any(unique in step.log for step in build.steps)


# -- rehearsal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LINKS, SCRATCH, MOUNTS], ids=["links", "scratch", "mounts"])
def test_a_rehearsal_of_multi_stage_files(bench: Bench, text: str) -> None:
    if text is not LINKS:       # only linked copies are another thing in the containerd store
        shown_on(bench.facts, ImageStore.GRAPHDRIVER if text is MOUNTS else ImageStore.CONTAINERD)
    result = bench.confirm(Mode.REHEARSAL, *own_builds(bench, text))
    assert wrong(result) == [] and result.compared > 40 and bench.nothing_is_left()


PYTHON = """\
# syntax=docker/dockerfile:1
# escape=\\
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1
RUN apt-get update && apt-get install -y --no-install-recommends gcc
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=cache,target=/var/cache/pip pip wheel -r requirements.txt -w /wheels
RUN --mount=type=secret,id=token,required=true pip download private
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN curl https://example.com | sh
RUN ["python", "-m", "compileall", "."]

FROM gcr.io/distroless/python3@sha256:%s
COPY --from=build /wheels/*.whl /wheels/
COPY --from=build /app /app
COPY --from=ghcr.io/example/uv:0.5 /uv /uvx /bin/
USER nonroot:nonroot
COPY --chown=nonroot:nogroup . /srv
WORKDIR /srv/data
RUN ["/bin/python3", "-V"]
""" % ("ab" * 32)


def test_a_rehearsal_needs_no_network(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.GRAPHDRIVER)
    first = bench.state({"Dockerfile": PYTHON, "requirements.txt": "flask\n", "main.py": "1\n", "go.sh": "#!/bin/sh\n"})
    result = bench.confirm(Mode.REHEARSAL, ("first", first), ("edit", bench.edited(first, {"main.py": "2\n"})),
                           ("install", bench.edited(first, {"requirements.txt": "flask==3\n"})))
    assert wrong(result) == [] and result.compared == 3 * 13
    assert "docker/dockerfile:1 is not fetched" in " ".join(result.notes)
    edited = {s.name: s.observed for s in result.builds[1].steps}
    assert [o for n, o in edited.items() if n.endswith("COPY --chown=nonroot:nogroup . /srv")] == ["run"]
    assert bench.nothing_is_left()


def test_a_rehearsal_fetches_nothing_that_add_names(bench: Bench) -> None:
    """The addresses lead nowhere: a build that asked one of them would fail."""
    shown_on(bench.facts, ImageStore.CONTAINERD)
    text = ("FROM python:3.12 AS tools\nARG V=2\nADD --checksum=sha256:%s https://nowhere.invalid/tool-$V.tgz /opt/\n"
            "ADD https://nowhere.invalid/lib.git#v1 \\\n    /src\nADD f https://nowhere.invalid/x /mixed/\n"
            "FROM alpine:3\nCOPY --from=tools /opt/tool-2.tgz /t\nCOPY --from=tools /src/a.c /a.c\n"
            "COPY --from=lib /x /x\nRUN make\n" % ("ab" * 32))
    first = bench.state({"Dockerfile": text, "f": "1\n"}, BuildOptions(contexts=(("lib", "https://nowhere.invalid/l.git"),)))
    result = bench.confirm(Mode.REHEARSAL, ("first", first), ("again", first), ("edit", bench.edited(first, {"f": "2\n"})))
    assert wrong(result) == [] and result.exit_code == 0 and result.compared == 3 * 7
    notes = " ".join(result.notes)
    assert notes.count("is not fetched") == 4 and "tool-2.tgz" in notes
    assert {s.observed for s in result.builds[1].steps if s.verdict.counts} == {"cached"}
    assert bench.nothing_is_left()


@pytest.mark.parametrize("mode", [Mode.ISOLATED, Mode.REHEARSAL])
def test_a_tag_that_moved_is_replayed(bench: Bench, mode: Mode, tmp_path: Path) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD if mode is Mode.ISOLATED else ImageStore.GRAPHDRIVER)
    file = tmp_path / "moved.json"
    files = {"Dockerfile": {"text": f"FROM {BASE} AS a\nRUN true\nCOPY f /f\n"},
             "f": {"text": "1\n"}}
    file.write_text(json.dumps({"name": "moved", "store": bench.facts.store.value if bench.facts.store else "",
                                "bases": [{"ref": BASE, "config": []}],
                                "builds": [{"edit": "first", "files": files}, {"edit": "again"},
                                           {"edit": "moved", "move_tags": [BASE]}, {"edit": "after"}]}))
    builds, contents, _ = scenario_builds(file)
    result = bench.confirm(mode, *((b.label, b.state) for b in builds), contents=contents)
    assert wrong(result) == [] and result.exit_code == 0
    ran = [[s.observed for s in build.steps if "RUN true" in s.name] for build in result.builds]
    assert ran == [["run"], ["cached"], ["run"], ["cached"]] and bench.nothing_is_left()


# -- it survives ------------------------------------------------------------------------------------------------------


@contextmanager
def over_tcp() -> Iterator[tuple[str, threading.Event]]:
    """The engine's socket on a port of the loopback; set the event to cut every connection."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        pytest.skip("the engine does not listen on a socket here")
    cut = threading.Event()
    open_: list[socket.socket] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        name = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.settimeout(0.1)

        def pump(source: socket.socket, target: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                return

        def accept() -> None:
            while not cut.is_set():
                try:
                    near, _ = server.accept()
                except OSError:
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(host.removeprefix("unix://"))
                near.settimeout(None)
                open_.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threads.append(threading.Thread(target=pump, args=pair, daemon=True))
                    threads[-1].start()
            server.close()      # who comes now is refused
            for one in open_:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        threads: list[threading.Thread] = []
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield name, cut
        finally:
            cut.set()
            acceptor.join()
            for thread in threads:
                thread.join(5)
            for one in open_:
                one.close()


@contextmanager
def listening() -> Iterator[str]:
    """The port at which the engine itself listens, as ENGINE_TCP says it; else one that leads to its socket."""
    port = os.environ.get("ENGINE_TCP", "")
    if port:
        yield f"tcp://{port}"
        return
    with over_tcp() as (host, _):
        yield host


@pytest.mark.parametrize("mode", [Mode.ISOLATED, Mode.LIVE, Mode.REHEARSAL])
def test_an_engine_over_tcp(bench: Bench, monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD if mode is Mode.ISOLATED else ImageStore.GRAPHDRIVER)
    with listening() as host, monkeypatch.context() as environment:
        environment.setenv("DOCKER_HOST", host)
        near = Runner().run(probe(EngineChoice()))
        assert near.identity == bench.facts.identity        # the same engine, however it is reached
        (listed,) = [choice for choice in Runner().run(list_engines()) if choice.current]
        assert listed.endpoint == host and not listed.remote
        result = bench.confirm(mode, *own_builds(bench, MOUNTS)[:3])
        assert wrong(result) == [] and result.exit_code == 0
    assert bench.nothing_is_left()


def test_the_engine_vanishes_in_the_middle(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    state = bench.state({"Dockerfile": f"FROM {BASE}\nRUN echo started; sleep 31\n"})
    session: Session
    with over_tcp() as (host, cut), monkeypatch.context() as environment:
        environment.setenv("DOCKER_HOST", host)

        def watch() -> None:
            if any(v.log.startswith("started") for v in session.phase.observed.vertices):
                cut.set()
        session = bench.session(bench.plan(Mode.ISOLATED, [("first", state)]), watch)
        result = Runner().run(session.script())
    assert result.exit_code == 2 and result.builds[0].could_not_run, result
    assert "engine" in result.builds[0].problem
    assert not list((tmp_path / "scratch").iterdir())
    (note,) = (tmp_path / "running").glob("*.json")     # the image could not be removed: the next start does it
    note.unlink()
    assert Runner().run(leftovers.remove_labelled(("docker",), session.token))


def test_a_killed_confirmation_is_cleaned_by_the_next(bench: Bench, tmp_path: Path) -> None:
    """kill -9 while it builds, then the command once more."""
    shown_on(bench.facts, ImageStore.GRAPHDRIVER)
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(f"FROM {BASE}\nRUN sleep 1\n")
    data = tmp_path / "data"
    env = {**os.environ, "CACHESIM_DATA_DIR": str(data), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", "import sys; from cachesim.cli.main import main; "
               "sys.exit(main(sys.argv[1:], open_window=lambda *_: 9))", "confirm", str(project), "--json"]
    first = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not list(tmp_path.glob("cachesim-*/build-0.rawjson")) and time.monotonic() < end:
        time.sleep(0.05)
    (folder,) = tmp_path.glob("cachesim-*")
    first.send_signal(signal.SIGKILL)
    first.wait()
    run = folder.name.removeprefix("cachesim-")
    assert docker("image", "ls", "--quiet", "--filter", f"label=cachesim.run={run}").split()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("cachesim-*")) and not list((data / "running").iterdir())
    assert not docker("image", "ls", "--all", "--quiet", "--filter", f"label=cachesim.run={run}").split()


def test_an_old_buildx_says_the_same_in_plain_text(bench: Bench, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """The real client, behind one that claims to be old."""
    shown_on(bench.facts, ImageStore.CONTAINERD)
    folder = tmp_path / "bin"
    folder.mkdir()
    real = subprocess.run(["which", "docker"], capture_output=True, text=True, check=True).stdout.strip()
    (folder / "docker").write_text(
        '#!/bin/sh\n[ "$1 $2" = "buildx version" ] && { echo "docker/buildx v0.12.1 x"; exit; }\n'
        f'exec {real} "$@"\n')
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    result = bench.confirm(Mode.ISOLATED, *own_builds(bench, MOUNTS)[:4])
    assert wrong(result) == [] and result.compared > 20
    assert any("older than 0.13" in note for note in result.notes)
