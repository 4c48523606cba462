"""Which paths of the image does a COPY or ADD write, exactly where the context is known?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cachesim.advise.access import Access, AccessKind, Scope, entry_token
from cachesim.advise.surroundings import Surroundings, destination_of, parents
from cachesim.context.checksum import Selector, has_wildcards, matching_entries, resolve_links
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import ContextSnapshot, FileEntry, directory, lookup
from cachesim.digest import digest_of
from cachesim.dockerfile.instructions import Add, Copy
from cachesim.graph.model import BuildGraph, Source, SourceKind
from cachesim.graph.options import BuildOptions

__all__ = ["Contexts", "copy_accesses"]

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lzma")


@dataclass(slots=True)
class Contexts:
    """The files that COPY can see, ignored ones left out; each tree is made once."""

    main: ContextSnapshot
    named: Mapping[str, ContextSnapshot]
    options: BuildOptions
    _trees: dict[str, FileEntry] = field(default_factory=dict)

    def tree(self, name: str = "") -> FileEntry | None:
        """The tree of the main context (""), or of a named one; None if it is not known."""
        if name not in self._trees:
            snapshot = self.named.get(name) if name else self.main
            if snapshot is None:
                return None
            own = None if name else snapshot.ignore_text(f"{self.options.dockerfile}.dockerignore")
            text = own if own is not None else snapshot.ignore_text(".dockerignore")
            matcher = IgnoreMatcher.parse(text) if text is not None else None
            self._trees[name] = snapshot.tree if matcher is None or matcher.error else matcher.filtered(snapshot.tree)
        return self._trees[name]


def copy_accesses(copy: Copy, at: Surroundings, graph: BuildGraph, contexts: Contexts, escape: str,
                  *, links_apart: bool) -> tuple[list[Access], list[Access]]:
    """The reads and writes of a COPY or ADD, variables aside.

    Args:
        links_apart: Whether --link makes a layer of its own that replaces folders (containerd image store).
    """
    writing = _Writing(copy, at, escape)
    reads: list[Access] = []
    if not at.expand(copy.destination, escape).startswith("/"):
        reads.append(Access(AccessKind.WORKDIR, "working folder"))
    if any(part and not part.isdigit() and part != "root" for part in writing.chown.split(":")):
        reads += [Access(AccessKind.PATH, name, shown=f"the owner {writing.chown}") for name in ("/etc/passwd", "/etc/group")]
    source = graph.find(copy.from_) if copy.from_ else None
    if copy.from_:
        reads.append(Access(AccessKind.STAGE, copy.from_.lower()))
    name = source.name if isinstance(source, Source) and source.kind is SourceKind.NAMED_CONTEXT else ""
    tree = contexts.tree(name) if not copy.from_ or name else None
    for word in copy.sources:
        writing.source(at.expand(word, escape), tree)
    for heredoc in copy.heredocs:
        body = at.expand(heredoc.used, escape) if heredoc.expand else heredoc.used
        writing.entry(heredoc.name, digest_of("heredoc", body))
    writes = [*writing.folders(apart=links_apart and copy.link and not writing.chmod), *writing.found]
    return reads, writes


class _Writing:
    """Collects where the sources go."""

    def __init__(self, copy: Copy, at: Surroundings, escape: str) -> None:
        self.copy = copy
        self.chown, self.chmod = at.expand(copy.chown, escape), at.expand(copy.chmod, escape)
        self.owner = "root" if self.chown in ("", "0", "root", "0:0", "root:root") else self.chown
        self.how = f"{self.owner} {self.chmod}"
        self.dest, self.is_folder = destination_of(copy, at, escape)
        self.keeps_parents = any(f.name == "parents" and f.value in (None, "true", "1") for f in copy.flags)
        self.found: list[Access] = []
        self.made: dict[str, str] = {}          # folders that are made if missing, with what they then are

    def source(self, word: str, tree: FileEntry | None) -> None:
        """One source word; `tree` None: its files are not known."""
        add = isinstance(self.copy, Add)
        if "://" in word or word.startswith("git@"):
            name = posixpath.basename(word.split("#")[0].split("?")[0])
            if word.split("#")[0].endswith(".git") or not self.is_folder:
                self.unknown(self.dest, certain=not self.is_folder)
            else:
                self.entry(name, digest_of("url", word))
            return
        path = posixpath.normpath("/" + word).lstrip("/")
        if tree is None:
            if self.keeps_parents or not self.is_folder:
                self.unknown(self.dest, certain=not self.is_folder)
            else:
                self.unknown(posixpath.join(self.dest, posixpath.basename(path)), certain=not has_wildcards(path))
                self.unknown(self.dest, certain=False)
            return
        for at, entry in self._entries(tree, path):
            archive = not entry.is_dir and entry.digest and at.endswith(_ARCHIVES)
            if add and archive and getattr(self.copy, "unpack", None) is not False:
                self.unknown(self.dest, certain=False)
            self._place(at, entry, word)

    def _entries(self, tree: FileEntry, path: str) -> Iterator[tuple[str, FileEntry]]:
        """The entries at the top of a selection."""
        excludes = IgnoreMatcher.of(self.copy.excludes) if self.copy.excludes else None
        if has_wildcards(path):
            done: list[str] = []
            for at, _ in matching_entries(tree, Selector(path, True, True)):
                if not any(at.startswith(d + "/") for d in done):
                    done.append(at)
        else:
            done = [path]
        for at in done:
            real = resolve_links(tree, at)
            entry = lookup(tree, real) if real is not None else None
            if entry is not None:
                yield at, excludes.filtered(entry) if excludes is not None and entry.is_dir else entry

    def _place(self, path: str, entry: FileEntry, word: str) -> None:
        if self.keeps_parents:
            kept = posixpath.normpath("/" + word.split("/./", 1)[1]).lstrip("/") if "/./" in word else path
            top = posixpath.join(self.dest, kept) if kept else self.dest
            if entry.is_dir and kept:
                wrapped = directory({posixpath.basename(top): entry})
                self.found.append(self._tree(posixpath.dirname(top), wrapped))
            elif entry.is_dir:
                self.found.append(self._tree(top, entry))
            else:
                self.found.append(self._file(top, entry))
            for folder in parents(posixpath.dirname(top)):
                self.made.setdefault(folder, "")        # with the mode of the source's folder
        elif entry.is_dir:
            self.made[self.dest] = f"{entry.mode:o} {self.owner}" if not self.chmod else ""
            self.found.append(self._tree(self.dest, entry))
        elif self.is_folder:
            self.found.append(self._file(posixpath.join(self.dest, posixpath.basename(path)), entry))
        else:
            self.found.append(self._file(self.dest, entry, Scope.TREE))

    def _tree(self, at: str, tree: FileEntry) -> Access:
        return Access(AccessKind.PATH, at, token=self.how, tree=tree)

    def _file(self, at: str, entry: FileEntry, scope: Scope = Scope.ENTRY) -> Access:
        return Access(AccessKind.PATH, at, token=entry_token(entry, self.how), scope=scope)

    def entry(self, name: str, token: str) -> None:
        """One entry of known name."""
        at = posixpath.join(self.dest, name) if self.is_folder else self.dest
        self.found.append(Access(AccessKind.PATH, at, token=f"{token} {self.how}"))

    def unknown(self, path: str, *, certain: bool) -> None:
        """Something at a path or below."""
        self.found.append(Access(AccessKind.PATH, path, certain=certain, scope=Scope.TREE,
                                 check=f"what {self.copy.keyword} brings to {path} has no file of the other line"))

    def folders(self, *, apart: bool) -> Iterator[Access]:
        """The folders above, each made if it is missing."""
        top = self.dest if self.is_folder else posixpath.dirname(self.dest)
        for path in parents(top):
            self.made.setdefault(path, f"755 {self.owner}")
        for path, token in self.made.items():
            if apart:
                yield Access(AccessKind.PATH, path, certain=False, token="755 root",
                             check=f"--link replaces the folder {path}: see that its mode and owner are not needed")
            else:
                yield Access(AccessKind.PATH, path, token=token, makes=True)
