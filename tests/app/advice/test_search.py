"""What the edit on screen would run with a proposal."""

from __future__ import annotations

from dataclasses import replace

from cachesim.advise.commands import CommandTable
from cachesim.advise.cost import CostModel
from cachesim.advise.proposal import Proposal, Risk, propose
from cachesim.app.advice.search import EditRuns, edit_runs, here_words
from cachesim.app.prediction import by_pipeline
from cachesim.assets import sample
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.options import BuildOptions
from cachesim.history.habits import USUAL_MIX, Habits, MixSource, with_releases
from cachesim.project.mix import mix_by_hand
from cachesim.project.open import ProjectInfo, load_state
from cachesim.project.state import ProjectState

FILES = {"build.sh": b"1", "pages/a.txt": b"1"}
NOW = "FROM busybox:1.36\nCOPY build.sh .\nCOPY pages/ pages/\nRUN sh build.sh\n"
THEN = "FROM busybox:1.36\nCOPY pages/ pages/\nCOPY build.sh .\nRUN sh build.sh\n"


def proposal(state: ProjectState, text: str) -> Proposal:
    made = propose(state, mix_by_hand("build.sh 1", state.context), commands=CommandTable.load())
    return next(replace(p, text=text) for p in made if p.risk is Risk.SAFE)


def test_a_proposal_that_makes_the_shown_edit_dearer_says_so() -> None:
    before = ProjectState(NOW, ContextSnapshot.of(FILES))
    after = replace(before, context=before.context.with_bytes("pages/a.txt", b"22", mtime_ns=9))
    cost, better = CostModel(before.context), proposal(before, THEN)
    now, then = (edit_runs(by_pipeline, before, after, cost, p) for p in (None, better))
    assert now is not None and then is not None and (now.steps, then.steps) == (2, 3)
    assert here_words(now, then).startswith("The edit shown runs 1 step more with it: 3, not 2 (about ")
    other = replace(before, context=before.context.with_bytes("build.sh", b"22", mtime_ns=9))
    now, then = (edit_runs(by_pipeline, before, other, cost, p) for p in (None, better))
    assert now is not None and then is not None
    assert here_words(now, then).startswith("The edit shown runs 1 step fewer with it: 2, not 3")


def test_where_only_the_text_was_edited_there_is_nothing_to_say() -> None:
    before = ProjectState(NOW, ContextSnapshot.of({**FILES, "Dockerfile": NOW.encode()}))
    assert edit_runs(by_pipeline, before, before.with_text(NOW + "RUN more\n", 9), CostModel(before.context), None) is None
    assert here_words(EditRuns(2, 1.0)) == ""
    assert here_words(EditRuns(2, 1.0), EditRuns(2, 1.0)) == "The edit shown runs as many steps with it (2)."


def test_a_release_that_runs_too_much_is_advised_against_without_a_word_from_anybody() -> None:
    """The lesson of the sample: the ARG stands above the download of modules and the tests."""
    lesson = sample("go-scratch")
    state = load_state(ProjectInfo(lesson.folder, lesson.folder / "Dockerfile"))
    usual = Habits(mix_by_hand(USUAL_MIX, state.context), MixSource.USUAL, "usual")
    found = propose(state, with_releases(usual, state).mix,
                    read=lambda path: (lesson.folder / path).read_bytes() if (lesson.folder / path).is_file() else None)
    move = next(p for p in found if p.risk is Risk.SAFE)
    assert move.title == "Move `ARG VERSION=dev` below `RUN go vet ./... && go test ./...`"
    lines = [line for line in move.text.splitlines() if line]
    assert lines.index("ARG VERSION=dev") == next(n for n, line in enumerate(lines) if "go build" in line) - 1
    released = replace(state, options=BuildOptions(args=(("VERSION", "2"),)))
    runs = [edit_runs(by_pipeline, state, released, CostModel(state.context), p) for p in (None, move)]
    assert [r.steps for r in runs if r is not None] == [5, 2]
