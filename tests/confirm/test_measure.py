"""What a real build measured, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.cli.runner import Runner
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.match import BuildComparison, Confirmation, Mode, StepComparison, Verdict, compare
from cachesim.confirm.measure import CacheUse, bytes_of, cache_uses, image_sizes, measured_by, with_cache_sizes
from cachesim.confirm.observed import ObservedBuild, ObservedVertex
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.model import StepId
from cachesim.pipeline import simulate
from cachesim.project.measured import Measurement
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

from .conftest import FakeDocker

RUN = "mount / from exec /bin/sh -c "


def built(text: str, at: Mapping[str, tuple[float, float]]) -> tuple[BuildComparison, SimulationReport]:
    """A build in which these steps ran at these times."""
    report, _ = simulate(ProjectState(text, ContextSnapshot.of({"f": b"1"})).request(), EMPTY_STORE)
    observed = ObservedBuild(tuple(ObservedVertex(n, n, (), (span,)) for n, span in at.items()), 0)
    return compare(report, observed, "x"), report


def sizes(build: BuildComparison, report: SimulationReport, *uses: CacheUse, until: float = 100) -> dict[str, int | None]:
    return {s.name: s.size for s in with_cache_sizes(build, report, uses, until).steps if s.observed == "run"}


def test_the_record_that_was_made_while_the_step_worked() -> None:
    build = built("FROM a\nCOPY f /f\nRUN make\n", {"[2/3] COPY f /f": (10, 11), "[3/3] RUN make": (11, 15)})
    assert sizes(*build, CacheUse(10.9, "[2/3] COPY f /f", 5), CacheUse(3.0, "[2/3] COPY f /f", 6),
                 CacheUse(14.9, f"{RUN}make", 7), CacheUse(14.9, 'cached mount /c from exec /bin/sh -c make', 9),
                 CacheUse(20.0, f"{RUN}make", 8)) == {"[2/3] COPY f /f": 5, "[3/3] RUN make": 7}


def test_a_busy_engine_writes_its_record_down_later() -> None:
    build = built("FROM a\nRUN make\n", {"[2/2] RUN make": (11, 15)})
    late, later = CacheUse(19, f"{RUN}make", 7), CacheUse(26, f"{RUN}make", 8)
    assert sizes(*build, late, later) == {"[2/2] RUN make": 7}
    assert sizes(*build, CacheUse(14, f"{RUN}make", 9), late) == {"[2/2] RUN make": 9}
    assert sizes(*build, late, until=18.5) == {"[2/2] RUN make": None}, "that is the next build's"


def test_a_record_that_could_be_either_is_nobodys() -> None:
    build = built("FROM a\nRUN make\n", {"[2/2] RUN make": (11, 15)})
    assert sizes(*build, CacheUse(12, f"{RUN}make", 7), CacheUse(13, f"{RUN}make", 8)) == {"[2/2] RUN make": None}
    assert sizes(*build, CacheUse(12, f"{RUN}make", 7), CacheUse(13, f"{RUN}make", 7)) == {"[2/2] RUN make": 7}
    assert sizes(*build) == {"[2/2] RUN make": None}


@pytest.mark.parametrize(("text", "what"), [
    ("RUN [\"make\", \"all\"]\n", "mount / from exec make all"), ("RUN <<E\nmake it\nE\n", f"{RUN}make it\n"),
    ("RUN <<E\nmake it\nand this\nE\n", f"{RUN}make it\nand this\n"),
    ("RUN sh <<E\nmake it\nE\n", f"{RUN}sh <<E\nmake it\nE"),
    ("RUN --mount=type=cache,target=/c make\n", f"{RUN}make"), ("WORKDIR /w\n", "[2/2] WORKDIR /w")])
def test_how_the_engine_calls_what_made_a_record(text: str, what: str) -> None:
    report, _ = simulate(ProjectState(f"FROM a\n{text}", ContextSnapshot.of({})).request(), EMPTY_STORE)
    name = report.steps[1].vertices[0].name
    build = built(f"FROM a\n{text}", {name: (1, 2)})
    assert sizes(*build, CacheUse(1.5, what, 3), CacheUse(1.5, f"{RUN}something else", 4)) == {name: 3}


def test_what_was_cached_has_no_size() -> None:
    report, _ = simulate(ProjectState("FROM a\nRUN make\n", ContextSnapshot.of({})).request(), EMPTY_STORE)
    vertex = ObservedVertex("v", "[2/2] RUN make", (), ((1.0, 2.0),), cached=True)
    build = compare(report, ObservedBuild((vertex,), 0), "x")
    assert {s.size for s in with_cache_sizes(build, report, [CacheUse(1.5, f"{RUN}make", 7)]).steps} == {None}


@pytest.mark.parametrize(("text", "size"), [("0B", 0), ("1.507MB", 1_507_000), ("20.48kB", 20_480), ("12 GB", 12 * 10 ** 9)])
def test_sizes_as_docker_prints_them(text: str, size: int) -> None:
    assert bytes_of(text) == size


def test_the_build_cache_is_listed(docker: FakeDocker) -> None:
    line = {"CreatedAt": "2026-01-02 10:00:00.25 +0100 CET", "Description": "[2/2] COPY f /f", "Size": "5.1kB"}
    docker.answers["buildx du"] = ("\n".join(["no json", json.dumps(line), "{}", json.dumps({**line, "Size": "?"})]), "", 0)
    docker.write()
    assert Runner().run(cache_uses(EngineChoice())) == (CacheUse(1767344400.25, "[2/2] COPY f /f", 5100),)
    assert docker.calls_of("buildx", "du") == [["buildx", "du", "--builder", "default", "--format", "json"]]
    docker.answers["buildx du"] = ("", "unknown flag: --format", 125)
    docker.write()
    assert Runner().run(cache_uses(EngineChoice())) is None


def row(key: str, seconds: float, size: int | None = None, observed: str = "run", name: str = "[2/2] RUN make",
        image: str = "", step: StepId | None = None) -> StepComparison:
    return StepComparison(step, 2, name, "run", True, observed, Verdict.RIGHT, seconds, key=key, size=size, image=image)


def confirmation(*rows: StepComparison, mode: Mode = Mode.ISOLATED) -> Confirmation:
    return Confirmation(mode, "e", 7.0, (BuildComparison("x", rows, ObservedBuild()),))


def test_only_what_ran_is_measured_and_never_in_a_rehearsal() -> None:
    assert measured_by(confirmation(row("k", 1.5, 9))) == {"k": Measurement(1.5, 9, 7.0, "RUN make")}
    assert measured_by(confirmation(row("k", 1.5, 9, "cached"))) == {}
    assert measured_by(confirmation(row("", 1.5, 9))) == {}
    assert measured_by(confirmation(row("k", 1.5, 9), mode=Mode.REHEARSAL)) == {}
    assert measured_by(confirmation(row("k", 1.5, 9, name="[1/2] FROM a"))) == {}


def test_a_linked_copy_is_measured_as_its_two_lines_together() -> None:
    copy, link = row("k", 1.0, 500, name="[2/2] COPY --link f /"), row("k", 0.5, 0, name="[2/2] LINK COPY --link f /")
    assert measured_by(confirmation(copy, link)) == {"k": Measurement(1.5, 500, 7.0, "COPY --link f /")}
    untold = row("k", 1.0, 500, "", name="[2/2] COPY --link f /")     # an isolated table does not say that it ran; its size does
    assert measured_by(confirmation(untold, link)) == {"k": Measurement(1.5, 500, 7.0, "COPY --link f /")}
    assert measured_by(confirmation(row("k", 0.0, None, "", name="[2/2] COPY --link f /"), link)) == {}
    cached = row("k", 0.0, None, "cached", name="[2/2] COPY --link f /")
    assert measured_by(confirmation(cached, link)) == {}


def test_the_history_of_the_classic_builders_images(docker: FakeDocker) -> None:
    a, b = StepId(0, 1), StepId(0, 2)
    history = [{"ID": "sha256:bbbbbbbbbbbb0000", "Size": "12"}, {"ID": "sha256:aaaaaaaaaaaa0000", "Size": "5"},
               {"ID": "<missing>", "Size": "99"}]
    docker.answers["history"] = ("\n".join(map(json.dumps, history)), "", 0)
    docker.write()
    build = BuildComparison("x", (row("k", 1, image="aaaaaaaaaaaa", step=a), row("l", 1, image="bbbbbbbbbbbb", step=b)),
                            ObservedBuild())
    assert Runner().run(image_sizes(EngineChoice(), build)) == {a: 5, b: 12}
    assert len(docker.calls_of("history")) == 1
