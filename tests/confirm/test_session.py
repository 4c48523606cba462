"""Whole confirmations against a client that answers as recorded."""

from __future__ import annotations

import json
import tarfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cachesim.cli.runner import Runner
from cachesim.confirm import leftovers
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.match import Confirmation, Mode, Verdict
from cachesim.confirm.records import load_record
from cachesim.confirm.session import Plan, PlannedBuild, Session
from cachesim.confirm.workspace import FolderContents
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of_bytes
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.project.state import ProjectState

from .conftest import RECORDED, FakeDocker

DOCKERFILE = "FROM busybox:1.36\nCOPY f /f\nRUN cat /f\n"
FILES = {"f": b"one\n", "Dockerfile": DOCKERFILE.encode(), ".dockerignore": b"*.log\n"}

Confirm = Callable[..., Confirmation]


def stream(*names: str, error: str = "", cached: tuple[str, ...] = ()) -> str:
    """Lines of a build in which every named step ran."""
    lines = []
    for number, name in enumerate(names):
        vertex = {"digest": f"sha256:{number}", "name": name, "started": "2026-01-01T00:00:00.1Z",
                  "completed": "2026-01-01T00:00:01.1Z", **({"cached": True} if name in cached else {})}
        lines.append(json.dumps({"vertexes": [vertex]}))
    return "\n".join([*lines, *([f"ERROR: failed to build: failed to solve: {error}"] if error else [])]) + "\n"


RIGHT = stream("[context busybox:1.36] localhost/cachesim/nonce:x-0", "[1/3] COPY f /f", "[2/3] RUN cat /f")


@pytest.fixture
def plan(tmp_path: Path, docker: FakeDocker) -> Plan:
    docker.builds = [{"play": [], "raw": [RIGHT]}]
    docker.write()
    state = ProjectState(DOCKERFILE, ContextSnapshot.of(FILES))
    contents = {digest_of_bytes(data): data for data in FILES.values()}
    return Plan(Mode.ISOLATED, EngineChoice(), (PlannedBuild("first", state),), FolderContents(None, contents.get),
                tmp_path / "scratch", running=tmp_path / "running", records=tmp_path / "records")


def confirm(plan: Plan) -> Confirmation:
    return Runner().run(Session(plan).script())


def nothing_is_left(plan: Plan) -> bool:
    assert plan.running is not None
    return not any(plan.scratch.iterdir()) and not list(plan.running.glob("*.json"))


def with_text(plan: Plan, text: str, **options: Any) -> Plan:
    state = replace(plan.builds[-1].state, text=text, options=replace(plan.builds[-1].state.options, **options))
    return replace(plan, builds=(*plan.builds[:-1], replace(plan.builds[-1], state=state)))


def test_isolated(plan: Plan, docker: FakeDocker) -> None:
    result = confirm(plan)
    assert (result.exit_code, result.verdict) == (0, "2 of 2 as predicted.")
    (build,) = docker.calls_of("buildx", "build", "--builder", "default", "--progress=rawjson")
    context = build[build.index("--build-context") + 1]
    assert context.startswith("busybox:1.36=docker-image://localhost/cachesim/nonce:") and context.endswith("-0")
    assert build[-2] == build[-1] + "/Dockerfile" and build[-1].endswith("/context")
    image = context.rpartition("docker-image://")[2]
    assert ["rmi", "--force", image] in docker.calls
    assert nothing_is_left(plan)
    assert result.builds[0].steps[0].verdict is Verdict.NOT_COMPARED


def test_the_record_tells_everything(plan: Plan) -> None:
    result = confirm(plan)
    record = load_record(Path(result.record))
    assert record.confirmation.builds[0].steps == result.builds[0].steps
    assert record.dockerfiles == (DOCKERFILE,) and record.facts["engine"] == "28.5.2"
    assert record.commands[0][:3] == ("docker", "buildx", "build")


def test_builds_share_one_folder_and_only_the_edit_is_new(plan: Plan, docker: FakeDocker) -> None:
    first = plan.builds[0].state
    edited = replace(first, context=first.context.with_bytes("f", b"two\n", mtime_ns=7))
    contents = {digest_of_bytes(d): d for d in (*FILES.values(), b"two\n")}
    docker.builds.append({"play": [], "raw": [RIGHT]})
    docker.write()
    result = confirm(replace(plan, builds=(*plan.builds, PlannedBuild("edit f", edited)),
                             contents=FolderContents(None, contents.get)))
    assert [b.label for b in result.builds] == ["first", "edit f"] and result.exit_code == 0
    folders = {call[-1] for call in docker.calls_of("buildx", "build") if "--output" in call}
    assert len(folders) == 1


