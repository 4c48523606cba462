"""How many steps run, or come from the cache, and where is the first of them?"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QWidget,
)

from cachesim.app.theme import Theme, pixmap
from cachesim.app.verdict.sentences import (
    Count,
)
from cachesim.engines.base import Outcome

__all__ = ["CountButton"]

_QUIET = (Outcome.CONFIG_ONLY, Outcome.UNREACHED, Outcome.NOT_REACHED)


class CountButton(QAbstractButton):
    """One count with its icon and pattern; a click selects the first step of that kind."""

    def __init__(self, count: Count, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compact = False
        self.theme, self._look = theme, theme.look(count.outcome, count.reason)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        font = QFont(self.font())
        font.setPixelSize(round(theme.sizes.verdict))
        font.setBold(count.outcome not in (*_QUIET, Outcome.HIT))
        self.setFont(font)
        self.show_count(count)

    def show_count(self, count: Count) -> None:
        """Count other steps of that kind."""
        self.count = count
        plural = "step is" if count.number == 1 else "steps are"
        self._show_text()
        self.setAccessibleName(f"{count.number} {count.word}")
        self.setToolTip(f"{count.number} {plural}: {self._look.word}. Click for the first one, "
                        f"line {count.line}.")

    def _show_text(self) -> None:
        self.setText(str(self.count.number) if self._compact else f"{self.count.number} {self.count.word}")
        self.updateGeometry()

    @property
    def quiet(self) -> bool:
        """Whether it can be left out where there is no room."""
        return self.count.outcome in _QUIET

    def set_compact(self, compact: bool) -> None:
        """Show the number alone (the tool tip and the accessible name keep the words)."""
        if compact != self._compact:
            self._compact = compact
            self._show_text()

    def width_for(self, compact: bool) -> int:
        """How wide it is with and without its words."""
        metrics = QFontMetrics(self.font())
        text = str(self.count.number) if compact else f"{self.count.number} {self.count.word}"
        return metrics.horizontalAdvance(text) + metrics.height() + 20

    def sizeHint(self) -> QSize:
        return QSize(self.width_for(self._compact), QFontMetrics(self.font()).height() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetrics(self.font())
        side, theme = metrics.height(), self.theme
        box = QRectF(2, (self.height() - side) / 2 - 1, side + 2, side + 2)
        frame = self._look.pen(theme.border)
        frame.setWidthF(min(frame.widthF(), side * 0.16))       # a strong frame must leave the icon its room
        painter.setPen(frame)
        painter.setBrush(QColor(self._look.fill))
        painter.drawRoundedRect(box, 4, 4)
        inner = round(side * 0.82)
        painter.drawPixmap(round(box.center().x() - inner / 2), round(box.center().y() - inner / 2),
                           pixmap(self._look.icon, self._look.strong, inner, self.devicePixelRatioF()))
        painter.setPen(QColor(theme.muted if self.count.outcome in _QUIET else theme.text))
        painter.drawText(QRectF(side + 10, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus() or self.underMouse():
            painter.setPen(QColor(theme.text if self.hasFocus() else theme.line))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 1.5, -0.5, -1.5), 4, 4)
