"""Which command runs, how it ends, and that no command loads Qt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cachesim import __version__
from cachesim.cli import main as cli
from cachesim.cli.main import COMMANDS, main
from cachesim.errors import InputError

SCENARIO = {"name": "s", "bases": [{"ref": "base:1", "config": ["ENV PATH=/bin"]}], "builds": [
    {"edit": "first", "files": {"Dockerfile": {"text": "FROM base:1\nCOPY a /\n"}, "a": {"text": "1"}}},
    {"edit": "edit a", "files": {"a": {"text": "22"}}}]}


class Window:
    """Stands for the window: notes what it was opened with."""

    def __init__(self) -> None:
        self.opened: list[tuple[Path | None, str | None]] = []

    def __call__(self, path: Path | None, sample: str | None) -> int:
        self.opened.append((path, sample))
        return 0


def no_window(path: Path | None, sample: str | None) -> int:
    raise AssertionError(f"a command opened the window on {path} {sample}")


def run(*words: str) -> int:
    return main(words, open_window=no_window)


def test_without_a_command_the_window_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan").mkdir()
    window = Window()
    for words in ([], ["."], ["./plan"], ["--sample", "flask"]):
        assert main(words, open_window=window) == 0
    assert window.opened == [(None, None), (Path("."), None), (Path("plan"), None), (None, "flask")]


def test_a_path_that_does_not_exist_is_no_window(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("no-such-thing") == 2
    assert capsys.readouterr().err.startswith("error: no-such-thing is neither a file or folder nor a command")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: cachesim {command}") and "example" in out


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"cachesim {__version__}\n"
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert all(f"  {command}" in out for command in COMMANDS) and "examples:" in out


@pytest.mark.parametrize("words", [["plan", "--nope"], ["replay"], ["plan", "--engine", "podman"], ["--nope"]])
def test_bad_arguments_end_with_2_and_an_error_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    assert "\nerror: " in capsys.readouterr().err


@pytest.mark.parametrize(("error", "status", "words"), [
    (InputError("is odd", "x", "Mend it"), 2, "error: x is odd. Mend it"),
    (ZeroDivisionError("boom"), 70, "error: this is a bug"),
    (KeyboardInterrupt(), 130, "cancelled"),
])
def test_how_a_command_can_end(error: BaseException, status: int, words: str, monkeypatch: pytest.MonkeyPatch,
                               capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> int:
        raise error
    monkeypatch.setattr(cli, "_run", fail)
    assert run("plan") == status
    assert words in capsys.readouterr().err


def test_no_command_loads_qt_and_python_m_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(SCENARIO))
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    program = (
        "import sys; from cachesim.cli.main import main\n"
        "for words in (['replay', '--json', 's.json'], ['plan', '--offline'], ['samples'], ['compare', '--offline',"
        " 'Dockerfile', 'Dockerfile'], ['confirm', '--help'], ['history', '--help']):\n"
        "    assert main(words, open_window=None) == 0, words\n"
        "print('PySide6' in sys.modules, 'docker' in sys.modules)\n")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False False"
    same = subprocess.run([sys.executable, "-m", "cachesim", "--version"], capture_output=True, text=True, check=True)
    assert same.stdout == f"cachesim {__version__}\n"


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text("\n".join(json.dumps(SCENARIO) for _ in range(400)))
    done = subprocess.run(f"{sys.executable} -m cachesim replay s.jsonl | head -1", shell=True, cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.startswith("s (")


# -- replay and samples -----------------------------------------------------------------------------------------------


def test_replay_prints_one_object_per_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.jsonl").write_text(json.dumps(SCENARIO) + "\n" + json.dumps({**SCENARIO, "name": "t"}) + "\n")
    assert run("replay", "--json", str(tmp_path / "s.jsonl")) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [f["name"] for f in found] == ["s", "t"]
    first, second = found[0]["builds"]
    assert first["error"] is None and {s["status"] for s in first["steps"]} == {"run"}
    copy = second["steps"][-1]
    assert (copy["name"], copy["status"], copy["certain"], copy["outcome"]) == ("[2/2] COPY a /", "run", True, "miss")
    assert "a changed" in copy["cause"]


def test_replay_ends_with_0_whatever_it_predicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builds = [{"files": {"a": {"text": ""}}}, {"files": {"Dockerfile": {"text": "FROM base:1\nCOPY nope /\n"}}},
              {"files": {"Dockerfile": {"text": "FROM base:1\nCOPY a /\n"}}}]
    (tmp_path / "s.json").write_text(json.dumps({**SCENARIO, "builds": builds}))
    assert run("replay", "--json", str(tmp_path / "s.json")) == 0
    found = json.loads(capsys.readouterr().out)["builds"]
    assert "failed to read dockerfile" in found[0]["error"] and found[1]["error"] and found[2]["error"] is None
    assert run("replay", str(tmp_path / "s.json")) == 0
    out = capsys.readouterr().out
    assert "This build does not start: failed to read dockerfile" in out and "This build fails: " in out


def test_replay_of_an_unreadable_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("replay", str(tmp_path / "nope")) == 2
    assert "no such file" in capsys.readouterr().err


def test_samples_are_listed_and_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("samples", "--json") == 0
    names = [s["name"] for s in json.loads(capsys.readouterr().out)]
    assert len(names) >= 5
    assert run("samples", "copy", names[0], str(tmp_path / "mine")) == 0
    assert (tmp_path / "mine" / "Dockerfile").is_file()
    assert run("samples", "copy", names[0], str(tmp_path / "mine")) == 2
    assert run("samples", "copy", "nope") == 2
    assert "there is no sample 'nope'" in capsys.readouterr().err
