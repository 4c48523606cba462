"""Which bytes does a path of a stage hold: known exactly, or only known to be equal to something?

Three worlds are kept apart. In DIFFERENT every execution of a RUN writes bytes of its own and every base image has its own. In
EQUAL whatever was executed again may have written what was there before, and all base images hold the same at a path. In LIKELY
the guesses of `guess.py` hold. What all three agree on is certain.
"""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cachesim.context.checksum import (
    Selector,
    entry_digest,
    go_path_match,
    header_digest,
    join_digests,
    matching_entries,
    parent_of_wildcard,
    resolve_links,
    selection_digest,
)
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, directory, lookup, with_children
from cachesim.digest import Digest, digest_of
from cachesim.engines.base import RunClaim, RunClaimKind
from cachesim.engines.buildkit.filesystem import USUAL_DIRS, Execution, FileSystem
from cachesim.engines.buildkit.guess import Effect, effect_of, statements, written_paths
from cachesim.engines.buildkit.opaque import MORE, holds_opaque, is_opaque, is_undecided, laid, lies_over, opaque_entry
from cachesim.engines.buildkit.plain import makes_no_links, surely_writes
from cachesim.enums import quick

__all__ = ["Content", "Contents", "World", "may_be_equal", "surely_differ"]

_DEPTH = 40
_RARELY_CHANGED = frozenset({"etc/passwd", "etc/group", "etc/nsswitch.conf"})      # from one base image to the next
_NOWHERE = "\0nowhere"     # no file can have this name
_ENGINE_WRITES = frozenset({"", "etc", "etc/hosts", "etc/hostname", "etc/resolv.conf", "dev", "proc", "sys", "run", "tmp"})
_KNOWN, _OWNED, _SAME_UNKNOWN, _OPEN = "known", "owned", "unknown", "open"
_SYMBOLIC = 1 << 20     # --chmod in letters: the number stands for the text


@quick
class World(enum.Enum):
    """What is taken to be true of bytes that nobody can know."""

    LIKELY = "likely"
    EQUAL = "equal"
    DIFFERENT = "different"

    __hash__ = object.__hash__      # enum's own is written in Python; every member exists once


class Content(NamedTuple):
    """The content of a selection.

    Attributes:
        digest: Equal digests, equal bytes (in this world).
        opaque: Whether an execution had a say, so that the worlds may disagree.
        missing: The path that certainly does not exist, or None.
        runs: The executions that had a say.
        grounds: What is known of it, see `may_be_equal`; never empty for an opaque one.
        of_base: Whether files of a base image had a say: another image may hold the same.
        sure: What is certainly in it, in the world where the rest may be anything; None for nothing.
    """

    digest: Digest
    opaque: bool = False
    missing: str | None = None
    runs: tuple[Execution, ...] = ()
    grounds: str = ""
    of_base: bool = False
    sure: FileEntry | None = None

    @property
    def key(self) -> str:
        """The content's key in the cache."""
        return f"content {self.digest}"


@dataclass(slots=True)
class _View:
    """What is seen at one path.

    Attributes:
        tokens: What the unknown part is made of; equal tokens, equal bytes.
        copied: The opaque entry that is all there is to see.
        of_base: Files of a base image had a say.
        undecided: Unequal tokens may be equal bytes too.
        places: Of tokens that also stand for a file that is known: what they are without its bytes.
        sure: Known entries that no execution can have changed since.
    """

    entry: FileEntry | None
    tokens: list[str]
    runs: list[Execution]
    copied: FileEntry | None = None
    of_base: bool = False
    undecided: bool = False
    places: Mapping[str, str] = field(default_factory=dict)
    sure: FileEntry | None = None


