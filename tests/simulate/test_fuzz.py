"""What holds for any Dockerfile, options and files?

A prediction comes back, it lists every step, and work grows no faster than the text.
`CACHESIM_FUZZ_EXAMPLES=100000 pytest tests/simulate/test_fuzz.py` looks longer than a usual test run does.
"""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cachesim.cache.store import EMPTY_STORE
from cachesim.context.snapshot import ContextSnapshot, FileEntry, symlink
from cachesim.digest import digest_of_bytes
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, Outcome
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageConfig, ImageStore, NetworkMode, normalize_ref
from cachesim.pipeline import simulate
from cachesim.simulate.report import SimulationReport
from tests.conformance.generate_lines import BROKEN, MODIFIERS, MOUNTS, Lines
from tests.dockerfile.strategies import texts
from tests.dockerfile.test_fuzz import calls_in

EXAMPLES = int(os.environ.get("CACHESIM_FUZZ_EXAMPLES", "120"))
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ENGINES = (("buildkit", "graphdriver"), ("buildkit", "containerd"), ("classic", "graphdriver"))
REFS = ("base:1", "scratch", "other:1", "no such", "a", "0", "A", "$B", "${B:-a}", "base:1@sha256:" + "0" * 64, "é", "b\u00a0",
        "--platform=x a")
