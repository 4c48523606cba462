"""Do words come out as the engine expands them?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cachesim.dockerfile.expand import ExpandError, expand_word
from cachesim.dockerfile.instructions import Env, Label, User, Workdir
from cachesim.dockerfile.parser import parse

ROWS = [json.loads(line) for line in (Path(__file__).parent / "vectors/expand.jsonl").read_text("utf-8").splitlines()]
SHAPES = {"LABEL": "LABEL r={}", "ENV": "ENV R={}", "WORKDIR": "WORKDIR /{}", "USER": "USER {}"}
PREFIX = "ERROR: failed to build: failed to solve: "


def answer(row: dict[str, Any]) -> str | None:
    """What the image configuration would hold.

    Raises:
        ExpandError, ValueError: Where the engine refuses the expression or the file.
    """
    parsed = parse(f"FROM scratch\n{SHAPES[row['instruction']].format(row['expression'])}\n")
    if parsed.error:
        raise ValueError(parsed.error.message)
    env = row["env"]
    match parsed.instructions[-1]:
        case Label(pairs=pairs):
            return {expand_word(key, env): expand_word(value, env) for key, value in pairs}.get("r")
        case Env(pairs=pairs):
            return {expand_word(key, env): expand_word(value, env) for key, value in pairs}.get("R")
        case Workdir(path=path):
            return expand_word(path, env)
        case User(user=user):
            return expand_word(user, env)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['instruction']} {row['expression']}")
def test_expression(row):
    if "error" not in row:
        assert answer(row) == row["value"]
        return
    with pytest.raises((ExpandError, ValueError)) as caught:
        answer(row)
    assert PREFIX + str(caught.value) == row["error"]


def test_table_is_whole():
    assert len(ROWS) == 200
    assert {row["instruction"] for row in ROWS} == set(SHAPES)