def may_be_equal(one: str, other: str) -> bool:
    """Whether two contents of different digests may be equal bytes, by what is known of them (`Content.grounds`).

    Not where both are known. Not where a COPY gave unknown bytes another owner or mode. And not where the unknown parts are
    the same ones, in the same places: then what differs is known, and lies on top.
    """
    mine, theirs = one.split() or [""], other.split() or [""]
    if mine[0] in ("", _KNOWN) and theirs[0] in ("", _KNOWN):
        return False
    if mine[0] == theirs[0] == _SAME_UNKNOWN:
        return mine != theirs
    if len(mine) != 3 or len(theirs) != 3:
        return True
    modes = {int(mine[2]), int(theirs[2])}
    return mine[1] == theirs[1] and (len(modes) == 1 or 0 in modes or max(modes) >= _SYMBOLIC)


def surely_differ(one: FileEntry | None, other: FileEntry | None) -> bool:
    """Whether two entries, known in part, hold different files at one path that is known in both."""
    if one is None or other is None or one is other or is_opaque(one) or is_opaque(other):
        return False
    if one.is_dir and other.is_dir:
        few, many = sorted((one.children, other.children), key=len)
        return any(surely_differ(child, many.get(name)) for name, child in few.items() if name != MORE)
    if one.is_dir or other.is_dir:
        return True
    return not (is_undecided(one) or is_undecided(other)) and entry_digest(one) != entry_digest(other)


def _owned(entry: FileEntry | None, selectors: Sequence[Selector]) -> str:
    """Owner and mode of an entry, if it is all that is selected and they are known: those of a file, or those that a COPY
    gave to unknown bytes.
    """
    if entry is None or len(selectors) != 1 or selectors[0].filters:
        return ""
    if is_opaque(entry):
        return f"{_OWNED} {entry.uid}:{entry.gid} {entry.mode}" if is_undecided(entry) and min(entry.uid, entry.gid) >= 0 else ""
    return f"{_KNOWN} {entry.uid}:{entry.gid} {entry.mode}" if entry.kind is FileKind.FILE and not is_undecided(entry) else ""


def _unknown_part(views: Sequence[tuple[str, _View]]) -> str:
    """What stands for the unknown part of some views, and where what is known lies; it does not say what that is."""
    fields: list[str] = []
    for path, view in views:
        fields += [path, *[view.places.get(t, t) for t in view.tokens], _shape(view.entry) if view.entry is not None else ""]
    return f"{_SAME_UNKNOWN} {digest_of(*fields)}"


def _shape(entry: FileEntry) -> str:
    """What an entry is without the bytes, mode and owner of the files that are known in it; remembered per directory."""
    if is_opaque(entry):
        inside = [f"{name} {_shape(child)}" for name, child in entry.children.items()]
        return f"here or inside {inside}" if inside else f"{entry.digest} {entry.mode}"
    if not entry.is_dir:
        return f"{entry.uid}:{entry.gid}" if is_undecided(entry) else ""
    known = entry.memo.get("shape")
    if known is None:
        below = [f"{name} {_shape(child)}" for name, child in sorted(entry.children.items())]
        known = entry.memo["shape"] = digest_of(header_digest(entry), *below)
    return str(known)


