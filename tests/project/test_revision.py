"""The folder as it was at a commit, over what git does not track; and which cache a project starts with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind
from cachesim.digest import digest_of_bytes
from cachesim.engines.base import Outcome
from cachesim.graph.options import BuildOptions, ImageStore
from cachesim.project.blobs import BlobStore
from cachesim.project.git import GitError, find_repository
from cachesim.project.open import find_project, load_state
from cachesim.project.revision import differs_from_head, revision_of, state_at
from cachesim.project.start import Started, StartKind, built, start_project
from cachesim.project.store import ProjectStore, SavedProject
from cachesim.project.timeline import Timeline
from tests.history.gitrepo import GitRepo

DOCKERFILE = "FROM base:1\nCOPY a.txt /\nRUN make\n"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "a.txt": "a\n", "b.txt": "b\n", "sub/c.txt": "c\n",
                          ".gitignore": "*.log\n"})
    return repo


def at(repo: GitRepo, rev: str = "HEAD", folder: str = "") -> tuple[ContextSnapshot, tuple[str, ...], ContextSnapshot]:
    info = find_project(repo.folder / folder)
    repository = find_repository(info.context_dir)
    assert repository is not None
    state = load_state(info)
    before, changed = state_at(state, info, repository, revision_of(repository, rev), BlobStore())
    return before.context, changed, state.context


def entry(context: ContextSnapshot, path: str) -> FileEntry:
    found = context.get(path)
    assert found is not None, path
    return found


def test_a_clean_work_tree_is_its_own_head(repo: GitRepo) -> None:
    head, changed, disk = at(repo)
    assert changed == () and head.tree is disk.tree


def test_changes_are_taken_back_and_the_rest_stays_as_on_disk(repo: GitRepo) -> None:
    repo.write({"a.txt": "edited\n", "b.txt": None, "new.txt": "n", "fresh/x.txt": "x", "debug.log": "l"})
    os.chmod(repo.folder / "sub" / "c.txt", 0o755)
    (repo.folder / "empty").mkdir()
    head, changed, disk = at(repo)
    assert set(changed) == {"a.txt", "b.txt", "sub/c.txt", "new.txt", "fresh/x.txt"}
    assert entry(head, "a.txt").digest == digest_of_bytes(b"a\n")
    assert entry(head, "a.txt").mtime_ns != entry(disk, "a.txt").mtime_ns
    assert entry(head, "b.txt").digest == digest_of_bytes(b"b\n")
    assert entry(head, "sub/c.txt").mode & 0o111 == 0
    assert head.get("new.txt") is None and head.get("fresh") is None
    assert head.get("debug.log") is disk.get("debug.log") is not None       # ignored by git: as on disk
    assert head.get(".git") is disk.get(".git") is not None
    assert entry(head, "empty").is_dir                                       # git says nothing about it


def test_staged_changes_count_like_others(repo: GitRepo) -> None:
    repo.write({"a.txt": "staged\n", "added.txt": "x"})
    repo.git("add", "-A")
    repo.git("rm", "-q", "--cached", "b.txt")
    head, changed, _ = at(repo)
    assert set(changed) == {"a.txt", "added.txt", "b.txt"}
    assert head.get("added.txt") is None and entry(head, "b.txt").digest == digest_of_bytes(b"b\n")


def test_permissions_of_the_umask_are_no_change(repo: GitRepo) -> None:
    os.chmod(repo.folder / "a.txt", 0o664)
    (repo.folder / "a.txt").write_text("edited\n")
    head, _, _ = at(repo)
    assert entry(head, "a.txt").mode == 0o664


def test_links_and_kinds_come_back(repo: GitRepo) -> None:
    (repo.folder / "l").symlink_to("a.txt")
    repo.commit("Link")
    (repo.folder / "l").unlink()
    (repo.folder / "l").write_text("a file now")
    head, changed, _ = at(repo)
    assert changed == ("l",) and (entry(head, "l").kind, entry(head, "l").link) == (FileKind.SYMLINK, "a.txt")


def test_an_ignore_file_comes_back_with_its_text(repo: GitRepo) -> None:
    repo.commit("Ignore", {".dockerignore": "*.txt\n"})
    repo.write({".dockerignore": "*.md\n"})
    head, _, disk = at(repo)
    assert (head.ignore_text(".dockerignore"), disk.ignore_text(".dockerignore")) == ("*.txt\n", "*.md\n")


def test_only_the_context_below_the_root_counts(repo: GitRepo) -> None:
    repo.commit("Service", {"svc/Dockerfile": DOCKERFILE, "svc/a.txt": "1\n"})
    repo.write({"a.txt": "outside\n", "svc/a.txt": "2\n"})
    head, changed, _ = at(repo, folder="svc")
    assert changed == ("a.txt",) and entry(head, "a.txt").digest == digest_of_bytes(b"1\n")


def test_an_older_commit_and_one_without_a_dockerfile(repo: GitRepo) -> None:
    repo.commit("Edit", {"a.txt": "2\n"})
    head, changed, _ = at(repo, "HEAD~1")
    assert changed == ("a.txt",) and entry(head, "a.txt").digest == digest_of_bytes(b"a\n")
    repo.write({"Dockerfile": None, "Dockerfile.new": DOCKERFILE})
    with pytest.raises(GitError, match=r"holds no Dockerfile\.new"):
        at(repo)


def test_a_name_that_is_no_revision(repo: GitRepo) -> None:
    repository = find_repository(repo.folder)
    assert repository is not None
    with pytest.raises(GitError, match="there is no such revision"):
        revision_of(repository, "no-such-branch")
    with pytest.raises(GitError, match="there is no such revision"):
        revision_of(repository, "--output=/tmp/x")


def test_whether_there_are_changes(repo: GitRepo) -> None:
    repository = find_repository(repo.folder)
    assert repository is not None
    assert not differs_from_head(find_project(repo.folder), repository)
    repo.write({"x.log": "ignored"})
    assert not differs_from_head(find_project(repo.folder), repository)
    repo.write({"x.txt": "untracked"})
    assert differs_from_head(find_project(repo.folder), repository)


def test_no_repository_and_a_bare_one(tmp_path: Path, repo: GitRepo) -> None:
    assert find_repository(tmp_path) is None
    assert find_repository(tmp_path / "not there") is None
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    bare = find_repository(tmp_path / "bare.git")
    assert bare is not None and bare.top is None


# -- start ------------------------------------------------------------------------------------------------------------


def start(folder: Path, tmp_path: Path, kind: StartKind | None = None) -> Started:
    return start_project(find_project(folder), BlobStore(), kind=kind, ask_engine=False, data=tmp_path / "data")


def test_a_folder_without_git_starts_with_a_build_of_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "a.txt").write_text("a")
    started = start(folder, tmp_path)
    assert (started.kind, started.timeline.origin) == (StartKind.DISK, "a first build of what is on disk")
    assert [c.kind for c in started.choices] == [StartKind.DISK, StartKind.NOTHING]


def test_uncommitted_changes_start_with_a_build_of_head(repo: GitRepo, tmp_path: Path) -> None:
    repo.write({"a.txt": "edited\n"})
    started = start(repo.folder, tmp_path)
    assert started.kind is StartKind.HEAD
    assert "a build of HEAD (" in started.timeline.origin and "a.txt differs from it" in started.timeline.origin
    again = built(started.timeline, "now", started.state)
    outcomes = {s.step.instruction.keyword: s.outcome for s in again.entries[-1].report.steps}
    assert outcomes == {"FROM": Outcome.HIT, "COPY": Outcome.MISS, "RUN": Outcome.MISS}


def test_what_the_cache_starts_with_can_be_chosen(repo: GitRepo, tmp_path: Path) -> None:
    repo.write({"a.txt": "edited\n"})
    for kind, builds in ((StartKind.DISK, 1), (StartKind.NOTHING, 0), (StartKind.HEAD, 1)):
        started = start(repo.folder, tmp_path, kind)
        assert started.kind is kind and len(started.timeline.entries) == builds
    assert start(repo.folder, tmp_path, StartKind.BUILDS).kind is StartKind.HEAD     # there are none


def test_own_builds_come_first(repo: GitRepo, tmp_path: Path) -> None:
    repo.write({"a.txt": "edited\n"})
    info = find_project(repo.folder)
    first = start(repo.folder, tmp_path)
    store = ProjectStore(info, first.state.engine, ImageStore.CONTAINERD, folder=tmp_path / "data")
    store.save(SavedProject(built(Timeline(origin="mine"), "Mine", first.state), BuildOptions(target="t")))
    started = start(repo.folder, tmp_path)
    assert started.kind is StartKind.BUILDS and started.timeline.origin == "mine"
    assert started.state.options.target == "t"
    assert started.choices[0].words == "the 1 build made here so far"


def test_a_repository_without_commits_starts_with_what_is_on_disk(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "young")
    repo.write({"Dockerfile": DOCKERFILE, "a.txt": ""})
    started = start(repo.folder, tmp_path)
    assert started.kind is StartKind.DISK and StartKind.HEAD not in {c.kind for c in started.choices}


def test_a_dockerfile_that_head_lacks_starts_with_what_is_on_disk(repo: GitRepo, tmp_path: Path) -> None:
    repo.write({"Dockerfile": None, "Dockerfile.new": DOCKERFILE})
    started = start(repo.folder, tmp_path)
    assert started.kind is StartKind.DISK and StartKind.HEAD not in {c.kind for c in started.choices}
