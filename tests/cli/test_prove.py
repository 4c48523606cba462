"""`cachesim prove`: what it prints and writes, and with which exit status, without an engine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.cli.main import main
from cachesim.confirm.proof_file import save_proof
from tests.confirm.test_proof_file import DIFFERENT, REPORT


def run(*words: str) -> int:
    def no_window(path: Path | None, sample: str | None) -> int:
        raise AssertionError((path, sample))
    return main(words, open_window=no_window)


def test_a_report_is_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_proof(tmp_path / "p.md", REPORT)
    assert run("prove", "--open", str(tmp_path / "p.md")) == 0
    out = capsys.readouterr().out
    assert "Differences that do not count: /stamp (two builds of A differ in it too)" in out and out.endswith("better by 88%.\n")
    line = next(line for line in out.splitlines() if line.startswith("src/**/*.py"))
    assert line.split() == ["src/**/*.py", "90%", "3", "3", "1", "1", "9.5", "s", "9.0", "s", "0.2", "s", "0.2", "s"]
    assert run("prove", "--open", str(tmp_path / "p.md"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["same_image"] is True


def test_a_difference_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_proof(tmp_path / "p.json", replace(REPORT, image=DIFFERENT))
    assert run("prove", "--open", str(tmp_path / "p.json")) == 1
    assert "\n/app: mode differs: 0755 in A, 0700 in B\n" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "said"), [
    (["A"], "error: prove: two Dockerfiles are needed. Write cachesim prove A B, or --open FILE"),
    (["--open", "missing.md"], "error: missing.md: no such file or directory"),
    (["A", "B", "--report", "proof.html"], "error: --report proof.html: has neither of the endings .md and .json"),
    (["Dockerfile", "missing"], "missing: no such file or directory")])
def test_what_cannot_be_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                               words: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert run("prove", *words) == 2
    assert said in capsys.readouterr().err


def test_without_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    for name in ("Dockerfile", "Dockerfile.new"):
        (tmp_path / name).write_text("FROM scratch\nCOPY . /\n")
    words = ("prove", str(tmp_path / "Dockerfile"), str(tmp_path / "Dockerfile.new"))
    assert run(*words, "--report", str(tmp_path / "p.json")) == 2
    assert capsys.readouterr().out.splitlines()[-1].startswith("Nothing is proven: ")
    assert json.loads((tmp_path / "p.json").read_text())["exit"] == 2
