"""Is this the very value that was asked about before?

Most of what a prediction starts from is the same object as in the prediction before: after the edit of a file the Dockerfile is,
after an edit of the Dockerfile the files are. Answers that follow from such a value alone are kept by its identity, a few of them
for each question, with `functools.lru_cache`: comparing or hashing a whole Dockerfile would take as long as some answers.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["REMEMBERED", "Same", "SameAll"]

REMEMBERED = 32     # answers kept for each question about a whole Dockerfile: what a person goes back and forth between

T = TypeVar("T")
V = TypeVar("V", covariant=True)


class Same(Generic[T]):
    """A value as a key: equal only to itself. Holds it, so that no other value gets its identity."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


class SameAll(Generic[V]):
    """Some values as a key: equal only to the same ones in the same order."""

    __slots__ = ("_hash", "_ids", "values")

    def __init__(self, values: tuple[V, ...]) -> None:
        self.values = values
        self._ids = tuple(map(id, values))
        self._hash = hash(self._ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameAll) and other._ids == self._ids

    def __hash__(self) -> int:
        return self._hash
