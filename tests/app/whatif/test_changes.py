"""What life does to a build, as functions from state to state."""

from __future__ import annotations

from cachesim.app.whatif.changes import (
    arg_names,
    external_bases,
    fresh_clone,
    moved_base,
    secret_ids,
    with_arg,
    with_secret,
)
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, regular_file, symlink
from cachesim.digest import digest_of
from cachesim.dockerfile.parser import parse
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BuildOptions, EngineKind
from cachesim.graph.resolve import resolve
from cachesim.project.state import ProjectState

TEXT = """\
ARG VERSION=1.0
FROM node:22 AS build
ARG VERSION
ARG TOKEN
COPY --from=busybox:1.36 /bin/sh /sh
RUN --mount=type=secret,id=npm --mount=type=secret,target=/run/key true
FROM build
"""


def graph() -> BuildGraph:
    return resolve(parse(TEXT), BuildOptions(), {}, EngineKind.BUILDKIT)


def test_a_fresh_clone_keeps_only_the_executable_bit() -> None:
    context = ContextSnapshot(EMPTY_DIR).with_entry("a/run.sh", regular_file(digest_of("x"), 1, 0o775)) \
        .with_entry("a/b.txt", regular_file(digest_of("y"), 1, 0o664)).with_entry("l", symlink("a"))
    after = fresh_clone(context, 0o027, 42)
    modes = {path: entry.mode for path, entry in after.walk()}
    assert modes == {"a": 0o750, "a/run.sh": 0o750, "a/b.txt": 0o640, "l": 0o777}
    assert {entry.mtime_ns for _, entry in after.walk()} == {42}


def test_bases_args_and_secrets_are_found() -> None:
    assert external_bases(graph()) == ("docker.io/library/node:22", "docker.io/library/busybox:1.36")
    assert arg_names(graph()) == (("VERSION", "1.0"), ("TOKEN", ""))
    assert secret_ids(graph()) == ("npm", "key")


def test_a_moved_tag_moves_again() -> None:
    state = ProjectState(TEXT, ContextSnapshot(EMPTY_DIR))
    once = moved_base(state, "node:22")
    twice = moved_base(once, "node:22")
    ref = "docker.io/library/node:22"
    assert once.options.pull and once.bases[ref].chain != twice.bases[ref].chain


def test_options_are_set_and_dropped() -> None:
    options = with_arg(with_arg(BuildOptions(), "A", "1"), "B", "2")
    assert with_arg(options, "A", "3").args == (("B", "2"), ("A", "3"))
    assert with_arg(options, "A", None).args == (("B", "2"),)
    assert with_secret(BuildOptions(), "npm", digest_of("x")).secrets == (("npm", digest_of("x")),)
