"""Which operations does BuildKit make of a build graph, with which data and under which names?

Source: BuildKit v0.25 frontend/dockerfile/dockerfile2llb (convert.go, convert_copy.go, convert_runmount.go), client/llb.
"""

from __future__ import annotations

import functools
import math
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from cachesim.cache.key import KeyPart, PartKind
from cachesim.context.checksum import Selector
from cachesim.context.snapshot import directory, regular_file
from cachesim.digest import Digest, digest_of, digest_of_bytes
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import ExpandError, expand_heredoc, expand_word, expand_words
from cachesim.dockerfile.go_values import read_bool
from cachesim.dockerfile.mounts import MountError, ResolvedMount, resolve_mount
from cachesim.dockerfile.remote import git_ref
from cachesim.dockerfile.words import go_quote
from cachesim.engines.base import Assumption, BuildRequest, HistoryEntry, unasked
from cachesim.engines.buildkit import history
from cachesim.engines.buildkit.additions import Addition, Made, OpKey, Settings, earlier_additions, kept, remember
from cachesim.engines.buildkit.conversion import Conversion, LocalSource, Occurrence, StageState, StepOps
from cachesim.engines.buildkit.copies import CopySource, copy_facts, owner_key
from cachesim.engines.buildkit.env import DEFAULT_PATH, Env
from cachesim.engines.buildkit.filesystem import owner_of
from cachesim.engines.buildkit.opaque import opaque_entry
from cachesim.engines.buildkit.prepared import (
    SourceWord,
    clean_path,
    prepared_copy,
    prepared_env,
    prepared_run,
    step_text,
)
from cachesim.engines.buildkit.refusals import bad_exclude, checksum_problem
from cachesim.engines.buildkit.runs import RunOptions, RunPlace
from cachesim.engines.buildkit.vertex import CopyAction, ExecSpec, MkdirAction, Op, OpInput, OpKind, SourceSpec
from cachesim.errors import CachesimError
from cachesim.graph.model import BuildGraph, Source, SourceKind, Stage, Step, StepId
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig, ImageStore, NetworkMode, normalize_ref, reference_problem
from cachesim.graph.platforms import HOST, Platform, PlatformError
from cachesim.same import REMEMBERED, Same

__all__ = ["StepRefused", "convert", "watched"]

_NOT_IN_ENV = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})
_LETTERS = re.compile(r"[ugoa]*([-+=][rwxXstugo]*)+(,[ugoa]*([-+=][rwxXstugo]*)+)*")     # of chmod
_PLAIN_CONFIG = ImageConfig(env=(("PATH", DEFAULT_PATH),))


class StepRefused(CachesimError):
    """A step that is refused before anything runs, in the engine's words; `late`: not by the frontend, but after it."""

    def __init__(self, step: StepId, message: str, code: str = "refused", *, late: bool = False) -> None:
        self.step, self.code, self.late = step, code, late
        super().__init__(message)


def convert(graph: BuildGraph, request: BuildRequest) -> Conversion:
    """Make the operations of everything that the target needs; the files have no say in them.

    The same graph gives the same object (see `same`).

    Raises:
        StepRefused: When the frontend refuses a step.
    """
    bases = tuple([(ref, Same(image)) for ref, image in request.bases.items()])
    return _converted(Same(graph), request.dockerfile.escape, request.options, bases, request.store)


def watched(graph: BuildGraph, request: BuildRequest, look_at: Callable[[StageState, Stage, Step], None]) -> None:
    """Go through the steps of everything that the target needs as `convert` does, and show each to `look_at` at its place.

    Raises:
        StepRefused: When the frontend refuses a step.
    """
    bases = tuple([(ref, Same(image)) for ref, image in request.bases.items()])
    converter = _Watched(graph, _settings(graph, request.dockerfile.escape, request.options, bases, request.store))
    converter.look_at = look_at
    for stage in graph.stages:
        if stage.reachable:
            converter.add(stage, [])


def _settings(graph: BuildGraph, escape: str, options: BuildOptions, bases: tuple[tuple[str, Same[BaseImage]], ...],
              store: ImageStore) -> Settings:
    return Settings(escape, options, bases, store, tuple([s.name for s in graph.stages]), graph.global_scope,
                    _state_count(graph) == 1)


@functools.lru_cache(maxsize=REMEMBERED)
def _converted(graph: Same[BuildGraph], escape: str, options: BuildOptions, bases: tuple[tuple[str, Same[BaseImage]], ...],
               store: ImageStore) -> Conversion:
    stages = graph.value.stages
    settings = kept(_settings(graph.value, escape, options, bases, store))
    converter = _Converter(graph.value, settings.value)
    for stage in stages:
        if stage.reachable:
            key = (stage.index, stage.base, stage.name, stage.platform, Same(stage.steps))
            converter.add(stage, earlier_additions(settings, key))
    return converter.conversion()


