"""What does an edit of this project cost on average, and how is each second known?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.instructions import Copy, From, Run
from cachesim.progress import SILENT, Progress
from cachesim.project.measured import seconds_text
from cachesim.project.mix import EditMix
from cachesim.project.state import ProjectState
from cachesim.project.trial import Trials, try_edits
from cachesim.simulate.report import StepReport

__all__ = ["CostModel", "ExpectedCost", "Known", "change_words", "expected_cost", "table_seconds"]

_FILE_SECONDS, _BYTES_PER_SECOND = 0.1, 100e6
_LEAST = 0.05                           # seconds of a difference; less is noise
_WARM = 0.5                             # of its time, where a tool finds what it fetched before: a guess
_RUN_SECONDS = 2.0                      # a RUN that no row knows

# What usual commands take on a CI machine, in seconds. These are guesses to rank steps by where nothing was measured,
# right to a factor of three or so; every output says "estimated" for them. First match per command, all commands add.
_TABLE: tuple[tuple[str, float], ...] = (
    (r"apt(-get)?\s+(-\S+\s+)*update", 6), (r"apt(-get)?\s+(-\S+\s+)*(install|upgrade|dist-upgrade)", 20),
    (r"apk\s+(-\S+\s+)*(add|upgrade)", 6), (r"(dnf|yum|microdnf|zypper)\s+(-\S+\s+)*(install|update|upgrade)", 30),
    (r"(pip3?|uv pip)\s+(-\S+\s+)*(install|sync|wheel)", 30), (r"uv\s+sync", 8),
    (r"(poetry|pdm|pipenv)\s+(-\S+\s+)*(install|sync)", 40), (r"(conda|mamba|micromamba)\s+(-\S+\s+)*(env|install|create)", 120),
    (r"(npm|pnpm)\s+(-\S+\s+)*(ci|i|install|install-clean)\b", 30), (r"yarn(\s+install|\s+--\S+|\s*$)", 30),
    (r"(npm|yarn|pnpm)\s+(-\S+\s+)*(run\s+|exec\s+)?\S*build", 30),
    (r"(npm|yarn|pnpm)\s+(-\S+\s+)*(run\s+|exec\s+)?\S*(test|lint)", 20),
    (r"go\s+mod\s+(download|vendor|tidy)", 15), (r"go\s+(build|install|test|vet)", 40), (r"go\s+generate", 5),
    (r"cargo\s+fetch", 15), (r"cargo\s+(chef|build|install|test)", 150),
    (r"mvnw?\b.*(dependency:|go-offline)", 60), (r"mvnw?\b", 60), (r"gradlew?\b", 80),
    (r"bundle\s+(install|package)|\bgem\s+install", 60), (r"composer\s+(install|update|require)", 20),
    (r"dotnet\s+restore", 25), (r"dotnet\s+(build|publish|test)", 30), (r"\bmix\s+(deps|compile|release)", 30),
    (r"(^|\s)(make|cmake|ninja|meson|gcc|g\+\+|cc|clang)\b", 30), (r"(^|/)configure\b", 20),
    (r"(curl|wget)\b", 3), (r"git\s+clone", 5), (r"(tar|unzip)\b", 1),
    (r"(webpack|vite|tsc|rollup|esbuild|ng\s+build|next\s+build)\b", 30), (r"(pytest|rspec|phpunit|jest)\b", 20),
    (r"(mkdir|chmod|chown|ln|rm|cp|mv|touch|echo|printf|true|useradd|groupadd|adduser|addgroup|sed|cat)\b", 0.2),
)
_ROWS = tuple((re.compile(pattern), seconds) for pattern, seconds in _TABLE)
_SPLIT = re.compile(r"&&|\|\||;|\n|\|")


@dataclass(frozen=True, slots=True)
class Known:
    """Seconds of one step; `measured` says that a real run told them, else they are an estimate."""

    seconds: float
    measured: bool


@dataclass(frozen=True, slots=True)
class ExpectedCost:
    """Seconds that an edit costs on average, apart by how they are known."""

    measured: float
    estimated: float

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.measured + self.estimated

    @property
    def words(self) -> str:
        """For people: "41 s measured and about 3 s estimated"."""
        parts = [f"{_short(self.measured)} s measured"] if self.measured else []
        parts += [f"about {_short(self.estimated)} s estimated"] if self.estimated else []
        return " and ".join(parts) or "0 s"


@dataclass(slots=True)
class CostModel:
    """Seconds per step, for a Dockerfile and all that is made of it.

    A RUN costs the same wherever it stands: it is looked up by its command alone. What is measured comes first, then
    the table. With a cache mount that it did not have before, it is guessed to take half.
    """

    context: ContextSnapshot
    measured: Callable[[StepReport], float | None] = lambda step: None
    _by_text: dict[str, Known] = field(default_factory=dict)
    _mounts: dict[str, int] = field(default_factory=dict)

    def __call__(self, step: StepReport) -> float:
        """Seconds for `try_edits`."""
        return self.known(step).seconds

    def known(self, step: StepReport) -> Known:
        """What a step costs when it runs."""
        instruction = step.step.instruction
        text = instruction.text
        if isinstance(instruction, Run):
            text = (instruction.command or " ".join(instruction.argv or ())) + "".join(h.body for h in instruction.heredocs)
        found = self._by_text.get(text)
        if found is None:
            seconds = self.measured(step)
            found = Known(seconds, True) if seconds is not None else Known(self._estimate(step), False)
            self._by_text[text] = found
        if isinstance(instruction, Run):
            mounts = sum(mount.type == "cache" for mount in instruction.mounts)
            if mounts > self._mounts.setdefault(text, mounts):
                return Known(found.seconds * _WARM, False)
        return found

    def trials(self, state: ProjectState, mix: EditMix, progress: Progress = SILENT) -> Trials:
        """Every edit of the mix, with these seconds."""
        return try_edits(state, mix, self, progress)

    def _estimate(self, step: StepReport) -> float:
        instruction = step.step.instruction
        if isinstance(instruction, Run):
            command = instruction.command if instruction.command is not None else " ".join(instruction.argv or ())
            return table_seconds("\n".join((command, *(h.used for h in instruction.heredocs))))
        if isinstance(instruction, Copy):
            entries = (self.context.get(path) for read in step.reads if not read.context for path in read.paths)
            return _FILE_SECONDS + sum(e.size for e in entries if e is not None and not e.is_dir) / _BYTES_PER_SECOND
        return _FILE_SECONDS if step.key is not None else 0.0


def expected_cost(trials: Trials, model: CostModel) -> ExpectedCost:
    """The expected cost of an edit, apart by how it is known."""
    sums = [0.0, 0.0]
    for trial in trials.trials:
        for step in trial.report.steps:
            if step.runs and not isinstance(step.step.instruction, From):
                known = model.known(step)
                sums[known.measured] += trial.group.weight * known.seconds
    return ExpectedCost(measured=sums[True], estimated=sums[False])


def change_words(before: ExpectedCost, after: ExpectedCost, over: str = "over the edit mix") -> str:
    """What a change does to the expected cost, each second as it is known: "saves about 41 s per build over …, estimated"."""
    measured, estimated = before.measured - after.measured, before.estimated - after.estimated
    parts = [("saves" if saved > 0 else "costs", f"{about}{seconds_text(abs(saved))}", known)
             for saved, about, known in ((measured, "", "measured"), (estimated, "about ", "estimated")) if abs(saved) >= _LEAST]
    if not parts:
        return f"costs the same {over}"
    more = " more" if parts[-1][0] == "costs" else ""
    if len(parts) == 1:
        verb, seconds, known = parts[0]
        return f"{verb} {seconds}{more} per build {over}, {known}"
    (verb, seconds, known), (other, second, guessed) = parts
    return f"{verb} {seconds} {known} {'and' if verb == other else f'but {other}'} {second} {guessed}{more} per build {over}"


def table_seconds(command: str) -> float:
    """What the table says of a shell command: the sum over the commands in it."""
    total, known = 0.0, False
    for part in _SPLIT.split(command):
        for pattern, seconds in _ROWS:
            if pattern.search(part.strip()):
                total, known = total + seconds, True
                break
    return total if known else _RUN_SECONDS


def _short(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:,.0f}"
