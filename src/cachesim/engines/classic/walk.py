"""Which steps does the classic builder take from its images, in one world?

Source: moby v28.5 builder/dockerfile/{builder,evaluator,dispatchers,internals,copy,imageprobe}.go; classic.md sections 2 to 5.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cachesim.cache.images import Image
from cachesim.cache.key import KeyPart, PartKind
from cachesim.context.checksum import Selector, entry_digest
from cachesim.context.snapshot import FileEntry, directory
from cachesim.digest import digest_of
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import ExpandError, expand_word, expand_words
from cachesim.dockerfile.words import go_quote
from cachesim.engines.base import BuildRequest
from cachesim.engines.buildkit import history
from cachesim.engines.buildkit.contents import Contents, World, opaque_entry
from cachesim.engines.buildkit.env import Env
from cachesim.engines.buildkit.filesystem import SCRATCH, Execution, FileSystem, Placement, base_filesystem, owner_of
from cachesim.engines.classic.args import Args, run_key
from cachesim.engines.classic.config import SHELL, Config, Health, Probe, config_of_image, health_test, merged, with_env
from cachesim.engines.classic.files import Files, destination
from cachesim.engines.classic.sums import Copied, SourceMissing, Sums, combined, has_classic_wildcards
from cachesim.errors import CachesimError
from cachesim.graph.model import BuildGraph, SourceKind, Stage, Step, StepId
from cachesim.graph.options import BaseImage, normalize_ref
from cachesim.graph.platforms import HOST, Platform, PlatformError

__all__ = ["Done", "StepFails", "Walk"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
_NEEDS_BUILDKIT = ("the --{} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images "
                   "with BuildKit enabled")


class StepFails(CachesimError):
    """The builder stops at a step."""

    def __init__(self, step: StepId, message: str, code: str) -> None:
        self.step, self.code = step, code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one step.

    Attributes:
        stored: The configuration that a new image got (other than `probe` where the parent's was merged in).
        own: Parts of the key that the step's own line and files decide.
        runs: Identities of the executions that decide what a COPY --from finds.
        sources: Stages that are read.
        paths: What a COPY or ADD reads of the context.
        empty: Whether its history entry has no layer.
    """

    step: StepId
    hit: Image | None
    image: Image
    probe: Probe
    stored: Probe
    own: tuple[KeyPart, ...]
    runs: tuple[Execution, ...] = ()
    sources: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()
    empty: bool = True


@dataclass(slots=True)
class _State:
    """A stage while it is built."""

    stage: Stage
    image_id: str
    image: Image | None
    platform: str
    config: Config
    args: Args
    files: Files
    busted: bool = False

    @property
    def shell(self) -> tuple[str, ...]:
        return self.config.shell or SHELL


@dataclass(slots=True)
class _Plan:
    """What a step asks for, and what it would do."""

    probe: Probe
    own: list[KeyPart]
    change: Callable[[FileSystem], FileSystem] | None = None
    merges: bool = False
    runs: tuple[Execution, ...] = ()
    sources: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()
    empty: bool = True


