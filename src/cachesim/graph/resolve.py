"""Which stages and sources do the names in a Dockerfile mean, and which of them does the target need?

Source: BuildKit v0.25 frontend/dockerfile/dockerfile2llb/convert.go (buildDispatchStates, toCommand, allReachableStages);
for the classic builder moby v28.5 builder/dockerfile (evaluator.go, dispatchers.go).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from cachesim.diagnostics import Diagnostic, Severity, SourceSpan
from cachesim.dockerfile.expand import ExpandError, expand_word
from cachesim.dockerfile.instructions import (
    Arg,
    Copy,
    From,
    Instruction,
    Label,
    Onbuild,
    ParsedDockerfile,
    Run,
)
from cachesim.dockerfile.parser import parse_instruction
from cachesim.dockerfile.remote import remote_kind
from cachesim.dockerfile.words import go_quote, suggestion
from cachesim.graph.model import (
    BuildGraph,
    Edge,
    EdgeKind,
    Source,
    SourceKind,
    Stage,
    Step,
    StepId,
    find_source,
)
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, familiar_ref, normalize_ref, reference_problem
from cachesim.graph.platforms import Platform, PlatformError, platform_args
from cachesim.graph.query import first_cycle, reachable
from cachesim.same import REMEMBERED, Same, SameAll

__all__ = ["resolve"]


def resolve(parsed: ParsedDockerfile, options: BuildOptions, bases: Mapping[str, BaseImage],
            engine: EngineKind = EngineKind.BUILDKIT) -> BuildGraph:
    """Build the graph of one build; wrong names become diagnostics and the graph's `error`.

    The same arguments give the same object (see `same`).

    Args:
        bases: What is known of images, by normalised reference (their ONBUILD triggers become steps).
    """
    return _resolved(Same(parsed), options, tuple([(ref, Same(image)) for ref, image in bases.items()]), engine)


@functools.lru_cache(maxsize=REMEMBERED)
def _resolved(parsed: Same[ParsedDockerfile], options: BuildOptions, bases: tuple[tuple[str, Same[BaseImage]], ...],
              engine: EngineKind) -> BuildGraph:
    return _Resolver(parsed.value, options, {ref: image.value for ref, image in bases}, engine).graph()


class _Naming(NamedTuple):
    """A step that names what it reads: a stage, a context or an image."""

    step: Step
    kind: EdgeKind
    name: str
    by_index: bool


class _Outline(NamedTuple):
    """What follows from the instructions of a stage alone: its steps, and what each takes from where, in order."""

    steps: tuple[Step, ...]
    inputs: tuple[Edge | _Naming, ...]


@functools.lru_cache(maxsize=8 * REMEMBERED)
def _outline(index: int, triggers: int, instructions: SameAll[Instruction]) -> _Outline:
    """Of the stage at an index: FROM, a number of ONBUILD triggers of its base, its own instructions.

    The same ones give the same object.
    """
    steps = tuple([Step(StepId(index, i), instruction, onbuild=0 < i <= triggers)
                   for i, instruction in enumerate(instructions.values)])
    inputs: list[Edge | _Naming] = []
    for above, step in itertools.pairwise(steps):
        inputs.append(Edge(EdgeKind.PARENT, above.id, step.id))
        if isinstance(step.instruction, Copy):
            inputs += _read_by_copy(step, step.instruction)
        elif isinstance(step.instruction, Run):
            inputs += _mounted(step, step.instruction)
    return _Outline(steps, tuple(inputs))


def _read_by_copy(step: Step, copy: Copy) -> Iterator[Edge | _Naming]:
    if copy.from_:
        yield _Naming(step, EdgeKind.COPY_FROM, copy.from_, by_index=True)
        return
    remote = [_remote(s) for s in copy.sources]
    if any(r is None for r in remote):
        yield Edge(EdgeKind.CONTEXT, Source(SourceKind.CONTEXT), step.id)
    for source in remote:
        if source is not None:
            yield Edge(EdgeKind.CONTEXT, source, step.id)


def _mounted(step: Step, run: Run) -> Iterator[Edge | _Naming]:
    for mount in run.mounts:
        name = dict(mount.options).get("from")
        if name:
            yield _Naming(step, EdgeKind.MOUNT, name, by_index=False)
        elif mount.type == "bind":
            yield Edge(EdgeKind.CONTEXT, Source(SourceKind.CONTEXT), step.id)


class _Resolver:
    def __init__(self, parsed: ParsedDockerfile, options: BuildOptions, bases: Mapping[str, BaseImage],
                 engine: EngineKind) -> None:
        self.parsed, self.options, self.bases, self.engine = parsed, options, bases, engine
        contexts = options.contexts if engine is EngineKind.BUILDKIT else ()
        self.contexts = {familiar_ref(name): value for name, value in contexts}
        self.diagnostics: list[Diagnostic] = list(parsed.diagnostics)
        self.error = parsed.error
        self.scope: dict[str, str] = {}
        self.stages: list[Stage] = []
        self.inputs: list[tuple[Edge | _Naming, ...]] = []      # of each stage, its base excepted

    def graph(self) -> BuildGraph:
        meta, groups = _stages_of(self.parsed.instructions)
        self._global_scope([i for i in meta if isinstance(i, Arg)], groups)
        for index, group in enumerate(groups):
            self.stages.append(self._stage(index, group))
        graph = BuildGraph(
            meta=tuple(Step(StepId(-1, i), instruction) for i, instruction in enumerate(meta)),
            stages=tuple(self.stages), target=-1, edges=(), global_scope=tuple(self.scope.items()),
            contexts=self.contexts, error=None, diagnostics=())
        graph = self._with_labels(replace(graph, target=self._target(graph)))
        if self.engine is EngineKind.BUILDKIT:
            self._check_names(graph)
        graph = replace(graph, edges=tuple(self._edges(graph)))
        needed = self._needed(graph)
        stages = tuple(replace(s, reachable=s.index in needed) for s in graph.stages)
        return replace(graph, stages=stages, error=self.error, diagnostics=tuple(self.diagnostics))

    def _fail(self, span: SourceSpan, message: str, code: str) -> Diagnostic:
        found = Diagnostic(span, Severity.ERROR, message, code)
        self.diagnostics.append(found)
        self.error = self.error or found
        return found

    def _fail_stage(self, span: SourceSpan, message: str, code: str) -> Diagnostic:
        """A stage that cannot begin: BuildKit refuses the file, the classic builder stops when it gets there."""
        if self.engine is EngineKind.CLASSIC:
            return Diagnostic(span, Severity.ERROR, message, code)
        return self._fail(span, message, code)

    def _global_scope(self, meta: Sequence[Arg], groups: Sequence[Sequence[Instruction]]) -> None:
        given = dict(self.options.args)
        if self.engine is EngineKind.BUILDKIT:
            target = self.options.target
            if not target and groups:
                last = groups[-1][0]
                target = last.name if isinstance(last, From) else ""
            try:
                self.scope.update(platform_args(self.options.platform, target))
            except PlatformError as e:
                self._fail(_START, str(e), "bad-platform")
            for name in self.scope:
                if given.get(name) is not None:
                    self.scope[name] = given[name] or ""
        for instruction in meta:
            for name, default in instruction.pairs:
                value = given.get(name)
                if value is None and default is not None:
                    try:
                        value = expand_word(default, self.scope, self.parsed.escape)
                    except ExpandError as e:
                        self._fail(instruction.span, str(e), "expansion")
                if value is not None:
                    self.scope.pop(name, None)
                    self.scope[name] = value

    def _stage(self, index: int, group: Sequence[Instruction]) -> Stage:
        from_ = group[0]
        assert isinstance(from_, From)
        problem: Diagnostic | None = None
        image = platform = ""
        try:
            image = expand_word(from_.image, self.scope, self.parsed.escape)
            platform = expand_word(from_.platform, self.scope, self.parsed.escape)
            if not image:
                problem = self._fail_stage(from_.span, f"base name ({from_.image}) should not be blank", "blank-base")
            elif from_.platform and not platform:
                problem = self._fail_stage(from_.span, f"empty platform value from expression {from_.platform}", "bad-platform")
            elif platform:
                Platform.parse(platform)
        except ExpandError as e:
            problem = self._fail_stage(from_.span, str(e), "expansion")
        except PlatformError as e:
            problem = self._fail_stage(from_.span, f"failed to parse platform {from_.platform}: {e}", "bad-platform")
        base, misnamed = self._base(from_, image or "scratch")
        triggers, unread = self._triggers(base, from_)
        problem = problem or misnamed or unread
        outline = _outline(index, len(triggers), SameAll((from_, *triggers, *group[1:])))
        self.inputs.append(outline.inputs)
        return Stage(index, from_.name, base, platform, outline.steps, reachable=False, error=problem)

    def _base(self, from_: From, image: str) -> tuple[Source | int, Diagnostic | None]:
        if from_.name and self.engine is EngineKind.BUILDKIT and familiar_ref(from_.name) in self.contexts:
            return Source(SourceKind.NAMED_CONTEXT, familiar_ref(from_.name)), None
        wanted = image if self.engine is EngineKind.BUILDKIT else image.lower()
        for stage in reversed(self.stages):
            if stage.name and stage.name == wanted:
                return stage.index, None
        problem = None
        source = find_source(image, self.contexts)
        if image != "scratch" and source.kind in (SourceKind.IMAGE, SourceKind.SCRATCH) and (found := reference_problem(image)):
            problem = self._fail_stage(from_.span, f"failed to parse stage name {go_quote(image)}: {found}", "bad-reference")
        return source, problem

    def _check_names(self, graph: BuildGraph) -> None:
        """Refuse --from and from= that name nothing there can be, in stages that are not needed too."""
        for named in (i for inputs in self.inputs for i in inputs if isinstance(i, _Naming)):
            try:
                found = graph.find(named.name, by_index=named.by_index) if self._expanded(named) == named.name else 0
            except ExpandError:
                continue
            if isinstance(found, Source) and found.kind is SourceKind.IMAGE and (problem := reference_problem(named.name)):
                message = f"failed to parse stage name {go_quote(named.name)}: {problem}"
                self._fail(named.step.instruction.span, message, "bad-reference")

    def _triggers(self, base: Source | int, from_: From) -> tuple[list[Instruction], Diagnostic | None]:
        if isinstance(base, int):
            found = [s.instruction for s in self.stages[base].steps if isinstance(s.instruction, Onbuild)]
            return [i.trigger for i in found if i.trigger is not None], None
        name = base.name
        if base.kind is SourceKind.NAMED_CONTEXT:
            value = self.contexts[name]
            if not value.startswith("docker-image://"):
                return [], None
            name = normalize_ref(value.removeprefix("docker-image://"))
        image = self.bases.get(name)
        if image is None or image.config is None:
            return [], None
        triggers, problem = [], None
        for text in image.config.onbuild:
            trigger = parse_instruction(text)
            if trigger is None:
                problem = self._fail_stage(from_.span, f"the base image's trigger ONBUILD {text} does not parse", "onbuild")
            else:
                triggers.append(replace(trigger, span=from_.span))
        return triggers, problem

    def _target(self, graph: BuildGraph) -> int:
        wanted = self.options.target
        if not graph.stages:
            return -1
        if not wanted:
            return len(graph.stages) - 1
        for stage in reversed(graph.stages):
            if stage.name and stage.name == wanted.lower():
                return stage.index
        near = suggestion(wanted, [s.label for s in graph.stages], fold_case=False) if self.engine is EngineKind.BUILDKIT else ""
        message = f'target stage "{wanted}" could not be found{near}'
        self._fail(graph.stages[-1].from_.span, message, "unknown-target")
        return -1

    def _with_labels(self, graph: BuildGraph) -> BuildGraph:
        """The classic builder's --label: one more LABEL step for each name, at the end of the target."""
        labels = sorted(dict(self.options.labels).items())
        if self.engine is not EngineKind.CLASSIC or graph.target < 0 or not labels:
            return graph
        stage = graph.stages[graph.target]
        last = stage.steps[-1]
        added = [Step(StepId(stage.index, last.id.index + i),
                      Label("LABEL", last.instruction.span, f"LABEL {key}={value}", (), (), ((key, value),), False))
                 for i, (key, value) in enumerate(labels, 1)]
        self.inputs[stage.index] += tuple([Edge(EdgeKind.PARENT, StepId(stage.index, s.id.index - 1), s.id) for s in added])
        stages = list(graph.stages)
        stages[graph.target] = replace(stage, steps=(*stage.steps, *added))
        return replace(graph, stages=tuple(stages))

    def _edges(self, graph: BuildGraph) -> list[Edge]:
        edges: list[Edge] = []
        for stage, inputs in zip(graph.stages, self.inputs, strict=True):
            origin = graph.stages[stage.base].steps[-1].id if isinstance(stage.base, int) else stage.base
            edges.append(Edge(EdgeKind.PARENT, origin, stage.steps[0].id))
            for given in inputs:
                if isinstance(given, Edge):
                    edges.append(given)
                else:
                    edges += self._named(graph, stage, given)
        return edges

    def _named(self, graph: BuildGraph, stage: Stage, named: _Naming) -> list[Edge]:
        if self.engine is EngineKind.CLASSIC:
            return self._classic_from(graph, stage, named)
        span = named.step.instruction.span
        try:
            changes = self._expanded(named) != named.name
        except ExpandError as e:
            self._fail(span, str(e), "expansion")
            return []
        if changes:
            self._fail(span, "variable expansion is not supported for --from, define a new stage with FROM using ARG from "
                             "global scope as a workaround", "from-variable")
            return []
        found = graph.find(named.name, by_index=named.by_index)
        if isinstance(found, Source):
            return [Edge(named.kind, found, named.step.id)]
        if found < 0 or found >= len(graph.stages):
            self._fail(span, f"invalid stage index {found}", "unknown-stage")
            return []
        return [Edge(named.kind, graph.stages[found].steps[-1].id, named.step.id)]

    def _expanded(self, named: _Naming) -> str:
        """What a --from would come to; a lone $ is nothing. In a mount it was refused before."""
        return expand_word(named.name, {}, self.parsed.escape) if named.by_index else named.name

    def _classic_from(self, graph: BuildGraph, stage: Stage, named: _Naming) -> list[Edge]:
        """The classic builder only knows stages that are finished, and says what is wrong when it gets there."""
        name, step = named.name, named.step
        earlier = graph.stages[:stage.index]
        found = next((s for s in earlier if s.name and s.name == name.lower()), None)
        if found is None and name.isdigit() and int(name) < len(earlier):
            found = earlier[int(name)]
        if found is not None:
            return [Edge(named.kind, found.steps[-1].id, step.id)]
        if name.isdigit() or "$" in name:
            return []
        return [Edge(named.kind, find_source(name, {}), step.id)]

    def _needed(self, graph: BuildGraph) -> set[int]:
        if self.engine is EngineKind.CLASSIC:
            return set(range(graph.target + 1))
        links: dict[int, set[int]] = {s.index: set() for s in graph.stages}
        for edge in graph.edges:
            if isinstance(edge.origin, StepId) and edge.origin.stage != edge.target.stage:
                links[edge.target.stage].add(edge.origin.stage)
            elif isinstance(edge.origin, StepId) and edge.kind is not EdgeKind.PARENT:
                links[edge.target.stage].add(edge.origin.stage)
        cycle = first_cycle(links)
        if cycle:
            stage = graph.stages[cycle[0]]
            self._fail(stage.from_.span, f"circular dependency detected on stage: {stage.label}", "cycle")
        return reachable(links, graph.target) if graph.target >= 0 else set()


_START = SourceSpan(1, 0, 1, 0)


def _remote(word: str) -> Source | None:
    kind = remote_kind(word)
    return Source(SourceKind.GIT if kind == "git" else SourceKind.URL, word) if kind else None


def _stages_of(instructions: Sequence[Instruction]) -> tuple[list[Instruction], list[list[Instruction]]]:
    meta: list[Instruction] = []
    groups: list[list[Instruction]] = []
    for instruction in instructions:
        if isinstance(instruction, From):
            groups.append([instruction])
        elif groups:
            groups[-1].append(instruction)
        elif isinstance(instruction, Arg):
            meta.append(instruction)
    return meta, groups
