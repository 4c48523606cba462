"""What would happen if the instruction that a person holds were let go here, and what is said about it?

Editor and graph each carry in their own way, and keys carry without a hand; what a place means, its preview, its words and
whether it may fall there are the same for all.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from cachesim.app.theme import Theme
from cachesim.app.weighing import Move, Weighed, scale_of
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.edit import MoveRefused, moved
from cachesim.dockerfile.instructions import ParsedDockerfile
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import Outcome
from cachesim.simulate.report import SimulationReport

__all__ = ["Carrier", "Ground", "Hanging", "placed", "refuse_move", "said_of", "verdict_words"]


class Ground(enum.Enum):
    """What a place is for the instruction over it."""

    OPEN = "open"           # nobody has said yet
    FREE = "free"
    DOUBTFUL = "doubtful"   # the image may be another one
    REFUSED = "refused"

    def colour(self, theme: Theme) -> str:
        """How the line is drawn that says "here"."""
        if self is Ground.REFUSED:
            return theme.look(Outcome.FAILED).strong
        return theme.warning if self is Ground.DOUBTFUL else theme.accent


@dataclass(frozen=True, slots=True)
class Hanging:
    """An instruction in the air.

    Attributes:
        text: The text it was taken from.
        index: Its place among the instructions there.
        to: Its place if it were let go now.
        after: The text then; None where that changes nothing or the rules of stages forbid it.
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

    @property
    def keyword(self) -> str:
        return self.parsed.instructions[self.index].keyword


class Carrier(QObject):
    """Holds one instruction at a time, has each place weighed that it hangs over, and lets it fall where it may."""

    changed = Signal()              # more is known of the place it hangs over
    landed = Signal(object)         # Hanging: it fell; whoever carried it changes the text

    def __init__(self, workbench: Workbench, parent: QObject, as_file: Callable[[str], str] = lambda text: text) -> None:
        super().__init__(parent)
        self._workbench, self._as_file = workbench, as_file
        self._scale = scale_of(workbench)
        self._scale.weighed.connect(self._take)
        self.hanging: Hanging | None = None
        self._move: Move | None = None                          # what is asked about it
        self._answer: Weighed | None = None                     # the last one, perhaps about the place before
        self._falling: tuple[Hanging, Move] | None = None       # let go before anybody knew whether it may
        self._placed: SimulationReport | None = None            # its verdicts at the places of now
        self._lies: Move | None = None                          # what fell last; its cost may still come
        self._said: tuple[str, SimulationReport | None] = "", None

    # -- what is said -------------------------------------------------------------------------------------------

    @property
    def ground(self) -> Ground:
        """What the place is that it hangs over."""
        if self.hanging is None or self.hanging.to == self.hanging.index:
            return Ground.OPEN
        return Ground.REFUSED if self.hanging.refusal else _ground(self._answer)

    @property
    def lines(self) -> tuple[str, ...]:
        """What letting go would do: to the next build and to those after it, then to the image."""
        hanging = self.hanging
        if hanging is None or hanging.to == hanging.index:
            return ()
        if hanging.refusal:
            return (f"Not here: {hanging.refusal}",)
        return said_of(self._workbench.report, self._answer)

    @property
    def words(self) -> str:
        """The same in one line."""
        return " ".join(self.lines)

    # -- carrying -----------------------------------------------------------------------------------------------

    def warm(self) -> None:
        """A hand is near: what it may ask shall be answered at once."""
        self._scale.warm()

    def take(self, hanging: Hanging) -> None:
        """Hold an instruction."""
        self._workbench.remark("")
        self._workbench.look_ahead()
        self.hanging, self._move, self._answer, self._falling, self._lies = hanging, None, None, None, None

    def over(self, to: int) -> bool:
        """Carry it over a place; False if it hangs there already."""
        if self.hanging is None or to == self.hanging.to:
            return False
        self.hanging = self.hanging.over(to)
        after = self.hanging.after
        self._move = None
        if after is None:
            self._scale.cancel()
            self._answer = None
            self._workbench.show_preview(None, self.words)
        else:
            self._move = self._scale.move(self.hanging.index, to, self._as_file(after))
            self._scale.ask(self._move)
        return True

    def cancel(self) -> Hanging | None:
        """Hold nothing any more, and change nothing; what hung is returned."""
        hanging, self.hanging = self.hanging, None
        self._move = self._answer = self._falling = None
        if hanging is not None:
            self._scale.cancel()
            self._workbench.show_preview(None)
        return hanging

    def drop(self) -> None:
        """Let it fall where it hangs."""
        hanging = self.cancel()
        if hanging is not None and hanging.to != hanging.index:
            self.let_fall(hanging)

    def let_fall(self, hanging: Hanging) -> None:
        """Put an instruction into its new place, if it may be there. Where that is not known yet it falls when it is."""
        if self._falling is not None and self._falling[1].state is self._workbench.state:
            return
        self._workbench.look_ahead()
        if self._as_file(hanging.text) != self._workbench.state.text:
            refuse_move(self._workbench, "The text changed meanwhile, so nothing was moved.")
        elif hanging.refusal or hanging.after is None:
            refuse_move(self._workbench, f"Not moved: {hanging.refusal}")
        else:
            move = self._scale.move(hanging.index, hanging.to, self._as_file(hanging.after))
            self._falling = hanging, move
            self._scale.ask(move)

    # -- answers ------------------------------------------------------------------------------------------------

    @Slot(object)
    def _take(self, answer: Weighed) -> None:
        if self._falling is not None and answer.move == self._falling[1]:
            hanging, self._falling = self._falling[0], None
            self._settle(hanging, answer)
        elif self.hanging is not None and answer.move == self._move:
            bench, before, self._answer = self._workbench, self._answer, answer
            if self._placed is None or before is None or before.then is not answer.then:
                self._placed = placed(bench.report, answer.then, self.hanging)
            bench.show_preview(answer.then, self.words, self._placed)
            self.changed.emit()
        elif answer.move == self._lies:
            self._say(answer)

    def _settle(self, hanging: Hanging, answer: Weighed) -> None:
        bench = self._workbench
        if self._as_file(hanging.text) != bench.state.text:
            refuse_move(bench, "The text changed meanwhile, so nothing was moved.")
        elif _ground(answer) is Ground.REFUSED:
            refuse_move(bench, f"Not moved: {answer.verdict.reason}")
        else:
            now = bench.report
            self.landed.emit(hanging)
            self._lies = answer.move
            self._said = f"Moved {hanging.keyword}.", now
            self._say(answer)

    def _say(self, answer: Weighed) -> None:
        """What a move did, after it; nothing of it holds any more once the text is another one again."""
        if self._workbench.state.text == answer.move.after:
            head, now = self._said
            lines = said_of(now, answer)
            if _ground(answer) is Ground.DOUBTFUL:      # what there is to check comes first
                lines = lines[::-1]
            self._workbench.remark(" ".join((head, *lines)))


