"""Do the stripes follow the text while no new verdict is there?"""

from __future__ import annotations

import random

import pytest

from cachesim.app.editor.stripes import LineEdit, Stripe, shifted, stripe_at
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId


def stripes(*ranges: tuple[int, int]) -> tuple[Stripe, ...]:
    return tuple(Stripe(a, b, StepId(0, i), Outcome.HIT, None) for i, (a, b) in enumerate(ranges))


def ranges(found: tuple[Stripe, ...]) -> list[tuple[int, int, int]]:
    return [(s.step.index, s.first, s.last) for s in found]


@pytest.mark.parametrize(("edit", "expected"), [
    (LineEdit(1, True, 1), [(0, 2, 2), (1, 4, 6), (2, 7, 7)]),        # a line above all
    (LineEdit(1, False, 1), [(0, 1, 1), (1, 4, 6), (2, 7, 7)]),       # Enter at the end of the first
    (LineEdit(3, True, 1), [(0, 1, 1), (1, 4, 6), (2, 7, 7)]),        # Enter before the second
    (LineEdit(4, False, 2), [(0, 1, 1), (1, 3, 7), (2, 8, 8)]),       # two lines inside
    (LineEdit(5, False, 1), [(0, 1, 1), (1, 3, 5), (2, 7, 7)]),       # Enter at its end
    (LineEdit(2, True, -1), [(0, 1, 1), (1, 2, 4), (2, 5, 5)]),       # the empty line goes
    (LineEdit(4, True, -1), [(0, 1, 1), (1, 3, 4), (2, 5, 5)]),       # one of its lines goes
    (LineEdit(3, True, -3), [(0, 1, 1), (2, 3, 3)]),                  # the whole instruction goes
    (LineEdit(2, False, -1), [(0, 1, 1), (1, 2, 4), (2, 5, 5)]),      # joined with the empty line
    (LineEdit(1, False, 0), [(0, 1, 1), (1, 3, 5), (2, 6, 6)]),
])
def test_lines_move(edit: LineEdit, expected: list[tuple[int, int, int]]) -> None:
    assert ranges(shifted(stripes((1, 1), (3, 5), (6, 6)), edit)) == expected


def test_stripes_never_overlap_nor_turn_round() -> None:
    rng = random.Random(3)
    for _ in range(300):
        found = stripes((1, 1), (3, 5), (6, 6), (8, 12))
        for _ in range(6):
            line = rng.randrange(1, 14)
            found = shifted(found, LineEdit(line, rng.random() < 0.5, rng.randrange(-4, 5)))
            assert all(s.first <= s.last for s in found)
            assert [s.step for s in found] == sorted(s.step for s in found)


def test_stripe_at_a_line() -> None:
    found = stripes((1, 1), (3, 5))
    assert stripe_at(found, 4) is found[1]
    assert stripe_at(found, 2) is None
