"""In which legal order do the instructions of a stage cost least?

A quick model of a stage, to find orders by; what is found is simulated afterwards. An edit re-runs the first instruction that
it touches and all below. A move takes along what the instruction needs (upwards) or what needs it (downwards).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cachesim.dockerfile.edit import MoveRefused, moved
from cachesim.dockerfile.parser import parse

__all__ = ["Move", "StageOrder", "arranged"]

_LEAST = 1e-6
_MOST_MOVES = 40


@dataclass(frozen=True, slots=True)
class Move:
    """One instruction (and those that have to go along) in another place.

    Attributes:
        block: All that moved, in their order.
        passed: What they moved over.
        order: The stage afterwards.
        gain: Expected seconds saved, by the quick model.
    """

    item: int
    up: bool
    block: tuple[int, ...]
    passed: tuple[int, ...]
    order: tuple[int, ...]
    gain: float


@dataclass(slots=True)
class StageOrder:
    """The instructions of one stage below its FROM.

    What costs much is lifted, what edits touch is sunk; all else only goes along.

    Attributes:
        seconds: What each costs when it runs.
        touched: Bit mask of the edits that touch it directly.
        always: The edits that re-run the whole stage.
        weights: Share of each edit.
        keeps: Whether the first one has to stay above the second one.
    """

    items: tuple[int, ...]
    seconds: Mapping[int, float]
    touched: Mapping[int, int]
    always: int
    weights: Sequence[float]
    keeps: Callable[[int, int], bool]
    _shares: dict[int, float] = field(default_factory=dict)

    def cost(self, order: Sequence[int]) -> float:
        """Expected seconds of an edit."""
        mask, total = self.always, 0.0
        for item in order:
            mask |= self.touched[item]
            if self.seconds[item]:
                total += self.seconds[item] * self._share(mask)
        return total

    def moves(self, order: tuple[int, ...], only: int | None = None) -> Iterator[Move]:
        """Every legal move that saves something, of all instructions or of one."""
        before = self.cost(order)
        for at, item in enumerate(order):
            if only is not None and item != only:
                continue
            for target in range(at - 1, -1, -1) if self.seconds[item] else ():
                found = self._lifted(order, at, target, before)
                if found is not None:
                    yield found
            for target in range(at + 1, len(order)) if self.touched[item] else ():
                found = self._sunk(order, at, target, before)
                if found is not None:
                    yield found

    def best(self, order: tuple[int, ...], only: int | None = None) -> Move | None:
        """The move that saves most; of equal ones the shortest."""
        return max(self.moves(order, only), default=None,
                   key=lambda m: (round(m.gain, 6), m.up, -len(m.block) * len(m.passed)))

    def improved(self) -> tuple[Move, ...]:
        """Moves one after the other, best first, until nothing is gained any more."""
        order = self.items
        done: list[Move] = []
        while len(done) < _MOST_MOVES:
            move = self.best(order)
            if move is None:
                break
            done.append(move)
            order = move.order
        return tuple(done)

    def _share(self, mask: int) -> float:
        if mask not in self._shares:
            self._shares[mask] = sum(w for n, w in enumerate(self.weights) if mask >> n & 1)
        return self._shares[mask]

    def _lifted(self, order: tuple[int, ...], at: int, target: int, before: float) -> Move | None:
        block = [order[at]]
        for other in reversed(order[target:at]):
            if any(self.keeps(other, b) for b in block):
                block.insert(0, other)
        if block[0] == order[target]:
            return None                 # what is there has to stay above
        passed = tuple(i for i in order[target:at] if i not in block)
        after = (*order[:target], *block, *passed, *order[at + 1:])
        return self._move(order[at], True, tuple(block), passed, after, before)

    def _sunk(self, order: tuple[int, ...], at: int, target: int, before: float) -> Move | None:
        block = [order[at]]
        for other in order[at + 1:target + 1]:
            if any(self.keeps(b, other) for b in block):
                block.append(other)
        if block[-1] == order[target]:
            return None
        passed = tuple(i for i in order[at + 1:target + 1] if i not in block)
        after = (*order[:at], *passed, *block, *order[target + 1:])
        return self._move(order[at], False, tuple(block), passed, after, before)

    def _move(self, item: int, up: bool, block: tuple[int, ...], passed: tuple[int, ...], after: tuple[int, ...],
              before: float) -> Move | None:
        gain = before - self.cost(after)
        return Move(item, up, block, passed, after, gain) if gain > _LEAST else None


def arranged(text: str, order: Sequence[int]) -> str | None:
    """The file with its instructions in another order; None where the lines would not mean the same there.

    Args:
        order: All instructions, by their index as it is now.
    """
    now = list(range(len(order)))
    for place, item in enumerate(order):
        at = now.index(item)
        if at == place:
            continue
        try:
            text = moved(text, parse(text), at, place)
        except MoveRefused:
            return None
        now.insert(place, now.pop(at))
    return text
