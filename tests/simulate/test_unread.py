"""What is said of a build whose context nobody can read: nothing that rests on the files, all that does not."""

from __future__ import annotations

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, MissReason, Outcome
from cachesim.graph.options import EngineKind
from cachesim.pipeline import simulate
from cachesim.simulate.report import SimulationReport

UNKNOWN = ContextSnapshot(EMPTY_DIR, known=False)
BOTH = pytest.mark.parametrize("engine", list(EngineKind))
TEXT = """\
FROM alpine AS tools
RUN apk add curl

FROM alpine AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY --from=tools /usr/bin/curl /bin/

FROM alpine
COPY --from=build /app /app
CMD ["/app/run"]
"""


def second_build(text: str, engine: EngineKind, again: str = "") -> SimulationReport:
    """Build a text without files twice (the second time perhaps another one)."""
    _, store = simulate(BuildRequest(parse(text), UNKNOWN, engine=engine), EMPTY_STORE)
    return simulate(BuildRequest(parse(again or text), UNKNOWN, engine=engine), store)[0]


@BOTH
def test_what_reads_files_stays_open_and_the_rest_is_predicted(engine: EngineKind) -> None:
    found = {s.step.line: s.outcome for s in second_build(TEXT, engine).steps}
    open_lines = {line for line, outcome in found.items() if outcome is Outcome.UNDETERMINED}
    assert {6, 7, 8, 11} <= open_lines
    assert found[2] is Outcome.HIT and found[5] in (Outcome.HIT, Outcome.CONFIG_ONLY)
    assert not open_lines & {1, 2, 4, 5, 10}


@BOTH
def test_a_change_that_needs_no_files_is_still_told(engine: EngineKind) -> None:
    report = second_build(TEXT, engine, TEXT.replace("apk add curl", "apk add curl git"))
    step = next(s for s in report.steps if s.step.line == 2)
    assert step.outcome is Outcome.MISS and step.changes
    assert {s.reason for s in report.steps if s.step.line in (6, 7, 8)} == {MissReason.NO_FILES}


@BOTH
@pytest.mark.parametrize("line", ["COPY . .", "COPY a b c/", "COPY [ab]?.txt /x/", "COPY src/ ./src/", "ADD app.tar.gz /",
                                  "COPY $WHERE/app /app", "COPY ../x /x", "COPY src src/main.py /d/"])
def test_no_source_makes_the_build_fail(engine: EngineKind, line: str) -> None:
    report = second_build(f"FROM alpine\n{line}\nRUN true\n", engine)
    assert report.error == "" and report.error_step is None
    assert [s.outcome for s in report.steps[1:]] == [Outcome.UNDETERMINED, Outcome.UNDETERMINED]


def test_a_bind_of_the_context_stays_open() -> None:
    report = second_build("FROM alpine\nRUN --mount=type=bind,target=/s make\nRUN --mount=type=bind,source=Makefile,"
                          "target=/m make -f /m\n", EngineKind.BUILDKIT)
    assert [s.reason for s in report.steps[1:]] == [MissReason.NO_FILES] * 2


def test_it_says_so_and_names_the_line() -> None:
    report = second_build(TEXT, EngineKind.BUILDKIT)
    causes = {s.step.line: s.cause for s in report.steps}
    assert causes[6].startswith("COPY and ADD cannot be checked without the files")
    assert causes[7] == "It builds on line 6, which cannot be checked without the files"
    assert report.assumptions[0].text.startswith("COPY and ADD cannot be checked without the files")


def test_a_file_that_cannot_be_built_anyway_still_says_why() -> None:
    report = second_build("FROM alpine\nCOPY . .\nBOGUS x\n", EngineKind.BUILDKIT)
    assert report.graph.error is not None
