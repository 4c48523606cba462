"""Which build arguments does a RUN see, and which of them are part of its key?

Source: moby v28.5 builder/dockerfile/buildargs.go, dispatchers.go (prependEnvOnCmd).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["PREDEFINED", "Args", "run_key"]

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
PREDEFINED = frozenset((*_PROXIES, *(p.lower() for p in _PROXIES)))


class Args:
    """The arguments of one stage; `declare` is the only change."""

    def __init__(self, given: Mapping[str, str | None], before_from: Mapping[str, str]) -> None:
        self._given = {k: v for k, v in given.items() if v is not None}
        self._before_from = before_from
        self.declared: dict[str, str | None] = {}

    def declare(self, name: str, default: str | None) -> None:
        """Note an ARG of this stage; the later one wins."""
        self.declared[name] = default

    def visible(self, env: Mapping[str, str]) -> dict[str, str]:
        """Names and values that have a value and that no ENV hides."""
        found = {}
        for name in sorted({*self.declared, *PREDEFINED}):
            value = self._given.get(name)
            if value is None:
                value = self.declared.get(name)
            if value is None:
                value = self._before_from.get(name)
            if value is not None and name not in env:
                found[name] = value
        return found

    def listed(self, visible: Mapping[str, str]) -> list[str]:
        """Those whose value is part of a RUN's key, as "name=value" in its order."""
        return sorted((f"{k}={v}" for k, v in visible.items() if k not in PREDEFINED or k in self.declared),
                      key=lambda pair: pair.encode("utf-8", "surrogateescape"))


def run_key(cmd: Sequence[str], visible: Mapping[str, str], listed: Sequence[str]) -> tuple[str, ...]:
    """The command of a RUN as it is compared: a visible argument leaves a mark even where its value does not count."""
    return (f"|{len(listed)}", *listed, *cmd) if visible else tuple(cmd)
