"""The expected cost of an edit: what is measured, what is only estimated."""

from __future__ import annotations

import pytest

from cachesim.advise.cost import CostModel, ExpectedCost, change_words, expected_cost, table_seconds
from cachesim.advise.proposal import Proposal, Risk
from cachesim.context.snapshot import ContextSnapshot
from cachesim.project.mix import mix_by_hand
from cachesim.project.state import ProjectState
from cachesim.project.trial import Trials, try_edits
from cachesim.simulate.report import StepReport

TEXT = "FROM python:3.12-slim\nCOPY . /app\nRUN pip install -r /app/requirements.txt\nRUN python -m compileall /app\n"
CONTEXT = ContextSnapshot.of({"Dockerfile": TEXT.encode(), "requirements.txt": b"flask", "src/app.py": b"x" * 1000})
STATE = ProjectState(TEXT, CONTEXT)
MIX = mix_by_hand("source 50, Dockerfile 50", CONTEXT)


@pytest.mark.parametrize(("command", "seconds"), [
    ("apt-get update && apt-get install -y --no-install-recommends gcc && rm -rf /var/lib/apt/lists/*", 26.2),
    ("pip install --no-cache-dir -r requirements.txt", 30),
    ("npm ci", 30), ("npm run build", 30), ("yarn", 30), ("go build -o /app ./cmd/app", 40), ("mkdir -p /data", 0.2),
    ("go mod download", 15), ("./gradlew --no-daemon build", 80), ("my-own-tool --fast", 2), ("mvn -B package", 60),
])
def test_the_table_knows_what_usual_commands_take(command: str, seconds: float) -> None:
    assert table_seconds(command) == pytest.approx(seconds)


def test_measured_and_estimated_seconds_are_kept_apart() -> None:
    def measured(step: StepReport) -> float | None:
        return 12.0 if "pip install" in step.name else None
    model = CostModel(CONTEXT, measured)
    cost = expected_cost(model.trials(STATE, MIX), model)
    assert cost.measured == pytest.approx(12.0)         # both edits are seen by COPY . /app
    assert cost.estimated == pytest.approx(2.1, abs=0.01)
    assert cost.seconds == pytest.approx(model.trials(STATE, MIX).expected_seconds)
    assert cost.words == "12 s measured and about 2.1 s estimated"


def test_a_run_costs_the_same_in_another_place_and_a_guessed_half_with_a_new_cache_mount() -> None:
    def measured(step: StepReport) -> float | None:
        return 12.0 if step.step.line == 3 else None
    model = CostModel(CONTEXT, measured)
    model.trials(STATE, MIX)
    moved = TEXT.replace("COPY . /app\n", "ENV A=1\nCOPY . /app\n").replace("RUN pip", "RUN --network=none pip")
    cost = expected_cost(model.trials(STATE.with_text(moved, 1), MIX), model)
    assert (cost.measured, cost.estimated) == (pytest.approx(12.0), pytest.approx(2.1, abs=0.01))
    mounted = STATE.with_text(moved.replace("RUN --network=none", "RUN --mount=type=cache,target=/c"), 1)
    cost = expected_cost(model.trials(mounted, MIX), model)
    assert (cost.measured, cost.estimated) == (0.0, pytest.approx(8.1, abs=0.01))


def test_the_saving_is_a_share_of_the_expected_seconds() -> None:
    def proposal(before: Trials, after: Trials) -> Proposal:
        return Proposal("rule", "title", "why", Risk.SAFE, "", TEXT, (), before, after)
    better = STATE.with_text("FROM python:3.12-slim\nRUN sleep 30\nCOPY . /app\n", 1)
    trials = [try_edits(state, MIX, lambda step: 10.0) for state in (STATE, better)]
    assert proposal(*trials).saving == pytest.approx(2 / 3)
    assert proposal(*trials).seconds_saved == pytest.approx(20.0)
    assert proposal(trials[1], trials[0]).saving < 0
    nothing = Trials(trials[0].first, ())
    assert proposal(nothing, nothing).saving == 0.0


@pytest.mark.parametrize(("before", "after", "words"), [
    ((0, 50), (0, 9), "saves about 41 s per build over X, estimated"),
    ((50, 9), (9, 9), "saves 41 s per build over X, measured"),
    ((0, 9), (0, 12), "costs about 3.0 s more per build over X, estimated"),
    ((50, 20), (9, 17), "saves 41 s measured and about 3.0 s estimated per build over X"),
    ((50, 17), (9, 20), "saves 41 s measured but costs about 3.0 s estimated more per build over X"),
    ((9, 20), (50, 17), "costs 41 s measured but saves about 3.0 s estimated per build over X"),
    ((9, 17), (50, 20), "costs 41 s measured and about 3.0 s estimated more per build over X"),
    ((1, 1), (1.01, 0.99), "costs the same over X"),
])
def test_a_change_of_cost_never_mixes_what_is_measured_with_an_estimate(before: tuple[float, float], after: tuple[float, float],
                                                                        words: str) -> None:
    assert change_words(ExpectedCost(*before), ExpectedCost(*after), "over X") == words
