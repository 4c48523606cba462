"""Tools run line by line and die with their whole group."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app.process import Ended, LineProcess


@pytest.fixture
def process(qtbot: QtBot) -> Iterator[LineProcess]:
    process = LineProcess()
    yield process
    process.shutdown()


def run(qtbot: QtBot, process: LineProcess, code: str) -> Ended:
    with qtbot.waitSignal(process.ended, timeout=10_000) as got:
        process.start([sys.executable, "-c", code])
    result = got.args[0]
    assert isinstance(result, Ended)
    return result


def test_lines_come_whole_and_before_the_end(qtbot: QtBot, process: LineProcess) -> None:
    out, err = list[str](), list[str]()
    process.out_lines.connect(out.extend)
    process.err_lines.connect(err.extend)
    code = ("import sys, time; o = sys.stdout.buffer;"
            "o.write('grün\\r\\nhal'.encode()[:4]); o.flush(); time.sleep(.05);"
            "o.write('grün\\r\\nhal'.encode()[4:]); o.write(b'f\\nrest'); o.flush(); sys.stderr.write('oops\\n')")
    assert run(qtbot, process, code) == Ended(0)
    assert out == ["grün", "half", "rest"] and err == ["oops"]


def test_exit_code_and_second_start(qtbot: QtBot, process: LineProcess) -> None:
    assert run(qtbot, process, "raise SystemExit(3)").exit_code == 3
    assert run(qtbot, process, "pass").exit_code == 0
    assert not process.running


def test_a_missing_program_is_said(qtbot: QtBot, process: LineProcess) -> None:
    with qtbot.waitSignal(process.ended) as got:
        process.start(["no-such-program-here"])
    assert got.args[0].exit_code is None and "not found on PATH" in got.args[0].error


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_cancel_ends_the_whole_group_although_it_ignores_int(qtbot: QtBot, process: LineProcess,
                                                             tmp_path: Path) -> None:
    child, slept = tmp_path / "child", tmp_path / "slept"
    code = (f"import subprocess, signal, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
            f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
            f"open({str(child)!r}, 'w').write(str(p.pid)); print('up', flush=True);"
            f"time.sleep(60); open({str(slept)!r}, 'w')")
    with qtbot.waitSignal(process.out_lines, timeout=10_000):
        process.start([sys.executable, "-c", code])
    with qtbot.waitSignal(process.ended, timeout=120_000) as got:
        process.cancel()
    assert got.args[0].cancelled and not slept.exists()
    pid = int(child.read_text())

    def gone() -> None:
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    qtbot.waitUntil(gone)
