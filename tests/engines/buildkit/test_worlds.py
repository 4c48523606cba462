"""What a RUN may have written is never certain once it ran again."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome, RunClaim, RunClaimKind
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Timeline
from cachesim.simulate.report import SimulationReport

DIFFERENT = (b"a\n", b"b\nc\n")


def last_build(text: str, contents: tuple[bytes, ...] = DIFFERENT, claims: tuple[RunClaim, ...] = ()) -> SimulationReport:
    store = EMPTY_STORE
    for number, data in enumerate(contents):
        context = ContextSnapshot.of({"f": data, "Dockerfile": text.encode()}).touch("f", number)
        report, store = simulate(ProjectState(text, context, claims=claims).request(), store)
    return report


def copied(command: str, path: str, claims: tuple[RunClaim, ...] = (),
           contents: tuple[bytes, ...] = DIFFERENT) -> tuple[Outcome, Outcome]:
    text = f"FROM base:1 AS a\nCOPY f /f\nRUN {command}\nFROM base:1\nCOPY --from=a {path} /copied\n"
    step = last_build(text, contents, claims).steps[-1]
    return step.outcome, step.likely


@pytest.mark.parametrize("command", [
    "sort -o /out /f", "sed -n w/out /f", "awk '{print > \"/out\"}' /f", "cat /f > /out", "make"])
def test_a_file_that_a_run_writes_from_its_input_likely_differs(command: str) -> None:
    assert copied(command, "/out") == (Outcome.UNDETERMINED, Outcome.MISS)


@pytest.mark.parametrize("command", ["true; tool /in", "cd / && echo hi > elsewhere", "tool -i /f", "echo hi > $ELSEWHERE/x"])
def test_a_file_that_no_command_names_is_likely_the_same_but_not_certain(command: str) -> None:
    assert copied(command, "/out") == (Outcome.UNDETERMINED, Outcome.HIT)


@pytest.mark.parametrize("command", ["true", "echo hi > /elsewhere", "sort /f", "mkdir /x && cp /f /x/f && chmod -R 700 /x"])
def test_a_file_that_plain_commands_cannot_touch_is_certainly_the_same(command: str) -> None:
    assert copied(command, "/out") == (Outcome.HIT, Outcome.HIT)


@pytest.mark.parametrize(("command", "certain"), [
    ("echo hi > /app/new", True), ("cat /f > /app/f", False), ("rm -rf /app", False), ("make", False)])
def test_a_changed_file_that_a_run_cannot_have_replaced_is_certainly_another(command: str, certain: bool) -> None:
    text = f"FROM base:1 AS a\nCOPY f /app/f\nRUN {command}\nFROM base:1\nCOPY --from=a /app /copied\n"
    step = last_build(text).steps[-1]
    assert (step.outcome is Outcome.MISS) is certain


def test_without_a_change_everything_is_certain() -> None:
    report = last_build("FROM base:1 AS a\nCOPY f /f\nRUN sort -o /out /f\nFROM base:1\nCOPY --from=a /out /o\n", (b"a", b"a"))
    assert {s.outcome for s in report.steps} == {Outcome.HIT}
    assert not any("decides" in a.text for a in report.assumptions)


def test_a_file_copied_after_the_run_is_known() -> None:
    text = "FROM base:1 AS a\nRUN echo {}\nCOPY f /f\nFROM base:1\nCOPY --from=a /f /g\n"
    store = EMPTY_STORE
    for number in range(2):
        report, store = simulate(ProjectState(text.format(number), ContextSnapshot.of({"f": b"x"})).request(), store)
    assert [s.outcome for s in report.steps][-1] is Outcome.HIT


CHAIN = "FROM base:1 AS a\nRUN {}\nFROM {} AS b\nRUN {}\nCOPY --from=a {} /o /o\nFROM base:1\nCOPY --from=b /o /o\n"


def chained(first: str, then: str) -> Outcome:
    store = EMPTY_STORE
    for text in (first, then):
        report, store = simulate(ProjectState(text, ContextSnapshot.of({"f": b"x"})).request(), store)
    return report.steps[-1].outcome


@pytest.mark.parametrize(("before", "after"), [("--chown=5", "--chown=6"), ("--chmod=644", "--chmod=600"), ("", "--chmod=600")])
def test_an_owner_or_mode_given_on_the_way_counts(before: str, after: str) -> None:
    first, then = (CHAIN.format("make", "base:1", "true", flag) for flag in (before, after))
    assert chained(first, then) is not Outcome.HIT
    assert chained(first, first) is Outcome.HIT


def test_bytes_copied_on_are_still_the_same_and_still_unknown() -> None:
    through = "FROM base:1 AS a\nRUN make\nFROM scratch AS b\nCOPY --from=a /o /o\nFROM base:1\nCOPY --from=b /o /o\n"
    assert chained(through, "FROM base:1 AS a\nRUN make\nFROM base:1\nCOPY --from=a /o /o\n") is Outcome.HIT
    again = chained(CHAIN.format("make 1", "base:1", "true", ""), CHAIN.format("make 2", "base:1", "false", ""))
    assert again is Outcome.UNDETERMINED


def test_claims_decide() -> None:
    command = "make"
    differs = RunClaim(command, RunClaimKind.ALWAYS_DIFFERS)
    elsewhere = RunClaim(command, RunClaimKind.WRITES_ONLY, ("/elsewhere",))
    assert copied(command, "/out", (differs,)) == (Outcome.MISS, Outcome.MISS)
    assert copied(command, "/f", (elsewhere,), (b"a", b"a")) == (Outcome.HIT, Outcome.HIT)
    assert copied(command, "/f", (elsewhere,))[0] is Outcome.MISS


def test_a_statement_holds_for_the_builds_that_were_made_too() -> None:
    text = "FROM base:1 AS a\nCOPY g /g\nCOPY f /f\nRUN make\nFROM base:1\nCOPY --from=a /g /copied\n"
    timeline = Timeline()
    for data in DIFFERENT:
        state = ProjectState(text, ContextSnapshot.of({"f": data, "g": b"same"}))
        timeline = timeline.with_build("build", state, *simulate(state.request(), timeline.store))
    assert timeline.entries[-1].report.steps[-1].outcome is Outcome.UNDETERMINED
    stated = timeline.with_claims((RunClaim("make", RunClaimKind.WRITES_ONLY, ("/out",)),))
    assert stated.entries[-1].report.steps[-1].outcome is Outcome.HIT and stated.current == timeline.current


@pytest.mark.parametrize(("second", "outcome"), [
    (b"other", Outcome.MISS),       # the RUN below is the same one, and this file lies on top of what it wrote
    (b"same", Outcome.HIT),
])
def test_a_known_file_on_top_of_a_cached_run_is_certain(second: bytes, outcome: Outcome) -> None:
    text = "FROM base:1 AS a\nWORKDIR /app\nRUN make\nCOPY f f.txt/\nFROM base:1\nCOPY --from=a /app /app\n"
    assert last_build(text, (b"same", second)).steps[-1].outcome is outcome


def test_a_file_that_is_no_longer_copied_may_have_been_there_before() -> None:
    text, without = (f"FROM base:1 AS a\nWORKDIR /app\nRUN make\n{line}FROM base:1\nCOPY --from=a /app /app\n"
                     for line in ("COPY f /app/\n", ""))
    context = ContextSnapshot.of({"f": b"1"})
    _, store = simulate(ProjectState(text, context).request(), EMPTY_STORE)
    report, _ = simulate(ProjectState(without, context).request(), store)
    assert report.steps[-1].outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(("path", "likely"), [("/app", Outcome.HIT), ("/data", Outcome.MISS)])
def test_what_is_copied_through_a_link_of_a_run_lies_elsewhere(path: str, likely: Outcome) -> None:
    text = (f"FROM base:1 AS a\nRUN mkdir /app /data && ln -s ../data /app/data\nWORKDIR /app/data\nCOPY f .\n"
            f"FROM base:1\nCOPY --from=a {path} /copied\n")
    step = last_build(text).steps[-1]
    assert (step.outcome, step.likely) == (Outcome.UNDETERMINED, likely)


@pytest.mark.parametrize("earlier", ["./setup", "ln -s /data /app/link", "cp -a /from /app/link", "mv /l /app/link"])
def test_a_plain_command_may_write_through_a_link_that_an_earlier_run_made(earlier: str) -> None:
    text = f"FROM base:1 AS a\nRUN {earlier}\nCOPY f /f\nRUN cat /f > /app/link/f\nFROM base:1\nCOPY --from=a /data/f /copied\n"
    assert last_build(text).steps[-1].outcome is Outcome.UNDETERMINED
    assert last_build(text.replace(earlier, "mkdir -p /data")).steps[-1].outcome is Outcome.HIT
