"""Does every row of BuildKit's truth table come out as the engine had it?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cachesim.context.scan import scan_context
from cachesim.context.snapshot import ContextSnapshot, directory, symlink
from cachesim.digest import digest_of_bytes
from cachesim.engines.base import Outcome, RunClaim, RunClaimKind
from cachesim.graph.options import ImageStore, NetworkMode
from tests.conformance import truth_table as table
from tests.conformance.truth_table import ERROR, SAME, Build, Row, file, image, no_write, reports_of, row

COPY_RUN = "COPY f /f; RUN r"


def args(**pairs: str) -> Build:
    return Build(options={"args": tuple(pairs.items())})


def opts(**options: object) -> Build:
    return Build(options=options)


def edit(**files: bytes) -> Build:
    """Change files; `d__f` is d/f."""
    return Build(files={name.replace("__", "/"): data for name, data in files.items()})


def bases(text: str, *images: object) -> Build:
    return Build(text, bases=images)  # type: ignore[arg-type]


ROWS = [
    row(1, "the same", COPY_RUN, SAME, "C C"),

    # ENV and ARG
    row(2, "ENV value", "ENV A=1; COPY f /f; RUN r", "ENV A=2; COPY f /f; RUN r", "C X"),
    row(3, "ENV order", "ENV A=1 B=2; RUN r", "ENV B=2 A=1; RUN r", "X"),
    row(4, "ENV in two lines", "ENV A=1 B=2; RUN r", "ENV A=1; ENV B=2; RUN r", "C"),
    row(5, "ENV A again behind B", "ENV A=1 B=2; RUN r", "ENV A=1 B=2; ENV A=1; RUN r", "X"),
    row(6, "ENV B again, last already", "ENV A=1 B=2; RUN r", "ENV A=1 B=2; ENV B=2; RUN r", "C"),
    row(7, "ENV in the old form", "ENV A 1; RUN r", 'ENV A="1"; RUN r', "C"),
    row(8, "ENV by another variable", "ENV B=1; ENV A=$B; RUN r", "ENV B=1; ENV A=1; RUN r", "C"),
    row(9, "ARG that nobody reads", "ARG A=1; RUN r; COPY f /f", "ARG A=2; RUN r; COPY f /f", "X X"),
    row(10, "ARG without a value", "RUN r", "ARG A; RUN r", "C"),
    row(11, "--build-arg undeclared", "RUN r", args(Z="1"), "C"),
    row(12, "ARG default by --build-arg", "ARG V=1; RUN r", args(V="1"), "C"),
    row(13, "ARG to ENV", "ARG V=1; RUN r", "ENV V=1; RUN r", "C"),
    row(14, "ARG above a COPY", "ARG V=1; COPY f /f", "ARG V=2; COPY f /f", "C"),
    row(15, "ARG in a destination to literal", "ARG V=1; COPY f /f$V", "ARG V=1; COPY f /f1", "C"),
    row(15, "ARG in a destination changed", "ARG V=1; COPY f /f$V", "ARG V=2; COPY f /f$V", "X"),
    row(16, "ARG that an ENV hides", "ARG V=1; ENV V=2; RUN r", "ARG V=9; ENV V=2; RUN r", "C"),
    row(17, "--build-arg of an ARG below an ENV", "ENV V=2; ARG V; RUN r", args(V="7"), "X"),
    row(18, "ARG between COPY and RUN", "COPY f /f; ARG V=1; RUN echo $V", "COPY f /f; ARG V=2; RUN echo $V", "C X"),
    row(19, "global ARG not redeclared", "ARG V=1; FROM base:1; RUN r", "ARG V=2; FROM base:1; RUN r", "C"),
    row(19, "global ARG redeclared", "ARG V=1; FROM base:1; ARG V; RUN r", "ARG V=2; FROM base:1; ARG V; RUN r", "X"),
    row(20, "ARG TARGETARCH", "RUN r", "ARG TARGETARCH; RUN r", "X"),

    # metadata, USER, WORKDIR, SHELL
    *(row(21, line.split()[0], f"{line}; RUN r; {line}", f"{other}; RUN r; {other}", "C") for line, other in (
        ("LABEL a=1", "LABEL a=2"), ("CMD a", "CMD b"), ("EXPOSE 1", "EXPOSE 2"), ("VOLUME /a", "VOLUME /b"),
        ("STOPSIGNAL SIGINT", "STOPSIGNAL SIGTERM"), ("HEALTHCHECK CMD a", "HEALTHCHECK NONE"), ("ENTRYPOINT a", "ENTRYPOINT b"),
        ("MAINTAINER a", "MAINTAINER b"), ("ONBUILD RUN a", "ONBUILD RUN b"))),
    row(22, "USER above COPY and RUN", "USER 1; COPY f /f; RUN r", "USER 2; COPY f /f; RUN r", "C X"),
    row(23, "USER above WORKDIR", "USER 1; WORKDIR /w; COPY f /f", "USER 2; WORKDIR /w; COPY f /f", "X X"),
    row(24, "USER root added", "RUN r", "USER root; RUN r", "X"),
    row(25, "WORKDIR / added", "RUN r", "WORKDIR /; RUN r", "C"),
    row(26, "WORKDIR quoted", "WORKDIR /a; COPY f .; RUN r", 'WORKDIR "/a"; COPY f .; RUN r', "C C C"),
    row(26, "WORKDIR by variable", "ENV X=a; WORKDIR /a; COPY f .; RUN r", "ENV X=a; WORKDIR /$X; COPY f .; RUN r", "C C C"),
    *(row(26, f"WORKDIR spelled {path}", "WORKDIR /a; COPY f .; RUN r", f"WORKDIR {path}; COPY f .; RUN r", "C C X")
      for path in ("/a/", "//a", "/b/../a")),
    row(27, "WORKDIR relative", "WORKDIR /a; WORKDIR /a/b", "WORKDIR /a; WORKDIR b", "C C"),
    row(28, "WORKDIR changed", "WORKDIR /a; COPY f /f", "WORKDIR /b; COPY f /f", "X X"),
    row(29, "SHELL changed", 'SHELL ["/bin/sh", "-ec"]; RUN r; RUN ["r"]', 'SHELL ["/bin/sh", "-xc"]; RUN r; RUN ["r"]', "X X"),
    row(30, "SHELL as it is", "RUN r", 'SHELL ["/bin/sh", "-c"]; RUN r', "C"),
    row(31, "RUN in exec form", "RUN echo hi", 'RUN ["/bin/sh", "-c", "echo hi"]', "C"),

    # text
    row(32, "blank inside", "RUN echo a b", "RUN echo a  b", "X"),
    row(32, "continuation indented", "RUN echo a \\\n  b", "RUN echo a \\\n    b", "X"),
    row(33, "comment in a continuation", "RUN echo a \\\n  b", "RUN echo a \\\n# c\n\n  b", "C"),
    row(34, "keywords in lower case", "COPY f /f; RUN r", "copy f /f; run r", "C C"),

    # COPY: paths and flags
    row(35, "other source name", "COPY g /x", "COPY h /x", "X"),
    row(36, "other source folder", "COPY f /x", "COPY d/f /x", "C"),
    row(37, "slash behind the destination", "COPY f /x", "COPY f /x/", "X"),
    *(row(38, f"destination {dest}", "WORKDIR /w; COPY f .", f"WORKDIR /w; COPY f {dest}", f"C {letter}")
      for dest, letter in (("./", "C"), ("/w/", "C"), ("/w", "X"))),
    *(row(39, line, first, line, "C") for first, line in (
        ("COPY f /x", 'COPY ["f", "/x"]'), ("COPY f /x", 'COPY "f" "/x"'), ("COPY f /x", "COPY ../f /x"),
        ("COPY --chown=1 --chmod=644 f /x", "COPY --chmod=644 --chown=1 f /x"), ("COPY f /x", "COPY f \\\n /x"))),
    row(40, "COPY to ADD", "COPY f /x", "ADD f /x", "X"),
    row(40, "COPY to ADD --unpack=false", "COPY f /x", "ADD --unpack=false f /x", "C"),
    row(41, "--chown=0:0 to root:root", "COPY --chown=0:0 f /x", "COPY --chown=root:root f /x", "C"),
    row(41, "--chown=0:0 to none", "COPY --chown=0:0 f /x", "COPY f /x", "X"),
    row(41, "--chown=bob to 1001", "COPY --chown=bob f /x", "COPY --chown=1001 f /x", "X"),
    *(row(42, f"--chmod=644 to {flag or 'none'}", "COPY --chmod=644 f /x", f"COPY {flag} f /x", letter)
      for flag, letter in (("--chmod=0644", "C"), ("--chmod=u=rw,go=r", "X"), ("", "X"))),
    row(43, "--link on", "COPY f /x; RUN r", "COPY --link f /x; RUN r", "C C"),
    row(43, "--link off", "COPY --link f /x; RUN r", "COPY f /x; RUN r", "C C"),

    # COPY: files
    row(44, "touch", COPY_RUN, Build(files={"f": file(b"1", seconds=9)}), "C C"),
    row(45, "chmod", COPY_RUN, Build(files={"f": file(b"1", 0o755)}), "X X"),
    row(45, "setuid", COPY_RUN, Build(files={"f": file(b"1", 0o4644)}), "X X"),
    row(47, "other file added, COPY f", "COPY f /x", edit(new=b"n"), "C"),
    row(47, "other file added, COPY .", "COPY . /x", edit(new=b"n"), "X"),
    row(48, "ignored file added", Build("COPY . /x", {".dockerignore": b"*.log\n"}), Build(files={"a.log": b"n"}), "C"),
    row(49, "ignore file commented", Build("COPY . /x", {".dockerignore": b"*.log\n"}), Build(files={".dockerignore": b"# c\n*.log\n"}), "X"),
    row(49, "ignore file that ignores itself commented", Build("COPY . /x", {".dockerignore": b"*.log\n.dockerignore\n"}),
        Build(files={".dockerignore": b"# c\n*.log\n.dockerignore\n"}), "C"),
    row(50, "Dockerfile in the context", Build("LABEL a=1; COPY . /x", {"Dockerfile": b"1"}),
        Build("LABEL a=2; COPY . /x", {"Dockerfile": b"2"}), "X"),
    row(50, "Dockerfile in the context, ignored", Build("LABEL a=1; COPY . /x", {"Dockerfile": b"1", ".dockerignore": b"Dockerfile\n"}),
        Build("LABEL a=2; COPY . /x", {"Dockerfile": b"2"}), "C"),
    row(51, "empty folder", "COPY . /x", Build(files={"e": directory()}), "X"),
    row(52, "chmod of the copied folder", "COPY d /x", Build(files={"d": directory({"f": file(b"1")}, 0o755)}), "X",
        Build(files={"d": directory({"f": file(b"1")}, 0o700)}), "C"),
    row(52, "chmod of the copied folder, other context folder", Build("COPY d /x", {"d": directory({"f": file(b"1")}, 0o755)}),
        Build(files={"d": directory({"f": file(b"1")}, 0o700)}, folder="other"), "X"),
    row(53, "other bytes, same size and time", Build("COPY f /x", {"f": file(b"one", seconds=5)}), Build(files={"f": file(b"two", seconds=5)}), "C"),
    row(53, "other bytes, same size, other time", Build("COPY f /x", {"f": file(b"one", seconds=5)}), Build(files={"f": file(b"two", seconds=6)}), "X"),
    row(54, "xattr set", "COPY f /x", Build(files={"f": file(b"1", xattrs=(("user.a", "1"),))}), "C"),
    row(54, "xattr set, other context folder", "COPY f /x", Build(files={"f": file(b"1", xattrs=(("user.a", "1"),))}, folder="other"), "X"),
    row(55, "linked source retargeted to an equal file", Build("COPY l /x", {"l": symlink("g")}), Build(files={"l": symlink("h")}), "C"),
    row(55, "link in a copied folder retargeted", Build("COPY d /x", {"d/l": symlink("f")}), Build(files={"d/l": symlink("sub/g")}), "X"),
    row(55, "file changed behind a link in a folder that a wildcard took", Build("COPY s* /x/; COPY l* /y/", {"s/l": symlink("../g"), "l": symlink("g")}),
        edit(g=b"new"), "C X"),
    row(55, "file changed behind a link in a folder with --exclude", Build("COPY --exclude=zz s /x/; COPY g /g", {"s/l": symlink("../g")}),
        edit(g=b"new"), "C X"),
    row(55, "a wildcard takes a link to nowhere", Build("COPY l* /y/", {"l": symlink("g")}), Build(files={"g": None}), ERROR),
    row(55, "a link to nowhere at the top of a filtered context", Build("COPY --exclude=*.md . /y/", {"l": symlink("g")}),
        Build(files={"g": None}), ERROR),
    row(56, "copy to hard link", Build("COPY d /x", {"d/f2": file(b"1", seconds=1)}),
        Build(files={"d/f": file(b"1", seconds=1, inode=5), "d/f2": file(b"1", seconds=1, inode=5)}), "C"),
    row(57, "two sources swapped", "COPY f g /x/", "COPY g f /x/", "X"),
    row(57, "two sources to two COPYs", "COPY f g /x/", "COPY f /x/; COPY g /x/", "X X"),
    row(58, "wildcard: matching file added", "COPY f* /x/", edit(f2=b"n"), "X"),
    row(58, "wildcard: other file added", "COPY f* /x/", edit(new=b"n"), "C"),
    row(59, "wildcard folder renamed", Build("COPY q*/f /x/", {"q1/f": b"1"}), Build(files={"q1": None, "q2/f": b"1"}), "C"),
    row(59, "file in a wildcard folder renamed", Build("COPY w* /x/", {"w1/f": b"1"}), Build(files={"w1/f": None, "w1/f2": b"1"}), "X"),
    row(60, "wildcard without a match", "RUN r", "COPY nope* /x/", "X", SAME, "C"),
    row(61, "excluded file changed", Build("COPY --exclude=*.log a /x/", {"a/b": b"1", "a/c.log": b"1"}), Build(files={"a/c.log": b"2"}), "C"),
    row(61, "excluded file added", Build("COPY --exclude=*.log a /x/", {"a/b": b"1"}), Build(files={"a/d.log": b"2"}), "C"),
    row(61, "other file changed", Build("COPY --exclude=*.log a /x/", {"a/b": b"1", "a/c.log": b"1"}), edit(a__b=b"2"), "X"),

    # chains
    row(61, "--exclude=* takes a file away", "COPY --exclude=* f /x", edit(f=b"new"), "C"),
    row(61, "--exclude=* leaves a folder what is brought back", "COPY --exclude=* --exclude=!f d /x/", edit(d__sub__g=b"new"), "C",
        edit(d__f=b"new"), "X"),
    row(62, "last COPY's file", "COPY f /f; RUN r; COPY g /g", edit(g=b"n"), "C C X"),
    row(63, "two COPYs swapped", "COPY f /f; COPY g /g", "COPY g /g; COPY f /f", "X X"),
    row(64, "RUN inserted", "RUN a; RUN b", "RUN a; RUN n; RUN b", "C X X"),
    row(65, "RUN split", "RUN a && b", "RUN a; RUN b", "X X"),

    # stages
    row(66, "copied from a changed stage, same bytes", "FROM base:1 AS b; RUN echo 1 > /o; FROM base:1; COPY --from=b /o /o; RUN r",
        "FROM base:1 AS b; RUN echo 2 && echo 1 > /o; FROM base:1; COPY --from=b /o /o; RUN r", "X c c"),
    row(66, "copied from a changed stage, bytes known", Build(
        "FROM base:1 AS b; COPY f /o; RUN a; FROM base:1; COPY --from=b /o /o; RUN r", claims=no_write("a", "n")),
        "FROM base:1 AS b; COPY f /o; RUN n; FROM base:1; COPY --from=b /o /o; RUN r", "C X C C"),
    row(67, "and a third time, and back", Build(
        "FROM base:1 AS b; COPY f /o; RUN a; FROM base:1; COPY --from=b /o /o; RUN r", claims=no_write("a", "n")),
        "FROM base:1 AS b; COPY f /o; RUN n; FROM base:1; COPY --from=b /o /o; RUN r", "C X C C", SAME, "C C C C",
        "FROM base:1 AS b; COPY f /o; RUN a; FROM base:1; COPY --from=b /o /o; RUN r", "C C C C"),
    row(68, "stage writes another file too", "FROM base:1 AS b; RUN echo 1 > /o; FROM base:1; COPY --from=b /o /o",
        "FROM base:1 AS b; RUN echo 1 > /o && echo 2 > /p; FROM base:1; COPY --from=b /o /o", "X c"),
    row(68, "stage copies another file too", "FROM base:1 AS b; COPY f /o; FROM base:1; COPY --from=b /o /o",
        "FROM base:1 AS b; COPY f /o; COPY g /p; FROM base:1; COPY --from=b /o /o", "C X C"),
    row(69, "RUN after a changed RUN", "RUN echo 1 > /o; RUN r", "RUN echo 1 > //o; RUN r", "X X"),
    row(69, "FROM a changed stage", "FROM base:1 AS b; RUN echo 1 > /o; FROM b; RUN r", "FROM base:1 AS b; RUN echo 1 > //o; FROM b; RUN r", "X X"),
    row(70, "root and mount of one changed stage", Build("FROM base:1 AS b; COPY f /f; FROM b; RUN --mount=from=b,target=/m r"),
        "FROM base:1 AS b; COPY f /o; COPY f /f; FROM b; RUN --mount=from=b,target=/m r", "X X X",
        "FROM base:1 AS b; COPY d/f /f; FROM b; RUN --mount=from=b,target=/m r", "C C"),
    row(70, "root and mount of one stage whose RUN changed, same bytes",
        "FROM base:1 AS b; RUN echo a; FROM b; RUN --mount=from=b,target=/m r",
        "FROM base:1 AS b; RUN echo n; FROM b; RUN --mount=from=b,target=/m r", "X c"),
    row(71, "mount of one path", "FROM scratch AS b; COPY f /f; COPY g /g; FROM base:1; RUN --mount=from=b,source=/f,target=/m r", edit(g=b"n"), "C X C"),
    row(71, "mount of everything", "FROM scratch AS b; COPY f /f; COPY g /g; FROM base:1; RUN --mount=from=b,target=/m r", edit(g=b"n"), "C X X"),
    row(72, "mounted file touched", "RUN --mount=source=f,target=/m r", Build(files={"f": file(b"1", seconds=9)}), "C"),
    row(72, "mounted file changed", "RUN --mount=source=f,target=/m r", edit(f=b"n"), "X"),
    row(72, "other mounted file, equal bytes", "RUN --mount=source=g,target=/m r", "RUN --mount=source=h,target=/m r", "C"),
    row(73, "mount to rw", "RUN --mount=source=f,target=/m r", "RUN --mount=source=f,target=/m,rw r", "X"),
    row(74, "stage renamed", "FROM base:1 AS b; RUN a; FROM base:1; COPY --from=b /o /o", "FROM base:1 AS c; RUN a; FROM base:1; COPY --from=c /o /o", "C C"),
    row(74, "--from by number", "FROM base:1 AS b; RUN a; FROM base:1; COPY --from=b /o /o", "FROM base:1 AS b; RUN a; FROM base:1; COPY --from=0 /o /o", "C C"),
    row(75, "owner in the stage", "FROM base:1; COPY f /x", "FROM scratch AS s; COPY --chown=5:5 f /f; FROM base:1; COPY --from=s f /x", "X X"),
    row(75, "a RUN's file copied on with another owner", "FROM base:1 AS b; RUN echo 1 > /o; FROM base:1 AS m; COPY --chown=1 --from=b /o /o; "
        "FROM base:1; COPY --from=m /o /o; RUN r", "FROM base:1 AS b; RUN echo 1 > /o; FROM base:1 AS m; COPY --chown=2 --from=b /o /o; "
        "FROM base:1; COPY --from=m /o /o; RUN r", "C X X X"),
    row(76, "context to stage", "FROM base:1; COPY f /x", "FROM scratch AS s; COPY f /f; FROM base:1; COPY --from=s f /x", "X C"),
    row(77, "unreachable stage that fails", "FROM base:1 AS b; COPY f /f; FROM base:1; RUN r", "FROM base:1 AS b; COPY nope /f; FROM base:1; RUN r", "C"),

    # failures
    row(78, "failing RUN fixed", "FROM scratch; COPY f /f; RUN [\"/g\"]; COPY h /h", SAME, ERROR,
        "FROM scratch; COPY f /f; COPY g /g; RUN [\"/g\"]; COPY h /h", "C X X X"),
    row(80, "missing source fixed", "CMD x", "RUN sleep 3; COPY nope /x", ERROR, Build(files={"nope": b"1"}), "X X"),

    # bases
    row(81, "other tag of one image", "FROM base:1; COPY f /f; RUN r", bases("FROM other:2; COPY f /f; RUN r", image("other:2")), "C C"),
    row(81, "other LABEL in the base", "FROM base:1; COPY f /f; RUN r", bases("FROM other:2; COPY f /f; RUN r", image("other:2", labels={"a": "1"})), "C C"),
    row(82, "other ENV in the base", "FROM base:1; COPY f /f; RUN r", bases("FROM other:2; COPY f /f; RUN r", image("other:2", env=(("A", "1"),))), "C X"),
    row(82, "other USER in the base", "FROM base:1; COPY f /f; RUN r", bases("FROM other:2; COPY f /f; RUN r", image("other:2", user="1")), "C X"),
    row(83, "base imported again", COPY_RUN, Build(bases=[image("base:1", manifest="imported later")]), "C C"),
    row(84, "--platform of FROM", "FROM base:1; COPY f /f; RUN r", "FROM --platform=linux/amd64 base:1; COPY f /f; RUN r", "C C"),
    row(84, "--platform of the build", "FROM base:1; COPY f /f; RUN r", opts(platform="linux/amd64"), "C C"),
    row(84, "--platform with a variant", "FROM base:1; COPY f /f; RUN r", opts(platform="linux/amd64/v2"), "C X"),

    # flags of the build
    row(85, "--network", "FROM base:1; COPY f /f; RUN r", opts(network=NetworkMode.DEFAULT), "C X"),
    row(86, "--add-host added", "FROM base:1; RUN r", opts(add_hosts=(("a", "1.1.1.1"),)), "X"),
    row(86, "--add-host with another address", Build("FROM base:1; RUN r", options={"add_hosts": (("a", "1.1.1.1"),)}),
        opts(add_hosts=(("a", "2.2.2.2"),)), "C"),
    row(86, "--add-host in another order", Build("FROM base:1; RUN r", options={"add_hosts": (("a", "1.1.1.1"), ("b", "1.1.1.1"))}),
        opts(add_hosts=(("b", "1.1.1.1"), ("a", "1.1.1.1"))), "X"),
    *(row(87, name, "FROM base:1; COPY f /f; RUN r", opts(**{name: value}), "C X") for name, value in (
        ("ulimits", ("nofile=9:9",)), ("shm_size", 1 << 20), ("cgroup_parent", "g"), ("args", (("BUILDKIT_SANDBOX_HOSTNAME", "h"),)))),
    row(88, "HTTP_PROXY undeclared", "RUN r", args(HTTP_PROXY="http://p"), "C"),
    row(88, "HTTP_PROXY declared", "ARG HTTP_PROXY; RUN r", args(HTTP_PROXY="http://p"), "X"),
    row(89, "SOURCE_DATE_EPOCH", "FROM base:1; COPY f /f; RUN r; WORKDIR /w; RUN s", args(SOURCE_DATE_EPOCH="5"), "C C X X"),
    row(90, "--no-cache", "FROM base:1; WORKDIR /n; RUN r; WORKDIR /k; COPY f /f", opts(no_cache=True), "C X X X"),
    row(91, "--no-cache-filter of a stage with known bytes", Build(
        "FROM base:1 AS b; COPY f /o; RUN a; FROM base:1; COPY --from=b /o /o", claims=no_write("a")), opts(no_cache_filter=("b",)), "X X C"),
    row(91, "--no-cache-filter of the last stage", "FROM base:1 AS b; RUN a; FROM base:1 AS last; COPY --from=b /o /o", opts(no_cache_filter=("last",)), "C X"),
    row(91, "--no-cache-filter by an unnamed stage's label", "FROM base:1 AS b; RUN a; FROM base:1; COPY --from=b /o /o",
        opts(no_cache_filter=("stage-1",)), "C C"),

    # mounts
    row(92, "cache id changed", "RUN --mount=type=cache,target=/c,id=a r", "RUN --mount=type=cache,target=/c,id=b r", "C"),
    row(92, "cache id spelled out", "RUN --mount=type=cache,target=/c r", "RUN --mount=type=cache,target=/c,id=/c r", "C"),
    row(92, "cache id from default to another", "RUN --mount=type=cache,target=/c r", "RUN --mount=type=cache,target=/c,id=b r", "X"),
    row(93, "cache locked, default id", "RUN --mount=type=cache,target=/c r", "RUN --mount=type=cache,target=/c,sharing=locked r", "X"),
    row(93, "cache locked, explicit id", "RUN --mount=type=cache,target=/c,id=a r", "RUN --mount=type=cache,target=/c,id=a,sharing=locked r", "C"),
    row(94, "secret changed", Build("RUN --mount=type=secret,id=s r", options={"secrets": (("s", digest_of_bytes(b"1")),)}),
        opts(secrets=(("s", digest_of_bytes(b"2")),)), "C"),
    row(94, "secret not given", Build("RUN --mount=type=secret,id=s r", options={"secrets": (("s", digest_of_bytes(b"1")),)}), opts(), "C"),
    row(94, "secret id changed", "RUN --mount=type=secret,id=s,target=/s r", "RUN --mount=type=secret,id=t,target=/s r", "X"),
    row(94, "secret required", "RUN --mount=type=secret,id=s r", Build("RUN --mount=type=secret,id=s,required=true r",
                                                                    options={"secrets": (("s", digest_of_bytes(b"1")),)}), "X"),
    row(94, "required secret no longer given", Build("RUN --mount=type=secret,id=s,required=true r", options={"secrets": (("s", digest_of_bytes(b"1")),)}),
        opts(), "C", "RUN --mount=type=secret,id=s,required=true other", ERROR),
    row(95, "required agent not given", "RUN r", "RUN --mount=type=ssh,required=true r", ERROR),
    row(95, "ssh mount added", "RUN r", "RUN --mount=type=ssh r", "X"),
    row(95, "tmpfs size", "RUN --mount=type=tmpfs,target=/t r", "RUN --mount=type=tmpfs,target=/t,size=1m r", "X"),
    row(96, "mounts swapped", "RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t r", "RUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/c r",
        "C"),
    row(96, "mount attributes reordered", "RUN --mount=type=cache,target=/c,id=a r", "RUN --mount=id=a,target=/c,type=cache r", "C"),

    # here-documents
    row(97, "heredoc renamed", "RUN <<EOF\necho a\nEOF", "RUN <<XYZ\necho a\nXYZ", "C"),
    row(97, "heredoc quoted", "RUN <<EOF\necho a\nEOF", "RUN <<'EOF'\necho a\nEOF", "C"),
    row(97, "heredoc with tabs", "RUN <<EOF\necho a\nEOF", "RUN <<-EOF\n\techo a\n\tEOF", "C"),
    row(98, "heredoc of a command renamed", "RUN sh <<EOF\necho a\nEOF", "RUN sh <<FOO\necho a\nFOO", "X"),
    row(98, "heredoc with its own interpreter renamed", "RUN <<EOF\n#!/bin/sh\necho a\nEOF", "RUN <<FOO\n#!/bin/sh\necho a\nFOO", "X"),
    row(99, "command to heredoc", "RUN x", "RUN <<EOF\nx\nEOF", "X"),
    row(100, "COPY heredoc by variable to literal", "ENV A=1; COPY <<a /x\nv $A\na", "ENV A=1; COPY <<a /x\nv 1\na", "C"),
    row(100, "COPY heredoc quoted, ENV changed", "ENV A=1; COPY <<'a' /x\nv $A\na", "ENV A=2; COPY <<'a' /x\nv $A\na", "C"),
    row(100, "COPY heredoc renamed", "COPY <<a /x\nv\na", "COPY <<b /x\nv\nb", "X"),

    # the rest
    row(102, "other URL", "ADD http://s/a/f /x/", "ADD http://s/b/f /x/", "x", "ADD http://s/b/g /x/", "X"),
    row(57, "several sources need no folder", "COPY f g /x", SAME, "C"),
    row(57, "a file and then a folder in its place", "COPY f /x", "COPY f d /x", ERROR),
    row(57, "into a folder named by its dot", "FROM scratch AS s; COPY f /w/.; FROM base:1; COPY --from=s /w/f /f", SAME, "C C"),
    row(103, "named folder replaced, equal", Build("COPY --from=n f /f", options={"contexts": (("n", "n"),)}, named={"n": ContextSnapshot.of({"f": b"1"})}),
        Build(options={"contexts": (("n", "m"),)}, named={"n": ContextSnapshot.of({"f": b"1"})}, folder="other"), "C"),
    row(103, "named folder replaced, different", Build("COPY --from=n f /f", options={"contexts": (("n", "n"),)}, named={"n": ContextSnapshot.of({"f": b"1"})}),
        Build(options={"contexts": (("n", "m"),)}, named={"n": ContextSnapshot.of({"f": b"2"})}, folder="other"), "X"),
    row(104, "cold, two stages that differ in a cache id", "FROM base:1; RUN : 1",
        "FROM base:1 AS a; RUN --mount=type=cache,target=/c,id=a r; FROM base:1 AS b; RUN --mount=type=cache,target=/c,id=b r; "
        "FROM base:1; COPY --from=a /f /f; COPY --from=b /f /g", "X C X X"),
    row(105, "ONBUILD of a stage to a plain RUN", "FROM base:1 AS q; ONBUILD RUN x; FROM q; RUN y", "FROM base:1; RUN x; RUN y", "C C"),
    row(106, "one record, two results", Build(
        "FROM base:1 AS b; RUN rnd; FROM scratch AS keep; COPY --from=b /o /o; FROM base:1; COPY --from=b /o /o; COPY --from=keep /o /k",
        claims=(RunClaim("rnd", RunClaimKind.ALWAYS_DIFFERS),)),
        Build("FROM base:1 AS b; RUN rnd; FROM base:1; COPY --from=b /o /o", options={"no_cache_filter": ("b",)}), "X X",
        "FROM base:1 AS b; RUN rnd; FROM scratch AS keep; COPY --from=b /o /o; FROM base:1; COPY --from=keep /o /o", "C C C"),
    row(108, "--link where results can be merged", "FROM base:1; RUN a; COPY --link f /f", "FROM base:1; RUN n; COPY --link f /f", "X C,X",
        store=ImageStore.CONTAINERD),
]

NOT_MODELLED = (
    (79, "which of two parallel steps is cancelled is a race"),
    (101, "needs the answers of a web server"),
    (107, "needs the commits of a git server"),
    (109, "remote caches are not modelled"),
)


@pytest.mark.parametrize("case", ROWS)
def test_row(case: Row) -> None:
    got, wanted = table.compared(case)
    assert got == wanted


def test_table_is_whole() -> None:
    assert sorted([*table.covered(ROWS, NOT_MODELLED), 46]) == list(range(1, 110))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
def test_owner_in_the_context_does_not_count(tmp_path: Path) -> None:
    """Row 46: whatever is sent belongs to root."""
    (tmp_path / "f").write_bytes(b"1")
    before = scan_context(tmp_path)
    os.chown(tmp_path / "f", 7, 7)
    entry, old = scan_context(tmp_path).get("f"), before.get("f")
    assert entry is not None and entry == old
    reports = reports_of(ImageStore.GRAPHDRIVER, Build(COPY_RUN, {"f": old}), Build(files={"f": entry}))
    assert table.letters(reports[1]) == "C C C"


def test_base_is_never_taken_from_the_cache() -> None:
    """Row 1: FROM says DONE, not CACHED, when nobody needs its bytes."""
    _, report = reports_of(ImageStore.GRAPHDRIVER, Build(COPY_RUN), SAME)
    assert [v.outcome for v in report.steps[0].vertices] == [Outcome.MISS]


def test_workdir_root_counts() -> None:
    """Row 25: WORKDIR / makes no step, but the others are numbered as if it did."""
    _, report = reports_of(ImageStore.GRAPHDRIVER, Build("RUN r"), Build("WORKDIR /; RUN r"))
    assert report.steps[-1].name == "[3/4] RUN r"
