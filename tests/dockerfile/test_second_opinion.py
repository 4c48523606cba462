"""Where do dockerfile-parse and our parser agree, and is each difference one that we know?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import expand_word
from cachesim.dockerfile.parser import parse
from cachesim.dockerfile.second_opinion import (
    KnownDifference,
    SecondOpinion,
    known_differences,
    our_opinion,
    second_opinion,
)

RECORDINGS = Path(__file__).parents[1] / "conformance/recordings"


def both(text: str) -> tuple[SecondOpinion, SecondOpinion, frozenset[KnownDifference]]:
    parsed, scope = parse(text), {}
    for instruction in parsed.instructions:
        if isinstance(instruction, ins.From):
            break
        if isinstance(instruction, ins.Arg):
            scope |= {key: expand_word(value or "", scope, parsed.escape) for key, value in instruction.pairs}
    return our_opinion(parsed, scope), second_opinion(text), known_differences(text, parsed)


def test_an_ordinary_file():
    text = """\
# syntax=docker/dockerfile:1
ARG V=3.19
FROM --platform=linux/amd64 alpine:3 AS build
ENV A=1 B="x y" \\
    C='$A'
# note
RUN make \\
  # inner
  all
FROM scratch
LABEL a.b="c d" "e f"=g
ENV old some  text
COPY --from=build /a /b
"""
    ours, theirs, differences = both(text)
    assert theirs == ours == SecondOpinion(
        ("alpine:3", "scratch"), ((4, (("A", "1"), ("B", "x y"), ("C", "$A"))), (12, (("old", "some  text"),))),
        ((11, (("a.b", "c d"), ("e f", "g"))),))
    assert not differences


@pytest.mark.parametrize(("name", "text"), [
    (KnownDifference.HEREDOC, "FROM a\nRUN <<E\nFROM b\nENV x=y\nE"),
    (KnownDifference.EMPTY_CONTINUATION, "FROM a\nENV x=y \\\n\n z=1"),
    (KnownDifference.UNFINISHED, "FROM a\nENV x=y \\\n"),
    (KnownDifference.BYTE_ORDER_MARK, "\ufeffFROM a\nENV x=y"),
    (KnownDifference.DOUBLED_ESCAPE, "FROM a\nENV x=y\\\\\nENV z=1"),
    (KnownDifference.ESCAPE_DIRECTIVE, "# escape=`\nFROM a\nENV x=a`ab"),
    (KnownDifference.ESCAPE_DIRECTIVE, "# check=skip=all\n# escape=`\nFROM a\nENV x=a `\n y=b"),
    (KnownDifference.ESCAPE_IN_QUOTES, 'FROM a\nENV x="\\$y"'),
    (KnownDifference.SUBSTITUTION, "ARG A=1\nFROM a:${A:-2}"),
    (KnownDifference.SUBSTITUTION, "FROM a\nENV x=${y^}"),
    (KnownDifference.FLAG, 'FROM --platform="x y" a'),
    (KnownDifference.REFUSED, "FROM a b\nENV x=y"),
    (KnownDifference.ODD_BLANK, "FROM a\nENV x=y\u00a0z=1\x1cb"),
])
def test_each_known_difference_is_real(name, text):
    ours, theirs, differences = both(text)
    assert theirs != ours
    assert name in differences


def test_it_gives_up_without_raising():
    assert second_opinion("FROM a\nENV a=1 b").failed.startswith("ValueError")
    assert second_opinion("").parent_images == ()


def test_build_arguments_reach_parent_images():
    assert second_opinion("ARG V=1\nFROM a:$V", {"V": "2"}).parent_images == ("a:2",)


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("buildkit-*.jsonl")), ids=lambda path: path.stem)
def test_recorded_files(path):
    texts = {entry["text"] for line in path.read_text("utf-8").splitlines() for build in json.loads(line)["builds"]
             for name, entry in build["files"].items() if entry and "text" in entry and "Dockerfile" in name
             and not name.endswith("ignore")}
    for text in texts:
        ours, theirs, differences = both(text)
        assert theirs == ours or differences, text
    assert len(texts) > 20
