"""What a snapshot says to people."""

from __future__ import annotations

import pytest

from cachesim.context.snapshot import size_text


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (999, "999 B"), (1300, "1.3 kB"), (12_000_000, "12 MB"),
                                            (999_600, "1 MB")])
def test_sizes_are_in_powers_of_1000(size: int, text: str) -> None:
    assert size_text(size) == text
