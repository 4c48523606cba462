"""Tests of engines/classic: what must change the key of a step, what must not, what fails, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cachesim.cache.store import EMPTY_STORE, CacheStore
from cachesim.context.snapshot import ContextSnapshot, regular_file, symlink
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import BuildRequest, MissReason, Outcome
from cachesim.engines.classic import Classic
from cachesim.engines.rules import Rule
from cachesim.graph.options import BaseImage, BuildOptions, EngineKind, ImageConfig
from cachesim.graph.resolve import resolve
from cachesim.pipeline import simulate
from cachesim.progress import SILENT
from cachesim.simulate.report import SimulationReport

TAIL = "RUN echo tail"
FILES = {"f": b"f", "a": b"a", "b": b"b", "d/x": b"x", "d/y": b"y", "a.t": b"1", "b.t": b"2", "t.tar": b"tar"}
REF = "docker.io/library/base:1"
WORDS = {Outcome.HIT: "C", Outcome.MISS: "R", Outcome.UNDETERMINED: "?", Outcome.FAILED: "F", Outcome.NOT_REACHED: "-",
         Outcome.UNREACHED: "-"}


def base(config: ImageConfig | None = None, identity: str = "1") -> dict[str, BaseImage]:
    config = config or ImageConfig(env=(("PATH", "/bin"),), cmd=("sh",))
    return {REF: BaseImage(REF, identity, identity, config, source="scenario")}


def build(text: str, store: CacheStore = EMPTY_STORE, *, context: ContextSnapshot | None = None,
          args: Mapping[str, str | None] | None = None, bases: dict[str, BaseImage] | None = None,
          **options: object) -> tuple[SimulationReport, CacheStore]:
    context = context if context is not None else ContextSnapshot.of(FILES)
    context = context.with_bytes("Dockerfile", text.encode())
    request = BuildRequest(parse(text), context, BuildOptions(args=tuple((args or {}).items()), **options),  # type: ignore[arg-type]
                           EngineKind.CLASSIC, bases=bases or base())
    return simulate(request, store)


def letters(report: SimulationReport) -> str:
    """One letter for each step that is no FROM and no ARG before it: C cached, R run, ? uncertain, F fails, - not reached."""
    return "".join(WORDS[s.outcome] for s in report.steps if s.step.id.stage >= 0 and s.step.id.index > 0)


def lines(*steps: str) -> str:
    return "\n".join(["FROM base:1", *steps]) + "\n"


def edited(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    _, store = build(lines(*before))
    return letters(build(lines(*after), store)[0])


# Truth table 1 to 35 and 57 to 62: number, lines before, lines after, what happens to the lines after.
TEXTS = [
    (1, ("RUN echo a b",), ("RUN echo a  b",), "R"),
    (2, ("RUN echo a", TAIL), ("run    echo a   ", TAIL), "CC"),
    (3, ("RUN echo a && \\\n    echo b", TAIL), ("RUN echo a &&     echo b", TAIL), "CC"),
    (4, ("RUN echo a && \\\n    echo b", TAIL), ("RUN echo a && \\\n# note\n\n    echo b", TAIL), "CC"),
    (5, ("RUN echo a", TAIL), ('RUN ["/bin/sh","-c","echo a"]', TAIL), "CC"),
    (6, ("CMD echo a", TAIL), ('CMD ["/bin/sh", "-c", "echo a"]', TAIL), "CC"),
    (7, ("ENV A=1", 'ENV B="x y"', TAIL), ("ENV A 1", "ENV B=x\\ y", TAIL), "CCC"),
    (8, ("ENV A=1 B=2", TAIL), ("ENV B=2 A=1", TAIL), "RR"),
    (9, ("ENV A=1 B=2", TAIL), ("ENV A=1", "ENV B=2", TAIL), "RRR"),
    (10, ('LABEL a="1"', TAIL), ("LABEL a=1", TAIL), "CC"),
    (11, ("LABEL a=1 b=2", TAIL), ("LABEL b=2 a=1", TAIL), "RR"),
    (12, ("EXPOSE 443 80", TAIL), ("EXPOSE 80 443", TAIL), "CC"),
    (13, ("EXPOSE 80", TAIL), ("EXPOSE 80/tcp", TAIL), "RR"),
    (14, ("VOLUME /a /b", TAIL), ('VOLUME ["/a","/b"]', TAIL), "CC"),
    (15, ("VOLUME /a /b", TAIL), ("VOLUME /b /a", TAIL), "RR"),
    (16, ("HEALTHCHECK --interval=60s CMD x", TAIL), ("HEALTHCHECK --interval=1m CMD x", TAIL), "CC"),
    (17, ("HEALTHCHECK CMD x y", TAIL), ('HEALTHCHECK CMD ["x","y"]', TAIL), "RR"),
    (18, ("USER root", TAIL), ("USER 0", TAIL), "RR"),
    (19, ("STOPSIGNAL 9", TAIL), ("STOPSIGNAL SIGKILL", TAIL), "RR"),
    (20, ("ONBUILD RUN echo 1", TAIL), ("onbuild   RUN echo 1", TAIL), "CC"),
    (21, ("MAINTAINER a", TAIL), ("MAINTAINER b", TAIL), "RR"),
    (22, ("WORKDIR /a", "WORKDIR b", TAIL), ("WORKDIR /a/", "WORKDIR /a/b/", TAIL), "CCC"),
    (23, ("WORKDIR /a/b", TAIL), ("WORKDIR /a", "WORKDIR b", TAIL), "RRR"),
    (24, ("ENV A=1", "RUN 1", "RUN 2"), ("ENV A=1", "CMD x", "RUN 1", "RUN 2"), "CRRR"),
    (25, ("ENV A=1", "RUN 1", "RUN 2"), ("ENV A=1", "RUN 2"), "CR"),
    (26, ("CMD a", "RUN 1"), ("CMD b", "RUN 1"), "RR"),
    (31, ("HEALTHCHECK CMD a", "HEALTHCHECK NONE", "ENV A=1"), ("HEALTHCHECK CMD a", "HEALTHCHECK NONE", "ENV A=1"), "CCC"),
    (32, ("HEALTHCHECK --interval=5s CMD a", "HEALTHCHECK --interval=6s CMD b", "ENV A=1"),
     ("HEALTHCHECK --interval=5s CMD a", "HEALTHCHECK --interval=6s CMD b", "ENV A=1"), "CCC"),
    (34, ('CMD ["a"]', "CMD []", "ENV A=1"), ('CMD ["a"]', "CMD []", "ENV A=1"), "CCC"),
    (35, ("ARG V=1", "ENV Z=1", "COPY f /d", "RUN x"), ("ARG V=2", "ENV Z=1", "COPY f /d", "RUN x"), "RRRR"),
    (53, ("ENV A=1", "RUN x"), ("ENV A=1", "ARG V", "RUN x"), "CRR"),
    (57, ("COPY a /x", TAIL), ("COPY ./a /x", TAIL), "CC"),
    (57, ("COPY a /x", TAIL), ("COPY /a /x", TAIL), "CC"),
    (57, ("COPY a /x", TAIL), ("COPY d/../a /x", TAIL), "CC"),
    (57, ("COPY a /x", TAIL), ('COPY ["a","/x"]', TAIL), "CC"),
    (57, ("COPY a /x", TAIL), ("COPY --link a /x", TAIL), "CC"),
    (58, ("COPY a /x", TAIL), ("COPY a /x/", TAIL), "RR"),
    (58, ("COPY a /x", TAIL), ("ADD a /x", TAIL), "RR"),
    (58, ("COPY a /x", TAIL), ("COPY --chown=0:0 a /x", TAIL), "RR"),
    (59, ("COPY d /x", TAIL), ("COPY d/ /x", TAIL), "CC"),
    (59, ("COPY d /x", TAIL), ("COPY ./d/. /x", TAIL), "CC"),
    (59, ("COPY d /x", TAIL), ("COPY --exclude=x d /x", TAIL), "CC"),
    (60, ("WORKDIR /w", "COPY a /w/x", TAIL), ("WORKDIR /w", "COPY a x", TAIL), "CRR"),
    (61, ("COPY a b /x/", TAIL), ("COPY b a /x/", TAIL), "RR"),
    (62, ("COPY a.t b.t /x/", TAIL), ("COPY *.t /x/", TAIL), "CC"),
    (74, ("RUN <<EOF\necho 1\nEOF", TAIL), ("RUN <<EOF\necho 2\nEOF", TAIL), "CC"),
]


@pytest.mark.parametrize(("number", "before", "after", "wanted"), TEXTS, ids=lambda value: str(value)[:40])
def test_an_edit_of_the_text(number: int, before: tuple[str, ...], after: tuple[str, ...], wanted: str) -> None:
    assert edited(before, after) == wanted


# Truth table 28 to 30 and 33: what the builder stores is not what it asks for next time.
NEVER = [
    ('ENTRYPOINT ["x"]', "ENTRYPOINT []", "ENV A=1"),
    ("HEALTHCHECK --interval=5s CMD a", "HEALTHCHECK CMD b", "ENV A=1"),
    ("HEALTHCHECK --interval=5s CMD a", "HEALTHCHECK NONE", "ENV A=1"),
    ("USER root", "USER $NOTHING", "ENV A=1"),
]


@pytest.mark.parametrize("text", NEVER, ids=lambda text: text[1])
def test_three_patterns_are_never_cached(text: tuple[str, ...]) -> None:
    store = EMPTY_STORE
    for wanted in ("RRR", "CRR", "CRR"):
        report, store = build(lines(*text), store)
        assert letters(report) == wanted
    step = report.steps[2]
    assert step.rule is Rule.CLASSIC_NEVER
    assert step.reason is MissReason.PART and any("as asked for" in c.label for c in step.changes)


def test_a_base_with_an_entrypoint_makes_clearing_it_expensive() -> None:
    bases = base(ImageConfig(env=(("PATH", "/bin"),), entrypoint=("x",)))
    _, store = build(lines("ENTRYPOINT []", TAIL), bases=bases)
    assert letters(build(lines("ENTRYPOINT []", TAIL), store, bases=bases)[0]) == "RR"


# Truth table 36 to 52: lines, arguments before and after, what happens.
ARGS = [
    (36, ("ARG V", "ENV Z=1", "COPY f /d", "RUN x", "RUN y"), {"V": "1"}, {"V": "2"}, "CCCRR"),
    (37, ("RUN pre", "ARG V", "RUN x"), {"V": "1"}, {"V": "2"}, "CCR"),
    (38, ("RUN x",), {"V": "1"}, {"V": "2"}, "C"),
    (39, ("ARG V=1", "RUN x"), {}, {"V": "1"}, "CC"),
    (40, ("ARG V", "RUN x"), {}, {"V": ""}, "CR"),
    (40, ("ARG V", "RUN x"), {}, {"V": None}, "CC"),
    (41, ("ARG V", "ENV V=c", "RUN x"), {"V": "1"}, {"V": "2"}, "CCC"),
    (42, ("ENV V=c", "ARG V", "RUN x"), {"V": "1"}, {"V": "2"}, "CCC"),
    (43, ("ENV Q=1", "RUN x"), {}, {"HTTP_PROXY": "a"}, "CR"),
    (44, ("ENV Q=1", "RUN x"), {"HTTP_PROXY": "a"}, {"HTTP_PROXY": "b"}, "CC"),
    (44, ("ENV Q=1", "RUN x"), {"HTTP_PROXY": "a"}, {"no_proxy": "b"}, "CC"),
    (46, ("ARG HTTP_PROXY", "RUN x"), {"HTTP_PROXY": "a"}, {"HTTP_PROXY": "b"}, "CR"),
    (49, ("ARG X", "ARG V=$X-v", "RUN x"), {"X": "1"}, {"X": "2"}, "CRR"),
    *((47, ("ARG V", line), {"V": "1"}, {"V": "2"}, "CR") for line in (
        "ENV A=$V", "LABEL a=$V", "USER $V", "WORKDIR /$V", "EXPOSE $V", "VOLUME /$V", "STOPSIGNAL $V", "COPY f /$V",
        "COPY --chown=$V f /f")),
    *((48, ("ARG V", line), {"V": "1"}, {"V": "2"}, "CC") for line in (
        "CMD $V", "ENTRYPOINT $V", "HEALTHCHECK CMD $V", "ONBUILD RUN $V", "MAINTAINER $V")),
]


@pytest.mark.parametrize(("number", "text", "before", "after", "wanted"), ARGS, ids=lambda value: str(value)[:40])
def test_build_arguments(number: int, text: tuple[str, ...], before: dict[str, str | None], after: dict[str, str | None],
                         wanted: str) -> None:
    _, store = build(lines(*text), args=before)
    assert letters(build(lines(*text), store, args=after)[0]) == wanted


def test_a_proxy_that_goes_away_finds_the_old_entry() -> None:
    _, store = build(lines("RUN x"))
    report, store = build(lines("RUN x"), store, args={"HTTP_PROXY": "a"})
    assert letters(report) == "R"
    assert letters(build(lines("RUN x"), store)[0]) == "C"


def test_an_argument_before_from_counts_only_where_it_is_declared_again() -> None:
    plain = "ARG V=1\nFROM base:1\nRUN x\n"
    _, store = build(plain)
    assert letters(build(plain, store, args={"V": "2"})[0]) == "C"
    again = "ARG V=1\nFROM base:1\nENV A=1\nARG V\nRUN x\n"
    _, store = build(again)
    report, store = build(again, store, args={"V": "2"})
    assert letters(report) == "CCR"
    assert letters(build(again.replace("V=1", "V=2"), store)[0]) == "CCC"


def context(**files: bytes) -> ContextSnapshot:
    return ContextSnapshot.of({**FILES, ".dockerignore": b"Dockerfile\n.dockerignore\n", **files})


def after_change(steps: tuple[str, ...], before: ContextSnapshot, after: ContextSnapshot) -> str:
    _, store = build(lines(*steps), context=before)
    return letters(build(lines(*steps), store, context=after)[0])


START = context()
LINKED = START.with_entry("d/l", symlink("a"))
OTHER_DIR = START.with_bytes("o/a", b"1").with_entry("d/l", symlink("../o/"))
HARD = START.with_entry("a", regular_file(START.get("a").digest, 1, inode=7)) \
    .with_entry("b", regular_file(START.get("a").digest, 1, inode=7))      # type: ignore[union-attr]
HARD_EDITED = HARD.with_entry("a", regular_file(START.get("f").digest, 1, inode=7)) \
    .with_entry("b", regular_file(START.get("f").digest, 1, inode=7))      # type: ignore[union-attr]
FILES_CHANGE = [
    ("54 mtime", "COPY f /f", START, START.touch("f", 9), "CC"),
    ("54 owner", "COPY f /f", START, START.with_entry("f", regular_file(START.get("f").digest, 1, uid=5)), "CC"),  # type: ignore[union-attr]
    ("55 mode", "COPY f /f", START, START.chmod("f", 0o600), "RR"),
    ("55 bytes", "COPY f /f", START, START.with_bytes("f", b"g"), "RR"),
    ("63 one more", "COPY *.t /x/", START, START.with_bytes("c.t", b""), "RR"),
    ("64 unrelated", "COPY d /d", START, START.with_bytes("new", b""), "CC"),
    ("65 file added", "COPY d /d", START, START.with_bytes("d/new", b""), "RR"),
    ("65 mode of the folder", "COPY d /d", START, START.chmod("d", 0o700), "RR"),
    ("root mode", "COPY . /d", START, START.chmod("", 0o700), "CC"),
    ("69 link text", "COPY d /x", START.with_entry("d/l", symlink("x")), START.with_entry("d/l", symlink("./x")), "CC"),
    ("other target", "COPY d /x", START.with_entry("d/l", symlink("x")), START.with_entry("d/l", symlink("y")), "RR"),
    ("70 broken link", "COPY d /x", START.with_entry("d/l", symlink("no1")), START.with_entry("d/l", symlink("no2")), "CC"),
    ("71 second hard link", "COPY b /x", HARD, HARD_EDITED, "CC"),
    ("71 first hard link", "COPY a /x", HARD, HARD_EDITED, "RR"),
    ("72 folder behind a link", "COPY d /x", OTHER_DIR, OTHER_DIR.with_bytes("o/a", b"2"), "CC"),
    ("file behind a link", "COPY d /x", START.with_entry("d/l", symlink("../a")),
     START.with_entry("d/l", symlink("../a")).with_bytes("a", b"2"), "RR"),
    ("99 archive", "ADD t.tar /x/", START, START.with_bytes("t.tar", b"gz"), "RR"),
]


@pytest.mark.parametrize(("name", "step", "before", "after", "wanted"), FILES_CHANGE, ids=[c[0] for c in FILES_CHANGE])
def test_a_change_of_files(name: str, step: str, before: ContextSnapshot, after: ContextSnapshot, wanted: str) -> None:
    assert after_change((step, TAIL), before, after) == wanted


def test_a_renamed_file_is_another_file() -> None:      # 56
    _, store = build(lines("COPY f /f", TAIL))
    assert letters(build(lines("COPY g /f", TAIL), store, context=ContextSnapshot.of(FILES).renamed("f", "g"))[0]) == "RR"


def test_a_link_counts_as_its_target() -> None:         # 73
    linked = START.with_entry("l", symlink("a"))
    _, store = build(lines("COPY l /x", TAIL), context=linked)
    assert letters(build(lines("COPY a /x", TAIL), store, context=linked)[0]) == "CC"


def test_the_dockerfile_is_part_of_the_context_unless_ignored() -> None:    # 66, 67
    for files, wanted in ((ContextSnapshot.of(FILES), "RR"), (START, "CR")):
        _, store = build(lines("COPY . /d", "RUN 1"), context=files)
        assert letters(build(lines("COPY . /d", "RUN 2"), store, context=files)[0]) == wanted


def test_the_ignore_file_is_part_of_the_context_unless_it_names_itself() -> None:       # 68
    for text, wanted in (("Dockerfile\n", "RR"), ("Dockerfile\n.dockerignore\n", "CC")):
        before = context(**{".dockerignore": text.encode()})
        after = before.with_bytes(".dockerignore", (text + "# note\n").encode())
        assert after_change(("COPY . /d", TAIL), before, after) == wanted


def test_only_the_ignore_file_at_the_root_is_read() -> None:
    files = START.with_bytes("Dockerfile.dockerignore", b"d\n")
    report, _ = build(lines("COPY d /d"), context=files)
    assert not report.error
    assert "classic-ignore-file" in {d.code for d in report.diagnostics}


def test_a_folder_that_is_brought_back_has_no_mode() -> None:
    before = context(**{".dockerignore": b"*\n!d/x\n"})
    assert after_change(("COPY d /d", TAIL), before, before.chmod("d", 0o700)) == "CC"
    assert after_change(("COPY d /d", TAIL), before, before.with_bytes("d/x", b"2")) == "RR"


def test_the_sdk_keeps_owners() -> None:                # 101
    text = lines("COPY f /f", TAIL)
    parsed, options = parse(text), BuildOptions()
    request = BuildRequest(parsed, START.with_entry("f", regular_file(START.get("f").digest, 1, uid=1000)), options,  # type: ignore[union-attr]
                           EngineKind.CLASSIC, bases=base())
    graph = resolve(parsed, options, base(), EngineKind.CLASSIC)
    _, store = Classic().run(request, graph, EMPTY_STORE, SILENT)
    for keep, wanted in ((False, Outcome.HIT), (True, Outcome.MISS)):
        verdict, _ = Classic(keep_owners=keep).run(request, graph, store, SILENT)
        assert verdict.steps[1].outcome is wanted


# -- stages ---------------------------------------------------------------------------------------------------------------

TWO = "FROM base:1 AS a\nRUN echo 1 >/o\nFROM base:1\nLABEL l=1\nCOPY --from=a /o /o\nRUN x\n"


def test_a_copy_from_a_stage_that_ran_again_is_uncertain() -> None:     # 75
    _, store = build(TWO)
    report, _ = build(TWO.replace(">/o", ">/o; true"), store)
    assert letters(report) == "RC??"
    assert [s.likely for s in report.steps if s.step.id.stage == 1][2:] == [Outcome.HIT, Outcome.HIT]
    assert any("RUN" in a.text for a in report.assumptions)
    report, _ = build(TWO.replace("echo 1", "echo 2"), store)
    assert letters(report) == "RC??"
    assert [s.likely for s in report.steps if s.step.id.stage == 1][2:] == [Outcome.MISS, Outcome.MISS]


@pytest.mark.parametrize("words", ["--from=0 /o", "--from=A /o", "--from=a o", "--from=a ./o"])
def test_ways_to_name_the_same_source(words: str) -> None:             # 78
    _, store = build(TWO)
    assert letters(build(TWO.replace("--from=a /o", words), store)[0]) == "CCCC"


def test_files_that_are_known_are_compared_by_their_bytes() -> None:
    text = "FROM scratch AS a\nCOPY f /f\nFROM base:1\nCOPY --from=a /f /f\n" + TAIL + "\n"
    _, store = build(text)
    assert letters(build(text.replace("COPY f", "LABEL x=1\nCOPY f"), store)[0]) == "RRCC"


def test_stages_are_all_built_up_to_the_target() -> None:
    text = "FROM base:1 AS a\nRUN 1\nFROM base:1 AS b\nRUN 2\nFROM base:1\nRUN 3\n"
    report, store = build(text)
    assert letters(report) == "RRR"
    assert letters(build(text.replace("RUN 1", "RUN one"), store)[0]) == "RCC"      # 80
    report, _ = build(text, store, target="B")
    assert letters(report) == "CC-"
    assert report.steps[-3].vertices[0].name == "Step 4/4 : RUN 2"
    assert "could not be found" in build(text, store, target="0")[0].error


def test_a_stage_on_a_stage_follows_it() -> None:       # 79
    text = "FROM base:1 AS a\nRUN 1\nFROM a\nRUN end\n"
    _, store = build(text)
    assert letters(build(text, store)[0]) == "CC"
    report, _ = build(text.replace("RUN 1", "RUN one"), store)
    assert letters(report) == "RR"
    assert report.steps[-1].reason is MissReason.PARENT and report.steps[-1].cause_step == report.steps[1].step.id


def test_equal_stages_share_their_steps_within_a_build() -> None:       # 81
    text = "FROM base:1\nRUN 1\nFROM base:1\nRUN 1\n"
    report, store = build(text)
    assert letters(report) == "RC"
    assert letters(build(text, store, no_cache=True)[0]) == "RR"


def test_the_newest_child_wins() -> None:               # 83
    _, store = build(lines("RUN 1", "RUN 2", "RUN 3"))
    _, store = build(lines("RUN 1", "RUN 2"), store, no_cache=True)
    assert letters(build(lines("RUN 1", "RUN 2", "RUN 3"), store)[0]) == "CCR"


def test_a_revert_hits_again() -> None:                 # 27
    _, store = build(lines("RUN 1", "RUN 2"))
    _, store = build(lines("RUN 1x", "RUN 2"), store)
    assert letters(build(lines("RUN 1", "RUN 2"), store)[0]) == "CC"


def test_no_cache_says_so() -> None:                    # 82
    _, store = build(lines("RUN 1", "ENV A=1"))
    report, _ = build(lines("RUN 1", "ENV A=1"), store, no_cache=True)
    assert letters(report) == "RR"
    assert {s.reason for s in report.steps[1:]} == {MissReason.NO_CACHE}


def test_what_was_done_before_a_failure_is_kept() -> None:      # 84
    report, store = build(lines("RUN 1", "COPY nothing /", "RUN 3"))
    assert letters(report) == "RF-" and "COPY failed: file not found" in report.error
    assert letters(build(lines("RUN 1", "RUN true", "RUN 3"), store)[0]) == "CRR"


def test_a_moved_tag_and_back() -> None:                # 93
    _, store = build(lines("RUN 1"))
    moved = base(identity="2")
    report, store = build(lines("RUN 1"), store, bases=moved)
    assert letters(report) == "R"
    assert letters(build(lines("RUN 1"), store)[0]) == "C"


def test_another_platform_never_hits_on_a_local_base() -> None:         # 95
    store = EMPTY_STORE
    for _ in range(2):
        report, store = build(lines("RUN 1"), store, platform="linux/arm64")
        assert letters(report) == "R"


def test_labels_are_steps_of_their_own() -> None:       # 96
    report, store = build(lines("RUN 1"), labels=(("b", "$x"), ("a", "1")))
    assert [v.name for s in report.steps for v in s.vertices][-2:] == ["Step 3/4 : LABEL a=1", "Step 4/4 : LABEL b=$x"]
    assert letters(build(lines("RUN 1"), store, labels=(("a", "1"), ("b", "$x")))[0]) == "CCC"
    assert letters(build(lines("RUN 1"), store, labels=(("a", "1"), ("b", "2")))[0]) == "CCR"


def test_triggers_run_without_a_line_of_their_own() -> None:            # 100
    bases = base(ImageConfig(env=(("PATH", "/bin"),), onbuild=("COPY f /f", "RUN trigger")))
    report, store = build(lines("RUN after"), bases=bases)
    assert letters(report) == "RRR"
    assert [v.name for s in report.steps for v in s.vertices] == ["Step 1/2 : FROM base:1", "Step 2/2 : RUN after"]
    assert letters(build(lines("RUN after"), store, bases=bases)[0]) == "CCC"
    edited_file = ContextSnapshot.of(FILES).with_bytes("f", b"2")
    assert letters(build(lines("RUN after"), store, bases=bases, context=edited_file)[0]) == "RRR"


def test_scratch_has_children_too() -> None:            # 102
    text = "FROM scratch\nCOPY f /f\nENV A=1\nWORKDIR /w\n"
    _, store = build(text)
    assert letters(build(text, store)[0]) == "CCC"


def test_cache_from_replaces_the_search() -> None:      # 86, 87
    _, store = build(lines("ENV A=1", "RUN 1"))
    assert letters(build(lines("ENV A=1", "RUN 1"), store, cache_from=("app",))[0]) == "CC"
    assert letters(build(lines("ENV A=1", "RUN 1"), store, cache_from=("base:1",))[0]) == "RR"
    assert letters(build(lines("ENV A=1", "RUN 1"), cache_from=("app",))[0]) == "RR"


# -- what is refused, and what is read past -------------------------------------------------------------------------------

REFUSED = [
    ("RUN --mount=type=cache,target=/c x", "the --mount option requires BuildKit"),
    ("RUN --network=none x", "the --network option requires BuildKit"),
    ("COPY --chmod=600 f /f", "the --chmod option requires BuildKit"),
    ("COPY <<EOF /x\nhi\nEOF", "COPY failed: no source files were specified"),
    ("COPY *.none /x/", "COPY failed: no source files were specified"),
    ("COPY ../f /x", "forbidden path outside the build context"),
    ("COPY a b /x", "the destination must be a directory and end with a /"),
    ("COPY a b .", "the destination must be a directory and end with a /"),
    ("COPY --from=1 /x /x", "index out of bounds"),
    ("COPY --from=0 /x /x", "refers to current build stage"),
    ("COPY --from=$V /x /x", "invalid reference format"),
    ("COPY http://h/f /x", "source can't be a URL for COPY"),
    ("STOPSIGNAL nope", "invalid signal: nope"),
    ("EXPOSE many", "invalid containerPort: many"),
    ("ENV A=${B:?no}", "B: no"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_refused_at_the_step(line: str, message: str) -> None:
    report, store = build(lines("RUN before", line, TAIL))
    assert letters(report) == "RF-"
    assert message in report.error and message in report.steps[2].error
    assert letters(build(lines("RUN before"), store)[0]) == "C"


def test_a_wrong_flag_refuses_the_whole_file() -> None:
    report, store = build(lines("RUN before", "COPY --parents f /f"))
    assert "unknown flag: parents" in report.error.replace("--", "")
    assert letters(build(lines("RUN before"), store)[0]) == "R"


def test_a_stage_name_is_used_once() -> None:
    report, _ = build("FROM base:1 AS a\nRUN 1\nFROM base:1 AS a\nRUN 2\n")
    assert "stage name already used" in report.error
    assert letters(report) == "R-"


def test_a_stage_behind_the_target_may_be_wrong() -> None:
    text = "FROM base:1 AS a\nRUN 1\nFROM $NOTHING\nRUN 2\n"
    assert not build(text, target="a")[0].error
    assert "should not be blank" in build(text)[0].error


IGNORED = [
    ("RUN <<EOF\nx\nEOF", "classic-heredoc"), ("COPY f <<EOF /x/\nx\nEOF", "classic-heredoc"),
    ("COPY --link f /f", "classic-link"),
    ("COPY --exclude=x d /d", "classic-exclude"), ("ARG TARGETARCH", "classic-platform-arg"),
]


@pytest.mark.parametrize(("line", "code"), IGNORED)
def test_what_has_no_effect_is_warned_about(line: str, code: str) -> None:
    report, _ = build(lines(line))
    assert not report.error
    assert code in {d.code for d in report.diagnostics}


def test_platform_arguments_are_not_set() -> None:
    report, _ = build(lines("ARG TARGETARCH", "ENV A=x$TARGETARCH"))
    assert report.history[-1].created_by == "/bin/sh -c #(nop)  ENV A=x"


# -- names, history, reasons ----------------------------------------------------------------------------------------------


def test_names_and_history() -> None:
    report, _ = build("ARG G=1\n" + lines("ARG V=1", "copy   f  /f", 'CMD ["x"]', "RUN echo hi"))
    assert [v.name for s in report.steps for v in s.vertices] == [
        "Step 1/6 : ARG G=1", "Step 2/6 : FROM base:1", "Step 3/6 : ARG V=1", "Step 4/6 : copy   f  /f", 'Step 5/6 : CMD ["x"]',
        "Step 6/6 : RUN echo hi"]
    created = [h.created_by for h in report.history]
    assert created[0] == "/bin/sh -c #(nop)  ARG V=1"
    assert created[1].startswith("/bin/sh -c #(nop) COPY file:") and created[1].endswith(" in /f ")
    assert created[2:] == ['/bin/sh -c #(nop)  CMD ["x"]', "|1 V=1 /bin/sh -c echo hi"]
    assert [h.empty for h in report.history] == [True, False, True, False]


def test_reasons_name_what_changed() -> None:
    _, store = build(lines("ARG V", "COPY f /f", "RUN x", "CMD c"), args={"V": "1"}, context=START)
    report, _ = build(lines("ARG V", "COPY f /f", "RUN x", "CMD c"), store, args={"V": "2"}, context=START)
    assert report.steps[3].reason is MissReason.PART
    assert [(c.label, c.old, c.new) for c in report.steps[3].changes if c.label == "ARG V"] == [("ARG V", "1", "2")]
    assert report.steps[4].reason is MissReason.PARENT and report.steps[4].cause_step == report.steps[3].step.id
    report, _ = build(lines("ARG V", "COPY f /f", "RUN x", "CMD c"), store, args={"V": "1"}, context=START.with_bytes("f", b"22"))
    assert report.steps[2].reason is MissReason.PART and report.steps[2].changes[0].label == "f"


def test_a_change_above_is_not_blamed_on_the_configuration_it_leaves() -> None:
    _, store = build(lines("ENV A=1", "RUN x"))
    report, _ = build(lines("ENV A=2", "RUN x"), store)
    assert [s.reason for s in report.steps[1:]] == [MissReason.PART, MissReason.PARENT]


def test_a_hit_knows_its_build_and_the_old_store_is_untouched() -> None:
    _, one = build(lines("RUN 1"))
    build(lines("RUN other"), one)
    report, _ = build(lines("RUN other"), one)
    assert letters(report) == "R"
    _, two = build(lines("RUN other"), one)
    assert letters(build(lines("RUN 1"), two)[0]) == "C"


def test_a_long_file_needs_no_deep_stack() -> None:
    steps = [f"RUN echo {i} > /f{i}" for i in range(3000)]
    text = lines(*steps) + "FROM base:1\nCOPY --from=0 /f1 /f1\n"
    _, store = build(text)
    assert set(letters(build(text, store)[0])) == {"C"}


# -- what files alone decide ----------------------------------------------------------------------------------------------

STOPS = [
    ("RUN echo 1 > /o", "COPY --from=0 /data* /x/", "no source files were specified"),
    ('RUN ["sh", "-c", "echo 1 > /o"]', "COPY --from=0 /*.h /x/", "no source files were specified"),
    ("RUN if true; then cp /o /p; fi", "COPY --from=0 /data* /x/", "no source files were specified"),
    ("RUN true", "COPY a /a/b/c\nCOPY a b /a/b/c/", "not a directory"),
    ("RUN true", "COPY a /opt\nCOPY d /opt/", "not a directory"), ("RUN true", "COPY a /opt\nCOPY a b /opt/", "not a directory"),
]
GOES_ON = [
    ("RUN echo 1 > /data1", "COPY --from=0 /data* /x/"), ("RUN make", "COPY --from=0 /data* /x/"),
    ("RUN true", "COPY --from=0 /et* /x/"),
    ("RUN true", "COPY a /etc\nCOPY a b /etc/"), ("RUN true", "COPY d /a/b\nCOPY a /a/b\nCOPY a b /a/b/"),
    ("RUN true", "COPY a /a/b\nRUN rm /a/b\nCOPY a b /a/b/"),
]


@pytest.mark.parametrize(("first", "then", "message"), STOPS)
def test_what_certainly_is_not_there(first: str, then: str, message: str) -> None:
    assert message in build(lines(first) + "FROM base:1\n" + then + "\n")[0].error


@pytest.mark.parametrize(("first", "then"), GOES_ON)
def test_what_may_be_there(first: str, then: str) -> None:
    assert not build(lines(first) + "FROM base:1\n" + then + "\n")[0].error


def test_a_folder_that_only_real_images_have() -> None:
    real = {REF: replace(base()[REF], source="engine")}
    copies = lines("COPY a /opt", "COPY a b /opt/")
    assert not build(copies, bases=real)[0].error and build(copies)[0].error
    onto = "FROM base:1 AS s\nCOPY a /opt\nFROM s\nCOPY a b /opt/\n"
    assert not build(onto, bases=real)[0].error and build(onto)[0].error
    assert "not a directory" in build("FROM scratch\nCOPY a /opt\nCOPY d /opt/\n", bases=real)[0].error


def test_a_container_that_cannot_start() -> None:
    assert "no such file or directory" in build("FROM scratch\nCOPY f /f\nRUN /bin/sh\n")[0].error
    assert not build("FROM scratch\nCOPY f /f\nRUN [\"/f\"]\n")[0].error
    assert "cannot mount volume" in build("FROM scratch\nVOLUME /w\nCOPY f /w\nENV A=1\n")[0].error
