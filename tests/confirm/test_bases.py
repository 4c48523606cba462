"""What takes the place of each base, build by build."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.cli.runner import Runner
from cachesim.confirm.bases import Replacing, moves_of
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.isolate import Isolation
from cachesim.confirm.match import Mode
from cachesim.context.snapshot import ContextSnapshot
from cachesim.digest import digest_of
from cachesim.dockerfile.parser import parse
from cachesim.graph.options import BaseImage, ImageConfig, normalize_ref
from cachesim.graph.resolve import resolve
from cachesim.project.state import ProjectState

from .conftest import FakeDocker

BUSYBOX = normalize_ref("busybox:1.36")


def image(ref: str, version: int, *onbuild: str) -> BaseImage:
    identity = digest_of(ref, str(version))
    return BaseImage(ref, identity, identity, ImageConfig(onbuild=onbuild), True, "test")


def states(text: str, *versions: int) -> list[ProjectState]:
    state = ProjectState(text, ContextSnapshot.of({}))
    return [replace(state, bases={BUSYBOX: image(BUSYBOX, v)} if v else {}) for v in versions]


def replaced(tmp_path: Path, builds: Sequence[ProjectState], mode: Mode = Mode.ISOLATED,
             engine: EngineChoice | None = None) -> tuple[list[Isolation], list[str], Replacing]:
    notes: list[str] = []
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    bases = Replacing(mode, engine or EngineChoice(), "amd64", "t", folder, lambda _: None, notes.append)
    graphs = [resolve(parse(s.text), s.options, s.bases, s.engine) for s in builds]
    labels = [f"build {n}" for n in range(len(builds))]
    return Runner().run(bases.run(builds, graphs, labels)), notes, bases


def test_how_often_a_tag_moved() -> None:
    found = moves_of(states("FROM busybox:1.36\n", 1, 1, 2, 0, 2, 1))
    assert [moves.get(BUSYBOX, 0) for moves in found] == [0, 0, 1, 1, 1, 2]
    assert moves_of([]) == []


@pytest.mark.parametrize("mode", [Mode.ISOLATED, Mode.REHEARSAL])
def test_a_moved_tag_gets_another_image(tmp_path: Path, docker: FakeDocker, mode: Mode) -> None:
    found, notes, bases = replaced(tmp_path, states("FROM busybox:1.36\n", 1, 1, 2), mode)
    refs = [image.ref for isolation in found for image in isolation.images.values()]
    assert refs[0] == refs[1] != refs[2] and len(bases.images) == 2
    chains = [image.chain for isolation in found for image in isolation.images.values()]
    assert mode is Mode.ISOLATED or chains[0] == chains[1] != chains[2]
    assert any("moved tag busybox:1.36" in n for n in notes) is (mode is Mode.ISOLATED)


def test_a_moved_tag_that_is_only_read_is_replayed_too(tmp_path: Path, docker: FakeDocker) -> None:
    docker.images["docker.io/library/a:1"] = docker.images[BUSYBOX]
    docker.write()
    text = "FROM a:1\nCOPY --from=busybox:1.36 /bin/sh /sh\n"
    found, _, _ = replaced(tmp_path, states(text, 1, 2))
    assert [len(isolation.images) for isolation in found] == [2, 2]
    found, _, _ = replaced(tmp_path, states(text, 1, 1))
    assert [len(isolation.images) for isolation in found] == [1, 1]


def test_a_builder_without_images_says_what_it_cannot_replay(tmp_path: Path) -> None:
    builds = states("FROM busybox:1.36\n", 1, 2)
    found, notes, bases = replaced(tmp_path, builds, engine=EngineChoice("b", "docker-container", "", "b"))
    assert [isolation.images for isolation in found] == [{}, {}] and bases.images == []
    assert any(note.startswith(f"Before “build 1” the tag {BUSYBOX} moved") for note in notes)


def test_triggers_that_fetch_are_left_out_of_a_stand_in(tmp_path: Path, docker: FakeDocker) -> None:
    (state,) = states("FROM busybox:1.36\n", 1)
    state = replace(state, bases={BUSYBOX: image(BUSYBOX, 1, "ADD https://e.com/x /x", "RUN make")})
    found, notes, _ = replaced(tmp_path, [state], Mode.REHEARSAL)
    (made,) = found[0].images.values()
    assert made.config is not None and made.config.onbuild == ("RUN make",)
    assert any("Triggers of busybox:1.36" in note for note in notes)
