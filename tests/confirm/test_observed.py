"""Collecting updates into one build."""

from __future__ import annotations

import pytest

from cachesim.confirm.observed import Observation, ObservedBuild, ObservedVertex, Update, VertexStatus, final_error


def vertex(name: str = "n", **change: object) -> ObservedVertex:
    return ObservedVertex(name, name, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(("given", "status"), [
    (vertex(), VertexStatus.WAITING),
    (vertex(intervals=((1.0, None),)), VertexStatus.RUNNING),
    (vertex(intervals=((1.0, 2.0),)), VertexStatus.RAN),
    (vertex(intervals=((1.0, 2.0), (3.0, None))), VertexStatus.RUNNING),
    (vertex(intervals=((1.0, 2.0),), cached=True), VertexStatus.CACHED),
    (vertex(cached=True), VertexStatus.CACHED),
    (vertex(error="exit code: 1"), VertexStatus.FAILED),
    (vertex(error="context canceled"), VertexStatus.CANCELLED),
    (vertex(error='process "x" did not complete: context canceled: context canceled'), VertexStatus.CANCELLED),
])
def test_status(given: ObservedVertex, status: VertexStatus) -> None:
    assert given.status is status


def test_overlapping_spans_count_once() -> None:
    assert vertex(intervals=((0.0, 2.0), (1.0, 3.0), (5.0, 6.0))).seconds == pytest.approx(4.0)


def test_later_words_win_and_earlier_spans_stay() -> None:
    seen = Observation()
    seen.add([Update((vertex(intervals=((1.0, None),), inputs=("i",)),))])
    seen.add([Update((vertex(intervals=((1.0, 1.5),)),)), Update((vertex(intervals=((2.0, None),)),))])
    found = seen.snapshot().vertices[0]
    assert found.intervals == ((1.0, 1.5), (2.0, None)) and found.inputs == ("i",)
    seen.add([Update((vertex(cached=True),))])
    assert seen.snapshot().vertices[0].status is VertexStatus.CACHED


def test_span_of_a_build() -> None:
    build = ObservedBuild((vertex("a", intervals=((1.0, 4.0),)), vertex("b", intervals=((2.0, None),)), vertex("c")))
    assert build.span == (1.0, 4.0)
    assert ObservedBuild().span is None


def test_final_error_without_wrappings() -> None:
    assert final_error(["warn", "ERROR: failed to build: failed to solve: boom"]) == "boom"
    assert final_error(["nothing"]) == ""


def test_an_end_without_words_is_still_explained() -> None:
    assert Observation().ended(1, 0.1).error == "the client ended without a word"
    assert Observation().ended(None, 0.1, True).error == "the build was cancelled"
    assert Observation().ended(0, 0.1).error == ""


def test_notes_are_bounded() -> None:
    seen = Observation()
    seen.add([Update(note=f"{n}" + "y" * 5000) for n in range(1000)])
    notes = seen.snapshot().notes
    assert len(notes) == 200 and notes[-1].startswith("999") and len(notes[0]) == 2000
