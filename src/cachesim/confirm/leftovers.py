"""What did a killed app leave behind, and how is it cleaned at the next start?

Before anything is made, a run notes on disk who it is, its folder and its engine; the note goes last. A note whose
process is gone belongs to a run that was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.isolate import LABEL
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.confirm.workspace import remove_tree

__all__ = ["Leftover", "clean", "find", "forget", "note", "remove_labelled", "token"]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A run that has not said that it is over.

    Attributes:
        folder: Its temporary folder.
        client: How its engine is called; `host` is the DOCKER_HOST it had.
        builder: Name of the builder that it made, "" if none.
    """

    token: str
    pid: int
    born: str
    folder: Path
    client: tuple[str, ...]
    host: str
    remote: bool
    builder: str = ""


def token() -> str:
    """A new name for a run: short, unique, fit for image tags."""
    return secrets.token_hex(6)


def note(running: Path, run: str, folder: Path, engine: EngineChoice, builder: str = "") -> None:
    """Write down that a run starts."""
    running.mkdir(parents=True, exist_ok=True)
    value = {"format": 1, "token": run, "pid": os.getpid(), "born": _born(os.getpid()), "folder": str(folder),
             "client": list(engine.client), "host": os.environ.get("DOCKER_HOST", ""), "remote": engine.remote,
             "builder": builder}
    place = running / f"{run}.json"
    place.with_suffix(".new").write_text(json.dumps(value), "utf-8")
    place.with_suffix(".new").replace(place)


def forget(running: Path, run: str) -> None:
    """Write down that a run is over and has cleaned up."""
    (running / f"{run}.json").unlink(missing_ok=True)


def find(running: Path) -> tuple[Leftover, ...]:
    """Runs whose process is gone. A note that cannot be read is dropped."""
    found = []
    for place in sorted(running.glob("*.json")) if running.is_dir() else ():
        try:
            value = json.loads(place.read_text("utf-8"))
            run = Leftover(str(value["token"]), int(value["pid"]), str(value["born"]), Path(value["folder"]),
                           tuple(map(str, value["client"])), str(value["host"]), bool(value["remote"]),
                           str(value.get("builder") or ""))
        except (OSError, ValueError, KeyError, TypeError):
            with contextlib.suppress(OSError):
                place.unlink()
            continue
        if _born(run.pid) != run.born:
            found.append(run)
    return tuple(found)


def clean(run: Leftover, running: Path, *, ask_remote: bool = False) -> Script[bool]:
    """Remove what a killed run left: its folder at once, its images if its engine answers.

    A remote engine is not asked unless `ask_remote`. The note stays until everything is gone.
    """
    yield Work(lambda _: remove_tree(run.folder), "removing temporary files", cleanup=True)
    if run.remote and not ask_remote:
        return False
    env = {**os.environ, "DOCKER_HOST": run.host} if run.host else None
    gone = yield from remove_labelled(run.client, run.token, env)
    if run.builder and gone:
        yield Command((*run.client, "buildx", "rm", "--force", run.builder), "removing the builder", env, timeout=20,
                      cleanup=True)
    if gone:
        yield Work(lambda _: forget(running, run.token), "noting that it is clean", cleanup=True)
    return gone


def remove_labelled(client: tuple[str, ...], run: str, env: dict[str, str] | None = None) -> Script[bool]:
    """Remove every container and image that carries the label of a run; False if the engine did not answer."""
    label = f"label={LABEL}={run}"
    for listing, removal in ((("ps", "--all", "--quiet", "--filter", label), ("rm", "--force", "--volumes")),
                             (("image", "ls", "--all", "--quiet", "--filter", label), ("rmi", "--force"))):
        for attempt in range(4):     # an image goes only after its children, and takes its parents along
            said = yield Command((*client, *listing), "looking for what a run left", env, timeout=5, cleanup=True)
            if not isinstance(said, Finished) or not said.ok:
                return False
            found = tuple(dict.fromkeys(said.out.split()))
            if not found:
                break
            if attempt == 3:
                return False
            yield Command((*client, *removal, *found), "removing what a run left", env, timeout=10, cleanup=True)
    return True


def _born(pid: int) -> str:
    """When a process started, in the system's own unit; "" if it does not run (any more)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        return text.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    if os.name == "posix" and not Path("/proc/self").exists():
        try:
            os.kill(pid, 0)
            return "alive"
        except OSError:
            return ""
    return ""
