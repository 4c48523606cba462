"""What do words become, and which variables had a say?

The bulk is compared with recordings in conformance/test_expand_vectors.py; here is what those cannot show.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import (
    BUILDKIT_EXPANDS,
    CLASSIC_EXPANDS,
    Expander,
    ExpandError,
    Quotes,
    expand_heredoc,
    expand_step_name,
    expand_word,
    expand_words,
)
from cachesim.dockerfile.nodes import KEYWORDS

ENV = {"A": "abc", "E": "", "S": "x  y", "D": "a$b", "P": "80 90/udp"}


@pytest.mark.parametrize(("word", "result"), [
    ("a", "a"), ("$A", "abc"), ("${A}d", "abcd"), ("$Ad", ""), ("$U", ""), ("'$A'", "$A"), ('"$A \'q\'"', "abc 'q'"),
    ("\\$A", "$A"), ("\\\\$A", "\\abc"), ('"\\n\\"\\$A\\\\"', '\\n"$A\\'), ("a\\", "a"), ("$", "$"), ("$.", "$."),
    ("$1a", "a"), ("$12", ""), ("$$A", "A"), ("${E:-d}${E-d}${U-d}", "dd"), ("${A:+y}${E:+y}${E+y}${U+y}", "yy"),
    ("${U:-${A}x}", "abcx"), ("${U:-\\}}", "}"), ("${A#a}${A%c}${A##*}", "bcab"), ("${A/b/-}${A//?/-}", "a-c---"),
    ("${A/b/\\/}", "a\\/c"), ("$D", "a$b"), ("ü$A", "üabc"), ("$ü", ""),
    ("\ufeffa", "a"), ("a<b<<c", "a<b<<c"), ("${-}x", "x"),
])
def test_word(word, result):
    assert expand_word(word, ENV) == result


def test_other_escape():
    assert expand_word("`$A\\$A\"`\"\"", ENV, "`") == '$A\\abc"'


@pytest.mark.parametrize(("word", "reason"), [
    ("'a", "unexpected end of statement while looking for matching single-quote"),
    ('"a', "unexpected end of statement while looking for matching double-quote"),
    ("${", "syntax error: missing '}'"),
    ("${A", "unsupported modifier (\ufffd) in substitution"),
    ("${A:", "syntax error: missing '}'"),
    ("${A:-b", "syntax error: missing '}'"),
    ("${}", "syntax error: bad substitution"),
    ("${:a}", "syntax error: bad substitution"),
    ("${A^}", "unsupported modifier (^) in substitution"),
    ("${A:0:1}", "unsupported modifier (:0) in substitution"),
    ("${A:#a}", "unsupported modifier (:#) in substitution"),
    ("${!A}", "unsupported modifier (A) in substitution"),
    ("${A/b}", "syntax error: missing '/' in ${}"),
    ("${A/b/c", "syntax error: missing '}'"),
    ("${A#\\b}", "invalid pattern (\\b) in substitution: invalid escape '\\b'"),
    ("${A%\\bc}", "invalid pattern (c\\b) in substitution: invalid escape '\\b'"),
    ("${A/\\b/c}", "invalid pattern (\\b) in substitution: invalid escape '\\b'"),
    ("${U?}", "U: is not allowed to be unset"),
    ("${E:?}", "E: is not allowed to be empty"),
    ("${U:?give $A}", "U: give abc"),
    ("${U:-" * 100 + "}" * 100, "substitutions nested more than 60 deep"),
])
def test_refused(word, reason):
    with pytest.raises(ExpandError) as caught:
        expand_word(word, ENV)
    assert caught.value.reason.endswith(reason) and caught.value.word == word
    if len(word) < 99:
        assert str(caught.value) == f"failed to process {_quoted(word)}: {reason}"


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(("word", "words"), [
    ("80 90", ["80", "90"]), ("$P", ["80", "90/udp"]), ("'80 90'", ["80 90"]), ('"$P"', ["80 90/udp"]),
    ("8${U}0", ["80"]), ("''", []), ("$U", []), ("a\\ b", ["a b"]),
    ("80${U:-90}", ["90"]),         # the engine loses what stands before a substitution with a word
    ("${U:-90}80", ["9080"]),
])
def test_words(word, words):
    assert expand_words(word, ENV) == words


@pytest.mark.parametrize(("text", "keep_quotes", "result"), [
    ("RUN echo \"$A\" '$A' $U ${U} ${U:-x}", True, "RUN echo \"abc\" '$A' $U ${U} ${U:-x}"),
    ("RUN echo \\$A \\n", True, "RUN echo $A n"),
    ("RUN it's $A", True, "RUN it's $A"),
    ("COPY \"$A\" ${U}/x", False, "COPY abc /x"),
    ("COPY ${A^} $A", False, "COPY ${A^} $A"),
])
def test_step_name(text, keep_quotes, result):
    assert expand_step_name(text, ENV, keep_quotes=keep_quotes) == result


def test_heredoc_body():
    assert expand_heredoc("'$A' \"${U:-d}\" \\$A \\\\ \\n\n", ENV) == "'abc' \"d\" $A \\ n\n"
    with pytest.raises(ExpandError):
        expand_heredoc("${A^}", ENV)


@pytest.mark.parametrize(("word", "used", "unset"), [
    ("$A$U$A${E:-$S}", ("A", "S", "E"), ("U",)),
    ("'$A'", (), ()),
    ("${A:-$U}", ("A",), ("U",)),
    ("plain", (), ()),
])
def test_which_variables(word, used, unset):
    result = Expander().expand(word, ENV)
    assert (result.used, result.unset) == (used, unset)


def test_switches():
    word = "'a' \"b\\\"\" \\c $U ${U:-x}"
    assert Expander(quotes=Quotes.KEEP).text(word, {}) == "'a' \"b\"\" c  x"
    assert Expander(quotes=Quotes.ORDINARY).text("it's $A", ENV) == "it's abc"
    assert Expander(keep_escapes=True).text("\\a \"\\\"\"", {}) == '\\a \\"'
    assert Expander(keep_unset=True).text(word, {}) == 'a b" c $U ${U:-x}'
    assert Expander(keep_unset=True).text("${U/a/b}${U#x}", {}) == "${U/a/b}${U#x}"


def test_who_expands_names_real_fields():
    parts = {"key", "value"}        # of pairs
    for table in (BUILDKIT_EXPANDS, CLASSIC_EXPANDS):
        assert set(table) <= set(KEYWORDS)
        for keyword, names in table.items():
            have = {field.name for field in fields(getattr(ins, keyword.capitalize()))}
            assert names <= (have | parts if "pairs" in have else have), keyword
    assert not {"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "SHELL", "MAINTAINER"} & set(CLASSIC_EXPANDS)
    assert all("from_" not in names and "excludes" not in names for names in BUILDKIT_EXPANDS.values())
