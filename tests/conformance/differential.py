"""Where do the engine and the model part? Builds nobody has written, run on both.

    DOCKER_HOST=… python -m tests.conformance.differential --cases 100 --seed 1 [--engine buildkit] [--keep FILE]

The engine must hold no images (scripts/docker-engine starts one); its image store decides which rules are asked for. Every
difference is printed with the smallest series of builds that still shows it; --keep appends these, recorded, to a file of cases.
Exit status 1 when a certain prediction was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import importlib.machinery
import importlib.util
import json
import re
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from cachesim.cache.store import EMPTY_STORE
from cachesim.export.report_json import report_object
from cachesim.pipeline import simulate
from cachesim.project.scenario import builds_of, scenarios_of
from tests.conformance import agree, generate
from tests.conformance.generate_lines import URLS

Json = dict[str, Any]
ELSEWHERE = re.compile(r"did not complete successfully: (exit code|open /)|returned a non-zero code|failed to do request"
                       r"|no such (user|group)|unable to find (user|group)|no matching entries in|layer does not exist"
                       r"|mkdir:? /\S+(:| is) not a directory|cannot copy to non-directory"
                       r'|host-gateway IP not found|exec: "git": executable file not found'
                       r"|registry-1.docker.io|connection refused|no such host|failed to create shim task")
NOT_THERE = re.compile(r'(?:"|l?stat )/?([^"]+?)"?: (?:not found|no such file|file does not exist)')
ROOT = Path(__file__).resolve().parents[2]


def recorder() -> ModuleType:
    """scripts/record-scenario as a module."""
    loader = importlib.machinery.SourceFileLoader("record_scenario", str(ROOT / "scripts" / "record-scenario"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


def predicted(case: Json) -> Json:
    """What the model says, in the form that agree.py documents."""
    store, builds = EMPTY_STORE, []
    for build, request in builds_of(scenarios_of(json.dumps(case), case["name"])[0]):
        if build.problem:
            builds.append({"error": build.problem, "steps": []})
            continue
        report, store = simulate(request, store)
        builds.append(report_object(report))
    return {"name": case["name"], "builds": builds}


def compared(case: Json) -> agree.Tally:
    """Lay prediction and recording side by side; a crash of the model is a difference like any other."""
    for build in case["builds"]:
        build["observed"]["steps"] = [s for s in build["observed"]["steps"] if "internal] " not in s["name"]]
    try:
        prediction = predicted(case)
        builds = [(o, p) for o, p in zip(case["builds"], prediction["builds"], strict=False)
                  if p["error"] or not decided_elsewhere(o["observed"]["error"] or "", p)]
        return agree.compared({**case, "builds": [o for o, _ in builds]}, {**prediction, "builds": [p for _, p in builds]})
    except Exception as e:
        return agree.Tally(scenarios=1, wrong_about_failing=1,
                           differences=[f"{case['name']}: the model failed: {type(e).__name__}: {e}"])


def decided_elsewhere(error: str, prediction: Json) -> bool:
    """Whether a build failed by what a RUN did, what a base holds or a registry has: nobody could tell before."""
    missing = NOT_THERE.search(error)
    return ELSEWHERE.search(error) is not None or (missing is not None and any(
        missing[1] in step["name"] for step in prediction["steps"] if "from=" in step["name"].lower())) or (
        "no source files were specified" in error and any("--from=" in step["name"] for step in prediction["steps"]))


def other_reasons(case: Json) -> Iterator[str]:
    """The builds that end for another reason than predicted; these are no lies."""
    for number, (build, said) in enumerate(zip(case["builds"], predicted(case)["builds"], strict=True)):
        seen, expected = _plain(build["observed"]["error"] or ""), _plain(said["error"] or "")
        if seen and expected and seen not in expected and expected not in seen and not decided_elsewhere(seen, said):
            yield f"{case['name']}, build {number}: the engine's reason is {seen!r}, predicted was {expected!r}"


def _plain(error: str) -> str:
    """A reason without what comes before it; the linter names its rules in any order."""
    text = re.sub(r"failed to (build|solve|compute cache key): |^ERROR: |(?<=checksum) of ref( [\w:-]+)?(?=:)", "", error)
    head, found, rules = text.partition("lint violation found for rules: ")
    return head + found + ", ".join(sorted(rules.split(", "))) if found else text


def fails_at_once(case: Json) -> bool:
    """Whether the model says that the first build fails."""
    try:
        return bool(predicted({**case, "builds": case["builds"][:1]})["builds"][0]["error"])
    except Exception:
        return False        # let the engine have its say


class _Served(http.server.BaseHTTPRequestHandler):
    """Every path is a file that holds the last word of its path."""

    def do_GET(self) -> None:
        body = self.path.rsplit("/", 1)[-1].encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def served() -> Iterator[None]:
    """Serve what ADD downloads, unless another run does already."""
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", urllib.parse.urlsplit(URLS).port or 0), _Served)
    except OSError:
        yield
        return
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def shortened(case: Json, record: ModuleType) -> Json:
    """Drop builds from the middle as long as the last one still differs."""
    for at in range(len(case["builds"]) - 2, 0, -1):
        builds = [dict(b) for b in case["builds"]]
        dropped = builds.pop(at)
        builds[at] = {**builds[at], "files": {**dropped["files"], **builds[at]["files"]}}
        attempt = {**case, "builds": builds}
        with record.empty_engine():
            record.record(attempt)
        attempt["builds"] = [b for b in attempt["builds"] if "observed" in b]
        if compared(attempt).wrong:
            case = attempt
    return case


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("buildkit", "classic"), default="buildkit")
    parser.add_argument("--projects", action="store_true", help="begin with Dockerfiles like those that people publish")
    parser.add_argument("--broken", action="store_true", help="builds that mostly fail; other reasons are printed too")
    parser.add_argument("--keep", type=Path, help="append the differing cases, recorded, to this file (JSON lines)")
    parser.add_argument("--all", type=Path, help="append every recorded case to this file (JSON lines)")
    parser.add_argument("--no-shorten", action="store_true", help="do not look for the smallest series of builds")
    args = parser.parse_args()
    record = recorder()
    store = "containerd" if "io.containerd" in record.docker("info", "--format", "{{json .DriverStatus}}") else "graphdriver"
    total = agree.Tally()
    start = time.monotonic()
    seed = args.seed
    with served():
        while total.scenarios < args.cases:
            case = generate.scenario(seed, args.engine, store, args.projects, args.broken)
            seed += 1
            if seed % 7 and not args.broken and fails_at_once(case):
                continue        # one in seven of these is enough: a failed build ends its scenario
            with record.empty_engine():
                record.record(case)
            case["builds"] = [b for b in case["builds"] if "observed" in b]
            tally = compared(case)
            total.add(tally)
            for line in (*tally.differences, *(other_reasons(case) if args.broken else ())):
                print("  " + line, flush=True)
            if args.all:
                _append(args.all, case)
            if tally.wrong and args.keep:
                _append(args.keep, case if args.no_shorten else shortened(case, record))
    print(f"{args.cases} scenarios in {time.monotonic() - start:.0f} s: {total}")
    return 1 if total.wrong else 0


def _append(path: Path, case: Json) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(case) + "\n")


if __name__ == "__main__":
    sys.exit(main())
