"""Which instructions could stand elsewhere: what never changes higher up, what changes often lower down?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from functools import partial

from cachesim.advise.access import AccessKind, Scope
from cachesim.advise.dependencies import MoveKind
from cachesim.advise.landing import is_context_copy
from cachesim.advise.order import Move, StageOrder, arranged
from cachesim.advise.rewrites.change import Change, quoted
from cachesim.advise.scene import Scene
from cachesim.dockerfile.instructions import Arg, Copy, From
from cachesim.graph.model import StepId

__all__ = ["checks_of", "reorder", "stage_order"]

_SETTINGS = frozenset({"ARG", "ENV", "LABEL", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "CMD", "ENTRYPOINT"})


def reorder(scene: Scene) -> Iterator[Change]:
    """The best place of each instruction that could stand elsewhere, and all of it together; then what only may be moved."""
    for stage, indices in scene.stages():
        orders = {mode: stage_order(scene, stage, indices, trusting=mode) for mode in (False, True)}
        order = orders[False]
        best = order.improved()
        found = {item: move for item in order.items if (move := order.best(order.items, only=item)) is not None}
        distinct = {move.order: move for move in sorted(found.values(), key=lambda m: m.gain)}
        for move in sorted(distinct.values(), key=lambda m: -m.gain):
            yield from _change(scene, indices, (move,))
        if len(best) > 1:
            yield from _change(scene, indices, best)
        bold = orders[True].improved()
        if bold and orders[True].cost(bold[-1].order) < order.cost(best[-1].order if best else order.items) - 1e-6:
            yield from _change(scene, indices, bold)


def stage_order(scene: Scene, stage: int, indices: Sequence[int], *, trusting: bool = False) -> StageOrder:
    """The quick model of a stage.

    Args:
        indices: Its instructions, FROM first.
        trusting: Let a RUN and a COPY pass each other also where it is only possible that this changes the image. What else
            is only possible (a RUN and another one, a RUN and an ENV) is too likely to break the build.
    """
    masks = _Masks(scene)
    steps = {s.id: s for s in scene.trials.first.steps}
    seconds = {i: scene.model(steps[scene.analysis.steps[i]]) for i in indices}
    return StageOrder(tuple(indices[1:]), seconds, {i: masks.own(i) for i in indices}, masks.base(stage),
                      [t.group.weight for t in scene.trials.trials], partial(_keeps, scene, trusting))


def _keeps(scene: Scene, trusting: bool, first: int, second: int) -> bool:
    instructions = scene.analysis.parsed.instructions
    if instructions[first].keyword == instructions[second].keyword == "ENV":
        return True         # the image keeps its variables in this order
    kind = scene.between(first, second, trusting=trusting).kind
    if kind is not MoveKind.MAY_CHANGE or not trusting:
        return kind is not MoveKind.FREE
    return not any(is_context_copy(instructions[copy]) and not _works_on(scene, run, copy)
                   for copy, run in ((first, second), (second, first)))


def _works_on(scene: Scene, run: int, copy: int) -> bool:
    """Whether a RUN that reads no manifests surely uses the folder that a COPY brings files to: one of them is likely among
    what it needs (`npm run build` and tsconfig.json)."""
    if scene.installs(run):
        return False
    folders = {posixpath.dirname(path) for path in scene.landings.of(copy)}
    return any(read.kind is AccessKind.PATH and read.certain and read.scope is Scope.SOME and read.name in folders
               for read in scene.analysis.effects[run].reads)


class _Masks:
    """Which edits of the mix touch an instruction, as bit masks."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.groups = [trial.group for trial in scene.trials.trials]
        self.steps = {s.id: s for s in scene.trials.first.steps}
        self.stages: dict[int, int] = {}

    def own(self, index: int) -> int:
        """Edits that touch the instruction itself, or a stage that it copies from."""
        analysis = self.scene.analysis
        step_id = analysis.steps[index]
        instruction = analysis.parsed.instructions[index]
        paths = {path for read in self.steps[step_id].reads if not read.context for path in read.paths}
        mask = 0
        for bit, group in enumerate(self.groups):
            names = {name for name, _ in instruction.pairs} if isinstance(instruction, Arg) else set()
            if not paths.isdisjoint(group.files) or not names.isdisjoint(group.args):
                mask |= 1 << bit
        if not isinstance(instruction, From):
            for edge in analysis.graph.edges:
                if edge.target == step_id and isinstance(edge.origin, StepId) and edge.origin.stage != step_id.stage:
                    mask |= self.whole(edge.origin.stage)
        return mask

    def base(self, stage: int) -> int:
        """Edits that re-run the stage that this one begins with."""
        base = self.scene.analysis.graph.stages[stage].base
        return self.whole(base) if isinstance(base, int) else 0

    def whole(self, stage: int) -> int:
        """Edits that touch anything in a stage."""
        if stage not in self.stages:
            self.stages[stage] = 0      # a stage that needs itself is refused elsewhere
            mask = self.base(stage)
            for index, step in enumerate(self.scene.analysis.steps):
                if step.stage == stage:
                    mask |= self.own(index)
            self.stages[stage] = mask
        return self.stages[stage]


