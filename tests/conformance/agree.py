"""Does cachesim predict what real engines did, step for step?

    python -m tests.conformance.agree [FILE ...] [--show N] [-- COMMAND ...]

Each FILE holds recorded scenarios (default: everything in recordings/); COMMAND reads scenarios from the file that is
added as its last argument, observations removed, and prints one prediction per scenario (default: `cachesim replay
--json`). Rules of the comparison:

- Every step that the engine reported must be predicted under its name with its status; order means nothing. A step
  without a prediction is "missing"; a prediction of "cached" or "run" is "extra" where the engine reported none.
- A wrong status is a lie, or a wrong hedge if the prediction said that it is not certain.
- FROM steps are not compared: engines report them unevenly.
- Of a build that failed on the engine only the failure is compared.

Exit status: 0 if nothing is a lie, missing, extra or wrong about failing; 1 if something is; 2 if it could not compare.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

__all__ = ["RECORDINGS", "REPLAY", "PredictionError", "Tally", "agreement", "compared", "load", "predicted"]

RECORDINGS = Path(__file__).parent / "recordings"
REPLAY = (sys.executable, "-m", "cachesim", "replay", "--json")

_SOURCE_STEP = re.compile(r"(\[[^]]*\] |Step \d+/\d+ : )?FROM |\[context ", re.IGNORECASE)
_COMPARED = frozenset({"cached", "run"})

Json = dict[str, Any]


class PredictionError(Exception):
    """The command gave no usable predictions."""


@dataclass(slots=True)
class Tally:
    """How often prediction and observation agreed; `differences` says where they did not."""

    steps: int = 0
    agree: int = 0
    lies: int = 0
    hedges_right: int = 0
    hedges_wrong: int = 0
    missing: int = 0
    extra: int = 0
    wrong_about_failing: int = 0
    scenarios: int = 0
    scenarios_right: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def uncertain(self) -> int:
        return self.hedges_right + self.hedges_wrong

    @property
    def wrong(self) -> int:
        """What no prediction may be, certain or not."""
        return self.lies + self.missing + self.extra + self.wrong_about_failing

    def add(self, other: Tally) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def __str__(self) -> str:
        def share(part: int, whole: int) -> str:
            return f"{100 * part / whole:.2f} %" if whole else "none"

        return (f"{self.agree} of {self.steps} steps agree ({share(self.agree, self.steps)}); lies {self.lies}, "
                f"missing {self.missing}, extra {self.extra}, wrong about failing {self.wrong_about_failing}; "
                f"uncertain {self.uncertain} ({share(self.uncertain, self.steps)}; right "
                f"{share(self.hedges_right, self.uncertain)}); "
                f"scenarios right {self.scenarios_right} of {self.scenarios}")



def load(path: Path) -> list[Json]:
    """Read scenarios: one JSON object, or one on each line."""
    text = path.read_text(encoding="utf-8")
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def predicted(scenarios: Sequence[Json], command: Sequence[str] = REPLAY) -> list[Json]:
    """Ask the command, which never sees what the engine did.

    Raises:
        PredictionError: If it fails, or does not answer once for each scenario in their order.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for scenario in scenarios:
            builds = [{k: v for k, v in build.items() if k != "observed"} for build in scenario["builds"]]
            file.write(json.dumps({**scenario, "builds": builds}) + "\n")
        file.flush()
        done = subprocess.run([*command, file.name], capture_output=True, text=True)
    if done.returncode:
        raise PredictionError(f"{' '.join(command)} ended with exit code {done.returncode}: {done.stderr[-2000:]}")
    answers: list[Json] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    wanted, got = [s["name"] for s in scenarios], [a["name"] for a in answers]
    if wanted != got:
        raise PredictionError(f"{' '.join(command)} predicted {len(got)} of {len(wanted)}, or in another order")
    return answers


def compared(scenario: Json, answer: Json) -> Tally:
    """Lay one prediction beside what the engine did."""
    tally = Tally(scenarios=1)
    for number, (build, said) in enumerate(zip(scenario["builds"], answer["builds"], strict=True)):
        where = f"{scenario['name']}, build {number} ({build.get('edit', '')})"
        observed = build["observed"]
        if bool(observed["error"]) != bool(said.get("error")):
            tally.wrong_about_failing += 1
            tally.differences.append(f"{where}: the engine said {observed['error'] or 'success'!r}, "
                                     f"predicted was {said.get('error') or 'success'!r}")
        if observed["error"]:
            break
        _compare_steps(where, observed["steps"], said.get("steps", ()), tally)
    tally.scenarios_right = int(not tally.wrong)
    return tally


def agreement(path: Path, command: Sequence[str] = REPLAY) -> Tally:
    """Compare everything in one file."""
    scenarios, total = load(path), Tally()
    for scenario, answer in zip(scenarios, predicted(scenarios, command), strict=True):
        total.add(compared(scenario, answer))
    return total


def _compare_steps(where: str, observed: Iterable[Json], said: Iterable[Json], tally: Tally) -> None:
    waiting: dict[str, list[tuple[str, bool]]] = collections.defaultdict(list)
    for step in said:
        if step.get("status") in _COMPARED and not _SOURCE_STEP.match(step["name"]):
            waiting[step["name"]].append((step["status"], bool(step.get("certain", True))))
    for step in observed:
        name, status = step["name"], step["status"]
        if _SOURCE_STEP.match(name):
            continue
        tally.steps += 1
        candidates = waiting[name]
        if not candidates:
            tally.missing += 1
            tally.differences.append(f"{where}: no prediction for {name!r}, which the engine reported as {status}")
            continue
        # Of several steps with one name, the engine's reports are matched with the predictions that fit.
        best = next((c for c in candidates if c[0] == status), candidates[0])
        candidates.remove(best)
        right, certain = best[0] == status, best[1]
        tally.agree += right
        if certain:
            tally.lies += not right
        else:
            tally.hedges_right += right
            tally.hedges_wrong += not right
        if not right:
            tally.differences.append(f"{where}: {name!r} was {status}, predicted {best[0]}"
                                     f"{'' if certain else ' (uncertain)'}")
    for name, left in waiting.items():
        tally.extra += len(left)
        tally.differences.extend(f"{where}: {name!r} was predicted, the engine reported none" for _ in left)


def main(argv: Sequence[str]) -> int:
    words, command = list(argv), list(REPLAY)
    if "--" in words:
        cut = words.index("--")
        words, command = words[:cut], words[cut + 1:]
    parser = argparse.ArgumentParser(prog="agree", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--show", type=int, default=20, metavar="N", help="print at most N differences (default: 20)")
    args = parser.parse_args(words)
    default = sorted(RECORDINGS.glob("*.jsonl"))
    files, total, unable = args.files or default, Tally(), False
    for path in files:
        try:
            tally = agreement(path, command)
        except (OSError, ValueError, KeyError, PredictionError) as error:
            print(f"error: {path}: {error}", file=sys.stderr, flush=True)
            unable = True
            continue
        print(f"{path.name}: {tally}", flush=True)
        total.add(tally)
    for line in total.differences[:args.show]:
        print(f"  {line}")
    print(f"all: {total}")
    if unable:
        return 2
    return 1 if total.wrong or not total.steps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
