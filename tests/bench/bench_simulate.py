"""How long does one prediction take, and how does that grow with steps and files? Prints; asserts nothing.

    python tests/bench/bench_simulate.py            every kind of edit, then how the time grows
    python tests/bench/bench_simulate.py --profile  where the time of the edits goes

Times are CPU times of this process, so that other programs disturb them less. What counts is the minimum; the median shows how
busy the machine was. "Speed of this machine" is a fixed piece of Python, to compare two runs by. The collector runs between two
edits, as in the window (see `cachesim.app.garbage`); the last column is one with Python's own, as in a command.
"""

from __future__ import annotations

import cProfile
import gc
import itertools
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.context.snapshot import ContextSnapshot
from cachesim.pipeline import simulate
from cachesim.project.state import ProjectState

STAGES = 5


def dockerfile(steps: int) -> str:
    """A five-stage build with that many steps: manifests, installs, sources, builds, copies from stage to stage."""
    lines, per = [], max(2, steps // STAGES)
    for stage in range(STAGES):
        lines.append(f"FROM python:3.12-slim AS s{stage}")
        lines.append("WORKDIR /app")
        for i in range(per - 2):
            kind = i % 5
            if kind == 0:
                lines.append(f"COPY d{i % 10}/ /src/{i}/")
            elif kind == 3 and stage:
                lines.append(f"COPY --from=s{stage - 1} /out/{i % 10} /in/{i}")
            elif kind == 4:
                lines.append(f"ENV V{i}={i}")
            else:
                lines.append(f"RUN make step-{stage}-{i} > /out/{i % 10}")
        if stage == STAGES - 1:
            lines.append("COPY . .")
    return "\n".join(lines) + "\n"


def context(files: int) -> ContextSnapshot:
    """That many small files in a hundred folders."""
    data = {f"d{i % 10}/e{i // 10 % 10}/f{i}.py": b"x = %d\n" % i for i in range(files)}
    return ContextSnapshot.of({**data, ".dockerignore": b".git\n**/*.pyc\nbuild\n!build/keep\n", "Dockerfile": b"FROM x\n"})


class Timing(NamedTuple):
    """Milliseconds of CPU time for one edit."""

    least: float
    median: float

    def __str__(self) -> str:
        return f"{self.least:6.2f} ms ({self.median:6.2f})"


Edit = Callable[[ProjectState, int], ProjectState]


def text_edit(old: str, new: str) -> Edit:
    """The edit number i of the text: `old` becomes `new` with the number in it."""
    def edit(state: ProjectState, i: int) -> ProjectState:
        assert old in state.text
        return state.with_text(state.text.replace(old, new.format(i), 1), i + 1)
    return edit


def file_edit(path: str) -> Edit:
    """The edit number i of one file."""
    def edit(state: ProjectState, i: int) -> ProjectState:
        assert state.context.get(path) is not None
        return ProjectState(state.text, state.context.with_bytes(path, b"new %d\n" % i, mtime_ns=i + 1))
    return edit


EDITS = {
    "first RUN of the file": text_edit("make step-0-1 ", "make step-0-1 -n{} "),
    "first line of stage 3": text_edit("AS s2\nWORKDIR /app", "AS s2\nWORKDIR /app{}"),
    "middle of stage 3": text_edit("make step-2-6 ", "make step-2-6 -n{} "),
    "an ENV in stage 3": text_edit("RUN make step-2-1 ", "ENV NEW={}\nRUN make step-2-1 "),
    "last RUN of the file": text_edit("make step-4-7 ", "make step-4-7 -n{} "),
    "last line of the file": text_edit("COPY . .\n", "COPY . ./{}\n"),
    "a comment on top": text_edit("FROM ", "# note {}\nFROM "),
    "a comment at the end": text_edit("COPY . .\n", "COPY . .\n# note {}\n"),
    "a file that all stages take": file_edit("d0/e3/f30.py"),
    "a file that two COPYs take": file_edit("d5/e3/f35.py"),
    "a file that only COPY . takes": file_edit("d7/e3/f37.py"),
}
"""What a person may change between two predictions."""


_NUMBERS = itertools.count()      # no text comes twice: nobody has read its new line before


def edited(steps: int, files: int, edit: Edit, rounds: int, *, keep: bool = False) -> Iterator[Callable[[], object]]:
    """One prediction after each edit, the store being that of a build before all of them.

    Args:
        keep: Finish the tables too, as the next build on top of it would.
    """
    state = ProjectState(dockerfile(steps), context(files))
    _, store = simulate(state.request("first"), EMPTY_STORE)
    for _ in range(rounds):
        after = edit(state, next(_NUMBERS))
        if keep:
            yield lambda after=after: kept(simulate(after.request(), store)[1])  # type: ignore[misc]
        else:
            yield lambda after=after: simulate(after.request(), store)  # type: ignore[misc]


def kept(store: CacheStore) -> None:
    """Finish what a prediction puts off until somebody builds on it."""
    for tables in store.buildkit.worlds.values():
        tables.links()


def measure(steps: int, files: int, edit: Edit, rounds: int = 60, *, keep: bool = False, collected: bool = False) -> Timing:
    """How long one prediction takes, the text read again each time; `collected` with Python's own collector at work."""
    times = []
    for predict in edited(steps, files, edit, rounds, keep=keep):
        if not collected:
            gc.collect(0)
            gc.disable()
        start = time.process_time()
        predict()
        times.append(time.process_time() - start)
        gc.enable()
    return Timing(min(times) * 1000, statistics.median(times) * 1000)


def machine() -> Timing:
    """A fixed piece of work of about the same kind."""
    times = []
    for _ in range(40):
        start = time.process_time()
        found: dict[tuple[int, str], frozenset[int]] = {}
        for i in range(3000):
            found[i, str(i)] = frozenset((i,)) | found.get((i - 3, "x"), frozenset())
        times.append(time.process_time() - start)
    return Timing(min(times) * 1000, statistics.median(times) * 1000)


def profile() -> None:
    """Print where the time of all kinds of edits goes."""
    for name, edit in EDITS.items():
        profiler = cProfile.Profile()
        for predict in edited(60, 5000, edit, 60):
            profiler.enable()
            predict()
            profiler.disable()
        print(f"--- {name}")
        pstats.Stats(profiler).sort_stats("tottime").print_stats(28)


if __name__ == "__main__":
    if "--profile" in sys.argv:
        profile()
        sys.exit()
    print(f"minimum (median) of CPU time; speed of this machine {machine()}")
    for name, edit in EDITS.items():
        print(f"  60 steps,   5000 files: {name:30} {measure(60, 5000, edit)}, kept {measure(60, 5000, edit, keep=True)}, "
              f"collected {measure(60, 5000, edit, collected=True)}")
    for steps, files in ((60, 10000), (60, 20000), (120, 5000), (240, 5000), (480, 5000)):
        for name in ("middle of stage 3", "a file that two COPYs take"):
            print(f"{steps:4} steps, {files:6} files: {name:30} {measure(steps, files, EDITS[name], 25)}")
