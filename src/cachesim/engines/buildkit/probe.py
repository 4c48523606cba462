"""Which operations does BuildKit take from its cache, and what does the cache know afterwards?

Source: BuildKit v0.25 solver/edge.go, solver/cachemanager.go, solver/index.go.
"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cachesim.cache.index import Links, Result
from cachesim.context.checksum import parent_of_wildcard, resolve_links
from cachesim.context.ignore import go_match_error
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, lookup
from cachesim.digest import Digest
from cachesim.engines.buildkit.content import Content, World, may_be_equal, surely_differ
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.conversion import Conversion
from cachesim.engines.buildkit.filesystem import SCRATCH, FileSystem
from cachesim.engines.buildkit.values import Values
from cachesim.engines.buildkit.vertex import CopyAction, ExecSpec, Op, OpInput, OpKind
from cachesim.errors import CachesimError

__all__ = ["BuildFails", "Walk"]

_NOTHING: frozenset[str] = frozenset()


class BuildFails(CachesimError):
    """The engine stops at an operation."""

    def __init__(self, op: int, message: str, missing: str = "") -> None:
        self.op, self.missing = op, missing
        super().__init__(message)


class _PutOff(NamedTuple):
    """Content that nobody looked at yet: input `position` of an operation, and the record that it leads to since it ran."""

    op: int
    position: int
    record: frozenset[str] | None


class Walk:
    """One build in one world. `links` is changed; everything else is read.

    A walk `after` that of another world is lean. It does not check again what could run there, and it does not ask for content
    that cannot change what happens: that of an operation which runs anyway, since what it is built on leads nowhere. Such content
    is put off until an operation with the same digest may find it, or until `complete`.

    `trees` holds the contexts as checksums see them, `disk` as steps that run find them.

    After `run`: `executed` holds the operations that ran, `loaded` those whose result was taken from a record, `known`
    the records that each operation matched.
    """

    def __init__(self, conversion: Conversion, links: Links, contents: Contents, build: int, trees: Mapping[int, FileEntry],
                 disk: Mapping[int, FileEntry], *, after: Walk | None = None) -> None:
        self.ops, self.order, self.file_places = conversion.ops, conversion.order, conversion.file_places
        self.links, self.contents, self.build = links, contents, build
        self.trees, self.lean = trees, after is not None
        self.checked = after.executed if after is not None else set()
        self.put_off: dict[Digest, list[_PutOff]] = {}
        self.known: dict[int, frozenset[str]] = {}
        self.result_keys: dict[int, frozenset[str]] = {}
        self.values = Values(self.ops, conversion.on_image, contents, build, disk)
        self.executed: set[int] = set()
        self.loaded: set[int] = set()
        self.content: dict[tuple[int, int], Content] = {}
        self.content_ids: dict[tuple[int, int], frozenset[str]] = {}
        self.opaque: list[tuple[int, Content]] = []
        self.of_base: list[tuple[int, Content]] = []

    def run(self, target: int | None) -> None:
        """Build the target.

        Raises:
            BuildFails: A source that certainly does not exist.
        """
        for op in self.order:
            self.known[op] = self._keys(op)
        if target is not None:
            self._materialise(target)

    def complete(self) -> Links:
        """The tables with everything in them that was put off.

        Raises:
            BuildFails: As `run`.
        """
        for digest in list(self.put_off):
            self._catch_up(digest)
        return self.links

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
        by_definition = self._all_by_definition(op)
        if self.lean:
            for given, found in zip(op.inputs, by_definition, strict=True):
                if given.content is None and not found:     # it runs, whatever the content of its inputs
                    self._put_off_all(index, by_definition)
                    return _NOTHING
            if op.digest in self.put_off:
                self._catch_up(op.digest)
                by_definition = self._all_by_definition(op)
        if len(by_definition) == 1 and op.inputs[0].content is None:
            return by_definition[0]
        hit = by_definition[0].intersection(*by_definition[1:])
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

    def _put_off_all(self, index: int, by_definition: Sequence[frozenset[str]]) -> None:
        """Do what `_keys` does to the inputs of an operation that runs anyway, without looking at their content."""
        op = self.ops[index]
        for i, given in enumerate(op.inputs):
            if given.content is None:
                continue
            found = by_definition[i]
            if any(not self.known[given.op].isdisjoint(self.result_keys[self.ops[o].inputs[p].op])
                   for o, p, _ in self.put_off.get(op.digest, ())):
                self._catch_up(op.digest)
                found = self._by_definition(op.digest, i, given)
            if not found:
                self._materialise(given.op)
            if given.op in self.result_keys:
                self.put_off.setdefault(op.digest, []).append(_PutOff(index, i, None))

    def _catch_up(self, digest: Digest) -> None:
        """Look at the content that was put off, in the order in which it would have been looked at."""
        for index, position, record in self.put_off.pop(digest, ()):
            self._by_content(index, position)
            if record is not None:
                self._link_input(index, position, record)

    def _all_by_definition(self, op: Op) -> list[frozenset[str]]:
        return [self._by_definition(op.digest, i, given) for i, given in enumerate(op.inputs)]

    def _by_definition(self, digest: str, position: int, given: OpInput) -> frozenset[str]:
        found, links = _NOTHING, self.links.links
        for parent in self.known[given.op]:
            more = links.get((parent, position, digest, given.selector), _NOTHING)
            found = found | more if found else more
        return found

    def _by_content(self, index: int, position: int) -> frozenset[str]:
        """Records that the content of an input leads to; links its definition to them as well."""
        done = self.content_ids.get((index, position))
        if done is not None:
            return done
        op, given = self.ops[index], self.ops[index].inputs[position]
        if op.digest in self.put_off:
            self._catch_up(op.digest)
        content = self._content_of(index, position)
        key = content.key
        ids = self.links.find(key, position, op.digest, "")
        others = [] if ids else [o for o in self.links.by_op.get((position, op.digest), ())
                                 if may_be_equal(content.grounds, self.links.grounds.get(o, ""))
                                 and not surely_differ(content.sure, self.links.sure.get(o))]
        if content.opaque or others:
            self.opaque.append((index, content))
        if self.contents.world is World.EQUAL:
            for other in others:
                ids |= self.links.find(other, position, op.digest, "")
        parents = self.result_keys[given.op]
        reached = ids
        for parent in parents:
            reached |= self.links.find(parent, position, op.digest, given.selector)
        if reached:
            self.links.link_content(key, position, op.digest, reached)
            for parent in parents:
                self.links.link(parent, position, op.digest, given.selector, reached)
        self.content_ids[index, position] = ids
        return ids

    def _content_of(self, index: int, position: int) -> Content:
        given = self.ops[index].inputs[position]
        assert given.content is not None
        tree = self.trees.get(given.op)
        if tree is not None:
            if any(s.wildcard and go_match_error(s.path) for s in given.content):
                raise BuildFails(index, "failed to calculate checksum of ref: syntax error in pattern")
            content = self.contents.of_tree(tree, given.content)
        else:
            selected = given.content
            plain = len(selected) == 1 and not selected[0].filters
            fs = self.values.at(given.op, selected[0].path) if plain else self.values.value(given.op)
            content = self.contents.of_stage(fs, selected)
        if content.missing is not None:
            raise BuildFails(index, f'failed to calculate checksum of ref: "/{content.missing}": not found', content.missing)
        self.content[index, position] = content
        if content.of_base:
            self.of_base.append((index, content))
        if content.grounds:
            self.links.grounds[content.key] = content.grounds
        if content.sure is not None and self.contents.world is World.EQUAL:
            self.links.sure[content.key] = content.sure
        return content

    # -- making -----------------------------------------------------------------------------------------------------

    def _materialise(self, index: int) -> None:
        if index in self.result_keys:
            return
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
        known = self.known.get(index, _NOTHING)
        for key in sorted(known) if len(known) > 1 else known:
            result = self.links.results.get(key)
            if result is not None:
                self.values.stored[index] = result
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
            self._check(index)
            self._execute_source(index)
            return
        anyway = False
        if self.lean:
            for i, given in enumerate(op.inputs):
                if given.content is None and not self._leading(index, i):
                    anyway = True
                    break
        shared = _NOTHING
        if not anyway:
            if op.digest in self.put_off:
                self._catch_up(op.digest)
            for i, given in enumerate(op.inputs):
                if given.content is not None:
                    self._by_content(index, i)
            shared = self._leading(index, 0)
            for i in range(1, len(op.inputs)):
                shared &= self._leading(index, i)
        self._check(index)
        twin = self._made_now(shared) if shared and not op.ignore_cache else None
        if twin is not None:
            self.values.stored[index] = self.links.results[twin]
            self.loaded.add(index)
            record = twin
        else:
            record = min(shared) if shared else f"r{self.build}.{index}"
            self.links.results[record] = Result(self.values.promise(index), self.build)
            self.executed.add(index)
        result = self.result_keys[index] = frozenset((record,))
        for i, given in enumerate(op.inputs):
            if anyway and given.content is not None:
                self.put_off.setdefault(op.digest, []).append(_PutOff(index, i, result))
            else:
                self._link_input(index, i, result)

    def _made_now(self, records: frozenset[str]) -> str | None:
        """The first of some records whose result this very build made."""
        for record in sorted(records):
            result = self.links.results.get(record)
            if result is not None and result.build == self.build:
                return record
        return None

    def _link_input(self, index: int, position: int, record: frozenset[str]) -> None:
        """Let an input lead to the record of an operation that ran, by definition and by content."""
        op, given = self.ops[index], self.ops[index].inputs[position]
        for parent in self.result_keys[given.op]:
            self.links.link(parent, position, op.digest, given.selector, record)
        if given.content is not None:
            self.links.link_content(self.content[index, position].key, position, op.digest, record)

    def _execute_source(self, index: int) -> None:
        op = self.ops[index]
        keys = ["root " + k for k in op.source.keys] if op.source else []
        twin = next((k for k in keys if k in self.links.results and self.links.results[k].build == self.build), None)
        for key in keys:
            self.links.roots.add(key)
            self.links.results.setdefault(key, Result(self.values.promise(index), self.build))
        self.result_keys[index] = frozenset(keys)
        (self.loaded if twin else self.executed).add(index)

    def _check(self, index: int) -> None:
        """Stop where it is known that the operation cannot run."""
        if index in self.checked:
            return
        op = self.ops[index]
        for number, action in enumerate(op.copies):
            tree = EMPTY_DIR if action.input < 0 else self.values.known_tree(op.inputs[action.input].op)
            start = parent_of_wildcard(action.selector.path) if action.selector.wildcard else action.selector.path
            if tree is not None and resolve_links(tree, start) is None:
                raise BuildFails(index, f'lstat /{start}: no such file or directory', missing=start)
            self._check_folder(index, number)
        if op.exec is not None and op.exec.lacks:
            raise BuildFails(index, op.exec.lacks)
        if op.exec is not None and index not in self.values.on_image:
            fs = SCRATCH if op.base is None else self.values.value(op.inputs[op.base].op)
            if not _has_program(fs, op.exec):
                raise BuildFails(index, f'process "{" ".join(op.exec.argv)}" did not complete successfully: exit code: 1 '
                                        f"(nothing has put {op.exec.argv[0]} into this file system)")

    def _check_folder(self, index: int, number: int) -> None:
        """Stop where an earlier step or source of this build put a file in the place of a folder."""
        op, action = self.ops[index], self.ops[index].copies[number]
        if not self.file_places or (op.base is None and not number):
            return
        dest = posixpath.normpath("/" + action.dest.lstrip("/"))
        into = action.dest.endswith(("/", "/."))
        for folder in _upwards(dest if into or self._brings_folder(op, action) else posixpath.dirname(dest)):
            if folder in self.file_places:
                fs = self.values.value(op.inputs[op.base].op) if op.base is not None else SCRATCH
                for earlier in op.copies[:number]:
                    fs = self.values.placed(index, fs, earlier)
                entry = fs.known(fs.resolved(folder.lstrip("/")))
                if entry is not None and entry.kind is FileKind.FILE and fs.left_alone(folder.lstrip("/")):
                    raise BuildFails(index, f"mkdir {folder}: not a directory" if into or folder != dest
                                     else f"cannot copy to non-directory: {folder}")

    def _brings_folder(self, op: Op, action: CopyAction) -> bool:
        """Whether a source is certainly a folder, whose contents are copied."""
        tree = EMPTY_DIR if action.input < 0 else self.values.known_tree(op.inputs[action.input].op)
        if tree is None or action.selector.wildcard or not action.contents_only:
            return False
        real = resolve_links(tree, action.selector.path)
        entry = lookup(tree, real) if real is not None else None
        return entry is not None and entry.is_dir

    def _leading(self, index: int, position: int) -> frozenset[str]:
        op, links = self.ops[index], self.links.links
        given = op.inputs[position]
        found = _NOTHING
        for parent in self.result_keys[given.op]:
            more = links.get((parent, position, op.digest, given.selector), _NOTHING)
            found = found | more if found else more
        if given.content is not None:
            found |= links.get((self.content[index, position].key, position, op.digest, ""), _NOTHING)
        return found


@functools.lru_cache(maxsize=4096)
def _upwards(folder: str) -> tuple[str, ...]:
    """A folder and those above it, without the root."""
    return (folder, *_upwards(posixpath.dirname(folder))) if len(folder) > 1 else ()


def _has_program(fs: FileSystem, spec: ExecSpec) -> bool:
    """Whether the program of a RUN may exist."""
    program = spec.argv[0] if spec.argv else ""
    folders = [spec.cwd] if "/" in program else spec.env.get("PATH", "").split(":")
    mounts = [target.rstrip("/") + "/" for target, at, _ in spec.mounts if at is not None]
    for folder in folders:
        path = posixpath.normpath(posixpath.join("/", folder, program))
        if any(path.startswith(target) for target in mounts) or fs.may_hold(path.lstrip("/")):
            return True
    return False