NAMES = (" AS a", " AS b", " as A", " AS", " AS 1x", "", " AS final")
WORDS = st.one_of(st.text(max_size=6), st.sampled_from((
    "f", "d", ".", "/", "d/*", "[", "\\", "*", "**", "l", "l/x", "../f", "$A", "${A", "${A##*}", "<<E", "--from=a", "--from=0",
    "--from=9", "--link", "--chown=x:y", "--chmod=9", "--exclude=[", "--mount=", "\"", "'", "=", "A=1", "80", "http://x/y",
    "x.git", "git@h:p", "https://h/x.git?a=b&ref", "1:80-81/TCP", "\x00", "\ud800", *MODIFIERS)))


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    """Text that looks like a Dockerfile, now and then."""
    lines = Lines(str(draw(st.integers(0, 10**6))), draw(st.sampled_from(("buildkit", "classic"))))
    lines.files, lines.names = {"f": {"text": ""}, "d/f": {"text": ""}, "link": {}, "app/in": {}, "pack.tar": {}}, ["a", "b"]
    keyword = st.sampled_from((
        "RUN", "COPY", "ADD", "ENV", "ARG", "WORKDIR", "USER", "ONBUILD RUN", "ONBUILD COPY", "LABEL", "SHELL", "VOLUME",
        "EXPOSE", "CMD", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER", "ENTRYPOINT", "NOPE", "ONBUILD FROM", "ONBUILD ONBUILD"))
    odd = st.builds(lambda word, rest: f"{word} {' '.join(rest)}", keyword, st.lists(WORDS, max_size=4))
    mount = st.builds(lambda flags: f"RUN {' '.join(flags)} x", st.lists(st.sampled_from(MOUNTS), max_size=3))
    line = st.one_of(st.builds(lines.instruction), st.sampled_from(BROKEN), odd, mount, texts)
    stage = st.builds(lambda ref, name, body: "\n".join([f"FROM {ref}{name}", *body]),
                      st.sampled_from(REFS), st.sampled_from(NAMES), st.lists(line, max_size=6))
    head = draw(st.sampled_from(("", "", "# escape=`\n", "ARG B=base:1\n", "\ufeff", "# syntax=x\n", "ARG\n",
                                 "# check=error=true;experimental=all\n", "#!x\n# check=skip=all;error=1 y\n# words\n")))
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    return (head + "\n".join(draw(st.lists(stage, max_size=4))) + "\n").replace("\n", end)


def entries() -> st.SearchStrategy[dict[str, bytes | FileEntry]]:
    """Contexts with links of every kind."""
    target = st.sampled_from(("f", "d", "l", "l2", "..", "/", "../x", "nowhere", ".", "", "d/../l", "/d/f", "l/l2"))
    links = st.dictionaries(st.sampled_from(("l", "l2", "d/l", "link", "app/in")), target.map(symlink), max_size=4)
    text = st.one_of(st.sampled_from(("", "*", "!", "[", "**\n!d", "\\", "d\n!d/f")), st.text(max_size=12))
    ignore = text.map(lambda t: t.encode("utf-8", "surrogatepass"))
    return st.builds(lambda links, ignore: {"f": b"1", "d/f": b"2", "d/e/g": b"3", ".dockerignore": ignore, **links},
                     links, ignore)


def all_options() -> st.SearchStrategy[BuildOptions]:
    """Options, senseless ones too."""
    word = st.one_of(st.text(max_size=5), st.sampled_from((
        "", "a", "0", "final", "linux/amd64", "x/y/z/q", "1", "true", "d", "docker-image://base:1", "docker-image://scratch",
        "error=true", "skip=UndefinedVar;error=true")))
    name = st.sampled_from(("A", "B", "TARGETPLATFORM", "TARGETARCH", "BUILDKIT_MULTI_PLATFORM", "SOURCE_DATE_EPOCH",
                            "BUILDKIT_CACHE_MOUNT_NS", "HTTP_PROXY", "BUILDKIT_DOCKERFILE_CHECK"))
    return st.builds(
        BuildOptions, target=word, platform=word, no_cache=st.booleans(),
        args=st.lists(st.tuples(name, st.none() | word), max_size=3).map(tuple),
        no_cache_filter=st.lists(word, max_size=2).map(tuple), add_hosts=st.lists(st.tuples(word, word), max_size=2).map(tuple),
        network=st.sampled_from(NetworkMode),
        secrets=st.lists(st.tuples(word, st.just(digest_of_bytes(b"1"))), max_size=2).map(tuple),
        ssh=st.lists(word, max_size=2).map(tuple), contexts=st.lists(st.tuples(word, word), max_size=2).map(tuple),
        labels=st.just((("l", "1"),)))


def request_of(text: str, files: dict[str, bytes | FileEntry], options: BuildOptions, engine: str, store: str) -> BuildRequest:
    """A build in which little is known."""
    context = ContextSnapshot.of({n: e for n, e in files.items() if isinstance(e, bytes)})
    for path, entry in files.items():
        if not isinstance(entry, bytes):
            context = context.with_entry(path, entry)
    config = ImageConfig(env=(("PATH", "/bin"),), onbuild=("COPY f /onb", "RUN onb"))
    base = BaseImage(normalize_ref("base:1"), "layers", "layers", config)
    return BuildRequest(parse(text), context, options, engine=EngineKind(engine), store=ImageStore(store), bases={base.ref: base},
                        named_contexts={name: context for name, _ in options.contexts})


def predicted(text: str, then: str, files: dict[str, bytes | FileEntry], options: BuildOptions, engine: str,
              store: str) -> list[SimulationReport]:
    """Three builds that follow each other: one, another, and that again."""
    reports, cache = [], EMPTY_STORE
    for each in (text, then, then):
        report, cache = simulate(request_of(each, files, options, engine, store), cache)
        reports.append(report)
    return reports


@MANY
@given(st.one_of(dockerfiles(), texts), dockerfiles(), entries(), all_options(), st.sampled_from(ENGINES))
@example("", "", {"f": b""}, BuildOptions(), ENGINES[0])
@example("FROM a\nCOPY l*/x /y\n", "FROM a\nCOPY --exclude=* l /\n",
         {"l": symlink("l2"), "l2": symlink("l")}, BuildOptions(), ENGINES[1])
def test_any_build_is_predicted(text: str, then: str, files: dict[str, bytes | FileEntry], options: BuildOptions,
                                engine: tuple[str, str]) -> None:
    first, second, third = predicted(text, then, files, options, *engine)
    for source, report in ((text, first), (then, second), (then, third)):
        shown = [s for s in report.steps if s.step.line]
        assert len(shown) >= min(1, len(parse(source).instructions)) or report.error
        assert all(s.outcome is not Outcome.FAILED for s in report.steps) or report.error
        assert not report.error or report.error.strip()
    assert bool(second.error) == bool(third.error)
    again = {s.outcome for s in third.steps}
    if not third.error and not options.no_cache and not options.no_cache_filter:
        assert Outcome.UNDETERMINED not in again
        if engine[0] == "buildkit":
            assert Outcome.MISS not in again


LINES = ("RUN x", "COPY f /f$A", "COPY l* /x/", "COPY --exclude=* d /x/", "ENV A=$A-1", "ARG A=${A:-1}", "WORKDIR /w/x",
         "COPY <<E /x\n$A\nE", "ADD http://h/f /x", "RUN --mount=type=cache,target=/c x", "RUN --mount=target=/m x",
         "FROM base:1 AS a", "FROM a AS a", "COPY --from=0 /x /x", "RUN echo 1 >> /log",
         "COPY --link f d/", "ONBUILD RUN x", "RUN <<E\nx\nE", "LABEL a=b",
         "VOLUME /v$A", "USER 1", "EXPOSE 1-9", "NOPE", "# c", "FROM base:1 AS b\nCOPY --from=a /log /log")


@pytest.mark.parametrize("engine", ENGINES, ids=" ".join)
@pytest.mark.parametrize("line", LINES)
def test_work_grows_with_the_text(line: str, engine: tuple[str, str]) -> None:
    """Twice the lines, at most a little more than twice the work; what is remembered from one test to the next does not help."""
    files: dict[str, bytes | FileEntry] = {"f": b"1", "d/f": b"2", "l": symlink("f")}

    def work(count: int) -> int:
        numbered = "\n".join(re.sub(r"\bx\b", f"x{count}n{n}", line) for n in range(count))
        text = f"FROM base:1 AS a\nRUN echo 1 > /x\nRUN echo {engine} {count} > /log\n{numbered}\nRUN last\n"
        return calls_in(lambda: predicted(text, text + "RUN more\n", files, BuildOptions(), *engine))

    small, large = work(40), work(80)
    assert large < 2.6 * small + 3000
