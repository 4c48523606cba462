"""What is known to fail before the build is predicted to fail, with the engine's reason."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.base import Outcome
from cachesim.graph.options import BuildOptions
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

FILES = {"f": b"x", "lib/a.py": b"1"}
PLAIN = BuildOptions()


def report_of(text: str, options: BuildOptions = PLAIN, ignore: str = "") -> SimulationReport:
    files = {**FILES, "Dockerfile": text.encode(), **({".dockerignore": ignore.encode()} if ignore else {})}
    return simulate(ProjectState(text, ContextSnapshot.of(files), options).request(), EMPTY_STORE)[0]


@pytest.mark.parametrize(("line", "reason"), [
    ("COPY nope /x", '"/nope": not found'),
    ("COPY lib/*.zz /x/", "lstat /lib: no such file or directory"),
    ("COPY --exclude=*.md nope /x/", "lstat /nope: no such file or directory"),
    ("COPY --from=nope$A /a /b", "variable expansion is not supported for --from"),
    ("COPY --from=7 /a /b", "invalid stage index 7"),
    ("COPY --chmod=9 f /x", "invalid chmod parameter"),
    ("COPY http://h/f /x", "source can't be a URL for COPY"),
    ("COPY --parents f /x", "unknown flag: parents"),
    ("RUN --device=x true", "device feature is only supported"),
    ("RUN --network=host true", "network.host is not allowed"),
    ("RUN --mount=type=nope,target=/x true", "unsupported mount type"),
    ("EXPOSE abc", "invalid containerPort: abc"),
    ("STOPSIGNAL NOPE", "invalid signal"),
    ("LABEL a=${B:?must}", "B: must"),
    ("ENV a=${B^^}", "unsupported modifier"),
    ("FORM x", "unknown instruction: FORM"),
])
def test_the_engines_reason_is_given(line: str, reason: str) -> None:
    report = report_of(f"FROM base:1\n{line}\n")
    assert reason.replace("unknown flag: parents", "unknown flag: --parents") in report.error
    assert all(s.outcome is not Outcome.MISS for s in report.steps)


@pytest.mark.parametrize("ports", ["+80", "80-81 1/UDP", "1-2:3", "1.2.3.4::80", "[::1]:1:2", ":80", "08", "80-80"])
def test_ports_that_can_be_exposed(ports: str) -> None:
    assert not report_of(f"FROM base:1\nEXPOSE {ports}\n").error


@pytest.mark.parametrize(("port", "reason"), [
    ("1:80-81", "invalid ranges specified for container and host Ports: 80-81 and 1"), ("x:80", "invalid hostPort: x"),
    ("1.2.3:1:2", "invalid IP address: 1.2.3"), ("[::1:1:2", "missing ']' in address"), ("81-80", "invalid containerPort: 81-80"),
    ("80/tcp:90/x", "invalid proto: x"), ("80:", "no port specified"), ("65536", "invalid containerPort: 65536")])
def test_ports_that_cannot(port: str, reason: str) -> None:
    assert reason in report_of(f"FROM base:1\nEXPOSE {port}\n").error


def test_a_broken_ignore_file_is_refused_where_nothing_is_copied_too() -> None:
    assert "illegal exclusion pattern" in report_of("FROM base:1\nRUN true\n", ignore="!\n").error


@pytest.mark.parametrize(("name", "reason"), [
    ("b$", 'failed to parse stage name "b$"'), ("${b", "unsupported modifier"), ("b$x", "variable expansion is not supported")])
def test_dollars_in_from(name: str, reason: str) -> None:
    assert reason in report_of(f"FROM base:1 AS b\nFROM base:1\nCOPY --from={name} /x /y\n").error


def test_an_ignored_source_names_the_line() -> None:
    report = report_of("FROM base:1\nCOPY f /f\nRUN x\n", ignore="# c\nf\n")
    assert "line 2 of .dockerignore keeps it out" in report.error
    assert [s.outcome for s in report.steps[1:]] == [Outcome.FAILED, Outcome.NOT_REACHED]


@pytest.mark.parametrize(("target", "tail"), [
    ("bild", " (did you mean build?)"), ("xyz", ""), ("BILD", ""), ("stage-1", " (did you mean stage-0?)"), ("0", "")])
def test_a_target_that_is_not_there(target: str, tail: str) -> None:
    report = report_of("FROM base:1\nRUN true\nFROM base:1 AS build\nRUN true\n", BuildOptions(target=target))
    assert report.error == f'target stage "{target}" could not be found{tail}'


@pytest.mark.parametrize("lines", ["COPY --chown=bob f /f", "USER bob\nWORKDIR /w", "COPY --link --chown=bob f /f"])
def test_a_named_owner_needs_a_user_table(lines: str) -> None:
    assert "invalid user index: -1" in report_of(f"FROM scratch\n{lines}\n").error
    assert not report_of(f"FROM base:1\n{lines.replace('--link ', '')}\n").error


def test_a_run_where_nothing_is_fails() -> None:
    report = report_of("FROM scratch\nCOPY f /f\nRUN echo\n")
    assert "did not complete successfully" in report.error and report.steps[-1].outcome is Outcome.FAILED


def test_a_file_in_the_place_of_a_folder_fails() -> None:
    assert "mkdir /a: not a directory" in report_of("FROM base:1\nCOPY f /a\nCOPY lib f /a/\n").error


def test_an_unknown_target_and_a_stage_nobody_needs() -> None:
    assert 'target stage "zz" could not be found' in report_of("FROM base:1\n", BuildOptions(target="zz")).error
    report = report_of("FROM base:1 AS a\nCOPY nope /x\nFROM base:1\nCOPY f /f\n")
    assert not report.error and report.steps[1].outcome is Outcome.UNREACHED
