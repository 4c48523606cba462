"""What can go wrong without being a bug, and what should the person do about it?"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Cancelled", "CachesimError", "ContextError", "CycleError", "EngineError", "InputError", "StoreFormatError"]


class CachesimError(Exception):
    """Base of all expected errors; its text says what, where and what to do."""


class Cancelled(CachesimError):
    """Nobody waits for the answer any more."""


class InputError(CachesimError):
    """Something the person gave cannot be used (a missing file, a bad argument, an unreadable scenario)."""

    def __init__(self, what: str, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        between = " " if what.startswith("is ") else ": "        # "shop is in no git repository"
        super().__init__(between.join(p for p in (where, what) if p) + (f". {todo}" if todo else ""))


class ContextError(CachesimError):
    """A file of the build context cannot be used."""

    def __init__(self, path: str, reason: str, todo: str = "") -> None:
        self.path, self.reason, self.todo = path, reason, todo
        super().__init__(f"{path}: {reason}" + (f". {todo}" if todo else ""))


class CycleError(CachesimError):
    """Steps or stages that depend on themselves."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"circular dependency: {' -> '.join(self.names)}. Remove one of these references")


class StoreFormatError(CachesimError):
    """A saved file is of a format that this version does not know."""

    def __init__(self, path: str, version: object) -> None:
        self.path, self.version = path, version
        super().__init__(f"{path}: unknown format {version!r}. It was written by another version of cachesim")


class EngineError(CachesimError):
    """A real engine or its command line client did not do what was asked."""

    def __init__(self, argv: Sequence[str], exit_code: int | None, tail: str) -> None:
        self.argv, self.exit_code, self.tail = tuple(argv), exit_code, tail
        code = "did not start" if exit_code is None else f"ended with exit code {exit_code}"
        super().__init__(f"{' '.join(self.argv[:3])} … {code}: {tail.strip() or 'no output'}")
