"""A commit as a fresh checkout would show it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cachesim.context.scan import scan_context
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind
from cachesim.digest import digest_of_bytes
from cachesim.history.snapshots import Snapshots, snapshot_of
from cachesim.project.git import GitError, Repository, find_repository
from tests.history.gitrepo import GitRepo


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "repo")


def repository(folder: Path) -> Repository:
    found = find_repository(folder)
    assert found is not None
    return found


def facts(context: ContextSnapshot) -> dict[str, tuple[object, ...]]:
    return {path: (e.kind, e.mode, e.digest, e.size, e.link) for path, e in context.walk()}


def test_a_commit_looks_like_its_checkout(repo: GitRepo, tmp_path: Path) -> None:
    repo.write({"a.txt": "a\n", "src/deep/run.sh": "#!/bin/sh\n", "caf\udce9": "x", ".dockerignore": "*.log\n"})
    os.chmod(repo.folder / "src/deep/run.sh", 0o755)
    (repo.folder / "link").symlink_to("src/deep")
    repo.commit("All")
    old_mask = os.umask(0o022)
    try:
        repo.git("worktree", "add", "-q", str(tmp_path / "out"), "HEAD")
    finally:
        os.umask(old_mask)
    (tmp_path / "out" / ".git").unlink()
    found = snapshot_of(repository(repo.folder), "HEAD")
    assert facts(found) == facts(scan_context(tmp_path / "out"))
    assert found.ignore_text(".dockerignore") == "*.log\n"


def test_a_folder_of_a_commit(repo: GitRepo) -> None:
    repo.commit("All", {"svc/a": "a", "other": "o"})
    assert list(facts(snapshot_of(repository(repo.folder), "HEAD", "svc"))) == ["a"]
    assert list(facts(snapshot_of(repository(repo.folder), "HEAD", repo.folder / "svc"))) == ["a"]
    with pytest.raises(GitError, match="folder nope"):
        snapshot_of(repository(repo.folder), "HEAD", "nope")


def test_another_content_has_another_time_and_equal_trees_are_one(repo: GitRepo) -> None:
    first = repo.commit("One", {"a": "1", "d/x": "x", "d/y": "y"})
    second = repo.commit("Two", {"a": "2", "d/y": "z"})
    with Snapshots(repository(repo.folder)) as snapshots:
        one, two = snapshots.at(first), snapshots.at(second)
        again = snapshots.at(first)
    a, b = one.get("a"), two.get("a")
    assert a is not None and b is not None and a.size == b.size and a.mtime_ns != b.mtime_ns
    assert one.tree is again.tree
    assert one.get("d/x") is two.get("d/x") and one.get("d") is not two.get("d")


def test_submodules_are_empty_folders_and_lfs_pointers_stay(repo: GitRepo, tmp_path: Path) -> None:
    inner = GitRepo(tmp_path / "inner")
    inner.commit("In", {"x": "x"})
    repo.git("submodule", "add", "-q", str(inner.folder), "vendored")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    repo.commit("All", {"big.bin": pointer})
    with Snapshots(repository(repo.folder)) as snapshots:
        found = snapshots.at(repo.git("rev-parse", "HEAD"))
        assert len(snapshots.lfs_pointers) == 1
    vendored, big = found.get("vendored"), found.get("big.bin")
    assert vendored is not None and vendored.is_dir and not vendored.children
    assert big is not None and big.digest == digest_of_bytes(pointer.encode())


def test_a_blob_that_is_a_file_here_and_a_link_there(repo: GitRepo) -> None:
    first = repo.commit("File", {"x": "target"})
    (repo.folder / "l").symlink_to("target")
    second = repo.commit("Link")
    with Snapshots(repository(repo.folder)) as snapshots:
        snapshots.at(first)
        found = snapshots.at(second).get("l")
    assert isinstance(found, FileEntry) and (found.kind, found.link) == (FileKind.SYMLINK, "target")


def test_a_linked_dockerfile_is_followed(repo: GitRepo) -> None:
    (repo.folder / "Dockerfile").symlink_to("docker/real")
    commit = repo.commit("Link", {"docker/real": "FROM scratch\n"})
    with Snapshots(repository(repo.folder)) as snapshots:
        assert snapshots.file(commit, "Dockerfile") == b"FROM scratch\n"
        assert snapshots.file(commit, "nope") is None


def test_sha256_repositories_and_thousands_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "wide"
    folder.mkdir()
    try:
        subprocess.run(["git", "init", "-q", "--object-format=sha256", str(folder)], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("this git knows no SHA-256 repositories")
    repo = GitRepo(folder)
    repo.commit("Many", {f"d{n % 7}/f{n}": str(n) for n in range(2500)})
    found = facts(snapshot_of(repository(folder), "HEAD"))
    assert len(found) == 2507 and found["d3/f3"][2] == digest_of_bytes(b"3")


def test_objects_that_a_partial_clone_lacks(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit("All", {"a": "content"})
    blob = repo.git("rev-parse", "HEAD:a")
    (repo.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match="of this clone is missing or damaged"):
        snapshot_of(repository(repo.folder), "HEAD")
