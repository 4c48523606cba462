"""Which build arguments and options is the build given, and which steps does another value of an argument run again?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cachesim.app.context.reach import reach_of
from cachesim.cache.key import PartKind
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.simulate.build_args import PROXIES, arg_uses
from cachesim.simulate.report import SimulationReport

__all__ = ["ArgRow", "arg_rows", "options_in_force"]

_NO_STEP = frozenset({Outcome.CONFIG_ONLY, Outcome.UNREACHED})


@dataclass(frozen=True, slots=True)
class ArgRow:
    """One build argument.

    Attributes:
        value: What it is now; None where it has no value.
        default: What the file says, where it is given another value.
        steps: Those that another value runs again by itself, in file order.
        below: How many more run with them.
        note: What else is to be said of it, a sentence.
        change: What runs the steps.
    """

    name: str
    value: str | None
    default: str | None
    steps: tuple[StepId, ...]
    below: int
    note: str = ""
    change: str = "Another value"


def arg_rows(report: SimulationReport, options: BuildOptions) -> tuple[ArgRow, ...]:
    """Each argument that the file declares for the target, in file order, then those that are given and not declared."""
    given = dict(options.args)
    reached: dict[str, dict[StepId, None]] = {}
    defaults: dict[str, str | None] = {}
    for use in arg_uses(report.graph, report.engine):
        steps = (step.id for step in (*use.holds, *use.names))
        reached.setdefault(use.name, {}).update(dict.fromkeys(s for s in steps if report.step(s).outcome not in _NO_STEP))
        defaults[use.name] = defaults.get(use.name) or use.value
    rows = [_row(report, name, given.get(name), defaults[name], steps) for name, steps in reached.items()]
    return (*rows, *_undeclared(report, {n: v for n, v in given.items() if n not in reached}))


def options_in_force(options: BuildOptions) -> tuple[str, ...]:
    """Everything but the arguments that a build is given beside its folder, as flags."""
    flags = [f"--target {options.target}"] if options.target else []
    flags += ["--no-cache"] if options.no_cache else []
    flags += [f"--no-cache-filter {','.join(options.no_cache_filter)}"] if options.no_cache_filter else []
    flags += ["--pull"] if options.pull else []
    flags += [f"--platform {options.platform}"] if options.platform else []
    flags += [f"--build-context {name}={value}" for name, value in options.contexts]
    flags += [f"--secret id={name}" for name, _ in options.secrets]
    flags += [f"--ssh {agent}" for agent in options.ssh]
    flags += [f"--label {name}={value}" for name, value in options.labels]
    flags += [f"--add-host {name}:{address}" for name, address in options.add_hosts]
    flags += [f"--network {options.network.value}"] if options.network is not BuildOptions().network else []
    flags += [f"--shm-size {options.shm_size}"] if options.shm_size else []
    flags += [f"--ulimit {limit}" for limit in options.ulimits]
    flags += [f"--cgroup-parent {options.cgroup_parent}"] if options.cgroup_parent else []
    return tuple(flags)


def _row(report: SimulationReport, name: str, value: str | None, default: str | None, steps: Iterable[StepId]) -> ArgRow:
    found = tuple(sorted(steps))
    below = len(reach_of(report, found).below) if found else 0
    other = default if value is not None and value != (default or "") else None
    return ArgRow(name, value if value is not None else default, other, found, below,
                  "" if found else "No step has it in its key.")


def _undeclared(report: SimulationReport, given: dict[str, str | None]) -> Iterator[ArgRow]:
    """A proxy may count all the same; anything else is ignored."""
    for name, value in given.items():
        if name in PROXIES and report.engine is EngineKind.CLASSIC:
            steps = tuple(s.id for s in report.steps if s.key is not None and any(
                p.kind is PartKind.FLAG and p.label == "proxy argument" for p in s.key.parts))
            yield ArgRow(name, value, None, steps, len(reach_of(report, steps).below), "No ARG line declares it: each RUN has in "
                         "its key that there is a proxy, not which.", "Taking it away")
        elif name in PROXIES:
            yield ArgRow(name, value, None, (), 0, "No ARG line declares it. A RUN sees it, but it is in no key.")
        else:
            yield ArgRow(name, value, None, (), 0, "No ARG line declares it, so the build ignores it.")
