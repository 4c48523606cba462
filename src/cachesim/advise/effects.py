"""What does each instruction of a Dockerfile read and write?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cachesim.advise.access import Access, AccessKind, Effects, Scope, walk_links
from cachesim.advise.commands import CommandTable
from cachesim.advise.copying import Contexts, copy_accesses
from cachesim.advise.running import RunFacts, run_facts
from cachesim.advise.surroundings import Surroundings, parents, surroundings_of
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import Expander, ExpandError
from cachesim.dockerfile.parser import parse
from cachesim.graph.model import BuildGraph, Step, StepId
from cachesim.graph.options import EngineKind, ImageStore
from cachesim.graph.resolve import resolve
from cachesim.project.state import ProjectState

__all__ = ["Access", "AccessKind", "Analysis", "Effects", "Scope", "analyse", "effects_of"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """All of one Dockerfile, by index among the instructions.

    Attributes:
        steps: The step of each instruction.
        runs: What is known of each RUN.
        links: Links that the file makes in the image, name to target.
    """

    parsed: ins.ParsedDockerfile
    graph: BuildGraph
    steps: tuple[StepId, ...]
    effects: tuple[Effects, ...]
    surroundings: tuple[Surroundings, ...]
    runs: Mapping[int, RunFacts]
    links: Mapping[str, str]


def analyse(state: ProjectState, commands: CommandTable, parsed: ins.ParsedDockerfile | None = None) -> Analysis:
    """Find the effects of every instruction."""
    parsed = parse(state.text) if parsed is None else parsed
    graph = resolve(parsed, state.options, state.bases, state.engine)
    reader = _Reader(state, parsed, graph, commands)
    around = surroundings_of(graph, state.options, state.bases, parsed.escape, reader.known_after)
    steps = [s for s in (*graph.meta, *(s for stage in graph.stages for s in stage.steps)) if not s.onbuild]
    steps = steps[:len(parsed.instructions)]        # the classic builder's --label makes more
    effects = tuple(reader.effects(step, around[step.id]) for step in steps)
    runs = {n: reader.runs[s.id] for n, s in enumerate(steps) if s.id in reader.runs}
    links = dict(link for facts in runs.values() for link in facts.links)
    for found in effects:
        for access in found.writes:
            if access.tree is not None:
                links.update(walk_links(access.tree, access.name))
    return Analysis(parsed, graph, tuple(s.id for s in steps), effects, tuple(around[s.id] for s in steps), runs, links)


def effects_of(analysis: Analysis, step: StepId) -> Effects:
    """The effects of one step."""
    return analysis.effects[analysis.steps.index(step)]


class _Reader:
    """Reads instructions one by one; RUNs are read once."""

    def __init__(self, state: ProjectState, parsed: ins.ParsedDockerfile, graph: BuildGraph, commands: CommandTable) -> None:
        self.state, self.graph, self.commands = state, graph, commands
        self.escape = parsed.escape
        self.contexts = Contexts(state.context, state.named_contexts, state.options)
        self.runs: dict[StepId, RunFacts] = {}

    def known_after(self, step: Step, at: Surroundings) -> frozenset[str]:
        """The folders that surely exist after a RUN."""
        assert isinstance(step.instruction, ins.Run)
        facts = self.runs[step.id] = run_facts(step.instruction, at, self.commands, self.escape)
        return facts.known_after

    def effects(self, step: Step, at: Surroundings) -> Effects:
        """The effects of a step."""
        instruction = step.instruction
        if isinstance(instruction, ins.Run):
            found = self.runs[step.id].effects
            words = [f.value or "" for f in instruction.flags]
            return replace(found, reads=(*found.reads, *self._variables(words, at)))
        reads, writes, words, same = self._plain(instruction, at)
        return Effects((*reads, *self._variables(words, at)), tuple(writes), known=at.known, unchanged=frozenset(same))

    def _variables(self, words: Iterable[str], at: Surroundings) -> Iterator[Access]:
        expander = Expander(self.escape)
        for word in words:
            if "$" not in word:
                continue
            try:
                found = expander.expand(word, at.env)
            except ExpandError:
                continue
            for name in (*found.used, *found.unset):
                yield Access(AccessKind.VARIABLE, name)

    def _plain(self, instruction: ins.Instruction, at: Surroundings) -> _Found:
        """Reads, writes, the words in which variables count, and writes that change nothing."""
        match instruction:
            case ins.Copy() as copy:
                reads, writes = copy_accesses(
                    copy, at, self.graph, self.contexts, self.escape,
                    links_apart=self.state.store is ImageStore.CONTAINERD and self.state.engine is EngineKind.BUILDKIT)
                bodies = [h.used for h in copy.heredocs if h.expand]
                return reads, writes, [*copy.sources, copy.destination, copy.chown, copy.chmod, *bodies], []
            case ins.Env() as env:
                pairs = [(at.expand(k, self.escape), at.expand(v, self.escape)) for k, v in env.pairs]
                writes = [a for k, v in pairs for a in (_variable(k, f"ENV {v}"), _config(f"ENV {k}", v))]
                return [], writes, [w for pair in env.pairs for w in pair], []
            case ins.Arg() as arg:
                writes = [_variable(k, "" if v is None else f"ARG {at.expand(v, self.escape)}") for k, v in arg.pairs]
                return [], writes, [v for _, v in arg.pairs if v], []
            case ins.Workdir() as workdir:
                return self._workdir(workdir, at)
            case ins.User() as user:
                name = at.expand(user.user, self.escape)
                same = [(AccessKind.USER, "user")] if name == at.user else []
                return [], [Access(AccessKind.USER, "user", token=name), _config("USER", name)], [user.user], same
            case ins.Shell() as shell:
                same = [(AccessKind.SHELL, "shell")] if shell.argv == at.shell else []
                token = "\0".join(shell.argv)
                return [], [Access(AccessKind.SHELL, "shell", token=token), _config("SHELL", token)], [], same
            case ins.Volume() as volume:
                return self._volume(volume, at)
            case ins.From() as from_:
                names = [Access(AccessKind.STAGE, from_.name)] if from_.name else []
                return [Access(AccessKind.STAGE, from_.image.lower())], names, [from_.image, from_.platform], []
        return *self._metadata(instruction, at), []

    def _workdir(self, workdir: ins.Workdir, at: Surroundings) -> _Found:
        path = at.absolute(at.expand(workdir.path, self.escape))
        reads = [Access(AccessKind.USER, "user")] if any(p not in at.known for p in parents(path)) else []
        if reads and not at.is_root and not at.user.replace(":", "").isdigit():
            reads += [Access(AccessKind.PATH, name, shown=f"the user {at.user}") for name in ("/etc/passwd", "/etc/group")]
        if not at.expand(workdir.path, self.escape).startswith("/"):
            reads.append(Access(AccessKind.WORKDIR, "working folder"))
        writes = [Access(AccessKind.WORKDIR, "working folder", token=path), _config("WORKDIR", path)]
        writes += [Access(AccessKind.PATH, p, token=f"755 {at.owner}", makes=True) for p in parents(path)]
        same = [(AccessKind.WORKDIR, "working folder")] if path == at.cwd else []
        return reads, writes, [workdir.path], same

    def _volume(self, volume: ins.Volume, at: Surroundings) -> _Found:
        paths = [at.expand(p, self.escape) for p in volume.paths]
        writes = [_config(f"VOLUME {p}", p) for p in paths]
        if self.state.engine is EngineKind.CLASSIC:     # what a later RUN writes there is lost
            writes += [Access(AccessKind.PATH, at.absolute(p), scope=Scope.TREE, shown=f"the volume {p}") for p in paths]
        return [], writes, list(volume.paths), []

    def _metadata(self, instruction: ins.Instruction, at: Surroundings) -> tuple[list[Access], list[Access], list[str]]:
        match instruction:
            case ins.Label() as label:
                pairs = [(at.expand(k, self.escape), at.expand(v, self.escape)) for k, v in label.pairs]
                return [], [_config(f"LABEL {k}", v) for k, v in pairs], [w for pair in label.pairs for w in pair]
            case ins.Expose() as expose:
                return [], [_config(f"EXPOSE {p}", p) for p in expose.ports], list(expose.ports)
            case ins.Cmd() | ins.Entrypoint():
                reads = [] if instruction.argv is not None else [Access(AccessKind.SHELL, "shell")]
                return reads, [_config(instruction.keyword, repr(instruction.argv or instruction.command))], []
            case ins.Stopsignal() as stop:
                return [], [_config("STOPSIGNAL", at.expand(stop.signal, self.escape))], [stop.signal]
            case ins.Onbuild():
                return [], [_config("ONBUILD", "")], []
        return [], [_config(instruction.keyword, "")], []


_Found = tuple[list[Access], list[Access], list[str], list[tuple[AccessKind, str]]]


def _variable(name: str, token: str) -> Access:
    return Access(AccessKind.VARIABLE, name, token=token)


def _config(name: str, token: str) -> Access:
    return Access(AccessKind.CONFIG, name, token=token)
