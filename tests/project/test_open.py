"""Finding a project from a path, and reading odd Dockerfiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.errors import InputError
from cachesim.graph.options import BuildOptions
from cachesim.project.open import dockerfiles_in, find_project, ignore_of, load_state, read_dockerfile


def write(folder: Path, *names: str, text: str = "FROM scratch\n") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_folder_means_its_dockerfile(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile", "dev.Dockerfile")
    info = find_project(tmp_path)
    assert (info.context_dir, info.dockerfile.name, info.dockerfile_path) == (tmp_path, "Dockerfile", "Dockerfile")
    assert info.name == tmp_path.name


def test_a_dockerfile_means_its_folder_unless_a_context_is_named(tmp_path: Path) -> None:
    write(tmp_path, "docker/Dockerfile.dev")
    assert find_project(tmp_path / "docker" / "Dockerfile.dev").context_dir == tmp_path / "docker"
    info = find_project(tmp_path / "docker" / "Dockerfile.dev", context=tmp_path)
    assert info.dockerfile_path == "docker/Dockerfile.dev" and info.name == f"{tmp_path.name} (docker/Dockerfile.dev)"
    (tmp_path / "app").mkdir()
    outside = find_project(tmp_path / "docker" / "Dockerfile.dev", context=tmp_path / "app")
    assert outside.dockerfile_path == "../docker/Dockerfile.dev"


def test_several_dockerfiles_are_listed_best_first(tmp_path: Path) -> None:
    write(tmp_path, "svc/b/Dockerfile", "Dockerfile.prod", "svc/Dockerfile", "Containerfile",
          "node_modules/x/Dockerfile", "Dockerfile.prod.dockerignore", "Dockerfile.md", "a/b/c/d/Dockerfile")
    found = [str(p.relative_to(tmp_path)) for p in dockerfiles_in(tmp_path)]
    assert found == ["Dockerfile.prod", "Containerfile", "svc/Dockerfile", "svc/b/Dockerfile"]
    assert find_project(tmp_path).dockerfiles == tuple(dockerfiles_in(tmp_path))


@pytest.mark.parametrize(("name", "words"), [("", "no Dockerfile here"), ("nope", "no such file")])
def test_what_is_no_project_says_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        find_project(tmp_path / name)
    assert caught.value.todo


def test_a_folder_in_place_of_a_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        find_project(tmp_path, dockerfile="d")


@pytest.mark.parametrize(("data", "note"), [
    (b"FROM scratch\r\n", ""),
    (b"\xef\xbb\xbfFROM scratch\n", ""),
    (b"FROM scratch\n# caf\xe9\n", "is not UTF-8 (line 2)"),
    ("FROM scratch\n".encode("utf-16"), "is UTF-16"),
])
def test_bytes_survive_and_odd_ones_are_named(tmp_path: Path, data: bytes, note: str) -> None:
    (tmp_path / "Dockerfile").write_bytes(data)
    found = read_dockerfile(tmp_path / "Dockerfile")
    assert found.text.encode("utf-8", "surrogateescape") == data
    assert (note in found.note) if note else found.note == ""


def test_what_is_no_text_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\0")
    with pytest.raises(InputError, match="not a text"):
        read_dockerfile(tmp_path / "logo.png")


def test_the_ignore_file_beside_the_dockerfile_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile")
    assert ignore_of(find_project(tmp_path)) is None
    write(tmp_path, ".dockerignore", text="a\n")
    write(tmp_path, "Dockerfile.dockerignore", text="b\n")
    ignore = ignore_of(find_project(tmp_path))
    assert ignore is not None and ignore.excluded("b") and not ignore.excluded("a")


def test_a_state_is_what_lies_on_disk(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile", "docker/other", "skip.log")
    write(tmp_path, ".dockerignore", text="*.log\n")
    write(tmp_path, "lib/x.py")
    state = load_state(find_project(tmp_path, dockerfile="docker/other"),
                       options=BuildOptions(target="t", contexts=(("lib", "lib"), ("img", "docker-image://x"))))
    assert (state.options.dockerfile, state.options.target) == ("docker/other", "t")
    skipped = state.context.get("skip.log")
    assert skipped is not None and skipped.digest == ""
    assert [p for p, _ in state.named_contexts["lib"].walk()] == ["x.py"]


def test_a_named_context_that_is_missing(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile")
    with pytest.raises(InputError, match="--build-context lib=nope"):
        load_state(find_project(tmp_path), options=BuildOptions(contexts=(("lib", "nope"),)))
