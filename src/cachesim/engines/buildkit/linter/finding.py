"""What does the linter say of one line?"""

from __future__ import annotations

from typing import NamedTuple

from cachesim.diagnostics import SourceSpan

__all__ = ["Finding"]


class Finding(NamedTuple):
    """A broken rule, in the engine's words.

    `unless` names what an unknown base image would have to bring for the rule not to be broken: "" where nothing would help.
    """

    rule: str
    span: SourceSpan
    message: str
    unless: str = ""
