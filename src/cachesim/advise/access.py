"""What can an instruction read or write, and do two such accesses get in each other's way?

Paths are absolute paths of the image. An access to a path also passes through the folders above it: what makes, replaces or
links one of those matters to it, unless the folder is known to be there already.

What is not looked for: links that the base image, an archive or another stage brings. Links that the file itself makes are
followed, and `/bin`, `/lib` and `/var/run` count as what they are links to in most images.
"""

from __future__ import annotations

import enum
import fnmatch
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cachesim.context.checksum import header_digest
from cachesim.context.snapshot import FileEntry, lookup

__all__ = ["BASIC", "Access", "AccessKind", "Effects", "Meeting", "Scope", "entry_token", "meeting", "same_place", "walk_links"]

BASIC = "a command of every image"
"""The token of reading such a command: packages that are installed may bring it anew, and it does the same."""


class AccessKind(enum.Enum):
    """What is read or written. CONFIG is the image's configuration, which no step of a build can see."""

    PATH = "path"
    VARIABLE = "variable"
    USER = "user"
    SHELL = "shell"
    WORKDIR = "workdir"
    STAGE = "stage"
    CONFIG = "config"
    NETWORK = "network"


class Scope(enum.Enum):
    """How much a PATH access means: the entry alone, everything below it as well, or some of that.

    SOME is how a tool uses a folder of sources: of a single file nobody can say whether it is used.
    """

    ENTRY = "entry"
    TREE = "tree"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that is read or written.

    Attributes:
        name: Path, name of the variable ("PIP_*" where a command looks at several), stage, key of the configuration.
        certain: Whether it surely happens; else it may.
        token: Of a write: what is there afterwards. Equal tokens leave the same; "" equals nothing.
        tree: Of a write to a path: the folder whose content is laid there (its own entry is not written).
        by: Who does it, for people (`npm ci`); "" for the instruction itself.
        shown: The name as it was written, for people.
        check: What a person would have to look at where it is not certain.
        pattern: Of a doubt about names in a folder alone: the wildcard; what matches it is surely meant.
        makes: Of a write to a path: a folder that is only made if it is missing, with what `token` says.
    """

    kind: AccessKind
    name: str
    certain: bool = True
    scope: Scope = Scope.ENTRY
    token: str = ""
    tree: FileEntry | None = field(default=None, compare=False, repr=False)
    by: str = ""
    shown: str = ""
    check: str = ""
    makes: bool = False
    pattern: str = ""

    @property
    def label(self) -> str:
        """The name for people."""
        return self.shown or self.name


@dataclass(frozen=True, slots=True)
class Effects:
    """All reads and writes of one instruction.

    Attributes:
        barrier: Why nothing is known ("runs `frobnicate`, which …"); then it reads and writes everything a step can see.
        known: Folders that surely exist before it.
        unchanged: Writes that leave what is there already, as (kind, name): nobody who reads can tell.
    """

    reads: tuple[Access, ...] = ()
    writes: tuple[Access, ...] = ()
    barrier: str = ""
    known: frozenset[str] = frozenset({"/"})
    unchanged: frozenset[tuple[AccessKind, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two accesses that meet; `place` is where, for people. Not `certain`: they only may."""

    first: Access
    second: Access
    certain: bool
    place: str


_USUAL = frozenset({"/opt", "/srv", "/home", "/root", "/run", "/mnt", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share",
                    "/usr/local", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/local/share",
                    "/var", "/var/lib", "/var/log", "/var/cache"})
_ALIASES = (("/bin", "/usr/bin"), ("/sbin", "/usr/sbin"), ("/lib", "/usr/lib"), ("/lib64", "/usr/lib64"),
            ("/var/run", "/run"), ("/var/lock", "/run/lock"))


