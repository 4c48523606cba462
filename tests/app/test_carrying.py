"""Are the words on a hanging instruction right, and do the verdicts find their way back to the old places?"""

from __future__ import annotations

import pytest

from cachesim.advise.dependencies import FREE, MoveKind, MoveVerdict
from cachesim.app.carrying import Hanging, placed, said_of, verdict_words
from cachesim.app.weighing import Move, Weighed
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import MissReason
from cachesim.project.state import ProjectState
from tests.app.dag.conftest import report_of

TEXT = "ARG V=1\nFROM a AS one\nCOPY a /a\nRUN b\nRUN c\nFROM one\nRUN d\n"


def test_no_preview_says_nothing() -> None:
    assert verdict_words(None, None) == ""
    assert said_of(None, None) == ()


@pytest.mark.parametrize(("verdict", "cost", "said"), [
    (FREE, None, ("Next build: 1 step runs, 2 fewer.", "The image stays the same.")),
    (FREE, "saves 41 s per build over this project's edits, measured",
     ("Next build: 1 step runs, 2 fewer; saves 41 s per build over this project's edits, measured.",
      "The image stays the same.")),
    (MoveVerdict(MoveKind.MAY_CHANGE, "`x` may read `/a`, which line 3 brings.", "whether `x` reads it"), "",
     ("Next build: 1 step runs, 2 fewer.",
      "May change the image: `x` may read `/a`, which line 3 brings. Check: whether `x` reads it.")),
    (MoveVerdict(MoveKind.REFUSED, "`x` reads `/a`, which line 3 brings."), None,
     ("Not here: `x` reads `/a`, which line 3 brings.",)),
])
def test_what_is_said(verdict: MoveVerdict, cost: str | None, said: tuple[str, ...]) -> None:
    now = report_of(TEXT, {3: MissReason.PART, 4: MissReason.PARENT, 5: MissReason.PARENT})
    then = report_of(TEXT, {5: MissReason.PART})
    move = Move(ProjectState("", ContextSnapshot.of({})), 1, 2, 4, "")
    assert said_of(now, Weighed(move, verdict, None if verdict.kind is MoveKind.REFUSED else then, cost)) == said


@pytest.mark.parametrize(("index", "to", "order"), [(2, 4, [3, 4, 5]), (4, 2, [3, 4, 5]), (3, 4, [3, 4, 5])])
def test_verdicts_stand_at_the_old_places(index: int, to: int, order: list[int]) -> None:
    hanging = Hanging.taken(TEXT, index).over(to)
    assert hanging.after is not None
    now = report_of(TEXT)
    moved_line = to + 1
    then = report_of(hanging.after, {moved_line: MissReason.PART})
    found = placed(now, then, hanging)
    assert found is not None
    assert [s.step for s in found.steps] == [s.step for s in now.steps]
    assert [s.step.line for s in found.misses()] == [index + 1]
    assert next(found.misses()).cause_step == next(found.misses()).id


def test_another_text_has_no_places_here() -> None:
    hanging = Hanging.taken(TEXT, 2).over(3)
    assert hanging.after is not None
    assert placed(report_of(TEXT + "RUN e\n"), report_of(hanging.after), hanging) is None
