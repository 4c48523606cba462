"""Which commands of a script run whenever it succeeds?"""

from __future__ import annotations

import pytest

from cachesim.advise.shell import read_script


@pytest.mark.parametrize(("script", "sure"), [
    ("mkdir -p /a", ["mkdir"]),
    ("mkdir -p /a; touch /a/b", ["mkdir", "touch"]),
    ("mkdir -p /a && touch /a/b", ["mkdir", "touch"]),
    ("mkdir -p /a && touch /a/b || true", ["mkdir"]),
    ("ls /x || mkdir -p /a", ["ls"]),
    ("ls /x && mkdir -p /a; true", ["ls", "true"]),
    ("if ls /x; then mkdir -p /a; fi; touch /b", ["touch"]),
    ("for f in a b; do mkdir -p /$f; done", []),
    ("case $A in x) mkdir -p /a;; esac", []),
    ("while ls /x; do mkdir -p /a; done", []),
    ("(ls /x && mkdir -p /a)", ["ls"]),
    ("ls /x || exit 0; mkdir -p /a", ["ls"]),
    ("ls /x | tee /b", ["ls", "tee"]),
])
def test_what_surely_runs(script: str, sure: list[str]) -> None:
    found = read_script(script, {})
    assert not found.barrier
    assert [c.argv[0].text for c in found.commands if c.argv and c.surely] == sure