def test_confirming_twice_gives_the_same_table(plan: Plan) -> None:
    tables = [[(s.name, s.predicted, s.observed, s.verdict, s.note) for b in confirm(plan).builds for s in b.steps
               if not s.name.startswith("[context")] for _ in range(2)]
    assert tables[0] == tables[1]


def test_a_wrong_prediction(plan: Plan, docker: FakeDocker) -> None:
    docker.builds = [{"play": [], "raw": [stream("[1/3] COPY f /f", "[2/3] RUN cat /f", cached=("[2/3] RUN cat /f",))]}]
    docker.write()
    result = confirm(plan)
    assert result.exit_code == 1 and [s.name for _, s in result.differences] == ["[2/3] RUN cat /f"]


def test_scratch_is_isolated_through_an_alias_outside_the_context(plan: Plan, docker: FakeDocker) -> None:
    text = "FROM scratch\nCOPY f /f\n"
    docker.builds = [{"play": [], "raw": [stream("[1/2] COPY f /f")]}]
    docker.write()
    result = confirm(with_text(plan, text))
    assert result.exit_code == 0, result
    build = next(call for call in docker.calls_of("buildx", "build") if "--output" in call)
    assert not build[-2].startswith(build[-1])
    assert any("FROM scratch cannot be isolated" in note for note in result.notes)
    assert load_record(Path(result.record)).dockerfiles == ("FROM cachesim-base-scratch\nCOPY f /f\n",)


def test_no_cache_makes_the_last_state_alone(plan: Plan, docker: FakeDocker) -> None:
    result = confirm(replace(plan, mode=Mode.NO_CACHE, builds=(*plan.builds, *plan.builds)))
    builds = [call for call in docker.calls_of("buildx", "build") if "--output" in call]
    assert len(builds) == 1 and "--no-cache" in builds[0] and result.exit_code == 0


def test_live_builds_the_folder_itself_and_learns(plan: Plan, docker: FakeDocker, tmp_path: Path) -> None:
    from cachesim.context.scan import scan_context
    project = tmp_path / "project"
    project.mkdir()
    for name, data in FILES.items():
        (project / name).write_bytes(data)
    docker.builds = [{"play": [], "raw": [stream("[1/3] FROM docker.io/library/busybox:1.36", "[2/3] COPY f /f",
                                                 "[3/3] RUN cat /f", cached=("[2/3] COPY f /f",))]}]
    docker.write()
    state = replace(plan.builds[0].state, context=scan_context(project))
    live = replace(plan, mode=Mode.LIVE, folder=project, contents=FolderContents(project),
                   builds=(PlannedBuild("now", state),))
    session = Session(live)
    result = Runner().run(session.script())
    assert result.exit_code == 0 and result.count(Verdict.KNOWN_EARLIER) == 1
    build = next(call for call in docker.calls_of("buildx", "build"))
    assert build[-1] == str(project) and "--build-context" not in build
    assert session.seen == ("AB:CD", state)
    assert not docker.calls_of("rmi") and nothing_is_left(live)
    (project / "f").write_text("changed on disk\n")
    edited = replace(live, contents=FolderContents(None, {digest_of_bytes(d): d for d in FILES.values()}.get))
    assert any("is not what lies on disk" in note for note in confirm(edited).notes)


IMAGES = ("476faff4c3e7", "c5cb77d4fb07", "0fa4bd392683")


