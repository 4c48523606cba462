"""Which operations does BuildKit take from its cache, and what does the cache know afterwards?

Source: BuildKit v0.25 solver/edge.go, solver/cachemanager.go, solver/index.go; buildkit.md section 6.2 is this file's outline.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence

from cachesim.cache.index import Links, Result
from cachesim.context.checksum import Selector, matching_entries, parent_of_wildcard, resolve_links
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, lookup
from cachesim.engines.buildkit.contents import Content, Contents, World, opaque_entry
from cachesim.engines.buildkit.filesystem import SCRATCH, Execution, FileSystem, Layer, Placement, base_filesystem
from cachesim.engines.buildkit.vertex import CopyAction, ExecSpec, Op, OpKind
from cachesim.errors import CachesimError

__all__ = ["BuildFails", "Walk"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lzma")


class BuildFails(CachesimError):
    """The engine stops at an operation."""

    def __init__(self, op: int, message: str, missing: str = "") -> None:
        self.op, self.missing = op, missing
        super().__init__(message)


class Walk:
    """One build in one world. `links` is changed; everything else is read.

    After `run`: `executed` holds the operations that ran, `loaded` those whose result was taken from a record, `known`
    the records that each operation matched.
    """

    def __init__(self, ops: Sequence[Op], order: Sequence[int], links: Links, contents: Contents, build: int,
                 trees: Mapping[int, FileEntry]) -> None:
        self.ops, self.order, self.links, self.contents, self.build = ops, order, links, contents, build
        self.trees = trees
        self.known: dict[int, frozenset[str]] = {}
        self.result_keys: dict[int, frozenset[str]] = {}
        self._values: dict[int, FileSystem] = {}
        self._stored: dict[int, Result] = {}
        self.executed: set[int] = set()
        self.loaded: set[int] = set()
        self.content: dict[tuple[int, int], Content] = {}
        self.content_ids: dict[tuple[int, int], frozenset[str]] = {}
        self.opaque: list[tuple[int, Content]] = []

    def run(self, target: int | None) -> None:
        """Build the target.

        Raises:
            BuildFails: A source that certainly does not exist.
        """
        for op in self.order:
            self.known[op] = self._keys(op)
        if target is not None:
            self._materialise(target)

    # -- looking up -------------------------------------------------------------------------------------------------

    def _keys(self, index: int) -> frozenset[str]:
        op = self.ops[index]
        if op.ignore_cache or op.kind is OpKind.LOCAL:
            return frozenset()
        if not op.inputs:
            for key in op.source.keys if op.source else ():
                if "root " + key in self.links.roots:
                    return frozenset(("root " + key,))
            return frozenset()
        by_definition = [self._by_definition(op, i) for i in range(len(op.inputs))]
        hit = frozenset.intersection(*by_definition)
        if hit:
            return hit
        for i, given in enumerate(op.inputs):
            if given.content is not None:
                if not by_definition[i]:
                    self._materialise(given.op)
                    by_definition[i] = by_definition[i] | self._by_content(index, i)
                elif given.op in self.result_keys:
                    by_definition[i] = by_definition[i] | self._by_content(index, i)
        return frozenset.intersection(*by_definition)

    def _by_definition(self, op: Op, position: int) -> frozenset[str]:
        given = op.inputs[position]
        parents = self.known[given.op]
        found: frozenset[str] = frozenset()
        for parent in parents:
            found |= self.links.find(parent, position, op.digest, given.selector)
        return found

    def _by_content(self, index: int, position: int) -> frozenset[str]:
        """Records that the content of an input leads to; links its definition to them as well."""
        done = self.content_ids.get((index, position))
        if done is not None:
            return done
        op, given = self.ops[index], self.ops[index].inputs[position]
        content = self._content_of(index, position)
        key = f"content {content.digest}"
        ids = self.links.find(key, position, op.digest, "")
        if content.opaque:
            self.opaque.append((index, content))
            if not ids and self.contents.world is World.EQUAL:
                for other in self.links.by_op.get((position, op.digest), ()):
                    ids |= self.links.find(other, position, op.digest, "")
        parents = self.result_keys[given.op]
        reached = ids
        for parent in parents:
            reached |= self.links.find(parent, position, op.digest, given.selector)
        for record in reached:
            self.links.link(key, position, op.digest, "", record, content=True)
            for parent in parents:
                self.links.link(parent, position, op.digest, given.selector, record)
        self.content_ids[index, position] = ids
        return ids

    def _content_of(self, index: int, position: int) -> Content:
        given = self.ops[index].inputs[position]
        assert given.content is not None
        tree = self.trees.get(given.op)
        if tree is not None:
            content = self.contents.of_tree(tree, given.content)
        else:
            content = self.contents.of_stage(self.value(given.op), given.content)
        if content.missing is not None:
            raise BuildFails(index, f'failed to calculate checksum of ref: "/{content.missing}": not found', content.missing)
        self.content[index, position] = content
        return content

    # -- making -----------------------------------------------------------------------------------------------------

    def _materialise(self, index: int) -> None:
        needed: set[int] = set()
        todo = [index]
        while todo:
            op = todo.pop()
            if op in self.result_keys or op in needed:
                continue
            if not self._load(op):
                needed.add(op)
                todo += [i.op for i in self.ops[op].inputs]
        for op in sorted(needed):
            self._execute(op)

    def _load(self, index: int) -> bool:
        for key in sorted(self.known.get(index, ())):
            result = self.links.results.get(key)
            if result is not None:
                self._stored[index] = result
                self.result_keys[index] = frozenset((key,))
                self.loaded.add(index)
                return True
        return False

    def _execute(self, index: int) -> None:
        op = self.ops[index]
        if op.kind is OpKind.LOCAL:
            self.result_keys[index] = frozenset()
            self.executed.add(index)
            return
        if not op.inputs:
            self._execute_source(index)
            return
        for i, given in enumerate(op.inputs):
            if given.content is not None:
                self._by_content(index, i)
        self._check(index)
        sets = [self._leading(index, i) for i in range(len(op.inputs))]
        shared = frozenset.intersection(*sets)
        twin = next((r for r in sorted(shared) if r in self.links.results and self.links.results[r].build == self.build), None)
        if twin is not None and not op.ignore_cache:
            self._stored[index] = self.links.results[twin]
            self.loaded.add(index)
            record = twin
        else:
            record = min(shared) if shared else f"r{self.build}.{index}"
            self.links.results[record] = Result(self._promise(index), self.build)
            self.executed.add(index)
        for i, given in enumerate(op.inputs):
            for parent in self.result_keys[given.op]:
                self.links.link(parent, i, op.digest, given.selector, record)
            if given.content is not None:
                self.links.link(f"content {self.content[index, i].digest}", i, op.digest, "", record, content=True)
        self.result_keys[index] = frozenset((record,))

    def _execute_source(self, index: int) -> None:
        op = self.ops[index]
        keys = ["root " + k for k in op.source.keys] if op.source else []
        twin = next((k for k in keys if k in self.links.results and self.links.results[k].build == self.build), None)
        for key in keys:
            self.links.roots.add(key)
            self.links.results.setdefault(key, Result(self._promise(index), self.build))
        self.result_keys[index] = frozenset(keys)
        (self.loaded if twin else self.executed).add(index)

    def _check(self, index: int) -> None:
        """Stop where it is known that the operation cannot run."""
        op = self.ops[index]
        for action in op.copies:
            tree = EMPTY_DIR if action.input < 0 else self._known_tree(op.inputs[action.input].op)
            start = parent_of_wildcard(action.selector.path) if action.selector.wildcard else action.selector.path
            if tree is not None and resolve_links(tree, start) is None:
                raise BuildFails(index, f'lstat /{start}: no such file or directory', missing=start)
        if op.exec is not None and (op.base is None or self.value(op.inputs[op.base].op).exact):
            tree = EMPTY_DIR if op.base is None else self.value(op.inputs[op.base].op).layers[0].tree
            if not _has_program(tree, op.exec):
                raise BuildFails(index, f'process "{" ".join(op.exec.argv)}" did not complete successfully: exit code: 1 '
                                        f"(nothing has put {op.exec.argv[0]} into this file system)")

    def _known_tree(self, source: int) -> FileEntry | None:
        """Everything that an input holds, where everything is known."""
        tree = self.trees.get(source)
        if tree is not None:
            return tree
        if source in self._values or self.ops[source].kind in (OpKind.MKFILE, OpKind.MKDIR, OpKind.COPY, OpKind.REMOTE):
            fs = self.value(source)
            return fs.layers[0].tree if fs.exact else None
        return None

    def _leading(self, index: int, position: int) -> frozenset[str]:
        op, given = self.ops[index], self.ops[index].inputs[position]
        found: frozenset[str] = frozenset()
        for parent in self.result_keys[given.op]:
            found |= self.links.find(parent, position, op.digest, given.selector)
        if given.content is not None:
            found |= self.links.find(f"content {self.content[index, position].digest}", position, op.digest, "")
        return found

    def _promise(self, index: int) -> Callable[[], FileSystem]:
        """The file system that an operation leaves, made when somebody first looks into it: most are never looked into."""
        return lambda: self.value(index)

    def value(self, index: int) -> FileSystem:
        """The file system of an operation's result."""
        chain: list[int] = []
        at: int | None = index
        while at is not None and at not in self._values:
            stored = self._stored.get(at)
            if stored is not None:
                self._values[at] = stored.filesystem()
                break
            chain.append(at)
            op = self.ops[at]
            at = op.inputs[op.base].op if op.base is not None else None
        for each in reversed(chain):
            self._values[each] = self._value(each)
        return self._values[index]

    def _value(self, index: int) -> FileSystem:
        op = self.ops[index]
        if op.kind is OpKind.LOCAL:
            return FileSystem("", (Layer(self.trees[index], None),))
        below = self.value(op.inputs[op.base].op) if op.base is not None else SCRATCH
        match op.kind:
            case OpKind.IMAGE:
                assert op.source is not None
                return base_filesystem(op.source.identity)
            case OpKind.MKFILE | OpKind.REMOTE:
                assert op.source is not None and op.source.tree is not None
                return FileSystem("", (Layer(op.source.tree, None),))
            case OpKind.MKDIR:
                assert op.mkdir is not None
                return below.with_dir(op.mkdir.path, op.mkdir.owner)
            case OpKind.MERGE:
                return self.value(op.inputs[1].op).merged_over(below)
            case OpKind.EXEC:
                assert op.exec is not None
                mounts = tuple((target, None if at is None else self._mounted(op.inputs[at].op, path))
                               for target, at, path in op.exec.mounts)
                return below.after(Execution(f"{self.build}.{index}", op.exec.argv, op.exec.shell, op.exec.env, op.exec.cwd,
                                             below, mounts))
        for action in op.copies:
            below = self._placed(index, below, action)
        return below

    def _mounted(self, source: int, path: str) -> FileSystem | FileEntry:
        tree = self.trees.get(source)
        if tree is not None:
            return lookup(tree, resolve_links(tree, path) or "") or EMPTY_DIR
        fs = self.value(source)
        if not path:
            return fs
        entry = self.contents.entry(fs, path)
        return entry if entry is not None else EMPTY_DIR

    def _placed(self, index: int, below: FileSystem, action: CopyAction) -> FileSystem:
        if action.input < 0:
            return below
        source = self.ops[index].inputs[action.input].op
        tree = self.trees.get(source)
        fs = None if tree is not None else self.value(source)
        if tree is None and fs is not None and fs.exact:
            tree = fs.layers[0].tree
        for name, entry in self._sources(tree, fs, action.selector):
            if action.unpack and entry.kind is FileKind.FILE and name.endswith(_ARCHIVES):
                below = below.with_unpacked(action.dest, entry.digest)
            else:
                below = below.with_placed(Placement(entry, name, action.dest, action.contents_only, action.several,
                                                    action.owner, action.mode))
        return below

    def _sources(self, tree: FileEntry | None, fs: FileSystem | None,
                 selector: Selector) -> list[tuple[str, FileEntry]]:
        if tree is None:
            assert fs is not None
            name = posixpath.basename(selector.path)
            if selector.filters:
                token = self.contents.of_stage(fs, [selector]).digest
                return [(name, opaque_entry(token, is_dir=True))]
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


def _has_program(tree: FileEntry, spec: ExecSpec) -> bool:
    """Whether the program of a RUN may exist, in a file system that is known exactly."""
    program = spec.argv[0] if spec.argv else ""
    if any(at is not None for _, at, _ in spec.mounts):
        return True         # a mount may bring it
    folders = [""] if "/" in program else spec.env.get("PATH", "").split(":")
    return any(resolve_links(tree, posixpath.normpath(posixpath.join("/", spec.cwd if "/" in program else "", f, program)).lstrip("/"))
               is not None for f in folders)
