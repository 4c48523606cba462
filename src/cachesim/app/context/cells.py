"""What does each cell of the context's tree say of a path?"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field

from cachesim.app.context.changes import Change, ContextDiff
from cachesim.app.context.reach import Reads
from cachesim.context.ignore import IgnoreMatcher
from cachesim.context.snapshot import EMPTY_DIR, FileEntry, FileKind, size_text
from cachesim.graph.model import StepId

__all__ = ["Cells", "Column", "View", "file_count"]

_COUNT = "cachesim.app.files"       # memo key: number of files below a folder
_NO_DIFF = ContextDiff({}, {})


class Column:
    """Column numbers."""

    NAME, SIZE, MODE, STATE = range(4)


@dataclass(frozen=True, slots=True)
class View:
    """Everything the tree shows.

    Attributes:
        tree: The context with all what-if edits.
        disk: The context as it lies on disk; deleted paths of it are shown as such.
        edits: What differs from disk, the last build's edits included.
        since: What differs from the last build.
        matcher: The .dockerignore in force.
        selected: The step whose files are marked, with its line.
    """

    tree: FileEntry = field(default_factory=lambda: EMPTY_DIR)
    disk: FileEntry = field(default_factory=lambda: EMPTY_DIR)
    edits: ContextDiff = _NO_DIFF
    since: ContextDiff = _NO_DIFF
    matcher: IgnoreMatcher | None = None
    selected: StepId | None = None
    selected_line: int = 0


class Cells:
    """Words and marks; `view` is what the tree shows, `reads` tells who reads what."""

    def __init__(self) -> None:
        self.view, self.reads = View(), Reads()

    def text(self, path: str, entry: FileEntry, gone: bool, column: int) -> str:
        """What a cell says."""
        if column == Column.NAME:
            name = path.rpartition("/")[2]
            return f"{name} → {entry.link}" if entry.kind is FileKind.SYMLINK else name
        if column == Column.SIZE:
            if entry.is_dir:
                files = file_count(entry)
                return "" if gone else f"{files:,} file" + ("" if files == 1 else "s")
            return size_text(entry.size) if entry.kind is FileKind.FILE else ""
        if column == Column.MODE:
            return _mode_text(entry)
        return self.state(path, entry)

    def state(self, path: str, entry: FileEntry, in_full: bool = False) -> str:
        """What the State column says of a path: what changed since the last build, else whether it differs from disk;
        in full, both."""
        view, words = self.view, []
        edit, since = view.edits.of(path), view.since.of(path)
        if edit is Change.DELETED:
            return "deleted since build" if since is edit else "deleted, is on disk"
        if view.matcher is not None and view.matcher.excluded(path):
            line = view.matcher.line_for(path)
            words.append(f"ignored by line {line}" if line else "ignored")
        elif entry.unreadable:
            words.append("cannot be read")
        elif view.selected is not None and self.reads.reads(view.selected, path):
            words.append(f"read by line {view.selected_line}")
        elif not self.reads.steps(path):
            words.append(self.reads.nobody())
        below = view.since.below.get(path, 0)
        if since is not None:
            words.append(f"{since.value} since build")
        elif entry.is_dir and below:
            words.append(f"{below} changed since build")
        differ, told = view.edits.below.get(path, 0), since is not None or (entry.is_dir and below > 0)
        if told and not in_full:
            return ", ".join(words)     # a mark says the other
        if edit is not None:
            words.append("not on disk" if edit is Change.NEW else "differs from disk")
        elif entry.is_dir and differ:
            words.append(f"{differ} differ{'s' if differ == 1 else ''} from disk")
        if not words:
            return "in"
        return ", ".join(words)

    def icon(self, path: str, entry: FileEntry, gone: bool) -> str:
        """The name of the picture before a path."""
        if self.ignored(path):
            return "ignored"
        kind = {FileKind.DIR: "folder", FileKind.SYMLINK: "link"}.get(entry.kind, "file")
        return f"marked {kind}" if self.marked(path, gone) else kind

    def edited(self, path: str) -> str:
        """The mark of what is not as on disk, a quiet one if the last build had it so."""
        view = self.view
        if view.edits.of(path) is None and view.edits.below.get(path, 0) == 0:
            return ""
        return "edited" if view.since.of(path) is not None or view.since.below.get(path, 0) > 0 else "built"

    def ignored(self, path: str) -> bool:
        """Whether no build sees it."""
        return self.view.matcher is not None and self.view.matcher.excluded(path)

    def marked(self, path: str, gone: bool) -> bool:
        """Whether the selected step reads it."""
        return self.view.selected is not None and not gone and self.reads.reads(self.view.selected, path)


def file_count(entry: FileEntry) -> int:
    """Number of files below a folder (remembered in the entry)."""
    found = entry.memo.get(_COUNT)
    if found is None:
        found = sum(file_count(child) if child.is_dir else 1 for child in entry.children.values())
        entry.memo[_COUNT] = found
    return int(found)


def _mode_text(entry: FileEntry) -> str:
    kind = {FileKind.DIR: stat.S_IFDIR, FileKind.SYMLINK: stat.S_IFLNK, FileKind.OTHER: stat.S_IFIFO}
    return stat.filemode(kind.get(entry.kind, stat.S_IFREG) | entry.mode)
