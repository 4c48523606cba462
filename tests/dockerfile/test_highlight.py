"""What is each piece of a line, and what does a line leave open?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.highlight import START, LineKind, scan_lines, tokens


def shown(text: str) -> list[list[tuple[str, str]]]:
    """Kind and text of the tokens of each line."""
    state, out = START, []
    for line in text.split("\n"):
        found, state = tokens(line, state)
        out.append([(token.kind.value, line[token.start:token.end]) for token in found])
    return out


@pytest.mark.parametrize(("line", "found"), [
    ("FROM a", [("keyword", "FROM")]),
    (" from --platform=$P a as b", [("keyword", "from"), ("flag", "--platform"), ("variable", "$P"),
                                    ("keyword", "as")]),
    ("FROM as", [("keyword", "FROM")]),
    ("RUN echo \"a $B ${C:-d} \\n\" 'x $y' \\z", [
        ("keyword", "RUN"), ("string", '"a '), ("variable", "$B"), ("string", " "), ("variable", "${C:-d}"),
        ("string", " "), ("escape", "\\n"), ("string", '"'), ("string", "'x $y'"), ("escape", "\\z")]),
    ("RUN --mount=type=cache --network=none x --y", [
        ("keyword", "RUN"), ("flag", "--mount"), ("flag", "--network")]),
    ("COPY --chown=\"a b\" --link c d", [("keyword", "COPY"), ("flag", "--chown"), ("string", '"a'), ("string", ' b"'),
                                        ("flag", "--link")]),
    ("COPY -- --x y", [("keyword", "COPY"), ("flag", "--")]),
    ("CMD [\"a\", \"b\"]", [("keyword", "CMD"), ("string", '"a"'), ("string", '"b"')]),
    ("HEALTHCHECK --interval=1s CMD x", [("keyword", "HEALTHCHECK"), ("flag", "--interval"), ("keyword", "CMD")]),
    ("HEALTHCHECK NONE", [("keyword", "HEALTHCHECK"), ("keyword", "NONE")]),
    ("ONBUILD COPY --link a b", [("keyword", "ONBUILD"), ("keyword", "COPY"), ("flag", "--link")]),
    ("MAINTAINER O'Neil $x", [("keyword", "MAINTAINER")]),
    ("FOO $x", [("variable", "$x")]),
    ("# c", [("comment", "# c")]),
    ("  # c", [("comment", "# c")]),
    ("#syntax=x", [("directive", "#syntax=x")]),
    ("\ufeff# check=x", [("directive", "# check=x")]),
    ("RUN cat <<E <<-'F G' a<<b $((1<<2))", [("keyword", "RUN"), ("heredoc", "<<E"), ("heredoc", "<<-'F G'")]),
    ("CMD cat <<E", [("keyword", "CMD")]),
    ("RUN a \\", [("keyword", "RUN"), ("escape", "\\")]),
    ("", []),
])
def test_one_line(line, found):
    assert shown(line) == [found]


def test_several_lines():
    assert shown("# escape=`\nRUN a \"b `\n# c\n\n  d\" `\nx <<E `\n y\n$z\nE\nCOPY <<'F' /f\n$z\n\nF\n# d") == [
        [("directive", "# escape=`")],
        [("keyword", "RUN"), ("string", '"b '), ("escape", "`")],
        [("comment", "# c")],
        [],
        [("string", '  d"'), ("escape", "`")],
        [("heredoc", "<<E"), ("escape", "`")],
        [],
        [("variable", "$z")],
        [("heredoc", "E")],
        [("keyword", "COPY"), ("heredoc", "<<'F'")],
        [("heredoc", "$z")],
        [],
        [("heredoc", "F")],
        [("comment", "# d")],
    ]


@pytest.mark.parametrize(("text", "kinds"), [
    ("# escape=`\n# c\n# check=x", "directives normal normal"),
    ("RUN a \\\n\n# c\nb\n", "continuation continuation continuation normal normal"),
    ("RUN <<A <<B\nA\nx\nB", "heredoc heredoc heredoc normal"),
    ("RUN a \\\n <<A\nb \\\nA", "continuation heredoc heredoc normal"),
    ("RUN it's <<A\nA", "normal normal"),
    ("# escape=x\nRUN a \\", "directives continuation"),
    ("# escape=`\n# escape=\\\nRUN a `", "directives directives continuation"),
])
def test_states(text, kinds):
    assert [state.kind.value for state in scan_lines(text)] == kinds.split()


def test_state_says_what_matters_only():
    after = scan_lines("RUN a\nCOPY b c\n# d\n")
    assert len(set(after)) == len({state.number for state in after}) == 1
    one, other = (scan_lines(f"RUN {word} \\")[0] for word in ("a", "b"))
    assert one != other                 # the text so far decides whether a later << is a heredoc
    assert one == scan_lines("RUN a \\")[0] and 0 <= one.number < 2**31


def test_asking_again_stops_at_an_equal_state():
    text = "FROM a\nRUN b \\\n  c\nRUN d\n"
    changed = text.replace("  c", "  c \\")
    assert [a == b for a, b in zip(scan_lines(text), scan_lines(changed), strict=True)] == [
        True, True, False, True, True]


def test_long_continuation_is_not_copied_line_by_line():
    state = START
    for number in range(20000):
        _, state = tokens(f"RUN {'x' * 50} \\" if number == 0 else f"{'y' * 50} \\", state)
    _, state = tokens("<<E", state)
    assert state.kind is LineKind.HEREDOC
