"""How does a large picture move under the hand: wheel, pinch, drag, and back to an earlier place?"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QPainter, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

__all__ = ["LARGEST", "SMALLEST", "PanZoomView", "Place"]

STEP = 1.15                 # one notch of zoom
SMALLEST, LARGEST = 0.08, 4.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where one looks: zoom and scroll positions; `auto` while the person has not chosen a zoom."""

    zoom: float
    x: int
    y: int
    auto: bool


class PanZoomView(QGraphicsView):
    """Zooms at the pointer, pans by middle button, Space or the ground, and remembers places. Knows no items."""

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._auto = True                       # fit by itself until somebody zooms
        self._restoring: Place | None = None    # sought again at each resize, until somebody moves
        self._before_resize: Place | None = None
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._end_turn)
        self._space = self._space_used = False
        self._pan: QPoint | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)

    # -- for those who use or refine it ---------------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    @property
    def place(self) -> Place:
        """Where one looks now."""
        return Place(self.zoom, self.horizontalScrollBar().value(), self.verticalScrollBar().value(), self._auto)

    @property
    def place_of_turn(self) -> Place:
        """Where one looked when this turn of the event loop began, however often the view was resized since."""
        return self._before_resize or self.place

    def pivot(self) -> QPointF:
        """What stays where it is when keys or buttons zoom, in viewport px."""
        return QPointF(self.viewport().rect().center())

    def first_zoom(self) -> float:
        """What fits, as long as nobody has zoomed."""
        return 1.0

    @Slot()
    def zoom_in(self) -> None:
        """One notch closer, around the selected step if it is seen, else the middle."""
        self.zoom_at(self.pivot(), STEP)

    @Slot()
    def zoom_out(self) -> None:
        """One notch further away."""
        self.zoom_at(self.pivot(), 1 / STEP)

    @Slot()
    def zoom_reset(self) -> None:
        """100 %."""
        self.zoom_at(self.pivot(), 1 / self.zoom)

    def zoom_at(self, where: QPointF, factor: float) -> None:
        """Zoom so that what is under `where` (viewport px) stays there."""
        self.moved_by_hand()
        self._auto = False
        held = self.viewportTransform().inverted()[0].map(where)
        self.set_zoom(self.zoom * factor)
        now = self.viewportTransform().map(held)
        for bar, off in ((self.horizontalScrollBar(), now.x() - where.x()),
                         (self.verticalScrollBar(), now.y() - where.y())):
            bar.setValue(bar.value() + round(off))

    def set_zoom(self, zoom: float) -> None:
        """Zoom to that factor, within the limits."""
        zoom = min(max(zoom, SMALLEST), LARGEST)
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self.zoomed(zoom)
        self.zoom_changed.emit(zoom)
        self.viewport().update()

    def zoomed(self, zoom: float) -> None:
        """Make everything fit another zoom; called before it is told."""

    def moved_by_hand(self) -> None:
        """The person moves: an earlier place is not sought any more."""
        self._restoring = None

    def go_back(self, place: Place) -> None:
        """Look there again; kept up while the window finds its earlier size."""
        self._restoring, self._auto = place, place.auto
        self.set_zoom(self.first_zoom() if place.auto else place.zoom)      # nobody chose it: what fits now
        self.horizontalScrollBar().setValue(place.x)
        self.verticalScrollBar().setValue(place.y)

    def begin_pan(self, where: QPoint) -> None:
        """The picture follows the pointer from here on."""
        self._pan, self._space_used = where, True
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def hold_space(self, held: bool) -> bool:
        """Space goes down or up; True if it was only tapped."""
        tapped = self._space and not held and not self._space_used
        if held and not self._space:
            self._space_used = False
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif not held:
            self.viewport().unsetCursor()
        self._space = held
        return tapped

    # -- Qt -----------------------------------------------------------------------------------------------------

    def setScene(self, scene: QGraphicsScene | None) -> None:
        assert scene is None or scene.parent() is not None, "a scene without an owner is lost"
        super().setScene(scene)

    @Slot()
    def _end_turn(self) -> None:
        self._before_resize = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._before_resize is None:
            self._before_resize = self.place
            self._turn.start()
        super().resizeEvent(event)
        if self._restoring is not None:
            self.go_back(self._restoring)
        elif self._auto:
            self.set_zoom(self.first_zoom())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.moved_by_hand()
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_at(event.position(), STEP ** (turn / 120.0))
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not event.angleDelta().x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turn)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        key, zooms = event.key(), control == Qt.KeyboardModifier.ControlModifier
        if zooms and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif zooms and key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif zooms and key == Qt.Key.Key_0:
            self.zoom_reset()
        elif key == Qt.Key.Key_Space and not control:
            if not event.isAutoRepeat():
                self.hold_space(True)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and not control:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_at(event.position(), 1.0 + event.value())
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.moved_by_hand()
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or (event.button() == Qt.MouseButton.LeftButton and self._space):
            self.begin_pan(event.position().toPoint())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pan is None:
            super().mouseMoveEvent(event)
            return
        where = event.position().toPoint()
        off, self._pan = where - self._pan, where
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - off.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() - off.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pan is not None:
            self._pan = None
            if self._space:
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
            else:
                self.viewport().unsetCursor()
        event.accept()
