"""Which files does a COPY or ADD take, from where, and under which checksum?

Source: moby v28.5 builder/dockerfile/copy.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from cachesim.context.checksum import Selector, entry_digest, go_path_match, matching_entries
from cachesim.context.snapshot import FileEntry, directory
from cachesim.digest import digest_of
from cachesim.engines.buildkit.contents import Contents
from cachesim.engines.buildkit.filesystem import Execution, FileSystem, Placement
from cachesim.engines.buildkit.guess import statements, written_paths
from cachesim.engines.buildkit.opaque import is_opaque, opaque_entry
from cachesim.engines.classic.sums import Copied, SourceMissing, Sums, combined, has_classic_wildcards

__all__ = ["Places", "Taken", "placed"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
_EVERYWHERE = frozenset({"bin", "dev", "etc", "home", "lib", "lib64", "proc", "root", "sys", "tmp", "usr", "var"})
_OFTEN = _EVERYWHERE | {"boot", "media", "mnt", "opt", "run", "sbin", "srv"}


@dataclass(slots=True)
class Taken:
    """The sources of one COPY or ADD while they are collected.

    Attributes:
        contents: What is known of stages.
        plain_bases: Identities of bases that hold nothing but the folders that all images have.
        runs: Executions that decide what is found in a stage.
        undecided: Bytes that nobody knows decide it.
        places: Paths of stages.
        paths: Paths of the context.
        unsure: Nobody knows how many files a pattern matches.
    """

    contents: Contents
    plain_bases: frozenset[str]
    copied: list[Copied] = field(default_factory=list)
    runs: list[Execution] = field(default_factory=list)
    undecided: bool = False
    places: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    unsure: bool = False

    @property
    def content(self) -> str:
        """The checksum of everything."""
        return combined([c.sum for c in self.copied])

    def from_context(self, context: Sums, source: str) -> None:
        """Take a source word from the context.

        Raises:
            SourceMissing: See `Sums.copied`.
        """
        self.copied += context.copied(source)
        self.paths.append(posixpath.normpath("/" + source).lstrip("/"))

    def download(self, url: str) -> None:
        """Take a URL: it counts by its name and by bytes that are taken to be the old ones."""
        bare = url.split("#")[0].split("?")[0]
        name = posixpath.basename(bare.split("://", 1)[1].partition("/")[2])
        token = digest_of("download", name, bare)
        self.copied.append(Copied(token, name or "__unnamed__", opaque_entry(token, is_dir=False)))

    def from_stage(self, fs: FileSystem, source: str) -> None:
        """Take a source word from a stage or image, as far as its files are known.

        Raises:
            SourceMissing: A path that certainly does not exist, or a pattern that nothing known matches.
        """
        path = source.removeprefix("/").removeprefix("./")
        clean = posixpath.normpath("/" + path).lstrip("/")
        self.places.append(clean)
        if fs.exact:
            self.copied += Sums(fs.tree, stage=True).copied(source)
        elif has_classic_wildcards(path):
            self._pattern(fs, path)
        else:
            self._known(fs, path, clean)

    def _pattern(self, fs: FileSystem, path: str) -> None:
        if not self._may_match(fs, path):
            return
        found = self.contents.of_stage(fs, [Selector(path, True, True)])
        self.unsure = True
        self.runs += found.runs
        self.undecided = self.undecided or found.opaque
        token = digest_of("matches", path, found.digest)
        self.copied.append(Copied("some:" + token, path, opaque_entry(token, is_dir=True, undecided=found.opaque)))

    def _may_match(self, fs: FileSystem, pattern: str) -> bool:
        """Whether a file that is known, written by a plain command or usual in images matches a pattern."""
        depth = pattern.count("/") + 1
        written: set[str] = set()
        for layer in fs.layers:
            if any(p.count("/") + 1 == depth for p, _ in matching_entries(layer.tree, Selector(pattern, True, True))):
                return True
            if layer.run is None:
                continue
            for statement in statements(_script(layer.run)):
                paths = written_paths(statement, layer.run.cwd, layer.run.env)
                if paths is None:
                    return True
                written |= {p.strip("/") for p in paths}
        if any(go_path_match(pattern, "/".join(w.split("/")[:depth])) for w in written):
            return True
        usual = _EVERYWHERE if fs.base in self.plain_bases else _OFTEN
        return bool(fs.base) and any(go_path_match(pattern.split("/")[0], name) for name in usual)

    def _known(self, fs: FileSystem, path: str, clean: str) -> None:
        view = self.contents.view(fs, clean)
        self.runs += view.runs
        self.undecided = self.undecided or view.undecided
        real = fs.resolved(clean)
        if view.tokens:
            token = digest_of(*view.tokens, real, entry_digest(view.entry) if view.entry is not None else "")
            entry = self.contents.entry(fs, clean)
            self.copied.append(Copied("some:" + token, clean, entry or opaque_entry(token, is_dir=False)))
        elif view.entry is None:
            raise SourceMissing(f"stat {path}: file does not exist")
        else:
            sums = Sums(_at(real, view.entry), stage=True, elsewhere=lambda link: self._elsewhere(fs, link))
            self.copied += [replace(c, path=clean) for c in sums.copied(real)]

    def _elsewhere(self, fs: FileSystem, path: str) -> str | None:
        """The checksum of a link's target outside of what is copied."""
        view = self.contents.view(fs, path)
        self.runs += view.runs
        if not view.tokens and view.entry is None:
            return None
        return digest_of("elsewhere", path, *view.tokens, entry_digest(view.entry) if view.entry is not None else "")


