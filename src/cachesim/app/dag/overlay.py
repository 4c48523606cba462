"""What lies over the graph: zoom buttons, lane names while scrolled, legend, and the captions of special states?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from cachesim.app.dag.canvas import Canvas
from cachesim.app.dag.edge_item import paint_sample
from cachesim.app.dag.words import Beyond
from cachesim.app.theme import Look, Theme, icon
from cachesim.app.tips import wrapped
from cachesim.graph.model import EdgeKind

__all__ = ["Caption", "LaneBar", "Legend", "MoreLanes", "ZoomBar"]

_BARS = 6       # as many bars at least must have room below each other, else there is only a button
_EDGES = ((EdgeKind.PARENT, "builds on"), (EdgeKind.COPY_FROM, "copies from"), (EdgeKind.MOUNT, "mounts"))


class ZoomBar(QFrame):
    """– 100 % + Fit Follow Legend, in the corner; where there is little room one button that holds them all in a menu."""

    zoom_in_asked, zoom_out_asked, reset_asked, fit_asked = Signal(), Signal(), Signal(), Signal()
    follow_changed, legend_changed = Signal(bool), Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("zoomBar")
        self.setAccessibleName("Zoom of the graph")
        self._icons = self._small = False       # without words; all in one button
        self._needs: tuple[int, int, int] | None = None     # see `_measured`; None: another look or font came
        self.zoom_out = self._button("Zoom out", "Zoom out (Ctrl+–)", "zoom-out")
        self.percent = self._button("Zoom to 100 %", "Zoom to 100 % (Ctrl+0)")
        self.zoom_in = self._button("Zoom in", "Zoom in (Ctrl++)", "zoom-in")
        self.fit = self._button("Fit the whole graph", "Fit the whole graph into the view", "fit", "Fit")
        self.follow = self._button("Follow the selection", "Scroll to what is selected or runs", "target", "Follow",
                                   checked=True)
        self.legend = self._button("Legend", "What colours, icons and lines mean", "info", "Legend", checked=False)
        self.more = self._button("Zoom and legend", "Zoom, fit, follow, legend")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(QMenu(self.more))
        self.more.menu().aboutToShow.connect(self._fill_menu)
        self.more.hide()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(3, 3, 3, 3)
        self._row.setSpacing(2)
        for button in (*self._single, self.more):
            self._row.addWidget(button)
        self.zoom_in.clicked.connect(self.zoom_in_asked)
        self.zoom_out.clicked.connect(self.zoom_out_asked)
        self.percent.clicked.connect(self.reset_asked)
        self.fit.clicked.connect(self.fit_asked)
        self.follow.toggled.connect(self.follow_changed)
        self.legend.toggled.connect(self.legend_changed)

    @property
    def _single(self) -> tuple[QToolButton, ...]:
        return (self.zoom_out, self.percent, self.zoom_in, self.fit, self.follow, self.legend)

    @property
    def collapsed(self) -> bool:
        """Whether all is in one button."""
        return self._small

    def fit_into(self, room: int, height: int, beside: int = 0) -> None:
        """Take the size that is needed; drop the words beside the icons where they are wider than `room` without what stands
        `beside` them, and be one button where a whole bar would take a large part of `height`."""
        if self._needs is None:
            self._needs = self._measured()
            self.adjustSize()
        line, words, icons = self._needs
        small = line * _BARS > height or icons > room
        chosen = (small, small or words > room - beside)
        if chosen != (self._small, self._icons):
            self._small, self._icons = chosen
            self._show_words(not self._icons)
            for button in self._single:
                button.setHidden(small)
            self.more.setHidden(not small)
            self._row.activate()
            self.adjustSize()

    def _measured(self) -> tuple[int, int, int]:
        """Height of the bar, its width with words and with icons alone."""
        widths = []
        for words in (True, False):
            self._show_words(words)
            widths.append(sum(b.sizeHint().expandedTo(b.minimumSize()).width() + 2 for b in self._single) + 8)
        self._show_words(not self._icons)
        return max(b.sizeHint().expandedTo(b.minimumSize()).height() for b in self._single) + 8, widths[0], widths[1]

    def _show_words(self, on: bool) -> None:
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if on else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in (self.fit, self.follow, self.legend):
            if button.toolButtonStyle() is not style:
                button.setToolButtonStyle(style)

    @Slot()
    def _fill_menu(self) -> None:
        menu = self.more.menu()
        menu.clear()
        for button in self._single:
            action = menu.addAction(button.icon(), button.accessibleName(), button.click)
            action.setCheckable(button.isCheckable())
            action.setChecked(button.isChecked())

    @Slot(float)
    def show_zoom(self, zoom: float) -> None:
        """Say the zoom."""
        self.percent.setText(f"{round(zoom * 100)} %")
        self.more.setText(self.percent.text())
        self.percent.setAccessibleDescription(f"Now {round(zoom * 100)} %")

    def show_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.setStyleSheet(
            f"#zoomBar {{ background: {theme.bg}; border: {theme.border:.0f}px solid {theme.line};"
            f" border-radius: 6px; }}"
            f"QToolButton {{ color: {theme.text}; background: transparent; border: 1px solid transparent;"
            f" border-radius: 4px; padding: 2px 6px; }}"
            f"QToolButton:hover {{ background: {theme.panel}; border-color: {theme.line}; }}"
            f"QToolButton:checked {{ background: {theme.selection}; }}"
            f"QToolButton:focus {{ border: 2px solid {theme.text}; }}")
        size = round(16 * theme.sizes.ui)
        for button, name in ((self.zoom_out, "zoom-out"), (self.zoom_in, "zoom-in"), (self.fit, "fit"),
                             (self.follow, "target"), (self.legend, "info")):
            button.setIcon(icon(name, theme.text, size))
            button.setIconSize(QSize(size, size))
        for button in (*self._single, self.more):
            button.setMinimumSize(round(theme.sizes.target), round(theme.sizes.target))
        self.percent.setMinimumWidth(round(self.percent.fontMetrics().horizontalAdvance("1000 %") + 14))
        self._needs = None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._needs = None

    def _button(self, name: str, tip: str, icon_name: str = "", text: str = "", *,
                checked: bool | None = None) -> QToolButton:
        button = QToolButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)      # a click leaves the keys to the graph
        button.setAccessibleName(name)
        button.setToolTip(wrapped(tip))
        button.setText(text)
        if text and icon_name:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        if checked is not None:
            button.setCheckable(True)
            button.setChecked(checked)
        return button


class MoreLanes(QToolButton):
    """"2 more lanes, 3 run →" at the edge behind which they lie; a click brings the nearest into view."""

    asked = Signal(int)     # its stage

    def __init__(self, *, left: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("moreLanes")
        self._left, self._lanes, self._room = left, Beyond(), 0
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)     # the arrow keys walk there, and the view follows
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._ask)
        self.hide()

    def show_lanes(self, lanes: Beyond, room: int) -> None:
        """Tell of these, with their number alone where words are wider than `room`; of none, be hidden."""
        if (lanes, room) != (self._lanes, self._room):
            self._lanes, self._room = lanes, room
            wide = self.fontMetrics().horizontalAdvance(lanes.text) + 40 > room
            text = lanes.brief if wide else lanes.text
            self.setText(f"← {text}" if self._left else f"{text} →")
            self.setAccessibleName(f"{lanes.text} to the {'left' if self._left else 'right'}")
            self.setToolTip(wrapped(lanes.sentence))
            self.setVisible(bool(lanes.text))
            self.adjustSize()

    def show_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.setStyleSheet(f"#moreLanes {{ color: {theme.text}; background: {theme.selection};"
                           f" border: {theme.border:.0f}px solid {theme.accent}; border-radius: 5px; padding: 2px 8px;"
                           f" min-height: {round(theme.sizes.target) - 6}px; }}"
                           f"#moreLanes:hover {{ border-color: {theme.text}; }}")
        self.adjustSize()

    @Slot()
    def _ask(self) -> None:
        self.asked.emit(self._lanes.nearest)


class LaneBar(QWidget):
    """The names of the lanes at the upper edge, while their own place is scrolled away."""

    def __init__(self, canvas: Canvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._names: tuple[tuple[float, float, str], ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_names(self, names: Sequence[tuple[float, float, str]]) -> None:
        """Left, width and text per lane, in this widget's coordinates; none hides the bar."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self.setVisible(bool(names))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas = self._canvas
        painter = QPainter(self)
        painter.fillRect(self.rect(), canvas.bg)
        painter.setPen(QPen(canvas.line, 1.0))
        painter.drawLine(self.rect().bottomLeft(), self.rect().bottomRight())
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(canvas.text)
        metrics = QFontMetricsF(font)
        for left, width, name in self._names:
            painter.drawText(QRectF(left, 0.0, width, self.height()),
                             Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                             metrics.elidedText(name, Qt.TextElideMode.ElideRight, width))
        painter.end()


