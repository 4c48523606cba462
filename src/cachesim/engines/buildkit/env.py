"""In which order does a stage's environment stand, and who overrides whom?

Source: BuildKit v0.25 client/llb/meta.go (EnvList.AddOrReplace moves a variable to the end), dockerfile2llb/convert.go.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["DEFAULT_PATH", "Env"]

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Env(Mapping[str, str]):
    """Variables in the order in which they count for the cache; `with_` gives a new value.

    Two are equal if they hold the same in the same order.
    """

    __slots__ = ("_hash", "_values", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for key, value in pairs:
            self._values.pop(key, None)
            self._values[key] = value
        self.pairs = tuple(self._values.items())
        self._hash = hash(self.pairs)

    def with_(self, key: str, value: str) -> Env:
        """Set a variable: it stands last afterwards, also if it was there before."""
        return _with(self, key, value)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Env) and self.pairs == other.pairs)

    def __hash__(self) -> int:
        return self._hash

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@functools.lru_cache(maxsize=4096)      # one build after the other sets the same variables
def _with(env: Env, key: str, value: str) -> Env:
    return Env((*env.pairs, (key, value)))
