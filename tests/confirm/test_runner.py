"""Tools without a window."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cachesim.cli.runner import LineCutter, Runner
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.errors import Cancelled


def python(code: str, flags: tuple[str, ...] = (), **change: object) -> Command:
    return Command((sys.executable, *flags, "-c", code), "running", **change)  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_for(path: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError(f"{path} was never written")


def test_both_streams_and_the_exit_code() -> None:
    lines: list[str] = []
    done = Runner().execute(python("import sys; print('out'); print('a', file=sys.stderr); sys.exit(3)",
                                   on_line=lines.append))
    assert done == Finished(3, "out\n") and lines == ["a"]


def test_the_end_of_stderr_is_in_the_answer() -> None:
    done = Runner().execute(python("import sys\nfor i in range(30000): print('line', i, file=sys.stderr)"))
    assert isinstance(done, Finished) and done.err.endswith("line 29999") and len(done.err) <= 1 << 16


def test_a_tool_that_is_not_there() -> None:
    done = Runner().execute(Command(("no-such-tool-anywhere", "x"), "x"))
    assert isinstance(done, Finished) and done.exit_code is None and "not found on PATH" in done.error


def test_a_tool_that_is_killed() -> None:
    done = Runner().execute(python("import os; os.kill(os.getpid(), 9)"))
    assert isinstance(done, Finished) and done.exit_code is None and "killed (signal 9)" in done.error


def test_a_tool_that_hangs() -> None:
    lines: list[str] = []
    done = Runner().execute(python("import sys, time; time.sleep(60); print('slept', file=sys.stderr)", timeout=0.3,
                                   on_line=lines.append))
    assert isinstance(done, Finished) and "did not answer within" in done.error and not done.cancelled
    assert "slept" not in lines


@pytest.mark.parametrize("stubborn", [False, True])
def test_cancel_ends_the_whole_group(tmp_path: Path, stubborn: bool) -> None:
    ignore = "signal.signal(2, lambda *_: print('INT')); signal.signal(15, lambda *_: print('TERM'));" if stubborn else ""
    code = (f"import os, signal, subprocess, sys, time; {ignore}"
            "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
            f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{p.pid}}'); time.sleep(60); print('slept')")
    runner = Runner()

    def stop() -> None:
        wait_for(tmp_path / "pids")
        runner.cancel()
        runner.cancel()
    thread = threading.Thread(target=stop)
    thread.start()
    done = runner.execute(python(code, flags=("-u",)))
    thread.join()
    assert isinstance(done, Finished) and done.cancelled and done.exit_code is None
    assert done.out.split() == (["INT", "TERM"] if stubborn else [])
    end = time.monotonic() + 60     # the system needs a moment to bury the killed
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    while not all(map(gone, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    assert all(map(gone, pids))


def test_after_a_cancel_only_cleaning_runs(tmp_path: Path) -> None:
    runner = Runner()
    runner.cancel()
    mark = tmp_path / "mark"

    def script() -> Script[str]:
        first = yield python("1")
        assert isinstance(first, Finished) and first.cancelled
        with pytest.raises(Cancelled):
            yield Work(lambda _: 1, "work")
        done = yield python(f"open({str(mark)!r}, 'w').write('x')", cleanup=True)
        assert isinstance(done, Finished) and done.ok
        return str((yield Work(lambda _: "clean", "work", cleanup=True)))
    assert runner.run(script()) == "clean" and mark.exists()


def test_an_exception_of_work_is_raised_in_the_script() -> None:
    def broken(_: object) -> object:
        raise ValueError("x")

    def script() -> Script[str]:
        try:
            yield Work(broken, "work")
        except ValueError:
            return "caught"
        return "not caught"
    assert Runner().run(script()) == "caught"


def test_environment() -> None:
    done = Runner().execute(python("import os; print(os.environ['X'])", env={**os.environ, "X": "1"}))
    assert done == Finished(0, "1\n")


def cut(*pieces: bytes, longest: int = 1000) -> list[str]:
    cutter = LineCutter(longest)

    def all_of_it() -> Iterator[str]:
        for piece in pieces:
            yield from cutter.feed(piece)
        yield from cutter.feed(b"", final=True)
    return list(all_of_it())


def test_lines_from_pieces() -> None:
    assert cut(b"a\nb", b"c\r\n", b"d") == ["a", "bc", "d"]
    assert cut("é".encode()[:1], "é".encode()[1:] + b"\n") == ["é"]
    assert cut(b"\xff\n\n") == ["\ufffd", ""]
    assert cut(b"x" * 600, b"y" * 600, b"z\n", longest=1000) == ["x" * 600 + "y" * 600, "z"]


def test_200_mb_of_log_pass_in_bounded_memory(tmp_path: Path) -> None:
    """A process of its own, so that its peak can be read."""
    code = f"""
import json, base64, resource, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from cachesim.cli.runner import Runner
from cachesim.confirm.buildx import RawJsonReader
from cachesim.confirm.script import Command
from cachesim.confirm.stream import Sink
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sink = Sink(RawJsonReader(), Path({str(tmp_path)!r}), 0, [], lambda: None)
data = base64.b64encode(b"x" * 75_000).decode()
line = json.dumps({{"logs": [{{"vertex": "d", "stream": 1, "data": data}}]}})
writer = "import sys\\nfor _ in range(2000): sys.stderr.write(sys.argv[1] + chr(10))"
sink.line(json.dumps({{"vertexes": [{{"digest": "d", "name": "RUN yes", "started": "2026-01-01T00:00:00Z"}}]}}))
done = Runner().execute(Command((sys.executable, "-c", writer, line), "x", on_line=sink.line))
sink.close()
vertex = sink.seen.snapshot().vertices[0]
print(done.exit_code, vertex.log_size, len(vertex.log),
      (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600)
    exit_code, size, kept, grown = map(int, done.stdout.split())
    assert (exit_code, size, kept) == (0, 150_000_000, 65536)
    assert grown < 60       # MB
    assert (tmp_path / "build-0.rawjson").stat().st_size > 200_000_000
    (tmp_path / "build-0.rawjson").unlink()
