"""The copy of a Dockerfile that is really built."""

from __future__ import annotations

import pytest

from cachesim.confirm.rewrite import FREED_LINE, neutralise_syntax, replace_words, syntax_of
from cachesim.dockerfile.parser import parse

FREE = FREED_LINE


@pytest.mark.parametrize(("text", "wanted"), [
    ("FROM a\n", "FROM a\n"),
    ("# syntax=docker/dockerfile:1\nFROM a\n", f"{FREE}\nFROM a\n"),
    ("#syntax = x\r\nFROM a\r\n", f"{FREE}\r\nFROM a\r\n"),
    ("# syntax=x\n# escape=`\nFROM a\n", f"# escape=`\n{FREE}\nFROM a\n"),
    ("# escape=`\n# syntax=x\n# check=skip=all\nFROM a\n", f"# escape=`\n# check=skip=all\n{FREE}\nFROM a\n"),
    ("# Syntax=x\n# comment\nFROM a\n", f"{FREE}\n# comment\nFROM a\n"),
    ("#!/usr/bin/env docker\n# syntax=x\nFROM a\n", f"#!/usr/bin/env docker\n{FREE}\nFROM a\n"),
    ("\ufeff# syntax=x\nFROM a\n", f"\ufeff{FREE}\nFROM a\n"),
    ("// syntax=x\nFROM a\n", f"{FREE}\nFROM a\n"),
    ("\n# syntax=x\nFROM a\n", "\n# syntax=x\nFROM a\n"),
    ("# a comment\n# syntax=x\nFROM a\n", "# a comment\n# syntax=x\nFROM a\n"),
    ("# unknown=1\n# syntax=x\nFROM a\n", "# unknown=1\n# syntax=x\nFROM a\n"),
    ("# syntax=\nFROM a\n", "# syntax=\nFROM a\n"),
    ("", ""),
])
def test_neutralise_syntax(text: str, wanted: str) -> None:
    assert neutralise_syntax(text) == wanted


def test_no_line_moves_and_later_directives_still_hold() -> None:
    text = "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN x `\n  y\n"
    changed = parse(neutralise_syntax(text))
    assert syntax_of(parse(text)) == "docker/dockerfile:1" and syntax_of(changed) == ""
    assert changed.escape == "`" and changed.error is None
    assert [i.span for i in changed.instructions] == [i.span for i in parse(text).instructions]


def test_the_freed_line_is_no_directive_itself() -> None:
    assert parse(f"{FREE}\nFROM a\n").directives == ()


@pytest.mark.parametrize(("text", "word", "wanted"), [
    ("FROM scratch\n", "scratch", "FROM new\n"),
    ("FROM scratch AS scratch\n", "scratch", "FROM new AS scratch\n"),
    ("FROM --platform=linux/amd64 \\\n  scratch\n", "scratch", "FROM --platform=linux/amd64 \\\n  new\n"),
    ("COPY --from=x@sha256:1 /scratch /x@sha256:1\n", "x@sha256:1", "COPY --from=new /scratch /x@sha256:1\n"),
    ("RUN --mount=from=img,target=/img ls\n", "img", "RUN --mount=from=new,target=/img ls\n"),
    ("FROM ${BASE}\r\n", "${BASE}", "FROM new\r\n"),
])
def test_replace_words(text: str, word: str, wanted: str) -> None:
    parsed = parse(text)
    span = parsed.instructions[0].span
    assert replace_words(text, [(span, {word: "new"})]) == wanted


def test_only_the_named_instruction_changes() -> None:
    text = "FROM scratch\nCOPY scratch /x\nFROM scratch\n"
    spans = [i.span for i in parse(text).instructions]
    assert replace_words(text, [(spans[2], {"scratch": "n"})]) == "FROM scratch\nCOPY scratch /x\nFROM n\n"
