"""Which files does the build context hold, which steps do they reach, and what if one of them were different?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from time import time_ns
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, QSize, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QFontMetrics, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedLayout,
    QTextBrowser,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.context.arguments import ArgRow, arg_rows, options_in_force
from cachesim.app.context.changes import Change, ContextDiff, diff
from cachesim.app.context.dialogs import TEXT_LIMIT, ChmodDialog, PathDialog, SaveDialog, TextDialog, as_bytes, as_text
from cachesim.app.context.reach import ignore_file_of, matcher_of, reach_of
from cachesim.app.context.tree_model import Column, ContextModel, View
from cachesim.app.notify import Message, Tone
from cachesim.app.report.panel import Panel, bold, icon_size, named
from cachesim.app.report.story import short
from cachesim.app.theme import Theme
from cachesim.app.tips import TipDelegate
from cachesim.context.snapshot import ContextSnapshot, FileEntry, FileKind, regular_file, size_text
from cachesim.digest import digest_of
from cachesim.graph.model import StepId
from cachesim.simulate.report import StepReport

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ContextPanel"]

_HINT = "Select a file to see which steps it reaches. Nothing here touches your disk."
_LOW = 10                       # lines of text that a pane is high, for more than its files
_ONE_BY_ONE = 20                # so many files are changed each for itself; more are one edit
_PRETEND_LIMIT = 8_000_000      # bytes; a larger file gets a made-up digest instead of one byte more


class ContextPanel(Panel):
    """The context as a tree. Every edit is a what-if edit of the workbench; only "Save to disk…" writes."""

    path_selected = Signal(str)
    folder_asked = Signal()
    arg_asked = Signal(str, str)            # name and value of now: another one is wanted
    options_asked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Context", parent)
        self._since: tuple[FileEntry, FileEntry, ContextDiff] | None = None
        self._edits: tuple[FileEntry, FileEntry, ContextDiff] | None = None
        self._rows: dict[str, ArgRow] = {}
        self.model = ContextModel(self)
        self.filter = named(QLineEdit(placeholderText="Filter files", clearButtonEnabled=True), "Filter files")
        self._typed = QTimer(self, singleShot=True, interval=0)
        self._typed.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(self._typed.start)
        self.tree = named(_Tree(), "Files of the build context")
        self.tree.setModel(self.model)
        self.model.cells_changed.connect(self.tree.viewport().update)
        self.detail = named(_Detail(), "What the selected file reaches")
        self.detail.anchorClicked.connect(self._follow)
        self.given = named(_Detail(), "Build arguments and options")
        self.given.anchorClicked.connect(self._follow)
        self.given.hide()
        self._make_actions()
        self._make_bar()
        self.choose = QPushButton("Ch&oose folder…")
        self.choose.setStatusTip("Choose the folder that the build is started with")
        self.choose.clicked.connect(self.folder_asked)
        self._files, self._none = QWidget(), _no_files(self.choose)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._files)
        self._stack.addWidget(self._none)
        rows = QVBoxLayout(self._files)
        rows.setContentsMargins(4, 4, 4, 0)
        rows.setSpacing(4)
        top = QHBoxLayout()
        top.addWidget(self.filter, 1)
        top.addWidget(self.bar)
        rows.addLayout(top)
        rows.addWidget(self.given)
        rows.addWidget(self.tree, 1)
        rows.addWidget(self.detail)
        self.setFocusProxy(self.tree)
        self.tree.activated.connect(self._open)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.tree.selectionModel().selectionChanged.connect(self._selection)
        self.tree.selectionModel().currentChanged.connect(self._selection)
        for signal in (workbench.state_changed, workbench.report_changed, workbench.selection_changed,
                       workbench.timeline_changed, workbench.project_opened, workbench.disk.context_changed):
            signal.connect(self._changed)
        self.apply_look(workbench.look)

    # -- parts --

    def _make_actions(self) -> None:
        def action(text: str, tip: str, key: str, slot: Callable[[], None]) -> QAction:
            made = QAction(text, self.tree, shortcut=QKeySequence(key), statusTip=tip, toolTip=tip)
            made.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            made.triggered.connect(slot)
            self.tree.addAction(made)
            return made
        self.edit = action("&Edit…", "Change the text of the file, in thought", "F4", self.edit_text)
        self.pretend = action("&Pretend changed", "As if somebody had edited the file", "Ctrl+D", self.pretend_changed)
        self.touch = action("&Touch", "Give the file a new time and nothing else", "Ctrl+T", self.touch_files)
        self.chmod = action("Per&missions…", "Change the permission bits", "Ctrl+M", self.change_mode)
        self.add = action("&Add file…", "Add a file beside the selected one", "Ins", self.add_file)
        self.rename = action("&Rename…", "Give the file or folder another path", "F2", self.rename_path)
        self.delete = action("&Delete", "As if the file or folder were not there", "Del", self.delete_paths)
        self.revert = action("Re&vert to disk", "Drop the what-if edits of the selection", "Ctrl+R", self.revert_paths)
        self.write = action("&Save to disk…", "Write what-if edits to disk", "Ctrl+Alt+W", self.save_to_disk)

    @property
    def actions_of_tree(self) -> tuple[QAction, ...]:
        """The context menu's entries, in order."""
        return (self.edit, self.pretend, self.touch, self.chmod, self.add, self.rename, self.delete, self.revert,
                self.write)

    def _make_bar(self) -> None:
        """One button that counts the what-if edits and offers to write or drop them."""
        self.bar = named(QPushButton(), "What-if edits")
        self.bar.setStatusTip("Write the what-if edits to disk, or drop them")
        menu = QMenu(self.bar)
        menu.addAction("&Save to disk…", self.save_to_disk)
        menu.addAction("Re&vert all", self.revert_all)
        self.bar.setMenu(menu)
        self.bar.hide()

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.tree.font())
        self._files.setMinimumWidth(min(340, 50 * self.tree.fontMetrics().averageCharWidth()))     # else a narrowed window
        # takes all from this side

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.detail.fit(self.height())
        self._fit_given()

    # -- follow the workbench --

    @Slot(object)
    def _changed(self, _: object) -> None:
        self.outdated()

    @property
    def disk(self) -> ContextSnapshot:
        """The context as it lies on disk; the present one while no project is open."""
        bench = self._workbench
        return bench.disk.context if bench.project is not None else bench.state.context

    @property
    def edits(self) -> ContextDiff:
        """What-if edits: how the context differs from disk, the Dockerfile's own text left out."""
        before, after = self.disk.tree, self._workbench.state.context.tree
        if self._edits is None or self._edits[0] is not before or self._edits[1] is not after:
            self._edits = (before, after, self._without_dockerfile(diff(before, after)))
        return self._edits[2]

    def refresh(self) -> None:
        bench = self._workbench
        context, report = bench.state.context, bench.report
        step = self._step(bench.selected)
        matcher = matcher_of(context, bench.state.options.dockerfile)
        other = self.model.reads.take(report, context, matcher)
        view = View(tree=context.tree, disk=self.disk.tree, edits=self.edits, since=self._since_build(context.tree),
                    matcher=matcher,
                    selected=step.id if step else None, selected_line=step.step.line if step else 0)
        with _Kept(self.tree, self.model):
            self.model.set_view(view, other)
        number = len(self.edits.paths)
        self.bar.setVisible(number > 0)
        self.bar.setText(f"{number} what-if edit{'' if number == 1 else 's'}")
        self.bar.setAccessibleName(self.bar.text())
        self._show_given()
        self._show_detail()

    def reveal(self, path: str) -> None:
        """Show a file and select it, whatever is filtered or folded."""
        self.refresh_now()
        if not self.model.index_of(path).isValid() and self.model.filtering:
            self.filter.clear()
            self.model.set_filter("")
        index = self.model.index_of(path)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    def current_path(self) -> str | None:
        """The path that the cursor is on."""
        index = self.tree.currentIndex()
        return self.model.path(index) if index.isValid() else None

    def _since_build(self, tree: FileEntry) -> ContextDiff:
        timeline = self._workbench.timeline
        if timeline.current is None:
            return ContextDiff({}, {})
        before = timeline.entry(timeline.current).state.context.tree
        if self._since is None or self._since[0] is not before or self._since[1] is not tree:
            self._since = (before, tree, diff(before, tree))
        return self._since[2]

    def _without_dockerfile(self, found: ContextDiff) -> ContextDiff:
        path = self._workbench.state.options.dockerfile
        if found.paths.get(path) not in (Change.CHANGED, Change.TOUCHED):
            return found
        below = dict(found.below)
        parent = path
        while parent:
            parent = parent.rpartition("/")[0]
            below[parent] -= 1
        return ContextDiff({p: c for p, c in found.paths.items() if p != path}, below)

    def _step(self, step_id: StepId | None) -> StepReport | None:
        report = self._workbench.report
        return next((s for s in report.steps if s.id == step_id), None) if report is not None and step_id else None

    @Slot()
    def _apply_filter(self) -> None:
        with _Kept(self.tree, self.model):
            self.model.set_filter(self.filter.text())
        if self.model.filtering:
            self._unfold_matches()

    def _unfold_matches(self, limit: int = 200) -> None:
        """Open the folders that lead to matches, up to a number that nobody reads beyond."""
        queue, opened = [QModelIndex()], 0
        while queue and opened < limit:
            parent = queue.pop(0)
            for row in range(min(self.model.rowCount(parent), limit)):
                index = self.model.index(row, 0, parent)
                if self.model.hasChildren(index):
                    self.tree.expand(index)
                    queue.append(index)
                opened += 1

    # -- build arguments and options --

    def _show_given(self) -> None:
        """What the build is given beside the files, each argument with the steps that it reaches."""
        report, options = self._workbench.report, self._workbench.state.options
        rows = arg_rows(report, options) if report is not None and report.graph.error is None else ()
        flags = options_in_force(options)
        lines = [self._arg_line(row) for row in rows]
        if flags:
            lines.append(f"Options: <b>{escape(' '.join(flags))}</b>. <a href=\"do:options\">Change…</a>")
        title = "<b>Build arguments</b><br>" if rows else ""
        self._rows = {row.name: row for row in rows}
        if lines:
            self.given.say(self._style() + title + "<br>".join(lines), self.height())
        self._fit_given(bool(lines))

    def _fit_given(self, there: bool | None = None) -> None:
        """A third of the pane at most: the files matter, too."""
        there = not self.given.isHidden() if there is None else there
        if there:
            self.given.fit(self.height() * 3 // 4)
        self.given.setVisible(there)

    def _arg_line(self, row: ArgRow) -> str:
        value = f" = <b>{escape(row.value)}</b>" if row.value else " (no value)" if row.value is None else " is empty"
        default = f" (the file says {escape(row.default)})" if row.default is not None else ""
        said = f"{escape(row.name)}{value}{default} &nbsp;<a href=\"arg:{quote(row.name)}\">Change…</a><br>"
        if row.steps:
            below = f", and {row.below} below" if row.below else ""
            said += f"&nbsp;&nbsp;Another value runs {self._lines(row.steps)} again{below}."
        return f"{said}{' ' if row.steps else '&nbsp;&nbsp;'}{escape(row.note)}".rstrip()

    # -- what the selection means --

    @Slot()
    def _selection(self) -> None:
        self._show_detail()
        path = self.current_path()
        if path is not None:
            self.path_selected.emit(path)

    def _show_detail(self) -> None:
        path = self.current_path()
        context = self._workbench.state.context
        empty = not context.tree.children and not self.disk.tree.children
        self._stack.setCurrentWidget(self._none if empty else self._files)
        self.setFocusProxy(self.choose if empty else self.tree)
        if path is None or path == "":
            said = _HINT
        else:
            said = self._style() + "<br>".join(self._detail(path, context.get(path)))
        self.detail.say(said, self.height())
        self._enable()

    def _style(self) -> str:
        return f"<style>a {{ color: {self._workbench.look.accent}; }}</style>"

    def _detail(self, path: str, entry: FileEntry | None) -> list[str]:
        report, view = self._workbench.report, self.model.view
        what = f"<b>{escape(path)}</b>"
        if entry is None:
            return [f"{what} is deleted in thought. “Revert to disk” brings it back."]
        lines = []
        if entry.unreadable:
            lines.append(f"{what} cannot be read: {escape(entry.unreadable)}.")
        since = view.since.paths.get(path) if not entry.is_dir else None
        if since is Change.TOUCHED:
            lines.append("Only its time differs since the last build. Times are in no key.")
        elif since in (Change.CHANGED, Change.MODE):
            lines.append(f"{since.value.capitalize()} since the last build{self._old_and_new(path, entry)}.")
        if view.matcher is not None and view.matcher.excluded(path):
            lines.append(self._ignored(what, path, entry))
            return lines
        readers = self.model.reads.steps(path)
        if report is None or not readers:
            words = self.model.reads.nobody().replace("reads it", f"reads this {'folder' if entry.is_dir else 'file'}")
            lines.append(f"{words[:1].upper()}{words[1:]}: changing {what} runs nothing.")
            return lines
        reach = reach_of(report, readers)
        lines.append(f"{what} is read by {self._links(readers)}.")
        runs, below = len(readers), len(reach.below)
        cost = f"A change runs {runs} step{'' if runs == 1 else 's'}"
        cost += f", and up to {below} below: {self._lines(reach.below)}." if below else ", and none below."
        lines.append(cost)
        return lines

    def _ignored(self, what: str, path: str, entry: FileEntry) -> str:
        state, matcher = self._workbench.state, self.model.view.matcher
        name = ignore_file_of(state.context, state.options.dockerfile) or ".dockerignore"
        line = matcher.line_for(path) if matcher is not None else None
        pattern = next((p.text for p in matcher.patterns if p.line == line), "") if matcher is not None else ""
        where = f" line {line} ({escape(pattern)})" if line else ""
        kind = "folder" if entry.is_dir else "file"
        return f"{escape(name)}{where} keeps this {kind} out: no change of {what} can run anything."

    def _old_and_new(self, path: str, entry: FileEntry) -> str:
        timeline = self._workbench.timeline
        was = timeline.entry(timeline.current).state.context.get(path) if timeline.current is not None else None
        if was is None or entry.kind is not FileKind.FILE:
            return ""
        if was.mode != entry.mode and was.digest == entry.digest:
            return f": {was.mode:04o} → {entry.mode:04o}"
        return f": {size_text(was.size)} → {size_text(entry.size)}" if was.size != entry.size else ", same size"

    def _links(self, steps: Iterable[StepId]) -> str:
        found = [s for i in steps if (s := self._step(i)) is not None]
        text = ", ".join(f'<a href="{s.id.stage},{s.id.index}">{escape(short(s, 34)).replace("Line", "line", 1)}</a>'
                         for s in found[:4])
        return text + (f" and {len(found) - 4} more" if len(found) > 4 else "")

    def _lines(self, steps: tuple[StepId, ...]) -> str:
        found = [s for i in steps if (s := self._step(i)) is not None]
        text = ", ".join(f'<a href="{s.id.stage},{s.id.index}">line {s.step.line}</a>' for s in found[:6])
        return text + (" …" if len(found) > 6 else "")

    @Slot(QUrl)
    def _follow(self, url: QUrl) -> None:
        said = bytes(url.toEncoded().data()).decode()
        if said == "do:options":
            self.options_asked.emit()
            return
        if said.startswith("arg:"):
            row = self._rows.get(unquote(said.removeprefix("arg:")))
            if row is not None:
                self.arg_asked.emit(row.name, row.value or "")
            return
        stage, _, index = url.toString().partition(",")
        self._workbench.activate(StepId(int(stage), int(index)))

    # -- what-if edits --

    def _chosen(self) -> list[str]:
        """The selected paths, each once, none below another."""
        rows = self.tree.selectionModel().selectedRows()
        paths = sorted({self.model.path(index) for index in rows} - {""})
        return [p for p in paths if not any(p.startswith(q + "/") for q in paths)]

    def _enable(self) -> None:
        context, chosen = self._workbench.state.context, self._chosen()
        entries = [entry for path in chosen if (entry := context.get(path)) is not None]
        files = [entry for entry in entries if entry.kind is FileKind.FILE]
        edits = self.edits
        self.edit.setEnabled(len(chosen) == 1 and len(files) == 1)
        self.pretend.setEnabled(bool(files))
        self.touch.setEnabled(bool(entries))
        self.chmod.setEnabled(bool(entries) and all(entry.kind is not FileKind.SYMLINK for entry in entries))
        self.rename.setEnabled(len(chosen) == 1 and len(entries) == 1)
        self.delete.setEnabled(bool(entries))
        self.revert.setEnabled(any(edits.of(path) is not None or edits.below.get(path) for path in chosen))
        self.write.setEnabled(bool(edits))

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        if self.model.entry(index).is_dir:
            self.tree.setExpanded(index, not self.tree.isExpanded(index))
        elif not self.model.gone(index):
            self.edit_text()

    @Slot()
    def edit_text(self) -> None:
        """Edit the selected file's text; the Dockerfile is edited in the editor."""
        path, bench = self.current_path(), self._workbench
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
        edited = TextDialog.ask(path, text, self)
        if edited is not None and edited != text:
            bench.edit_file(path, as_bytes(edited, data), f"edit {path}")

    @Slot()
    def pretend_changed(self) -> None:
        """Give the selected files other bytes: one empty line more, or a made-up content where they are not known."""
        bench = self._workbench
        chosen = [path for path in self._chosen() if (entry := bench.state.context.get(path)) is not None
                  and entry.kind is FileKind.FILE]
        made_up = list[str]()
        for path in chosen:
            entry = bench.state.context.get(path)
            small = entry is not None and entry.size <= _PRETEND_LIMIT and len(chosen) <= _ONE_BY_ONE
            data = bench.bytes_of(path) if small else None
            if data is None:
                made_up.append(path)
            else:
                bench.edit_file(path, data + b"\n", f"change {path}")
        context = bench.state.context
        for path in made_up:
            entry = context.get(path)
            if entry is not None:
                digest = digest_of("pretend changed", path, entry.digest)
                context = context.with_entry(path, regular_file(digest, entry.size + 1, entry.mode, time_ns()))
        if made_up:
            bench.edit_context(context, _label("change", made_up))

    @Slot()
    def touch_files(self) -> None:
        """Give the selected paths a new modification time."""
        context, now = self._workbench.state.context, time_ns()
        chosen = [path for path in self._chosen() if context.get(path) is not None]
        for path in chosen:
            context = context.touch(path, now)
        if chosen:
            self._workbench.edit_context(context, _label("touch", chosen))

    @Slot()
    def change_mode(self) -> None:
        """Ask for other permission bits of the selected paths."""
        context = self._workbench.state.context
        chosen = [path for path in self._chosen() if context.get(path) is not None]
        if not chosen:
            return
        first = context.get(chosen[0])
        assert first is not None
        mode = ChmodDialog.ask(chosen[0] if len(chosen) == 1 else f"{len(chosen)} paths", first.mode, self)
        if mode is None:
            return
        for path in chosen:
            context = context.chmod(path, mode)
        self._workbench.edit_context(context, _label("chmod", chosen) + f" {mode:04o}")

    @Slot()
    def add_file(self) -> None:
        """Ask for a new file, in the folder of the selected path."""
        path, context = self.current_path() or "", self._workbench.state.context
        entry = context.get(path)
        folder = path if entry is not None and entry.is_dir else path.rpartition("/")[0]
        answer = TextDialog.ask_new(f"{folder}/" if folder else "", self._taken, self)
        if answer is not None:
            self._workbench.edit_file(answer[0], answer[1].encode("utf-8", "surrogateescape"), f"add {answer[0]}")
            self.reveal(answer[0])

    @Slot()
    def rename_path(self) -> None:
        """Ask for another path of the selected file or folder."""
        chosen, context = self._chosen(), self._workbench.state.context
        if len(chosen) != 1 or context.get(chosen[0]) is None:
            return
        new = PathDialog.ask(chosen[0], self._taken, self)
        if new:
            self._workbench.edit_context(context.renamed(chosen[0], new), f"rename {chosen[0]} to {new}")
            self.reveal(new)

    @Slot()
    def delete_paths(self) -> None:
        """Take the selected paths out of the context."""
        context = self._workbench.state.context
        chosen = [path for path in self._chosen() if context.get(path) is not None]
        for path in chosen:
            context = context.without(path)
        if chosen:
            self._workbench.edit_context(context, _label("delete", chosen))

    @Slot()
    def revert_paths(self) -> None:
        """Put the selected paths back to what lies on disk."""
        self._revert(self._chosen())

    @Slot()
    def revert_all(self) -> None:
        """Drop all what-if edits."""
        self._revert(list(self.edits.paths), "revert all what-if edits")

    def _revert(self, paths: list[str], label: str = "") -> None:
        context, disk = self._workbench.state.context, self.disk
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
        edits = sorted((path, change.value) for path, change in self.edits.paths.items())
        chosen = SaveDialog.ask(edits, self) if edits else ()
        if chosen:
            self._workbench.save_files(chosen)

    def _taken(self, path: str) -> bool:
        return self._workbench.state.context.get(path) is not None

    @Slot(QPoint)
    def _menu(self, at: QPoint) -> None:
        self._enable()
        menu = QMenu(self.tree)
        menu.addActions(self.actions_of_tree[:5])
        menu.addSeparator()
        menu.addActions(self.actions_of_tree[5:7])
        menu.addSeparator()
        menu.addActions(self.actions_of_tree[7:])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.tree.viewport().mapToGlobal(at))


