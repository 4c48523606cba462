"""Qt objects in a cycle go on the UI thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.garbage import UiGarbage


class Node:
    """Something in a cycle."""

    def __init__(self, where: list[int]) -> None:
        self.me = self
        weakref.finalize(self, lambda: where.append(threading.get_ident()))


def test_a_worker_never_collects(qtbot: QtBot) -> None:
    garbage, where = UiGarbage(), list[int]()
    garbage.start()
    try:
        for _ in range(3):
            Node(where)
        worker = threading.Thread(target=lambda: [[object()] for _ in range(300_000)] and [[{}] for _ in range(50_000)])
        worker.start()
        worker.join()
        assert where == []
        for generation in range(3):
            gc.collect(generation)
        assert where == [threading.get_ident()] * 3
    finally:
        garbage.stop()
        gc.disable()            # as the other tests here want it


def test_due_generations_are_collected(qtbot: QtBot) -> None:
    garbage, where = UiGarbage(), list[int]()
    Node(where)
    kept: list[list[int]] = [[] for _ in range(gc.get_threshold()[0] + 100)]
    garbage.collect()
    assert len(where) == 1 and kept


def test_who_is_at_work_is_left_alone_but_not_for_ever(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    garbage, now, pauses = UiGarbage(), [100.0], list[int]()
    monkeypatch.setattr("cachesim.app.garbage.monotonic", lambda: now[0])
    garbage.collect()
    garbage._timer.start = lambda: pauses.append(1)      # type: ignore[assignment, method-assign]
    garbage.wait()
    assert not pauses               # it is not at work itself
    monkeypatch.setattr(garbage._timer, "isActive", lambda: True)
    garbage.wait()
    now[0] += 4.9
    garbage.wait()
    assert len(pauses) == 2         # each key begins the pause anew
    now[0] += 0.2
    garbage.wait()
    assert len(pauses) == 2
    garbage.collect()
    garbage.wait()
    assert len(pauses) == 3
