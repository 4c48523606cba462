"""Which image configuration do these Dockerfile lines describe, and which lines describe this configuration?"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import replace

from cachesim.dockerfile.expand import expand_word
from cachesim.dockerfile.instructions import (
    Cmd,
    Entrypoint,
    Env,
    Expose,
    Healthcheck,
    Instruction,
    Label,
    Onbuild,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from cachesim.dockerfile.parser import parse
from cachesim.errors import InputError
from cachesim.graph.options import ImageConfig

__all__ = ["config_lines", "config_of"]

_SHELL = ("/bin/sh", "-c")


def config_of(lines: Sequence[str]) -> ImageConfig:
    """Read a configuration written as Dockerfile instructions, in order.

    Raises:
        InputError: For a line that does not parse or that is no configuration.
    """
    config = ImageConfig()
    for line in lines:
        parsed = parse(f"FROM scratch\n{line}\n")
        if parsed.error is not None or len(parsed.instructions) != 2:
            reason = parsed.error.message if parsed.error is not None else "one instruction is expected"
            raise InputError(reason, f"image configuration {line!r}")
        config = _after(config, parsed.instructions[1])
    return config


def config_lines(config: ImageConfig) -> tuple[str, ...]:
    """Write a configuration as Dockerfile instructions; `config_of` reads them back."""
    lines = [f"ENV {key}={_quoted(value)}" for key, value in config.env]
    lines += [f"LABEL {_quoted(key)}={_quoted(value)}" for key, value in config.labels.items()]
    if config.workdir:
        lines.append(f"WORKDIR {config.workdir}")
    if config.user:
        lines.append(f"USER {config.user}")
    lines += [f"EXPOSE {port}" for port in config.exposed]
    lines += [f"VOLUME {json.dumps([path])}" for path in config.volumes]
    if config.shell:
        lines.append(f"SHELL {json.dumps(list(config.shell))}")
    if config.entrypoint is not None:
        lines.append(f"ENTRYPOINT {json.dumps(list(config.entrypoint))}")
    if config.cmd:
        lines.append(f"CMD {json.dumps(list(config.cmd))}")
    if config.stop_signal:
        lines.append(f"STOPSIGNAL {config.stop_signal}")
    return (*lines, *(f"ONBUILD {trigger}" for trigger in config.onbuild))


def _after(config: ImageConfig, line: Instruction) -> ImageConfig:
    env = dict(config.env)

    def word(text: str) -> str:
        return expand_word(text, env)

    match line:
        case Env():
            for key, value in line.pairs:
                env[word(key)] = word(value)
            return replace(config, env=tuple(env.items()))
        case Label():
            return replace(config, labels={**config.labels, **{word(k): word(v) for k, v in line.pairs}})
        case Workdir():
            return replace(config, workdir=posixpath.normpath(posixpath.join("/", config.workdir, word(line.path))))
        case User():
            return replace(config, user=word(line.user))
        case Expose():
            ports = (word(p) for p in line.ports)
            named = (p if "/" in p else f"{p}/tcp" for p in ports)
            return replace(config, exposed=tuple(dict.fromkeys((*config.exposed, *named))))
        case Volume():
            return replace(config, volumes=tuple(dict.fromkeys((*config.volumes, *map(word, line.paths)))))
        case Cmd():
            return replace(config, cmd=_argv(config, line))
        case Entrypoint():
            return replace(config, entrypoint=_argv(config, line))
        case Shell():
            return replace(config, shell=line.argv)
        case Stopsignal():
            return replace(config, stop_signal=word(line.signal))
        case Onbuild():
            return replace(config, onbuild=(*config.onbuild, line.expression))
        case Healthcheck():
            return replace(config, healthcheck=(line.type, line.argv, line.command, line.interval, line.timeout,
                                                line.start_period, line.start_interval, line.retries))
    raise InputError(f"{line.keyword} is no image configuration", f"image configuration {line.text!r}")


def _argv(config: ImageConfig, line: Cmd | Entrypoint) -> tuple[str, ...]:
    return line.argv if line.argv is not None else (*(config.shell or _SHELL), line.command or "")


def _quoted(text: str) -> str:
    if text and all(c.isalnum() or c in "-_./:=@%+," for c in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
