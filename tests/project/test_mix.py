"""The edit mix: which files change together, and what each edit re-runs."""

from __future__ import annotations

import pytest

from cachesim.context.snapshot import ContextSnapshot
from cachesim.errors import InputError
from cachesim.graph.options import BuildOptions
from cachesim.project.mix import MixCounter, mix_by_hand, pattern_of, role_of
from cachesim.project.state import ProjectState
from cachesim.project.trial import edited, try_edits

CONTEXT = ContextSnapshot.of({
    "Dockerfile": b"FROM base:1\nCOPY req.txt /\nRUN install\nCOPY src /src\n", "requirements.txt": b"x",
    "req.txt": b"x", "src/a.py": b"1", "src/b.py": b"1", "tests/test_a.py": b"1", "README.md": b"r",
    ".git/HEAD": b"ref"})
STATE = ProjectState("FROM base:1\nCOPY req.txt /\nRUN install\nCOPY src /src\n", CONTEXT)


@pytest.mark.parametrize(("path", "pattern", "role"), [
    ("src/pkg/a.py", "src/**/*.py", "source"),
    ("src/Makefile", "src/**", "source"),
    ("setup.py", "setup.py", "manifest"),
    ("web/package.json", "web/package.json", "manifest"),
    ("requirements-dev.txt", "requirements-dev.txt", "manifest"),
    ("tests/unit/helper.py", "tests/**/*.py", "tests"),
    ("src/a.test.ts", "src/**/*.ts", "tests"),
    ("src/contest.py", "src/**/*.py", "source"),
    ("README.md", "README.md", "docs"),
    ("conf/app.yaml", "conf/**/*.yaml", "config"),
    ("Dockerfile", "Dockerfile", "Dockerfile"),
    ("docker/Dockerfile.dev", "docker/Dockerfile.dev", "Dockerfile"),
    (".dockerignore", ".dockerignore", "Dockerfile"),
])
def test_patterns_and_roles(path: str, pattern: str, role: str) -> None:
    assert (pattern_of(path), role_of(path)) == (pattern, role)


def test_commits_are_counted_into_weights() -> None:
    counter = MixCounter()
    for paths in (["src/a.py"], ["src/a.py", "src/b.py"], ["src/b.py", "requirements.txt"], []):
        counter.add(paths)
    mix = counter.mix(CONTEXT)
    assert mix.commits == 3
    assert [(g.patterns, g.files, g.commits) for g in mix.groups] == [
        (("src/**/*.py",), ("src/a.py",), 2),
        (("requirements.txt", "src/**/*.py"), ("requirements.txt", "src/a.py"), 1)]
    assert [g.weight for g in mix.groups] == pytest.approx([2 / 3, 1 / 3])


def test_a_mix_by_hand_names_roles_or_files() -> None:
    mix = mix_by_hand("source 70, tests=20%, 5 manifest, README.md: 5", CONTEXT)
    assert [(g.label, g.files) for g in mix.groups] == [
        ("source", ("src/a.py",)), ("tests", ("tests/test_a.py",)), ("manifest", ("requirements.txt",)),
        ("README.md", ("README.md",))]
    assert [g.weight for g in mix.groups] == pytest.approx([0.7, 0.2, 0.05, 0.05])
    assert mix_by_hand("config 50, source 50", CONTEXT).groups[0].weight == 1.0     # there is no config here


@pytest.mark.parametrize("text", ["source", "nonsense 5", "source 0", ""])
def test_a_mix_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError):
        mix_by_hand(text, CONTEXT)


def test_each_edit_is_tried_on_its_own() -> None:
    trials = try_edits(STATE, mix_by_hand("source 80, req.txt 20", CONTEXT), lambda step: 10.0)
    assert [t.reruns for t in trials.trials] == [1, 3]
    assert trials.expected_reruns == pytest.approx(0.8 * 1 + 0.2 * 3)
    assert trials.expected_seconds == pytest.approx(10 * trials.expected_reruns)


def test_an_edit_changes_bytes_and_time_and_keeps_the_rules_of_an_ignore_file() -> None:
    state = ProjectState(STATE.text, CONTEXT.with_bytes(".dockerignore", b"*.log\n"))
    group, = mix_by_hand(".dockerignore 1", state.context).groups
    after = edited(state, group).context
    assert (after.ignore_text(".dockerignore") or "").startswith("*.log\n")
    assert after.get(".dockerignore") != state.context.get(".dockerignore")
    dockerfile, = mix_by_hand("Dockerfile 1", CONTEXT).groups
    assert edited(STATE, dockerfile).text.endswith("# edited\n")


def test_an_edit_may_bring_other_build_arguments() -> None:
    text = "FROM base:1\nARG SHA\nRUN install\nCOPY src /src\n"
    state = ProjectState(text, CONTEXT.with_bytes("Dockerfile", text.encode()), BuildOptions(args=(("SHA", "1"), ("B", "2"))))
    mix = mix_by_hand("source 1", state.context).with_args(("SHA",))
    assert [t.reruns for t in try_edits(state, mix).trials] == [2]
    assert edited(state, mix.groups[0]).options.args == (("B", "2"), ("SHA", "edited"))
