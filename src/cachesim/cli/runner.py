"""How does a command without a window run tools, line by line, and stop them for certain?"""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from cachesim.confirm.script import Command, Finished, Script, Work, drive
from cachesim.errors import Cancelled
from cachesim.progress import Progress

__all__ = ["LineCutter", "Runner"]

T = TypeVar("T")

_TICK = 0.1
_POLITE = 1.0           # seconds from INT to TERM, and from TERM to KILL: gone within 3 s
_CHUNK = 1 << 16
_KEEP_OUT = 32 << 20
_KEEP_ERR = 1 << 16
_LONGEST_LINE = 64 << 20


class LineCutter:
    """Bytes in, whole lines out; a character may be split between two reads, and no line is endless."""

    def __init__(self, longest: int = _LONGEST_LINE) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []
        self._length, self._longest = 0, longest

    def feed(self, data: bytes, final: bool = False) -> Iterator[str]:
        """The lines that are complete now."""
        text = self._decoder.decode(data, final)
        *whole, rest = text.split("\n")
        for piece in whole:
            self._parts.append(piece)
            line = "".join(self._parts)
            self._parts, self._length = [], 0
            yield line.removesuffix("\r")
        if rest:
            self._parts.append(rest)
            self._length += len(rest)
        if self._length and (final or self._length > self._longest):
            line = "".join(self._parts)
            self._parts, self._length = [], 0
            yield line


class Runner:
    """Runs scripts with subprocess. `cancel` may be called at any time, also twice, also from a signal handler."""

    def __init__(self, tell: Callable[[str], None] = lambda _: None) -> None:
        self._tell = tell
        self._progress = Progress()
        self.cancelled = False

    def cancel(self) -> None:
        """Stop what runs; what cleans up afterwards still runs."""
        self.cancelled = True
        self._progress.cancel()

    def run(self, script: Script[T]) -> T:
        """Run a script to its end."""
        return drive(script, self.execute)

    def execute(self, item: Command | Work) -> object:
        """Do one thing that a script asks for."""
        if isinstance(item, Work):
            if self.cancelled and not item.cleanup:
                raise Cancelled("cancelled")
            return item.run(Progress() if item.cleanup else self._progress)
        if self.cancelled and not item.cleanup:
            return Finished(None, error="cancelled", cancelled=True)
        self._tell(item.what)
        return _Process(item, self).run()


class _Process:
    """One run of one tool, in a session (and so a process group) of its own."""

    def __init__(self, command: Command, owner: Runner) -> None:
        self._command, self._owner = command, owner
        self._out = bytearray()
        self._err: list[str] = []
        self._err_size = 0
        self._signals = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
        self._next = 0.0
        self._timed_out = False

    def run(self) -> Finished:
        command = self._command
        name = command.argv[0]
        program = shutil.which(name, path=(command.env or os.environ).get("PATH"))
        if program is None:
            return Finished(None, error=f"{name}: not found on PATH. Install it, then try again")
        try:
            process = subprocess.Popen(
                [program, *command.argv[1:]], env=dict(command.env) if command.env is not None else None,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        except OSError as error:
            return Finished(None, error=f"{name}: {(error.strerror or str(error)).lower()}")
        with process:
            try:
                self._pump(process)
            except BaseException:
                _signal(process.pid, signal.SIGKILL)
                raise
        stopped = self._stopped
        if stopped:
            _signal(process.pid, signal.SIGKILL)     # a second process of the group may be left
        reason = ""
        if self._timed_out:
            reason = f"{name} did not answer within {command.timeout:.0f} s"
        elif process.returncode < 0 and not stopped:
            reason = f"{name} was killed (signal {-process.returncode})"
        code = None if stopped or process.returncode < 0 else process.returncode
        return Finished(code, self._out.decode("utf-8", "replace"), "\n".join(self._err), reason,
                        stopped and not self._timed_out)

    @property
    def _stopped(self) -> bool:
        return len(self._signals) < 3

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        """Read both streams until they are closed and the process has ended; past the last signal nobody waits."""
        cutter, start = LineCutter(), time.monotonic()
        with selectors.DefaultSelector() as open_streams:
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                os.set_blocking(stream.fileno(), False)
                open_streams.register(stream, selectors.EVENT_READ)
            while open_streams.get_map():
                for key, _ in open_streams.select(_TICK):
                    if not self._read(key.fd, cutter, key.fileobj is process.stderr):
                        open_streams.unregister(key.fd)
                if self._escalate(process, start) and process.poll() is not None:
                    break
        for line in cutter.feed(b"", final=True):
            self._take(line)
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TICK)
                return
            self._escalate(process, start)

    def _read(self, stream: int, cutter: LineCutter, is_error: bool) -> bool:
        try:
            data = os.read(stream, _CHUNK)
        except BlockingIOError:
            return True
        if not data:
            return False
        if is_error:
            for line in cutter.feed(data):
                self._take(line)
        elif len(self._out) < _KEEP_OUT:
            self._out += data
        return True

    def _take(self, line: str) -> None:
        if self._command.on_line is not None:
            self._command.on_line(line)
            return
        self._err.append(line)
        self._err_size += len(line) + 1
        while self._err_size > _KEEP_ERR and len(self._err) > 1:
            self._err_size -= len(self._err.pop(0)) + 1

    def _escalate(self, process: subprocess.Popen[bytes], start: float) -> bool:
        """Send the next signal if it is time; true once the last one was sent."""
        now = time.monotonic()
        limit = self._command.timeout
        if limit is not None and now - start > limit and not self._stopped:
            self._timed_out = True
        wanted = self._timed_out or (self._owner.cancelled and not self._command.cleanup)
        if wanted and self._signals and now >= self._next:
            _signal(process.pid, self._signals.pop(0))
            self._next = now + _POLITE
        return not self._signals


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