class _Converter:
    """Stages on their way to operations."""

    def __init__(self, graph: BuildGraph, settings: Settings) -> None:
        self.graph = graph
        self.escape, self.options, self.single = settings.escape, settings.options, settings.single
        self.bases = {ref: image.value for ref, image in settings.bases}
        self.given = dict(self.options.args)
        self.ops: list[Op] = []
        self.occurrences: list[Occurrence] = []
        self.by_key: dict[OpKey, int] = {}
        self.steps: dict[StepId, StepOps] = {}
        self.states: dict[int, StageState] = {}
        self.locals: dict[int, LocalSource] = {}
        self.main = LocalSource("")
        self.main_op: int | None = None
        self.read: dict[int, Made | None] = {}      # the stages that the one at hand reads, each with its result
        self.shared: dict[OpKey, int] = {}          # the operations that it meets
        self.assumptions: list[Assumption] = []
        self.global_scope = dict(settings.scope)
        epoch = self.given.get("SOURCE_DATE_EPOCH") or self.global_scope.get("SOURCE_DATE_EPOCH") or ""
        self.epoch = epoch
        self.network = self.options.network.value
        self.run_options = RunOptions(
            tuple([h for h, _ in self.options.add_hosts]), self.given.get("BUILDKIT_SANDBOX_HOSTNAME") or "",
            self.options.ulimits, self.options.cgroup_parent)
        self.merges = settings.store is ImageStore.CONTAINERD
        self.platform_names = self._multi_platform()

    def add(self, stage: Stage, earlier: list[Addition]) -> None:
        """Make the operations of one more stage, or take those of an earlier build that nothing makes different.

        Raises:
            StepRefused: When the frontend refuses a step of it.
        """
        for addition in earlier:
            if self._fits(stage, addition):
                self._take_over(stage, addition)
                return
        start = len(self.ops), len(self.occurrences), self._made(self.main_op)
        keys, steps, assumptions = len(self.by_key), len(self.steps), len(self.assumptions)
        followed, self.main = self.main, LocalSource("")
        self.read, self.shared = {}, {}
        self._add_stage(stage)
        if not self.locals:     # a named folder notes what is read of it
            shared = {key: op for key, op in self.shared.items() if op < start[0]}
            remember(earlier, Addition(
                start, self._base_state(stage), self.read, shared, tuple(self.ops[start[0]:]),
                tuple(self.occurrences[start[1]:]), dict(islice(self.by_key.items(), keys, None)),
                dict(islice(self.steps.items(), steps, None)), self.states[stage.index], tuple(self.assumptions[assumptions:]),
                self.main_op, self.main.follow))
        followed.add_all(self.main.follow)
        self.main = followed

    def _made(self, occurrence: int | None) -> Made | None:
        return None if occurrence is None else (occurrence, self.occurrences[occurrence].op)

    def _base_state(self, stage: Stage) -> StageState | None:
        return self.states.get(stage.base) if isinstance(stage.base, int) else None

    def _fits(self, stage: Stage, addition: Addition) -> bool:
        """Whether a stage would add the same again."""
        states, by_key = self.states, self.by_key
        return (addition.start == (len(self.ops), len(self.occurrences), self._made(self.main_op)) and not self.locals
                and addition.base is self._base_state(stage)
                and all(i in states and self._made(states[i].op) == made for i, made in addition.read.items())
                and all(by_key.get(key) == op for key, op in addition.shared.items())
                and by_key.keys().isdisjoint(addition.by_key))

    def _take_over(self, stage: Stage, addition: Addition) -> None:
        self.ops += addition.ops
        self.occurrences += addition.occurrences
        self.by_key.update(addition.by_key)
        self.steps.update(addition.steps)
        self.states[stage.index] = addition.state
        self.assumptions += addition.assumptions
        self.main_op = addition.main
        self.main.add_all(addition.followed)

    def conversion(self) -> Conversion:
        """What all stages came to."""
        target = self.states[self.graph.target]
        if target.local is not None:
            target.local.add("/")
        if self.main_op is not None:
            self.locals[self.main_op] = self.main
        order = list(self._marshal_order(target.op))
        self._name(order)
        op_of = [o.op for o in self.occurrences]
        local_target = target.local is not None and not target.image_config
        needed = frozenset([op_of[o] for o in order])
        makers = {op: step for step, ops in reversed(self.steps.items()) for op in ops.ops}
        return Conversion(tuple(self.ops), None if target.op is None else op_of[target.op], self.steps,
                          {op_of[o]: local for o, local in self.locals.items()}, tuple(target.history),
                          tuple(self.assumptions), needed, tuple(sorted(needed)), makers, _on_image(self.ops),
                          frozenset([a.dest for op in self.ops for a in op.copies if not a.dest.endswith(("/", "/."))]),
                          "invalid image config for export: missing architecture" if local_target and self.merges else "")

    # -- names ------------------------------------------------------------------------------------------------------

    def _prefix(self, state: StageState, text: str, *, onbuild: bool = False, again: bool = False) -> str:
        if state.total == 0:
            return text
        if not again:
            state.index += 1
        stage = f"{state.label} " if state.label else ""
        if self.platform_names:
            stage = f"{state.platform}{_cross_target(state)} {stage}"
        return f"[{stage}{state.index:>{_width(state.total)}}/{state.total}] {'ONBUILD ' if onbuild else ''}{text}"

    def _step_text(self, state: StageState, text: str, *, run: bool = False) -> str:
        return step_text(text, state.env, self.escape, run)

    def _marshal_order(self, start: int | None) -> Iterator[int]:
        if start is None:
            return
        done: set[int] = set()
        stack = [start]
        while stack:
            at = stack[-1]
            waiting = [i for i in reversed(self.occurrences[at].inputs) if i not in done] if at not in done else []
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if at not in done:
                done.add(at)
                yield at

    def _name(self, order: list[int]) -> None:
        """Equal operations are one vertex; it bears the label of the occurrence that is marshalled last."""
        for at in order:
            made = self.occurrences[at]
            if made.name:
                op = self.ops[made.op]
                if op.step is not made.step or op.name is not made.name:
                    self.ops[made.op] = op._replace(step=made.step, name=made.name)

    # -- operations -------------------------------------------------------------------------------------------------

    def _add(self, kind: OpKind, digest: Digest, inputs: tuple[OpInput, ...], step: StepId | None, name: str, *,
             base: int | None = None, ignore_cache: bool = False, internal: bool = False, parts: tuple[KeyPart, ...] = (),
             copies: tuple[CopyAction, ...] = (), mkdir: MkdirAction | None = None, exec: ExecSpec | None = None,
             source: SourceSpec | None = None, apart: str = "") -> int:
        """Note an operation, its inputs given as occurrences; returns the number of the new occurrence.

        Equal operations are one vertex, unless what does not count for the key (`apart`) tells them apart. The kind of an
        operation is part of its digest.
        """
        occurrences = self.occurrences
        own = tuple([OpInput(occurrences[i].op, selector, content) for i, selector, content in inputs])
        key = (digest, own, ignore_cache, apart)
        known = self.by_key.get(key)
        if known is not None:
            self.shared[key] = known
        else:
            known = self.by_key[key] = len(self.ops)
            self.ops.append(Op(kind, digest, own, base, ignore_cache, step, name, internal, parts, copies, mkdir, exec, source))
        occurrences.append(Occurrence(known, step, name, tuple([i.op for i in inputs])))
        return len(occurrences) - 1

    def _occur(self, op: int, step: StepId | None, name: str, inputs: tuple[int, ...]) -> int:
        self.occurrences.append(Occurrence(op, step, name, inputs))
        return len(self.occurrences) - 1

    def _ops(self, *occurrences: int) -> tuple[int, ...]:
        """The operations that were made at these places."""
        return tuple([self.occurrences[o].op for o in occurrences])

    def _same(self, one: int, other: int) -> bool:
        return self.occurrences[one].op == self.occurrences[other].op

    def _main_context(self) -> int:
        if self.main_op is None:
            self.main_op = self._local("")
        return self.main_op

    def _local(self, name: str) -> int:
        self.ops.append(Op(OpKind.LOCAL, digest_of("local", name, str(len(self.ops))), (), None, False, None, "", False, (),
                           source=SourceSpec(())))
        return self._occur(len(self.ops) - 1, None, "", ())

    def _image(self, image: BaseImage, platform: Platform, name: str, step: StepId | None) -> int | None:
        if not image.has_layers:
            return None
        if self.merges:
            keys: tuple[str, ...] = (f"manifest {image.manifest} {platform}", f"chain {image.chain}")
        else:
            keys = (f"chain {image.chain}",)
        digest, part = _base_key(image.ref, str(platform), keys)
        return self._add(OpKind.IMAGE, digest, (), step, name, parts=(part,), source=SourceSpec(keys, f"image {image.chain}"))

    def _inline(self, name: str, data: str, mode: int) -> int:
        raw = data.encode("utf-8", "surrogateescape")
        tree = directory({name: regular_file(digest_of_bytes(raw), len(raw), mode)})
        digest = digest_of("mkfile", name, str(mode), data)
        return self._add(OpKind.MKFILE, digest, (), None, "[internal] preparing inline document", internal=True,
                         source=SourceSpec((digest,), tree=tree))

    # -- stages -----------------------------------------------------------------------------------------------------

    def _add_stage(self, stage: Stage) -> None:
        state = self.states[stage.index] = self._start(stage)
        if state.replaced:
            return
        for step in stage.steps[1:]:
            try:
                self._dispatch(state, stage, step)
            except (ExpandError, MountError) as e:
                raise StepRefused(step.id, str(e), "expansion" if isinstance(e, ExpandError) else "mount") from None

    def _start(self, stage: Stage) -> StageState:
        from_step = stage.steps[0]
        total = len([s for s in stage.steps if isinstance(s.instruction, (ins.Run, ins.Copy, ins.Workdir)) and not s.onbuild])
        label = "" if self.single else stage.label
        if isinstance(stage.base, int):
            state = self._inherited(stage, self.states.get(stage.base))
        else:
            total += stage.base.kind is not SourceKind.SCRATCH
            state = StageState(Env(), {}, total=total, label=label)
            state.platform = _platform(stage.platform or self.options.platform)
        state.total, state.label, state.index = total, label, 0
        state.platform_name = str(state.platform)
        state.ignore_cache = self._without_cache(stage)
        name = "FROM " + stage.from_.image
        if isinstance(stage.base, Source):
            name = self._base(stage, stage.base, state, from_step)
        state.total += len([s for s in stage.steps if s.onbuild])
        self.steps[from_step.id] = StepOps(from_step.id, name, self._ops(state.op) if state.op is not None
                                           and isinstance(stage.base, Source) else ())
        return state

    def _without_cache(self, stage: Stage) -> bool:
        """Whether its steps look nothing up: a filter of nothing means every stage, one between commas the unnamed ones."""
        names = ",".join(self.options.no_cache_filter).lower()
        return self.options.no_cache or (bool(self.options.no_cache_filter) and (not names or stage.name in names.split(",")))

    def _inherited(self, stage: Stage, base: StageState | None) -> StageState:
        assert base is not None
        env = base.env
        image_env = dict(base.image_env)
        image_env.setdefault("PATH", DEFAULT_PATH)
        for key, value in image_env.items():
            env = env.with_(key, value)
        return StageState(env, image_env, base.cwd, base.user, base.shell, base.op, base.platform, "",
                      base.args, base.arg_names, list(base.history), base.local, image_config=base.image_config)

    def _base(self, stage: Stage, source: Source, state: StageState, step: Step) -> str:
        """Give the state its base; returns the name of the FROM step."""
        if source.kind is SourceKind.SCRATCH:
            self._configure(state, ImageConfig())
            return self._prefix_only(state, "FROM scratch")
        if source.kind is SourceKind.NAMED_CONTEXT:
            replaced = bool(stage.name) and source.name == stage.name
            op, name, config, local = self._named(source.name, state.platform, step.id)
            state.op, state.local = op, local
            state.image_config = local is None
            if replaced:
                state.total, state.replaced = 0, True
            self._configure(state, config)
            return name
        image = self._known_image(source.name, step.id)
        name = self._prefix(state, "FROM " + image.ref) if image.has_layers else self._prefix_only(state, "FROM " + image.ref)
        state.op = self._image(image, state.platform, name, step.id)
        self._configure(state, image.config or _PLAIN_CONFIG)
        return name

    def _multi_platform(self) -> bool:
        """Whether steps are named with their platform. Source: BuildKit frontend/dockerui/config.go."""
        text = self.given.get("BUILDKIT_MULTI_PLATFORM") or ""
        try:
            return bool(text) and read_bool(text)
        except ValueError:
            raise StepRefused(StepId(0, 0), f"invalid boolean value for multi-platform: {text}",
                              "bad-boolean") from None

    def _prefix_only(self, state: StageState, text: str) -> str:
        stage = f"[{state.label}] " if state.label else ""
        return stage + text

    def _configure(self, state: StageState, config: ImageConfig) -> None:
        state.env = _first_env(config.env)
        state.image_env = dict(state.env.pairs)
        state.cwd, state.user, state.shell = config.workdir, config.user, config.shell

    def _known_image(self, ref: str, step: StepId) -> BaseImage:
        image = self.bases.get(ref)
        if image is None:
            image = BaseImage(ref, f"name {ref}", f"name {ref}", None)
        if image.config is None:
            self.assumptions.append(Assumption(unasked(image), step))
        return image

    def _named(self, name: str, platform: Platform, step: StepId) -> tuple[int | None, str, ImageConfig, LocalSource | None]:
        value = self.graph.contexts[name]
        if value.startswith("docker-image://"):
            typed = value.removeprefix("docker-image://")
            label = f"[context {name}] {typed}"
            if typed == "scratch":
                return None, label, ImageConfig(), None
            if problem := reference_problem(typed):
                raise StepRefused(step, problem, "bad-reference")
            image = self._known_image(normalize_ref(typed), step)
            return self._image(image, platform, label, step), label, image.config or _PLAIN_CONFIG, None
        op = self._local(name)
        self.locals[op] = local = LocalSource(name)
        return op, f"[context {name}] load from client", ImageConfig(), local

    # -- instructions -----------------------------------------------------------------------------------------------

    def _dispatch(self, state: StageState, stage: Stage, step: Step) -> None:
        expand: Callable[[str], str] = lambda word: expand_word(word, state.env, self.escape)  # noqa: E731
        name = ""
        match step.instruction:
            case ins.Run() as run:
                self._run(state, step, run, expand)
                return
            case ins.Copy() as words:
                self._copy(state, step, words)
                return
            case ins.Workdir() as workdir:
                self._workdir(state, step, expand(workdir.path))
                return
            case ins.Env() as env:
                pairs, state.env, entry = prepared_env(env.pairs, state.env, self.escape)
                state.image_env.update(pairs)
                if state.arg_names:
                    state.arg_names = state.arg_names.difference([k for k, _ in pairs])
                state.history.append(entry)
            case ins.Label() as label:
                state.history.append(history.env("LABEL", [(expand(k), expand(v)) for k, v in label.pairs]))
            case ins.Arg() as arg:
                self._arg(state, arg)
            case ins.User() as user:
                state.user = expand(user.user)
                state.history.append(history.meta(f"USER {state.user}"))
            case ins.Shell() as shell:
                state.shell = shell.argv
                state.history.append(history.meta(f"SHELL [{' '.join(shell.argv)}]"))
            case ins.Cmd() as cmd:
                state.history.append(history.command("CMD", self._argv(state, cmd.argv, cmd.command)))
            case ins.Entrypoint() as entry:
                state.history.append(history.command("ENTRYPOINT", self._argv(state, entry.argv, entry.command)))
            case ins.Expose() as expose:
                ports = [w for p in expose.ports for w in expand_words(p, state.env, self.escape)]
                for port in ports:
                    if problem := history.port_problem(port):
                        raise StepRefused(step.id, problem, "bad-port")
                state.history.append(history.expose(ports))
            case ins.Volume() as volume:
                paths = [expand(p) for p in volume.paths]
                if "" in paths:
                    raise StepRefused(step.id, "VOLUME specified can not be an empty string", "empty-volume")
                state.history.append(history.meta(f"VOLUME [{' '.join(paths)}]"))
            case ins.Stopsignal() as stop:
                signal = expand(stop.signal)
                if not history.is_signal(signal):
                    raise StepRefused(step.id, f"invalid signal: {signal}", "bad-signal")
                state.history.append(history.meta(f"STOPSIGNAL {signal}"))
            case ins.Healthcheck() as check:
                state.history.append(history.healthcheck(check))
            case ins.Maintainer() as maintainer:
                state.history.append(history.meta(f"MAINTAINER {maintainer.name}"))
        self.steps[step.id] = StepOps(step.id, name or self._step_text(state, step.instruction.text))

    def _shell(self, state: StageState) -> tuple[str, ...]:
        return state.shell or ("/bin/sh", "-c")

    def _argv(self, state: StageState, argv: tuple[str, ...] | None, command: str | None) -> tuple[str, ...]:
        return argv if argv is not None else (*self._shell(state), command or "")

    def _arg(self, state: StageState, arg: ins.Arg) -> None:
        shown = []
        for name, default in arg.pairs:
            value = self.given.get(name)
            if value is None and default is not None:
                value = expand_word(default, state.env, self.escape)
            elif value is None:
                value = self.global_scope.get(name)
            if value is not None and name not in _NOT_IN_ENV:
                state.env = state.env.with_(name, value)
                state.arg_names |= {name}
            state.args = (*state.args, (name, value))
            shown.append(name if value is None else f"{name}={value}")
        state.history.append(history.meta("ARG " + " ".join(shown)))

    def _workdir(self, state: StageState, step: Step, path: str) -> None:
        if path.startswith("/"):
            written = path
        else:
            written = posixpath.normpath(posixpath.join("/", state.cwd, path))
        state.cwd = written
        clean = clean_path(written)
        if clean == "/":
            self.steps[step.id] = StepOps(step.id, self._step_text(state, step.instruction.text))
            state.history.append(HistoryEntry(f"WORKDIR {written}", history.COMMENT, True))
            return
        if state.op is None and state.user and not _numeric_owner(state.user):
            raise _no_user_table(step.id, state.user)
        name = self._prefix(state, self._step_text(state, step.instruction.text), onbuild=step.onbuild)
        parts = [KeyPart(PartKind.DESTINATION, "path", clean, digest_of(clean))]
        if state.user:
            parts.append(KeyPart(PartKind.USER, "USER", state.user, digest_of(owner_key(state.user))))
        if self.epoch:
            parts.append(KeyPart(PartKind.TIMESTAMP, "SOURCE_DATE_EPOCH", self.epoch, digest_of(self.epoch)))
        digest = digest_of("mkdir", *(p.digest for p in parts), "|" if state.op is None else "")
        inputs, base = self._on(state)
        op = self._add(OpKind.MKDIR, digest, inputs, step.id, name, base=base, parts=tuple(parts),
                       mkdir=MkdirAction(clean.lstrip("/"), owner_of(state.user) or (0, 0)),
                       source=None if inputs else SourceSpec((digest,)))
        state.op = op
        self.steps[step.id] = StepOps(step.id, name, self._ops(op))
        state.history.append(HistoryEntry(f"WORKDIR {written}", history.COMMENT, False))

    def _on(self, state: StageState, selector: str = "") -> tuple[tuple[OpInput, ...], int | None]:
        if state.op is None:
            return (), None
        return (OpInput(state.op, selector),), 0

    # -- RUN --------------------------------------------------------------------------------------------------------

    def _run(self, state: StageState, step: Step, run: ins.Run, expand: Callable[[str], str]) -> None:
        if state.local is not None:
            state.local.add("/")
        text, argv, shown = run.command or "", run.argv, run.text
        internal: list[int] = []
        extra: list[tuple[ResolvedMount, int]] = []
        if run.heredocs:
            text, suffix, script = self._heredoc_command(run)
            shown += suffix
            if script is not None:
                internal.append(script)
                extra.append((ResolvedMount(target="/dev/pipes/", source="/", readonly=True), script))
        full = argv if argv is not None else (*self._shell(state), text)
        if not full:
            raise StepRefused(step.id, "failed to marshal LLB definition: arguments are required", "empty-command",
                              late=True)
        name = self._prefix(state, self._step_text(state, self._masked(run, shown, expand), run=True), onbuild=step.onbuild)
        mounts = [resolve_mount(f.value or "", expand) for f in run.flags if f.name == "mount"]
        network = run.network or self.network
        if run.flags and run.flag("device") is not None:
            raise StepRefused(step.id, "device feature is only supported in Dockerfile frontend 1.14.0-labs or later", "device")
        if run.network == NetworkMode.HOST.value and self.options.network is not NetworkMode.HOST:
            raise StepRefused(step.id, "failed to load LLB: network.host is not allowed", "network-host", late=True)
        inputs, fields, targets = self._mounts(state, step, mounts, extra, internal)
        place = RunPlace(state.env, state.arg_names, state.cwd or "/", state.user, state.platform_name)
        made = prepared_run(full, argv is None, place, state.args, self.run_options, network, tuple(fields), tuple(targets),
                            self._lacking(mounts))
        caches = sorted([(m.target, m.id or _go_clean(m.target), m.sharing or "shared") for m in mounts if m.type == "cache"])
        op = self._add(OpKind.EXEC, made.facts.digest, tuple(inputs), step.id, name, base=0 if state.op is not None else None,
                       ignore_cache=state.ignore_cache, parts=made.facts.parts, exec=made.spec,
                       apart=repr(caches) if caches else "")
        state.op = op
        self.steps[step.id] = StepOps(step.id, name, self._ops(op), self._ops(*internal) if internal else ())
        state.history.append(made.history)

    def _heredoc_command(self, run: ins.Run) -> tuple[str, str, int | None]:
        """The command text, what the step name gets appended, and the op of a script with its own interpreter."""
        command, first = (run.command or "").strip(), run.heredocs[0]
        lone = len(run.heredocs) == 1 and _is_lone_heredoc(command)
        if not lone:
            return command + "".join(f"\n{h.body}{h.name}" for h in run.heredocs), "", None
        summary = first.body.strip().replace("\r\n", "\n").split("\n")
        suffix = f" ({summary[0]}{'...' if len(summary) > 1 else ''})"
        if first.used.startswith("#!"):
            return f"/dev/pipes/{first.name}", suffix, self._inline(first.name, first.used, 0o755)
        return first.used, suffix, None

    def _masked(self, run: ins.Run, shown: str, expand: Callable[[str], str]) -> str:
        for flag in run.flags:
            if flag.name == "mount" and flag.value and "type=secret" in flag.value and "env=" in flag.value:
                mount = resolve_mount(flag.value, expand)
                if mount.env:
                    shown = shown.replace(f"${{{mount.env}}}", "****").replace(f"${mount.env}", "****")
        return shown

    def _lacking(self, mounts: list[ResolvedMount]) -> str:
        """Why a RUN cannot start without what it requires; a cached one never asks.

        Source: BuildKit executor, session/secrets.
        """
        if not mounts:
            return ""
        secrets, agents = dict(self.options.secrets), {a.partition("=")[0] for a in self.options.ssh}
        for mount in mounts:
            if mount.required and mount.type == "secret" and _secret_id(mount) not in secrets:
                return f"secret {_secret_id(mount)}: not found"
            if mount.required and mount.type == "ssh" and (mount.id or "default") not in agents:
                return f"unset ssh forward key {mount.id or 'default'}"
        return ""

    def _mounts(self, state: StageState, step: Step, mounts: list[ResolvedMount], extra: list[tuple[ResolvedMount, int]],
                internal: list[int]) -> tuple[list[OpInput], list[tuple[str, str]], list[tuple[str, int | None, str]]]:
        """Inputs, key fields (label, value) and targets of a RUN's mounts."""
        rows: list[tuple[str, int | None, str, bool, str]] = []      # target, op, source path, keeps root, fields
        fields: list[tuple[str, str]] = []
        ssh = 0
        for mount, op in extra:
            rows.append((mount.target, op, mount.source, False, "bind ro"))
        for mount in mounts:
            if mount.type == "secret":
                fields.append(self._secret(state, mount))
                continue
            if mount.type == "ssh":
                target = mount.target or f"/run/buildkit/ssh_agent.{ssh}"
                ssh += 1
                fields.append((f"ssh mount {mount.id or 'default'}", f"{target} {mount.id} {mount.uid} {mount.gid} {mount.mode} "
                                                                     f"{mount.required}"))
                continue
            rows.append(self._file_mount(state, step, mount, internal))
        if not rows and not fields and not self.options.shm_size:
            return ([OpInput(state.op, "/")] if state.op is not None else []), [], []
        if self.options.shm_size:
            rows.append(("/dev/shm", None, "", False, f"tmpfs {self.options.shm_size}"))
        return self._numbered(state, rows, fields)

    def _numbered(self, state: StageState, rows: list[tuple[str, int | None, str, bool, str]],
                  fields: list[tuple[str, str]]) -> tuple[list[OpInput], list[tuple[str, str]],
                                                          list[tuple[str, int | None, str]]]:
        selectors: dict[int, list[str]] = {}
        content: dict[int, bool] = {}
        order: list[int] = []
        targets: list[tuple[str, int | None, str]] = []
        described: list[tuple[str, str]] = []
        if state.op is not None:
            order.append(state.op)
            selectors[state.op], content[state.op] = ["/"], False
        for target, op, path, _, text in sorted(rows, key=lambda r: r[0]):
            position: int | None = None
            if op is not None:
                op = next((o for o in order if self._same(o, op)), op)
                if op not in order:
                    order.append(op)
                position = order.index(op)
                selectors.setdefault(op, []).append(clean_path(path))
                content[op] = True
            described.append((f"mount {target}", f"{position} {target} {text}"))
            targets.append((target, position, clean_path(path).lstrip("/")))
        inputs = [OpInput(op, "\0".join(selectors[op]),
                          tuple(Selector(p.lstrip("/")) for p in dict.fromkeys(selectors[op])) if content[op] else None)
                  for op in order]
        return inputs, described + fields, targets

    def _file_mount(self, state: StageState, step: Step, mount: ResolvedMount,
                    internal: list[int]) -> tuple[str, int | None, str, bool, str]:
        target = mount.target if posixpath.normpath(mount.target or ".").startswith("/") else \
            posixpath.normpath(posixpath.join("/", state.cwd, mount.target))
        target = clean_path(target)
        if target == "/":
            raise StepRefused(step.id, f'invalid mount target "{mount.target or "/"}"', "mount-target")
        op: int | None = None
        path = mount.source
        if mount.type == "tmpfs":
            return target, None, "", False, f"tmpfs {mount.size} {mount.readonly}"
        if mount.from_:
            op, local = self._from(state, step, mount.from_, by_index=False)
            if local is not None:
                local.add(path or "/")
        elif mount.type == "bind":
            op = self._main_context()
            self.main.add(path or "/")
        text = f"{mount.type} {mount.readonly}"
        if mount.type == "cache":
            if clean_path(path) == "/" and (mount.uid, mount.gid, mount.mode) != (None, None, None):
                op = self._cache_folder(mount, op)
                internal.append(op)
                path = "/cache"
            identity = mount.id or _go_clean(mount.target)
            namespace = self.given.get("BUILDKIT_CACHE_MOUNT_NS") or ""
            default = (mount.sharing or "shared") == "shared" and identity.strip("/") == target.strip("/")
            text += f" {namespace}/{identity}" if default else " -"
            text += f" {path}" if op is None else ""
        return target, op, path or "/", False, text

    def _cache_folder(self, mount: ResolvedMount, below: int | None) -> int:
        mode = 0o755 if mount.mode is None else mount.mode
        digest = digest_of("mkdir", "/cache", str(mode), str(mount.uid or 0), str(mount.gid or 0))
        inputs = (OpInput(below),) if below is not None else ()
        return self._add(OpKind.MKDIR, digest, inputs, None, "[internal] setting cache mount permissions",
                         base=0 if inputs else None, internal=True, mkdir=MkdirAction("cache", (mount.uid or 0, mount.gid or 0)),
                         source=None if inputs else SourceSpec((digest,)))

    def _secret(self, state: StageState, mount: ResolvedMount) -> tuple[str, str]:
        identity = _secret_id(mount)
        target = mount.target
        if mount.env is not None and not target:
            return f"secret {identity}", f"env {mount.env} {identity} {mount.required}"
        target = target or f"/run/secrets/{posixpath.basename(identity)}"
        if not target.startswith("/"):
            target = posixpath.join("/", state.cwd, target)
        return (f"secret {identity}",
                f"{clean_path(target)} {identity} {mount.uid or 0} {mount.gid or 0} "
                f"{0o400 if mount.mode is None else mount.mode} {mount.required} {mount.env}")

    def _from(self, state: StageState, step: Step, name: str, *, by_index: bool) -> tuple[int | None, LocalSource | None]:
        """The op that a `--from` or mount names."""
        found = self.graph.find(name, by_index=by_index)
        if isinstance(found, int):
            source = self.states.get(found)
            if source is None or found >= step.id.stage:
                what = "copy" if by_index else "mount"
                raise StepRefused(step.id, f'cannot {what} from stage "{name}", it needs to be defined before current stage '
                                           f'"{self.graph.stages[step.id.stage].label}"', "stage-order")
            self.read[found] = self._made(source.op)
            return source.op, source.local
        if found.kind is SourceKind.SCRATCH:
            return None, None
        if found.kind is SourceKind.NAMED_CONTEXT:
            op, _, _, local = self._named(found.name, state.platform, step.id)
            return op, local
        image = self._known_image(found.name, step.id)
        platform = Platform.parse(self.options.platform or str(HOST))
        return self._image(image, platform, f"FROM {image.ref}", None), None

    # -- COPY and ADD -----------------------------------------------------------------------------------------------

    def _copy(self, state: StageState, step: Step, copy: ins.Copy) -> None:
        words, sources, entry = prepared_copy(copy, state.env, state.cwd, self.escape)
        bodies = {h.name: expand_heredoc(h.used, state.env) if h.expand else h.used for h in copy.heredocs}
        _check_chmod(step, words.chmod)
        if problem := bad_exclude(words.excludes) if sources else "":
            raise StepRefused(step.id, problem, "bad-exclude", late=True)
        name_text = self._step_text(state, copy.text)
        name = self._prefix(state, name_text, onbuild=step.onbuild)
        linked = self.merges and copy.link and not words.chmod and state.op is not None
        if (linked or state.op is None) and words.chown and not _numeric_owner(words.chown):
            raise _no_user_table(step.id, words.chown)
        inputs, base = ((), None) if linked else self._on(state)
        taken = _Taken(self._same)
        for source in sources:
            self._take(state, step, copy, taken, source, name)
        files = [clean_path(h.name).lstrip("/") for h in copy.heredocs]
        internal = [self._inline(file, bodies[h.name], 0o644) for file, h in zip(files, copy.heredocs, strict=True)]
        for file, made in zip(files, internal, strict=True):
            taken.add(made, Selector(file, follow=False), f"inline {file}", contents_only=False, unpack=False)
        facts = copy_facts(words, tuple(taken.sources), based=base is not None)
        own = tuple([OpInput(op, selector, chosen) for op, (selector, chosen) in zip(taken.ops, facts.links, strict=True)])
        op = self._add(OpKind.COPY, facts.digest, (*inputs, *own), step.id, name, base=base, ignore_cache=state.ignore_cache,
                       parts=facts.parts, copies=facts.actions)
        ops: tuple[int, ...] = (op,)
        if linked:
            assert state.op is not None
            link_name = self._prefix(state, "LINK " + name_text, onbuild=step.onbuild, again=True)
            merge = self._add(OpKind.MERGE, digest_of("merge", "0", "1"), (OpInput(state.op), OpInput(op)), step.id, link_name,
                              base=0, ignore_cache=state.ignore_cache)
            ops = (op, merge)
        state.op = ops[-1]
        self.steps[step.id] = StepOps(step.id, name, self._ops(*ops), self._ops(*internal) if internal else ())
        state.history.append(entry)

    def _take(self, state: StageState, step: Step, copy: ins.Copy, taken: _Taken, source: SourceWord, name: str) -> None:
        unpack = False
        if source.remote:
            if not isinstance(copy, ins.Add):
                what = "a git ref" if source.remote == "git" else "a URL"
                raise StepRefused(step.id, f"source can't be {what} for COPY", "copy-remote")
            self._take_remote(step, copy, taken, source.word, source.remote, name)
            return
        if isinstance(copy, ins.Add):
            if copy.checksum:
                raise StepRefused(step.id, "checksum requires HTTP(S) or Git sources", "checksum")
            unpack = copy.unpack is not False
        op: int | None
        if copy.from_:
            op, local = self._from(state, step, copy.from_, by_index=True)
            if local is not None:
                local.add(source.path)
        else:
            op = self._main_context()
            self.main.add(source.path)
        taken.add(op, source.selector, source.name, contents_only=True, unpack=unpack)

    def _take_remote(self, step: Step, add: ins.Add, taken: _Taken, url: str, kind: str, shown: str) -> None:
        if kind == "http" and add.checksum and (problem := checksum_problem(add.checksum)):
            raise StepRefused(step.id, problem, "checksum")
        if kind == "git":
            self._check_repository(step, add, url)
        if kind == "http" and re.match(r"https?://(/|$|\[[^\]]*$)", url):
            raise StepRefused(step.id, f'failed to load cache key: Get "{url}": http: no Host in request URL', "bad-url",
                              late=True)
        base = posixpath.basename(url.split("#")[0].split("?")[0]) or "__unnamed__"
        token = digest_of("remote", url, add.checksum, str(add.keep_git_dir))
        name = "" if kind == "git" else base
        tree = directory({base: opaque_entry(token, is_dir=False, undecided=True)})     # another URL may bring the same bytes
        op = self._add(OpKind.REMOTE, token, (), None, shown, internal=True, source=SourceSpec((f"remote {token}",), tree=tree))
        fetched = "only an engine that has git can fetch it" if kind == "git" else "only the engine can fetch it"
        self.assumptions.append(Assumption(f"{url} still gives the same bytes as before ({fetched})", step.id))
        taken.add(op, Selector(name, follow=False), base, contents_only=kind == "git", unpack=bool(add.unpack))


    def _check_repository(self, step: Step, add: ins.Add, url: str) -> None:
        """Refuse a repository whose address contradicts itself or the flags, or that nobody lends a key for."""
        found = git_ref(url)
        assert found is not None
        if found.problem:
            raise StepRefused(step.id, found.problem, "bad-url")
        if add.flag("keep-git-dir") is not None and found.keep is not None and found.keep != add.keep_git_dir:
            raise StepRefused(step.id, "inconsistent keep-git-dir configuration", "bad-url")
        if add.checksum and found.checksum and add.checksum != found.checksum:
            raise StepRefused(step.id, f"checksum mismatch {go_quote(add.checksum)} != {go_quote(found.checksum)}", "checksum")
        checksum = add.checksum or found.checksum
        if checksum and not re.fullmatch("[a-fA-F0-9]+", checksum):
            raise StepRefused(step.id, f"failed to load cache key: invalid checksum {checksum} for Git URL, expected hex commit "
                                       "hash", "checksum", late=True)
        if found.ssh and not found.is_commit(checksum) and "default" not in (a.partition("=")[0] for a in self.options.ssh):
            raise StepRefused(step.id, "unset ssh forward key default", "no-agent", late=True)


