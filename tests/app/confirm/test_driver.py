"""Scripts beside the window."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.confirm.driver import ScriptDriver
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.errors import Cancelled, InputError


@pytest.fixture
def driver(qtbot: QtBot) -> Iterator[ScriptDriver]:
    driver = ScriptDriver()
    yield driver
    driver.shutdown()


def python(code: str, **change: object) -> Command:
    return Command((sys.executable, "-c", code), "running python", **change)  # type: ignore[arg-type]


def test_commands_and_work(qtbot: QtBot, driver: ScriptDriver) -> None:
    lines: list[str] = []

    def script() -> Script[tuple[object, object]]:
        code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(2)"
        done = yield python(code, on_line=lines.append)
        work = yield Work(lambda progress: progress.cancelled, "work")
        return done, work
    with qtbot.waitSignal(driver.finished, timeout=10_000) as got:
        driver.start(script())
        assert driver.running
    done, work = got.args[0]
    assert done == Finished(2, "out") and work is False and lines == ["err"] and not driver.running


def test_errors_of_work_are_raised_in_the_script(qtbot: QtBot, driver: ScriptDriver) -> None:
    def broken(_: object) -> object:
        raise InputError("bad")

    def script() -> Script[str]:
        with pytest.raises(InputError):
            yield Work(broken, "work")
        yield Work(broken, "work")
        return "never"
    with qtbot.waitSignal(driver.failed, timeout=10_000) as got:
        driver.start(script())
    assert isinstance(got.args[0], InputError)


def test_a_tool_that_is_not_there(qtbot: QtBot, driver: ScriptDriver) -> None:
    def script() -> Script[object]:
        return (yield Command(("no-such-tool-anywhere",), "x"))
    with qtbot.waitSignal(driver.finished, timeout=10_000) as got:
        driver.start(script())
    assert got.args[0].exit_code is None and "not found on PATH" in got.args[0].error


def test_a_tool_that_hangs(qtbot: QtBot, driver: ScriptDriver) -> None:
    def script() -> Script[object]:
        return (yield python("import time; time.sleep(60)", timeout=0.3))
    with qtbot.waitSignal(driver.finished, timeout=10_000) as got:
        driver.start(script())
    assert "did not answer within" in got.args[0].error and not got.args[0].cancelled


@pytest.mark.parametrize("stubborn", [False, True])
def test_cancel_twice_then_clean(qtbot: QtBot, driver: ScriptDriver, tmp_path: Path, stubborn: bool) -> None:
    mark, ready, slept = tmp_path / "mark", tmp_path / "ready", tmp_path / "slept"
    ignore = "signal.signal(2, signal.SIG_IGN); signal.signal(15, signal.SIG_IGN);" if stubborn else ""

    def script() -> Script[str]:
        done = yield python(f"import signal, time; {ignore} open({str(ready)!r}, 'w').close(); time.sleep(60);"
                            f"open({str(slept)!r}, 'w').close()")
        assert isinstance(done, Finished) and done.cancelled and done.exit_code is None
        skipped = yield python("1")
        assert isinstance(skipped, Finished) and skipped.cancelled
        with pytest.raises(Cancelled):
            yield Work(lambda _: 1, "work")
        yield python(f"open({str(mark)!r}, 'w').close()", cleanup=True)
        return str((yield Work(lambda _: "clean", "work", cleanup=True)))
    with qtbot.waitSignal(driver.finished, timeout=120_000) as got:
        driver.start(script())
        qtbot.waitUntil(ready.exists, timeout=60_000)
        driver.cancel()
        driver.cancel()
    assert got.args[0] == "clean" and mark.exists() and not slept.exists()


def test_cancel_during_work(qtbot: QtBot, driver: ScriptDriver) -> None:
    def slow(progress: object) -> object:
        for n in range(10_000):
            progress.step(n, 0)     # type: ignore[attr-defined]
            time.sleep(0.001)
        return "done"

    def script() -> Script[str]:
        try:
            yield Work(slow, "work")
        except Cancelled:
            return "cancelled"
        return "done"
    with qtbot.waitSignal(driver.finished, timeout=10_000) as got:
        driver.start(script())
        driver.cancel()
    assert got.args[0] == "cancelled"


def test_closing_the_window_cleans_here_and_now(driver: ScriptDriver, qtbot: QtBot, tmp_path: Path) -> None:
    mark, ready, pid, slept = tmp_path / "mark", tmp_path / "ready", tmp_path / "pid", tmp_path / "slept"
    done: list[str] = []

    def script() -> Script[str]:
        try:
            yield python(f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid()));"
                         f"open({str(ready)!r}, 'w').close(); time.sleep(60); open({str(slept)!r}, 'w').close()")
        finally:
            yield python(f"open({str(mark)!r}, 'w').close()", cleanup=True)
            yield Work(lambda _: done.append("cleaned"), "work", cleanup=True)
        return "never seen"
    driver.start(script())
    qtbot.waitUntil(ready.exists, timeout=10_000)
    driver.shutdown()
    assert not slept.exists() and mark.exists() and done == ["cleaned"] and not driver.running
    stat = Path(f"/proc/{pid.read_text()}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
    driver.shutdown()
