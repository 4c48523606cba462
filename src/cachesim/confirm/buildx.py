"""Which command line makes the real build, and what do the lines that it prints mean?"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cachesim.confirm.observed import LogChunk, ObservedVertex, Update
from cachesim.graph.options import BuildOptions

__all__ = ["RAWJSON_SINCE", "BuildCommand", "LineReader", "PlainReader", "RawJsonReader", "Redactor", "build_argv",
           "buildx_version", "clean_environment", "reader_for"]

RAWJSON_SINCE = (0, 13)
"""The first buildx that knows --progress=rawjson; older ones print plain text."""

_LEAKS = ("SOURCE_DATE_EPOCH", "BUILDKIT_PROGRESS", "BUILDX_BUILDER", "BUILDX_METADATA_PROVENANCE",
          "BUILDX_METADATA_WARNINGS", "BUILDX_NO_DEFAULT_ATTESTATIONS", "BUILDKIT_SYNTAX")


@dataclass(frozen=True, slots=True)
class BuildCommand:
    """Everything that the command line of one build says.

    Attributes:
        client: How the client is called and where it connects: ("docker",) or ("docker", "--context", "x").
        builder: --builder, "" for the client's own choice.
        dockerfile: Where the Dockerfile lies (it may lie outside the folder).
        contexts: Named contexts that replace or join those of the options.
        secrets: Secret id and the environment variable of the child process that holds it.
        rawjson: False for a buildx that is too old for it.
    """

    folder: Path
    dockerfile: Path
    options: BuildOptions
    client: tuple[str, ...] = ("docker",)
    builder: str = ""
    contexts: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    rawjson: bool = True
    no_cache: bool = False
    output: str = "type=cacheonly"
    extra: tuple[str, ...] = field(default=())


def build_argv(command: BuildCommand) -> tuple[str, ...]:
    """The command line, flags in an order that people read well; secrets are named, never contained."""
    o = command.options
    argv = [*command.client, "buildx", "build"]
    if command.builder:
        argv += ["--builder", command.builder]
    argv += [f"--progress={'rawjson' if command.rawjson else 'plain'}", "--provenance=false"]
    argv += ["--network", o.network.value]
    argv += ["--output", command.output] if command.output else []
    argv += ["--no-cache"] if o.no_cache or command.no_cache else []
    argv += _repeated("--no-cache-filter", o.no_cache_filter)
    argv += ["--pull"] if o.pull else []
    argv += ["--target", o.target] if o.target else []
    argv += ["--platform", o.platform] if o.platform else []
    argv += _repeated("--build-arg", (n if v is None else f"{n}={v}" for n, v in o.args))
    argv += _repeated("--label", (f"{n}={v}" for n, v in o.labels))
    argv += _repeated("--add-host", (f"{n}:{v}" for n, v in o.add_hosts))
    argv += _repeated("--secret", (f"id={i},env={name}" for i, name in command.secrets))
    argv += _repeated("--ssh", o.ssh)
    argv += ["--shm-size", str(o.shm_size)] if o.shm_size else []
    argv += _repeated("--ulimit", o.ulimits)
    argv += ["--cgroup-parent", o.cgroup_parent] if o.cgroup_parent else []
    argv += _repeated("--cache-from", o.cache_from)
    argv += _repeated("--build-context", (f"{n}={_place(v, command.folder)}" for n, v in _contexts(command)))
    return (*argv, *command.extra, "--file", str(command.dockerfile), str(command.folder))


def _contexts(command: BuildCommand) -> list[tuple[str, str]]:
    merged = dict(command.options.contexts)
    merged.update(command.contexts)
    return list(merged.items())


def _place(value: str, folder: Path) -> str:
    return value if re.match(r"[a-z][a-z0-9+.-]*://|[^/]+@[^/]+:", value) else str(folder / value)


def _repeated(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]


def clean_environment(options: BuildOptions, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for the client: without variables that would change the build behind the options' back."""
    env = dict(os.environ if base is None else base)
    for name in (*_LEAKS, *(name for name, value in options.args if value is None)):
        env.pop(name, None)
    return env


