"""Which image configuration do our parser and expander give a file of one `FROM scratch` stage?

As little as possible beyond them, so that a difference from the engine is theirs.
"""

from __future__ import annotations

import posixpath
from typing import Any

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import expand_word, expand_words
from cachesim.dockerfile.parser import parse
from cachesim.errors import CachesimError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Refused(Exception):
    """The engine refuses the file, by our lights; the text is what it would say."""


def written_config(text: str) -> dict[str, Any]:
    """The configuration, in the spelling of `docker image inspect`, without empty fields."""
    parsed = parse(text)
    if parsed.error:
        raise Refused(parsed.error.message)
    stage = _Stage(parsed.escape)
    try:
        for instruction in parsed.instructions:
            stage.take(instruction)
    except CachesimError as error:
        raise Refused(str(error)) from None
    config = stage.config | {"Env": [f"{key}={value}" for key, value in stage.env.items() if key not in stage.args]}
    return {key: value for key, value in config.items() if value}


class _Stage:
    def __init__(self, escape: str) -> None:
        self.escape = escape
        self.env: dict[str, str] = {"PATH": PATH}
        self.args: set[str] = set()
        self.shell = ["/bin/sh", "-c"]
        self.config: dict[str, Any] = {"WorkingDir": "/", "OnBuild": []}
        self.cmd_set = False

    def word(self, text: str) -> str:
        return expand_word(text, self.env, self.escape)

    def command(self, argv: tuple[str, ...] | None, command: str | None) -> list[str]:
        return list(argv) if argv is not None else [*self.shell, command or ""]

    def take(self, instruction: ins.Instruction) -> None:
        match instruction:
            case ins.Env():
                pairs = dict(self._pairs(instruction))
                self.args -= set(pairs)
                self.env |= pairs
            case ins.Label():
                self.config["Labels"] = self.config.get("Labels", {}) | dict(self._pairs(instruction))
            case ins.Arg():
                for key, value in instruction.pairs:
                    if value is not None:
                        self.args |= {key} - set(self.env)
                        self.env[key] = self.word(value)
            case ins.User():
                self.config["User"] = self.word(instruction.user)
            case ins.Workdir():
                path = self.word(instruction.path)
                self.config["WorkingDir"] = path if path.startswith("/") else posixpath.normpath(
                    posixpath.join(self.config["WorkingDir"], path))
            case ins.Stopsignal():
                self.config["StopSignal"] = self.word(instruction.signal)
            case ins.Expose():
                ports = [p for port in instruction.ports for p in expand_words(port, self.env, self.escape)]
                self.config.setdefault("ExposedPorts", {}).update((p, {}) for port in ports for p in _ports(port))
            case ins.Volume():
                self.config.setdefault("Volumes", {}).update((self.word(path), {}) for path in instruction.paths)
            case ins.Shell():
                self.config["Shell"] = self.shell = list(instruction.argv)
            case ins.Cmd():
                self.config["Cmd"] = self.command(instruction.argv, instruction.command)
                self.cmd_set = True
            case ins.Entrypoint():
                self.config["Entrypoint"] = self.command(instruction.argv, instruction.command)
                if not self.cmd_set:
                    self.config["Cmd"] = None
            case ins.Healthcheck():
                self.config["Healthcheck"] = _health(instruction)
            case ins.Onbuild():
                self.config["OnBuild"].append(instruction.expression)
            case ins.Copy():
                for word in (*instruction.sources, instruction.destination, instruction.chown, instruction.chmod):
                    self.word(word)

    def _pairs(self, instruction: ins.Env | ins.Label) -> list[tuple[str, str]]:
        return [(self.word(key), self.word(value)) for key, value in instruction.pairs]


def _health(check: ins.Healthcheck) -> dict[str, Any]:
    if check.type == "NONE":
        return {"Test": ["NONE"]}
    test = ["CMD", *check.argv] if check.argv is not None else ["CMD-SHELL", check.command]
    fields = {"Test": test, "Interval": check.interval, "Timeout": check.timeout, "StartPeriod": check.start_period,
              "StartInterval": check.start_interval, "Retries": check.retries}
    return {key: value for key, value in fields.items() if value}


def _ports(word: str) -> list[str]:
    numbers, _, protocol = word.partition("/")
    first, _, last = numbers.partition("-")
    return [f"{n}/{protocol or 'tcp'}" for n in range(int(first), int(last or first) + 1)]
