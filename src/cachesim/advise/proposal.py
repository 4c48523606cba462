"""Which changes of this Dockerfile would make its usual edits cheaper, and is the image still the same?

Changes come from `rewrites/`; here they are simulated over the edit mix, combined, and sorted. A proposal is SAFE only if
every exchange in it is known to be free; else it says what a person has to check.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cachesim.advise.commands import CommandTable
from cachesim.advise.cost import CostModel
from cachesim.advise.exchange import FileReader
from cachesim.advise.rewrites.build_stage import build_stage
from cachesim.advise.rewrites.cache_mounts import cache_mounts
from cachesim.advise.rewrites.change import Change
from cachesim.advise.rewrites.ignore_lines import ignore_lines
from cachesim.advise.rewrites.manifest_first import manifest_first
from cachesim.advise.rewrites.reorder import reorder
from cachesim.advise.scene import Scene
from cachesim.progress import SILENT, Progress
from cachesim.project.mix import EditMix
from cachesim.project.state import ProjectState
from cachesim.project.trial import Trials
from cachesim.simulate.report import StepReport

__all__ = ["Proposal", "Risk", "propose"]

_LEAST_SAVING = 0.005           # of the expected seconds; less is noise
_MOST_ROUNDS = 12


class Risk(enum.Enum):
    """Whether the final image stays the same."""

    SAFE = "safe"       # its file tree and its configuration are the same, times aside
    CHECK = "check"     # that cannot be proved here: `Proposal.check` says what to look at


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another text for the Dockerfile (and other files), with what it saves over the edit mix.

    Attributes:
        rule: Stable code of the rule that made it ("manifest-first"); "all-safe" combines several.
        title: What it does, for a list: "Copy requirements.txt before the rest".
        why: Why it saves something, and why it is allowed, in a sentence or two.
        check: What a person has to check; "" when SAFE.
        text: The whole Dockerfile afterwards, comments and newline style kept.
        files: Other files to write, from the context's root, with their whole text.
        before: The edits of the mix on the text as it is.
        after: The same edits on `text` (and `files`).
        leaves: Bytes of the build context that the image does not hold any more; what a RUN made is not counted.
    """

    rule: str
    title: str
    why: str
    risk: Risk
    check: str
    text: str
    files: tuple[tuple[str, str], ...]
    before: Trials
    after: Trials
    leaves: int = 0

    @property
    def saving(self) -> float:
        """Share of the expected seconds of an edit that it saves, 0 … 1; negative if it costs."""
        before = self.before.expected_seconds
        return 1 - self.after.expected_seconds / before if before > 0 else 0.0

    @property
    def seconds_saved(self) -> float:
        """Expected seconds that an edit takes less."""
        return self.before.expected_seconds - self.after.expected_seconds


def propose(state: ProjectState, mix: EditMix, seconds: Callable[[StepReport], float | None] = lambda step: None,
            commands: CommandTable | None = None, progress: Progress = SILENT, *,
            read: FileReader = lambda path: None) -> tuple[Proposal, ...]:
    """Find proposals, best first; the combination of all safe ones comes first among equals.

    Args:
        seconds: What a step took in real builds, where that is known; the rest is estimated.
        read: The bytes of a file of the context. Without them no manifest can be read, and no install moves above a copy.
    Raises:
        Cancelled: When nobody waits any more.
    """
    search = _Search(mix, CostModel(state.context, seconds), commands or CommandTable.load(), read, progress)
    return search.run(state)


@dataclass(slots=True)
class _Search:
    mix: EditMix
    model: CostModel
    commands: CommandTable
    read: FileReader
    progress: Progress

    def run(self, state: ProjectState) -> tuple[Proposal, ...]:
        before = self.model.trials(state, self.mix, _quiet(self.progress))
        if before.first.error or not self.mix.groups:
            return ()
        scene = Scene.of(state, self.mix, self.model, self.commands, self.read, before)
        found: dict[tuple[str, tuple[tuple[str, str], ...]], Proposal] = {}
        for change in self._changes(scene, checks=True):
            key = change.text, change.files
            proposal = self._proposal(change, state, before) if key not in found else None
            if proposal is not None:
                found[key] = proposal
        combined = self._combined(scene, [p for p in found.values() if p.risk is Risk.SAFE])
        if combined is not None:
            key = combined.text, combined.files
            found.setdefault(key, combined)
        return tuple(sorted(found.values(), key=lambda p: (-round(p.saving, 4), p.risk is not Risk.SAFE, p.rule != "all-safe")))

    def _combined(self, scene: Scene, safe: list[Proposal]) -> Proposal | None:
        """The best safe change, then the best safe one of what that gives, and so on."""
        start = scene
        titles: list[str] = []
        best: Proposal | None = max(safe, key=lambda p: p.saving, default=None)
        last: Proposal | None = None
        while best is not None and len(titles) < _MOST_ROUNDS:
            titles.append(best.title)
            last = best
            state = _applied(scene.state, best.text, best.files)
            scene = Scene.of(state, self.mix, self.model, self.commands, self.read, best.after)
            best = None
            for change in self._changes(scene, checks=False):
                proposal = self._proposal(change, state, scene.trials)
                if proposal is not None and (best is None or proposal.saving > best.saving):
                    best = proposal
        if last is None or len(titles) < 2:
            return None
        title = f"{len(titles)} safe changes together"
        return Proposal("all-safe", title, "; then: ".join(titles) + ".", Risk.SAFE, "",
                        last.text, last.files, start.trials, last.after)

    def _changes(self, scene: Scene, *, checks: bool) -> Iterator[Change]:
        """All changes of a scene, safe ones alone if `checks` is false."""
        kinds = (reorder, manifest_first, ignore_lines, cache_mounts, build_stage) if checks else (reorder, manifest_first)
        for number, kind in enumerate(kinds):
            self.progress.step(number, len(kinds))
            for change in kind(scene):
                self.progress.step(number, len(kinds))
                if checks or not change.check:
                    yield change

    def _proposal(self, change: Change, state: ProjectState, before: Trials) -> Proposal | None:
        after = self.model.trials(_applied(state, change.text, change.files), self.mix, _quiet(self.progress))
        if after.first.error:
            return None
        risk = Risk.CHECK if change.check else Risk.SAFE
        check = change.check[:1].upper() + change.check[1:]
        proposal = Proposal(change.rule, change.title, change.why, risk, check, change.text, change.files, before, after,
                            change.leaves)
        return proposal if proposal.saving > _LEAST_SAVING or change.leaves else None


def _applied(state: ProjectState, text: str, files: tuple[tuple[str, str], ...]) -> ProjectState:
    entry = state.context.get(state.options.dockerfile)
    mtime = entry.mtime_ns if entry is not None else 0
    for path, data in files:
        state = replace(state, context=state.context.with_bytes(path, data.encode("utf-8", "surrogateescape"), mtime_ns=mtime))
    return state.with_text(text, mtime)


def _quiet(progress: Progress) -> Progress:
    """Reports nothing, but is cancelled with the other one."""
    return _Quiet(progress)


class _Quiet(Progress):
    def __init__(self, outer: Progress) -> None:
        super().__init__()
        self._outer = outer

    def step(self, done: int, total: int) -> None:
        if self._outer.cancelled:
            self.cancel()
        super().step(done, total)
