"""Scanning a folder: what an entry holds, what is read again, and what happens to files that cannot be read."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import cachesim.context.scan as scan_module
from cachesim.context.checksum import entry_digest
from cachesim.context.ignore import NOTHING_IGNORED, IgnoreMatcher
from cachesim.context.scan import scan_context, stamp_of
from cachesim.context.select import transferred
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, walk
from cachesim.digest import digest_of_bytes
from cachesim.errors import Cancelled, ContextError
from cachesim.progress import Progress

OLD = time.time_ns() - 3_600_000_000_000


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat fresh files as old ones, so that tests need not wait for the clock of the file system."""
    monkeypatch.setattr(scan_module, "_just_written", lambda info, now: False)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read."""
    names: list[str] = []
    real = scan_module._hash

    def noted(path: str, size: int, step: Callable[[], None]) -> tuple[object, int]:
        names.append(os.path.basename(path))
        return real(path, size, step)

    monkeypatch.setattr(scan_module, "_hash", noted)
    return names


def entry(snapshot: ContextSnapshot, path: str) -> FileEntry:
    found = snapshot.get(path)
    assert found is not None, path
    return found


def test_entries_hold_what_lstat_says(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_bytes(b"print(1)\n")
    os.chmod(tmp_path / "src" / "a.py", 0o4751)
    os.utime(tmp_path / "src" / "a.py", ns=(OLD, OLD))
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "empty").mkdir(mode=0o700)
    snapshot = scan_context(tmp_path)
    file = entry(snapshot, "src/a.py")
    assert (file.kind, file.mode, file.size, file.mtime_ns) == (FileKind.FILE, 0o4751, 9, OLD)
    assert file.digest == digest_of_bytes(b"print(1)\n") and (file.uid, file.gid, file.inode) == (0, 0, 0)
    link = entry(snapshot, "out")
    assert (link.kind, link.link, link.digest, link.mode) == (FileKind.SYMLINK, "/etc/passwd", "", 0o777)
    assert entry(snapshot, "empty").is_dir and entry(snapshot, "empty").mode == 0o700
    assert snapshot.origin == str(tmp_path)


def test_hard_links_share_an_inode(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    os.link(tmp_path / "a", tmp_path / "b")
    snapshot = scan_context(tmp_path)
    assert entry(snapshot, "a").inode == entry(snapshot, "b").inode != 0


def test_a_socket_and_a_fifo_are_other_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)     # the path of a socket is limited to about 100 characters
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        snapshot = scan_context(tmp_path)
    assert {entry(snapshot, n).kind for n in ("pipe", "sock")} == {FileKind.OTHER}


def test_names_that_are_not_utf8_survive(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))).write_text("x")
    assert entry(scan_context(tmp_path), "caf\udce9").digest == digest_of_bytes(b"x")


def test_only_what_changed_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    for name in ("a", "b", "d/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    first = scan_context(tmp_path)
    assert sorted(reads) == ["a", "b", "c"]
    assert scan_context(tmp_path, previous=first) is first
    (tmp_path / "a").write_text("longer")
    second = scan_context(tmp_path, previous=first)
    assert reads[3:] == ["a"]
    assert entry(second, "a").digest == digest_of_bytes(b"longer")
    assert second.get("d") is first.get("d")


def test_same_size_and_mtime_but_another_inode_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    os.utime(tmp_path / "a", ns=(OLD, OLD))
    first = scan_context(tmp_path)
    (tmp_path / "new").write_text("two")
    os.utime(tmp_path / "new", ns=(OLD, OLD))
    os.replace(tmp_path / "new", tmp_path / "a")
    assert entry(scan_context(tmp_path, previous=first), "a").digest == digest_of_bytes(b"two")


def test_a_file_written_a_moment_ago_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (tmp_path / "a").write_text("one")
    assert stamp_of(entry(scan_context(tmp_path), "a")) is None


def test_what_if_edits_are_forgotten_by_the_next_scan(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    first = scan_context(tmp_path)
    assert scan_context(tmp_path, previous=first.chmod("a", 0o600)) == first


def test_excluded_files_are_listed_and_read_once_they_count(tmp_path: Path, reads: list[str]) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "x").write_text("x")
    (tmp_path / "log").write_text("l")
    ignored = scan_context(tmp_path, ignore=IgnoreMatcher.parse("big\nlog\n"))
    assert reads == [] and entry(ignored, "big/x").digest == "" and entry(ignored, "log").size == 1
    assert scan_context(tmp_path, ignore=IgnoreMatcher.parse("big\nlog\n"), previous=ignored) is ignored
    full = scan_context(tmp_path, previous=ignored)
    assert sorted(reads) == ["log", "x"] and entry(full, "big/x").digest == digest_of_bytes(b"x")


def test_a_file_that_an_exception_brings_back_is_read(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "keep").write_text("k")
    (tmp_path / "logs" / "drop").write_text("d")
    snapshot = scan_context(tmp_path, ignore=IgnoreMatcher.parse("logs\n!logs/keep\n"))
    assert entry(snapshot, "logs/keep").digest and not entry(snapshot, "logs/drop").digest


def test_the_text_of_ignore_files_is_kept_even_if_they_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*.log\n.dockerignore\n")
    (tmp_path / "Dev.dockerignore").write_text("*")
    first = scan_context(tmp_path, ignore=IgnoreMatcher.parse("*.log\n.dockerignore\n"))
    assert first.ignore_text(".dockerignore") == "*.log\n.dockerignore\n"
    assert scan_context(tmp_path, previous=first) is first
    (tmp_path / ".dockerignore").write_text("")
    second = scan_context(tmp_path, previous=first)
    assert (second.ignore_text(".dockerignore"), second.ignore_text("Dev.dockerignore")) == ("", "*")


def test_unreadable_files_and_folders_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "closed").mkdir()
    (tmp_path / "fine").write_text("f")
    real_open, real_scandir = os.open, os.scandir

    def guarded_open(path: str, flags: int) -> int:
        if path.endswith("/secret"):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, flags)

    def guarded_scandir(path: str) -> object:
        if path.endswith("/closed"):
            raise PermissionError(13, "Permission denied", path)
        return real_scandir(path)

    monkeypatch.setattr(os, "open", guarded_open)
    monkeypatch.setattr(os, "scandir", guarded_scandir)
    snapshot = scan_context(tmp_path)
    assert entry(snapshot, "secret").unreadable == "permission denied" and entry(snapshot, "secret").digest == ""
    assert entry(snapshot, "closed").is_dir and entry(snapshot, "closed").unreadable == "permission denied"
    assert entry(snapshot, "fine").digest
    monkeypatch.undo()
    assert entry(scan_context(tmp_path, previous=snapshot), "secret").digest == digest_of_bytes(b"s")


def test_a_file_that_vanishes_while_scanning_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").write_text("g")
    (tmp_path / "stays").write_text("s")
    real = scan_module._hash

    def vanishing(path: str, size: int, step: Callable[[], None]) -> tuple[object, int]:
        if path.endswith("/gone"):
            os.unlink(path)
        return real(path, size, step)

    monkeypatch.setattr(scan_module, "_hash", vanishing)
    assert [p for p, _ in scan_context(tmp_path).walk()] == ["stays"]


def test_a_file_that_grows_while_scanning_has_the_bytes_that_were_read(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_text("one")
    real = scan_module._hash

    def growing(path: str, size: int, step: Callable[[], None]) -> tuple[object, int]:
        Path(path).write_text("one and two")
        return real(path, size, step)

    monkeypatch.setattr(scan_module, "_hash", growing)
    found = entry(scan_context(tmp_path), "log")
    assert (found.size, found.digest, stamp_of(found)) == (11, digest_of_bytes(b"one and two"), None)


def test_big_files_report_progress_by_bytes(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"\0" * (5 << 20))
    seen: list[tuple[int, int]] = []
    snapshot = scan_context(tmp_path, progress=Progress(lambda done, total: seen.append((done, total))))
    assert entry(snapshot, "big").digest == digest_of_bytes(b"\0" * (5 << 20))
    assert seen[-1] == (6, 6)


def test_cancel_ends_the_scan(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"\0" * (5 << 20))
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        scan_context(tmp_path, progress=progress)


CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")     # cap_net_bind_service, permitted


@pytest.mark.parametrize(("path", "name", "value", "counts"), [
    ("d/f", "user.note", b"\xffhi", True), ("d/f", "user.empty", b"", True), ("d", "user.note", b"1", True),
    ("d/f", "trusted.note", b"1", True), ("d/l", "trusted.note", b"1", True), ("d/f", "security.capability", CAPABILITY, True),
    ("d/f", "security.other", b"1", False), ("d", "system.posix_acl_default", bytes.fromhex(
        "0200000001000600ffffffff02000400" "0c00000004000400ffffffff10000400" "ffffffff20000400ffffffff"), False)])
def test_the_extended_attributes_that_count(tmp_path: Path, path: str, name: str, value: bytes, counts: bool) -> None:
    """A copy from a folder that is sent for the first time ran again exactly where `counts`: Engine 28.5.2, both stores."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("x")
    (tmp_path / "d/l").symlink_to("f")
    plain = scan_context(tmp_path)
    try:
        os.setxattr(tmp_path / path, name, value, follow_symlinks=False)
    except OSError:
        pytest.skip(f"{name} cannot be set here")
    after = scan_context(tmp_path, previous=plain)
    assert entry(after, path).xattrs == (((name, os.fsdecode(value)),) if counts else ())
    assert (entry_digest(entry(after, "d")) != entry_digest(entry(plain, "d"))) == counts


def test_files_out_of_reach_of_links_that_loop(tmp_path: Path) -> None:
    for name, target in (("link", "link2"), ("link2", "link"), ("self", "self"), ("out", "../../sub/f"), ("far", "/sub")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/f").write_text("x")
    (tmp_path / "sub/g").write_text("x")
    tree = scan_context(tmp_path).tree

    def sent(*follow: str) -> list[str]:
        return [p for p, e in walk(transferred(tree, NOTHING_IGNORED, follow)) if not e.is_dir]

    assert sent("link") == ["link", "link2"]
    assert sent("l*/sub", "self") == ["link", "link2", "self"]
    assert sent("out") == ["out", "sub/f"]
    assert sent("fa?/f") == ["far", "sub/f"]
    assert sent("s*/f") == ["self", "sub/f", "sub/g"]       # a link that the wildcard matches brings all of its matches
    assert sent("sub/[f]") == ["sub/f"]
    assert sent("?ub/f") == ["sub/f"]


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.write_text("")])
def test_a_root_that_is_no_folder_is_an_error(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "x")
    with pytest.raises(ContextError, match="Choose"):
        scan_context(tmp_path / "x")
