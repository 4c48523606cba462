"""What is known of the base images: asked of an engine that answers at once, remembered, or assumed?

An engine is asked, never told: nothing is pulled.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cachesim.dockerfile.instructions import ParsedDockerfile
from cachesim.errors import InputError
from cachesim.graph.model import BuildGraph, Source, SourceKind
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageConfig, ImageStore
from cachesim.graph.resolve import resolve
from cachesim.project.codec import from_json, to_json
from cachesim.project.folders import data_dir, locked, set_aside, write_atomically

__all__ = ["BaseBook", "Endpoint", "EngineFacts", "EngineImages", "chain_id", "current_endpoint", "image_of",
           "known_bases", "refs_of"]

_FORMAT = 1
_CONNECT = 0.3          # seconds: a local engine answers in milliseconds
_ANSWER = 2
_DEFAULT_HOST = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the docker command would look for its engine; `why` names what said so."""

    host: str
    why: str
    tls: Path | None = None     # a folder with ca.pem, cert.pem and key.pem


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine says of itself."""

    host: str
    version: str
    store: ImageStore


def current_endpoint() -> Endpoint:
    """Follow DOCKER_HOST, DOCKER_CONTEXT and the chosen `docker context`, in this order, as the docker command does."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        certificates = os.environ.get("DOCKER_CERT_PATH") if os.environ.get("DOCKER_TLS_VERIFY") else None
        return Endpoint(host, "DOCKER_HOST", Path(certificates) if certificates else None)
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name, why = os.environ.get("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
    if not name:
        name, why = _json(folder / "config.json").get("currentContext"), "docker context"
    if name and name != "default":
        key = hashlib.sha256(str(name).encode()).hexdigest()
        endpoints = _json(folder / "contexts" / "meta" / key / "meta.json").get("Endpoints")
        docker_end = endpoints.get("docker") if isinstance(endpoints, dict) else None
        if isinstance(docker_end, dict) and docker_end.get("Host"):
            tls = folder / "contexts" / "tls" / key / "docker"
            return Endpoint(str(docker_end["Host"]), f"{why} {name}", tls if tls.is_dir() else None)
    return Endpoint(_DEFAULT_HOST, "default")


class EngineImages:
    """The images of an engine that answers. `close` it, or use it in a `with` block."""

    def __init__(self, client: Any, facts: EngineFacts) -> None:
        self._client, self.facts = client, facts
        self._dead = False

    @classmethod
    def connect(cls, endpoint: Endpoint | None = None) -> EngineImages | None:
        """Ask for an engine; None if none answers within two seconds."""
        endpoint = endpoint or current_endpoint()
        if not _answers(endpoint.host):
            return None
        import docker
        tls = docker.tls.TLSConfig(
            client_cert=(str(endpoint.tls / "cert.pem"), str(endpoint.tls / "key.pem")),
            ca_cert=str(endpoint.tls / "ca.pem"), verify=True) if endpoint.tls is not None else False
        try:
            client: Any = docker.APIClient(base_url=endpoint.host, version="auto", timeout=_ANSWER, tls=tls)
            info = client.info()
        except Exception:       # the SDK lets errors of five libraries through; all mean that nobody answers
            return None
        status = dict(row[:2] for row in info.get("DriverStatus") or () if len(row) >= 2)
        containerd = "io.containerd.snapshotter.v1" in status.values()
        return cls(client, EngineFacts(endpoint.host, str(info.get("ServerVersion", "")),
                                       ImageStore.CONTAINERD if containerd else ImageStore.GRAPHDRIVER))

    def image(self, ref: str) -> BaseImage | None:
        """An image by normalised reference; None if the engine does not have it (or went away)."""
        if self._dead:
            return None
        import docker
        try:
            found = self._client.inspect_image(ref)
        except docker.errors.NotFound:
            return None
        except Exception:       # as above
            self._dead = True
            return None
        return image_of(ref, found)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> EngineImages:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class BaseBook:
    """What engines said of images, kept for when they are away; one file for all projects."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder if folder is not None else data_dir()) / "images.json"
        self.message = ""
        self._held = self._load()

    def image(self, ref: str, store: ImageStore) -> BaseImage | None:
        """What is remembered of an image in such a store."""
        value = self._held["images"].get(store.value, {}).get(ref)
        try:
            return replace(from_json(BaseImage, value), source="remembered") if value is not None else None
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    @property
    def store(self) -> ImageStore | None:
        """The image store of the engine that was seen last; None if none ever was."""
        try:
            return ImageStore(self._held["store"])
        except (KeyError, ValueError):
            return None

    def remember(self, images: Iterable[BaseImage], store: ImageStore) -> None:
        """Note what an engine said just now. Failing to write it loses nothing but time."""
        found = {image.ref: to_json(replace(image, source="engine")) for image in images}
        before = self._held["images"].get(store.value, {})
        if self._held.get("store") == store.value and all(before.get(ref) == value for ref, value in found.items()):
            return
        try:
            with locked(self._path):
                held = self._load()
                held["images"].setdefault(store.value, {}).update(found)
                held["store"] = store.value
                write_atomically(self._path, json.dumps(held, indent=1).encode())
            self._held = held
        except (InputError, OSError):
            self._held["images"].setdefault(store.value, {}).update(found)
            self._held["store"] = store.value

    def _load(self) -> dict[str, Any]:
        try:
            held = json.loads(self._path.read_bytes())
            if held["format"] == _FORMAT and isinstance(held["images"], dict):
                return dict(held)
        except OSError:
            pass
        except (ValueError, TypeError, KeyError):
            self.message = f"{self._path} was damaged and is set aside as {set_aside(self._path).name}"
        return {"format": _FORMAT, "images": {}}


def known_bases(parsed: ParsedDockerfile, options: BuildOptions, engine: EngineKind, store: ImageStore, book: BaseBook,
                images: EngineImages | None) -> dict[str, BaseImage]:
    """Everything that is known of the images that a Dockerfile names, by normalised reference.

    An engine is believed first, then the book; an image that neither knows is left out, and the model assumes it.
    """
    known: dict[str, BaseImage] = {}
    asked: set[str] = set()
    told: list[BaseImage] = []
    while new := refs_of(resolve(parsed, options, known, engine)) - asked:     # an ONBUILD trigger may name more
        for ref in sorted(new):
            asked.add(ref)
            image = images.image(ref) if images is not None and images.facts.store is store else None
            if image is not None:
                told.append(image)
            image = image or book.image(ref, store)
            if image is not None:
                known[ref] = image
    if images is not None:
        book.remember(told, images.facts.store)
    return known


def refs_of(graph: BuildGraph) -> set[str]:
    """The images that a build graph names (FROM, --from, mounts), normalised."""
    sources = [stage.base for stage in graph.stages] + [edge.origin for edge in graph.edges]
    return {s.name for s in sources if isinstance(s, Source) and s.kind is SourceKind.IMAGE and s.name}


def image_of(ref: str, inspected: Mapping[str, Any]) -> BaseImage:
    """Read what `docker image inspect` prints for one image."""
    layers = list((inspected.get("RootFS") or {}).get("Layers") or ())
    descriptor = inspected.get("Descriptor") or {}
    return BaseImage(ref, chain=chain_id(layers) or f"no layers: {inspected.get('Id', ref)}",
                     manifest=str(descriptor.get("digest") or inspected.get("Id") or ""),
                     config=_config(inspected.get("Config") or {}), has_layers=bool(layers), source="engine")


def chain_id(layers: Iterable[str]) -> str:
    """Identity of a chain of layers ("" without any). Source: OCI image spec, config.md, "Layer ChainID"."""
    chain = ""
    for layer in layers:
        chain = f"sha256:{hashlib.sha256(f'{chain} {layer}'.encode()).hexdigest()}" if chain else layer
    return chain


def _config(value: Mapping[str, Any]) -> ImageConfig:
    entrypoint, health = value.get("Entrypoint"), value.get("Healthcheck")
    pairs = (item.partition("=") for item in value.get("Env") or ())
    return ImageConfig(
        env=tuple((name, text) for name, _, text in pairs), workdir=value.get("WorkingDir") or "",
        user=value.get("User") or "", onbuild=tuple(value.get("OnBuild") or ()), shell=tuple(value.get("Shell") or ()),
        cmd=tuple(value.get("Cmd") or ()), entrypoint=tuple(entrypoint) if entrypoint is not None else None,
        exposed=tuple(value.get("ExposedPorts") or ()), volumes=tuple(value.get("Volumes") or ()),
        labels=dict(value.get("Labels") or {}), stop_signal=value.get("StopSignal") or "",
        healthcheck=tuple(health.get("Test") or ()) if isinstance(health, dict) else None)


def _answers(host: str) -> bool:
    """Whether somebody listens there; cheap, so that a missing engine costs nothing."""
    parts = urlsplit(host)
    if parts.scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_CONNECT)
            try:
                probe.connect(parts.path)
            except OSError:
                return False
            return True
    if parts.scheme in ("tcp", "http", "https") and parts.hostname:
        try:
            socket.create_connection((parts.hostname, parts.port or 2375), timeout=_CONNECT).close()
        except OSError:
            return False
        return True
    return parts.scheme == "npipe"      # ssh: would ask for passwords and take seconds


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
