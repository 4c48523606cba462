"""Does every row of the containerd store's truth table come out as the engine had it?"""

from __future__ import annotations

from typing import Any

import pytest

from cachesim.graph.options import ImageStore
from tests.conformance.truth_table import ERROR, SAME, Build, Row, compared, covered, image, row

LINK_RUN = "COPY --link f /f; RUN r"
LINKED_FROM = "FROM base:1 AS b; RUN {}; FROM base:1; COPY --link --from=b /o /o; RUN z"
PRODUCER = "FROM base:1 AS p; RUN {}; COPY --link f /f; FROM base:1; COPY --link --from=p /f /g"


def case(number: int, words: str, first: str | Build, *then: str | Build) -> Any:
    return row(number, words, first, *then, store=ImageStore.CONTAINERD)


def based(text: str, *images: Any, platform: str = "") -> Build:
    return Build(text, bases=images, options={"platform": platform} if platform else {})


def on(ref: str, *lines: str) -> str:
    return "; ".join((f"FROM {ref}", *lines))


LATER = image("later:1", "layers", "another manifest")
THIRD = image("third:1", "layers", "a third manifest")
OTHER = image("other:1", "other layers")
MOVED = image("base:1", "other layers")
ALIASES = ("tag:2", "base@sha256:" + "0" * 64, "base:latest@sha256:" + "0" * 64)