def same_place(path: str, links: Mapping[str, str]) -> str:
    """The path with the links that are known followed; also those that most images have at the top."""
    path = "/" + posixpath.normpath("/" + path).lstrip("/")
    for _ in range(8):
        for link, target in (*links.items(), *_ALIASES):
            if path == link or path.startswith(link + "/"):
                path = posixpath.normpath(target + path[len(link):])
                break
        else:
            return path
    return path


def meeting(first: Access, second: Access, known: frozenset[str], links: Mapping[str, str], *,
            first_writes: bool = True, second_writes: bool = True) -> Meeting | None:
    """Whether two accesses, at least one of them a write, get in each other's way.

    Args:
        known: Folders that exist before both.
        links: Links that the file makes, name to target.
    """
    if first.kind is not second.kind:
        return None
    if first.kind is not AccessKind.PATH:
        return _named(first, second)
    if first.token and second.token and first.token == second.token and first.name == second.name and (
            first.tree is second.tree and first.scope is second.scope):
        return None
    found = _paths(first, second, known, links, first_writes, second_writes)
    if found is not None and not found.certain and (first.pattern or second.pattern):
        named = _matched(first, second, links) or _matched(second, first, links)
        found = replace(found, certain=True, place=named) if named else found
    if found is not None and not found.certain and (BASIC in (first.token, second.token) or _is_usual(first, second)):
        return None
    return found


def _matched(wild: Access, other: Access, links: Mapping[str, str]) -> str:
    """The first path of the other access that a wildcard surely means; "" if there is none."""
    if not wild.pattern or not other.certain or other.makes:
        return ""
    folder, there = same_place(wild.name, links), same_place(other.name, links)
    names: Iterable[str] = [posixpath.basename(there)] if posixpath.dirname(there) == folder and other.tree is None else ()
    if other.tree is not None and (folder == there or _is_below(folder, there)):
        node = lookup(other.tree, folder[len(there):].strip("/"))
        names = sorted(node.children) if node is not None else ()
    return next((posixpath.join(folder, name) for name in names
                 if fnmatch.fnmatchcase(name, wild.pattern) and name.startswith(".") == wild.pattern.startswith(".")), "")


def _named(first: Access, second: Access) -> Meeting | None:
    if first.token and first.token == second.token and first.name == second.name:
        return None
    if first.name != second.name and not fnmatch.fnmatchcase(first.name, second.name) and (
            not fnmatch.fnmatchcase(second.name, first.name)):
        return None
    return Meeting(first, second, first.certain and second.certain, min(first.name, second.name, key=lambda n: "*" in n))


def _paths(first: Access, second: Access, known: frozenset[str], links: Mapping[str, str], first_writes: bool,
           second_writes: bool) -> Meeting | None:
    one, other = same_place(first.name, links), same_place(second.name, links)
    sure = first.certain and second.certain
    if one == other:
        return _same_name(first, second, sure, one, known)
    if _is_below(other, one):
        return _nested(first, one, first_writes, second, other, sure, known)
    if _is_below(one, other):
        found = _nested(second, other, second_writes, first, one, sure, known)
        return Meeting(found.second, found.first, found.certain, found.place) if found else None
    return None


def _is_usual(first: Access, second: Access) -> bool:
    """Whether it is only about a folder of every distribution, which anybody would make in the same way."""
    return any(a.makes and a.name in _USUAL and a.token == "755 root" for a in (first, second))


def _same_name(first: Access, second: Access, sure: bool, place: str, known: frozenset[str]) -> Meeting | None:
    if first.makes and second.makes:
        return None if place in known or first.token == second.token else Meeting(first, second, sure, place)
    for makes, other in ((first, second), (second, first)):
        if makes.makes and (place in known or other.tree is not None):
            return None
    if first.tree is not None and second.tree is not None:
        found = _trees_differ(first.tree, second.tree, first.token == second.token, place)
        return Meeting(first, second, sure, found) if found else None
    for tree, other in ((first, second), (second, first)):
        if tree.tree is not None and other.scope is Scope.ENTRY:
            return None             # the folder itself is another access, one that makes it
        if tree.tree is not None:
            inside = next(iter(sorted(tree.tree.children)), "")
            return Meeting(first, second, sure, posixpath.join(place, inside)) if inside else None
    return Meeting(first, second, sure, place)


