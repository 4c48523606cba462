"""The set of projects itself: is it large, varied, and does it say what it has to?"""

from __future__ import annotations

import tomllib

import pytest

from cachesim.advise.cost import CostModel
from cachesim.cache.store import EMPTY_STORE
from cachesim.dockerfile.instructions import Run
from cachesim.dockerfile.parser import parse
from cachesim.pipeline import simulate
from tests.advise.declared import declared_image
from tests.advise.projects import FOLDER, names, project


def test_the_set_is_large_and_varied() -> None:
    projects = [project(name) for name in names()]
    assert len(projects) >= 70
    assert sum(p.best is not None for p in projects) >= 12
    assert len({p.ecosystem for p in projects}) >= 10
    assert sum(p.ecosystem == "busybox" for p in projects) >= 8
    assert sum(p.improvable for p in projects) >= 20 <= 3 * sum(not p.improvable for p in projects)
    traps = [tomllib.loads((FOLDER / p.name / "project.toml").read_text(encoding="utf-8")).get("trap") for p in projects]
    assert sum(bool(trap) for trap in traps) >= 20


@pytest.mark.parametrize("name", names())
def test_a_project_builds_and_every_run_is_known(name: str) -> None:
    it = project(name)
    report, _ = simulate(it.state.request(), EMPTY_STORE)
    assert not report.error
    runs = [i for i in parse(it.state.text).instructions if isinstance(i, Run)]
    assert [run.text for run in runs if it.facts_of(run) is None] == []
    assert it.mix.groups and sum(g.weight for g in it.mix.groups) == pytest.approx(1)
    assert declared_image(it, it.state.text).tree


@pytest.mark.parametrize("name", [name for name in names() if project(name).best is not None])
def test_the_best_known_order_builds_the_same_image_for_less(name: str) -> None:
    it = project(name)
    assert it.best is not None and it.improvable
    assert declared_image(it, it.best) == declared_image(it, it.state.text)
    model = CostModel(it.state.context, it.seconds)
    now, then = (model.trials(it.state.with_text(text, 0), it.mix) for text in (it.state.text, it.best))
    assert not then.first.error and then.expected_seconds < now.expected_seconds


def image_of(name: str, before: str, after: str) -> tuple[object, object]:
    it = project(name)
    assert before in it.state.text
    changed = it.state.text.replace(before, after)
    return declared_image(it, it.state.text), declared_image(it, changed)


def test_the_declared_image_tells_a_wrong_order_from_a_right_one() -> None:
    text = "COPY . .\n\n# its dependencies\nRUN pip install --no-cache-dir -r requirements.txt\n"
    right, same = image_of("pip-flask-copy-all", text,
                           "COPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n")
    assert right == same
    right, wrong = image_of("pip-flask-copy-all", text, "RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n")
    assert right != wrong
    right, wrong = image_of("busybox-copy-overwrites", "FROM busybox:1.36\n", "FROM busybox:1.36\nCOPY conf/ /etc/app/\n")
    assert right == wrong       # a copy more in front of what is written over changes nothing
    right, wrong = image_of("pip-user-between", "USER app\nCOPY --chown=app . .\n", "COPY --chown=app . .\nUSER root\n")
    assert right != wrong
    right, wrong = image_of("go-early-commit-arg", "ARG GIT_SHA=unknown\n", "")
    assert right != wrong
