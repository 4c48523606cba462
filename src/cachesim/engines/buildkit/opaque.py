"""What stands in a file system for bytes that nobody knows?

An opaque entry stands for a file or a folder; which of them it is, is not known either. Where one may have been laid over a
folder, the folder has a child named MORE: what else may be in it.
"""

from __future__ import annotations

from dataclasses import replace

from cachesim.context.checksum import entry_digest
from cachesim.context.snapshot import FileEntry, FileKind, directory, with_children
from cachesim.digest import Digest, digest_of

__all__ = ["MORE", "UNDECIDED", "here_or_inside", "holds_opaque", "is_opaque", "is_undecided", "laid", "lies_over", "mixed",
           "opaque_entry", "over", "seems_folder", "with_more"]

MORE = "\0more"     # no file can have this name
_OPAQUE = "unknown bytes"
_FOLDER = " of a folder"
_OVER = " over what is there"
UNDECIDED = "a RUN decides"     # set as `unreadable`: entries that look different may be equal


def opaque_entry(token: str, *, is_dir: bool, undecided: bool = False) -> FileEntry:
    """An entry that stands for bytes nobody knows; equal tokens, equal bytes.

    Args:
        is_dir: Whether it is likely a folder.
        undecided: Unequal tokens may be equal bytes too.
    """
    return FileEntry(FileKind.OTHER, 0, 0, Digest(token), 0, _OPAQUE + (_FOLDER if is_dir else ""), 0, 0, (), 0,
                     UNDECIDED if undecided else "", {}, {})


def here_or_inside(name: str, entry: FileEntry) -> FileEntry:
    """What a known file becomes that is copied onto what may be a folder: itself, or that folder with the file in it.

    The file is kept as its child, though it is no folder: whoever finds something below found this.
    """
    made = opaque_entry(digest_of("here or inside", name, entry_digest(entry)), is_dir=False, undecided=is_undecided(entry))
    return replace(made, children={name: entry})


def is_opaque(entry: FileEntry) -> bool:
    """Whether an entry stands for unknown bytes."""
    return entry.kind is FileKind.OTHER and entry.link.startswith(_OPAQUE)


def seems_folder(entry: FileEntry) -> bool:
    """Whether an opaque entry is likely a folder."""
    return _FOLDER in entry.link


def lies_over(entry: FileEntry) -> bool:
    """Whether what was at the place of an opaque entry before may show through."""
    return entry.link.endswith(_OVER)


def over(entry: FileEntry) -> FileEntry:
    """The same opaque entry, put where there may be a folder already."""
    return entry if lies_over(entry) else replace(entry, link=entry.link + _OVER, memo={})


def is_undecided(entry: FileEntry) -> bool:
    """Whether a RUN decides the bytes or the owner of an entry, or of one below; remembered per directory."""
    if entry.unreadable == UNDECIDED:
        return True
    if not entry.is_dir:
        return False
    known = entry.memo.get("undecided")
    if known is None:
        known = entry.memo["undecided"] = any(is_undecided(c) for c in entry.children.values())
    return bool(known)


def holds_opaque(entry: FileEntry) -> bool:
    """Whether an entry, or one below, is opaque; remembered per directory."""
    if not entry.is_dir:
        return is_opaque(entry)
    if not entry.children:
        return False
    known = entry.memo.get("opaque")
    if known is None:
        known = entry.memo["opaque"] = any(holds_opaque(c) for c in entry.children.values())
    return bool(known)


def mixed(*entries: FileEntry, name: str = "") -> FileEntry:
    """One opaque entry for several that have become one thing in a way that is not known."""
    return opaque_entry(digest_of("mixed", name, *(entry_digest(e) for e in entries)), is_dir=True,
                        undecided=any(is_undecided(e) for e in entries))


def with_more(folder: FileEntry, more: FileEntry) -> FileEntry:
    """A folder that also holds what an opaque entry stands for; what is known of it lies on top."""
    already = folder.children.get(MORE)
    return with_children(folder, {**folder.children, MORE: more if already is None else mixed(already, more)})


def laid(below: FileEntry | None, above: FileEntry, *, keep: bool, replace_headers: bool = False) -> FileEntry:
    """Lay one entry over another in the same place, as copying a folder does; the lower one keeps its own mode and owner.

    Args:
        keep: Whether known entries are taken to outlast an opaque folder that is laid over theirs.
        replace_headers: The upper one's mode and owner count.
    """
    if below is None or not (below.is_dir or is_opaque(below)):
        return above
    if is_opaque(above):
        if below.is_dir:
            return with_more(below if keep else _hidden(below), above)
        return above if keep and not seems_folder(above) else mixed(below, above)
    if not above.is_dir:
        return above
    if not below.is_dir:
        below = directory({MORE: below})
    elif MORE in above.children and not keep:
        below = _hidden(below)
    children = dict(below.children)
    for name, child in above.children.items():
        old = children.get(name)
        children[name] = (mixed(old, child) if name == MORE and old is not None
                          else laid(old, child, keep=keep, replace_headers=replace_headers))
    return with_children(above if replace_headers else below, children)


def _hidden(folder: FileEntry) -> FileEntry:
    """A folder of which any entry may have been replaced."""
    return directory({MORE: mixed(folder)} if folder.children else {}, folder.mode, uid=folder.uid, gid=folder.gid)
