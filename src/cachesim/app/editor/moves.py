"""What happens when an instruction is carried to another place, by keys or by hand?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Slot

from cachesim.app.editor.gutter import Gutter
from cachesim.app.editor.positions import TextStyle, cursor_at, document_text, place_of
from cachesim.app.editor.text_area import DropLine, TextArea
from cachesim.app.notify import Message, Tone
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.edit import MoveRefused, instruction_block, moved
from cachesim.dockerfile.instructions import Arg, Env, Instruction, ParsedDockerfile
from cachesim.dockerfile.parser import parse
from cachesim.engines.base import Outcome
from cachesim.simulate.report import SimulationReport

__all__ = ["Mover", "may_change_image", "verdict_words"]

_METADATA = frozenset({"EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL"})    # no step reads them


def verdict_words(now: SimulationReport | None, then: SimulationReport | None) -> str:
    """What a move would do to the next build, in a few words."""
    if then is None:
        return ""
    if then.error:
        return f"The build would fail: {then.error}"
    after = sum(1 for _ in then.misses())
    before = sum(1 for _ in now.misses()) if now is not None else after
    if after == before:
        return f"{_steps(after)} would run, as now"
    change = f"{_steps(before - after)} saved" if after < before else f"{after - before} more"
    return f"{_steps(after)} would run: {change}"


def may_change_image(parsed: ParsedDockerfile, index: int, to: int) -> bool:
    """Whether the image could hold something else after a move; False only where that is sure by the rules alone."""
    here = parsed.instructions[index]
    low, high = sorted((index, to))
    return any(_depend(here, other) for other in parsed.instructions[low:high + 1] if other is not here)


def _depend(a: Instruction, b: Instruction) -> bool:
    if a.keyword == b.keyword or not {a.keyword, b.keyword} & _METADATA:
        return True
    names = [name for i in (a, b) if isinstance(i, Arg | Env) for name, _ in i.pairs]
    return any(re.search(rf"\$\{{?{re.escape(name)}\b", i.text) for name in names for i in (a, b))


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A text, and the lines (first, last) of each of its instructions with the comments above them."""

    text: str
    parsed: ParsedDockerfile
    lines: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> _Blocks:
        parsed = parse(text)
        return cls(text, parsed, tuple(instruction_block(parsed, text, i) for i in range(len(parsed.instructions))))

    def at(self, line: int) -> int | None:
        """The instruction around a line."""
        return next((i for i, (first, last) in enumerate(self.lines) if first <= line <= last), None)


@dataclass(frozen=True, slots=True)
class _Hanging:
    """A drag: which instruction hangs, and where it would land now.

    `text` is the text after the drop; None where a drop would change nothing or is refused.
    """

    blocks: _Blocks
    index: int
    to: int
    text: str | None = None
    refusal: str = ""