def buildx_version(text: str) -> tuple[int, ...]:
    """The version in the output of `docker buildx version`; empty if there is none."""
    found = re.search(r"\bv?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups(default="0")) if found else ()


class LineReader(Protocol):
    """Turns lines of the client into updates."""

    def feed(self, line: str) -> tuple[Update, ...]:
        """Read one whole line; nothing is ever raised for its content."""

    def finish(self) -> tuple[Update, ...]:
        """Hand out what was held back."""


def reader_for(rawjson: bool, secrets: Sequence[bytes] = ()) -> LineReader:
    """The reader that fits `BuildCommand.rawjson`."""
    return RawJsonReader(secrets) if rawjson else PlainReader(secrets)


class RawJsonReader:
    """Reads `--progress=rawjson`: a JSON object a line, in between plain lines of the client itself.

    Source: buildx 0.29.1 util/progress/printer.go, BuildKit 0.25.2 client/graph.go SolveStatus; recorded streams in
    tests/data/rawjson.
    """

    def __init__(self, secrets: Sequence[bytes] = ()) -> None:
        self._decoders: dict[tuple[str, int], codecs.IncrementalDecoder] = {}
        self._redactors: dict[tuple[str, int], Redactor] = {}
        self._secrets = tuple(secrets)
        self._texts = Redactor(secrets)

    def feed(self, line: str) -> tuple[Update, ...]:
        if line[:1] == "{":
            try:
                data = json.loads(line)
                if isinstance(data, dict) and not data.keys() - {"vertexes", "statuses", "logs", "warnings"}:
                    return self._status(data)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                pass
        return (Update(note=self._texts.whole(line)),) if line.strip() else ()

    def finish(self) -> tuple[Update, ...]:
        rest = tuple(LogChunk(vertex, text, stream == 2) for (vertex, stream), redactor in self._redactors.items()
                     if (text := redactor.finish()))
        return (Update(logs=rest),) if rest else ()

    def _status(self, data: dict[str, Any]) -> tuple[Update, ...]:
        vertices = tuple(self._vertex(v) for v in data.get("vertexes") or ())
        logs = tuple(chunk for item in data.get("logs") or () if (chunk := self._log(item)) is not None)
        progress = tuple((str(s["vertex"]), int(s.get("current") or 0), int(s.get("total") or 0))
                         for s in data.get("statuses") or () if s.get("vertex"))
        updates = [Update(vertices, logs, progress)] if vertices or logs or progress else []
        for warning in data.get("warnings") or ():
            text = _decoded(warning.get("short") or "").decode("utf-8", "replace")
            updates.append(Update(note=self._texts.whole(f"WARNING: {text}")))
        return tuple(updates)

    def _vertex(self, v: dict[str, Any]) -> ObservedVertex:
        start, end = _seconds(v.get("started")), _seconds(v.get("completed"))
        group = v.get("progressGroup") or {}
        return ObservedVertex(
            digest=str(v["digest"]), name=self._texts.whole(str(v.get("name") or "")),
            inputs=tuple(str(i) for i in v.get("inputs") or ()),
            intervals=((start, end),) if start is not None else (), cached=bool(v.get("cached")),
            error=self._texts.whole(str(v.get("error") or "")), group=str(group.get("id") or ""))

    def _log(self, item: dict[str, Any]) -> LogChunk | None:
        key = (str(item["vertex"]), int(item.get("stream") or 1))
        decoder = self._decoders.get(key)
        if decoder is None:
            decoder = self._decoders[key] = codecs.getincrementaldecoder("utf-8")("replace")
            self._redactors[key] = Redactor(self._secrets)
        text = self._redactors[key].feed(decoder.decode(_decoded(item.get("data") or "")))
        return LogChunk(key[0], text, key[1] == 2) if text else None


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return data.encode("utf-8", "replace")


def _seconds(stamp: object) -> float | None:
    return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) and stamp else None


_PLAIN = re.compile(r"#(\d+) (.*)")
_DONE = re.compile(r"DONE (\d+(?:\.\d+)?)s$")
_LOGGED = re.compile(r"\d+\.\d+ ")


class PlainReader:
    """Reads `--progress=plain`, for a buildx that is too old for rawjson.

    Times are only durations there; a span starts when its vertex is first named, on a clock that the ends before it
    have moved on. A linked copy and its merge are one line.
    Source: recorded outputs in tests/data/rawjson/*.plain.txt.
    """

    def __init__(self, secrets: Sequence[bytes] = ()) -> None:
        self._names: dict[str, str] = {}
        self._starts: dict[str, float] = {}
        self._clock = 0.0
        self._texts = Redactor(secrets)

    def feed(self, line: str) -> tuple[Update, ...]:
        line = self._texts.whole(line)
        found = _PLAIN.fullmatch(line)
        if found is None or found[1] == "0":
            return (Update(note=line),) if line.strip() else ()
        digest, text = f"#{found[1]}", found[2]
        if digest not in self._names:
            self._names[digest], self._starts[digest] = text, self._clock
            return (self._state(digest, None),)
        if text == "CACHED":
            return (self._state(digest, 0.0, cached=True),)
        if text == "CANCELED":
            return (self._state(digest, 0.0, error="context canceled"),)
        if text.startswith("ERROR: "):
            return (self._state(digest, 0.0, error=text.removeprefix("ERROR: ")),)
        done, logged = _DONE.fullmatch(text), _LOGGED.match(text)
        if done is not None:
            return (self._state(digest, float(done[1])),)
        return (Update(logs=(LogChunk(digest, text[logged.end():] + "\n"),)),) if logged is not None else ()

    def _state(self, digest: str, seconds: float | None, *, cached: bool = False, error: str = "") -> Update:
        start = self._starts[digest]
        end = None if seconds is None else start + seconds
        self._clock = max(self._clock, end or 0.0)
        return Update((ObservedVertex(digest, self._names[digest], (), ((start, end),), cached, error),))

    def finish(self) -> tuple[Update, ...]:
        return ()


_MASK = "****"
_SHORTEST_LINE = 6


class Redactor:
    """Takes secrets out of a text that comes in pieces; a secret may be split between two of them."""

    def __init__(self, secrets: Sequence[bytes] = ()) -> None:
        words: set[str] = set()
        for secret in secrets:
            text = secret.decode("utf-8", "replace")
            words.update(w for w in (text, text.strip()) if w)
            words.update(line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORTEST_LINE)
        self._words = sorted(words, key=len, reverse=True)
        self._held = ""

    @property
    def active(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._words)

    def whole(self, text: str) -> str:
        """Hide secrets in a text that is complete."""
        for word in self._words:
            text = text.replace(word, _MASK)
        return text

    def feed(self, text: str) -> str:
        """Hide secrets in the next piece; an end that may be the start of a secret is held back."""
        if not self._words:
            return text
        text = self.whole(self._held + text)
        keep = max((n for word in self._words for n in range(min(len(word) - 1, len(text)), 0, -1)
                    if text.endswith(word[:n])), default=0)
        self._held = text[len(text) - keep:]
        return text[:len(text) - keep]

    def finish(self) -> str:
        """What was held back."""
        text, self._held = self._held, ""
        return text

