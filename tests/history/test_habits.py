"""Where an edit mix comes from, and the words where there is no history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.context.snapshot import ContextSnapshot
from cachesim.errors import InputError
from cachesim.graph.options import BuildOptions
from cachesim.history.habits import Habits, MixSource, habits_of, release_args, with_releases
from cachesim.history.replay import replay
from cachesim.project.mix import mix_by_hand
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
        MixSource.USUAL, "the usual one, as there is no git history (the folder is in no git repository)")
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


def test_releases_are_among_the_usual_edits_where_the_file_takes_such_an_argument() -> None:
    text = "ARG VERSION=1\nFROM a:$VERSION\nARG COMMIT\nARG PORT=80\nARG PYTHON_VERSION=3\nARG CACHEBUST=1\nRUN one\n"
    state = ProjectState(text, ContextSnapshot.of({"main.py": b""}))
    mix = mix_by_hand("source 3, docs 1", ContextSnapshot.of({"main.py": b"", "README.md": b""}))
    usual = Habits(mix, MixSource.USUAL, "usual")
    assert release_args(state) == ("COMMIT",)                                       # a base is no release
    given = replace(state, options=BuildOptions(args=(("PORT", "81"), ("CACHEBUST", "2"), ("NOBODY", "1"))))
    assert release_args(given) == ("COMMIT", "PORT")
    found = with_releases(usual, state)
    assert [(round(g.weight, 4), g.args) for g in found.mix.groups] == [(0.7125, ()), (0.2375, ()), (0.05, ("COMMIT",))]
    assert found.mix.groups[-1].label == "another COMMIT"
    assert found.words.endswith("one build in 20 is taken to give COMMIT another value")
    assert with_releases(replace(usual, source=MixSource.HAND), state).mix == usual.mix
    assert with_releases(usual, replace(state, text="FROM a\nRUN one\n")) == usual
