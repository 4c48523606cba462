"""What a killed app left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cachesim.cli.runner import Runner
from cachesim.confirm import leftovers
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.script import Command, Finished, Work, drive
from cachesim.progress import Progress


def killed(running: Path, folder: Path, engine: EngineChoice | None = None, builder: str = "") -> leftovers.Leftover:
    """A run whose process is gone."""
    leftovers.note(running, "tok", folder, engine or EngineChoice(), builder)
    note = running / "tok.json"
    value = json.loads(note.read_text())
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    note.write_text(json.dumps({**value, "pid": process.pid}))
    (found,) = leftovers.find(running)
    return found


def test_a_running_app_is_left_alone(tmp_path: Path) -> None:
    leftovers.note(tmp_path, "tok", tmp_path / "w", EngineChoice())
    assert leftovers.find(tmp_path) == ()
    leftovers.forget(tmp_path, "tok")
    leftovers.forget(tmp_path, "tok")
    assert list(tmp_path.iterdir()) == [] and leftovers.find(tmp_path / "none") == ()


def test_another_process_with_the_same_number_is_not_the_run(tmp_path: Path) -> None:
    leftovers.note(tmp_path, "tok", tmp_path / "w", EngineChoice())
    note = tmp_path / "tok.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "born": "1"}))
    assert len(leftovers.find(tmp_path)) == 1


def test_unreadable_notes_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[]")
    assert leftovers.find(tmp_path) == () and list(tmp_path.iterdir()) == []


def clean(run: leftovers.Leftover, running: Path, *answers: Finished, **how: bool) -> tuple[bool, list[Command]]:
    asked: list[Command] = []
    left = list(answers)

    def execute(item: Command | Work) -> object:
        assert item.cleanup
        if isinstance(item, Work):
            return item.run(Progress())
        asked.append(item)
        return left.pop(0) if left else Finished(0)
    return drive(leftovers.clean(run, running, **how), execute), asked


def test_folder_images_containers_and_note_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///elsewhere.sock")
    folder = tmp_path / "w"
    (folder / "context").mkdir(parents=True)
    run = killed(tmp_path / "running", folder, builder="cachesim-tok")
    monkeypatch.delenv("DOCKER_HOST")
    gone, asked = clean(run, tmp_path / "running", Finished(0, "c1\n"), Finished(0), Finished(0),
                        Finished(0, "i1\ni2\ni1\n"), Finished(1, err="i2 has children"), Finished(0, "i2\n"))
    assert gone and not folder.exists() and list((tmp_path / "running").iterdir()) == []
    containers = ("ps", "--all", "--quiet", "--filter", "label=cachesim.run=tok")
    images = ("image", "ls", "--all", "--quiet", "--filter", "label=cachesim.run=tok")
    assert [c.argv[1:] for c in asked] == [
        containers, ("rm", "--force", "--volumes", "c1"), containers, images, ("rmi", "--force", "i1", "i2"), images,
        ("rmi", "--force", "i2"), images, ("buildx", "rm", "--force", "cachesim-tok")]
    assert all(c.env is not None and c.env["DOCKER_HOST"] == "unix:///elsewhere.sock" for c in asked)


def test_while_the_engine_is_away_the_note_stays(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    run = killed(tmp_path / "running", folder)
    gone, asked = clean(run, tmp_path / "running", Finished(1, err="Cannot connect"))
    assert not gone and not folder.exists() and len(asked) == 1
    assert len(leftovers.find(tmp_path / "running")) == 1


def test_a_remote_engine_is_not_called_unasked(tmp_path: Path) -> None:
    far = EngineChoice("far", context="far", builder="far", endpoint="ssh://h", remote=True)
    run = killed(tmp_path / "running", tmp_path / "w", far)
    gone, asked = clean(run, tmp_path / "running")
    assert not gone and asked == []
    gone, asked = clean(run, tmp_path / "running", ask_remote=True)
    assert gone and asked[0].argv[:3] == ("docker", "--context", "far")


def test_tokens_fit_into_tags() -> None:
    made = {leftovers.token() for _ in range(100)}
    assert len(made) == 100 and all(t.isalnum() and t == t.lower() and len(t) == 12 for t in made)


def test_a_killed_command_is_cleaned_by_the_next_one(tmp_path: Path) -> None:
    """For real: a process notes itself, makes its folder, and is killed."""
    running, folder = tmp_path / "running", tmp_path / "w"
    code = (f"import sys, os; sys.path[:0] = {sys.path!r}\nfrom pathlib import Path\n"
            "from cachesim.confirm import leftovers\nfrom cachesim.confirm.engines import EngineChoice\n"
            f"leftovers.note(Path({str(running)!r}), 'tok', Path({str(folder)!r}), EngineChoice())\n"
            f"os.mkdir({str(folder)!r}); os.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "DOCKER_HOST": "unix:///nowhere"})
    (run,) = leftovers.find(running)
    Runner().run(leftovers.clean(run, running))
    assert not folder.exists()