def _change(scene: Scene, indices: Sequence[int], moves: Sequence[Move]) -> Iterator[Change]:
    order = moves[-1].order
    places = iter((indices[0], *order))
    whole = [next(places) if i in set(indices) else i for i in range(len(scene.analysis.steps))]
    text = arranged(scene.state.text, whole)
    if text is None:
        return
    check = checks_of(scene, indices[1:], order)
    rule, title, why = _words(scene, moves)
    yield Change(rule, title, why, check, text)


def checks_of(scene: Scene, before: Sequence[int], after: Sequence[int]) -> str:
    """What to look at, of all pairs that changed places."""
    place = {item: n for n, item in enumerate(after)}
    found: dict[str, None] = {}
    for n, first in enumerate(before):
        for second in before[n + 1:]:
            if place[first] > place[second]:
                strict = scene.between(first, second)
                if strict.kind is not MoveKind.FREE:
                    loose = scene.between(first, second, trusting=True)
                    if loose.kind is MoveKind.FREE:
                        for index in (first, second):
                            found.update(dict.fromkeys(f"that it is not so: {d}" for d in scene.doubts(index)))
                    else:
                        found[loose.check] = None
    return "; ".join(found)


def _words(scene: Scene, moves: Sequence[Move]) -> tuple[str, str, str]:
    """Rule, title and why."""
    instructions = scene.analysis.parsed.instructions
    if len(moves) > 1:
        names = ", ".join(dict.fromkeys(quoted(instructions[m.item].text, 30) for m in moves))
        return "best-order", f"Bring the instructions into the order that costs least ({len(moves)} moves)", (
            f"Moved: {names}. No instruction passes one that it needs.")
    move = moves[0]
    item = instructions[move.item]
    over = [instructions[i] for i in move.passed]
    passed = quoted(over[0 if move.up else -1].text) if over else "nothing"
    if move.up and len(over) == 1 and over[0].keyword in _SETTINGS:        # the same, and what a person would say
        return "sink-settings", f"Move {quoted(over[0].text)} below {quoted(item.text)}", (
            "It is not used before, and every change of it re-runs what stands below.")
    along = f" (with {len(move.block) - 1} more that it needs)" if len(move.block) > 1 and move.up else ""
    if move.up:
        changing = next((o for o in over if isinstance(o, Copy)), over[0])
        return "lift-unchanging", f"Move {quoted(item.text)} above {passed}{along}", (
            f"It needs nothing of {quoted(changing.text)}, but runs again whenever that does.")
    rule = "sink-settings" if item.keyword in _SETTINGS else "copy-later"
    what = "It is not used before" if rule == "sink-settings" else "Nothing in between needs it"
    return rule, f"Move {quoted(item.text)} below {passed}", f"{what}, and every change of it re-runs what stands below."
