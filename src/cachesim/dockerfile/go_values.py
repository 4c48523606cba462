"""How does the engine, a Go program, read durations, sizes, numbers, booleans and addresses?

Each read_ function raises ValueError with the engine's words.
Source: Go's time.ParseDuration, net.ParseIP, strconv.ParseInt, strconv.ParseBool; docker/go-units RAMInBytes.
"""

from __future__ import annotations

import ipaddress
import re

from cachesim.dockerfile.words import go_quote

__all__ = ["is_ip", "read_bool", "read_duration", "read_int32", "read_size", "read_uint32"]

_UNITS = {"ns": 1, "us": 10**3, "\xb5s": 10**3, "\u03bcs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
          "h": 3600 * 10**9}
_AMOUNT = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?")
_UNIT = re.compile(r"[^.0-9]*")
_INT = re.compile(r"[+-]?[0-9]+\Z")
_OCTAL = re.compile(r"[0-7]+\Z")
_DECIMAL = re.compile(r"[0-9]+\Z")
_SIZE = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) ?([^0-9. ]*)\Z")
_SIZE_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}


def read_duration(text: str) -> int:
    """Nanoseconds of `1h30m`, `1.5s`, `-20ms`."""
    invalid = f"time: invalid duration {go_quote(text)}"
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(invalid)
    total = 0
    while rest:
        amount = _AMOUNT.match(rest)
        if amount is None or not (amount[1] or amount[3]):
            raise ValueError(invalid)
        rest = rest[amount.end():]
        unit = _UNIT.match(rest)
        name = unit[0] if unit else ""
        rest = rest[len(name):]
        if not name:
            raise ValueError(f"time: missing unit in duration {go_quote(text)}")
        if name not in _UNITS:
            raise ValueError(f"time: unknown unit {go_quote(name)} in duration {go_quote(text)}")
        whole, part = amount[1][:40], (amount[3] or "")[:40]
        total += int(whole or "0") * _UNITS[name] + int(part or "0") * _UNITS[name] // 10 ** len(part)
        if total > 2**63 - (not text.startswith("-")):
            raise ValueError(invalid)
    return -total if text.startswith("-") else total


def read_int32(text: str) -> int:
    """A signed decimal number of 32 bits."""
    if not _INT.match(text):
        raise ValueError(f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax")
    value = int(text[0] + (text[1:].lstrip("0")[:12] or "0")) if text[0] in "+-" else int(text.lstrip("0")[:12] or "0")
    if not -2**31 <= value < 2**31:
        raise ValueError(f"strconv.ParseInt: parsing {go_quote(text)}: value out of range")
    return value


def read_uint32(text: str, base: int = 10) -> int:
    """An unsigned number of 32 bits, base 8 or 10; the caller words the complaint."""
    if not (_OCTAL if base == 8 else _DECIMAL).match(text):
        raise ValueError(text)
    value = int(text.lstrip("0")[:12] or "0", base)
    if value >= 2**32:
        raise ValueError(text)
    return value


def read_bool(text: str) -> bool:
    """True or false, as `1 t T TRUE true True` and their opposites; the caller words the complaint."""
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if text in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise ValueError(text)


def read_size(text: str) -> int:
    """Bytes of `64m`, `1.5 GiB`, `100`; the caller words the complaint."""
    match = _SIZE.match(text)
    if not match:
        raise ValueError(text)
    size, suffix = float(match[1]), match[2].lower()
    if size < 0 or size == float("inf") or len(suffix) > 3:
        raise ValueError(text)
    if suffix in ("", "b"):
        return int(size)
    if suffix[0] not in _SIZE_UNITS or suffix[1:] not in ("", "b", "ib"):
        raise ValueError(text)
    return int(size * _SIZE_UNITS[suffix[0]])


def is_ip(text: str) -> bool:
    """Whether it is an address, of version 4 or 6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
