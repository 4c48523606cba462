"""Tests of context/select.py: what the engine's copy of a context holds after another transfer."""

from __future__ import annotations

from cachesim.context.select import on_disk, updated_copy
from cachesim.context.snapshot import ContextSnapshot, FileEntry, directory


def tree(mode: int, **files: bytes) -> FileEntry:
    """A folder d of that mode, and a file in it and beside it."""
    made = ContextSnapshot.of({"d/f": b"1", "g": b"2", **files}).tree
    inside = made.children["d"]
    return directory({**made.children, "d": directory(inside.children, mode)})


def test_the_new_mode_of_a_folder_is_there_but_no_checksum_sees_it() -> None:
    """Engine 28.5.2: a COPY of the folder stays cached; when it runs for another reason, the copy has the new mode."""
    old, new = tree(0o755), tree(0o700)
    copy, stale = updated_copy(old, new)
    assert not stale and copy.children["d"].mode == 0o755
    found = on_disk(copy, new)
    assert found.children["d"].mode == 0o700
    assert found.children["d"].children == copy.children["d"].children


def test_nothing_is_copied_where_no_mode_differs() -> None:
    old, new = tree(0o755), tree(0o755, h=b"new")
    copy, _ = updated_copy(old, new)
    assert on_disk(copy, new) is copy
    assert on_disk(old, old) is old
