"""What holds for any text: nothing crashes, places lie inside, work grows with the length and no faster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.edit import MoveRefused, apply, moved, toggle_comment
from cachesim.dockerfile.expand import Expander, ExpandError, Quotes, expand_heredoc, expand_step_name, expand_words
from cachesim.dockerfile.highlight import START, LineKind, scan_lines, tokens
from cachesim.dockerfile.instructions import Onbuild
from cachesim.dockerfile.lines import scan
from cachesim.dockerfile.parser import parse, parse_instruction
from cachesim.dockerfile.second_opinion import known_differences, second_opinion
from tests.dockerfile.strategies import files, texts

ENV = {"A": "a b", "B": "", "k": "x$y\nz"}
MANY = settings(max_examples=300, deadline=None)


def inside(span: SourceSpan, lines: list[str]) -> bool:
    return (1 <= span.line <= span.end_line <= max(len(lines), 1)
            and 0 <= span.column <= len(lines[span.line - 1]) and 0 <= span.end_column <= len(lines[span.end_line - 1])
            and (span.line, span.column) <= (span.end_line, span.end_column))


@MANY
@given(texts)
@example("RUN a \\\n" * 3)
@example("ONBUILD " * 3000 + "RUN x")
@example("RUN [" + "[" * 3000)
@example("ONBUILD CMD ")
@example("# a\n\nONBUILD RUN <<E cat\nx\nE\nONBUILD COPY a\\\n b /c")
def test_parse_takes_any_text(text):
    parsed = parse(text)
    lines = text.split("\n")
    assert all(inside(d.span, lines) for d in (*parsed.diagnostics, *parsed.directives, *parsed.instructions))
    assert parsed.error is None or parsed.error in parsed.diagnostics
    ends = [0, *(i.span.end_line for i in parsed.instructions)]
    assert all(end < i.span.line for end, i in zip(ends, parsed.instructions, strict=False))
    for instruction in parsed.instructions:
        if isinstance(instruction, Onbuild) and instruction.trigger:
            alone = parse_instruction(instruction.expression)
            assert alone is not None and instruction.trigger == replace(alone, span=instruction.span)
    parse_instruction(text)


@MANY
@given(texts)
def test_highlighter_and_parser_agree_on_lines(text):
    scanned, states = scan(text), scan_lines(text)
    if any(p.code == "line-too-long" for p in scanned.problems):
        return
    inner = {LineKind.CONTINUATION, LineKind.HEREDOC}
    open_after = {n for n, state in enumerate(states, 1) if state.kind in inner}
    expected = {n for line in scanned.instructions for n in range(line.first, line.last)}
    last = scanned.instructions[-1].last if scanned.instructions else 0
    assert {n for n in open_after if n < last} == expected
    assert [s.escape for s in states[-1:]] == [scanned.escape]


@MANY
@given(texts)
def test_tokens_lie_side_by_side(text):
    state = START
    for line in text.split("\n"):
        found, state = tokens(line, state)
        ends = [0, *(token.end for token in found)]
        assert all(end <= token.start < token.end <= len(line) for end, token in zip(ends, found, strict=False)), line
        assert state.number >= 0 and hash(state) == hash(state)


@MANY
@given(texts, st.sampled_from("\\`"), st.sampled_from(Quotes), st.booleans(), st.booleans())
def test_expand_takes_any_word(word, escape, quotes, keep_escapes, keep_unset):
    expander = Expander(escape, quotes, keep_escapes, keep_unset)
    try:
        result = expander.expand(word, ENV)
    except ExpandError as error:
        assert error.word == word      # noqa: PT017  either way of ending is right
    else:
        assert expander.text(word, ENV) == result.text
        assert set(result.used) <= set(ENV) and not set(result.unset) & set(ENV)
    for expand in (expand_words, expand_heredoc):
        try:
            expand(word, ENV)
        except ExpandError:
            pass
    expand_step_name(word, ENV, escape, keep_quotes=keep_unset)


@MANY
@given(st.one_of(files(), texts), st.integers(0, 12), st.integers(0, 12))
def test_a_move_changes_the_order_and_nothing_else(text, index, to):
    before = parse(text)
    if index >= len(before.instructions):
        return
    try:
        after_text = moved(text, before, index, to)
    except MoveRefused as refused:
        assert str(refused).endswith(".")      # noqa: PT017  either way of ending is right
        return
    after = parse(after_text)
    order = [i.text for i in before.instructions]
    order.insert(to, order.pop(index))
    assert [i.text for i in after.instructions] == order
    assert sorted(map(str.rstrip, after_text.split("\n"))) == sorted(map(str.rstrip, text.split("\n")))
    assert after_text.count("\r") == text.count("\r") and after_text.endswith("\n") == text.endswith("\n")


@settings(max_examples=200, deadline=None)
@given(files())
def test_good_files_parse(text):
    assert parse(text).error is None


@MANY
@given(files(), st.integers(1, 25), st.integers(0, 6))
def test_comments_come_off_as_they_went_on(text, first, more):
    commented = apply(text, toggle_comment(text, first, first + more))
    lines = text.split("\n")
    if not any(line.strip() and not line.lstrip("\ufeff \t").startswith("#") for line in lines[first - 1:first + more]):
        return      # comments only: the first edit already took the signs off
    assert apply(commented, toggle_comment(commented, first, first + more)) == text


@MANY
@given(texts, st.integers(0, 30), st.integers(0, 30))
def test_toggle_takes_any_text(text, first, last):
    assert len(apply(text, toggle_comment(text, first, last)).split("\n")) == len(text.split("\n"))


@settings(max_examples=150, deadline=None)
@given(texts)
def test_second_opinion_takes_any_text(text):
    second_opinion(text)
    known_differences(text, parse(text))


# -- linear work ------------------------------------------------------------------------------------------------------

ORDINARY = """\
# comment
FROM python:3.12 AS b
RUN --mount=type=cache,target=/c apt-get update && \\
    # inner
    apt-get install -y "foo $BAR" \\
    baz
