"""Qt objects in a cycle go on the UI thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
import weakref

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
