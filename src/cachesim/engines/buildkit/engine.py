"""What will BuildKit do with this build?"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from cachesim.cache.index import KeyIndex, Links, StepKey, Tables
from cachesim.cache.key import CacheKey, KeyPart, PartChange, PartKind, changed_parts
from cachesim.cache.store import CacheStore
from cachesim.context.checksum import Selector
from cachesim.context.ignore import matcher_for
from cachesim.context.select import on_disk, transferred, updated_copy
from cachesim.context.snapshot import FileEntry
from cachesim.diagnostics import Diagnostic, Severity
from cachesim.digest import Digest, digest_of
from cachesim.engines.base import (
    Assumption,
    BuildRequest,
    BuildVerdict,
    ContextRead,
    MissReason,
    Outcome,
    RunClaimKind,
    StepVerdict,
    VertexReport,
)
from cachesim.engines.buildkit.content import CONTENT, World
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.conversion import Conversion, StepOps
from cachesim.engines.buildkit.convert import StepRefused, convert
from cachesim.engines.buildkit.files import changed_files, lazy_paths, main_ignore
from cachesim.engines.buildkit.linter.lint import lint_violation
from cachesim.engines.buildkit.probe import BuildFails, Walk
from cachesim.engines.buildkit.refusals import bad_source_pattern, refused_request
from cachesim.engines.buildkit.vertex import Op, OpKind
from cachesim.engines.rules import Rule
from cachesim.errors import CachesimError, ContextError
from cachesim.graph.model import BuildGraph, StepId
from cachesim.graph.options import ImageStore
from cachesim.progress import Progress
from cachesim.same import Same

__all__ = ["BuildKit"]


class BuildKit:
    """The rules of BuildKit's built-in Dockerfile frontend and its solver."""

    def run(self, request: BuildRequest, graph: BuildGraph, store: CacheStore,
            progress: Progress) -> tuple[BuildVerdict, CacheStore]:
        """Predict one build (see `Engine.run`)."""
        progress.step(0, 3)
        if message := refused_request(request):
            return _failed(graph, message, None, graph.diagnostics, {}), store
        if graph.error is not None or graph.target < 0:
            found = graph.error
            message = found.message if found else "no build stage in current context"
            at = _step_at(graph, found) if found else None
            return _failed(graph, message, at, graph.diagnostics, {}), store
        try:
            if violation := lint_violation(graph, request):
                return _failed(graph, violation.reason, None, (*graph.diagnostics, *violation.diagnostics), {}), store
            conversion = convert(graph, request)
        except StepRefused as refused:
            found = Diagnostic(graph.step(refused.step).instruction.span, Severity.ERROR, str(refused), refused.code)
            return _failed(graph, str(refused), refused.step, (*graph.diagnostics, found), {}), store
        progress.step(1, 3)
        return _Build(request, graph, store, conversion).verdict()


class _ContextRefused(CachesimError):
    """A context that cannot be sent."""


class _Sent(NamedTuple):
    """A context as the engine has it after the transfer: as checksums see it, and as steps that run find it."""

    tree: FileEntry
    disk: FileEntry
    stale: tuple[str, ...]
    key: str


