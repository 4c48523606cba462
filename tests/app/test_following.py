"""What changes on disk is taken over, an edit in thought is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cachesim.app import following
from cachesim.app.following import DiskWatch, followed
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, FileEntry, regular_file
from cachesim.digest import digest_of


def file(text: str) -> FileEntry:
    return regular_file(digest_of(text), len(text))


def disk(**files: str) -> ContextSnapshot:
    context = ContextSnapshot(EMPTY_DIR)
    for path, text in files.items():
        context = context.with_entry(path.replace("__", "/"), file(text))
    return context


def touch(path: Path) -> bool:
    path.touch()
    return True


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


def test_a_share_is_told_once_per_project(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "shares_among", lambda folders: dict.fromkeys(folders, "nfs4"))
    watch, said = DiskWatch(), list[str]()
    watch.lost.connect(said.append)
    watch.watch(tmp_path)
    qtbot.waitUntil(lambda: len(said) == 1)
    assert said == [f"{tmp_path} lies on a network share (nfs4), and what other machines change is not told"]
    watch.watch(tmp_path)           # a setting was changed
    with qtbot.waitSignal(watch.changed):       # its own changes are still seen
        qtbot.waitUntil(lambda: watch.running)
        (tmp_path / "new").write_text("x")
        qtbot.waitUntil(lambda: touch(tmp_path / "new") and watch._settle.isActive())
    assert len(said) == 1
    watch.stop()
    watch.watch(tmp_path)           # opened again
    qtbot.waitUntil(lambda: len(said) == 2)
    watch.shutdown()
