"""What would happen if the instruction that a person holds were let go here, and what is said about it?

Editor and graph each carry in their own way; what a place means, its preview and its words are the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachesim.app.notify import Message, Tone
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.edit import MoveRefused, moved
from cachesim.dockerfile.instructions import Arg, Env, Instruction, ParsedDockerfile
from cachesim.dockerfile.parser import parse
from cachesim.simulate.report import SimulationReport

__all__ = ["Carrier", "Hanging", "may_change_image", "refuse_move", "verdict_words"]

_METADATA = frozenset({"EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL"})    # no step reads them


@dataclass(frozen=True, slots=True)
class Hanging:
    """An instruction in the air.

    Attributes:
        text: The text it was taken from.
        index: Its place among the instructions there.
        to: Its place if it were let go now.
        after: The text then; None where that changes nothing or is refused.
    """

    text: str
    parsed: ParsedDockerfile
    index: int
    to: int
    after: str | None = None
    refusal: str = ""

    @classmethod
    def taken(cls, text: str, index: int) -> Hanging:
        """Take an instruction up; it hangs over its own place."""
        return cls(text, parse(text), index, index)

    def over(self, to: int) -> Hanging:
        """Carry it over another place."""
        after, refusal = None, ""
        if to != self.index:
            try:
                after = moved(self.text, self.parsed, self.index, to)
            except MoveRefused as refused:
                refusal = str(refused)
        return replace(self, to=to, after=after, refusal=refusal)

    def words(self, now: SimulationReport | None, then: SimulationReport | None) -> str:
        """Say what letting go would do; "" where nobody knows yet."""
        if self.refusal:
            return self.refusal
        words = verdict_words(now, then)
        return f"{words}; may change the result" if words and may_change_image(self.parsed, self.index, self.to) \
            else words


class Carrier:
    """Holds one instruction at a time and asks for the prediction of each place it hangs over."""

    def __init__(self, workbench: Workbench, as_file: Callable[[str], str] = lambda text: text) -> None:
        self._workbench, self._as_file = workbench, as_file
        self.hanging: Hanging | None = None

    @property
    def words(self) -> str:
        """Say what letting go would do."""
        bench = self._workbench
        return self.hanging.words(bench.report, bench.preview) if self.hanging is not None else ""

    def take(self, hanging: Hanging) -> None:
        """Hold an instruction."""
        self.hanging = hanging

    def over(self, to: int) -> bool:
        """Carry it over a place; False if it hangs there already."""
        if self.hanging is None or to == self.hanging.to:
            return False
        self.hanging = self.hanging.over(to)
        after = self.hanging.after
        self._workbench.preview_text(None if after is None else self._as_file(after))
        return True

    def cancel(self) -> Hanging | None:
        """Hold nothing any more, and change nothing; what hung is returned."""
        hanging, self.hanging = self.hanging, None
        if hanging is not None:
            self._workbench.preview_text(None)
        return hanging

    def settle(self, hanging: Hanging | None) -> str | None:
        """The text to show now that this was let go; a refusal is said instead."""
        if hanging is None:
            return None
        if hanging.after is not None and self._as_file(hanging.text) != self._workbench.state.text:
            hanging = replace(hanging, after=None, refusal="The text changed meanwhile, so nothing was moved.")
        if hanging.refusal:
            refuse_move(self._workbench, hanging.refusal)
        return hanging.after


def refuse_move(workbench: Workbench, why: str) -> None:
    """Say why an instruction stays where it is."""
    workbench.post(Message(why, Tone.WARNING, key="move", passing=True))


def verdict_words(now: SimulationReport | None, then: SimulationReport | None) -> str:
    """What a move would do to the next build, in a few words."""
    if then is None:
        return ""
    if then.error:
        return f"The build would fail: {then.error}"
    after = sum(1 for _ in then.misses())
    before = sum(1 for _ in now.misses()) if now is not None else after
    if after == before:
        return f"{_steps(after)} would run, as now"
    change = f"{_steps(before - after)} saved" if after < before else f"{after - before} more"
    return f"{_steps(after)} would run: {change}"


def may_change_image(parsed: ParsedDockerfile, index: int, to: int) -> bool:
    """Whether the image could hold something else after a move; False only where that is sure by the rules alone."""
    here = parsed.instructions[index]
    low, high = sorted((index, to))
    return any(_depend(here, other) for other in parsed.instructions[low:high + 1] if other is not here)


def _depend(a: Instruction, b: Instruction) -> bool:
    if a.keyword == b.keyword or not {a.keyword, b.keyword} & _METADATA:
        return True
    names = [name for i in (a, b) if isinstance(i, Arg | Env) for name, _ in i.pairs]
    return any(re.search(rf"\$\{{?{re.escape(name)}\b", i.text) for name in names for i in (a, b))


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
