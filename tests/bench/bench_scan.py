"""How fast is a context scanned, for the first time and after one edit?

    python tests/bench/bench_scan.py [FILES] [MIB] [FOLDER]

With an engine at DOCKER_HOST, the time in which it loads the same context for the first time is measured in the same run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cachesim.context.scan import scan_context


def make_tree(root: Path, files: int, mib: int) -> None:
    """Write about `mib` MiB in `files` files, 100 a folder."""
    size = mib * 1024 * 1024 // files
    block = os.urandom(size)
    for at in range(files):
        folder = root / f"d{at // 5000}" / f"e{at // 100}"
        if at % 100 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{at}.bin").write_bytes(at.to_bytes(8, "big") + block[8:])


def engine_load(root: Path) -> float | None:
    """Seconds that the engine says it took to load the context; None without an engine."""
    if "DOCKER_HOST" not in os.environ:
        return None
    dockerfile = root.with_name(root.name + ".Dockerfile")
    dockerfile.write_text("FROM scratch\nCOPY . /all\n")
    argv = ["docker", "buildx", "build", "--progress=plain", "--provenance=false", "--output", "type=cacheonly",
            "-f", str(dockerfile), str(root)]
    done = subprocess.run(argv, capture_output=True, text=True)
    dockerfile.unlink()
    number = re.search(r"#(\d+) \[internal\] load build context", done.stderr)
    taken = re.search(rf"#{number[1]} DONE ([\d.]+)s", done.stderr) if number else None
    return float(taken[1]) if taken else None


def main() -> None:
    files, mib = int((sys.argv + ["100000"] * 3)[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as folder:
        root = Path(folder)
        make_tree(root, files, mib)
        time.sleep(0.1)
        started = time.perf_counter()
        first = scan_context(root)
        full = time.perf_counter() - started
        engine = engine_load(root)
        (root / "d0" / "e0" / "f0.bin").write_bytes(b"edited")
        started = time.perf_counter()
        second = scan_context(root, previous=first)
        again = time.perf_counter() - started
        assert first != second and first.get("d0/e1/f100.bin") is second.get("d0/e1/f100.bin")
        print(f"scan of {files} files, {mib} MiB: first {full:.2f} s, after one edit {again:.2f} s"
              + (f"; the engine loads it in {engine:.1f} s, {engine / full:.1f} times as long" if engine else ""))


if __name__ == "__main__":
    main()