class _Watched(_Converter):
    look_at: Callable[[StageState, Stage, Step], None]

    def _dispatch(self, state: StageState, stage: Stage, step: Step) -> None:
        self.look_at(state, stage, step)
        try:
            super()._dispatch(state, stage, step)
        except StepRefused as refused:
            if not refused.late:
                raise


@dataclass(slots=True)
class _Taken:
    """The sources of one COPY while they are collected; `ops` are the inputs that they come from, each once."""

    same: Callable[[int, int], bool]
    ops: list[int] = field(default_factory=list)
    sources: list[CopySource] = field(default_factory=list)

    def add(self, op: int | None, selector: Selector, name: str, *, contents_only: bool, unpack: bool) -> None:
        """Take one source; `op` None is an empty file system."""
        number: int | None = None
        if op is not None:
            same = [n for n, o in enumerate(self.ops) if o == op or self.same(o, op)]
            number = same[0] if same else len(self.ops)
            if not same:
                self.ops.append(op)
        self.sources.append(CopySource(number, selector, name, contents_only, unpack))


@functools.lru_cache(maxsize=256)
def _base_key(ref: str, platform: str, keys: tuple[str, ...]) -> tuple[Digest, KeyPart]:
    return digest_of("image", ref, platform), KeyPart(PartKind.BASE, "base image", ref, digest_of(*keys))


