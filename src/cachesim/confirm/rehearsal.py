"""What has to stand in for a base image, so that a Dockerfile can be walked through without network, pulls or installs?

Every external base becomes an image of a few kB: a shell (and whatever a RUN starts by name) that exits 0 at once, the
users and groups that are named, and the paths that later copies and mounts expect. The engine's cache decisions are
real.
"""

from __future__ import annotations

import fnmatch
import posixpath
import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cachesim.confirm.downloads import DOWNLOADS, FILES, is_remote_source
from cachesim.confirm.engines import EngineChoice
from cachesim.confirm.isolate import LABEL, NONCE_FILE, Base, changes_of, external_base, run_or_fail, tar_of
from cachesim.confirm.script import Command, Script, Work
from cachesim.context.snapshot import ContextSnapshot, FileEntry
from cachesim.digest import digest_of
from cachesim.dockerfile.expand import ExpandError, expand_word
from cachesim.dockerfile.instructions import Add, Arg, Copy, Env, Instruction, Run, Shell, User, Workdir
from cachesim.engines.base import RunClaim, RunClaimKind
from cachesim.graph.model import BuildGraph, Source, SourceKind, Stage, StepId
from cachesim.graph.options import BaseImage, BuildOptions, ImageConfig, normalize_ref
from cachesim.project.state import ProjectState

__all__ = ["LIMITS", "Needs", "claims_of", "exit_program", "needs_of", "required_secrets", "sources_of_adds",
           "stand_in_files", "stand_in_image", "unreachable_sources"]

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


@dataclass(slots=True)
class Needs:
    """What a stand-in for one base has to hold; paths are relative to the root.

    Attributes:
        folders, files: Paths that a later copy or mount reads (a file also where a RUN starts it by name).
        users, groups: Names that USER and --chown give.
    """

    folders: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def add(self, other: Needs) -> None:
        """Join the needs of another build on the same base."""
        self.folders |= other.folders
        self.files |= other.files
        self.users |= other.users
        self.groups |= other.groups


def needs_of(state: ProjectState, graph: BuildGraph) -> dict[str, Needs]:
    """What each external base (by its context name) has to hold for one build."""
    return _Survey(state, graph).run()


def sources_of_adds(state: ProjectState, graph: BuildGraph) -> dict[StepId, list[tuple[str, str]]]:
    """The sources of every ADD that a build needs, as written and as they are in this build."""
    survey = _Survey(state, graph)
    survey.run()
    return survey.added


@dataclass(slots=True)
class _Walk:
    """How far one stage has been read."""

    root: str                               # context name of the base beneath it all, "" if none can be replaced
    env: dict[str, str]
    cwd: str
    shell: tuple[str, ...]
    given: dict[str, str]                   # path to "file", "folder" or "either": what copies and WORKDIR put there

    def branch(self) -> _Walk:
        return _Walk(self.root, dict(self.env), self.cwd, self.shell, dict(self.given))


@dataclass(frozen=True, slots=True)
class _Wish:
    """Something that has to exist in a stage (its index) or in a base (its context name)."""

    place: int | str
    path: str
    kind: str                               # "file", "folder" or "either"


