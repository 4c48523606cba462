"""What has to stand in for a base image, so that a Dockerfile can be walked through without network, pulls or installs?

Every external base becomes an image of a few kB: a shell (and whatever a RUN starts by name) that exits 0 at once, the
users and groups that are named, and the paths that later copies and mounts expect. The engine's cache decisions are
real.
"""

from __future__ import annotations

import struct
from pathlib import Path

from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.isolate import LABEL, NONCE_FILE, Base, changes_of, run_or_fail, tar_of
from cachesim.confirm.needs import Needs
from cachesim.confirm.script import Command, Script, Work
from cachesim.digest import digest_of
from cachesim.dockerfile.instructions import Run
from cachesim.engines.base import RunClaim, RunClaimKind
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig, normalize_ref

__all__ = ["LIMITS", "claims_of", "exit_program", "stand_in_files", "stand_in_image"]

REPOSITORY = "localhost/cachesim/stand-in"

LIMITS = ("A rehearsal shows the engine's own cache decisions. RUN steps do nothing in it, so it cannot show real "
          "outputs, sizes, times, or whether a command works.")

_SHELLS = ("bin/sh", "bin/bash", "bin/ash", "usr/bin/env")
_FOLDERS = ("tmp", "proc", "sys", "dev", "root")     # an engine adds the missing ones when a RUN starts
_LOAD_AT = 0x400000
_MACHINES = {
    "amd64": (62, 0x1000, bytes.fromhex("31ff b83c000000 0f05")),                   # exit(0): edi 0, eax 60, syscall
    "arm64": (183, 0x10000, bytes.fromhex("000080d2 a80b80d2 010000d4")),           # x0 0, x8 93, svc 0
}


def exit_program(arch: str) -> bytes:
    """A static program of about 130 bytes that exits 0, for "amd64" or "arm64"; KeyError for other machines.

    Source: System V ABI, ELF-64 (header of 64, one program header of 56 bytes); Linux syscall numbers of exit.
    """
    machine, page, code = _MACHINES[arch]
    start = 64 + 56
    size = start + len(code)
    header = struct.pack("<4s5B7x2HI3QI6H", b"\x7fELF", 2, 1, 1, 0, 0, 2, machine, 1, _LOAD_AT + start, 64, 0, 0,
                         64, 56, 1, 0, 0, 0)
    segment = struct.pack("<2I6Q", 1, 5, 0, _LOAD_AT, _LOAD_AT, size, size, page)
    return header + segment + code


def stand_in_files(needs: Needs, arch: str, token: str) -> dict[str, tuple[int, bytes]]:
    """The files of a stand-in: path to mode and bytes.

    Raises:
        KeyError: For a machine that there is no program for.
    """
    program = exit_program(arch)
    users = ["root:x:0:0:root:/root:/bin/sh"]
    groups = ["root:x:0:"]
    for number, name in enumerate(sorted(needs.users - {"root"}), 1001):
        users.append(f"{name}:x:{number}:{number}::/:/bin/sh")
    for number, name in enumerate(sorted((needs.groups | needs.users) - {"root"}), 1001):
        groups.append(f"{name}:x:{number}:")
    files: dict[str, tuple[int, bytes]] = {
        "etc/passwd": (0o644, "\n".join([*users, ""]).encode()),
        "etc/group": (0o644, "\n".join([*groups, ""]).encode()),
        "etc/hosts": (0o644, b""), "etc/resolv.conf": (0o644, b""), NONCE_FILE: (0o644, token.encode())}
    for path in (*_SHELLS, *sorted(needs.files)):
        files.setdefault(path, (0o755, program))
    return files


def stand_in_image(choice: EngineChoice, base: Base, needs: Needs, config: ImageConfig, arch: str, token: str,
                   number: int, folder: Path, options: BuildOptions) -> Script[BaseImage]:
    """Make the image that stands in for a base.

    Raises:
        EngineError: The engine refuses it.
    """
    ref = f"{REPOSITORY}:{token}-{number}"
    nonce = f"{token}-{number}"     # two stand-ins never share a layer
    file = folder / f"stand-in-{number}.tar"
    bare = not base.ref
    wanted = needs if not bare else Needs(set(needs.folders), set(needs.files))

    def write(_: object) -> None:
        files = ({NONCE_FILE: (0o644, nonce.encode()), **{p: (0o755, exit_program(arch)) for p in wanted.files}} if bare
                 else stand_in_files(wanted, arch, nonce))
        file.write_bytes(tar_of(files, () if bare and not wanted.folders else (*_FOLDERS, *wanted.folders)))
    yield Work(write, "making a stand-in")
    platform = base.platform or options.platform
    argv = [*choice.client, "import", *(["--platform", platform] if platform else []),
            *(changes_of(config, token) if not bare else ["--change", f"LABEL {LABEL}={token}"]), str(file), ref]
    yield from run_or_fail(Command(tuple(argv), f"importing a stand-in for {base.context}"))
    identity = digest_of("stand-in", token, str(number))
    return BaseImage(normalize_ref(ref), identity, identity, config if not bare else ImageConfig(), True, "stand-in")


def claims_of(graph: BuildGraph) -> tuple[RunClaim, ...]:
    """What is known of every RUN in a rehearsal: it writes nothing."""
    commands: dict[str, None] = {}
    for stage in graph.stages:
        for run in (s.instruction for s in stage.steps if isinstance(s.instruction, Run)):
            text = run.command if run.argv is None else " ".join(run.argv)
            bodies = "".join(f"\n{h.body}{h.name}" for h in run.heredocs)
            commands.update(dict.fromkeys([text or "", f"{text}{bodies}", *(h.used for h in run.heredocs)]))
    return tuple(RunClaim(command, RunClaimKind.WRITES_ONLY, ()) for command in commands)
