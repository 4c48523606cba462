"""Contents by digest: kept, shared, bounded, and never wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cachesim.context.scan import scan_context
from cachesim.digest import Digest, digest_of_bytes
from cachesim.project.blobs import BlobStore


def test_bytes_survive_a_restart(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.put(b"hello")
    store.close()
    again = BlobStore(tmp_path)
    assert again.get(digest) == b"hello" and again.get(Digest("0" * 64)) is None
    assert again.known([digest, Digest("0" * 64)]) == {digest}
    again.close()


def test_without_a_folder_everything_is_in_memory() -> None:
    store = BlobStore()
    assert store.get(store.put(b"x")) == b"x"


def test_two_processes_share_one_database(tmp_path: Path) -> None:
    a, b = BlobStore(tmp_path), BlobStore(tmp_path)
    assert b.get(a.put(b"from a")) == b"from a" and a.get(b.put(b"from b")) == b"from b"
    a.close()
    b.close()


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, bound=1000)
    digests = [store.put(bytes([n]) * 300) for n in range(5)]
    assert store.get(digests[0]) is None and store.get(digests[4]) == b"\4" * 300
    store.close()


def test_a_damaged_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "blobs.sqlite").write_bytes(b"no database at all" * 100)
    store = BlobStore(tmp_path)
    digest = store.put(b"x")
    assert store.get(digest) == b"x" and "set aside" in store.message
    assert (tmp_path / "blobs.sqlite.damaged").exists()
    store.close()


def test_content_that_rotted_is_not_given_out(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.put(b"right")
    store.close()
    database = sqlite3.connect(tmp_path / "blobs.sqlite")
    with database:
        database.execute("UPDATE blobs SET data = ?", (b"wrong",))
    database.close()
    again = BlobStore(tmp_path)
    assert again.get(digest) is None
    again.close()


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = BlobStore(tmp_path / "file" / "below")
    assert store.get(store.put(b"x")) == b"x"


def test_small_files_of_a_build_are_remembered_if_they_are_what_was_scanned(tmp_path: Path) -> None:
    context = tmp_path / "ctx"
    context.mkdir()
    (context / "small").write_text("small")
    (context / "stale").write_text("old")
    (context / "big").write_bytes(b"b" * (300 << 10))
    snapshot = scan_context(context)
    (context / "stale").write_text("new")
    store = BlobStore()
    assert store.remember(snapshot, context) == 1
    assert store.get(digest_of_bytes(b"small")) == b"small"
    assert store.get(digest_of_bytes(b"old")) is None and store.get(digest_of_bytes(b"new")) is None


def test_files_of_a_context_are_read_from_disk_only_as_they_were_then(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "b.txt").write_bytes(b"two")
    store, context = BlobStore(), scan_context(tmp_path)
    read = store.reader(context, tmp_path)
    assert (read("a.txt"), read("nothing"), read("")) == (b"one", None, None)
    (tmp_path / "a.txt").write_bytes(b"new")
    (tmp_path / "b.txt").unlink()
    assert (read("a.txt"), read("b.txt")) == (None, None)
    store.put(b"one")
    assert read("a.txt") == b"one"
