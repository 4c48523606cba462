"""What happens when a node is carried to another place of its lane?

The node follows the pointer, a line shows where it would land, and the prediction for that place is asked for while it
hangs. Letting go changes the text, as one undo step of the editor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cachesim.app.dag.canvas import Canvas
from cachesim.app.dag.scene import DagScene
from cachesim.app.dag.step_item import StepItem
from cachesim.app.notify import Message, Tone
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.edit import MoveRefused, moved
from cachesim.dockerfile.instructions import ParsedDockerfile
from cachesim.dockerfile.parser import parse
from cachesim.graph.model import StepId

__all__ = ["DropLine", "NodeDrag"]


class DropLine(QGraphicsItem):
    """A thick line between two nodes."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self._rect = QRectF()
        self.setZValue(9.0)
        self.hide()

    def place(self, rect: QRectF) -> None:
        """Stand there."""
        self.prepareGeometryChange()
        self._rect = rect
        self.show()

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-4.0, -4.0, 4.0, 4.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.fillRect(self._rect, self._canvas.accent)


@dataclass(frozen=True, slots=True)
class _Hanging:
    """A node in the air.

    Attributes:
        body: The steps of its lane that may change places, top to bottom.
        first: Index of the first of them among the instructions of the file.
        grip: Where in the node the pointer holds it.
        to: Its place in `body` if it were let go now.
        text: The file then; None where that changes nothing or is refused.
    """

    step: StepId
    parsed: ParsedDockerfile
    source: str
    body: tuple[StepId, ...]
    first: int
    grip: QPointF
    to: int
    text: str | None = None
    refusal: str = ""

    @property
    def place(self) -> int:
        return self.body.index(self.step)


class NodeDrag:
    """Carries one node at a time."""

    def __init__(self, scene: DagScene, workbench: Workbench) -> None:
        self._scene, self._workbench = scene, workbench
        self._hanging: _Hanging | None = None
        self._line: DropLine | None = None

    @property
    def active(self) -> bool:
        return self._hanging is not None

    @property
    def words(self) -> str:
        """What letting go would do, for the caption."""
        hanging = self._hanging
        if hanging is None:
            return ""
        if hanging.refusal:
            return hanging.refusal
        now, then = self._workbench.report, self._workbench.preview
        if hanging.text is None or then is None or now is None:
            return "Drop it between two steps to move its instruction"
        if then.error:
            return f"Dropped here, the build would fail: {then.error}"
        before, after = sum(1 for _ in now.misses()), sum(1 for _ in then.misses())
        change = f"{before - after} fewer" if after < before else f"{after - before} more"
        return f"Dropped here, {after} {'step' if after == 1 else 'steps'} would run: " + (
            "as now" if before == after else change)

    def begin(self, step: StepId, where: QPointF) -> bool:
        """Take a node up; False if it cannot move (FROM, a trigger of the base, a text that does not parse)."""
        item, lane = self._scene.steps.get(step), self._scene.layout.lane(step.stage)
        if item is None or lane is None or item.step.onbuild or step.index == 0 or step.stage < 0:
            return False
        if self._workbench.stale or self._workbench.preview is not None:
            return False
        source = self._workbench.state.text
        parsed = parse(source)
        body = tuple(s for s in lane.steps[1:] if not self._scene.steps[s].step.onbuild)
        numbers = {instruction.span.line: i for i, instruction in enumerate(parsed.instructions)}
        first = numbers.get(self._scene.steps[body[0]].step.line)
        if first is None or numbers.get(item.step.line) != first + body.index(step):
            return False        # the picture is older than the text
        self._hanging = _Hanging(step, parsed, source, body, first, where - item.pos(), body.index(step))
        item.setZValue(10.0)
        item.setOpacity(0.85)
        return True

    def move(self, where: QPointF) -> None:
        """Carry it to a point of the scene."""
        hanging = self._hanging
        if hanging is None:
            return
        item, rects = self._scene.steps[hanging.step], self._scene.layout.steps
        home = rects[hanging.step]
        item.setPos(home.x, where.y() - hanging.grip.y())
        middle = item.pos().y() + home.height / 2
        to = sum(rects[s].center.y < middle for s in hanging.body if s != hanging.step)
        if to != hanging.to:
            self._hang(hanging, to)

    def drop(self) -> None:
        """Let it fall where it hangs."""
        hanging = self._hanging
        self.cancel()
        if hanging is None:
            return
        if hanging.refusal:
            self._workbench.post(Message(hanging.refusal, Tone.WARNING, key="move", passing=True))
        elif hanging.text is not None:
            keyword = self._scene.steps[hanging.step].step.instruction.keyword
            self._workbench.replace_text(hanging.text, f"Move {keyword}")
            moved_to = hanging.body[hanging.to]
            self._workbench.select(moved_to)

    def cancel(self) -> None:
        """Put it back: nothing has changed."""
        hanging, self._hanging = self._hanging, None
        if hanging is None:
            return
        item = self._scene.steps.get(hanging.step)
        if item is not None:
            self._settle(item)
        if self._line is not None:
            self._scene.removeItem(self._line)
            self._line = None
        self._workbench.preview_text(None)

    def _settle(self, item: StepItem) -> None:
        item.setOpacity(1.0)
        item.setZValue(5.0 if item.current else 4.0)
        rect = self._scene.layout.steps.get(item.id)
        if rect is not None:
            item.place(rect)

    def _hang(self, hanging: _Hanging, to: int) -> None:
        text, refusal = None, ""
        if to != hanging.place:
            try:
                text = moved(hanging.source, hanging.parsed, hanging.first + hanging.place, hanging.first + to)
            except MoveRefused as refused:
                refusal = str(refused)
        self._hanging = replace(hanging, to=to, text=text, refusal=refusal)
        self._workbench.preview_text(text)
        self._show_line(hanging, to)

    def _show_line(self, hanging: _Hanging, to: int) -> None:
        if self._line is None:
            self._line = DropLine(self._scene.canvas)
            self._scene.addItem(self._line)
        if to == hanging.place:
            self._line.hide()
            return
        rect = self._scene.layout.steps[hanging.body[to]]
        gap = self._scene.canvas.metrics.row_gap / 2
        y = rect.bottom + gap if to > hanging.place else rect.y - gap
        self._line.place(QRectF(rect.x, y - 2.0, rect.width, 4.0))