def classic_answer(endpoint: object, archive: Path, options: BuildOptions, line: Callable[[str], None], progress: object) -> int:
    """What the classic builder says to `DOCKERFILE`."""
    base = "busybox:1.36"
    with tarfile.open(archive) as context:
        file = context.extractfile("Dockerfile")
        assert file is not None
        base = file.read().decode().split()[1]
    for number, (text, image) in enumerate(zip((f"FROM {base}", "COPY f /f", "RUN cat /f"), IMAGES, strict=True), 1):
        for at, said in enumerate((f"Step {number}/3 : {text}", "\n", f" ---> {image}\n")):
            line(json.dumps({"at": number + at / 4, "item": {"stream": said}}))
    return 0


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.ISOLATED, Mode.NO_CACHE])
def test_images_of_the_classic_builder(mode: Mode, plan: Plan, docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cachesim.confirm.build.classic_build", classic_answer)
    first = replace(plan.builds[0], state=replace(plan.builds[0].state, engine=EngineKind.CLASSIC))
    result = confirm(replace(plan, mode=mode, builds=(first,)))
    steps = result.builds[0].steps
    assert result.verdict == "2 of 2 as predicted." and [s.image for s in steps] == list(IMAGES)
    assert {s.image_kept for s in steps} == {mode is Mode.LIVE} and bool(docker.calls_of("rmi")) == (mode is not Mode.LIVE)
    again = load_record(Path(result.record)).confirmation.builds[0].steps
    assert [(s.image, s.image_kept) for s in again] == [(image, False) for image in IMAGES]


def test_buildkit_has_no_images_of_steps(plan: Plan) -> None:
    assert not any(s.image or s.image_kept for s in confirm(plan).builds[0].steps)


def test_rehearsal(plan: Plan, docker: FakeDocker) -> None:
    text = "# syntax=docker/dockerfile:1\nFROM python:3.12\nCOPY f /f\nRUN --mount=type=secret,id=s,required=true pip\n"
    docker.builds = [{"play": [], "raw": [stream("[stage-0 1/3] COPY f /f",
                                                 "[stage-0 2/3] RUN --mount=type=secret,id=s,required=true pip")]}]
    docker.write()
    result = confirm(replace(with_text(plan, text, pull=True), mode=Mode.REHEARSAL))
    assert result.exit_code == 0, result
    assert docker.calls_of("import") and not [c for c in docker.calls_of("buildx", "build") if "--load" in c]
    build = next(call for call in docker.calls_of("buildx", "build"))
    assert "--pull" not in build and build[build.index("--secret") + 1] == "id=s,env=CACHESIM_SECRET_0"
    assert any(c.startswith("python:3.12=docker-image://localhost/cachesim/stand-in:") for c in build)
    assert "docker/dockerfile:1 is not fetched" in " ".join(result.notes)
    assert "cannot show real outputs" in " ".join(result.notes)
    stored = load_record(Path(result.record)).dockerfiles[0]
    assert stored.count("\n") == text.count("\n") and "syntax=" not in stored
    assert nothing_is_left(plan)


def test_the_ignore_file_lies_beside_a_dockerfile_outside(plan: Plan) -> None:
    seen: list[str] = []
    session = Session(replace(with_text(plan, "FROM scratch\nCOPY f /f\n")))
    runner = Runner()
    real = runner.execute

    def spying(item: Any) -> object:
        argv = getattr(item, "argv", ())
        if "--file" in argv:
            file = Path(argv[argv.index("--file") + 1])
            seen.extend(sorted(p.name for p in file.parent.iterdir()))
            assert (file.parent / "Dockerfile.dockerignore").read_bytes() == FILES[".dockerignore"]
            assert Path(argv[-1], "Dockerfile").read_text() == DOCKERFILE
        return real(item)
    runner.execute = spying  # type: ignore[method-assign]
    runner.run(session.script())
    assert seen == ["Dockerfile", "Dockerfile.dockerignore"]


def test_secrets_reach_no_log_and_no_record(plan: Plan, docker: FakeDocker) -> None:
    text = "FROM busybox:1.36\nRUN --mount=type=secret,id=s cat /run/secrets/s\n"
    docker.builds = [{"play": [], "echo_secrets": True, "code": 1, "raw": [stream("[stage-0 1/2] RUN x")
                      + json.dumps({"vertexes": [{"digest": "sha256:v", "name": "RUN hunter22-secret"}]}) + "\n"]}]
    docker.write()
    plan = with_text(plan, text, secrets=(("s", digest_of_bytes(b"hunter22-secret")),))
    result = confirm(replace(plan, secrets={"s": b"hunter22-secret"}))
    assert plan.secrets == {} and "hunter22" not in repr(replace(plan, secrets={"s": b"hunter22-secret"}))
    build = next(entry for entry in docker.entries if "--output" in entry["argv"])
    assert build["env"]["CACHESIM_SECRET_0"] == "hunter22-secret"
    assert not any("hunter22" in word for entry in docker.entries for word in entry["argv"])
    assert "hunter22" not in repr(result) and "****" in repr(result)
    import zipfile
    with zipfile.ZipFile(result.record) as archive:
        for name in archive.namelist():
            assert b"hunter22" not in archive.read(name) and b"aHVudGVyMjI" not in archive.read(name)
    record = load_record(Path(result.record))
    assert any("****" in v.log for v in record.confirmation.builds[0].observed.vertices)


def test_secrets_that_were_not_given_are_named(plan: Plan) -> None:
    result = confirm(with_text(plan, DOCKERFILE, secrets=(("s", digest_of_bytes(b"x")),)))
    assert any("secret s was not given" in note for note in result.notes)


def test_cancel_leaves_nothing(plan: Plan, docker: FakeDocker, tmp_path: Path) -> None:
    docker.builds = [{"play": [], "raw": [RIGHT], "sleep": 60, "ignore_int": True, "child": str(tmp_path / "child")}]
    docker.write()
    runner, session = Runner(), Session(plan)

    def stop() -> None:
        end = time.monotonic() + 60
        child = tmp_path / "child"
        while not (child.exists() and child.read_text()) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.2)
        runner.cancel()
        runner.cancel()
    thread = threading.Thread(target=stop)
    thread.start()
    result = runner.run(session.script())
    thread.join()
    assert result.cancelled and result.exit_code == 2
    assert nothing_is_left(plan) and docker.calls_of("rmi")
    pid = (tmp_path / "child").read_text()
    stat = Path(f"/proc/{pid}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(("start", "answer", "said"), [
    ("version", ('{"Client":{},"Server":null}', "Cannot connect to the Docker daemon", 1), "systemctl start docker"),
    ("version", ('{"Client":{}}', "permission denied while trying to connect", 1), "docker group"),
    ("buildx version", ("", "docker: 'buildx' is not a docker command.", 1), "docker-buildx"),
    ("buildx version", ("github.com/docker/buildx v0.7.0 x", "", 0), "older than 0.8"),
])
def test_what_is_missing_is_said_with_what_helps(plan: Plan, docker: FakeDocker, start: str,
                                                 answer: tuple[str, str, int], said: str) -> None:
    docker.answers[start] = answer
    docker.write()
    result = confirm(plan)
    assert result.exit_code == 2 and said in result.error and result.builds == ()
    assert not plan.scratch.exists() or nothing_is_left(plan)


