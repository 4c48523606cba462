"""What did the person ask the builder for, beside the Dockerfile?"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cachesim.digest import Digest, digest_of
from cachesim.enums import quick

__all__ = ["GIVEN_SECRET", "BaseImage", "BuildOptions", "EngineKind", "ImageConfig", "ImageStore", "NetworkMode",
           "another_secret", "familiar_ref", "normalize_ref", "reference_problem"]

GIVEN_SECRET = digest_of("a secret that was given")
"""Stands for a secret's content: no key contains it, and from a digest of it short ones could be guessed."""


@quick
class EngineKind(enum.Enum):
    """Which builder's rules apply."""

    BUILDKIT = "buildkit"
    CLASSIC = "classic"


@quick
class ImageStore(enum.Enum):
    """Where the engine keeps its images; base keys and --link differ."""

    GRAPHDRIVER = "graphdriver"
    CONTAINERD = "containerd"


@quick
class NetworkMode(enum.Enum):
    """--network of the build."""

    DEFAULT = "default"
    NONE = "none"
    HOST = "host"


def another_secret(name: str, before: str = "") -> Digest:
    """Stand for new content of a secret; different from what stood for the content before."""
    return digest_of("secret", name, before)


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The flags of one build; order is as given on the command line where it matters.

    Attributes:
        dockerfile: Path of the Dockerfile below the context.
        args: --build-arg; value None means "named without a value and not set in the environment".
        secrets: --secret id and what stands for its content (see GIVEN_SECRET): never the content, nor a digest of it.
        contexts: --build-context name and value (a folder below the context, or "docker-image://REF").
        pull: --pull: ask the registry for the bases again.
    """

    dockerfile: str = "Dockerfile"
    target: str = ""
    args: tuple[tuple[str, str | None], ...] = ()
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    platform: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    add_hosts: tuple[tuple[str, str], ...] = ()
    network: NetworkMode = NetworkMode.NONE
    secrets: tuple[tuple[str, Digest], ...] = ()
    ssh: tuple[str, ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    shm_size: int = 0
    ulimits: tuple[str, ...] = ()
    cgroup_parent: str = ""
    cache_from: tuple[str, ...] = ()
    pull: bool = False


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The configuration of an image; order of `env` matters."""

    env: tuple[tuple[str, str], ...] = ()
    workdir: str = ""
    user: str = ""
    onbuild: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    exposed: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class BaseImage:
    """What is known of an image that a FROM, COPY --from or mount names.

    Attributes:
        ref: Normalised reference ("docker.io/library/python:3.12-slim").
        chain: Identity of its layer chain (a chain id, or a stand-in derived from the reference).
        manifest: Identity of its manifest (containerd store); changes with labels and dates too.
        config: None if nobody could be asked: PATH only is then assumed.
        has_layers: False for an image that consists of configuration alone.
        source: Where this knowledge comes from, for people ("engine", "remembered", "assumed", "scenario").
    """

    ref: str
    chain: str
    manifest: str
    config: ImageConfig | None
    has_layers: bool = True
    source: str = "assumed"


_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}(\.{_LABEL})*|\[[0-9a-fA-F:]+\])(:[0-9]+)?")
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_DIGEST = "sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
_PATH = re.compile(rf"{_PART}(/{_PART})*(:\w[\w.-]{{0,127}})?(@({_DIGEST}))?", re.ASCII)


@functools.lru_cache(maxsize=1024)
def normalize_ref(ref: str) -> str:
    """Spell an image reference out: registry, library/ and :latest are added ("base:1" -> "docker.io/library/base:1").

    Source: distribution/reference normalize.go, as shown in the engine's FROM step names.
    """
    name, at, digest = ref.partition("@")
    domain, path = _domain_and_path(name)
    if ":" not in path.rsplit("/", 1)[-1] and not at:
        path += ":latest"
    return f"{domain}/{path}{at}{digest}"


def _domain_and_path(name: str) -> tuple[str, str]:
    """The registry and the repository that a name means ("base:1" -> "docker.io", "library/base:1")."""
    head, slash, rest = name.partition("/")
    if not slash or ("." not in head and ":" not in head and head != "localhost" and head.lower() == head):
        domain, path = "docker.io", name
    else:
        domain, path = head, rest
    if domain == "index.docker.io":
        domain = "docker.io"
    return domain, "library/" + path if domain == "docker.io" and "/" not in path else path


@functools.lru_cache(maxsize=1024)
def reference_problem(ref: str) -> str:
    """Why an image reference is refused before anybody looks for the image, or "".

    Source: distribution/reference normalize.go, regexp.go.
    """
    if re.fullmatch("[a-f0-9]{64}", ref):
        return f"invalid repository name ({ref}), cannot specify 64-byte hexadecimal strings"
    domain, path = _domain_and_path(ref)
    name = path.partition(":")[0]
    if name.lower() != name:
        return f"invalid reference format: repository name ({name}) must be lowercase"
    return "" if _DOMAIN.fullmatch(domain) and _PATH.fullmatch(path) else "invalid reference format"


@functools.lru_cache(maxsize=1024)
def familiar_ref(ref: str) -> str:
    """Spell an image reference as people write it, without ":latest" ("docker.io/library/base:latest" -> "base").

    Source: buildx util/buildflags and BuildKit frontend/dockerui/namedcontext.go compare --build-context names so.
    """
    full = normalize_ref(ref)
    for prefix in ("docker.io/library/", "docker.io/"):
        if full.startswith(prefix):
            full = full[len(prefix):]
            break
    return full.removesuffix(":latest")
