"""What do ENV, LABEL, CMD and the like write into the configuration, and how is that written down?

Source: moby v28.5 builder/dockerfile/dispatchers.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import expand_word, expand_words
from cachesim.dockerfile.words import go_quote
from cachesim.engines.buildkit import history
from cachesim.engines.classic.config import Health, Probe, health_test, with_env
from cachesim.engines.classic.state import Plan, State, StepFails, text_part
from cachesim.graph.model import StepId

__all__ = ["configure", "workdir"]


def configure(state: State, step: StepId, line: ins.Instruction, env: Mapping[str, str], escape: str, *, plain: bool) -> str:
    """Change the configuration as an instruction says.

    Args:
        env: What words are expanded with.
        plain: Words are not expanded (--label).
    Returns:
        The comment that stands in the step's command.
    Raises:
        StepFails: For a value that the builder refuses.
        ExpandError: For a word that cannot be expanded.
    """
    def word(text: str) -> str:
        return text if plain else expand_word(text, env, escape)

    config = state.config
    match line:
        case ins.Env():
            pairs = [(word(k), word(v)) for k, v in line.pairs]
            state.config = replace(config, env=with_env(config.env, pairs))
            return _pairs("ENV", pairs)
        case ins.Label():
            pairs = [(word(k), word(v)) for k, v in line.pairs]
            state.config = replace(config, labels=frozenset({**dict(config.labels), **dict(pairs)}.items()))
            return _pairs("LABEL", pairs)
        case ins.Arg():
            defaults = [(word(k), None if v is None else word(v)) for k, v in line.pairs]
            for name, default in defaults:
                state.args.declare(name, default)
            return " ".join(["ARG", *(k if v is None else f"{k}={v}" for k, v in defaults)])
        case ins.User():
            user = word(line.user)
            state.config = replace(config, user=user)
            return f"USER {user}"
        case ins.Expose():
            words = [w for port in line.ports for w in expand_words(port, env, escape)]
            state.config = replace(config, ports=config.ports | _ports(step, words))
            return f"EXPOSE {' '.join(words)}"
        case ins.Volume():
            paths = [word(p) for p in line.paths]
            if "" in paths:
                raise StepFails(step, "VOLUME specified can not be an empty string", "blank-volume")
            state.config = replace(config, volumes=config.volumes | set(paths))
            return f"VOLUME [{' '.join(paths)}]"
        case ins.Stopsignal():
            signal = word(line.signal)
            if not history.is_signal(signal):
                raise StepFails(step, f"invalid signal: {signal}", "bad-signal")
            state.config = replace(config, stop_signal=signal)
            return f"STOPSIGNAL {signal}"
        case ins.Shell():
            state.config = replace(config, shell=line.argv)
            return f"SHELL [{' '.join(line.argv)}]"
        case ins.Cmd():
            return _quoted("CMD", _argv(state, line))
        case ins.Entrypoint():
            argv = _argv(state, line)
            state.config = replace(config, entrypoint=argv or None)
            return _quoted("ENTRYPOINT", argv)
        case ins.Healthcheck():
            health = Health(health_test(line.type, line.argv, line.command), line.interval, line.timeout, line.start_period,
                            line.start_interval, line.retries)
            state.config = replace(config, health=health)
            return history.healthcheck(line).created_by
        case ins.Onbuild():
            state.config = replace(config, onbuild=(*config.onbuild, line.expression))
            return f"ONBUILD {line.expression}"
        case ins.Maintainer():
            return f"MAINTAINER {line.name}"
    raise StepFails(step, f"unknown instruction: {line.keyword}", "unknown-instruction")


def workdir(state: State, step: StepId, path: str) -> Plan:
    """WORKDIR: a folder, and a step of its own sort."""
    if not path:
        raise StepFails(step, "cannot normalize nothing", "blank-workdir")
    absolute = "/" + posixpath.normpath(posixpath.join("/", state.config.workdir, path)).lstrip("/")
    state.config = replace(state.config, workdir=absolute)
    comment = f"WORKDIR {absolute}"
    return Plan(Probe(state.config, (*state.shell, f"#(nop) {comment}")), [text_part("WORKDIR", comment)],
                 lambda fs: fs.with_dir(absolute.lstrip("/"), (0, 0)), merges=True, empty=False)


def _argv(state: State, line: ins.Cmd | ins.Entrypoint) -> tuple[str, ...]:
    return line.argv if line.argv is not None else (*state.shell, line.command or "")


def _pairs(keyword: str, pairs: Sequence[tuple[str, str]]) -> str:
    return " ".join([keyword, *(f"{k}={v}" for k, v in pairs)])


def _quoted(keyword: str, argv: Sequence[str]) -> str:
    return f"{keyword} [{' '.join(go_quote(a) for a in argv)}]"


def _ports(step: StepId, words: Sequence[str]) -> set[str]:
    """Ports as a set of "80/tcp". Source: docker/go-connections nat.ParsePortSpecs."""
    found: set[str] = set()
    for word in words:
        span, _, protocol = word.partition("/")
        inner = span.rpartition(":")[2]
        first, dash, last = inner.partition("-")
        protocol = (protocol or "tcp").lower()
        if not inner:
            raise StepFails(step, f"no port specified: {word}<empty>", "bad-port")
        if not first.isdigit() or (dash and not last.isdigit()) or int(last or first) > 65535 or int(last or first) < int(first):
            raise StepFails(step, f"invalid containerPort: {inner}", "bad-port")
        if protocol not in ("tcp", "udp", "sctp"):
            raise StepFails(step, f"invalid proto: {protocol}", "bad-port")
        found |= {f"{port}/{protocol}" for port in range(int(first), int(last or first) + 1)}
    return found
