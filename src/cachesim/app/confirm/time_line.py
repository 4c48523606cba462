"""What ran beside what in the real build, and what waited for what?"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from cachesim.app.theme import Theme
from cachesim.confirm.match import is_internal
from cachesim.confirm.observed import ObservedBuild, ObservedVertex, VertexStatus
from cachesim.engines.base import MissReason, Outcome

__all__ = ["Bar", "TimeLine", "bars_of"]

_ROW, _BAR, _MARGIN = 20, 12, 8
_LEAST = 2.0
_SCALES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)     # seconds between two lines of the axis


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the engine: when it was ready to start (all inputs over), and when it worked; seconds from start."""

    name: str
    status: VertexStatus
    ready: float
    spans: tuple[tuple[float, float], ...]

    @property
    def end(self) -> float:
        return self.spans[-1][1] if self.spans else self.ready

    @property
    def waited(self) -> float:
        """How long it could have started and did not."""
        return max(0.0, self.spans[0][0] - self.ready) if self.spans else 0.0


def bars_of(build: ObservedBuild) -> tuple[Bar, ...]:
    """Bars in order of their start; what never started has none."""
    whole = build.span
    if whole is None:
        return ()
    start, last = whole
    by_digest = {vertex.digest: vertex for vertex in build.vertices}
    bars = []
    for vertex in build.vertices:
        if vertex.intervals:
            ends = [by_digest[i].completed for i in vertex.inputs if i in by_digest]
            ready = max([start, *(end for end in ends if end is not None)])
            spans = tuple((a - start, (last if b is None else b) - start) for a, b in vertex.intervals)
            bars.append(Bar(vertex.name, vertex.status, ready - start, _main_spans(vertex, spans)))
    return tuple(sorted(bars, key=lambda bar: (bar.spans[0][0], bar.end)))


def _main_spans(vertex: ObservedVertex, spans: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Without the moments in which only the key was computed, where there was real work too."""
    long = tuple(span for span in spans if span[1] - span[0] > 0.001)
    return long or spans[-1:]


class TimeLine(QWidget):
    """Bars over one axis of seconds; a click on a bar says which line it is."""

    chosen = Signal(str)        # the name of the line

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[Bar, ...] = ()
        self._look: Theme | None = None
        self._selected = ""
        self.setAccessibleName("Time line of the real build")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """What is drawn."""
        return self._bars

    def show_build(self, build: ObservedBuild | None, *, own_lines: bool = False) -> None:
        """Draw a build (None: nothing), with or without what the engine does for itself."""
        bars = bars_of(build) if build is not None else ()
        bars = tuple(bar for bar in bars if own_lines or not is_internal(bar.name))
        if bars != self._bars:
            self._bars = bars
            text = "; ".join(f"{b.name}: {b.spans[0][0]:.1f} to {b.end:.1f} s" for b in bars if b.spans)
            self.setAccessibleDescription(text[:2000])
            self.updateGeometry()
            self.setFixedHeight(self.sizeHint().height())
            self.update()

    def select(self, name: str) -> None:
        """Mark one line."""
        if name != self._selected:
            self._selected = name
            self.update()

    def set_look(self, look: Theme) -> None:
        """Take colours."""
        self._look = look
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, _ROW * (len(self._bars) + 1) + _MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = self._look
        if look is None or not self._bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axis(painter, look)
        metrics = painter.fontMetrics()
        for row, bar in enumerate(self._bars):
            y = _ROW * (row + 1)
            if bar.name == self._selected:
                painter.fillRect(QRectF(0, y, self.width(), _ROW), QColor(look.selection))
            colour = QColor(_colour(bar.status, look))
            if bar.waited > 0.02:
                painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
                middle = y + _ROW / 2
                painter.drawLine(QPointF(self._x(bar.ready), middle), QPointF(self._x(bar.spans[0][0]), middle))
            for start, end in bar.spans:
                left = self._x(start)
                rect = QRectF(left, y + (_ROW - _BAR) / 2, max(_LEAST, self._x(end) - left), _BAR)
                painter.fillRect(rect, colour)
            self._paint_name(painter, metrics.horizontalAdvance(bar.name), bar, y, look)

    def _paint_axis(self, painter: QPainter, look: Theme) -> None:
        whole = max(bar.end for bar in self._bars)
        step = next((s for s in _SCALES if whole / s <= 6), 7200)
        painter.setPen(QPen(QColor(look.line), 1))
        at = 0.0
        while at <= whole:
            x = self._x(at)
            painter.setPen(QPen(QColor(look.line), 1))
            painter.drawLine(QPointF(x, _ROW - 4), QPointF(x, self.height()))
            painter.setPen(QColor(look.muted))
            painter.drawText(QRectF(x + 2, 0, 60, _ROW), Qt.AlignmentFlag.AlignVCenter, f"{at:g} s")
            at += step

    def _paint_name(self, painter: QPainter, width: int, bar: Bar, y: int, look: Theme) -> None:
        """Beside the bar, on the side that has room."""
        painter.setPen(QColor(look.text))
        right = self._x(bar.end) + 4
        if self.width() - right >= min(width, 120):
            room, align = QRectF(right, y, self.width() - right - 2, _ROW), Qt.AlignmentFlag.AlignLeft
        else:
            room, align = QRectF(2, y, max(20.0, self._x(bar.spans[0][0]) - 6), _ROW), Qt.AlignmentFlag.AlignRight
        text = painter.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, align | Qt.AlignmentFlag.AlignVCenter, text)

    def _x(self, seconds: float) -> float:
        whole = max((bar.end for bar in self._bars), default=0.0) or 1.0
        return _MARGIN + seconds / whole * max(1, self.width() - 2 * _MARGIN)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y()) // _ROW - 1
        if 0 <= row < len(self._bars):
            self.chosen.emit(self._bars[row].name)


def _colour(status: VertexStatus, look: Theme) -> str:
    if status is VertexStatus.CACHED:
        return look.look(Outcome.HIT).strong
    if status in (VertexStatus.FAILED, VertexStatus.CANCELLED):
        return look.look(Outcome.FAILED).strong
    return look.look(Outcome.MISS, MissReason.PARENT).strong
