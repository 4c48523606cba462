"""How does a script of commands and file work run beside the window?"""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cachesim.app.jobs import LatestJob
from cachesim.app.process import Ended, LineProcess
from cachesim.confirm.script import Command, Finished, Script, Work
from cachesim.errors import Cancelled
from cachesim.progress import Progress

__all__ = ["ScriptDriver"]

_KEEP_LINES = 20_000


class ScriptDriver(QObject):
    """Runs one script at a time: commands as processes of their own, file work on a worker thread.

    `finished` carries what the script returned, `failed` the exception that ended it. `cancel` may be called twice;
    what cleans up still runs.
    """

    finished, failed = Signal(object), Signal(object)
    told = Signal(str)              # what is being done

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._script: Script[Any] | None = None
        self._item: Command | Work | None = None
        self._cancelled, self._timed_out = False, False
        self._out: deque[str] = deque(maxlen=_KEEP_LINES)
        self._err: deque[str] = deque(maxlen=_KEEP_LINES)
        self._process = LineProcess(self)
        self._process.out_lines.connect(self._take_out)
        self._process.err_lines.connect(self._take_err)
        self._process.ended.connect(self._ended)
        self._job = LatestJob("confirm", self)
        self._job.finished.connect(self._worked)
        self._job.failed.connect(self._work_failed)
        self._job.crashed.connect(self._work_failed)
        self._limit = QTimer(self, singleShot=True)
        self._limit.timeout.connect(self._too_long)

    @property
    def running(self) -> bool:
        """Whether a script is under way."""
        return self._script is not None

    def start(self, script: Script[Any]) -> None:
        """Run a script."""
        if self._script is not None:
            raise RuntimeError("a script is already running")
        self._script, self._cancelled = script, False
        self._go_on(lambda: next(script))

    @Slot()
    def cancel(self) -> None:
        """Stop what runs now; a step that cleans up is left alone."""
        if self._script is None:
            return
        self._cancelled = True
        if self._item is not None and not self._item.cleanup:
            self._process.cancel()
            if isinstance(self._item, Work):
                self._job.cancel()
                self._answer_error(Cancelled("cancelled"))

    def shutdown(self) -> None:
        """Stop at once, and do here and now what cleans up; for closing the window."""
        script, item = self._script, self._item
        self._script = self._item = None
        self._limit.stop()
        self._process.shutdown()
        self._job.shutdown()
        if script is None:
            return
        try:
            if isinstance(item, Work) and not item.cleanup:
                item = script.throw(Cancelled("cancelled"))
            elif item is not None:
                item = script.send(_now(item) if item.cleanup else Finished(None, cancelled=True))
            while item is not None:
                if isinstance(item, Work) and not item.cleanup:
                    item = script.throw(Cancelled("cancelled"))
                else:
                    item = script.send(_now(item) if item.cleanup else Finished(None, cancelled=True))
        except (StopIteration, Cancelled, OSError):
            return

    # -- inside -------------------------------------------------------------------------------------------------

    def _go_on(self, step: Callable[[], Command | Work]) -> None:
        """Take the next item out of the script, and start it."""
        try:
            item = step()
        except StopIteration as stop:
            self._script = self._item = None
            self.finished.emit(stop.value)
            return
        except Exception as error:      # the job boundary: every error becomes a signal
            self._script = self._item = None
            self.failed.emit(error)
            return
        self._item = item
        self.told.emit(item.what)
        if self._cancelled and not item.cleanup:
            QTimer.singleShot(0, self._skip)
        elif isinstance(item, Work):
            self._job.submit(_guarded(item))
        else:
            self._out.clear()
            self._err.clear()
            self._timed_out = False
            if item.timeout is not None:
                self._limit.start(round(item.timeout * 1000))
            self._process.start(item.argv, env=item.env)

    @Slot()
    def _skip(self) -> None:
        if isinstance(self._item, Work):
            self._answer_error(Cancelled("cancelled"))
        elif self._item is not None:
            self._answer(Finished(None, error="cancelled", cancelled=True))

    def _answer(self, answer: object) -> None:
        script = self._script
        if script is not None:
            self._item = None
            self._go_on(lambda: script.send(answer))

    def _answer_error(self, error: Exception) -> None:
        script = self._script
        if script is not None:
            self._item = None
            self._go_on(lambda: script.throw(error))

    @Slot(object)
    def _take_out(self, lines: tuple[str, ...]) -> None:
        self._out.extend(lines)

    @Slot(object)
    def _take_err(self, lines: tuple[str, ...]) -> None:
        sink = self._item.on_line if isinstance(self._item, Command) else None
        if sink is None:
            self._err.extend(lines)
        else:
            for line in lines:
                sink(line)

    @Slot(object)
    def _ended(self, ended: Ended) -> None:
        self._limit.stop()
        if not isinstance(self._item, Command):
            return
        error, cancelled = ended.error, ended.cancelled
        if self._timed_out:
            error, cancelled = f"{self._item.argv[0]} did not answer within {self._item.timeout:.0f} s", False
        code = None if ended.cancelled else ended.exit_code
        self._answer(Finished(code, "\n".join(self._out), "\n".join(self._err), error, cancelled))

    @Slot()
    def _too_long(self) -> None:
        self._timed_out = True
        self._process.cancel()

    @Slot(object)
    def _worked(self, result: object) -> None:
        self._answer(result)

    @Slot(object)
    def _work_failed(self, error: Exception) -> None:
        self._answer_error(error)


def _guarded(item: Work) -> Callable[[Progress], object]:
    """Cleaning up is not to be cancelled by whoever cancels the job."""
    return (lambda _: item.run(Progress())) if item.cleanup else item.run


def _now(item: Command | Work) -> object:
    """Do a cleaning step here and now."""
    if isinstance(item, Work):
        return item.run(Progress())
    try:
        done = subprocess.run(item.argv, env=dict(item.env) if item.env is not None else None, capture_output=True,
                              text=True, errors="replace", timeout=min(item.timeout or 5, 5), start_new_session=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finished(None, error=str(error))
    return Finished(done.returncode, done.stdout, done.stderr)