class _Build:
    def __init__(self, request: BuildRequest, graph: BuildGraph, store: CacheStore, conversion: Conversion) -> None:
        self.request, self.graph, self.store, self.conversion = request, graph, store, conversion
        self.index: KeyIndex = store.buildkit
        self.number = len(store.builds)
        self.order = conversion.order
        self.ops, self.locals = conversion.ops, conversion.locals
        self.diagnostics = list(graph.diagnostics)
        self.makers = conversion.makers
        self.changed: dict[object, tuple[list[KeyPart], list[KeyPart]]] = {}

    def verdict(self) -> tuple[BuildVerdict, CacheStore]:
        try:
            main_ignore(self.request)       # read, and refused, even where no step takes anything from the context
            sent = {op: self._sent(local.name, local.follow) for op, local in self.conversion.locals.items()
                    if op in self.conversion.needed}
        except (ContextError, _ContextRefused) as e:
            return _failed(self.graph, str(e), None, tuple(self.diagnostics), self.conversion.steps), self.store
        self.sent = sent
        copies = {**self.index.copies, **{s.key: s.tree for s in sent.values()}}
        trees = {op: s.tree for op, s in sent.items()}
        likely = self._walk(World.LIKELY, trees)
        try:
            likely.run(self.conversion.target)
        except BuildFails as failure:
            return self._failure(failure, likely, copies)
        if self.conversion.no_export:
            return _failed(self.graph, self.conversion.no_export, None, tuple(self.diagnostics), self.conversion.steps,
                           {i for i in self.order if likely.known.get(i)}, self.conversion.ops), self.store
        walks = {World.LIKELY: likely}
        if likely.opaque or likely.of_base or len(self.index.worlds) > 1:
            for world in (World.EQUAL, World.DIFFERENT):
                walks[world] = self._walk(world, trees, likely)
                try:
                    walks[world].run(self.conversion.target)
                except BuildFails:      # cannot differ between the worlds: only known files are missed
                    walks[world] = likely
        self.ran = _ran(likely, self.order)
        self.ignoring = {i for i in self.order if self.ops[i].ignore_cache}
        self.regained = {i for (i, position), ids in likely.content_ids.items()
                         if ids and self.ops[i].inputs[position].op not in self.locals}    # by the bytes of another stage
        self.disputed = set().union(*(_ran(walk, self.order) ^ self.ran for walk in walks.values()))
        self.vertices = self._vertices(likely)
        keys = self._keys(likely)
        steps = self._steps(likely, keys)
        last = tuple(StepKey(self.graph.stages[s].label, k.keyword, k.text, k.key, k.selected)
                     for (s, _), k in keys.items())
        built = {key.stage for key in last}         # a stage that another target left out was built all the same
        last += tuple([key for key in self.index.last if key.stage not in built])
        worlds = {w.value: Tables(functools.partial(_complete, walk, likely)) for w, walk in walks.items()}
        index = KeyIndex(worlds, copies, last, self.index.serial + 1)
        verdict = BuildVerdict(
            steps=steps, internal=self._internal(), diagnostics=tuple(self.diagnostics + self._stale()),
            assumptions=self.conversion.assumptions + self._assumptions(likely), history=self.conversion.history)
        return verdict, replace(self.store, buildkit=index)

    # -- contexts ---------------------------------------------------------------------------------------------------

    def _sent(self, name: str, follow: set[str] | None) -> _Sent:
        if name:
            snapshot = self.request.named_contexts.get(name)
            if snapshot is None:
                value = self.graph.contexts.get(name, "")
                raise _ContextRefused(f"failed to get build context path {{{value}}}: no such file or directory. "
                                      f"Check --build-context {name}={value}")
            ignore = matcher_for(snapshot.ignore_text(".dockerignore"), f"{name}/.dockerignore")
        else:
            snapshot = self.request.context
            ignore = main_ignore(self.request)
        key = f"{self.request.context_key} {name}".rstrip()
        if follow is not None and (problem := bad_source_pattern(follow)):
            raise _ContextRefused(problem)
        tree = transferred(snapshot.tree, ignore, follow)
        unreadable = _unreadable(tree)
        if unreadable is not None:
            path, reason = unreadable
            raise ContextError(path, f"cannot be read ({reason}), so the context cannot be sent",
                               "Change its permissions, or name it in .dockerignore")
        copy, stale = updated_copy(self.index.copies.get(key), tree)
        return _Sent(copy, on_disk(copy, tree), tuple(stale), key)

    def _stale(self) -> list[Diagnostic]:
        found = []
        for sent in self.sent.values():
            for path in sent.stale:
                for step, ops in self.conversion.steps.items():
                    if any(path in read.paths for read in self._reads(ops)):
                        found.append(Diagnostic(
                            self.graph.step(step).instruction.span, Severity.WARNING,
                            f"{path} has other bytes but the same size and modification time: the engine keeps its old copy of "
                            "it and this step does not notice. Touch the file to send it again", "stale-copy"))
                        break
        return found

    # -- walking ----------------------------------------------------------------------------------------------------

    def _walk(self, world: World, trees: Mapping[int, FileEntry], after: Walk | None = None) -> Walk:
        known = self.index.worlds
        stored = known.get(world.value) or known.get(World.LIKELY.value)
        links = stored.links() if stored is not None else Links()
        disk = {op: s.disk for op, s in self.sent.items()}
        return Walk(self.conversion, links.copy(), Contents(world, self.request.claims), self.number, trees, disk, after=after)

    def _failure(self, failure: BuildFails, walk: Walk, copies: Mapping[str, FileEntry]) -> tuple[BuildVerdict, CacheStore]:
        step = self.conversion.ops[failure.op].step
        message = str(failure)
        if step is not None:
            instruction = self.graph.step(step).instruction
            ignored = self._why_missing(failure.missing)
            message += ignored
            self.diagnostics.append(Diagnostic(instruction.span, Severity.ERROR, message,
                                               "copy-source-missing" if failure.missing else "run-fails"))
        verdict = _failed(self.graph, message, step, tuple(self.diagnostics), self.conversion.steps,
                          {i for i in self.order if walk.known.get(i)}, self.conversion.ops)
        worlds = self.index.worlds
        if self.conversion.ops[failure.op].kind is OpKind.EXEC and len(worlds) < 2 and not walk.opaque:
            worlds = {World.LIKELY.value: Tables(lambda: walk.links)}      # what was done before the failing RUN stays cached
        return verdict, replace(self.store, buildkit=replace(self.index, copies=copies, worlds=worlds))

    def _why_missing(self, path: str) -> str:
        if path and self.request.context.get(path) is not None:
            line = main_ignore(self.request).line_for(path)
            if line is not None:
                return f" (line {line} of .dockerignore keeps it out)"
        return ""

    # -- verdicts ---------------------------------------------------------------------------------------------------

    def _steps(self, likely: Walk, keys: Mapping[StepId, _StepFacts]) -> tuple[StepVerdict, ...]:
        verdicts = [StepVerdict(s.id, s.instruction.text, Outcome.CONFIG_ONLY, Outcome.CONFIG_ONLY) for s in self.graph.meta]
        previous = _matched(self.index.last, keys, self.graph)
        for stage in self.graph.stages:
            for step in stage.steps:
                ops = self.conversion.steps.get(step.id)
                if not stage.reachable or ops is None:
                    verdicts.append(StepVerdict(step.id, step.instruction.text, Outcome.UNREACHED, Outcome.UNREACHED,
                                                rule=Rule.TARGET))
                elif not ops.ops or (ops.ops[-1] not in self.conversion.needed):
                    outcome = Outcome.CONFIG_ONLY if not ops.ops else Outcome.UNREACHED
                    verdicts.append(StepVerdict(step.id, ops.name, outcome, outcome, rule=Rule.NO_STEP))
                else:
                    verdicts.append(self._step(likely, ops, keys.get(step.id), previous.get(step.id)))
        return tuple(verdicts)

    def _step(self, likely: Walk, ops: StepOps, facts: _StepFacts | None, before: StepKey | None) -> StepVerdict:
        own, vertices = ops.ops, self.vertices
        ran = not likely.executed.isdisjoint(own)
        if ran:
            outcome = Outcome.MISS
        else:
            outcome = vertices[own[0]].outcome
            if len(own) > 1 and any(vertices[i].outcome is Outcome.NOT_NEEDED for i in own):
                outcome = Outcome.NOT_NEEDED
            if outcome is Outcome.MISS:
                outcome = Outcome.HIT       # the engine says DONE for a source whose bytes nobody needed
        shown = tuple([vertices[i] for i in own if self.ops[i].name and self.ops[i].step == ops.id])
        from_build = -1
        if not ran:
            for record in likely.known.get(own[-1], ()):
                result = likely.links.results.get(record)
                if result is not None and result.build > from_build:
                    from_build = result.build
        key: CacheKey | None = None
        cached: CacheKey | None = None
        reason: MissReason | None = None
        blamed: tuple[StepId, ...] = ()
        changes: tuple[PartChange, ...] = ()
        if facts is not None:
            if ran:
                key, cached, reason, blamed, changes = self._cause(likely, ops, facts, before)
            else:
                key, cached = facts.key, before.key if before is not None else None
        return StepVerdict(
            ops.id, ops.name, outcome if self.disputed.isdisjoint(own) else Outcome.UNDETERMINED, outcome, reason, key, cached,
            blamed, self._rule(ops, outcome, reason), from_build, self._reads(ops), "", shown, changes)

    def _vertices(self, likely: Walk) -> dict[int, VertexReport]:
        """What the engine prints of each operation."""
        ops, ran, loaded, known, disputed = self.ops, self.ran, likely.loaded, likely.known, self.disputed
        miss, hit, idle = Outcome.MISS, Outcome.HIT, Outcome.NOT_NEEDED
        return {i: VertexReport(ops[i].name, miss if i in ran else hit if i in loaded or known[i] else idle, i not in disputed)
                for i in self.order}

    def _internal(self) -> tuple[VertexReport, ...]:
        return tuple([self.vertices[i] for i in self.order
                      if self.ops[i].internal or (self.ops[i].step is None and self.ops[i].name)])

    def _reads(self, ops: StepOps) -> tuple[ContextRead, ...]:
        reads: tuple[ContextRead, ...] = ()
        for index in ops.ops:
            for op, _, content in self.ops[index].inputs:
                if content is not None and op in self.sent:
                    reads += (ContextRead(self.locals[op].name, tuple([s.path or "." for s in content]),
                                          lazy_paths(self.sent[op].tree, content)),)
        return reads

    def _keys(self, walk: Walk) -> dict[StepId, _StepFacts]:
        """The named key of every step that has an operation, in file order."""
        facts: dict[StepId, _StepFacts] = {}
        digests: dict[int, Digest] = {}
        for index in self.order:
            op = self.ops[index]
            if len(op.inputs) == 1 and op.inputs[0].content is None:
                digests[index] = _chained(op.digest, digests[op.inputs[0].op])
            else:
                digests[index] = _chained(op.digest, *[digests[i.op] for i in op.inputs if i.content is None])
        for step in (s for stage in self.graph.stages for s in stage.steps):
            ops = self.conversion.steps.get(step.id)
            if ops is None or not ops.ops or ops.ops[-1] not in self.conversion.needed:
                continue
            op, chain = self.ops[ops.ops[0]], self.ops[ops.ops[-1]]
            parts = op.parts
            selected: tuple[tuple[str, FileEntry, tuple[Selector, ...]], ...] = ()
            if chain.base is not None:
                parts = (_parent_part(digests[chain.inputs[chain.base].op]), *parts)
            for position, given in enumerate(op.inputs):
                if given.content is None:
                    continue
                content = walk.content.get((ops.ops[0], position))
                local = self.locals.get(given.op)
                digest = content.digest if content is not None else _kept_under(walk, ops.ops[0], position)
                if digest is not None:
                    kind = PartKind.CONTENT if local is not None else PartKind.STAGE_CONTENT
                    label = ", ".join([s.path or "." for s in given.content])
                    parts += (KeyPart(kind, label, digest[:12], digest),)
                if local is not None and given.op in self.sent:
                    selected += ((local.name, self.sent[given.op].tree, given.content),)
            instruction = step.instruction
            facts[step.id] = _StepFacts(instruction.keyword, instruction.text, CacheKey(parts), selected)
        return facts

    def _cause(self, walk: Walk, ops: StepOps, facts: _StepFacts, before: StepKey | None,
               ) -> tuple[CacheKey, CacheKey | None, MissReason, tuple[StepId, ...], tuple[PartChange, ...]]:
        """Why a step runs: its key, the one it had, the reason, the steps whose new results are in its way, what differs."""
        key, cached = facts.key, before.key if before is not None else None
        if before is not None:
            key, cached = self._with_files(key, before, facts)
        known = cached is not None
        blamed = self._blamed(walk, ops, known)
        changes = changed_parts(cached, key) if cached is not None else ()
        if not self.ignoring.isdisjoint(ops.ops) and any(i in self.ignoring for i in ops.ops if i in walk.executed):
            return key, cached, MissReason.NO_CACHE, blamed, changes
        if cached is None:
            reason = MissReason.PARENT if blamed and self.index.last else MissReason.NO_RECORD
        elif any(c.kind is not PartKind.PARENT for c in changes):
            reason = MissReason.PART
        else:
            reason = MissReason.PARENT if blamed else MissReason.NO_RECORD
        return key, cached, reason, blamed, changes

    def _with_files(self, key: CacheKey, before: StepKey, facts: _StepFacts) -> tuple[CacheKey, CacheKey]:
        """Both keys with the files that make their content differ as parts of their own."""
        old_parts: list[KeyPart] = []
        new_parts: list[KeyPart] = []
        for (name, old_tree, _), (same_name, new_tree, selectors) in zip(before.selected, facts.selected, strict=False):
            if name == same_name and old_tree is not new_tree:
                old, new = self._changed(name, old_tree, new_tree, selectors)
                old_parts += old
                new_parts += new
        if not old_parts and not new_parts:
            return key, before.key
        return CacheKey((*key.parts, *new_parts)), CacheKey((*before.key.parts, *old_parts))

    def _changed(self, name: str, old_tree: FileEntry, new_tree: FileEntry,
                 selectors: tuple[Selector, ...]) -> tuple[list[KeyPart], list[KeyPart]]:
        """The parts of files that differ, old and new; steps that take the same files share the answer."""
        asked = (Same(old_tree), Same(new_tree), name, selectors)
        found = self.changed.get(asked)
        if found is None:
            old_parts, new_parts = found = self.changed[asked] = [], []
            for path, old, new in changed_files(old_tree, new_tree, selectors):
                label = f"{name}:{path}" if name else path
                if old is not None:
                    old_parts.append(KeyPart(PartKind.FILE, label, old.value, old.digest))
                if new is not None:
                    new_parts.append(KeyPart(PartKind.FILE, label, new.value, new.digest))
        return found

    def _blamed(self, walk: Walk, ops: StepOps, known: bool) -> tuple[StepId, ...]:
        """The steps whose new results are in this step's way: not those whose content was found all the same.

        Another base image is the cause of a step that is `known`; one that was never built is new by itself.
        """
        found: tuple[StepId, ...] = ()
        for index in ops.ops:
            for position, (op, _, content) in enumerate(self.ops[index].inputs):
                if op in walk.executed and op not in ops.ops and op not in ops.internal:
                    step, kind = self.makers.get(op), self.ops[op].kind
                    if step is None or kind is OpKind.LOCAL or (content is not None and walk.content_ids.get((index, position))):
                        continue
                    if kind is OpKind.IMAGE:
                        if not known:
                            continue
                        own = self.conversion.steps.get(StepId(ops.id.stage, 0))
                        step = own.id if own is not None and op in own.ops else step    # stages may share a base image
                    if step != ops.id and step not in found:
                        found += (step,)
        return found

    def _rule(self, ops: StepOps, outcome: Outcome, reason: MissReason | None) -> Rule | None:
        if not self.ignoring.isdisjoint(ops.ops):
            return Rule.IGNORED_CACHE
        if outcome is Outcome.NOT_NEEDED:
            return Rule.NOT_NEEDED
        kind, ran = self.ops[ops.ops[-1]].kind, outcome is Outcome.MISS
        if kind is OpKind.IMAGE:
            return Rule.BASE_MANIFEST if self.request.store is ImageStore.CONTAINERD else Rule.BASE
        if ran and reason is MissReason.PARENT:
            return Rule.CHAIN
        if kind is OpKind.MERGE:
            return Rule.LINK
        if not ran and not self.regained.isdisjoint(ops.ops):
            return Rule.CONTENT
        return _RULES.get(kind)

    def _assumptions(self, likely: Walk) -> tuple[Assumption, ...]:
        found = []
        for index, content in (*likely.opaque, *likely.of_base):
            if index not in self.disputed:
                continue
            step = self.conversion.ops[index].step
            for run in content.runs[:1]:
                command = run.argv[-1] if run.shell else " ".join(run.argv)
                found.append(Assumption(f"What RUN {_short(command)} writes decides; the likelier outcome is shown", step))
            if not content.runs:
                found.append(Assumption("Whether it finds the same bytes there as before decides (written by a RUN, in another "
                                        "base image, or behind an address); the likelier outcome is shown", step))
        hosts = [name for name, address in self.request.options.add_hosts if address == "host-gateway"]
        if hosts:
            found.append(Assumption(f"The engine has an address for host-gateway ({', '.join(hosts)}); one without a bridge "
                                    "network refuses the build"))
        for claim in self.request.claims:
            text = f"You say of RUN {_short(claim.command)}: {claim.kind.value}"
            found.append(Assumption(text + (" " + ", ".join(claim.paths) if claim.kind is RunClaimKind.WRITES_ONLY else "")))
        return tuple(dict.fromkeys(found))


