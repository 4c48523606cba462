"""What happens when a node is carried to another place of its lane?

The node follows the pointer, a line shows where it would land, and the prediction for that place is asked for while it
hangs. Letting go changes the text, as one undo step of the editor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QPointF, QRectF, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cachesim.app.carrying import Carrier, Ground, Hanging, refuse_move
from cachesim.app.dag.scene import DagScene
from cachesim.app.dag.step_item import StepItem
from cachesim.app.workbench import Workbench
from cachesim.dockerfile.edit import why_not_movable
from cachesim.graph.model import StepId

__all__ = ["DropLine", "NodeDrag"]


class DropLine(QGraphicsItem):
    """A thick line between two nodes."""

    def __init__(self) -> None:
        super().__init__()
        self._rect, self._colour = QRectF(), QColor()
        self.setZValue(11.0)        # the hanging node lies below it
        self.hide()

    def place(self, rect: QRectF, colour: str) -> None:
        """Stand there."""
        self.prepareGeometryChange()
        self._rect, self._colour = rect, QColor(colour)
        self.show()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-4.0, -4.0, 4.0, 4.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.fillRect(self._rect, self._colour)


@dataclass(frozen=True, slots=True)
class _Held:
    """The node of a hanging instruction.

    Attributes:
        body: The steps of its lane that may change places, top to bottom.
        first: Index of the first of them among the instructions of the file.
        grip: Where in the node the pointer holds it.
    """

    step: StepId
    body: tuple[StepId, ...]
    first: int
    grip: QPointF

    @property
    def place(self) -> int:
        return self.body.index(self.step)


class NodeDrag(QObject):
    """Carries one node at a time."""

    def __init__(self, scene: DagScene, workbench: Workbench) -> None:
        super().__init__(scene)
        self._scene, self._workbench = scene, workbench
        self._carrier = Carrier(workbench, self)
        self._carrier.changed.connect(self._show_line)
        self._carrier.landed.connect(self._land)
        self._held: _Held | None = None
        self._fell: _Held | None = None
        self._line: DropLine | None = None

    @property
    def active(self) -> bool:
        return self._held is not None

    @property
    def words(self) -> str:
        """What letting go would do, for the caption."""
        if self._carrier.hanging is None:
            return ""
        return "\n".join(self._carrier.lines) or "Drop it between two steps to move its instruction"

    @property
    def ground(self) -> Ground:
        """What the place is that it hangs over."""
        return self._carrier.ground

    def warm(self) -> None:
        """A hand is near."""
        self._carrier.warm()

    def begin(self, step: StepId, where: QPointF) -> bool:
        """Take a node up; False if it cannot move (FROM, a trigger of the base, a text that does not parse)."""
        item, lane = self._scene.steps.get(step), self._scene.layout.lane(step.stage)
        if item is None or lane is None or item.step.onbuild or step.stage < 0:
            return False
        if step.index == 0:
            hanging = Hanging.taken(self._workbench.state.text, 0)
            number = next((i for i, n in enumerate(hanging.parsed.instructions) if n.span.line == item.step.line), None)
            if number is not None:
                why = why_not_movable(hanging.parsed, number, min(number + 1, len(hanging.parsed.instructions) - 1))
                refuse_move(self._workbench, f"Not moved: {why}")
            return False
        if self._workbench.stale or self._workbench.preview is not None:
            return False
        body = tuple(s for s in lane.steps[1:] if not self._scene.steps[s].step.onbuild)
        hanging = Hanging.taken(self._workbench.state.text, 0)
        numbers = {instruction.span.line: i for i, instruction in enumerate(hanging.parsed.instructions)}
        first = numbers.get(self._scene.steps[body[0]].step.line)
        if first is None or numbers.get(item.step.line) != first + body.index(step):
            return False        # the picture is older than the text
        place = first + body.index(step)
        self._carrier.take(replace(hanging, index=place, to=place))
        self._held = _Held(step, body, first, where - item.pos())
        item.setZValue(10.0)
        item.setOpacity(0.85)
        return True

    def move(self, where: QPointF) -> None:
        """Carry it to a point of the scene."""
        held = self._held
        if held is None:
            return
        item, rects = self._scene.steps[held.step], self._scene.layout.steps
        home = rects[held.step]
        item.setPos(home.x, where.y() - held.grip.y())
        middle = item.pos().y() + home.height / 2
        to = sum(rects[s].center.y < middle for s in held.body if s != held.step)
        if self._carrier.over(self._elsewhere(held, where.x()) or held.first + to):
            self._show_line()

    def _elsewhere(self, held: _Held, x: float) -> int | None:
        """The place of the last instruction of another stage, if the pointer is over that one: to hear why not."""
        graph, hanging = self._scene.report.graph if self._scene.report is not None else None, self._carrier.hanging
        lane = next((n for n in self._scene.layout.lanes if n.rect.x <= x <= n.rect.right), None)
        if graph is None or hanging is None or lane is None or lane.stage in (held.step.stage, -1):
            return None
        line = graph.stages[lane.stage].steps[-1].line
        return next((i for i, n in enumerate(hanging.parsed.instructions) if n.span.line == line), None)

    def drop(self) -> None:
        """Let it fall where it hangs."""
        self._fell = self._put_down()
        self._carrier.drop()

    @Slot(object)
    def _land(self, hanging: Hanging) -> None:
        if self._fell is not None and hanging.after is not None:
            self._workbench.replace_text(hanging.after, f"Move {hanging.keyword}")
            self._workbench.select(self._fell.body[hanging.to - self._fell.first])

    def cancel(self) -> None:
        """Put it back: nothing has changed."""
        if self._put_down() is not None:
            self._carrier.cancel()

    def _put_down(self) -> _Held | None:
        held, self._held = self._held, None
        if held is None:
            return None
        item = self._scene.steps.get(held.step)
        if item is not None:
            self._settle(item)
        if self._line is not None:
            self._scene.removeItem(self._line)
            self._line = None
        return held

    def _settle(self, item: StepItem) -> None:
        item.setOpacity(1.0)
        item.setZValue(5.0 if item.current else 4.0)
        rect = self._scene.layout.steps.get(item.id)
        if rect is not None:
            item.place(rect)

    @Slot()
    def _show_line(self) -> None:
        held, hanging = self._held, self._carrier.hanging
        if held is None or hanging is None:
            return
        to = hanging.to - held.first
        if self._line is None:
            self._line = DropLine()
            self._scene.addItem(self._line)
        if to == held.place or not 0 <= to < len(held.body):
            self._line.hide()
            return
        rect = self._scene.layout.steps[held.body[to]]
        gap = self._scene.canvas.metrics.row_gap / 2
        y = rect.bottom + gap if to > held.place else rect.y - gap
        self._line.place(QRectF(rect.x - 12.0, y - 2.0, rect.width + 24.0, 4.0), self.ground.colour(self._workbench.look))
