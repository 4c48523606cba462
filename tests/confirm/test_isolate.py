"""Bases with a unique layer."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cachesim.cache.store import EMPTY_STORE
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.isolate import (
    LABEL,
    NONCE_FILE,
    Base,
    Isolation,
    bases_of,
    changes_of,
    from_words,
    isolated,
    linked_copies,
    nonce_image,
    tar_of,
)
from cachesim.confirm.script import Command, Finished, Work, drive
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.errors import EngineError
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig, ImageStore, NetworkMode
from cachesim.graph.resolve import resolve
from cachesim.pipeline import simulate
from cachesim.progress import Progress
from cachesim.project.state import ProjectState

DIGEST = "sha256:" + "ab" * 32


def state_of(text: str, **options: object) -> ProjectState:
    return ProjectState(text, ContextSnapshot.of({"f": b"1"}), BuildOptions(**options))  # type: ignore[arg-type]


def graph_of(state: ProjectState) -> BuildGraph:
    return resolve(parse(state.text), state.options, state.bases)


def names(text: str, read_too: bool = False, **options: object) -> list[tuple[str, str]]:
    return [(b.ref, b.context) for b in bases_of(graph_of(state_of(text, **options)), read_too=read_too)]


def test_bases_of_all_needed_stages() -> None:
    text = ("FROM unused:1 AS u\nFROM busybox:1.36 AS a\nFROM a AS b\nFROM ghcr.io/x/y AS c\nFROM scratch\n"
            "COPY --from=b /x /x\nCOPY --from=c /x /y\n")
    assert names(text) == [("docker.io/library/busybox:1.36", "busybox:1.36"), ("ghcr.io/x/y:latest", "ghcr.io/x/y"),
                           ("", "cachesim-base-scratch")]


def test_images_that_are_only_read_need_no_unique_layer_but_a_stand_in() -> None:
    text = "FROM busybox:1.36\nCOPY --from=nginx:1 /x /x\nRUN --mount=from=tools,target=/t true\n"
    assert [n for _, n in names(text)] == ["busybox:1.36"]
    assert [n for _, n in names(text, read_too=True)] == ["busybox:1.36", "nginx:1", "tools"]
    assert from_words(graph_of(state_of(text))) == ("busybox:1.36", "nginx:1", "tools")


def test_what_no_named_context_replaces_gets_an_alias() -> None:
    assert names(f"FROM busybox@{DIGEST}\n") == [(f"docker.io/library/busybox@{DIGEST}", "cachesim-base-" + "ab" * 6)]


def test_named_contexts_of_the_person_are_built_upon() -> None:
    text = "FROM base\n"
    assert names(text, contexts=(("base", "docker-image://other:2"),)) == [("docker.io/library/other:2", "base")]
    assert names(text, contexts=(("base", "folder"),)) == []


def test_the_isolated_state() -> None:
    state = state_of(f"FROM busybox:1.36 AS a\nFROM scratch\nCOPY --from=a /x /\nFROM busybox@{DIGEST}\nCOPY f /f\n"
                     "COPY --from=1 / /\n")
    graph = graph_of(state)
    images = {base: BaseImage(f"localhost/cachesim/nonce:t-{n}", f"chain{n}", f"id{n}", ImageConfig())
              for n, base in enumerate(bases_of(graph))}
    target = isolated(state, graph, Isolation(images))
    alias = "cachesim-base-" + "ab" * 6
    assert target.text == (f"FROM busybox:1.36 AS a\nFROM cachesim-base-scratch\nCOPY --from=a /x /\nFROM {alias}\n"
                           "COPY f /f\nCOPY --from=1 / /\n")
    assert sorted(target.options.contexts) == [
        ("busybox:1.36", "docker-image://localhost/cachesim/nonce:t-0"),
        (alias, "docker-image://localhost/cachesim/nonce:t-2"),
        ("cachesim-base-scratch", "docker-image://localhost/cachesim/nonce:t-1")]
    assert target.context is state.context
    assert target.bases["localhost/cachesim/nonce:t-1"].chain == "chain1"
    report, _ = simulate(target.request("x"), EMPTY_STORE)
    printed = [v.name for s in report.steps for v in s.vertices if "COPY" in v.name]
    assert "[stage-2 1/3] COPY f /f" in printed      # a named context takes no number but is counted


def test_linked_copies_are_named() -> None:
    state = state_of("FROM busybox:1.36\nRUN true\nCOPY --link f /f\nCOPY f /g\n")
    report, _ = simulate(state.request("x"), EMPTY_STORE)
    assert list(linked_copies(report)) == ["[3/4] COPY --link f /f"]
    from dataclasses import replace
    report, _ = simulate(replace(state, store=ImageStore.GRAPHDRIVER).request("x"), EMPTY_STORE)
    assert linked_copies(report) == {}


def test_tar_of() -> None:
    data = tar_of({"bin/sh": (0o755, b"x"), "etc/passwd": (0o644, b"")}, ("tmp", "a/b"))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {m.name: (m.isdir(), m.mode) for m in archive.getmembers()}
    assert found == {"a": (True, 0o755), "a/b": (True, 0o755), "bin": (True, 0o755), "etc": (True, 0o755),
                     "tmp": (True, 0o1777), "bin/sh": (False, 0o755), "etc/passwd": (False, 0o644)}
    assert data == tar_of({"etc/passwd": (0o644, b""), "bin/sh": (0o755, b"x")}, ("a/b", "tmp"))


def test_configuration_flags() -> None:
    config = ImageConfig(env=(("A", 'x "y" $z'),), workdir="/w", user="u", onbuild=("RUN x",))
    assert changes_of(config, "t") == ["--change", f"LABEL {LABEL}=t", "--change", 'ENV A="x \\"y\\" \\$z"', "--change",
                                       "WORKDIR /w", "--change", "USER u", "--change", "ONBUILD RUN x"]


class Answers:
    """Runs work, and answers commands from a table of (piece of the command line, answer)."""

    def __init__(self, *table: tuple[str, Finished]) -> None:
        self.table, self.asked = table, list[str]()

    def __call__(self, item: Command | Work) -> object:
        if isinstance(item, Work):
            return item.run(Progress())
        words = " ".join(item.argv)
        self.asked.append(words)
        return next((answer for piece, answer in self.table if piece in words), Finished(0))


MADE = Finished(0, '{"Id": "sha256:n", "RootFS": {"Layers": ["a", "n"]}, "Config": {"Env": ["PATH=/bin"]}}')
BASE = Base("docker.io/library/busybox:1.36", alias="")


def test_a_nonce_is_built_on_the_base(tmp_path: Path) -> None:
    answers = Answers(("inspect --format {{json .}} localhost", MADE), ("inspect", Finished(1)))
    options = BuildOptions(platform="linux/arm64", network=NetworkMode.DEFAULT)
    made = drive(nonce_image(EngineChoice(), BASE, "tok", 3, tmp_path, options), answers)
    assert (made.ref, made.manifest) == ("localhost/cachesim/nonce:tok-3", "sha256:n")
    assert made.config is not None and made.config.env == (("PATH", "/bin"),)
    build = next(words for words in answers.asked if "buildx build" in words)
    for piece in ("--network none", "--platform linux/arm64", "--tag localhost/cachesim/nonce:tok-3"):
        assert piece in build
    assert (tmp_path / "nonce-3" / "Dockerfile").read_text() == (
        f"FROM docker.io/library/busybox:1.36\nLABEL {LABEL}=tok\nCOPY nonce /{NONCE_FILE}\n")
    assert (tmp_path / "nonce-3" / "nonce").read_text() == made.ref


def test_a_base_with_triggers_is_committed_so_that_they_stay(tmp_path: Path) -> None:
    known = Finished(0, '{"Id": "x", "RootFS": {"Layers": ["a"]}, "Config": {"OnBuild": ["RUN x"]}}')
    answers = Answers(("localhost", MADE), ("image inspect", known))
    drive(nonce_image(EngineChoice(), BASE, "tok", 0, tmp_path, BuildOptions()), answers)
    verbs = [words.split()[1] for words in answers.asked]
    assert verbs == ["image", "create", "cp", "commit", "rm", "image"]
    assert "--change ONBUILD RUN x" in answers.asked[3]


def test_the_container_goes_also_when_the_commit_fails(tmp_path: Path) -> None:
    known = Finished(0, '{"Id": "x", "RootFS": {"Layers": ["a"]}, "Config": {"OnBuild": ["RUN x"]}}')
    answers = Answers(("commit", Finished(1, err="refused")), ("image inspect", known))
    with pytest.raises(EngineError, match="refused"):
        drive(nonce_image(EngineChoice(), BASE, "tok", 0, tmp_path, BuildOptions()), answers)
    assert answers.asked[-1].startswith("docker rm --force cachesim-tok")


def test_scratch_is_one_layer_alone(tmp_path: Path) -> None:
    answers = Answers(("inspect", MADE))
    drive(nonce_image(EngineChoice(context="far"), Base("", alias="a"), "tok", 1, tmp_path, BuildOptions()), answers)
    assert answers.asked[0].startswith(f"docker --context far import --change LABEL {LABEL}=tok")
    with tarfile.open(tmp_path / "nonce-1.tar") as archive:
        assert archive.getnames() == [NONCE_FILE]


def test_a_base_that_cannot_be_had(tmp_path: Path) -> None:
    answers = Answers(("buildx build", Finished(1, err="#1\nERROR: no such host\n")), ("inspect", Finished(1)))
    with pytest.raises(EngineError, match="no such host"):
        drive(nonce_image(EngineChoice(), BASE, "tok", 0, tmp_path, BuildOptions()), answers)