_RULES = {OpKind.EXEC: Rule.RUN, OpKind.COPY: Rule.COPY, OpKind.MKDIR: Rule.WORKDIR}


def _complete(walk: Walk, likely: Walk) -> Links:
    try:
        return walk.complete()
    except BuildFails:      # cannot differ between the worlds, as above
        return likely.links


class _StepFacts(NamedTuple):
    keyword: str
    text: str
    key: CacheKey
    selected: tuple[tuple[str, FileEntry, tuple[Selector, ...]], ...]


def _ran(walk: Walk, order: Iterable[int]) -> set[int]:
    """The operations that the engine does not call CACHED."""
    ops, executed, loaded = walk.ops, walk.executed, walk.loaded
    return {i for i in order if (i in executed if ops[i].inputs else i not in loaded)}


def _kept_under(walk: Walk, index: int, position: int) -> Digest | None:
    """The content of an input that nobody looked at, since the operation was found by its definition: that of its record."""
    op, records = walk.ops[index], walk.known.get(index)
    if not records:
        return None
    links = walk.links
    contents = [key for key in links.by_op.get((position, op.digest), ())
                if not records.isdisjoint(links.find(key, position, op.digest, ""))]
    return Digest(contents[0].removeprefix(CONTENT)) if len(contents) == 1 else None


