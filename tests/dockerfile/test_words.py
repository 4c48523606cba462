"""How does one joined line fall into keyword, flags, words and JSON strings?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.words import (
    NotStrings,
    go_quote,
    key_values,
    split_command,
    split_words,
    string_array,
    suggestion,
)


@pytest.mark.parametrize(("line", "command"), [
    ("RUN echo hi", ("RUN", [], "echo hi")),
    ("RUN\t \vecho  hi  ", ("RUN", [], "echo  hi")),
    ("RUN", ("RUN", [], "")),
    ("", ("", [], "")),
    ("COPY --from=a --link b c", ("COPY", ["--from=a", "--link"], "b c")),
    ("COPY --from='a b' \"--chown=1\" c", ("COPY", ["--from=a b"], '"--chown=1" c')),
    ("COPY --from=a\\ b c", ("COPY", ["--from=a b"], "c")),
    ("COPY --fr\"om=a b\"c d", ("COPY", ["--from=a bc"], "d")),
    ("COPY -- --from=a b", ("COPY", [], "--from=a b")),
    ("COPY --\"\" --from=a b", ("COPY", [], "--from=a b")),
    ("COPY --a\\", ("COPY", ["--a"], "")),
    ("COPY --a='b c", ("COPY", ["--a=b c"], "")),
    ("COPY - a", ("COPY", [], "- a")),
    ("COPY --chown=ü f", ("COPY", ["--chown=Ã¼"], "f")),         # read byte by byte
    ("COPY --chown=à f", ("COPY", ["--chown=Ã"], "f")),          # the second byte of à is a blank to the engine
    ("COPY --a=b ü ü", ("COPY", ["--a=b"], "ü ü")),
])
def test_split_command(line, command):
    assert split_command(line, "\\") == command


def test_other_escape_in_flags():
    assert split_command("COPY --a=`  --b=\\ c", "`") == ("COPY", ["--a= ", "--b=\\"], "c")


@pytest.mark.parametrize(("text", "words"), [
    ("a=b c=d", ["a=b", "c=d"]),
    ("a='b  c' d", ["a='b  c'", "d"]),
    ('a="b \\" c" d', ['a="b \\" c"', "d"]),
    ("a='b\\' c", ["a='b\\'", "c"]),
    ("a=b\\ c d", ["a=b\\ c", "d"]),
    ("a=b\\", ["a=b"]),
    ("\\", []),
    ('a="b\\', ['a="b']),
    ("a='b c", ["a='b c"]),
    ("a\u00a0b\u3000c", ["a", "b", "c"]),
    ("a\x1cb", ["a\x1cb"]),
    ("\"\" ''", ['""', "''"]),
])
def test_split_words(text, words):
    assert split_words(text, "\\") == words


@pytest.mark.parametrize(("text", "pairs", "legacy"), [
    ("a=1 b=2", [("a", "1"), ("b", "2")], False),
    ("a= b", None, False),
    ("a b c=d", [("a", "b c=d")], True),
    ("\"a b\" c", [('"a', 'b" c')], True),
    ("a\t b", [("a", "b")], True),
    ("=1", [("", "1")], False),
    ("a=b=c", [("a", "b=c")], False),
    ("a", None, False),
    ("", [], False),
])
def test_key_values(text, pairs, legacy):
    if pairs is None:
        with pytest.raises(ValueError, match=r"must have two arguments|can't find ="):
            key_values("ENV", text, "\\")
    else:
        assert key_values("ENV", text, "\\") == (pairs, legacy)


@pytest.mark.parametrize(("text", "strings"), [
    ('["a", "b"]', ["a", "b"]),
    (' \t[ "a" ] ', ["a"]),
    ("[]", []),
    ('["a"', None),
    ('["a",]', None),
    ("['a']", None),
    ('["a"] x', None),
    ("a", None),
    ("", None),
    ('["\\u00e9\\"\\n"]', ['é"\n']),
    ('["\\ud83d\\ude00 \\ud800"]', ["\U0001f600 \ufffd"]),
    ('["a\tb"]', None),
    ('["\\x"]', None),
    ("[NaN]", None),
    ("[1e999]", None),
    ("[" * 5000, None),
])
def test_string_array(text, strings):
    assert string_array(text) == strings


@pytest.mark.parametrize("text", ["[1]", "[null]", '["a", {"b": 1}]', "[[]]", "[true]", "[" + "9" * 300 + "]"])
def test_array_of_other_things(text):
    with pytest.raises(NotStrings, match="arrays must be comprised of strings only"):
        string_array(text)


@pytest.mark.parametrize(("text", "quoted"), [
    ("a", '"a"'), ('"\\', '"\\"\\\\"'), ("\n\t\x00\x7f", '"\\n\\t\\x00\\x7f"'),
    ("é\u200b\U000e0001", '"é\\u200b\\U000e0001"'),
])
def test_go_quote(text, quoted):
    assert go_quote(text) == quoted


@pytest.mark.parametrize(("word", "fold_case", "tail"), [
    ("RNU", True, " (did you mean RUN?)"),
    ("rnu", True, " (did you mean run?)"),
    ("Rnu", True, " (did you mean run?)"),
    ("RUN", True, ""),
    ("COPIES", True, ""),
    ("run", False, ""),
    ("CP", False, " (did you mean COPY?)"),
    ("C", False, ""),
])
def test_suggestion(word, fold_case, tail):
    assert suggestion(word, ["RUN", "COPY"], fold_case=fold_case) == tail
