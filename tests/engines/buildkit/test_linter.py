"""Tests of engines/buildkit/linter/: what ends a build and what it depends on (vectors/lint.jsonl holds the engine's answers)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.diagnostics import Severity
from cachesim.engines.base import Outcome
from cachesim.engines.buildkit.linter.options import LintOptions, LintOptionsError
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

KNOWN = BaseImage("docker.io/library/base:1", "c", "m", ImageConfig(env=(("PATH", "/bin"),)))


def report_of(text: str, *bases: BaseImage, options: BuildOptions | None = None) -> SimulationReport:
    state = ProjectState(text, ContextSnapshot.of({"f": b"x"}), options or BuildOptions(), bases={b.ref: b for b in bases})
    return simulate(state.request(), EMPTY_STORE)[0]


@pytest.mark.parametrize(("text", "fails", "asked", "not_asked"), [
    ("", False, ["UndefinedVar"], ["CopyIgnoredFile"]),
    ("skip=all;error=true", True, [], ["UndefinedVar", "CopyIgnoredFile"]),
    ("skip=all;experimental=CopyIgnoredFile", False, ["CopyIgnoredFile"], ["UndefinedVar", "InvalidDefinitionDescription"]),
    (" skip = A , UndefinedVar ;error=1", True, ["B"], ["A", "UndefinedVar"]),
    ("skip=A;skip=B", False, ["A"], ["B"]), ("skip=all;skip=B", False, [], ["A", "B"]),
    ("experimental=all;error=f", False, ["A", "CopyIgnoredFile", "InvalidDefinitionDescription"], []),
])
def test_options(text: str, fails: bool, asked: list[str], not_asked: list[str]) -> None:
    options = LintOptions.parse(text)
    assert options.fails is fails
    assert [r for r in (*asked, *not_asked) if options.asks(r)] == asked


@pytest.mark.parametrize("text", ["error", "Error=true", ";", "error=true;", "error=tRue", "x=1"])
def test_options_that_are_refused(text: str) -> None:
    with pytest.raises(LintOptionsError):
        LintOptions.parse(text)


def test_a_broken_rule_ends_the_build_before_anything_runs() -> None:
    report = report_of("# check=error=true\nFROM base:1 AS Foo\nRUN true\nCMD a\nENV A=$B\n", KNOWN)
    assert report.error == "lint violation found for rules: StageNameCasing, JSONArgsRecommended, UndefinedVar"
    assert {s.outcome for s in report.steps} <= {Outcome.NOT_REACHED, Outcome.CONFIG_ONLY}
    assert [(d.span.line, d.code) for d in report.diagnostics if d.severity is Severity.ERROR] == [
        (2, "lint-StageNameCasing"), (4, "lint-JSONArgsRecommended"), (5, "lint-UndefinedVar")]


def test_without_being_asked_nothing_ends() -> None:
    assert not report_of("FROM base:1 AS Foo\nRUN true\nCMD a\nENV A=$B\n", KNOWN).error


@pytest.mark.parametrize(("line", "wanted"), [("CMD a", "a SHELL"), ("ENV A=$B C=$D", "ENV B, ENV D")])
def test_it_says_what_depends_on_an_unknown_base(line: str, wanted: str) -> None:
    text = f"# check=error=true\nFROM base:1\n{line}\n"
    assert f"unless the base image brings {wanted}: nobody could be asked about {KNOWN.ref}" in report_of(text).error
    assert "unless" not in report_of(text, KNOWN).error


def test_what_no_base_could_mend_depends_on_nothing() -> None:
    assert "unless" not in report_of("# check=error=true\nFROM base:1 AS Foo\nCMD a\n").error


@pytest.mark.parametrize(("line", "why"), [
    ("EXPOSE x", "invalid containerPort"), ("COPY --from=9 /x /y", "invalid stage index"), ("COPY --chmod=9 f /x", "chmod")])
def test_the_frontends_refusals_come_first(line: str, why: str) -> None:
    assert why in report_of(f"# check=error=true\nFROM base:1 AS Foo\n{line}\n", KNOWN).error


@pytest.mark.parametrize("line", ["COPY nope /x", "RUN --network=host true", "RUN []", "ADD http:// /x", "COPY --exclude=[ f /x"])
def test_what_is_refused_after_the_frontend_comes_later(line: str) -> None:
    assert "StageNameCasing" in report_of(f"# check=error=true\nFROM base:1 AS Foo\n{line}\n", KNOWN).error


def test_comments_that_describe() -> None:
    head, option = "# check=experimental=all;error=true\nFROM base:1\n", "InvalidDefinitionDescription"
    assert option in report_of(f"{head}# words\n\nARG A\n", KNOWN).error
    assert option not in report_of(f"{head}# words\n#\nARG A\n# A it is\nARG A\n# words\nRUN true\nARG B\n", KNOWN).error


@pytest.mark.parametrize(("platform", "from_", "found"), [
    ("linux/arm64", "base:1", 'Base image base:1 was pulled with platform "linux/amd64", expected "linux/arm64"'),
    ("", "--platform=windows/amd64 base:1 AS windows", "expected \"windows/amd64\""), ("linux/amd64/v2", "base:1", ""),
    ("", "--platform=linux/386 base:1 AS linux\nFROM scratch", "")])
def test_bases_of_another_platform(platform: str, from_: str, found: str) -> None:
    """As Engine 28.5.2 with the containerd store does with an imported image; other images may be there for more platforms."""
    text = f"# check=error=true\nFROM {from_}\nENV A=1\n"
    options = BuildOptions(platform=platform)
    report = report_of(text, replace(KNOWN, source="scenario"), options=options)
    assert ("InvalidBaseImagePlatform" in report.error) is bool(found)
    assert any(found in d.message for d in report.diagnostics) or not found
    assert not report_of(text, replace(KNOWN, source="engine"), options=options).error