def _nested(upper: Access, above: str, upper_writes: bool, lower: Access, below: str, sure: bool,
            known: frozenset[str]) -> Meeting | None:
    """`lower` is at a path below that of `upper`."""
    if upper.tree is not None:
        relative = below[len(above):].strip("/")
        entry = lookup(upper.tree, relative)
        if entry is not None:
            return _on_entry(upper, entry, lower, below, sure, known)
        return Meeting(upper, lower, sure, below) if _passes_a_file(upper.tree, relative) else None
    if upper.scope is not Scope.ENTRY:
        if lower.makes and below in known:
            return None
        single = upper.scope is Scope.SOME and lower.scope is Scope.ENTRY and lower.tree is None
        return Meeting(upper, lower, sure and not single, below)
    if not upper_writes or upper.makes:     # the folder itself; who needs it or makes it too has an access of its own
        return None
    return Meeting(upper, lower, False, above)


def _on_entry(upper: Access, entry: FileEntry, lower: Access, below: str, sure: bool,
              known: frozenset[str]) -> Meeting | None:
    """A folder that is laid down holds `entry` where the other access is."""
    if lower.tree is not None and entry.is_dir:
        found = _trees_differ(entry, lower.tree, upper.token == lower.token, below)
        return Meeting(upper, lower, sure, found) if found else None
    if lower.makes or (lower.scope is Scope.ENTRY and entry.is_dir and below in known):
        return Meeting(upper, lower, False, below)
    if lower.token and not entry.is_dir and lower.token == entry_token(entry, upper.token):
        return None
    return Meeting(upper, lower, sure, below)


def entry_token(entry: FileEntry, owner: str) -> str:
    """What a copied entry leaves behind, its folder's contents aside; "" where its bytes are not known."""
    if not entry.is_dir and not entry.link and not entry.digest:
        return ""
    return f"{header_digest(entry)} {owner}"


def _trees_differ(one: FileEntry, other: FileEntry, same_owner: bool, place: str) -> str:
    """The first path that both hold and that is not the same in both; "" if there is none."""
    if one is other and same_owner:
        return _unread(one, place)
    small, large = (one, other) if len(one.children) <= len(other.children) else (other, one)
    for name in sorted(small.children):
        twin = large.children.get(name)
        if twin is None:
            continue
        child, here = small.children[name], posixpath.join(place, name)
        token = entry_token(child, "")
        if not same_owner or not token or token != entry_token(twin, ""):
            return here
        found = _trees_differ(child, twin, same_owner, here) if child.is_dir else ""
        if found:
            return found
    return ""


def _unread(tree: FileEntry, place: str) -> str:
    for name in sorted(tree.children):
        child = tree.children[name]
        found = _unread(child, posixpath.join(place, name)) if child.is_dir else (
            "" if child.link or child.digest else posixpath.join(place, name))
        if found:
            return found
    return ""


def _passes_a_file(tree: FileEntry, relative: str) -> bool:
    """Whether a path leads through something in the tree that is no folder."""
    node: FileEntry | None = tree
    for part in relative.split("/"):
        node = node.children.get(part) if node is not None else None
        if node is None:
            return False
        if not node.is_dir:
            return True
    return False


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/") and path != folder


def walk_links(tree: FileEntry, prefix: str) -> Iterator[tuple[str, str]]:
    """Every symbolic link below a folder, with its target, as paths of the image."""
    for name, child in tree.children.items():
        here = posixpath.join(prefix, name)
        if child.link:
            yield here, posixpath.normpath(posixpath.join(prefix, child.link))
        elif child.children:
            yield from walk_links(child, here)