@functools.lru_cache(maxsize=4096)      # most chains stay as they were from one build to the next
def _chained(digest: str, *inputs: str) -> Digest:
    return digest_of(digest, *inputs)


@functools.lru_cache(maxsize=4096)
def _parent_part(digest: Digest) -> KeyPart:
    return KeyPart(PartKind.PARENT, "the step above", "", digest)


def _matched(last: Sequence[StepKey], now: Mapping[StepId, _StepFacts], graph: BuildGraph) -> dict[StepId, StepKey]:
    """Which step of the last build each step corresponds to: the same text first, then the same place."""
    found: dict[StepId, StepKey] = {}
    left: dict[str, list[StepKey]] = {}
    for old in reversed(last):
        left.setdefault(old.stage, []).append(old)      # the first one last: it is mostly the next to be taken
    open_: dict[str, list[StepId]] = {}
    for at, facts in now.items():
        stage = graph.stages[at[0]].label
        pool = left.get(stage, [])
        for place in range(len(pool) - 1, -1, -1):
            if pool[place].text == facts.text and pool[place].keyword == facts.keyword:
                found[at] = pool.pop(place)
                break
        else:
            open_.setdefault(stage, []).append(at)
    for stage, places in open_.items():
        pool = left.get(stage, [])[::-1]
        for at in places:
            alike = [o for o in pool if o.keyword == now[at].keyword]
            if alike:
                best = max(alike, key=lambda o: _likeness(o, now[at]))
                found[at] = best
                pool.remove(best)
    return found


