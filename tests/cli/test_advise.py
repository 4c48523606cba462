"""`cachesim advise`: proposals in every form, and writing one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cachesim.cli.main import main

TEXT = "FROM python:3.12\nWORKDIR /app\nCOPY . .\n# needed\nRUN pip install -r requirements.txt\nCMD python app.py\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, data in {"Dockerfile": TEXT, "requirements.txt": "flask\n", "app.py": "1\n", "README.md": "r\n"}.items():
        (tmp_path / name).write_bytes(data.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    def no_window(path: Path | None, sample: str | None) -> int:
        raise AssertionError((path, sample))
    return main(("advise", "--offline", "--mix", "source 80, docs 20", *words), open_window=no_window)


def listed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 1) -> dict[str, Any]:
    assert run("--json", *words) == status
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


def test_a_diff_can_be_applied_by_patch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value = listed(capsys)
    first = value["proposals"][0]
    assert (first["rule"], first["risk"], first["check"]) == ("manifest-first", "safe", None)
    assert 0.9 < first["saving"] < 1 and value["expected_seconds"]["measured"] == 0
    done = subprocess.run(["git", "apply", "-p1"], input=first["diff"].encode(), cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "Dockerfile").read_text() == TEXT.replace(
        "COPY . .\n# needed\nRUN pip install -r requirements.txt\n",
        "COPY requirements.txt ./\n# needed\nRUN pip install -r requirements.txt\nCOPY . .\n")
    assert [p["rule"] for p in listed(capsys, status=0)["proposals"] if p["risk"] == "safe"] == []


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_people_see_saving_risk_rule_and_diff(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", form) == 1
    out = capsys.readouterr().out
    for word in ("stated by hand", "estimated", "SAFE", "manifest-first", "+COPY requirements.txt ./", "CHECK", "README.md"):
        assert word in out


def test_a_proposal_is_written_only_when_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert (folder / "Dockerfile").read_text() == TEXT
    rules = [p["rule"] for p in listed(capsys)["proposals"]] if capsys.readouterr() else []
    assert run("--apply", str(rules.index("ignore-unused") + 1)) == 0
    assert (folder / ".dockerignore").read_text() == "README.md\n" and (folder / "Dockerfile").read_text() == TEXT
    assert "check: That nothing" in capsys.readouterr().out
    assert run("--apply", "1") == 0
    assert "COPY requirements.txt ./" in (folder / "Dockerfile").read_text()


def test_what_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--apply", "99") == 2
    assert "there is no proposal 99" in capsys.readouterr().err
    assert run("--commands", "nowhere.toml") == 2
    assert "nowhere.toml" in capsys.readouterr().err


def test_the_users_own_commands_count(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Dockerfile").write_text("FROM busybox:1.36\nCOPY app.py /app.py\nRUN frob --all\n")
    (folder / "frob.toml").write_text(
        'format = 1\n[[tool]]\nnames = ["frob"]\nwrites = ["/frob/"]\n[[tool.row]]\nflags = ["--all"]\n')
    assert [p for p in listed(capsys, status=0)["proposals"] if p["risk"] == "safe"] == []
    found = listed(capsys, "--commands", "frob.toml")["proposals"]
    assert found[0]["rule"] == "lift-unchanging" and found[0]["risk"] == "safe"


def test_what_leaves_the_image_is_said_in_bytes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "main.go").write_text("package main\n")
    (folder / "Dockerfile").write_text('FROM golang:1.23\nWORKDIR /src\nCOPY main.go .\n'
                                       'RUN CGO_ENABLED=0 go build -o /bin/app .\nCMD ["/bin/app"]\n')
    found = next(p for p in listed(capsys, status=0)["proposals"] if p["rule"] == "build-stage")
    assert (found["risk"], found["image_bytes_saved"]) == ("check", 13)
    assert "+COPY --from=build /bin/app /bin/app" in found["diff"]
    assert run() == 0
    assert "CHECK, the image loses 13 B of files and what the build fetched (an edit costs +" in capsys.readouterr().out


def test_a_changing_argument_sinks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Dockerfile").write_text("FROM busybox:1.36\nARG SHA\nRUN mkdir /x\nRUN echo $SHA > /sha\n")
    assert listed(capsys, status=0)["proposals"] == []
    assert listed(capsys, "--changing-arg", "SHA")["proposals"][0]["risk"] == "safe"
