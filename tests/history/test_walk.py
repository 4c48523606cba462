"""Replaying commits: which ones, in which order, with which Dockerfile, and what is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.options import BuildOptions
from cachesim.history.report import HistoryReport, history_of
from cachesim.history.walk import (
    Place,
    changes_of,
    commit_at,
    commits_between,
    last_commits,
    place_of,
    replayed,
)
from cachesim.project.git import GitError, find_repository
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from tests.history.gitrepo import GitRepo

DOCKERFILE = "FROM base:1\nCOPY req.txt /\nRUN install\nCOPY src /src\nRUN build\n"
EMPTY = ProjectState("", ContextSnapshot.of({}))


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "req.txt": "flask\n", "src/a.py": "1\n", "src/b.py": "1\n"})
    return repo


def place(repo: GitRepo, folder: str = "", dockerfile: str = "Dockerfile") -> Place:
    repository = find_repository(repo.folder)
    assert repository is not None
    return place_of(ProjectInfo(repo.folder / folder, repo.folder / dockerfile), repository)


def history(repo: GitRepo, count: int = 100) -> HistoryReport:
    where = place(repo)
    return history_of(replayed(where, last_commits(where, count), EMPTY))


def test_each_commit_meets_the_cache_of_those_before(repo: GitRepo) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.commit("Back", {"src/a.py": "1\n"})
    where = place(repo)
    runs = [[s.step.line for s in b.report.misses()] for b in replayed(where, last_commits(where, 10), EMPTY)
            if b.report is not None]
    assert runs == [[1, 2, 3, 4, 5], [4, 5], []]


def test_what_changed_is_told_with_the_commit(repo: GitRepo) -> None:
    repo.commit("Edit", {"src/a.py": "2\n", "src/b.py": None, "docs/x/y.md": "y"})
    where = place(repo)
    first, second = replayed(where, last_commits(where, 10), EMPTY)
    assert first.changed == () and second.changed == ("docs/x/y.md", "src/a.py", "src/b.py")


def test_ranges_go_along_first_parents_and_a_merge_is_one_change(repo: GitRepo) -> None:
    start = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("Topic 1", {"src/a.py": "2\n"})
    repo.commit("Topic 2", {"src/a.py": "3\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("Main", {"req.txt": "django\n"})
    repo.git("merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    where = place(repo)
    commits = commits_between(where, start, "HEAD")
    assert [(c.subject, c.is_merge) for c in commits] == [("Main", False), ("Merge topic", True)]
    report = history(repo)
    assert report.merges == 1 and report.builds == 3
    assert [c.subject for c in commits_between(where, start, "topic")] == ["Topic 1", "Topic 2"]


def test_commits_that_do_not_touch_the_project_are_left_out(repo: GitRepo) -> None:
    repo.commit("Service", {"svc/Dockerfile": "FROM scratch\nCOPY a /\n", "svc/a": "1"})
    repo.commit("Elsewhere", {"src/a.py": "2\n"})
    repo.commit("Service again", {"svc/a": "2"})
    where = place(repo, "svc", "svc/Dockerfile")
    assert [c.subject for c in last_commits(where, 10)] == ["Service", "Service again"]
    outside = place(repo, "svc", "Dockerfile")                  # a Dockerfile beside the context counts too
    assert outside.option_path("Dockerfile") == "../Dockerfile"
    assert [c.subject for c in last_commits(outside, 10)] == ["Start", "Service", "Service again"]


def test_the_last_commits_are_the_newest_in_order(repo: GitRepo) -> None:
    for n in range(5):
        repo.commit(f"C{n}", {"src/a.py": str(n)})
    assert [c.subject for c in last_commits(place(repo), 2)] == ["C3", "C4"]
    assert commit_at(place(repo), "HEAD~1").subject == "C3"


def test_a_dockerfile_is_followed_through_its_renames(repo: GitRepo) -> None:
    repo.git("mv", "Dockerfile", "Dockerfile.app")
    repo.commit("Rename")
    repo.commit("Edit", {"src/a.py": "2\n"})
    (repo.folder / "docker").mkdir()
    repo.git("mv", "Dockerfile.app", "docker/Dockerfile")
    repo.commit("Move")
    where = place(repo, "", "docker/Dockerfile")
    builds = list(replayed(where, last_commits(where, 10), EMPTY))
    assert [b.state.options.dockerfile if b.state else b.problem for b in builds] == [
        "Dockerfile", "Dockerfile.app", "Dockerfile.app", "docker/Dockerfile"]


def test_a_commit_without_the_dockerfile_is_left_out_and_named(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "late")
    repo.commit("Before", {"req.txt": "x", "src/a.py": "1"})
    repo.commit("Add", {"Dockerfile": DOCKERFILE})
    report = history(repo)
    assert report.builds == 1 and [problem for _, problem in report.left_out] and "holds no Dockerfile" in (
        report.left_out[0][1])


def test_each_revision_has_its_own_ignore_file(repo: GitRepo) -> None:
    repo.commit("Copy all", {"Dockerfile": "FROM base:1\nCOPY . .\n", ".dockerignore": "*.log\n", "x.log": "1"})
    repo.commit("Ignored", {"x.log": "2"})
    repo.commit("No more", {".dockerignore": "*.md\n"})
    where = place(repo)
    runs = [len(list(b.report.misses())) for b in replayed(where, last_commits(where, 3), EMPTY) if b.report]
    assert runs == [2, 0, 1]


def test_a_failing_commit_is_counted_and_named(repo: GitRepo) -> None:
    repo.commit("Break", {"req.txt": None})
    report = history(repo)
    assert report.builds == 2 and len(report.failing) == 1 and "Break" in report.failing[0][0]


def test_re_runs_are_counted_per_line_with_their_first_cause(repo: GitRepo) -> None:
    repo.commit("Edit a", {"src/a.py": "2\n"})
    repo.commit("Edit b", {"src/b.py": "2\n"})
    repo.commit("Require", {"req.txt": "django\n"})
    report = history(repo)
    rows = {s.line: (s.reruns, s.builds, {c.label: c.count for c in s.causes}) for s in report.steps}
    assert rows[3] == (1, 3, {"req.txt": 1})
    assert rows[5] == (3, 3, {"src/**/*.py": 2, "req.txt": 1})
    assert report.mean_reruns == pytest.approx((2 + 2 + 4) / 3)
    assert [(g.patterns, g.commits) for g in report.mix.groups] == [(("src/**/*.py",), 2), (("req.txt",), 1)]
    assert sum(g.weight for g in report.mix.groups) == pytest.approx(1)
    assert dict(report.mix.roles) == pytest.approx({"source": 2 / 3, "docs": 1 / 3})


def test_arguments_and_options_hold_for_all_commits(repo: GitRepo) -> None:
    repo.commit("Edit", {"Dockerfile": "FROM base:1 AS a\nRUN one\nFROM base:1 AS b\nRUN two\n"})
    where = place(repo)
    template = ProjectState("", EMPTY.context, BuildOptions(target="a"))
    *_, last = replayed(where, last_commits(where, 1), template)
    assert last.report is not None
    assert [s.outcome for s in last.report.steps if s.step.line == 4] == [Outcome.UNREACHED]


def test_changes_alone_need_no_build(repo: GitRepo) -> None:
    repo.commit("Edit", {"src/a.py": "2\n", "req.txt": "x"})
    repo.commit("Delete", {"src/b.py": None})
    assert [sorted(paths) for paths in changes_of(place(repo), 10)] == [["src/b.py"], ["req.txt", "src/a.py"]]


def test_a_shallow_clone_says_so(repo: GitRepo, tmp_path: Path) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    repository = find_repository(tmp_path / "shallow")
    assert repository is not None and repository.shallow
    where = place_of(ProjectInfo(tmp_path / "shallow", tmp_path / "shallow" / "Dockerfile"), repository)
    assert len(last_commits(where, 10)) == 1
    with pytest.raises(GitError, match="shallow"):
        commits_between(where, first, "HEAD")


def test_a_detached_head_is_a_head(repo: GitRepo) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.git("checkout", "-q", "--detach", "HEAD~1")
    assert [c.subject for c in last_commits(place(repo), 10)] == ["Start"]
