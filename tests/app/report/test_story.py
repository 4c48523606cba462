"""Tests of app/report/story.py: what is told, without Qt."""

from __future__ import annotations

from dataclasses import replace

from cachesim.app.dag.words import node_words
from cachesim.app.report.lines import Depth, Link, Story, elided
from cachesim.app.report.overview import overview
from cachesim.app.report.story import step_story
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import MissReason, Outcome, RunClaim, RunClaimKind
from cachesim.graph.model import StepId
from cachesim.graph.options import BuildOptions
from cachesim.pipeline import simulate
from cachesim.project.measured import Cost, Knowledge
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Past
from cachesim.simulate.report import SimulationReport
from tests.simulate.builds import COPY_ALL, COPY_DIST, RUN_TEST, TEXT, built, edited, state_of


def _links(story: Story) -> list[str]:
    return [p.text for line in story.explanation for p in line.pieces if isinstance(p, Link)]


def test_a_build_that_fails() -> None:
    report, _ = simulate(state_of(TEXT.replace("COPY package.json", "COPY nothing")).request(), EMPTY_STORE)
    story = overview(report)
    assert story.subject == "The build fails"
    assert "line 3" in story.text()
    failed = report.step(StepId(0, 2))
    assert failed.outcome is Outcome.FAILED
    assert "nothing" in step_story(report, failed).sentence
    late = next(s for s in report.steps if s.outcome is Outcome.NOT_REACHED)
    assert "line 3" in step_story(report, late).text()


def test_the_changed_step_names_old_and_new_and_what_runs_because_of_it() -> None:
    report, _ = edited()
    story = step_story(report, report.step(COPY_ALL))
    assert story.sentence == "src/app.ts changed: 1 B → 6 B."
    assert "2 steps below run only because of it: line 8, line 9." in story.text()
    assert "files: ." in story.text()
    assert "Show in files" in _links(story)


def test_a_step_below_names_who_carries_the_cause() -> None:
    report, _ = edited()
    story = step_story(report, report.step(RUN_TEST))
    assert "The first cause is line 7 COPY . .: src/app.ts changed" in story.text()
    assert "Carried here by line 8 RUN npm run build." in story.text()


def test_a_cached_step_names_its_build_and_what_could_invalidate_it() -> None:
    report, _ = edited()
    text = step_story(report, report.step(StepId(0, 3))).text()
    assert "“first build”" in text
    assert "What could invalidate it:" in text
    assert "--no-cache" in text


def test_config_only_makes_no_layer_and_says_whose_key_it_is_in() -> None:
    report, _ = edited()
    arg = step_story(report, report.step(StepId(1, 1))).text()
    assert "makes no layer" in arg
    assert "Another value would run line 8, line 9 again; 1 more may run." in arg
    env = step_story(report, report.step(StepId(3, 1))).text()
    assert "No step has it in its key" in env
    assert "in no key" in step_story(report, report.step(StepId(3, 3))).text()


def test_a_variable_that_other_lines_name_is_not_called_harmless() -> None:
    state = state_of("FROM scratch\nENV DIR=/a\nCOPY src $DIR/\n")
    report, _ = simulate(state.request(), EMPTY_STORE)
    assert "lines below name it" in step_story(report, report.step(StepId(0, 1))).text()


def test_a_stage_outside_the_target() -> None:
    report, _ = edited()
    story = step_story(report, report.step(StepId(2, 1)))
    assert "Stage docs is neither stage-3 nor anything that stage-3 is built from." in story.text()


def test_not_needed_explains_the_word_cached() -> None:
    report, _ = edited()
    step = report.step(StepId(0, 3))._replace(outcome=Outcome.NOT_NEEDED, likely=Outcome.NOT_NEEDED, cause="")
    assert "BuildKit prints CACHED although nobody needed it" in step_story(report, step).text()


def test_undetermined_names_the_run_that_decides() -> None:
    report, _ = edited()
    step = report.step(COPY_DIST)
    assert step.outcome is Outcome.UNDETERMINED
    assert "line 8 RUN npm run build" in step_story(report, step).text()


def test_the_rule_has_a_source() -> None:
    report, _ = edited()
    story = step_story(report, report.step(COPY_ALL))
    assert "moby/buildkit" in story.text(Depth.RULE)
    assert "moby/buildkit" not in story.text(Depth.EXPLANATION)
    assert story.text(Depth.SENTENCE).count("\n") == 1


def test_assumptions_are_listed_once() -> None:
    report, _ = edited()
    text = overview(report).text()
    assert text.count("No engine could be asked about node:22-slim") == 1


def test_no_cache_is_named_as_the_reason() -> None:
    state = replace(state_of(), options=BuildOptions(no_cache=True))
    report, _ = simulate(state.request(), built(state_of()))
    assert "must not come from the cache" in step_story(report, report.step(COPY_ALL)).text()


def test_text_is_shortened_in_its_middle() -> None:
    assert elided("short") == "short"
    assert len(elided("x" * 100, 20)) == 20
    assert elided("abcdefghij", 7) == "abcd…ij"


def test_what_runs_below_is_counted_as_the_strip_counts_it() -> None:
    report, _ = edited()
    certain = sum(s.outcome is Outcome.MISS and s.reason is MissReason.PARENT for s in report.steps)
    assert certain and any(s.outcome is Outcome.UNDETERMINED for s in report.steps)
    told = overview(report, Past.BUILT).text()
    assert f"{certain} step{'s' if certain > 1 else ''} below it run" in told


