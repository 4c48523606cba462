"""One build in a strip."""

from __future__ import annotations

from dataclasses import replace

from cachesim.app.timeline.describe import describe
from cachesim.app.verdict.sentences import (
    brief_sentence,
    counts_of,
    entry_brief,
    entry_summary,
    first_miss_sentence,
    one_line,
    preview_sentence,
)
from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.project.timeline import Past, Timeline

STATE = ProjectState("FROM a\nRUN one\nRUN two\nENV X=1\n", ContextSnapshot(EMPTY_DIR))
FIRST, STORE = simulate(STATE.request("first"), EMPTY_STORE)
AGAIN, _ = simulate(STATE.request(), STORE)
CHANGED, _ = simulate(replace(STATE, text=STATE.text.replace("one", "uno")).request(), STORE)
BROKEN, _ = simulate(replace(STATE, text="FROM\n").request(), STORE)
LACKING, _ = simulate(replace(STATE, text="FROM a\nCOPY lost.txt /\n").request(), STORE)


def test_counts_are_in_words() -> None:
    assert [(c.number, c.word) for c in counts_of(CHANGED)] == [
        (1, "cached"), (1, "changed"), (1, "below it"), (1, "config only")]


def test_what_the_cache_lacks_is_counted_before_what_is_below_it() -> None:
    text = "FROM a AS base\nRUN one\nFROM base AS test\nRUN new\nRUN newer\n"
    built = replace(STATE, text=text, options=replace(STATE.options, target="base"))
    _, store = simulate(built.request("first"), EMPTY_STORE)
    found, _ = simulate(replace(built, options=replace(built.options, target="test")).request(), store)
    assert [(c.number, c.word) for c in counts_of(found)] == [
        (2, "cached"), (1, "not in cache"), (1, "below it"), (1, "config only")]


def test_what_only_describes_the_image_changes_it_all_the_same() -> None:
    said = {}
    for text in ("FROM a\nRUN one\nRUN two\nENV X=2\n", STATE.text, "FROM a\nRUN one\nRUN two\n# said\nENV X=1\n"):
        report, _ = simulate(replace(STATE, text=text).request(), STORE)
        said[text] = first_miss_sentence(report, Past.BUILT, FIRST), brief_sentence(report, Past.BUILT, FIRST)
    assert list(said.values()) == [("Nothing would run; the image's configuration changes.", "only the configuration changes"),
                                   ("Nothing would run.", ""), ("Nothing would run.", "")]
    assert first_miss_sentence(CHANGED, Past.BUILT, FIRST) == "first miss: line 2, RUN uno"


def test_sentences() -> None:
    assert first_miss_sentence(AGAIN) == "Nothing would run."
    assert first_miss_sentence(CHANGED) == "first miss: line 2, RUN uno"
    assert first_miss_sentence(LACKING) == "This build fails: line 2 finds no lost.txt to copy"
    assert first_miss_sentence(BROKEN).startswith("This build fails: ")
    assert entry_summary(AGAIN) == "3 cached"
    assert entry_summary(BROKEN) == "failed"
    assert preview_sentence(CHANGED, AGAIN) == "would save 2 steps"
    assert preview_sentence(AGAIN, CHANGED) == "would run 2 more steps"
    assert preview_sentence(AGAIN, AGAIN) == "would change nothing in what runs"
    assert preview_sentence(AGAIN, BROKEN).startswith("would fail: ")
    assert one_line("RUN a \\\n   b") == "RUN a \\ b" and one_line("x" * 99).endswith("…")


def test_a_build_counts_what_hangs_on_a_run_apart_as_the_verdict_does() -> None:
    text = "FROM a AS one\nRUN make > /out\nFROM a\nCOPY --from=one /out /\nRUN two\n"
    state = replace(STATE, text=text)
    _, store = simulate(state.request("first"), EMPTY_STORE)
    again, _ = simulate(replace(state, text=text.replace("make", "remake")).request(), store)
    said = {count.word: count.number for count in counts_of(again)}
    assert said == {"cached": 2, "changed": 1, "depend on a RUN": 2}
    assert entry_summary(again) == "2 cached, 1 ran, 2 depend"
    assert entry_brief(again) == "1 ran, 2 depend, …" and entry_brief(FIRST) == "3 ran" and entry_brief(AGAIN) == "3 cached"


def test_builds_are_named_by_what_was_done() -> None:
    timeline = Timeline()
    assert describe(timeline, STATE) == "First build"
    timeline = timeline.with_build("First build", STATE, FIRST, STORE)
    assert describe(timeline, STATE) == "No change"
    assert describe(timeline, replace(STATE, text="FROM b\n")) == "Edit Dockerfile"
    assert describe(timeline, replace(STATE, text="FROM b\n"), ("touch a", "touch b")) == "Touch a and 2 more changes"