def test_no_docker_at_all(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = confirm(plan)
    assert result.exit_code == 2 and "Docker is not installed here" in result.error


def test_an_old_buildx_is_read_as_plain_text(plan: Plan, docker: FakeDocker) -> None:
    docker.answers["buildx version"] = ("github.com/docker/buildx v0.12.1 x\n", "", 0)
    docker.builds = [{"play": [], "raw": ["#1 [1/3] COPY f /f\n#1 DONE 0.1s\n\n#2 [2/3] RUN cat /f\n#2 0.1 one\n"
                                          "#2 DONE 0.2s\n"]}]
    docker.write()
    result = confirm(plan)
    assert result.exit_code == 0 and result.held == 2
    assert any("--progress=plain" in call for call in docker.calls if "--output" in call)
    assert any("older than 0.13" in note for note in result.notes)


def test_the_engine_vanishes(plan: Plan, docker: FakeDocker) -> None:
    lost = stream("[1/3] COPY f /f") + ("ERROR: failed to receive status: rpc error: code = Unavailable desc = error "
                                        "reading from server: EOF\n")
    docker.builds = [{"play": [], "raw": [lost], "code": 1}]
    docker.answers["rmi"] = ("", "Cannot connect to the Docker daemon", 1)
    docker.answers["ps"] = ("", "Cannot connect to the Docker daemon", 1)
    docker.write()
    result = confirm(plan)
    assert result.exit_code == 2 and "went away" in result.builds[0].problem
    assert not docker.calls_of("buildx", "du"), "nobody is there who could be asked for sizes"
    assert result.held == 1 and not any(plan.scratch.iterdir())
    assert plan.running is not None and len(list(plan.running.glob("*.json"))) == 1     # cleaned at the next start
    (note,) = plan.running.glob("*.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "born": "gone"}))
    assert len(leftovers.find(plan.running)) == 1


def test_lines_of_any_kind_do_no_harm(plan: Plan, docker: FakeDocker) -> None:
    odd = "WARNING: something\n\xff\xfe\xfa\n{broken json\n\r\n{\"vertexes\": 7}\n" + RIGHT
    docker.builds = [{"play": [], "raw": [odd]}]
    docker.write()
    result = confirm(plan)
    assert result.exit_code == 0 and "WARNING: something" in result.builds[0].observed.notes
    load_record(Path(result.record))


def test_a_failing_build_shows_step_and_log_and_ends_the_run(plan: Plan, docker: FakeDocker) -> None:
    text = (RECORDED / "graphdriver-failing.jsonl").read_text()
    docker.builds = [{"play": [], "raw": [text], "code": 1}]
    docker.write()
    result = confirm(replace(plan, builds=(*plan.builds, *plan.builds)))
    assert len(result.builds) == 1 and any("were not made" in note for note in result.notes)
    failed = result.builds[0].observed.failed_vertex
    assert failed is not None and "about to fail" in failed.log and "exit code: 3" in result.builds[0].observed_error
    assert nothing_is_left(plan)


def test_a_base_that_cannot_be_had(plan: Plan, docker: FakeDocker) -> None:
    docker.images = {}
    docker.answers["buildx build --builder default --progress=plain"] = ("", "ERROR: no such host", 1)
    docker.write()
    result = confirm(plan)
    assert result.exit_code == 2 and "no such host" in result.error and nothing_is_left(plan)


def test_unknown_content(plan: Plan) -> None:
    result = confirm(replace(plan, contents=FolderContents()))
    assert result.exit_code == 2 and "content is not known any more" in result.error and nothing_is_left(plan)


def test_a_text_that_was_just_typed_is_on_no_disk(plan: Plan, docker: FakeDocker) -> None:
    text = DOCKERFILE + "CMD true\n"
    state = plan.builds[0].state.with_text(text, 9)
    result = confirm(replace(plan, builds=(PlannedBuild("typed", state),)))
    assert result.exit_code == 0 and load_record(Path(result.record)).dockerfiles == (text,)


def test_named_contexts_are_written_too(plan: Plan, docker: FakeDocker) -> None:
    state = plan.builds[0].state
    data = b"named\n"
    state = replace(state, text="FROM busybox:1.36\nCOPY --from=other /x /x\n", options=BuildOptions(
        contexts=(("other", "../elsewhere"),)), named_contexts={"other": ContextSnapshot.of({"x": data})})
    docker.builds = [{"play": [], "raw": [stream("[1/2] COPY --from=other /x /x")]}]
    docker.write()
    confirm(replace(plan, builds=(PlannedBuild("x", state),),
                    named={"other": FolderContents(None, {digest_of_bytes(data): data}.get)}))
    build = next(call for call in docker.calls_of("buildx", "build") if "--output" in call)
    (named,) = [word for word in build if word.startswith("other=")]
    assert named.startswith(f"other={plan.scratch}") and named.endswith("/named-0")


def test_a_builder_of_its_own(plan: Plan, docker: FakeDocker) -> None:
    result = confirm(replace(plan, fresh_builder=True))
    (made,) = docker.calls_of("buildx", "create")
    name = made[made.index("--name") + 1]
    assert name.startswith("cachesim-") and "docker-container" in made
    build = next(call for call in docker.calls_of("buildx", "build"))
    assert build[build.index("--builder") + 1] == name and "--build-context" not in build
    assert ["buildx", "rm", "--force", name] in docker.calls
    assert result.builds


@pytest.mark.parametrize("driver", ["docker-container", "kubernetes", "remote"])
def test_builders_without_images(plan: Plan, docker: FakeDocker, driver: str) -> None:
    choice = EngineChoice("b", driver, "", "b", "tcp://h:1", driver != "docker-container")
    result = confirm(replace(plan, engine=choice))
    build = next(call for call in docker.calls_of("buildx", "build"))
    assert build[build.index("--builder") + 1] == "b" and "--build-context" not in build
    assert any("may know steps from earlier builds" in note for note in result.notes)


def test_phases(plan: Plan) -> None:
    session: Session
    seen: list[tuple[str, int]] = []
    running: set[object] = set()

    def note() -> None:
        phase = session.phase
        seen.append((phase.what, phase.build))
        running.update(phase.finished)
    session = Session(plan, note)
    Runner().run(session.script())
    whats = [what for what, _ in seen]
    assert whats[0] == "asking the engine" and "isolating busybox:1.36" in whats and whats[-1] == "cleaning up"
    assert ("building: first", 0) in seen and len(running) == 2
    assert session.reports and session.reports[0].steps
