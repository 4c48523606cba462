"""Contexts on disk."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.confirm import workspace as module
from cachesim.confirm.workspace import Contents, FolderContents, Workspace, disk_matches, disk_trouble, remove_tree
from cachesim.context.scan import scan_context
from cachesim.context.snapshot import ContextSnapshot, FileKind, directory, regular_file, symlink
from cachesim.digest import Digest, digest_of_bytes
from cachesim.errors import CachesimError, Cancelled, ContextError
from cachesim.progress import Progress


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("a\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "big.bin").write_bytes(b"x" * 100_000)
    (root / "link").symlink_to("src/a.py")
    (root / "empty").mkdir(mode=0o700)
    for path in (root / "src" / "a.py", root / "run.sh", root / "big.bin"):
        os.utime(path, ns=(1_600_000_000_123_456_789,) * 2)
    return root


def bytes_by_digest(*contents: bytes) -> FolderContents:
    known = {digest_of_bytes(data): data for data in contents}
    return FolderContents(None, known.get)



def _plain(snapshot: ContextSnapshot) -> list[tuple[object, ...]]:
    return [(p, e.kind, e.mode, e.size, e.digest, e.link, e.mtime_ns) for p, e in snapshot.walk()]


def test_the_copy_looks_like_the_original(project: Path, tmp_path: Path) -> None:
    snapshot = scan_context(project)
    space = Workspace(tmp_path / "w", FolderContents(project))
    space.apply(snapshot)
    assert _plain(scan_context(tmp_path / "w")) == _plain(snapshot)
    assert space.linked + space.written == 3


def test_unchanged_files_are_linked_and_the_users_file_is_never_touched(project: Path, tmp_path: Path) -> None:
    before = {p: p.lstat() for p in project.rglob("*")}
    snapshot = scan_context(project)
    space = Workspace(tmp_path / "w", FolderContents(project))
    space.apply(snapshot)
    assert space.linked == 3 and space.written == 0
    edited = snapshot.with_bytes("src/a.py", b"b\n", mtime_ns=5).chmod("run.sh", 0o644).touch("big.bin", 7)
    contents = FolderContents(project, bytes_by_digest(b"b\n").remembered)
    space = Workspace(tmp_path / "w2", contents)
    space.apply(snapshot)
    space.apply(edited)
    assert (tmp_path / "w2" / "src" / "a.py").read_bytes() == b"b\n"
    assert stat.S_IMODE((tmp_path / "w2" / "run.sh").lstat().st_mode) == 0o644
    assert (tmp_path / "w2" / "big.bin").lstat().st_mtime_ns == 7
    for path, old in before.items():
        now = path.lstat()
        assert (now.st_mode, now.st_mtime_ns, now.st_size) == (old.st_mode, old.st_mtime_ns, old.st_size), path


def test_only_the_edited_file_is_written_again(project: Path, tmp_path: Path) -> None:
    snapshot = scan_context(project)
    space = Workspace(tmp_path / "w", FolderContents(project, bytes_by_digest(b"b\n").remembered))
    space.apply(snapshot)
    kept = {p: p.lstat() for p in (tmp_path / "w").rglob("*") if p.is_file() and p.name != "a.py"}
    space.apply(snapshot.with_bytes("src/a.py", b"b\n", mtime_ns=9))
    assert all((p.lstat().st_ino, p.lstat().st_mtime_ns) == (s.st_ino, s.st_mtime_ns) for p, s in kept.items())
    assert (tmp_path / "w" / "src" / "a.py").lstat().st_mtime_ns == 9


def test_kinds_may_change_places(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "w", bytes_by_digest(b"1", b"2"))
    one = ContextSnapshot.of({"a": b"1", "d/x": b"2"})
    two = one.without("a").without("d").with_bytes("a/x", b"1").with_entry("d", symlink("a"))
    for snapshot in (one, two, one):
        space.apply(snapshot)
        assert _plain(scan_context(tmp_path / "w")) == _plain(snapshot)


def test_folders_that_may_not_be_written_are_made_and_removed(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "w", bytes_by_digest(b"1", b"2"))
    snapshot = ContextSnapshot.of({"d/x": b"1"}).chmod("d", 0o555)
    space.apply(snapshot)
    space.apply(snapshot.with_bytes("d/y", b"2"))
    assert stat.S_IMODE((tmp_path / "w" / "d").stat().st_mode) == 0o555
    space.remove()
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../x", "/etc"])
def test_no_path_leaves_the_folder(tmp_path: Path, name: str) -> None:
    tree = directory({name: regular_file(digest_of_bytes(b"1"), 1)})
    with pytest.raises(ContextError):
        Workspace(tmp_path / "w", bytes_by_digest(b"1")).apply(ContextSnapshot(tree))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    space = Workspace(tmp_path / "w", bytes_by_digest(b"1"))
    space.apply(ContextSnapshot(directory({"d": symlink(str(outside))})))
    space.apply(ContextSnapshot.of({"d/x": b"1"}))
    assert list(outside.iterdir()) == [] and (tmp_path / "w" / "d" / "x").read_bytes() == b"1"


def test_links_that_lead_nowhere_or_in_circles(tmp_path: Path) -> None:
    tree = directory({"a": symlink("b"), "b": symlink("a"), "c": symlink("nowhere", 3_000_000_000)})
    Workspace(tmp_path / "w", Contents()).apply(ContextSnapshot(tree))
    assert os.readlink(tmp_path / "w" / "c") == "nowhere"
    assert (tmp_path / "w" / "c").lstat().st_mtime_ns == 3_000_000_000


def test_a_file_that_changed_since_it_was_read_is_not_passed_off(project: Path, tmp_path: Path) -> None:
    snapshot = scan_context(project)
    (project / "src" / "a.py").write_text("something else\n")
    with pytest.raises(ContextError, match=r"src/a\.py: its content is not known any more"):
        Workspace(tmp_path / "w", FolderContents(project)).apply(snapshot)


def test_remembered_bytes_serve_what_changed_on_disk(project: Path, tmp_path: Path) -> None:
    snapshot = scan_context(project)
    (project / "src" / "a.py").write_text("something else\n")
    contents = FolderContents(project, bytes_by_digest(b"a\n").remembered)
    Workspace(tmp_path / "w", contents).apply(snapshot)
    assert (tmp_path / "w" / "src" / "a.py").read_text() == "a\n"


def test_ignored_files_are_not_needed(tmp_path: Path) -> None:
    tree = directory({"secret": regular_file(Digest(""), 9), "a": regular_file(digest_of_bytes(b"1"), 1)})
    Workspace(tmp_path / "w", bytes_by_digest(b"1")).apply(ContextSnapshot(tree))
    assert [p.name for p in (tmp_path / "w").iterdir()] == ["a"]


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    tree = directory({"a": regular_file(Digest(""), 1, unreadable="permission denied")})
    with pytest.raises(ContextError, match="a: permission denied"):
        Workspace(tmp_path / "w", Contents()).apply(ContextSnapshot(tree))


def test_cancel_point(project: Path, tmp_path: Path) -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        Workspace(tmp_path / "w", FolderContents(project)).apply(scan_context(project), progress)


def test_a_full_disk_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(module.Path, "write_bytes", full)
    with pytest.raises(CachesimError, match="the disk is full"):
        Workspace(tmp_path / "w", bytes_by_digest(b"1")).apply(ContextSnapshot.of({"a": b"1"}))
    assert "set TMPDIR" in str(disk_trouble(OSError(errno.EDQUOT, "x"), tmp_path))


def test_another_file_system_is_copied_to(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")
    monkeypatch.setattr(os, "link", other)
    monkeypatch.setattr(module, "_clone", lambda *_: False)
    space = Workspace(tmp_path / "w", FolderContents(project))
    space.apply(scan_context(project))
    assert space.written == 3 and _plain(scan_context(tmp_path / "w")) == _plain(scan_context(project))


def test_disk_matches(project: Path) -> None:
    snapshot = scan_context(project)
    assert disk_matches(project, snapshot)
    assert not disk_matches(project, snapshot.with_bytes("src/a.py", b"b\n"))
    assert not disk_matches(project, snapshot.chmod("run.sh", 0o600))
    assert not disk_matches(project, snapshot.with_bytes("new", b""))
    assert not disk_matches(project, snapshot.with_entry("link", symlink("run.sh")))
    assert not disk_matches(project, snapshot.with_entry("empty", regular_file(Digest("0"), 0)))


def test_remove_tree_does_not_follow_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "f").write_text("x")
    root = tmp_path / "w"
    root.mkdir()
    (root / "l").symlink_to(outside)
    remove_tree(root)
    assert not root.exists() and (outside / "f").exists()
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755
    remove_tree(root)


def test_odd_kinds(tmp_path: Path) -> None:
    fifo = replace(regular_file(Digest(""), 0), kind=FileKind.OTHER)
    Workspace(tmp_path / "w", Contents()).apply(ContextSnapshot(directory({"p": fifo})))
    assert stat.S_ISFIFO((tmp_path / "w" / "p").lstat().st_mode)
