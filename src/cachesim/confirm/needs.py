"""What has to be in a base image, so that the copies, mounts and commands of a build find it there?"""

from __future__ import annotations

import fnmatch
import posixpath
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cachesim.confirm.downloads import DOWNLOADS, FILES, is_remote_source
from cachesim.confirm.isolate import Base, external_base
from cachesim.context.snapshot import ContextSnapshot, FileEntry
from cachesim.dockerfile.expand import ExpandError, expand_word
from cachesim.dockerfile.instructions import Add, Arg, Copy, Env, Instruction, Run, Shell, User, Workdir
from cachesim.graph.model import BuildGraph, Stage, StepId
from cachesim.graph.options import ImageConfig
from cachesim.project.state import ProjectState

__all__ = ["Needs", "needs_of", "sources_of_adds"]


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