class Legend(QWidget):
    """What the looks on screen and the lines mean; only what occurs is listed."""

    def __init__(self, canvas: Canvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._looks: tuple[Look, ...] = ()
        self._kinds: tuple[EdgeKind, ...] = ()
        self.setAccessibleName("Legend of the graph")
        self.hide()

    def show_rows(self, looks: Sequence[Look], kinds: Sequence[EdgeKind]) -> None:
        """List these looks and kinds of edges."""
        if (tuple(looks), tuple(kinds)) != (self._looks, self._kinds):
            self._looks, self._kinds = tuple(looks), tuple(kinds)
            words = [look.word for look in self._looks] + [word for kind, word in _EDGES if kind in self._kinds]
            self.setAccessibleDescription("; ".join(words))
            self.updateGeometry()
            self.adjustSize()
            self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.font())
        words = [look.word for look in self._looks] + [word for kind, word in _EDGES if kind in self._kinds]
        widest = max((metrics.horizontalAdvance(word) for word in words), default=0.0)
        return QSize(round(widest + self._sample + 34), round(len(words) * self._row + 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas = self._canvas
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(canvas.line, canvas.theme.border))
        painter.setBrush(canvas.bg)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6.0, 6.0)
        painter.setFont(self.font())
        y = 8.0
        for look in self._looks:
            self._paint_look(painter, look, y)
            self._paint_word(painter, look.word, y)
            y += self._row
        for kind, word in _EDGES:
            if kind in self._kinds:
                paint_sample(painter, canvas, kind, 10.0, 10.0 + self._sample, y + self._row / 2)
                self._paint_word(painter, word, y)
                y += self._row
        painter.end()

    @property
    def _row(self) -> float:
        return max(24.0, QFontMetricsF(self.font()).height() + 8.0)

    @property
    def _sample(self) -> float:
        return self._row * 1.7

    def _paint_look(self, painter: QPainter, look: Look, y: float) -> None:
        """A small node: fill, border, pattern, icon."""
        canvas = self._canvas
        ink, height = canvas.ink(look), self._row - 5.0
        scale = height / canvas.metrics.node_height
        painter.save()
        painter.translate(10.0, y + 2.5)
        painter.scale(scale, scale)
        painter.setPen(ink.border)
        painter.setBrush(ink.fill)
        painter.drawRoundedRect(QRectF(0.0, 0.0, self._sample / scale, canvas.metrics.node_height), 8.0, 8.0)
        if ink.pattern:
            painter.setPen(ink.pattern_pen)
            painter.drawLines(ink.pattern)
        elif ink.solid:
            painter.fillRect(canvas.strip, ink.strong)
        painter.restore()
        size = height - 4.0
        mark = icon(look.icon, look.strong, round(size)).pixmap(QSize(round(size), round(size)))
        painter.drawPixmap(round(10.0 + self._sample * 0.62 - size / 2), round(y + 4.5), mark)

    def _paint_word(self, painter: QPainter, word: str, y: float) -> None:
        painter.setPen(self._canvas.text)
        painter.drawText(QRectF(self._sample + 22.0, y, self.width(), self._row), Qt.AlignmentFlag.AlignVCenter, word)


