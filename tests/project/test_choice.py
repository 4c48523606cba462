"""Which builder a project was last seen with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cachesim.graph.options import EngineKind, ImageStore
from cachesim.project.blobs import BlobStore
from cachesim.project.choice import BuilderChoice, chosen_builder, remember_builder
from cachesim.project.open import ProjectInfo, find_project
from cachesim.project.start import Started, StartKind, start_project
from cachesim.project.store import SavedProject, project_folder

BUILDKIT, CLASSIC = EngineKind.BUILDKIT, EngineKind.CLASSIC
CONTAINERD, GRAPHDRIVER = ImageStore.CONTAINERD, ImageStore.GRAPHDRIVER
CHOICE = BuilderChoice(CLASSIC, GRAPHDRIVER, (BUILDKIT, CONTAINERD))


@pytest.fixture
def info(tmp_path: Path) -> ProjectInfo:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM base:1\nCOPY f /f\n")
    (folder / "f").write_text("1")
    return find_project(folder)


def start(info: ProjectInfo, data: Path, engine: EngineKind | None = None, store: ImageStore | None = None) -> Started:
    return start_project(info, BlobStore(), engine=engine, store=store, ask_engine=False, data=data)


def test_a_choice_is_of_one_project(info: ProjectInfo, tmp_path: Path) -> None:
    assert chosen_builder(info, folder=tmp_path) is None
    remember_builder(info, CHOICE, folder=tmp_path)
    assert chosen_builder(info, folder=tmp_path) == CHOICE
    remember_builder(info, BuilderChoice(BUILDKIT, GRAPHDRIVER, CHOICE.kept), folder=tmp_path)
    found = chosen_builder(info, folder=tmp_path)
    assert found is not None and (found.engine, found.store) == (BUILDKIT, GRAPHDRIVER)
    assert chosen_builder(info.with_dockerfile(info.context_dir / "other.Dockerfile"), folder=tmp_path) is None


@pytest.mark.parametrize("text", [
    "", "{", "[]", "7", "{}", "\udcff", '{"format": 1, "engine": "podman"}', '{"format": 1, "kept": 3}'])
def test_a_damaged_or_foreign_file_counts_for_nothing(text: str, info: ProjectInfo, tmp_path: Path) -> None:
    remember_builder(info, CHOICE, folder=tmp_path)
    file = project_folder(info, tmp_path) / "builder.json"
    file.write_text(text, "utf-8", "surrogateescape")
    assert chosen_builder(info, folder=tmp_path) is None
    assert start(info, tmp_path).state.engine is BUILDKIT
    remember_builder(info, CHOICE, folder=tmp_path)
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "format": 2}))
    assert chosen_builder(info, folder=tmp_path) is None


def test_a_project_starts_with_its_choice_and_its_builds(info: ProjectInfo, tmp_path: Path) -> None:
    first = start(info, tmp_path)
    assert (first.state.engine, first.state.store, first.kind) == (BUILDKIT, CONTAINERD, StartKind.DISK)
    first.held.save(SavedProject(first.timeline))
    remember_builder(info, CHOICE, folder=tmp_path)
    again = start(info, tmp_path)
    assert (again.state.engine, again.state.store, again.kind) == (CLASSIC, GRAPHDRIVER, StartKind.BUILDS)
    assert start(info, tmp_path, CLASSIC).kind is StartKind.BUILDS


@pytest.mark.parametrize(("engine", "store", "wanted"), [
    (BUILDKIT, None, (BUILDKIT, CONTAINERD)), (BUILDKIT, GRAPHDRIVER, (BUILDKIT, GRAPHDRIVER)),
    (None, CONTAINERD, (CLASSIC, CONTAINERD)), (CLASSIC, CONTAINERD, (CLASSIC, CONTAINERD))])
def test_what_is_said_goes_before_what_was_chosen(engine: EngineKind | None, store: ImageStore | None,
                                                  wanted: tuple[EngineKind, ImageStore], info: ProjectInfo,
                                                  tmp_path: Path) -> None:
    remember_builder(info, BuilderChoice(CLASSIC, GRAPHDRIVER, (BUILDKIT, GRAPHDRIVER)), folder=tmp_path)
    found = start(info, tmp_path, engine, store)
    assert (found.state.engine, found.state.store) == wanted == (found.held.engine, found.held.store)


def test_builds_that_were_read_are_not_added_once_more(info: ProjectInfo, tmp_path: Path) -> None:
    first = start(info, tmp_path)
    first.held.save(SavedProject(first.timeline))
    for _ in range(2):
        again = start(info, tmp_path)
        assert len(again.held.save(SavedProject(again.timeline)).timeline.entries) == 1
