"""What is one proposal to change a Dockerfile, and what is known of it?"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cachesim.project.trial import Trials

__all__ = ["Proposal", "Risk"]


class Risk(enum.Enum):
    """Whether the final image stays the same."""

    SAFE = "safe"       # its file tree and its configuration are the same, times aside
    CHECK = "check"     # that cannot be proved here: `Proposal.check` says what to look at


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another text for the Dockerfile (and other files), with what it saves over the edit mix.

    Attributes:
        rule: Stable code of the rule that made it ("manifest-first"); "all-safe" combines several.
        title: What it does, for a list: "Copy requirements.txt before the rest".
        why: Why it saves something, and why it is allowed, in a sentence or two.
        check: What a person has to check; "" when SAFE.
        text: The whole Dockerfile afterwards, comments and newline style kept.
        files: Other files to write, from the context's root, with their whole text.
        before: The edits of the mix on the text as it is.
        after: The same edits on `text` (and `files`).
    """

    rule: str
    title: str
    why: str
    risk: Risk
    check: str
    text: str
    files: tuple[tuple[str, str], ...]
    before: Trials
    after: Trials

    @property
    def saving(self) -> float:
        """Share of the expected seconds of an edit that it saves, 0 … 1; negative if it costs."""
        before = self.before.expected_seconds
        return 1 - self.after.expected_seconds / before if before > 0 else 0.0

    @property
    def seconds_saved(self) -> float:
        """Expected seconds that an edit takes less."""
        return self.before.expected_seconds - self.after.expected_seconds
