"""How does the classic builder make a real build, and what does its stream say?

It has no command line client any more that tells more than text, so the docker SDK drives it: a context archive goes to
POST /build, and a JSON stream comes back. Each item is passed on as one line, with the time it came.
"""

from __future__ import annotations

import json
import re
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cachesim.confirm.buildx import Redactor
from cachesim.confirm.observed import LogChunk, ObservedVertex, Update
from cachesim.confirm.workspace import disk_trouble
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot
from cachesim.errors import Cancelled, EngineError
from cachesim.graph.options import BuildOptions
from cachesim.progress import Progress
from cachesim.project.bases import Endpoint, current_endpoint

__all__ = ["ClassicReader", "classic_build", "context_archive", "endpoint_of"]

_STEP = re.compile(r"Step (\d+)/(\d+) : .*", re.DOTALL)
_ID = re.compile(r" ---> ([0-9a-f]{12})?\n")
_RUNNING = re.compile(r" ---> Running in [0-9a-f]{12}\n")
_CACHED = " ---> Using cache\n"
_ASIDE = re.compile(r" ---> Removed intermediate container |Successfully (built|tagged) ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TICK = 0.1


@dataclass(slots=True)
class _Step:
    vertex: ObservedVertex
    began: float
    running: bool = False
    cached: bool = False
    over: bool = False


class ClassicReader:
    """Reads the stream of the classic builder, a JSON object a line: bare items, or `{"at": seconds, "item": …}`.

    A RUN may print anything, also "Using cache": only a chunk that is exactly one such line, at the right step and
    before it runs, is believed.
    Source: moby v28.5 builder/dockerfile/dispatchers.go, evaluator.go; recorded streams in tests/data/classic.
    """

    def __init__(self, secrets: Sequence[bytes] = ()) -> None:
        self._step: _Step | None = None
        self._count, self._total = 0, 0
        self._clock = 0.0
        self._texts = Redactor(secrets)

    def feed(self, line: str) -> tuple[Update, ...]:
        try:
            data = json.loads(line)
            if isinstance(data, dict) and "item" in data:
                self._clock, data = float(data["at"]), data["item"]
        except (ValueError, TypeError, KeyError):
            data = None
        if not isinstance(data, dict):
            return (Update(note=self._texts.whole(line)),) if line.strip() else ()
        if "error" in data or "errorDetail" in data:
            return self._failed(data)
        text = data.get("stream")
        return self._said(self._texts.whole(text)) if isinstance(text, str) else ()

    def finish(self) -> tuple[Update, ...]:
        return ()

    def _said(self, text: str) -> tuple[Update, ...]:
        found = _STEP.fullmatch(text)
        if found is not None and self._may_follow(int(found[1]), int(found[2])):
            self._count, self._total = int(found[1]), int(found[2])
            vertex = ObservedVertex(f"step-{self._count}", text.rstrip("\n"), intervals=((self._clock, None),))
            self._step = _Step(vertex, self._clock)
            return (Update((vertex,)),)
        step = self._step
        if step is None:
            return (Update(note=text.rstrip("\n")),) if text.strip() else ()
        if _RUNNING.fullmatch(text) and not step.running:
            step.running = True
            return ()
        if text == _CACHED and not step.running:
            step.cached = True
            return ()
        image = _ID.fullmatch(text)
        if image is not None:
            step.over = True
            return (self._state(step, self._clock, image=image[1] or ""),)
        if text == "\n" or _ASIDE.match(text):
            return ()
        return (Update(logs=(LogChunk(step.vertex.digest, _COLOUR.sub("", text), text.startswith("\x1b[91m")),)),)

    def _may_follow(self, number: int, total: int) -> bool:
        """Whether this can be the next step: the one before is over, and the counter goes on."""
        over = self._step is None or self._step.over
        return over and number == self._count + 1 <= total and self._total in (0, total)

    def _failed(self, data: Mapping[str, Any]) -> tuple[Update, ...]:
        detail = data.get("errorDetail")
        said = detail.get("message") if isinstance(detail, dict) else None
        message = self._texts.whole(str(said or data.get("error") or "").strip())
        note = Update(note=f"ERROR: {message}")
        return (self._state(self._step, self._clock, message), note) if self._step is not None else (note,)

    def _state(self, step: _Step, end: float, error: str = "", image: str = "") -> Update:
        v = step.vertex
        return Update((ObservedVertex(v.digest, v.name, (), ((step.began, end),), step.cached, error,
                                      image=image),))


def endpoint_of(context_endpoint: str) -> Endpoint:
    """Where the SDK connects: the endpoint of a docker context, or whatever the docker command would use."""
    return Endpoint(context_endpoint, "docker context") if context_endpoint else current_endpoint()


def context_archive(target: Path, root: Path, context: ContextSnapshot, options: BuildOptions) -> None:
    """Write the context as the client sends it: without ignored files, but always with Dockerfile and .dockerignore.

    Raises:
        InputError: The disk is full or cannot be written.
    """
    own = f"{options.dockerfile}.dockerignore"
    text = context.ignore_text(own)
    ignore = IgnoreMatcher.parse((context.ignore_text(".dockerignore") if text is None else text) or "")
    kept = {path for path, _ in ContextSnapshot(ignore.filtered(context.tree)).walk()}
    kept |= {path for path in (options.dockerfile, ".dockerignore") if context.get(path) is not None}
    try:
        with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(kept):
                if (root / path).is_symlink() or (root / path).exists():
                    archive.add(root / path, path, recursive=False, filter=_as_root)
    except OSError as error:
        raise disk_trouble(error, target) from error


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def classic_build(endpoint: Endpoint, archive: Path, options: BuildOptions, line: Callable[[str], None],
                  progress: Progress) -> int:
    """Make one build; every item of the stream goes to `line` as it comes.

    Returns:
        0, or 1 if it failed (the reason is in the stream).
    Raises:
        Cancelled: Somebody cancelled; the connection is shut, and the engine stops and removes the container.
        EngineError: The engine refuses the build or goes away.
    """
    import docker
    watch = _Watch(progress)
    base: Any = docker.APIClient

    class Client(base):     # type: ignore[misc]  # what it overrides is not in the SDK's types
        """Remembers the answer, so that it can be cut from another thread."""

        def _post(self, url: str, **words: Any) -> Any:
            answer = super()._post(url, **words)
            if url.endswith("/build"):
                watch.cuts(self._get_raw_response_socket(answer))
            return answer
    client: Any = None
    try:
        client = Client(base_url=endpoint.host, version="auto", timeout=10, tls=_tls(endpoint))
        with archive.open("rb") as context, watch:
            return _read(client.build(fileobj=context, **_words(options)), line)
    except docker.errors.DockerException as error:
        raise EngineError(("POST", "/build"), None, str(error)) from error
    except Exception as error:      # the SDK lets errors of five libraries through; all mean that the stream broke
        if progress.cancelled:
            raise Cancelled("cancelled") from error
        raise EngineError(("POST", "/build"), None, f"error reading from server: {error}") from error
    finally:
        if client is not None:
            client.close()


def _read(items: Any, line: Callable[[str], None]) -> int:
    code = 0
    for item in items:
        line(json.dumps({"at": round(time.time(), 4), "item": item}))
        code = 1 if "error" in item or "errorDetail" in item else code
    return code


def _words(o: BuildOptions) -> dict[str, Any]:
    return {"custom_context": True, "dockerfile": o.dockerfile, "rm": True, "forcerm": True, "decode": True,
            "nocache": o.no_cache, "pull": o.pull, "target": o.target, "network_mode": o.network.value,
            "buildargs": dict(o.args), "labels": dict(o.labels), "extra_hosts": dict(o.add_hosts),
            "platform": o.platform or None, "shmsize": o.shm_size or None, "cache_from": list(o.cache_from)}


def _tls(endpoint: Endpoint) -> Any:
    import docker
    folder = endpoint.tls
    return False if folder is None else docker.tls.TLSConfig(
        client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")), ca_cert=str(folder / "ca.pem"), verify=True)


class _Watch:
    """Shuts the connection of a build when its progress is cancelled: a silent RUN gives no chance to look."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._over = progress, threading.Event()
        self._socket: Any = None
        self._thread = threading.Thread(target=self._wait, name="classic-watch", daemon=True)

    def cuts(self, raw: Any) -> None:
        """The connection to shut."""
        self._socket = raw

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _wait(self) -> None:
        while not self._over.wait(_TICK):
            if self._progress.cancelled and self._socket is not None:
                try:
                    getattr(self._socket, "_sock", self._socket).shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                return
