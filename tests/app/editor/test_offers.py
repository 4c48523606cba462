"""Is what completion offers what could stand there?"""

from __future__ import annotations

import pytest

from cachesim.app.editor.explain import FLAGS, INSTRUCTIONS, explain
from cachesim.app.editor.offers import Known, known_of, offers
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import EMPTY_DIR, ContextSnapshot, regular_file
from cachesim.digest import Digest, digest_of_bytes
from cachesim.dockerfile import build, nodes
from cachesim.dockerfile.parser import parse

TEXT = """\
ARG VERSION=3.12
FROM python:${VERSION}-slim AS base
ARG MODE=fast
ENV APP_HOME=/srv PORT=80
FROM base AS build
ARG VERSION
ENV TARGET=x
"""


def files() -> ContextSnapshot:
    found = ContextSnapshot(EMPTY_DIR)
    for path in ("src/app.py", "src/web/index.html", "requirements.txt", "README.md", ".dockerignore"):
        found = found.with_entry(path, regular_file(digest_of_bytes(path.encode()), 1234))
    return found.with_entry("src/secret.env", regular_file(Digest(""), 10))


def known() -> Known:
    return known_of(parse(TEXT), files(), ["assets"], IgnoreMatcher.parse("*.md\n**/*.env\n"))


def texts(head: str) -> list[str]:
    return [offer.text for offer in offers(head, known).items]


def test_instructions_at_the_start() -> None:
    assert texts("E") == ["ENV", "ENTRYPOINT", "EXPOSE"]
    assert texts("en") == ["ENV", "ENTRYPOINT"]
    assert set(texts("")) == set(INSTRUCTIONS)
    assert texts("CMD") == []
    assert texts("ONBUILD CO") == ["COPY"]
    assert offers("cop", known).prefix == "cop"


def test_flags_after_the_keyword_only() -> None:
    assert texts("COPY --") == ["--from=", "--chown=", "--chmod=", "--link", "--exclude="]
    assert texts("COPY --ch") == ["--chown=", "--chmod="]
    assert texts("RUN --mount=type=cache,target=/c --n") == ["--network="]
    assert texts("RUN pip --") == []
    assert texts("RUN --network=") == ["default", "none", "host"]


def test_stages_after_from() -> None:
    assert texts("COPY --from=") == ["base", "build", "assets"]
    assert texts("COPY --from=bu") == ["build"]
    assert texts("FROM ") == ["base", "build", "assets", "python:${VERSION}-slim", "scratch"]
    assert texts("FROM base ") == ["AS"]
    assert texts("FROM base AS x") == []
    assert texts("FROM --platform=$B") == ["BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"]


def test_variables_of_the_scope() -> None:
    assert texts("RUN echo $") == ["VERSION", "TARGET"]
    assert texts("RUN echo ${T") == ["TARGET}"]
    assert texts("FROM python:$V") == ["VERSION"]
    assert texts(r"RUN echo \$") == []
    assert "TARGETPLATFORM" in texts("ARG TARGET")
    assert "VERSION" in texts("ARG V")


def test_paths_of_the_context() -> None:
    assert texts("COPY ") == ["src/", "README.md", "requirements.txt"]
    assert texts("COPY .d") == [".dockerignore"]
    assert texts("COPY requirements.txt src/") == ["web/", "app.py", "secret.env"]
    assert texts('COPY ["sr') == ["src/"]
    assert texts("COPY --from=build ") == []
    assert texts("RUN --mount=type=bind,source=src/w") == ["web/"]
    assert offers("COPY src/sec", known).items[0].detail == "ignored by line 2"


def test_mounts() -> None:
    assert texts("RUN --mount=") == ["type=", "source=", "target=", "from=", "rw"]
    assert texts("RUN --mount=type=c") == ["cache"]
    assert "sharing=" in texts("RUN --mount=type=cache,")
    assert texts("RUN --mount=type=cache,sharing=l") == ["locked"]
    assert texts("RUN --mount=from=b") == ["base", "build"]


def test_directives_and_comments() -> None:
    assert texts("# s") == ["syntax="]
    assert texts("# a long comment s") == []


def test_nothing_is_looked_up_for_keywords() -> None:
    def never() -> Known:
        raise AssertionError("asked for the stages")
    offers("CO", never)
    offers("RUN pip install x", never)
    offers("COPY --l", never)


def test_texts_know_what_the_parser_knows() -> None:
    assert set(INSTRUCTIONS) == set(nodes.KEYWORDS)
    assert {k: set(v) for k, v in FLAGS.items()} == {k: set(v) for k, v in build.FLAGS.items()}


@pytest.mark.parametrize(("keyword", "word", "start"), [
    ("COPY", "COPY", "COPY: Copies files"), ("COPY", "--from=build", "COPY --from: Copies from a stage"),
    ("RUN", "--mount=type=cache", "RUN --mount: Mounts"), ("FROM", "$TARGETARCH", "$TARGETARCH: its processor"),
    ("#", "syntax=docker/dockerfile:1", "# syntax=: Chooses"), ("#", "just words", "A comment"), ("NONSENSE", "x", ""),
])
def test_explain(keyword: str, word: str, start: str) -> None:
    assert explain(keyword, word).startswith(start)
    assert bool(explain(keyword, word)) == bool(start)
