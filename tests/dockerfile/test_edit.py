"""How does the text change when instructions move or lines become comments?"""

from __future__ import annotations

import pytest

from cachesim.diagnostics import SourceSpan
from cachesim.dockerfile.edit import (
    MoveRefused,
    TextEdit,
    apply,
    instruction_block,
    move_instruction,
    moved,
    toggle_comment,
)
from cachesim.dockerfile.parser import parse

FILE = """\
# escape=\\
# top
ARG A=1
FROM a
# why
# two
RUN x \\
  # inner

  y

# loose

# copy
COPY <<E /b
# body
E
RUN z
FROM b AS c
RUN q"""


def lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize(("index", "block"), [
    (0, (2, 3)), (1, (4, 4)), (2, (5, 10)), (3, (14, 17)), (4, (18, 18)), (5, (19, 19)), (6, (20, 20))])
def test_block(index, block):
    assert instruction_block(parse(FILE), FILE, index) == block


def test_block_ends_at_a_broken_line():
    text = "FROM a\nFOO\n# d\nRUN x"
    assert instruction_block(parse(text), text, 1) == (3, 4)


@pytest.mark.parametrize(("index", "to", "order"), [
    (2, 3, ["COPY", "RUN x", "RUN z"]), (2, 4, ["COPY", "RUN z", "RUN x"]), (4, 2, ["RUN z", "RUN x", "COPY"]),
    (3, 2, ["COPY", "RUN x", "RUN z"])])
def test_move(index, to, order):
    parsed = parse(moved(FILE, parse(FILE), index, to))
    assert [i.text[:len(start)] for i, start in zip(parsed.instructions[2:5], order, strict=True)] == order
    assert sorted(lines_of(moved(FILE, parse(FILE), index, to))) == sorted(lines_of(FILE))


def test_comments_travel_and_others_stay():
    after = moved(FILE, parse(FILE), 2, 3).split("\n")
    assert after[4:11] == ["", "# loose", "", "# copy", "COPY <<E /b", "# body", "E"]
    assert after[11:17] == ["# why", "# two", "RUN x \\", "  # inner", "", "  y"]


@pytest.mark.parametrize(("text", "after"), [
    ("FROM a\nRUN x\nRUN y", "FROM a\nRUN y\nRUN x"),
    ("FROM a\nRUN x\nRUN y\n", "FROM a\nRUN y\nRUN x\n"),
    ("FROM a\r\nRUN x\r\nRUN y", "FROM a\r\nRUN y\r\nRUN x"),
    ("FROM a\r\nRUN x\r\nRUN y\r\n", "FROM a\r\nRUN y\r\nRUN x\r\n"),
    ("FROM a\nRUN x\n\n\nRUN <<E\n\nE\n", "FROM a\n\n\nRUN <<E\n\nE\nRUN x\n"),
])
def test_line_ends_stay(text, after):
    assert moved(text, parse(text), 1, 2) == after
    if "\n\n" not in text:
        assert moved(text, parse(text), 2, 1) == after


@pytest.mark.parametrize(("text", "index", "to", "sentence"), [
    (FILE, 1, 2, "FROM begins its stage and cannot be moved."),
    ("FROM a AS Build\nRUN x\nFROM b\nCOPY --from=build /x /", 0, 1,
     "FROM begins the stage `build`, which line 4 refers to: it cannot be moved."),
    ("FROM a AS base\nRUN x\nFROM base\n", 0, 1, "FROM begins the stage `base`, which line 3 refers to: it cannot be moved."),
    ("FROM a\nRUN x\nFROM b\nRUN --mount=from=0,target=/m x", 0, 1,
     "FROM begins the stage `0`, which line 4 refers to: it cannot be moved."),
    ("FROM a AS x\nFROM 0\nRUN y", 0, 1, "FROM begins its stage and cannot be moved."),
    (FILE, 2, 1, "RUN needs a stage: it cannot be moved before the first FROM."),
    (FILE, 2, 0, "RUN needs a stage: it cannot be moved before the first FROM."),
    (FILE, 0, 2, "An ARG before the first FROM holds for all stages: it cannot be moved across a FROM."),
    (FILE, 3, 5, "COPY would leave its stage: it cannot be moved across a FROM."),
    (FILE, 6, 4, "RUN would leave its stage: it cannot be moved across a FROM."),
    (FILE, 2, 7, "There is no instruction to move past."),
    (FILE, 2, -1, "There is no instruction to move past."),
    ("FROM a\nRUN x\nRUN y \\", 2, 1, "The lines from line 3 on would mean something else there."),
    ("FROM a\nRUN x\nRUN <<E\n", 2, 1, "The lines from line 3 on would mean something else there."),
    ("ARG a\n# escape=`\nARG b", 1, 0, "The lines from line 3 on would mean something else there."),
    ("FROM a\nRUN x\nFROM b c d\nRUN y", 2, 1,
     "The instruction on line 4 would leave its stage: it cannot be moved across a FROM."),
])
def test_refused(text, index, to, sentence):
    before = parse(text)
    with pytest.raises(MoveRefused) as caught:
        move_instruction(text, before, index, to)
    assert str(caught.value) == sentence


def test_no_move_is_no_edit():
    assert move_instruction(FILE, parse(FILE), 2, 2) == ()


def test_apply_takes_spans_of_the_old_text():
    edits = [TextEdit(SourceSpan(2, 0, 2, 1), "X\nY"), TextEdit(SourceSpan(1, 1, 1, 1), "-"),
             TextEdit(SourceSpan(3, 0, 4, 0), "")]
    assert apply("ab\ncd\nef\n", edits) == "a-b\nX\nYd\n"
    assert apply("a", [TextEdit(SourceSpan(9, 0, 9, 0), "!")]) == "a!"


@pytest.mark.parametrize(("text", "first", "last", "after"), [
    ("RUN a\n  RUN b\n\nRUN c", 1, 3, "# RUN a\n#   RUN b\n\nRUN c"),
    ("  RUN a\n    b", 1, 2, "  # RUN a\n  #   b"),
    ("RUN a \\\n  b\nRUN c", 1, 1, "# RUN a \\\n#   b\nRUN c"),
    ("RUN <<E\n\nx\nE\nRUN c", 1, 1, "# RUN <<E\n\n# x\n# E\nRUN c"),
    ("RUN <<E\nx\ny\nE\n", 2, 2, "RUN <<E\n# x\ny\nE\n"),
    ("RUN a \\\n  b \\\n  c", 2, 2, "RUN a \\\n  # b \\\n  c"),
    ("\ufeffRUN a", 1, 1, "\ufeff# RUN a"),
    ("RUN a\r\nRUN b\r\n", 1, 2, "# RUN a\r\n# RUN b\r\n"),
    ("# a\nRUN b", 1, 2, "# # a\n# RUN b"),
    ("\n\n", 1, 2, "\n\n"),
    ("RUN a", 0, 99, "# RUN a"),
])
def test_comment_and_back(text, first, last, after):
    assert apply(text, toggle_comment(text, first, last)) == after
    assert apply(after, toggle_comment(after, first, last)) == text


@pytest.mark.parametrize(("text", "first", "last", "after"), [
    ("#RUN a\n  #  RUN b", 1, 2, "RUN a\n   RUN b"),
    ("# RUN a \\\n#   b\n# note", 1, 1, "RUN a \\\n  b\n# note"),
    ("RUN <<E\n# x\n# y\nE", 2, 2, "RUN <<E\nx\n# y\nE"),
    ("## x", 1, 1, "# x"),
])
def test_uncomment(text, first, last, after):
    assert apply(text, toggle_comment(text, first, last)) == after
