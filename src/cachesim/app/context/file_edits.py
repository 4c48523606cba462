"""Which what-if edits can be made to the files that are selected?"""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from cachesim.app.context.dialogs import TEXT_LIMIT, ChmodDialog, PathDialog, SaveDialog, TextDialog, as_bytes, as_text
from cachesim.app.context.differences import Differences
from cachesim.app.context.files_tree import FilesTree
from cachesim.app.notify import Message, Tone
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, regular_file, size_text
from cachesim.digest import digest_of

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["FileEdits"]

_ONE_BY_ONE = 20                # so many files are changed each for itself; more are one edit
_PRETEND_LIMIT = 8_000_000      # bytes; a larger file gets a made-up digest instead of one byte more


class FileEdits(QObject):
    """The actions of the tree, by key and from its context menu. Only "Save to disk…" writes."""

    path_made = Signal(str)

    def __init__(self, workbench: Workbench, tree: FilesTree, differences: Differences) -> None:
        super().__init__(tree)
        self._workbench, self._tree, self._differences = workbench, tree, differences
        self.edit = self._action("&Edit…", "Change the text of the file, in thought", "F4", self.edit_text)
        self.pretend = self._action("&Pretend changed", "As if somebody had edited the file", "Ctrl+D", self.pretend_changed)
        self.touch = self._action("&Touch", "Give the file a new time and nothing else", "Ctrl+T", self.touch_files)
        self.chmod = self._action("Per&missions…", "Change the permission bits", "Ctrl+M", self.change_mode)
        self.add = self._action("&Add file…", "Add a file beside the selected one", "Ins", self.add_file)
        self.rename = self._action("&Rename…", "Give the file or folder another path", "F2", self.rename_path)
        self.delete = self._action("&Delete", "As if the file or folder were not there", "Del", self.delete_paths)
        self.revert = self._action("Re&vert to disk", "Drop the what-if edits of the selection", "Ctrl+R", self.revert_paths)
        self.write = self._action("&Save to disk…", "Write what-if edits to disk", "Ctrl+Alt+W", self.save_to_disk)
        tree.activated.connect(self.edit_text)
        tree.customContextMenuRequested.connect(self._menu)

    def _action(self, text: str, tip: str, key: str, slot: Callable[[], None]) -> QAction:
        made = QAction(text, self._tree, shortcut=QKeySequence(key), statusTip=tip, toolTip=tip)
        made.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        made.triggered.connect(slot)
        self._tree.addAction(made)
        return made

    def enable(self) -> None:
        """Offer what can be done to the selection."""
        chosen, entries = self._tree.chosen(), list(self._there().values())
        files = [entry for entry in entries if entry.kind is FileKind.FILE]
        edits = self._differences.edits
        self.edit.setEnabled(len(chosen) == 1 and len(files) == 1)
        self.pretend.setEnabled(bool(files))
        self.touch.setEnabled(bool(entries))
        self.chmod.setEnabled(bool(entries) and all(entry.kind is not FileKind.SYMLINK for entry in entries))
        self.rename.setEnabled(len(chosen) == 1 and len(entries) == 1)
        self.delete.setEnabled(bool(entries))
        self.revert.setEnabled(any(edits.of(path) is not None or edits.below.get(path) for path in chosen))
        self.write.setEnabled(bool(edits))

    @Slot()
    def edit_text(self) -> None:
        """Edit the selected file's text; the Dockerfile is edited in the editor."""
        path, bench = self._tree.current_path(), self._workbench
        entry = bench.state.context.get(path) if path else None
        if path is None or entry is None or entry.kind is not FileKind.FILE:
            return
        if path == bench.state.options.dockerfile:
            bench.activate_line(1)
            return
        data = bench.bytes_of(path) if entry.size <= TEXT_LIMIT else None
        text = as_text(data) if data is not None else None
        if data is None or text is None:
            why = (f"it is larger than {size_text(TEXT_LIMIT)}" if entry.size > TEXT_LIMIT else
                   "its content is not known here" if data is None else "it is not text")
            bench.post(Message(f"{path} cannot be edited here: {why}. “Pretend changed” says what a change would do.",
                               Tone.INFO, key="context-edit", passing=True))
            return
        edited = TextDialog.ask(path, text, self._tree)
        if edited is not None and edited != text:
            bench.edit_file(path, as_bytes(edited, data), f"edit {path}")

    @Slot()
    def pretend_changed(self) -> None:
        """Give the selected files other bytes: one empty line more, or a made-up content where they are not known."""
        bench = self._workbench
        files = {path: entry for path, entry in self._there().items() if entry.kind is FileKind.FILE}
        made_up = dict[str, FileEntry]()
        for path, entry in files.items():
            small = entry.size <= _PRETEND_LIMIT and len(files) <= _ONE_BY_ONE
            data = bench.bytes_of(path) if small else None
            if data is None:
                digest = digest_of("pretend changed", path, entry.digest)
                made_up[path] = regular_file(digest, entry.size + 1, entry.mode, time_ns())
            else:
                bench.edit_file(path, data + b"\n", f"change {path}")
        context = bench.state.context
        for path, entry in made_up.items():
            context = context.with_entry(path, entry)
        if made_up:
            bench.edit_context(context, _label("change", list(made_up)))

    @Slot()
    def touch_files(self) -> None:
        """Give the selected paths a new modification time."""
        now = time_ns()
        self._edit_each("touch", lambda context, path: context.touch(path, now))

    @Slot()
    def change_mode(self) -> None:
        """Ask for other permission bits of the selected paths."""
        there = self._there()
        if there:
            path, first = next(iter(there.items()))
            mode = ChmodDialog.ask(path if len(there) == 1 else f"{len(there)} paths", first.mode, self._tree)
            if mode is not None:
                self._edit_each("chmod", lambda context, path: context.chmod(path, mode), f" {mode:04o}")

    @Slot()
    def add_file(self) -> None:
        """Ask for a new file, in the folder of the selected path."""
        path, context = self._tree.current_path() or "", self._workbench.state.context
        entry = context.get(path)
        folder = path if entry is not None and entry.is_dir else path.rpartition("/")[0]
        answer = TextDialog.ask_new(f"{folder}/" if folder else "", self._taken, self._tree)
        if answer is not None:
            self._workbench.edit_file(answer[0], answer[1].encode("utf-8", "surrogateescape"), f"add {answer[0]}")
            self.path_made.emit(answer[0])

    @Slot()
    def rename_path(self) -> None:
        """Ask for another path of the selected file or folder."""
        old = list(self._there())
        if len(old) == 1 and (new := PathDialog.ask(old[0], self._taken, self._tree)):
            self._workbench.edit_context(self._workbench.state.context.renamed(old[0], new), f"rename {old[0]} to {new}")
            self.path_made.emit(new)

    @Slot()
    def delete_paths(self) -> None:
        """Take the selected paths out of the context."""
        self._edit_each("delete", ContextSnapshot.without)

    def _there(self) -> dict[str, FileEntry]:
        """What is selected and not deleted."""
        context = self._workbench.state.context
        return {path: entry for path in self._tree.chosen() if (entry := context.get(path)) is not None}

    def _edit_each(self, verb: str, edit: Callable[[ContextSnapshot, str], ContextSnapshot], how: str = "") -> None:
        """Edit all that is selected, as one what-if edit."""
        context, there = self._workbench.state.context, self._there()
        for path in there:
            context = edit(context, path)
        if there:
            self._workbench.edit_context(context, _label(verb, list(there)) + how)

    @Slot()
    def revert_paths(self) -> None:
        """Put the selected paths back to what lies on disk."""
        self._revert(self._tree.chosen())

    @Slot()
    def revert_all(self) -> None:
        """Drop all what-if edits."""
        self._revert(list(self._differences.edits.paths), "revert all what-if edits")

    def _revert(self, paths: list[str], label: str = "") -> None:
        context, disk = self._workbench.state.context, self._differences.disk
        dockerfile = self._workbench.state.options.dockerfile
        kept = context.get(dockerfile) if disk.get(dockerfile) is not None else None
        for path in sorted(paths):
            was = disk.get(path)
            context = context.with_entry(path, was) if was is not None else context.without(path)
        if kept is not None:
            context = context.with_entry(dockerfile, kept)
        if context.tree != self._workbench.state.context.tree:
            self._workbench.edit_context(context, label or _label("revert", paths))

    @Slot()
    def save_to_disk(self) -> None:
        """Ask which what-if edits to write, and have the workbench write them."""
        edits = sorted((path, change.value) for path, change in self._differences.edits.paths.items())
        chosen = SaveDialog.ask(edits, self._tree) if edits else ()
        if chosen:
            self._workbench.save_files(chosen)

    def _taken(self, path: str) -> bool:
        return self._workbench.state.context.get(path) is not None

    @Slot(QPoint)
    def _menu(self, at: QPoint) -> None:
        self.enable()
        menu = QMenu(self._tree)
        menu.addActions((self.edit, self.pretend, self.touch, self.chmod, self.add))
        menu.addSeparator()
        menu.addActions((self.rename, self.delete))
        menu.addSeparator()
        menu.addActions((self.revert, self.write))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._tree.viewport().mapToGlobal(at))


def _label(verb: str, paths: list[str]) -> str:
    return f"{verb} {paths[0]}" if len(paths) == 1 else f"{verb} {len(paths)} paths"
