"""How does the text go out to the workbench and come in from it, and whose is it just now?"""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QTextCursor

from cachesim.app.editor.acts import Acts
from cachesim.app.editor.highlighter import DockerfileHighlighter
from cachesim.app.editor.line_edits import replace_all
from cachesim.app.editor.moves import Mover
from cachesim.app.editor.offering import Offering
from cachesim.app.editor.positions import DocumentText, TextStyle, document_text
from cachesim.app.editor.stripes import LineEdit
from cachesim.app.editor.text_area import TextArea
from cachesim.app.editor.verdicts import Verdicts
from cachesim.app.workbench import Workbench

__all__ = ["Exchange"]


class Exchange(QObject):
    """What is typed goes to the workbench as a file; a file from there is shown as one undo step.

    Attributes:
        style: What of the file is not shown, kept for the way back.
        quiet: Whether text or cursor are being set from outside.
        typed: Whether the next report answers an edit made here.
    """

    def __init__(self, text: TextArea, highlighter: DockerfileHighlighter, mover: Mover, acts: Acts, verdicts: Verdicts,
                 offering: Offering, workbench: Workbench) -> None:
        super().__init__(text)
        self._text, self._highlighter, self._mover, self._acts = text, highlighter, mover, acts
        self._verdicts, self._offering, self._workbench = verdicts, offering, workbench
        self.style, self.quiet, self.typed = TextStyle(), False, False
        self._revision, self._blocks = -1, 1
        self._shown = ""
        self._line_edit: LineEdit | None = None
        text.document().contentsChange.connect(self._note_change)
        text.document().contentsChanged.connect(self._text_changed)
        workbench.project_opened.connect(self._project_opened)
        workbench.text_replaced.connect(self._text_replaced)
        workbench.text_edited.connect(self._text_edited)

    @Slot(int, int, int)
    def _note_change(self, position: int, removed: int, added: int) -> None:
        document = self._text.document()
        if document.revision() != self._revision:
            block = document.findBlock(position)
            self._line_edit = LineEdit(block.blockNumber() + 1, position == block.position(),
                                       document.blockCount() - self._blocks)

    @Slot()
    def _text_changed(self) -> None:
        document = self._text.document()
        if document.revision() == self._revision:       # only formats changed
            return
        self._revision, self._blocks = document.revision(), document.blockCount()
        shown, before = document_text(document), self._shown
        edit, self._line_edit, self._shown = self._line_edit, None, shown
        if shown == before:                             # another font counts as a revision too
            return
        self._mover.cancel()
        self._verdicts.keep_up(shown, edit)
        if not self.quiet:
            self._acts.note_edit()
            self.typed = True
            self._workbench.new_text(self.style.file(shown))
            self._offering.typed()

    def show(self, file_text: str) -> None:
        """Show a file as one undo step, its style kept for the way back."""
        parts = DocumentText.of(file_text)
        self.style, self.quiet = parts.style, True
        self._highlighter.set_style(parts.style)
        try:
            replace_all(self._text.document(), parts.shown)
        finally:
            self.quiet = False
        self._verdicts.tint()

    @Slot(object)
    def _project_opened(self, project: object) -> None:
        """Another document: nothing of the one before can come back by undo."""
        self.show(self._workbench.state.text)
        self._text.document().clearUndoRedoStacks()
        self.quiet = True          # the stripes are still those of the text before: no line of it is chosen
        self._text.moveCursor(QTextCursor.MoveOperation.Start)
        self.quiet = False
        self._verdicts.place(self._workbench.report)

    @Slot(object)
    def _text_replaced(self, text: str) -> None:
        if self._workbench.seen is not None:
            self._acts.note_look()
        else:
            self._drop_look()
        self.show(text)

    def _drop_look(self) -> None:
        """The texts of builds that were looked back at leave no undo steps."""
        self.quiet = True
        try:
            self._acts.drop_look()
        finally:
            self.quiet = False

    @Slot(object)
    def _text_edited(self, edit: tuple[str, str]) -> None:
        self.show(edit[0])
