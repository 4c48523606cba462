"""Why do the two builders answer differently for the same instruction?"""

from __future__ import annotations

from dataclasses import dataclass

from cachesim.dockerfile import instructions as ins
from cachesim.engines.base import MissReason, Outcome
from cachesim.simulate.report import StepReport

__all__ = ["EngineRule", "difference"]

_CLASSIC, _BUILDKIT = "moby v28.5 builder/dockerfile", "BuildKit v0.25"


@dataclass(frozen=True, slots=True)
class EngineRule:
    """The rule that makes a difference, in a sentence, and where it stands."""

    sentence: str
    source: str

    def __str__(self) -> str:
        return f"{self.sentence} ({self.source})"


def difference(buildkit: StepReport | None, classic: StepReport | None) -> EngineRule | None:
    """The rule behind two different outcomes of one instruction; None where the builders agree.

    That BuildKit has no step for an instruction which the classic builder takes from its cache counts as agreement.
    """
    if buildkit is None or classic is None:
        return None
    ours, theirs = _kind(buildkit), _kind(classic)
    if ours == theirs or (ours == "config" and theirs == "cached"):
        return None
    if "fails" in (ours, theirs) or "not reached" in (ours, theirs):
        return _about_failing(buildkit, classic, ours, theirs)
    if ours == "not in target":
        return EngineRule("The classic builder builds every stage up to the target, BuildKit only those that the target needs",
                          f"{_CLASSIC}/builder.go; {_BUILDKIT} dockerfile2llb/convert.go")
    if isinstance(buildkit.step.instruction, ins.From):
        return None         # whether a base was used before is no work for either
    if ours == "config" and theirs == "runs":
        return EngineRule(f"{buildkit.step.instruction.keyword} makes an image of its own in the classic builder, so it runs "
                          "and carries a change on; BuildKit only notes it in the configuration",
                          f"{_CLASSIC}/dispatchers.go; {_BUILDKIT} dockerfile2llb/convert.go")
    if ours == "cached" and theirs == "runs":
        return _only_classic_runs(classic)
    if ours == "runs" and theirs == "cached":
        return _only_buildkit_runs(buildkit)
    return EngineRule("The two builders make their keys of different things",
                      f"{_CLASSIC}/imageprobe.go; {_BUILDKIT} solver/llbsolver/ops")


def _kind(step: StepReport) -> str:
    match step.likely:
        case Outcome.HIT | Outcome.NOT_NEEDED:
            return "cached"
        case Outcome.MISS:
            return "runs"
        case Outcome.CONFIG_ONLY:
            return "config"
        case Outcome.UNREACHED:
            return "not in target"
        case Outcome.FAILED:
            return "fails"
    return "not reached"


def _about_failing(buildkit: StepReport, classic: StepReport, ours: str, theirs: str) -> EngineRule | None:
    if theirs == "fails":
        return EngineRule(f"The classic builder refuses this: {classic.error}", f"{_CLASSIC}/dispatchers.go")
    if ours == "fails":
        return EngineRule(f"BuildKit stops here: {buildkit.error}", f"{_BUILDKIT} dockerfile2llb/convert.go, cache/contenthash")
    who = "classic builder" if theirs == "not reached" else "BuildKit"
    return EngineRule(f"The {who} has stopped before" if who != "BuildKit" else "BuildKit has stopped before",
                      f"{_CLASSIC}/builder.go; {_BUILDKIT} solver/edge.go")


def _only_classic_runs(classic: StepReport) -> EngineRule:
    if classic.reason is MissReason.NO_CACHE:
        return EngineRule("--no-cache makes the classic builder run everything; BuildKit's WORKDIR, FROM and inline documents "
                          "do not listen to it", f"{_CLASSIC}/imageprobe.go; {_BUILDKIT} dockerfile2llb/convert.go")
    if classic.reason is MissReason.PART:
        labels = ", ".join(dict.fromkeys(c.label for c in classic.changes)) or "something"
        return EngineRule(f"In the classic builder {labels} is part of this key; BuildKit leaves it out",
                          f"{_CLASSIC}/internals.go; {_BUILDKIT} solver/llbsolver/ops")
    if classic.reason is MissReason.NO_RECORD:
        return EngineRule("The classic builder has no image for this", f"{_CLASSIC}/imageprobe.go")
    return EngineRule("The classic builder keys a step by the image above and gives up after the first miss of a stage; "
                      "BuildKit keys it by what it takes", f"{_CLASSIC}/imageprobe.go; {_BUILDKIT} solver/edge.go")


def _only_buildkit_runs(buildkit: StepReport) -> EngineRule:
    instruction = buildkit.step.instruction
    if instruction.heredocs:
        return EngineRule("The classic builder drops the body of a heredoc, so an edit of it never counts",
                          f"{_CLASSIC}/dispatchers.go")
    if isinstance(instruction, ins.Copy) and instruction.excludes:
        return EngineRule("The classic builder does not know --exclude and copies those files too", f"{_CLASSIC}/dispatchers.go")
    if buildkit.reason is MissReason.PARENT:
        return EngineRule("A step above runs in BuildKit only", f"{_BUILDKIT} solver/edge.go")
    labels = ", ".join(dict.fromkeys(c.label for c in buildkit.changes)) or "something"
    return EngineRule(f"For BuildKit {labels} is part of this key; the classic builder leaves it out",
                      f"{_BUILDKIT} solver/llbsolver/ops; {_CLASSIC}/internals.go")
