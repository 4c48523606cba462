"""Which rules does a step break at its place, where it is known what its stage holds?

Source: BuildKit v0.25 frontend/dockerfile/dockerfile2llb/convert.go (dispatch…), convert_expose.go.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cachesim.context.ignore import IgnoreMatcher
from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import HEREDOC, Expander, ExpandError
from cachesim.dockerfile.mounts import MountError, resolve_mount
from cachesim.dockerfile.remote import remote_kind
from cachesim.dockerfile.words import go_quote, split_keyword, suggestion
from cachesim.engines.buildkit.conversion import StageState
from cachesim.engines.buildkit.linter.finding import Finding
from cachesim.graph.model import BuildGraph, Stage, Step

__all__ = ["StepRules"]

_WORDS = ("apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token")
_SECRET = re.compile(rf"(?:_|^)(?:{'|'.join(_WORDS)})(?:_|$)", re.IGNORECASE | re.ASCII)
_PUBLIC = re.compile(r"(?:_|^)public(?:_|$)", re.IGNORECASE | re.ASCII)
_NOT_IN_ENV = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})


class StepRules:
    """Looks at the steps of the needed stages, one after the other (see `watched`); `found` holds what it saw."""

    def __init__(self, graph: BuildGraph, escape: str, given: Mapping[str, str | None], ignore: IgnoreMatcher) -> None:
        self.found: list[Finding] = []
        self._expander = Expander(escape)
        self._graph, self._given, self._ignore = graph, given, ignore
        self._workdir: set[int] = set()                             # stages with a WORKDIR
        self._last: dict[tuple[int, str], SourceSpan] = {}          # of a stage's CMD, ENTRYPOINT and HEALTHCHECK

    def look_at(self, state: StageState, stage: Stage, step: Step) -> None:
        """Note what is wrong with a step; `state` is what its stage has come to above it."""
        instruction = step.instruction
        if step.onbuild:                # the engine speaks of the line that called it up
            instruction = replace(instruction, span=stage.from_.span)
        if isinstance(instruction, ins.Arg):
            self._arg(state, instruction)
            return
        words, bodies = _words_of(instruction)
        for word in words:
            self._undefined(state, instruction, self._unset(self._expander, word, state.env))
        if isinstance(instruction, ins.Run):
            self._undefined(state, instruction, self._unset_in_mounts(instruction, state.env))
        for body in bodies:
            self._undefined(state, instruction, self._unset(HEREDOC, body, state.env))
        match instruction:
            case ins.Env():
                self._legacy(instruction)
                for key, _ in instruction.pairs:
                    self._secret(instruction, self._text(key, state.env))
            case ins.Label():
                self._legacy(instruction)
            case ins.Workdir(path=path):
                self._relative(stage, instruction, self._text(path, state.env))
            case ins.Cmd() | ins.Entrypoint():
                self._once(stage, instruction)
                if instruction.argv is None and not state.shell:
                    self._note("JSONArgsRecommended", instruction, f"JSON arguments recommended for {_written(instruction)} to "
                               "prevent unintended behavior related to OS signals", "a SHELL")
            case ins.Healthcheck():
                self._once(stage, instruction)
            case ins.Expose(ports=ports):
                for port in ports:
                    self._port(instruction, port, state.env)
            case ins.Copy() if not instruction.from_:
                self._ignored(instruction, [self._text(s, state.env) for s in instruction.sources])

    # -- rules ------------------------------------------------------------------------------------------------------

    def _arg(self, state: StageState, arg: ins.Arg) -> None:
        env, declared = state.env, list(state.args)
        for name, default in arg.pairs:
            self._secret(arg, name)
            if default is not None and self._given.get(name) is None:
                self._undefined(state, arg, self._unset(self._expander, default, env), declared)
                env = env.with_(name, self._text(default, env))
            declared.append((name, default))

    def _undefined(self, state: StageState, instruction: ins.Instruction, names: Iterable[str],
                   declared: Iterable[tuple[str, str | None]] | None = None) -> None:
        known = _NOT_IN_ENV.union([n for n, _ in (state.args if declared is None else declared)])
        for name in names:
            if name not in known:
                near = suggestion(name, state.env, fold_case=False).replace("mean ", "mean $")
                self._note("UndefinedVar", instruction, f"Usage of undefined variable '${name}'{near}", f"ENV {name}")

    def _legacy(self, instruction: ins.Env | ins.Label) -> None:
        if instruction.legacy:
            name = _written(instruction)
            self._note("LegacyKeyValueFormat", instruction,
                       f'"{name} key=value" should be used instead of legacy "{name} key value" format')

    def _secret(self, instruction: ins.Instruction, name: str) -> None:
        if _SECRET.search(name) and not _PUBLIC.search(name):
            self._note("SecretsUsedInArgOrEnv", instruction, "Do not use ARG or ENV instructions for sensitive data "
                                                             f"({instruction.keyword} {go_quote(name)})")

    def _relative(self, stage: Stage, instruction: ins.Workdir, path: str) -> None:
        if not path.startswith("/") and not self._has_workdir(stage):
            self._note("WorkdirRelativePath", instruction,
                       f"Relative workdir {go_quote(path)} can have unexpected results if the base image changes")
        self._workdir.add(stage.index)

    def _has_workdir(self, stage: Stage) -> bool:
        while stage.index not in self._workdir:
            if not isinstance(stage.base, int):
                return False
            stage = self._graph.stages[stage.base]
        return True

    def _once(self, stage: Stage, instruction: ins.Instruction) -> None:
        before = self._last.get((stage.index, instruction.keyword))
        if before is not None:
            self.found.append(Finding("MultipleInstructionsDisallowed", before,
                                      f"Multiple {_written(instruction)} instructions should not be used in the same stage "
                                      "because only the last one will be used"))
        self._last[stage.index, instruction.keyword] = instruction.span

    def _port(self, instruction: ins.Expose, word: str, env: Mapping[str, str]) -> None:
        try:
            ports = self._expander.expand(word, env).words
        except ExpandError:
            return
        for port in ports:
            parts = port.split(":")
            protocol = parts[-1].partition("/")[2]
            if protocol != protocol.lower():
                self._note("ExposeProtoCasing", instruction,
                           f"Defined protocol '{port}' in EXPOSE instruction should be lowercase")
            if any(parts[:-1]):
                self._note("ExposeInvalidFormat", instruction,
                           f"EXPOSE instruction should not define an IP address or host-port mapping, found '{port}'")

    def _ignored(self, instruction: ins.Copy, sources: Iterable[str]) -> None:
        for source in sources:
            if not remote_kind(source) and self._ignore.matches_or_parent(source):
                self._note("CopyIgnoredFile", instruction, f"Attempting to {instruction.keyword.title()} file {go_quote(source)} "
                                                           "that is excluded by .dockerignore")

    # -- words ------------------------------------------------------------------------------------------------------

    def _note(self, rule: str, instruction: ins.Instruction, message: str, unless: str = "") -> None:
        self.found.append(Finding(rule, instruction.span, message, unless))

    def _unset(self, expander: Expander, word: str, env: Mapping[str, str]) -> tuple[str, ...]:
        if "$" not in word:
            return ()
        try:
            return expander.expand(word, env).unset
        except ExpandError:     # the step is refused right after
            return ()

    def _unset_in_mounts(self, run: ins.Run, env: Mapping[str, str]) -> list[str]:
        names: list[str] = []

        def expand(word: str) -> str:
            names.extend(self._unset(self._expander, word, env))
            return self._text(word, env)

        for flag in run.flags:
            if flag.name == "mount" and flag.value and "$" in flag.value:
                with contextlib.suppress(MountError):       # the step is refused right after
                    resolve_mount(flag.value, expand)
        return names

    def _text(self, word: str, env: Mapping[str, str]) -> str:
        try:
            return self._expander.text(word, env)
        except ExpandError:
            return word


def _written(instruction: ins.Instruction) -> str:
    return split_keyword(instruction.text)[0]


def _words_of(instruction: ins.Instruction) -> tuple[list[str], list[str]]:
    """The words that the engine expands and the heredoc bodies; those of EXPOSE and ARG are asked elsewhere."""
    match instruction:
        case ins.Env() | ins.Label():
            return [word for pair in instruction.pairs for word in pair], []
        case ins.Copy():
            checksum = [instruction.checksum] if isinstance(instruction, ins.Add) else []
            return ([instruction.chown, instruction.chmod, *checksum, *instruction.sources, instruction.destination],
                    [h.used for h in instruction.heredocs if h.expand])
        case ins.Workdir():
            return [instruction.path], []
        case ins.User():
            return [instruction.user], []
        case ins.Volume():
            return list(instruction.paths), []
        case ins.Stopsignal():
            return [instruction.signal], []
    return [], []