COPY --from=b --chown=1:1 <<EOF src /app/
body $A
EOF
ENV A=1 B="x y"
ONBUILD RUN echo 'x' <<E
E
"""


def calls_in(work: Callable[[], Any]) -> int:
    """How many calls, of Python and of C functions, some work makes: the same on every machine."""
    count = 0

    def step(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    old = sys.getprofile()
    sys.setprofile(step)
    try:
        work()
    finally:
        sys.setprofile(old)
    return count


@pytest.mark.parametrize("unit", [
    ORDINARY, "RUN a \\\n", "# escape=`\n", "\\\n", "RUN <<E\n", "FOO\n", "ENV a\n", "RUN x <<E <<E\nE\n", "a ", "'", '"',
    "$A", "${A:-b}", "${A", "<<E ", "RUN --a ", "--a ", "\\", "[", '["a", ', "=", "\r", "#", "ONBUILD ", "E=`'\" "])
@pytest.mark.parametrize("work", [parse, scan_lines], ids=["parse", "highlight"])
def test_work_is_linear(unit, work):
    head = "FROM a\nRUN "
    small, large = (calls_in(lambda n=n: work(head + unit * n)) for n in (150, 300))
    assert large < 2.2 * small + 200


@pytest.mark.parametrize("piece", [
    " ", "\t", "\\", "\\ ", "`", "'", '"', "$", "${", "${a:-", "<", "<<", "<<'", "1", "--", "-", "[", '["', '"a",', "\\\\", "=",
    "#", "\r", "a", "é", "\u00a0", "\x1c", ",", "<<a<", "a=b ", "\\\" ", "ONBUILD\t", "{", "}", "<<\"", "--x=' "])
def test_lines_as_long_as_the_engine_takes_come_to_an_end(piece):
    """Regular expressions that try again and again would take hours here."""
    for head in ("RUN ", "ENV ", "COPY --x=", "RUN --mount=", "# escape=", "HEALTHCHECK ", "", "CMD [", "FROM a AS "):
        text = head + piece * ((65000 - len(head)) // len(piece.encode()))
        parse("FROM a\n" + text)
        parse(text)
        scan_lines(text)
