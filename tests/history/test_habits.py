"""Where an edit mix comes from, and the words where there is no history."""

from __future__ import annotations

from pathlib import Path

import pytest

from cachesim.context.snapshot import ContextSnapshot
from cachesim.errors import InputError
from cachesim.history.habits import Habits, MixSource, habits_of
from cachesim.history.replay import replay
from cachesim.project.open import ProjectInfo
from cachesim.project.state import ProjectState
from tests.history.gitrepo import GitRepo

FILES = {"Dockerfile": "FROM base:1\nCOPY src /src\nRUN build\n", "src/a.py": "1\n", "README.md": "r\n"}
CONTEXT = ContextSnapshot.of({path: text.encode() for path, text in FILES.items()})
EMPTY = ProjectState("", ContextSnapshot.of({}))


def info(folder: Path) -> ProjectInfo:
    return ProjectInfo(folder, folder / "Dockerfile")


def found(folder: Path, by_hand: str | None = None) -> Habits:
    return habits_of(info(folder), CONTEXT, "Dockerfile", by_hand=by_hand)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    repo.commit("Start", dict(FILES))
    return repo


def test_history_says_what_changes_together(repo: GitRepo) -> None:
    for text in ("2\n", "3\n", "4\n"):
        repo.commit("Edit", {"src/a.py": text})
    repo.commit("Words", {"README.md": "more\n"})
    habits = found(repo.folder)
    assert (habits.source, habits.words) == (MixSource.HISTORY, "of the last 4 commits")
    assert [(g.label, g.weight) for g in habits.mix.groups] == [("src/**/*.py", 0.75), ("README.md", 0.25)]


def test_a_mix_by_hand_wins_over_the_history(repo: GitRepo) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    habits = found(repo.folder, "source 3, docs 1")
    assert habits.source is MixSource.HAND
    assert [(g.label, g.weight) for g in habits.mix.groups] == [("source", 0.75), ("docs", 0.25)]
    with pytest.raises(InputError, match="has no weight"):
        found(repo.folder, "source")


def test_without_git_it_is_the_usual_one_and_says_so(tmp_path: Path) -> None:
    habits = found(tmp_path)
    assert (habits.source, habits.words) == (
        MixSource.USUAL, "the usual one, for there is no git history: the folder is in no git repository")
    assert habits.mix.groups[0].patterns == ("source",)


def test_one_commit_tells_no_habits(repo: GitRepo) -> None:
    habits = found(repo.folder)
    assert habits.source is MixSource.USUAL and "no commit after the first one" in habits.words


def test_a_replay_without_history_says_why(tmp_path: Path, repo: GitRepo) -> None:
    with pytest.raises(InputError, match="is in no git repository"):
        replay(info(tmp_path), EMPTY, 10)
    (repo.folder / "new").mkdir()
    with pytest.raises(InputError, match="no commit of HEAD touches it"):
        replay(info(repo.folder / "new"), EMPTY, 10)


def test_a_shallow_clone_is_replayed_with_a_note(tmp_path: Path, repo: GitRepo) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.commit("Edit more", {"src/a.py": "3\n"})
    repo.git("clone", "-q", "--depth", "2", f"file://{repo.folder}", str(tmp_path / "clone"))
    done = replay(info(tmp_path / "clone"), EMPTY, 10)
    assert done.report.builds == 2 and [s.reruns for s in done.report.steps] == [1, 1]
    assert len(done.notes) == 1 and "shallow" in done.notes[0]
