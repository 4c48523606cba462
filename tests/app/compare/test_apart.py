"""What sets two values apart."""

from __future__ import annotations

import pytest

from cachesim.app.compare.apart import apart


@pytest.mark.parametrize(("old", "new", "shown"), [
    ("613 B, mode 0644, 93b48b38c9c6", "614 B, mode 0644, 3f536cc55812", ("613 B, 93b48b38c9c6", "614 B, 3f536cc55812")),
    ("12 B, mode 0644, aaaa", "12 B, mode 0755, aaaa", ("mode 0644", "mode 0755")),
    ("apt-get install -y curl=1 && rm -rf /var/lib", "apt-get install -y curl=22 && rm -rf /var/lib",
     ("…1…", "…22…")),
    ("/srv/app/assets/one.css", "/srv/app/assets/two.css", ("…one.css", "…two.css")),
    ("production", "protection", ("production", "protection")),         # no word is cut in two
    ("a b", "a c", ("a b", "a c")),                                     # too little in common
    ("3879cf17c29d", "36ab237f2c02", ("3879cf17c29d", "36ab237f2c02")),
    ("not there", "", ("not there", "")), ("same", "same", ("same", "same")),
    ("RUN npm ci", "RUN npm ci --omit=dev", ("…ci", "…ci --omit=dev"))])
def test_what_differs_is_left(old: str, new: str, shown: tuple[str, str]) -> None:
    assert apart(old, new) == shown
    assert apart(new, old) == shown[::-1]
