"""How does a command line tool run beside the window, line by line, and how is it stopped for certain?"""

from __future__ import annotations

import codecs
import os
import shutil
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QByteArray, QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

__all__ = ["Ended", "LineProcess"]

_SLICE = 0.010          # seconds of output that are handled in one turn of the event loop
_POLITE_MS = 1000       # from INT to TERM, and from TERM to KILL: gone within 3 s


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended; `exit_code` is None if it did not start or died by a signal, `error` says why."""

    exit_code: int | None
    error: str = ""
    cancelled: bool = False


class _Lines:
    """Bytes in, whole lines out; a character may be split between two reads."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: QByteArray, final: bool = False) -> list[str]:
        self._rest += self._decoder.decode(bytes(data.data()), final)
        *whole, self._rest = self._rest.split("\n")
        if final and self._rest:
            whole.append(self._rest)
            self._rest = ""
        return [line.removesuffix("\r") for line in whole]


class LineProcess(QObject):
    """One run of a tool in a process group of its own; after `ended` it can start again.

    `out_lines` and `err_lines` carry tuples of whole lines; `ended` comes once per `start`, after the last line.
    """

    out_lines, err_lines = Signal(object), Signal(object)
    ended = Signal(object)      # Ended

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._cancelled = False
        self._group = 0
        self._pending: deque[tuple[bool, str]] = deque()
        self._result: Ended | None = None
        self._drain = QTimer(self, singleShot=True, interval=0)
        self._drain.timeout.connect(self._emit_slice)
        self._escalate = QTimer(self, singleShot=True, interval=_POLITE_MS)
        self._escalate.timeout.connect(self._stronger)
        self._signals: list[int] = []

    @property
    def running(self) -> bool:
        """Whether `ended` is still to come."""
        return self._process is not None

    def start(self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        """Start a tool; one that cannot be started ends with a readable error."""
        if self._process is not None:
            raise RuntimeError("the process is still running")
        self._cancelled, self._result, self._group = False, None, 0
        self._out, self._err = _Lines(), _Lines()
        process = self._process = QProcess(self)
        program = shutil.which(argv[0], path=(env or os.environ).get("PATH"))
        if program is None:
            self._result = Ended(None, f"{argv[0]}: not found on PATH. Install it, then try again")
            self._drain.start()
            return
        process.setProgram(program)
        process.setArguments(list(argv[1:]))
        if cwd is not None:
            process.setWorkingDirectory(str(cwd))
        if env is not None:
            environment = QProcessEnvironment()
            for name, value in env.items():
                environment.insert(name, value)
            process.setProcessEnvironment(environment)
        if os.name == "posix":
            parameters = process.unixProcessParameters()
            parameters.flags = QProcess.UnixProcessFlag.CreateNewSession
            process.setUnixProcessParameters(parameters)
        process.readyReadStandardOutput.connect(self._read_out)
        process.readyReadStandardError.connect(self._read_err)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        process.setInputChannelMode(QProcess.InputChannelMode.ManagedInputChannel)
        process.start()
        self._group = process.processId()
        process.closeWriteChannel()

    @Slot()
    def cancel(self) -> None:
        """Ask the whole group to stop: INT, a second later TERM, a second later KILL."""
        if self._process is None or self._cancelled:
            return
        self._cancelled = True
        self._signals = [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)]
        self._stronger()

    def shutdown(self) -> None:
        """Kill the group and wait for it; for closing the window."""
        process = self._process
        if process is None:
            return
        self._cancelled = True
        self._send(getattr(signal, "SIGKILL", signal.SIGTERM))
        process.waitForFinished(3000)
        self._escalate.stop()

    @Slot()
    def _stronger(self) -> None:
        if self._process is not None and self._signals:
            self._send(self._signals.pop(0))
            self._escalate.start()

    def _send(self, number: int) -> None:
        if os.name != "posix":
            if self._process is not None:
                self._process.kill()
        elif self._group > 0:
            try:
                os.killpg(self._group, number)
            except (ProcessLookupError, PermissionError):
                return

    @Slot()
    def _read_out(self) -> None:
        if self._process is not None:
            self._take(False, self._out.feed(self._process.readAllStandardOutput()))

    @Slot()
    def _read_err(self) -> None:
        if self._process is not None:
            self._take(True, self._err.feed(self._process.readAllStandardError()))

    def _take(self, is_error: bool, lines: list[str]) -> None:
        self._pending.extend((is_error, line) for line in lines)
        if self._pending and not self._drain.isActive():
            self._drain.start()

    @Slot()
    def _emit_slice(self) -> None:
        """Hand lines on for 10 ms, then let the window breathe; after the last one say that it ended."""
        until = monotonic() + _SLICE
        while self._pending and monotonic() < until:
            is_error = self._pending[0][0]
            batch: list[str] = []
            while self._pending and self._pending[0][0] is is_error and len(batch) < 200:
                batch.append(self._pending.popleft()[1])
            (self.err_lines if is_error else self.out_lines).emit(tuple(batch))
        if self._pending:
            self._drain.start()
        elif self._result is not None:
            self._end(self._result)

    @Slot(int, QProcess.ExitStatus)
    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        self._take(False, self._out.feed(self._process.readAllStandardOutput(), final=True))
        self._take(True, self._err.feed(self._process.readAllStandardError(), final=True))
        crashed = status is QProcess.ExitStatus.CrashExit
        self._set_result(Ended(None if crashed else code, "it was killed" if crashed and not self._cancelled else "",
                               self._cancelled))

    @Slot(QProcess.ProcessError)
    def _error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            self._set_result(Ended(None, self._process.errorString(), self._cancelled))

    def _set_result(self, result: Ended) -> None:
        self._result = result
        self._drain.start()

    def _end(self, result: Ended) -> None:
        if self._process is None:
            return
        if result.cancelled:
            self._send(getattr(signal, "SIGKILL", signal.SIGTERM))   # a second process of the group may be left
        self._escalate.stop()
        self._process.deleteLater()
        self._process, self._result = None, None
        self.ended.emit(result)
