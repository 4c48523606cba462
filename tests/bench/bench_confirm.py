"""How long does a rehearsal of each sample take on the engine that the environment names, and how soon is a cancelled build gone?

    python -m tests.bench.bench_confirm [SAMPLE…]
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from cachesim.cli.confirm_plan import scenario_builds
from cachesim.cli.runner import Runner
from cachesim.confirm.engines import EngineChoice, explain, probe
from cachesim.confirm.match import Mode
from cachesim.confirm.script import Command
from cachesim.confirm.session import Plan, PlannedBuild, Session
from cachesim.confirm.workspace import FolderContents
from cachesim.context.snapshot import ContextSnapshot
from cachesim.graph.options import EngineKind
from cachesim.project.state import ProjectState

SAMPLES = Path(__file__).parents[2] / "samples"
SLEEPS = "FROM busybox:1.36\nRUN echo started; sleep 60\n"


class Asked:
    """Cancels a build once its step says that it has started; when that was."""

    def __init__(self, plan: Plan) -> None:
        self.runner, self.at = Runner(), 0.0
        self.session = Session(plan, self.look)

    def look(self) -> None:
        if not self.at and any("started" in vertex.log for vertex in self.session.phase.observed.vertices):
            self.at = time.perf_counter()
            self.runner.cancel()

    def seconds(self) -> float:
        """Until nothing is left of the build, cleaning included."""
        self.runner.run(self.session.script())
        return time.perf_counter() - self.at


def cancelled_tool(code: str) -> float:
    """Seconds from the request to the end of a tool, by signals alone."""
    runner, asked = Runner(), list[float]()

    def stop() -> None:
        asked.append(time.perf_counter())
        runner.cancel()
    timer = threading.Timer(1, stop)
    timer.start()
    runner.execute(Command((sys.executable, "-c", f"import signal, time; {code}time.sleep(60)"), "sleeping"))
    return time.perf_counter() - asked[0]


def main() -> None:
    facts = Runner().run(probe(EngineChoice()))
    if facts.problem is not None or facts.store is None:
        sys.exit(explain(facts.problem, facts.detail) if facts.problem is not None else "the engine's image store is unknown")
    print(facts.title)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def plan(mode: Mode, builds: tuple[PlannedBuild, ...], contents: FolderContents) -> Plan:
            return Plan(mode, facts.choice, builds, contents, folder / "scratch", running=folder / "running",
                        records=folder / "records")
        for sample in sys.argv[1:] or sorted(path.parent.name for path in SAMPLES.glob("*/scenario.json")):
            builds, contents, _ = scenario_builds(SAMPLES / sample / "scenario.json")
            three = tuple(PlannedBuild(b.label, b.state) for b in builds[:3])
            start = time.perf_counter()
            result = Runner().run(Session(plan(Mode.REHEARSAL, three, contents)).script())
            took = time.perf_counter() - start
            print(f"rehearsal of {sample}: {took:.1f} s for {len(three)} builds ({result.summary})", flush=True)
        state = ProjectState(SLEEPS, ContextSnapshot.of({"Dockerfile": SLEEPS.encode()}), store=facts.store)
        kinds = [state] if facts.store.value == "containerd" else [state, replace(state, engine=EngineKind.CLASSIC)]
        for one in kinds:
            asked = Asked(plan(Mode.ISOLATED, (PlannedBuild("first", one),), FolderContents(None, {}.get)))
            print(f"cancelled {one.engine.value} build: gone after {asked.seconds():.1f} s", flush=True)
    stubborn = "signal.signal(2, signal.SIG_IGN); signal.signal(15, signal.SIG_IGN); "
    print(f"cancelled tool: gone after {cancelled_tool(''):.1f} s, a stubborn one after {cancelled_tool(stubborn):.1f} s")


if __name__ == "__main__":
    main()
