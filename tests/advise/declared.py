"""Which image would a Dockerfile give, if every RUN reads and writes what its project says?

A build that needs no engine: a file is a token; what a RUN writes is a token made of its command, everything it reads, its
user, folder and variables. Two orders whose images have the same tokens and the same configuration are the same to all who
believe project.toml. It shares no rule with `cachesim.advise`, which it judges.
"""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
from dataclasses import dataclass, field

from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot
from cachesim.dockerfile import instructions as ins
from cachesim.dockerfile.expand import expand_word
from cachesim.dockerfile.parser import parse
from tests.advise.projects import Project, command_of

__all__ = ["Image", "declared_image"]

_GLOB = frozenset("*?[")


@dataclass
class Image:
    """File tree and configuration; `env` in order, ARGs aside."""

    tree: dict[str, str] = field(default_factory=dict)
    env: list[tuple[str, str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    config: dict[str, object] = field(default_factory=dict)
    user: str = ""
    cwd: str = "/"

    def copy(self) -> Image:
        return Image(dict(self.tree), list(self.env), dict(self.labels), dict(self.config), self.user, self.cwd)


def declared_image(project: Project, text: str, files: tuple[tuple[str, str], ...] = ()) -> Image:
    """Build the last stage of a Dockerfile; `files` replace files of the context.

    Raises:
        AssertionError: Where a COPY finds nothing.
    """
    context = project.state.context
    for path, data in files:
        context = context.with_bytes(path, data.encode())
    build = _Build(project, _context_tokens(context))
    for instruction in parse(text).instructions:
        build.step(instruction)
    build.finish()
    return build.image


def _context_tokens(context: ContextSnapshot) -> dict[str, str]:
    ignore = IgnoreMatcher.parse(context.ignore_text(".dockerignore") or "")
    return {path: f"{entry.digest}:{entry.mode & 0o777:o}:{entry.link}" for path, entry in context.walk()
            if not entry.is_dir and not ignore.excluded(path)}


class _Build:
    def __init__(self, project: Project, context: dict[str, str]) -> None:
        self.project, self.context = project, context
        self.image = Image()
        self.stages: dict[str, Image] = {}
        self.count = 0
        self.name = ""
        self.args: dict[str, str] = {}
        self.given = dict(project.state.options.args)

    def finish(self) -> None:
        if self.count:
            self.stages[str(self.count - 1)] = self.image
            if self.name:
                self.stages[self.name] = self.image

    def step(self, step: ins.Instruction) -> None:
        match step:
            case ins.From():
                self.finish()
                self.count, self.name, self.args = self.count + 1, step.name, {}
                base = self.stages.get(step.image.lower())
                self.image = base.copy() if base is not None else Image({"/": f"image {step.image}"})
            case ins.Arg():
                for name, default in step.pairs:
                    self.args[name] = self.given.get(name) or self._words(default or "")
            case ins.Env():
                for name, value in [(n, self._words(v)) for n, v in step.pairs]:
                    self.image.env = [(n, v) for n, v in self.image.env if n != name]
                    self.image.env.append((name, value))
            case ins.Label():
                self.image.labels.update({n: self._words(v) for n, v in step.pairs})
            case ins.Workdir():
                self.image.cwd = self._path(step.path)
                self.image.tree.setdefault(self.image.cwd, "folder")
            case ins.User():
                self.image.user = self._words(step.user)
            case ins.Copy():
                self._copy(step)
            case ins.Run():
                self._run(step)
            case ins.Expose() | ins.Volume():
                old = self.image.config.get(step.keyword, ())
                assert isinstance(old, tuple)
                self.image.config[step.keyword] = tuple(sorted((*old, step.text)))
            case _:
                self.image.config[step.keyword] = step.text

    def _copy(self, step: ins.Copy) -> None:
        origin = self.context
        if step.from_:
            stage = self.stages.get(step.from_.lower())
            origin = {p.lstrip("/"): t for p, t in stage.tree.items()} if stage is not None else {
                s.strip("/"): f"from {step.from_}" for s in step.sources}
        found: dict[str, dict[str, str]] = {}       # source -> its files, relative to it ("" for a file itself)
        for written in step.sources:
            source = posixpath.normpath(self._words(written).lstrip("/") or ".")
            for top in sorted(self._matches(source, origin)):
                below = {p[len(top):].lstrip("/"): t for p, t in origin.items()
                         if top == "." or p == top or p.startswith(top + "/")} if top != "." else dict(origin)
                found[top] = below
            above = next((up for up in _above(source) if up in origin), None)
            if not found and above is not None:         # below something of which only the whole is known
                found[source] = {"": f"{origin[above]}:{source}"}
        assert found or step.heredocs, f"line {step.span.line}: nothing to copy"
        target = self._path(step.destination)
        folder = step.destination.endswith(("/", ".")) or len(found) > 1 or any("" not in b for b in found.values())
        owner = f" owner {step.chown}" if step.chown else ""
        for top, below in found.items():
            for relative, token in below.items():
                name = relative or (posixpath.basename(top) if folder else "")
                place = posixpath.join(target, name) if name else target
                self._drop(place)
                self.image.tree[place] = token + owner + (f" mode {step.chmod}" if step.chmod else "")

    def _matches(self, source: str, origin: dict[str, str]) -> set[str]:
        if source == ".":
            return {"."}
        if _GLOB.isdisjoint(source):
            return {source} if any(p == source or p.startswith(source + "/") for p in origin) else set()
        depth = source.count("/") + 1
        tops = {"/".join(p.split("/")[:depth]) for p in origin}
        return {t for t in tops if t.count("/") + 1 == depth and all(
            fnmatch.fnmatchcase(a, b) for a, b in zip(t.split("/"), source.split("/"), strict=True))}

    def _run(self, step: ins.Run) -> None:
        facts = self.project.facts_of(step)
        tree, env = self.image.tree, {**self.args, **dict(self.image.env)}
        reads = facts.reads if facts is not None else ("/",)
        names = facts.env if facts is not None else tuple(sorted(env))
        seen = [(p, t) for p, t in sorted(tree.items()) if any(_within(p, r) for r in reads)]
        heard = [(n, env.get(n)) for n in sorted(names)]
        cwd, user = self.image.cwd, self.image.user
        named = (*facts.reads, *facts.writes) if facts is not None else ()
        if facts is not None and (cwd == "/" or not any(_within(p, cwd) or _within(cwd, p) for p in named)):
            cwd = ""            # it is about other places, which it names in full
        made = hashlib.sha256(repr((command_of(step), seen, heard, cwd, user)).encode()).hexdigest()[:16]
        for place in facts.writes if facts is not None else ("/unknown/" + made,):
            self._drop(place)
            tree[place] = made

    def _drop(self, place: str) -> None:
        for path in [p for p in self.image.tree if _within(p, place)]:
            del self.image.tree[path]

    def _path(self, written: str) -> str:
        return posixpath.normpath(posixpath.join(self.image.cwd, self._words(written)))

    def _words(self, text: str) -> str:
        return expand_word(text, {**self.args, **dict(self.image.env)})


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
