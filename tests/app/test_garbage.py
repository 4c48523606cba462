"""Qt objects in a cycle go on the UI thread, whoever allocates."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import weakref
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.garbage import UiGarbage, give_back


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


def test_memory_is_given_back_once_nobody_works(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    now, given, due = [100.0], list[float](), [0]
    monkeypatch.setattr("cachesim.app.garbage.monotonic", lambda: now[0])
    monkeypatch.setattr("cachesim.app.garbage.give_back", lambda: given.append(now[0]))
    monkeypatch.setattr("cachesim.app.garbage.gc.get_count", lambda: (due[0], 0, 0))
    garbage = UiGarbage()

    def tick(seconds: float, objects: int = 0) -> None:
        now[0] += seconds
        due[0] = objects
        garbage.collect()
    tick(15)
    garbage.wait()              # a key
    tick(15)
    tick(1, objects=100_000)    # a worker
    tick(19)
    assert given == []
    tick(2)
    assert given == [152.0]
    tick(500)
    assert given == [152.0]     # once for each pause
    garbage.wait()
    tick(19)
    assert given == [152.0]
    tick(2)
    assert given == [152.0, 673.0]


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc has the call")
def test_holes_in_the_heap_are_given_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
    size = 60_000               # below what gets pages of its own
    blocks = [libc.malloc(size) for _ in range(600)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    for block in blocks[:-1]:   # the last one keeps the top of the heap where it is
        libc.free(block)
    before = resident()
    assert give_back()
    assert resident() < before - 20e6
    libc.free(blocks[-1])


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