def refuse_move(workbench: Workbench, why: str) -> None:
    """Say why an instruction stays where it is. No bar: that would push the text away under the hand."""
    workbench.remark(why, passing=True)


def said_of(now: SimulationReport | None, answer: Weighed | None) -> tuple[str, ...]:
    """A line on what runs and what it costs, and one on the image; nothing where nobody knows."""
    if answer is None:
        return ()
    verdict, ground = answer.verdict, _ground(answer)
    if ground is Ground.REFUSED:
        return (f"Not here: {verdict.reason}",)
    effect = "; ".join(filter(None, (verdict_words(now, answer.then), answer.cost))) + "."
    if ground is Ground.DOUBTFUL:
        return effect, f"May change the image: {verdict.reason} Check: {verdict.check}."
    return effect, verdict.reason or "The image stays the same."


def verdict_words(now: SimulationReport | None, then: SimulationReport | None) -> str:
    """What a move would do to the next build, in a few words."""
    if then is None:
        return ""
    if then.error:
        return f"The build would fail: {then.error}"
    after = sum(1 for _ in then.misses())
    before = sum(1 for _ in now.misses()) if now is not None else after
    if after == before:
        return f"Next build: {_run(after)}, as now"
    change = f"{before - after} fewer" if after < before else f"{after - before} more"
    return f"Next build: {_run(after)}, {change}"


def placed(now: SimulationReport | None, then: SimulationReport | None, hanging: Hanging) -> SimulationReport | None:
    """The verdicts after a move on the steps as they stand before it; None where the two do not match."""
    if now is None or then is None:
        return None
    mine = [s for s in now.steps if not s.step.onbuild]
    theirs = [s for s in then.steps if not s.step.onbuild]
    lines = [i.span.line for i in hanging.parsed.instructions]
    if [s.step.line for s in mine] != lines or len(theirs) != len(lines):
        return None
    home = {s.id: s.id for s in then.steps if s.step.onbuild}
    at = {s.id: s for s in then.steps if s.step.onbuild}
    for number, step in enumerate(mine):
        new = theirs[_afterwards(number, hanging.index, hanging.to)]
        home[new.id], at[step.id] = step.id, new
    if any(s.id not in at for s in now.steps):
        return None
    steps = tuple(at[s.id]._replace(step=s.step, cause_step=home.get(c) if (c := at[s.id].cause_step) is not None else None,
                                    blamed=tuple(home[b] for b in at[s.id].blamed if b in home))
                  for s in now.steps)
    return replace(now, steps=steps, error=then.error,
                   error_step=home.get(then.error_step) if then.error_step is not None else None)


def _afterwards(number: int, index: int, to: int) -> int:
    """The place of an instruction after another one moved (or itself)."""
    if number == index:
        return to
    if index < number <= to:
        return number - 1
    return number + 1 if to <= number < index else number


def _ground(answer: Weighed | None) -> Ground:
    return Ground.OPEN if answer is None else _GROUNDS[answer.verdict.kind.name]


def _run(count: int) -> str:
    return "1 step runs" if count == 1 else f"{count} steps run"


_GROUNDS = {"FREE": Ground.FREE, "MAY_CHANGE": Ground.DOUBTFUL, "REFUSED": Ground.REFUSED}   # advise is imported late