@dataclass(slots=True)
class Walk:
    """One build in one world. `children` is changed; everything else is read.

    After `run`: `done` holds the steps that were reached, `final` the resulting image, `failure` why it stopped.
    """

    request: BuildRequest
    graph: BuildGraph
    children: dict[str, tuple[Image, ...]]
    contents: Contents
    number: int
    context: Sums
    cache_from: Sequence[Sequence[Image]] | None
    done: dict[StepId, Done] = field(default_factory=dict)
    states: list[_State] = field(default_factory=list)
    failure: StepFails | None = None
    assumed: list[tuple[str, StepId]] = field(default_factory=list)
    base_ids: dict[int, str] = field(default_factory=dict)

    def run(self) -> None:
        """Build every stage up to the target; `failure` says where it stops."""
        try:
            for stage in self.graph.stages[:self.graph.target + 1]:
                state = self._begin(stage)
                self.states.append(state)
                for step in stage.steps[1:]:
                    self._step(state, step)
        except StepFails as failure:
            self.failure = failure

    @property
    def final(self) -> Image | None:
        """The image of the last stage, if a step made it."""
        return self.states[-1].image if self.states else None

    # -- FROM -------------------------------------------------------------------------------------------------------

    def _begin(self, stage: Stage) -> _State:
        step = stage.steps[0].id
        if stage.error is not None:
            raise StepFails(step, stage.error.message, stage.error.code)
        if stage.name and any(s.name == stage.name for s in self.graph.stages[:stage.index]):
            raise StepFails(step, f"{stage.name} stage name already used", "stage-name-used")
        args = Args(dict(self.request.options.args), dict(self.graph.global_scope))
        if isinstance(stage.base, int):
            source = self.states[stage.base]
            self.base_ids[stage.index] = source.image_id
            return _State(stage, source.image_id, source.image, source.platform, replace(source.config, onbuild=()), args,
                          source.files)
        if stage.base.kind is SourceKind.SCRATCH:
            return _State(stage, "", None, self.platform, config_of_image(None), args, Files(SCRATCH))
        image = self._known(stage.base.name, step)
        identity = image.manifest or image.chain
        platform = self.platform if image.source == "assumed" else str(HOST)
        self.base_ids[stage.index] = identity
        return _State(stage, identity, None, platform, config_of_image(image.config), args, Files(base_filesystem(image.chain)))

    def _known(self, ref: str, step: StepId) -> BaseImage:
        image = self.request.bases.get(ref)
        if image is None:
            image = BaseImage(ref, f"name {ref}", f"name {ref}", None)
        if image.config is None:
            self.assumed.append((f"Nobody could be asked about {ref}: it is taken to set PATH only, and to be the same image "
                                 "as before", step))
        return image

    @property
    def platform(self) -> str:
        """The platform that is built for."""
        try:
            return str(Platform.parse(self.request.options.platform)) if self.request.options.platform else str(HOST)
        except PlatformError as e:
            raise StepFails(self.graph.stages[0].steps[0].id, str(e), "bad-platform") from None

    # -- one step ---------------------------------------------------------------------------------------------------

    def _step(self, state: _State, step: Step) -> None:
        before = state.config
        try:
            plan = self._plan(state, step)
        except ExpandError as e:
            raise StepFails(step.id, str(e), "expansion") from None
        except SourceMissing as e:
            raise StepFails(step.id, f"{step.instruction.keyword} failed: {e}", "copy-source-missing") from None
        probe, stored = plan.probe, plan.probe
        hit = self._lookup(state, probe, f"{self.number}:{step.id.stage}.{step.id.index}")
        if hit is None:
            if plan.merges:
                stored = replace(probe, config=merged(probe.config, before))
                state.config = replace(state.config, health=stored.config.health)
            files = state.files.then(plan.change) if plan.change is not None else state.files
            image = Image(f"{self.number}:{step.id.stage}.{step.id.index}", state.image_id, stored, state.image, state.platform,
                          self.number, files)
            self.children[state.image_id] = (*self.children.get(state.image_id, ()), image)
        else:
            image, stored = hit, hit.probe
        self.done[step.id] = Done(step.id, hit, image, probe, stored, tuple(plan.own), plan.runs, plan.sources, plan.paths, plan.empty)
        state.image_id, state.image, state.files = image.id, image, image.files

    def _lookup(self, state: _State, probe: Probe, new_id: str) -> Image | None:
        if self.request.options.no_cache or state.busted:
            return None
        known = [i for i in self.children.get(state.image_id, ()) if i.local and i.platform == self.platform]
        found = next((i for i in reversed(known) if probe.same(i.probe)), None)
        if found is None and self.contents.world is World.EQUAL:
            found = next((i for i in reversed(known) if probe.may_be(i.probe)), None)
        if self.cache_from is not None:
            found = self._restored(state, probe, found, new_id)
        state.busted = found is None
        return found

    def _restored(self, state: _State, probe: Probe, found: Image | None, new_id: str) -> Image | None:
        """With --cache-from an image counts only as part of a named one, else its history is followed."""
        assert self.cache_from is not None
        if found is not None and any(found in chain for chain in self.cache_from):
            return found
        here = state.image.twin or state.image.id if state.image is not None else state.image_id
        for chain in self.cache_from:
            for image in chain:
                if image.parent == here and image.probe.created_by == probe.created_by:
                    if image is chain[-1]:
                        return image
                    return Image(new_id, state.image_id, probe, state.image, state.platform, self.number, image.files, False, image.id)
        return None

    # -- what a step asks for ---------------------------------------------------------------------------------------

    def _plan(self, state: _State, step: Step) -> _Plan:
        instruction = step.instruction
        env = dict(state.config.env)
        env.update(state.args.visible(env))

        def word(text: str) -> str:
            return expand_word(text, env, self.request.dockerfile.escape)

        match instruction:
            case ins.Run():
                return self._run(state, step, instruction)
            case ins.Copy():
                return self._copy(state, step, instruction, word)
            case ins.Workdir():
                return _workdir(state, step, word(instruction.path))
        comment = self._configure(state, step, instruction, word, env)
        probe = Probe(state.config, (*state.shell, "#(nop) ", comment))
        return _Plan(probe, [_text_part(instruction.keyword, comment)], merges=True)

    def _configure(self, state: _State, step: Step, line: ins.Instruction, word: Callable[[str], str],
                   env: Mapping[str, str]) -> str:
        """Change the configuration; the comment that stands in the command."""
        config = state.config
        match line:
            case ins.Env():
                pairs = [(word(k), word(v)) for k, v in line.pairs]
                state.config = replace(config, env=with_env(config.env, pairs))
                return _pairs("ENV", pairs)
            case ins.Label():
                pairs = list(line.pairs) if self._is_label_option(step.id) else [(word(k), word(v)) for k, v in line.pairs]
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
                words = [w for port in line.ports for w in expand_words(port, env, self.request.dockerfile.escape)]
                state.config = replace(config, ports=config.ports | _ports(step.id, words))
                return f"EXPOSE {' '.join(words)}"
            case ins.Volume():
                paths = [word(p) for p in line.paths]
                if "" in paths:
                    raise StepFails(step.id, "VOLUME specified can not be an empty string", "blank-volume")
                state.config = replace(config, volumes=config.volumes | set(paths))
                return f"VOLUME [{' '.join(paths)}]"
            case ins.Stopsignal():
                signal = word(line.signal)
                if not history.is_signal(signal):
                    raise StepFails(step.id, f"invalid signal: {signal}", "bad-signal")
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
        raise StepFails(step.id, f"unknown instruction: {line.keyword}", "unknown-instruction")

    def _is_label_option(self, step: StepId) -> bool:
        last = self.graph.stages[self.graph.target].steps
        return step.stage == self.graph.target and step.index > last[-1].id.index - len(dict(self.request.options.labels))

    def _run(self, state: _State, step: Step, run: ins.Run) -> _Plan:
        if run.flags:
            raise StepFails(step.id, _NEEDS_BUILDKIT.format(run.flags[0].name), "needs-buildkit")
        argv = run.argv if run.argv is not None else (*state.shell, run.command or "")
        env = dict(state.config.env)
        visible = state.args.visible(env)
        listed = state.args.listed(visible)
        probe = Probe(replace(state.config, entrypoint=None), run_key(argv, visible, listed))
        own = [KeyPart(PartKind.SHELL, "SHELL of the command", " ".join(argv[:-1]), digest_of(*argv[:-1])),
               KeyPart(PartKind.COMMAND, "command", " ".join(argv[-1:]), digest_of(*argv[-1:]))]
        own += [KeyPart(PartKind.ARG, f"ARG {name}", value, digest_of(value))
                for name, _, value in (pair.partition("=") for pair in listed)]
        if visible and not listed:
            own.append(KeyPart(PartKind.FLAG, "undeclared proxy arguments", "given", digest_of("given")))
        run_env = Env((*env.items(), *visible.items()))
        run_id = f"{self.number}:{step.id.stage}.{step.id.index}"
        shell, cwd = run.argv is None, state.config.workdir or "/"

        def change(fs: FileSystem) -> FileSystem:
            return fs.after(Execution(run_id, argv, shell, run_env, cwd, fs, ()))

        return _Plan(probe, own, change, empty=False)

    # -- COPY and ADD -----------------------------------------------------------------------------------------------

    def _copy(self, state: _State, step: Step, copy: ins.Copy, word: Callable[[str], str]) -> _Plan:
        sources, dest = [word(s) for s in copy.sources], word(copy.destination)
        chown, chmod = word(copy.chown), word(copy.chmod)
        if chmod:
            raise StepFails(step.id, _NEEDS_BUILDKIT.format("chmod"), "needs-buildkit")
        taken = _Taken()
        from_ = self._source(state, step, copy.from_) if copy.from_ else None
        for source in sources:
            if source.startswith(("http://", "https://")):
                self._download(step, copy, source, dest, taken)
            elif from_ is not None:
                self._from_files(step, from_.files, source, taken)
            else:
                taken.add(self.context.copied(source))
                taken.paths.append(posixpath.normpath("/" + source).lstrip("/"))
        if not taken.copied:
            raise StepFails(step.id, f"{copy.keyword} failed: no source files were specified", "copy-source-missing")
        if len(taken.copied) > 1 and not dest.endswith("/") and not taken.uncertain:
            raise StepFails(step.id, f"When using {copy.keyword} with more than one source file, the destination must be a directory "
                                     "and end with a /", "copy-destination")
        flag = f"--chown={chown} " if chown else ""
        content = combined([c.sum for c in taken.copied])
        probe = Probe(state.config, (*state.shell, f"#(nop) {copy.keyword} {flag}\0 in {dest} "), content,
                      digest_of("sources", *sorted(taken.places)) if from_ is not None else "", bool(taken.runs))
        kind = PartKind.STAGE_CONTENT if from_ is not None else PartKind.CONTENT
        own = [_text_part("instruction", copy.keyword),
               KeyPart(kind, ", ".join(sources), content.rpartition(":")[2][:12], digest_of(content)),
               KeyPart(PartKind.DESTINATION, "destination", dest, digest_of(dest))]
        if chown:
            own.append(KeyPart(PartKind.OWNER, "--chown", chown, digest_of(chown)))
        target, owner = destination(state.config.workdir, dest), owner_of(chown)
        unpack = isinstance(copy, ins.Add)
        copied, several = tuple(taken.copied), len(taken.copied) > 1

        def change(fs: FileSystem) -> FileSystem:
            for each in copied:
                name = posixpath.basename(each.path)
                if unpack and not each.entry.is_dir and name.endswith(_ARCHIVES):
                    fs = fs.with_unpacked(target, each.entry.digest)
                else:
                    fs = fs.with_placed(Placement(each.entry, name, target, True, several, owner, None))
            return fs

        stages = (from_.stage.index,) if from_ is not None and from_.stage is not state.stage else ()
        return _Plan(probe, own, change, runs=tuple(taken.runs), sources=stages, paths=tuple(taken.paths), empty=False)

    def _source(self, state: _State, step: Step, name: str) -> _State:
        """What `--from` names: a finished stage, or an image."""
        def refused(why: str) -> StepFails:
            return StepFails(step.id, f"invalid from flag value {name}: {why}", "unknown-stage")

        finished = self.states[:-1]
        for other in finished:
            if other.stage.name and other.stage.name == name.lower():
                return other
        if name.lstrip("+-").isdigit():
            index = int(name)
            if index == state.stage.index:
                raise refused(f"{index} refers to current build stage")
            if index < 0 or index > state.stage.index:
                raise refused("index out of bounds")
            return finished[index]
        if "$" in name or name.lower() != name:
            raise refused("invalid reference format" + (": repository name must be lowercase" if "$" not in name else ""))
        ref = normalize_ref(name)
        if ref not in self.request.bases and any(s.name == name.lower() for s in self.graph.stages):
            raise refused(f"pull access denied for {name}, repository does not exist or may require 'docker login' (the classic "
                          "builder only knows stages that are finished)")
        if name == "scratch":
            raise refused("'scratch' is a reserved name")
        image = self._known(ref, step.id)
        return _State(state.stage, image.manifest or image.chain, None, str(HOST), Config(), state.args,
                      Files(base_filesystem(image.chain)))

    def _download(self, step: Step, copy: ins.Copy, url: str, dest: str, taken: _Taken) -> None:
        if not isinstance(copy, ins.Add):
            raise StepFails(step.id, f"{copy.keyword} failed: source can't be a URL for {copy.keyword}", "copy-remote")
        name = posixpath.basename(url.split("#")[0].split("?")[0].split("://", 1)[1].partition("/")[2])
        if not name and dest.endswith("/"):
            raise StepFails(step.id, f"ADD failed: cannot determine filename for source {url}", "add-filename")
        self.assumed.append((f"{url} still gives the same bytes as before (only the engine can fetch it)", step.id))
        sum_ = digest_of("download", name, url.split("#")[0].split("?")[0])
        taken.add([Copied(sum_, name or "__unnamed__", opaque_entry(sum_, is_dir=False))])

    def _from_files(self, step: Step, files: Files, source: str, taken: _Taken) -> None:
        """Take a source from a stage or image, as far as its files are known."""
        fs = files.value()
        path = source.removeprefix("/").removeprefix("./")
        clean = posixpath.normpath("/" + path).lstrip("/")
        taken.places.append(clean)
        if fs.exact:
            taken.add(Sums(fs.layers[0].tree, stage=True).copied(source))
            return
        if has_classic_wildcards(path):
            found = self.contents.of_stage(fs, [Selector(clean, True, True)])
            taken.uncertain = True
            taken.runs += found.runs
            token = digest_of("matches", path, found.digest)
            taken.add([Copied("some:" + token, clean, opaque_entry(token, is_dir=True))])
            return
        view = self.contents.view(fs, clean)
        taken.runs += view.runs
        real = fs.resolved(clean)
        if not view.tokens:
            if view.entry is None:
                raise SourceMissing(f"stat {path}: file does not exist")
            sums = Sums(_at(real, view.entry), stage=True, elsewhere=lambda link: self._elsewhere(fs, link, taken))
            taken.add([replace(c, path=clean) for c in sums.copied(real)])
            return
        token = digest_of(*view.tokens, real, entry_digest(view.entry) if view.entry is not None else "")
        entry = self.contents.entry(fs, clean)
        taken.add([Copied("some:" + token, clean, entry or opaque_entry(token, is_dir=False))])

    def _elsewhere(self, fs: FileSystem, path: str, taken: _Taken) -> str | None:
        """The checksum of a link's target outside of what is copied."""
        view = self.contents.view(fs, path)
        taken.runs += view.runs
        if not view.tokens and view.entry is None:
            return None
        return digest_of("elsewhere", path, *view.tokens, entry_digest(view.entry) if view.entry is not None else "")


