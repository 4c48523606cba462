"""Which steps does the classic builder take from its images, in one world?

Source: moby v28.5 builder/dockerfile/{builder,evaluator,dispatchers,internals,copy,imageprobe}.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cachesim.cache.images import Image
from cachesim.cache.key import KeyPart, PartKind
from cachesim.context.snapshot import FileKind
from cachesim.digest import digest_of
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import ExpandError, expand_word
from cachesim.engines.base import BuildRequest, unasked
from cachesim.engines.buildkit.content import World
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.env import Env
from cachesim.engines.buildkit.filesystem import SCRATCH, Execution, FileSystem, base_filesystem, owner_of
from cachesim.engines.classic.args import Args, run_key
from cachesim.engines.classic.config import Config, Probe, config_of_image, merged
from cachesim.engines.classic.copying import Places, Taken, placed
from cachesim.engines.classic.files import Files, destination
from cachesim.engines.classic.metadata import configure, workdir
from cachesim.engines.classic.state import Plan, State, StepFails, text_part
from cachesim.engines.classic.sums import SourceMissing, Sums
from cachesim.graph.model import BuildGraph, SourceKind, Stage, Step, StepId
from cachesim.graph.options import BaseImage, normalize_ref
from cachesim.graph.platforms import HOST, Platform, PlatformError

__all__ = ["Done", "Walk"]

_NEEDS_BUILDKIT = ("the --{} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build "
                   "images with BuildKit enabled")


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
    states: list[State] = field(default_factory=list)
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

    def _begin(self, stage: Stage) -> State:
        step = stage.steps[0].id
        if stage.error is not None:
            raise StepFails(step, stage.error.message, stage.error.code)
        if stage.name and any(s.name == stage.name for s in self.graph.stages[:stage.index]):
            raise StepFails(step, f"{stage.name} stage name already used", "stage-name-used")
        args = Args(dict(self.request.options.args), dict(self.graph.global_scope))
        if isinstance(stage.base, int):
            source = self.states[stage.base]
            self.base_ids[stage.index] = source.image_id
            return State(stage, source.image_id, source.image, source.platform, replace(source.config, onbuild=()), args,
                         source.files, Places(source.places))
        if stage.base.kind is SourceKind.SCRATCH:
            return State(stage, "", None, self.platform, config_of_image(None), args, Files(SCRATCH), Places(plain=True))
        image = self._known(stage.base.name, step)
        identity = image.manifest or image.chain
        platform = self.platform if image.source == "assumed" else str(HOST)
        self.base_ids[stage.index] = identity
        return State(stage, identity, None, platform, config_of_image(image.config), args, Files(base_filesystem(image.chain)),
                     Places(plain=image.source == "scenario"))

    def _known(self, ref: str, step: StepId) -> BaseImage:
        image = self.request.bases.get(ref)
        if image is None:
            image = BaseImage(ref, f"name {ref}", f"name {ref}", None)
        if image.config is None:
            self.assumed.append((unasked(image), step))
        return image

    @property
    def platform(self) -> str:
        """The platform that is built for."""
        try:
            return str(Platform.parse(self.request.options.platform)) if self.request.options.platform else str(HOST)
        except PlatformError as e:
            raise StepFails(self.graph.stages[0].steps[0].id, str(e), "bad-platform") from None

    # -- one step ---------------------------------------------------------------------------------------------------

    def _step(self, state: State, step: Step) -> None:
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
            self._check_container(state, step, probe)
            if plan.merges:
                stored = replace(probe, config=merged(probe.config, before))
                state.config = replace(state.config, health=stored.config.health)
            files = state.files.then(plan.change) if plan.change is not None else state.files
            image = Image(f"{self.number}:{step.id.stage}.{step.id.index}", state.image_id, stored, state.image, state.platform,
                          self.number, files)
            self.children[state.image_id] = (*self.children.get(state.image_id, ()), image)
        else:
            image, stored = hit, hit.probe
        self.done[step.id] = Done(step.id, hit, image, probe, stored, tuple(plan.own), plan.runs, plan.sources, plan.paths,
                                  plan.empty)
        state.image_id, state.image, state.files = image.id, image, image.files

    def _check_container(self, state: State, step: Step, probe: Probe) -> None:
        """What stops a container from being made or started, as far as files are known (COPY and ADD make none)."""
        run = isinstance(step.instruction, ins.Run)
        if isinstance(step.instruction, ins.Copy) or not (run or probe.config.volumes):
            return
        fs = state.files.value()
        for volume in sorted(probe.config.volumes):
            entry = fs.known(fs.resolved(volume.strip("/")))
            if entry is not None and entry.kind is FileKind.FILE:
                raise StepFails(step.id, f"cannot mount volume over existing file, file exists {volume}", "volume-over-file")
        program = _argv(state, step.instruction)[0] if isinstance(step.instruction, ins.Run) else ""
        if run and fs.exact and not _is_there(fs, program, state.config):
            raise StepFails(step.id, f'unable to start container process: exec: "{program}": no such file or directory '
                                     "(the stage has no such program)", "no-such-program")

    def _lookup(self, state: State, probe: Probe, new_id: str) -> Image | None:
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

    def _restored(self, state: State, probe: Probe, found: Image | None, new_id: str) -> Image | None:
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
                    return Image(new_id, state.image_id, probe, state.image, state.platform, self.number, image.files,
                                 False, image.id)
        return None

    # -- what a step asks for ---------------------------------------------------------------------------------------

    def _plan(self, state: State, step: Step) -> Plan:
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
                plan = workdir(state, step.id, word(instruction.path))
                state.places.folder(state.config.workdir)
                return plan
        comment = configure(state, step.id, instruction, env, self.request.dockerfile.escape,
                            plain=self._is_label_option(step.id))
        probe = Probe(state.config, (*state.shell, "#(nop) ", comment))
        return Plan(probe, [text_part(instruction.keyword, comment)], merges=True)

    def _is_label_option(self, step: StepId) -> bool:
        last = self.graph.stages[self.graph.target].steps
        return step.stage == self.graph.target and step.index > last[-1].id.index - len(dict(self.request.options.labels))

    def _run(self, state: State, step: Step, run: ins.Run) -> Plan:
        if run.flags:
            raise StepFails(step.id, _NEEDS_BUILDKIT.format(run.flags[0].name), "needs-buildkit")
        argv = _argv(state, run)
        env = dict(state.config.env)
        visible = state.args.visible(env)
        listed = state.args.listed(visible)
        probe = Probe(replace(state.config, entrypoint=None), run_key(argv, visible, listed))
        state.places.ran(" ".join(argv))
        own = [KeyPart(PartKind.SHELL, "SHELL of the command", " ".join(argv[:-1]), digest_of(*argv[:-1])),
               KeyPart(PartKind.COMMAND, "command", " ".join(argv[-1:]), digest_of(*argv[-1:]))]
        own += [KeyPart(PartKind.ARG, f"ARG {name}", value, digest_of(value))
                for name, _, value in (pair.partition("=") for pair in listed)]
        if visible and not listed:
            own.append(KeyPart(PartKind.FLAG, "proxy argument", "given", digest_of("given")))
        run_env = Env((*env.items(), *visible.items()))
        run_id = f"{self.number}:{step.id.stage}.{step.id.index}"
        shell, cwd = run.argv is None, state.config.workdir or "/"

        def change(fs: FileSystem) -> FileSystem:
            return fs.after(Execution(run_id, argv, shell, run_env, cwd, lambda _: fs, lambda: ()))

        return Plan(probe, own, change, empty=False)

    def _check_owner(self, state: State, step: Step, chown: str) -> None:
        """Stop where a name is looked up and nothing has brought the table.

        Source: moby builder/dockerfile/internals_linux.go.
        """
        user, _, group = chown.partition(":")
        for name, table, kind in ((user, "etc/passwd", "uid for user"), (group or user, "etc/group", "gid for group")):
            fs = state.files.value() if not name.isdigit() else None
            if fs is not None and fs.exact and fs.known(table) is None:
                raise StepFails(step.id, f"unable to convert uid/gid chown string to host mapping: can't find {kind} {name}: "
                                         f"open /{table}: no such file or directory", "no-user-table")

    # -- COPY and ADD -----------------------------------------------------------------------------------------------

    def _copy(self, state: State, step: Step, copy: ins.Copy, word: Callable[[str], str]) -> Plan:
        sources, dest, chown = [word(s) for s in copy.sources], word(copy.destination), word(copy.chown)
        if word(copy.chmod):
            raise StepFails(step.id, _NEEDS_BUILDKIT.format("chmod"), "needs-buildkit")
        plain = frozenset(b.chain for b in self.request.bases.values() if b.source == "scenario")
        taken = Taken(self.contents, plain)
        from_ = self._source(state, step, copy.from_) if copy.from_ else None
        for source in sources:
            if source.startswith(("http://", "https://")):
                self._check_download(step, copy, source, dest)
                taken.download(source)
            elif from_ is not None:
                taken.from_stage(from_.files.value(), source)
            else:
                taken.from_context(self.context, source)
        if not taken.copied:
            raise StepFails(step.id, f"{copy.keyword} failed: no source files were specified", "copy-source-missing")
        if len(taken.copied) > 1 and not dest.endswith("/") and not taken.unsure:
            raise StepFails(step.id, f"When using {copy.keyword} with more than one source file, the destination must be "
                                     "a directory and end with a /", "copy-destination")
        flag, content = f"--chown={chown} " if chown else "", taken.content
        probe = Probe(state.config, (*state.shell, f"#(nop) {copy.keyword} {flag}\0 in {dest} "), content,
                      digest_of("sources", *sorted(taken.places)) if from_ is not None else "",
                      bool(taken.runs) or taken.undecided)
        own = [text_part("instruction", copy.keyword),
               KeyPart(PartKind.CONTENT if from_ is None else PartKind.STAGE_CONTENT, ", ".join(sources),
                       content.rpartition(":")[2][:12], digest_of(content)),
               KeyPart(PartKind.DESTINATION, "destination", dest, digest_of(dest))]
        if chown:
            self._check_owner(state, step, chown)
            own.append(KeyPart(PartKind.OWNER, "--chown", chown, digest_of(chown)))
        target, owner, copied = destination(state.config.workdir, dest), owner_of(chown), tuple(taken.copied)

        blocked = state.places.copy(copied, target)
        if blocked is not None:
            raise StepFails(step.id, f"failed to copy files: {blocked}: not a directory", "copy-over-file")

        likely = self.contents.world is World.LIKELY

        def change(fs: FileSystem) -> FileSystem:
            return placed(fs, copied, target, self.contents.owner(fs, owner), unpack=isinstance(copy, ins.Add), likely=likely)

        stages = (from_.stage.index,) if from_ is not None and from_.stage is not state.stage else ()
        return Plan(probe, own, change, runs=tuple(taken.runs), sources=stages, paths=tuple(taken.paths), empty=False)

    def _check_download(self, step: Step, copy: ins.Copy, url: str, dest: str) -> None:
        if not isinstance(copy, ins.Add):
            raise StepFails(step.id, f"{copy.keyword} failed: source can't be a URL for {copy.keyword}", "copy-remote")
        path = url.split("#")[0].split("?")[0].split("://", 1)[1].partition("/")[2]
        if dest.endswith("/") and not posixpath.basename(path):
            raise StepFails(step.id, f"ADD failed: cannot determine filename for source {url}", "add-filename")
        self.assumed.append((f"{url} still gives the same bytes as before (only the engine can fetch it)", step.id))

    def _source(self, state: State, step: Step, name: str) -> State:
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
        return State(state.stage, image.manifest or image.chain, None, str(HOST), Config(), state.args,
                      Files(base_filesystem(image.chain)), Places())


def _argv(state: State, run: ins.Run) -> tuple[str, ...]:
    return (run.argv or ("",)) if run.argv is not None else (*state.shell, run.command or "")


def _is_there(fs: FileSystem, program: str, config: Config) -> bool:
    """Whether a stage whose files are all known holds a program."""
    folders = [config.workdir] if "/" in program else dict(config.env).get("PATH", "").split(":")
    return any(fs.known(fs.resolved(posixpath.join(folder, program).strip("/"))) is not None for folder in folders)