@functools.lru_cache(maxsize=256)
def _first_env(given: tuple[tuple[str, str], ...]) -> Env:
    """The environment that a base image brings; there is always a PATH."""
    return Env(given if "PATH" in dict(given) else (*given, ("PATH", DEFAULT_PATH)))


def _state_count(graph: BuildGraph) -> int:
    """How many stages BuildKit counts: its own and one for each image that is only read."""
    count = len(graph.stages)
    for stage in graph.stages if count < 2 else ():
        for step in stage.steps[1:]:
            instruction = step.instruction
            if step.onbuild:
                continue
            if isinstance(instruction, ins.Copy) and instruction.from_:
                count += isinstance(graph.find(instruction.from_), Source)
            elif isinstance(instruction, ins.Run):
                for mount in instruction.mounts:
                    name = dict(mount.options).get("from") or "scratch"
                    count += isinstance(graph.find(name, by_index=False), Source)
    return count


def _on_image(ops: Sequence[Op]) -> frozenset[int]:
    found: set[int] = set()
    for index, op in enumerate(ops):
        if op.kind is OpKind.IMAGE or (op.base is not None and op.inputs[op.base].op in found):
            found.add(index)
    return frozenset(found)


@functools.lru_cache(maxsize=64)
def _platform(text: str) -> Platform:
    return Platform.parse(text) if text else HOST


