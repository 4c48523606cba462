"""Does a prediction that reuses what earlier ones found say the same as one that starts from nothing?

Reuse is: answers remembered by value (`functools.lru_cache`) or by identity (`cachesim.same`), content that a lean walk puts off,
and tables that are finished when somebody builds on them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

import pytest

from cachesim.cache.index import Links
from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.context.snapshot import ContextSnapshot
from cachesim.engines.buildkit.probe import Walk
from cachesim.graph.options import BuildOptions, ImageStore
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState
from cachesim.simulate.report import SimulationReport

TEXT = """\
ARG V=1
FROM alpine AS base
ARG V
WORKDIR /app
COPY a.txt /in/a.txt
RUN make base > /out/1
FROM alpine AS left
WORKDIR /app
COPY src/ /src/
COPY --from=base /out/1 /in/1
RUN make left > /out/1
FROM alpine AS right
WORKDIR /app
COPY b.txt /in/a.txt
COPY --from=left /out/1 /in/1
RUN --mount=type=bind,from=left,source=/out,target=/m make right > /out/1
FROM left AS last
WORKDIR /app
COPY --from=right /out/1 /in/1
RUN cat /in/1 > /out/1
FROM scratch
COPY --from=last /out/1 /in/1
COPY --from=base /in/a.txt /a
COPY . .
"""
LINES = ["RUN make more > /out/1", "ENV E=1", "COPY a.txt b.txt /two/", "WORKDIR sub", "# note", "COPY --from=base /out/1 /again",
         "COPY --link src/x.py /link/", "ARG V=2", "USER 7", "COPY --from=left /src/ /src/", "RUN cat /in/1 > /out/2",
         "COPY --from=busybox /bin/sh /sh", "COPY <<E /inline\nhello\nE", "RUN --mount=type=cache,target=/c,uid=7 make c"]
FILES = {"a.txt": b"a", "b.txt": b"a", "src/x.py": b"x", "src/deep/y.py": b"y", ".dockerignore": b"*.log\n", "z.log": b"z"}


def edits(seed: int) -> Iterator[tuple[str, dict[str, bytes], BuildOptions, bool]]:
    """Text, files and options after each of some random edits, and whether the build is kept."""
    chance = random.Random(seed)
    lines, files, options = TEXT.splitlines(), dict(FILES), BuildOptions()
    yield TEXT, dict(files), options, True
    for number in range(14):
        match chance.randrange(9):
            case 8:
                at = chance.choice([i for i, line in enumerate(lines) if line.startswith("WORKDIR")])
                lines[at] = chance.choice(["WORKDIR /app", "WORKDIR /other", "WORKDIR /app2"])
            case 0:
                lines.insert(chance.randrange(2, len(lines)), chance.choice(LINES))
            case 1 | 2:
                at = chance.choice([i for i, line in enumerate(lines) if line.startswith("RUN")])
                lines[at] = lines[at].replace("make", chance.choice(["make -j2", "make", "true; make"]))
            case 3:
                at = chance.randrange(2, len(lines))
                if not lines[at].startswith("FROM"):
                    del lines[at]
            case 4 | 5:
                files[chance.choice(list(FILES))] = chance.choice([b"a", b"new %d" % number, b"*.txt\n"])
            case 6:
                lines, files = TEXT.splitlines(), dict(FILES)
            case 7:
                options = BuildOptions(no_cache_filter=chance.choice([(), ("left",), ("base",)]),
                                       args=chance.choice([(), (("V", "9"),)]))
        yield "\n".join(lines) + "\n", dict(files), options, chance.random() < 0.5


def forget() -> None:
    """Empty every memory of the package."""
    for name, module in list(sys.modules.items()):
        if name.startswith("cachesim."):
            for value in vars(module).values():
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


def all_of(report: SimulationReport) -> list[object]:
    """Everything a report says, lazy lists written out."""
    steps: list[object] = [step._replace(reads=tuple((r.context, r.patterns, tuple(r.paths)) for r in step.reads))  # type: ignore[arg-type]
                           for step in report.steps]
    return [*steps, report.internal, report.diagnostics, report.assumptions, report.error, report.error_step, report.history]


def tables(links: Links) -> tuple[object, ...]:
    """Everything that one world's tables hold, but for the file systems behind the results."""
    return (links.links, {key: result.build for key, result in links.results.items()}, links.roots, links.by_op, links.grounds)


def worlds(store: CacheStore) -> dict[str, tuple[object, ...]]:
    """The tables of all worlds."""
    return {world: tables(stored.links()) for world, stored in store.buildkit.worlds.items()}


class Project:
    """A person at work: asks after each edit, builds now and then."""

    def __init__(self, image_store: ImageStore) -> None:
        self.store = EMPTY_STORE
        self.state: ProjectState | None = None
        self.image_store = image_store

    def edit(self, text: str, files: dict[str, bytes], options: BuildOptions, keep: bool, number: int,
             *, fresh: bool) -> tuple[SimulationReport, CacheStore]:
        """Predict the next build; `fresh` shares no value with the state before."""
        context = ContextSnapshot.of(files) if fresh or self.state is None else self.state.context
        if not fresh:
            for path, data in files.items():
                entry = ContextSnapshot.of({path: data}).get(path)
                if entry != context.get(path):
                    context = context.with_bytes(path, data)
        self.state = ProjectState(text, context, options, store=self.image_store)
        report, after = simulate(self.state.request(f"build {number}"), self.store)
        if keep:
            self.store = after
        return report, after


@pytest.mark.parametrize("image_store", list(ImageStore))
@pytest.mark.parametrize("seed", range(12))
def test_reuse_changes_no_prediction_over_random_edits(seed: int, image_store: ImageStore,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    reusing = Project(image_store)
    told = []
    for number, edit in enumerate(edits(seed)):
        report, after = reusing.edit(*edit, number, fresh=False)
        told.append((all_of(report), after))
    plain = Walk.__init__

    def full_walk(self: Walk, *args: object, **named: object) -> None:
        plain(self, *args, **{**named, "after": None})  # type: ignore[arg-type]

    monkeypatch.setattr(Walk, "__init__", full_walk)
    from_nothing = Project(image_store)
    for number, edit in enumerate(edits(seed)):
        forget()
        report, after = from_nothing.edit(*edit, number, fresh=True)
        before, store = told[number]
        assert all_of(report) == before, (number, edit[0])
        assert worlds(after) == worlds(store), (number, edit[0])


def test_the_edits_meet_every_outcome_that_reuse_could_spoil() -> None:
    seen = set()
    for seed in range(12):
        project = Project(ImageStore.CONTAINERD)
        for number, edit in enumerate(edits(seed)):
            seen |= {step.outcome.name for step in project.edit(*edit, number, fresh=False)[0].steps}
    assert {"HIT", "MISS", "UNDETERMINED", "CONFIG_ONLY", "FAILED", "NOT_REACHED"} <= seen


def test_asking_leaves_the_tables_of_the_store_alone() -> None:
    project = Project(ImageStore.CONTAINERD)
    steps = list(edits(3))
    project.edit(*steps[0], 0, fresh=False)
    before = worlds(project.store)
    for number, (text, files, options, _) in enumerate(steps[1:], 1):
        _, after = project.edit(text, files, options, False, number, fresh=False)
        worlds(after)
        assert worlds(project.store) == before