class Contents:
    """Answers in one world; remembers what it was asked."""

    def __init__(self, world: World, claims: Sequence[RunClaim] = ()) -> None:
        self.world = world
        self.claims = {c.command: c for c in claims}
        self._tokens: dict[tuple[str, str], str | None] = {}
        self._plain: dict[str, tuple[str, ...] | None] = {}
        self._linking: dict[str, bool] = {}         # whether something before an execution may have made links
        self._depth = 0

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
        views: list[tuple[str, _View]] = []
        for selector in sorted(selectors, key=lambda s: s.path):
            start = parent_of_wildcard(selector.path) if selector.wildcard else selector.path
            guessed = self._likely_matches(fs, selector) if selector.wildcard and self.world is World.LIKELY else None
            if guessed is not None:
                sums.append(guessed)
                runs += [layer.run for layer in fs.layers if layer.run is not None]
                continue
            view = self.view(fs, start)
            runs += view.runs
            undecided, of_base = undecided or view.undecided, of_base or view.of_base
            grounds = _owned(view.copied or (view.entry if not view.tokens else None), selectors)
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
                tree = _at(real, view.entry)
                inside = Selector("/".join(p for p in (real, selector.path[len(start):].strip("/")) if p),
                                  selector.follow, selector.wildcard, selector.excludes)
                found = selection_digest(tree, [inside], root=False)
                sums.append(found if isinstance(found, Digest) else digest_of("nothing", found))
        opaque = bool(runs) or undecided
        if opaque and not grounds.startswith(_OWNED):
            grounds = _OPEN
            if self.world is World.EQUAL and not any(s.filters for s in selectors):
                grounds = _unknown_part(views)
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
        return Content(found, grounds=_owned(entry, selectors), sure=entry if len(selectors) == 1 else None)

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

    def _opaque(self, view: _View, path: str) -> FileEntry:
        """What stands for a view that is not known: copied on, it is still the same."""
        if view.copied is not None:
            return view.copied
        token = digest_of(*view.tokens, path, entry_digest(view.entry) if view.entry else "")
        name = posixpath.basename(path)
        known_dir = view.entry is not None and view.entry.is_dir
        return opaque_entry(token, is_dir=known_dir or not name or "." not in name[1:],
                            undecided=bool(view.runs) or view.undecided)

    def view(self, fs: FileSystem, path: str) -> _View:
        """What the layers say of a path, from the top down until it is determined."""
        path = fs.resolved(path)
        overlays: list[FileEntry] = []
        tokens: list[str] = []
        runs: list[Execution] = []
        copied: FileEntry | None = None
        places: dict[str, str] = {}
        sure: list[FileEntry] = []
        masks: list[str] = []       # what executions may have written below the path, so far
        of_base = undecided = False
        parts = path.split("/") if path else []
        at = fs
        while True:
            found, above, ends = _lookup(at.tree, parts)
            undecided = undecided or bool(above)
            if found is not None and not found.is_dir:
                if is_opaque(found):
                    copied = found if ends and not overlays and not tokens and not above else None
                    undecided = undecided or is_undecided(found)
                    tokens += [*above, f"marker {entry_digest(found)}"]
                    if found.children:
                        places[tokens[-1]] = _shape(found)
                elif not overlays:
                    overlays.append(found)
                    sure.append(found)
                    undecided = undecided or is_undecided(found)
                if ends:
                    break
            tokens += above if found is None or found.is_dir else ()
            if found is not None and found.is_dir:
                overlays.append(found)
                if self.world is World.EQUAL:
                    sure.append(_without(found, masks))
                undecided = undecided or is_undecided(found)
            elif ends:
                break
            if at.run is None:
                base = at.base
                if base and (self.world is World.DIFFERENT or path in USUAL_DIRS or not (overlays or tokens)):
                    alike = self.world is World.EQUAL or (self.world is World.LIKELY and path in _RARELY_CHANGED)
                    tokens.append(f"base {path}" if alike else f"base {base} {path}")
                    of_base = True
                elif not base and not overlays and not tokens and fs.run is not None:
                    tokens.append(f"run {fs.run.id} {path}")
                    runs.append(fs.run)
                break
            run: Execution = at.run
            written = None if self.world is World.LIKELY else self._written(run)
            token, ends = self._run_token(run, path)
            if written is not None and path not in _ENGINE_WRITES:
                inside = [w for w in written if _touches(w, path)]
                if not inside:
                    at = run.before(path)
                    continue
                below = [w[len(path):].lstrip("/") for w in inside if w.startswith(path + "/")]
                ends = len(below) < len(inside)
                masks += below
            if self._unknown(run, path):
                runs.append(run)     # also where the guess is that it leaves the path alone: nobody knows
            if token is not None:
                tokens.append(token)
                if ends:
                    break
            at = run.before(path)
        entry: FileEntry | None = None
        for overlay in reversed(overlays):
            entry = overlay if entry is None or not overlay.is_dir else laid(entry, overlay, keep=True, replace_headers=False)
        certain: FileEntry | None = None
        for overlay in reversed(sure):
            certain = overlay if certain is None or not overlay.is_dir else laid(certain, overlay, keep=True)
        return _View(entry, tokens, runs, copied, of_base, undecided, places, certain)

    def _written(self, run: Execution) -> tuple[str, ...] | None:
        """The paths, without the first "/", that an execution can have changed at most; None if that may be any."""
        if run.id not in self._plain:
            written = None if self._claim(run) is not None else surely_writes(run.argv, run.shell, run.cwd, run.env)
            if written is not None:
                paths = [w.strip("/") for w in (*written, *[target for target, _ in run.mounts])]
                written = tuple(dict.fromkeys([*paths, *[run.before(p).resolved(p) for p in paths]]))
                if paths and self._after_links(run):
                    written = None
            self._plain[run.id] = written
        return self._plain[run.id]

    def _after_links(self, run: Execution) -> bool:
        """Whether an execution before this one may have made a symbolic link."""
        found = self._linking.get(run.id)
        if found is None:
            passed, at, found = [run.id], run.before(_NOWHERE).run, False
            while at is not None and not found:
                if not makes_no_links(at.argv, at.shell, at.cwd, at.env):
                    found = True
                elif at.id in self._linking:
                    found, at = self._linking[at.id], None
                else:
                    passed.append(at.id)
                    at = at.before(_NOWHERE).run
            self._linking.update(dict.fromkeys(passed, found))
        return found

    def _run_token(self, run: Execution, path: str) -> tuple[str | None, bool]:
        """What an execution contributes to a path, and whether it hides what was there before."""
        claim = self._claim(run)
        if claim is not None and claim.kind is RunClaimKind.WRITES_ONLY and not any(
                _touches(p.strip("/"), path) for p in claim.paths):
            return None, False
        if claim is not None and claim.kind is RunClaimKind.ALWAYS_DIFFERS:
            return f"run {run.id} {path}", True
        if claim is not None and claim.kind is RunClaimKind.DETERMINISTIC:
            return f"same {self._inputs(run)} {path}", True
        if self.world is not World.LIKELY:
            return f"run {run.id} {path}", True
        return self._likely(run, path, None)

    def _unknown(self, run: Execution, path: str) -> bool:
        """Whether nobody can know if an execution left a path as another one did."""
        claim = self._claim(run)
        if claim is None or claim.kind is RunClaimKind.DETERMINISTIC:
            return True
        return claim.kind is RunClaimKind.WRITES_ONLY and any(_touches(p.strip("/"), path) for p in claim.paths)

    def _claim(self, run: Execution) -> RunClaim | None:
        return self.claims.get(run.argv[-1] if run.shell else " ".join(run.argv)) if self.claims else None

    def _inputs(self, run: Execution) -> str:
        """Identity of everything that goes into a RUN."""
        below = self._memo(run, "\0before", lambda: self._whole(run.before()))
        return digest_of(*run.argv, *(f"{k}={v}" for k, v in run.env.items()), run.cwd, below or "",
                         *(self._mounted(m) for _, m in run.mounts))

    def _whole(self, fs: FileSystem) -> str:
        view = self.view(fs, "")
        return digest_of(*view.tokens, entry_digest(view.entry) if view.entry else "")

    def _mounted(self, mount: FileSystem | FileEntry | None) -> str:
        if mount is None:
            return "cache"
        return self._whole(mount) if isinstance(mount, FileSystem) else entry_digest(mount)

    def _memo(self, run: Execution, what: str, compute: object) -> str | None:
        key = (run.id, what)
        if key not in self._tokens:
            if self._depth > _DEPTH:
                return f"run {run.id} {what}"
            self._depth += 1
            try:
                self._tokens[key] = compute()  # type: ignore[operator]
            finally:
                self._depth -= 1
        return self._tokens[key]

    def _likely(self, run: Execution, path: str, before: int | None) -> tuple[str | None, bool]:
        """The guess for one path, looking at the statements before number `before` (None: all of them)."""
        command = run.command
        parts: list[str] = []
        stmts = statements(command)[:before]
        for number in range(len(stmts) - 1, -1, -1):
            effect = effect_of(stmts[number], "/" + path, run.cwd, run.env)
            if effect is None:
                continue
            token = self._memo(run, f"{number} {path}", lambda e=effect, n=number: self._effect_token(run, e, n, path))
            parts.append(token or "")
            if not effect.appends:
                return digest_of("likely", *parts), True
        return (digest_of("likely, more", *parts), False) if parts else (None, False)

    def _effect_token(self, run: Execution, effect: Effect, number: int, path: str) -> str:
        if effect.volatile:
            return f"run {run.id} {number}"
        fields = [effect.literal, *(f"{v}={run.env[v]}" for v in effect.variables)]
        for read in effect.reads:
            source = (read or run.cwd).strip("/")
            for target, mount in run.mounts:
                if not read or _touches(target.strip("/"), source):
                    fields.append(self._mounted_path(run, mount, target.strip("/"), source))
            folder = parent_of_wildcard(source)
            earlier, ends = self._likely(run, folder, number)
            if earlier is not None:
                fields.append(earlier)
            if not ends:
                view = self.view(run.before(folder), folder)
                fields += [*view.tokens, _of_pattern(view.entry, folder, source) if view.entry else "nothing"]
        return digest_of(*fields)

    def _mounted_path(self, run: Execution, mount: FileSystem | FileEntry | None, target: str, source: str) -> str:
        if mount is None:
            return f"cache {run.id}"
        inside = source[len(target):].strip("/") if source.startswith(target) else ""
        if isinstance(mount, FileSystem):
            view = self.view(mount, inside)
            return digest_of(*view.tokens, entry_digest(view.entry) if view.entry else "nothing")
        found = lookup(mount, inside) if mount.is_dir else mount
        return entry_digest(found) if found is not None else "nothing"


