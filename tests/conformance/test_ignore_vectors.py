"""Does a .dockerignore keep out what it keeps out on the engine?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot, directory

VECTORS = Path(__file__).parent / "vectors"
ROWS = [json.loads(line) for line in (VECTORS / "ignore.jsonl").read_text("utf-8").splitlines()]
PREFIX = "ERROR: failed to build: failed to solve: "


def context(patterns: str) -> ContextSnapshot:
    """The fixed tree, each file an "x", with the .dockerignore."""
    paths = json.loads((VECTORS / "tree.json").read_text("utf-8"))
    snapshot = ContextSnapshot.of({path: b"x" for path in paths if not path.endswith("/")})
    for path in paths:
        if path.endswith("/") and snapshot.get(path[:-1]) is None:
            snapshot = snapshot.with_entry(path[:-1], directory())
    return snapshot.with_bytes(".dockerignore", patterns.encode())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: repr(row["patterns"]))
def test_ignore_file(row):
    matcher = IgnoreMatcher.parse(row["patterns"])
    if "error" in row:
        assert PREFIX + matcher.error == row["error"]
        return
    assert not matcher.error
    kept = ContextSnapshot(matcher.filtered(context(row["patterns"]).tree))
    assert sorted(path + "/" * entry.is_dir for path, entry in kept.walk()) == row["included"]


def test_table_is_whole():
    assert len(ROWS) == 200
    assert sum("error" in row for row in ROWS) == 1