@dataclass(slots=True)
class _Taken:
    """The sources of one COPY while they are collected."""

    copied: list[Copied] = field(default_factory=list)
    runs: list[Execution] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    uncertain: bool = False     # a pattern in a stage: nobody knows how many files match

    def add(self, copied: Sequence[Copied]) -> None:
        """Take entries."""
        self.copied += copied


def _workdir(state: _State, step: Step, path: str) -> _Plan:
    if not path:
        raise StepFails(step.id, "cannot normalize nothing", "blank-workdir")
    absolute = "/" + posixpath.normpath(posixpath.join("/", state.config.workdir, path)).lstrip("/")
    state.config = replace(state.config, workdir=absolute)
    comment = f"WORKDIR {absolute}"
    return _Plan(Probe(state.config, (*state.shell, f"#(nop) {comment}")), [_text_part("WORKDIR", comment)],
                 lambda fs: fs.with_dir(absolute.lstrip("/"), (0, 0)), merges=True, empty=False)


def _argv(state: _State, line: ins.Cmd | ins.Entrypoint) -> tuple[str, ...]:
    return line.argv if line.argv is not None else (*state.shell, line.command or "")


def _pairs(keyword: str, pairs: Sequence[tuple[str, str]]) -> str:
    return " ".join([keyword, *(f"{k}={v}" for k, v in pairs)])


def _quoted(keyword: str, argv: Sequence[str]) -> str:
    return f"{keyword} [{' '.join(go_quote(a) for a in argv)}]"


def _text_part(label: str, text: str) -> KeyPart:
    return KeyPart(PartKind.COMMAND, label, text, digest_of(text))


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


def _at(path: str, entry: FileEntry) -> FileEntry:
    for name in reversed(path.split("/") if path else []):
        entry = directory({name: entry})
    return entry
