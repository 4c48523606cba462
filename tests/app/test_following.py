"""What changes on disk is taken over, an edit in thought is not lost."""

from __future__ import annotations

from cachesim.app.following import followed
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, FileEntry, regular_file
from cachesim.digest import digest_of


def file(text: str) -> FileEntry:
    return regular_file(digest_of(text), len(text))


def disk(**files: str) -> ContextSnapshot:
    context = ContextSnapshot(EMPTY_DIR)
    for path, text in files.items():
        context = context.with_entry(path.replace("__", "/"), file(text))
    return context


def test_without_edits_the_disk_is_taken_whole() -> None:
    old, new = disk(a="1", b="1"), disk(a="2", c="1")
    assert followed(old, old, new) == (new, ("a", "b", "c"), ())


def test_an_edit_stays_and_the_rest_follows() -> None:
    old = disk(a="1", b="1", d__e="1")
    mine = old.with_entry("a", file("mine")).without("b")
    context, taken, kept = followed(mine, old, disk(a="2", b="2", d__e="2", d__f="1"))
    assert context.get("a") == file("mine") and context.get("b") is None
    assert context.get("d/e") == file("2") and context.get("d/f") == file("1")
    assert taken == ("d/e", "d/f") and kept == ("a", "b")


def test_the_same_edit_on_disk_is_no_conflict() -> None:
    old = disk(a="1")
    new = disk(a="2")
    context, taken, kept = followed(new, old, new)
    assert context == new and (taken, kept) == ((), ())
