"""What holds where a step begins: variables, working folder, user, shell, and which folders are surely there?

Follows the same rules as the engines do for the environment, the working folder and what a stage inherits.
Source: BuildKit v0.25 frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import ExpandError, expand_word
from cachesim.graph.model import BuildGraph, Source, SourceKind, Stage, Step, StepId
from cachesim.graph.options import BaseImage, BuildOptions, normalize_ref

__all__ = ["DEFAULT_SHELL", "Surroundings", "destination_of", "parents", "surroundings_of"]

DEFAULT_SHELL = ("/bin/sh", "-c")
# what every image that is not built from nothing has, the smallest ones included
_EVERYWHERE = frozenset({"/", "/etc", "/tmp", "/usr"})
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step finds.

    Attributes:
        env: Variables that a command would see, ARG included.
        complete: Whether those are all of them (the base image is known).
        user: "" for the base image's own, which is root nearly always.
        known: Folders that surely exist.
        on_scratch: Whether there is nothing but what the file brings.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    cwd: str = "/"
    user: str = ""
    shell: tuple[str, ...] = DEFAULT_SHELL
    known: frozenset[str] = frozenset({"/"})
    on_scratch: bool = False

    @property
    def is_root(self) -> bool:
        """Whether commands run as root."""
        return self.user.partition(":")[0] in ("", "root", "0")

    @property
    def owner(self) -> str:
        """Who owns what a command makes."""
        return "root" if self.is_root else self.user

    @property
    def home(self) -> str:
        """The home folder; "" if nobody knows."""
        return self.env.get("HOME") or ("/root" if self.is_root else "")

    @property
    def path(self) -> tuple[str, ...]:
        """The folders in which a command is looked for."""
        return tuple(p for p in self.env.get("PATH", _DEFAULT_PATH).split(":") if p.startswith("/"))

    def expand(self, word: str, escape: str) -> str:
        """A word with its variables; as written where that fails (the engine then refuses the file)."""
        try:
            return expand_word(word, self.env, escape)
        except ExpandError:
            return word

    def absolute(self, path: str) -> str:
        """A path as seen from the working folder, cleaned."""
        return _clean(posixpath.join(self.cwd, path))


def surroundings_of(graph: BuildGraph, options: BuildOptions, bases: Mapping[str, BaseImage], escape: str,
                    known_after: Callable[[Step, Surroundings], frozenset[str]]) -> dict[StepId, Surroundings]:
    """What each step of each stage finds, ARGs before the first FROM included.

    Args:
        known_after: The folders that surely exist after a RUN.
    """
    found: dict[StepId, Surroundings] = {}
    given = dict(options.args)
    scope = dict(graph.global_scope)
    before = Surroundings(scope, complete=True)
    for step in graph.meta:
        found[step.id] = before
    ends: dict[int, Surroundings] = {}
    for stage in graph.stages:
        at = _start(graph, stage, ends, bases)
        found[stage.steps[0].id] = before
        for step in stage.steps[1:]:
            found[step.id] = at
            if isinstance(step.instruction, ins.Run):
                at = replace(at, known=known_after(step, at))
            else:
                at = _after(at, step, given, scope, escape)
        ends[stage.index] = at
    return found


def destination_of(instruction: ins.Copy, at: Surroundings, escape: str) -> tuple[str, bool]:
    """Where a COPY or ADD puts its sources, and whether that is a folder by its spelling or for sure."""
    written = at.expand(instruction.destination, escape)
    path = at.absolute(written)
    several = len(instruction.source_order) > 1
    return path, several or written in ("", ".") or written.endswith(("/", "/.")) or path in at.known


def _start(graph: BuildGraph, stage: Stage, ends: Mapping[int, Surroundings],
           bases: Mapping[str, BaseImage]) -> Surroundings:
    if isinstance(stage.base, int):
        inherited = ends.get(stage.base)
        return inherited if inherited is not None else Surroundings()
    if stage.base.kind is SourceKind.SCRATCH:
        return Surroundings({"PATH": _DEFAULT_PATH}, complete=True, on_scratch=True)
    image = bases.get(_image_name(graph, stage.base))
    config = image.config if image is not None else None
    if config is None:
        return Surroundings({"PATH": _DEFAULT_PATH}, known=_EVERYWHERE)
    env = {"PATH": _DEFAULT_PATH, **dict(config.env)}
    cwd = config.workdir or "/"
    return Surroundings(env, complete=True, cwd=cwd, user=config.user, shell=config.shell or DEFAULT_SHELL,
                        known=_EVERYWHERE.union(parents(cwd)))


def _image_name(graph: BuildGraph, source: Source) -> str:
    if source.kind is SourceKind.NAMED_CONTEXT:
        value = graph.contexts[source.name]
        return normalize_ref(value.removeprefix("docker-image://")) if value.startswith("docker-image://") else ""
    return source.name


def _after(at: Surroundings, step: Step, given: Mapping[str, str | None], scope: Mapping[str, str],
           escape: str) -> Surroundings:
    match step.instruction:
        case ins.Env() as env:
            return replace(at, env={**at.env, **{at.expand(k, escape): at.expand(v, escape) for k, v in env.pairs}})
        case ins.Arg() as arg:
            for name, default in arg.pairs:
                value = given.get(name)
                if value is None:
                    value = at.expand(default, escape) if default is not None else scope.get(name)
                if value is not None:
                    at = replace(at, env={**at.env, name: value})
            return at
        case ins.Workdir() as workdir:
            path = at.absolute(at.expand(workdir.path, escape))
            return replace(at, cwd=path, known=at.known | {path, *parents(path)})
        case ins.User() as user:
            return replace(at, user=at.expand(user.user, escape))
        case ins.Shell() as shell:
            return replace(at, shell=shell.argv)
        case ins.Copy() as copy:
            path, is_folder = destination_of(copy, at, escape)
            folder = path if is_folder else posixpath.dirname(path)
            return replace(at, known=at.known | {folder, *parents(folder)})
    return at


def parents(path: str) -> list[str]:
    """The path and every folder above it but the top."""
    found = []
    while path not in ("/", ""):
        found.append(path)
        path = posixpath.dirname(path)
    return found


def _clean(path: str) -> str:
    return "/" + posixpath.normpath("/" + path).lstrip("/")
