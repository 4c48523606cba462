"""A few letters find the right name first."""

from __future__ import annotations

import pytest

from cachesim.app.fuzzy import matched, score

NAMES = ["Open folder", "Open Dockerfile", "Reset layout", "Redo", "Go to step, stage or file", "Move instruction up",
         "Confirm with a real build", "Confirm with --no-cache", "Presentation", "src/app/main.py", "src/apple.txt"]


@pytest.mark.parametrize(("query", "first"), [
    ("od", "Open Dockerfile"), ("rlay", "Reset layout"), ("conf nc", "Confirm with --no-cache"),
    ("main", "src/app/main.py"), ("sam", "src/app/main.py"), ("mup", "Move instruction up"), ("pres", "Presentation")])
def test_the_best_comes_first(query: str, first: str) -> None:
    found = [(points, name) for name in NAMES if (points := score(query, name)) is not None]
    assert max(found)[1] == first


def test_letters_must_occur_in_order() -> None:
    assert matched("ba", "ab") is None
    assert matched("", "anything") == ()
