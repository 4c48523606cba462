"""Prediction against observation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.confirm.match import (
    BuildComparison,
    Confirmation,
    Mode,
    Verdict,
    compare,
    is_from,
    is_internal,
    plain_name,
)
from cachesim.confirm.observed import ObservedBuild, ObservedVertex, VertexStatus
from cachesim.confirm.trouble import explain_trouble
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.options import ImageStore
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

TEXT = "FROM busybox:1.36\nWORKDIR /w\nENV A=1\nCOPY f /f\nRUN true\n"
CONTEXT = ContextSnapshot.of({"f": b"1"})


def predict(text: str = TEXT, store: ImageStore = ImageStore.GRAPHDRIVER) -> SimulationReport:
    return simulate(ProjectState(text, CONTEXT, store=store).request("x"), EMPTY_STORE)[0]


def vertex(name: str, status: str) -> ObservedVertex:
    spans: tuple[tuple[float, float | None], ...] = {"run": ((1.0, 2.0),), "cached": ((1.0, 1.0),),
                                                     "failed": ((1.0, 2.0),)}.get(status, ())
    return ObservedVertex(name, name, intervals=spans, cached=status == "cached",
                          error="exit code: 1" if status == "failed" else "")


def observe(report: SimulationReport, change: Mapping[str, str] | None = None, extra: Mapping[str, str] | None = None,
            **build: object) -> ObservedBuild:
    """What the report says, as if observed, with changes by a piece of the name."""
    vertices = []
    for step in report.steps:
        for line in step.vertices:
            status = "cached" if line.outcome in (Outcome.HIT, Outcome.NOT_NEEDED) else "run"
            for piece, other in (change or {}).items():
                if piece in line.name:
                    status = other
            if status != "absent":
                vertices.append(vertex(line.name, status))
    vertices += [vertex(name, status) for name, status in (extra or {}).items()]
    return replace(ObservedBuild(tuple(vertices), exit_code=0), **build)  # type: ignore[arg-type]


def verdicts(build: BuildComparison) -> dict[str, str]:
    return {step.name: step.verdict.value for step in build.steps}


def test_all_right() -> None:
    report = predict()
    build = compare(report, observe(report), "first")
    assert build.held and build.count(Verdict.RIGHT) == 3 and build.count(Verdict.WRONG) == 0
    by_line = {step.line: step for step in build.steps}
    assert by_line[1].verdict is Verdict.NOT_COMPARED and "neither is a hit" in by_line[1].note
    assert by_line[3].predicted == "config only" and by_line[3].observed == ""
    assert by_line[5].key and by_line[5].seconds == pytest.approx(1.0)


def test_a_wrong_certain_prediction() -> None:
    report = predict()
    build = compare(report, observe(report, {"COPY": "cached"}), "first")
    assert not build.held and verdicts(build)["[3/4] COPY f /f"] == "wrong"
    confirmation = Confirmation(Mode.ISOLATED, "e", 0.0, (build,))
    assert (confirmation.compared, confirmation.held, confirmation.exit_code) == (3, 2, 1)
    assert confirmation.verdict == "2 of 3 as predicted."
    assert [step.name for _, step in confirmation.differences] == ["[3/4] COPY f /f"]


def test_live_knows_steps_from_an_earlier_build() -> None:
    report = predict()
    build = compare(report, observe(report, {"COPY": "cached", "WORKDIR": "cached"}), "now", mode=Mode.LIVE)
    assert build.count(Verdict.KNOWN_EARLIER) == 2 and build.held
    confirmation = Confirmation(Mode.LIVE, "e", 0.0, (build,))
    assert confirmation.exit_code == 0
    assert confirmation.verdict == "1 of 1 as predicted, 2 known to the engine from an earlier build."


def test_live_still_says_wrong_where_a_cached_step_ran() -> None:
    first = predict()
    state = ProjectState(TEXT, CONTEXT, store=ImageStore.GRAPHDRIVER)
    _, store = simulate(state.request("x"), EMPTY_STORE)
    again, _ = simulate(state.request("y"), store)
    assert compare(again, observe(first), "now", mode=Mode.LIVE).count(Verdict.WRONG) == 3


def test_live_scores_no_build_that_was_only_assumed() -> None:
    first = predict()
    state = ProjectState(TEXT, CONTEXT, store=ImageStore.GRAPHDRIVER)
    _, store = simulate(state.request("first build"), EMPTY_STORE)
    again, _ = simulate(state.request("y"), store)
    assumed = {v.name: step.from_build for step in again.steps for v in step.vertices if "RUN" not in v.name}
    build = compare(again, observe(first), "now", mode=Mode.LIVE, assumed=assumed)
    assert verdicts(build)["[3/4] COPY f /f"] == "assumed earlier" and verdicts(build)["[4/4] RUN true"] == "wrong"
    assert "“first build”" in next(step.note for step in build.steps if step.verdict is Verdict.ASSUMED_EARLIER)
    assert Confirmation(Mode.LIVE, "e", 0.0, (build,)).exit_code == 1
    made = observe(first, {"WORKDIR": "cached"})
    build = compare(again, made, "now", mode=Mode.LIVE, assumed={**assumed, "[4/4] RUN true": ""})
    assert verdicts(build)["[2/4] WORKDIR /w"] == "right"       # the assumed build was made: what it predicts is put to the test
    confirmation = Confirmation(Mode.LIVE, "e", 0.0, (build,))
    assert (confirmation.compared, confirmation.held, confirmation.exit_code) == (1, 1, 0)
    assert confirmation.verdict == ("1 of 1 as predicted, 2 ran because this engine was never seen to make the build that "
                                    "cachesim assumed.")
    nothing = Confirmation(Mode.LIVE, "e", 0.0, (compare(again, observe(first), "now", mode=Mode.LIVE, assumed={
        **assumed, "[4/4] RUN true": ""}),))
    assert nothing.exit_code == 0 and nothing.verdict.startswith("Nothing was put to the test yet: 3 ran because")


def test_a_lookup_that_the_engine_broke_off_is_no_run() -> None:
    """In a build that succeeds a line may be printed as CANCELED: what stands on it was found in the cache first."""
    state = ProjectState(TEXT, CONTEXT, store=ImageStore.GRAPHDRIVER)
    _, store = simulate(state.request("x"), EMPTY_STORE)
    again, _ = simulate(state.request("y"), store)
    broken = replace(vertex("[3/4] COPY f /f", "run"), error="context canceled")
    seen = observe(again)
    seen = replace(seen, vertices=tuple(broken if v.name == broken.name else v for v in seen.vertices))
    build = compare(again, seen, "again")
    assert build.held and [(s.observed, s.verdict) for s in build.steps if s.line == 4] == [("cached", Verdict.RIGHT)]
    assert [(s.observed, s.seconds, s.log) for s in build.steps if s.line == 4] == [("cached", 0.0, "")]
    stopped = compare(again, replace(seen, exit_code=1, error="stopped"), "again")
    assert [s.verdict for s in stopped.steps if s.line == 4] == [Verdict.NOT_COMPARED]
    run = compare(predict(), seen, "first")
    assert [s.verdict for s in run.steps if s.line == 4] == [Verdict.WRONG]


def test_a_missing_and_an_unforeseen_step() -> None:
    report = predict()
    build = compare(report, observe(report, {"RUN": "absent"}, {"[4/4] RUN false": "run"}), "first")
    said = {step.name: step for step in build.steps}
    assert said["[4/4] RUN true"].verdict is Verdict.WRONG and said["[4/4] RUN true"].observed == ""
    assert said["[4/4] RUN false"].verdict is Verdict.WRONG and said["[4/4] RUN false"].predicted == ""


def test_uncertain_predictions_are_guesses() -> None:
    text = ("FROM busybox:1.36 AS a\nCOPY f /f\nRUN make -f /f /out\nFROM busybox:1.36\nCOPY --from=a /out /o\n")
    state = ProjectState(text, CONTEXT, store=ImageStore.GRAPHDRIVER)
    _, store = simulate(state.request("x"), EMPTY_STORE)
    report, _ = simulate(replace(state, context=CONTEXT.with_bytes("f", b"2", mtime_ns=5)).request("y"), store)
    guess = next(s for s in report.steps if "--from=a" in s.name)
    assert not guess.certain
    right = "cached" if guess.status == "cached" else "run"
    other = "run" if right == "cached" else "cached"
    assert verdicts(compare(report, observe(report, {"--from=a": right}), "x"))[guess.name] == "guessed right"
    wrong = compare(report, observe(report, {"--from=a": other}), "x")
    assert verdicts(wrong)[guess.name] == "guessed wrong" and wrong.held


def test_internal_lines_are_aside_and_fetches_are_not_steps() -> None:
    report = predict()
    extra = {"[internal] load build context": "run", "exporting to image": "run",
             "[context busybox:1.36] load metadata for x": "run", "[internal] preparing inline document": "cached"}
    build = compare(report, observe(report, None, extra), "first")
    assert build.held and sum(step.internal for step in build.steps) == 4


def test_image_digests_and_run_bound_tags_do_not_count_in_names() -> None:
    digest = "a" * 64
    assert plain_name(f"[1/2] FROM docker.io/library/x:1@sha256:{digest}") == "[1/2] FROM docker.io/library/x:1"
    tags = [f"[context b] localhost/cachesim/nonce:{tag}" for tag in ("1a-0", "2b-1")]
    assert plain_name(tags[0]) == plain_name(tags[1])
    assert plain_name("[1/2] RUN echo localhost:5000/x") == "[1/2] RUN echo localhost:5000/x"


@pytest.mark.parametrize(("name", "base", "internal"), [
    ("[1/2] FROM docker.io/library/x", True, False), ("FROM docker.io/library/x", True, False),
    ("[context b] localhost/x", True, False), ("[context b] load metadata for x", True, True),
    ("[internal] load build context", False, True), ("[linux/386 internal] load metadata for x", False, True),
    ("[2/3] COPY . .", False, False), ("exporting to image", False, True), ("Step 1/2 : FROM x", True, False),
])
def test_kinds_of_names(name: str, base: bool, internal: bool) -> None:
    assert is_from(name) is base and is_internal(name) is internal


def test_not_isolated_lines_are_named_and_leave_no_trace_of_chance() -> None:
    report = predict()
    name = "[3/4] COPY f /f"
    tables = [compare(report, observe(report, {"COPY": status}), "x", not_isolated={name: "why"}).steps
              for status in ("run", "cached")]
    assert [s.verdict for s in tables[0]] == [s.verdict for s in tables[1]]
    row = next(s for s in tables[1] if s.name == name)
    assert row.verdict is Verdict.NOT_COMPARED and row.observed == "" and row.note == "why"


def test_a_run_that_fails_is_the_builds_problem_not_the_engines() -> None:
    report = predict()
    build = compare(report, observe(report, {"RUN": "failed"}, exit_code=1, error="exit code: 1"), "x")
    assert build.problem == "line 5 failed: exit code: 1" and not build.could_not_run
    assert verdicts(build)["[4/4] RUN true"] == "not compared" and verdicts(build)["[3/4] COPY f /f"] == "right"
    assert Confirmation(Mode.ISOLATED, "e", 0.0, (build,)).exit_code == 1


def test_steps_that_were_never_reached_are_not_wrong() -> None:
    report = predict()
    build = compare(report, observe(report, {"RUN": "absent", "COPY": "failed"}, exit_code=1, error="x"), "x")
    assert verdicts(build)["[4/4] RUN true"] == "not compared" and build.count(Verdict.WRONG) == 0


def test_a_predicted_failure() -> None:
    report = predict("FROM busybox:1.36\nCOPY nosuch /f\n")
    assert report.error
    failed = ObservedBuild((vertex("[2/2] COPY nosuch /f", "failed"),), exit_code=1, error="not found")
    assert compare(report, failed, "x").held
    assert "failure was predicted" in compare(report, ObservedBuild(exit_code=0), "x").problem


def test_a_refused_file() -> None:
    report = predict("FROM busybox:1.36\nFRUM x\n")
    assert report.error
    assert compare(report, ObservedBuild(exit_code=1, error="dockerfile parse error"), "x").held


@pytest.mark.parametrize(("said", "part"), [
    ("write /x: no space left on device", "disk is full"),
    ("permission denied while trying to connect to the Docker daemon socket", "docker group"),
    ("Cannot connect to the Docker daemon at unix:///x. Is it running?", "systemctl start docker"),
    ("failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF", "went away"),
])
def test_troubles_of_the_engine_are_explained(said: str, part: str) -> None:
    assert part in explain_trouble(said)
    report = predict()
    build = compare(report, ObservedBuild(exit_code=1, error=said), "x")
    assert build.could_not_run and part in build.problem
    assert Confirmation(Mode.ISOLATED, "e", 0.0, (build,)).exit_code == 2


@pytest.mark.parametrize(("said", "name", "reason"), [
    ("ERROR: failed to build: failed to solve: docker.io/library/python:3.12-slim: failed to resolve source metadata for "
     'docker.io/library/python:3.12-slim: failed to do request: Head "https://registry.example/v2/library/python/manifests/3.12-slim"'
     ": dial tcp: lookup registry.example on 10.0.0.1:53: no such host", "python:3.12-slim", "no such host"),
    ("failed to resolve source metadata for localhost:9/no/such:1: failed to do request: dial tcp 127.0.0.1:9: connect: "
     "connection refused", "localhost:9/no/such:1", "connection refused"),
    ("pull access denied for nosuch, repository does not exist or may require 'docker login': denied", "nosuch",
     "repository does not exist"),
])
def test_a_base_that_cannot_be_had_points_to_the_rehearsal(said: str, name: str, reason: str) -> None:
    build = compare(predict(), ObservedBuild(exit_code=1, error=said), "x", mode=Mode.LIVE)
    confirmation = Confirmation(Mode.LIVE, "e", 0.0, (build,))
    assert confirmation.exit_code == 2 and confirmation.rehearsal_helps
    assert confirmation.verdict.startswith(f"The image {name} is not on this engine and could not be fetched ({reason}). ")
    assert f"docker pull {name}" in confirmation.verdict and "rehearsal" in confirmation.verdict


def test_a_pull_that_fails_could_not_run() -> None:
    report = predict()
    seen = ObservedBuild((vertex("[internal] load metadata for docker.io/library/busybox:1.36", "failed"),),
                         exit_code=1, error="no such host")
    assert compare(report, seen, "x").could_not_run


def test_cancelled() -> None:
    report = predict()
    build = compare(report, ObservedBuild(exit_code=None, cancelled=True, error="the build was cancelled"), "x")
    assert build.could_not_run
    confirmation = Confirmation(Mode.ISOLATED, "e", 0.0, (build,), cancelled=True)
    assert confirmation.exit_code == 2 and confirmation.verdict == "Cancelled: nothing was compared."


def test_nothing_made_could_not_run() -> None:
    assert Confirmation(Mode.ISOLATED, "e", 0.0, (), error="no docker").exit_code == 2


def test_a_wrong_prediction_wins_over_trouble() -> None:
    report = predict()
    wrong = compare(report, observe(report, {"RUN": "cached"}), "a")
    lost = compare(report, ObservedBuild(exit_code=1, error="no space left on device"), "b")
    assert Confirmation(Mode.ISOLATED, "e", 0.0, (wrong, lost)).exit_code == 1


def test_linked_copy_has_two_lines() -> None:
    report = predict("FROM busybox:1.36\nCOPY --link f /f\n", ImageStore.CONTAINERD)
    build = compare(report, observe(report), "x")
    assert [s.name for s in build.steps if s.line == 2] == ["[2/2] COPY --link f /f", "[2/2] LINK COPY --link f /f"]
    assert build.count(Verdict.RIGHT) == 2


def test_words_of_statuses_are_those_of_predictions() -> None:
    assert {VertexStatus.CACHED.value, VertexStatus.RAN.value} == {"cached", "run"}
