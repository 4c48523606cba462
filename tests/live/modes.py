"""How many steps does each mode compare, over the samples and three multi-stage projects? `python -m tests.live.modes`

Everything goes through `cachesim confirm … --json`, as a person would run it. The engine is the one that the environment
names. Samples are given as scenarios; the projects of tests/data/multistage are folders with a stored timeline.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from cachesim.cli.main import main as command
from cachesim.graph.options import BuildOptions, EngineKind, ImageStore
from cachesim.project.blobs import BlobStore
from cachesim.project.open import find_project, load_state
from cachesim.project.start import built
from cachesim.project.store import ProjectStore, SavedProject
from cachesim.project.timeline import Timeline

ROOT = Path(__file__).parents[2]
SAMPLES = tuple(sorted(path.parent.name for path in (ROOT / "samples").glob("*/scenario.json")))
MODES = ("isolated", "live", "no-cache", "rehearsal")
HERE = ("busybox-offline", "two-engines")
"""Samples whose bases an engine without a network has; of the others only a rehearsal is possible there."""

_EDITS: Mapping[str, tuple[tuple[str, Mapping[str, str | None], Mapping[str, object]], ...]] = {
    "shop-site": (
        ("edit a page", {"pages/hours.txt": "Open from two to five.\n"}, {}),
        ("edit a tool", {"tools/check.sh": "#!/bin/sh\nset -e\nls \"$1\"\n"}, {}),
        ("a backup file", {"pages/hours.txt.bak": "old\n"}, {}),
        ("another version", {}, {"args": (("VERSION", "2"),)}),
        ("preview alone", {}, {"target": "preview", "args": ()})),
    "sensor-image": (
        ("edit a driver", {"src/drivers/heat.sh": "read_heat() { echo 22; }\n"}, {}),
        ("edit the licence", {"etc/LICENSE": "Do what you like.\n"}, {}),
        ("a new driver", {"src/drivers/noise.sh": "read_noise() { echo 40; }\n"}, {}),
        ("test too", {}, {"target": "test"}),
        ("without the new driver", {"src/drivers/noise.sh": None}, {"target": ""})),
    "month-report": (
        ("new numbers", {"data/raw/north.csv": "may,3\nmay,4\njune,1\nmay,2\n"}, {}),
        ("edit a note", {"notes/todo.txt": "Still nobody copies this.\n", "data/about.md": "North and south.\n"}, {}),
        ("numbers of a month that is ignored", {"data/raw/old-april.csv": "april,2\n"}, {}),
        ("june", {}, {"args": (("MONTH", "june"),)}),
        ("edit the rounding", {"lib/round.sh": "set -e\ncat \"$1\"\n"}, {})),
}
PROJECTS = tuple(_EDITS)


@dataclass(frozen=True, slots=True)
class Told:
    """What the command said: its exit status, its JSON object, its complaint, and the seconds it took."""

    exit: int
    value: Mapping[str, Any]
    error: str
    seconds: float

    def count(self, verdict: str) -> int:
        return int(self.value["counts"][verdict])


def confirm(*words: str) -> Told:
    """Run `cachesim confirm … --json`."""
    out, err, start = StringIO(), StringIO(), time.monotonic()
    with redirect_stdout(out), redirect_stderr(err):
        code = command(["confirm", *words, "--json"], open_window=lambda *_: 9)
    return Told(code, json.loads(out.getvalue() or "{}"), err.getvalue(), time.monotonic() - start)


def sample(name: str, mode: str, records: Path) -> Told:
    """Confirm the builds of a sample's scenario."""
    return confirm("--scenario", str(ROOT / "samples" / name / "scenario.json"), "--mode", mode, "--record", str(records))


def project(name: str, folder: Path, store: ImageStore) -> Path:
    """Put a project into a folder, let all its edits but the last happen (simulated, kept with it), make the last."""
    place = folder / name
    shutil.copytree(ROOT / "tests" / "data" / "multistage" / name, place)
    info, blobs, timeline, options = find_project(place), BlobStore.of_user(), Timeline(), BuildOptions()
    for label, files, change in (("first build", {}, {}), *_EDITS[name]):
        options = replace(options, **change)    # type: ignore[arg-type]   # names of its own fields
        for path, data in files.items():
            if data is None:
                (place / path).unlink()
            else:
                (place / path).write_text(data)
        state = load_state(info, options=options, engine=EngineKind.BUILDKIT, store=store)
        blobs.remember(state.context, place)
        if label != _EDITS[name][-1][0]:
            timeline = built(timeline, label, state)
    ProjectStore(info, EngineKind.BUILDKIT, store).save(SavedProject(timeline, options))
    return place


def main() -> None:
    """Confirm everything in every mode; a line each, and the sums."""
    version = json.loads(subprocess.run(["docker", "info", "--format", "{{json .DriverStatus}}"], capture_output=True,
                                        text=True, check=True).stdout)
    store = ImageStore.CONTAINERD if "io.containerd.snapshotter" in str(version) else ImageStore.GRAPHDRIVER
    sums: dict[str, list[int]] = {mode: [0] * 8 for mode in MODES}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["CACHESIM_DATA_DIR"] = str(folder / "data")
        for mode in MODES:
            places = {name: project(name, folder / mode, store) for name in PROJECTS}
            for name, told in _all(mode, places, folder / "records"):
                line = [len(told.value["builds"]), told.value["compared"], *map(told.count, _COUNTED)] if told.value else [0] * 8
                sums[mode] = [a + b for a, b in zip(sums[mode], line, strict=True)]
                print(f"{store.value:12} {mode:10} {name:18} exit {told.exit} {told.seconds:5.1f} s  "
                      + "  ".join(f"{n:4}" for n in line), *(told.error.splitlines() if told.exit else ()))
    print("\n" + " | ".join(("mode", "builds", "compared", *_COUNTED)))
    for mode, line in sums.items():
        print(" | ".join((mode, *map(str, line))))


_COUNTED = ("right", "wrong", "guessed right", "guessed wrong", "known earlier", "assumed earlier")


def _all(mode: str, places: Mapping[str, Path], records: Path) -> Iterator[tuple[str, Told]]:
    for name in SAMPLES:
        yield name, sample(name, mode, records)
    for name in PROJECTS:
        yield name, confirm(str(places[name]), "--mode", mode)
        if mode in ("isolated", "live"):
            yield f"{name} again", confirm(str(places[name]), "--mode", mode)


if __name__ == "__main__":
    sys.exit(main())
