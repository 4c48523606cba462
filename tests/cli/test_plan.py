"""`cachesim plan`, `history` and `compare`: what they answer, in which form, and with which exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cachesim.cli.main import main
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.project.choice import BuilderChoice, remember_builder
from cachesim.project.open import find_project
from tests.history.gitrepo import GitRepo

DOCKERFILE = "FROM base:1\nCOPY req.txt /\nRUN install\nCOPY src /src\nRUN build\n"
BETTER = "FROM base:1\nCOPY req.txt /\nRUN install\nRUN build\nCOPY src /src\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    repo.commit("Start", {"Dockerfile": DOCKERFILE, "req.txt": "flask\n", "src/a.py": "1\n"})
    monkeypatch.chdir(repo.folder)
    return repo


def run(*words: str) -> int:
    def no_window(path: Path | None, sample: str | None) -> int:
        raise AssertionError((path, sample))
    return main(words, open_window=no_window)


def answer(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    assert run(*words) == status
    return json.loads(capsys.readouterr().out)


def runs(plan: dict[str, Any]) -> list[int]:
    return [s["line"] for s in plan["steps"] if s["outcome"] == "miss"]


def test_uncommitted_changes_against_head(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"src/a.py": "2\n"})
    plan = answer(capsys, "plan", "--offline", "--json")["plans"][0]
    assert runs(plan) == [4, 5] and plan["reruns"] == 2 and plan["totals"] == {"hit": 3, "miss": 2}
    assert "a build of HEAD (" in plan["cache"] and "src/a.py differs" in plan["cache"]
    assert plan["seconds"] == {"measured": 0, "estimated": 0.1, "unknown_steps": 1}
    copy = next(s for s in plan["steps"] if s["line"] == 4)
    assert copy["seconds"] == {"value": 0.1, "known": "estimated"} and "src/a.py changed" in copy["cause"]


def test_against_a_revision_a_folder_and_nothing(repo: GitRepo, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("Require", {"req.txt": "django\n"})
    assert runs(answer(capsys, "plan", "--offline", "--json")["plans"][0]) == []
    assert runs(answer(capsys, "plan", "--offline", "--json", "--against", "HEAD~1")["plans"][0]) == [2, 3, 4, 5]
    assert runs(answer(capsys, "plan", "--offline", "--json", "--against", "nothing")["plans"][0]) == [1, 2, 3, 4, 5]
    other = GitRepo(tmp_path / "other")
    other.write({"Dockerfile": DOCKERFILE, "req.txt": "django\n", "src/a.py": "other\n"})
    plan = answer(capsys, "plan", "--offline", "--json", "--against", str(other.folder))["plans"][0]
    assert runs(plan) == [4, 5] and str(other.folder) in plan["cache"]


def test_flags_of_the_build(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("Stages", {"Dockerfile": "FROM base:1 AS a\nARG V\nRUN echo $V\nFROM base:1 AS b\nRUN two\n"})
    plan = answer(capsys, "plan", "--offline", "--json", "--target", "a", "--build-arg", "V=2")["plans"][0]
    assert {s["line"]: s["status"] for s in plan["steps"]}[5] == "unreached"
    assert any("RUN echo 2" in s["name"] or "echo $V" in s["name"] for s in plan["steps"])
    assert set(runs(answer(capsys, "plan", "--offline", "--json", "--no-cache")["plans"][0])) >= {5}


def test_a_build_that_fails_ends_with_1(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"Dockerfile": "FROM base:1\nCOPY nope /\n"})
    assert answer(capsys, "plan", "--offline", "--json", status=1)["plans"][0]["error"]
    assert run("plan", "--offline") == 1
    assert "This build fails" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "status"), [
    (["--max-rerun", "2"], 0), (["--max-rerun", "1"], 3), (["--budget", "10s"], 0), (["--budget", "0.05"], 3)])
def test_budgets(repo: GitRepo, words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"src/a.py": "2\n"})
    assert run("plan", "--offline", *words) == status
    assert ("allowed are" in capsys.readouterr().err) is (status == 3)


def test_a_range_walks_the_commits(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.commit("Require", {"req.txt": "django\n"})
    repo.write({"src/a.py": "uncommitted\n"})
    found = answer(capsys, "plan", "--offline", "--json", "HEAD~2..HEAD")
    assert found["range"] == "HEAD~2..HEAD" and [runs(p) for p in found["plans"]] == [[4, 5], [2, 3, 4, 5]]
    assert found["plans"][0]["changed"] == ["src/a.py"]
    assert run("plan", "--offline", "HEAD~2..") == 0
    out = capsys.readouterr().out
    assert "2 commits of the project" in out and "line 4: src/a.py changed" in out
    assert run("plan", "--offline", "HEAD~2..HEAD", "--max-rerun", "2") == 3


def test_markdown_is_a_comment_that_nothing_can_break(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"Dockerfile": DOCKERFILE + "RUN echo `date` | tee <x>\n"})
    assert run("plan", "--offline", "--format", "markdown", "--max-rerun", "0") == 3
    out = capsys.readouterr().out
    assert out.startswith("### repo\n") and "**1 step would run again**" in out and "**Over budget:**" in out
    rows = [line for line in out.splitlines() if line.startswith("| ")]
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows), rows
    assert "``" in rows[-1]


def test_both_engines(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "plan", "--offline", "--json", "--engine", "both")
    assert [p["engine"] for p in found["plans"]] == ["buildkit", "classic"]


@pytest.mark.parametrize(("words", "said"), [
    (["--against", "no-such"], "there is no such revision"),
    (["HEAD~7..HEAD"], "there is no such revision"),
    (["a..b", "c..d"], "one path and one range at most"),
    (["--budget", "soon"], "is no time"),
    (["--build-context", "x"], "has no value"),
    (["-f", "nope"], "no such file"),
])
def test_what_it_cannot_answer_ends_with_2(repo: GitRepo, words: list[str], said: str,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "--offline", *words) == 2
    assert said in capsys.readouterr().err


def test_a_bare_repository_and_no_repository(repo: GitRepo, tmp_path: Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    assert run("history", "--offline", str(tmp_path / "bare.git")) == 2
    assert "is a bare repository" in capsys.readouterr().err
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "Dockerfile").write_text("FROM scratch\n")
    assert run("history", "--offline", str(tmp_path / "plain")) == 2
    assert "is in no git repository" in capsys.readouterr().err
    assert run("plan", "--offline", "HEAD~1..HEAD", str(tmp_path / "plain")) == 2


def test_history_counts_re_runs(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.commit("Edit again", {"src/a.py": "3\n"})
    found = answer(capsys, "history", "--offline", "--json")
    assert found["builds"] == 3 and found["mean_reruns"] == 2
    by_line = {s["line"]: s for s in found["steps"]}
    assert by_line[5]["reruns"] == 2 and by_line[5]["causes"] == [{"cause": "src/**/*.py", "count": 2}]
    assert by_line[2]["reruns"] == 0 and found["mix"][0]["weight"] == 1
    assert run("history", "--offline", "--last", "2") == 0
    out = capsys.readouterr().out
    assert "2 commits built" in out and "src/**/*.py 1" in out
    assert run("history", "--offline", "--last", "1") == 0
    assert run("history", "--offline", "--last", "0") == 2


def test_history_of_a_repository_without_commits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = GitRepo(tmp_path / "young")
    repo.write({"Dockerfile": DOCKERFILE})
    assert run("history", "--offline", str(repo.folder)) == 2
    assert "nothing was committed yet" in capsys.readouterr().err


def test_compare_says_which_re_runs_less(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.write({"Better": BETTER})
    found = answer(capsys, "compare", "--offline", "--json", "Dockerfile", "Better")
    assert found["mix"] == "of the last 1 commit"
    assert (found["a"]["expected_reruns"], found["b"]["expected_reruns"]) == (2, 1)
    assert run("compare", "--offline", "Better", "Dockerfile", "--mix", "source 90, req.txt 10") == 1
    out = capsys.readouterr().out
    assert "1.3 steps with A, 2.2 with B" in out


def test_compare_shows_every_edit_step_for_step(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.commit("Edit", {"src/a.py": "2\n"})
    repo.write({"Better": BETTER})
    edit, = answer(capsys, "compare", "--offline", "--json", "Dockerfile", "Better")["edits"]
    verdicts = {s["instruction"]: [side and side["outcome"] for side in (s["a"], s["b"])] for s in edit["steps"]}
    assert verdicts["COPY req.txt /"] == ["hit", "hit"]
    assert sorted(verdicts["RUN build"], key=str) == ["hit", "miss"] or verdicts["RUN build"] == ["miss", None]
    assert run("compare", "--offline", "Dockerfile", "Better") == 0
    out = capsys.readouterr().out
    assert "src/**/*.py (3 more steps would run with neither)" in out and "runs: changed" in out and "estimated with A" in out
    assert run("compare", "--offline", "Better", "Dockerfile", "--format", "markdown") == 1
    out = capsys.readouterr().out
    assert out.startswith("### Better and Dockerfile\n\n**Over the mix an edit re-runs 1.0 steps with A, 2.0 with B (+100%)")
    rows = [line for line in out.splitlines() if line.startswith("| ")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6, 7} and "<details><summary>src/**/*.py: 1 with A, 2" in out


def test_compare_with_both_engines_and_arguments(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write({"Early": "FROM base:1\nARG SHA\nRUN one\nRUN two\n", "Late": "FROM base:1\nRUN one\nARG SHA\nRUN two\n"})
    words = ("compare", "--offline", "Early", "Late", "--mix", "source 100", "--changing-arg", "SHA", "--build-arg", "SHA=1")
    found = answer(capsys, *words, "--engine", "both", "--json")["comparisons"]
    assert [(c["engine"], c["worse"]) for c in found] == [("buildkit", False), ("classic", False)]
    assert found[0]["a"]["expected_reruns"] == 2 and found[0]["b"]["expected_reruns"] == 1
    assert run("compare", "--offline", "Late", "Early", *words[4:], "--engine", "both") == 1
    assert run("compare", "--offline", "Late", "Early", "--last", "0") == 2


def test_history_as_markdown(repo: GitRepo, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("history", "--offline", "--format", "markdown") == 0
    assert "One build alone" in capsys.readouterr().out
    repo.commit("Edit | `a` <b>", {"src/a.py": "2\n"})
    assert run("history", "--offline", "--format", "markdown") == 0
    out = capsys.readouterr().out
    assert out.startswith("### History of repo\n\n2 commits built, from ") and "Edit \\| \\`a\\` &lt;b&gt;." in out
    assert "| 5 | `RUN build` | 1 of 1 | 100% | ? | src/\\*\\*/\\*.py 1 |" in out
    assert "| 100% | src/\\*\\*/\\*.py |" in out


def test_compare_without_a_history_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM base:1\nCOPY . .\n")
        (tmp_path / name / "x.py").write_text("x")
    assert run("compare", "--offline", str(tmp_path / "a" / "Dockerfile"), str(tmp_path / "b")) == 0
    assert "no git history" in capsys.readouterr().out


def test_the_builder_that_was_chosen_last_counts_unless_one_is_named(repo: GitRepo,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    graphdriver = (EngineKind.BUILDKIT, ImageStore.GRAPHDRIVER)
    remember_builder(find_project(repo.folder), BuilderChoice(EngineKind.CLASSIC, ImageStore.GRAPHDRIVER, graphdriver))

    def engines(*words: str) -> list[str]:
        return [plan["engine"] for plan in answer(capsys, "plan", "--offline", "--json", *words)["plans"]]
    assert engines() == ["classic"] and engines("--engine", "buildkit") == ["buildkit"]
    assert engines("--engine", "both") == ["buildkit", "classic"]
    repo.commit("Require", {"req.txt": "django\n"})
    assert engines("HEAD~1..HEAD") == ["classic"]
