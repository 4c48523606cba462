"""Tests of engines/buildkit/refusals.py: what is refused before a step is looked at (the recordings refused-* show each)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.engines.buildkit.refusals import bad_exclude, bad_source_pattern, checksum_problem
from cachesim.graph.options import BuildOptions, ImageStore, reference_problem
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState


@pytest.mark.parametrize("ref", [
    "base", "base:1", "a__b", "a--b", "host:5000/a:T_.-1", "Host/a", "localhost/a", "a/b/c@sha256:" + "0" * 64, "base:1/x",
    "[::1]:5000/x"])
def test_references_that_are_looked_for(ref: str) -> None:
    assert reference_problem(ref) == ""


@pytest.mark.parametrize(("ref", "why"), [
    ("BASE:1", "repository name (library/BASE) must be lowercase"), ("a_b/C:1", "repository name (a_b/C) must be lowercase"),
    ("a" * 64, "64-byte hexadecimal"), *[(r, "invalid reference format") for r in (
        "base:", ":1", "base:1:2", "-x", "[base:1]", "a@b", "x..y", "a___b", "a.-b", "a/", "base@sha256:aa", "")]])
def test_references_that_cannot_be_any(ref: str, why: str) -> None:
    assert why in reference_problem(ref)


@pytest.mark.parametrize(("path", "bad"), [
    ("[a", True), ("d/a[]]", True), ("a\\", True), ("a[z-a]", True), ("a[a-z]*", False), ("[^a]", False), ("**/x", False),
    ("\\[a", False)])
def test_source_patterns(path: str, bad: bool) -> None:
    assert bool(bad_source_pattern([path])) is bad


def test_exclude_patterns() -> None:
    assert bad_exclude(("[",)) == "invalid excludepatterns: [[]: syntax error in pattern"
    assert "illegal exclusion" in bad_exclude(("!",))
    assert bad_exclude(()) == bad_exclude(("*.md", "!a", "[ab]")) == ""


@pytest.mark.parametrize(("text", "why"), [
    ("foo", "format"), ("sha256:zz", "length"), ("md5:00", "unsupported"), ("sha256:" + "Z" * 64, "format"),
    ("sha256:" + "a" * 64, "")])
def test_checksums(text: str, why: str) -> None:
    assert why in checksum_problem(text) and bool(checksum_problem(text)) is bool(why)


def error_of(text: str, options: BuildOptions | None = None, store: ImageStore = ImageStore.GRAPHDRIVER) -> str:
    state = ProjectState(text, ContextSnapshot.of({"f": b"x"}), options or BuildOptions(), store=store)
    return simulate(state.request(), EMPTY_STORE)[0].error or ""


@pytest.mark.parametrize(("options", "why"), [
    (BuildOptions(platform="linux/amd64,linux/arm64"), "Multi-platform"),
    (BuildOptions(add_hosts=(("a", "b"),)), "invalid host a:b"),
    (BuildOptions(no_cache=True, no_cache_filter=("a",)), "together"),
    (BuildOptions(add_hosts=(("", "1.2.3.4"),)), "invalid host"), (BuildOptions(add_hosts=(("a", "::1"), ("b", "[::1]"))), ""),
    (BuildOptions(args=(("SOURCE_DATE_EPOCH", "x"),)), "invalid SOURCE_DATE_EPOCH"),
    (BuildOptions(args=(("SOURCE_DATE_EPOCH", "-5"),)), ""),
    (BuildOptions(args=(("BUILDKIT_SYNTAX", ""),)), "invalid context name"),
    (BuildOptions(args=(("", "x"),)), 'invalid key-value pair "=x": empty key'),
    (BuildOptions(args=(("", None),)), 'pair "": empty key'),
    (BuildOptions(add_hosts=(("a", "host-gateway"),)), ""),
    (BuildOptions(args=(("BUILDKIT_DOCKERFILE_CHECK", "x"),)), "invalid check option"),
    (BuildOptions(contexts=(("X Y", "f"),)), "X Y"),
])
def test_the_way_a_build_is_started(options: BuildOptions, why: str) -> None:
    error = error_of("FROM base:1\nRUN true\n", options)
    assert why in error and bool(error) is bool(why)


@pytest.mark.parametrize(("text", "why"), [
    ("# check=nope\nFROM base:1\n", "invalid check option"), ("# check=error=maybe\nFROM base:1\n", "ParseBool"),
    ("# check=skip=all;error=false\nFROM base:1\nRUN true\n", ""), ("FROM base:1\nRUN []\n", "arguments are required"),
    ("FROM base:1 AS a\nCOPY --from=BASE:1 /x /y\nFROM base:1\nRUN true\n", "must be lowercase"),
    ("FROM base:1 AS a\nRUN --mount=from=a@b,target=/x true\nFROM base:1\nRUN true\n", "invalid reference format"),
    ("FROM base:1\nONBUILD COPY --from=a@b /x /y\n", ""), ("FROM base:1\nWORKDIR $UNSET\nWORKDIR \"\"\nRUN pwd\n", ""),
    ("FROM base:1\nCOPY . /\nCOPY [a /x\n", "syntax error in pattern"), ("FROM base:1\nCOPY [a /x\n", "invalid includepatterns"),
    ("FROM base:1\nCOPY <<../E /y/\nbody\n../E\n", ""), ("FROM base:1\nADD http:// /x\n", "no Host"),
    *[(f"FROM base:1\nCOPY --chmod={m} f /x\n", "") for m in ("u+x,g=u", "a=rw", "+x", "u--x", "u=r+w", "7777", "g+s,+t", "u+")],
    *[(f"FROM base:1\nCOPY --chmod={m} f /x\n", "invalid syntax") for m in ("u", "a=rw,u", "u+x,,", "x+u", "+644", "u+x,")],
    *[(f"FROM base:1\nCOPY --chmod={m} f /x\n", "should be octal") for m in ("0o755", "7_5", "8", "10000", "644x")],
])
def test_dockerfiles(text: str, why: str) -> None:
    error = error_of(text)
    assert why in error and bool(error) is bool(why)


def test_options_are_refused_before_the_file_is_read() -> None:
    assert "invalid check option" in error_of("FROM base:1\nNOPE\n", BuildOptions(args=(("BUILDKIT_DOCKERFILE_CHECK", "x"),)))


@pytest.mark.parametrize(("line", "options", "why"), [
    ("ADD git@h:x.git /x", BuildOptions(), "unset ssh forward key default"),
    ("ADD git@h:x.git /x", BuildOptions(ssh=("default",)), ""),
    ("ADD ssh://h/x /x", BuildOptions(ssh=("other",)), "unset ssh forward key"),
    (f"ADD git@h:x#{'a' * 40} /x", BuildOptions(), ""),
    ("COPY x@y:z /x", BuildOptions(), "source can't be a git ref for COPY"),
    ("ADD https://h/x.git?a=b /x", BuildOptions(), "unexpected query"),
    ("ADD --checksum=sha256:00 https://h/x.git /x", BuildOptions(), "expected hex commit hash"),
    ("ADD --checksum=abc https://h/x.git?commit=abd /x", BuildOptions(), 'checksum mismatch "abc" != "abd"'),
    ("ADD --keep-git-dir=false https://h/x.git?keep-git-dir /x", BuildOptions(), "inconsistent keep-git-dir"),
    ("ADD https://h/x.git#main:a /x", BuildOptions(), "")])
def test_repositories(line: str, options: BuildOptions, why: str) -> None:
    error = error_of(f"FROM base:1\n{line}\n", options)
    assert why in error and bool(error) is bool(why)


@pytest.mark.parametrize(("line", "options", "word"), [
    ("ADD https://h/x.git /x", BuildOptions(), "an engine that has git"),
    ("RUN true", BuildOptions(add_hosts=(("a", "host-gateway"),)), "bridge")])
def test_what_depends_on_the_engine_is_said(line: str, options: BuildOptions, word: str) -> None:
    state = ProjectState(f"FROM base:1\n{line}\n", ContextSnapshot.of({"f": b"x"}), options)
    assert any(word in a.text for a in simulate(state.request(), EMPTY_STORE)[0].assumptions)


@pytest.mark.parametrize(("names", "ran"), [
    (("x",), []), (("",), ["a", "b"]), ((",",), ["b"]), (("A",), ["a"]), (("x,a",), ["a"]), (("x", ""), ["b"]), ((" ",), [])])
def test_which_stages_a_filter_of_the_cache_means(names: tuple[str, ...], ran: list[str]) -> None:
    """Asked of Engine 28.5.2: an empty filter means every stage, an empty name the unnamed ones."""
    text = "FROM base:1 AS a\nRUN a\nFROM base:1\nCOPY --from=a /a /a\nRUN b\n"
    state = ProjectState(text, ContextSnapshot.of({}), BuildOptions())
    _, store = simulate(state.request(), EMPTY_STORE)
    again = replace(state, options=BuildOptions(no_cache_filter=names))
    report, _ = simulate(again.request(), store)
    runs = [s.step.instruction for s in report.steps if s.outcome is Outcome.MISS and s.step.instruction.keyword == "RUN"]
    assert [run.text[-1] for run in runs] == ran
