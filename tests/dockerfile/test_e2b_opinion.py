"""Does an independent port of BuildKit's line parser see the same instructions?

Every difference has a name below; where a text has none of these in it, both must agree in everything.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast
from hypothesis import given, settings

from cachesim.dockerfile.lines import MAX_LINE, scan
from cachesim.dockerfile.nodes import Refusal, read_node
from cachesim.dockerfile.parser import parse
from tests.dockerfile.strategies import files, texts

CONFORMANCE = Path(__file__).parents[1] / "conformance"

DIFFERENCES = {
    "flags are read byte by byte": re.compile(r"(?s)--.*[^\x00-\x7f]|[^\x00-\x7f].*--"),
    "its blanks are Python's in some places": re.compile("[\x1c-\x1f]"),
    "it takes NaN, Infinity and lone surrogates for JSON": re.compile(r"NaN|Infinity|\\u[dD]|[\ud800-\udfff]"),
    "it knows no longest line": re.compile(rf"[^\n]{{{MAX_LINE // 4}}}"),
    "text before a substitution with a word is lost when the engine cuts words": re.compile(r"\$\{[\s\S]*<<|<<[\s\S]*\$\{"),
    "it drops a byte order mark only at the top of the file": re.compile("(?s).\ufeff"),
    "a directive ends at another kind of line end": re.compile(r"(?m)^.*#.*[\x0b\x0c\r\x85\u2028\u2029].*="),
}
"""Why it may differ from the engine, and what a text has in it then."""


def ours(text: str) -> list[dict[str, Any]] | str:
    """What it should see, in the order in which it complains: line by line."""
    scanned = scan(text)
    out: list[dict[str, Any]] = []
    problems = {p.span.line for p in scanned.problems}
    if any(p.code in ("duplicate-directive", "bad-escape") for p in scanned.problems):
        return "refused"
    for line in scanned.instructions:
        try:
            node = read_node(line.text, scanned.escape)
        except Refusal:
            return "refused"
        if not node.keyword or line.first in problems:
            return "refused"
        out.append({
            "name": node.keyword, "original": line.text, "flags": list(node.flags), "lines": (line.first, line.last),
            "heredocs": [(b.opening.name, b.text, b.opening.chomp, b.opening.expand, b.opening.fd) for b in line.bodies],
        })
        if node.keyword not in ("COPY", "ADD", "ONBUILD"):      # it cuts COPY at quotes and does not look into ONBUILD
            triples = [part for key, value in node.pairs for part in (key, value, "" if node.legacy else "=")]
            out[-1] |= {"args": [*node.args, *triples], "json": node.json}
        if node.keyword == "ONBUILD":
            return [*out[:-1], {"name": "ONBUILD"}]
    return out


def theirs(text: str) -> list[dict[str, Any]] | str:
    try:
        tree = parse_dockerfile_ast(text)
    except DockerfileSyntaxError:
        return "refused"
    out: list[dict[str, Any]] = []
    for i in tree.instructions:
        out.append({
            "name": i.name, "original": i.original, "flags": i.flags, "lines": (i.start_line, i.end_line),
            "heredocs": [(h.name, h.content, h.chomp, h.expand, h.file_descriptor) for h in i.heredocs]})
        if i.name not in ("COPY", "ADD", "ONBUILD"):
            out[-1] |= {"args": i.args, "json": i.json}
        if i.name == "ONBUILD":
            return [*out[:-1], {"name": "ONBUILD"}]
    return out


def reasons(text: str) -> list[str]:
    return [name for name, pattern in DIFFERENCES.items() if pattern.search(text)]


def assert_agreed(text: str) -> None:
    mine, other = ours(text), theirs(text)
    if mine == other or reasons(text):
        return
    if "ONBUILD" in text.upper() and "refused" in (mine, other):
        return          # what one of them refuses inside of or behind a trigger, the other does not read as the same
    assert other == mine


@settings(max_examples=400, deadline=None)
@given(texts)
def test_any_text(text):
    assert_agreed(text)


@settings(max_examples=150, deadline=None)
@given(files())
def test_good_files(text):
    assert_agreed(text)
    assert parse(text).error is None


@pytest.mark.parametrize("path", sorted(CONFORMANCE.glob("recordings/*.jsonl")), ids=lambda path: path.stem)
def test_recorded_files(path):
    for line in path.read_text("utf-8").splitlines():
        for build in json.loads(line)["builds"]:
            for name, entry in build["files"].items():
                if entry and "text" in entry and name.endswith("Dockerfile"):
                    assert_agreed(entry["text"])


@pytest.mark.parametrize("name", ["parse", "names"])
def test_recorded_oddities(name):
    for line in (CONFORMANCE / f"vectors/{name}.jsonl").read_text("utf-8").splitlines():
        assert_agreed(json.loads(line)["text"])


@pytest.mark.parametrize(("name", "text"), [
    ("flags are read byte by byte", "COPY --chown=ü a b\nRUN x"),
    ("its blanks are Python's in some places", "CMD x\x1c"),
    ("it takes NaN, Infinity and lone surrogates for JSON", "CMD [NaN]"),
    ("it knows no longest line", "RUN " + "x" * MAX_LINE),
    ("text before a substitution with a word is lost when the engine cuts words", "COPY <<${x:-b} /x\nRUN y\n${x:-b}\n"),
    ("it drops a byte order mark only at the top of the file", "RUN <<\ufeffE\nE\n"),
])
def test_each_named_difference_is_real(name, text):
    assert ours(text) != theirs(text)
    assert name in reasons(text)
