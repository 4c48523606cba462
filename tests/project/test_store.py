"""What a project remembers between two runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cachesim.context.scan import stamp_of
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, regular_file, symlink
from cachesim.digest import Digest, digest_of_bytes
from cachesim.engines.base import Outcome, RunClaim, RunClaimKind
from cachesim.errors import StoreFormatError
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageConfig, ImageStore, NetworkMode
from cachesim.project.open import ProjectInfo
from cachesim.project.start import built
from cachesim.project.state import ProjectState
from cachesim.project.store import ProjectStore, SavedProject
from cachesim.project.timeline import Timeline

TEXT = "FROM base:1\nCOPY a.txt /\nRUN make\n"
BASE = BaseImage("docker.io/library/base:1", "chain", "manifest",
                 ImageConfig(env=(("PATH", "/bin"),), onbuild=("ENV A=1",), labels={"l": "v"},
                             healthcheck=("CMD", ("x",))))


def info_of(folder: Path) -> ProjectInfo:
    return ProjectInfo(folder, folder / "Dockerfile")


def store_of(tmp_path: Path, engine: EngineKind = EngineKind.BUILDKIT) -> ProjectStore:
    return ProjectStore(info_of(tmp_path / "ctx"), engine, ImageStore.CONTAINERD, folder=tmp_path / "data")


def state(a: str = "one") -> ProjectState:
    files = {"Dockerfile": TEXT.encode(), "a.txt": a.encode(), ".dockerignore": b"*.log\n"}
    context = ContextSnapshot.of(files, "disk")
    return ProjectState(TEXT, context, BuildOptions(args=(("V", None),), network=NetworkMode.HOST),
                        bases={BASE.ref: BASE}, claims=(RunClaim("make", RunClaimKind.WRITES_ONLY, ("/out",)),))


def two_builds() -> Timeline:
    return built(built(Timeline(origin="nothing"), "First build", state()), "Edit a.txt", state("two"))


def test_timeline_cache_options_and_records_survive(tmp_path: Path) -> None:
    timeline = two_builds()
    saved = SavedProject(timeline, BuildOptions(network=NetworkMode.DEFAULT), state().claims, state().context,
                         {"durations": {"x": 1}})
    store_of(tmp_path).save(saved)
    found = store_of(tmp_path).load()
    assert found is not None
    assert [(e.id, e.parent, e.label, e.state) for e in found.timeline.entries] == [
        (e.id, e.parent, e.label, e.state) for e in timeline.entries]
    assert (found.timeline.current, found.timeline.origin) == (timeline.current, "nothing")
    assert (found.options, found.claims, found.context, found.records) == (
        saved.options, saved.claims, saved.context, saved.records)


def test_the_cache_is_the_same_after_a_restart(tmp_path: Path) -> None:
    store_of(tmp_path).save(SavedProject(two_builds()))
    found = store_of(tmp_path).load()
    assert found is not None
    again = built(found.timeline, "No change", state("one"))        # A, B, A: it remembers A
    outcomes = [s.outcome for s in again.entries[-1].report.steps]
    assert Outcome.MISS not in outcomes and outcomes.count(Outcome.HIT) == 3


def test_each_engine_and_each_dockerfile_has_a_file_of_its_own(tmp_path: Path) -> None:
    ctx = tmp_path / "ctx"
    paths = {ProjectStore(info, engine, store, folder=tmp_path).path
             for info in (info_of(ctx), info_of(ctx).with_dockerfile(ctx / "Dockerfile.dev"))
             for engine in EngineKind for store in ImageStore}
    assert len(paths) == 8


def test_nothing_was_saved(tmp_path: Path) -> None:
    assert store_of(tmp_path).load() is None and store_of(tmp_path).records() == {}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": 1}',
                                    b'{"format": 1, "folders": [3], "ignores": {}}'])
def test_a_damaged_file_is_set_aside_with_a_message(tmp_path: Path, damage: bytes) -> None:
    store = store_of(tmp_path)
    store.save(SavedProject(two_builds()))
    store.path.write_bytes(damage)
    again = store_of(tmp_path)
    assert again.load() is None and "set aside" in again.message
    assert again.path.with_name(again.path.name + ".damaged").read_bytes() == damage
    again.save(SavedProject())
    assert store_of(tmp_path).load() == SavedProject()


def test_another_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    store.save(SavedProject())
    store.path.write_text('{"format": 99}')
    with pytest.raises(StoreFormatError):
        store_of(tmp_path).load()
    assert store.path.read_text() == '{"format": 99}'


def test_what_another_process_added_is_kept(tmp_path: Path) -> None:
    window, command = store_of(tmp_path), store_of(tmp_path)
    first = built(Timeline(), "First build", state())
    window.save(SavedProject(first))
    seen = command.load()
    assert seen is not None
    command.save(replace(seen, timeline=built(seen.timeline, "theirs", state("two"))))
    command.record("durations", {"x": 2})
    ours = built(first, "ours", state("three"))
    merged = window.save(SavedProject(ours, records={"confirmations": 1}))
    assert [(e.id, e.parent, e.label) for e in merged.timeline.entries] == [
        (1, None, "First build"), (2, 1, "ours"), (3, 1, "theirs")]
    assert merged.timeline.current == ours.current and merged.records == {"durations": {"x": 2}, "confirmations": 1}
    found = store_of(tmp_path).load()
    assert found is not None and len(found.timeline.entries) == 3


def test_a_build_that_was_deleted_here_does_not_come_back(tmp_path: Path) -> None:
    window = store_of(tmp_path)
    timeline = two_builds()
    window.save(SavedProject(timeline))
    store_of(tmp_path).record("x", 1)               # the file changed, but its builds did not
    merged = window.save(SavedProject(timeline.without(2)))
    assert [e.id for e in merged.timeline.entries] == [1]


def test_records_alone_are_cheap_and_survive_a_missing_file(tmp_path: Path) -> None:
    store_of(tmp_path).record("durations", {"x": 1})
    assert store_of(tmp_path).records() == {"durations": {"x": 1}}
    assert store_of(tmp_path).load() == SavedProject(records={"durations": {"x": 1}})


def test_only_the_newest_builds_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cachesim.project.store._MOST_BUILDS", 2)
    timeline = built(two_builds(), "Third", state("three"))
    kept = store_of(tmp_path).save(SavedProject(timeline)).timeline
    assert [(e.id, e.parent) for e in kept.entries] == [(2, None), (3, 2)]


def test_every_kind_of_entry_survives(tmp_path: Path) -> None:
    context = ContextSnapshot.of({"x": b"x"})
    file = regular_file(digest_of_bytes(b"y"), 1, 0o4755, 5, xattrs=(("user.a", "b\udcff"),), inode=7)
    file.memo["cachesim.scan.stamp"] = (7, 8)
    for path, entry in (("caf\udce9", file), ("l", symlink("../x", 3)), ("bad", regular_file(digest_of_bytes(b""), 0)),
                        ("no", replace(file, unreadable="permission denied", memo={})),
                        ("s", FileEntry(FileKind.OTHER, 0o600, 0, Digest(""), 1, "", 0, 0, (), 0, "",
                                        {}, {}))):
        context = context.with_entry(f"d/{path}", entry)
    store_of(tmp_path).save(SavedProject(context=context))
    found = store_of(tmp_path).load()
    assert found is not None and found.context == context
    back = found.context.get("d/caf\udce9") if found.context is not None else None
    assert back is not None and stamp_of(back) == (7, 8)


def test_folders_that_states_share_are_written_once(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    first = state()
    shared = first.context.with_bytes("lib/x", b"x")
    timeline = built(built(Timeline(), "one", replace(first, context=shared)), "two",
                     replace(first, context=shared.with_bytes("a.txt", b"b")))
    store.save(SavedProject(timeline))
    assert len(json.loads(store.path.read_text())["folders"]) == 3      # lib, and two roots


def test_which_engine_was_seen_to_make_a_build_is_kept(tmp_path: Path) -> None:
    ours = store_of(tmp_path)
    ours.save(SavedProject(two_builds()))
    other = store_of(tmp_path)
    theirs = other.load()
    assert theirs is not None and theirs.timeline.seen_on("engine-1") == ()
    other.save(replace(theirs, timeline=theirs.timeline.made_for_real("engine-1", state("two"))))
    ours.save(SavedProject(two_builds().made_for_real("engine-2", state("three"))))    # another process knew nothing of it
    found = store_of(tmp_path).load()
    assert found is not None and [e.made_on for e in found.timeline.entries] == [(), ("engine-1",), ("engine-2",)]
    assert [e.label for e in found.timeline.entries][-1] == "built for real"
    assert found.timeline.seen_on("engine-1") == (state("two"),) and found.timeline.seen_on("engine-2") == (state("three"),)
