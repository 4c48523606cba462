"""What do all items of the graph share when they draw: sizes, fonts, pens, icons, and how much to show at this zoom?"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from PySide6.QtCore import QByteArray, QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontInfo, QFontMetricsF, QGuiApplication, QPainter, QPen, QPixmap, QStaticText
from PySide6.QtSvg import QSvgRenderer

from cachesim.app.resources import icon_file
from cachesim.app.theme import Look, Pattern, Theme, pixmap
from cachesim.graph.model import EdgeKind
from cachesim.layout.layered import Metrics

__all__ = ["Canvas", "Ink", "Label", "Level", "paint_ground", "shortened"]

_POOL = 6_000_000   # pixels of shared pictures before they are made anew
_POOLED_WIDTHS = 500
_POOLED_TEXTS = 1_000
_READABLE = 9.0     # px on screen below which a text is not worth drawing


class Level(enum.Enum):
    """How much of a node is drawn."""

    FULL = "full text"
    LINE = "the instruction alone, larger"
    KEYWORD = "keyword only"
    BLOCK = "colour and icon"


@dataclass(frozen=True, slots=True)
class Label:
    """What many nodes say alike: the keyword, and the icon of what is read from outside."""

    keyword: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Ink:
    """A look as Qt draws it; `pattern` holds the lines of the strip beside the icon, in node coordinates."""

    look: Look
    fill: QBrush
    border: QPen
    strong: QColor
    pattern: list[QLineF]
    pattern_pen: QPen
    solid: bool


class Canvas:
    """Mutable, one per scene: items keep a reference and draw what it says."""

    def __init__(self, theme: Theme) -> None:
        self.zoom = 1.0
        self.ratio = 1.0
        self.level = Level.FULL
        self.vector = False
        self.phase = 0.0        # of the running bar, 0 to 1
        self._icons: dict[tuple[str, str, int], QPixmap] = {}
        self._grounds: dict[tuple[Look, Label, float, float], tuple[QPixmap, float]] = {}
        self._pooled = 0
        self._renderers: dict[tuple[str, str], QSvgRenderer] = {}
        self._inks: dict[Look, Ink] = {}
        self._fonts: dict[tuple[int, bool], QFont] = {}
        self._widths: dict[str, float] = {}
        self._texts: dict[tuple[str, int], QStaticText] = {}
        self.theme = theme
        self.plain = self.metrics = Metrics()       # as the sizes say; and as they are drawn, see `widen`
        self._take(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours or sizes."""
        self._take(theme)

    def widen(self, node_width: float) -> None:
        """Draw nodes of that width, for there is room."""
        self.metrics = replace(self.plain, node_width=node_width)

    def set_zoom(self, zoom: float, ratio: float = 1.0) -> bool:
        """Take another zoom and device pixel ratio; True if another level of detail follows."""
        if (zoom, ratio) != (self.zoom, self.ratio):
            self.zoom, self.ratio = zoom, ratio
            self._forget_pictures()
        before, self.level = self.level, self.level_at(zoom)
        return before is not self.level

    def level_at(self, zoom: float) -> Level:
        """Texts under 9 px on screen are left out: first the verdict and the number, so that the instruction has room to be
        larger, then all but the keyword, then that too."""
        if self.text_px * zoom >= _READABLE:
            return Level.FULL
        if self.line_px * zoom >= _READABLE:
            return Level.LINE
        return Level.KEYWORD if self.keyword_px * zoom >= _READABLE else Level.BLOCK

    def ink(self, look: Look) -> Ink:
        """The look, ready to draw."""
        found = self._inks.get(look)
        if found is None:
            found = self._inks[look] = self._made(look)
        return found

    def icon(self, painter: QPainter, name: str, colour: str, x: float, y: float, size: float) -> None:
        """Draw an icon with that top-left corner: sharp at every zoom, as outlines where the target is a drawing."""
        if self.vector:
            self._renderer(name, colour).render(painter, QRectF(x, y, size, size))
            return
        key = (name, colour, round(size * 8))
        found = self._icons.get(key)
        if found is None:
            found = self._icons[key] = pixmap(name, colour, max(1, round(size)), self.zoom * self.ratio)
        painter.drawPixmap(QPointF(x, y), found)

    def ground(self, look: Look, label: Label, width: float, height: float) -> tuple[QPixmap, float]:
        """A node but for its own texts at the present zoom, and how far it reaches beyond the node, in px on screen."""
        key = (look, label, width, height)
        found = self._grounds.get(key)
        if found is None:
            found = self._grounds[key] = self._ground(look, label, width, height)
        return found

    def _ground(self, look: Look, label: Label, width: float, height: float) -> tuple[QPixmap, float]:
        reach = math.ceil(3.0 * self.k * self.theme.border * self.zoom) + 1.0
        size = QSizeF(width * self.zoom + 2 * reach, height * self.zoom + 2 * reach) * self.ratio
        self._pooled += round(size.width() * size.height())
        if self._pooled > _POOL:
            self._grounds.clear()
            self._pooled = 0
        picture = QPixmap(math.ceil(size.width()), math.ceil(size.height()))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(reach, reach)
        painter.scale(self.zoom, self.zoom)
        paint_ground(painter, self, look, label, width, height)
        painter.end()
        return picture, reach

    def edge_pen(self, kind: EdgeKind, emphasised: bool) -> QPen:
        """Parents in grey, copies in the accent colour, mounts dashed."""
        colour = self.theme.muted if kind is EdgeKind.PARENT else self.theme.accent
        width = (2.8 if emphasised else 1.7) * self.k * (1.3 if self.theme.border > 1 else 1.0)
        pen = QPen(QColor(colour), width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if kind is EdgeKind.MOUNT:
            pen.setDashPattern([3.6, 2.4])
        return pen

    def lane_font(self) -> QFont:
        """A lane's name stays readable when zoomed out, as far as its line is high."""
        wanted = max(self.text_px * 1.08, 0.0 if self.vector else 10.5 / max(self.zoom, 0.01))
        return self.font(min(wanted, self.metrics.header * 0.8), bold=True)

    def width_of(self, words: str) -> float:
        """How wide a verdict is: few are said, by many nodes."""
        found = self._widths.get(words)
        if found is None:
            if len(self._widths) > _POOLED_WIDTHS:
                self._widths.clear()
            found = self._widths[words] = self.small_metrics.horizontalAdvance(words)
        return found

    def still(self, words: str, font: QFont) -> QStaticText:
        """Words in one of the fonts here, set once for all nodes that say them."""
        key = words, id(font)
        found = self._texts.get(key)
        if found is None:
            if len(self._texts) > _POOLED_TEXTS:
                self._texts.clear()
            found = self._texts[key] = QStaticText(words)
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        return found

    def font(self, px: float, *, bold: bool = False) -> QFont:
        """The one family of the graph at that size in scene units."""
        key = (max(1, round(px)), bold)
        if key in self._fonts:
            return self._fonts[key]
        font = self._fonts[key] = QFont(self.family)
        font.setPixelSize(key[0])
        font.setBold(bold)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)  # widths stay the same at every zoom
        font.setStyleStrategy(QFont.StyleStrategy.NoSubpixelAntialias)      # colour fringes on coloured ground
        return font

    # -- made anew per theme ------------------------------------------------------------------------------------

    def _take(self, theme: Theme) -> None:
        sizes = theme.sizes
        self.theme = theme
        plain = Metrics.of_node(sizes.node_width, sizes.node_height)
        if plain != self.plain:
            self.plain = self.metrics = plain
        self.k = sizes.node_height / 40.0
        self.text_px, self.line_px, self.keyword_px = (sizes.node_text * share for share in (1.0, 1.4, 1.9))
        self._texts.clear()         # kept by fonts that are no more
        self._fonts.clear()
        self._widths.clear()
        self.family = QFontInfo(QGuiApplication.font()).family()
        self.keyword_font = self.font(self.text_px, bold=True)
        self.text_font = self.font(self.text_px)
        self.small_font = self.font(self.text_px * 0.92)
        self.line_font, self.line_bold = self.font(self.line_px), self.font(self.line_px, bold=True)
        self.big_font = self.font(self.keyword_px, bold=True)
        self.keyword_metrics = QFontMetricsF(self.keyword_font)
        self.text_metrics = QFontMetricsF(self.text_font)
        self.small_metrics = QFontMetricsF(self.small_font)
        self.line_metrics, self.line_bold_metrics = QFontMetricsF(self.line_font), QFontMetricsF(self.line_bold)
        self.big_metrics = QFontMetricsF(self.big_font)
        self.text, self.muted = QColor(theme.text), QColor(theme.muted)
        self.bg, self.panel, self.line = QColor(theme.bg), QColor(theme.panel), QColor(theme.line)
        self.accent = QColor(theme.accent)
        self._forget_pictures()
        self._renderers.clear()
        self._inks.clear()
        self.level = self.level_at(self.zoom)

    def _made(self, look: Look) -> Ink:
        strong = QColor(look.strong)
        border = look.pen(self.k * self.theme.border)
        border.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen = QPen(strong, 1.3 * self.k * self.theme.pattern_scale ** 0.5)
        if look.pattern is Pattern.DOTS:
            pen = QPen(strong, 2.0 * self.k * self.theme.pattern_scale ** 0.5, Qt.PenStyle.SolidLine,
                       Qt.PenCapStyle.RoundCap)
        solid = look.pattern is Pattern.NONE and look.icon == "check"
        return Ink(look, QBrush(QColor(look.fill)), border, strong, self._strip(look.pattern), pen, solid)

    def _forget_pictures(self) -> None:
        self._icons.clear()
        self._grounds.clear()
        self._pooled = 0

    @property
    def text_x(self) -> float:
        """Where a node's texts begin."""
        return self.metrics.icon_x + 15.0 * self.k

    @property
    def text_y(self) -> float:
        """Upper edge of a node's first line."""
        return 4.0 * self.k

    @property
    def line_y(self) -> float:
        """Upper edge of a node's only line."""
        return (self.metrics.node_height - self.line_bold_metrics.height()) / 2

    @property
    def strip(self) -> QRectF:
        """Where the pattern of a look stands in a node."""
        return QRectF(4.0 * self.k, 5.0 * self.k, 7.0 * self.k, self.metrics.node_height - 10.0 * self.k)

    def _strip(self, pattern: Pattern) -> list[QLineF]:
        """The pattern as lines cut to the strip: the same on screen and in a drawing, and without a clip."""
        box, gap = self.strip, 4.2 * self.k
        rows = [box.top() + gap * (i + 0.5) for i in range(int(box.height() / gap))]
        lines: list[QLineF] = []
        if pattern in (Pattern.LINES, Pattern.GRID):
            lines += [QLineF(box.left(), y, box.right(), y) for y in rows]
        if pattern is Pattern.GRID:
            lines += [QLineF(x, box.top(), x, box.bottom())
                      for x in (box.left() + 1.2 * self.k, box.center().x(), box.right() - 1.2 * self.k)]
        if pattern in (Pattern.DIAGONAL, Pattern.CROSS):
            step, w = (gap if pattern is Pattern.DIAGONAL else gap * 1.4), box.width()
            starts = [box.top() + step * i for i in range(int((box.height() - w) / step) + 1)]
            lines += [QLineF(box.left(), y + w, box.right(), y) for y in starts]
            if pattern is Pattern.CROSS:
                lines += [QLineF(box.left(), y, box.right(), y + w) for y in starts]
        if pattern is Pattern.DOTS:
            for i, y in enumerate(rows):
                columns = (0.5,) if i % 2 else (0.15, 0.85)
                lines += [QLineF(x, y, x + 0.01, y) for x in (box.left() + box.width() * c for c in columns)]
        return lines

    def _renderer(self, name: str, colour: str) -> QSvgRenderer:
        found = self._renderers.get((name, colour))
        if found is None:
            svg = icon_file(name).read_text(encoding="utf-8").replace("currentColor", colour)
            svg = svg.replace('stroke="none"', f'stroke="{colour}" stroke-width="0.1"')  # else drawings get a black one
            found = self._renderers[name, colour] = QSvgRenderer(QByteArray(svg.encode()))
        return found


