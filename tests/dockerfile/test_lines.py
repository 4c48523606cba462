"""Where do instructions begin and end, and which text do their pieces give?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.lines import MAX_LINE, continued, read_directive, scan


@pytest.mark.parametrize(("text", "joined"), [
    ("RUN a", [("RUN a", 1, 1)]),
    ("  RUN a  \n\n# c\nRUN b\n", [("RUN a  ", 1, 1), ("RUN b", 4, 4)]),
    ("RUN a \\\n  b", [("RUN a   b", 1, 2)]),
    ("RUN a\\\nb", [("RUN ab", 1, 2)]),
    ("RUN a \\ \t\nb", [("RUN a b", 1, 2)]),
    ("RUN a \\\\\nRUN b", [("RUN a \\\\", 1, 1), ("RUN b", 2, 2)]),
    ("RUN a \\\n# c\n\n \t\n  # d\nb\nRUN c", [("RUN a b", 1, 6), ("RUN c", 7, 7)]),
    ("RUN a \\\nRUN b", [("RUN a RUN b", 1, 2)]),
    ("RUN a \\\n", [("RUN a ", 1, 1)]),
    ("RUN a \\\n\n\n", [("RUN a ", 1, 3)]),
    ("\\\nRUN a", [("RUN a", 1, 2)]),
    ("\\\n\\\n RUN a", [(" RUN a", 1, 3)]),
    ("\\\n", [("", 1, 1)]),
    ("RUN a \\\r\n b\r\nRUN c\r\n", [("RUN a  b", 1, 2), ("RUN c", 3, 3)]),
    ("\ufeffRUN a\n", [("RUN a", 1, 1)]),
    ("\u3000RUN a", [("RUN a", 1, 1)]),
    ("# escape=`\nRUN a `\n b\\\nRUN c", [("RUN a  b\\", 2, 3), ("RUN c", 4, 4)]),
    ("\n# escape=`\nRUN a `\nRUN c", [("RUN a `", 3, 3), ("RUN c", 4, 4)]),
    ("# c\n# escape=`\nRUN a `\nRUN c", [("RUN a `", 3, 3), ("RUN c", 4, 4)]),
    ("RUN a \\\n  \\\n b", [("RUN a    b", 1, 3)]),
    ("", []),
    ("\n \n#", []),
])
def test_joined(text, joined):
    assert [(line.text, line.first, line.last) for line in scan(text).instructions] == joined


@pytest.mark.parametrize(("line", "directive"), [
    ("# escape=`", ("escape", "`")),
    ("#ESCAPE = ` \t", ("escape", "`")),
    ("  # syntax = docker/dockerfile:1 x ", ("syntax", "docker/dockerfile:1 x")),
    ("# check=skip=a;error=true", ("check", "skip=a;error=true")),
    ("# escape=", None),
    ("# escape= ", ("escape", " ")),
    ("# foo=bar", None),
    ("# 1escape=`", None),
    ("escape=`", None),
    ("## escape=`", None),
])
def test_directive(line, directive):
    assert read_directive(line) == directive


def test_directives_end_at_the_first_other_line():
    scanned = scan("# syntax=a\n# check=b\n# c\n# escape=`\nFROM a")
    assert [(d.name, d.value, d.span.line) for d in scanned.directives] == [("syntax", "a", 1), ("check", "b", 2)]
    assert scanned.escape == "\\"


def test_directive_problems():
    scanned = scan("# escape=`\n# escape=\\\n# check=x\n# check=y\nFROM a")
    assert [p.message for p in scanned.problems] == [
        "only one escape parser directive can be used", "only one check parser directive can be used"]
    assert scanned.escape == "`"
    assert scan("# escape=x\n").problems[0].message == "invalid escape token 'x' does not match ` or \\"


@pytest.mark.parametrize(("line", "text"), [
    ("a \\", "a "), ("\\", ""), ("\\ ", ""), ("a\\\\", None), ("\\\\", None), ("a\\\\\\", None), ("a", None),
    ("a \\x", None), ("a \\\t ", "a "), ("a \\\v", None),
])
def test_continued(line, text):
    assert continued(line, "\\") == text


@pytest.mark.parametrize(("text", "bodies"), [
    ("RUN <<E\na\nE\n", ["a\n"]),
    ("RUN <<E\na\\\n# b\n\nE\n", ["a\\\n# b\n\n"]),
    ("RUN <<E <<-F\na\nE\n\tb\n\tF\n", ["a\n", "\tb\n"]),
    ("RUN <<E\r\na\r\nE\r\n", ["a\r\n"]),
    ("RUN <<E \\\n && x\na\nE\n", ["a\n"]),
    ("copy <<E /x\nE\n", [""]),
    ("ONBUILD ADD <<E /x\na\nE\n", ["a\n"]),
    ("RUN <<E\n E\nE", [" E\n"]),
    ("RUN <<-E\n E\n\t\tE", [" E\n"]),
    ("CMD <<E", []),
    ("ENV <<E", []),
    ('RUN ["<<E"]', []),
    ("RUN echo it's <<E", []),
    ("RUN echo ${x^^} <<E", []),
    ("RUN a<<E", []),
    ("RUN a <<<E", []),
    ("RUN $((1<<2))", []),
    ("RUN \\<<E", []),
])
def test_heredoc_bodies(text, bodies):
    line, *rest = scan(text).instructions
    assert [body.text for body in line.bodies] == bodies
    assert not rest and not scan(text).problems


@pytest.mark.parametrize(("text", "code"), [
    ("RUN <<E\na\n", "unterminated-heredoc"),
    ("RUN <<E\na\n E", "unterminated-heredoc"),
    ("RUN <<-E\na\n  E", "unterminated-heredoc"),
    ("FROM a\nRUN " + "x" * MAX_LINE, "line-too-long"),
])
def test_problem(text, code):
    assert [p.code for p in scan(text).problems] == [code]


def test_length_is_counted_in_bytes():
    assert not scan("#" + "x" * (MAX_LINE - 1)).problems
    assert scan("#" + "x" * MAX_LINE).problems
    assert scan("#" + "é" * (MAX_LINE // 2 + 1)).problems
    assert not scan("RUN " + "x" * 40000 + "\\\n" + "x" * 40000).problems


def test_nothing_is_read_from_a_too_long_line_on():
    assert [i.text for i in scan("RUN a\n" + "x" * (MAX_LINE + 1) + "\nRUN b").instructions] == ["RUN a"]


def test_positions_in_the_source():
    line = scan("\ufeff  RUN abc \\\n# c\n  def \\\nghi").instructions[0]
    assert line.text == "RUN abc   def ghi"
    assert [line.position(line.text.index(word)) for word in ("RUN", "abc", "def", "ghi")] == [
        (1, 3), (1, 7), (3, 2), (4, 0)]
