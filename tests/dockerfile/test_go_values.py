"""Are durations, sizes and numbers read as Go reads them?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.go_values import read_bool, read_duration, read_int32, read_size, read_uint32


@pytest.mark.parametrize(("text", "value"), [
    ("0", 0), ("-0", 0), ("5s", 5 * 10**9), ("1h30m", 5400 * 10**9), ("1.5s", 1_500_000_000), ("-20ms", -20_000_000),
    (".5s", 500_000_000), ("1.s", 10**9), ("+1us", 1000), ("1µs", 1000), ("1μs", 1000), ("1ns", 1),
    ("0.000000001s", 1), ("2562047h", 2562047 * 3600 * 10**9),
])
def test_duration(text, value):
    assert read_duration(text) == value


@pytest.mark.parametrize(("text", "message"), [
    ("", 'time: invalid duration ""'),
    ("5", 'time: missing unit in duration "5"'),
    ("5x", 'time: unknown unit "x" in duration "5x"'),
    ("x", 'time: invalid duration "x"'),
    (".s", 'time: invalid duration ".s"'),
    ("-", 'time: invalid duration "-"'),
    ("5 s", 'time: unknown unit " s" in duration "5 s"'),
    ("2562048h", 'time: invalid duration "2562048h"'),
    ("9" * 100 + "s", f'time: invalid duration "{"9" * 100}s"'),
])
def test_no_duration(text, message):
    with pytest.raises(ValueError) as caught:
        read_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("+5", 5), ("-1", -1), ("007", 7), ("2147483647", 2**31 - 1),
                                             ("-2147483648", -2**31), ("0" * 50 + "1", 1)])
def test_int32(text, value):
    assert read_int32(text) == value


@pytest.mark.parametrize(("text", "reason"), [
    ("", "invalid syntax"), ("a", "invalid syntax"), ("1_0", "invalid syntax"), ("٣", "invalid syntax"),
    ("2147483648", "value out of range"), ("9" * 5000, "value out of range")])
def test_no_int32(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_int32(text)


def test_uint32():
    assert read_uint32("0755", 8) == 0o755
    assert read_uint32("4294967295") == 2**32 - 1
    for text, base in (("8", 8), ("-1", 10), ("", 10), ("4294967296", 10), ("+1", 10)):
        with pytest.raises(ValueError):
            read_uint32(text, base)


def test_bool():
    assert [read_bool(t) for t in ("1", "t", "T", "TRUE", "true", "True")] == [True] * 6
    assert [read_bool(t) for t in ("0", "f", "F", "FALSE", "false", "False")] == [False] * 6
    with pytest.raises(ValueError):
        read_bool("yes")


@pytest.mark.parametrize(("text", "value"), [
    ("100", 100), ("64m", 64 * 2**20), ("1.5 GiB", 3 * 2**29), ("1kb", 1024), ("1b", 1), ("2T", 2**41), (".5k", 512)])
def test_size(text, value):
    assert read_size(text) == value


@pytest.mark.parametrize("text", ["", "m", "1x", "1kbb", "-1", "1bb", "1 k b", "1..5k"])
def test_no_size(text):
    with pytest.raises(ValueError):
        read_size(text)
