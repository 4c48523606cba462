"""What does one RUN read and write, command by command?

The script is read by `shell.py`, each command looked up in the table of `commands.py`. One command that the table does not know
makes the whole RUN a barrier.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from cachesim.advise.access import BASIC, Access, AccessKind, Effects, Scope
from cachesim.advise.commands import CacheFolder, CommandTable, Use
from cachesim.advise.shell import Command, Script, Word, is_posix_shell, read_script, words_as_command
from cachesim.advise.surroundings import Surroundings, parents
from cachesim.dockerfile.expand import ExpandError
from cachesim.dockerfile.heredoc import read_word
from cachesim.dockerfile.instructions import Run
from cachesim.dockerfile.mounts import MountError, ResolvedMount, resolve_mount

__all__ = ["RunFacts", "run_facts", "script_of"]

_NO_FILES = ("/dev", "/proc", "/sys")
_MAX_DEPTH = 6
_TREE, _SOME = Scope.TREE, Scope.SOME


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a RUN.

    Attributes:
        uses: Its commands as the table understands them.
        known_after: The folders that surely exist when it is done.
        links: Links that it makes, name to target.
        seconds: A rough estimate of how long it takes; None where the table has none.
        caches: Folders in which its tools keep what they fetch (absolute).
        deterministic: Whether it gives the same files each time, for all that the table says.
    """

    effects: Effects
    uses: tuple[Use, ...] = ()
    known_after: frozenset[str] = frozenset({"/"})
    links: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None
    caches: tuple[CacheFolder, ...] = ()
    deterministic: bool = False


def run_facts(run: Run, at: Surroundings, table: CommandTable, escape: str = "\\") -> RunFacts:
    """Look into a RUN."""
    reading = _Reading(at, table, _mounts(run, at, escape))
    reading.mounts(run)
    script = script_of(run, at)
    reading.script(script)
    return reading.facts(shell_form=run.argv is None)


def script_of(run: Run, at: Surroundings) -> Script:
    """The simple commands of a RUN in any of its forms."""
    if run.argv is not None:
        return Script((words_as_command(run.argv, at.cwd),))
    if not is_posix_shell(at.shell):
        return Script(barrier=f"runs in the shell {at.shell[0] if at.shell else ''!r}, whose language is not known")
    text = run.command or ""
    if run.heredocs:
        if read_word(text) is not None:         # nothing but `<<EOF`: the body is the script
            text = run.heredocs[0].used
            if text.startswith("#!"):
                first = text.splitlines()[0].removeprefix("#!").split()
                if not first or posixpath.basename(first[-1]) not in ("sh", "bash", "dash", "ash"):
                    return Script(barrier=f"is a script of {first[-1] if first else '#!'}")
        else:
            text = "\n".join([text, *(f"{h.used}{h.name}" for h in run.heredocs), ""])
    return read_script(text, at.env, at.cwd, at.home, complete=at.complete)


def _mounts(run: Run, at: Surroundings, escape: str) -> list[ResolvedMount]:
    found = []
    for flag in run.flags:
        if flag.name == "mount" and flag.value:
            try:
                found.append(resolve_mount(flag.value, lambda word: at.expand(word, escape)))
            except (MountError, ExpandError):
                continue            # the engine refuses the file
    return found


