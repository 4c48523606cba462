"""The figures over all projects: how many improve, by how much, and that no safe proposal changes an image."""

from __future__ import annotations

import pytest

from cachesim.advise.commands import CommandTable
from cachesim.advise.proposal import Risk
from cachesim.dockerfile.parser import parse
from tests.advise.figures import Result, figures, result_of
from tests.advise.projects import names, project


@pytest.fixture(scope="module")
def results() -> list[Result]:
    commands = CommandTable.load()
    return [result_of(project(name), commands) for name in names()]


def test_nearly_all_with_a_known_better_order_improve(results: list[Result]) -> None:
    found = figures(results)
    assert found.improved_any >= 0.93, (
        f"only {found.improved_any:.1%} of the projects with a known better order improve, 93 % are promised; nothing helps "
        f"{', '.join(found.left)} (python -m tests.advise.figures NAME shows why)")
    assert found.improved_safe >= 0.75, f"only {found.improved_safe:.1%} improve by what is proved alone"


def test_the_mean_expected_cost_falls(results: list[Result]) -> None:
    found = figures(results)
    for name, mean in (("proposals that keep the image", found.mean_any), ("safe proposals alone", found.mean_safe)):
        assert mean >= 0.27, f"the mean expected cost of an edit falls by {mean:.1%} with {name}; 27 % are promised"


def test_most_of_what_a_person_would_save_is_found(results: list[Result]) -> None:
    """Where the best order was written down before the rules saw the project."""
    known = [(r.any, r.best, r.project.name) for r in results if r.best is not None]
    share = sum(found for found, _, _ in known) / sum(best for _, best, _ in known)
    worst = min(known, key=lambda item: item[0] - item[1])
    assert len(known) >= 12 and share >= 0.8, (
        f"{share:.0%} of what the best known orders save is found, over {len(known)} projects; least in {worst[2]}: "
        f"{worst[0]:.0%} of {worst[1]:.0%}")


def test_no_safe_proposal_changes_the_image_that_the_projects_declare(results: list[Result]) -> None:
    assert sum(p.risk is Risk.SAFE for r in results for p in r.proposals) >= 40
    wrong = figures(results).wrong
    assert not wrong, f"{len(wrong)} proposals are called safe and change the declared image: {', '.join(wrong)}"


def test_hardly_any_doubtful_proposal_changes_it(results: list[Result]) -> None:
    doubted = figures(results).doubted
    assert len(doubted) <= 1, f"these say what to check, and would change the declared image: {', '.join(doubted)}"


def test_proposals_keep_every_instruction_and_comment(results: list[Result]) -> None:
    for result in results:
        before = result.project.state.text
        for proposal in result.proposals:
            if proposal.rule in ("cache-mount", "build-stage"):
                continue
            lines = proposal.text.splitlines()
            assert [line for line in before.splitlines() if line.strip() and line not in lines] == []
            assert parse(proposal.text).error is None


def test_each_check_says_what_to_look_at(results: list[Result]) -> None:
    for result in results:
        for proposal in result.proposals:
            assert bool(proposal.check) == (proposal.risk is Risk.CHECK)
            assert proposal.title and proposal.why and (0 < proposal.saving <= 1 or proposal.leaves)
