"""Where do the patterns of `${v#p}`, `${v%p}` and `${v/p/r}` match?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.wildcard import BadPattern, replaced, without_prefix, without_suffix


@pytest.mark.parametrize(("value", "pattern", "shortest", "longest"), [
    ("foo.tar.gz", "*.", "tar.gz", "gz"),
    ("foo", "f", "oo", "oo"),
    ("foo", "x", "foo", "foo"),
    ("foo", "*", "foo", ""),
    ("foo", "?", "oo", "oo"),
    ("foo", "", "foo", "foo"),
    ("a/b/c", "*/", "b/c", "c"),
    ("a*b", "a\\*", "b", "b"),
    ("a\nb", "*b", "a\nb", "a\nb"),
    ("a\nb", "a?", "a\nb", "a\nb"),
    ("a/b", "a\\/", "b", "b"),
    ("abab", "*a*b", "ab", ""),
    ("[a]b", "[a]", "b", "b"),
])
def test_prefix(value, pattern, shortest, longest):
    assert without_prefix(value, pattern, longest=False) == shortest
    assert without_prefix(value, pattern, longest=True) == longest


@pytest.mark.parametrize(("value", "pattern", "shortest", "longest"), [
    ("foo.tar.gz", ".*", "foo.tar", "foo"),
    ("foo", "*", "foo", ""),
    ("foo", "o", "fo", "fo"),
    ("a*b", "\\*b", "a", "a"),
    ("a\\", "\\\\", "a", "a"),
    ("über", "?er", "ü", "ü"),
])
def test_suffix(value, pattern, shortest, longest):
    assert without_suffix(value, pattern, longest=False) == shortest
    assert without_suffix(value, pattern, longest=True) == longest


@pytest.mark.parametrize(("value", "pattern", "replacement", "first", "everywhere"), [
    ("banana", "a", "o", "bonana", "bonono"),
    ("banana", "n*", "-", "ba-", "ba-"),
    ("abc", "", "-", "-abc", "-a-b-c-"),
    ("abc", "*", "-", "-", "-"),
    ("", "*", "-", "-", "-"),
    ("abc", "?", "<$0>", "<$0>bc", "<a><b><c>"),
    ("abc", "b", "$$", "a$$c", "a$c"),
    ("abc", "b", "${0}$x$1-", "a${0}$x$1-c", "ab-c"),
    ("abc", "x", "y", "abc", "abc"),
    ("aXbX", "X", "", "abX", "ab"),
])
def test_replaced(value, pattern, replacement, first, everywhere):
    assert replaced(value, pattern, replacement, everywhere=False) == first
    assert replaced(value, pattern, replacement, everywhere=True) == everywhere


@pytest.mark.parametrize("pattern", ["\\a", "a\\", "\\["])
def test_bad_escape(pattern):
    with pytest.raises(BadPattern, match="invalid escape"):
        without_prefix("abc", pattern, longest=False)


def test_many_stars_end():
    assert without_prefix("a" * 300, "*a" * 40 + "b", longest=True) == "a" * 300
