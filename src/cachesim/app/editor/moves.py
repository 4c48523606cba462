"""What happens when an instruction is carried to another place, by keys or by hand?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Slot

from cachesim.app.carrying import Carrier, Hanging, refuse_move
from cachesim.app.editor.gutter import Gutter
from cachesim.app.editor.line_edits import replace_all
from cachesim.app.editor.positions import TextStyle, cursor_at, document_text, place_of
from cachesim.app.editor.text_area import DropLine, TextArea
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.edit import instruction_block
from cachesim.dockerfile.parser import parse

__all__ = ["Mover"]


class Mover(QObject):
    """Moves whole instructions with their comments, one undo step each."""

    def __init__(self, text: TextArea, gutter: Gutter, workbench: Workbench, style: Callable[[], TextStyle]) -> None:
        super().__init__(text)
        self._text, self._gutter, self._workbench = text, gutter, workbench
        self._carrier = Carrier(workbench, self, lambda moved: style().file(moved))
        self._carrier.changed.connect(self._show)
        self._carrier.landed.connect(self._land)
        self._place = (0, 0)        # line and column of the cursor in the instruction that falls
        self._blocks: tuple[tuple[int, int], ...] = ()     # lines (first, last) of each, comments above included
        self._y = 0
        self._scroll = QTimer(self, interval=50)
        self._scroll.timeout.connect(self._scroll_step)
        gutter.reached.connect(self._carrier.warm)
        gutter.drag_started.connect(self.start)
        gutter.dragged.connect(self.drag_to)
        gutter.dropped.connect(self.drop)

    @property
    def dragging(self) -> bool:
        return self._carrier.hanging is not None

    # -- keys ---------------------------------------------------------------------------------------------------

    def move(self, step: int) -> None:
        """Move the instruction under the cursor over its neighbour above (-1) or below (+1)."""
        line, column = place_of(self._text.textCursor())
        taken = self._taken(line)
        if taken is None:
            refuse_move(self._workbench, "There is no instruction on this line to move.")
            return
        self._place = line - self._blocks[taken.index][0], column
        self._carrier.let_fall(taken.over(taken.index + step))

    def _taken(self, line: int) -> Hanging | None:
        """The instruction around a line, with the comments above it."""
        start = Hanging.taken(document_text(self._text.document()), 0)
        self._blocks = tuple(instruction_block(start.parsed, start.text, i)
                             for i in range(len(start.parsed.instructions)))
        index = next((i for i, (first, last) in enumerate(self._blocks) if first <= line <= last), None)
        return replace(start, index=index, to=index) if index is not None else None

    @Slot(object)
    def _land(self, hanging: Hanging) -> None:
        """Show the moved text with the cursor at the same place of the instruction."""
        assert hanging.after is not None
        offset, column = self._place
        replace_all(self._text.document(), hanging.after)
        first, _ = instruction_block(parse(hanging.after), hanging.after, hanging.to)
        self._text.scroll_to(cursor_at(self._text.document(), first + offset, column))

    # -- hand ---------------------------------------------------------------------------------------------------

    @Slot(int)
    def start(self, line: int) -> None:
        """Take up the instruction of a line."""
        hanging = self._taken(line)
        if hanging is None:
            self._gutter.end_drag()
        else:
            self._carrier.take(hanging)

    @Slot(int)
    def drag_to(self, y: int) -> None:
        """Carry it to a height in the viewport and say what a drop there would do."""
        hanging, self._y = self._carrier.hanging, y
        if hanging is None:
            return
        outside = y < 0 or y > self._text.viewport().height()
        if outside != self._scroll.isActive():
            self._scroll.start() if outside else self._scroll.stop()
        if self._carrier.over(self._target(hanging, y)):
            self._show()

    @Slot()
    def _show(self) -> None:
        self._text.set_drop(self._drop_line())

    def _target(self, hanging: Hanging, y: int) -> int:
        """The index it would get: the number of other instructions whose middle is above the pointer."""
        line = self._text.line_at(y)
        rect = self._text.lines_rect(line, line)
        place = line + (0.5 if y > rect.center().y() else 0.0)
        others = (block for i, block in enumerate(self._blocks) if i != hanging.index)
        return sum((first + last) / 2 < place for first, last in others)

    def _drop_line(self) -> DropLine | None:
        hanging, theme = self._carrier.hanging, self._workbench.look
        if hanging is None or hanging.to == hanging.index:
            return None
        first, last = self._blocks[hanging.to]
        line = last + 1 if hanging.to > hanging.index else first
        return DropLine(line, "\n".join(self._carrier.lines), self._carrier.ground.colour(theme), theme.text, theme.bg)

    @Slot()
    def drop(self) -> None:
        """Let it fall where it hangs."""
        hanging = self._carrier.hanging
        if hanging is not None:
            first, _ = self._blocks[hanging.index]
            self._place = hanging.parsed.instructions[hanging.index].span.line - first, 0
            self._put_down()
            self._carrier.drop()

    def cancel(self) -> None:
        """Put it back: nothing has changed."""
        if self._carrier.cancel() is not None:
            self._put_down()

    def _put_down(self) -> None:
        self._scroll.stop()
        self._gutter.end_drag()
        self._text.set_drop(None)

    @Slot()
    def _scroll_step(self) -> None:
        """Scroll while the pointer is above or below the text."""
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.value() + (-1 if self._y < 0 else 1))
        self.drag_to(self._y)
