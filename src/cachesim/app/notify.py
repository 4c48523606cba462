"""What does the window tell a person, without stopping them? Bars that say what, where and what to do."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Message", "MessageAction", "Tone"]


class Tone(enum.Enum):
    """How much a message matters; the value is its icon."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A button of a message; pressing it also closes the bar."""

    text: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Message:
    """One bar. A message with the same non-empty `key` replaces the earlier one; `text` "" only closes it.

    Attributes:
        passing: Gone by itself after some seconds (an INFO that needs no answer).
    """

    text: str
    severity: Tone = Tone.INFO
    actions: tuple[MessageAction, ...] = ()
    key: str = ""
    passing: bool = False
