"""What may an execution of a RUN have written at a path?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cachesim.context.checksum import Selector, entry_digest, matching_entries, parent_of_wildcard
from cachesim.context.snapshot import FileEntry, directory, lookup
from cachesim.digest import digest_of
from cachesim.engines.base import RunClaim, RunClaimKind
from cachesim.engines.buildkit.content import World
from cachesim.engines.buildkit.filesystem import Execution, FileSystem
from cachesim.engines.buildkit.guess import Effect, effect_of, statements
from cachesim.engines.buildkit.plain import makes_no_links, surely_writes
from cachesim.engines.buildkit.view import View

__all__ = ["Executions", "at_path", "touches"]

_DEPTH = 40
_NOWHERE = "\0nowhere"     # no file can have this name


class Executions:
    """Answers in one world; remembers what it was asked. `view` says what a file system holds at a path."""

    def __init__(self, world: World, claims: Sequence[RunClaim], view: Callable[[FileSystem, str], View]) -> None:
        self.world, self.view = world, view
        self.claims = {c.command: c for c in claims}
        self._tokens: dict[tuple[str, str], str | None] = {}
        self._plain: dict[str, tuple[str, ...] | None] = {}
        self._linking: dict[str, bool] = {}         # whether something before an execution may have made links
        self._depth = 0

    def written(self, run: Execution) -> tuple[str, ...] | None:
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

    def token(self, run: Execution, path: str) -> tuple[str | None, bool]:
        """What an execution contributes to a path, and whether it hides what was there before."""
        claim = self._claim(run)
        if claim is not None and claim.kind is RunClaimKind.WRITES_ONLY and not any(
                touches(p.strip("/"), path) for p in claim.paths):
            return None, False
        if claim is not None and claim.kind is RunClaimKind.ALWAYS_DIFFERS:
            return f"run {run.id} {path}", True
        if claim is not None and claim.kind is RunClaimKind.DETERMINISTIC:
            return f"same {self._inputs(run)} {path}", True
        if self.world is not World.LIKELY:
            return f"run {run.id} {path}", True
        return self._likely(run, path, None)

    def leaves_open(self, run: Execution, path: str) -> bool:
        """Whether nobody can know if an execution left a path as another one did."""
        claim = self._claim(run)
        if claim is None or claim.kind is RunClaimKind.DETERMINISTIC:
            return True
        return claim.kind is RunClaimKind.WRITES_ONLY and any(touches(p.strip("/"), path) for p in claim.paths)

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
                if not read or touches(target.strip("/"), source):
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


def _of_pattern(entry: FileEntry, folder: str, pattern: str) -> str:
    """The digest of what a word of a shell command stands for: its matches, or the whole entry."""
    if folder == pattern or not entry.is_dir:
        return entry_digest(entry)
    matches = matching_entries(at_path(folder, entry), Selector(pattern, True, True))
    return digest_of(*(f"{p} {entry_digest(e)}" for p, e in matches))


def at_path(path: str, entry: FileEntry) -> FileEntry:
    """A tree in which an entry lies at a path."""
    for name in reversed(path.split("/") if path else []):
        entry = directory({name: entry})
    return entry


def touches(written: str, asked: str) -> bool:
    """Whether what is written at one path can be seen at the other."""
    return not written or not asked or written == asked or asked.startswith(written + "/") or written.startswith(asked + "/")
