"""What of a RUN's key follows from its command, its environment and the options, whatever it is built on?

While somebody types, nearly every RUN stays as it was, so the answers are remembered: they depend on nothing but the arguments.
Source: BuildKit v0.25 client/llb/exec.go, frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from cachesim.cache.key import KeyPart, PartKind
from cachesim.digest import Digest, digest_of
from cachesim.engines.buildkit.env import Env

__all__ = ["RunFacts", "RunOptions", "RunPlace", "run_facts"]

_VARIABLES = frozenset({PartKind.ENV, PartKind.ARG})       # the same to a RUN


class RunOptions(NamedTuple):
    """Options of a build that are in the key of every RUN."""

    hosts: tuple[str, ...]
    hostname: str
    ulimits: tuple[str, ...]
    cgroup_parent: str


class RunPlace(NamedTuple):
    """What a stage gives to a RUN at one place; `arg_names` are the variables that an ARG set."""

    env: Env
    arg_names: frozenset[str]
    cwd: str
    user: str
    platform: str


class RunFacts(NamedTuple):
    """The named parts of a RUN's key without its inputs, and the digest of its operation."""

    parts: tuple[KeyPart, ...]
    digest: Digest


@functools.lru_cache(maxsize=4096)
def run_facts(argv: tuple[str, ...], shell: bool, place: RunPlace, options: RunOptions, network: str,
              mounts: tuple[tuple[str, str], ...]) -> RunFacts:
    """Key a RUN.

    Args:
        argv: What runs; `shell` if its last word is a command for a shell that the other words start.
        mounts: A label and what counts of each mount, in the engine's order.
    """
    parts = _command(argv, shell)
    for key, value in place.env.pairs:
        parts.append(_variable(PartKind.ARG if key in place.arg_names else PartKind.ENV, key, value))
    plain = (
        (PartKind.WORKDIR, "WORKDIR", place.cwd), (PartKind.USER, "USER", place.user),
        (PartKind.NETWORK, "network", network), (PartKind.PLATFORM, "platform", place.platform),
        (PartKind.HOSTS, "extra hosts", " ".join(options.hosts)),
        (PartKind.FLAG, "sandbox hostname", options.hostname),
        (PartKind.FLAG, "ulimits", " ".join(options.ulimits)),
        (PartKind.FLAG, "cgroup parent", options.cgroup_parent),
    )
    parts += [_plain_part(kind, label, value) for kind, label, value in plain if value]
    parts += [KeyPart(PartKind.MOUNT, label, value, digest_of(value)) for label, value in mounts]
    return RunFacts(tuple(parts), digest_of("exec", *[
        p.digest if p.kind in _VARIABLES else f"{p.kind.value} {p.label} {p.digest}" for p in parts]))


def _command(argv: tuple[str, ...], shell: bool) -> list[KeyPart]:
    parts, body = [], argv
    if shell or len(argv) > 1:      # an exec form that spells the shell out is the same command
        parts.append(KeyPart(PartKind.SHELL, "SHELL", " ".join(argv[:-1]), digest_of(*argv[:-1])))
        body = argv[-1:]
    return [*parts, KeyPart(PartKind.COMMAND, "command", " ".join(body), digest_of(*body))]


@functools.lru_cache(maxsize=4096)
def _variable(kind: PartKind, key: str, value: str) -> KeyPart:
    return KeyPart(kind, f"{'ARG' if kind is PartKind.ARG else 'ENV'} {key}", value, digest_of(key, value))


@functools.lru_cache(maxsize=4096)
def _plain_part(kind: PartKind, label: str, value: str) -> KeyPart:
    return KeyPart(kind, label, value, digest_of(value))
