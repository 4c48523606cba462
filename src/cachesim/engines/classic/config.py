"""Which container configuration does a step ask for, and which one is stored?

Source: moby v28.5 image/cache/compare.go (what is compared), daemon/commit.go (merge).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cachesim.cache.key import KeyPart, PartKind
from cachesim.digest import digest_of
from cachesim.engines.buildkit.env import DEFAULT_PATH
from cachesim.graph.options import ImageConfig

__all__ = ["SHELL", "Config", "Health", "Probe", "config_of_image", "health_test", "merged", "with_env"]

SHELL = ("/bin/sh", "-c")
_TIMES = ("interval", "timeout", "start_period", "start_interval", "retries")


@dataclass(frozen=True, slots=True)
class Health:
    """HEALTHCHECK as stored; times in nanoseconds, 0 where not given."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Config:
    """The part of an image's configuration that is compared (Cmd is always replaced by the step's own)."""

    env: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] | None = None
    shell: tuple[str, ...] = ()
    ports: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    labels: frozenset[tuple[str, str]] = frozenset()
    onbuild: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    stop_signal: str = ""
    health: Health | None = None

    def parts(self) -> tuple[KeyPart, ...]:
        """The configuration as named parts of a key."""
        found = [KeyPart(PartKind.ENV, f"ENV {key}", value, digest_of(key, value)) for key, value in self.env]
        found += [KeyPart(PartKind.CONFIG, f"LABEL {key}", value, digest_of(key, value)) for key, value in sorted(self.labels)]
        plain = ((PartKind.WORKDIR, "WORKDIR", self.workdir), (PartKind.USER, "USER", self.user),
                 (PartKind.SHELL, "SHELL", " ".join(self.shell)), (PartKind.CONFIG, "STOPSIGNAL", self.stop_signal),
                 (PartKind.CONFIG, "EXPOSE", " ".join(sorted(self.ports))),
                 (PartKind.CONFIG, "VOLUME", " ".join(sorted(self.volumes))),
                 (PartKind.CONFIG, "ENTRYPOINT", _list(self.entrypoint)), (PartKind.CONFIG, "ONBUILD", "; ".join(self.onbuild)),
                 (PartKind.CONFIG, "HEALTHCHECK", _health(self.health)))
        found += [KeyPart(kind, label, value, digest_of(value)) for kind, label, value in plain if value]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a step asks the cache for, beside its parent.

    Attributes:
        cmd: The command; where the checksum of a COPY or ADD belongs it holds a NUL.
        content: That checksum, "" for other steps.
        source: For COPY --from: which paths of a stage the checksum is of, whatever they hold; else "".
        opaque: An execution decides what they hold.
    """

    config: Config
    cmd: tuple[str, ...]
    content: str = ""
    source: str = ""
    opaque: bool = False

    @property
    def created_by(self) -> str:
        """The line in the image's history."""
        return " ".join(self.cmd).replace("\0", self.content)

    def same(self, other: Probe) -> bool:
        """Whether an image stored with `other` answers this one."""
        return self.content == other.content and self.cmd == other.cmd and self.config == other.config

    def may_be(self, other: Probe) -> bool:
        """Whether only the unknown bytes of a stage decide between the two."""
        return ((self.opaque or other.opaque) and self.source == other.source and self.cmd == other.cmd
                and self.config == other.config)


def merged(config: Config, parent: Config) -> Config:
    """What creating a container stores: what is empty is filled from the parent image."""
    health = config.health
    if health is not None and parent.health is not None:
        health = replace(health, **{t: getattr(parent.health, t) for t in _TIMES if not getattr(health, t)})
    return replace(config, user=config.user or parent.user, health=health or parent.health,
                   entrypoint=parent.entrypoint if config.entrypoint is None else config.entrypoint)


def config_of_image(image: ImageConfig | None) -> Config:
    """The configuration that a stage starts from (its triggers are taken out; they run)."""
    if image is None:
        return Config(env=(("PATH", DEFAULT_PATH),))
    health = None
    if image.healthcheck is not None:
        kind, argv, command, *times = image.healthcheck
        health = Health(health_test(str(kind), _texts(argv), None if command is None else str(command)),
                        *(int(str(t)) for t in times))
    env = image.env if any(k == "PATH" for k, _ in image.env) else (*image.env, ("PATH", DEFAULT_PATH))
    return Config(env, image.entrypoint or None, image.shell, frozenset(image.exposed), frozenset(image.volumes),
                  frozenset(image.labels.items()), (), image.user, image.workdir, image.stop_signal, health)


def health_test(kind: str, argv: Sequence[str] | None, command: str | None) -> tuple[str, ...]:
    """The test of a HEALTHCHECK as stored."""
    if kind == "NONE":
        return ("NONE",)
    return ("CMD", *argv) if argv is not None else ("CMD-SHELL", command or "")


def with_env(env: tuple[tuple[str, str], ...], pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Set variables: one that exists keeps its place."""
    values = dict(env)
    values.update(pairs)
    return tuple(values.items())


def _texts(value: object) -> tuple[str, ...] | None:
    return tuple(str(v) for v in value) if isinstance(value, (tuple, list)) else None


def _list(words: Sequence[str] | None) -> str:
    return " ".join(words) if words else ""


def _health(health: Health | None) -> str:
    if health is None:
        return ""
    times = [f"{name.replace('_', '-')} {getattr(health, name)}" for name in _TIMES if getattr(health, name)]
    return " ".join([*health.test, *times])
