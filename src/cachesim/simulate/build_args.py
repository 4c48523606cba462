"""What does another value of a build argument reach: which steps hold it in their key, and which name it?

An ARG with a value is in the environment, and so in the key, of every RUN below it, whether that reads it or not.
Source: BuildKit v0.25 dockerfile2llb/convert.go (dispatchArg; a stage inherits the environment of the stage it is FROM);
moby v28.5 builder/dockerfile/buildargs.go (the classic builder forgets the arguments at each FROM).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cachesim.diagnostics import Diagnostic, Severity
from cachesim.dockerfile.instructions import Arg, Env, Instruction, Run
from cachesim.graph.model import BuildGraph, Step
from cachesim.graph.options import EngineKind

__all__ = ["EARLY_ARG", "PROXIES", "ArgUse", "arg_uses", "changes_often", "early_args"]

EARLY_ARG = "early-build-argument"
_OFTEN = re.compile(
    r"(?:(?:APP|APPLICATION|IMAGE|PROJECT|RELEASE|BUILD|SOFTWARE|PACKAGE|PKG|SERVICE)_)?(?:VERSION|RELEASE|REVISION)|"
    r"(?:(?:GIT|CI|VCS|SCM|BUILD|SOURCE|CI_COMMIT|GITHUB)_)?(?:COMMIT|SHA|SHA1|REF|HASH|REVISION|COMMIT_(?:SHA|HASH|ID)|SHORT_SHA|"
    r"DATE|TIME|TIMESTAMP|NUMBER|NUM|NO|ID)|COMMIT_(?:DATE|TIME|REF)|CREATED", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_NOTHING: frozenset[str] = frozenset()
PROXIES = frozenset(name for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
                    for name in (proxy, proxy.lower()))
_TOO_SHORT = frozenset({"DATE", "TIME", "NUMBER", "NUM", "NO", "ID", "REF", "HASH"})      # may be anything without what of


@dataclass(frozen=True, slots=True)
class ArgUse:
    """One ARG line of one name.

    Attributes:
        value: Its default as written; None without one.
        holds: The RUN steps below it in whose environment it is, in file order.
        names: The steps below it whose text names it, in file order; of an ARG before the first FROM those FROM lines.
    """

    name: str
    step: Step
    value: str | None
    holds: tuple[Step, ...]
    names: tuple[Step, ...]


def arg_uses(graph: BuildGraph, engine: EngineKind) -> tuple[ArgUse, ...]:
    """Every ARG that the target needs, in file order."""
    found = [ArgUse(name, step, value, (), tuple(s.steps[0] for s in graph.stages if name in _named(s.steps[0].instruction)))
             for step in graph.meta for name, value in _pairs(step)]
    for stage in graph.stages:
        if stage.reachable:
            for at, step in enumerate(stage.steps):
                if isinstance(step.instruction, Arg):
                    found += [_use(graph, engine, at, step, name, value) for name, value in _pairs(step)]
    return tuple(found)


def early_args(graph: BuildGraph) -> Iterator[Diagnostic]:
    """A hint for each ARG that RUN steps above its first reader hold in their keys; one walk, for every keystroke."""
    for stage in graph.stages:
        waiting: dict[str, tuple[Step, int]] = {}       # ARGs that nothing named yet, and how many RUNs stood above
        runs: list[Step] = []
        for step in stage.steps if stage.reachable else ():
            instruction = step.instruction
            if waiting:
                for name in waiting.keys() & _named(instruction):
                    declared, above = waiting.pop(name)
                    if len(runs) > above:
                        yield _hint(name, declared, runs[above:], step)
            if isinstance(instruction, Run):
                runs.append(step)
            elif isinstance(instruction, Arg | Env):
                for name, _ in instruction.pairs:
                    waiting.pop(name, None)
                    if isinstance(instruction, Arg) and name not in PROXIES:
                        waiting[name] = step, len(runs)


def _hint(name: str, declared: Step, early: list[Step], first: Step) -> Diagnostic:
    reads = "that RUN reads" if len(early) == 1 else "those RUNs read"
    return Diagnostic(declared.instruction.span, Severity.HINT, (
        f"Another {name} runs {_lines(early)} again, but line {first.line} is the first to name it: declare it just above, "
        f"unless {reads} it unnamed, for an ARG is in the environment of every RUN below it."), EARLY_ARG)


def changes_often(name: str) -> bool:
    """Whether an argument of that name usually gets another value with a release or a commit."""
    return name.upper() not in _TOO_SHORT and _OFTEN.fullmatch(name) is not None


def _pairs(step: Step) -> tuple[tuple[str, str | None], ...]:
    return step.instruction.pairs if isinstance(step.instruction, Arg) else ()


def _use(graph: BuildGraph, engine: EngineKind, at: int, step: Step, name: str, value: str | None) -> ArgUse:
    holds, names = list[Step](), list[Step]()
    heirs = {step.id.stage}
    for stage in graph.stages[step.id.stage:]:
        inherits = engine is EngineKind.BUILDKIT and isinstance(stage.base, int) and stage.base in heirs
        if not stage.reachable or not (stage.index == step.id.stage or inherits):
            continue
        for below in stage.steps[at + 1 if stage.index == step.id.stage else 1:]:
            instruction = below.instruction
            if name in _named(instruction):
                names.append(below)
            if isinstance(instruction, Run):
                holds.append(below)
            elif isinstance(instruction, Env | Arg) and any(key == name for key, _ in instruction.pairs):
                break               # another value from here on
        else:
            heirs.add(stage.index)
    return ArgUse(name, step, value, tuple(holds), tuple(names))


def _named(instruction: Instruction) -> frozenset[str]:
    """The variables that it names, in its text or its inline documents."""
    found = _references(instruction.text) if "$" in instruction.text else _NOTHING
    for doc in instruction.heredocs:
        found |= _references(doc.body)
    return found


@lru_cache(maxsize=4096)
def _references(text: str) -> frozenset[str]:
    return frozenset(_REFERENCE.findall(text))


def _lines(steps: list[Step]) -> str:
    """ "line 6", "lines 6 and 9", "5 RUNs from line 6 on" """
    if len(steps) > 3:
        return f"{len(steps)} RUNs from line {steps[0].line} on"
    lines = [str(step.line) for step in steps]
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(lines[:-1])} and {lines[-1]}"
