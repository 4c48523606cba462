"""Tests of simulate/compare.py."""

from __future__ import annotations

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.compare import ReportComparison, compare

TEXT = "FROM busybox:1 AS build\nCOPY a /a\nRUN one\nRUN two\nCMD x\n"


def _compared(first: str, second: str, a: bytes = b"1", b: bytes = b"1") -> ReportComparison:
    one, store = simulate(ProjectState(first, ContextSnapshot.of({"a": a})).request("1"), EMPTY_STORE)
    two, _ = simulate(ProjectState(second, ContextSnapshot.of({"a": b})).request("2"), store)
    return compare(one, two)


def _lines(comparison: ReportComparison) -> list[tuple[str, str]]:
    return [tuple(s.step.instruction.text if s else "" for s in (p.a, p.b)) for p in comparison.pairs]  # type: ignore[misc]


def test_the_same_text_is_aligned_line_by_line() -> None:
    found = _compared(TEXT, TEXT)
    assert all(a == b for a, b in _lines(found))
    assert [p.differs for p in found.pairs] == [True, True, True, True, False]     # never built, then cached


def test_a_report_does_not_differ_from_itself() -> None:
    report, _ = simulate(ProjectState(TEXT, ContextSnapshot.of({"a": b""})).request(), EMPTY_STORE)
    assert compare(report, report).differing == 0


def test_an_edited_line_stands_beside_its_older_self() -> None:
    found = _compared(TEXT, TEXT.replace("two", "three"))
    pair = found.pairs[3]
    assert _lines(found)[3] == ("RUN two", "RUN three")
    assert ("command", "two", "three") in [(c.label, c.old, c.new) for c in pair.changes]


def test_a_new_line_stands_alone() -> None:
    found = _compared(TEXT, TEXT.replace("RUN one", "RUN zero\nRUN one"))
    assert ("", "RUN zero") in _lines(found)
    assert ("RUN one", "RUN one") in _lines(found)
    back = _compared(TEXT.replace("RUN one", "RUN zero\nRUN one"), TEXT)
    assert ("RUN zero", "") in _lines(back)


def test_renaming_a_stage_keeps_its_lines_together() -> None:
    assert all(a and b for a, b in _lines(_compared(TEXT, TEXT.replace("AS build", "AS other"))))


def test_another_file_shows_in_the_key() -> None:
    changes = _compared(TEXT, TEXT, b"1", b"22").pairs[1].changes
    assert [(c.label, c.old and c.old[:3], c.new and c.new[:3]) for c in changes] == [("a", "1 B", "2 B")]


def test_files_are_named_whichever_build_was_explained() -> None:
    one, two = _compared(TEXT, TEXT, b"1", b"22").b, _compared(TEXT, TEXT, b"1", b"1").b
    back = compare(one, two).pairs[1].changes
    assert [(c.label, c.old and c.old[:3], c.new and c.new[:3]) for c in back] == [("a", "2 B", "1 B")]


def test_a_step_found_by_its_definition_does_not_differ_in_content_it_was_not_asked_for() -> None:
    text = TEXT + "FROM busybox:1\nCOPY --from=build /x /x\n"
    pair = _compared(text, text).pairs[-1]
    assert pair.a is not None and pair.b is not None and pair.b.outcome is Outcome.HIT
    assert pair.changes == () and pair.differs       # never built, then cached


def test_totals_name_every_outcome_of_either() -> None:
    found = _compared(TEXT, TEXT)
    assert found.totals() == ((Outcome.HIT, 0, 4), (Outcome.MISS, 4, 0), (Outcome.CONFIG_ONLY, 1, 1))


def test_another_reason_differs_and_configuration_is_no_step() -> None:
    one, store = simulate(ProjectState(TEXT, ContextSnapshot.of({"a": b"1"})).request("1"), EMPTY_STORE)
    two, _ = simulate(ProjectState(TEXT.replace("CMD x", "CMD y"), ContextSnapshot.of({"a": b"2"})).request("2"), store)
    found = compare(one, two)
    assert [p.a.reason is p.b.reason for p in found.pairs if p.a and p.b][1:4] == [False, False, False]
    assert [p.differs for p in found.pairs] == [True] * 5
    assert (found.differing, found.steps) == (4, 4)
    assert all(not p.differs for p in compare(two, two).pairs)
