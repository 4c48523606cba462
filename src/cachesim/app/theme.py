"""Which colour, icon, pattern and word does everything on screen have? One table for graph, gutter and report."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QIcon, QPainter, QPalette, QPen, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

from cachesim.app.resources import icon_file
from cachesim.engines.base import MissReason, Outcome
from cachesim.simulate.report import StepReport

__all__ = ["DARK", "HIGH_CONTRAST", "LIGHT", "PRESENTATION", "Border", "Look", "Pattern", "Sizes", "Theme", "framed_palette_of",
           "fuller", "icon", "look_of", "look_of_step", "palette_of", "pixmap", "word_of"]


class Pattern(enum.Enum):
    """What is drawn beside the icon, so that colour never stands alone; the value is Qt's brush."""

    NONE = Qt.BrushStyle.NoBrush
    DIAGONAL = Qt.BrushStyle.BDiagPattern
    DOTS = Qt.BrushStyle.Dense6Pattern
    LINES = Qt.BrushStyle.HorPattern
    GRID = Qt.BrushStyle.CrossPattern
    CROSS = Qt.BrushStyle.DiagCrossPattern


class Border(enum.Enum):
    """How a step is framed: pen style and width at 100 %."""

    SOLID = (Qt.PenStyle.SolidLine, 1.6)
    THICK = (Qt.PenStyle.SolidLine, 2.6)
    THIN = (Qt.PenStyle.SolidLine, 1.0)
    DASHED = (Qt.PenStyle.DashLine, 1.6)
    DOTTED = (Qt.PenStyle.DotLine, 1.6)


