"""Taking downloads out of a rehearsal."""

from __future__ import annotations

import pytest

from cachesim.confirm.downloads import DOWNLOADS, unreachable_sources, without_downloads
from cachesim.confirm.needs import needs_of, sources_of_adds
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.graph.options import BuildOptions
from cachesim.graph.resolve import resolve
from cachesim.project.state import ProjectState

C = f"COPY --from={DOWNLOADS}"


def offline(text: str, **options: object) -> tuple[ProjectState, tuple[str, ...]]:
    state = ProjectState(text, ContextSnapshot.of({"f": b"1"}), BuildOptions(**options))     # type: ignore[arg-type]
    graph = resolve(parse(state.text), state.options, {}, state.engine)
    after, notes = without_downloads(state, graph, sources_of_adds(state, graph))
    rest = resolve(parse(after.text), after.options, {}, after.engine)
    assert unreachable_sources(rest) == () and after.text.count("\n") == text.count("\n")
    return after, notes


@pytest.mark.parametrize(("line", "wanted"), [
    ("ADD https://example.com/a/x.tar.gz /x/", f"{C} /files/0/x.tar.gz /x/"),
    ("add --checksum=sha256:00 --chown=me https://example.com/x /x", f"{C}  --chown=me /files/0/x /x"),
    ("ADD https://example.com/x?a=b#c /x", f"{C} /files/0/x /x"),
    ("ADD https://example.com/ /x", f"{C} /files/0/download /x"),
    ("ADD https://example.com/a%20b /x/", f"{C} /files/0/a_20b /x/"),
    ("ADD https://e.com/1 https://e.com/2 /x/", f"{C} /files/0/1 /files/1/2 /x/"),
    ("ADD https://github.com/a/b.git#v1:sub /x", f"{C} /trees/0 /x"),
    ("ADD --keep-git-dir=true git@github.com:a/b.git /x", f"{C}  /trees/0 /x"),
    ("ADD [\"https://example.com/x\", \"/x\"]", f'{C} ["/files/0/x", "/x"]'),
    ("ADD f https://example.com/x /x/", "ADD f  /x/"),
    ("ADD [\"https://example.com/x\", \"f\", \"/x/\"]", 'ADD ["f", "/x/"]'),
    ("ADD https://example.com/x \\\n    https://example.com/y \\\n    /x/", f"{C} /files/0/x \\\n    /files/1/y \\\n    /x/"),
])
def test_the_copy_that_is_built(line: str, wanted: str) -> None:
    after, notes = offline(f"FROM a\n{line}\nRUN x\n")
    assert after.text == f"FROM a\n{wanted}\nRUN x\n"
    assert len(notes) == 1 and notes[0].startswith("Line 2: ") and "is not fetched" in notes[0]


def test_a_build_that_fetches_nothing_stays_as_it_is() -> None:
    state, notes = offline("FROM a\nADD f /f\nCOPY --from=b /x /x\n")
    assert notes == () and state.options.contexts == ()


def test_variables_count_as_they_are_there() -> None:
    after, _ = offline("FROM a\nARG V=2\nADD https://e.com/$V.tgz /x/\nADD https://e.com/${V}/y /y\n")
    assert after.text.splitlines()[2:] == [f"{C} /files/0/2.tgz /x/", f"{C} /files/1/y /y"]


def test_what_the_target_does_not_need_is_left_alone() -> None:
    text = "FROM a AS one\nADD https://e.com/x /x\nFROM a AS two\n"
    state = ProjectState(text, ContextSnapshot.of({}), BuildOptions(target="two"))
    graph = resolve(parse(text), state.options, {}, state.engine)
    assert without_downloads(state, graph, sources_of_adds(state, graph)) == (state, ())


def test_the_stand_in_holds_what_is_copied_from_it() -> None:
    after, _ = offline("FROM a AS b\nADD https://e.com/tool /opt/\nADD https://e.com/r.git /src\n"
                       "FROM a\nCOPY --from=b /opt/tool /t\nCOPY --from=b /src/deep/file.c /c\n")
    graph = resolve(parse(after.text), after.options, {}, after.engine)
    needs = needs_of(after, graph)
    assert needs[DOWNLOADS].files == {"files/0/tool"} and needs[DOWNLOADS].folders == {"trees/1"}
    assert needs["a"].files == {"src/deep/file.c"}


def test_named_contexts_from_elsewhere() -> None:
    after, notes = offline("FROM a\nCOPY --from=lib /x /x\nCOPY --from=img /y /y\n", contexts=(
        ("lib", "https://github.com/a/b.git"), ("img", "docker-image://busybox"), ("near", "../near")))
    assert dict(after.options.contexts)["img"] == "docker-image://busybox" and len(notes) == 1
    assert dict(after.options.contexts)["lib"].startswith("docker-image://cachesim.invalid/")
    assert dict(after.options.contexts)["near"] == "../near" and "named context lib" in notes[0]
    graph = resolve(parse(after.text), after.options, {}, after.engine)
    assert needs_of(after, graph)["lib"].folders == {"x"}
