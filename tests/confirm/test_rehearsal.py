"""Stand-ins."""

from __future__ import annotations

import platform
import struct
import subprocess
from pathlib import Path

import pytest

from cachesim.confirm.downloads import unreachable_sources
from cachesim.confirm.isolate import NONCE_FILE
from cachesim.confirm.needs import Needs, needs_of
from cachesim.confirm.rehearsal import claims_of, exit_program, stand_in_files
from cachesim.confirm.secrets import mounted_secrets, required_secrets
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile.parser import parse
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig
from cachesim.graph.resolve import resolve
from cachesim.project.state import ProjectState


def state_of(text: str, files: dict[str, bytes] | None = None, **options: object) -> ProjectState:
    return ProjectState(text, ContextSnapshot.of(files or {"f": b"1"}), BuildOptions(**options))  # type: ignore[arg-type]


def graph_of(state: ProjectState) -> BuildGraph:
    return resolve(parse(state.text), state.options, state.bases)


def needs(text: str, files: dict[str, bytes] | None = None, **options: object) -> dict[str, Needs]:
    state = state_of(text, files, **options)
    return needs_of(state, graph_of(state))


@pytest.mark.parametrize(("arch", "machine", "code"), [
    ("amd64", 62, "31ffb83c0000000f05"), ("arm64", 183, "000080d2a80b80d2010000d4")])
def test_the_program_is_a_static_elf(arch: str, machine: int, code: str) -> None:
    data = exit_program(arch)
    assert data[:8] == b"\x7fELF\x02\x01\x01\x00" and len(data) < 140
    kind, found, version, entry, table = struct.unpack_from("<2HIQQ", data, 16)
    assert (kind, found, version, table) == (2, machine, 1, 64)
    load, flags, offset, address, _, size, memory, align = struct.unpack_from("<2I6Q", data, 64)
    assert (load, flags, offset, size, memory) == (1, 5, 0, len(data), len(data))
    assert address % align == offset % align and data[entry - address:].hex() == code


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64") or platform.system() != "Linux",
                    reason="runs the program of this machine")