@dataclass(frozen=True, slots=True)
class Look:
    """How an outcome looks. `strong` is for icons, borders and large text; sentences are in the theme's text colour.

    `short` is one or two words for a node or a count; `word` the full term.
    """

    word: str
    icon: str
    pattern: Pattern
    strong: str
    fill: str
    border: Border = Border.SOLID
    short: str = ""

    def pen(self, factor: float = 1.0) -> QPen:
        """The frame of a step."""
        style, width = self.border.value
        return QPen(QColor(self.strong), width * factor, style)

    def brush(self) -> QBrush:
        """The pattern in the strong colour."""
        return QBrush(QColor(self.strong), self.pattern.value)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What presentation mode changes: sizes in px at the chosen zoom, never structure. `ui` is a factor of the font."""

    ui: float = 1.0
    editor: float = 13.0
    verdict: float = 14.0
    node_text: float = 12.0
    node_width: float = 190.0
    node_height: float = 40.0
    target: float = 24.0
    presenting: bool = False

    def scaled(self, factor: float) -> Sizes:
        """All sizes together."""
        return Sizes(self.ui * factor, self.editor * factor, self.verdict * factor, self.node_text * factor,
                     self.node_width * factor, self.node_height * factor, self.target * factor, self.presenting)


PRESENTATION = Sizes(ui=1.5, editor=22.0, verdict=28.0, node_text=18.0, node_width=300.0, node_height=60.0,
                     target=32.0, presenting=True)


@dataclass(frozen=True, slots=True)
class Theme:
    """All colours (as "#RRGGBB") of one look, and the sizes in force."""

    name: str
    dark: bool
    bg: str
    panel: str
    text: str
    muted: str
    line: str
    accent: str
    selection: str
    keyword: str
    flag: str
    variable: str
    string: str
    comment: str
    directive: str
    heredoc: str
    error: str
    warning: str
    looks: tuple[tuple[str, Look], ...]
    border: float = 1.0                 # factor of all borders; 2 in high contrast
    pattern_scale: float = 1.0          # factor of pattern strength; 2 in high contrast
    sizes: Sizes = Sizes()

    @property
    def hint(self) -> str:
        """Of what stands in an empty field: not to be taken for typed, where everything quiet is in text colour, too."""
        return self.muted if self.muted != self.text else _mixed(self.text, self.bg, 0.6).name()

    def look(self, outcome: Outcome, reason: MissReason | None = None) -> Look:
        """How that outcome looks in this theme."""
        return self.looks[_PLACE[_key_of(outcome, reason)]][1]

    def with_sizes(self, sizes: Sizes) -> Theme:
        """The same colours at other sizes."""
        return replace(self, sizes=sizes)


# key: (word, short word, icon, pattern, border); the colours follow per theme in the same order
_TABLE: dict[str, tuple[str, str, str, Pattern, Border]] = {
    "hit": ("Cached", "cached", "check", Pattern.NONE, Border.SOLID),
    "part": ("Runs: its own input changed", "changed", "bolt", Pattern.DIAGONAL, Border.THICK),
    "parent": ("Runs: a step above changed", "below it", "chevrons", Pattern.DOTS, Border.SOLID),
    "new": ("Runs: not in cache", "not in cache", "plus", Pattern.LINES, Border.SOLID),
    "no_cache": ("Runs: the cache is switched off", "no cache", "bolt", Pattern.DIAGONAL, Border.THICK),
    "pruned": ("Runs: its layer is gone", "pruned", "plus", Pattern.LINES, Border.SOLID),
    "undetermined": ("Depends on a RUN", "depends", "question", Pattern.GRID, Border.DOTTED),
    "unread": ("Needs the files to tell", "needs files", "question", Pattern.GRID, Border.DOTTED),
    "config": ("Config only, no layer", "config only", "tag", Pattern.NONE, Border.THIN),
    "not_needed": ("Cached, nobody needed it", "not needed", "check", Pattern.NONE, Border.DASHED),
    "unreached": ("Not in target", "not in target", "slash", Pattern.NONE, Border.DASHED),
    "not_reached": ("Not reached", "not reached", "slash", Pattern.CROSS, Border.DASHED),
    "failed": ("Failed", "failed", "cross", Pattern.CROSS, Border.SOLID),
}
_PLACE = {key: place for place, key in enumerate(_TABLE)}
_MISS = {MissReason.PART: "part", MissReason.PARENT: "parent", MissReason.NO_RECORD: "new",
         MissReason.NO_CACHE: "no_cache", MissReason.PRUNED: "pruned", None: "part"}
_OTHER = {Outcome.HIT: "hit", Outcome.UNDETERMINED: "undetermined", Outcome.CONFIG_ONLY: "config",
          Outcome.NOT_NEEDED: "not_needed", Outcome.UNREACHED: "unreached", Outcome.NOT_REACHED: "not_reached",
          Outcome.FAILED: "failed"}


def _key_of(outcome: Outcome, reason: MissReason | None) -> str:
    if outcome is Outcome.UNDETERMINED and reason is MissReason.NO_FILES:
        return "unread"
    return _MISS[reason] if outcome is Outcome.MISS else _OTHER[outcome]


def _looks(**colours: tuple[str, str]) -> tuple[tuple[str, Look], ...]:
    """Join the table with the (strong, fill) pairs of a theme; outcomes that share colours are named once."""
    same = {"not_needed": "hit", "not_reached": "unreached", "no_cache": "part", "pruned": "new", "unread": "undetermined"}
    return tuple((key, Look(word, icon_name, pattern, *colours[same.get(key, key)], border, short))
                 for key, (word, short, icon_name, pattern, border) in _TABLE.items())


LIGHT = Theme(
    name="Light", dark=False, bg="#FFFFFF", panel="#F6F7F9", text="#1B1F24", muted="#57606A", line="#D0D7DE",
    accent="#0A6CB5", selection="#CFE6FA", keyword="#0550AE", flag="#6639BA", variable="#953800", string="#116329",
    comment="#5A6570", directive="#A01060", heredoc="#3A4450", error="#7A0045", warning="#B27B00",
    looks=_looks(hit=("#0A6CB5", "#DDEEFB"), part=("#9E2A00", "#FFE0CF"), parent=("#B27B00", "#FFF3CC"),
                 new=("#00756B", "#D3F2EC"), undetermined=("#43307F", "#FFFFFF"), config=("#5A6570", "#EDF0F3"),
                 unreached=("#737B85", "#FFFFFF"), failed=("#7A0045", "#FFD8EA")))

DARK = Theme(
    name="Dark", dark=True, bg="#14181D", panel="#1B2128", text="#F2F5F8", muted="#A7B1BC", line="#39424D",
    accent="#58B7FF", selection="#1F4A6E", keyword="#7FB7FF", flag="#D2A8FF", variable="#FFB77C", string="#A5E0A0",
    comment="#9AA5B1", directive="#FF9FCB", heredoc="#C9D1D9", error="#FF5FA8", warning="#FFD24A",
    looks=_looks(hit=("#58B7FF", "#11344F"), part=("#FF7A45", "#4A2010"), parent=("#FFD24A", "#40340F"),
                 new=("#3FE0C5", "#0E3F38"), undetermined=("#EADFFF", "#14181D"), config=("#B4BEC9", "#2A323B"),
                 unreached=("#848E99", "#14181D"), failed=("#FF5FA8", "#4D0F2E")))

HIGH_CONTRAST = Theme(
    name="High contrast", dark=True, bg="#000000", panel="#000000", text="#FFFFFF", muted="#FFFFFF", line="#FFFFFF",
    accent="#6FC3FF", selection="#0B4F8A", keyword="#8CC4FF", flag="#E0C2FF", variable="#FFC999", string="#B8F0B2",
    comment="#D0D7DE", directive="#FFB7D8", heredoc="#FFFFFF", error="#FF8CC0", warning="#FFE07A",
    border=2.0, pattern_scale=2.0,
    looks=_looks(hit=("#6FC3FF", "#000000"), part=("#FF9A6E", "#000000"), parent=("#FFE07A", "#000000"),
                 new=("#5FF0D6", "#000000"), undetermined=("#F4EDFF", "#000000"), config=("#FFFFFF", "#000000"),
                 unreached=("#C4CBD2", "#000000"), failed=("#FF8CC0", "#000000")))


def fuller(theme: Theme) -> Theme:
    """The same theme for a projector, which washes pastel tints out: text at its strongest, fills one step fuller."""
    if theme.dark:
        return replace(theme, text="#FFFFFF")
    looks = tuple((key, replace(look, fill=_mixed(look.strong, look.fill, 0.14).name()))
                  if look.fill != theme.bg else (key, look) for key, look in theme.looks)
    return replace(theme, text="#000000", looks=looks)


def look_of(outcome: Outcome, reason: MissReason | None = None, theme: Theme = LIGHT) -> Look:
    """How an outcome looks; pass the theme in force (`Workbench.look`)."""
    return theme.look(outcome, reason)


def look_of_step(step: StepReport, theme: Theme) -> Look:
    """How the verdict on a step looks."""
    return theme.look(step.outcome, step.reason)


def word_of(step: StepReport) -> str:
    """The verdict in words, with the key part that changed or the line that fails where it is known."""
    if step.outcome is Outcome.MISS and step.reason is MissReason.PART and step.changes:
        return f"Runs: {step.changes[0].what} changed"
    return look_of(step.outcome, step.reason).word


def pixmap(name: str, colour: str, size: int = 16, ratio: float = 0.0) -> QPixmap:
    """An icon as a picture of `size` px; `ratio` is the device pixel ratio (0: that of the main screen)."""
    if ratio <= 0:
        screen = QGuiApplication.primaryScreen()
        ratio = screen.devicePixelRatio() if screen is not None else 1.0
    key = f"cachesim/{name}/{colour}/{size}/{ratio}"
    found = QPixmap()
    if QPixmapCache.find(key, found):
        return found
    svg = icon_file(name).read_text(encoding="utf-8").replace("currentColor", colour)
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    QPixmapCache.insert(key, picture)
    return picture


def icon(name: str, colour: str, size: int = 16) -> QIcon:
    """An icon for actions, tabs and buttons, faded where disabled."""
    result = QIcon(pixmap(name, colour, size))
    faded = QColor(colour)
    faded.setAlphaF(0.4)
    base = pixmap(name, colour, size)
    dim = QPixmap(base.size())
    dim.setDevicePixelRatio(base.devicePixelRatio())
    dim.fill(Qt.GlobalColor.transparent)
    painter = QPainter(dim)
    painter.setOpacity(0.4)
    painter.drawPixmap(0, 0, base)
    painter.end()
    result.addPixmap(dim, QIcon.Mode.Disabled)
    result.addPixmap(base, QIcon.Mode.Selected)     # its colour says something: no selection may tint it
    return result


def palette_of(theme: Theme) -> QPalette:
    """The application palette over Fusion: a plain X session knows no dark scheme, so we bring our own."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    palette = QPalette()
    for where, colour in (
            (role.Window, theme.panel), (role.WindowText, theme.text), (role.Base, theme.bg),
            (role.AlternateBase, theme.panel), (role.Text, theme.text), (role.Button, theme.panel),
            (role.ButtonText, theme.text), (role.BrightText, theme.error), (role.ToolTipBase, theme.bg),
            (role.ToolTipText, theme.text), (role.PlaceholderText, theme.hint), (role.Link, theme.accent),
            (role.LinkVisited, theme.accent), (role.Highlight, theme.selection), (role.HighlightedText, theme.text),
            (role.Accent, theme.accent), (role.Light, theme.bg), (role.Midlight, theme.line), (role.Mid, theme.line),
            (role.Dark, theme.muted if theme.border > 1 else theme.line), (role.Shadow, theme.line)):
        palette.setColor(where, QColor(colour))
    for where in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(group.Disabled, where, _mixed(theme.muted, theme.panel, 0.65))
    return palette


def framed_palette_of(theme: Theme) -> QPalette:
    """The palette of what has a frame: Fusion makes outlines by darkening the ground, and on a dark one nobody sees them."""
    palette = palette_of(theme)
    if theme.dark:
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.muted))
    palette.setColor(QPalette.ColorRole.Highlight, QColor(theme.accent))            # of the focus frame and of progress, too
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor(theme.bg))
    return palette


def _mixed(first: str, second: str, share: float) -> QColor:
    a, b = QColor(first), QColor(second)
    return QColor(*(round(x * share + y * (1 - share))
                    for x, y in zip(a.getRgb()[:3], b.getRgb()[:3], strict=True)))  # type: ignore[index]