def _no_files(choose: QPushButton) -> QWidget:
    """What stands in place of an empty tree."""
    page = QWidget()
    text = QLabel("There are no files here. COPY and ADD cannot be checked without the folder that the build is started "
                  "with.", wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter, margin=12)
    rows = QVBoxLayout(page)
    rows.addStretch(1)
    rows.addWidget(text)
    rows.addWidget(choose, 0, Qt.AlignmentFlag.AlignHCenter)
    rows.addStretch(1)
    return page


class _Detail(QTextBrowser):
    """A text as high as it needs to be, up to a share of the panel; Tab walks its links and then leaves."""

    def __init__(self) -> None:
        super().__init__(openLinks=False)
        self._said = ""
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(6)

    def say(self, html: str, panel_height: int) -> None:
        """Show that, unless it is shown."""
        if html != self._said:
            self._said = html
            self.setHtml(html)
        self.fit(panel_height)

    def fit(self, panel_height: int) -> None:
        """Take the height that the text needs, at most two fifths of the panel."""
        self.document().setTextWidth(max(60, self.width()))
        self.setVisible(self._said != _HINT or panel_height > _LOW * self.fontMetrics().height())     # files say more
        height = round(self.document().size().height())
        self.setFixedHeight(max(self.fontMetrics().height() + 12, min(height, panel_height * 2 // 5)))


class _Tree(QTreeView):
    """Rows of one height, folders first, the whole row selected; Tab leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(TipDelegate(self))
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)      # activation does it, by double click and by Enter alike
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.header().setStretchLastSection(True)
        self.header().setMinimumSectionSize(24)
        self.expanded.connect(self._fit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if self.currentIndex().isValid():       # what was chosen stays in sight
            self.scrollTo(self.currentIndex())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            model.modelReset.connect(self._fit)
            self._fit()

    @Slot()
    def _fit(self) -> None:
        """Give size and mode what they need, then the names, and the rest to the state.

        Two files are told apart by the ends of their names, so in a narrow pane the size goes, too.
        """
        header, metrics = self.header(), QFontMetrics(bold(self.font()))
        self.setIconSize(QSize(icon_size(self.font()), icon_size(self.font())))
        if header.count() < 4:
            return
        header.resizeSection(Column.SIZE, metrics.horizontalAdvance("1,000 files") + 14)
        letters = self.viewport().width() // metrics.averageCharWidth()
        self.setColumnHidden(Column.MODE, letters < 75)     # names and states matter more where there is little room
        self.setColumnHidden(Column.SIZE, letters < 52)
        header.resizeSection(Column.MODE, metrics.horizontalAdvance("drwxr-xr-x") + 14)
        rest = self.viewport().width() - sum(header.sectionSize(column) for column in (Column.SIZE, Column.MODE)
                                             if not self.isColumnHidden(column))
        wanted = self.sizeHintForColumn(Column.NAME) + 2 * metrics.averageCharWidth()
        header.resizeSection(Column.NAME, max(metrics.averageCharWidth() * 16, min(wanted, rest * 3 // 5)))


class _Kept:
    """Keeps open folders, the cursor, the selection and the scroll position across a reset of the model."""

    def __init__(self, tree: QTreeView, model: ContextModel) -> None:
        self._tree, self._model, self._reset = tree, model, False

    def __enter__(self) -> None:
        tree, model = self._tree, self._model
        self._open = [model.path(index) for index in self._open_folders()]
        self._current = model.path(tree.currentIndex()) if tree.currentIndex().isValid() else None
        self._selected = [model.path(index) for index in tree.selectionModel().selectedRows()][:1000]
        self._scroll = tree.verticalScrollBar().value()
        model.modelReset.connect(self._note)

    def __exit__(self, *_: object) -> None:
        tree, model = self._tree, self._model
        model.modelReset.disconnect(self._note)
        if not self._reset:
            return
        for path in self._open:
            index = model.index_of(path)
            if index.isValid():
                tree.expand(index)
        if self._current:
            index = model.index_of(self._current)
            if index.isValid():
                tree.setCurrentIndex(index)
        flags = tree.selectionModel().SelectionFlag
        for path in self._selected:
            index = model.index_of(path)
            if index.isValid():
                tree.selectionModel().select(index, flags.Select | flags.Rows)
        tree.verticalScrollBar().setValue(self._scroll)

    def _note(self) -> None:
        self._reset = True

    def _open_folders(self) -> list[QModelIndex]:
        found, queue = list[QModelIndex](), [QModelIndex()]
        while queue:
            parent = queue.pop()
            for index in self._model.shown_folders(parent):
                if self._tree.isExpanded(index):
                    found.append(index)
                    queue.append(index)
        return found


def _label(verb: str, paths: list[str]) -> str:
    return f"{verb} {paths[0]}" if len(paths) == 1 else f"{verb} {len(paths)} paths"

