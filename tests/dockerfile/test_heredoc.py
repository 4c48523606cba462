"""Which words open a heredoc, and how is its name read?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.expand import ExpandError
from cachesim.dockerfile.heredoc import Opening, openings, read_word, without_tabs


@pytest.mark.parametrize(("word", "opening"), [
    ("<<EOF", Opening("EOF", True, False)),
    ("<<-EOF", Opening("EOF", True, True)),
    ("<<'EOF'", Opening("EOF", False, False)),
    ('<<-"E F"', Opening("E F", False, True)),
    ("<<E'O'F", Opening("EOF", False, False)),
    ("<<E\\'F", Opening("E'F", True, False)),
    ("<< EOF", Opening("EOF", True, False)),
    ("<<--EOF", Opening("-EOF", True, True)),
    ("3<<EOF", Opening("EOF", True, False, 3)),
    ("99999999999999999999999<<E", Opening("E", True, False, 2**64 - 1)),
    ("<<$X", Opening("$X", True, False)),
    ("<<", None),
    ("<<-", None),
    ("<<a<b", None),
    ("<<<E", None),
    ("<E", None),
    ("a<<E", None),
    ("<<a b", None),
    ("<<''", None),
    ("EOF", None),
])
def test_word(word, opening):
    assert read_word(word) == opening


@pytest.mark.parametrize("word", ["<<'E", '<<"E', "<<${", "<<${x^}"])
def test_broken_name(word):
    with pytest.raises(ExpandError):
        read_word(word)


@pytest.mark.parametrize(("line", "names"), [
    ("RUN <<A <<B", ["A", "B"]),
    ("RUN cat <<A > /f", ["A"]),
    ("RUN cat <<\"A B\"", ["A B"]),
    ("RUN '<<A'", []),
    ("RUN \"x <<A\"", []),
    ("RUN cat << A", ["A"]),
    ("RUN cat <<- A", []),
    ("RUN --mount=type=cache,target=/c <<A", ["A"]),
    ("onbuild run <<A", ["A"]),
    ("ONBUILD ONBUILD RUN <<A", []),
    ("COPY --from=x <<A b /c", ["A"]),
    ("COPY [\"<<A\", \"/\"]", []),
    ("COPY [1, \"<<A\"]", []),
    ("RUN [ -f x ] <<A", ["A"]),
    ("WORKDIR <<A", []),
])
def test_openings(line, names):
    assert [opening.name for opening in openings(line, "\\")] == names


def test_escape_of_names_is_always_a_backslash():
    assert [o.name for o in openings("RUN <<A\\ B", "`")] == ["A B"]


@pytest.mark.parametrize(("opening", "line", "closes"), [
    (Opening("E", True, False), "E", True),
    (Opening("E", True, False), "E\r\n", True),
    (Opening("E", True, False), "\tE", False),
    (Opening("E", True, True), "\t\tE\n", True),
    (Opening("E", True, True), " E", False),
    (Opening("E", True, False), "E ", False),
])
def test_closed_by(opening, line, closes):
    assert opening.closed_by(line) is closes


def test_without_tabs():
    assert without_tabs("\ta\n\t\t b\n c\n\n\t") == "a\n b\n c\n\n"
