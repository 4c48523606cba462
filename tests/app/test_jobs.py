"""The newest submission alone is answered, on the UI thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from cachesim.app.jobs import LatestJob, Paced
from cachesim.errors import InputError
from cachesim.progress import Progress


@pytest.fixture
def job(qtbot: QtBot) -> Iterator[LatestJob]:
    job = LatestJob("test")
    yield job
    job.shutdown()


def test_an_old_answer_never_wins(qtbot: QtBot, job: LatestJob) -> None:
    gate, got = threading.Event(), list[object]()
    job.finished.connect(got.append)
    job.submit(lambda progress: gate.wait(5) and "old")
    with qtbot.waitSignal(job.finished):
        job.submit(lambda progress: "new")
        gate.set()
    assert got == ["new"] and not job.busy


def test_outdated_work_is_told_to_stop(qtbot: QtBot, job: LatestJob) -> None:
    started, stopped = threading.Event(), threading.Event()

    def endless(progress: Progress) -> None:
        started.set()
        try:
            while True:
                progress.step(0, 0)
        finally:
            stopped.set()
    job.submit(endless)
    assert started.wait(5)
    job.cancel()
    assert stopped.wait(5) and not job.busy


def test_errors_and_bugs_are_told_apart(qtbot: QtBot, job: LatestJob) -> None:
    def wrong(progress: Progress) -> None:
        raise InputError("no such file")

    def bug(progress: Progress) -> None:
        raise ZeroDivisionError
    with qtbot.waitSignal(job.failed) as failed:
        job.submit(wrong)
    assert isinstance(failed.args[0], InputError)
    with qtbot.waitSignal(job.crashed) as crashed:
        job.submit(bug)
    assert isinstance(crashed.args[0], ZeroDivisionError)


def test_progress_arrives_on_the_ui_thread(qtbot: QtBot, job: LatestJob) -> None:
    threads: list[int] = []
    job.progressed.connect(lambda done, total: threads.append(threading.get_ident()))
    with qtbot.waitSignals([job.progressed, job.finished]):
        job.submit(lambda progress: progress.step(3, 7))
    assert threads == [threading.get_ident()]


def test_shutdown_waits_and_takes_no_more(qtbot: QtBot, job: LatestJob) -> None:
    done = threading.Event()
    job.submit(lambda progress: done.set())
    job.wait()
    assert done.is_set()
    job.shutdown()
    job.submit(lambda progress: pytest.fail("ran after the shutdown"))
    assert not job.busy


def test_what_moves_often_is_said_once_and_not_after_stop(qtbot: QtBot) -> None:
    owner = QObject()
    paced, said = Paced(owner), list[int]()
    paced.moved.connect(lambda: said.append(1))
    with qtbot.waitSignal(paced.moved):
        for _ in range(50):
            paced.note()
    assert said == [1]
    worker = threading.Thread(target=paced.note)
    with qtbot.waitSignal(paced.moved):
        worker.start()
    worker.join()
    assert said == [1, 1]
    paced.note()
    paced.stop()
    with qtbot.assertNotEmitted(paced.moved, wait=120):
        pass