def _likeness(old: StepKey, new: _StepFacts) -> int:
    words = set(new.text.split())
    return sum(w in words for w in old.text.split())


def _step_at(graph: BuildGraph, found: Diagnostic) -> StepId | None:
    for step in (*graph.meta, *(s for stage in graph.stages for s in stage.steps)):
        if step.instruction.span == found.span:
            return step.id
    return None


def _failed(graph: BuildGraph, message: str, at: StepId | None, diagnostics: tuple[Diagnostic, ...],
            steps: Mapping[StepId, StepOps], known: set[int] | None = None, ops: Sequence[Op] = ()) -> BuildVerdict:
    """A build that stops: what failed, and that nothing else is reached."""
    verdicts = []
    for step in (*graph.meta, *(s for stage in graph.stages for s in stage.steps)):
        made = steps.get(step.id)
        name = made.name if made else step.instruction.text
        outcome = Outcome.NOT_REACHED
        if step.id == at:
            outcome = Outcome.FAILED
        elif step.id.stage >= 0 and not graph.stages[step.id.stage].reachable and graph.target >= 0:
            outcome = Outcome.UNREACHED
        elif made is not None and not made.ops:
            outcome = Outcome.CONFIG_ONLY
        elif made is not None and known is not None and made.ops[-1] in known:
            outcome = Outcome.HIT
        verdicts.append(StepVerdict(step.id, name, outcome, outcome, error=message if outcome is Outcome.FAILED else ""))
    return BuildVerdict(tuple(verdicts), diagnostics=diagnostics, error=message, error_step=at)


def _unreadable(tree: FileEntry) -> tuple[str, str] | None:
    """The first entry that cannot be read, and why; remembered per directory."""
    if "unreadable" not in tree.memo:
        found: tuple[str, str] | None = ("", tree.unreadable) if tree.unreadable else None
        for name, child in tree.children.items():
            below = _unreadable(child) if child.is_dir else (("", child.unreadable) if child.unreadable else None)
            if below is not None:
                found = (f"{name}/{below[0]}".rstrip("/"), below[1])
                break
        tree.memo["unreadable"] = found
    return tree.memo["unreadable"]  # type: ignore[no-any-return]


def _short(command: str) -> str:
    line = command.strip().split("\n")[0]
    return line if len(line) <= 60 else line[:57] + "…"