class _Survey:
    def __init__(self, state: ProjectState, graph: BuildGraph) -> None:
        self._state, self._graph = state, graph
        self._escape = "\\"
        self._needs: dict[str, Needs] = defaultdict(Needs)
        self._walks: dict[int, _Walk] = {}
        self._wishes: list[_Wish] = []
        self.added: dict[StepId, list[tuple[str, str]]] = {}

    def run(self) -> dict[str, Needs]:
        for stage in self._graph.stages:
            if stage.reachable:
                self._walks[stage.index] = self._read(stage)
        for wish in self._wishes:
            self._grant(wish)
        for needs in self._needs.values():
            below = {parent for path in needs.files | needs.folders for parent in _parents(path)}
            needs.folders |= needs.files & below
            needs.files -= needs.folders
        self._needs.pop("", None)
        return dict(self._needs)

    def _read(self, stage: Stage) -> _Walk:
        if isinstance(stage.base, int):
            walk = self._walks[stage.base].branch()
        else:
            base = external_base(stage.base, self._graph)
            config = self._config(base)
            walk = _Walk(base.context if base is not None else "", dict(config.env), config.workdir or "/",
                         config.shell[:1], {})
            if base is not None:
                _name(self._needs[base.context], config.user)
        for step in stage.steps[1:]:
            if isinstance(step.instruction, Add):
                self.added[step.id] = [(word, self._word(word, walk)) for word in step.instruction.sources]
            self._step(walk, step.instruction)
        return walk

    def _config(self, base: Base | None) -> ImageConfig:
        image = self._state.bases.get(base.ref) if base is not None else None
        return image.config if image is not None and image.config is not None else ImageConfig()

    def _step(self, walk: _Walk, instruction: Instruction) -> None:
        needs = self._needs[walk.root]
        if isinstance(instruction, Env):
            walk.env.update([(self._word(k, walk), self._word(v, walk)) for k, v in instruction.pairs])
        elif isinstance(instruction, Arg):
            self._arg(walk, instruction)
        elif isinstance(instruction, User):
            _name(needs, self._word(instruction.user, walk))
        elif isinstance(instruction, Workdir):
            walk.cwd = posixpath.normpath(posixpath.join(walk.cwd, self._word(instruction.path, walk)))
            walk.given[_relative(walk.cwd)] = "folder"
        elif isinstance(instruction, Shell):
            walk.shell = instruction.argv[:1]
            needs.files |= {_relative(w) for w in walk.shell if w.startswith("/")}
        elif isinstance(instruction, Copy):
            self._copy(walk, needs, instruction)
        elif isinstance(instruction, Run):
            self._run(walk, needs, instruction)

    def _arg(self, walk: _Walk, instruction: Arg) -> None:
        args, meta = dict(self._state.options.args), dict(self._graph.global_scope)
        for name, default in instruction.pairs:
            value = args.get(name)
            if value is None:
                value = self._word(default, walk) if default is not None else meta.get(name)
            if value is not None:
                walk.env[name] = value

    def _copy(self, walk: _Walk, needs: Needs, instruction: Copy) -> None:
        _name(needs, self._word(instruction.chown, walk))
        sources = [self._word(s, walk) for s in instruction.sources]
        dest = self._word(instruction.destination, walk)
        target = _relative(posixpath.join(walk.cwd, dest))
        into = dest.endswith(("/", "/.")) or dest in (".", "", "..") or len(sources) + len(instruction.heredocs) > 1
        for name in (h.name for h in instruction.heredocs):
            walk.given[_join(target, name) if into else target] = "file"
        if isinstance(instruction, Add) and any(map(is_remote_source, sources)):
            return
        place = self._place(instruction.from_, by_index=True) if instruction.from_ else None
        for source in sources:
            if not instruction.from_:
                self._from_context(walk, source, target, into)
            elif place is not None:
                path = _relative(source)
                kind = _kind(source, target, into)
                if place == DOWNLOADS:
                    kind = "file" if path.startswith(f"{FILES}/") else "folder"
                self._wishes.append(_Wish(place, path, kind))
                a_file = _looks_like_file(path) or (place == DOWNLOADS and kind == "file")
                given = _join(target, posixpath.basename(path)) if into and a_file else target
                walk.given.setdefault(given, "folder" if into and given == target else "either")

    def _from_context(self, walk: _Walk, source: str, target: str, into: bool) -> None:
        for path, entry in _matches(self._state.context, _relative(source)):
            if entry.is_dir:
                walk.given[target] = "folder"
                for name, child in entry.children.items():
                    walk.given[_join(target, name)] = "folder" if child.is_dir else "file"
            else:
                walk.given[_join(target, posixpath.basename(path)) if into else target] = "file"
        if into:
            walk.given[target] = "folder"

    def _run(self, walk: _Walk, needs: Needs, instruction: Run) -> None:
        if instruction.argv:
            self._program(walk, needs, instruction.argv[0])
        for mount in instruction.mounts:
            values = {k: self._word(v, walk) for k, v in mount.options}
            source = values.get("source") or values.get("src") or ""
            if values.get("from") and source:
                place = self._place(values["from"], by_index=False)
                if place is not None:
                    self._wishes.append(_Wish(place, _relative(source), _kind(source, "", False)))

    def _program(self, walk: _Walk, needs: Needs, name: str) -> None:
        """What an exec-form RUN starts has to be there, in a folder that its PATH names."""
        if "/" in name:
            path = _relative(posixpath.join(walk.cwd, name))
            if walk.given.get(path) != "file":
                needs.files.add(path)
            return
        folders = [f for f in walk.env.get("PATH", "/bin").split(":") if f.startswith("/")]
        needs.files.add(_join(_relative("/bin" if "/bin" in folders or not folders else folders[0]), name))

    def _place(self, name: str, *, by_index: bool) -> int | str | None:
        if "$" in name:
            return None
        found = self._graph.find(name, by_index=by_index)
        if isinstance(found, int):
            return found
        base = external_base(found, self._graph, parent=False)
        return base.context if base is not None else None

    def _grant(self, wish: _Wish) -> None:
        """Put a path into the stand-in beneath a stage, unless the stage itself has it."""
        walk = self._walks.get(wish.place) if isinstance(wish.place, int) else None
        root = walk.root if walk is not None else wish.place if isinstance(wish.place, str) else ""
        given = walk.given if walk is not None else {}
        path = wish.path
        if any(c in posixpath.basename(path) for c in "*?["):
            path, kind = posixpath.dirname(path), "folder"
        else:
            kind = given.get(path, wish.kind)
        if not path or path in given or not root:
            return
        needs = self._needs[root]
        (needs.files if kind == "file" else needs.folders).add(path)

    def _word(self, word: str, walk: _Walk) -> str:
        try:
            return expand_word(word, walk.env, self._escape)
        except ExpandError:
            return word