class Places:
    """What COPY steps of a stage put where nothing else can have been: a file there is in the way of a later folder.

    Args:
        plain: The image below holds nothing but the folders that all images have (taken from `before`, if that is given).
    """

    __slots__ = ("_files", "_folders", "_scripts", "_usual")

    def __init__(self, before: Places | None = None, *, plain: bool = False) -> None:
        self._usual: Set[str] = before._usual if before else _EVERYWHERE if plain else _OFTEN
        self._files: set[str] = set(before._files) if before else set()
        self._folders: set[str] = set(before._folders) if before else set()
        self._scripts: list[str] = list(before._scripts) if before else []

    def ran(self, script: str) -> None:
        """A RUN that may have changed whatever it names."""
        self._scripts.append(script)
        self._files = {f for f in self._files if f not in script}

    def folder(self, path: str) -> None:
        """A folder exists from now on, with everything above."""
        while path.strip("/"):
            self._folders.add(path.rstrip("/"))
            path = posixpath.dirname(path.rstrip("/"))

    def copy(self, copied: Sequence[Copied], target: str) -> str | None:
        """Note a COPY; a path at which a file is in the way of a folder, or None."""
        single = len(copied) == 1 and not copied[0].entry.is_dir and not is_opaque(copied[0].entry) and not target.endswith("/")
        path = target.rstrip("/")
        above = path if not single else posixpath.dirname(path)
        while above.strip("/"):
            if above in self._files:
                return above
            above = posixpath.dirname(above)
        top = path.strip("/").split("/")[0]
        if single and top not in self._usual and path not in self._folders and not any(path in s for s in self._scripts):
            self._files.add(path)
            self.folder(posixpath.dirname(path))
        else:
            self.folder(path)
        return None


def placed(fs: FileSystem, copied: Sequence[Copied], target: str, owner: tuple[int, int] | None, *, unpack: bool,
           likely: bool) -> FileSystem:
    """The file system with the sources at their destination; `unpack` opens archives (ADD)."""
    for each in copied:
        name = posixpath.basename(each.path)
        if unpack and not each.entry.is_dir and name.endswith(_ARCHIVES):
            fs = fs.with_unpacked(target, each.entry.digest, likely=likely)
        else:
            fs = fs.with_placed(Placement(each.entry, name, target, True, owner, None), likely=likely)
    return fs


def _script(run: Execution) -> str:
    """The shell text of a RUN, also where the exec form spells the shell out."""
    spelled = len(run.argv) == 3 and posixpath.basename(run.argv[0]) in ("sh", "bash", "ash", "dash") and run.argv[1] == "-c"
    return run.argv[-1] if run.shell or spelled else " ".join(run.argv)


def _at(path: str, entry: FileEntry) -> FileEntry:
    for name in reversed(path.split("/") if path else []):
        entry = directory({name: entry})
    return entry
