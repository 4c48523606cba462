"""The projects under tests/data/projects: how each is edited, what its steps cost, what they really read and write."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.instructions import Run
from cachesim.graph.options import BuildOptions
from cachesim.project.mix import EditGroup, EditMix
from cachesim.project.open import find_project, load_state
from cachesim.project.state import ProjectState
from cachesim.simulate.report import StepReport

__all__ = ["FOLDER", "Project", "RunFacts", "command_of", "names", "project"]

FOLDER = Path(__file__).parent.parent / "data" / "projects"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a RUN whose command holds `step`: paths of the image that it reads and writes, and variables.

    A path means everything below it too.
    """

    step: str
    seconds: float
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    env: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """One project of the set."""

    name: str
    ecosystem: str
    improvable: bool
    mix: EditMix
    runs: tuple[RunFacts, ...]
    state: ProjectState
    folder: Path

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the context."""
        file = self.folder / "context" / path
        return file.read_bytes() if file.is_file() else None

    @property
    def best(self) -> str | None:
        """The best Dockerfile that a person would write, where somebody wrote it down before the rules saw the project."""
        file = self.folder / "best.Dockerfile"
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def facts_of(self, run: Run) -> RunFacts | None:
        """What is known of a RUN; None if nobody wrote it down."""
        return next((facts for facts in self.runs if facts.step in command_of(run)), None)

    def seconds(self, step: StepReport) -> float | None:
        """Seconds of a step, as they were measured in such projects."""
        run = step.step.instruction
        facts = self.facts_of(run) if isinstance(run, Run) else None
        return facts.seconds if facts is not None else None


def names() -> list[str]:
    """All projects."""
    return sorted(path.parent.name for path in FOLDER.glob("*/project.toml"))


@functools.cache
def project(name: str) -> Project:
    """Read one."""
    folder = FOLDER / name
    about = tomllib.loads((folder / "project.toml").read_text(encoding="utf-8"))
    state = load_state(find_project(folder / "context"))
    args = tuple(about.get("args", ()))
    state = replace(state, options=replace(state.options, args=tuple((arg, "first") for arg in args)))
    runs = tuple(RunFacts(r["step"], r["seconds"], tuple(r["reads"]), tuple(r["writes"]), tuple(r.get("env", ())))
                 for r in about["run"])
    mix = _mix(about["edits"], state.context, state.options).with_args(args)
    return Project(name, about["ecosystem"], about["improvable"], mix, runs, state, folder)


def command_of(run: Run) -> str:
    """The command of a RUN with its heredocs, without flags."""
    return "\n".join((run.command or " ".join(run.argv or ()), *(h.used for h in run.heredocs)))


def _mix(edits: Mapping[str, float], context: ContextSnapshot, options: BuildOptions) -> EditMix:
    total = sum(edits.values())
    groups = []
    for label, weight in edits.items():
        files = tuple(label.split(" "))
        missing = [f for f in files if context.get(f) is None and f != options.dockerfile]
        assert not missing, f"{missing} are no files of the context"
        groups.append(EditGroup(files, files, 0, weight / total))
    return EditMix(tuple(groups))
