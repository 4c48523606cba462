"""Which files does the build context hold, which steps do they reach, and what if one of them were different?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from cachesim.app.context.arguments import ArgRow, arg_rows, options_in_force
from cachesim.app.context.cells import View
from cachesim.app.context.differences import Differences
from cachesim.app.context.file_edits import FileEdits
from cachesim.app.context.files_tree import FilesTree
from cachesim.app.context.reach import matcher_of
from cachesim.app.context.text_box import TextBox
from cachesim.app.context.tree_model import ContextModel
from cachesim.app.context.words import CHANGE_ARG, CHANGE_OPTIONS, file_lines, given_lines
from cachesim.app.report.panel import Panel, named
from cachesim.app.theme import Theme
from cachesim.graph.model import StepId

if TYPE_CHECKING:
    from cachesim.app.workbench import Workbench

__all__ = ["ContextPanel"]

_HINT = "Select a file to see which steps it reaches. Nothing here touches your disk."


class ContextPanel(Panel):
    """The context as a tree. Every edit is a what-if edit of the workbench; only "Save to disk…" writes."""

    folder_asked = Signal()
    arg_asked = Signal(str, str)            # name and value of now: another one is wanted
    options_asked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(workbench, "Context", parent)
        self._differences = Differences(workbench)
        self._args: tuple[ArgRow, ...] = ()
        self.model = ContextModel(self)
        self.filter = named(QLineEdit(placeholderText="Filter files", clearButtonEnabled=True), "Filter files")
        self._typed = QTimer(self, singleShot=True, interval=0)
        self._typed.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(self._typed.start)
        self.tree = named(FilesTree(self.model), "Files of the build context")
        self.edits = FileEdits(workbench, self.tree, self._differences)
        self.edits.path_made.connect(self.reveal)
        self.detail = named(TextBox(4, _HINT), "What the selected file reaches")
        self.detail.anchorClicked.connect(self._follow)
        self.given = named(TextBox(3), "Build arguments and options")
        self.given.anchorClicked.connect(self._follow)
        self.bar = self._edits_bar()
        self.choose = QPushButton("Ch&oose folder…")
        self.choose.setStatusTip("Choose the folder that the build is started with")
        self.choose.clicked.connect(self.folder_asked)
        self._lay_out()
        self.tree.selectionModel().selectionChanged.connect(self._show_detail)
        self.tree.selectionModel().currentChanged.connect(self._show_detail)
        for signal in (workbench.state_changed, workbench.report_changed, workbench.selection_changed,
                       workbench.timeline_changed, workbench.project_opened, workbench.disk.context_changed):
            signal.connect(self._changed)
        self.apply_look(workbench.look)

    # -- parts --

    def _edits_bar(self) -> QPushButton:
        """One button that counts what is not as on disk, built or not, and offers to write or drop it."""
        bar = named(QPushButton(), "What differs from disk")
        bar.setStatusTip("Files that were edited in thought: write them to disk, or take them as they lie there")
        menu = QMenu(bar)
        menu.addAction("&Save to disk…", self.edits.save_to_disk)
        menu.addAction("Re&vert all", self.edits.revert_all)
        bar.setMenu(menu)
        bar.hide()
        return bar

    def _lay_out(self) -> None:
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

    def apply_look(self, look: Theme) -> None:
        self.model.set_look(look, self.tree.font())
        self._files.setMinimumWidth(min(340, 50 * self.tree.fontMetrics().averageCharWidth()))     # else a narrowed window
        # takes all from this side

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.detail.fit(self.height())
        self.given.fit(self.height())

    # -- follow the workbench --

    @Slot(object)
    def _changed(self, _: object) -> None:
        self.outdated()

    def refresh(self) -> None:
        bench, differences = self._workbench, self._differences
        context, report, disk = bench.state.context, bench.report, differences.disk
        step = report.find(bench.selected) if report is not None else None
        matcher = matcher_of(context, bench.state.options.dockerfile)
        other = self.model.cells.reads.take(report, context, matcher)
        self.model.set_view(View(
            tree=context.tree, disk=disk.tree, edits=differences.unlike_disk, since=differences.since_build, matcher=matcher,
            selected=step.id if step else None, selected_line=step.step.line if step else 0), other)
        empty = not context.tree.children and not disk.tree.children
        self._stack.setCurrentWidget(self._none if empty else self._files)
        self.setFocusProxy(self.choose if empty else self.tree)
        number = len(differences.unlike_disk.paths)
        self.bar.setVisible(number > 0)
        self.bar.setText(f"{number} differ{'s' if number == 1 else ''} from disk")
        self.bar.setAccessibleName(self.bar.text())
        self._show_given()
        self._show_detail()

    @Slot(str)
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

    @Slot()
    def _apply_filter(self) -> None:
        self.model.set_filter(self.filter.text())
        if self.model.filtering:
            self.tree.unfold_matches()

    # -- say what it means --

    def _show_given(self) -> None:
        report, options = self._workbench.report, self._workbench.state.options
        self._args = arg_rows(report, options) if report is not None and report.graph.error is None else ()
        self._say(self.given, given_lines(report, self._args, options_in_force(options)))

    @Slot()
    def _show_detail(self) -> None:
        bench, path = self._workbench, self.tree.current_path()
        self._say(self.detail, file_lines(path, bench.state, self._differences.built, bench.report, self.model.cells.view,
                                          self.model.cells.reads) if path else [])
        self.edits.enable()

    def _say(self, box: TextBox, lines: list[str]) -> None:
        style = f"<style>a {{ color: {self._workbench.look.accent}; }}</style>"
        box.say(style + "<br>".join(lines) if lines else "", self.height())

    @Slot(QUrl)
    def _follow(self, url: QUrl) -> None:
        said = bytes(url.toEncoded().data()).decode()
        if said == CHANGE_OPTIONS:
            self.options_asked.emit()
        elif said.startswith(CHANGE_ARG):
            name = unquote(said.removeprefix(CHANGE_ARG))
            self.arg_asked.emit(name, next((row.value or "" for row in self._args if row.name == name), ""))
        else:
            stage, _, index = said.partition(",")
            self._workbench.activate(StepId(int(stage), int(index)))


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