class _Reading:
    """Collects accesses command by command."""

    def __init__(self, at: Surroundings, table: CommandTable, mounted: Sequence[ResolvedMount]) -> None:
        self.at, self.table = at, table
        self.mounted = mounted
        self.masks = tuple(_target(m, at) for m in mounted if m.target or m.id or m.source)
        self.reads: dict[Access, None] = {}
        self.writes: dict[Access, None] = {}
        self.known = at.known
        self.links: dict[str, str] = {}
        self.uses: list[Use] = []
        self.barrier = ""
        self.seconds: float | None = None
        self.caches: dict[CacheFolder, None] = {}
        self.command = Command((), at.cwd)
        self.by = self.check = ""
        self.cwd = at.cwd
        self.relative = False       # whether the working folder matters

    # -- collecting -------------------------------------------------------------------------------------------------

    def mounts(self, run: Run) -> None:
        for mount in self.mounted:
            target = _target(mount, self.at)
            if mount.target and not mount.target.startswith("/"):
                self.relative = True
            if mount.type == "bind" and mount.from_:
                self._note(self.reads, Access(AccessKind.STAGE, mount.from_.lower()))
            if mount.type == "cache":
                name = mount.id or target
                shared = Access(AccessKind.PATH, f"/dev/cache-mount/{name.strip('/')}", certain=False,
                                shown=f"the cache mount {name}",
                                check=f"neither needs what the other leaves in the cache mount {name}")
                self._note(self.reads, shared)
                self._note(self.writes, shared)

    def script(self, script: Script, depth: int = 0) -> None:
        for name in sorted(script.variables):
            self._note(self.reads, Access(AccessKind.VARIABLE, name))
        for command in script.commands:
            self._command(command, command.argv, depth)
        if script.barrier:
            self.barrier = self.barrier or script.barrier

    def _command(self, command: Command, argv: tuple[Word, ...], depth: int) -> None:
        self.command, self.cwd, self.by, self.check = command, command.cwd, command.text, ""
        for redirect in command.redirects:
            for access in self._at_word(redirect.target):
                if redirect.writes:
                    self._write(access)
                if not redirect.writes or redirect.appends:
                    self._read(access)
        if not argv:
            return
        use = self.table.use(argv)
        if use is None:
            name = argv[0].text if argv[0].exact and argv[0].text else "a command that only the build knows"
            sub = next((w.text for w in argv[1:] if w.exact and w.text[:1].isalpha()), "")
            known = argv[0].exact and self.table.use((argv[0], Word("\0"))) is None
            shown = name if known or not sub or "/" in sub else f"{name} {sub}"
            self.barrier = self.barrier or f"runs `{shown}`, which is not in the table of commands"
        elif use.row.shell:
            self._shell(command, argv, depth)
        elif use.row.wraps >= 0:
            self._env(use)
            if use.rest and depth < _MAX_DEPTH:
                self._command(command, use.rest, depth + 1)
            elif not use.rest:
                self._note(self.reads, Access(AccessKind.VARIABLE, "*", by=self.by))    # `env` lists them
            else:
                self.barrier = self.barrier or "wraps commands too deep to follow"
        else:
            self._use(use)

    def _shell(self, command: Command, argv: tuple[Word, ...], depth: int) -> None:
        """`sh -c '…'`, or a script on its input."""
        options = [w for w in argv[1:] if w.text.startswith("-") and w.text != "-"]
        words = [w for w in argv[1:] if w not in options]
        text: str | None = None
        if any(w.text.endswith("c") and not w.text.startswith("--") for w in options):
            text = words[-1].text if len(words) == 1 and words[0].exact else None
        elif not [w for w in words if w.text not in ("-", "-s")] and command.document is not None:
            text = command.document
        if text is None:
            self.barrier = self.barrier or f"runs a script that is not looked into (`{command.text}`)"
            return
        env = {**self.at.env, **{k: v for k, v in command.variables.items() if v is not None}}
        for name in [k for k, v in command.variables.items() if v is None]:
            env.pop(name, None)
        inner = read_script(text, env, command.cwd or "/", self.at.home, complete=False, depth=depth)
        outside = frozenset(n for n in inner.variables if n not in command.variables)
        doubted = tuple(replace(c, surely=False) for c in inner.commands)      # the outer script may go on if this one fails
        self.script(replace(inner, commands=doubted, variables=outside), depth + 1)

    def _use(self, use: Use) -> None:
        row = use.row
        self.uses.append(use)
        self.check = row.check
        if row.seconds is not None:
            self.seconds = (self.seconds or 0.0) + row.seconds
        for flag in row.folder:
            for word in use.words(flag):
                self.cwd = posixpath.join(self.cwd, word.text) if word.exact and self.cwd else ""
        for spec in row.reads:
            self._each(self._read, spec, use, certain=True)
        for spec in row.may_read:
            self._each(self._read, spec, use, certain=False)
        for spec in row.writes:
            self._each(self._write, spec, use, certain=True)
        for spec in row.may_write:
            self._each(self._write, spec, use, certain=False)
        for spec in row.removes:
            self._each(self._remove, spec, use, certain=True)
        for spec in row.makes:
            self._each(self._make, spec, use, certain=True)
        self._link(use)
        self._program(use)
        self._provide(use)
        self._env(use)
        if row.network:
            self._note(self.reads, Access(AccessKind.NETWORK, "network", certain=False))
        for cache in row.caches:
            target = cache.target.replace("~", self.at.home or "/root", 1)
            self.caches[replace(cache, target=target)] = None
        if use.unknown:
            check = f"`{use.unknown}` of `{self.by}` is not in the table of commands: see what it reads and writes"
            everything = Access(AccessKind.PATH, "/", certain=False, scope=_TREE, by=self.by, check=check)
            self._read(everything)
            self._write(everything)
            self._note(self.reads, Access(AccessKind.VARIABLE, "*", certain=False, by=self.by, check=check))
            self.relative = True

    def _link(self, use: Use) -> None:
        if not use.row.links or len(use.args) < 2:
            return
        target, link = use.args[0], use.args[-1]
        if not (target.exact and link.exact and self.cwd):
            self.barrier = self.barrier or f"makes a link of unknown name (`{self.by}`)"
            return
        at = posixpath.normpath(posixpath.join(self.cwd, link.text))
        where = posixpath.normpath(posixpath.join(posixpath.dirname(at), target.text))
        self.links[at] = where
        if link.text.endswith("/") or at in self.known:        # into that folder
            self.links[posixpath.join(at, posixpath.basename(where))] = self.links.pop(at)

    def _program(self, use: Use) -> None:
        """The command itself has to be there."""
        written = self.command.argv[0].text if self.command.argv else ""
        tool = use.tool.partition(" ")[0]
        if use.row.basic:
            token = "" if self.at.on_scratch else BASIC
            self._read(Access(AccessKind.PATH, f"/usr/bin/{tool}", token=token, by=self.by, shown=f"the command `{tool}`"))
            return
        if "/" in tool:
            self._each(self._read, tool, use, certain=True)
            return
        for folder in [posixpath.dirname(written)] if written.startswith("/") else self._path():
            self._read(Access(AccessKind.PATH, posixpath.join(folder, tool), by=self.by, shown=f"the command `{tool}`"))
        check = f"`{self.by}` needs nothing that the other line installs"
        for name in self.table.groups.get("@system", ()):
            self._read(Access(AccessKind.PATH, name.rstrip("/"), certain=False, scope=_TREE, by=self.by, check=check))

    def _provide(self, use: Use) -> None:
        for spec in use.row.provides:
            for word in use.words(spec.strip("{}")):
                package = word.text.partition("=")[0].partition("@")[0].partition("[")[0]
                for name in self.table.packages.get(package, (package,)) if word.exact else ():
                    self._write(Access(AccessKind.PATH, f"/usr/bin/{name}", by=self.by, shown=f"the command `{name}`"))

    def _env(self, use: Use) -> None:
        for name in (*self.table.env, *use.row.env):
            if name not in self.command.variables:
                check = f"`{self.by}` does the same with another value of {'any variable' if name == '*' else name}"
                self._note(self.reads, Access(AccessKind.VARIABLE, name, certain=False, by=self.by, check=check))

    def _path(self) -> list[str]:
        own = self.command.variables.get("PATH", "")
        if own is None:
            return ["/"]
        return [p for p in own.split(":") if p.startswith("/")] or list(self.at.path)

    # -- places -----------------------------------------------------------------------------------------------------

    def _each(self, note: Callable[[Access], None], spec: str, use: Use, *, certain: bool) -> None:
        for access in self._places(spec, use):
            note(access if certain else replace(access, certain=False, pattern=""))

    def _places(self, spec: str, use: Use) -> Iterator[Access]:
        scope = _SOME if spec.endswith("/*") else _TREE if spec.endswith("/") else Scope.ENTRY
        plain = spec.removesuffix("/*") if scope is _SOME else spec.rstrip("/") or "/"
        if plain == "@path":
            yield from self._prefixes(scope)
        elif plain.startswith("@"):
            for name in self.table.groups.get(plain, ()):
                yield from self._places(name, use)
        elif plain.startswith("{"):
            inside, _, tail = plain[1:].partition("}")
            for word in use.words(inside):
                for access in self._at_word(word):
                    name = posixpath.normpath(access.name + tail)
                    yield replace(access, name=name, scope=scope if access.scope is Scope.ENTRY else access.scope,
                                  pattern="" if tail else access.pattern)
        elif plain.startswith("~"):
            if self.at.home:
                yield self._access(self.at.home + plain[1:], scope, plain)
            else:
                for home in ("/root", "/home"):
                    yield replace(self._access(home, _TREE, plain), certain=False)
        elif plain.startswith("/"):
            yield self._access(plain, scope, plain)
        else:
            yield from (replace(a, scope=scope if a.scope is Scope.ENTRY else a.scope) for a in self._at_word(Word(plain)))

    def _prefixes(self, scope: Scope) -> Iterator[Access]:
        """Where a language keeps what it installs: beside the folders of PATH."""
        written = self.command.argv[0].text if self.command.argv else ""
        folders = [posixpath.dirname(written)] if "/bin/" in written else self._path()
        names = dict.fromkeys(posixpath.dirname(posixpath.normpath(posixpath.join(self.cwd or "/", f))) for f in folders)
        for name in names:
            if name != "/" or folders == ["/"]:
                yield self._access(name, _TREE, name)

    def _at_word(self, word: Word) -> Iterator[Access]:
        """Where a word of a command points to."""
        text = word.text
        if word.exact:
            if text in ("-", "") or "://" in text or text.startswith(_NO_FILES):
                return
            if text.startswith("/"):
                yield self._access(text, Scope.ENTRY, text)
            elif self.cwd:
                self.relative = True
                yield self._access(posixpath.join(self.cwd, text), Scope.ENTRY, text)
            else:
                yield self._anywhere()
            return
        folder = text if text.endswith("/") else posixpath.dirname(text)
        pattern = text[len(folder):].strip("/") + word.rest if word.rest and "/" not in word.rest else ""
        shown = text + (word.rest or "…")
        if text.startswith("/") and folder != "/":
            yield replace(self._access(folder, _TREE, shown), certain=False, pattern=pattern)
        elif not text.startswith("/") and (word.wild or text) and self.cwd:
            self.relative = True
            yield replace(self._access(posixpath.join(self.cwd, folder), _TREE, shown), certain=False, pattern=pattern)
        else:
            yield self._anywhere()

    def _anywhere(self) -> Access:
        self.relative = True
        return Access(AccessKind.PATH, "/", certain=False, scope=_TREE, by=self.by,
                      check=f"which files `{self.by}` means cannot be told from the text")

    def _access(self, path: str, scope: Scope, shown: str) -> Access:
        name = "/" + posixpath.normpath("/" + path).lstrip("/")
        label = name if shown in (".", "./") or shown.startswith("./") else shown.rstrip("/") or "/"
        if shown.startswith("./") and name.startswith(self.cwd.rstrip("/") + "/"):
            label = name[len(self.cwd.rstrip("/")) + 1:]
        return Access(AccessKind.PATH, name, scope=scope, by=self.by, shown=label, check=self.check)

    def _read(self, access: Access) -> None:
        if not self._masked(access):
            self._note(self.reads, access)

    def _write(self, access: Access) -> None:
        if self._masked(access):
            return
        self._note(self.writes, access)
        if access.certain:      # into a folder that has to be there: below the working folder no base image brings one
            folder = posixpath.dirname(access.name)
            own = not access.shown.startswith("/") and folder.startswith(self.cwd.rstrip("/") + "/") and self.cwd not in ("", "/")
            self._note(self.reads, replace(access, name=folder, certain=own, scope=Scope.ENTRY, token="",
                                           shown=f"the folder {folder}", check=f"the base image has the folder {folder}"))

    def _make(self, access: Access) -> None:
        """A folder with its parents, each unless it is there."""
        if self._masked(access):
            return
        if access.scope is not Scope.ENTRY or not access.certain:
            self._write(access)
            return
        for name in parents(access.name):
            self._note(self.writes, replace(access, name=name, makes=True, token=f"755 {self.at.owner}", shown=name))
        if self.command.surely:
            self.known |= frozenset(parents(access.name))

    def _remove(self, access: Access) -> None:
        self._write(replace(access, scope=_TREE))
        gone = access.name
        self.known = frozenset(k for k in self.known if k == "/" or not (k == gone or k.startswith(gone.rstrip("/") + "/")))

    def _masked(self, access: Access) -> bool:
        return any(access.name == m or access.name.startswith(m.rstrip("/") + "/") for m in self.masks)

    @staticmethod
    def _note(into: dict[Access, None], access: Access) -> None:
        into[access] = None

    # -- the answer -------------------------------------------------------------------------------------------------

    def facts(self, *, shell_form: bool) -> RunFacts:
        at = self.at
        self._note(self.reads, Access(AccessKind.USER, "user"))
        if at.user and not at.user.replace(":", "").isdigit() and not at.is_root:
            for name in ("/etc/passwd", "/etc/group"):
                self._note(self.reads, Access(AccessKind.PATH, name, shown=f"the user {at.user}"))
        if shell_form:
            self._note(self.reads, Access(AccessKind.SHELL, "shell"))
            token = "" if at.on_scratch else BASIC
            shell = at.shell[0] if at.shell else "/bin/sh"
            self._note(self.reads, Access(AccessKind.PATH, shell, token=token, shown=f"the shell {shell}"))
        if self.relative or self.barrier:
            self._note(self.reads, Access(AccessKind.WORKDIR, "working folder"))
        known = at.known & {"/", "/etc", "/tmp", "/usr", *parents(at.cwd)} if self.barrier else self.known
        effects = Effects(tuple(self.reads), tuple(self.writes), self.barrier, at.known)
        return RunFacts(effects, tuple(self.uses), known, tuple(self.links.items()),
                        None if self.barrier else self.seconds, tuple(self.caches),
                        not self.barrier and all(u.row.deterministic for u in self.uses))


def _target(mount: ResolvedMount, at: Surroundings) -> str:
    if mount.type == "secret" and not mount.target:
        return f"/run/secrets/{posixpath.basename(mount.id or mount.source)}"
    if mount.type == "ssh" and not mount.target:
        return "/run/buildkit"
    return at.absolute(mount.target)