def _lookup(tree: FileEntry, parts: Sequence[str]) -> tuple[FileEntry | None, list[str], bool]:
    """What one layer has at a path: the entry, tokens of what may be there too, and whether it hides everything below."""
    node, more = tree, list[str]()
    for i, part in enumerate(parts):
        if is_opaque(node):
            inside = node.children.get(part)
            if inside is not None and i + 1 == len(parts):
                return inside, [], True
            if node.children:
                return None, more, False
            return None, [*more, f"marker {node.digest} {'/'.join(parts[i:])}"], not lies_over(node)
        if MORE in node.children:
            more.append(f"more {entry_digest(node.children[MORE])} {'/'.join(parts[i:])}")
        child = node.children.get(part)
        if child is None:
            return None, more, False
        node = child
    if node is EMPTY_DIR and not parts:
        return None, [], False
    if node.is_dir:
        return node, more, False
    if is_opaque(node) and lies_over(node):
        return node, more, False
    return node, [], True


def _without(folder: FileEntry, paths: Sequence[str]) -> FileEntry:
    """A folder without some of the paths below it."""
    for path in paths:
        name, _, rest = path.partition("/")
        child = folder.children.get(name)
        if child is None:
            continue
        children = {n: c for n, c in folder.children.items() if n != name}
        if rest and child.is_dir:
            children[name] = _without(child, [rest])
        folder = with_children(folder, children)
    return folder


def _of_pattern(entry: FileEntry, folder: str, pattern: str) -> str:
    """The digest of what a word of a shell command stands for: its matches, or the whole entry."""
    if folder == pattern or not entry.is_dir:
        return entry_digest(entry)
    return digest_of(*(f"{p} {entry_digest(e)}" for p, e in matching_entries(_at(folder, entry), Selector(pattern, True, True))))


def _at(path: str, entry: FileEntry) -> FileEntry:
    for name in reversed(path.split("/") if path else []):
        entry = directory({name: entry})
    return entry


def _touches(written: str, asked: str) -> bool:
    return not written or not asked or written == asked or asked.startswith(written + "/") or written.startswith(asked + "/")
