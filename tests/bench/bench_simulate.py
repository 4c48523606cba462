"""How long does one prediction take, and how does that grow with steps and files? Prints; asserts nothing.

    python tests/bench/bench_simulate.py
"""

from __future__ import annotations

import statistics
import time

from cachesim.cache.store import EMPTY_STORE
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


def measure(steps: int, files: int, rounds: int = 40) -> tuple[float, float]:
    """Median milliseconds for one edit of the text, and for one edit of a file."""
    state = ProjectState(dockerfile(steps), context(files))
    _, store = simulate(state.request("first"), EMPTY_STORE)
    text_times, file_times = [], []
    for i in range(rounds):
        edited = state.with_text(state.text.replace("make step-2-1", f"make step-2-1 {i}"), i + 1)
        start = time.perf_counter()
        simulate(edited.request(), store)
        text_times.append(time.perf_counter() - start)
        path = f"d{i % 10}/e3/f{30 + i % 10}.py"
        changed = ProjectState(state.text, state.context.with_bytes(path, b"new %d\n" % i, mtime_ns=i + 1))
        start = time.perf_counter()
        simulate(changed.request(), store)
        file_times.append(time.perf_counter() - start)
    return statistics.median(text_times) * 1000, statistics.median(file_times) * 1000


if __name__ == "__main__":
    for steps, files in ((60, 5000), (60, 10000), (60, 20000), (120, 5000), (240, 5000), (480, 5000)):
        text, file = measure(steps, files)
        print(f"{steps:4} steps, {files:6} files: edit of the text {text:6.2f} ms, edit of a file {file:6.2f} ms")
