"""Tests of app/dag/verdicts.py."""

from __future__ import annotations

from dataclasses import replace

from cachesim.app.dag.verdicts import Verdicts
from cachesim.app.theme import DARK, LIGHT
from cachesim.engines.base import Outcome
from cachesim.graph.model import StepId
from tests.app.dag.conftest import FOUR_STAGES, FOUR_VERDICTS, report_of

STEP = StepId(1, 1)


def test_only_steps_of_which_something_else_is_to_be_said_are_made_anew() -> None:
    verdicts, report = Verdicts(), report_of(FOUR_STAGES, FOUR_VERDICTS)
    shown = {step.id for step in report.steps} - {StepId(0, 0)}
    first = dict(verdicts.of(report, shown, LIGHT))
    assert first.keys() == shown
    again = dict(verdicts.of(report, shown, LIGHT))
    assert all(again[step] is first[step] for step in shown)
    steps = tuple(s._replace(outcome=Outcome.HIT, likely=Outcome.HIT, reason=None) if s.id == STEP else s for s in report.steps)
    other = dict(verdicts.of(replace(report, steps=steps), shown, LIGHT))
    assert other[STEP].said != first[STEP].said and other[STEP].look is not first[STEP].look
    assert all(other[step] is first[step] for step in shown - {STEP})


def test_another_theme_gives_another_look_and_says_the_same() -> None:
    verdicts, report = Verdicts(), report_of(FOUR_STAGES, FOUR_VERDICTS)
    light, dark = (dict(verdicts.of(report, {STEP}, theme))[STEP] for theme in (LIGHT, DARK))
    assert dark.said == light.said and dark.words() == light.words()
    assert dark.look is not light.look