@functools.cache
def _width(total: int) -> int:
    return int(1 + math.log10(total))


def _cross_target(state: StageState) -> str:
    """What TARGET… variables add to the platform in a step's name. Source: BuildKit dockerfile2llb/convert.go."""
    os, arch, variant, found = "", "", "", False
    for key, value in state.env.items():
        if key == "TARGETPLATFORM":
            try:
                given = Platform.parse(value)
            except PlatformError:
                continue
            os, arch, variant, found = given.os, given.arch, given.variant, True
            break
        if key in ("TARGETOS", "TARGETARCH", "TARGETVARIANT"):
            os, arch, variant = (value if key == "TARGETOS" else os, value if key == "TARGETARCH" else arch,
                                 value if key == "TARGETVARIANT" else variant)
            found = True
    base = state.platform
    wanted = Platform(os or base.os, arch or base.arch, variant).normalized()
    if not found or (wanted.os == base.os and wanted.arch == base.arch):
        return ""
    return f"->{wanted}" if wanted.os != base.os else "->" + "/".join(p for p in (wanted.arch, wanted.variant) if p)


def _check_chmod(step: Step, chmod: str) -> None:
    """Refuse what is neither octal nor letters. Source: BuildKit convert_copy.go, tonistiigi/dchapes-mode mode.go."""
    if not chmod or (re.fullmatch("[0-7]+", chmod) and int(chmod, 8) <= 0o7777) or _LETTERS.fullmatch(chmod):
        return
    refusal = "invalid syntax"
    if chmod[0].isdigit():
        refusal = f"invalid chmod parameter: '{chmod}'. it should be octal string and between 0 and 07777"
    raise StepRefused(step.id, refusal, "chmod")


def _go_clean(path: str) -> str:
    return posixpath.normpath(path) if path else "."


def _no_user_table(step: StepId, owner: str) -> StepRefused:
    return StepRefused(step, f"invalid user index: -1 ({owner} is looked up in an empty file system, which has no user table)",
                       "no-user-table", late=True)


def _numeric_owner(text: str) -> bool:
    return all(p.isdigit() or p == "root" for p in text.split(":"))


def _secret_id(mount: ResolvedMount) -> str:
    return mount.id or mount.source or posixpath.basename(mount.target)


def _is_lone_heredoc(command: str) -> bool:
    from cachesim.dockerfile.heredoc import read_word

    return read_word(command) is not None


