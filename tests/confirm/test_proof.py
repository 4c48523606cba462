"""Whole proofs against a client that answers as recorded."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.cli.runner import Runner
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.isolate import LABEL
from cachesim.confirm.proof import Proof, ProofPlan
from cachesim.confirm.proof_report import ProofReport, RowKind, Times
from cachesim.confirm.workspace import FolderContents
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of_bytes
from cachesim.project.mix import mix_by_hand
from cachesim.project.state import ProjectState

from .conftest import SERVER, FakeDocker
from .test_session import stream

A = "FROM busybox:1.36\nCOPY . /app\nRUN install\n"
B = "FROM busybox:1.36\nCOPY requirements.txt /app/\nRUN install\nCOPY . /app\n"
FILES = {"requirements.txt": b"x\n", "src/a.py": b"1\n", "Dockerfile": A.encode(), ".dockerignore": b"*.log\n"}
STEPS = {"a": ("[1/3] COPY . /app", "[2/3] RUN install"),
         "b": ("[1/4] COPY requirements.txt /app/", "[2/4] RUN install", "[3/4] COPY . /app")}


def built(side: str, *cached: int) -> dict[str, object]:
    """A build in which these steps come from the cache and all others run; the first line is the replaced base."""
    base = "[context busybox:1.36] localhost/cachesim/nonce:x-0"
    names = STEPS[side]
    return {"play": [], "raw": [stream(base, *names, cached=tuple(names[i] for i in cached))]}


def archive(**files: str) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for name, text in files.items():
            item = tarfile.TarInfo(name)
            item.size = len(text)
            made.addfile(item, io.BytesIO(text.encode()))
    return buffer.getvalue().decode("ascii")


@pytest.fixture
def plan(tmp_path: Path, docker: FakeDocker) -> ProofPlan:
    """Source and manifest edits, on an engine that does what is predicted and makes equal images."""
    docker.answers["export"] = (archive(app="1"), "", 0)
    docker.builds = [
        built("a"), built("a"), built("a"), built("a"), built("a", 0, 1), built("a"),
        built("b"), built("b", 0, 1), built("b"), built("b", 0, 1, 2), built("b")]
    docker.write()
    contents = {digest_of_bytes(data): data for data in (*FILES.values(), B.encode())}
    a = ProjectState(A, ContextSnapshot.of(FILES))
    return ProofPlan(a, replace(a, text=B), mix_by_hand("src/a.py 70, requirements.txt 30", a.context), EngineChoice(),
                     FolderContents(None, contents.get), tmp_path / "scratch", running=tmp_path / "running")


def prove(plan: ProofPlan) -> ProofReport:
    return Runner().run(Proof(plan).script())


def nothing_is_left(plan: ProofPlan, docker: FakeDocker) -> bool:
    made = {call[call.index("--tag") + 1] for call in docker.calls if "--tag" in call}
    removed = {ref for call in docker.calls_of("rmi") for ref in call[2:]}
    containers = {call[call.index("--name") + 1] for call in docker.calls_of("create")}
    gone = {name for call in docker.calls_of("rm") for name in call[3:]}
    assert plan.running is not None
    assert made <= removed and containers <= gone and not list(plan.running.glob("*.json"))
    return not plan.scratch.exists() or not any(plan.scratch.iterdir())


def test_the_same_image_for_less(plan: ProofPlan, docker: FakeDocker) -> None:
    seen: list[int] = []
    proof = Proof(plan, lambda: seen.append(proof.phase.done))
    report = Runner().run(proof.script())
    assert seen == sorted(seen) and set(seen) == set(range(12)), "each build counts as soon as it is over"
    assert report.verdict.startswith("Same image: 1 file and the configuration are equal. ")
    assert (report.exit_code, report.same, report.error, report.unexpected) == (0, True, "", ())
    assert [(r.label, r.a and r.a.observed, r.b and r.b.observed) for r in report.rows] == [
        ("src/a.py", 2, 1), ("requirements.txt", 2, 3), ("no edit", 0, 0), ("an edit of the manifest (requirements.txt)", 2, 3)]
    assert [r.kind.control for r in report.rows] == [False, False, True, True]
    assert report.reruns == pytest.approx((2.0, 1.6)) and report.times is Times.MEASURED
    assert proof.phase.done == proof.phase.builds == 11 and len(proof.confirmations) == 3
    assert nothing_is_left(plan, docker)


def test_the_builds_are_made_without_cache_kept_and_labelled(plan: ProofPlan, docker: FakeDocker) -> None:
    proof = Proof(plan)
    Runner().run(proof.script())
    builds = [call for call in docker.calls_of("buildx", "build") if "--file" in call]
    whole = [call for call in builds if "--no-cache" in call]
    assert len(builds) == 11 and [builds.index(call) for call in whole] == [0, 1, 6]
    assert all("--load" in c and f"{LABEL}={proof.token}" in c and "--output" not in c for c in whole)
    assert all("type=cacheonly" in c for c in builds if c not in whole)
    bases = {c[c.index("--build-context") + 1] for c in builds}
    assert len(bases) == 3              # each side, and A's second build, on a base of its own
    assert len(docker.calls_of("buildx", "version")) == 1, "the engine says once who it is"


def test_every_cache_mount_starts_empty(plan: ProofPlan, docker: FakeDocker) -> None:
    text = A.replace("RUN install", "RUN --mount=type=cache,target=/c install")
    prove(replace(plan, a=replace(plan.a, text=text)))
    names = [{w for w in call if w.startswith("BUILDKIT_CACHE_MOUNT_NS=")} for call in docker.calls_of("buildx", "build")
             if "--file" in call]
    assert all(len(n) == 1 for n in names[:6]) and names[0] != names[1] == names[5] and names[6] == set()


def test_a_difference_and_what_two_builds_of_a_differ_in(plan: ProofPlan, docker: FakeDocker) -> None:
    images = [archive(app=app, stamp=stamp) for app, stamp in (("1", "x"), ("1", "y"), ("2", "z"))]
    docker.answers |= {"export": (images[2], "", 0)}
    proof = Proof(plan)
    for number, image in enumerate((images[1], images[0], images[2]), 1):
        docker.answers = {f"export cachesim-{proof.token}-{number}": (image, "", 0), **docker.answers}
    docker.write()
    report = Runner().run(proof.script())
    assert report.exit_code == 1 and report.image is not None
    assert [d.name for d in report.image.differences] == ["/app"] and report.image.ignored_total == 1
    assert report.verdict.startswith("The images differ: /app: content differs")


@pytest.mark.parametrize(("side", "builds", "code"), [("A", 1, 2), ("B", 7, 1)])
def test_one_side_does_not_build(plan: ProofPlan, docker: FakeDocker, side: str, builds: int, code: int) -> None:
    steps = STEPS[side.lower()]
    failing = {"play": [], "raw": [stream(*steps, error="process \"install\" did not complete")], "code": 1}
    docker.builds[builds - 1] = failing
    docker.write()
    report = prove(plan)
    assert report.exit_code == code and report.verdict.startswith(f"{side} ({side}) does not build: process \"install\"")
    assert len([c for c in docker.calls_of("buildx", "build") if "--file" in c]) == builds
    assert nothing_is_left(plan, docker)


def test_an_edit_that_does_not_build_ends_that_side_only(plan: ProofPlan, docker: FakeDocker) -> None:
    docker.builds[7] = {"play": [], "raw": [stream(*STEPS["b"], error="process \"install\" did not complete")], "code": 1}
    docker.write()
    report = prove(plan)
    row = report.rows[0]
    assert row.a is not None and row.b is not None and row.b.failed and report.rows[1].b is None
    assert report.worse and report.exit_code == 1 and "did not complete" in report.unexpected[0]


@pytest.mark.parametrize("at", ["building: A, a first time", "opening the image", "reading the image's", "building: B, no"])
def test_cancelling_leaves_nothing(plan: ProofPlan, docker: FakeDocker, at: str) -> None:
    runner = Runner(lambda what: runner.cancel() if what.startswith(at) else None)
    report = runner.run(Proof(plan).script())
    assert report.cancelled and report.exit_code == 2 and report.verdict.startswith("Cancelled")
    assert nothing_is_left(plan, docker)


@pytest.mark.parametrize(("answer", "words"), [
    ("create", "no space left on device"), ("export", "error during connect: EOF")])
def test_an_engine_that_goes_away_or_is_full(plan: ProofPlan, docker: FakeDocker, answer: str, words: str) -> None:
    docker.answers[answer] = ("", f"{words}\n", 1)
    docker.write()
    report = prove(plan)
    assert report.exit_code == 2 and report.error.startswith(("the engine's disk is full", "the engine does not answer"))
    assert nothing_is_left(plan, docker)


def test_no_engine(plan: ProofPlan, docker: FakeDocker) -> None:
    docker.answers["version"] = (json.dumps({"Client": SERVER["Client"]}), "Cannot connect to the Docker daemon", 1)
    docker.write()
    report = prove(plan)
    assert report.exit_code == 2 and "does not answer" in report.verdict and not plan.scratch.exists()


def test_an_archive_that_ends_early(plan: ProofPlan, docker: FakeDocker) -> None:
    docker.answers["export"] = (archive(app="1" * 2000)[:700], "", 0)
    docker.write()
    report = prove(plan)
    assert report.exit_code == 2 and "damaged" in report.error and nothing_is_left(plan, docker)


def test_a_disk_that_is_full(plan: ProofPlan, docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")
    monkeypatch.setattr("cachesim.confirm.workspace.Workspace.apply", full)
    report = prove(plan)
    assert report.exit_code == 2 and "the disk is full" in report.error and nothing_is_left(plan, docker)


# -- rehearsal --------------------------------------------------------------------------------------------------------


def rehearsed(docker: FakeDocker) -> None:
    docker.builds = docker.builds[1:]
    docker.answers["import"] = ("sha256:1\n", "", 0)
    docker.write()


def test_a_rehearsal_says_what_it_does_not_prove(plan: ProofPlan, docker: FakeDocker) -> None:
    rehearsed(docker)
    report = prove(replace(plan, rehearsal=True))
    assert (report.exit_code, report.same, report.times) == (0, None, Times.NONE)
    assert "does not show that both make the same files" in report.notes[0] and not docker.calls_of("export")
    assert [(r.kind, r.b and r.b.observed) for r in report.rows][2:] == [(RowKind.NO_EDIT, 0), (RowKind.MANIFEST, 3)]
    assert nothing_is_left(plan, docker)


def test_a_rehearsal_with_what_steps_usually_take(plan: ProofPlan, docker: FakeDocker) -> None:
    rehearsed(docker)
    report = prove(replace(plan, rehearsal=True, seconds=lambda step: 30.0 if "RUN" in step.name else 0.1))
    assert report.times is Times.ESTIMATED and report.seconds == pytest.approx((30.1, 0.7 * 0.1 + 0.3 * 30.2))
    assert report.exit_code == 0 and "in an estimated 9.1 s instead of 30.1 s: better by 70%" in report.verdict


def test_without_a_base_it_becomes_a_rehearsal(plan: ProofPlan, docker: FakeDocker) -> None:
    rehearsed(docker)
    docker.images = {}
    docker.answers["buildx build --builder default --progress=plain"] = ("", "ERROR: no such host\n", 1)
    docker.write()
    report = prove(plan)
    assert report.rehearsal and report.exit_code == 0
    assert report.notes[0].startswith("busybox:1.36 is not on this engine and could not be fetched (")


# -- contents ---------------------------------------------------------------------------------------------------------


def test_edits_are_made_for_real_and_differ_from_each_other(plan: ProofPlan) -> None:
    seen: dict[str, list[bytes]] = {}
    proof = Proof(plan)
    real = proof._contents.bytes_of
    proof._contents.bytes_of = lambda path, entry: seen.setdefault(path, []).append(real(path, entry)) or seen[path][-1]  # type: ignore[method-assign,func-returns-value]
    Runner().run(proof.script())
    assert set(seen["requirements.txt"]) == {b"x\n", b"x\n\n\n", b"x\n" + b"\n" * 4} and b"1\n\n" in seen["src/a.py"]


def test_a_file_that_is_too_big_to_edit(plan: ProofPlan) -> None:
    entry = plan.a.context.get("src/a.py")
    assert entry is not None
    big = plan.a.context.with_entry("src/a.py", replace(entry, size=65 << 20))
    report = prove(replace(plan, a=replace(plan.a, context=big)))
    assert report.exit_code == 2 and report.error.startswith("src/a.py: is 65 MB long")


def test_no_control_without_a_file_that_matters(plan: ProofPlan, docker: FakeDocker) -> None:
    text = "FROM busybox:1.36\nRUN install\n"
    report = prove(replace(plan, a=replace(plan.a, text=text), b=replace(plan.b, text=text)))
    assert [r.kind for r in report.rows] == [RowKind.EDIT, RowKind.EDIT, RowKind.NO_EDIT]
    assert any("the control with an edit of the manifest was not made" in note for note in report.notes)