def test_the_program_runs_and_exits_0(tmp_path: Path) -> None:
    program = tmp_path / "sh"
    program.write_bytes(exit_program({"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]))
    program.chmod(0o755)
    assert subprocess.run([program, "-c", "exit 3"], check=False).returncode == 0


def test_no_program_for_other_machines() -> None:
    with pytest.raises(KeyError):
        exit_program("s390x")


def test_paths_that_a_later_copy_reads() -> None:
    found = needs("FROM node:22 AS b\nWORKDIR /app\nCOPY f .\nRUN npm run build\nFROM nginx:1\n"
                  "COPY --from=b /app/dist/ /html/\nCOPY --from=b /app/f /f\nCOPY --from=b /out/bin/tool /usr/bin/\n"
                  "COPY --from=b /logs/*.txt /l/\n")
    assert found["node:22"].folders == {"app/dist", "logs"}
    assert found["node:22"].files == {"out/bin/tool"}
    assert found["nginx:1"].files == found["nginx:1"].folders == set()


def test_a_parent_of_a_wanted_path_is_a_folder() -> None:
    found = needs("FROM a AS b\nFROM scratch\nCOPY --from=b /x.d /x\nCOPY --from=b /x.d/y.txt /y\n")
    assert found["a"].folders == {"x.d"} and found["a"].files == {"x.d/y.txt"}


def test_what_copies_brought_is_not_made_twice() -> None:
    text = ("FROM a AS b\nWORKDIR /w\nCOPY . .\nCOPY src/ lib/\nCOPY g* /etc/\nFROM scratch\n"
            "COPY --from=b /w/README /r\nCOPY --from=b /w/src /s\n"
            "COPY --from=b /w/lib /l\nCOPY --from=b /w /all\nCOPY --from=b /etc/g1 /\n")
    found = needs(text, {"README": b"", "src/x": b"", "g1": b""})
    assert found["a"].folders == set() and found["a"].files == set()


def test_paths_come_through_stages_and_variables() -> None:
    found = needs("ARG D=dist\nFROM a AS one\nFROM one AS two\nARG D\nENV OUT=/o/$D\nFROM b\nCOPY --from=two $OUT /x\n"
                  "COPY --from=1 /n /n\n", args=(("D", "release"),))
    assert found["a"].folders == {"n"}
    assert "$OUT" not in str(found)


def test_variables_of_the_reading_stage_count() -> None:
    found = needs("FROM a AS one\nFROM b\nARG P=/opt/x.jar\nCOPY --from=one ${P} /x\n")
    assert found["a"].files == {"opt/x.jar"}


def test_mounts_and_images() -> None:
    found = needs("FROM a AS one\nFROM b\nRUN --mount=from=one,source=/cache,target=/c true\n"
                  "RUN --mount=type=bind,from=tools:1,src=/bin/t,target=/t true\nCOPY --from=cfg:2 /etc/x.conf /x\n")
    assert found["a"].folders == {"cache"}
    assert found["tools:1"].files == {"bin/t"} and found["cfg:2"].files == {"etc/x.conf"}


def test_programs_of_exec_form_and_shells() -> None:
    found = needs('FROM a\nRUN ["python", "-m", "x"]\nRUN ["/opt/x/go"]\nSHELL ["/bin/zsh", "-c"]\nRUN ls\n'
                  'ENV PATH=/venv/bin\nRUN ["pip"]\nWORKDIR /w\nRUN ["./tool"]\n')
    assert found["a"].files == {"bin/python", "opt/x/go", "bin/zsh", "venv/bin/pip", "w/tool"}


def test_a_program_from_the_context_is_not_replaced() -> None:
    assert needs('FROM a\nCOPY go.sh /go.sh\nRUN ["/go.sh"]\n', {"go.sh": b"#!/bin/sh\n"})["a"].files == set()


def test_users_and_groups() -> None:
    found = needs("FROM a\nARG U=eve\nUSER app:staff\nCOPY --chown=bob:1000 f /f\nUSER 1000\nUSER ${U}\n")
    assert found["a"].users == {"app", "bob", "eve"} and found["a"].groups == {"staff"}
    files = stand_in_files(found["a"], "amd64", "t")
    passwd, group = files["etc/passwd"][1].decode(), files["etc/group"][1].decode()
    assert passwd.splitlines()[0].startswith("root:x:0:0:") and "\nbob:x:" in passwd and "\nstaff:x:" in group


def test_user_of_the_base_configuration() -> None:
    state = state_of("FROM a\nRUN true\n")
    bases = {"docker.io/library/a:latest": BaseImage("docker.io/library/a:latest", "c", "m", ImageConfig(user="web"))}
    from dataclasses import replace
    state = replace(state, bases=bases)
    assert needs_of(state, graph_of(state))["a"].users == {"web"}


def test_scratch_gets_paths_too() -> None:
    found = needs("FROM scratch AS b\nCOPY f /f\nFROM a\nCOPY --from=b /f /f\nCOPY --from=b /g /g\n")
    assert found["cachesim-base-scratch"].folders == {"g"}


def test_files_of_a_stand_in() -> None:
    files = stand_in_files(Needs(files={"bin/python"}), "arm64", "tok")
    program = exit_program("arm64")
    for path in ("bin/sh", "bin/bash", "bin/ash", "bin/python"):
        assert files[path] == (0o755, program)
    assert files[NONCE_FILE] == (0o644, b"tok")
    assert sum(len(data) for _, data in files.values()) < 4000


def test_secrets_that_are_demanded() -> None:
    graph = graph_of(state_of("FROM a\nRUN --mount=type=secret,id=one,required=true true\n"
                              "RUN --mount=type=secret,id=two true\n"
                              "RUN --mount=type=secret,target=/run/secrets/three,required true\n"))
    assert required_secrets(graph, {}) == ("one", "three") and required_secrets(graph, {"one": b""}) == ("three",)
    assert mounted_secrets(graph) == ("one", "two", "three")


def test_what_add_would_fetch() -> None:
    graph = graph_of(state_of("FROM a\nADD https://example.com/x.tar /x\nADD f /f\n"))
    assert unreachable_sources(graph) == ("https://example.com/x.tar",)


def test_every_run_is_known_to_write_nothing() -> None:
    graph = graph_of(state_of('FROM a\nRUN make all\nRUN ["x", "y"]\nRUN <<E\nbody\nE\n'))
    commands = {claim.command for claim in claims_of(graph)}
    assert {"make all", "x y", "body\n"} <= commands and all(not claim.paths for claim in claims_of(graph))
