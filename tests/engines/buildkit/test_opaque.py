"""Tests of engines/buildkit/opaque.py and of what a file system says where nobody knows what is a folder."""

from __future__ import annotations

import pytest

from cachesim.context.snapshot import FileEntry, FileKind, directory, lookup, regular_file
from cachesim.digest import digest_of_bytes
from cachesim.engines.buildkit.content import World
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.filesystem import SCRATCH, Execution, FileSystem, Placement, base_filesystem, owner_of
from cachesim.engines.buildkit.opaque import MORE, holds_opaque, is_opaque, is_undecided, laid, opaque_entry

FILE = regular_file(digest_of_bytes(b"known"), 5)
SOME = opaque_entry("some", is_dir=True, undecided=True)
OTHER = opaque_entry("other", is_dir=True)


def after(command: str, number: str = "1.1") -> FileSystem:
    start = base_filesystem("base")
    return start.after(Execution(number, ("/bin/sh", "-c", command), True, {}, "/", lambda _: start, lambda: ()))


def top(fs: FileSystem, path: str) -> FileEntry | None:
    return lookup(fs.tree, path)


@pytest.mark.parametrize(("fs", "path", "certain", "likely"), [
    (SCRATCH, "app", False, False), (base_filesystem("b"), "usr/local", True, True), (base_filesystem("b"), "app", False, False),
    (after("make install"), "app", None, False), (after("mkdir -p /app"), "app", None, True),
    (after("echo > /app/x"), "app", None, True),
    (SCRATCH.with_placed(Placement(SOME, "out", "/out")), "out", None, True),
    (SCRATCH.with_placed(Placement(SOME, "out", "/out")), "out/bin", None, False),
    (SCRATCH.with_dir("app", (0, 0)), "app", True, True),
    (SCRATCH.with_placed(Placement(FILE, "f", "/app")), "app", False, False),
])
def test_what_is_a_folder(fs: FileSystem, path: str, certain: bool | None, likely: bool) -> None:
    assert fs.is_dir(path) is certain
    assert fs.is_dir(path, likely=True) is likely


def test_a_file_onto_what_may_be_a_folder_is_open() -> None:
    """`RUN make install` may have made /app: then the file lies inside it."""
    placed = after("make install").with_placed(Placement(FILE, "main.py", "/app"))
    entry = top(placed, "app")
    assert entry is not None and is_opaque(entry) and not is_undecided(entry)
    assert top(after("make").with_placed(Placement(FILE, "main.py", "/app/")), "app/main.py") == FILE
    assert top(after("mkdir /app").with_placed(Placement(FILE, "main.py", "/app"), likely=True), "app/main.py") == FILE
    assert top(base_filesystem("b").with_placed(Placement(FILE, "main.py", "/app")), "app") == FILE


def test_what_is_unknown_stays_when_known_files_are_put_into_it() -> None:
    fs = SCRATCH.with_placed(Placement(SOME, "out", "/out")).with_placed(Placement(FILE, "g", "/out/"))
    out = top(fs, "out")
    assert out is not None and out.children == {MORE: SOME, "g": FILE}
    assert not fs.exact and fs.may_hold("out/anything") and not fs.may_hold("elsewhere")


def test_what_is_known_may_be_replaced_by_what_is_not() -> None:
    known = SCRATCH.with_placed(Placement(directory({"g": FILE}), "d", "/out"))
    out = top(known.with_placed(Placement(SOME, "out", "/out")), "out")
    assert out is not None and list(out.children) == [MORE] and is_undecided(out)
    kept = top(known.with_placed(Placement(SOME, "out", "/out"), likely=True), "out")
    assert kept is not None and kept.children["g"] == FILE and kept.children[MORE] == SOME


def test_two_unknown_things_in_one_place_are_a_third() -> None:
    both, again = laid(SOME, OTHER, keep=False), laid(SOME, OTHER, keep=False)
    assert is_opaque(both) and both == again
    assert len({both.digest, SOME.digest, OTHER.digest, laid(OTHER, SOME, keep=False).digest}) == 4
    assert is_undecided(both) and not is_undecided(OTHER)


def test_an_archive_may_hold_anything() -> None:
    fs = SCRATCH.with_placed(Placement(FILE, "f", "/opt/")).with_unpacked("/opt/", FILE.digest)
    assert fs.may_hold("opt/t/a") and not fs.exact and holds_opaque(fs.tree)
    assert fs.known("opt/f") is None        # the archive may hold an f of its own
    assert SCRATCH.with_unpacked("/opt", FILE.digest).tree == SCRATCH.with_unpacked("/opt", FILE.digest).tree


def test_opaque_entries_are_no_files() -> None:
    assert SOME.kind is FileKind.OTHER and not SOME.is_dir


def test_a_folder_gives_its_contents_and_not_its_own_mode() -> None:
    """Copied to where nothing was, the engine makes a folder of its own: 0755, or what --chmod says."""
    source = directory({"g": FILE}, 0o700)
    made = [top(SCRATCH.with_placed(Placement(source, "d", "/out", mode=mode, owner=owner)), "out")
            for mode, owner in ((None, None), (0o750, None), (None, (5, 6)))]
    assert [(m.mode, m.uid, m.gid) for m in made if m is not None] == [(0o755, 0, 0), (0o750, 0, 0), (0o755, 5, 6)]
    there = SCRATCH.with_dir("out", (7, 7)).with_placed(Placement(source, "d", "/out", mode=0o750))
    kept = top(there, "out")
    assert kept is not None and (kept.mode, kept.uid, list(kept.children)) == (0o755, 7, ["g"])


def test_who_a_name_is_a_run_decides() -> None:
    """uids of names are looked up in /etc/passwd of the stage."""
    contents = Contents(World.DIFFERENT)
    named = owner_of("app")
    assert named is not None
    before, later = after("echo app:x:5:5 >> /etc/passwd"), after("echo app:x:6:6 >> /etc/passwd", "2.1")
    assert contents.owner(before, named) == contents.owner(before, named) != contents.owner(later, named)
    assert contents.owner(before, (5, 0)) == (5, 0)
    placed = before.with_placed(Placement(FILE, "f", "/x/", owner=contents.owner(before, named)))
    entry = top(placed, "x/f")
    assert entry is not None and is_undecided(entry) and not is_opaque(entry)
    again = SCRATCH.with_placed(Placement(entry, "f", "/x/"))      # copied on, it is root's
    assert top(again, "x/f") == FILE