class Mover(QObject):
    """Moves whole instructions with their comments, one undo step each."""

    def __init__(self, text: TextArea, gutter: Gutter, workbench: Workbench, style: Callable[[], TextStyle]) -> None:
        super().__init__(text)
        self._text, self._gutter, self._workbench, self._style = text, gutter, workbench, style
        self._hanging: _Hanging | None = None
        self._y = 0
        self._scroll = QTimer(self, interval=50)
        self._scroll.timeout.connect(self._scroll_step)
        gutter.drag_started.connect(self.start)
        gutter.dragged.connect(self.drag_to)
        gutter.dropped.connect(self.drop)

    @property
    def dragging(self) -> bool:
        return self._hanging is not None

    # -- keys ---------------------------------------------------------------------------------------------------

    def move(self, step: int) -> None:
        """Move the instruction under the cursor over its neighbour above (-1) or below (+1)."""
        blocks = _Blocks.of(document_text(self._text.document()))
        line, column = place_of(self._text.textCursor())
        index = blocks.at(line)
        if index is None:
            self._refuse("There is no instruction on this line to move.")
            return
        try:
            text = moved(blocks.text, blocks.parsed, index, index + step)
        except MoveRefused as refusal:
            self._refuse(str(refusal))
            return
        self._apply(text, index + step, line - blocks.lines[index][0], column)

    def _apply(self, text: str, to: int, offset: int, column: int) -> None:
        """Show the moved text with the cursor at the same place of the instruction."""
        self._text.replace_all(text)
        first, _ = instruction_block(parse(text), text, to)
        self._text.scroll_to(cursor_at(self._text.document(), first + offset, column))

    def _refuse(self, why: str) -> None:
        self._workbench.post(Message(why, Tone.WARNING, key="move", passing=True))

    # -- hand ---------------------------------------------------------------------------------------------------

    @Slot(int)
    def start(self, line: int) -> None:
        """Take up the instruction of a line."""
        blocks = _Blocks.of(document_text(self._text.document()))
        index = blocks.at(line)
        if index is None:
            self._gutter.end_drag()
        else:
            self._hanging = _Hanging(blocks, index, index)

    @Slot(int)
    def drag_to(self, y: int) -> None:
        """Carry it to a height in the viewport and say what a drop there would do."""
        hanging, self._y = self._hanging, y
        if hanging is None:
            return
        outside = y < 0 or y > self._text.viewport().height()
        if outside != self._scroll.isActive():
            self._scroll.start() if outside else self._scroll.stop()
        to = self._target(hanging, y)
        if to != hanging.to:
            self._hang(hanging, to)

    def _target(self, hanging: _Hanging, y: int) -> int:
        """The index it would get: the number of other instructions whose middle is above the pointer."""
        line = self._text.line_at(y)
        rect = self._text.lines_rect(line, line)
        place = line + (0.5 if y > rect.center().y() else 0.0)
        others = (block for i, block in enumerate(hanging.blocks.lines) if i != hanging.index)
        return sum((first + last) / 2 < place for first, last in others)

    def _hang(self, hanging: _Hanging, to: int) -> None:
        text, refusal = None, ""
        if to != hanging.index:
            try:
                text = moved(hanging.blocks.text, hanging.blocks.parsed, hanging.index, to)
            except MoveRefused as refused:
                refusal = str(refused)
        self._hanging = replace(hanging, to=to, text=text, refusal=refusal)
        self._workbench.preview_text(None if text is None else self._style().file(text))
        self._text.set_drop(self._drop_line(self._hanging))

    def _drop_line(self, hanging: _Hanging) -> DropLine | None:
        if hanging.to == hanging.index:
            return None
        theme = self._workbench.look
        first, last = hanging.blocks.lines[hanging.to]
        line = last + 1 if hanging.to > hanging.index else first
        if hanging.refusal:
            return DropLine(line, hanging.refusal, theme.look(Outcome.FAILED).strong, theme.text, theme.bg)
        words = verdict_words(self._workbench.report, self._workbench.preview)
        if words and may_change_image(hanging.blocks.parsed, hanging.index, hanging.to):
            words += "; may change the result"
        return DropLine(line, words, theme.accent, theme.text, theme.bg)

    @Slot()
    def drop(self) -> None:
        """Let it fall where it hangs."""
        hanging = self._hanging
        self.cancel()
        if hanging is None:
            return
        if hanging.refusal:
            self._refuse(hanging.refusal)
        elif hanging.text is not None:
            first, _ = hanging.blocks.lines[hanging.index]
            offset = hanging.blocks.parsed.instructions[hanging.index].span.line - first
            self._apply(hanging.text, hanging.to, offset, 0)

    def cancel(self) -> None:
        """Put it back: nothing has changed."""
        if self._hanging is not None:
            self._hanging = None
            self._scroll.stop()
            self._gutter.end_drag()
            self._text.set_drop(None)
            self._workbench.preview_text(None)

    @Slot()
    def _scroll_step(self) -> None:
        """Scroll while the pointer is above or below the text."""
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.value() + (-1 if self._y < 0 else 1))
        self.drag_to(self._y)
