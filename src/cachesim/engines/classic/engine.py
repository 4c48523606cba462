"""What will the classic builder do with this build?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cachesim.cache.images import Image, ImageList
from cachesim.cache.index import StepKey
from cachesim.cache.key import CacheKey, KeyPart, PartChange, PartKind, changed_parts
from cachesim.cache.store import CacheStore
from cachesim.context.ignore import IgnoreMatcher, matcher_for
from cachesim.context.snapshot import FileEntry
from cachesim.diagnostics import Diagnostic, Severity, SourceSpan
from cachesim.digest import digest_of
from cachesim.dockerfile import instructions as ins
from cachesim.engines.base import (
    Assumption,
    BuildRequest,
    BuildVerdict,
    ContextRead,
    HistoryEntry,
    MissReason,
    Outcome,
    RunClaimKind,
    StepVerdict,
    VertexReport,
)
from cachesim.engines.buildkit.content import World
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.files import lazy_paths
from cachesim.engines.classic.explain import asked, matched, refusal_rule, rule, selectors, with_files
from cachesim.engines.classic.ignored import ignored_parts, unread_options
from cachesim.engines.classic.state import StepFails
from cachesim.engines.classic.sums import Sums
from cachesim.engines.classic.walk import Done, Walk
from cachesim.engines.rules import Rule
from cachesim.errors import ContextError
from cachesim.graph.model import BuildGraph, Stage, Step, StepId
from cachesim.graph.options import normalize_ref
from cachesim.progress import Progress

__all__ = ["Classic"]

_OWN = frozenset({PartKind.COMMAND, PartKind.CONTENT, PartKind.STAGE_CONTENT, PartKind.DESTINATION, PartKind.OWNER, PartKind.ARG,
                  PartKind.FILE, PartKind.FLAG})


class Classic:
    """The rules of the classic builder (moby, DOCKER_BUILDKIT=0).

    Args:
        keep_owners: The context is sent by a client that keeps the owners of files (the Python SDK); the CLI makes them root's.
    """

    def __init__(self, *, keep_owners: bool = False) -> None:
        self.keep_owners = keep_owners

    def run(self, request: BuildRequest, graph: BuildGraph, store: CacheStore,
            progress: Progress) -> tuple[BuildVerdict, CacheStore]:
        """Predict one build (see `Engine.run`)."""
        progress.step(0, 2)
        if graph.error is not None or graph.target < 0:
            message = graph.error.message if graph.error else "unexpected EOF (the builder breaks off at a file without FROM)"
            at = _step_at(graph, graph.error) if graph.error else None
            return _refused(graph, message, at), store
        try:
            matcher = matcher_for(request.context.ignore_text(".dockerignore"), ".dockerignore")
            tree = matcher.filtered(request.context.tree)
            unreadable = _unreadable(tree)
        except ContextError as e:
            return _refused(graph, str(e), None), store
        if unreadable:
            return _refused(graph, f"error checking context: no permission to read from '{unreadable}'", None), store
        progress.step(1, 2)
        sums = Sums(tree, matcher, keep_owners=self.keep_owners)
        return _Build(request, graph, store, matcher, sums).verdict()


class _Build:
    def __init__(self, request: BuildRequest, graph: BuildGraph, store: CacheStore, matcher: IgnoreMatcher, sums: Sums) -> None:
        self.request, self.graph, self.store, self.matcher, self.sums = request, graph, store, matcher, sums
        self.images = store.classic
        self.number = len(store.builds)
        self.steps = {s.id: s for s in (*graph.meta, *(s for stage in graph.stages for s in stage.steps))}
        self.kept = graph.stages[:graph.target + 1]
        self.cache_from_note = ""
        self.names = self._names()

    def verdict(self) -> tuple[BuildVerdict, CacheStore]:
        worlds = {World.LIKELY: self._walk(World.LIKELY)}
        copies = any(isinstance(s.instruction, ins.Copy) and s.instruction.from_ for stage in self.kept for s in stage.steps)
        if copies or len(self.images.worlds) > 1:
            worlds.update({w: self._walk(w) for w in (World.EQUAL, World.DIFFERENT)})
        likely = worlds[World.LIKELY]
        keys = self._keys(likely)
        previous = matched(self.images.last, keys)
        verdicts = tuple(self._step(worlds, step, keys, previous) for step in self.steps.values())
        failure = likely.failure
        error, diagnostics = "", [*self.graph.diagnostics, *self._warnings(likely)]
        if failure is not None:
            error = str(failure) + self._why_missing(failure)
            diagnostics.append(Diagnostic(self.steps[failure.step].instruction.span, Severity.ERROR, error, failure.code))
        verdict = BuildVerdict(
            verdicts, diagnostics=tuple(diagnostics), assumptions=self._assumptions(likely), error=error,
            error_step=failure.step if failure else None, history=() if failure else self._history(likely))
        new = tuple(k for _, k in sorted(keys.items()))
        built = {key.stage for key in new}          # a stage below the target was built all the same, when it was the target's
        last = new + tuple(k for k in self.images.last if k.stage not in built or (
            failure is not None and all(k is not p for p in previous.values())))
        finals = self.images.finals if failure else {w.value: walk.final for w, walk in worlds.items() if walk.final is not None}
        after = ImageList({w.value: walk.children for w, walk in worlds.items()}, finals, last)
        return verdict, replace(self.store, classic=after)

    def _walk(self, world: World) -> Walk:
        known = self.images.worlds
        children = known.get(world.value) or known.get(World.LIKELY.value) or {}
        walk = Walk(self.request, self.graph, dict(children), Contents(world, self.request.claims), self.number, self.sums,
                    self._cache_from(world))
        walk.run()
        return walk

    def _cache_from(self, world: World) -> list[tuple[Image, ...]] | None:
        """The chains of images that --cache-from names; an empty list lets nothing count."""
        if not self.request.options.cache_from:
            return None
        chains = []
        for ref in self.request.options.cache_from:
            final = self.images.finals.get(world.value) or self.images.finals.get(World.LIKELY.value)
            if final is not None and normalize_ref(ref) not in self.request.bases:
                self.cache_from_note = f"--cache-from {ref} names the image of the last build that succeeded"
                chains.append(tuple(reversed(list(final.chain()))))
        return chains

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def _names(self) -> dict[StepId, str]:
        """Step lines as printed; triggers have none."""
        numbered = [*self.graph.meta, *(s for stage in self.kept for s in stage.steps if not s.onbuild)]
        return {s.id: f"Step {i}/{len(numbered)} : {s.instruction.text}" for i, s in enumerate(numbered, 1)}

    def _step(self, worlds: Mapping[World, Walk], step: Step, keys: Mapping[StepId, StepKey],
              previous: Mapping[StepId, StepKey]) -> StepVerdict:
        likely = worlds[World.LIKELY]
        name = self.names.get(step.id, step.instruction.text)
        failure = likely.failure
        if failure is not None and step.id == failure.step:
            return StepVerdict(step.id, name, Outcome.FAILED, Outcome.FAILED, error=str(failure) + self._why_missing(failure),
                               rule=refusal_rule(failure))
        if step.id.stage > self.graph.target:
            return StepVerdict(step.id, step.instruction.text, Outcome.UNREACHED, Outcome.UNREACHED,
                               rule=Rule.CLASSIC_TARGET)
        if step.id.stage < 0:
            return StepVerdict(step.id, name, Outcome.CONFIG_ONLY, Outcome.CONFIG_ONLY, rule=Rule.CLASSIC_META_ARG,
                               vertices=(VertexReport(name, Outcome.MISS),))
        if failure is not None and step.id > failure.step:
            return StepVerdict(step.id, name, Outcome.NOT_REACHED, Outcome.NOT_REACHED)
        if step.id.index == 0:
            return StepVerdict(step.id, name, Outcome.HIT, Outcome.HIT, rule=Rule.CLASSIC_FROM,
                               vertices=(VertexReport(name, Outcome.HIT),))
        done, key, before = likely.done[step.id], keys[step.id], previous.get(step.id)
        outcome = Outcome.MISS if done.hit is None else Outcome.HIT
        certain = all((walk.done[step.id].hit is None) == (done.hit is None) for walk in worlds.values() if step.id in walk.done)
        cached, wanted = (before.key, key.key) if before is not None else (None, key.key)
        reason: MissReason | None = None
        blamed: tuple[StepId, ...] = ()
        changes: tuple[PartChange, ...] = ()
        if done.hit is None:
            if before is not None:
                wanted, cached = with_files(key, before)
            wanted = CacheKey((*wanted.parts, *asked(done)))
            changes = changed_parts(cached, wanted) if cached is not None else ()
            reason, blamed = self._cause(likely, done, cached, changes)
        vertices = () if step.onbuild else (VertexReport(name, outcome, certain),)
        return StepVerdict(step.id, name, outcome if certain else Outcome.UNDETERMINED, outcome, reason, wanted, cached, blamed,
                           rule(step, done, self.request), done.hit.build if done.hit is not None else -1,
                           self._reads(done), "", vertices, changes)

    def _cause(self, walk: Walk, done: Done, cached: CacheKey | None,
               changes: tuple[PartChange, ...]) -> tuple[MissReason, tuple[StepId, ...]]:
        blamed = self._blamed(walk, done)
        if self.request.options.no_cache:
            return MissReason.NO_CACHE, blamed
        if cached is None:
            return (MissReason.PARENT if blamed and self.images.last else MissReason.NO_RECORD), blamed
        if any(c.kind in _OWN for c in changes) or (not blamed and any(c.kind is not PartKind.PARENT for c in changes)):
            return MissReason.PART, blamed
        return (MissReason.PARENT if blamed else MissReason.NO_RECORD), blamed

    def _blamed(self, walk: Walk, done: Done) -> tuple[StepId, ...]:
        """The steps directly above whose image is new."""
        found = []
        above = StepId(done.step.stage, done.step.index - 1)
        stage = self.graph.stages[done.step.stage]
        if above.index == 0 and isinstance(stage.base, int):
            above = self.graph.stages[stage.base].steps[-1].id
        if above in walk.done and walk.done[above].hit is None:
            found.append(above)
        for source in done.sources:
            last = self.graph.stages[source].steps[-1].id
            if last in walk.done and walk.done[last].hit is None:
                found.append(last)
        return tuple(found)

    def _reads(self, done: Done) -> tuple[ContextRead, ...]:
        if not done.paths:
            return ()
        return (ContextRead("", tuple(p or "." for p in done.paths), lazy_paths(self.sums.tree, selectors(done.paths))),)

    def _keys(self, walk: Walk) -> dict[StepId, StepKey]:
        """The named key of every step that was reached, as it is stored."""
        found = {}
        for step_id, done in walk.done.items():
            stage = self.graph.stages[step_id.stage]
            instruction = self.steps[step_id].instruction
            base = self._base_part(walk, stage) if step_id.index == 1 else None
            parent = base or KeyPart(PartKind.PARENT, "the step above", "", digest_of(done.image.parent))
            selected = (("", self.sums.tree, selectors(done.paths)),) if done.paths else ()
            key = CacheKey((parent, *done.own, *done.stored.config.parts()))
            found[step_id] = StepKey(stage.label, instruction.keyword, instruction.text, key, selected)
        return found

    def _base_part(self, walk: Walk, stage: Stage) -> KeyPart | None:
        if isinstance(stage.base, int) or stage.index not in walk.base_ids:
            return None
        return KeyPart(PartKind.BASE, stage.base.name, walk.base_ids[stage.index][:19], digest_of(walk.base_ids[stage.index]))

    def _history(self, walk: Walk) -> tuple[HistoryEntry, ...]:
        image = walk.final
        if image is None:
            return ()
        empty = {done.image.id: done.empty for done in walk.done.values()}
        return tuple(HistoryEntry(i.probe.created_by, "", empty.get(i.id, False)) for i in reversed(list(image.chain())))

    # -- notes ------------------------------------------------------------------------------------------------------

    def _warnings(self, walk: Walk) -> list[Diagnostic]:
        found = [note for stage in self.kept for step in stage.steps for note in ignored_parts(step.instruction)]
        start = self.request.dockerfile.instructions[0].span if self.request.dockerfile.instructions else _START
        consumed = {name for state in walk.states for name in state.args.declared}
        return found + unread_options(self.request, consumed, start)

    def _why_missing(self, failure: StepFails) -> str:
        path = str(failure).partition("excluded by .dockerignore: stat ")[2].removesuffix(": file does not exist").strip("/")
        if path and self.request.context.get(path) is not None:
            line = self.matcher.line_for(path)
            if line is not None:
                return f" (line {line} of .dockerignore keeps it out)"
        return ""

    def _assumptions(self, walk: Walk) -> tuple[Assumption, ...]:
        found = [Assumption(text, step) for text, step in walk.assumed]
        for done in walk.done.values():
            if done.runs and not self.request.options.no_cache:
                run = done.runs[0]
                command = _short(run.argv[-1] if run.shell else " ".join(run.argv))
                if any(walk.done[s].hit is None for s in walk.done if run.id == f"{self.number}:{s.stage}.{s.index}"):
                    found.append(Assumption(f"What RUN {command} writes decides; the likelier outcome is shown", done.step))
        for claim in self.request.claims:
            text = f"You say of RUN {_short(claim.command)}: {claim.kind.value}"
            found.append(Assumption(text + (" " + ", ".join(claim.paths) if claim.kind is RunClaimKind.WRITES_ONLY else "")))
        if self.cache_from_note:
            found.append(Assumption(self.cache_from_note))
        return tuple(dict.fromkeys(found))


_START = SourceSpan(1, 0, 1, 0)


def _step_at(graph: BuildGraph, found: Diagnostic) -> StepId | None:
    for step in (*graph.meta, *(s for stage in graph.stages for s in stage.steps)):
        if step.instruction.span == found.span:
            return step.id
    return None


def _refused(graph: BuildGraph, message: str, at: StepId | None) -> BuildVerdict:
    """A build that does not start."""
    verdicts = []
    for step in (*graph.meta, *(s for stage in graph.stages for s in stage.steps)):
        outcome = Outcome.FAILED if step.id == at else Outcome.NOT_REACHED
        verdicts.append(StepVerdict(step.id, step.instruction.text, outcome, outcome, error=message if step.id == at else ""))
    return BuildVerdict(tuple(verdicts), diagnostics=graph.diagnostics, error=message, error_step=at)


def _unreadable(tree: FileEntry, path: str = "") -> str:
    """The first entry that cannot be read, or ""; remembered per directory."""
    if tree.unreadable:
        return path or "."
    found: str | None = tree.memo.get("classic unreadable")
    if found is None:
        found = ""
        for name, child in tree.children.items():
            below = _unreadable(child, name)
            if below:
                found = below
                break
        tree.memo["classic unreadable"] = found
    return f"{path}/{found}" if path and found else found


def _short(command: str) -> str:
    line = command.strip().split("\n")[0]
    return line if len(line) <= 60 else line[:57] + "…"