def test_a_node_says_which_way_an_open_verdict_leans() -> None:
    report, _ = edited()
    lines = {s.id: s.step.line for s in report.steps}
    step = report.step(COPY_DIST)
    assert node_words(step, lines, None) == ("Depends on a RUN, likely runs", "Depends, likely runs", "Depends on a RUN")


def test_a_node_that_runs_says_that_its_time_was_not_measured() -> None:
    report, _ = edited()
    lines = {s.id: s.step.line for s in report.steps}
    run = next(s for s in report.steps if s.outcome is Outcome.MISS and s.step.instruction.keyword == "RUN")
    words = node_words(run, lines, None, Cost(0.0, Knowledge.UNKNOWN))
    assert words[0].endswith(" · not measured") and words[1].endswith(" · time ?") and "·" not in words[-1]
    assert node_words(run, lines, None, Cost(2.0, Knowledge.ESTIMATED))[0].endswith(" · ~2.0 s")
    hit = next(s for s in report.steps if s.outcome is Outcome.HIT)
    assert not any("measured" in word for word in node_words(hit, lines, None, Cost(0.0, Knowledge.UNKNOWN)))


TWO_CAUSES = "FROM busybox:1\nCOPY a /a\nRUN one\nCOPY b /b\nRUN two\n"


def _of_two_causes() -> SimulationReport:
    files = ContextSnapshot.of({"a": b"1", "b": b"1"})
    state = ProjectState(TWO_CAUSES, files)
    _, store = simulate(state.request(), EMPTY_STORE)
    return simulate(replace(state, context=ContextSnapshot.of({"a": b"22", "b": b"22"})).request(), store)[0]


def test_only_because_of_it_is_said_of_what_would_not_run_without_it() -> None:
    report = _of_two_causes()
    first, second = (step_story(report, report.step(StepId(0, n))).text() for n in (1, 3))
    assert "1 step below runs only because of it: line 3." in first
    assert "2 steps below would run without it, too, because of line 4: line 4 itself, line 5." in first
    assert "Even without that it would still run, because of line 2 (a changed: 1 B → 2 B)." in second
    assert "only because" not in second and "1 step below would run without it, too, because of line 2: line 5." in second
    last = step_story(report, report.step(StepId(0, 4))).text()
    assert "The first cause is line 2 COPY a /a" in last
    assert "Without that it would still run, because of line 4 (b changed: 1 B → 2 B)." in last


def test_no_cache_is_one_cause_however_many_steps_it_reaches() -> None:
    state = ProjectState(TWO_CAUSES, ContextSnapshot.of({"a": b"1", "b": b"1"}))
    _, store = simulate(state.request(), EMPTY_STORE)
    report, _ = simulate(replace(state, options=BuildOptions(no_cache=True)).request(), store)
    for step in report.steps:
        assert "Even without that" not in step_story(report, step).text()


def test_an_env_counts_what_runs_below_those_that_have_it() -> None:
    report, _ = simulate(state_of("FROM busybox:1\nENV A=1\nRUN one\nCOPY src /src\nRUN two\n").request(), EMPTY_STORE)
    said = step_story(report, report.step(StepId(0, 1))).text()
    assert "Another value would run line 3, line 5 again, and 1 below." in said


def test_files_that_come_through_another_stage_may_run_it_too() -> None:
    report, _ = simulate(state_of("FROM busybox:1 AS b\nCOPY src /src\nRUN make\nFROM busybox:1\nCOPY --from=b /out /out\n"
                                  "RUN two\n").request(), EMPTY_STORE)
    said = step_story(report, report.step(StepId(1, 2))).text()
    assert "any step above that runs: lines 4, 5; and what they take from other stages, made with src" in said


def test_a_step_that_depends_is_not_counted_among_those_that_run_with_it() -> None:
    report, _ = edited()
    story = step_story(report, report.step(COPY_ALL)).text()
    assert not report.step(COPY_DIST).certain and "1 step below may run with it: line 14." in story


def test_a_run_can_be_invalidated_by_the_files_that_steps_above_read() -> None:
    report, _ = edited()
    story = step_story(report, report.step(StepId(0, 3)))
    assert "any step above that runs: lines 1, 2, 3; and so the files read there: package.json" in story.text()
    assert [link for line in story.explanation for link in line.pieces if isinstance(link, Link)][-3:] == [
        Link("1", StepId(0, 0)), Link("2", StepId(0, 1)), Link("3", StepId(0, 2))]


def test_an_answer_that_does_not_decide_is_told_so() -> None:
    report, state = edited()
    for kind, said in ((RunClaimKind.DETERMINISTIC, "You say that the same inputs give the same bytes. Here the inputs of line 8 "
                        "RUN npm run build are not the same, because of line 7, "),
                       (RunClaimKind.WRITES_ONLY, "You say where line 8 RUN npm run build writes. This step reads there")):
        claims = (RunClaim("npm run build", kind, ("/app/dist",) if kind is RunClaimKind.WRITES_ONLY else ()),)
        state = replace(state, claims=claims)
        first = replace(state_of(), claims=claims)
        _, store = simulate(first.request("first build"), EMPTY_STORE)
        report, _ = simulate(state.request(), store)
        step = report.step(COPY_DIST)
        assert not step.certain
        story = step_story(report, step, claims=claims).text()
        assert said in story and "A real build settles it" in story and "State below" not in story