ROWS = [
    case(1, "the same", "COPY f /f; RUN r", SAME, "C C"),

    # bases
    *(case(2, ref, on("base:1", "RUN a"), based(on(ref, "RUN a"), image(ref)), "C") for ref in ALIASES),
    case(3, "equal layers, other config", on("base:1", "RUN a"), based(on("later:1", "RUN a"), LATER), "C"),
    case(4, "equal layers, step first executed after the first use", on("base:1", "RUN a"), on("base:1", "RUN b"), "X",
         based(on("later:1", "RUN b"), LATER), "X"),
    case(5, "step of a later image on the first one", on("base:1", "RUN a"), based(on("later:1", "RUN b"), LATER), "X", on("base:1", "RUN b"), "X"),
    case(5, "step of a later image on a third one", on("base:1", "RUN a"), based(on("later:1", "RUN b"), LATER), "X",
         based(on("third:1", "RUN b"), THIRD), "C"),
    case(6, "equal layers, other ENV", on("base:1", "RUN a"), based(on("later:1", "RUN a"), image("later:1", "layers", "m", env=(("A", "1"),))), "X"),
    case(6, "equal layers, other USER", on("base:1", "RUN a"), based(on("later:1", "RUN a"), image("later:1", "layers", "m", user="1")), "X"),
    case(7, "base imported again", on("base:1", "RUN a"), Build(bases=[image("base:1", "layers", "imported later")]), "C"),
    case(8, "tag moved to an image built on already", based(on("other:1", "RUN a"), OTHER), on("base:1", "RUN a"), "X", Build(bases=[MOVED]), "C"),
    case(8, "tag moved to an image never used", on("base:1", "RUN a"), Build(bases=[MOVED]), "X"),
    case(9, "base from the registry", on("base:1", "RUN a"), Build(options={"pull": True}), "C"),
    case(10, "base without layers, relabelled", based(on("empty:1", "COPY f /f"), image("empty:1", has_layers=False)),
         Build(bases=[image("empty:1", manifest="m", has_layers=False, labels={"a": "1"})]), "C"),

    # --link
    case(11, "step above edited", on("base:1", "RUN a", LINK_RUN), on("base:1", "RUN n", LINK_RUN), "X C,X X"),
    case(12, "file edited", LINK_RUN, Build(files={"f": b"n"}), "X,X X"),
    case(13, "first of two files edited", "COPY --link f /f; COPY --link g /g; RUN r", Build(files={"f": b"n"}), "X,X C,X X"),
    case(14, "second of two files edited", "COPY --link f /f; COPY --link g /g; RUN r", Build(files={"g": b"n"}), "C,C X,X X"),
    case(15, "two swapped", "COPY --link f /f; COPY --link g /g; RUN r", "COPY --link g /g; COPY --link f /f; RUN r", "C,X C,X X"),
    case(16, "other base", on("base:1", "COPY --link f /f"), based(on("other:1", "COPY --link f /f"), OTHER), "C,X"),
    case(17, "plain on scratch to linked on a base", on("scratch", "COPY f /f"), on("base:1", "COPY --link f /f"), "C,X"),
    case(18, "first on scratch, linked", on("scratch", "COPY f /f"), on("scratch", "COPY --link f /f"), "C"),
    case(18, "first on scratch, plain", on("scratch", "COPY --link f /f"), on("scratch", "COPY f /f"), "C"),
    case(18, "second on scratch, linked", on("scratch", "COPY f /f", "COPY g /g"), on("scratch", "COPY f /f", "COPY --link g /g"), "C X,X"),
    case(19, "off", LINK_RUN, "COPY f /f; RUN r", "X X"),
    case(19, "on", "COPY f /f; RUN r", LINK_RUN, "X,X X"),
    case(20, "with --chmod, step above edited", on("base:1", "RUN a", "COPY --link --chmod=600 f /f", "RUN r"),
         on("base:1", "RUN n", "COPY --link --chmod=600 f /f", "RUN r"), "X X X"),
    case(20, "with --chmod, off", "COPY --link --chmod=600 f /f; RUN r", "COPY --chmod=600 f /f; RUN r", "C C"),
    *(case(21, f"with --chown={owner}, step above edited", on("base:1", "RUN a", f"COPY --link --chown={owner} f /f"),
           on("base:1", "RUN n", f"COPY --link --chown={owner} f /f"), "X C,X") for owner in ("5:6", "root:root")),
    case(21, "with --chown=bob", "RUN r", "COPY --link --chown=bob f /f", ERROR),
    case(22, "other WORKDIR", "WORKDIR /w; COPY --link f ./", "WORKDIR /w2; COPY --link f ./", "X X,X"),
    case(22, "destination spelled out", "WORKDIR /w; COPY --link f ./", "WORKDIR /w; COPY --link f /w/", "C C,C"),
    case(23, "from a changed stage, equal bytes", LINKED_FROM.format("echo 1 > /o"), LINKED_FROM.format("echo 2 && echo 1 > /o"), "X c,c c"),
    case(23, "from a changed stage, bytes known", on("base:1 AS b", "COPY f /o", "FROM base:1", "COPY --link --from=b /o /o", "RUN z"),
         on("base:1 AS b", "COPY g /g", "COPY f /o", "FROM base:1", "COPY --link --from=b /o /o", "RUN z"), "X X C,C C"),
    case(24, "from a changed stage, other bytes", on("base:1 AS b", "COPY f /o", "FROM base:1", "COPY --link --from=b /o /o", "RUN z"),
         Build(files={"f": b"n"}), "X X,X X"),
    case(25, "steps behind LINK", on("base:1", "RUN a", "COPY --link f /f", "WORKDIR /k", "COPY g ."),
         on("base:1", "RUN n", "COPY --link f /f", "WORKDIR /k", "COPY g ."), "X C,X X X"),
    case(26, "ADD to COPY", "ADD --link f /f", "COPY --link f /f", "X,X"),
    case(27, "from a stage that ends with LINK", PRODUCER.format("a"), PRODUCER.format("n"), "X C,X C,C"),
    case(28, "--no-cache", on("base:1", "COPY --link f /f"), Build(options={"no_cache": True}), "X,X"),

    # platforms and named contexts
    case(53, "other platform, equal layers", based(on("base:1", "WORKDIR /w", "RUN a", "COPY f /f"), platform="linux/amd64"),
         based(on("base:1", "WORKDIR /w", "RUN a", "COPY f /f"), image("base:1", "layers", "for 386"), platform="linux/386"), "C X X"),
    case(54, "other platform, step first executed later", based(on("base:1", "RUN a"), platform="linux/amd64"),
         based(on("base:1", "RUN a"), image("base:1", "layers", "for 386"), platform="linux/386"), "X",
         based(on("base:1", "COPY f /ff"), image("base:1"), platform="linux/amd64"), "X",
         based(on("base:1", "COPY f /ff"), image("base:1", "layers", "for 386"), platform="linux/386"), "X"),
    case(55, "other platform on scratch", based(on("scratch", "COPY f /f"), platform="linux/amd64"),
         based(on("scratch", "COPY f /f"), platform="linux/386"), "C"),
    *(case(56, f"base never used by --build-context, {words}", text, Build(options={"contexts": (("base:1", "docker-image://other:1"),)}, bases=[OTHER]), wanted)
      for words, text, wanted in (("step on it", on("base:1", "RUN a"), "X"), ("scratch", on("scratch", "COPY f /f"), "C"),
                                  ("linked", on("base:1", "COPY --link f /f"), "C,X"))),
    case(57, "base removed and imported again", on("base:1", "RUN a", "COPY f /f"), Build(bases=[image("base:1", "layers", "imported later")]), "C C"),
]

_REMOTE_CACHE = "remote caches are not modelled"
_GIT = "needs the commits of a git server"
_PRUNE = "pruning is not modelled: a simulated cache forgets nothing"
NOT_MODELLED = (
    *((number, _REMOTE_CACHE) for number in range(29, 48)),
    *((number, _GIT) for number in range(48, 53)),
    *((number, _PRUNE) for number in (58, 59)),
)


@pytest.mark.parametrize("case", ROWS)
def test_row(case: Row) -> None:
    got, wanted = compared(case)
    assert got == wanted


def test_table_is_whole() -> None:
    assert sorted(covered(ROWS, NOT_MODELLED)) == list(range(1, 60))
