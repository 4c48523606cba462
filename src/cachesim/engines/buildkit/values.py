"""What does each operation of a build leave in the file system?"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable, Mapping, Sequence, Set

from cachesim.cache.index import Result
from cachesim.context.checksum import Selector, matching_entries, resolve_links
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, lookup
from cachesim.engines.buildkit.content import World
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.filesystem import (
    SCRATCH,
    Execution,
    FileSystem,
    Mounts,
    Placement,
    base_filesystem,
    command_of,
    has_links,
)
from cachesim.engines.buildkit.guess import made_links
from cachesim.engines.buildkit.opaque import opaque_entry
from cachesim.engines.buildkit.vertex import CopyAction, Op, OpKind

__all__ = ["Values"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lzma")


class Values:
    """The file systems of one build in one world, each made when somebody first looks into it.

    Results of a build keep this, and nothing else of it, alive. `stored` holds results that came from the cache.
    """

    def __init__(self, ops: Sequence[Op], on_image: Set[int], contents: Contents, build: int,
                 trees: Mapping[int, FileEntry]) -> None:
        self.ops, self.on_image, self.contents, self.build, self.trees = ops, on_image, contents, build, trees
        self.stored: dict[int, Result] = {}
        self._made: dict[int, FileSystem] = {}
        self._linked: dict[int, bool] = {}

    def known_tree(self, source: int) -> FileEntry | None:
        """Everything that an input holds, where everything is known."""
        tree = self.trees.get(source)
        if tree is not None:
            return tree
        if source in self.on_image:
            return None
        if source in self._made or self.ops[source].kind in (OpKind.MKFILE, OpKind.MKDIR, OpKind.COPY, OpKind.REMOTE):
            fs = self.value(source)
            return fs.tree if fs.exact else None
        return None

    def promise(self, index: int) -> Callable[[], FileSystem]:
        """The file system that an operation leaves, made when somebody first looks into it: most are never looked into."""
        return lambda: self.value(index)

    def value(self, index: int) -> FileSystem:
        """The file system of an operation's result."""
        chain: list[int] = []
        at: int | None = index
        while at is not None and at not in self._made:
            stored = self.stored.get(at)
            if stored is not None:
                self._made[at] = stored.filesystem()
                break
            chain.append(at)
            op = self.ops[at]
            if op.kind is OpKind.EXEC and at == index:
                break       # what it started from is made when somebody looks through it
            at = op.inputs[op.base].op if op.base is not None else None
        for each in reversed(chain):
            self._made[each] = self._value(each)
        return self._made[index]

    def at(self, index: int, path: str) -> FileSystem:
        """The file system of an operation's result, or an earlier one that a RUN left and that holds the same at a path.

        What is copied to another folder of the root directory is left out, unless links may lead there.
        """
        top, at = path.partition("/")[0], index
        while top:
            if at in self._made or at in self.stored:
                fs = self.value(at)
                if fs.run is None or (at != index and self.linked(index)):
                    break
                return fs
            op = self.ops[at]
            if op.kind is OpKind.EXEC:
                if at != index and self.linked(index):
                    break
                return self.value(at)
            if op.base is None or not self._leaves_alone(op, top):
                break
            at = op.inputs[op.base].op
        return self.value(index)

    def _leaves_alone(self, op: Op, top: str) -> bool:
        """Whether an operation other than a RUN writes nothing into a folder of the root directory."""
        if op.kind is OpKind.MKDIR:
            assert op.mkdir is not None
            return op.mkdir.path.partition("/")[0] not in ("", top)
        copies = self.ops[op.inputs[1].op].copies if op.kind is OpKind.MERGE else op.copies
        return all(copy.dest[1:].partition("/")[0] not in ("", ".", top) for copy in copies)

    def linked(self, index: int) -> bool:
        """Whether a symbolic link is known anywhere in the file system of an operation's result, or in a folder it is made of."""
        chain: list[int] = []
        at: int | None = index
        while at is not None and at not in self._linked:
            if at in self._made or at in self.stored:
                self._linked[at] = self.value(at).linked
                break
            chain.append(at)
            op = self.ops[at]
            at = op.inputs[op.base].op if op.base is not None else None
        found = at is not None and self._linked[at]
        for each in reversed(chain):
            found = self._linked[each] = found or self._brings_links(self.ops[each], each)
        return found

    def _made_links(self, op: Op) -> tuple[tuple[str, str], ...]:
        """Links that a RUN makes, if its command is taken at its word: what is written to them goes elsewhere."""
        if op.exec is None or self.contents.world is not World.LIKELY:
            return ()
        return made_links(command_of(op.exec.argv, op.exec.shell), op.exec.cwd, op.exec.env)

    def _brings_links(self, op: Op, index: int) -> bool:
        if op.kind is OpKind.EXEC:
            return bool(self._made_links(op))
        if op.kind is OpKind.LOCAL:
            return has_links(self.trees[index])
        if op.kind is OpKind.MERGE:
            return self.linked(op.inputs[1].op)
        sources = {op.inputs[copy.input].op for copy in op.copies if copy.input >= 0}
        return any(has_links(self.trees[s]) if s in self.trees else self.linked(s) for s in sources)

    def _value(self, index: int) -> FileSystem:
        op = self.ops[index]
        if op.kind is OpKind.LOCAL:
            return FileSystem(self.trees[index])
        below = self._made[op.inputs[op.base].op] if op.base is not None and op.kind is not OpKind.EXEC else SCRATCH
        likely = self.contents.world is World.LIKELY
        match op.kind:
            case OpKind.IMAGE:
                assert op.source is not None
                return base_filesystem(op.source.identity)
            case OpKind.MKFILE | OpKind.REMOTE:
                assert op.source is not None and op.source.tree is not None
                return FileSystem(op.source.tree)
            case OpKind.MKDIR:
                assert op.mkdir is not None
                return below.with_dir(op.mkdir.path, self.contents.owner(below, op.mkdir.owner) or (0, 0))
            case OpKind.MERGE:
                return self.value(op.inputs[1].op).merged_over(below, likely=likely)
            case OpKind.EXEC:
                assert op.exec is not None
                run = Execution(f"{self.build}.{index}", op.exec.argv, op.exec.shell, op.exec.env, op.exec.cwd,
                                functools.partial(self._before, op), functools.partial(self._mounts, op))
                left = FileSystem(EMPTY_DIR, run, linked=self.linked(index))
                for path, target in self._made_links(op):
                    left = left.with_link(path, target)
                return left
        for action in op.copies:
            below = self.placed(index, below, action)
        return below

    def _before(self, op: Op, path: str) -> FileSystem:
        return SCRATCH if op.base is None else self.at(op.inputs[op.base].op, path)

    def _mounts(self, op: Op) -> Mounts:
        assert op.exec is not None
        return tuple([(target, None if at is None else self._mounted(op.inputs[at].op, path))
                      for target, at, path in op.exec.mounts])

    def _mounted(self, source: int, path: str) -> FileSystem | FileEntry:
        tree = self.trees.get(source)
        if tree is not None:
            return lookup(tree, resolve_links(tree, path) or "") or EMPTY_DIR
        fs = self.value(source)
        if not path:
            return fs
        entry = self.contents.entry(fs, path)
        return entry if entry is not None else EMPTY_DIR

    def placed(self, index: int, below: FileSystem, action: CopyAction) -> FileSystem:
        """The file system with one more source of a COPY or ADD in it."""
        if action.input < 0:
            return below
        source = self.ops[index].inputs[action.input].op
        tree = self.trees.get(source)
        fs = None if tree is not None else self._source(source, action.selector)
        if tree is None and fs is not None and fs.exact:
            tree = fs.tree
        likely, owner = self.contents.world is World.LIKELY, self.contents.owner(below, action.owner)
        for name, entry in self._sources(tree, fs, action.selector):
            if action.unpack and entry.kind is FileKind.FILE and name.endswith(_ARCHIVES):
                below = below.with_unpacked(action.dest, entry.digest, likely=likely)
            else:
                below = below.with_placed(
                    Placement(entry, name, action.dest, action.contents_only, owner, action.mode), likely=likely)
        return below

    def _source(self, index: int, selector: Selector) -> FileSystem:
        return self.value(index) if selector.filters else self.at(index, selector.path)

    def _sources(self, tree: FileEntry | None, fs: FileSystem | None,
                 selector: Selector) -> list[tuple[str, FileEntry]]:
        if tree is None:
            assert fs is not None
            name = posixpath.basename(selector.path)
            if selector.filters:
                found_there = self.contents.of_stage(fs, [selector])
                return [(name, opaque_entry(found_there.digest, is_dir=True, undecided=found_there.opaque))]
            entry = self.contents.entry(fs, selector.path)
            return [(name, entry)] if entry is not None else []
        if selector.wildcard:
            tops = [(p, e) for p, e in matching_entries(tree, selector)]
            found: list[tuple[str, FileEntry]] = []
            for path, _ in tops:
                if any(path.startswith(done + "/") for done, _ in found):
                    continue
                found.append((path, self._taken(tree, path, selector)))
            return [(posixpath.basename(p), e) for p, e in found]
        if resolve_links(tree, selector.path) is None:
            return []
        return [(posixpath.basename(selector.path), self._taken(tree, selector.path, selector))]

    def _taken(self, tree: FileEntry, path: str, selector: Selector) -> FileEntry:
        real = resolve_links(tree, path)
        entry = lookup(tree, real) if real is not None else lookup(tree, path)
        assert entry is not None
        if not selector.excludes or not entry.is_dir:
            return entry
        return IgnoreMatcher.of(selector.excludes).filtered(entry)
