"""Where do the client's lines go while it builds?"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from cachesim.confirm.buildx import LineReader, Redactor
from cachesim.confirm.observed import Observation
from cachesim.confirm.workspace import disk_trouble
from cachesim.errors import CachesimError

__all__ = ["Sink", "StreamFile"]

_BUFFER = 64 * 1024


class StreamFile:
    """The raw lines of one build on their way to disk; secrets are taken out, memory does not grow."""

    def __init__(self, path: Path, secrets: Sequence[bytes] = ()) -> None:
        self.path = path
        self._secrets = tuple(secrets)
        self._whole = Redactor(secrets)
        self._parts: dict[tuple[str, int], Redactor] = {}
        self._waiting = bytearray()     # a buffer of our own: what cannot be written must not be tried again
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise disk_trouble(error, path) from error

    def write(self, line: str) -> None:
        """Add one line.

        Raises:
            InputError: The disk is full.
        """
        text = self._cleaned(line) if self._whole.active else line
        self._waiting += text.encode("utf-8", "backslashreplace") + b"\n"
        if len(self._waiting) >= _BUFFER:
            self._flush()

    def close(self) -> None:
        """Write the rest; a full disk is told here at the latest."""
        try:
            self._flush()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file of a build that was given up; what is not written yet is dropped."""
        self._file.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        try:
            while waiting:
                del waiting[:self._file.write(waiting)]
        except OSError as error:
            self._file.close()
            raise disk_trouble(error, self.path) from error

    def _cleaned(self, line: str) -> str:
        try:
            data = json.loads(line) if line.startswith("{") else None
            for item in data.get("logs") or () if isinstance(data, dict) else ():
                key = (str(item.get("vertex")), int(item.get("stream") or 1))
                raw = base64.b64decode(item.get("data") or "").decode("utf-8", "surrogateescape")
                text = self._parts.setdefault(key, Redactor(self._secrets)).feed(raw)
                item["data"] = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
        except (ValueError, TypeError, AttributeError):
            data = None
        return self._whole.whole(line if data is None else json.dumps(data, ensure_ascii=False))


class Sink:
    """Takes the client's lines: into the raw stream on disk and into the observation."""

    def __init__(self, reader: LineReader, folder: Path, number: int, secrets: list[bytes],
                 changed: Callable[[], None]) -> None:
        self.seen = Observation()
        self.stream = StreamFile(folder / f"build-{number}.rawjson", secrets)
        self._reader, self._changed = reader, changed
        self._trouble: CachesimError | None = None

    def line(self, line: str) -> None:
        """Take one line; a full disk is told when the build has ended, which goes on meanwhile."""
        if self._trouble is None:
            try:
                self.stream.write(line)
            except CachesimError as error:
                self._trouble = error
        self.seen.add(self._reader.feed(line))
        self._changed()

    def close(self) -> None:
        """Read the rest.

        Raises:
            CachesimError: The stream could not be written.
        """
        self.seen.add(self._reader.finish())
        if self._trouble is None:
            self.stream.close()
        else:
            raise self._trouble
