"""Safe proposals on a real engine: every one for the busybox projects makes the very same image."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cachesim.advise.commands import CommandTable
from cachesim.advise.proposal import Risk, propose
from cachesim.cli.runner import Runner
from cachesim.confirm.image_diff import ImageContents, compare_images
from cachesim.confirm.image_read import read_image
from cachesim.graph.options import ImageStore
from tests.advise.projects import Project, names, project

from .conftest import Bench, docker, shown_on

pytestmark = pytest.mark.docker

BUSYBOX = [name for name in names() if project(name).ecosystem == "busybox"]
Builder = Callable[[Project, str], ImageContents]


@pytest.fixture
def built(bench: Bench, tmp_path: Path) -> Iterator[Builder]:
    """Builds a project with another Dockerfile, without cache, and reads the image."""
    shown_on(bench.facts, ImageStore.GRAPHDRIVER)       # an image holds the same files whichever store it lies in
    made: list[str] = []

    def build(it: Project, text: str) -> ImageContents:
        number = len(made)
        folder, ref = tmp_path / f"context{number}", f"cachesim-advise-test/{it.name}:{number}"
        # new times: the engine takes a file that an earlier context had under that name, with that size and time, for the same
        shutil.copytree(it.folder / "context", folder, symlinks=True, copy_function=shutil.copy)
        file = tmp_path / f"Dockerfile{number}"
        file.write_text(text.removeprefix("# syntax=docker/dockerfile:1\n"))     # no registry to fetch it from
        args = [word for name, value in it.state.options.args for word in ("--build-arg", f"{name}={value}")]
        docker("buildx", "build", "--no-cache", "--network", "none", "--provenance=false", "--load", "--quiet", "--tag", ref,
               "--file", str(file), *args, str(folder))
        made.append(ref)
        return Runner().run(read_image(bench.facts.choice, ref, f"advise{number}"))

    yield build
    docker("rmi", "--force", *made, check=False)


@pytest.mark.parametrize("name", BUSYBOX)
def test_safe_proposals_make_the_same_image(name: str, built: Builder) -> None:
    it = project(name)
    found = [p for p in propose(it.state, it.mix, it.seconds, CommandTable.load(), read=it.read) if p.risk is Risk.SAFE]
    first, again = built(it, it.state.text), built(it, it.state.text)
    assert compare_images(first, again).same
    for proposal in found:
        differences = compare_images(first, built(it, proposal.text), again).differences
        assert not differences, f"{proposal.rule} {proposal.title}:\n{proposal.text}\n{differences[:3]}"
    print(f"{name}: {len(found)} safe proposals make the same image")
    if it.improvable:
        assert found, "nothing safe to prove"


def test_an_order_that_is_refused_would_make_another_image(built: Builder) -> None:
    it = project("busybox-copy-overwrites")
    copy = "COPY conf/ /etc/app/\n"
    wrong = it.state.text.replace(copy, "").replace("RUN echo", f"{copy}RUN echo")
    assert not compare_images(built(it, it.state.text), built(it, wrong)).same
