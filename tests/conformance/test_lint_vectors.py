"""Does the linter find in whole files what the engine's finds: the same rules, words and lines, and the same builds ended?"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.engines.base import BuildRequest
from cachesim.engines.buildkit.files import main_ignore
from cachesim.engines.buildkit.linter.lint import lint_findings
from cachesim.graph.resolve import resolve
from cachesim.pipeline import simulate
from cachesim.project.scenario import builds_of, scenarios_of

ROWS = [json.loads(line) for line in (Path(__file__).parent / "vectors/lint.jsonl").read_text("utf-8").splitlines()]
BASES = {"base:1": [], "env:1": ["ENV FOO=bar"], "wd:1": ["WORKDIR /w"], "onb:1": ["ONBUILD CMD a", "ONBUILD ENV A=$B"],
         "shell:1": ['SHELL ["/bin/sh", "-c"]']}
ENDED = "lint violation found for rules: "


def request_of(row: dict[str, Any]) -> BuildRequest:
    files = {name: {"text": text} for name, text in {**row.get("files", {}), "Dockerfile": row["text"]}.items()}
    options = {name: row[name] for name in ("args", "target", "platform", "contexts") if name in row}
    case = {"name": "lint", "engine": "buildkit", "store": "graphdriver",
            "bases": [{"ref": ref, "config": ["ENV PATH=/bin", *config]} for ref, config in BASES.items()],
            "builds": [{"edit": "", "files": files, "options": options}]}
    build, request = next(builds_of(scenarios_of(json.dumps(case), "lint")[0]))
    assert not build.problem
    return request


def without_line(warning: str) -> str:
    """The engine shows this rule where the instruction ends."""
    return re.sub(r" \(line \d+\)$", "", warning) if warning.startswith("NoEmptyContinuation") else warning


@pytest.mark.parametrize("row", ROWS, ids=lambda row: repr(row["text"][-50:]))
def test_builds_that_the_linter_ends(row):
    error = simulate(request_of(row), EMPTY_STORE)[0].error
    if "rules" in row:
        assert error.startswith(ENDED) and sorted(error.removeprefix(ENDED).split(", ")) == row["rules"]
    elif row.get("error") != "a RUN":
        assert bool(error) is ("error" in row) and ENDED not in error


@pytest.mark.parametrize("row", [row for row in ROWS if "error" not in row], ids=lambda row: repr(row["text"][-50:]))
def test_what_it_says(row):
    request = request_of(row)
    found = lint_findings(resolve(request.dockerfile, request.options, request.bases), request, main_ignore(request))
    said = {without_line(f"{f.rule}: {f.message} (line {f.span.line})") for f in found}
    assert said == {without_line(warning) for warning in row["warnings"]}


def test_every_rule_is_there():
    rules = {rule for row in ROWS for rule in row.get("rules", ())}
    assert len(rules) == 21, rules
