"""Which bytes does a path of a stage hold in one world: known exactly, or only known to be equal to something?"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from cachesim.context.checksum import (
    Selector,
    entry_digest,
    go_path_match,
    join_digests,
    matching_entries,
    parent_of_wildcard,
    resolve_links,
    selection_digest,
)
from cachesim.context.snapshot import FileEntry, lookup
from cachesim.digest import Digest, digest_of
from cachesim.engines.base import RunClaim
from cachesim.engines.buildkit.content import OPEN, OWNED, Content, World, owned_grounds
from cachesim.engines.buildkit.executions import Executions, at_path, touches
from cachesim.engines.buildkit.filesystem import Execution, FileSystem
from cachesim.engines.buildkit.guess import statements, written_paths
from cachesim.engines.buildkit.opaque import holds_opaque, opaque_entry
from cachesim.engines.buildkit.view import Looking, View, unknown_grounds

__all__ = ["Contents"]

_ENGINE_WRITES = frozenset({"", "etc", "etc/hosts", "etc/hostname", "etc/resolv.conf", "dev", "proc", "sys", "run", "tmp"})


class Contents:
    """Answers in one world; remembers what it was asked."""

    def __init__(self, world: World, claims: Sequence[RunClaim] = ()) -> None:
        self.world = world
        self._executions = Executions(world, claims, self.view)

    def of_tree(self, tree: FileEntry, selectors: tuple[Selector, ...]) -> Content:
        """Content of a selection of a transferred context; remembered with the tree."""
        key = ("content", self.world is World.EQUAL, selectors)
        known: Content | None = tree.memo.get(key)
        if known is None:
            known = tree.memo[key] = self._exact(tree, selectors, root=True)
        return known

    def of_stage(self, fs: FileSystem, selectors: Sequence[Selector]) -> Content:
        """Content of a selection of a stage's file system."""
        if fs.exact:
            return self._exact(fs.tree, selectors, root=False)
        sums, runs, undecided, grounds, of_base = [], [], False, "", False
        views: list[tuple[str, View]] = []
        for selector in sorted(selectors, key=lambda s: s.path) if len(selectors) > 1 else selectors:
            start = parent_of_wildcard(selector.path) if selector.wildcard else selector.path
            guessed = self._likely_matches(fs, selector) if selector.wildcard and self.world is World.LIKELY else None
            if guessed is not None:
                sums.append(guessed)
                runs += [layer.run for layer in fs.layers if layer.run is not None]
                continue
            view = self.view(fs, start)
            runs += view.runs
            undecided, of_base = undecided or view.undecided, of_base or view.of_base
            grounds = owned_grounds(view.copied or (view.entry if not view.tokens else None), selectors)
            views.append((start, view))
            if view.tokens and not selector.filters:
                sums.append(entry_digest(self._opaque(view, start)))
            elif view.tokens or (selector.filters and view.entry is not None and holds_opaque(view.entry)):
                sums.append(digest_of(*view.tokens, repr(selector), entry_digest(view.entry) if view.entry else ""))
                undecided = undecided or (view.entry is not None and holds_opaque(view.entry))
            elif view.entry is None:
                if fs.run is None and not fs.base:
                    return Content(Digest(""), missing=start)
                sums.append(digest_of("nothing", start))
            else:
                real = fs.resolved(start)
                tree = at_path(real, view.entry)
                inside = Selector("/".join(p for p in (real, selector.path[len(start):].strip("/")) if p),
                                  selector.follow, selector.wildcard, selector.excludes)
                found = selection_digest(tree, [inside], root=False)
                sums.append(found if isinstance(found, Digest) else digest_of("nothing", found))
        opaque = bool(runs) or undecided
        if opaque and not grounds.startswith(OWNED):
            grounds = OPEN
            if self.world is World.EQUAL and not any(s.filters for s in selectors):
                grounds = unknown_grounds(views)
        sure = views[0][1].sure if len(selectors) == len(views) == 1 and not selectors[0].filters else None
        return Content(join_digests(sums), opaque, None, tuple(runs), grounds, of_base, sure)

    def _likely_matches(self, fs: FileSystem, selector: Selector) -> Digest | None:
        """The guess for a wildcard: what is known to match, and what commands write by name; None for no idea."""
        depth = selector.path.count("/") + 1
        names: set[str] = set()
        for layer in fs.layers:
            names |= {p for p, _ in matching_entries(layer.tree, selector) if p.count("/") + 1 == depth}
            if layer.run is None:
                continue
            run = layer.run
            for statement in statements(run.command):
                written = written_paths(statement, run.cwd, run.env)
                if written is None:
                    return None
                tops = {"/".join(w.strip("/").split("/")[:depth]) for w in written}
                names |= {t for t in tops if go_path_match(selector.path, t)}
        sums = [fs.base]
        for name in sorted(names):
            view = self.view(fs, name)
            sums += [name, *view.tokens, entry_digest(view.entry) if view.entry else ""]
        return digest_of("matches", *sums)

    def _exact(self, tree: FileEntry, selectors: Sequence[Selector], *, root: bool) -> Content:
        found = selection_digest(tree, selectors, root=root)
        if not isinstance(found, Digest):
            return Content(Digest(""), missing=found)
        real = resolve_links(tree, selectors[0].path) if self.world is World.EQUAL and not selectors[0].filters else None
        entry = lookup(tree, real) if real is not None else None
        return Content(found, grounds=owned_grounds(entry, selectors), sure=entry if len(selectors) == 1 else None)

    def owner(self, fs: FileSystem, owner: tuple[int, int] | None) -> tuple[int, int] | None:
        """An owner, where a name (a negative number) also stands for the user tables in which it is looked up."""
        if owner is None or min(owner) >= 0:
            return owner
        tables = [self.view(fs, path) for path in ("etc/passwd", "etc/group")]
        said = [text for t in tables for text in (*t.tokens, entry_digest(t.entry) if t.entry is not None else "")]
        uid, gid = (n if n >= 0 else -1 - int(digest_of("owner", str(n), *said)[:8], 16) for n in owner)
        return uid, gid

    def entry(self, fs: FileSystem, path: str) -> FileEntry | None:
        """The entry that a COPY of this path brings: exact where everything is known, else an opaque one."""
        view = self.view(fs, path)
        if not view.tokens:
            return view.entry
        return self._opaque(view, path)

    def _opaque(self, view: View, path: str) -> FileEntry:
        """What stands for a view that is not known: copied on, it is still the same."""
        if view.copied is not None:
            return view.copied
        token = digest_of(*view.tokens, path, entry_digest(view.entry) if view.entry else "")
        name = posixpath.basename(path)
        known_dir = view.entry is not None and view.entry.is_dir
        return opaque_entry(token, is_dir=known_dir or not name or "." not in name[1:],
                            undecided=bool(view.runs) or view.undecided)

    def view(self, fs: FileSystem, path: str) -> View:
        """What the layers say of a path, from the top down until it is determined."""
        path = fs.resolved(path)
        look = Looking(path, self.world)
        at = fs
        while not look.layer(at.tree):
            run = at.run
            if run is None:
                look.bottom(at.base, fs.run)
                break
            if self._through(run, look):
                break
            at = run.before(path)
        return look.seen()

    def _through(self, run: Execution, look: Looking) -> bool:
        """Note what an execution may have written at a path; True if it hides what was there before."""
        path, tokens = look.path, look.tokens
        executions = self._executions
        written = None if self.world is World.LIKELY else executions.written(run)
        token, ends = executions.token(run, path)
        if written is not None and path not in _ENGINE_WRITES:
            inside = [w for w in written if touches(w, path)]
            if not inside:
                return False
            below = [w[len(path):].lstrip("/") for w in inside if w.startswith(path + "/")]
            ends = len(below) < len(inside)
            look.masks += below
        if executions.leaves_open(run, path):
            look.runs.append(run)       # also where the guess is that it leaves the path alone: nobody knows
        if token is None:
            return False
        tokens.append(token)
        return ends
