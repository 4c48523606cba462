"""Proofs on a real engine: right orders are proven, wrong ones name the first file that differs."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.advise.proposal import Risk, propose
from cachesim.cli.runner import Runner
from cachesim.confirm.image_diff import EntryKind, What
from cachesim.confirm.image_read import read_image
from cachesim.confirm.proof import Proof, ProofPlan
from cachesim.confirm.proof_file import load_proof, save_proof
from cachesim.confirm.proof_report import ProofReport, RowKind, Times
from cachesim.confirm.workspace import FolderContents
from cachesim.digest import digest_of_bytes
from cachesim.graph.options import ImageStore
from cachesim.project.mix import EditMix
from tests.advise.projects import project

from .conftest import Bench, docker, shown_on

pytestmark = pytest.mark.docker

# project: lines that change places (the first goes behind the second)
BETTER = {
    "busybox-copy-all": ("COPY . .", "RUN mkdir -p /var/lib/pages/cache /var/log/pages"),
    "busybox-user-between": ("COPY --chown=1000:1000 . /notes", "RUN mkdir -p /data/cache && chmod 0777 /data"),
}
# and those that must not, with what differs first
WRONG = {
    "busybox-copy-overwrites": ("RUN echo", "COPY conf/ /etc/app/", What.CONTENT, "/etc/app/app.conf"),
    "busybox-user-between": ("USER 1000:1000", "RUN mkdir /data/own", What.OWNER, "/data/own"),
}


def swapped(text: str, first: str, behind: str) -> str:
    """Put the line that starts with `first` behind the one that starts with `behind`."""
    lines = text.splitlines(keepends=True)
    moved = next(line for line in lines if line.startswith(first))
    lines.remove(moved)
    at = next(n for n, line in enumerate(lines) if line.startswith(behind))
    return "".join([*lines[:at + 1], moved, *lines[at + 1:]])


def plan_of(bench: Bench, name: str, text: str, groups: int = 1) -> ProofPlan:
    """A project of the set against another text for its Dockerfile, beside the first one; the commonest edits only."""
    it = project(name)
    mix = EditMix(tuple(replace(g, weight=1 / groups) for g in it.mix.groups[:groups]))
    b = replace(it.state, text=text)
    return ProofPlan(it.state, b, mix, bench.facts.choice, FolderContents(it.folder / "context"),
                     bench.folder / "scratch", running=bench.folder / "running")


def prove(bench: Bench, plan: ProofPlan) -> ProofReport:
    proof = Proof(plan)
    bench.tokens.append(proof.token)
    report = Runner().run(proof.script())
    bench.tokens += proof.sessions
    return report


def observed(report: ProofReport) -> list[tuple[RowKind, int | None, int | None]]:
    return [(row.kind, row.a.observed if row.a else None, row.b.observed if row.b else None) for row in report.rows]


@pytest.mark.parametrize("name", BETTER)
def test_a_better_order_is_proven(bench: Bench, name: str) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD if name == "busybox-copy-all" else ImageStore.GRAPHDRIVER)
    report = prove(bench, plan_of(bench, name, swapped(project(name).state.text, *BETTER[name])))
    assert report.error == "" and report.unexpected == () and report.broken_controls == ()
    assert report.same and report.image is not None and report.image.files >= 10
    assert report.exit_code == 0 and report.reruns[1] < report.reruns[0], report.verdict
    assert observed(report)[1] == (RowKind.NO_EDIT, 0, 0)
    assert bench.nothing_is_left()


# two of them: tests/live/test_advise.py compares the images of every safe proposal for every project
@pytest.mark.parametrize("name", ["busybox-early-arg", "busybox-env-in-run"])
def test_what_is_proposed_keeps_the_image(bench: Bench, name: str) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD if name == "busybox-env-in-run" else ImageStore.GRAPHDRIVER)
    it = project(name)
    found = [p for p in propose(it.state, it.mix, it.seconds, read=it.read) if p.risk is Risk.SAFE][:1]
    assert found, "nothing safe is proposed"
    for proposal in found:
        plan = plan_of(bench, name, proposal.text)
        files = {"Dockerfile": proposal.text, **dict(proposal.files)}
        context = it.state.context
        for path, text in files.items():
            data = text.encode()
            bench.contents[digest_of_bytes(data)] = data
            context = context.with_bytes(path, data, mtime_ns=1_700_000_000_000_000_000)
        plan = replace(plan, b=replace(it.state, text=proposal.text, context=context),
                       contents=FolderContents(it.folder / "context", bench.contents.get))
        report = prove(bench, plan)
        if "exit code: 127" in report.a.error:      # some builds of busybox lack a tool, adduser for one
            report = prove(bench, replace(plan, rehearsal=True))
        assert report.error == "" and report.unexpected == () and report.broken_controls == ()
        assert report.same is (None if report.rehearsal else True), report.verdict
        assert report.reruns[1] <= report.reruns[0] + 1, report.verdict
    assert bench.nothing_is_left()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_order_names_the_first_file(bench: Bench, name: str) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD if name == "busybox-user-between" else ImageStore.GRAPHDRIVER)
    *lines, what, path = WRONG[name]
    report = prove(bench, plan_of(bench, name, swapped(project(name).state.text, *map(str, lines))))
    assert report.exit_code == 1 and report.same is False and report.image is not None, report.verdict
    assert (report.image.differences[0].what, report.image.differences[0].name) == (what, path)
    assert bench.nothing_is_left()


NOISY = """\
FROM busybox:1.36 AS build
RUN --mount=type=cache,target=/c ls /c > /seen; touch /c/left
RUN head -c 64 /dev/urandom > /key; mkdir -p /var; mktemp /var/keep-XXXXXX; ln -s /key /link; chmod 4750 /key; mkfifo /pipe
FROM scratch
COPY --from=build /key /seen /link /
COPY --from=build /var/keep-* /var/
COPY a.txt /data/
ENV A=1 B="two words"
LABEL team=web
CMD ["/data/a.txt"]
"""


def test_what_two_builds_differ_in_does_not_count(bench: Bench, tmp_path: Path) -> None:
    a = bench.state({"Dockerfile": NOISY, "a.txt": "a\n", "b.txt": "b\n"})
    text = NOISY.replace("COPY a.txt /data/\nENV A=1 B=\"two words\"\n", "ENV B=\"two words\"\nENV A=1\nCOPY a.txt /data/\n")
    plan = ProofPlan(a, replace(a, text=text), EditMix(()), bench.facts.choice,
                     FolderContents(None, bench.contents.get), bench.folder / "scratch", running=bench.folder / "running")
    report = prove(bench, plan)
    assert observed(report) == [(RowKind.NO_EDIT, 0, 0)]
    assert report.image is not None and report.image.same and report.exit_code in (0, 1), report.verdict
    # COPY follows the link
    assert {d.name.partition("-")[0] for d in report.image.ignored} == {"/key", "/link", "/var/keep"}
    save_proof(tmp_path / "proof.md", report)
    again = load_proof(tmp_path / "proof.md")
    assert again.verdict == report.verdict and again.image == report.image
    assert bench.nothing_is_left()


def test_what_is_set_for_a_container_counts(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.GRAPHDRIVER)
    text = "FROM scratch\nCOPY a.txt /\nENV A=1\nLABEL team=web\n"
    a = bench.state({"Dockerfile": text, "a.txt": "a\n"})
    b = replace(a, text=text.replace("A=1", "A=2").replace("team=web", "team=db"))
    report = prove(bench, ProofPlan(a, b, EditMix(()), bench.facts.choice, FolderContents(None, bench.contents.get),
                                    bench.folder / "scratch", running=bench.folder / "running"))
    assert report.image is not None and [d.name for d in report.image.differences] == ["Env A", "Label team"]
    assert bench.nothing_is_left()


def test_an_image_of_scratch_and_all_kinds_of_files(bench: Bench, image: list[str]) -> None:
    ref = f"localhost/cachesim/test:{bench.folder.name.replace('_', '-')[:40]}"
    state = bench.state({"Dockerfile": NOISY.replace("/key /seen /link", "/key /link /pipe"), "a.txt": "a\n"})
    folder = bench.folder / "build"
    folder.mkdir()
    (folder / "Dockerfile").write_text(state.text)
    (folder / "a.txt").write_text("a\n")
    docker("buildx", "build", "--network", "none", "--provenance=false", "--tag", ref, "--load", str(folder))
    image.append(ref)
    found = Runner().run(read_image(bench.facts.choice, ref, "testread"))
    kinds = {path: (entry.kind, entry.mode, entry.link) for path, entry in found.entries.items()}
    assert kinds["/key"] == (EntryKind.FILE, 0o4750, "") and found.entries["/key"].size == 64
    assert kinds["/pipe"][0] is EntryKind.PIPE and kinds["/data"][0] is EntryKind.FOLDER
    assert found.config["Env B"] == "two words" and found.config["Cmd"] == '["/data/a.txt"]'
    assert not docker("ps", "-aq", "--filter", "label=cachesim.run=testread").split()


def test_a_side_that_does_not_build_is_named(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    text = project("busybox-copy-all").state.text + "RUN false\n"
    report = prove(bench, plan_of(bench, "busybox-copy-all", text))
    assert report.exit_code == 1 and report.verdict.startswith("B (B) does not build: process \"/bin/sh -c false\"")
    assert bench.nothing_is_left()


def test_a_rehearsal_of_a_project_whose_base_is_not_here(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.GRAPHDRIVER)
    name = "pip-flask-copy-all"
    text = project(name).state.text.replace("COPY . .\n", "COPY requirements.txt .\n") + "COPY . .\n"
    report = prove(bench, replace(plan_of(bench, name, text), seconds=lambda step: 9.0 if "pip" in step.name else 0.1))
    assert report.rehearsal and report.times is Times.ESTIMATED and report.same is None
    assert "could not be fetched" in report.notes[0] and report.unexpected == () and report.broken_controls == ()
    assert report.exit_code == 0 and report.seconds[1] < report.seconds[0], report.verdict
    assert bench.nothing_is_left()


def test_cancelling_leaves_nothing(bench: Bench) -> None:
    shown_on(bench.facts, ImageStore.CONTAINERD)
    plan = plan_of(bench, "busybox-copy-all", project("busybox-copy-all").state.text)
    runner = Runner(lambda what: timer.start() if what.startswith("building: A, without") else None)
    timer = threading.Timer(0.3, runner.cancel)
    proof = Proof(plan)
    bench.tokens.append(proof.token)
    report = runner.run(proof.script())
    timer.join()
    assert report.cancelled and report.exit_code == 2
    bench.tokens += proof.sessions
    assert bench.nothing_is_left()