def _relative(path: str) -> str:
    return posixpath.normpath(posixpath.join("/", path)).lstrip("/")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:n]) for n in range(1, len(parts)))


def _looks_like_file(path: str) -> bool:
    """Names with an ending, and programs: a guess that only decides between an empty folder and a small file."""
    folder, name = posixpath.split(path)
    return "." in name.lstrip(".") or posixpath.basename(folder) in ("bin", "sbin")


def _kind(source: str, target: str, into: bool) -> str:
    if source.endswith(("/", "/.")):
        return "folder"
    if _looks_like_file(source) or (target and not into and _looks_like_file(target)):
        return "file"
    return "folder"


def _name(needs: Needs, owner: str) -> None:
    user, _, group = owner.partition(":")
    if user and not user.isdigit() and "$" not in user:
        needs.users.add(user)
    if group and not group.isdigit() and "$" not in group:
        needs.groups.add(group)


def _matches(context: ContextSnapshot, pattern: str) -> list[tuple[str, FileEntry]]:
    """Entries of the context that a COPY source names; ignored files are among them, which does no harm here."""
    if not any(c in pattern for c in "*?["):
        entry = context.get(pattern)
        return [(pattern, entry)] if entry is not None else []
    folder, name = posixpath.split(pattern)
    parent = context.get(folder)
    if parent is None or any(c in folder for c in "*?["):
        return []
    return [(_join(folder, n), e) for n, e in parent.children.items() if fnmatch.fnmatchcase(n, name)]


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


def required_secrets(graph: BuildGraph, given: Mapping[str, bytes]) -> tuple[str, ...]:
    """Ids of secrets that a RUN demands and nobody gave: a rehearsal hands out empty ones."""
    found: dict[str, None] = {}
    for stage in graph.stages:
        for step in stage.steps:
            for mount in step.instruction.mounts if isinstance(step.instruction, Run) else ():
                values = dict(mount.options)
                target = values.get("target") or values.get("dst") or values.get("destination") or ""
                name = values.get("id") or posixpath.basename(target)
                demanded = values.get("required", "false").lower() not in ("false", "0")
                if mount.type == "secret" and demanded and name not in given:
                    found[name] = None
    return tuple(found)


def unreachable_sources(graph: BuildGraph) -> tuple[str, ...]:
    """What ADD of needed stages would fetch: downloads and git repositories."""
    return tuple(dict.fromkeys(
        edge.origin.name for edge in graph.edges
        if isinstance(edge.origin, Source) and edge.origin.kind in (SourceKind.URL, SourceKind.GIT)
        and graph.stages[edge.target.stage].reachable))
