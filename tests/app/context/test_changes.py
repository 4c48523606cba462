"""Tests of app/context/changes.py and reach.py."""

from __future__ import annotations

from collections.abc import Callable

from cachesim.app.context.changes import Change, diff
from cachesim.app.context.reach import Reads, ignore_file_of, matcher_of, reach_of
from cachesim.app.workbench import Workbench
from cachesim.context.snapshot import ContextSnapshot, directory, regular_file, symlink
from cachesim.digest import Digest
from cachesim.graph.model import StepId
from cachesim.simulate.report import SimulationReport

BEFORE = ContextSnapshot.of({"a": b"1", "b/c": b"1", "b/d": b"1", "e/f/g": b"1"})
PACKAGE, ALL = StepId(0, 2), StepId(1, 2)
Opened = Callable[..., Workbench]


def test_every_way_to_differ_has_its_word() -> None:
    after = (BEFORE.with_bytes("a", b"22").without("b/c").chmod("b/d", 0o755).touch("e/f/g", 5)
             .with_bytes("new/x", b"").chmod("e", 0o700))
    found = diff(BEFORE.tree, after.tree)
    assert found.paths == {"a": Change.CHANGED, "b/c": Change.DELETED, "b/d": Change.MODE, "e/f/g": Change.TOUCHED,
                           "new": Change.NEW, "e": Change.MODE}
    assert found.below == {"": 6, "b": 2, "e": 1, "e/f": 1}


def test_what_lies_in_a_new_or_deleted_folder_is_new_or_deleted() -> None:
    assert diff(BEFORE.tree, BEFORE.without("e").tree).of("e/f/g") is Change.DELETED
    assert diff(BEFORE.tree, BEFORE.with_bytes("n/x/y", b"").tree).of("n/x/y") is Change.NEW
    assert diff(BEFORE.tree, BEFORE.chmod("e", 0o700).tree).of("e/f/g") is None


def test_a_file_that_becomes_a_link_or_a_folder_changed() -> None:
    assert diff(BEFORE.tree, BEFORE.with_entry("a", symlink("b/c")).tree).paths == {"a": Change.CHANGED}
    assert diff(BEFORE.tree, BEFORE.with_entry("a", directory()).tree).paths == {"a": Change.CHANGED}


def test_equal_trees_do_not_differ() -> None:
    assert not diff(BEFORE.tree, BEFORE.tree)
    again = ContextSnapshot.of({"a": b"1", "b/c": b"1", "b/d": b"1", "e/f/g": b"1"})
    assert not diff(BEFORE.tree, again.tree)


def test_a_small_edit_of_a_big_context_costs_little() -> None:
    folder = directory({f"f{n}": regular_file(Digest(""), n) for n in range(50_000)})
    big = BEFORE.with_entry("big", folder)
    assert diff(big.tree, big.with_bytes("a", b"other").tree).paths == {"a": Change.CHANGED}


def _reads(bench: Workbench) -> tuple[Reads, SimulationReport]:
    report = bench.report
    assert report is not None
    reads = Reads()
    reads.take(report, bench.state.context, matcher_of(bench.state.context, "Dockerfile"))
    return reads, report


def test_files_know_their_readers(open_bench: Opened) -> None:
    reads, _ = _reads(open_bench())
    assert reads.steps("package.json") == (PACKAGE, ALL)
    assert reads.steps("src/app.ts") == (ALL,)
    assert reads.steps("src") == (ALL,)
    assert reads.steps("README.md") == ()               # ignored
    assert reads.steps("node_modules/x/index.js") == ()
    assert reads.reads(PACKAGE, "package.json")
    assert not reads.reads(PACKAGE, "src/app.ts")


def test_wildcards_filters_and_links_are_listed(open_bench: Opened) -> None:
    files = {"a.py": b"1", "b.txt": b"", "d/x.py": b"", "d/y.txt": b"", "Dockerfile": b""}
    text = "FROM scratch\nCOPY *.py /p/\nCOPY --exclude=*.txt d /d\n"
    reads, _ = _reads(open_bench(text, files))
    assert reads.steps("a.py") == (StepId(0, 1),)
    assert reads.steps("b.txt") == ()
    assert reads.steps("d/x.py") == (StepId(0, 2),)
    assert reads.steps("d/y.txt") == ()
    assert reads.steps("d") == (StepId(0, 2),)


def test_a_folder_above_what_is_read_is_reached(open_bench: Opened) -> None:
    files = {"a/b/c": b"1", "ab": b"", "Dockerfile": b""}
    reads, _ = _reads(open_bench("FROM scratch\nCOPY a/b/c /c\n", files))
    assert [bool(reads.steps(path)) for path in ("a", "a/b", "a/b/c", "ab", "")] == [True, True, True, False, True]


def test_the_cost_is_what_hangs_on_the_readers(open_bench: Opened) -> None:
    reads, report = _reads(open_bench())
    reach = reach_of(report, reads.steps("src/app.ts"))
    assert reach.readers == (ALL,)
    assert reach.below == (StepId(1, 3), StepId(2, 2))


def test_the_dockerfiles_own_ignore_file_wins() -> None:
    both = ContextSnapshot.of({".dockerignore": b"a\n", "ci.Dockerfile.dockerignore": b"b\n"})
    assert ignore_file_of(both, "Dockerfile") == ".dockerignore"
    assert ignore_file_of(both, "ci.Dockerfile") == "ci.Dockerfile.dockerignore"
    assert ignore_file_of(BEFORE, "Dockerfile") is None
    assert matcher_of(BEFORE, "Dockerfile") is None


def test_other_bytes_of_a_file_are_read_by_the_same_steps(open_bench: Opened) -> None:
    bench = open_bench()
    reads, report = _reads(bench)
    context, matcher = bench.state.context, matcher_of(bench.state.context, "Dockerfile")
    assert matcher is matcher_of(context, "Dockerfile")
    assert not reads.take(report, context.with_bytes("package.json", b"other"), matcher)
    assert reads.steps("package.json") == (PACKAGE, ALL)
    assert reads.take(report, context.with_entry("package.json", symlink("src/app.ts")), matcher)   # a link may lead elsewhere
    assert reads.take(report, context.with_bytes("new.txt", b""), matcher)
    assert reads.take(None, context, matcher)
    assert reads.steps("package.json") == ()
