"""Do whole files come out as the engine reads them: refused with the same words, or the same configuration?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.written_config import Refused, written_config

ROWS = [json.loads(line) for line in (Path(__file__).parent / "vectors/parse.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", [row for row in ROWS if "error" in row], ids=lambda row: repr(row["text"][-50:]))
def test_refused(row):
    with pytest.raises(Refused) as caught:
        written_config(row["text"])
    assert str(caught.value) == row["error"]


@pytest.mark.parametrize("row", [row for row in ROWS if "config" in row], ids=lambda row: repr(row["text"][-50:]))
def test_configuration(row):
    assert written_config(row["text"]) == row["config"]