class Caption(QFrame):
    """One sentence over the graph, with a button where there is something to do; wraps."""

    pressed = Signal()

    def __init__(self, name: str, parent: QWidget, button: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("caption")
        self.setAccessibleName(name)
        self.label = QLabel(self)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.text = ""
        self.button = QToolButton(self)
        self.button.setText(button)
        self.button.setAccessibleName(button or name)
        self.button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 10, 5)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        self.button.setVisible(bool(button))
        self.hide()

    def show_text(self, text: str) -> None:
        """Say that; nothing hides the caption."""
        if text != self.text:
            self.text = text
            # a number keeps its unit
            self.label.setText(re.sub(r"(\d) (s|ms|min|[kMG]?B)\b", "\\1\N{NO-BREAK SPACE}\\2", text))
            self.setAccessibleDescription(text)
            self.setVisible(bool(text))

    def show_theme(self, theme: Theme, *, edge: str = "", px: float = 0.0) -> None:
        """Take other colours; `edge` is the colour of its frame."""
        frame = QColor(edge or theme.line).name()
        size = f"font-size: {round(px)}px;" if px else ""
        self.setStyleSheet(f"#caption {{ background: {theme.bg}; border-radius: 6px;"
                           f" border: {max(theme.border, 1.0):.0f}px solid {frame}; }}"
                           f"QLabel {{ color: {theme.text}; {size} }}"
                           f"QToolButton {{ color: {theme.text}; background: {theme.panel}; border-radius: 4px;"
                           f" border: 1px solid {theme.line}; padding: 2px 8px;"
                           f" min-height: {theme.sizes.target - 8}px; }}"
                           f"QToolButton:focus {{ border: 2px solid {theme.text}; }}")

    def place(self, x: int, y: int, width: int, *, from_below: bool = False) -> None:
        """Stand there: `y` is the upper edge, or the lower one; centred in `width`."""
        extra = self.button.sizeHint().width() + 12 if self.button.text() else 0
        text = self.label.fontMetrics().horizontalAdvance(self.label.text()) + 6
        wanted = min(width, text + extra + 24)
        height = self.heightForWidth(wanted)
        self.setGeometry(x + (width - wanted) // 2, y - height if from_below else y, wanted, height)
