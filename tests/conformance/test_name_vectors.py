"""Is the joined text of an instruction, expanded, what the engine prints as the name of its step?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cachesim.dockerfile.expand import expand_step_name
from cachesim.dockerfile.heredoc import read_word
from cachesim.dockerfile.instructions import Run
from cachesim.dockerfile.parser import parse
from tests.conformance.written_config import PATH

ROWS = [json.loads(line) for line in (Path(__file__).parent / "vectors/names.jsonl").read_text("utf-8").splitlines()]
ENV = {"PATH": PATH, "A": "abc", "P": "99"}


def step_name(text: str) -> str:
    """The name without the part in brackets."""
    parsed = parse(text)
    assert parsed.error is None
    instruction = parsed.instructions[-1]
    name = instruction.text
    if isinstance(instruction, Run) and instruction.heredocs and read_word(instruction.command or ""):
        first, *more = instruction.heredocs[0].body.strip().splitlines() or [""]
        name += f" ({first}{'...' if more else ''})"
    name = expand_step_name(name, ENV, parsed.escape, keep_quotes=isinstance(instruction, Run))
    keyword, blank, rest = name.partition(" ")
    return keyword.upper() + blank + rest


@pytest.mark.parametrize("row", ROWS, ids=lambda row: repr(row["text"][-50:]))
def test_name(row):
    assert step_name(row["text"]) == row["name"]