def paint_ground(painter: QPainter, canvas: Canvas, look: Look, label: Label, width: float, height: float) -> None:
    """A node but for its own texts: fill and border, pattern and icon, and what its label says at this level."""
    ink = canvas.ink(look)
    painter.setPen(ink.border)
    painter.setBrush(ink.fill)
    painter.drawRoundedRect(QRectF(0.0, 0.0, width, height), 6.0 * canvas.k, 6.0 * canvas.k)
    if canvas.level is Level.BLOCK:
        size = height * 0.72
        canvas.icon(painter, look.icon, look.strong, height * 0.2, (height - size) / 2, size)
        return
    if ink.pattern:
        painter.setPen(ink.pattern_pen)
        painter.drawLines(ink.pattern)
    elif ink.solid:
        painter.fillRect(canvas.strip, ink.strong)
    size = (20.0 if canvas.level is Level.KEYWORD else 16.0) * canvas.k
    canvas.icon(painter, look.icon, look.strong, canvas.metrics.icon_x + 2 * canvas.k - size / 2, (height - size) / 2,
                size)
    painter.setPen(canvas.text)
    if canvas.level is Level.KEYWORD:
        left, big = canvas.text_x + 2.0 * canvas.k, canvas.big_metrics
        painter.setFont(canvas.big_font)
        painter.drawText(QPointF(left, (height - big.height()) / 2 + big.ascent()),
                         big.elidedText(label.keyword, Qt.TextElideMode.ElideRight, width - left - 6.0 * canvas.k))
        return
    if canvas.level is Level.LINE:
        painter.setFont(canvas.line_bold)
        painter.drawText(QPointF(canvas.text_x, canvas.line_y + canvas.line_bold_metrics.ascent()), label.keyword)
        return
    painter.setFont(canvas.keyword_font)
    painter.drawText(QPointF(canvas.text_x, canvas.text_y + canvas.keyword_metrics.ascent()), label.keyword)
    if label.mark:
        size = 12.0 * canvas.k
        canvas.icon(painter, label.mark, canvas.muted.name(), width - size - 7.0 * canvas.k,
                    height - size - 6.0 * canvas.k, size)


def shortened(reference: str) -> str:
    """An image name as people say it: without the default registry and namespace."""
    return reference.removeprefix("docker.io/").removeprefix("library/")
