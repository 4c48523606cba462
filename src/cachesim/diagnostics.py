"""What is wrong with a text, and where?"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from cachesim.enums import quick

__all__ = ["Diagnostic", "Severity", "SourceSpan"]


@quick
class Severity(enum.Enum):
    """How much a finding matters: an ERROR stops the real build, a WARNING surprises, a HINT teaches."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class SourceSpan(NamedTuple):
    """A piece of the source text: lines count from 1, columns are code points from 0, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def holds_line(self, line: int) -> bool:
        """Whether the line lies in the span."""
        return self.line <= line <= self.end_line


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: where, how bad, what, and (code) which rule says so.

    `code` is stable and machine-readable ("unknown-instruction", "copy-source-missing"): quick fixes hang on it.
    """

    span: SourceSpan
    severity: Severity
    message: str
    code: str = ""
